//! The figure of ratios: one row a contrast on one logarithmic axis, the line at 1, the margin as a
//! band, and what was published.

use facts::{term, text};

use plotters::prelude::{DrawingBackend, WHITE};

use crate::analysis::{Analysis, RatioSummary};
use crate::figure::canvas::{
    Axis, BAND, Canvas, Drawn, Font, GRID, Growth, INK, PUBLISHED, QUIET, Scale,
};
use crate::figure::legend::{self, Mark};
use crate::figure::{Frame, Picture};
use crate::page::{Estimand, phrases};
use facts::Lang;
use facts::Runs;
use facts::{Metric, Published};

pub(crate) struct Forest {
    lang: Lang,
    panels: Vec<Panel>,
    published: bool,
    margin_pct: f64,
    title: &'static str,
}

/// The contrasts of one run.
struct Panel {
    title: String,
    margin: f64,
    lines: Vec<Line>,
}

enum Line {
    /// What the rows below it are.
    Title(&'static str),
    Row(Box<Row>),
}

struct Row {
    name: String,
    estimate: Option<f64>,
    interval: Option<(f64, f64)>,
    narrow: Option<(f64, f64)>,
    published: Option<Published>,
    published_label: String,
    numbers: String,
    verdict: String,
}

const NAME: Font = Font::new(28, INK);
/// Of long names, which would leave no room for the axis.
const LONG_NAME: Font = Font::new(22, INK);
const LONG: usize = 36;
const NUMBERS: Font = Font::new(26, INK).bold();
const SMALL: Font = Font::new(24, QUIET);

struct Layout {
    margin: i32,
    row: i32,
    marks: i32,
    title: i32,
    head: i32,
    foot: i32,
    top: i32,
    legend: i32,
}

impl Forest {
    /// `None` when no run has a contrast.
    pub(crate) fn of(runs: &Runs, analysis: &Analysis, lang: Lang) -> Option<Self> {
        let panel = |(record, run): (&facts::Record, &crate::analysis::RunAnalysis)| {
            let mut lines = Vec::new();
            let together = if run.is_each_by_itself() {
                term!(lang; "Primary: declared before the run, each interval by itself";
                    "Principales: declarados de antemano, cada intervalo por separado")
            } else {
                term!(lang; "Primary: declared before the run, intervals hold together";
                    "Principales: declarados de antemano, intervalos simultáneos")
            };
            for (primary, title) in [
                (true, together),
                (
                    false,
                    term!(lang; "Exploratory: each interval by itself";
                "Exploratorios: cada intervalo por separado"),
                ),
            ] {
                let rows = || run.shown_ratios().filter(move |ratio| ratio.primary == primary);
                if rows().next().is_some() {
                    lines.push(Line::Title(title));
                }
                lines.extend(rows().map(|ratio| {
                    Line::Row(Box::new(Row::of(ratio, record.manifest.margin_pct, lang)))
                }));
            }
            run.shown_ratios().next()?;
            let metrics = run.shown_ratios().map(|ratio| &ratio.metric);
            Some(Panel {
                title: title(metrics, &run.experiment, lang),
                margin: record.margin(),
                lines,
            })
        };
        let panels: Vec<Panel> =
            runs.records.iter().zip(&analysis.runs).filter_map(panel).collect();
        (!panels.is_empty()).then(|| Self {
            lang,
            published: analysis.shown_ratios().any(|ratio| ratio.published.is_some()),
            panels,
            margin_pct: runs.records[0].manifest.margin_pct,
            title: Estimand::of(runs, lang).title,
        })
    }

    fn layout(&self, frame: Frame) -> Layout {
        if frame.narrow {
            let entries = i32::try_from(self.legend().len()).unwrap_or(0);
            return Layout {
                margin: 14,
                row: 128,
                marks: 88,
                title: 54,
                head: 60,
                foot: 110,
                top: 0,
                legend: entries * legend::LINE + 10,
            };
        }
        Layout {
            margin: 60,
            row: 66,
            marks: 33,
            title: 54,
            head: 60,
            foot: 110,
            top: if frame.titled { 110 } else { 0 },
            legend: 70 + legend::LINE,
        }
    }

    fn legend(&self) -> Vec<(Mark, String)> {
        let lang = self.lang;
        let margin = self.lang.trimmed(self.margin_pct);
        let mut entries = vec![
            (
                Mark::Ratio,
                term!(lang; "ours: thin decides “different”, thick “equivalent”";
                "nuestro: la fina decide «diferente», la gruesa «equivalente»")
                .to_owned(),
            ),
            (Mark::Band, text!(lang; "within {margin} % of 1"; "a menos de un {margin} % del 1")),
        ];
        if self.published {
            entries.push((
                Mark::Published,
                term!(lang; "published, with the range that its repetitions span";
                "publicado, con el rango que abarcan sus repeticiones")
                .to_owned(),
            ));
        }
        entries
    }
}

/// What a run's panel is called: what it measures, or its name where that is more than one thing or
/// says too little.
pub(crate) fn title<'a>(
    mut metrics: impl Iterator<Item = &'a Metric>,
    experiment: &str,
    lang: Lang,
) -> String {
    let first = metrics.next().filter(|first| metrics.all(|metric| metric == *first));
    match first {
        Some(metric) if metric.of_operations => format!("{}: {experiment}", metric.heading(lang)),
        Some(metric) => metric.heading(lang).to_owned(),
        None => experiment.to_owned(),
    }
}

impl Row {
    fn of(ratio: &RatioSummary, margin_pct: f64, lang: Lang) -> Self {
        let interval = ratio.interval();
        Self {
            name: ratio.contrast.clone(),
            estimate: ratio.estimate(),
            interval: interval.map(|range| (range.low, range.high)),
            narrow: ratio.narrow.map(|range| (range.low, range.high)),
            published: ratio.published.map(|published| Published {
                median: published.value,
                low: published.low,
                high: published.high,
                n: published.n,
            }),
            published_label: ratio
                .published
                .map(|published| lang.number(published.value, 2))
                .unwrap_or_default(),
            numbers: match (ratio.estimate(), interval) {
                (Some(estimate), Some(range)) => {
                    format!("{} ({})", lang.number(estimate, 3), phrases::range(range, 3, lang))
                }
                (Some(estimate), None) => {
                    format!(
                        "{} ({})",
                        lang.number(estimate, 3),
                        term!(lang; "no interval"; "sin intervalo")
                    )
                }
                (None, _) => "–".to_owned(),
            },
            verdict: phrases::verdict(ratio.verdict, ratio.by_itself, margin_pct, lang),
        }
    }
}

impl Panel {
    fn axis(&self, left: i32, right: i32) -> Axis {
        let ends = self.lines.iter().flat_map(|line| {
            let Line::Row(row) = line else { return [None; 4] };
            let published = row.published.map(|published| (published.low, published.high));
            let point = row.estimate.map(|estimate| (estimate, estimate));
            [row.interval, row.narrow, published, point]
        });
        let band = (1.0 / (1.0 + self.margin), 1.0 + self.margin);
        log_axis(ends.flatten(), band, (left, right))
    }

    fn height(&self, layout: &Layout) -> i32 {
        let lines: i32 = self.lines.iter().map(|line| line.height(layout)).sum();
        layout.head + lines + layout.foot
    }
}

impl Line {
    fn height(&self, layout: &Layout) -> i32 {
        match self {
            Line::Title(_) => layout.title,
            Line::Row(_) => layout.row,
        }
    }
}

impl Picture for Forest {
    fn height(&self, frame: Frame) -> i32 {
        let layout = self.layout(frame);
        let panels: i32 = self.panels.iter().map(|panel| panel.height(&layout)).sum();
        layout.top + panels + layout.legend
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B> {
        let layout = self.layout(frame);
        if frame.titled {
            canvas.text(self.title, (layout.margin, 60), Font::new(46, INK).bold())?;
        }
        let mut top = layout.top;
        for panel in &self.panels {
            paint_panel(canvas, panel, top, &layout, frame, self.lang)?;
            top += panel.height(&layout);
        }
        let entries = self.legend();
        let entries: Vec<(Mark, &str)> =
            entries.iter().map(|(mark, text)| (*mark, text.as_str())).collect();
        if frame.narrow {
            return legend::paint(canvas, &entries, (layout.margin, top + 20), true);
        }
        let (first, rest) = entries.split_at(2.min(entries.len()));
        legend::paint(canvas, first, (layout.margin, top + 30), false)?;
        legend::paint(canvas, rest, (layout.margin, top + 30 + legend::LINE), false)
    }
}

/// From the smallest to the largest value that is drawn, with what is drawn in any case.
pub(super) fn log_axis(
    ends: impl Iterator<Item = (f64, f64)>,
    always: (f64, f64),
    (left, right): (i32, i32),
) -> Axis {
    let (min, max) =
        ends.fold(always, |(min, max), (low, high)| (f64::min(min, low), f64::max(max, high)));
    let room = (max / min).powf(0.03);
    Axis {
        growth: Growth::Right,
        scale: Scale::Log,
        start: left,
        length: right - left,
        min: min / room,
        max: max * room,
    }
}

/// The ticks of an axis of ratios, the line at 1 and what the axis says.
pub(super) fn paint_ground<B: DrawingBackend>(
    canvas: &Canvas<B>,
    axis: &Axis,
    (first, last): (i32, i32),
    lang: Lang,
) -> Drawn<B> {
    for (value, decimals) in axis.ticks((axis.length / 110).max(3).unsigned_abs()) {
        let (x, label) = (axis.pixel(value), lang.number(value, decimals));
        canvas.rule((x, first), (x, last), GRID, 2)?;
        canvas.text(&label, (x, last + 28), Font::new(26, QUIET).centered())?;
    }
    canvas.axis_line((axis.pixel(1.0), first), (axis.pixel(1.0), last))?;
    let label = term!(lang; "ratio (1 is no difference; equal steps are equal factors)";
        "cociente (1: sin diferencia; pasos iguales, factores iguales)");
    let middle = i32::midpoint(axis.start, axis.start + axis.length);
    canvas.text(label, (middle, last + 66), Font::new(27, QUIET).centered())
}

fn paint_panel<B: DrawingBackend>(
    canvas: &Canvas<B>,
    panel: &Panel,
    top: i32,
    layout: &Layout,
    frame: Frame,
    lang: Lang,
) -> Drawn<B> {
    let rows = || {
        panel.lines.iter().filter_map(|line| match line {
            Line::Row(row) => Some(row),
            Line::Title(_) => None,
        })
    };
    let widest = |of: &dyn Fn(&Row) -> i32| rows().map(|row| of(row)).max().unwrap_or(0);
    let is_long = rows().any(|row| row.name.len() > LONG);
    let name_font = if is_long { LONG_NAME } else { NAME };
    let (left, right) = if frame.narrow {
        (layout.margin + 10, frame.width - layout.margin - 10)
    } else {
        let names = widest(&|row| canvas.width(&row.name, name_font));
        let numbers = widest(&|row| {
            canvas.width(&row.numbers, NUMBERS).max(canvas.width(&row.verdict, SMALL))
        });
        (layout.margin + names + 40, frame.width - layout.margin - numbers - 40)
    };
    let axis = panel.axis(left, right);
    let (first, last) = (top + layout.head, top + panel.height(layout) - layout.foot);
    canvas.text(&panel.title, (layout.margin, top + 26), Font::new(32, INK).bold())?;
    let (low, high) = (1.0 / (1.0 + panel.margin), 1.0 + panel.margin);
    canvas.rectangle((axis.pixel(low), first), (axis.pixel(high), last), BAND)?;
    paint_ground(canvas, &axis, (first, last), lang)?;
    let mut y = first;
    for line in &panel.lines {
        match line {
            Line::Title(title) => {
                let at = (layout.margin, y + layout.title / 2 + 4);
                let font = Font::new(24, QUIET).bold();
                let (from, to) = ((layout.margin, y), (right, y + layout.title));
                canvas.rectangle(from, to, WHITE)?;
                canvas.text(title, at, font)?;
            }
            Line::Row(row) if frame.narrow => {
                let name = layout.margin + 10;
                canvas.blank((layout.margin, y + 4), (frame.width - layout.margin, y + 68))?;
                let taken = canvas.width(&row.name, NUMBERS) + canvas.width(&row.numbers, NUMBERS);
                let numbers = Font::new(26, INK);
                let is_long = name + canvas.width(&row.name, NUMBERS) > right;
                let name_font = if is_long { LONG_NAME.bold() } else { NUMBERS };
                canvas.text(&row.name, (name, y + 20), name_font)?;
                if name + taken + 24 < right {
                    canvas.text(&row.numbers, (right, y + 20), numbers.right())?;
                } else {
                    canvas.text(&row.numbers, (name, y + 52), numbers)?;
                }
                canvas.text(&row.verdict, (right, y + 52), SMALL.right())?;
                paint_row(canvas, &axis, row, y + layout.marks)?;
            }
            Line::Row(row) => {
                let middle = y + layout.marks;
                canvas.text(&row.name, (left - 30, middle), name_font.right())?;
                canvas.text(&row.numbers, (right + 40, middle - 14), NUMBERS)?;
                canvas.text(&row.verdict, (right + 40, middle + 16), SMALL)?;
                paint_row(canvas, &axis, row, middle)?;
            }
        }
        y += line.height(layout);
    }
    Ok(())
}

fn paint_row<B: DrawingBackend>(canvas: &Canvas<B>, axis: &Axis, row: &Row, y: i32) -> Drawn<B> {
    let (ours, theirs) = match row.published {
        Some(_) => (y - 12, y + 16),
        None => (y, y),
    };
    if let Some(published) = row.published {
        canvas.published(axis, published, theirs)?;
        let font = Font::new(22, PUBLISHED);
        let end = axis.pixel(published.high) + 14;
        let width = canvas.width(&row.published_label, font);
        let x = if end + width > axis.start + axis.length {
            axis.pixel(published.low) - 14 - width
        } else {
            end
        };
        canvas.text(&row.published_label, (x, theirs), font)?;
    }
    if let Some(interval) = row.interval {
        canvas.interval(axis, interval, row.narrow, ours)?;
    } else if let Some((low, high)) = row.narrow {
        canvas.rule(axis.point(low, ours), axis.point(high, ours), INK, 9)?;
    }
    match row.estimate {
        Some(estimate) => canvas.dot(axis.point(estimate, ours), 7, INK),
        None => Ok(()),
    }
}

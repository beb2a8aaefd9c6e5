//! Where an excess goes: each part begins where the one before it ended, so that they stack up to
//! the whole; what counts against is hatched.

use facts::term;
use plotters::prelude::{DrawingBackend, WHITE};

use crate::analysis::{Analysis, Breakdown, Estimate, Range};
use crate::figure::canvas::{Axis, BAR, Canvas, Drawn, Font, GRID, Growth, INK, QUIET, Scale};
use crate::figure::legend::{self, Mark};
use crate::figure::{Frame, Picture};
use crate::page::phrases;
use facts::Lang;
use facts::Published;

pub(crate) struct Waterfall {
    lang: Lang,
    /// One a run: its contrasts share an axis.
    panels: Vec<Vec<Group>>,
    published: bool,
}

/// One contrast. All values are per cent of the reading below the line.
struct Group {
    title: String,
    bars: Vec<Bar>,
}

struct Bar {
    name: String,
    from: f64,
    to: f64,
    interval: Option<(f64, f64)>,
    published: Option<Published>,
    label: String,
    whole: bool,
}

const NAME: Font = Font::new(28, INK);
const NUMBERS: Font = Font::new(26, INK).bold();

/// Below a run's contrasts: ticks and the label of the axis.
const PANEL_FOOT: i32 = 110;

struct Layout {
    margin: i32,
    row: i32,
    marks: i32,
    head: i32,
    top: i32,
    foot: i32,
}

impl Waterfall {
    /// `None` when no contrast could be taken apart.
    pub(crate) fn of(analysis: &Analysis, lang: Lang) -> Option<Self> {
        let mut panels = Vec::new();
        for run in &analysis.runs {
            let mut groups = Vec::new();
            for breakdown in &run.parts {
                let ratio = run.ratios.iter().find(|ratio| ratio.contrast == breakdown.contrast);
                let published = ratio.and_then(|ratio| ratio.published).map(|published| {
                    let pct = |ratio: f64| (ratio - 1.0) * 100.0;
                    Published {
                        median: pct(published.value),
                        low: pct(published.low),
                        high: pct(published.high),
                        n: published.n,
                    }
                });
                groups.extend(Group::of(analysis, breakdown, published, lang));
            }
            if !groups.is_empty() {
                panels.push(groups);
            }
        }
        let bars = || panels.iter().flatten().flat_map(|group| &group.bars);
        let published = bars().any(|bar| bar.published.is_some());
        (!panels.is_empty()).then_some(Self { lang, panels, published })
    }

    fn layout(&self, frame: Frame) -> Layout {
        let entries = i32::try_from(self.legend().len()).unwrap_or(0);
        if frame.narrow {
            return Layout {
                margin: 14,
                row: 104,
                marks: 68,
                head: 56,
                top: 0,
                foot: 10 + entries * legend::LINE,
            };
        }
        Layout {
            margin: 60,
            row: 58,
            marks: 29,
            head: 66,
            top: if frame.titled { 110 } else { 0 },
            foot: 60 + legend::LINE,
        }
    }

    fn legend(&self) -> Vec<(Mark, &'static str)> {
        let lang = self.lang;
        let mut entries = vec![
            (Mark::Whole, term!(lang; "the whole"; "el total")),
            (Mark::More, term!(lang; "adds"; "suma")),
            (Mark::Less, term!(lang; "takes away"; "resta")),
        ];
        if self.published {
            entries.push((
                Mark::Published,
                term!(lang; "published, with the range that its repetitions span";
                "publicado, con el rango que abarcan sus repeticiones"),
            ));
        }
        entries
    }
}

/// One axis for the contrasts of a run, with 0 in it.
fn axis(groups: &[Group], left: i32, right: i32) -> Axis {
    let (mut min, mut max) = (0.0_f64, 0.0_f64);
    for bar in groups.iter().flat_map(|group| &group.bars) {
        let published = bar.published.map(|published| (published.low, published.high));
        for (low, high) in [Some((bar.from, bar.to)), bar.interval, published].into_iter().flatten()
        {
            min = min.min(low).min(high);
            max = max.max(high).max(low);
        }
    }
    let room = ((max - min) * 0.04).max(0.5);
    Axis {
        growth: Growth::Right,
        scale: Scale::Linear,
        start: left,
        length: right - left,
        min: min - room,
        max: max + room,
    }
}

impl Group {
    /// `None` when the contrast has no block with all that is needed.
    fn of(
        analysis: &Analysis,
        breakdown: &Breakdown,
        published: Option<Published>,
        lang: Lang,
    ) -> Option<Self> {
        let whole = breakdown.whole?;
        let pct = |share: f64| share * 100.0;
        let span = |at: f64, estimate: Estimate| {
            let shift = |range: Range| {
                let moved = |share: f64| pct(share - estimate.value) + at;
                (moved(range.low), moved(range.high))
            };
            estimate.interval.map(shift)
        };
        let mut bars = vec![Bar {
            name: term!(lang; "the whole"; "el total").to_owned(),
            from: 0.0,
            to: pct(whole.value),
            interval: span(pct(whole.value), whole),
            published: None,
            label: phrases::share(Some(whole), lang),
            whole: true,
        }];
        bars.extend(published.map(|published| Bar {
            name: term!(lang; "published"; "publicado").to_owned(),
            from: 0.0,
            to: 0.0,
            interval: None,
            label: phrases::signed_pct(published.median / 100.0, lang),
            published: Some(published),
            whole: false,
        }));
        let mut at = 0.0;
        for part in &breakdown.parts {
            let share = part.share?;
            let to = at + pct(share.value);
            bars.push(Bar {
                name: analysis.words(&part.due, lang).0.to_owned(),
                from: at,
                to,
                interval: span(to, share),
                published: None,
                label: phrases::share(Some(share), lang),
                whole: false,
            });
            at = to;
        }
        if let Some(remainder) = breakdown.remainder {
            bars.push(Bar {
                name: term!(lang; "remainder"; "resto").to_owned(),
                from: at,
                to: at + pct(remainder),
                interval: None,
                published: None,
                label: phrases::signed_pct(remainder, lang),
                whole: false,
            });
        }
        Some(Self {
            title: format!("{} ({})", breakdown.contrast, breakdown.metric.heading(lang)),
            bars,
        })
    }

    fn height(&self, layout: &Layout) -> i32 {
        layout.head + i32::try_from(self.bars.len()).unwrap_or(0) * layout.row
    }
}

impl Picture for Waterfall {
    fn height(&self, frame: Frame) -> i32 {
        let layout = self.layout(frame);
        let panels = self.panels.iter();
        let panels: i32 = panels.map(|groups| panel_height(groups, &layout)).sum();
        layout.top + panels + layout.foot
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B> {
        let (lang, layout) = (self.lang, self.layout(frame));
        if frame.titled {
            canvas.text(
                term!(lang; "Where each percentage goes"; "De dónde sale cada porcentaje"),
                (layout.margin, 60),
                Font::new(46, INK).bold(),
            )?;
        }
        let bars = || self.panels.iter().flatten().flat_map(|group| &group.bars);
        let widest = |of: &dyn Fn(&Bar) -> i32| bars().map(of).max().unwrap_or(0);
        let (left, right) = if frame.narrow {
            (layout.margin + 10, frame.width - layout.margin - 10)
        } else {
            let names = widest(&|bar| canvas.width(&bar.name, NAME));
            let numbers = widest(&|bar| canvas.width(&bar.label, NUMBERS));
            (layout.margin + names + 40, frame.width - layout.margin - numbers - 40)
        };
        let mut last = layout.top;
        for groups in &self.panels {
            self.paint_panel(canvas, groups, last, &layout, (left, right), frame)?;
            last += panel_height(groups, &layout);
        }
        let legend = self.legend();
        if frame.narrow {
            return legend::paint(canvas, &legend, (layout.margin, last + 24), true);
        }
        let (first, rest) = legend.split_at(3.min(legend.len()));
        legend::paint(canvas, first, (layout.margin, last + 30), false)?;
        legend::paint(canvas, rest, (layout.margin, last + 30 + legend::LINE), false)
    }
}

/// Of a run's contrasts with their axis below them.
fn panel_height(groups: &[Group], layout: &Layout) -> i32 {
    let groups: i32 = groups.iter().map(|group| group.height(layout)).sum();
    groups + PANEL_FOOT
}

impl Waterfall {
    fn paint_panel<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        groups: &[Group],
        first: i32,
        layout: &Layout,
        (left, right): (i32, i32),
        frame: Frame,
    ) -> Drawn<B> {
        let axis = axis(groups, left, right);
        let last = first + panel_height(groups, layout) - PANEL_FOOT;
        let tick = Font::new(26, QUIET).centered();
        let mut free = i32::MIN;
        for (value, decimals) in axis.ticks(if frame.narrow { 2 } else { 4 }) {
            let (x, label) = (axis.pixel(value), lang_pct(value, decimals, self.lang));
            canvas.rule((x, first + layout.head), (x, last), GRID, 2)?;
            // A label that would touch the one before it is left out.
            let half = canvas.width(&label, tick) / 2;
            if x - half > free {
                canvas.text(&label, (x, last + 28), tick)?;
                free = x + half + 12;
            }
        }
        let zero = axis.pixel(0.0);
        canvas.axis_line((zero, first + layout.head), (zero, last))?;
        let (middle, font) = (i32::midpoint(left, right), Font::new(27, QUIET));
        let label = term!(self.lang; "share of the reading below the line";
            "proporción de la lectura del denominador");
        canvas.text(label, (middle, last + 66), font.centered())?;

        let mut y = first;
        for group in groups {
            canvas.rectangle((layout.margin, y), (frame.width, y + layout.head), WHITE)?;
            let at = (layout.margin, y + layout.head - 26);
            canvas.text(&group.title, at, Font::new(30, INK).bold())?;
            y += layout.head;
            for bar in &group.bars {
                if frame.narrow {
                    canvas.blank((left, y + 4), (right, y + 40))?;
                    canvas.text(&bar.name, (left + 6, y + 22), NAME)?;
                    canvas.text(&bar.label, (right, y + 22), NUMBERS.right())?;
                } else {
                    let middle = y + layout.marks;
                    canvas.text(&bar.name, (left - 30, middle), NAME.right())?;
                    canvas.text(&bar.label, (right + 40, middle), NUMBERS)?;
                }
                paint_bar(canvas, &axis, bar, y + layout.marks)?;
                y += layout.row;
            }
        }
        Ok(())
    }
}

fn lang_pct(value: f64, decimals: usize, lang: Lang) -> String {
    let sign = if value > 1e-9 { "+" } else { "" };
    format!("{sign}{} %", lang.number(value, decimals))
}

fn paint_bar<B: DrawingBackend>(canvas: &Canvas<B>, axis: &Axis, bar: &Bar, y: i32) -> Drawn<B> {
    if let Some(published) = bar.published {
        return canvas.published(axis, published, y);
    }
    let half = 17;
    let (from, to) = (axis.pixel(bar.from), axis.pixel(bar.to));
    let fill = if bar.whole { GRID } else { BAR };
    canvas.bar((from, y - half), (to, y + half), fill, bar.to < bar.from && !bar.whole)?;
    if let Some(interval) = bar.interval {
        canvas.interval(axis, interval, None, y)?;
    }
    Ok(())
}

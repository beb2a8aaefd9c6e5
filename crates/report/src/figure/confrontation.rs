//! Published ratios with the ranges of their repetitions, and below each what every run says of it: one
//! row a ratio on one logarithmic axis, with the line at 1.

use std::borrow::Cow;

use facts::{Lang, Published};
use plotters::prelude::DrawingBackend;

use crate::figure::canvas::{Axis, Canvas, Drawn, Font, INK, PUBLISHED, QUIET};
use crate::figure::forest::{log_axis, paint_ground};
use crate::figure::legend::{self, Mark};
use crate::figure::{Frame, Picture};
use crate::visible::shortened;

pub(crate) struct Confrontation {
    pub(crate) panels: Vec<Panel>,
}

/// The ratios of one experiment.
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) rows: Vec<ConfrontedRow>,
}

pub(crate) struct ConfrontedRow {
    pub(crate) name: String,
    pub(crate) published: Published,
    pub(crate) numbers: String,
    pub(crate) runs: Vec<Line>,
}

/// What a run says of a ratio.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) estimate: Option<f64>,
    pub(crate) interval: Option<(f64, f64)>,
    pub(crate) numbers: String,
    pub(crate) verdict: String,
}

const NAME: Font = Font::new(26, INK).bold();
const RUN: Font = Font::new(23, INK);
const NUMBERS: Font = Font::new(23, INK);
const SMALL: Font = Font::new(22, QUIET);
const OF_PUBLISHED: Font = Font::new(23, PUBLISHED);
const PUBLISHED_LINE: &str = "published";

struct Layout {
    margin: i32,
    /// Of the published range and of each run.
    line: i32,
    /// From a line's top to its texts, and to its marks.
    text: i32,
    marks: i32,
    /// Above the first line of a row.
    name: i32,
    /// Between two rows.
    gap: i32,
}

const HEAD: i32 = 60;
const FOOT: i32 = 110;
/// Between a name, an axis, numbers and a verdict.
const APART: i32 = 30;
/// Of a run's name below its ratio's.
const INDENT: i32 = 30;
/// The names' share of the width at most.
const NAMES: i32 = 3;

impl Layout {
    fn of(frame: Frame) -> Self {
        if frame.narrow {
            Self { margin: 14, line: 72, text: 18, marks: 52, name: 44, gap: 34 }
        } else {
            Self { margin: 60, line: 36, text: 18, marks: 18, name: 0, gap: 24 }
        }
    }

    fn row(&self, row: &ConfrontedRow) -> i32 {
        let runs = i32::try_from(row.runs.len()).unwrap_or(0);
        self.name + (1 + runs) * self.line + self.gap
    }

    fn panel(&self, panel: &Panel) -> i32 {
        let rows: i32 = panel.rows.iter().map(|row| self.row(row)).sum();
        HEAD + rows + FOOT
    }
}

impl ConfrontedRow {
    /// All values that are drawn.
    fn ends(&self) -> impl Iterator<Item = (f64, f64)> {
        let runs = self.runs.iter().flat_map(|line| {
            [line.interval, line.estimate.map(|of| (of, of))].into_iter().flatten()
        });
        runs.chain([(self.published.low, self.published.high)])
    }

    /// The lines' names, numbers and verdicts, the published one's first.
    fn texts(&self) -> impl Iterator<Item = [&str; 3]> {
        let runs = self.runs.iter();
        let runs = runs.map(|run| [run.name.as_str(), &run.numbers, &run.verdict]);
        [[self.name.as_str(), &self.numbers, PUBLISHED_LINE]].into_iter().chain(runs)
    }

    fn paint_line<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        axis: &Axis,
        (index, y): (usize, i32),
    ) -> Drawn<B> {
        let Some(run) = index.checked_sub(1).map(|index| &self.runs[index]) else {
            return canvas.published(axis, self.published, y);
        };
        if let Some(interval) = run.interval {
            canvas.interval(axis, interval, None, y)?;
        }
        run.estimate.map_or(Ok(()), |of| canvas.dot(axis.point(of, y), 7, INK))
    }
}

impl Picture for Confrontation {
    fn height(&self, frame: Frame) -> i32 {
        let layout = Layout::of(frame);
        let panels: i32 = self.panels.iter().map(|panel| layout.panel(panel)).sum();
        let entries = if frame.narrow { 2 } else { 1 };
        panels + 30 + entries * legend::LINE
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B> {
        let layout = Layout::of(frame);
        let mut top = 0;
        for panel in &self.panels {
            paint_panel(canvas, panel, top, &layout, frame)?;
            top += layout.panel(panel);
        }
        let entries = [
            (Mark::Published, "published, with the range that its repetitions span"),
            (Mark::Estimate, "a run's ratio, with its interval"),
        ];
        legend::paint(canvas, &entries, (layout.margin, top + 20), frame.narrow)
    }
}

/// Where the texts and the axis of a panel stand.
struct Columns {
    /// The axis' ends.
    left: i32,
    right: i32,
    numbers: i32,
    verdicts: i32,
    /// The most that a name takes.
    names: i32,
}

impl Columns {
    fn of<B: DrawingBackend>(
        canvas: &Canvas<B>,
        panel: &Panel,
        layout: &Layout,
        frame: Frame,
    ) -> Self {
        let widest = |column: usize, font: Font| {
            let texts = panel.rows.iter().flat_map(ConfrontedRow::texts);
            texts.map(|texts| canvas.width(texts[column], font)).max().unwrap_or(0)
        };
        let end = frame.width - layout.margin;
        let verdicts = end - widest(2, SMALL);
        let numbers = verdicts - APART - widest(1, NUMBERS);
        if frame.narrow {
            let (left, names) = (layout.margin + 10, numbers - 2 * layout.margin);
            return Self { left, right: end - 10, numbers, verdicts, names };
        }
        let names = widest(0, NAME).min(frame.width / NAMES);
        let left = layout.margin + names + APART;
        Self { left, right: numbers - APART, numbers, verdicts, names }
    }
}

fn paint_panel<B: DrawingBackend>(
    canvas: &Canvas<B>,
    panel: &Panel,
    top: i32,
    layout: &Layout,
    frame: Frame,
) -> Drawn<B> {
    let columns = Columns::of(canvas, panel, layout, frame);
    let ends = panel.rows.iter().flat_map(ConfrontedRow::ends);
    let axis = log_axis(ends, (1.0, 1.0), (columns.left, columns.right));
    let (first, last) = (top + HEAD, top + layout.panel(panel) - FOOT);
    canvas.text(&panel.title, (layout.margin, top + 26), Font::new(32, INK).bold())?;
    paint_ground(canvas, &axis, (first, last), Lang::En)?;
    let mut y = first;
    for row in &panel.rows {
        y += layout.gap / 2;
        if frame.narrow {
            canvas.blank((layout.margin, y), (frame.width - layout.margin, y + layout.name))?;
            canvas.text(&row.name, (layout.margin + 10, y + layout.name / 2), NAME)?;
            y += layout.name;
        }
        for (index, [name, numbers, verdict]) in row.texts().enumerate() {
            let (is_published, text) = (index == 0, y + layout.text);
            let (name, name_font, numbers_font) = match (is_published, frame.narrow) {
                (true, true) => ("", RUN, OF_PUBLISHED),
                (true, false) => (name, NAME, OF_PUBLISHED),
                (false, _) => (name, RUN, NUMBERS),
            };
            if frame.narrow {
                let to = (frame.width - layout.margin, text + 16);
                canvas.blank((layout.margin, text - 18), to)?;
            }
            let name = fitting(canvas, name, name_font, columns.names);
            let indent = if is_published { 10 } else { INDENT };
            canvas.text(&name, (layout.margin + indent, text), name_font)?;
            canvas.text(numbers, (columns.numbers, text), numbers_font)?;
            canvas.text(verdict, (columns.verdicts, text), SMALL)?;
            row.paint_line(canvas, &axis, (index, y + layout.marks))?;
            y += layout.line;
        }
        y += layout.gap - layout.gap / 2;
    }
    Ok(())
}

/// As much of a text as fits.
fn fitting<'a, B: DrawingBackend>(
    canvas: &Canvas<B>,
    text: &'a str,
    font: Font,
    width: i32,
) -> Cow<'a, str> {
    let lengths = (1..=text.chars().count()).rev();
    let mut texts = lengths.map(|length| shortened(text, length));
    let fits = |text: &Cow<str>| canvas.width(text, font) <= width;
    texts.find(fits).unwrap_or_default()
}

//! Small panels in rows over the level: those of a row share their axis, so that they can be held
//! against each other. The figures of series and of what was tried level by level are made of it.

use facts::term;
use facts::{Curve, Curves, Levels};
use plotters::prelude::DrawingBackend;

use crate::figure::canvas::{Axis, Canvas, Drawn, Font, Growth, INK, Point, QUIET, SAMPLE, Shape};
use crate::figure::legend::{self, Mark};
use crate::figure::{Frame, Picture};
use facts::Lang;

pub(crate) struct Grid<'a> {
    pub(crate) lang: Lang,
    pub(crate) title: &'a str,
    pub(crate) rows: Vec<Row>,
    pub(crate) legend: Vec<(Mark, &'a str)>,
}

/// Panels with one axis.
pub(crate) struct Row {
    pub(crate) title: String,
    /// What its axis counts.
    pub(crate) axis: String,
    pub(crate) panels: Vec<Panel>,
}

/// One series, or one chain.
pub(crate) struct Panel {
    pub(crate) title: String,
    /// Below it, in smaller type.
    pub(crate) note: String,
    pub(crate) items: Vec<Item>,
}

/// What a panel holds, in the unit of its row; later ones lie over earlier ones.
pub(crate) enum Item {
    /// Every sample of a level.
    Strip(u32, Vec<f64>),
    Median(u32, f64, Option<(f64, f64)>),
    /// From level to level, or to beside one.
    Line(Vec<(f64, f64)>, Stroke),
    /// What the line says of the level that it ends beside.
    End(f64, f64, Stroke),
    Dot(u32, f64),
    /// A level that was refused: at the foot.
    Refused(u32),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stroke {
    Solid,
    Dashed,
}

const HEAD: i32 = 62;
const PANEL_HEAD: i32 = 70;
const PLOT: i32 = 300;
const PANEL_FOOT: i32 = 96;
const GAP: i32 = 26;
/// For the numbers of the axis, at the left of each line of panels.
const NUMBERS: i32 = 84;
const TITLE: Font = Font::new(23, INK).bold();
const NOTE: Font = Font::new(21, QUIET);
const TICK: Font = Font::new(23, QUIET);

struct Layout {
    margin: i32,
    columns: usize,
    /// Of a plot, without its gap.
    width: i32,
    top: i32,
    foot: i32,
}

impl<'a> Grid<'a> {
    /// What an experiment tried level by level.
    pub(crate) fn of(levels: &'a Levels, lang: Lang) -> Self {
        let panel = |curve: &Curve| {
            let dots = curve.dots.iter().map(|(level, value)| Item::Dot(*level, *value));
            let crosses = curve.crosses.iter().map(|level| Item::Refused(*level));
            Panel {
                title: curve.title.clone(),
                note: curve.note.clone(),
                items: dots.chain(crosses).collect(),
            }
        };
        let row = |row: &Curves| Row {
            title: row.title.clone(),
            axis: String::new(),
            panels: row.panels.iter().map(panel).collect(),
        };
        Self {
            lang,
            title: &levels.title,
            rows: levels.rows.iter().map(row).collect(),
            legend: vec![(Mark::Speck, &levels.dot), (Mark::Cross, &levels.cross)],
        }
    }

    fn layout(&self, frame: Frame) -> Layout {
        let widest = self.rows.iter().map(|row| row.panels.len()).max();
        let (margin, most) = if frame.narrow { (14, 2) } else { (60, 4) };
        // As few lines as there can be, and all of them about as long.
        let widest = widest.unwrap_or(1).max(1);
        let columns = widest.div_ceil(widest.div_ceil(most));
        let count = i32::try_from(columns).unwrap_or(1);
        let entries = i32::try_from(self.legend.len()).unwrap_or(0);
        Layout {
            margin,
            columns,
            width: (frame.width - 2 * margin - NUMBERS - (count - 1) * GAP) / count,
            top: if frame.titled { 110 } else { 0 },
            foot: if frame.narrow {
                entries * legend::LINE + 20
            } else {
                (entries + 1) / 2 * legend::LINE + 30
            },
        }
    }
}

impl Row {
    fn lines(&self, layout: &Layout) -> i32 {
        i32::try_from(self.panels.len().div_ceil(layout.columns)).unwrap_or(0)
    }

    fn height(&self, layout: &Layout) -> i32 {
        HEAD + self.lines(layout) * (PANEL_HEAD + PLOT + PANEL_FOOT)
    }

    /// From 0 to above the highest mark.
    fn axis(&self, bottom: i32) -> Axis {
        let items = self.panels.iter().flat_map(|panel| &panel.items);
        let highest = items.flat_map(Item::values).fold(0.0, f64::max);
        let max = if highest > 0.0 { highest * 1.06 } else { 1.0 };
        Axis::from_zero(Growth::Up, bottom, PLOT, max)
    }

    /// The outermost and the innermost level of all panels.
    fn levels(&self) -> (f64, f64) {
        let items = self.panels.iter().flat_map(|panel| &panel.items);
        let levels = items.flat_map(Item::levels);
        let (low, high) = levels.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), level| {
            (low.min(level), high.max(level))
        });
        if low < high { (low, high) } else { (high - 1.0, high + 1.0) }
    }
}

impl Item {
    fn values(&self) -> Vec<f64> {
        match self {
            Self::Strip(_, values) => values.clone(),
            Self::Median(_, value, interval) => {
                vec![interval.map_or(*value, |(_, high)| high.max(*value))]
            }
            Self::Line(points, _) => points.iter().map(|(_, value)| *value).collect(),
            Self::End(_, value, _) | Self::Dot(_, value) => vec![*value],
            Self::Refused(_) => Vec::new(),
        }
    }

    fn levels(&self) -> Vec<f64> {
        match self {
            // They belong to levels that others have marks at.
            Self::Line(..) | Self::End(..) => Vec::new(),
            Self::Strip(level, _)
            | Self::Median(level, ..)
            | Self::Dot(level, _)
            | Self::Refused(level) => vec![f64::from(*level)],
        }
    }
}

impl Picture for Grid<'_> {
    fn height(&self, frame: Frame) -> i32 {
        let layout = self.layout(frame);
        let rows: i32 = self.rows.iter().map(|row| row.height(&layout)).sum();
        layout.top + rows + layout.foot
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B> {
        let layout = self.layout(frame);
        if frame.titled {
            canvas.text(self.title, (layout.margin, 60), Font::new(46, INK).bold())?;
        }
        let mut top = layout.top;
        for row in &self.rows {
            paint_row(canvas, row, top, &layout, self.lang)?;
            top += row.height(&layout);
        }
        if frame.narrow {
            return legend::paint(canvas, &self.legend, (layout.margin, top + 24), true);
        }
        for (line, pair) in (0..).zip(self.legend.chunks(2)) {
            let at = (layout.margin, top + 24 + line * legend::LINE);
            legend::paint(canvas, pair, at, false)?;
        }
        Ok(())
    }
}

fn paint_row<B: DrawingBackend>(
    canvas: &Canvas<B>,
    row: &Row,
    top: i32,
    layout: &Layout,
    lang: Lang,
) -> Drawn<B> {
    let title = Font::new(30, INK).bold();
    canvas.text(&row.title, (layout.margin, top + 24), title)?;
    let beside = layout.margin + canvas.width(&row.title, title) + 20;
    canvas.text(&row.axis, (beside, top + 26), Font::new(25, QUIET))?;
    for (line, panels) in (0..).zip(row.panels.chunks(layout.columns)) {
        let first = top + HEAD + line * (PANEL_HEAD + PLOT + PANEL_FOOT);
        let axis = row.axis(first + PANEL_HEAD + PLOT);
        let left = layout.margin + NUMBERS;
        for (value, decimals) in axis.ticks(5) {
            let label = lang.number(value, decimals);
            canvas.text(&label, (left - 12, axis.pixel(value)), TICK.right())?;
        }
        for (column, panel) in (0..).zip(panels) {
            let left = left + column * (layout.width + GAP);
            let place = Place { left, width: layout.width, top: first, axis, levels: row.levels() };
            place.paint(canvas, panel, lang)?;
        }
    }
    Ok(())
}

/// Where one panel lies.
struct Place {
    left: i32,
    width: i32,
    top: i32,
    axis: Axis,
    levels: (f64, f64),
}

impl Place {
    /// The pixel of a level, with room for its samples at both ends.
    #[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
    fn x(&self, level: f64) -> i32 {
        let (low, high) = self.levels;
        let room = if high - low > 6.0 { 14.0 } else { 50.0 };
        let share = (level - low) / (high - low);
        self.left + (room + share * (f64::from(self.width) - 2.0 * room)).round() as i32
    }

    fn at(&self, level: f64, value: f64) -> Point {
        (self.x(level), self.axis.pixel(value))
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, panel: &Panel, lang: Lang) -> Drawn<B> {
        let (left, right) = (self.left, self.left + self.width);
        let bottom = self.top + PANEL_HEAD + PLOT;
        canvas.text(&panel.title, (left, self.top + 16), TITLE)?;
        canvas.text(&panel.note, (left, self.top + 46), NOTE)?;
        for (value, _) in self.axis.ticks(5) {
            let y = self.axis.pixel(value);
            canvas.grid_line((left, y), (right, y))?;
        }
        canvas.axis_line((left, bottom), (right, bottom))?;
        for level in self.shown_levels() {
            let x = self.x(level);
            canvas.axis_line((x, bottom), (x, bottom + 6))?;
            let label = lang.number(level, 0);
            canvas.text(&label, (x, bottom + 26), TICK.centered())?;
        }
        let middle = i32::midpoint(left, right);
        let label = term!(lang; "level"; "nivel");
        canvas.text(label, (middle, bottom + 56), NOTE.centered())?;
        for item in &panel.items {
            self.paint_item(canvas, item, bottom)?;
        }
        Ok(())
    }

    /// Every level where there are few, else round ones.
    fn shown_levels(&self) -> impl Iterator<Item = f64> {
        let (low, high) = self.levels;
        let step = [1.0, 2.0, 5.0, 10.0, 20.0]
            .into_iter()
            .find(|step| (high - low) / step <= 8.0)
            .unwrap_or(50.0);
        (0..=200)
            .map(move |count| f64::from(count) * step)
            .filter(move |level| *level >= low && *level <= high)
    }

    fn paint_item<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        item: &Item,
        bottom: i32,
    ) -> Drawn<B> {
        match item {
            Item::Strip(level, values) => {
                canvas.strip(&self.axis, values, self.x(f64::from(*level)), 20)
            }
            Item::Median(level, value, interval) => {
                let x = self.x(f64::from(*level));
                canvas.median(&self.axis, *value, *interval, x, 26)
            }
            Item::Line(points, stroke) => {
                let points: Vec<Point> = points.iter().map(|(x, y)| self.at(*x, *y)).collect();
                polyline(canvas, &points, *stroke)
            }
            Item::End(level, value, stroke) => {
                let at = self.at(*level, *value);
                let shape = match stroke {
                    Stroke::Solid => Shape::Triangle,
                    Stroke::Dashed => Shape::Ring,
                };
                canvas.shape(shape, at, 9)
            }
            Item::Dot(level, value) => canvas.dot(self.at(f64::from(*level), *value), 5, SAMPLE),
            Item::Refused(level) => {
                let x = self.x(f64::from(*level));
                canvas.shape(Shape::Cross, (x, bottom - 14), 9)
            }
        }
    }
}

/// A line of straight pieces; dashes go on across its corners.
#[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
fn polyline<B: DrawingBackend>(canvas: &Canvas<B>, points: &[Point], stroke: Stroke) -> Drawn<B> {
    const DASH: f64 = 12.0;
    const PERIOD: f64 = 21.0;
    let mut gone = 0.0;
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        if stroke == Stroke::Solid {
            canvas.rule(from, to, INK, 2)?;
            continue;
        }
        let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
        let length = dx.hypot(dy);
        let point = |at: f64| {
            let share = if length > 0.0 { at / length } else { 0.0 };
            (from.0 + (dx * share).round() as i32, from.1 + (dy * share).round() as i32)
        };
        let mut at = -(gone % PERIOD);
        while at < length {
            let (begin, end) = (at.max(0.0), (at + DASH).min(length));
            if begin < end {
                canvas.rule(point(begin), point(end), INK, 3)?;
            }
            at += PERIOD;
        }
        gone += length;
    }
    Ok(())
}

//! Six panels on a page, and the legend. Shape tells the marks apart, never a hue: all is grey.

use plotters::prelude::DrawingBackend;

use crate::coverage::scene::{Mark, Panel, Scene, Slot};
use crate::figure::canvas::{
    Axis, Canvas, Drawn, Font, Growth, INK, Point, QUIET, Scale, Shape, jitter,
};
use crate::figure::{Frame, Picture};

const WIDTH: i32 = 2100;
const HEIGHT: i32 = 1500;
const MARGIN: i32 = 50;
const COLUMNS: i32 = 3;
const COLUMN_STEP: i32 = 680;
const ROW_STEP: i32 = 620;
const FIRST_ROW: i32 = 190;
/// Where the axis begins within a panel, after its labels.
const AXIS_LEFT: i32 = 76;
const PLOT_WIDTH: i32 = 560;
const PLOT_TOP: i32 = 112;
const PLOT_BOTTOM: i32 = 478;
/// Marks of one slot from which on they are drawn small.
const MANY: usize = 40;
/// Marks of one slot up to which they stand evenly beside one another.
const FEW: usize = 9;
const LEGEND: i32 = 1_440;

/// What the legend explains, mark by mark.
const ENTRIES: [(Entry, &str); 6] = [
    (Entry::Mark(Mark::Cell), "one condition"),
    (Entry::Mark(Mark::Ties), "one with ties (4 ms ticks)"),
    (Entry::Exact, "exact, 1 - 2F(d-1)"),
    (Entry::Required, "required"),
    (Entry::Mark(Mark::Below), "below; top right: all A, then all B"),
    (Entry::Mark(Mark::RawMedian), "raw medians, AR(1) 0.9"),
];

#[derive(Clone, Copy)]
enum Entry {
    Mark(Mark),
    Exact,
    Required,
}

impl Picture for Scene {
    fn width(&self, _: Frame) -> i32 {
        WIDTH
    }

    fn height(&self, _: Frame) -> i32 {
        HEIGHT
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, _: Frame) -> Drawn<B> {
        canvas.text(self.title, (MARGIN, 58), Font::new(44, INK).bold())?;
        canvas.text(&self.subtitle, (MARGIN, 118), Font::new(26, QUIET))?;
        for (index, panel) in (0..).zip(&self.panels) {
            let (row, column) = (index / COLUMNS, index % COLUMNS);
            let corner = (MARGIN + COLUMN_STEP * column, FIRST_ROW + ROW_STEP * row);
            panel.paint(canvas, corner)?;
        }
        legend(canvas)
    }
}

impl Panel {
    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, (left, top): Point) -> Drawn<B> {
        let (from, to) = (left + AXIS_LEFT, left + AXIS_LEFT + PLOT_WIDTH);
        let foot = top + PLOT_BOTTOM;
        let axis = Axis {
            growth: Growth::Up,
            scale: Scale::Linear,
            start: foot,
            length: PLOT_BOTTOM - PLOT_TOP,
            min: self.floor,
            max: 100.0,
        };
        canvas.text(self.title, (left, top), Font::new(30, INK).bold())?;
        canvas.text(&self.about, (left, top + 38), Font::new(22, QUIET))?;
        canvas.text("share of runs", (left, top + 74), Font::new(20, QUIET))?;
        for (percent, decimals) in axis.ticks(self.ticks) {
            let y = axis.pixel(percent);
            canvas.grid_line((from, y), (to, y))?;
            let label = format!("{percent:.decimals$} %");
            canvas.text(&label, (from - 10, y), Font::new(21, QUIET).right())?;
        }
        if let Some(required) = self.required {
            canvas.dashes((from, axis.pixel(required)), to)?;
        }

        let count = i32::try_from(self.slots.len()).unwrap_or(1).max(1);
        let width = PLOT_WIDTH / count;
        for (index, slot) in (0..).zip(&self.slots) {
            let middle = from + index * width + width / 2;
            slot.paint(canvas, &axis, middle, width)?;
        }
        canvas.rule((from, foot), (to, foot), QUIET, 2)?;
        let lines = self.slots.iter().map(|slot| slot.label.lines().count());
        let below = if lines.max() > Some(1) { 84 } else { 62 };
        let at = (i32::midpoint(from, to), foot + below);
        canvas.text(self.x_label, at, Font::new(21, QUIET).centered())
    }
}

impl Slot {
    fn paint<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        axis: &Axis,
        middle: i32,
        width: i32,
    ) -> Drawn<B> {
        for (line, text) in (0..).zip(self.label.lines()) {
            let at = (middle, axis.start + 26 + 24 * line);
            canvas.text(text, at, Font::new(21, INK).centered())?;
        }
        if self.marks.is_empty() {
            let at = axis.start - axis.length / 2 - 11;
            for (line, text) in (0..).zip(["no", "interval"]) {
                let font = Font::new(18, QUIET).centered();
                canvas.text(text, (middle, at + 22 * line), font)?;
            }
        }
        let many = self.marks.len() > MANY;
        for (place, (kind, percent)) in self.marks.iter().enumerate() {
            // A mark that would leave the axis sits on its edge, where it can still be seen.
            let y = axis.pixel(percent.max(axis.min));
            let x = middle + spread(place, self.marks.len(), width * 9 / 25);
            mark(canvas, *kind, (x, y), many)?;
        }
        if let Some(exact) = self.exact {
            let (y, reach) = (axis.pixel(exact), width * 2 / 5);
            canvas.rule((middle - reach, y), (middle + reach, y), INK, 5)?;
        }
        Ok(())
    }
}

/// A mark; a smaller one where it is among many. What fails is never small.
fn mark<B: DrawingBackend>(canvas: &Canvas<B>, mark: Mark, at: Point, many: bool) -> Drawn<B> {
    let radius = if many { 4 } else { 6 };
    match mark {
        Mark::Cell => canvas.shape(Shape::Ring, at, radius),
        Mark::Ties => canvas.shape(Shape::Square, at, radius),
        Mark::Below => canvas.shape(Shape::Cross, at, 9),
        Mark::RawMedian => canvas.shape(Shape::Triangle, at, 10),
    }
}

/// Marks of one slot beside one another: a few evenly, many as samples are.
#[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
fn spread(place: usize, count: usize, reach: i32) -> i32 {
    if count > FEW {
        return jitter(place, reach);
    }
    let unit = (place as f64 + 0.5) / count as f64;
    ((2.0 * unit - 1.0) * f64::from(reach)).round() as i32
}

/// Entries side by side, with the same gap after each.
fn legend<B: DrawingBackend>(canvas: &Canvas<B>) -> Drawn<B> {
    let font = Font::new(24, INK);
    // A line is wider than a mark.
    let reach = |entry| {
        if matches!(entry, Entry::Mark(_)) { 12 } else { 26 }
    };
    let width = |(entry, text)| 2 * reach(entry) + 10 + canvas.width(text, font);
    let taken: i32 = ENTRIES.into_iter().map(width).sum();
    let gap = (WIDTH - 2 * MARGIN - taken) / 5;
    let mut left = MARGIN;
    for (entry, text) in ENTRIES {
        let reach = reach(entry);
        let (middle, right) = (left + reach, left + 2 * reach);
        match entry {
            Entry::Mark(kind) => mark(canvas, kind, (middle, LEGEND), false)?,
            Entry::Exact => canvas.rule((left, LEGEND), (right, LEGEND), INK, 5)?,
            Entry::Required => canvas.dashes((left, LEGEND), right)?,
        }
        canvas.text(text, (right + 10, LEGEND), font)?;
        left += width((entry, text)) + gap;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stay_in_their_slot_and_apart() {
        for count in [1, 2, FEW, FEW + 1, 200] {
            let places: Vec<i32> = (0..count).map(|place| spread(place, count, 90)).collect();
            assert!(places.iter().all(|place| place.abs() <= 90));
            let mut few: Vec<i32> = places.into_iter().take(FEW).collect();
            few.sort_unstable();
            assert!(few.windows(2).all(|pair| pair[1] - pair[0] > 8), "{few:?}");
        }
    }
}

//! Panels of slots with marks, and the legend. Shape tells the marks apart, never a hue: all is grey.

use facts::{Mark, Sheet, Slot, StripPanel};
use plotters::prelude::DrawingBackend;

use crate::figure::canvas::{
    Axis, Canvas, Drawn, Font, Growth, INK, Point, QUIET, Scale, Shape, jitter,
};
use crate::figure::{Frame, Picture};

const WIDTH: i32 = 2100;
const MARGIN: i32 = 50;
const COLUMNS: usize = 3;
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
/// From the legend to the end.
const FOOT: i32 = 60;

impl Picture for Sheet {
    fn width(&self, _: Frame) -> i32 {
        WIDTH
    }

    fn height(&self, _: Frame) -> i32 {
        let rows = self.figure.panels.len().div_ceil(COLUMNS);
        FIRST_ROW + ROW_STEP * i32::try_from(rows).unwrap_or(1) + 10 + FOOT
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B> {
        canvas.text(&self.title, (MARGIN, 58), Font::new(44, INK).bold())?;
        canvas.text(&self.figure.subtitle, (MARGIN, 118), Font::new(26, QUIET))?;
        for (row, panels) in (0..).zip(self.figure.panels.chunks(COLUMNS)) {
            for (column, panel) in (0..).zip(panels) {
                let corner = (MARGIN + COLUMN_STEP * column, FIRST_ROW + ROW_STEP * row);
                paint_panel(canvas, panel, corner)?;
            }
        }
        paint_legend(canvas, &self.figure.legend, self.height(frame) - FOOT)
    }
}

fn paint_panel<B: DrawingBackend>(
    canvas: &Canvas<B>,
    panel: &StripPanel,
    (left, top): Point,
) -> Drawn<B> {
    let (from, to) = (left + AXIS_LEFT, left + AXIS_LEFT + PLOT_WIDTH);
    let foot = top + PLOT_BOTTOM;
    let axis = Axis {
        growth: Growth::Up,
        scale: Scale::Linear,
        start: foot,
        length: PLOT_BOTTOM - PLOT_TOP,
        min: panel.range.0,
        max: panel.range.1,
    };
    canvas.text(&panel.title, (left, top), Font::new(30, INK).bold())?;
    canvas.text(&panel.about, (left, top + 38), Font::new(22, QUIET))?;
    canvas.text(&panel.y_label, (left, top + 74), Font::new(20, QUIET))?;
    for (percent, decimals) in axis.ticks(panel.ticks) {
        let y = axis.pixel(percent);
        canvas.grid_line((from, y), (to, y))?;
        let label = format!("{percent:.decimals$} %");
        canvas.text(&label, (from - 10, y), Font::new(21, QUIET).right())?;
    }
    if let Some(required) = panel.required {
        canvas.dashes((from, axis.pixel(required)), to)?;
    }
    let count = i32::try_from(panel.slots.len()).unwrap_or(1).max(1);
    let width = PLOT_WIDTH / count;
    for (index, slot) in (0..).zip(&panel.slots) {
        let middle = from + index * width + width / 2;
        lines(canvas, &slot.label, (middle, foot + 26), 24, Font::new(21, INK))?;
        if slot.marks.is_empty() {
            let at = (middle, foot - axis.length / 2 - 11);
            lines(canvas, &panel.empty, at, 22, Font::new(18, QUIET))?;
        }
        paint_slot(canvas, slot, &axis, middle, width)?;
    }
    canvas.rule((from, foot), (to, foot), QUIET, 2)?;
    let is_tall = panel.slots.iter().any(|slot| slot.label.contains('\n'));
    let at = (i32::midpoint(from, to), foot + if is_tall { 84 } else { 62 });
    canvas.text(&panel.x_label, at, Font::new(21, QUIET).centered())
}

fn paint_slot<B: DrawingBackend>(
    canvas: &Canvas<B>,
    slot: &Slot,
    axis: &Axis,
    middle: i32,
    width: i32,
) -> Drawn<B> {
    let radius = if slot.marks.len() > MANY { 4 } else { 6 };
    for (place, (kind, percent)) in slot.marks.iter().enumerate() {
        // A mark that would leave the axis sits on its edge, where it can still be seen.
        let y = axis.pixel(percent.clamp(axis.min, axis.max));
        let x = middle + spread(place, slot.marks.len(), width * 9 / 25);
        paint_mark(canvas, *kind, (x, y), radius)?;
    }
    let reach = width * 2 / 5;
    slot.exact.map_or(Ok(()), |exact| {
        let y = axis.pixel(exact);
        canvas.rule((middle - reach, y), (middle + reach, y), INK, 5)
    })
}

fn lines<B: DrawingBackend>(
    canvas: &Canvas<B>,
    text: &str,
    (middle, top): Point,
    step: i32,
    font: Font,
) -> Drawn<B> {
    let mut lines = (0..).zip(text.lines());
    lines.try_for_each(|(line, text)| {
        canvas.text(text, (middle, top + step * line), font.centered())
    })
}

/// What stands out is never small. A line is as long as a legend has it.
fn paint_mark<B: DrawingBackend>(
    canvas: &Canvas<B>,
    mark: Mark,
    (x, y): Point,
    radius: i32,
) -> Drawn<B> {
    match mark {
        Mark::Ring => canvas.shape(Shape::Ring, (x, y), radius),
        Mark::Square => canvas.shape(Shape::Square, (x, y), radius),
        Mark::Cross => canvas.shape(Shape::Cross, (x, y), 9),
        Mark::Triangle => canvas.shape(Shape::Triangle, (x, y), 10),
        Mark::Rule => canvas.rule((x - 26, y), (x + 26, y), INK, 5),
        Mark::Dashes => canvas.dashes((x - 26, y), x + 26),
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
fn paint_legend<B: DrawingBackend>(
    canvas: &Canvas<B>,
    entries: &[(Mark, String)],
    y: i32,
) -> Drawn<B> {
    let font = Font::new(24, INK);
    let reach = |mark| if matches!(mark, Mark::Rule | Mark::Dashes) { 26 } else { 12 };
    let width = |(mark, text): &(Mark, String)| 2 * reach(*mark) + 10 + canvas.width(text, font);
    let gaps = i32::try_from(entries.len()).unwrap_or(1) - 1;
    let gap = (WIDTH - 2 * MARGIN - entries.iter().map(width).sum::<i32>()) / gaps.max(1);
    let mut left = MARGIN;
    for entry in entries {
        let reach = reach(entry.0);
        paint_mark(canvas, entry.0, (left + reach, y), 6)?;
        canvas.text(&entry.1, (left + 2 * reach + 10, y), font)?;
        left += width(entry) + gap;
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

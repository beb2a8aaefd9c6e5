//! Six panels on a page, and the legend.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use crate::figure::canvas::{Canvas, Drawn, Font, GRID, INK, Mark, Point, QUIET};
use crate::figure::scene::{Panel, Scene};

/// Pixels of the whole figure.
pub(crate) const SIZE: (u32, u32) = (2100, 1500);

const MARGIN: i32 = 50;
const COLUMNS: usize = 3;
const COLUMN_STEP: i32 = 680;
const ROW_STEP: i32 = 620;
const FIRST_ROW: i32 = 190;
/// Where the axis begins within a panel, after its labels.
const AXIS_LEFT: i32 = 76;
const PLOT_WIDTH: i32 = 560;
const PLOT_TOP: i32 = 90;
const PLOT_BOTTOM: i32 = 470;
const LEGEND: i32 = 1_455;

pub(crate) fn paint<B: DrawingBackend>(canvas: &Canvas<B>, scene: &Scene) -> Drawn<B> {
    canvas.text(scene.title, (MARGIN, 58), Font::new(44, INK).bold())?;
    canvas.text(&scene.subtitle, (MARGIN, 118), Font::new(26, QUIET))?;
    for (index, panel) in scene.panels.iter().enumerate() {
        let (row, column) = (index / COLUMNS, index % COLUMNS);
        let place = |step: i32, count: usize| step * i32::try_from(count).unwrap_or(0);
        let corner = (
            MARGIN + place(COLUMN_STEP, column),
            FIRST_ROW + place(ROW_STEP, row),
        );
        paint_panel(canvas, panel, corner)?;
    }
    paint_legend(canvas)
}

fn paint_panel<B: DrawingBackend>(canvas: &Canvas<B>, panel: &Panel, corner: Point) -> Drawn<B> {
    let (left, top) = corner;
    let (from, to) = (left + AXIS_LEFT, left + AXIS_LEFT + PLOT_WIDTH);
    let y = |percent: f64| {
        let share = (percent - panel.floor) / (100.0 - panel.floor);
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
        let up = (share * f64::from(PLOT_BOTTOM - PLOT_TOP)).round() as i32;
        top + PLOT_BOTTOM - up
    };
    canvas.text(panel.title, (left, top), Font::new(30, INK).bold())?;
    canvas.text(&panel.about, (left, top + 40), Font::new(22, QUIET))?;

    let mut percent = panel.floor;
    while percent <= 100.0 {
        canvas.line((from, y(percent)), (to, y(percent)), GRID, 2)?;
        let font = Font::new(21, QUIET).anchored(HPos::Right);
        canvas.text(&format!("{percent} %"), (from - 10, y(percent)), font)?;
        percent += panel.step;
    }
    if let Some(required) = panel.required {
        canvas.dashes((from, y(required)), to)?;
    }

    let count = i32::try_from(panel.slots.len()).unwrap_or(1).max(1);
    let width = PLOT_WIDTH / count;
    for (index, slot) in (0..).zip(&panel.slots) {
        let middle = from + index * width + width / 2;
        for (line, text) in (0..).zip(slot.label.split('\n')) {
            let at = (middle, top + PLOT_BOTTOM + 26 + 24 * line);
            canvas.text(text, at, Font::new(21, INK).anchored(HPos::Center))?;
        }
        if slot.marks.is_empty() {
            let at = top + PLOT_BOTTOM - 40;
            for (line, text) in (0..).zip(["no", "interval"]) {
                let font = Font::new(18, QUIET).anchored(HPos::Center);
                canvas.text(text, (middle, at + 22 * line), font)?;
            }
        }
        for (place, &(mark, percent)) in slot.marks.iter().enumerate() {
            // A mark that would leave the axis sits on its edge, where it can still be seen.
            let at = y(percent.max(panel.floor));
            let offset = if slot.marks.len() > 3 {
                spread(place, width * 3 / 10)
            } else {
                0
            };
            canvas.mark(mark, (middle + offset, at))?;
        }
        if let Some(exact) = slot.exact {
            let reach = width * 2 / 5;
            canvas.line(
                (middle - reach, y(exact)),
                (middle + reach, y(exact)),
                INK,
                5,
            )?;
        }
    }
    canvas.line((from, top + PLOT_BOTTOM), (to, top + PLOT_BOTTOM), QUIET, 2)?;
    let font = Font::new(21, QUIET).anchored(HPos::Center);
    canvas.text(
        panel.x_label,
        (i32::midpoint(from, to), top + PLOT_BOTTOM + 78),
        font,
    )
}

/// Marks of one slot beside one another: multiples of the golden ratio fill an interval evenly,
/// whatever their number.
#[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
fn spread(place: usize, reach: i32) -> i32 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let unit = ((place as f64 + 1.0) * GOLDEN).fract();
    ((2.0 * unit - 1.0) * f64::from(reach)).round() as i32
}

fn paint_legend<B: DrawingBackend>(canvas: &Canvas<B>) -> Drawn<B> {
    let font = Font::new(23, INK);
    let y = LEGEND;
    canvas.mark(Mark::Cell, (MARGIN + 12, y))?;
    canvas.text("one condition", (MARGIN + 34, y), font)?;
    canvas.line((MARGIN + 240, y), (MARGIN + 285, y), INK, 5)?;
    canvas.text("exact coverage, 1 - 2F(d-1)", (MARGIN + 300, y), font)?;
    canvas.dashes((MARGIN + 680, y), MARGIN + 740)?;
    canvas.text("required", (MARGIN + 755, y), font)?;
    canvas.mark(Mark::Below, (MARGIN + 910, y))?;
    canvas.text(
        "below what is required; top right: all A, then all B",
        (MARGIN + 932, y),
        font,
    )?;
    canvas.mark(Mark::Triangle, (MARGIN + 1_580, y))?;
    canvas.text("raw medians, AR(1) 0.9", (MARGIN + 1_602, y), font)
}

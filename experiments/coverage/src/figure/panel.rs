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
const PLOT_TOP: i32 = 112;
const PLOT_BOTTOM: i32 = 478;
/// Marks of one slot from which on they are drawn small.
const MANY: usize = 40;
const LEGEND: i32 = 1_440;

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
    canvas.text(&panel.about, (left, top + 38), Font::new(22, QUIET))?;
    canvas.text("share of runs", (left, top + 74), Font::new(20, QUIET))?;

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
            let at = top + i32::midpoint(PLOT_TOP, PLOT_BOTTOM) - 11;
            for (line, text) in (0..).zip(["no", "interval"]) {
                let font = Font::new(18, QUIET).anchored(HPos::Center);
                canvas.text(text, (middle, at + 22 * line), font)?;
            }
        }
        for (place, &(mark, percent)) in slot.marks.iter().enumerate() {
            // A mark that would leave the axis sits on its edge, where it can still be seen.
            let at = y(percent.max(panel.floor));
            let offset = spread(place, slot.marks.len(), width * 9 / 25);
            canvas.mark(mark, (middle + offset, at), slot.marks.len() > MANY)?;
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
    let lines = panel
        .slots
        .iter()
        .map(|slot| slot.label.split('\n').count());
    let below = if lines.max() > Some(1) { 84 } else { 62 };
    canvas.text(
        panel.x_label,
        (i32::midpoint(from, to), top + PLOT_BOTTOM + below),
        font,
    )
}

/// Marks of one slot beside one another: a few evenly, many at multiples of the golden ratio, which
/// fill an interval whatever their number and make no pattern of their order.
#[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
fn spread(place: usize, count: usize, reach: i32) -> i32 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let unit = if count < 10 {
        (place as f64 + 0.5) / count as f64
    } else {
        ((place as f64 + 1.0) * GOLDEN).fract()
    };
    ((2.0 * unit - 1.0) * f64::from(reach)).round() as i32
}

fn paint_legend<B: DrawingBackend>(canvas: &Canvas<B>) -> Drawn<B> {
    let font = Font::new(23, INK);
    let at = |x: i32| (MARGIN + x, LEGEND);
    canvas.mark(Mark::Cell, at(12), false)?;
    canvas.text("one condition", at(32), font)?;
    canvas.mark(Mark::Ties, at(262), false)?;
    canvas.text("one with ties (4 ms ticks)", at(282), font)?;
    canvas.line(at(645), at(690), INK, 5)?;
    canvas.text("exact, 1 - 2F(d-1)", at(704), font)?;
    canvas.dashes(at(985), MARGIN + 1_045)?;
    canvas.text("required", at(1_058), font)?;
    canvas.mark(Mark::Below, at(1_215), false)?;
    canvas.text("below; top right: all A, then all B", at(1_238), font)?;
    canvas.mark(Mark::Triangle, at(1_690), false)?;
    canvas.text("raw medians, AR(1) 0.9", at(1_712), font)
}

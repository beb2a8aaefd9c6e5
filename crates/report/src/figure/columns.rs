//! Experiment 4's figure: two panels side by side, one column a published method.

use plotters::prelude::DrawingBackend;

use crate::figure::canvas::{Axis, Canvas, Drawn, Font, Growth, INK, PUBLISHED, QUIET};
use crate::figure::legend;
use crate::figure::scene::{Panel, Scene, Slot};

/// Pixels of the whole figure: those of the tutorial's own.
pub(crate) const WIDTH: i32 = 2000;
pub(crate) const HEIGHT: i32 = 1180;

const MARGIN: i32 = 60;
const PANEL_WIDTH: i32 = 905;
const PANEL_STEP: i32 = 975;
/// Where the axis begins within a panel, after its labels.
const AXIS_LEFT: i32 = 80;
const PLOT_TOP: i32 = 225;
const PLOT_BOTTOM: i32 = 950;

pub(crate) fn paint<B: DrawingBackend>(canvas: &Canvas<B>, scene: &Scene) -> Drawn<B> {
    canvas.text(&scene.title, (MARGIN, 60), Font::new(46, INK).bold())?;
    for (left, panel) in (MARGIN..).step_by(PANEL_STEP as usize).zip(&scene.panels) {
        paint_panel(canvas, panel, left)?;
    }
    legend::paint(canvas, &scene.legend(), (MARGIN, 1062), false)?;
    canvas.text(&scene.caption, (MARGIN, 1122), Font::new(27, QUIET))
}

fn paint_panel<B: DrawingBackend>(canvas: &Canvas<B>, panel: &Panel, left: i32) -> Drawn<B> {
    let (from, to) = (left + AXIS_LEFT, left + PANEL_WIDTH);
    // Room above the highest mark for its number.
    let (min, max) = panel.span(1.08);
    let axis =
        Axis { min, ..Axis::from_zero(Growth::Up, PLOT_BOTTOM, PLOT_BOTTOM - PLOT_TOP, max) };
    canvas.text(&panel.title, (left, 130), Font::new(32, INK).bold())?;
    canvas.text(&panel.label(), (left, 180), Font::new(27, QUIET))?;
    for (value, decimals) in axis.ticks(5) {
        let label = panel.lang.number(value, decimals);
        let y = axis.pixel(value);
        canvas.grid_line((from, y), (to, y))?;
        canvas.text(&label, (from - 14, y), Font::new(26, QUIET).right())?;
    }
    canvas.axis_line((from, PLOT_BOTTOM), (to, PLOT_BOTTOM))?;
    let count = i32::try_from(panel.slots.len()).unwrap_or(i32::MAX).max(1);
    let width = (to - from) / count;
    for (index, slot) in (0..).zip(&panel.slots) {
        paint_slot(canvas, &axis, slot, from + index * width + width / 2, width)?;
    }
    Ok(())
}

fn paint_slot<B: DrawingBackend>(
    canvas: &Canvas<B>,
    axis: &Axis,
    slot: &Slot,
    middle: i32,
    width: i32,
) -> Drawn<B> {
    canvas.text(&slot.name, (middle, PLOT_BOTTOM + 36), Font::new(25, INK).centered())?;
    if let Some(absent) = &slot.absent {
        let font = Font::new(20, QUIET).centered();
        canvas.text(absent, (middle, PLOT_BOTTOM - 24), font)?;
    }
    // Ours to the left, the published to the right, so that neither hides the other.
    let (ours, theirs) = (middle - width / 5, middle + width * 27 / 100);
    canvas.strip(axis, &slot.values, ours, width * 9 / 50)?;
    if let Some(median) = slot.median {
        canvas.median(axis, median, slot.interval, ours, width * 9 / 50)?;
        let top = slot.values.iter().copied().fold(median, f64::max);
        number(
            canvas,
            &slot.median_label,
            (ours, axis.pixel(top) - 30),
            Font::new(27, INK).bold(),
        )?;
    }
    if let Some(published) = slot.published {
        canvas.published(axis, published, theirs)?;
        let top = axis.pixel(published.high) - 30;
        number(canvas, &slot.published_label, (theirs, top), Font::new(25, PUBLISHED))?;
    }
    Ok(())
}

fn number<B: DrawingBackend>(
    canvas: &Canvas<B>,
    text: &str,
    (x, y): (i32, i32),
    font: Font,
) -> Drawn<B> {
    let half = canvas.width(text, font) / 2 + 3;
    canvas.blank((x - half, y - 14), (x + half, y + 14))?;
    canvas.text(text, (x, y), font.centered())
}

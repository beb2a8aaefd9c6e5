//! The figure of one experiment: one row an arm, names readable at the left, numbers at the right.

use plotters::prelude::DrawingBackend;

use crate::figure::canvas::{Axis, Canvas, Drawn, Font, Growth, INK, PUBLISHED, QUIET};
use crate::figure::columns::paint_legend;
use crate::figure::scene::{Panel, Scene, Slot};

const WIDTH: i32 = 2000;
const MARGIN: i32 = 60;
const ROW: i32 = 84;
const PANELS_TOP: i32 = 110;
/// Of each panel beside its rows: title above, ticks and axis label below.
const PANEL_HEAD: i32 = 60;
const PANEL_FOOT: i32 = 110;
const BELOW_PANELS: i32 = 150;

const NAME: Font = Font::new(28, INK);
const MEDIAN: Font = Font::new(28, INK).bold();
const SMALL: Font = Font::new(24, QUIET);

/// Pixels of the whole figure.
#[expect(clippy::cast_sign_loss, reason = "sums of positive lengths")]
pub(crate) fn size(scene: &Scene) -> (u32, u32) {
    let panels: i32 = scene.panels.iter().map(height).sum();
    (WIDTH as u32, (PANELS_TOP + panels + BELOW_PANELS) as u32)
}

pub(crate) fn paint<B: DrawingBackend>(canvas: &Canvas<B>, scene: &Scene) -> Drawn<B> {
    canvas.text(&scene.title, (MARGIN, 60), Font::new(46, INK).bold())?;
    let mut top = PANELS_TOP;
    for panel in &scene.panels {
        paint_panel(canvas, panel, top)?;
        top += height(panel);
    }
    paint_legend(canvas, MARGIN, top + 35, scene.shows_published())?;
    canvas.text(&scene.caption, (MARGIN, top + 95), Font::new(27, QUIET))
}

fn rows(panel: &Panel) -> i32 {
    i32::try_from(panel.slots.len()).unwrap_or(i32::MAX / ROW) * ROW
}

fn height(panel: &Panel) -> i32 {
    PANEL_HEAD + rows(panel) + PANEL_FOOT
}

fn paint_panel<B: DrawingBackend>(canvas: &Canvas<B>, panel: &Panel, top: i32) -> Drawn<B> {
    let widest = |text: fn(&Slot) -> &str, font: Font| {
        panel
            .slots
            .iter()
            .map(|slot| canvas.width(text(slot), font))
            .max()
            .unwrap_or(0)
    };
    let numbers = widest(|slot| &slot.median_label, MEDIAN)
        .max(widest(|slot| &slot.interval_label, SMALL))
        .max(170);
    let left = MARGIN + widest(|slot| &slot.name, NAME) + 24;
    let right = WIDTH - MARGIN - numbers - 30;
    let axis = Axis {
        growth: Growth::Right,
        zero: left,
        length: right - left,
        max: if panel.max() > 0.0 {
            panel.max() * 1.04
        } else {
            1.0
        },
    };
    let (first, last) = (top + PANEL_HEAD, top + PANEL_HEAD + rows(panel));
    canvas.text(&panel.title, (MARGIN, top + 26), Font::new(32, INK).bold())?;
    for (value, label) in axis.ticks() {
        let x = axis.pixel(value);
        canvas.grid_line((x, first), (x, last))?;
        canvas.text(&label, (x, last + 28), Font::new(26, QUIET).centered())?;
    }
    canvas.text(
        panel.unit.axis,
        (i32::midpoint(left, right), last + 66),
        Font::new(27, QUIET).centered(),
    )?;
    canvas.axis_line((left, first), (left, last))?;
    for (row, slot) in (0..).zip(&panel.slots) {
        paint_slot(canvas, &axis, slot, first + row * ROW + ROW / 2, right + 30)?;
    }
    Ok(())
}

fn paint_slot<B: DrawingBackend>(
    canvas: &Canvas<B>,
    axis: &Axis,
    slot: &Slot,
    middle: i32,
    numbers: i32,
) -> Drawn<B> {
    canvas.text(&slot.name, (axis.zero - 24, middle), NAME.right())?;
    if let Some(absent) = &slot.absent {
        return canvas.text(absent, (axis.zero + 16, middle), SMALL);
    }
    // The published mark has a lane of its own below ours.
    let (ours, theirs) = match slot.published {
        Some(_) => (middle - 12, middle + 27),
        None => (middle, middle),
    };
    canvas.strip(axis, &slot.values, ours, 17)?;
    if let Some(published) = slot.published {
        canvas.published(axis, published, theirs)?;
        let beside = axis.pixel(published.high) + 16;
        let font = Font::new(22, PUBLISHED);
        canvas.text(&published.median.to_string(), (beside, theirs), font)?;
    }
    if let Some(median) = slot.median {
        canvas.median(axis, median, slot.interval, ours, 23)?;
        canvas.text(&slot.median_label, (numbers, middle - 16), MEDIAN)?;
        canvas.text(&slot.interval_label, (numbers, middle + 18), SMALL)?;
    }
    Ok(())
}

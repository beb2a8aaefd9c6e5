//! The figure of samples in rows: one an arm, its name at the left (or above), its numbers at the
//! right.

use plotters::prelude::DrawingBackend;

use crate::figure::Frame;
use crate::figure::canvas::{Axis, Canvas, Drawn, Font, Growth, INK, PUBLISHED, QUIET};
use crate::figure::legend;
use crate::figure::scene::{Panel, Scene, Slot};

const MARGIN: i32 = 60;
/// Of each panel beside its rows: title above, ticks and axis label below.
const PANEL_HEAD: i32 = 60;
const PANEL_FOOT: i32 = 110;

const NAME: Font = Font::new(28, INK);
const MEDIAN: Font = Font::new(28, INK).bold();
const SMALL: Font = Font::new(24, QUIET);

/// Where things lie in a frame.
struct Layout {
    margin: i32,
    row: i32,
    /// From the top of a row to the middle of its marks.
    marks: i32,
    top: i32,
    foot: i32,
}

fn layout(scene: &Scene, frame: Frame) -> Layout {
    if frame.narrow {
        let entries = i32::try_from(scene.legend().len()).unwrap_or(0);
        return Layout { margin: 14, row: 132, marks: 82, top: 0, foot: entries * legend::LINE };
    }
    Layout {
        margin: MARGIN,
        row: 84,
        marks: 42,
        top: if frame.titled { 110 } else { 0 },
        foot: 150,
    }
}

/// Pixels of the whole figure.
pub(crate) fn height(scene: &Scene, frame: Frame) -> i32 {
    let layout = layout(scene, frame);
    let panels: i32 = scene.panels.iter().map(|panel| panel_height(panel, &layout)).sum();
    layout.top + panels + layout.foot
}

pub(crate) fn paint<B: DrawingBackend>(
    canvas: &Canvas<B>,
    scene: &Scene,
    frame: Frame,
) -> Drawn<B> {
    let layout = layout(scene, frame);
    if frame.titled {
        canvas.text(&scene.title, (MARGIN, 60), Font::new(46, INK).bold())?;
    }
    let mut top = layout.top;
    for panel in &scene.panels {
        paint_panel(canvas, panel, top, &layout, frame)?;
        top += panel_height(panel, &layout);
    }
    if frame.narrow {
        return legend::paint(canvas, &scene.legend(), (layout.margin, top + 20), true);
    }
    legend::paint(canvas, &scene.legend(), (MARGIN, top + 35), false)?;
    canvas.text(&scene.caption, (MARGIN, top + 95), Font::new(27, QUIET))
}

fn rows(panel: &Panel, layout: &Layout) -> i32 {
    i32::try_from(panel.slots.len()).unwrap_or(i32::MAX / layout.row) * layout.row
}

fn panel_height(panel: &Panel, layout: &Layout) -> i32 {
    PANEL_HEAD + rows(panel, layout) + PANEL_FOOT
}

fn paint_panel<B: DrawingBackend>(
    canvas: &Canvas<B>,
    panel: &Panel,
    top: i32,
    layout: &Layout,
    frame: Frame,
) -> Drawn<B> {
    let widest = |text: fn(&Slot) -> &str, font: Font| {
        let widths = panel.slots.iter().map(|slot| canvas.width(text(slot), font));
        widths.max().unwrap_or(0)
    };
    let (left, right) = if frame.narrow {
        (layout.margin + 10, frame.width - layout.margin - 10)
    } else {
        let numbers = widest(|slot| &slot.median_label, MEDIAN)
            .max(widest(|slot| &slot.interval_label, SMALL))
            .max(170);
        let left = MARGIN + widest(|slot| &slot.name, NAME) + 24;
        (left, frame.width - MARGIN - numbers - 30)
    };
    let (min, max) = panel.span(1.04);
    let axis = Axis { min, ..Axis::from_zero(Growth::Right, left, right - left, max) };
    let (first, last) = (top + PANEL_HEAD, top + PANEL_HEAD + rows(panel, layout));
    canvas.text(&panel.title, (layout.margin, top + 26), Font::new(32, INK).bold())?;
    for (value, decimals) in axis.ticks(if frame.narrow { 4 } else { 5 }) {
        let (x, label) = (axis.pixel(value), panel.lang.number(value, decimals));
        canvas.grid_line((x, first), (x, last))?;
        canvas.text(&label, (x, last + 28), Font::new(26, QUIET).centered())?;
    }
    canvas.text(
        &panel.label(),
        (i32::midpoint(left, right), last + 66),
        Font::new(27, QUIET).centered(),
    )?;
    canvas.axis_line((left, first), (left, last))?;
    for (row, slot) in (0..).zip(&panel.slots) {
        let top = first + row * layout.row;
        if frame.narrow {
            paint_name(canvas, slot, top, right, layout)?;
        } else {
            canvas.text(&slot.name, (left - 24, top + layout.marks), NAME.right())?;
            if slot.absent.is_none() {
                let middle = top + layout.marks;
                canvas.text(&slot.median_label, (right + 30, middle - 16), MEDIAN)?;
                canvas.text(&slot.interval_label, (right + 30, middle + 18), SMALL)?;
            }
        }
        paint_slot(canvas, &axis, slot, top + layout.marks)?;
    }
    Ok(())
}

/// Name and numbers above the marks.
fn paint_name<B: DrawingBackend>(
    canvas: &Canvas<B>,
    slot: &Slot,
    top: i32,
    right: i32,
    layout: &Layout,
) -> Drawn<B> {
    let y = top + 24;
    canvas.blank((layout.margin, top + 6), (right, top + 44))?;
    canvas.text(&slot.name, (layout.margin + 16, y), MEDIAN)?;
    if slot.absent.is_none() {
        let numbers = format!("{}  ({})", slot.median_label, slot.interval_label);
        canvas.text(&numbers, (right, y), NAME.right())?;
    }
    Ok(())
}

fn paint_slot<B: DrawingBackend>(
    canvas: &Canvas<B>,
    axis: &Axis,
    slot: &Slot,
    middle: i32,
) -> Drawn<B> {
    if let Some(absent) = &slot.absent {
        return canvas.text(absent, (axis.start + 16, middle), SMALL);
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
        let beside =
            if beside + canvas.width(&slot.published_label, font) > axis.start + axis.length {
                axis.pixel(published.low) - 16 - canvas.width(&slot.published_label, font)
            } else {
                beside
            };
        canvas.text(&slot.published_label, (beside, theirs), font)?;
    }
    if let Some(median) = slot.median {
        canvas.median(axis, median, slot.interval, ours, 23)?;
    }
    Ok(())
}

//! Experiment 4's figure: two panels side by side, one column a published method.

use plotters::prelude::DrawingBackend;

use crate::figure::canvas::{Axis, Canvas, Drawn, Font, Growth, INK, PUBLISHED, QUIET};
use crate::figure::scene::{Panel, Scene, Slot};

/// Pixels of the whole figure.
pub(crate) const SIZE: (u32, u32) = (2000, 1180);

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
    paint_legend(canvas, MARGIN, 1062, scene.shows_published())?;
    canvas.text(&scene.caption, (MARGIN, 1122), Font::new(27, QUIET))
}

fn paint_panel<B: DrawingBackend>(canvas: &Canvas<B>, panel: &Panel, left: i32) -> Drawn<B> {
    let (from, to) = (left + AXIS_LEFT, left + PANEL_WIDTH);
    // Room above the highest mark for its number.
    let axis = Axis {
        growth: Growth::Up,
        zero: PLOT_BOTTOM,
        length: PLOT_BOTTOM - PLOT_TOP,
        max: if panel.max() > 0.0 {
            panel.max() * 1.08
        } else {
            1.0
        },
    };
    canvas.text(&panel.title, (left, 130), Font::new(32, INK).bold())?;
    canvas.text(panel.unit.axis, (left, 180), Font::new(27, QUIET))?;
    for (value, label) in axis.ticks() {
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
    canvas.text(
        &slot.name,
        (middle, PLOT_BOTTOM + 36),
        Font::new(25, INK).centered(),
    )?;
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
        number(
            canvas,
            &published.median.to_string(),
            (theirs, top),
            Font::new(25, PUBLISHED),
        )?;
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

/// Samples, median and published mark, each with its meaning; shared with the other layout.
pub(crate) fn paint_legend<B: DrawingBackend>(
    canvas: &Canvas<B>,
    left: i32,
    y: i32,
    published: bool,
) -> Drawn<B> {
    let font = Font::new(27, INK);
    // Pixels stand for values, so that the legend is drawn by the marks' own code.
    let axis = Axis {
        growth: Growth::Right,
        zero: 0,
        length: 1_000,
        max: 1_000.0,
    };
    let mut x = left;
    let mut say = |text: &str, room: i32| {
        let at = x + room;
        x = at + canvas.width(text, font) + 60;
        (at - room, canvas.text(text, (at, y), font))
    };

    let (at, said) = say("one sample", 36);
    said?;
    canvas.strip(&axis, &[f64::from(at + 14)], y, 0)?;

    let (at, said) = say("median with its interval (95 % or more)", 80);
    said?;
    let (low, high) = (f64::from(at + 4), f64::from(at + 64));
    canvas.median(&axis, f64::from(at + 34), Some((low, high)), y, 18)?;

    if published {
        let (at, said) = say("published median with the range of its 4 repetitions", 80);
        said?;
        let [low, median, high] = [4, 34, 64].map(|offset| f64::from(at + offset));
        canvas.published(
            &axis,
            crate::published::Published {
                median,
                low,
                high,
                n: 4,
            },
            y,
        )?;
    }
    Ok(())
}

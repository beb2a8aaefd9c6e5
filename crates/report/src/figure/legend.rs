//! What the marks mean, drawn by the marks' own code.

use plotters::prelude::DrawingBackend;

use crate::figure::canvas::{
    Axis, BAND, BAR, Canvas, Drawn, Font, GRID, Growth, INK, Point, SAMPLE, Shape,
};
use facts::Published;

/// A mark that a legend explains.
#[derive(Clone, Copy)]
pub(crate) enum Mark {
    Sample,
    Median,
    Published,
    Ratio,
    /// A ratio without the interval that decides equivalence.
    Estimate,
    Band,
    Whole,
    More,
    Less,
    Speck,
    Warmup,
    Line,
    /// A thin line, as models have it.
    Solid,
    Dashes,
    Cross,
}

const FONT: Font = Font::new(27, INK);
const SAMPLES: f64 = 34.0;
/// Between the baselines of two lines.
pub(crate) const LINE: i32 = 46;

/// Marks and their meanings beginning at a point, one beside the other or one below the other.
pub(crate) fn paint<B: DrawingBackend>(
    canvas: &Canvas<B>,
    entries: &[(Mark, &str)],
    (left, top): Point,
    stacked: bool,
) -> Drawn<B> {
    let (mut x, mut y) = (left, top);
    for (mark, text) in entries {
        paint_mark(canvas, *mark, x, y)?;
        canvas.text(text, (x + 82, y), FONT)?;
        if stacked {
            y += LINE;
        } else {
            x += 82 + canvas.width(text, FONT) + 56;
        }
    }
    Ok(())
}

fn paint_mark<B: DrawingBackend>(canvas: &Canvas<B>, mark: Mark, x: i32, y: i32) -> Drawn<B> {
    // Pixels stand for values.
    let axis = Axis::from_zero(Growth::Right, x, 1_000, 1_000.0);
    let (low, high) = (4.0, 64.0);
    match mark {
        Mark::Sample => canvas.strip(&axis, &[SAMPLES], y, 0),
        Mark::Median => canvas.median(&axis, SAMPLES, Some((low, high)), y, 18),
        Mark::Published => {
            let published = Published { median: SAMPLES, low, high, n: 4 };
            canvas.published(&axis, published, y)
        }
        Mark::Ratio => {
            canvas.interval(&axis, (low, high), Some((low + 10.0, high - 10.0)), y)?;
            canvas.dot((x + 34, y), 7, INK)
        }
        Mark::Estimate => {
            canvas.interval(&axis, (low, high), None, y)?;
            canvas.dot((x + 34, y), 7, INK)
        }
        Mark::Band => canvas.rectangle((x + 4, y - 16), (x + 64, y + 16), BAND),
        Mark::Whole => canvas.bar((x + 4, y - 14), (x + 64, y + 14), GRID, false),
        Mark::More => canvas.bar((x + 4, y - 14), (x + 64, y + 14), BAR, false),
        Mark::Less => canvas.bar((x + 4, y - 14), (x + 64, y + 14), BAR, true),
        Mark::Speck => canvas.dot((x + 34, y), 5, SAMPLE),
        Mark::Warmup => canvas.speck((x + 34, y), true),
        Mark::Line => canvas.rule((x + 4, y), (x + 64, y), INK, 4),
        Mark::Solid => {
            canvas.rule((x + 4, y), (x + 64, y), INK, 2)?;
            canvas.shape(Shape::Triangle, (x + 64, y), 9)
        }
        Mark::Dashes => {
            canvas.dashes((x + 4, y), x + 58)?;
            canvas.shape(Shape::Ring, (x + 64, y), 9)
        }
        Mark::Cross => canvas.shape(Shape::Cross, (x + 34, y), 9),
    }
}

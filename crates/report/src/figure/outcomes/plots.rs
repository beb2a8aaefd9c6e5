//! Samples below the tiles, in their columns.

use facts::term;
use facts::{Grid, Plot};
use plotters::prelude::DrawingBackend;

use super::{Layout, NAME, count};
use crate::figure::Frame;
use crate::figure::canvas::{Axis, Canvas, Drawn, Font, GRID, Growth, INK, QUIET};
use crate::figure::legend::{self, Mark};
use facts::Lang;

const NOTE: Font = Font::new(20, QUIET);
const VALUE: Font = Font::new(22, INK).bold();
/// Of an axis, and what lies below it.
const HEIGHT: i32 = 180;
const BELOW: i32 = 26;
/// Above the highest mark, for its number.
const HEADROOM: f64 = 1.3;

/// One with its name.
pub(super) fn height(layout: &Layout) -> i32 {
    layout.name + HEIGHT + BELOW
}

/// What their marks mean; nothing where there are none.
fn marks(grid: &Grid, lang: Lang) -> Vec<(Mark, &'static str)> {
    let marks = [
        (Mark::Sample, term!(lang; "one sample"; "una muestra")),
        (
            Mark::Median,
            term!(lang; "median with its interval (95 % or more)";
        "mediana con su intervalo (95 % o más)"),
        ),
    ];
    let is_there = !grid.plots.is_empty();
    marks.into_iter().filter(|_| is_there).collect()
}

pub(super) fn legend_height(grid: &Grid, lang: Lang, frame: Frame) -> i32 {
    let lines = count(&marks(grid, lang));
    legend::LINE * if frame.narrow { lines } else { lines.min(1) }
}

pub(super) fn paint_legend<B: DrawingBackend>(
    canvas: &Canvas<B>,
    grid: &Grid,
    lang: Lang,
    at: (i32, i32),
    frame: Frame,
) -> Drawn<B> {
    legend::paint(canvas, &marks(grid, lang), at, frame.narrow)
}

pub(super) fn paint<B: DrawingBackend>(
    canvas: &Canvas<B>,
    plot: &Plot,
    lang: Lang,
    top: i32,
    layout: &Layout,
    frame: Frame,
) -> Drawn<B> {
    let (first, last) = (top + layout.name + 14, top + layout.name + HEIGHT);
    let right = frame.width - layout.margin;
    let all = plot.columns.iter().flatten().flat_map(|samples| {
        let median = samples.median;
        let end = median.interval.map_or(median.value, |range| range.high);
        samples.values.iter().copied().chain([end])
    });
    let max = all.fold(0.0, f64::max) * HEADROOM;
    let axis = Axis::from_zero(Growth::Up, last, last - first, max);
    for (value, decimals) in axis.ticks(3) {
        let y = axis.pixel(value);
        canvas.rule((layout.left, y), (right, y), GRID, 2)?;
        let label = lang.number(value, decimals);
        canvas.text(&label, (layout.left - 10, y), NOTE.right())?;
    }
    canvas.axis_line((layout.left, last), (right, last))?;
    let (name, unit) = if layout.name > 0 {
        let y = top + layout.name - 16;
        let beside = canvas.width(&plot.title, NAME) + 14;
        (y, (layout.margin + beside, y))
    } else {
        let y = i32::midpoint(first, last) - 14;
        (y, (layout.margin, y + 28))
    };
    canvas.text(&plot.title, (layout.margin, name), NAME)?;
    canvas.text(&plot.unit, unit, NOTE)?;
    let spread = layout.tile.0 / 5;
    for (column, samples) in (0..).zip(&plot.columns) {
        let Some(samples) = samples else {
            continue;
        };
        let median = samples.median;
        let interval = median.interval.map(|range| (range.low, range.high));
        let middle = layout.column(column) + layout.tile.0 / 2;
        canvas.strip(&axis, &samples.values, middle, spread)?;
        canvas.median(&axis, median.value, interval, middle, spread + 10)?;
        let values = samples.values.iter().copied();
        let highest = values.fold(median.value, f64::max);
        let decimals = if median.value < 10.0 { 2 } else { 1 };
        let label = lang.number(median.value, decimals);
        let at = (middle, axis.pixel(highest) - 24);
        let half = canvas.width(&label, VALUE) / 2 + 4;
        canvas.blank((at.0 - half, at.1 - 12), (at.0 + half, at.1 + 12))?;
        canvas.text(&label, at, VALUE.centered())?;
    }
    Ok(())
}

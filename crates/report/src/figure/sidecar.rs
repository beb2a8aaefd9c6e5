//! The figure of patterns: a pattern a column, an aspect a row of tiles; below, in the same columns,
//! every sample of start-up, jobs and memory.

use plotters::prelude::DrawingBackend;

use crate::analysis::Analysis;
use crate::analysis::sidecar::{Aspect, Grade, Sidecar, TIMES};
use crate::figure::canvas::{
    Axis, BAR, Canvas, Drawn, Font, GRID, Growth, INK, PUBLISHED, Point, QUIET,
};
use crate::figure::legend::{self, Mark};
use crate::figure::tile::Look;
use crate::figure::{Frame, Picture};
use crate::language::{Lang, Texted as _};
use crate::page::sidecar::{grade_word, time_title, title};

pub(crate) struct Figure {
    lang: Lang,
    patterns: Vec<&'static str>,
    aspects: Vec<(&'static str, Vec<Option<Tile>>)>,
    plots: Vec<Plot>,
    /// Grades that are there, in the order of the legend.
    grades: Vec<Grade>,
}

struct Tile {
    grade: Grade,
    word: String,
}

/// One row of samples, on one axis.
struct Plot {
    title: &'static str,
    unit: &'static str,
    columns: Vec<Option<Samples>>,
}

struct Samples {
    values: Vec<f64>,
    median: f64,
    interval: Option<(f64, f64)>,
    label: String,
}

const WORD: Font = Font::new(21, INK).bold();
const COLUMN: Font = Font::new(25, INK).bold();
const NAME: Font = Font::new(23, INK);
const NOTE: Font = Font::new(20, QUIET);
const TICK: Font = Font::new(20, QUIET);
const VALUE: Font = Font::new(22, INK).bold();
const TEXT: Font = Font::new(24, INK);
/// Between two tiles.
const GAP: i32 = 4;
/// From the beginning of a tile to its sign, and to its word.
const SIGN: i32 = 18;
const INDENT: i32 = 36;
/// Between two lines of a tile.
const LEADING: i32 = 4;
const SMALLEST: i32 = 13;
const LEGEND_LINE: i32 = 48;

struct Layout {
    margin: i32,
    /// Where the first column begins.
    left: i32,
    tile: (i32, i32),
    /// Of a name above its row; none stands above where it stands beside.
    name: i32,
    /// Of the names of the patterns.
    columns: i32,
    /// Of a row of samples, and what lies below it.
    plot: i32,
    below: i32,
    top: i32,
}

impl Figure {
    /// `None` when no run compares patterns.
    pub(crate) fn of(analysis: &Analysis, lang: Lang) -> Option<Self> {
        let sidecar = analysis
            .sidecars()
            .find(|sidecar| !sidecar.patterns.is_empty())?;
        let t = lang.sidecar();
        let patterns = sidecar.patterns.clone();
        let tile = |pattern: &str, aspect: Aspect| {
            let grade = sidecar.grade(pattern, aspect)?;
            let word = grade_word(sidecar, pattern, aspect, grade, lang);
            Some(Tile { grade, word })
        };
        let aspects = Aspect::ALL.map(|aspect| {
            let tiles = patterns.iter().map(|pattern| tile(pattern, aspect));
            (title(aspect, t), tiles.collect::<Vec<_>>())
        });
        let aspects: Vec<(&str, Vec<Option<Tile>>)> = aspects
            .into_iter()
            .filter(|(_, tiles)| tiles.iter().any(Option::is_some))
            .collect();
        let is_there = |grade: &Grade| {
            let mut tiles = aspects.iter().flat_map(|(_, tiles)| tiles.iter().flatten());
            tiles.any(|tile| tile.grade == *grade)
        };
        let grades = [Grade::Good, Grade::Mixed, Grade::Bad, Grade::Unseen];
        Some(Self {
            lang,
            grades: grades.into_iter().filter(is_there).collect(),
            plots: plots(sidecar, lang),
            patterns,
            aspects,
        })
    }

    fn layout(&self, frame: Frame) -> Layout {
        let columns = i32::try_from(self.patterns.len().max(1)).unwrap_or(1);
        let (margin, names, height, name) = if frame.narrow {
            (14, 54, 100, 40)
        } else {
            (50, 250, 66, 0)
        };
        Layout {
            margin,
            left: margin + names,
            tile: ((frame.width - 2 * margin - names) / columns, height),
            name,
            columns: 54,
            plot: if frame.narrow { 170 } else { 180 },
            below: 26,
            top: if frame.titled { 110 } else { 10 },
        }
    }

    /// What the marks of samples mean; nothing where there are none.
    fn marks(&self) -> Vec<(Mark, &'static str)> {
        let t = self.lang.texts();
        if self.plots.is_empty() {
            return Vec::new();
        }
        vec![(Mark::Sample, t.mark_sample), (Mark::Median, t.mark_median)]
    }
}

fn plots(sidecar: &Sidecar, lang: Lang) -> Vec<Plot> {
    let t = lang.sidecar();
    let decimals = |value: f64| if value < 10.0 { 2 } else { 1 };
    let samples = |values: Vec<f64>, median: f64, interval: Option<(f64, f64)>| Samples {
        label: lang.number(median, decimals(median)),
        values,
        median,
        interval,
    };
    let time = |pattern: &str, word: &str| {
        let arm = &sidecar.time(pattern, word)?.arm;
        let median = arm.median?.map(|ns| ns / 1e9);
        let interval = median.interval.map(|range| (range.low, range.high));
        let values = arm.values_ns.values().map(|ns| ns / 1e9).collect();
        Some(samples(values, median.value, interval))
    };
    let weighed = |pattern: &str| {
        let memory = sidecar.memory(pattern)?;
        let median = memory.estimate?.map(|bytes| bytes / 1e6);
        let interval = median.interval.map(|range| (range.low, range.high));
        let values = memory.values.iter().map(|bytes| bytes / 1e6).collect();
        Some(samples(values, median.value, interval))
    };
    let patterns = || sidecar.patterns.iter();
    let mut plots: Vec<Plot> = Vec::new();
    for (index, (word, _)) in TIMES.into_iter().enumerate() {
        plots.push(Plot {
            title: time_title(index, t),
            unit: t.axis_seconds,
            columns: patterns().map(|pattern| time(pattern, word)).collect(),
        });
    }
    plots.push(Plot {
        title: t.row_memory,
        unit: t.axis_megabytes,
        columns: patterns().map(|pattern| weighed(pattern)).collect(),
    });
    plots.retain(|plot| plot.columns.iter().any(Option::is_some));
    plots
}

impl Layout {
    fn column(&self, column: i32) -> i32 {
        self.left + column * self.tile.0
    }

    fn row(&self) -> i32 {
        self.name + self.tile.1
    }

    fn samples(&self) -> i32 {
        self.name + self.plot + self.below
    }
}

fn count<T>(list: &[T]) -> i32 {
    i32::try_from(list.len()).unwrap_or(0)
}

impl Picture for Figure {
    fn height(&self, frame: Frame) -> i32 {
        let layout = self.layout(frame);
        let rows = count(&self.aspects) * layout.row() + count(&self.plots) * layout.samples();
        let marks = if frame.narrow {
            count(&self.marks()) * legend::LINE
        } else {
            count(&self.marks()).min(1) * legend::LINE
        };
        let across = legend_columns(frame);
        let lines = (count(&self.grades) + across - 1) / across;
        layout.top + layout.columns + rows + 60 + lines * LEGEND_LINE + marks
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B> {
        let layout = self.layout(frame);
        if frame.titled {
            let title = self.lang.sidecar().sidecar_title;
            canvas.text(title, (layout.margin, 60), Font::new(46, INK).bold())?;
        }
        let font = if frame.narrow {
            Font { size: 20, ..COLUMN }
        } else {
            COLUMN
        };
        for (column, pattern) in (0..).zip(&self.patterns) {
            let middle = layout.column(column) + layout.tile.0 / 2;
            let at = (middle, layout.top + layout.columns / 2);
            canvas.text(pattern, at, font.centered())?;
        }
        let mut y = layout.top + layout.columns;
        for (title, tiles) in &self.aspects {
            let name = if frame.narrow {
                y + layout.name - 16
            } else {
                y + layout.tile.1 / 2
            };
            canvas.text(title, (layout.margin, name), NAME)?;
            for (column, tile) in (0..).zip(tiles) {
                if let Some(tile) = tile {
                    let at = (layout.column(column), y + layout.name);
                    tile.paint(canvas, at, &layout, frame)?;
                }
            }
            y += layout.row();
        }
        for plot in &self.plots {
            plot.paint(canvas, y, &layout, frame, self.lang)?;
            y += layout.samples();
        }
        self.paint_legend(canvas, y + 40, &layout, frame)
    }
}

impl Figure {
    fn paint_legend<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        top: i32,
        layout: &Layout,
        frame: Frame,
    ) -> Drawn<B> {
        let t = self.lang.sidecar();
        let across = legend_columns(frame);
        let step = (frame.width - 2 * layout.margin) / across;
        for (index, grade) in (0..).zip(&self.grades) {
            let left = layout.margin + index % across * step;
            let middle = top + index / across * LEGEND_LINE;
            let (look, sign) = seen_as(*grade);
            look.paint(canvas, (left, middle - 19), (left + 70, middle + 19))?;
            let at = (left + look.strip() + SIGN, middle);
            canvas.text(sign, at, look.inked(WORD).centered())?;
            let meaning = match grade {
                Grade::Good => t.mark_good,
                Grade::Mixed => t.mark_mixed,
                Grade::Bad => t.mark_bad,
                Grade::Unseen => t.mark_unseen,
            };
            canvas.text(meaning, (left + 88, middle), TEXT)?;
        }
        let lines = (count(&self.grades) + across - 1) / across;
        let at = (layout.margin, top + lines * LEGEND_LINE);
        legend::paint(canvas, &self.marks(), at, frame.narrow)
    }
}

/// Entries of the legend in a line.
fn legend_columns(frame: Frame) -> i32 {
    if frame.narrow { 1 } else { 4 }
}

/// Its fill and its sign. No two signs are of one shape.
fn seen_as(grade: Grade) -> (Look, &'static str) {
    match grade {
        Grade::Good => (Look::Plain(BAR), "●"),
        Grade::Mixed => (Look::Hatched, "◐"),
        Grade::Bad => (Look::Dark(PUBLISHED), "■"),
        Grade::Unseen => (Look::Dashed, "–"),
    }
}

impl Tile {
    /// Sign and word; a long one in several lines.
    fn paint<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        (left, top): Point,
        layout: &Layout,
        frame: Frame,
    ) -> Drawn<B> {
        let (from, to) = (
            (left + GAP / 2, top + GAP / 2),
            (
                left + layout.tile.0 - GAP / 2,
                top + layout.tile.1 - GAP / 2,
            ),
        );
        let (look, sign) = seen_as(self.grade);
        look.paint(canvas, from, to)?;
        let (sign_at, word_at, size) = if frame.narrow {
            (12, 24, 17)
        } else {
            (SIGN, INDENT, WORD.size)
        };
        let left = from.0 + look.strip();
        let middle = i32::midpoint(from.1, to.1);
        let at = (left + sign_at, middle);
        let font = Font { size, ..WORD };
        canvas.text(sign, at, look.inked(font).centered())?;
        let (width, height) = (to.0 - left - word_at - 8, to.1 - from.1);
        let (lines, font) = fitted(canvas, &self.word, font, (width, height));
        let line = font.size + LEADING;
        let first = middle - (count(&lines) - 1) * line / 2;
        for (index, text) in (0..).zip(&lines) {
            let at = (left + word_at, first + index * line);
            canvas.text(text, at, look.inked(font))?;
        }
        Ok(())
    }
}

/// A text in the largest type that fits, up to this one.
fn fitted<B: DrawingBackend>(
    canvas: &Canvas<B>,
    text: &str,
    font: Font,
    (width, height): Point,
) -> (Vec<String>, Font) {
    let sizes = (SMALLEST..=font.size).rev();
    let mut tried = sizes.map(|size| {
        let font = Font { size, ..font };
        (wrapped(canvas, text, font, width), font)
    });
    let fits = |(lines, font): &(Vec<String>, Font)| {
        let widest = lines.iter().map(|line| canvas.width(line, *font)).max();
        count(lines) * (font.size + LEADING) <= height && widest.unwrap_or(0) <= width
    };
    let found = tried.find(fits);
    found.unwrap_or_else(|| (wrapped(canvas, text, font, width), font))
}

/// A text in lines that are no wider than this, but for a word that is wider by itself.
fn wrapped<B: DrawingBackend>(
    canvas: &Canvas<B>,
    text: &str,
    font: Font,
    width: i32,
) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if canvas.width(&format!("{line} {word}"), font) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

impl Plot {
    fn paint<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        top: i32,
        layout: &Layout,
        frame: Frame,
        lang: Lang,
    ) -> Drawn<B> {
        let (first, last) = (top + layout.name + 14, top + layout.name + layout.plot);
        let right = frame.width - layout.margin;
        let columns = || self.columns.iter().flatten();
        let highest = columns().flat_map(|samples| {
            let interval = samples.interval.map_or(samples.median, |(_, high)| high);
            samples.values.iter().copied().chain([interval])
        });
        // Room above the highest mark for its number.
        let max = highest.fold(0.0, f64::max) * 1.3;
        let axis = Axis::from_zero(Growth::Up, last, last - first, max);
        for (value, decimals) in axis.ticks(3) {
            let y = axis.pixel(value);
            canvas.rule((layout.left, y), (right, y), GRID, 2)?;
            let label = lang.number(value, decimals);
            canvas.text(&label, (layout.left - 10, y), TICK.right())?;
        }
        canvas.axis_line((layout.left, last), (right, last))?;
        let name = if frame.narrow {
            top + layout.name - 16
        } else {
            i32::midpoint(first, last) - 14
        };
        canvas.text(self.title, (layout.margin, name), NAME)?;
        let (at, font) = if frame.narrow {
            let beside = canvas.width(self.title, NAME) + 14;
            ((layout.margin + beside, name), NOTE)
        } else {
            ((layout.margin, name + 28), NOTE)
        };
        canvas.text(self.unit, at, font)?;
        let spread = layout.tile.0 / 5;
        for (column, samples) in (0..).zip(&self.columns) {
            let Some(samples) = samples else {
                continue;
            };
            let middle = layout.column(column) + layout.tile.0 / 2;
            canvas.strip(&axis, &samples.values, middle, spread)?;
            canvas.median(&axis, samples.median, samples.interval, middle, spread + 10)?;
            let highest = samples
                .values
                .iter()
                .copied()
                .fold(samples.median, f64::max);
            let at = (middle, axis.pixel(highest) - 24);
            let half = canvas.width(&samples.label, VALUE) / 2 + 4;
            canvas.blank((at.0 - half, at.1 - 12), (at.0 + half, at.1 + 12))?;
            canvas.text(&samples.label, at, VALUE.centered())?;
        }
        Ok(())
    }
}

//! The figure of storage drivers: one panel a generation, a driver a row, a place a column. Each
//! class has a word and a fill of its own; on a phone, a letter.

mod look;

use measure::Metric;
use plotters::prelude::DrawingBackend;

use crate::analysis::Analysis;
use crate::analysis::matrix::{self, Class, Matrix};
use crate::figure::canvas::{Canvas, Drawn, Font, GRID, INK, Point, QUIET};
use crate::figure::{Frame, Picture};
use crate::language::{Lang, fill};
use crate::published::unit;

use look::Kind;

pub(crate) struct Figure {
    lang: Lang,
    panels: Vec<Panel>,
    places: Vec<String>,
    /// Classes that are there, in the order of the legend.
    kinds: Vec<Kind>,
    /// What the ratios are of.
    ratios: Option<String>,
}

/// One generation.
struct Panel {
    title: String,
    lines: Vec<Line>,
}

enum Line {
    /// The engine of the rows below it, and whether it is the first one.
    Engine(String, bool),
    Driver(String, Vec<Option<Tile>>),
}

/// One cell.
struct Tile {
    kind: Kind,
    /// Below the word: the driver that was taken, the step that failed.
    detail: String,
    /// `×1.31`
    ratio: String,
}

const WORD: Font = Font::new(21, INK).bold();
const DETAIL: Font = Font::new(19, QUIET);
const LETTER: Font = Font::new(25, INK).bold();
const NAME: Font = Font::new(22, INK);
const COLUMN: Font = Font::new(22, INK).bold();
const ENGINE: Font = Font::new(23, QUIET).bold();
const TEXT: Font = Font::new(24, INK);
/// Between two tiles.
const GAP: i32 = 4;
const LEGEND_LINE: i32 = 48;
/// Of a line of words in the legend.
const KEY_LINE: i32 = 40;

struct Layout {
    margin: i32,
    names: i32,
    tile: (i32, i32),
    /// A panel's title.
    title: i32,
    /// The line of the first engine, which has the places in it, and of any other.
    engine: [i32; 2],
    top: i32,
    /// Entries of the legend in a line.
    columns: i32,
}

impl Figure {
    /// `None` when no run has a cell.
    pub(crate) fn of(analysis: &Analysis, lang: Lang) -> Option<Self> {
        let matrix = analysis
            .matrices()
            .find(|matrix| !matrix.cells.is_empty())?;
        // One number fits a tile: what differs most between drivers, where it was measured.
        let metric = [Metric::Files, Metric::Startup].into_iter().find(|metric| {
            let mut cells = matrix.cells.iter();
            let estimate =
                cells.find_map(|cell| matrix.costs_of(&cell.name)?.of(*metric)?.estimate);
            estimate.is_some()
        });
        let panels = matrix.generations().into_iter();
        let panels = panels.map(|generation| Panel::of(matrix, generation, metric, lang));
        let has = |kind: &Kind| {
            matrix
                .cells
                .iter()
                .any(|cell| Kind::of(cell.class) == *kind)
        };
        Some(Self {
            lang,
            panels: panels.collect(),
            places: matrix.places().into_iter().map(str::to_owned).collect(),
            kinds: Kind::ALL.into_iter().filter(has).collect(),
            ratios: metric.map(|metric| {
                fill(
                    lang.matrix().mark_ratio,
                    &[
                        ("metric", &unit(metric).heading(lang)),
                        ("reference", &references(matrix)),
                    ],
                )
            }),
        })
    }

    fn layout(&self, frame: Frame) -> Layout {
        let columns = i32::try_from(self.places.len().max(1)).unwrap_or(1);
        let (margin, names, height) = if frame.narrow {
            (14, 316, 44)
        } else {
            (50, 330, 64)
        };
        Layout {
            margin,
            names,
            tile: ((frame.width - 2 * margin - names) / columns, height),
            title: 56,
            engine: if frame.narrow { [50, 44] } else { [66, 46] },
            top: if frame.titled { 110 } else { 10 },
            columns: if frame.narrow { 1 } else { 2 },
        }
    }

    fn foot(&self, layout: &Layout, frame: Frame) -> i32 {
        let kinds = i32::try_from(self.kinds.len()).unwrap_or(0);
        let lines = (kinds + layout.columns - 1) / layout.columns;
        let places = i32::try_from(self.places.len()).unwrap_or(0);
        let keys = if frame.narrow { (places + 1) / 2 } else { 0 };
        let ratios = i32::from(self.ratios.is_some() && !frame.narrow);
        44 + lines * LEGEND_LINE + ratios * LEGEND_LINE + keys * KEY_LINE
    }
}

/// `overlay2 (Podman: overlay)`, of the engines that are there.
fn references(matrix: &Matrix) -> String {
    let engines = matrix.engines();
    let mut known = engines
        .iter()
        .filter_map(|engine| matrix::reference(engine));
    let first = known.next().map_or("", |(_, driver, _)| driver);
    let others = known.map(|(engine, driver, _)| format!(" ({engine}: {driver})"));
    first.to_owned() + &others.collect::<String>()
}

impl Panel {
    fn of(matrix: &Matrix, generation: &str, metric: Option<Metric>, lang: Lang) -> Self {
        let mut lines = Vec::new();
        for engine in matrix.engines() {
            lines.push(Line::Engine(engine.to_owned(), lines.is_empty()));
            for driver in matrix.drivers(generation, engine) {
                let tile = |place: &str| {
                    let cell = matrix.cell([generation, engine, driver, place])?;
                    let cost = metric.and_then(|metric| matrix.costs_of(&cell.name)?.of(metric));
                    let ratio = cost.and_then(|cost| cost.estimate);
                    let tells = !cell.class.fits() || cell.name.is_automatic();
                    let chosen = cell.chosen.clone().filter(|_| tells);
                    let detail = cell.step.clone().filter(|_| cell.class != Class::Refused);
                    Some(Tile {
                        kind: Kind::of(cell.class),
                        detail: detail.or(chosen).unwrap_or_default(),
                        ratio: ratio.map_or_else(String::new, |ratio| {
                            format!("×{}", lang.number(ratio.value, 2))
                        }),
                    })
                };
                let tiles = matrix.places().into_iter().map(tile).collect();
                lines.push(Line::Driver(driver.to_owned(), tiles));
            }
        }
        Self {
            title: fill(lang.matrix().matrix_panel, &[("generation", &generation)]),
            lines,
        }
    }

    fn height(&self, layout: &Layout) -> i32 {
        let lines = self.lines.iter().map(|line| line.height(layout));
        layout.title + lines.sum::<i32>() + 30
    }
}

impl Line {
    fn height(&self, layout: &Layout) -> i32 {
        match self {
            Self::Engine(_, first) => layout.engine[usize::from(!first)],
            Self::Driver(..) => layout.tile.1,
        }
    }
}

impl Picture for Figure {
    fn height(&self, frame: Frame) -> i32 {
        let layout = self.layout(frame);
        let panels = self.panels.iter().map(|panel| panel.height(&layout));
        layout.top + panels.sum::<i32>() + self.foot(&layout, frame)
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B> {
        let layout = self.layout(frame);
        if frame.titled {
            let title = self.lang.matrix().matrix_title;
            canvas.text(title, (layout.margin, 60), Font::new(46, INK).bold())?;
        }
        let mut top = layout.top;
        for panel in &self.panels {
            self.paint_panel(canvas, panel, top, &layout, frame)?;
            top += panel.height(&layout);
        }
        self.paint_legend(canvas, top + 20, &layout, frame)
    }
}

impl Figure {
    fn paint_panel<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        panel: &Panel,
        top: i32,
        layout: &Layout,
        frame: Frame,
    ) -> Drawn<B> {
        let title = Font::new(32, INK).bold();
        canvas.text(&panel.title, (layout.margin, top + 24), title)?;
        let mut y = top + layout.title;
        for line in &panel.lines {
            match line {
                Line::Engine(engine, first) => {
                    let below = y + line.height(layout) - 3;
                    canvas.text(engine, (layout.margin, below - 18), ENGINE)?;
                    if *first {
                        let middle = y + line.height(layout) / 2;
                        self.paint_places(canvas, middle, layout, frame)?;
                    }
                    let (left, right) = (layout.margin, frame.width - layout.margin);
                    canvas.rule((left, below), (right, below), GRID, 2)?;
                }
                Line::Driver(driver, tiles) => {
                    let middle = y + layout.tile.1 / 2;
                    canvas.text(driver, (layout.margin, middle), NAME)?;
                    for (column, tile) in (0..).zip(tiles) {
                        let left = layout.column(column);
                        if let Some(tile) = tile {
                            tile.paint(canvas, (left, y), layout, frame, self.lang)?;
                        }
                    }
                }
            }
            y += line.height(layout);
        }
        Ok(())
    }

    /// In two lines where a name has two parts and no room; as numbers on a phone.
    fn paint_places<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        middle: i32,
        layout: &Layout,
        frame: Frame,
    ) -> Drawn<B> {
        for (column, place) in (0..).zip(&self.places) {
            let x = layout.column(column) + layout.tile.0 / 2;
            let font = COLUMN.centered();
            if frame.narrow {
                canvas.text(&(column + 1).to_string(), (x, middle), font)?;
                continue;
            }
            match place.split_once('-') {
                Some((first, rest)) if canvas.width(place, COLUMN) > layout.tile.0 - GAP => {
                    canvas.text(&format!("{first}-"), (x, middle - 14), font)?;
                    canvas.text(rest, (x, middle + 13), font)?;
                }
                _ => canvas.text(place, (x, middle), font)?,
            }
        }
        Ok(())
    }

    fn paint_legend<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        top: i32,
        layout: &Layout,
        frame: Frame,
    ) -> Drawn<B> {
        let mut y = top;
        if frame.narrow {
            for (line, pair) in (0..).zip(self.places.chunks(2)) {
                for (column, place) in (0..).zip(pair) {
                    let number = line * 2 + column + 1;
                    let x = layout.margin + column * (frame.width / 2);
                    canvas.text(&format!("{number}: {place}"), (x, y), TEXT)?;
                }
                y += KEY_LINE;
            }
            y += 14;
        }
        let (width, step) = if frame.narrow {
            (64, frame.width)
        } else {
            (150, (frame.width - 2 * layout.margin) / layout.columns)
        };
        for (index, kind) in (0..).zip(&self.kinds) {
            let (line, column) = (index / layout.columns, index % layout.columns);
            let left = layout.margin + column * step;
            let middle = y + line * LEGEND_LINE;
            let (from, to) = ((left, middle - 19), (left + width, middle + 19));
            kind.look().paint(canvas, from, to)?;
            let [word, letter, meaning] = kind.texts(self.lang);
            let (shown, font) = if frame.narrow {
                (letter, LETTER)
            } else {
                (word, WORD)
            };
            let font = kind.look().inked(font);
            let strip = kind.look().strip();
            let x = i32::midpoint(left + strip, left + width);
            canvas.text(shown, (x, middle), font.centered())?;
            let meaning = if frame.narrow {
                format!("{word}: {meaning}")
            } else {
                meaning.to_owned()
            };
            canvas.text(&meaning, (left + width + 18, middle), TEXT)?;
        }
        let kinds = i32::try_from(self.kinds.len()).unwrap_or(0);
        y += (kinds + layout.columns - 1) / layout.columns * LEGEND_LINE;
        match &self.ratios {
            Some(ratios) if !frame.narrow => canvas.text(ratios, (layout.margin, y), TEXT),
            _ => Ok(()),
        }
    }
}

impl Layout {
    fn column(&self, column: i32) -> i32 {
        self.margin + self.names + column * self.tile.0
    }
}

impl Tile {
    fn paint<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        (left, top): Point,
        layout: &Layout,
        frame: Frame,
        lang: Lang,
    ) -> Drawn<B> {
        let (from, to) = (
            (left + GAP / 2, top + GAP / 2),
            (
                left + layout.tile.0 - GAP / 2,
                top + layout.tile.1 - GAP / 2,
            ),
        );
        let look = self.kind.look();
        look.paint(canvas, from, to)?;
        let [word, letter, _] = self.kind.texts(lang);
        let ink = |font: Font| look.inked(font);
        let middle = i32::midpoint(from.1, to.1);
        if frame.narrow {
            let x = i32::midpoint(from.0 + look.strip(), to.0);
            return canvas.text(letter, (x, middle), ink(LETTER).centered());
        }
        let (text, end) = (from.0 + look.strip() + 8, to.0 - 8);
        // The ratio stands beside the word where there is room, else beside the detail.
        let room = end - text - canvas.width(&self.ratio, WORD) - 6;
        let beside = self.ratio.is_empty() || canvas.width(word, WORD) <= room;
        let first = if beside && self.detail.is_empty() {
            middle
        } else {
            middle - 13
        };
        let y = if beside { first } else { middle + 14 };
        canvas.text(word, (text, first), ink(WORD))?;
        canvas.text(&self.detail, (text, middle + 14), ink(DETAIL))?;
        let font = ink(Font {
            bold: false,
            ..WORD
        });
        canvas.text(&self.ratio, (end, y), font.right())
    }
}

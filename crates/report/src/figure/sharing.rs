//! The figure of sharing a cache: a way a row, a generation of engines a column. Each class has a sign,
//! a word and a fill of its own.

mod look;

use plotters::prelude::DrawingBackend;

use crate::analysis::Analysis;
use crate::analysis::sharing::{Cell, Sharing};
use crate::figure::canvas::{Canvas, Drawn, Font, GRID, INK, Point, QUIET};
use crate::figure::{Frame, Picture};
use crate::language::{Lang, Texted as _, fill};

use look::Kind;

pub(crate) struct Figure {
    lang: Lang,
    generations: Vec<String>,
    lines: Vec<Line>,
    /// Classes that are there, in the order of the legend.
    kinds: Vec<Kind>,
    /// What else stands in tiles.
    keys: Vec<&'static str>,
}

enum Line {
    Engine(String),
    Way(String, Vec<Option<Tile>>),
}

/// One cell.
struct Tile {
    kind: Kind,
    /// How many operations it takes, what a job costs: `3 op.`, `×0.31`.
    details: Vec<String>,
}

const WORD: Font = Font::new(22, INK).bold();
const DETAIL: Font = Font::new(22, INK);
const NAME: Font = Font::new(23, INK);
const COLUMN: Font = Font::new(24, INK).bold();
const ENGINE: Font = Font::new(24, QUIET).bold();
const TEXT: Font = Font::new(24, INK);
/// Between two tiles.
const GAP: i32 = 4;
/// From the beginning of a sign to that of its word.
const SIGN: i32 = 32;
const LEGEND_LINE: i32 = 48;

struct Layout {
    margin: i32,
    /// Where the first column begins.
    left: i32,
    tile: (i32, i32),
    /// Of a name above its tiles; none stands above where it stands beside.
    name: i32,
    /// Of a line of an engine; the names of the columns stand above the first one.
    engine: i32,
    columns: i32,
    top: i32,
    /// Entries of the legend in a line.
    legend: i32,
}

impl Figure {
    /// `None` when no run has a cell.
    pub(crate) fn of(analysis: &Analysis, lang: Lang) -> Option<Self> {
        let sharing = analysis
            .sharings()
            .find(|sharing| !sharing.cells.is_empty())?;
        let t = lang.sharing();
        let cells = || sharing.cells.iter();
        let has = |kind: &Kind| cells().any(|cell| Kind::of(cell.class) == *kind);
        let priced = cells().any(|cell| ratio(sharing, cell, lang).is_some());
        let listed = cells().any(|cell| cell.shortest().is_some());
        let keys = [(priced, t.mark_ratio), (listed, t.mark_operations)];
        let generations = sharing.generations();
        let mut lines = Vec::new();
        let mut engine = "";
        for way in sharing.ways() {
            if way.0 != engine {
                engine = way.0;
                lines.push(Line::Engine(engine.to_owned()));
            }
            let tiles = generations.iter().map(|generation| {
                let cell = sharing.cell(generation, way)?;
                Some(Tile::of(sharing, cell, lang))
            });
            lines.push(Line::Way(way.1.to_owned(), tiles.collect()));
        }
        Some(Self {
            lang,
            generations: generations.into_iter().map(str::to_owned).collect(),
            lines,
            kinds: Kind::ALL.into_iter().filter(has).collect(),
            keys: keys
                .into_iter()
                .filter_map(|(is_there, text)| is_there.then_some(text))
                .collect(),
        })
    }

    fn layout(&self, frame: Frame) -> Layout {
        let columns = i32::try_from(self.generations.len().max(1)).unwrap_or(1);
        let (margin, names, height, name) = if frame.narrow {
            (14, 0, 66, 38)
        } else {
            (50, 410, 46, 0)
        };
        Layout {
            margin,
            left: margin + names,
            tile: ((frame.width - 2 * margin - names) / columns, height),
            name,
            engine: 52,
            columns: 50,
            top: if frame.titled { 110 } else { 10 },
            legend: if frame.narrow { 1 } else { 2 },
        }
    }

    fn entries(&self, layout: &Layout) -> i32 {
        let kinds = i32::try_from(self.kinds.len()).unwrap_or(0);
        (kinds + layout.legend - 1) / layout.legend
    }
}

/// What a job costs with it, where that was measured of this generation.
fn ratio(sharing: &Sharing, cell: &Cell, lang: Lang) -> Option<String> {
    let cost = sharing.cost_of_cell(cell)?.to_cold.as_ref()?;
    Some(format!("×{}", lang.number(cost.estimate?.value, 2)))
}

impl Tile {
    fn of(sharing: &Sharing, cell: &Cell, lang: Lang) -> Self {
        let operations = cell.shortest().map(|list| {
            let t = lang.sharing();
            let template = if list.at_most {
                t.tile_at_most
            } else {
                t.tile_operations
            };
            fill(template, &[("count", &list.operations.len())])
        });
        let details = operations.into_iter().chain(ratio(sharing, cell, lang));
        Self {
            kind: Kind::of(cell.class),
            details: details.collect(),
        }
    }
}

impl Line {
    fn height(&self, layout: &Layout) -> i32 {
        match self {
            Self::Engine(_) => layout.engine,
            Self::Way(..) => layout.name + layout.tile.1,
        }
    }
}

impl Picture for Figure {
    fn height(&self, frame: Frame) -> i32 {
        let layout = self.layout(frame);
        let lines = self.lines.iter().map(|line| line.height(&layout));
        let keys = i32::try_from(self.keys.len()).unwrap_or(0);
        let foot = 50 + (self.entries(&layout) + keys) * LEGEND_LINE;
        layout.top + layout.columns + lines.sum::<i32>() + foot
    }

    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B> {
        let layout = self.layout(frame);
        if frame.titled {
            let title = self.lang.sharing().sharing_title;
            canvas.text(title, (layout.margin, 60), Font::new(46, INK).bold())?;
        }
        for (column, generation) in (0..).zip(&self.generations) {
            let middle = layout.column(column) + layout.tile.0 / 2;
            let at = (middle, layout.top + layout.columns / 2);
            canvas.text(generation, at, COLUMN.centered())?;
        }
        let mut y = layout.top + layout.columns;
        for line in &self.lines {
            match line {
                Line::Engine(engine) => {
                    let below = y + layout.engine - 5;
                    canvas.text(engine, (layout.margin, below - 18), ENGINE)?;
                    let (left, right) = (layout.margin, frame.width - layout.margin);
                    canvas.rule((left, below), (right, below), GRID, 2)?;
                }
                Line::Way(way, tiles) => {
                    let beside = y + layout.tile.1 / 2;
                    let above = y + layout.name - 16;
                    let name = if frame.narrow { above } else { beside };
                    canvas.text(way, (layout.margin, name), NAME)?;
                    for (column, tile) in (0..).zip(tiles) {
                        let at = (layout.column(column), y + layout.name);
                        if let Some(tile) = tile {
                            tile.paint(canvas, at, &layout, frame, self.lang)?;
                        }
                    }
                }
            }
            y += line.height(&layout);
        }
        self.paint_legend(canvas, y + 50, &layout, frame)
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
        let step = (frame.width - 2 * layout.margin) / layout.legend;
        let width = 210;
        for (index, kind) in (0..).zip(&self.kinds) {
            let (line, column) = (index / layout.legend, index % layout.legend);
            let left = layout.margin + column * step;
            let middle = top + line * LEGEND_LINE;
            let (from, to) = ((left, middle - 19), (left + width, middle + 19));
            kind.paint(canvas, (from, to), middle, self.lang)?;
            let [_, _, meaning] = kind.texts(self.lang);
            canvas.text(meaning, (left + width + 18, middle), TEXT)?;
        }
        let mut y = top + self.entries(layout) * LEGEND_LINE;
        for key in &self.keys {
            canvas.text(key, (layout.margin, y), TEXT)?;
            y += LEGEND_LINE;
        }
        Ok(())
    }
}

impl Layout {
    fn column(&self, column: i32) -> i32 {
        self.left + column * self.tile.0
    }
}

impl Kind {
    /// Its fill between two corners, and sign and word at this height.
    fn paint<B: DrawingBackend>(
        self,
        canvas: &Canvas<B>,
        (from, to): (Point, Point),
        middle: i32,
        lang: Lang,
    ) -> Drawn<B> {
        let look = self.look();
        look.paint(canvas, from, to)?;
        let [sign, word, _] = self.texts(lang);
        let left = from.0 + look.strip() + 10;
        canvas.text(sign, (left + 10, middle), look.inked(WORD).centered())?;
        canvas.text(word, (left + SIGN, middle), look.inked(WORD))
    }
}

impl Tile {
    /// What else is to be said stands beside the word, and below it where there is less room.
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
        let middle = i32::midpoint(from.1, to.1);
        let is_below = frame.narrow && !self.details.is_empty();
        let (word, detail) = if is_below {
            (middle - 14, middle + 15)
        } else {
            (middle, middle)
        };
        self.kind.paint(canvas, (from, to), word, lang)?;
        let font = self.kind.look().inked(DETAIL).right();
        canvas.text(&self.details.join("  "), (to.0 - 12, detail), font)
    }
}

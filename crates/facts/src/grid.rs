//! A grid of outcomes: what became of each thing that was tried, and where.

use serde::{Deserialize, Serialize};

use crate::document::{Cell, Column, Fit, Piece, Table, Tone, words};
use crate::estimate::Estimate;
use crate::language::{Lang, Text};

/// Rows of tiles, in groups and panels. It is a figure, a table of the page and one of the terminal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Grid {
    /// The name of its figure's files, without their endings.
    pub name: String,
    /// Above it.
    pub title: String,
    /// What the figure shows, for who can't see it.
    pub alternative: String,
    /// Below the figure.
    pub caption: String,
    /// What a row is, as the table's first column is called.
    pub row: String,
    /// From left to right.
    pub columns: Vec<String>,
    /// From top to bottom.
    pub panels: Vec<Panel>,
    /// The outcomes that the tiles have, in the order of the legend.
    pub outcomes: Vec<Outcome>,
    /// What else stands on tiles; lines below the legend.
    pub notes: Vec<String>,
    /// Below the tiles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plots: Vec<Plot>,
}

/// Samples in the grid's columns, on an axis of their own that begins at zero.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plot {
    /// At its left.
    pub title: String,
    /// Of its numbers.
    pub unit: String,
    /// One a column; `None` where nothing was measured.
    pub columns: Vec<Option<Samples>>,
}

/// What was measured of one column.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Samples {
    /// Each of them.
    pub values: Vec<f64>,
    /// Of them.
    pub median: Estimate,
}

/// A part with a title of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Panel {
    /// Empty where there is only one.
    pub title: String,
    /// From top to bottom.
    pub groups: Vec<Group>,
}

/// Rows that belong together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    /// Empty where there is only one.
    pub title: String,
    /// Of the table.
    pub caption: String,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

/// One row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// At its left.
    pub name: String,
    /// One a column; `None` where nothing was tried.
    pub tiles: Vec<Option<Tile>>,
}

/// What became of one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tile {
    /// Index into [`Grid::outcomes`].
    pub outcome: usize,
    /// In place of the outcome's own word; empty: that one.
    pub word: String,
    /// Below the word, line by line; the figure has room for the first.
    pub below: Vec<String>,
    /// A number at the right of a figure's tile.
    pub beside: String,
}

/// An [`Ending`] in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// For readers.
    pub word: String,
    /// No two of a grid are of one shape.
    pub sign: String,
    /// For the legend.
    pub meaning: String,
    /// Of a figure's tile.
    pub fill: Fill,
    /// In tables.
    pub tone: Tone,
}

/// How a tile is filled. No two fills look alike in grey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// Nothing in particular.
    Plain,
    /// Light, with a plain strip at its left.
    Edged,
    /// Light, with a hatched strip at its left.
    Hatched,
    /// Dark red, under light words.
    Red,
    /// Black, under light words.
    Black,
    /// Only a frame of dashes.
    Dashed,
    /// Nothing.
    Empty,
}

impl Tile {
    /// With nothing but the outcome's word on it.
    pub fn new(outcome: usize) -> Self {
        Self { outcome, word: String::new(), below: Vec::new(), beside: String::new() }
    }
}

/// How something ends, and how that looks: declared once, in every language.
#[derive(Debug)]
pub struct Ending {
    /// In files.
    pub name: &'static str,
    /// No two of a grid are of one shape, unless they mean the same to a figure.
    pub sign: &'static str,
    /// Of a figure's tile.
    pub fill: Fill,
    /// In tables.
    pub tone: Tone,
    /// For readers.
    pub word: Text,
    /// For the legend, and for the list of what words mean.
    pub meaning: Text,
}

impl Ending {
    /// Words and meanings are English, then Spanish.
    pub const fn new(
        name: &'static str,
        sign: &'static str,
        fill: Fill,
        tone: Tone,
        [word, palabra]: [&'static str; 2],
        [meaning, significado]: [&'static str; 2],
    ) -> Self {
        Self {
            name,
            sign,
            fill,
            tone,
            word: Text::new(word, palabra),
            meaning: Text::new(meaning, significado),
        }
    }

    /// As readers of a language see it.
    pub fn of(&self, lang: Lang) -> Outcome {
        Outcome {
            word: self.word.of(lang).to_owned(),
            sign: self.sign.to_owned(),
            meaning: self.meaning.of(lang).to_owned(),
            fill: self.fill,
            tone: self.tone,
        }
    }
}

impl Grid {
    /// Without outcomes: for its tables, or for the samples of `plots`.
    pub fn plain(row: &str, columns: Vec<String>, panels: Vec<Panel>) -> Self {
        Self {
            name: String::new(),
            title: String::new(),
            alternative: String::new(),
            caption: String::new(),
            row: row.to_owned(),
            columns,
            panels,
            outcomes: vec![
                Ending::new("", "", Fill::Empty, Tone::Plain, [""; 2], [""; 2]).of(Lang::En),
            ],
            notes: Vec::new(),
            plots: Vec::new(),
        }
    }

    /// The word that stands on a tile.
    pub fn word<'a>(&'a self, tile: &'a Tile) -> &'a str {
        if tile.word.is_empty() { &self.outcomes[tile.outcome].word } else { &tile.word }
    }

    /// How many tiles each outcome has, in the order of the legend; none that has none.
    fn counted(&self) -> impl Iterator<Item = (&Outcome, usize)> {
        let groups = self.panels.iter().flat_map(|panel| &panel.groups);
        let rows = groups.flat_map(|group| &group.rows);
        let tiles = rows.flat_map(|row| row.tiles.iter().flatten());
        let mut counts = vec![0; self.outcomes.len()];
        tiles.for_each(|tile| counts[tile.outcome] += 1);
        self.outcomes.iter().zip(counts).filter(|(_, count)| *count > 0)
    }

    /// The outcomes that stand on any tile.
    pub fn present(&self) -> impl Iterator<Item = &Outcome> {
        self.counted().map(|(outcome, _)| outcome)
    }

    /// `works 12, refused 3`
    pub fn counts(&self) -> String {
        let counts = self.counted().map(|(outcome, count)| format!("{} {count}", outcome.word));
        counts.collect::<Vec<_>>().join(", ")
    }

    /// What each outcome means, as a list.
    pub fn meanings(&self) -> Piece {
        let meaning = |outcome: &Outcome| format!("{}: {}.", outcome.word, outcome.meaning);
        Piece::List(self.outcomes.iter().map(meaning).collect())
    }

    /// A table a group: a row a row, a column a column.
    pub fn tables(&self) -> Vec<Piece> {
        let groups = self.panels.iter().flat_map(|panel| &panel.groups);
        groups.map(|group| Piece::Table(self.table(group))).collect()
    }

    fn table(&self, group: &Group) -> Table {
        let cell = |tile: &Option<Tile>| {
            let Some(tile) = tile else {
                return Cell::new("–");
            };
            Cell {
                below: tile.below.clone(),
                tone: self.outcomes[tile.outcome].tone,
                ..Cell::new(self.word(tile))
            }
        };
        let row = |row: &Row| {
            let name = Cell::new(format!("`{}`", row.name));
            std::iter::once(name).chain(row.tiles.iter().map(cell)).collect()
        };
        let columns = self.columns.iter().map(|name| words(format!("`{name}`")));
        let first: Column = words(self.row.clone());
        Table {
            caption: group.caption.clone(),
            columns: std::iter::once(first).chain(columns).collect(),
            rows: group.rows.iter().map(row).collect(),
            fit: Fit::Scroll,
        }
    }
}

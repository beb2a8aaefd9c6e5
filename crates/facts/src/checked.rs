//! What a file must hold before it is rendered: names that stay in its folder and away from what
//! others have written there, indexes that lead somewhere, rows as long as their titles.

use crate::derive::{Facts, Page};
use crate::document::{Piece, Table};
use crate::grid::Grid;
use crate::language::Lang;
use crate::sheet::Sheet;

/// What is wrong, in a line.
type Checked = Result<(), String>;

/// Tables of a run's folder that are none of its experiment's: its rows, and what every report has.
const TAKEN_TABLES: [&str; 8] =
    ["samples", "blocks", "trials", "summary", "ratios", "parts", "claims", "growth"];

/// The same of figures and pages.
const TAKEN_FIGURES: [&str; 6] = ["figure", "forest", "parts", "order", "levels", "report"];

/// More grid lines than this are no figure.
const TICKS: u32 = 50;

/// A grid of more rows is no figure: its picture would be taller than any screen.
const ROWS: usize = 500;

impl Facts {
    /// Whether they can be rendered.
    pub(crate) fn check(&self) -> Checked {
        for file in self.tables.keys() {
            let name = file.strip_suffix(".csv");
            holds(name.is_some_and(is_name), || format!("a table can't be named {file:?}"))?;
            let is_taken = name.is_some_and(|name| TAKEN_TABLES.contains(&name));
            holds(!is_taken, || format!("{file} is no table of an experiment's own"))?;
        }
        let missing = Lang::ALL.into_iter().find(|lang| !self.pages.contains_key(lang));
        if let Some(lang) = missing.filter(|_| !self.pages.is_empty()) {
            return Err(format!("its page in `{}` is missing", lang.code()));
        }
        self.pages.values().try_for_each(Page::check)
    }
}

impl Page {
    fn check(&self) -> Checked {
        let mut names: Vec<&str> = Vec::new();
        let grids = self.grids.iter().map(|grid| &*grid.name);
        for name in grids.chain(self.levels.iter().map(|levels| &*levels.name)) {
            let is_new = is_name(name) && !names.contains(&name) && !TAKEN_FIGURES.contains(&name);
            holds(is_new, || format!("a figure can't be named {name:?}"))?;
            names.push(name);
        }
        self.grids.iter().try_for_each(Grid::check)?;
        let parts = [&self.section, &self.of_samples, &self.of_trials];
        parts.into_iter().try_for_each(|pieces| check_pieces(pieces, names.len()))
    }
}

impl Grid {
    fn check(&self) -> Checked {
        let Self { name, columns, .. } = self;
        let groups = self.panels.iter().flat_map(|panel| &panel.groups);
        let rows = || groups.clone().flat_map(|group| &group.rows);
        let count = rows().count();
        holds(count <= ROWS, || format!("the grid `{name}` has {count} rows, more than {ROWS}"))?;
        let lengths = rows().map(|row| row.tiles.len());
        let mut lengths = lengths.chain(self.plots.iter().map(|plot| plot.columns.len()));
        if let Some(length) = lengths.find(|length| *length != columns.len()) {
            return Err(format!(
                "a row of the grid `{name}` has {length} fields for {} columns",
                columns.len()
            ));
        }
        let mut tiles = rows().flat_map(|row| row.tiles.iter().flatten());
        let unknown = tiles.find(|tile| tile.outcome >= self.outcomes.len());
        unknown.map_or(Ok(()), |tile| {
            Err(format!("the grid `{name}` has no outcome {}", tile.outcome))
        })
    }
}

impl Sheet {
    /// Whether it can be rendered.
    pub(crate) fn check(&self) -> Checked {
        let name = &self.experiment;
        holds(is_name(name), || format!("files can't be named {name:?}"))?;
        for panel in &self.figure.panels {
            let (low, high) = panel.range;
            let is_axis = low < high && (1..=TICKS).contains(&panel.ticks);
            holds(is_axis, || format!("the panel `{}` has no axis", panel.title))?;
        }
        check_pieces(&self.pieces, 1)
    }
}

fn check_pieces(pieces: &[Piece], figures: usize) -> Checked {
    pieces.iter().try_for_each(|piece| match piece {
        Piece::Figure(index) => holds(*index < figures, || format!("there is no figure {index}")),
        Piece::Heading(level, title) => {
            holds([2, 3].contains(level), || format!("the heading `{title}` is of level {level}"))
        }
        Piece::Details(_, inner) => check_pieces(inner, figures),
        Piece::Table(table) => check_table(table),
        Piece::Paragraph(_) | Piece::Note(_) | Piece::List(_) | Piece::Code(_) => Ok(()),
    })
}

fn check_table(table: &Table) -> Checked {
    let columns = table.columns.len();
    let other = table.rows.iter().find(|row| row.len() != columns);
    other.map_or(Ok(()), |row| {
        let (caption, fields) = (&table.caption, row.len());
        Err(format!("a row of the table `{caption}` has {fields} fields for {columns} columns"))
    })
}

/// Whether it is a word that can stand in a file's name: no folder, nothing hidden, nothing that a
/// page takes for a mark.
fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

fn holds(is_so: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if is_so { Ok(()) } else { Err(otherwise()) }
}

//! What the program says of made-up rows, and how to look at it.

use facts::document::{Cell, Piece};
use facts::{Facts, Here, Lang};
use measure::Trial;
use synthetic::{Row, derived, table};

use crate::made;

/// What the program derives of a run of these rows.
pub(crate) fn said(rows: &[Trial], blocks: u32) -> Facts {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    made::run(&run, rows, blocks);
    derived(env!("CARGO_BIN_EXE_cache-sharing"), &run)
}

/// The section, a line each piece and each row of a table.
pub(crate) fn text(facts: &Facts, lang: Lang) -> String {
    fn add(piece: &Piece, into: &mut Vec<String>) {
        let shown = |cell: &Cell| {
            let lines = std::iter::once(&cell.text).chain(&cell.below);
            let lines: Vec<&str> = lines.map(String::as_str).collect();
            format!("{}{}", cell.tone.sign(), lines.join("; "))
        };
        match piece {
            Piece::Heading(level, title) => {
                into.push(format!("{} {title}", "#".repeat(usize::from(*level))));
            }
            Piece::Paragraph(text) | Piece::Note(text) | Piece::Code(text) => {
                into.push(text.clone());
            }
            Piece::List(points) => into.extend(points.iter().cloned()),
            Piece::Table(table) => {
                into.push(table.caption.clone());
                into.extend(table.rows.iter().map(|row| {
                    let cells: Vec<String> = row.iter().map(shown).collect();
                    format!("| {} |", cells.join(" | "))
                }));
            }
            Piece::Figure(index) => into.push(format!("figure {index}")),
            Piece::Details(title, pieces) => {
                into.push(title.clone());
                for piece in pieces {
                    add(piece, into);
                }
            }
        }
    }
    let mut lines = Vec::new();
    for piece in &facts.pages[&lang].section {
        add(piece, &mut lines);
    }
    lines.join("\n")
}

/// What a run of these rows has in its section, without costs.
pub(crate) fn section(rows: &[Trial]) -> String {
    text(&said(rows, 0), Lang::En)
}

/// The rows of `sharing.csv`.
pub(crate) fn sharing(facts: &Facts) -> Vec<Row> {
    table(facts, "sharing.csv")
}

/// The one row of `sharing.csv` of a run of these rows.
pub(crate) fn row_of(rows: &[Trial]) -> Row {
    let mut rows = sharing(&said(rows, 0));
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

/// What becomes of a claim; `None` where nothing is said of it.
pub(crate) fn here(facts: &Facts, id: &str) -> Option<Here> {
    let mut claims = facts.claims.iter();
    claims.find(|claim| claim.id == id).map(|claim| claim.here)
}

//! Tables of what was tried once, where nobody says what follows from it.

use facts::{term, text};
use measure::Trial;

use super::Source;
use facts::Lang;
use facts::document::{Cell, Piece};
use facts::trials::{by_step, megabytes, seconds, tables, with_reason};

/// Nothing for a run that has tried nothing else.
pub(super) fn trials(source: &Source) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (record, run) in source.runs.records.iter().zip(&source.analysis.runs) {
        let mut tables = tables(&record.trials);
        tables.retain(|table| !run.explains(table));
        let tables = tables.into_iter();
        pieces.extend(tables.flat_map(|table| matrix(&record.trials, table, source.lang)));
    }
    pieces
}

fn matrix(trials: &[Trial], table: &str, lang: Lang) -> Vec<Piece> {
    let cell = |row: &Trial| {
        let mut cell = Cell::new(&row.outcome).english();
        if let Some(ns) = row.wall_ns {
            cell = cell.below(format!("{} s", seconds(ns as f64, lang)));
        }
        if let Some(bytes) = row.bytes {
            cell = cell.below(format!("{} MB", megabytes(bytes, lang)));
        }
        with_reason(cell, row)
    };
    vec![
        Piece::Heading(2, text!(lang; "Tried once: {table}"; "Probado una vez: {table}")),
        Piece::Table(by_step(
            trials,
            table,
            term!(lang; "what"; "qué"),
            text!(lang; "{table}: what became of each"; "{table}: en qué quedó cada cosa"),
            cell,
        )),
        Piece::Paragraph(
            term!(lang; "Tried once each; outcomes and reasons are in the words of the record.";
            "Probado una vez cada cosa; resultados y motivos, con las palabras del registro.")
            .to_owned(),
        ),
    ]
}

//! `coverage.csv`, one row a cell, and `criteria.csv`, one row a criterion. The report draws them and
//! writes its page of them: nothing else is handed on.

use measure::failure;
use miette::Result;

use crate::simulate::Outcome;
use crate::verdict::{Criterion, passes, required};

pub(crate) const CELLS_FILE: &str = "coverage.csv";
pub(crate) const CRITERIA_FILE: &str = "criteria.csv";

const CELL: [&str; 14] = [
    "rule",
    "n",
    "law",
    "environment",
    "ratio",
    "replicates",
    "given",
    "covered",
    "coverage",
    "exact",
    "standard_error",
    "required",
    "pass",
    "assumption_holds",
];

/// What was simulated, and what was required of it.
const CRITERION: [&str; 6] = ["seed", "replicates", "cells", "criterion", "found", "met"];

/// One row a cell; a number that does not exist is an empty field.
pub(crate) fn cells(outcomes: &[Outcome]) -> Result<Vec<u8>> {
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.6}"));
    let rows = outcomes.iter().map(|outcome| {
        let cell = &outcome.cell;
        [
            cell.rule.name().to_owned(),
            cell.n.to_string(),
            cell.law.name.to_owned(),
            cell.environment.name.to_owned(),
            number(Some(cell.ratio)),
            cell.replicates.to_string(),
            outcome.given.to_string(),
            outcome.covered.to_string(),
            number(outcome.coverage()),
            number(outcome.exact),
            number(outcome.standard_error()),
            number(required(outcome)),
            passes(outcome).map_or(String::new(), |pass| pass.to_string()),
            cell.assumption_holds().to_string(),
        ]
    });
    table(CELLS_FILE, &CELL, rows)
}

/// One row a criterion. Each says what was simulated too, so that cells of another simulation are
/// noticed.
pub(crate) fn criteria(
    criteria: &[Criterion],
    cells: usize,
    replicates: u32,
    seed: u64,
) -> Result<Vec<u8>> {
    let rows = criteria.iter().map(|criterion| {
        [
            seed.to_string(),
            replicates.to_string(),
            cells.to_string(),
            criterion.what.clone(),
            criterion.found.clone(),
            criterion.met.to_string(),
        ]
    });
    table(CRITERIA_FILE, &CRITERION, rows)
}

fn table<const N: usize>(
    name: &str,
    header: &[&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let written = table
        .write_record(header)
        .and_then(|()| rows.into_iter().try_for_each(|row| table.write_record(row)));
    let not_made = |error: &dyn std::fmt::Display| {
        failure(format!("{name} can't be made"), error.to_string(), "report this as a bug")
    };
    written.map_err(|error| not_made(&error))?;
    table.into_inner().map_err(|error| not_made(&error))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::protocol::protocol;
    use crate::verdict::{FULL, judge};

    fn stored(name: &str) -> Vec<u8> {
        let results = concat!(env!("CARGO_MANIFEST_DIR"), "/../../results/coverage");
        std::fs::read(PathBuf::from(results).join(name)).expect("a stored file")
    }

    /// The stored cells as outcomes of this protocol.
    fn stored_outcomes() -> Vec<Outcome> {
        let cells = protocol(FULL);
        let table = stored(CELLS_FILE);
        let rows = csv::Reader::from_reader(&table[..]).into_records();
        let rows: Vec<csv::StringRecord> = rows.map(|row| row.expect("a row")).collect();
        assert_eq!(rows.len(), cells.len());
        let outcome = |(cell, row): (crate::protocol::Cell, &csv::StringRecord)| Outcome {
            cell,
            given: row[6].parse().expect("a number"),
            covered: row[7].parse().expect("a number"),
            exact: row[9].parse().ok(),
        };
        cells.into_iter().zip(&rows).map(outcome).collect()
    }

    /// What is stored is of the protocol and the criteria of today: whoever changes one of them has
    /// to simulate again.
    #[test]
    fn the_stored_files_are_of_this_protocol_and_these_criteria() {
        let outcomes = stored_outcomes();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let again = text(cells(&outcomes).expect("a table"));
        for (ours, theirs) in again.lines().zip(text(stored(CELLS_FILE)).lines()) {
            assert_eq!(ours, theirs);
        }
        let judged = criteria(&judge(&outcomes), outcomes.len(), FULL, 1).expect("a table");
        assert_eq!(text(judged), text(stored(CRITERIA_FILE)));
    }
}

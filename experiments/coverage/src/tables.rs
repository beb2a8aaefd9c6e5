//! `coverage.csv`, one row a cell, and `criteria.csv`, one row a criterion.

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
pub(crate) fn cells(outcomes: &[Outcome]) -> Result<String> {
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
) -> Result<String> {
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
) -> Result<String> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let written = table
        .write_record(header)
        .and_then(|()| rows.into_iter().try_for_each(|row| table.write_record(row)));
    let not_made = |error: &dyn std::fmt::Display| {
        failure(format!("{name} can't be made"), error.to_string(), "report this as a bug")
    };
    written.map_err(|error| not_made(&error))?;
    let bytes = table.into_inner().map_err(|error| not_made(&error))?;
    String::from_utf8(bytes).map_err(|error| not_made(&error))
}

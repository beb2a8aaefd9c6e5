//! What a simulation of coverage left: `coverage.csv`, one row a cell, and `criteria.csv`, one row a
//! criterion. Read strictly: a damaged file is an error and never another picture.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use measure::{failure, usage};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const CELLS_FILE: &str = "coverage.csv";
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

const CRITERIA_FILE: &str = "criteria.csv";
const CRITERION: [&str; 6] = ["seed", "replicates", "cells", "criterion", "found", "met"];

/// Shares are written with six decimals.
const ROUNDING: f64 = 1e-6;

/// The law with ties.
const TICKS: &str = "4 ms ticks";
/// The law of the two cases that must fail.
const PLAIN: &str = "lognormal 0.1";
const AUTOREGRESSION: &str = "AR(1) 0.9";
const DRIFT: &str = "drift";
const A_THEN_B: &str = "drift, all A then all B";
/// Where no reading hangs together with another one.
const INDEPENDENT: [&str; 2] = ["iid", "unequal shapes"];

/// A simulation, read and checked.
pub(super) struct Simulation {
    pub(super) seed: u64,
    /// Runs of each cell but the bootstrap's.
    pub(super) replicates: u32,
    pub(super) cells: Vec<Cell>,
    pub(super) criteria: Vec<Criterion>,
}

/// What is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) enum Rule {
    #[serde(rename = "1 median")]
    Median,
    #[serde(rename = "2 ratio")]
    Ratio,
    #[serde(rename = "3 equivalence")]
    Equivalence,
    #[serde(rename = "4 adaptive")]
    Adaptive,
    #[serde(rename = "bootstrap")]
    Bootstrap,
}

/// One simulated condition, and what came of it.
#[derive(Deserialize)]
pub(super) struct Cell {
    pub(super) rule: Rule,
    /// Blocks.
    pub(super) n: u32,
    pub(super) law: String,
    pub(super) environment: String,
    /// True ratio of the arms.
    pub(super) ratio: f64,
    pub(super) replicates: u32,
    /// Runs in which the rule said something.
    given: u32,
    /// Those in which it was true.
    covered: u32,
    coverage: Option<f64>,
    /// What the interval says of itself, where that is exact.
    pub(super) exact: Option<f64>,
    pub(super) standard_error: Option<f64>,
    pub(super) required: Option<f64>,
    pub(super) pass: Option<bool>,
    pub(super) assumption_holds: bool,
}

/// One requirement, and what the simulation says of it.
#[derive(Deserialize)]
pub(super) struct Criterion {
    seed: u64,
    replicates: u32,
    cells: usize,
    #[serde(rename = "criterion")]
    pub(super) what: String,
    pub(super) found: String,
    pub(super) met: bool,
}

impl Rule {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Median => "1 median",
            Self::Ratio => "2 ratio",
            Self::Equivalence => "3 equivalence",
            Self::Adaptive => "4 adaptive",
            Self::Bootstrap => "bootstrap",
        }
    }
}

impl Cell {
    /// Share of the runs in which what was said was true; `None` where nothing was said.
    pub(super) fn coverage(&self) -> Option<f64> {
        (self.given > 0).then(|| f64::from(self.covered) / f64::from(self.given))
    }

    pub(super) fn has_ties(&self) -> bool {
        self.law == TICKS
    }

    /// The first case that must fail: all of A before all of B.
    pub(super) fn is_a_then_b(&self) -> bool {
        self.rule == Rule::Ratio && self.environment == A_THEN_B
    }

    /// The second: a median where readings hang together.
    pub(super) fn is_raw_median(&self) -> bool {
        self.rule == Rule::Median && self.environment == AUTOREGRESSION && self.law == PLAIN
    }

    /// Rule 2 on the machine of the first case, in random order.
    pub(super) fn mends_a_then_b(&self) -> bool {
        self.mends() && self.environment == DRIFT
    }

    /// The same of the second.
    pub(super) fn mends_raw_median(&self) -> bool {
        self.mends() && self.environment == AUTOREGRESSION
    }

    fn mends(&self) -> bool {
        self.rule == Rule::Ratio && self.law == PLAIN && (self.ratio - 1.0).abs() < f64::EPSILON
    }

    /// How many standard errors the coverage is away from the exact one, where it has to be that.
    pub(super) fn deviations(&self) -> Option<f64> {
        let exact = matches!(self.rule, Rule::Median | Rule::Ratio)
            && INDEPENDENT.contains(&self.environment.as_str())
            && !self.has_ties();
        if !exact {
            return None;
        }
        let expected = self.exact?;
        let error = (expected * (1.0 - expected) / f64::from(self.given)).sqrt();
        Some((self.coverage()? - expected) / error)
    }

    /// Whether the numbers are possible, and fit one another.
    fn check(&self) -> Result<(), String> {
        let shares = [self.coverage, self.exact, self.standard_error, self.required];
        if shares.iter().flatten().any(|x| !(0.0..=1.0).contains(x)) {
            return Err("a share is not between 0 and 1".to_owned());
        }
        if !(self.ratio.is_finite() && self.ratio > 0.0) {
            return Err(format!("{} is no ratio", self.ratio));
        }
        if self.given > self.replicates || self.covered > self.given {
            return Err(format!(
                "of {} runs {} gave something, of these {} were true",
                self.replicates, self.given, self.covered
            ));
        }
        let said = match (self.coverage(), self.coverage) {
            (Some(counted), Some(written)) => (counted - written).abs() <= ROUNDING,
            (None, None) => true,
            _ => false,
        };
        if !said {
            return Err(format!("the coverage is not that of {} in {}", self.covered, self.given));
        }
        let judged = match (self.coverage(), self.required, self.pass) {
            // At the line itself the last digit that was written can't tell.
            (Some(coverage), Some(required), Some(pass)) => {
                (coverage - required).abs() <= ROUNDING || pass == (coverage > required)
            }
            (_, None, None) => true,
            _ => false,
        };
        if !judged {
            return Err("`pass` does not say whether what is required is reached".to_owned());
        }
        Ok(())
    }
}

impl Simulation {
    /// Reads a folder; fails (usage) when it holds no simulation.
    pub(super) fn open(folder: &Path) -> miette::Result<Self> {
        let cells: Vec<Cell> = table(folder, CELLS_FILE, &CELL)?;
        let criteria: Vec<Criterion> = table(folder, CRITERIA_FILE, &CRITERION)?;
        check_cells(&cells).map_err(|why| damaged(&folder.join(CELLS_FILE), why))?;
        let (seed, replicates) = check_criteria(&criteria, &cells)
            .map_err(|why| damaged(&folder.join(CRITERIA_FILE), why))?;
        Ok(Self { seed, replicates, cells, criteria })
    }
}

fn check_cells(cells: &[Cell]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for (line, cell) in (2..).zip(cells) {
        cell.check().map_err(|why| format!("line {line}: {why}"))?;
        let ratio = cell.ratio.to_bits();
        if !seen.insert((cell.rule, cell.n, &cell.law, &cell.environment, ratio)) {
            return Err(format!("line {line}: this cell was there before"));
        }
    }
    Ok(())
}

/// Seed and replicates, which every criterion names.
fn check_criteria(criteria: &[Criterion], cells: &[Cell]) -> Result<(u64, u32), String> {
    let first = criteria.first().ok_or("it has no criterion")?;
    let of = |criterion: &Criterion| (criterion.seed, criterion.replicates, criterion.cells);
    if criteria.iter().any(|criterion| of(criterion) != of(first)) {
        return Err("its rows are of several simulations".to_owned());
    }
    let replicates = cells.iter().map(|cell| cell.replicates).max().unwrap_or(0);
    if (first.replicates, first.cells) != (replicates, cells.len()) {
        return Err(format!(
            "it is of {} cells with {} runs each, {CELLS_FILE} has {} with {replicates}",
            first.cells,
            first.replicates,
            cells.len()
        ));
    }
    Ok((first.seed, first.replicates))
}

fn table<T: DeserializeOwned>(
    folder: &Path,
    name: &str,
    columns: &[&str],
) -> miette::Result<Vec<T>> {
    let path = folder.join(name);
    let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => usage(
            format!("{} holds no simulation of coverage", folder.display()),
            format!("it has no {name}"),
            "name the folder that `coverage --out DIR` filled, or fill it with `cargo xtask coverage`",
        ),
        _ => failure(
            format!("{} can't be read", path.display()),
            error.to_string(),
            "make it readable, or name another folder",
        ),
    })?;
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let header = reader.headers().map_err(|error| damaged(&path, error.to_string()))?;
    if *header != *columns {
        return Err(damaged(&path, format!("the columns are not {}", columns.join(","))));
    }
    reader
        .into_deserialize()
        .collect::<Result<_, csv::Error>>()
        .map_err(|error| damaged(&path, error.to_string()))
}

fn damaged(path: &Path, why: String) -> miette::Report {
    failure(
        format!("{} is not what a simulation leaves", path.display()),
        why,
        "restore the file, or make it again with `cargo xtask coverage`",
    )
}

//! A simulation, as it was made or as it lies in a folder, and what a reader sees of it.

mod figure;
mod page;

use std::path::Path;

use facts::Sheet;
use measure::stats::{ALPHA, Looks, median_interval};
use measure::{failure, usage};
use miette::Result;

use crate::environment::{AR_09, DRIFT, Environment};
use crate::law::LOGNORMAL;
use crate::protocol::{Cell, Rule, protocol};
use crate::simulate::Outcome;
use crate::tables::{self, CELLS_FILE, CRITERIA_FILE};
use crate::verdict::{Criterion, judge};

/// Every cell with what came of it, and what that means.
pub(crate) struct Simulation {
    seed: u64,
    /// Runs of each cell but the bootstrap's.
    replicates: u32,
    outcomes: Vec<Outcome>,
    pub(crate) criteria: Vec<Criterion>,
}

impl Simulation {
    pub(crate) fn new(seed: u64, replicates: u32, outcomes: Vec<Outcome>) -> Self {
        Self { seed, replicates, criteria: judge(&outcomes), outcomes }
    }

    /// Its files, by name. The criteria come last: who finds them finds their cells.
    pub(crate) fn tables(&self) -> Result<[(&'static str, String); 2]> {
        let (cells, replicates) = (self.outcomes.len(), self.replicates);
        let criteria = tables::criteria(&self.criteria, cells, replicates, self.seed)?;
        Ok([(CELLS_FILE, tables::cells(&self.outcomes)?), (CRITERIA_FILE, criteria)])
    }

    /// Reads a folder. Only counts are taken from it: all else follows from them and the protocol,
    /// and a file that says something else is an error and never another picture.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let [cells, criteria] = [CELLS_FILE, CRITERIA_FILE].map(|name| rows(folder, name));
        let (cells, criteria) = (cells?, criteria?);
        let of = |at: usize| criteria.first().and_then(|row| row.get(at));
        let numbers = of(0).and_then(|seed| seed.parse().ok()).zip(number(of(1)));
        let (seed, replicates) =
            numbers.ok_or_else(|| damaged(folder, CRITERIA_FILE, "it has no criterion"))?;
        let protocol = protocol(replicates);
        if cells.len() != protocol.len() {
            let why = format!("it has {} of {} cells", cells.len(), protocol.len());
            return Err(damaged(folder, CELLS_FILE, &why));
        }
        let outcome = |(line, (cell, row)): (usize, (Cell, &csv::StringRecord))| {
            let replicates = cell.replicates;
            let counts = number(row.get(6)).zip(number(row.get(7)));
            let counts = counts.filter(|(given, covered)| covered <= given && *given <= replicates);
            let (given, covered) = counts.ok_or_else(|| {
                damaged(folder, CELLS_FILE, &format!("line {line} has no counts of {replicates}"))
            })?;
            Ok(Outcome { cell, given, covered, exact: None }.with_exact())
        };
        let outcomes = (2..).zip(protocol.into_iter().zip(&cells)).map(outcome);
        let simulation = Self::new(seed, replicates, outcomes.collect::<Result<_>>()?);
        for (name, expected) in simulation.tables()? {
            let found = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            if found != expected {
                let mut lines = found.lines().zip(expected.lines());
                let line = lines.position(|(found, expected)| found != expected);
                let line = line.map_or("its end".to_owned(), |line| format!("line {}", line + 1));
                let why = format!("{line} does not follow from its counts and the protocol");
                return Err(damaged(folder, name, &why));
            }
        }
        Ok(simulation)
    }

    /// What a reader sees.
    pub(crate) fn sheet(&self) -> Sheet {
        Sheet {
            experiment: env!("CARGO_PKG_NAME").to_owned(),
            title: "Do the intervals cover what they claim?".to_owned(),
            lead: page::lead(self),
            pieces: page::pieces(self),
            figure: figure::figure(self),
        }
    }

    /// The cells of a rule in which its assumptions hold.
    fn promised(&self, rule: Rule) -> Vec<&Outcome> {
        let held = |o: &&Outcome| o.cell.rule == rule && o.cell.assumption_holds();
        self.outcomes.iter().filter(held).collect()
    }

    fn of_bootstrap(&self) -> Vec<&Outcome> {
        self.outcomes.iter().filter(|o| o.cell.rule == Rule::Bootstrap).collect()
    }
}

impl Outcome {
    /// With the coverage that the interval of so many readings says of itself.
    fn with_exact(self) -> Self {
        let says = self.given > 0 && self.cell.rule.says_coverage();
        let readings = || (0..self.cell.n).map(|reading| reading as f64).collect::<Vec<_>>();
        let interval = says.then(|| median_interval(&readings(), ALPHA, Looks::Once)).flatten();
        Self { exact: interval.map(|interval| interval.coverage), ..self }
    }

    /// Rule 2 in random order on the machine of a case that must fail.
    fn mends(&self, environment: &Environment) -> bool {
        let cell = &self.cell;
        let is_one = (cell.ratio - 1.0).abs() < f64::EPSILON;
        let is_plain = cell.rule == Rule::Ratio && *cell.law == LOGNORMAL && is_one;
        is_plain && cell.environment == environment
    }

    fn mends_a_then_b(&self) -> bool {
        self.mends(&DRIFT)
    }

    fn mends_raw_median(&self) -> bool {
        self.mends(&AR_09)
    }
}

fn rows(folder: &Path, name: &str) -> Result<Vec<csv::StringRecord>> {
    let text = std::fs::read(folder.join(name)).map_err(|error| {
        let remedy =
            "name the folder that `--out DIR` filled, or fill it with `cargo xtask coverage`";
        usage(
            format!("{} holds no simulation of coverage", folder.display()),
            format!("{name}: {error}"),
            remedy,
        )
    })?;
    let rows = csv::Reader::from_reader(&text[..]).into_records();
    rows.collect::<Result<_, _>>().map_err(|why| damaged(folder, name, &why.to_string()))
}

fn number(field: Option<&str>) -> Option<u32> {
    field?.parse().ok()
}

fn damaged(folder: &Path, name: &str, why: &str) -> miette::Report {
    failure(
        format!("{} is not what a simulation leaves", folder.join(name).display()),
        why,
        "restore the file, or make it again with `cargo xtask coverage`",
    )
}

//! The statistics of a report. Which rule gives which number:
//!
//! - an arm's median: rule 1; a contrast's ratio: rule 2, on the logarithms of the ratios within
//!   blocks; where the stop was adaptive, both with the ranks of rule 4;
//! - of the m primary contrasts of a run, each has alpha/m (rule 5), exploratory ones alpha;
//! - several sessions: rule 6 as soon as an interval exists, until then all blocks together. Where
//!   it exists at alpha but not at alpha/m, each primary contrast is by itself;
//! - what grows with the level: rule 8, within all blocks together, each series at alpha.
//!
//! What is concluded of them is in [`verdict`].

mod answers;
mod arms;
mod estimate;
mod growth;
pub(crate) mod matrix;
mod parts;
mod place;
mod ratios;
mod sensitivity;
pub(crate) mod sharing;
pub(crate) mod sidecar;
pub(crate) mod trials;
pub(crate) mod verdict;

use serde::Serialize;

use self::matrix::{MATRIX, Matrix};
use self::sharing::Sharing;
use self::sidecar::Sidecar;
use self::trials::{DEPTH, DEPTH_START, Depth};
use crate::claims::{self, Claim};
use crate::published::Table;
use crate::record::{Record, Runs};

pub(crate) use answers::{Answers, Comparison, Factor, Way};
pub(crate) use arms::{ArmSummary, Failure, by_session};
pub(crate) use estimate::{Estimate, Range, Scope, estimate, pooled, sessions_needed};
pub(crate) use growth::{Predicted, SeriesSummary};
pub(crate) use parts::{Breakdown, PartSummary};
pub(crate) use place::Place;
pub(crate) use ratios::{Ratio, RatioSummary, between, logs, pairs, ratio_of_ratios};
pub(crate) use sensitivity::{BlockSummary, Flag, Found, RULES, Sensitivity, Without};

/// More ratios than this are no picture. (That of system calls has 60, and is one.)
const CROWD: usize = 64;

/// Every number of a report.
#[derive(Serialize)]
pub(crate) struct Analysis {
    /// One a run, in the order of the record's runs.
    pub(crate) runs: Vec<RunAnalysis>,
}

/// Every number of one run.
#[derive(Serialize)]
pub(crate) struct RunAnalysis {
    pub(crate) experiment: String,
    pub(crate) claims: Vec<Claim>,
    pub(crate) arms: Vec<ArmSummary>,
    pub(crate) ratios: Vec<RatioSummary>,
    pub(crate) parts: Vec<Breakdown>,
    pub(crate) growth: Vec<SeriesSummary>,
    pub(crate) answers: Answers,
    pub(crate) depth: Vec<Depth>,
    pub(crate) matrix: Option<Matrix>,
    pub(crate) sharing: Option<Sharing>,
    pub(crate) sidecar: Option<Sidecar>,
    pub(crate) sensitivity: Sensitivity,
    pub(crate) failures: Vec<Failure>,
}

/// What a run's claims are made of.
#[derive(Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub(crate) ratios: &'a [RatioSummary],
    pub(crate) growth: &'a [SeriesSummary],
    pub(crate) answers: &'a Answers,
    pub(crate) depth: &'a [Depth],
    pub(crate) matrix: Option<&'a Matrix>,
    pub(crate) sharing: Option<&'a Sharing>,
    pub(crate) sidecar: Option<&'a Sidecar>,
}

impl RunAnalysis {
    /// Whether primary ratios are at 5 % each, so that nothing is controlled of the family.
    pub(crate) fn is_each_by_itself(&self) -> bool {
        self.ratios.iter().any(|ratio| ratio.by_itself)
    }

    /// Whether a table of trials is shown as what follows from it, so that nobody needs its rows.
    pub(crate) fn explains(&self, table: &str) -> bool {
        match table {
            DEPTH | DEPTH_START => !self.depth.is_empty(),
            MATRIX => true,
            other if sharing::TABLES.contains(&other) => true,
            // Its tables have names that others may have too.
            other => self.sidecar.is_some() && sidecar::TABLES.contains(&other),
        }
    }

    /// Whether its ratios are too many to stand beside each other, so that the exploratory ones are
    /// folded away.
    fn is_crowded(&self) -> bool {
        self.ratios.len() > CROWD
    }

    /// Whether a ratio stands in figures and first tables.
    fn shows(&self, ratio: &RatioSummary) -> bool {
        !self.is_crowded() || ratio.primary || ratio.control
    }

    /// The same of an arm: one that a shown ratio is made of.
    fn shows_arm(&self, arm: &ArmSummary) -> bool {
        let mut shown = self.ratios.iter().filter(|ratio| self.shows(ratio));
        !self.is_crowded()
            || shown.any(|ratio| [&ratio.numerator, &ratio.denominator].contains(&&arm.arm))
    }

    /// The ratios that stand in figures and first tables.
    pub(crate) fn shown_ratios(&self) -> impl Iterator<Item = &RatioSummary> {
        self.ratios.iter().filter(|ratio| self.shows(ratio))
    }
}

impl Analysis {
    pub(crate) fn of(runs: &Runs) -> miette::Result<Self> {
        let published = Table::read()?;
        let runs = runs
            .records
            .iter()
            .map(|record| analyse(record, &published));
        Ok(Self {
            runs: runs.collect(),
        })
    }

    pub(crate) fn arms(&self) -> impl Iterator<Item = &ArmSummary> {
        self.runs.iter().flat_map(|run| &run.arms)
    }

    pub(crate) fn ratios(&self) -> impl Iterator<Item = &RatioSummary> {
        self.runs.iter().flat_map(|run| &run.ratios)
    }

    /// The arms that stand in figures and first tables.
    pub(crate) fn shown_arms(&self) -> impl Iterator<Item = &ArmSummary> {
        self.runs.iter().flat_map(|run| {
            let arms = run.arms.iter();
            arms.filter(|arm| run.shows_arm(arm))
        })
    }

    /// The others.
    pub(crate) fn folded_arms(&self) -> impl Iterator<Item = &ArmSummary> {
        self.runs.iter().flat_map(|run| {
            let arms = run.arms.iter();
            arms.filter(|arm| !run.shows_arm(arm))
        })
    }

    /// The ratios that stand in figures and first tables.
    pub(crate) fn shown_ratios(&self) -> impl Iterator<Item = &RatioSummary> {
        self.runs.iter().flat_map(RunAnalysis::shown_ratios)
    }

    /// The others.
    pub(crate) fn folded_ratios(&self) -> impl Iterator<Item = &RatioSummary> {
        self.runs.iter().flat_map(|run| {
            let ratios = run.ratios.iter();
            ratios.filter(|ratio| !run.shows(ratio))
        })
    }

    pub(crate) fn matrices(&self) -> impl Iterator<Item = &Matrix> {
        self.runs.iter().filter_map(|run| run.matrix.as_ref())
    }

    pub(crate) fn sharings(&self) -> impl Iterator<Item = &Sharing> {
        self.runs.iter().filter_map(|run| run.sharing.as_ref())
    }

    pub(crate) fn sidecars(&self) -> impl Iterator<Item = &Sidecar> {
        self.runs.iter().filter_map(|run| run.sidecar.as_ref())
    }

    pub(crate) fn growth(&self) -> impl Iterator<Item = &SeriesSummary> {
        self.runs.iter().flat_map(|run| &run.growth)
    }

    pub(crate) fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.runs.iter().flat_map(|run| &run.failures)
    }
}

/// What runs say of the published claims, without the rest of a report.
pub(crate) fn claims_of(runs: &Runs) -> miette::Result<Vec<Claim>> {
    let published = Table::read()?;
    let of = |record: &Record| {
        let ratios = ratios::of(record, &published);
        let growth = growth::of(record);
        let answers = answers::of(record, &growth, &published);
        let depth = trials::depths(&record.trials);
        let matrix = matrix::of(record, &ratios, &published);
        let sharing = sharing::of(record, &ratios, &published);
        let sidecar = sidecar::of(record, &ratios, &published);
        let evidence = Evidence {
            ratios: &ratios,
            growth: &growth,
            answers: &answers,
            depth: &depth,
            matrix: matrix.as_ref(),
            sharing: sharing.as_ref(),
            sidecar: sidecar.as_ref(),
        };
        claims::of(record, &evidence, &published)
    };
    Ok(runs.records.iter().flat_map(of).collect())
}

fn analyse(record: &Record, published: &Table) -> RunAnalysis {
    let arms = &record.manifest.arms;
    let ratios = ratios::of(record, published);
    let growth = growth::of(record);
    let answers = answers::of(record, &growth, published);
    let depth = trials::depths(&record.trials);
    let matrix = matrix::of(record, &ratios, published);
    let sharing = sharing::of(record, &ratios, published);
    let sidecar = sidecar::of(record, &ratios, published);
    let evidence = Evidence {
        ratios: &ratios,
        growth: &growth,
        answers: &answers,
        depth: &depth,
        matrix: matrix.as_ref(),
        sharing: sharing.as_ref(),
        sidecar: sidecar.as_ref(),
    };
    RunAnalysis {
        experiment: record.manifest.experiment.clone(),
        claims: claims::of(record, &evidence, published),
        arms: arms
            .iter()
            .map(|arm| arms::summarise(record, arm, published))
            .collect(),
        parts: parts::of(record),
        sensitivity: sensitivity::of(record, &ratios),
        failures: arms
            .iter()
            .flat_map(|arm| arms::failures(record, arm))
            .collect(),
        ratios,
        growth,
        answers,
        depth,
        matrix,
        sharing,
        sidecar,
    }
}

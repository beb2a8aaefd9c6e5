//! The statistics of a report. Which rule gives which number:
//!
//! - an arm's median: rule 1; a contrast's ratio: rule 2, on the logarithms of the ratios within
//!   blocks; where the stop was adaptive, both with the ranks of rule 4;
//! - of the m primary contrasts of a run, each has alpha/m (rule 5), exploratory ones alpha;
//! - several sessions: rule 6 as soon as an interval exists, until then all blocks together. Where
//!   it exists at alpha but not at alpha/m, each primary contrast is by itself.
//!
//! What is concluded of them is in [`verdict`].

mod arms;
mod estimate;
mod parts;
mod ratios;
mod sensitivity;
pub(crate) mod verdict;

use serde::Serialize;

use crate::claims::{self, Claim};
use crate::published::Table;
use crate::record::{Record, Runs};

pub(crate) use arms::{ArmSummary, Failure, by_session};
pub(crate) use estimate::{Estimate, Range, Scope, estimate, narrow_like, pooled, sessions_needed};
pub(crate) use parts::{Breakdown, PartSummary};
pub(crate) use ratios::{RatioSummary, compare, logs, pairs};
pub(crate) use sensitivity::{BlockSummary, Flag, Found, RULES, Sensitivity, Without};

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
    pub(crate) sensitivity: Sensitivity,
    pub(crate) failures: Vec<Failure>,
}

impl RunAnalysis {
    /// Whether primary ratios are at 5 % each, so that nothing is controlled of the family.
    pub(crate) fn is_each_by_itself(&self) -> bool {
        self.ratios.iter().any(|ratio| ratio.by_itself)
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

    pub(crate) fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.runs.iter().flat_map(|run| &run.failures)
    }
}

/// What runs say of the published claims, without the rest of a report.
pub(crate) fn claims_of(runs: &Runs) -> miette::Result<Vec<Claim>> {
    let published = Table::read()?;
    let of = |record: &Record| {
        let ratios = ratios::of(record, &published);
        claims::of(record, &ratios, &published)
    };
    Ok(runs.records.iter().flat_map(of).collect())
}

fn analyse(record: &Record, published: &Table) -> RunAnalysis {
    let arms = &record.manifest.arms;
    let ratios = ratios::of(record, published);
    RunAnalysis {
        experiment: record.manifest.experiment.clone(),
        claims: claims::of(record, &ratios, published),
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
    }
}

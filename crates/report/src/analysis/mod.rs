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

mod parts;
mod sensitivity;

use serde::{Serialize, Serializer};

use facts::{Claim, Facts, Lang, Page, Record, Runs, Table};

pub(crate) use facts::{
    Additive, ArmSummary, Estimate, Failure, Predicted, Range, RatioSummary, Scope, SeriesSummary,
    by_session, estimate, logs, pairs, pooled, sessions_needed,
};
pub(crate) use parts::{Breakdown, PartSummary};
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
    #[serde(rename = "found", serialize_with = "found")]
    pub(crate) facts: Option<Facts>,
    pub(crate) sensitivity: Sensitivity,
    pub(crate) failures: Vec<Failure>,
}

/// Of facts, what is for programs; the claims have a place of their own.
#[expect(clippy::ref_option, reason = "serde hands it over so")]
fn found<S: Serializer>(facts: &Option<Facts>, serializer: S) -> Result<S::Ok, S::Error> {
    facts.as_ref().map(|facts| &facts.found).serialize(serializer)
}

impl RunAnalysis {
    /// Whether primary ratios are at 5 % each, so that nothing is controlled of the family.
    pub(crate) fn is_each_by_itself(&self) -> bool {
        self.ratios.iter().any(|ratio| ratio.by_itself)
    }

    /// Whether a table of trials is shown as what follows from it, so that nobody needs its rows.
    pub(crate) fn explains(&self, table: &str) -> bool {
        let mut shown = self.facts.iter().flat_map(|facts| &facts.shown);
        shown.any(|shown| shown == table)
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
        let runs = runs.records.iter();
        let runs = runs.map(|record| analyse(record, &published));
        Ok(Self { runs: runs.collect::<miette::Result<_>>()? })
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

    /// What experiments say of their runs.
    pub(crate) fn facts(&self) -> impl Iterator<Item = &Facts> {
        self.runs.iter().filter_map(|run| run.facts.as_ref())
    }

    /// The same for readers of a language.
    pub(crate) fn pages(&self, lang: Lang) -> impl Iterator<Item = &Page> {
        self.facts().filter_map(move |facts| facts.pages.get(&lang))
    }

    /// What the record says in these words, for readers; and whether it is still English on a page
    /// that is not.
    pub(crate) fn words<'a>(&'a self, english: &'a str, lang: Lang) -> (&'a str, bool) {
        let mut known = self.facts().filter_map(|facts| facts.words.get(english));
        let known = known.next().map(|text| (text.of(lang), false));
        known.unwrap_or((english, lang != Lang::En))
    }

    pub(crate) fn growth(&self) -> impl Iterator<Item = &SeriesSummary> {
        self.runs.iter().flat_map(|run| &run.growth)
    }

    pub(crate) fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.runs.iter().flat_map(|run| &run.failures)
    }
}

fn analyse(record: &Record, published: &Table) -> miette::Result<RunAnalysis> {
    let facts = Facts::read(&record.folder)?;
    let arms = &record.manifest.arms;
    let ratios = facts::ratios(record, published);
    let claims = facts.iter().flat_map(|facts| facts.claims.iter().cloned());
    let claims = claims.collect();
    Ok(RunAnalysis {
        experiment: record.manifest.experiment.clone(),
        claims,
        arms: arms.iter().map(|arm| facts::summarise(record, arm, published)).collect(),
        parts: parts::of(record),
        sensitivity: sensitivity::of(record, &ratios),
        failures: arms.iter().flat_map(|arm| facts::failures(record, arm)).collect(),
        ratios,
        growth: facts::series(record),
        facts,
    })
}

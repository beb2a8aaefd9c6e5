//! The statistics of a report: each arm's median, each contrast's ratio.

use std::collections::BTreeMap;

use measure::stats::{ALPHA, Looks, median, median_interval, ratio};
use measure::{Arm, Contrast, Metric};
use serde::Serialize;

use crate::published::{Published, Table};
use crate::record::{Part, Runs};

/// Every number of a report.
#[derive(Serialize)]
pub(crate) struct Analysis {
    pub(crate) arms: Vec<ArmSummary>,
    pub(crate) ratios: Vec<RatioSummary>,
    pub(crate) failures: Vec<Failure>,
}

/// One arm's median with its interval (rule 1).
#[derive(Serialize)]
pub(crate) struct ArmSummary {
    pub(crate) arm: String,
    pub(crate) metric: Metric,
    pub(crate) method: String,
    pub(crate) level: u8,
    pub(crate) observer: &'static str,
    /// Measured samples that succeeded.
    pub(crate) n: usize,
    /// Measured samples that failed.
    pub(crate) failures: usize,
    pub(crate) median_ns: Option<f64>,
    pub(crate) low_ns: Option<f64>,
    pub(crate) high_ns: Option<f64>,
    pub(crate) coverage: Option<f64>,
    #[serde(skip)]
    pub(crate) published: Option<Published>,
    #[serde(skip)]
    pub(crate) values_ns: Vec<f64>,
}

/// One contrast's ratio with its interval (rule 2).
#[derive(Serialize)]
pub(crate) struct RatioSummary {
    pub(crate) contrast: String,
    pub(crate) numerator: String,
    pub(crate) denominator: String,
    pub(crate) pairs: usize,
    pub(crate) estimate: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) coverage: Option<f64>,
    pub(crate) ratio_of_medians: Option<f64>,
    pub(crate) primary: bool,
    pub(crate) metric: Metric,
    /// Ratio of the published medians, where both arms stand for a published method.
    pub(crate) published: Option<f64>,
}

/// How often an arm failed for one reason.
#[derive(Serialize)]
pub(crate) struct Failure {
    pub(crate) metric: Metric,
    pub(crate) arm: String,
    pub(crate) reason: String,
    pub(crate) measured: usize,
    pub(crate) warmup: usize,
}

impl Analysis {
    pub(crate) fn of(runs: &Runs) -> miette::Result<Self> {
        let published = Table::read()?;
        let mut analysis = Self {
            arms: Vec::new(),
            ratios: Vec::new(),
            failures: Vec::new(),
        };
        for part in &runs.parts {
            let arms = &part.manifest.arms;
            analysis
                .arms
                .extend(arms.iter().map(|arm| summarise(part, arm, &published)));
            for contrast in &part.manifest.contrasts {
                analysis.ratios.extend(compare(part, contrast, &published));
            }
            analysis
                .failures
                .extend(arms.iter().flat_map(|arm| failures(part, arm)));
        }
        Ok(analysis)
    }
}

fn summarise(part: &Part, arm: &Arm<String>, published: &Table) -> ArmSummary {
    let taken = part.measured(&arm.name).count();
    let values_ns: Vec<f64> = part
        .measured(&arm.name)
        .filter_map(|row| row.wall_ns)
        .map(|ns| ns as f64)
        .collect();
    let interval = median_interval(&values_ns, ALPHA, Looks::Once);
    ArmSummary {
        arm: arm.name.clone(),
        metric: arm.metric,
        method: arm.method.clone(),
        level: arm.level,
        observer: arm.observer.name(),
        n: values_ns.len(),
        failures: taken - values_ns.len(),
        median_ns: median(&values_ns),
        low_ns: interval.map(|interval| interval.low),
        high_ns: interval.map(|interval| interval.high),
        coverage: interval.map(|interval| interval.coverage),
        published: published.get(arm.metric, &arm.method),
        values_ns,
    }
}

/// `None` when the manifest declares a contrast of an arm that it lacks.
fn compare(part: &Part, contrast: &Contrast<String>, published: &Table) -> Option<RatioSummary> {
    let arm = |name: &str| part.manifest.arms.iter().find(|arm| arm.name == name);
    let (above, below) = (arm(&contrast.numerator)?, arm(&contrast.denominator)?);
    let readings = |arm: &Arm<String>| -> BTreeMap<(u32, u32), f64> {
        part.measured(&arm.name)
            .filter_map(|row| Some(((row.session, row.block), row.wall_ns? as f64)))
            .collect()
    };
    let below_by_block = readings(below);
    let pairs: Vec<(f64, f64)> = readings(above)
        .into_iter()
        .filter_map(|(block, y)| Some((y, *below_by_block.get(&block)?)))
        .collect();
    let ratio = ratio(&pairs, ALPHA, Looks::Once);
    let interval = ratio.and_then(|ratio| ratio.interval);
    let of_published = |arm: &Arm<String>| published.get(arm.metric, &arm.method);
    Some(RatioSummary {
        contrast: contrast.name.clone(),
        numerator: contrast.numerator.clone(),
        denominator: contrast.denominator.clone(),
        pairs: pairs.len(),
        estimate: ratio.map(|ratio| ratio.estimate),
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
        coverage: interval.map(|interval| interval.coverage),
        ratio_of_medians: ratio.map(|ratio| ratio.ratio_of_medians),
        primary: contrast.primary,
        metric: above.metric,
        published: of_published(above)
            .zip(of_published(below))
            .map(|(above, below)| above.median / below.median),
    })
}

fn failures(part: &Part, arm: &Arm<String>) -> Vec<Failure> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in &part.samples.rows {
        if row.arm == arm.name && row.wall_ns.is_none() {
            let (measured, warmup) = counts.entry(&row.reason).or_default();
            *(if row.warmup { warmup } else { measured }) += 1;
        }
    }
    let failure = |(reason, (measured, warmup)): (&str, _)| Failure {
        metric: arm.metric,
        arm: arm.name.clone(),
        reason: reason.to_owned(),
        measured,
        warmup,
    };
    counts.into_iter().map(failure).collect()
}

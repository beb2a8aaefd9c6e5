//! Each arm's median (rule 1), and why its samples failed.

use std::collections::BTreeMap;

use measure::stats::ALPHA;
use measure::{Arm, Sample};
use serde::Serialize;

use crate::estimate::{Estimate, estimate};
use crate::metric::Metric;
use crate::published::{Published, Table};
use crate::record::{BlockId, Record};

/// One arm's median with its interval, in ns an operation.
#[derive(Serialize)]
pub struct ArmSummary {
    /// The arm's name.
    pub arm: String,
    /// What is measured.
    #[serde(serialize_with = "Metric::serialize_name")]
    pub metric: Metric,
    /// The published method that it stands for; empty: none.
    pub method: String,
    /// How deep it is nested.
    pub level: u8,
    /// Who holds the clock.
    pub observer: &'static str,
    /// Of one sample.
    pub operations: u32,
    /// What it does, in a line.
    pub about: String,
    /// Measured samples that succeeded.
    pub n: usize,
    /// Measured samples that failed.
    pub failures: usize,
    /// `None` when no sample succeeded.
    pub median: Option<Estimate>,
    /// Median CPU time of what was started, in ns an operation, where it could be seen.
    pub cpu: Option<Estimate>,
    /// The same of everything that was at work meanwhile to serve it, itself included.
    pub whole_cpu: Option<Estimate>,
    /// What was published for it.
    #[serde(skip)]
    pub published: Option<Published>,
    /// Readings by block, in ns an operation.
    #[serde(skip)]
    pub values_ns: BTreeMap<BlockId, f64>,
}

/// How often an arm failed for one reason.
#[derive(Serialize)]
pub struct Failure {
    /// What is measured.
    #[serde(serialize_with = "Metric::serialize_name")]
    pub metric: Metric,
    /// The arm's name.
    pub arm: String,
    /// Why, in the words of what failed.
    pub reason: String,
    /// How often in measured blocks.
    pub measured: usize,
    /// How often in warm-up blocks.
    pub warmup: usize,
}

/// One arm.
pub fn summarise(record: &Record, arm: &Arm<String>, published: &Table) -> ArmSummary {
    let metric = record.metric(&arm.metric);
    let taken = record.measured(&arm.name).count();
    let values_ns = record.readings(arm);
    let operations = f64::from(arm.operations.max(1));
    let median_of = |what: fn(&Sample) -> Option<u64>| {
        let values = record.measured(&arm.name).filter(|row| row.wall_ns.is_some());
        let values = values
            .filter_map(|row| Some(((row.session, row.block), what(row)? as f64 / operations)));
        estimate(&by_session(values), ALPHA, record.looks())
    };
    ArmSummary {
        arm: arm.name.clone(),
        published: published.get(&metric, &arm.method),
        metric,
        method: arm.method.clone(),
        level: arm.level,
        observer: arm.observer.name(),
        operations: arm.operations,
        about: arm.about.clone(),
        n: values_ns.len(),
        failures: taken - values_ns.len(),
        median: median_of(|row| row.wall_ns),
        cpu: median_of(|row| row.cpu_ns),
        whole_cpu: median_of(|row| row.whole_cpu_ns),
        values_ns,
    }
}

/// Values of blocks, gathered by session.
pub fn by_session(values: impl IntoIterator<Item = (BlockId, f64)>) -> BTreeMap<u32, Vec<f64>> {
    let mut sessions: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for ((session, _), value) in values {
        sessions.entry(session).or_default().push(value);
    }
    sessions
}

/// Why samples of an arm failed, and how often.
pub fn failures(record: &Record, arm: &Arm<String>) -> Vec<Failure> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in &record.samples.rows {
        if row.arm == arm.name && row.wall_ns.is_none() {
            let (measured, warmup) = counts.entry(&row.reason).or_default();
            *(if row.warmup { warmup } else { measured }) += 1;
        }
    }
    let failure = |(reason, (measured, warmup)): (&str, _)| Failure {
        metric: record.metric(&arm.metric),
        arm: arm.name.clone(),
        reason: reason.to_owned(),
        measured,
        warmup,
    };
    counts.into_iter().map(failure).collect()
}

//! What a pattern costs: how long until its engine answers, how long a job takes, what its pod
//! holds in memory.

use std::collections::BTreeMap;

use measure::Metric;
use measure::stats::ALPHA;
use serde::Serialize;

use super::look::{MEMORY, NOT_SEEN, told};
use super::{PATTERNS, REFERENCE};
use crate::analysis::{ArmSummary, Estimate, Ratio, RatioSummary, by_session, estimate};
use facts::Record;
use facts::Table;
use facts::between;
use facts::trials::rows;

/// What an arm of a pattern ends in, and what it measures.
pub(crate) const TIMES: [(&str, Metric); 3] = [
    ("start", Metric::Startup),
    ("first", Metric::Job),
    ("again", Metric::Job),
];

/// The arms that differ by the plugin alone.
const PLUGIN: [&str; 2] = ["ps-plugin", "ps-open"];

/// The outcome of a pod that was weighed.
const OK: &str = "ok";

/// One arm of a pattern.
#[derive(Serialize)]
pub(crate) struct Time {
    pub(crate) pattern: &'static str,
    pub(crate) word: &'static str,
    pub(crate) arm: ArmSummary,
    /// Over the same of the reference.
    pub(crate) ratio: Option<Ratio>,
}

/// What a pattern's pods hold in memory while they have nothing to do.
#[derive(Serialize)]
pub(crate) struct Memory {
    pub(crate) pattern: &'static str,
    /// Of one fresh pod each, in bytes.
    pub(crate) estimate: Option<Estimate>,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) n: usize,
    #[serde(skip)]
    pub(crate) values: Vec<f64>,
}

/// In the order of patterns and of [`TIMES`].
pub(super) fn times(record: &Record, ratios: &[RatioSummary], published: &Table) -> Vec<Time> {
    let all = PATTERNS
        .into_iter()
        .flat_map(|pattern| TIMES.map(|(word, metric)| (pattern, word, metric)));
    let time = |(pattern, word, metric): (&'static str, &'static str, Metric)| {
        let name = format!("{pattern}-{word}");
        let arm = record.arm(&name).filter(|arm| arm.metric == metric)?;
        let below = format!("{REFERENCE}-{word}");
        let ratio = (pattern != REFERENCE)
            .then(|| between(record, ratios, published, &name, &below))
            .flatten();
        Some(Time {
            pattern,
            word,
            arm: facts::summarise(record, arm, published),
            ratio: ratio.map(Ratio::from),
        })
    };
    all.filter_map(time).collect()
}

pub(super) fn plugin(record: &Record, ratios: &[RatioSummary], published: &Table) -> Option<Ratio> {
    let [above, below] = PLUGIN;
    between(record, ratios, published, above, below).map(Ratio::from)
}

/// By pattern, and the rows that weigh nothing. A pod that was weighed again counts once.
pub(super) fn memory(record: &Record) -> (Vec<Memory>, Vec<String>) {
    let mut strangers = Vec::new();
    let mut pods: BTreeMap<&str, BTreeMap<(u32, u32), f64>> = BTreeMap::new();
    for row in rows(&record.trials, MEMORY) {
        let number = row.step.parse().ok();
        let bytes = row.bytes.filter(|bytes| *bytes > 0 && row.outcome == OK);
        let is_pattern = PATTERNS.contains(&&*row.subject);
        match number.zip(bytes).filter(|_| is_pattern) {
            Some((number, bytes)) => {
                let of_pattern = pods.entry(&row.subject).or_default();
                of_pattern.insert((row.session, number), bytes as f64);
            }
            None if is_pattern && row.outcome == NOT_SEEN => {}
            None => strangers.push(told(row)),
        }
    }
    let of = |pattern: &'static str| {
        let pods = pods.get(pattern)?;
        let values: Vec<f64> = pods.values().copied().collect();
        let sessions = by_session(pods.iter().map(|(pod, bytes)| (*pod, *bytes)));
        Some(Memory {
            pattern,
            estimate: estimate(&sessions, ALPHA, record.looks()),
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(0.0, f64::max),
            n: values.len(),
            values,
        })
    };
    (PATTERNS.into_iter().filter_map(of).collect(), strangers)
}

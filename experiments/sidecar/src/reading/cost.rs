//! What a pattern costs: how long until its engine answers, how long a job takes, what its pod holds in
//! memory. And the file of all of it.

use std::collections::BTreeMap;

use facts::trials::rows;
use facts::{ArmSummary, Estimate, Evidence, Ratio, Record, by_session, estimate};
use measure::stats::ALPHA;
use serde::Serialize;

use super::aspect::{Aspect, Grade};
use super::{Check, REFERENCE, Sidecar, told};
use crate::cost::{PS, TIMES};
use crate::pattern::{PATTERNS, Pattern};
use crate::words::{MEMORY, Property, Word};

/// One arm of a pattern.
#[derive(Serialize)]
pub(super) struct Time<'a> {
    pub(super) pattern: &'static Pattern,
    pub(super) word: &'static str,
    pub(super) arm: &'a ArmSummary,
    /// Over the same of the reference.
    pub(super) ratio: Option<Ratio>,
}

/// What a pattern's pods hold in memory while they have nothing to do.
#[derive(Serialize)]
pub(super) struct Memory {
    pub(super) pattern: &'static str,
    /// Of one fresh pod each, in bytes.
    pub(super) estimate: Option<Estimate>,
    pub(super) least: f64,
    pub(super) most: f64,
    pub(super) n: usize,
    #[serde(skip)]
    pub(super) values: Vec<f64>,
}

/// In the order of patterns and of [`TIMES`].
pub(super) fn times(evidence: &Evidence) -> Vec<Time<'_>> {
    let mut times = Vec::new();
    for pattern in PATTERNS {
        for timed in TIMES {
            let arm = evidence.arm(&timed.arm(pattern));
            let Some(arm) = arm.filter(|arm| arm.metric.name() == timed.metric) else {
                continue;
            };
            let ratio = evidence.between(&arm.arm, &timed.arm(&REFERENCE));
            times.push(Time {
                pattern,
                word: timed.name,
                arm,
                ratio: ratio.filter(|_| pattern.name != REFERENCE.name).map(Ratio::from),
            });
        }
    }
    times
}

pub(super) fn plugin(evidence: &Evidence) -> Option<Ratio> {
    let [(below, _), (above, _)] = PS;
    evidence.between(above, below).map(Ratio::from)
}

/// By pattern, and the rows that weigh nothing. A pod that was weighed again counts once.
pub(super) fn memory(record: &Record) -> (Vec<Memory>, Vec<String>) {
    let mut strangers = Vec::new();
    let mut pods: BTreeMap<&str, BTreeMap<(u32, u32), f64>> = BTreeMap::new();
    for row in rows(&record.trials, MEMORY) {
        let number = row.step.parse().ok();
        let is_weighed = row.outcome == Word::Ok.name();
        let bytes = row.bytes.filter(|bytes| *bytes > 0 && is_weighed);
        let is_pattern = PATTERNS.iter().any(|known| known.name == row.subject);
        match number.zip(bytes).filter(|_| is_pattern) {
            Some((number, bytes)) => {
                let of_pattern = pods.entry(&row.subject).or_default();
                of_pattern.insert((row.session, number), bytes as f64);
            }
            None if is_pattern && row.outcome == Word::NotSeen.name() => {}
            None => strangers.push(told(row)),
        }
    }
    let of = |pattern: &'static Pattern| {
        let pods = pods.get(pattern.name)?;
        let values: Vec<f64> = pods.values().copied().collect();
        let sessions = by_session(pods.iter().map(|(pod, bytes)| (*pod, *bytes)));
        Some(Memory {
            pattern: pattern.name,
            estimate: estimate(&sessions, ALPHA, record.looks()),
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(0.0, f64::max),
            n: values.len(),
            values,
        })
    };
    (PATTERNS.into_iter().filter_map(of).collect(), strangers)
}

/// One row of `sidecar.csv`.
pub(super) fn row(sidecar: &Sidecar, pattern: &Pattern) -> Vec<(String, String)> {
    let mut row = Vec::new();
    let mut add = |name: &str, value: &str| row.push((name.replace('-', "_"), value.to_owned()));
    let seen = |property| sidecar.property(pattern, property).map_or("", Check::name);
    add("pattern", pattern.name);
    add("stand", sidecar.stand(pattern).name());
    for aspect in Aspect::ALL {
        if *aspect != Aspect::Job {
            let grade = sidecar.grade(pattern, *aspect).map_or("", Grade::name);
            add(&format!("{}_grade", aspect.name()), grade);
        }
        for property in aspect.properties() {
            if property != Property::SocketMissing {
                add(property.name(), seen(property));
            }
        }
        if *aspect == Aspect::Escape {
            for (name, word) in [
                ("escape_reaches", Word::Reaches),
                ("escape_inside", Word::Inside),
                ("escape_refused", Word::Refused),
            ] {
                add(name, &sidecar.ways_that(pattern, word).join(" "));
            }
            add("escape_not_seen", &sidecar.ways_unseen(pattern).join(" "));
            let taken_over = sidecar.taken_over(pattern).map_or("", Check::name);
            add("engine_taken_over", taken_over);
        }
    }
    for last in [Property::SocketMissing, Property::Daemons] {
        add(last.name(), seen(last));
    }
    let mut estimate = |of: &str, names: [&str; 3], value: Option<Estimate>, decimals| {
        for (name, value) in names.into_iter().zip(numbers(value, decimals)) {
            add(&format!("{of}_{name}"), &value);
        }
    };
    for timed in TIMES {
        let time = sidecar.time(pattern, timed.name);
        let median = time.and_then(|time| time.arm.median);
        estimate(timed.name, ["ns", "low", "high"], median, 1);
        let ratio = time.and_then(|time| time.ratio.as_ref()?.estimate);
        estimate(timed.name, ["ratio", "ratio_low", "ratio_high"], ratio, 6);
    }
    let memory = sidecar.memory(pattern);
    let bytes = memory.and_then(|memory| memory.estimate);
    estimate("memory", ["bytes", "low", "high"], bytes, 0);
    let told = memory
        .map(|Memory { least, most, n, .. }| [format!("{least:.0} to {most:.0}"), n.to_string()]);
    let [range, n] = told.unwrap_or_default();
    add("memory_range", &range);
    add("memory_n", &n);
    row
}

/// Value, low and high end.
fn numbers(of: Option<Estimate>, decimals: usize) -> [String; 3] {
    let interval = of.and_then(|of| of.interval);
    let all =
        [of.map(|of| of.value), interval.map(|range| range.low), interval.map(|range| range.high)];
    all.map(|value| value.map_or_else(String::new, |value| format!("{value:.decimals$}")))
}

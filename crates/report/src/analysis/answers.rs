//! What the tutorial asks of nesting: does computing accumulate more than starting, and which
//! engine nests cheaper. (Whether overhead is additive is in [`growth`](super::growth).)
//!
//! A growth is the ratio of a series' last level to its first. Two of them are held against each
//! other within blocks, like any ratio of ratios, at alpha by itself.

use std::collections::BTreeMap;

use measure::Metric;
use measure::stats::ALPHA;
use serde::Serialize;

use super::growth::SeriesSummary;
use super::place::{Engine, Place};
use facts::RatioSummary;
use facts::Record;
use facts::Table;
use facts::Verdict;
use facts::by_session;
use facts::{Estimate, pooled};

/// How far a series grows from its first level to its last.
#[derive(Serialize)]
pub(crate) struct Factor {
    pub(crate) series: String,
    pub(crate) metric: Metric,
    pub(crate) observer: &'static str,
    /// At alpha by itself.
    pub(crate) estimate: Option<Estimate>,
    pub(crate) pairs: usize,
    pub(crate) verdict: Verdict,
}

/// Two growths held against each other.
#[derive(Serialize)]
pub(crate) struct Comparison {
    pub(crate) first: Factor,
    pub(crate) second: Factor,
    /// First over second.
    pub(crate) ratio: Option<Estimate>,
    pub(crate) pairs: usize,
    pub(crate) verdict: Verdict,
    /// What the first adds from its first level to its last, less what the second adds; in ns,
    /// where both are of one metric.
    pub(crate) added: Option<Estimate>,
}

/// Every comparison that this run has the arms for.
#[derive(Serialize)]
pub(crate) struct Answers {
    /// CPU over startup, chain by chain.
    pub(crate) accumulation: Vec<Comparison>,
    /// Docker in Docker over Podman in Podman, metric by metric and observer by observer.
    pub(crate) engines: Vec<Comparison>,
}

/// Which way two growths differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    First,
    Second,
    /// Equivalent within the margin, and no difference seen.
    Alike,
    /// The interval decides nothing.
    Open,
}

impl Comparison {
    /// Which of the two grows by the smaller factor.
    pub(crate) fn less(&self) -> Way {
        match self.ratio {
            Some(ratio) if self.verdict.is_different() && ratio.value < 1.0 => Way::First,
            Some(_) if self.verdict.is_different() => Way::Second,
            Some(_) if self.verdict.is_equivalent() => Way::Alike,
            _ => Way::Open,
        }
    }

    /// Which of the two adds less time.
    pub(crate) fn less_time(&self) -> Way {
        match self.added.and_then(|added| added.interval) {
            Some(range) if range.high < 0.0 => Way::First,
            Some(range) if range.low > 0.0 => Way::Second,
            _ => Way::Open,
        }
    }
}

pub(super) fn of(record: &Record, series: &[SeriesSummary], published: &Table) -> Answers {
    Answers {
        accumulation: accumulation(record, series, published),
        engines: engines(record, series, published),
    }
}

/// CPU as seen by an observer against startup as seen by the same one; the workload's own clock,
/// which sees no way in, against startup timed beside the command.
fn accumulation(record: &Record, series: &[SeriesSummary], published: &Table) -> Vec<Comparison> {
    let mut found = Vec::new();
    for cpu in series.iter().filter(|of| of.metric == Metric::Cpu) {
        let beside = match cpu.observer {
            "self" => ["inside", "outside"],
            same => [same, same],
        };
        let startup = beside.iter().find_map(|observer| {
            series.iter().find(|of| {
                of.metric == Metric::Startup
                    && of.observer == *observer
                    && chain(of).is_some()
                    && chain(of) == chain(cpu)
            })
        });
        let held = startup.and_then(|startup| compare(record, cpu, startup, published));
        found.extend(held);
    }
    found
}

fn engines(record: &Record, series: &[SeriesSummary], published: &Table) -> Vec<Comparison> {
    let engine = |of: &SeriesSummary| Place::of(&of.series).map(Place::engine);
    let of_one = |wanted: Engine| {
        let series = series.iter().filter(|of| match of.metric {
            Metric::Startup => true,
            // What else CPU grows by is the way in, which is startup's as well.
            Metric::Cpu => of.observer == "self",
            _ => false,
        });
        series.filter(move |of| engine(of) == Some(wanted))
    };
    let mut found = Vec::new();
    for docker in of_one(Engine::Docker) {
        for podman in of_one(Engine::Podman).chain(of_one(Engine::Matched)) {
            let alike = docker.metric == podman.metric
                && docker.observer == podman.observer
                && docker.levels.len() == podman.levels.len();
            if alike {
                found.extend(compare(record, docker, podman, published));
            }
        }
    }
    found
}

fn chain(series: &SeriesSummary) -> Option<&str> {
    Some(Place::of(&series.series)?.chain)
}

fn compare(
    record: &Record,
    first: &SeriesSummary,
    second: &SeriesSummary,
    published: &Table,
) -> Option<Comparison> {
    let ratios = [first, second].map(|series| from_first_to_last(record, series, published));
    let [Some(above), Some(below)] = ratios else {
        return None;
    };
    let held = facts::ratio_of_ratios(record, &above, &below);
    let same_metric = first.metric == second.metric;
    Some(Comparison {
        ratio: held.estimate,
        pairs: held.pairs,
        verdict: held.verdict,
        added: same_metric.then(|| added(record, &above, &below)).flatten(),
        first: factor(first, &above),
        second: factor(second, &below),
    })
}

fn factor(series: &SeriesSummary, ratio: &RatioSummary) -> Factor {
    Factor {
        series: series.series.clone(),
        metric: series.metric,
        observer: series.observer,
        estimate: ratio.each,
        pairs: ratio.pairs,
        verdict: ratio.verdict,
    }
}

fn from_first_to_last(
    record: &Record,
    series: &SeriesSummary,
    published: &Table,
) -> Option<RatioSummary> {
    let (first, last) = (series.levels.first()?, series.levels.last()?);
    facts::between(record, &[], published, &last.arm, &first.arm)
}

/// Within blocks: what one adds less what the other adds.
fn added(record: &Record, first: &RatioSummary, second: &RatioSummary) -> Option<Estimate> {
    let of_second: BTreeMap<_, f64> = second
        .values
        .iter()
        .map(|(id, (y, x))| (*id, y - x))
        .collect();
    let differences = first
        .values
        .iter()
        .filter_map(|(id, (y, x))| Some((*id, (y - x) - of_second.get(id)?)));
    pooled(&by_session(differences), ALPHA, record.looks())
}

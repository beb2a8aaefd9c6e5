//! Growths held against each other: does computing accumulate more than starting, and which engine
//! nests cheaper.
//!
//! A growth is the ratio of a series' last level to its first. Two of them are held against each
//! other within blocks, like any ratio of ratios, at alpha by itself.

use std::collections::BTreeMap;

use facts::{
    CPU, Estimate, Evidence, Metric, RatioSummary, STARTUP, SeriesSummary, Verdict, by_session,
    pooled,
};
use lab::Engine;
use measure::stats::ALPHA;
use serde::Serialize;

use crate::chain::{Chain, WORDS};

/// How far a series grows from its first level to its last.
#[derive(Serialize)]
pub(super) struct Factor {
    pub(super) series: String,
    #[serde(serialize_with = "Metric::serialize_name")]
    pub(super) metric: Metric,
    pub(super) observer: &'static str,
    /// At alpha by itself.
    pub(super) estimate: Option<Estimate>,
    pairs: usize,
    pub(super) verdict: Verdict,
}

/// Two growths held against each other.
#[derive(Serialize)]
pub(super) struct Comparison {
    pub(super) first: Factor,
    pub(super) second: Factor,
    /// First over second.
    pub(super) ratio: Option<Estimate>,
    pub(super) pairs: usize,
    pub(super) verdict: Verdict,
    /// What the first adds from its first level to its last, less what the second adds; in ns,
    /// where both are of one metric.
    pub(super) added: Option<Estimate>,
    /// Within which both are alike.
    #[serde(skip)]
    pub(super) margin_pct: f64,
}

/// Which way two growths differ.
#[derive(Clone, Copy)]
pub(super) enum Nesting {
    First,
    Second,
    /// Equivalent within the margin, and no difference seen.
    Alike,
    /// The interval decides nothing.
    Open,
}

/// The chain in the name of an arm.
fn chain(name: &str) -> Option<Chain> {
    let known = |word: &&str| WORDS.iter().any(|(known, _)| known == word);
    let words = name.split('-').skip_while(|word| !known(word));
    let words: Vec<&str> = words.take_while(known).collect();
    words.join("/").parse().ok()
}

/// The series of a metric.
pub(super) fn of<'a>(
    evidence: &'a Evidence,
    metric: &'static Metric,
) -> impl Iterator<Item = &'a SeriesSummary> {
    let series = evidence.series.iter();
    series.filter(move |of| of.metric == *metric)
}

impl Factor {
    fn of(series: &SeriesSummary, ratio: &RatioSummary) -> Self {
        Self {
            series: series.series.clone(),
            metric: series.metric.clone(),
            observer: series.observer,
            estimate: ratio.each,
            pairs: ratio.pairs,
            verdict: ratio.verdict,
        }
    }
}

impl Comparison {
    fn of(evidence: &Evidence, first: &SeriesSummary, second: &SeriesSummary) -> Option<Self> {
        let growth = |of: &SeriesSummary| {
            let [first, .., last] = &of.levels[..] else {
                return None;
            };
            evidence.between(&last.arm, &first.arm)
        };
        let (above, below) = (growth(first)?, growth(second)?);
        let record = &evidence.record;
        let held = facts::ratio_of_ratios(record, &above, &below);
        let of_below: BTreeMap<_, f64> =
            below.values.iter().map(|(id, (y, x))| (id, y - x)).collect();
        let added = above.values.iter();
        let added = added.filter_map(|(id, (y, x))| Some((*id, (y - x) - of_below.get(id)?)));
        let added = pooled(&by_session(added), ALPHA, record.looks());
        Some(Self {
            ratio: held.estimate,
            pairs: held.pairs,
            verdict: held.verdict,
            added: added.filter(|_| first.metric == second.metric),
            first: Factor::of(first, &above),
            second: Factor::of(second, &below),
            margin_pct: record.manifest.margin_pct,
        })
    }

    /// Which of the two grows by the smaller factor.
    pub(super) fn less(&self) -> Nesting {
        match self.ratio {
            Some(ratio) if self.verdict.is_different() && ratio.value < 1.0 => Nesting::First,
            Some(_) if self.verdict.is_different() => Nesting::Second,
            Some(_) if self.verdict.is_equivalent() => Nesting::Alike,
            _ => Nesting::Open,
        }
    }

    /// Which of the two adds less time.
    pub(super) fn less_time(&self) -> Nesting {
        match self.added.and_then(|added| added.interval) {
            Some(range) if range.high < 0.0 => Nesting::First,
            Some(range) if range.low > 0.0 => Nesting::Second,
            _ => Nesting::Open,
        }
    }
}

/// CPU over startup, chain by chain: as seen by an observer against startup as seen by the same one;
/// the workload's own clock, which sees no way in, against startup timed beside the command.
pub(super) fn accumulation(evidence: &Evidence) -> Vec<Comparison> {
    let held = |cpu: &SeriesSummary| {
        let beside = match cpu.observer {
            "self" => ["inside", "outside"],
            same => [same, same],
        };
        let of_chain = chain(&cpu.series)?;
        let startup = beside.iter().find_map(|observer| {
            let mut alike = of(evidence, &STARTUP).filter(|of| of.observer == *observer);
            alike.find(|of| chain(&of.series).as_ref() == Some(&of_chain))
        });
        Comparison::of(evidence, cpu, startup?)
    };
    of(evidence, &CPU).filter_map(held).collect()
}

/// Docker in Docker over Podman in Podman, metric by metric and observer by observer.
pub(super) fn engines(evidence: &Evidence) -> Vec<Comparison> {
    // What else CPU grows by is the way in, which is startup's as well.
    let cpu = of(evidence, &CPU).filter(|of| of.observer == "self");
    let series: Vec<&SeriesSummary> = of(evidence, &STARTUP).chain(cpu).collect();
    let of = |engine| {
        let chain = |of: &SeriesSummary| chain(&of.series).filter(Chain::is_of_one_engine);
        let series = series.iter();
        series.filter(move |of| chain(of).is_some_and(|chain| chain.layers[0].engine == engine))
    };
    let key = |of: &SeriesSummary| (of.metric.clone(), of.observer, of.levels.len());
    let held = |docker: &&SeriesSummary| {
        let alike = of(Engine::Podman).filter(|podman| key(podman) == key(docker));
        alike.filter_map(|podman| Comparison::of(evidence, docker, podman)).collect::<Vec<_>>()
    };
    of(Engine::Docker).flat_map(held).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("start-docker", "docker")]
    #[case("start-docker-again", "docker")]
    #[case("start-docker-docker-inside", "docker/docker")]
    #[case("fork-exec-podman-matched-matched", "podman/matched/matched")]
    #[case("hop-docker-podman-docker", "docker/podman/docker")]
    fn the_chain_is_in_the_name(#[case] name: &str, #[case] of: &str) {
        assert_eq!(chain(name), of.parse().ok());
        assert_eq!(chain("engine-only"), None);
    }
}

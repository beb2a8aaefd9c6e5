//! Which pattern for whom: counted from the rows. A pattern is to be had where its job works and no
//! way out of it that was tried reaches the node.

use super::aspect::{Aspect, Grade, REACHES};
use super::{Look, Sidecar};
use crate::analysis::Ratio;

/// Whom a pattern is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    /// Its job works, and no way that was tried reaches the node.
    Take,
    /// Its job works, and its agent has the node: for jobs that may have it.
    Trusted,
    /// Its job does not work.
    Never,
    /// Its job or one of the ways could not be looked at.
    Open,
}

impl Stand {
    /// The name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Trusted => "trusted jobs only",
            Self::Never => "never",
            Self::Open => "open",
        }
    }
}

/// What is to be paid for with a pattern, as far as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Risk {
    /// Its agent has every privilege.
    AgentPrivileged,
    /// The engine's container has.
    EnginePrivileged,
    /// The node's engine does what it is told.
    NodesEngine,
    /// Who takes the engine over reaches the node.
    TakenOver,
    /// Without a socket on the node there is no engine.
    NeedsSocket,
    /// A later pod finds something of an earlier one's job.
    Leftovers,
    CacheLost,
    /// The store needs a volume.
    NeedsVolume,
    Uncounted,
    /// With the node's control group namespace.
    UncountedHosts,
    Collides,
}

/// Of one pattern.
pub(crate) struct Advice<'a> {
    pub(crate) pattern: &'static str,
    pub(crate) stand: Stand,
    /// The ways that reach the node.
    pub(crate) ways: Vec<&'a str>,
    pub(crate) risks: Vec<Risk>,
    /// Over the reference: time until its engine answers, of a first job, of another one.
    pub(crate) overhead: Vec<(&'static str, &'a Ratio)>,
}

impl Sidecar {
    pub(crate) fn advice(&self, pattern: &'static str) -> Advice<'_> {
        let escapes = self.escapes(pattern);
        let reach: Vec<&Look> = escapes
            .iter()
            .copied()
            .filter(|look| look.is(REACHES))
            .collect();
        let all_seen = !escapes.is_empty() && escapes.iter().all(|look| look.outcome.is_some());
        let stand = match self.seen(pattern, "job") {
            Some("works") if !reach.is_empty() => Stand::Trusted,
            Some("works") if all_seen => Stand::Take,
            Some("works") | None => Stand::Open,
            Some(_) => Stand::Never,
        };
        let overhead = super::TIMES.into_iter().filter_map(|(word, _)| {
            let ratio = self.time(pattern, word)?.ratio.as_ref()?;
            Some((word, ratio))
        });
        Advice {
            pattern,
            stand,
            ways: reach.into_iter().map(|look| &*look.step).collect(),
            risks: self.risks(pattern),
            overhead: overhead.collect(),
        }
    }

    /// The patterns to be had, the one whose next job takes least first, as far as that was
    /// measured.
    pub(crate) fn to_take(&self) -> Vec<&'static str> {
        let patterns = self.patterns.iter().copied();
        let mut found: Vec<&'static str> = patterns
            .filter(|pattern| self.advice(pattern).stand == Stand::Take)
            .collect();
        let median = |pattern: &str| {
            let time = self.time(pattern, "again")?;
            Some(time.arm.median?.value)
        };
        found.sort_by(|one, other| {
            let [one, other] = [one, other].map(|name| median(name).unwrap_or(f64::INFINITY));
            one.total_cmp(&other)
        });
        found
    }

    fn risks(&self, pattern: &str) -> Vec<Risk> {
        let is = |property: &str, outcome: &str| self.seen(pattern, property) == Some(outcome);
        let grade = |aspect: Aspect, grade: Grade| self.grade(pattern, aspect) == Some(grade);
        let agent = is("agent-privilege", "full");
        let left = self.seen(pattern, "next-pod");
        let hosts = is("accounting-host-cgroupns", "missed");
        let all = [
            (Risk::AgentPrivileged, agent),
            (
                Risk::EnginePrivileged,
                !agent && is("engine-privilege", "full"),
            ),
            (Risk::NodesEngine, is("engine-privilege", "the node's")),
            (
                Risk::TakenOver,
                self.taken_over(pattern)
                    .is_some_and(|look| look.is(REACHES)),
            ),
            (Risk::NeedsSocket, is("socket-missing", "refused")),
            (
                Risk::Leftovers,
                left.is_some_and(|outcome| outcome != "nothing"),
            ),
            (Risk::CacheLost, is("cache", "lost")),
            (Risk::NeedsVolume, grade(Aspect::Storage, Grade::Mixed)),
            (Risk::Uncounted, is("accounting", "missed")),
            (Risk::UncountedHosts, hosts && !is("accounting", "missed")),
            (Risk::Collides, grade(Aspect::Collisions, Grade::Bad)),
        ];
        let there = all.into_iter().filter(|(_, is_there)| *is_there);
        there.map(|(risk, _)| risk).collect()
    }
}

//! Patterns that give a pod an engine, held against each other on the same work: what each hands
//! over, what an agent can reach, what is kept, counted and shared, what it costs; and what follows
//! for who has to choose.

mod advice;
mod aspect;
mod cost;
mod look;

use serde::Serialize;

use super::{Ratio, RatioSummary};
use facts::Record;
use facts::Table;
use facts::trials::in_order;

pub(crate) use advice::{Advice, Risk, Stand};
pub(crate) use aspect::{Aspect, Grade, REACHES};
pub(crate) use cost::{Memory, TIMES, Time};
pub(crate) use look::{Look, is_count};

/// The experiment's name. Its tables have names that others may take for something else.
const EXPERIMENT: &str = "sidecar";

/// In the order of the tables.
pub(crate) const PATTERNS: [&str; 5] = ["dind", "dood", "sidecar", "sidecar-open", "daemonless"];

/// What each is held against: it adds nothing to the node's engine.
pub(crate) const REFERENCE: &str = "dood";

/// The tables of trials that it is made of.
pub(crate) const TABLES: [&str; 8] = [
    look::PATTERN,
    look::ESCAPE,
    look::TRANSPORT,
    look::HOSTILE,
    look::LEGITIMATE,
    look::PLUGIN,
    look::DAEMONLESS,
    look::MEMORY,
];

/// Who would take the engine's container over; no way of the agent's own, unless it has that
/// container's privilege already.
const TAKEN_OVER: &str = "engine-taken-over";

/// Everything that a run has on patterns.
#[derive(Serialize)]
pub(crate) struct Sidecar {
    /// Those that have a row or an arm.
    pub(crate) patterns: Vec<&'static str>,
    looks: Vec<Look>,
    /// Rows that can't be read.
    pub(crate) strangers: Vec<String>,
    times: Vec<Time>,
    memory: Vec<Memory>,
    /// A call with the plugin over one without.
    pub(crate) plugin: Option<Ratio>,
}

/// `None` for a run of another experiment.
pub(super) fn of(record: &Record, ratios: &[RatioSummary], published: &Table) -> Option<Sidecar> {
    if record.manifest.experiment != EXPERIMENT {
        return None;
    }
    let (looks, mut strangers) = look::looks(&record.trials);
    let (memory, odd) = cost::memory(record);
    strangers.extend(odd);
    let times = cost::times(record, ratios, published);
    let has = |pattern: &&str| {
        let mut rows = looks.iter();
        rows.any(|look| look.subject == **pattern)
            || times.iter().any(|time| time.pattern == *pattern)
            || memory.iter().any(|memory| memory.pattern == *pattern)
    };
    let patterns = PATTERNS.into_iter().filter(has).collect();
    Some(Sidecar {
        patterns,
        looks,
        strangers,
        times,
        memory,
        plugin: cost::plugin(record, ratios, published),
    })
}

impl Sidecar {
    fn table(&self, table: &str) -> impl Iterator<Item = &Look> {
        self.looks.iter().filter(move |look| look.table == table)
    }

    /// What was seen of one property of a pattern; `None` where it has no row.
    pub(crate) fn property(&self, pattern: &str, property: &str) -> Option<&Look> {
        let mut looks = self.table(look::PATTERN);
        looks.find(|look| look.subject == pattern && look.step == property)
    }

    /// The same, where it could be looked at.
    pub(crate) fn seen(&self, pattern: &str, property: &str) -> Option<&str> {
        self.property(pattern, property)?.outcome.as_deref()
    }

    /// Every way out that was tried, in the order of the first pattern that tried it.
    pub(crate) fn ways(&self) -> Vec<&str> {
        in_order(self.table(look::ESCAPE).map(|look| &*look.step))
    }

    pub(crate) fn escape(&self, pattern: &str, way: &str) -> Option<&Look> {
        let mut looks = self.table(look::ESCAPE);
        looks.find(|look| look.subject == pattern && look.step == way)
    }

    /// The ways out that a pattern's agent has tried itself. Where the agent is in the engine's
    /// container, nothing has to be taken over.
    pub(crate) fn escapes(&self, pattern: &str) -> Vec<&Look> {
        let is_engine = self.seen(pattern, "agent-privilege") == Some("full");
        let looks = self.table(look::ESCAPE);
        looks
            .filter(|look| look.subject == pattern && (is_engine || look.step != TAKEN_OVER))
            .collect()
    }

    /// What is left to who takes the engine's container over, where the agent is not in it.
    pub(crate) fn taken_over(&self, pattern: &str) -> Option<&Look> {
        let is_engine = self.seen(pattern, "agent-privilege") == Some("full");
        self.escape(pattern, TAKEN_OVER).filter(|_| !is_engine)
    }

    pub(crate) fn transport(&self) -> impl Iterator<Item = &Look> {
        self.table(look::TRANSPORT)
    }

    pub(crate) fn client(&self, client: &str) -> Option<&Look> {
        let mut looks = self.transport();
        looks.find(|look| look.subject == client)
    }

    /// Requests that the plugin is there for, sent to an engine that has it.
    pub(crate) fn hostile(&self) -> impl Iterator<Item = &Look> {
        let looks = self.table(look::HOSTILE);
        looks.filter(|look| look.step == look::GUARDED)
    }

    /// What became of one of them where there is no plugin; `None` where that was not tried.
    pub(crate) fn unguarded(&self, request: &str) -> Option<&Look> {
        let mut looks = self.table(look::HOSTILE);
        looks.find(|look| look.step == look::OPEN && look.subject == request)
    }

    /// How many requests an engine without the plugin has done; `None` where none was tried.
    pub(crate) fn done_unguarded(&self) -> Option<usize> {
        let mut looks = self
            .table(look::HOSTILE)
            .filter(|look| look.step == look::OPEN)
            .peekable();
        looks.peek()?;
        Some(looks.filter(|look| look.is("allowed")).count())
    }

    pub(crate) fn legitimate(&self) -> impl Iterator<Item = &Look> {
        self.table(look::LEGITIMATE)
    }

    pub(crate) fn plugin_rows(&self) -> impl Iterator<Item = &Look> {
        self.table(look::PLUGIN)
    }

    pub(crate) fn daemonless(&self) -> impl Iterator<Item = &Look> {
        self.table(look::DAEMONLESS)
    }

    /// The hostile requests that each rule refused, the most frequent rule first.
    pub(crate) fn by_rule(&self) -> Vec<(&str, Vec<&Look>)> {
        let refused: Vec<&Look> = self.hostile().filter(|look| look.is("refused")).collect();
        let rules = in_order(refused.iter().map(|look| look.rule()));
        let of = |rule| {
            let looks = refused.iter().copied();
            let looks = looks.filter(|look| look.rule() == rule).collect();
            (rule, looks)
        };
        let mut found: Vec<(&str, Vec<&Look>)> = rules.into_iter().map(of).collect();
        found.sort_by_key(|(_, looks)| std::cmp::Reverse(looks.len()));
        found
    }

    pub(crate) fn time(&self, pattern: &str, word: &str) -> Option<&Time> {
        let mut times = self.times.iter();
        times.find(|time| time.pattern == pattern && time.word == word)
    }

    pub(crate) fn memory(&self, pattern: &str) -> Option<&Memory> {
        let mut memory = self.memory.iter();
        memory.find(|memory| memory.pattern == pattern)
    }
}

//! The manifest: what a run was, beside its samples.

use serde::{Deserialize, Serialize};

use crate::arm::{Arm, Contrast, Part, Series};
use crate::machine::Machine;
use crate::plan::{Blocks, Plan};

/// Version of the files' layout; a reader refuses another one.
pub const SCHEMA_VERSION: u32 = 2;

/// Version of the method: order, warm-up and rules. Runs of different versions are not compared.
///
/// Since 3 there are primary-only blocks, and an arm's network is in the same state at every level.
pub const METHOD_VERSION: u32 = 3;

/// The oldest version whose runs are still read.
pub(crate) const OLDEST_METHOD_VERSION: u32 = 2;

/// Everything about a run that is no sample. Written when the run begins and again when it ends,
/// so that a killed run has one too (its status stays `running`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Manifest {
    /// [`SCHEMA_VERSION`] of the program that wrote it.
    pub schema_version: u32,
    /// [`METHOD_VERSION`] of the program that wrote it.
    pub method_version: u32,
    /// The experiment's name.
    pub experiment: String,
    /// How the run ended.
    pub status: Status,
    /// Why it ended so, unless it is complete.
    pub reason: Option<String>,
    /// The source tree.
    pub tool: Tool,
    /// The command line, program first.
    pub args: Vec<String>,
    /// Seed of the order.
    pub seed: u64,
    /// Measured blocks a session with every arm that were planned; with an adaptive stop, at most so
    /// many.
    pub blocks: u32,
    /// Measured blocks after them that have the arms of primary contrasts only; with an adaptive stop,
    /// at most so many.
    #[serde(default)]
    pub primary_blocks: u32,
    /// Warm-up blocks before them, in each session.
    pub warmup_blocks: u32,
    /// Whether each session has a lab with all arms, and one for each arm alone: the arms are then
    /// in the list twice, first those in company, then, with [`ALONE`] after their names, the same in
    /// the same order. The numbers of blocks are those of each lab.
    #[serde(default)]
    pub company: bool,
    /// Sessions that were planned.
    pub planned_sessions: u32,
    /// When a session's measuring ends.
    pub stopping: Stopping,
    /// Delta of rule 3, in per cent: fixed before the run.
    pub margin_pct: f64,
    /// The first measured block of a lab begins no earlier than this after its first sample, where
    /// there are blocks for warm-up (ms); a record that does not say was not made to wait.
    #[serde(default)]
    pub settled_ms: u64,
    /// The arms of this run.
    pub arms: Vec<Arm<String>>,
    /// The contrasts whose arms are both in this run.
    pub contrasts: Vec<Contrast<String>>,
    /// Where the excess of contrasts goes; those parts whose arms are all in this run.
    pub parts: Vec<Part<String, Vec<String>>>,
    /// What grows with the level; those series whose arms are all in this run.
    #[serde(default)]
    pub series: Vec<Series<String, Vec<String>>>,
    /// One entry a session that has begun to measure.
    pub sessions: Vec<Session>,
    /// How many rows its files have, once it has ended; a killed run and records of earlier programs
    /// do not say.
    #[serde(default)]
    pub rows: Option<RowCounts>,
    /// Share of the measuring loop's wall time that was spent inside samples.
    pub inside_share: Option<f64>,
    /// When the run began (UTC, RFC 3339).
    pub started: String,
    /// Load average over one minute then, before anything of the run was at work.
    #[serde(default)]
    pub load1: Option<f64>,
    /// When it ended.
    pub ended: Option<String>,
}

/// What the name of an arm ends with that is alone in its lab.
pub const ALONE: &str = "-alone";

impl Manifest {
    /// What is taken in a session, counted from 1, and in which order.
    #[must_use]
    pub fn plan(&self, session: u32) -> Plan {
        let (arms, warmup, full) = (self.arms.len(), self.warmup_blocks, self.blocks);
        if self.company {
            return Plan::company(arms / 2, warmup, full, self.seed, session);
        }
        let is_asked = |contrast: &&Contrast<String>| contrast.primary;
        let asked: Vec<&Contrast<String>> = self.contrasts.iter().filter(is_asked).collect();
        let is_primary = |arm: &String| {
            asked.iter().any(|asked| asked.numerator == *arm || asked.denominator == *arm)
        };
        let primary: Vec<usize> =
            (0..arms).filter(|&arm| is_primary(&self.arms[arm].name)).collect();
        let blocks = Blocks { warmup, full, primary: self.primary_blocks };
        Plan::new(arms, &primary, blocks, self.seed, session)
    }
}

/// When measuring ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "rule", rename_all = "lowercase")]
pub enum Stopping {
    /// After a number of blocks that was fixed before the run (rule 1).
    Fixed,
    /// In each session, once every primary contrast is known this well within the session, at all
    /// times at once (rule 4), or the session's share of the budget is spent.
    Adaptive {
        /// The interval reaches at most this far from the estimate, as a factor, in per cent;
        /// `None`: only the budget ends it.
        precision_pct: Option<f64>,
        /// Measuring time of the whole run, in seconds, shared evenly by its sessions; `None`:
        /// unlimited.
        budget_s: Option<u64>,
    },
}

/// Why a session that ended of itself took no more blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Stopped {
    /// It had all that were planned.
    Planned,
    /// Every contrast was known as well as was asked for.
    Precise,
    /// Its share of the budget was spent.
    Budget,
    /// A contrast that was to be known had no block with both readings, and would have none.
    #[serde(rename = "no reading")]
    NoReading,
}

/// One session: what it ran on, and what the experiment says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Session {
    /// Counts from 1.
    pub number: u32,
    /// When it was described, before its first sample (UTC, RFC 3339).
    pub started: String,
    /// When its last sample was taken.
    pub ended: Option<String>,
    /// Measured blocks that it has taken, once it has ended of itself.
    pub blocks_taken: Option<u32>,
    /// Why it took no more.
    pub stopped: Option<Stopped>,
    /// The machine at its beginning.
    pub machine: Machine,
    /// Filled by the experiment: engines per level, package set, sandbox, stand-ins, timings of
    /// its set-up.
    #[serde(flatten)]
    pub description: serde_json::Map<String, serde_json::Value>,
}

/// What a run has written: how many rows to each file, its header not counted, and which trials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RowCounts {
    /// In `samples.csv`.
    pub samples: u64,
    /// In `blocks.csv`.
    pub blocks: u64,
    /// In `trials.csv`.
    pub trials: u64,
    /// The SHA-256 of `trials.csv`, if there is one: nothing else tells the order of its rows. That of
    /// the other two follows from the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials_sha256: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It has not ended, or it was killed.
    Running,
    /// Every planned sample was taken, if not every one with success.
    Complete,
    /// A signal ended it.
    Interrupted,
    /// Its set-up or its measuring failed.
    Failed,
}

/// The source tree that a program was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tool {
    /// Version of the workspace.
    pub version: String,
    /// Commit, where git could tell.
    pub revision: Option<String>,
    /// Whether the tree differed from that commit, where git could tell.
    pub dirty: Option<bool>,
}

impl Status {
    /// The name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Running => "running",
            Status::Complete => "complete",
            Status::Interrupted => "interrupted",
            Status::Failed => "failed",
        }
    }
}

/// Now, to the second, as manifests and block rows hold it.
pub(crate) fn utc_now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_in_files_are_the_serialised_ones() {
        use Status::{Complete, Failed, Interrupted, Running};
        for status in [Running, Complete, Interrupted, Failed] {
            let json = serde_json::to_string(&status).expect("serialises");
            assert_eq!(json, format!("\"{}\"", status.name()));
        }
    }

    #[test]
    fn now_is_a_time_that_can_be_read_back() {
        let now = utc_now();
        assert!(now.parse::<jiff::Timestamp>().is_ok(), "{now}");
    }
}

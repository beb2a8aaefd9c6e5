//! The manifest: what a run was, beside its samples.

use serde::{Deserialize, Serialize};

use crate::arm::{Arm, Contrast};
use crate::machine::Machine;

/// Version of the files' layout; a reader refuses another one.
pub const SCHEMA_VERSION: u32 = 1;

/// Version of the method: order, warm-up and rules. Runs of different versions are not compared.
pub const METHOD_VERSION: u32 = 1;

/// Everything about a run that is no sample. Written when the run begins and again when it ends,
/// so that a killed run has one too (its status stays `running`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Measured blocks that were planned.
    pub blocks: u32,
    /// Warm-up blocks before them.
    pub warmup_blocks: u32,
    /// The arms of this run.
    pub arms: Vec<Arm<String>>,
    /// The contrasts whose arms are both in this run.
    pub contrasts: Vec<Contrast<String>>,
    /// The machine.
    pub machine: Machine,
    /// One entry a session, filled by the experiment: engines per level, package set, sandbox,
    /// stand-ins, timings of its set-up. Readers know one key: `stand_ins`.
    pub sessions: Vec<serde_json::Value>,
    /// Share of the measuring loop's wall time that was spent inside samples.
    pub inside_share: Option<f64>,
    /// When the run began (UTC, RFC 3339).
    pub started: String,
    /// When it ended.
    pub ended: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
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

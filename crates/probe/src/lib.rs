//! What is asked of the probe and what it answers.
//!
//! The probe is one static program that runs unchanged at every level. As an *agent* it reads one
//! [`Request`] a line from its standard input and answers each with one [`Answer`] a line, so that
//! a level has to be entered once and not once a sample: what an agent times holds no `exec` hop.

mod hash;
mod operation;
mod spawn;

use serde::{Deserialize, Serialize};

pub use hash::{Hashed, digest, feed, hash};
pub use operation::{ECHO, NOTHING, Operated, Operation, echo, operate};
pub use spawn::{Exit, Spawned, spawn};

/// One request to an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Start a command, wait for its end, time it.
    Spawn {
        /// The program, looked up in `PATH` before the clock starts, and its arguments.
        argv: Vec<String>,
        /// After this many milliseconds the command is killed and the answer says so.
        deadline_ms: u64,
    },
    /// Hash so many mebibytes of the generated input.
    Hash {
        /// Amount of input in MiB.
        mebibytes: u32,
    },
    /// Have the kernel do something many times over.
    Operate {
        /// What.
        operation: Operation,
        /// How often, at least once.
        times: u32,
    },
    /// What the agent itself costs.
    Vitals,
}

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The command was started and has ended.
    Spawned(Spawned),
    /// The input was hashed.
    Hashed(Hashed),
    /// It was done.
    Operated(Operated),
    /// Peak resident memory of the agent (`VmHWM` in `proc_pid_status(5)`), in bytes.
    Vitals {
        /// Peak resident set in bytes.
        peak_bytes: u64,
    },
    /// The request could not be carried out.
    Failed {
        /// What and why, in one line.
        why: String,
    },
}

/// Carries out one request.
#[must_use]
pub fn answer(request: &Request) -> Answer {
    let result = match request {
        Request::Spawn { argv, deadline_ms } => {
            let deadline = std::time::Duration::from_millis(*deadline_ms);
            spawn(argv, deadline).map(Answer::Spawned)
        }
        Request::Hash { mebibytes } => Ok(Answer::Hashed(hash(*mebibytes))),
        Request::Operate { operation, times } => operate(*operation, *times).map(Answer::Operated),
        Request::Vitals => peak_bytes().map(|peak_bytes| Answer::Vitals { peak_bytes }),
    };
    result.unwrap_or_else(|e| Answer::Failed { why: e.to_string() })
}

fn peak_bytes() -> std::io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
        .map(|kib| kib * 1024)
        .ok_or_else(|| std::io::Error::other("no VmHWM in /proc/self/status"))
}

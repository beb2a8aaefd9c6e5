//! Level 0, which is one of two things: a lab, or the machine with engines of its own.
//!
//! What differs between them is asked here and nowhere else. The machine's namespaces are joined by
//! nobody: whatever is done in a container there goes through the hops that lead to it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use duct::Expression;
use miette::Result;
use program::patient;

use crate::engine::Engine;
use crate::error::{Explain, failure};
use crate::held::Held;
use crate::inside::Process;
use crate::level::Output;
use crate::machine::Machine;
use crate::service::{cancelled, lost};

/// How long a command that only sets something up may take.
pub(crate) const COMMAND_DEADLINE: Duration = Duration::from_secs(120);

/// How long it may go on once a daemon of level 0 has died: a client of Docker's can wait for ever for
/// what containerd would have done.
const LOST_DEADLINE: Duration = Duration::from_secs(2);

/// How often it is asked meanwhile whether the user wants the end.
const PACE: Duration = Duration::from_millis(100);

/// The way to level 0.
#[derive(Clone, Copy)]
pub(crate) enum Zero<'lab> {
    Lab(&'lab Held),
    Machine(&'lab Machine),
}

impl<'lab> Zero<'lab> {
    /// A command that somebody waits for.
    pub(crate) fn command<S: AsRef<str>>(self, argv: &[S]) -> Result<Expression> {
        match self {
            Self::Lab(held) => held.command(Path::new("/"), argv),
            Self::Machine(machine) => machine.command(argv),
        }
    }

    /// One that ends with its standard input.
    pub(crate) fn agent<S: AsRef<str>>(self, argv: &[S]) -> Result<Expression> {
        match self {
            Self::Lab(held) => held.command(Path::new("/"), argv),
            Self::Machine(_) => Ok(Machine::agent(argv)),
        }
    }

    /// What a lab is made of, where it is one.
    pub(crate) const fn held(self) -> Option<&'lab Held> {
        match self {
            Self::Lab(held) => Some(held),
            Self::Machine(_) => None,
        }
    }

    /// The first process of level 0, where there is one of its own.
    pub(crate) fn first_process(self) -> Option<Arc<Process>> {
        match self {
            Self::Lab(held) => held.first_process().cloned(),
            Self::Machine(_) => None,
        }
    }

    /// The process that has this number in the PID namespace of that one.
    pub(crate) fn find(self, around: Option<&Arc<Process>>, number: u32) -> Option<Arc<Process>> {
        match self {
            Self::Lab(held) => held.find(around?, number).ok(),
            Self::Machine(_) => None,
        }
    }

    /// Whether its namespaces, and those of what is in it, may be joined.
    pub(crate) const fn is_joined(self) -> bool {
        matches!(self, Self::Lab(_))
    }

    pub(crate) fn has_cgroup(self) -> bool {
        match self {
            Self::Lab(held) => held.has_cgroup(),
            Self::Machine(_) => false,
        }
    }

    pub(crate) fn cancelled(self) -> bool {
        match self {
            Self::Lab(held) => held.cancelled(),
            Self::Machine(machine) => machine.cancelled(),
        }
    }

    pub(crate) fn has_lost_a_daemon(self) -> bool {
        match self {
            Self::Lab(held) => held.has_lost_a_daemon(),
            Self::Machine(_) => false,
        }
    }

    /// The machine, with engines that somebody else uses, too.
    pub(crate) const fn machine(self) -> Option<&'lab Machine> {
        match self {
            Self::Lab(_) => None,
            Self::Machine(machine) => Some(machine),
        }
    }

    /// What a thing is called that has this name in a lab.
    pub(crate) fn name(self, name: String) -> String {
        match self {
            Self::Lab(_) => name,
            Self::Machine(machine) => machine.name(&name),
        }
    }

    /// Flags of everything that is made with an engine.
    pub(crate) fn labels(self) -> &'lab [String] {
        match self {
            Self::Lab(_) => &[],
            Self::Machine(machine) => machine.labels(),
        }
    }

    /// Whether an engine at level 0 has a default network that containers can leave and come back to.
    pub(crate) fn has_network(self, engine: Engine) -> bool {
        match self {
            Self::Lab(_) => true,
            Self::Machine(machine) => machine.has_network(engine),
        }
    }

    /// Runs a command to its end, if that comes in time and nobody wants another one.
    pub(crate) fn finish(
        self,
        command: &Expression,
        what: impl Fn() -> String,
        deadline: Duration,
    ) -> Result<Output> {
        let handle = command
            .stdout_capture()
            .stderr_capture()
            .start()
            .explain(what(), "see `cargo xtask doctor`")?;
        let end = Instant::now() + patient(deadline);
        let mut lost_since = None;
        while matches!(handle.wait_timeout(PACE), Ok(None)) {
            if lost_since.is_none() && self.has_lost_a_daemon() {
                lost_since = Some(Instant::now());
            }
            let is_lost = lost_since.is_some_and(|since| since.elapsed() > patient(LOST_DEADLINE));
            let why = if self.cancelled() {
                cancelled(&what())
            } else if is_lost {
                lost(what())
            } else if Instant::now() > end {
                let why = format!("no end after {} s", patient(deadline).as_secs());
                failure(what(), why, "look for a loaded machine or a full disk")
            } else {
                continue;
            };
            let _ = handle.kill();
            return Err(why);
        }
        let output = handle.into_output().explain(what(), "see `cargo xtask doctor`")?;
        Ok(Output {
            code: output.status.code().unwrap_or(1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}

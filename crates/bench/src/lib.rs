//! Where the two halves meet: samples that a lab's agents take, as `measure` wants them.
//!
//! `lab` and `measure` do not know each other; what every experiment would say to join them is here.

pub mod disk;
mod generations;
mod labs_only;
pub mod once;
mod session;

use std::time::Duration;

use lab::{Agent, AgentError, Engines, Operation, Options, Spawned, patient};
use measure::{Reading, SampleError};
use miette::Result;

pub use generations::Generations;
pub use labs_only::LabsOnly;
pub use session::{Session, main};

/// How long a lab is sampled, or waited for, before its first measured block, in ms
/// ([`measure::Experiment`]): whatever its making leaves to be done is to be over by then, in a run of
/// few arms, too, which would have ended sooner.
pub const SETTLED_MS: u64 = 5_000;

/// When a sample is given up. One takes a fraction of a second; this is for an engine that hangs.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Nobody else measures, and this machine can run such labs. What is returned is kept while a run
/// lasts ([`measure::lock_exclusive`]).
pub fn preflight(labs: &[&Options]) -> Result<impl Sized + use<>> {
    let sign = measure::lock_exclusive()?;
    labs.iter().try_for_each(|options| options.require())?;
    Ok(sign)
}

/// Starts a command next to an agent, for a reading of its time until its end, and of what the whole
/// lab has taken of the processors meanwhile; `good` says whether it did what it should.
pub fn spawn<S: AsRef<str>>(
    lab: &dyn Engines,
    agent: &mut Agent,
    argv: &[S],
    good: impl FnOnce(&Spawned) -> bool,
) -> Result<Reading, SampleError> {
    lab.rest();
    let before = lab.cpu_ns();
    let spawned = agent.spawn(argv, patient(DEADLINE));
    // What an engine still does for it is its, too.
    lab.rest();
    let whole_cpu_ns = before.and_then(|before| lab.cpu_ns()?.checked_sub(before));
    let spawned = lab.check(spawned, |spawned| {
        let complaint = || spawned.complaint();
        good(spawned).then_some(()).ok_or_else(complaint)
    });
    let spawned = spawned.map_err(sample_error)?;
    Ok(Reading { whole_cpu_ns, ..reading(spawned.wall_ns, spawned.cpu_ns) })
}

/// Hashes so many MiB of the generated input, by the agent's own clock; another digest than this
/// is a failed sample.
pub fn hash(
    lab: &dyn Engines,
    agent: &mut Agent,
    mebibytes: u32,
    digest: &str,
) -> Result<Reading, SampleError> {
    lab.rest();
    let hashed = lab.check(agent.hash(mebibytes, patient(DEADLINE)), |hashed| {
        let wrong = || format!("digest {} is not {digest}", hashed.digest);
        let good = hashed.digest == digest;
        good.then_some(()).ok_or_else(wrong)
    });
    let hashed = hashed.map_err(sample_error)?;
    Ok(reading(hashed.wall_ns, hashed.cpu_ns))
}

/// Has the kernel do something so many times, by the agent's own clock.
pub fn operate(
    lab: &dyn Engines,
    agent: &mut Agent,
    operation: Operation,
    times: u32,
) -> Result<Reading, SampleError> {
    lab.rest();
    let operated = agent.operate(operation, times, patient(DEADLINE));
    let operated = lab.check(operated, |_| Ok(())).map_err(sample_error)?;
    Ok(reading(operated.wall_ns, operated.cpu_ns))
}

/// The lab's word in the measurement's terms.
#[must_use]
pub fn sample_error(error: AgentError) -> SampleError {
    match error {
        AgentError::Sample(why) => SampleError::Sample(why),
        AgentError::Lab(why) => SampleError::Fatal(why),
    }
}

fn reading(wall_ns: u64, cpu_ns: u64) -> Reading {
    Reading { wall_ns, cpu_ns: Some(cpu_ns), whole_cpu_ns: None }
}

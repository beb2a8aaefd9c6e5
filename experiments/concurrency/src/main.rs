//! What do several container starts at once cost, at each engine and nesting?

mod arms;
mod reading;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use bench::{DEADLINE, Session};
use lab::{Agent, Engines, Layer, Needs, Nest};
use measure::{Arm, Reading, Run, SampleError, Trial};
use miette::Result;
use serde_json::json;

use arms::{Burst, CROWD, ROUNDS, TABLE};

/// What its help says.
const ABOUT: &str = "1, 2, 4, 8 and 16 containers started at once: the time to the last of them, and each one's \
     own";

fn main() -> ExitCode {
    bench::main(ABOUT, &arms::experiment(), &[], reading::facts, needs, session)
}

fn needs(arm: &Arm) -> Needs {
    let chain = Burst::of(arm.name).map_or(&[][..], |burst| burst.set_up.chain);
    Needs { chain, ..Needs::default() }
}

fn session(run: &mut Run, session: &Session) -> Result<()> {
    let lab = &*session.lab;
    let wanted: Vec<Burst> = run.arms().iter().filter_map(|arm| Burst::of(arm.name)).collect();
    let chains: Vec<&[Layer]> = wanted.iter().map(|burst| burst.set_up.chain).collect();
    let nests = lab.nests(&chains)?;
    let mut agents = BTreeMap::new();
    for (&chain, nest) in &nests {
        let beside = (0..CROWD).map(|_| nest.innermost().agent());
        agents.insert(chain, beside.collect::<Result<Vec<Agent>>>()?);
    }
    session.describe(run, nests.values(), json!({}))?;
    let mut crowd = Crowd { lab, nests: &nests, agents };
    // Each start's own time, first: samples have one number each.
    for round in 1..=ROUNDS {
        for burst in &wanted {
            for (index, start) in crowd.burst(*burst)?.into_iter().enumerate() {
                let (outcome, reason, wall_ns) = match start {
                    Ok(wall_ns) => ("ok", String::new(), Some(wall_ns)),
                    Err(why) => ("failed", why, None),
                };
                let row = Trial {
                    table: TABLE.to_owned(),
                    subject: burst.to_string(),
                    step: format!("{round}.{}", index + 1),
                    outcome: outcome.to_owned(),
                    reason,
                    wall_ns,
                    ..Trial::default()
                };
                run.record_trial(row, || lab.alive())?;
            }
        }
    }
    run.measure(|arm| {
        let burst =
            Burst::of(arm.name).ok_or_else(|| SampleError::Fatal("no such arm".to_owned()))?;
        crowd.take(burst)
    })
}

/// Probes next to each engine, as many as start something at once.
struct Crowd<'lab> {
    lab: &'lab dyn Engines,
    nests: &'lab BTreeMap<&'static [Layer], Nest<'lab>>,
    agents: BTreeMap<&'static [Layer], Vec<Agent>>,
}

impl Crowd<'_> {
    /// Each start's own time, in nanoseconds by its probe's clock, or why it failed. They begin
    /// together, but for what it takes to ask one probe after the other.
    fn burst(&mut self, burst: Burst) -> Result<Vec<Result<u64, String>>> {
        let chain = burst.set_up.chain;
        let nest = &self.nests[chain];
        let run = [nest.engine().program(), "run", "--rm"].into_iter();
        let labels = nest.labels().iter().map(String::as_str);
        let argv: Vec<&str> = run.chain(labels).chain(["alpine", "echo", "ok"]).collect();
        let agents = self.agents.get_mut(chain).map_or(&mut [][..], Vec::as_mut_slice);
        let start = |agent: &mut Agent| agent.spawn(&argv, DEADLINE + PATIENCE);
        let done: Vec<_> = thread::scope(|scope| {
            let started: Vec<_> = agents[..burst.starts]
                .iter_mut()
                .map(|agent| scope.spawn(move || start(agent)))
                .collect();
            started.into_iter().map(thread::ScopedJoinHandle::join).collect()
        });
        let mut starts = Vec::new();
        for done in done {
            let spawned = done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            let good = spawned.printed("ok\n");
            starts.push(if good { Ok(spawned.wall_ns) } else { Err(spawned.complaint()) });
        }
        Ok(starts)
    }

    /// The time to the last one; a sample fails with the first of them that does.
    fn take(&mut self, burst: Burst) -> Result<Reading, SampleError> {
        self.lab.rest();
        let began = Instant::now();
        let starts = self.burst(burst);
        let wall_ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let failed = |starts: &Vec<Result<u64, String>>| match starts
            .iter()
            .find_map(|start| start.clone().err())
        {
            Some(why) => Err(why),
            None => Ok(()),
        };
        self.lab.check(starts, failed).map_err(bench::sample_error)?;
        Ok(Reading { wall_ns, ..Reading::default() })
    }
}

/// Of sixteen on two processors the last one waits for all others.
const PATIENCE: Duration = Duration::from_secs(60);

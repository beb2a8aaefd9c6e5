//! What does one container start cost at each level, and for whom?

mod arms;
mod besides;
mod reading;

use std::collections::BTreeMap;
use std::process::ExitCode;

use bench::Session;
use lab::{Agent, Lab, Layer, Nest};
use measure::{Arm, Observer, Reading, Run, SampleError};
use miette::Result;
use serde_json::json;

use arms::{CHAINS, EXPERIMENT, Network, Step};

/// What its help says.
const ABOUT: &str = "Start time of one container: bare, Docker, Docker in Docker, Podman, Podman in Podman, seen \
     from level 0 and from next to the engine";

fn main() -> ExitCode {
    bench::main(ABOUT, &EXPERIMENT, &[], |evidence| Ok(reading::facts(evidence)), session)
}

fn session(run: &mut Run, session: &Session) -> Result<()> {
    let lab = &session.lab;
    let wanted = |name: &str| run.arms().iter().any(|arm| arm.name == name);
    let rows = CHAINS.iter().filter(|(name, ..)| wanted(name));
    let nests = lab.nests(rows.map(|(_, chain, _)| *chain))?;
    let mut bench = Bench::new(lab, &nests)?;
    session.describe(run, nests.values(), json!({}))?;
    run.measure(|arm| bench.take(arm))?;
    // What only takes results apart is not for who is in a hurry, or asks for some arms.
    if run.arms().len() < EXPERIMENT.arms.len() {
        return Ok(());
    }
    let is_start = |arm: &Arm| {
        let of_arm = |(name, _, step): &(&str, _, Step)| {
            *name == arm.name && matches!(step, Step::Run(Network::Warm))
        };
        CHAINS.iter().any(of_arm)
    };
    besides::memory(run, lab, |arm| bench.take(arm), is_start)?;
    besides::first_starts(run, lab)
}

/// What takes samples: a probe at level 0, and one next to each inner engine.
struct Bench<'lab> {
    lab: &'lab Lab,
    nests: &'lab BTreeMap<&'static [Layer], Nest<'lab>>,
    outside: Agent,
    inside: BTreeMap<&'static [Layer], Agent>,
}

impl<'lab> Bench<'lab> {
    fn new(lab: &'lab Lab, nests: &'lab BTreeMap<&'static [Layer], Nest<'lab>>) -> Result<Self> {
        let mut inside = BTreeMap::new();
        for (&chain, nest) in nests {
            if chain.len() > 1 {
                inside.insert(chain, nest.innermost().agent()?);
            }
        }
        Ok(Self { lab, nests, outside: lab.level0().agent()?, inside })
    }

    fn take(&mut self, arm: &Arm) -> Result<Reading, SampleError> {
        let row = CHAINS.iter().find(|(name, ..)| *name == arm.name);
        let (_, chain, step) = row.ok_or_else(|| SampleError::Fatal("no such arm".to_owned()))?;
        let argv = match self.nests.get(chain) {
            None => step.argv("").into_iter().map(String::from).collect(),
            Some(nest) => {
                let argv = step.argv(nest.engine().program());
                match arm.observer {
                    Observer::Outside => nest.innermost().from_outside(&argv),
                    _ => argv.into_iter().map(String::from).collect(),
                }
            }
        };
        let agent = match arm.observer {
            Observer::Outside => Some(&mut self.outside),
            _ => self.inside.get_mut(chain),
        };
        let agent = agent.ok_or_else(|| SampleError::Fatal("no probe there".to_owned()))?;
        let lab = self.lab;
        let mut spawn =
            || bench::spawn(lab, agent, &argv, |spawned| spawned.printed(step.prints()));
        match (step, self.nests.get(chain)) {
            (Step::Run(Network::Cold), Some(nest)) => {
                let taken = nest.without_resident(spawn);
                // Whatever comes after it would start on another network than it should.
                taken.unwrap_or_else(|report| Err(SampleError::Fatal(report.to_string())))
            }
            _ => spawn(),
        }
    }
}

impl Step {
    fn argv(self, engine: &'static str) -> Vec<&'static str> {
        match self {
            Self::Echo => vec!["echo", "ok"],
            Self::Run(Network::None) => {
                vec![engine, "run", "--rm", "--network=none", "alpine", "echo", "ok"]
            }
            Self::Run(_) => vec![engine, "run", "--rm", "alpine", "echo", "ok"],
            Self::Hop => vec!["true"],
        }
    }

    fn prints(self) -> &'static str {
        match self {
            Self::Echo | Self::Run(_) => "ok\n",
            Self::Hop => "",
        }
    }
}

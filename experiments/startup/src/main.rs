//! What does one container start cost at each level, and for whom?

mod arms;
mod besides;
mod reading;

use std::collections::BTreeMap;
use std::process::ExitCode;

use bench::Session;
use lab::{Agent, Engines, Layer, Needs, Nest};
use measure::{Arm, Observer, Reading, Run, SampleError};
use miette::Result;
use serde_json::json;

use arms::{CHAINS, EXPERIMENT, Network, Step};

/// What its help says.
const ABOUT: &str = "Start time of one container: bare, Docker, Docker in Docker, Podman, Podman in Podman, seen \
     from level 0 and from next to the engine";

fn main() -> ExitCode {
    let facts = |evidence: &_| Ok(reading::facts(evidence));
    bench::main(ABOUT, &EXPERIMENT, &[], facts, needs, session)
}

fn needs(arm: &Arm) -> Needs {
    let row = CHAINS.iter().find(|(name, ..)| *name == arm.name);
    let (chain, step) = row.map_or((&[][..], Step::Echo), |(_, chain, step)| (*chain, *step));
    let empty_network = matches!(step, Step::Run(Network::Cold));
    Needs { chain, empty_network, program: None }
}

fn session(run: &mut Run, session: &Session) -> Result<()> {
    let lab = &*session.lab;
    let wanted = |name: &str| run.arms().iter().any(|arm| arm.name == name);
    let rows = CHAINS.iter().filter(|(name, ..)| wanted(name));
    let chains: Vec<&[Layer]> = rows.map(|(_, chain, _)| *chain).collect();
    let nests = lab.nests(&chains)?;
    let mut bench = Bench::new(lab, &nests)?;
    session.describe(run, nests.values(), json!({}))?;
    run.measure(|arm| bench.take(arm))?;
    // What only takes results apart is not for who is in a hurry, or asks for some arms; and of the machine
    // it would be said what others do there.
    let Some(lab) = lab.lab().filter(|_| run.arms().len() == EXPERIMENT.arms.len()) else {
        return Ok(());
    };
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
    lab: &'lab dyn Engines,
    nests: &'lab BTreeMap<&'static [Layer], Nest<'lab>>,
    outside: Agent,
    inside: BTreeMap<&'static [Layer], Agent>,
}

impl<'lab> Bench<'lab> {
    fn new(
        lab: &'lab dyn Engines,
        nests: &'lab BTreeMap<&'static [Layer], Nest<'lab>>,
    ) -> Result<Self> {
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
            None => step.argv("", &[]).into_iter().map(String::from).collect(),
            Some(nest) => {
                let argv = step.argv(nest.engine().program(), nest.labels());
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
    /// `labels` are those of a container.
    fn argv<'a>(self, engine: &'static str, labels: &'a [String]) -> Vec<&'a str> {
        let network = match self {
            Self::Echo => return vec!["echo", "ok"],
            Self::Hop => return vec!["true"],
            Self::Run(Network::None) => Some("--network=none"),
            Self::Run(_) => None,
        };
        let run = [engine, "run", "--rm"].into_iter().chain(network);
        let labels = labels.iter().map(String::as_str);
        run.chain(labels).chain(["alpine", "echo", "ok"]).collect()
    }

    fn prints(self) -> &'static str {
        match self {
            Self::Echo | Self::Run(_) => "ok\n",
            Self::Hop => "",
        }
    }
}

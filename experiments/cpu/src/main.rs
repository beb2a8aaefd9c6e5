//! Does computing get slower with the level, or only getting there?

mod arms;
mod reading;

use std::collections::BTreeMap;
use std::process::ExitCode;

use bench::Session;
use lab::{Agent, Engines, Layer, Level, Needs, Spawned};
use measure::{Arm, Observer, Reading, Run, SampleError};
use miette::Result;
use serde_json::json;

use arms::{EXPERIMENT, WORKS, Work};

/// What its help says.
const ABOUT: &str = "SHA-256 of 50 MiB in containers that already run: the published way, and the same program \
     over the same input by its own clock";

/// As much as the published script hashed.
const MEBIBYTES: u32 = 50;

fn main() -> ExitCode {
    let facts = |evidence: &_| Ok(reading::facts(evidence));
    bench::main(ABOUT, &EXPERIMENT, &[], facts, needs, session)
}

fn needs(arm: &Arm) -> Needs {
    let row = WORKS.iter().find(|(name, ..)| *name == arm.name);
    let (chain, work) = row.map_or((&[][..], Work::Hop), |(_, chain, work)| (*chain, *work));
    let is_busybox = matches!(work, Work::Pipe(pipe) if pipe.line.contains("busybox"));
    let program = (chain.is_empty() && is_busybox).then_some("busybox");
    Needs { chain, program, ..Needs::default() }
}

fn session(run: &mut Run, session: &Session) -> Result<()> {
    let lab = &*session.lab;
    let wanted = |name: &str| run.arms().iter().any(|arm| arm.name == name);
    let rows = WORKS.iter().filter(|(name, ..)| wanted(name));
    let chains: Vec<&[Layer]> = rows.map(|(_, chain, _)| *chain).collect();
    let nests = lab.nests(&chains)?;
    let mut bench = Bench {
        lab,
        expected: lab::expected_digest(MEBIBYTES),
        outside: lab.level0().agent()?,
        places: BTreeMap::from([(&[] as &[Layer], (lab.level0(), lab.level0().agent()?))]),
    };
    for (chain, nest) in &nests {
        let leaf = nest.leaf()?;
        let agent = leaf.agent()?;
        bench.places.insert(chain, (leaf, agent));
    }
    session.describe(run, nests.values(), json!({ "digest": bench.expected }))?;
    run.measure(|arm| bench.take(arm))
}

/// What takes samples: a probe at level 0, and one in the container at the end of each chain.
struct Bench<'lab> {
    lab: &'lab dyn Engines,
    expected: String,
    outside: Agent,
    places: BTreeMap<&'static [Layer], (Level<'lab>, Agent)>,
}

impl Bench<'_> {
    fn take(&mut self, arm: &Arm) -> Result<Reading, SampleError> {
        let row = WORKS.iter().find(|(name, ..)| *name == arm.name);
        let (_, chain, work) = row.ok_or_else(|| SampleError::Fatal("no such arm".to_owned()))?;
        let place = self.places.get_mut(chain);
        let (level, agent) = place.ok_or_else(|| SampleError::Fatal("no such place".to_owned()))?;
        let pipe = match work {
            Work::Controlled => return bench::hash(self.lab, agent, MEBIBYTES, &self.expected),
            Work::Pipe(pipe) => Some(pipe),
            Work::Hop => None,
        };
        let line = pipe.map(|pipe| pipe.line.replace("PROBE", &level.probe()));
        let argv: Vec<&str> = match (pipe, &line) {
            (Some(pipe), Some(line)) => pipe.shell.iter().copied().chain([line.as_str()]).collect(),
            _ => vec!["true"],
        };
        let good = |spawned: &Spawned| match pipe {
            Some(pipe) if pipe.known => spawned.printed(&format!("{}  -\n", self.expected)),
            Some(_) => spawned.succeeded() && is_digest(&spawned.stdout),
            None => spawned.printed(""),
        };
        match arm.observer {
            Observer::Inside => bench::spawn(self.lab, agent, &argv, good),
            _ => bench::spawn(self.lab, &mut self.outside, &level.from_outside(&argv), good),
        }
    }
}

/// Random input has no expected digest, but its form is known.
fn is_digest(line: &str) -> bool {
    let digest = line.strip_suffix("  -\n").unwrap_or_default();
    digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit())
}

//! Does a system call get slower with the level?

mod arms;
mod reading;
mod surroundings;

use std::collections::BTreeMap;
use std::process::ExitCode;

use bench::Session;
use lab::{Agent, Engines, Layer, Level, Needs, Nest};
use measure::{Arm, Reading, Run, SampleError};
use miette::Result;
use serde_json::json;

use arms::{EXPERIMENT, PLACES, Place, read};

/// What its help says.
const ABOUT: &str = "Six operations of the kernel in containers that already run, by their own clock: with and \
     without the engine's system call filter, at every level";

fn main() -> ExitCode {
    let facts = |evidence: &_| Ok(reading::facts(evidence));
    bench::main(ABOUT, &EXPERIMENT, &[], facts, needs, session)
}

fn needs(arm: &Arm) -> Needs {
    let chain = read(arm.name).map_or(&[][..], |(_, place)| place.chain);
    Needs { chain, ..Needs::default() }
}

fn session(run: &mut Run, session: &Session) -> Result<()> {
    let lab = &*session.lab;
    let wanted = |place: &&Place| {
        let mut arms = run.arms().iter().filter_map(|arm| read(arm.name));
        arms.any(|(_, wanted)| wanted.name == place.name)
    };
    let places: Vec<&Place> = PLACES.iter().filter(wanted).collect();
    let chains: Vec<&[Layer]> = places.iter().map(|place| place.chain).collect();
    let nests = lab.nests(&chains)?;

    let (mut agents, mut surroundings) = (BTreeMap::new(), BTreeMap::new());
    for place in places {
        let level = settle(lab, &nests, place)?;
        surroundings.insert(place.name, surroundings::of(&level, lab.lab().is_none())?);
        agents.insert(place.name, level.agent()?);
    }
    session.describe(run, nests.values(), json!({ "places": surroundings }))?;
    run.measure(|arm| take(lab, &mut agents, arm))
}

/// The environment of a place: level 0, or a new container at the end of its chain.
fn settle<'lab>(
    lab: &'lab dyn Engines,
    nests: &BTreeMap<&'static [Layer], Nest<'lab>>,
    place: &Place,
) -> Result<Level<'lab>> {
    match nests.get(place.chain) {
        None => Ok(lab.level0()),
        Some(nest) if place.filter => nest.leaf(),
        Some(nest) => nest.unconfined_leaf(),
    }
}

fn take(
    lab: &dyn Engines,
    agents: &mut BTreeMap<&'static str, Agent>,
    arm: &Arm,
) -> Result<Reading, SampleError> {
    let row = read(arm.name);
    let (operation, place) = row.ok_or_else(|| SampleError::Fatal("no such arm".to_owned()))?;
    let agent = agents.get_mut(place.name);
    let agent = agent.ok_or_else(|| SampleError::Fatal("no probe there".to_owned()))?;
    bench::operate(lab, agent, operation, arm.operations)
}

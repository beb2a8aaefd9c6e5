//! One of the two labs, with what takes samples in it.

use std::collections::BTreeMap;
use std::time::Duration;

use lab::{Agent, Kind, Lab, Layer, Mishap, Nest};
use measure::{Observer, Reading, Trouble};
use miette::Result;
use serde_json::{Value, json};

use crate::arms::Step;

/// As much as the experiment `cpu` hashes.
const MEBIBYTES: u32 = 50;

/// A sample takes a fraction of a second; this is for an engine that hangs.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Side<'lab> {
    lab: &'lab Lab,
    nests: BTreeMap<&'static [Layer], Nest<'lab>>,
    /// At level 0.
    outside: Agent,
    /// Next to each inner engine.
    inside: BTreeMap<&'static [Layer], Agent>,
    digest: String,
}

impl<'lab> Side<'lab> {
    /// The nests that those rows of this lab's kind need.
    pub(crate) fn new(
        lab: &'lab Lab,
        rows: &[&(&str, Kind, &'static [Layer], Step)],
    ) -> Result<Self> {
        let mine = rows.iter().filter(|row| row.1 == lab.kind());
        let chains = mine.map(|row| row.2).filter(|chain| !chain.is_empty());
        let nests = lab.nests(chains)?;
        let mut inside = BTreeMap::new();
        for (&chain, nest) in nests.iter().filter(|(chain, _)| chain.len() > 1) {
            inside.insert(chain, nest.innermost().agent()?);
        }
        Ok(Self {
            lab,
            nests,
            outside: lab.level0().agent()?,
            inside,
            digest: lab::expected_digest(MEBIBYTES),
        })
    }

    pub(crate) fn kind(&self) -> Kind {
        self.lab.kind()
    }

    /// Its nests, each with the kind of lab it is in.
    pub(crate) fn describe(&self) -> Result<Vec<Value>> {
        let nests = self.nests.values().map(|nest| {
            let mut described = nest.describe()?;
            described["sandbox"] = json!(self.kind());
            Ok(described)
        });
        nests.collect()
    }

    pub(crate) fn take(
        &mut self,
        chain: &[Layer],
        step: Step,
        observer: Observer,
    ) -> Result<Reading, Trouble> {
        if step == Step::Hash {
            return self.hash();
        }
        let (level, engine) = match self.nests.get(chain) {
            None => (self.lab.level0(), ""),
            Some(nest) => (nest.innermost().clone(), nest.engine().program()),
        };
        let argv = step.argv(engine);
        let (agent, argv) = match observer {
            Observer::Outside => (Some(&mut self.outside), level.from_outside(&argv)),
            _ => (
                self.inside.get_mut(chain),
                argv.into_iter().map(String::from).collect(),
            ),
        };
        let agent = agent.ok_or_else(|| Trouble::Fatal("no probe there".to_owned()))?;
        let spawned = self.lab.check(agent.spawn(&argv, DEADLINE), |spawned| {
            let good = spawned.printed(step.prints());
            good.then_some(()).ok_or_else(|| spawned.complaint())
        });
        let spawned = spawned.map_err(trouble)?;
        Ok(Reading {
            wall_ns: spawned.wall_ns,
            cpu_ns: Some(spawned.cpu_ns),
        })
    }

    fn hash(&mut self) -> Result<Reading, Trouble> {
        let hashed = self.outside.hash(MEBIBYTES, DEADLINE);
        let hashed = self.lab.check(hashed, |hashed| {
            let wrong = || format!("digest {} is not {}", hashed.digest, self.digest);
            let good = hashed.digest == self.digest;
            good.then_some(()).ok_or_else(wrong)
        });
        let hashed = hashed.map_err(trouble)?;
        Ok(Reading {
            wall_ns: hashed.wall_ns,
            cpu_ns: Some(hashed.cpu_ns),
        })
    }
}

/// The lab's word in the measurement's terms, which do not know each other.
fn trouble(mishap: Mishap) -> Trouble {
    match mishap {
        Mishap::Sample(why) => Trouble::Sample(why),
        Mishap::Lab(why) => Trouble::Fatal(why),
    }
}

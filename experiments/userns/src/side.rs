//! One of the labs, with what takes samples in it.

use std::collections::BTreeMap;

use lab::{Agent, Kind, Lab, Layer, Nest};
use measure::{Observer, Reading, SampleError};
use miette::Result;
use serde_json::{Value, json};

use crate::arms::{Row, Step};

/// As much as the experiment on computing hashes.
const MEBIBYTES: u32 = 50;

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
    pub(crate) fn new(lab: &'lab Lab, rows: &[&Row]) -> Result<Self> {
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
    ) -> Result<Reading, SampleError> {
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
            _ => (self.inside.get_mut(chain), argv.into_iter().map(String::from).collect()),
        };
        let agent = agent.ok_or_else(|| SampleError::Fatal("no probe there".to_owned()))?;
        bench::spawn(self.lab, agent, &argv, |spawned| spawned.printed(step.prints()))
    }

    fn hash(&mut self) -> Result<Reading, SampleError> {
        bench::hash(self.lab, &mut self.outside, MEBIBYTES, &self.digest)
    }
}

//! What is at level 0 as experiments see it: a lab, or the machine with its own engines.

use std::collections::{BTreeMap, BTreeSet};

use miette::Result;
use serde_json::{Map, Value, json};

use crate::engine::Engine;
use crate::error::{Refused, failure};
use crate::level::Level;
use crate::nest::{Layer, Nest};
use crate::start::{AgentError, Lab};

/// Engines to nest, measure and ask: those of a lab, or the machine's own.
pub trait Engines: Sync {
    /// The environment around all containers.
    fn level0(&self) -> Level<'_>;

    /// A nest for each different chain that is not empty: see [`Lab::nests`].
    fn nests<'chain>(
        &self,
        chains: &[&'chain [Layer]],
    ) -> Result<BTreeMap<&'chain [Layer], Nest<'_>>>;

    /// What has died that should not have: see [`Lab::exit_reason`].
    fn exit_reason(&self) -> Option<String>;

    /// What came of something that was done here; where that has died, an error says so.
    fn blame(&self, report: miette::Report) -> miette::Report;

    /// Waits until what the engines do after they have answered is done: see [`Lab::rest`].
    fn rest(&self);

    /// CPU time that all of it has taken, in ns; `None` where nobody can say.
    fn cpu_ns(&self) -> Option<u64>;

    /// Its part of a session's description.
    fn session(&self) -> Map<String, Value>;

    /// The lab, where it is one: only that has memory and files of its own.
    fn lab(&self) -> Option<&Lab>;
}

impl Engines for Lab {
    fn level0(&self) -> Level<'_> {
        self.level0()
    }

    fn nests<'chain>(
        &self,
        chains: &[&'chain [Layer]],
    ) -> Result<BTreeMap<&'chain [Layer], Nest<'_>>> {
        self.nests(chains.iter().copied())
    }

    fn exit_reason(&self) -> Option<String> {
        self.exit_reason()
    }

    fn blame(&self, report: miette::Report) -> miette::Report {
        match self.blamed::<()>(Err(report)) {
            Ok(()) => miette::miette!("no error"),
            Err(report) => report,
        }
    }

    fn rest(&self) {
        self.rest();
    }

    fn cpu_ns(&self) -> Option<u64> {
        self.cpu_ns()
    }

    fn session(&self) -> Map<String, Value> {
        let parts = [("lab", self.describe()), ("stand_ins", json!(self.stand_ins()))];
        parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect()
    }

    fn lab(&self) -> Option<&Lab> {
        Some(self)
    }
}

impl dyn Engines + '_ {
    /// Whether what an agent did is good for a sample; if not, whether any later one can be.
    pub fn check<T>(
        &self,
        done: Result<T>,
        good: impl FnOnce(&T) -> std::result::Result<(), String>,
    ) -> std::result::Result<T, AgentError> {
        // An agent that does not answer will not answer the next question either; one that answered
        // that it could not is well.
        let done = done.map_err(|report| {
            if let (Some(refused), None) = (report.downcast_ref::<Refused>(), self.exit_reason()) {
                return AgentError::Sample(refused.to_string());
            }
            let chain: Vec<String> = report.chain().map(ToString::to_string).collect();
            let why: Vec<String> = chain.into_iter().chain(self.exit_reason()).collect();
            AgentError::Lab(why.join(": "))
        })?;
        match good(&done) {
            Ok(()) => Ok(done),
            Err(complaint) => Err(self.agent_error(complaint)),
        }
    }

    /// What a complaint of something that an engine did is about: this one thing, or all of them.
    #[must_use]
    pub fn agent_error(&self, complaint: String) -> AgentError {
        match self.exit_reason() {
            Some(exit_reason) => AgentError::Lab(format!("{complaint}; {exit_reason}")),
            None => AgentError::Sample(complaint),
        }
    }

    /// An error that says what has died, if something has.
    pub fn alive(&self) -> Result<()> {
        if let Some(lab) = self.lab() {
            return lab.alive();
        }
        let Some(exit_reason) = self.exit_reason() else {
            return Ok(());
        };
        let remedy = "look after it, and start this again";
        Err(failure("an engine of the machine's has died", exit_reason, remedy))
    }

    /// What came of something that was done here; where an engine has died, an error says so.
    pub fn blamed<T>(&self, done: Result<T>) -> Result<T> {
        done.map_err(|report| self.blame(report))
    }
}

/// Builds a nest for each different chain that is not empty; those with different engines at level 0
/// side by side. On the default network of the engine that each commands one container stays, and no
/// other of them is there.
pub(crate) fn nests<'lab, 'chain>(
    chains: impl IntoIterator<Item = &'chain [Layer]>,
    nest: impl Fn(&'chain [Layer]) -> Result<Nest<'lab>> + Sync,
    blamed: impl Fn(Result<()>) -> Result<()> + Sync,
) -> Result<BTreeMap<&'chain [Layer], Nest<'lab>>> {
    let wanted: BTreeSet<&[Layer]> = chains.into_iter().collect();
    let build = |engine: Engine| -> Result<Vec<_>> {
        let starts_with = |chain: &&&[Layer]| chain.first().is_some_and(|l| l.engine == engine);
        let mine = wanted.iter().filter(starts_with);
        let nests = mine.map(|&chain| Ok((chain, nest(chain)?)));
        let mut nests = nests.collect::<Result<Vec<_>>>()?;
        let mut residents: BTreeMap<Vec<Layer>, String> = BTreeMap::new();
        for (_, nest) in &mut nests {
            let settled = nest.leave_networks().and_then(|()| {
                let of_engine = nest.of_engine().to_vec();
                let known = residents.get(&of_engine).map(String::as_str);
                let resident = nest.keep_resident(known)?.to_owned();
                residents.insert(of_engine, resident);
                Ok(())
            });
            blamed(settled)?;
        }
        Ok(nests)
    };
    std::thread::scope(|scope| {
        let docker = scope.spawn(|| build(Engine::Docker));
        let podman = build(Engine::Podman);
        let docker = docker.join();
        let docker = docker.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok(docker?.into_iter().chain(podman?).collect())
    })
}

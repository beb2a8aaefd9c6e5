//! Private container engines, nested to any depth: "give me Docker in Docker".
//!
//! ```no_run
//! use lab::{Engine, Lab, Options};
//!
//! # fn main() -> miette::Result<()> {
//! let lab = Lab::start(&Options::default())?;
//! let nest = lab.nest(&[Engine::Docker, Engine::Docker])?;
//! let inner = nest.innermost().output(&["docker", "images", "-q"])?;
//! # Ok(())
//! # }
//! ```
//! A lab is a sandbox with engines out of distribution packages and a registry in it. It reaches
//! nothing outside, and dropping it, or the death of the process that has it, ends all of it.

mod agent;
mod apart;
mod attach;
mod bundle;
mod cache;
mod clean;
mod describe;
mod disk;
mod engine;
mod engines;
mod entry;
mod error;
mod generation;
mod held;
mod images;
mod inside;
mod join;
mod labs;
mod level;
mod machine;
mod modules;
mod nest;
mod preflight;
mod programs;
mod pull;
mod pulled;
mod rootless;
mod service;
mod start;
mod whole;
mod zero;

pub use agent::Agent;
pub use bundle::{Bundle, Package, Set, fits};
pub use clean::{Cost, clean, cost_of_clean};
pub use disk::{Disk, FileSystem, NoDisk};
pub use engine::Engine;
pub use engines::Engines;
pub use generation::Generation;
pub use held::Kind;
pub use inside::Folder;
pub use join::{Joined, join};
pub use labs::{Running, Status, UserGroup, named, status};
pub use level::{Level, Output, PROBE};
pub use machine::{Found as MachinesEngines, Lack, Machine, Needs};
pub use modules::has_filesystem;
pub use nest::{Layer, Nest};
pub use preflight::{
    Check, Found, alternatives, controllers, goes_without_cgroups, handed_down, preflight,
};
pub use probe::{Operation, Spawned};
pub use program::{patience, patient};
pub use pull::pull;
pub use pulled::{Images, PulledImage, pulled, remove};
pub use rootless::become_root;
pub use start::{AgentError, Lab, Options, trial};

/// Runs the probe on this machine, outside of any lab, with this process's streams; its exit code.
pub fn probe(args: &[String]) -> miette::Result<i32> {
    programs::run_probe(args)
}

/// The digest that [`Agent::hash`] must report for so many MiB.
#[must_use]
pub fn expected_digest(mebibytes: u32) -> String {
    probe::hash(mebibytes).digest
}

/// Size of the probe in bytes.
#[must_use]
pub fn probe_bytes() -> usize {
    programs::PROBE.len()
}

/// The engines in the cache, if there are any, held against what was made, byte by byte: a start has
/// no time for that, and finds only what changed through the file system.
#[must_use]
pub fn cached_engines(generation: Generation) -> Option<Check> {
    let found = match bundle::verify(generation)? {
        Ok(()) => Found::Ready("as they were made".to_owned()),
        Err(why) => {
            Found::Missing { why, remedy: "start a lab, which fetches them again".to_owned() }
        }
    };
    let what = "engines in the cache".to_owned();
    Some(Check { what, found })
}

/// The mirror that packages are fetched from.
pub fn mirror() -> miette::Result<String> {
    bundle::machine_apt()
}

/// Pins what the mirror has now: the new text of a generation's lock.
pub fn lock(generation: Generation) -> miette::Result<String> {
    Set::engines(generation).new_lock()
}

//! The lab's properties, on real engines.
//!
//! Each test starts what it needs and shares nothing it changes. What the documents claim of patterns
//! of nesting is looked at by the suite of `crates/claims`.

mod attached;
mod confinement;
mod daemons;
mod deep;
mod disks;
mod filters;
mod generations;
mod harness;
mod leftovers;
mod links;
mod mishaps;
mod relayed;
mod side_by_side;
mod stand_ins;
mod tutorial;

use std::num::NonZero;
use std::process::{Command, ExitCode};

use harness::{Test, ensure, test};
use lab::{Kind, Lab, Options};
use libtest_mimic::Arguments;
use miette::Result;

fn main() -> ExitCode {
    let tests = [
        attached::tests(),
        confinement::tests(),
        daemons::tests(),
        deep::tests(),
        disks::tests(),
        filters::tests(),
        generations::tests(),
        leftovers::tests(),
        links::tests(),
        mishaps::tests(),
        relayed::tests(),
        side_by_side::tests(),
        stand_ins::tests(),
        tutorial::tests(),
    ];
    let mut arguments = Arguments::from_args();
    // Half of the time of a test is spent waiting for an engine.
    let cores = std::thread::available_parallelism().map_or(2, NonZero::get);
    arguments.test_threads.get_or_insert(2 * cores);
    harness::run(&arguments, tests.into_iter().flatten())
}

/// A fresh lab of the chosen generation.
fn lab() -> Result<Lab> {
    lab_of(Kind::User)
}

/// The same, of this kind.
fn lab_of(sandbox: Kind) -> Result<Lab> {
    Lab::start(&Options {
        generation: harness::generation()?,
        sandbox,
        ..Options::default()
    })
}

/// The program `lab` with a task, for the chosen generation.
fn program(task: &str) -> Result<Command> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    let generation = harness::generation()?.to_string();
    command.args([task, "--generation", &generation]);
    Ok(command)
}

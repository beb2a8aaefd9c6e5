//! The lab's properties, on real engines.
//!
//! Each test starts what it needs and shares nothing it changes. What the documents claim of patterns
//! of nesting is looked at by the suite of `crates/claims`.

mod attached;
mod confinement;
mod daemons;
mod deep;
mod disks;
mod explains;
mod filters;
mod generations;
mod joined;
mod leftovers;
mod links;
mod mishaps;
mod networks;
mod published;
mod pulled;
mod pulling;
mod relayed;
mod rootless;
mod side_by_side;
mod stand_ins;
mod tutorial;

use std::process::{Command, ExitCode};

use lab::{Kind, Lab, Options};
use lab_test::Kept;
use miette::Result;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(rootless::OWNER) {
        return rootless::own_a_group();
    }
    lab_test::run(lab_test::overlapping(), |_, _| {})
}

/// A fresh lab of the chosen generation.
fn lab() -> Result<Lab> {
    lab_of(Kind::here())
}

/// The same, of this kind.
fn lab_of(sandbox: Kind) -> Result<Lab> {
    Lab::start(&Options { sandbox, ..lab_test::options()? })
}

/// A lab for tests that leave nothing in it which another would meet. It ends with this program.
fn shared_lab(kind: Kind) -> Result<&'static Lab> {
    static LABS: [Kept<Lab>; 2] = [const { Kept::new() }; 2];
    LABS[usize::from(kind == Kind::Root)].get(|| lab_of(kind))
}

/// The program `lab` with a task, for the chosen generation.
fn program(task: &str) -> Result<Command> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
    let generation = lab_test::generation()?.to_string();
    command.args([task, "--generation", &generation]);
    Ok(command)
}

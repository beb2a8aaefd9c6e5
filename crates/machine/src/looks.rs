//! What labs of every kind can do on machines: a table, a boot for each machine and kind.

use std::path::PathBuf;
use std::process::ExitCode;

use lab::{Generation, Kind};
use miette::Result;
use program::{complain, say};

use crate::boot::{self, LOOK, Parts};
use crate::machines::Machine;

/// The columns; a look prints rows of them.
const HEADER: &str = "machine,release,sandbox,step,outcome,took_s,detail";

/// Prints a row for each thing that was tried. A machine that does not come up has none, and the exit
/// code says so in the end.
pub(crate) fn table(
    machines: &[Machine],
    generation: Generation,
    programs: &[PathBuf],
) -> Result<ExitCode> {
    say(HEADER)?;
    let mut code = ExitCode::SUCCESS;
    for machine in machines {
        // What may be had there: root is no ordinary user.
        let kinds: &[Kind] =
            if machine.user { &[Kind::Rootless] } else { &[Kind::User, Kind::Root] };
        for &kind in kinds {
            if let Err(why) = look(machine, kind, generation, programs) {
                complain(&why);
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// The rows come as the machine prints them.
fn look(
    machine: &Machine,
    kind: Kind,
    generation: Generation,
    programs: &[PathBuf],
) -> Result<i32> {
    let parts = Parts::get(machine, generation)?;
    let place = format!("{},{}", machine.name, machine.release);
    let argv = ["sh".to_owned(), format!("/srv/programs/{LOOK}"), kind.to_string(), place];
    boot::run(machine, &parts, programs, &argv)
}

//! What labs of every kind can do on machines: a table, a boot for each machine and kind.

use std::path::PathBuf;
use std::process::ExitCode;

use lab::{Generation, Kind};
use miette::Result;
use program::{complain, say};

use crate::boot::{self, LOOK, Output, Parts};
use crate::machines::Machine;

/// The columns; a look prints the last four.
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
            match look(machine, kind, generation, programs) {
                Ok(rows) => {
                    for row in rows.lines() {
                        say(format!("{},{},{kind},{row}", machine.name, machine.release))?;
                    }
                }
                Err(why) => {
                    complain(&why);
                    code = ExitCode::FAILURE;
                }
            }
        }
    }
    Ok(code)
}

fn look(
    machine: &Machine,
    kind: Kind,
    generation: Generation,
    programs: &[PathBuf],
) -> Result<String> {
    let parts = Parts::get(machine, generation)?;
    let argv = ["sh".to_owned(), format!("/srv/programs/{LOOK}"), kind.to_string()];
    boot::run(machine, &parts, programs, &argv, Output::Kept).map(|(_, rows)| rows)
}

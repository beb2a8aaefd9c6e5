//! `machine`: one command in a virtual machine of another kind than this machine, without a network,
//! without root, and with nothing left afterwards.

mod boot;
mod disk;
mod machines;
mod sets;

use std::process::ExitCode;

use clap::Parser;
use lab::Generation;
use miette::Result;
use program::{failure, note, say, usage};

use boot::Parts;

/// Run a command in a virtual machine of another kind than this one, or list the machines
///
/// Its output and its exit code become this program's. The programs of the workspace are in its path and
/// the engines in its cache; it has no network, and nothing of it is left. Processors are emulated where
/// there is no KVM that works, and deadlines inside are multiplied by ten then.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// The generation of engines that its cache has
    #[arg(long, value_name = "NAME", default_value_t)]
    generation: Generation,
    /// Print a new lock of a set of packages: tools, or a release
    #[arg(long, hide = true, value_name = "SET", exclusive = true)]
    lock: Option<String>,
    /// Its name
    machine: Option<String>,
    /// The command and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    // Whoever started this program is gone, then so is the reason for a machine.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
    program::main(run)
}

fn run() -> Result<ExitCode> {
    let Cli { generation, lock, machine, command } = Cli::parse();
    if let Some(set) = lock {
        let set = if set == "tools" { sets::tools() } else { sets::guest(named(&set)?) };
        return say(set.new_lock()?.trim_end()).map(|()| ExitCode::SUCCESS);
    }
    let Some(machine) = machine else {
        return say(machines::list()?).map(|()| ExitCode::SUCCESS);
    };
    let machine = machines::named(&machine)?;
    if command.is_empty() {
        let remedy = format!("say it: {} -- lab doctor", machine.name);
        return Err(usage("there is no command", "a machine runs one and is gone", remedy));
    }
    program::patience()?;
    // As root of a user namespace where this is an ordinary user's: what is unpacked is its.
    lab::become_root()?;
    let programs = std::env::current_exe()
        .map_err(|why| failure("this program can't be found", why.to_string(), "mount /proc"))?;
    let parts = Parts::get(&machine, generation)?;
    note!("booting {}: up to three minutes where its processors are emulated", machine.name);
    let folder = programs.parent().unwrap_or(&programs);
    let code = boot::run(&machine, &parts, folder, &command)?;
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

fn named(release: &str) -> Result<Generation> {
    release.parse().map_err(|why: String| usage("there is no such set", why, "tools, or a release"))
}

//! `machine`: one command in a virtual machine of another kind than this machine, without a network,
//! without root, and with nothing left afterwards.

mod boot;
mod disk;
mod looks;
mod machines;
mod sets;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lab::Generation;
use miette::Result;
use program::{failure, say, usage};

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
    /// Take this program along, too; may be given several times
    #[arg(long = "with", value_name = "FILE")]
    programs: Vec<PathBuf>,
    /// No command: look at what labs of every kind can do on the named machine, or on all, and print a
    /// table of it as CSV. It takes a quarter of an hour or more a kind
    #[arg(long, conflicts_with = "command")]
    look: bool,
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
    let Cli { generation, programs, look, lock, machine, command } = Cli::parse();
    if let Some(set) = lock {
        let set = if set == "tools" { sets::tools() } else { sets::guest(named(&set)?) };
        return say(set.new_lock()?.trim_end()).map(|()| ExitCode::SUCCESS);
    }
    let wanted = match (&machine, look) {
        (Some(name), _) => vec![machines::named(name)?],
        (None, true) => machines::all()?,
        (None, false) => return say(machines::list()?).map(|()| ExitCode::SUCCESS),
    };
    if command.is_empty() && !look {
        let remedy = format!("say it: `cargo xtask machine {} -- lab doctor`", wanted[0].name);
        return Err(usage("there is no command", "a machine runs one and is gone", remedy));
    }
    program::patience()?;
    check(&programs)?;
    let programs = beside(programs)?;
    // As root of a user namespace where this is an ordinary user's: what is unpacked is its.
    lab::become_root()?;
    if look {
        return looks::table(&wanted, generation, &programs);
    }
    let parts = Parts::get(&wanted[0], generation)?;
    let code = boot::run(&wanted[0], &parts, &programs, &command)?;
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// Whether these can be taken along, each under its own name.
fn check(programs: &[PathBuf]) -> Result<()> {
    let mut names = BTreeSet::new();
    for program in programs {
        let name = program.file_name().unwrap_or_default();
        // Looked at first: nobody may ever write to a pipe that is opened.
        let readable = fs::metadata(program).and_then(|meta| {
            if !meta.is_file() {
                return Err(io::Error::other("it is no file"));
            }
            fs::File::open(program).map(drop)
        });
        let why = match readable {
            Err(why) => why.to_string(),
            Ok(()) if !names.insert(name) => format!("another one is called {}", name.display()),
            // As what a boot itself puts there.
            Ok(()) if name.as_encoded_bytes().starts_with(b".") => {
                "its name begins with a point".to_owned()
            }
            Ok(()) => continue,
        };
        let what = format!("{} can't be taken along", program.display());
        return Err(usage(what, why, "name programs that are there, each of another name"));
    }
    Ok(())
}

/// What a machine has in its path: the workspace's programs, as they lie beside this one, and others.
fn beside(others: Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    let found = || -> io::Result<Vec<PathBuf>> {
        let own = std::env::current_exe()?;
        let folder = own.parent().unwrap_or(&own);
        let entries: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
        let mut found = others;
        let named: BTreeSet<OsString> =
            found.iter().filter_map(|path| Some(path.file_name()?.to_owned())).collect();
        for path in entries.into_iter().map(|entry| entry.path()) {
            let meta = path.metadata()?;
            let is_program = meta.is_file() && meta.permissions().mode() & 0o111 != 0;
            // One that was asked for takes the place of the workspace's.
            let is_named = path.file_name().is_some_and(|name| named.contains(name));
            if is_program && path.extension().is_none() && !is_named {
                found.push(path);
            }
        }
        Ok(found)
    };
    let what = "the programs for a machine can't be found";
    found().map_err(|why| failure(what, why.to_string(), "build them: `cargo build`"))
}

fn named(release: &str) -> Result<Generation> {
    release.parse().map_err(|why: String| usage("there is no such set", why, "tools, or a release"))
}

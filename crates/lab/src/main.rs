//! `lab`: a lab by hand, and what this machine has and can.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Parser, Subcommand};
use lab::{Engine, Found, Lab, Layer, Options, UNSUPPORTED};
use miette::{IntoDiagnostic, Result};

/// Private container engines in a sandbox.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// A shell at level 0 of a fresh lab, with the current folder at its own path
    Shell {
        #[command(flatten)]
        options: Options,
    },
    /// Run a command at level 0 of a fresh lab, in the current folder; its exit code is returned
    Exec {
        #[command(flatten)]
        options: Options,
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// List running labs and what the cache holds
    Status,
    /// Empty the cache and take away what dead labs left
    Clean,
    /// Print a new lock: what the mirror has now
    Lock,
    /// What this machine can run, and the remedy for what it can't
    Doctor {
        #[command(flatten)]
        options: Options,
    },
}

/// Exit code of a machine that can't.
const CANNOT: u8 = 77;

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Shell { options } => attach(options, &["/bin/bash".to_owned()]),
        Task::Exec { options, command } => attach(options, &command),
        Task::Status => status(),
        Task::Clean => clean(),
        Task::Lock => lab::lock().map(|text| {
            print!("{text}");
            ExitCode::SUCCESS
        }),
        Task::Doctor { options } => Ok(doctor(&options)),
    };
    done.unwrap_or_else(|report| {
        let unsupported = report
            .code()
            .is_some_and(|code| code.to_string() == UNSUPPORTED);
        eprintln!("{report:?}");
        ExitCode::from(if unsupported { CANNOT } else { 1 })
    })
}

fn attach(mut options: Options, command: &[String]) -> Result<ExitCode> {
    // Ctrl-C is for the command in the lab; ours is to tear down when that has ended.
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGQUIT] {
        let ignored = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(signal, ignored).into_diagnostic()?;
    }
    let dir = std::env::current_dir().into_diagnostic()?;
    options.share = shareable(&dir);
    let lab = Lab::start(&options)?;
    // As on the tutorial's machine: both engines are there, and have been used.
    let engines = [[Layer::own(Engine::Docker)], [Layer::own(Engine::Podman)]];
    lab.nests(engines.iter().map(<[Layer; 1]>::as_slice))?;
    let inside = if options.share.is_some() {
        dir
    } else {
        PathBuf::from("/root")
    };
    let code = lab.attach(&inside, command)?;
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// The root directory can't be shown inside: the lab has its own.
fn shareable(dir: &Path) -> Option<PathBuf> {
    (dir != Path::new("/")).then(|| dir.to_owned())
}

fn status() -> Result<ExitCode> {
    let status = lab::status()?;
    println!("running labs: {}", status.running.len());
    for lab in &status.running {
        println!(
            "  {}  {:>6} s  process {}",
            lab.id,
            lab.age.as_secs(),
            lab.owner
        );
    }
    let total: u64 = status.cached.iter().map(|(_, size)| size).sum();
    println!("cache {}: {} MB", status.cache.display(), total / 1_000_000);
    for (path, size) in &status.cached {
        let path = path.strip_prefix(&status.cache).unwrap_or(path);
        println!("  {:>6} MB  {}", size / 1_000_000, path.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn clean() -> Result<ExitCode> {
    let freed = lab::clean()?;
    println!("freed {} MB", freed / 1_000_000);
    Ok(ExitCode::SUCCESS)
}

fn doctor(options: &Options) -> ExitCode {
    let mut able = true;
    for check in lab::preflight(options.sandbox) {
        match check.found {
            Found::Ready(found) => println!("ready    {}: {found}", check.what),
            Found::Missing { why, remedy } => {
                able = false;
                println!("missing  {}: {why}\n         remedy: {remedy}", check.what);
            }
        }
    }
    if able {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(CANNOT)
    }
}

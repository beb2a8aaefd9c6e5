//! `cargo xtask`: the command line of the workspace.
//!
//! It links none of the other crates: it builds their programs and runs them, so that what a user
//! can do here can be done without it too.

mod ci;
mod claims;
mod exp4;
mod process;
mod programs;
mod selfbench;
mod single;

use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use miette::{IntoDiagnostic, Result, miette};
use program::say;

use programs::{Programs, exit_code};

/// A laboratory for nested containers
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// What this machine can run, and the remedy for what it can't
    #[command(disable_help_flag = true)]
    Doctor {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// The tutorial's experiment 4: startup and CPU, table, figure, data
    Exp4(Box<exp4::Flags>),
    /// What one container start costs at each level
    #[command(disable_help_flag = true)]
    Startup {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// Whether computing gets slower with the level
    #[command(disable_help_flag = true)]
    Cpu {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// Whether a system call gets slower with the level
    #[command(disable_help_flag = true)]
    Syscalls {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// What the user namespace around a lab costs or saves
    #[command(disable_help_flag = true)]
    Userns {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// What each further level costs (--chain), how deep engines nest (--depth)
    #[command(disable_help_flag = true)]
    Triple {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// Which storage driver works on what, how the rest fails, what a fallback costs; --explain a log
    #[command(disable_help_flag = true)]
    StorageDriver {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// Which ways of sharing a cache refuse, lose data or work, and what those cost; --replay a case
    #[command(disable_help_flag = true)]
    CacheSharing {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// Docker in Docker, the node's socket, a sidecar, no daemon at all: what each hands over and costs
    #[command(disable_help_flag = true)]
    Sidecar {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// Rebuild a run's tables, figures and pages from its raw samples
    #[command(disable_help_flag = true)]
    Report {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// Two runs, or a run and what was published, side by side
    #[command(disable_help_flag = true)]
    Compare {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// What became of every claim of the documents: expected, seen, verdict, evidence
    Claims(claims::Flags),
    /// Whether the intervals cover what they claim: the full simulation, its figure and page
    #[command(disable_help_flag = true)]
    Coverage {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// A lab by hand: shell, exec -- CMD, status, clean, lock
    #[command(disable_help_flag = true)]
    Lab {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<String>,
    },
    /// How fast the lab itself is, against its own limits
    Selfbench,
    /// What CI runs: format, lints, tests, a quick experiment 4 whose output is checked
    Ci,
}

fn main() -> ExitCode {
    program::main(|| run(Cli::parse()))
}

fn run(cli: Cli) -> Result<ExitCode> {
    let Some(task) = cli.task else {
        say(Cli::command().render_help())?;
        return Ok(ExitCode::SUCCESS);
    };
    process::outlast_signals()?;
    let programs = Programs::new()?;
    match task {
        Task::Doctor { args } => programs.forward("lab", &with("doctor", args)),
        Task::Lab { args } if args.first().is_some_and(|task| task == "lock") => {
            relock(&programs, &Lock::parse_from(args).generation)
        }
        Task::Lab { args } => programs.forward("lab", &args),
        Task::Startup { args } => single::run(&programs, "startup", args),
        Task::Cpu { args } => single::run(&programs, "cpu", args),
        Task::Syscalls { args } => single::run(&programs, "syscalls", args),
        Task::Userns { args } => single::run(&programs, "userns", args),
        Task::Triple { args } => single::run(&programs, "triple", args),
        Task::StorageDriver { args } => single::run(&programs, "storage-driver", args),
        Task::CacheSharing { args } => single::run(&programs, "cache-sharing", args),
        Task::Sidecar { args } => single::run(&programs, "sidecar", args),
        Task::Exp4(flags) => exp4::run(&programs, &flags, Path::new("results")),
        Task::Report { args } => programs.forward("report", &args),
        Task::Compare { args } => programs.forward("report", &with("compare", args)),
        Task::Claims(flags) => claims::run(&programs, &flags),
        Task::Coverage { args } => single::coverage(&programs, &args),
        Task::Selfbench => selfbench::run(&programs),
        Task::Ci => ci::run(&programs),
    }
}

fn with(first: &str, rest: Vec<String>) -> Vec<String> {
    std::iter::once(first.to_owned()).chain(rest).collect()
}

/// Pin the packages that the mirror has now
#[derive(Parser)]
#[command(name = "cargo xtask lab lock", bin_name = "cargo xtask lab lock")]
struct Lock {
    /// The generation of engines whose lock is written
    #[arg(long, value_name = "NAME", default_value = "trixie")]
    generation: String,
}

/// Writes a generation's lock anew from what the mirror has now.
fn relock(programs: &Programs, generation: &str) -> Result<ExitCode> {
    if std::env::consts::ARCH != "x86_64" {
        return Err(miette!(
            "the lock is of amd64 packages: make it on such a machine"
        ));
    }
    let output = programs.captured("lab", &["lock", "--generation", generation])?;
    program::note!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
    if !output.status.success() {
        return Ok(exit_code(output.status.code().unwrap_or(1)));
    }
    let locks = programs.root().join("crates/lab/lock");
    let path = locks.join(format!("{generation}-amd64.csv"));
    std::fs::write(&path, output.stdout).into_diagnostic()?;
    say(format!("wrote {}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

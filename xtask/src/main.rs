//! `cargo xtask`: the command line of the workspace.
//!
//! It links none of the other crates: it builds their programs and runs them, so that what a user
//! can do here can be done without it too.

mod ci;
mod claims;
mod experiments;
mod process;
mod programs;
mod run;
mod selfbench;

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Command, FromArgMatches, Parser, Subcommand};
use miette::{IntoDiagnostic, Result, miette};
use program::say;

use experiments::Experiments;
use programs::{Programs, exit_code};

#[derive(Subcommand)]
enum Task {
    /// What this machine can run, and the remedy for what it can't
    Doctor(Rest),
    /// Rebuild a run's tables, figures and pages from its raw samples
    Report(Rest),
    /// Two runs, or a run and what was published, side by side
    Compare(Rest),
    /// Runs of several machines, with the machine as the unit
    Merge(Rest),
    /// What became of every claim of the documents: expected, seen, verdict, evidence
    Claims(claims::Flags),
    /// A lab by hand: shell, exec -- CMD, status, clean, lock
    Lab(Rest),
    /// One command in a virtual machine of another kind than this one, or which there are
    Machine(Rest),
    /// How fast the lab itself is, against its own limits
    Selfbench,
    /// What CI runs: format, lints, tests, a quick experiment 4 whose output is checked
    Ci,
}

// No help of its own: what is handed on is for a program that knows what is valid.
#[derive(Args)]
#[command(disable_help_flag = true)]
struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    args: Vec<String>,
}

fn command(experiments: &Experiments) -> Command {
    let wholes = experiments.wholes.iter().map(|of| (&of.name, &of.about));
    let each = experiments.all.iter().map(|of| (&of.name, &of.question));
    let tasks =
        wholes.chain(each).map(|(name, about)| Rest::augment_args(Command::new(name).about(about)));
    let command = Command::new("cargo xtask")
        .bin_name("cargo xtask")
        .about("A laboratory for nested containers")
        .subcommands(tasks);
    Task::augment_subcommands(command)
}

fn main() -> ExitCode {
    program::main(run)
}

fn run() -> Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let root = root.ok_or_else(|| miette!("the workspace has no root"))?;
    let experiments = Experiments::find(root)?;
    let mut command = command(&experiments);
    let matches = command.get_matches_mut();
    let Some((name, of_task)) = matches.subcommand() else {
        say(command.render_help())?;
        return Ok(ExitCode::SUCCESS);
    };
    process::outlast_signals()?;
    let programs = Programs::new(root, &experiments)?;
    let rest = || Rest::from_arg_matches(of_task).map(|rest| rest.args);
    if let Some(whole) = experiments.whole(name) {
        let args = rest().into_diagnostic()?;
        return run::whole(&programs, whole, args, Path::new("results"));
    }
    if experiments.has(name) {
        return run::one(&programs, name, &rest().into_diagnostic()?);
    }
    match Task::from_arg_matches(&matches).into_diagnostic()? {
        Task::Doctor(rest) => programs.task("lab", name, &rest.args),
        Task::Lab(Rest { args }) if args.first().is_some_and(|task| task == "lock") => {
            relock(&programs, &Lock::parse_from(args).generation)
        }
        Task::Lab(rest) => programs.forward("lab", &rest.args),
        Task::Report(rest) => {
            let args: Vec<_> = rest.args.into_iter().map(Into::into).collect();
            programs.report(&args).map(exit_code)
        }
        Task::Compare(rest) | Task::Merge(rest) => programs.task("report", name, &rest.args),
        Task::Claims(flags) => claims::run(&programs, &experiments, &flags),
        Task::Machine(rest) => programs.forward("machine", &rest.args),
        Task::Selfbench => selfbench::run(&programs, &experiments.wholes),
        Task::Ci => ci::run(&programs, &experiments.wholes),
    }
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
        return Err(miette!("the lock is of amd64 packages: make it on such a machine"));
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

//! The plugin as a program: serves a policy on the socket where a Docker daemon looks for plugins.

mod serve;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use authz::{DEFAULT_POLICY, Policy};
use clap::Parser;
use miette::{MietteDiagnostic, Report, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Exit code of a machine that can't, as of all programs of this project.
const UNSUPPORTED: u8 = 77;

/// A Docker authorization plugin that refuses what reaches the host, and what it cannot decide.
///
/// The daemon finds it by its socket's name: dockerd --authorization-plugin=matryoshka.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Where to serve.
    #[arg(long, default_value = "/run/docker/plugins/matryoshka.sock")]
    socket: PathBuf,
    /// The policy; without it, the one that --print-policy shows.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Print the default policy, with a comment on each key, and end.
    #[arg(long)]
    print_policy: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.print_policy {
        print!("{DEFAULT_POLICY}");
        return ExitCode::SUCCESS;
    }
    if let Err(e) = authz::paths_resolve() {
        let why = format!("openat2: {e}");
        let report = failure("paths cannot be resolved", &why, "use Linux 5.6 or newer");
        eprintln!("{report:?}");
        return ExitCode::from(UNSUPPORTED);
    }
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            eprintln!("{report:?}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until a signal comes.
fn run(args: &Args) -> Result<()> {
    let policy = policy(args.policy.as_deref())?;
    // Registered before the socket is there: who sees it may already send SIGTERM.
    let signals = Signals::new([SIGTERM, SIGINT]);
    let mut signals =
        signals.map_err(|e| failure("signals cannot be awaited", &e, "report this as a bug"))?;
    let socket = serve::start(&args.socket, policy)?;
    eprintln!("serving on {}", args.socket.display());
    signals.forever().next();
    drop(socket);
    Ok(())
}

fn policy(path: Option<&Path>) -> Result<Policy> {
    let text = match path {
        None => DEFAULT_POLICY.to_owned(),
        Some(path) => fs::read_to_string(path).map_err(|e| {
            let what = format!("{} cannot be read", path.display());
            failure(what, &e, "name a policy as --print-policy prints it")
        })?,
    };
    Policy::read(&text)
        .map_err(|e| failure("the policy is not valid", &e, "compare with --print-policy"))
}

/// An error in the project's shape.
fn failure(what: impl Into<String>, why: &impl ToString, remedy: &str) -> Report {
    Report::new(MietteDiagnostic::new(why.to_string()).with_help(remedy)).wrap_err(what.into())
}

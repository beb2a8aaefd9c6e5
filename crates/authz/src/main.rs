//! The plugin as a program: serves a policy on the socket where a Docker daemon looks for plugins.

/// Says something on standard error. Whether anybody reads it ends nothing: a daemon asks this program.
macro_rules! complain {
    ($($text:tt)+) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)+);
    }};
}

mod serve;

use std::fs;
use std::io::{ErrorKind, Write};
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
        return match std::io::stdout().write_all(DEFAULT_POLICY.as_bytes()) {
            // A reader that has closed the pipe has seen what it wanted.
            Err(e) if e.kind() != ErrorKind::BrokenPipe => {
                complain!("the policy cannot be printed: {e}");
                ExitCode::FAILURE
            }
            _ => ExitCode::SUCCESS,
        };
    }
    if let Err(e) = authz::paths_resolve() {
        let why = format!("openat2: {e}");
        let report = failure("paths cannot be resolved", &why, "use Linux 5.6 or newer");
        complain!("{report:?}");
        return ExitCode::from(UNSUPPORTED);
    }
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            complain!("{report:?}");
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
    complain!("serving on {}", args.socket.display());
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

//! The plugin as a program: serves a policy on the socket where a Docker daemon looks for plugins.

mod serve;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use authz::{DEFAULT_POLICY, Policy};
use clap::Parser;
use miette::Result;
use program::failure;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

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
    program::main(|| {
        let args = Args::parse();
        if args.print_policy {
            return program::say(DEFAULT_POLICY);
        }
        authz::paths_resolve().map_err(|e| {
            let why = format!("openat2: {e}");
            program::unsupported("paths cannot be resolved", why, "use Linux 5.6 or newer")
        })?;
        run(&args)
    })
}

/// Serves until a signal comes.
fn run(args: &Args) -> Result<()> {
    let policy = policy(args.policy.as_deref())?;
    // Registered before the socket is there: who sees it may already send SIGTERM.
    let signals = Signals::new([SIGTERM, SIGINT]);
    let mut signals = signals.map_err(|e| {
        failure(
            "signals cannot be awaited",
            e.to_string(),
            "report this as a bug",
        )
    })?;
    let socket = serve::start(&args.socket, policy)?;
    program::note!("serving on {}", args.socket.display());
    signals.forever().next();
    drop(socket);
    Ok(())
}

fn policy(path: Option<&Path>) -> Result<Policy> {
    let text = match path {
        None => DEFAULT_POLICY.to_owned(),
        Some(path) => fs::read_to_string(path).map_err(|e| {
            let what = format!("{} cannot be read", path.display());
            failure(
                what,
                e.to_string(),
                "name a policy as --print-policy prints it",
            )
        })?,
    };
    Policy::read(&text).map_err(|e| {
        let why = e.to_string();
        failure(
            "the policy is not valid",
            why,
            "compare with --print-policy",
        )
    })
}

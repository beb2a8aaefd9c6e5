//! Runs one command of the machine's that ends with whoever has started it: `tied OWNER COMMAND [ARG…]`,
//! where `OWNER` is that process's number.
//!
//! Standard streams, environment and folder are this process's own. It has a session of its own, so that
//! a terminal's Ctrl-C is not for it: whoever has started it decides what ends.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::process::{Signal, getppid, set_parent_process_death_signal, setsid};

/// Exit code when the command was not begun, as `env(1)` uses it.
const NOT_BEGUN: u8 = 125;

pub(crate) fn main(mut args: impl Iterator<Item = String>) -> ExitCode {
    let (Some(owner), Some(program)) = (args.next(), args.next()) else {
        complain!("sandbox: tied: OWNER COMMAND expected");
        return ExitCode::from(NOT_BEGUN);
    };
    // A program without set-user-id keeps it (prctl(2)).
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    // One that has died before that sends nothing.
    let parent = getppid().map(|parent| parent.as_raw_nonzero().to_string());
    if parent.as_deref() != Some(&*owner) {
        complain!("sandbox: tied: process {owner} has not started this");
        return ExitCode::from(NOT_BEGUN);
    }
    let _ = setsid();
    let why = Command::new(&program).args(args).exec();
    complain!("{program}: {why}");
    // As a shell says it.
    ExitCode::from(if why.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 })
}

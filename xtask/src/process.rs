//! What this program starts, and what becomes of it when this one is asked to end.
//!
//! A program that runs in the foreground gets Ctrl-C from the terminal; SIGTERM and SIGHUP are handed
//! on to it. Either way it is waited for: it ends its lab first. (If this program is killed, the kernel
//! tells it: `PR_SET_PDEATHSIG`.) Cargo does not know of its rustc what a lab knows of its engines: it
//! gets a group that ends with it.

use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use miette::{IntoDiagnostic, Result};
use program::failure;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// What is handed on, and ends the work here too.
const HANDED_ON: [i32; 2] = [SIGTERM, SIGHUP];

/// How often it is asked whether a silent command has ended.
const PACE: Duration = Duration::from_millis(20);

/// Set by one of them.
static ENDED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From here on signals no longer end this program: it ends after what it runs.
pub(crate) fn outlast_signals() -> Result<()> {
    // Ctrl-C: what can be made of what is kept, such as a report, is made.
    signal_hook::flag::register(SIGINT, Arc::default()).into_diagnostic()?;
    for signal in HANDED_ON {
        let flag = ENDED.get_or_init(Arc::default);
        signal_hook::flag::register(signal, Arc::clone(flag)).into_diagnostic()?;
    }
    Ok(())
}

/// Runs a command with this program's own streams.
pub(crate) fn exit_status(command: &mut Command) -> Result<i32> {
    let status = run(command, &HANDED_ON, |mut child| child.wait())?;
    // A program that was killed has failed.
    Ok(status.code().unwrap_or(1))
}

/// Runs a command whose output is wanted.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    run(command.stdin(Stdio::null()).stdout(Stdio::piped()), &HANDED_ON, Child::wait_with_output)
}

/// Runs a command that takes no care of what it starts itself: all that is in its process group ends
/// when it has ended, or when this program has, however that happens.
pub(crate) fn tied(command: &mut Command) -> Result<i32> {
    tied_by(command, |mut child| child.wait())
}

/// The same, and each line of its standard error is told instead of shown.
pub(crate) fn tied_and_told(command: &mut Command, mut told: impl FnMut(&str)) -> Result<i32> {
    tied_by(command.stderr(Stdio::piped()), |mut child| {
        let (says, lines) = channel();
        if let Some(said) = child.stderr.take() {
            // Not waited for: what the command has started, and what ends only after it, has the pipe, too.
            thread::spawn(move || {
                let lines = BufReader::new(said).split(b'\n').map_while(io::Result::ok);
                lines.map(|line| says.send(line)).find(Result::is_err)
            });
        }
        loop {
            match lines.recv_timeout(PACE) {
                Ok(line) => told(&String::from_utf8_lossy(&line)),
                Err(RecvTimeoutError::Disconnected) => return child.wait(),
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(status) = child.try_wait()? {
                        // Its last words may have come since.
                        while let Ok(line) = lines.recv_timeout(PACE) {
                            told(&String::from_utf8_lossy(&line));
                        }
                        return Ok(status);
                    }
                }
            }
        }
    })
}

fn tied_by(
    command: &mut Command,
    wait: impl FnOnce(Child) -> io::Result<ExitStatus>,
) -> Result<i32> {
    // The kernel closes its standard input with this process, and nobody ever writes to it.
    let mut leash = Command::new("/bin/sh")
        .args(["-c", "read -r _; kill -TERM 0"])
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
        .into_diagnostic()?;
    let group = Pid::from_child(&leash).as_raw_nonzero().get();
    command.stdin(Stdio::null()).process_group(group);
    // The terminal's Ctrl-C reaches this process and not that group.
    let status = run(command, &[SIGINT, SIGTERM, SIGHUP], wait);
    drop(leash.stdin.take());
    leash.wait().into_diagnostic()?;
    Ok(status?.code().unwrap_or(1))
}

/// Starts a command and waits for it by `wait`, while these signals are handed on to it.
fn run<T>(
    command: &mut Command,
    handed_on: &[i32],
    wait: impl FnOnce(Child) -> io::Result<T>,
) -> Result<T> {
    let mut signals = Signals::new(handed_on).into_diagnostic()?;
    // One that came before would be handed on to nobody.
    if ENDED.get().is_some_and(|flag| flag.load(Ordering::SeqCst)) {
        return Err(failure("interrupted", "a signal arrived", "start it again"));
    }
    let child = command.spawn().into_diagnostic()?;
    let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).into_diagnostic()?;
    let done = signals.handle();
    thread::scope(|scope| {
        scope.spawn(|| {
            for signal in signals.forever().filter_map(Signal::from_named_raw) {
                // Fails if it has ended, which is as good.
                let _ = pidfd_send_signal(&handle, signal);
            }
        });
        let waited = wait(child);
        done.close();
        waited.into_diagnostic()
    })
}

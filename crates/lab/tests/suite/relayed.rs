//! Streams of the caller that do not take everything at once, and what happens while they don't.

use std::fs::File;
use std::io::{PipeReader, Read, pipe};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use lab_test::ensure;
use miette::{IntoDiagnostic, Result};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};

use crate::attached::lab_of;
use crate::program;

/// The two ends of a terminal.
fn terminal() -> Result<(File, OwnedFd)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags).into_diagnostic()?;
    grantpt(&ours).and_then(|()| unlockpt(&ours)).into_diagnostic()?;
    let theirs = ioctl_tiocgptpeer(&ours, flags).into_diagnostic()?;
    Ok((ours.into(), theirs))
}

fn start(script: &str, stdout: impl Into<Stdio>, stderr: impl Into<Stdio>) -> Result<Child> {
    let mut command = program("exec")?;
    command.args(["--", "sh", "-c", script]);
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    command.spawn().into_diagnostic()
}

/// What there is up to the end; a terminal that nobody has open gives an error.
fn rest(mut from: impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = from.read_to_end(&mut all);
    all
}

#[lab_test::test]
fn all_arrives_at_a_pipe_that_does_not_block() -> Result<()> {
    let (ours, theirs) = pipe().into_diagnostic()?;
    arrives(File::from(OwnedFd::from(ours)), theirs.into())
}

#[lab_test::test]
fn all_arrives_at_a_terminal_that_does_not_block() -> Result<()> {
    let (ours, theirs) = terminal()?;
    arrives(ours, theirs)
}

/// More than fits, with a reader that is late.
fn arrives(mut from: File, to: OwnedFd) -> Result<()> {
    let flags = fcntl_getfl(&to).into_diagnostic()?;
    fcntl_setfl(&to, flags | OFlags::NONBLOCK).into_diagnostic()?;
    let mut owner = start("seq 1 100000", to, Stdio::piped())?;
    let mut first = [0];
    from.read_exact(&mut first).into_diagnostic()?;
    std::thread::sleep(Duration::from_millis(300));
    let reader = std::thread::spawn(|| rest(from));
    let ended = ends(&mut owner, program::patient(Duration::from_secs(20)));
    let read = reader.join().unwrap_or_default();
    ensure!(ended == Some(0), "{ended:?}");
    let lines = String::from_utf8_lossy(&read).lines().count();
    ensure!(lines == 100_000, "{lines} lines");
    Ok(())
}

/// The exit code; nothing if it does not end in time, and is killed.
fn ends(owner: &mut Child, patience: Duration) -> Option<i32> {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        if let Ok(Some(status)) = owner.try_wait() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = owner.kill();
    let _ = owner.wait();
    None
}

#[lab_test::test]
fn two_terminals_get_each_its_own() -> Result<()> {
    let ((one, out), (other, error)) = (terminal()?, terminal()?);
    let script = "echo to-out; echo to-error >&2; test -t 1";
    let mut owner = start(script, out, error)?;
    let readers = [one, other].map(|end| std::thread::spawn(|| rest(end)));
    let code = ends(&mut owner, program::patient(Duration::from_secs(20)));
    let said = readers.map(|reader| reader.join().unwrap_or_default());
    let [out, error] = said.map(|said| String::from_utf8_lossy(&said).into_owned());
    ensure!(out.trim() == "to-out", "{out:?} {error:?}");
    ensure!(error.trim().ends_with("to-error"), "{out:?} {error:?}");
    ensure!(code == Some(0), "{code:?}");
    Ok(())
}

/// When the command and its lab are gone, a signal ends what is left to be passed on.
#[lab_test::test]
fn what_nobody_reads_can_be_given_up() -> Result<()> {
    let (unread, to): (PipeReader, _) = pipe().into_diagnostic()?;
    // More than one pipe holds, and less than two do.
    let mut owner = start("head -c 98304 /dev/zero", to, Stdio::null())?;
    let mut seen = [0];
    (&unread).read_exact(&mut seen).into_diagnostic()?;
    let lab = lab_of(owner.id())?;
    let state = lab::status()?.cache.join("labs").join(lab);
    let deadline = Instant::now() + program::patient(Duration::from_secs(20));
    while state.exists() {
        ensure!(Instant::now() < deadline, "{} is there", state.display());
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(100));
    let waits = owner.try_wait().into_diagnostic()?;
    kill_process(Pid::from_child(&owner), Signal::TERM).into_diagnostic()?;
    let deadline = Instant::now() + program::patient(Duration::from_secs(5));
    while owner.try_wait().into_diagnostic()?.is_none() {
        if Instant::now() > deadline {
            let _ = owner.kill();
        }
        ensure!(Instant::now() < deadline, "SIGTERM is not heard");
        std::thread::sleep(Duration::from_millis(10));
    }
    ensure!(waits.is_none(), "nothing was left to be read: {waits:?}");
    drop(unread);
    Ok(())
}

#[lab_test::test]
fn stopped_daemons_hold_nobody_up() -> Result<()> {
    let script = "pkill -STOP dockerd; pkill -STOP containerd; echo; exit 3";
    let mut owner = start(script, Stdio::piped(), Stdio::null())?;
    let said = owner.stdout.as_mut().map(|out| out.read_exact(&mut [0]));
    ensure!(matches!(said, Some(Ok(()))), "{said:?}");
    let code = ends(&mut owner, program::patient(Duration::from_secs(12)));
    ensure!(code == Some(3), "{code:?}");
    Ok(())
}

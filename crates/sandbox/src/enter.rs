//! Runs one command inside a sandbox: `enter INIT GROUP DIR fg|bg COMMAND [ARG…]`, where `INIT` is its first
//! process and when that has started ([`sandbox::mark`]), and `GROUP` the control group for the command, or
//! `-` of a sandbox that has none.
//!
//! The command's standard streams, environment and exit code are this process's own. It has a
//! session of its own, so that it finds no terminal of the machine at `/dev/tty`. `fg`: one of its
//! streams may be the sandbox's own terminal, which then is the session's; signals that this process
//! gets are the command's, where the command stops, this process does, and it ends with whoever has
//! started it. `bg`: none of these.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, kill_process, kill_process_group, pidfd_open,
    set_parent_process_death_signal, setpgid, waitpid,
};
use rustix::termios::{isatty, tcsetpgrp};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::confine::confine;
use crate::sys::{self, Side, Signals};
use crate::{Fault, Result, Step, init};

/// Exit code when the sandbox could not be entered, as `env(1)` and `docker run` use it.
const NOT_ENTERED: u8 = 125;

pub(crate) fn main(args: impl Iterator<Item = String>) -> ExitCode {
    let args: Vec<String> = args.collect();
    match run(&args) {
        Ok(code) => code,
        Err(Fault { step, why }) => {
            complain!("sandbox: {step}: {why}");
            ExitCode::from(NOT_ENTERED)
        }
    }
}

fn run(args: &[String]) -> Result<ExitCode> {
    let [init, group, dir, ground, program, rest @ ..] = args else {
        return Err("INIT GROUP DIR fg|bg COMMAND expected").step(|| "arguments".into());
    };
    let (init, handle) = find(init)?;
    let cgroup = Some(Path::new(group)).filter(|group| group.is_absolute());
    if let Some(cgroup) = cgroup {
        // Before the namespaces: from inside, the group's path is another one.
        let procs = cgroup.join("cgroup.procs");
        fs::write(&procs, "0").step(|| format!("write {}", procs.display()))?;
    }
    let mut spaces = ThreadNameSpaceType::MOUNT
        | ThreadNameSpaceType::PROCESS_ID
        | ThreadNameSpaceType::NETWORK
        | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION
        | ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
        | ThreadNameSpaceType::CONTROL_GROUP;
    let is_users = is_users(init).step(|| "look at the sandbox".into())?;
    let own_user = has_own_user_namespace(init).step(|| "look at the sandbox".into())?;
    if own_user {
        // Joining the namespace that one is already in is refused (setns(2)).
        spaces |= ThreadNameSpaceType::USER;
    }
    move_into_thread_name_spaces(handle.as_fd(), spaces).step(|| "enter the sandbox".into())?;
    if own_user {
        init::become_root()?;
    }
    std::env::set_current_dir(dir).step(|| format!("enter {dir}"))?;
    confine(is_users)?;

    let is_foreground = ground == "fg";
    if is_foreground {
        // After the change of ids, which clears it (prctl(2)).
        set_parent_process_death_signal(Some(Signal::KILL))
            .step(|| "die with the caller".into())?;
    }
    // What is sent to the group of whoever started this (a terminal's Ctrl-C, `timeout(1)`) is none of a
    // daemon's business. In the foreground the session's leader stays here, around the command's own
    // group: a group whose session has nobody else could not be stopped (Ctrl-Z), for nobody could
    // continue it.
    rustix::process::setsid().step(|| "own session".into())?;
    let terminal = terminal().filter(|_| is_foreground);
    if let Some(terminal) = terminal {
        rustix::process::ioctl_tiocsctty(terminal).step(|| "take the terminal".into())?;
    }
    let signals = [libc::SIGCHLD, libc::SIGINT, libc::SIGQUIT, libc::SIGTTOU];
    let signals = Signals::block(&signals);
    // A joined PID namespace takes effect for children only.
    match sys::fork_into(0).step(|| "fork".into())? {
        Side::Child => {
            let _ = set_parent_process_death_signal(Some(Signal::KILL));
            if is_foreground {
                let own = rustix::process::getpid();
                let _ = setpgid(None, Some(own));
                // Before it is executed: it must not find itself in the background.
                let _ = terminal.map(|terminal| tcsetpgrp(terminal, own));
            } else {
                let _ = rustix::process::setsid();
            }
            signals.unblock();
            let why = Command::new(program).args(rest).exec();
            complain!("sandbox: {program}: {why}");
            // As a shell says it.
            let missing = why.kind() == std::io::ErrorKind::NotFound;
            std::process::exit(if missing { 127 } else { 126 });
        }
        Side::Parent(child) => {
            if is_foreground {
                // Here too: the group must be there before a signal is passed on to it.
                let _ = setpgid(Some(child), Some(child));
            }
            wait(child, &signals, is_foreground, terminal)
        }
    }
}

/// A sandbox's first process, as an argument names it.
pub(crate) fn find(init: &str) -> Result<(Pid, OwnedFd)> {
    let number = || sandbox::marked(init).step(|| "find the sandbox".into());
    let pid = Pid::from_raw(number()?).ok_or("not a process id").step(|| init.to_owned())?;
    let handle = pidfd_open(pid, PidfdFlags::empty()).step(|| "find the sandbox".into())?;
    // Again, once the handle is there: one that has died leaves its number free for a stranger.
    number().map(|_| (pid, handle))
}

/// The terminal among the standard streams.
fn terminal() -> Option<BorrowedFd<'static>> {
    let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
    streams.into_iter().find(|stream| isatty(stream))
}

/// What root of a sandbox is on the machine (`user_namespaces(7)`).
pub(crate) fn root_id(init: Pid) -> Result<u32> {
    let path = format!("/proc/{}/uid_map", init.as_raw_nonzero());
    let map = fs::read_to_string(&path).step(|| format!("read {path}"))?;
    let id = map.split_whitespace().nth(1).map(str::parse);
    id.ok_or("there is none")
        .and_then(|id| id.map_err(|_| "no number"))
        .step(|| format!("find root in {path}"))
}

pub(crate) fn has_own_user_namespace(init: Pid) -> std::io::Result<bool> {
    let theirs = fs::read_link(format!("/proc/{}/ns/user", init.as_raw_nonzero()))?;
    Ok(theirs != fs::read_link("/proc/self/ns/user")?)
}

/// Whether root of its user namespace is an ordinary user, who is mapped alone (`newuidmap(1)`).
fn is_users(init: Pid) -> std::io::Result<bool> {
    let map = fs::read_to_string(format!("/proc/{}/uid_map", init.as_raw_nonzero()))?;
    Ok(map.split_whitespace().nth(2) == Some("1"))
}

/// Until the command's end: its exit code, as a shell has it.
fn wait(
    child: Pid,
    signals: &Signals,
    is_foreground: bool,
    terminal: Option<BorrowedFd<'_>>,
) -> Result<ExitCode> {
    let mut options = WaitOptions::NOHANG;
    options.set(WaitOptions::UNTRACED, is_foreground);
    loop {
        while let Some((_, status)) =
            waitpid(Some(child), options).step(|| "wait for the command".into())?
        {
            if status.stopped() {
                // The owner sees it, and continues this process when it is continued itself.
                let _ = kill_process(rustix::process::getpid(), Signal::STOP);
                let _ = terminal.map(|terminal| tcsetpgrp(terminal, child));
                let _ = kill_process_group(child, Signal::CONT);
                continue;
            }
            let code = status
                .exit_status()
                .or_else(|| status.terminating_signal().map(|signal| 128 + signal));
            let code = code.and_then(|code| u8::try_from(code).ok());
            return Ok(ExitCode::from(code.unwrap_or(NOT_ENTERED)));
        }
        let signal = match signals.wait() {
            libc::SIGINT if is_foreground => Signal::INT,
            libc::SIGQUIT if is_foreground => Signal::QUIT,
            _ => continue,
        };
        let _ = kill_process_group(child, signal);
    }
}

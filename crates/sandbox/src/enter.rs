//! Runs one command inside a sandbox: `enter PID CGROUP DIR fg|bg COMMAND [ARG…]`.
//!
//! The command's standard streams, environment and exit code are this process's own. `fg` leaves
//! it in the terminal's foreground group; `bg` gives it a session of its own, so that Ctrl-C on
//! the terminal reaches the owner of the sandbox and not what it runs.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, set_parent_process_death_signal, waitpid,
};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::confine::confine;
use crate::sys::{self, Side};
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
    let [pid, cgroup, dir, ground, program, rest @ ..] = args else {
        return Err("PID CGROUP DIR fg|bg COMMAND expected").step(|| "arguments".into());
    };
    let init = pid.parse().ok().and_then(Pid::from_raw);
    let init = init.ok_or("not a process id").step(|| pid.clone())?;
    let handle = pidfd_open(init, PidfdFlags::empty()).step(|| "find the sandbox".into())?;
    // A sandbox that has died leaves its number free for a stranger.
    let place = format!("/proc/{}/cgroup", init.as_raw_nonzero());
    let place = fs::read_to_string(&place).step(|| format!("read {place}"))?;
    let name = Path::new(cgroup)
        .parent()
        .and_then(Path::file_name)
        .unwrap_or_default();
    if !place.contains(&*name.to_string_lossy()) {
        return Err("it has died").step(|| "find the sandbox".into());
    }

    // Before the namespaces: from inside, the group's path is another one.
    let procs = Path::new(cgroup).join("cgroup.procs");
    fs::write(&procs, "0").step(|| format!("write {}", procs.display()))?;
    let mut spaces = ThreadNameSpaceType::MOUNT
        | ThreadNameSpaceType::PROCESS_ID
        | ThreadNameSpaceType::NETWORK
        | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION
        | ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
        | ThreadNameSpaceType::CONTROL_GROUP;
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
    confine()?;

    // A joined PID namespace takes effect for children only.
    match sys::fork_into(0).step(|| "fork".into())? {
        Side::Child => {
            let _ = set_parent_process_death_signal(Some(Signal::KILL));
            if ground == "bg" {
                let _ = rustix::process::setsid();
            }
            let why = Command::new(program).args(rest).exec();
            complain!("sandbox: {program}: {why}");
            // As a shell says it.
            let missing = why.kind() == std::io::ErrorKind::NotFound;
            std::process::exit(if missing { 127 } else { 126 });
        }
        Side::Parent(child) => {
            // The command decides what Ctrl-C means; this process only passes its answer on.
            sys::ignore(libc::SIGINT);
            sys::ignore(libc::SIGQUIT);
            wait(child)
        }
    }
}

pub(crate) fn has_own_user_namespace(init: Pid) -> std::io::Result<bool> {
    let theirs = fs::read_link(format!("/proc/{}/ns/user", init.as_raw_nonzero()))?;
    Ok(theirs != fs::read_link("/proc/self/ns/user")?)
}

fn wait(child: Pid) -> Result<ExitCode> {
    loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Ok(Some((_, status))) => {
                let code = status
                    .exit_status()
                    .or_else(|| status.terminating_signal().map(|signal| 128 + signal));
                let code = code.and_then(|code| u8::try_from(code).ok());
                return Ok(ExitCode::from(code.unwrap_or(NOT_ENTERED)));
            }
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(why) => return Err(why).step(|| "wait for the command".into()),
        }
    }
}

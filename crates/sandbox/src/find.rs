//! Finds a process of a sandbox by the number that it has in a PID namespace: `find NAMESPACE NUMBER`
//! prints the number that it has on the machine.
//!
//! The inside is not asked: its `/proc` may be covered, and what is in a `/proc` of the machine says
//! which numbers a process has, but not in which namespaces.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::ExitCode;

use rustix::process::{Pid, PidfdFlags, WaitOptions, pidfd_open, waitpid};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::sys::{self, Side};
use crate::{Fault, Result, Step};

pub(crate) fn main(args: impl Iterator<Item = String>) -> ExitCode {
    let args: Vec<String> = args.collect();
    let found = find(&args);
    match found.and_then(|number| {
        writeln!(std::io::stdout(), "{number}").step(|| "say what was found".into())
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Fault { step, why }) => {
            complain!("{step}: {why}");
            ExitCode::FAILURE
        }
    }
}

fn find(args: &[String]) -> Result<String> {
    let [namespace, number] = args else {
        return Err("NAMESPACE NUMBER expected").step(|| "arguments".into());
    };
    let inner = number.parse().ok().and_then(Pid::from_raw);
    let inner = inner.ok_or("not a process id").step(|| number.clone())?;
    let space = File::open(namespace).step(|| format!("open {namespace}"))?;
    move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::ProcessID))
        .step(|| "enter the PID namespace".into())?;
    // Only a child is in there, and the number is its own then (setns(2)). It has this process's
    // descriptors: what it puts here, this process has.
    let mut handle: OwnedFd = space.into();
    match sys::fork_into(libc::CLONE_FILES).step(|| "fork".into())? {
        Side::Child => {
            let found = pidfd_open(inner, PidfdFlags::empty())
                .and_then(|found| rustix::io::dup2(&found, &mut handle));
            std::process::exit(i32::from(found.is_err()));
        }
        Side::Parent(child) => {
            let ended = waitpid(Some(child), WaitOptions::empty());
            let ended = ended.step(|| "wait for the child".into())?;
            if ended.is_none_or(|(_, status)| status.exit_status() != Some(0)) {
                return Err("there is none").step(|| format!("process {number}"));
            }
        }
    }
    let file = format!("/proc/self/fdinfo/{}", handle.as_raw_fd());
    let text = fs::read_to_string(&file).step(|| format!("read {file}"))?;
    let found = text.lines().find_map(|line| line.strip_prefix("Pid:"));
    let found = found.ok_or("no number of a process").step(|| file)?;
    Ok(found.trim().to_owned())
}

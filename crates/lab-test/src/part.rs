//! The processes that a lab can't do without, of exactly one lab: there may be others on the machine,
//! and engines of its own.

use std::fs;

use miette::{Result, miette};
use rustix::process::Pid;

use crate::machine::processes;

/// A part of the lab that this process has started: its `monitor`, its `init`, or a daemon of its level
/// 0 by its name.
pub(crate) fn process_of(owner: u32, part: &str) -> Result<Pid> {
    let running = lab::status()?.running;
    let is_its = |lab: &&lab::Running| lab.owner.split(' ').next() == Some(&*owner.to_string());
    let lab = running.iter().find(is_its);
    let lab = lab.ok_or_else(|| miette!("process {owner} has no lab"))?;
    let spec = format!("{}/spec.json", lab.id);
    let found = processes()?.into_iter().find(|(pid, line)| {
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        // Level 0 only: an inner daemon is in a group of its own.
        let inside = groups.contains(&format!("matryoshka-{}/lab\n", lab.id));
        match part {
            "monitor" => !inside && line.contains(&spec),
            "init" => inside && line.contains(&spec),
            daemon => {
                let program = line.split(' ').next().unwrap_or_default();
                inside && program.starts_with('/') && program.ends_with(&format!("/{daemon}"))
            }
        }
    });
    let pid = found.and_then(|(pid, _)| Pid::from_raw(pid));
    pid.ok_or_else(|| miette!("lab {} has no {part}", lab.id))
}

/// How an error says that a part was killed.
#[must_use]
pub fn killed(part: &str) -> String {
    match part {
        // Its monitor has waited for it, and nobody else can.
        "init" => "init, the sandbox's first process, has died".to_owned(),
        part => format!("{part} was ended by signal 9 (SIGKILL)"),
    }
}

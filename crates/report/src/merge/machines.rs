//! Which runs are of one machine, as far as their records tell.

use facts::Record;
use measure::Machine;

use crate::compare::Named;

/// What of a machine neither a reboot, nor a new kernel, nor a setting changes. Memory is not among
/// it: what Linux says of it differs by some megabytes from one kernel to the next.
const FIXED: Named<Machine, Option<String>, 4> = [
    ("vendor", |machine| machine.vendor.clone()),
    ("hypervisor", |machine| machine.hypervisor.map(|is| is.to_string())),
    ("processor", |machine| machine.cpu_model.clone()),
    ("cores", |machine| machine.cores.map(|cores| cores.to_string())),
];

/// The names of [`FIXED`].
pub(crate) fn fixed() -> String {
    FIXED.map(|(name, _)| name).join(", ")
}

/// The machine of a run: all its sessions are of one.
fn machine(record: &Record) -> Option<&Machine> {
    Some(&record.manifest.sessions.first()?.machine)
}

/// What is recorded of a run's machine, in a line.
pub(super) fn described(record: &Record) -> String {
    let of = |(name, of): (&str, fn(&Machine) -> Option<String>)| {
        let value = machine(record).and_then(of);
        format!("{name} {}", value.as_deref().unwrap_or("not recorded"))
    };
    FIXED.map(of).join(", ")
}

/// What tells the machines of two runs apart: name, and what each records. Nothing that one of them
/// could not read does; so one machine is not taken for two, though two may be for one.
pub(crate) fn told_apart(a: &Record, b: &Record) -> Option<[String; 3]> {
    FIXED.iter().find_map(|(name, of)| {
        let (a, b) = (of(machine(a)?)?, of(machine(b)?)?);
        (a != b).then(|| [(*name).to_owned(), a, b])
    })
}

/// The runs of each machine, as indices: runs that nothing tells apart are of one.
pub(super) fn grouped(records: &[&Record]) -> Vec<Vec<usize>> {
    let mut machines: Vec<Vec<usize>> = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let alike = |machine: &Vec<usize>| {
            machine.iter().any(|other| told_apart(records[*other], record).is_none())
        };
        let (same, others): (Vec<_>, Vec<_>) = machines.into_iter().partition(alike);
        let same: Vec<usize> = same.into_iter().flatten().chain([index]).collect();
        machines = others;
        machines.push(same);
    }
    machines.sort();
    machines
}

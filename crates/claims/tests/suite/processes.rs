//! Processes as the node sees them: by tree, control group and namespace ids, not by names.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use lab::{Folder, Level};
use miette::{IntoDiagnostic, Result, miette};

/// How long something that a look waits for may take, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks at it.
const PACE: Duration = Duration::from_millis(50);

/// A process, as the kernel describes it (`proc(5)`).
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    /// Name of its program, at most 15 bytes of it.
    pub(crate) name: String,
    pub(crate) argv: Vec<String>,
    /// Path of its control group, as the machine sees it.
    pub(crate) group: String,
    /// How many PID namespaces it is in, counted from the one that is looked from.
    pub(crate) depth: usize,
    /// Kind and id of its namespaces.
    pub(crate) namespaces: BTreeMap<String, String>,
    /// Processor time that it has used, in clock ticks.
    pub(crate) ticks: u64,
}

/// Every process that can be seen at a level.
pub(crate) fn at(level: &Level) -> Vec<Process> {
    let Ok(proc) = proc(level) else {
        return Vec::new();
    };
    let pids = pids(&proc).into_iter();
    pids.filter_map(|pid| read(&proc, pid)).collect()
}

/// A level's `/proc`.
fn proc(level: &Level) -> std::io::Result<Folder> {
    level.root()?.folder("proc")
}

fn pids(proc: &Folder) -> Vec<u32> {
    let names = proc.names(".").unwrap_or_default().into_iter();
    names.filter_map(|name| name.to_str()?.parse().ok()).collect()
}

/// One process at a level; `None` when it is gone.
pub(crate) fn one(level: &Level, pid: u32) -> Option<Process> {
    read(&proc(level).ok()?, pid)
}

fn read(proc: &Folder, pid: u32) -> Option<Process> {
    let dir = proc.folder(pid.to_string()).ok()?;
    let text = |name: &str| dir.read_to_string(name).ok();
    let stat = text("stat")?;
    // The name is in brackets and may hold anything.
    let (before, after) = stat.rsplit_once(')')?;
    let name = before.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = after.split_whitespace().collect();
    // A zombie's own life is over.
    if matches!(fields.first(), Some(&("Z" | "X"))) {
        return None;
    }
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    let status = text("status")?;
    let depth = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    let group = text("cgroup")?;
    let group = group.lines().find_map(|line| line.strip_prefix("0::"));
    let kinds = dir.names("ns").unwrap_or_default().into_iter();
    let namespaces = kinds.filter_map(|kind| {
        let kind = kind.to_str()?.to_owned();
        let id = dir.read_link(Path::new("ns").join(&kind)).ok()?;
        (!kind.ends_with("_for_children")).then(|| (kind, id.to_string_lossy().into_owned()))
    });
    let argv = text("cmdline")?;
    Some(Process {
        pid,
        parent: u32::try_from(number(1)?).ok()?,
        name,
        argv: argv.split_terminator('\0').map(str::to_owned).collect(),
        group: group?.to_owned(),
        depth: depth?.split_whitespace().count(),
        namespaces: namespaces.collect(),
        ticks: number(11)? + number(12)?,
    })
}

/// A process's part of the memory that is resident, in bytes: shared pages are divided up.
pub(crate) fn resident_bytes(level: &Level, pid: u32) -> u64 {
    let text = proc(level).and_then(|proc| proc.read_to_string(format!("{pid}/smaps_rollup")));
    let text = text.unwrap_or_default();
    let pages = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kib = pages.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// The process of this program with this last argument, once it is there.
pub(crate) fn wait_for(node: &Level, program: &str, mark: &str) -> Result<Process> {
    // Of all others only the command line is read: there are many, and it is asked often.
    let wanted = |proc: &Folder, pid: u32| -> Option<u32> {
        let line = proc.read_to_string(format!("{pid}/cmdline")).ok()?;
        let mut argv = line.split_terminator('\0');
        (argv.next()? == program && argv.next_back()? == mark).then_some(pid)
    };
    let found = within(PATIENCE, || {
        let proc = proc(node).ok()?;
        let pid = pids(&proc).into_iter().find_map(|pid| wanted(&proc, pid))?;
        one(node, pid)
    });
    found.ok_or_else(|| miette!("no process `{program} … {mark}` is to be seen on the node"))
}

/// Asks until there is an answer, or the time is over.
pub(crate) fn within<T>(time: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + time;
    loop {
        let answer = ask();
        if answer.is_some() || Instant::now() > end {
            return answer;
        }
        std::thread::sleep(PACE);
    }
}

/// The part of a control group's path that is the container with this id.
pub(crate) fn group_of(process: &Process, container: &str) -> Result<String> {
    let mut path = String::new();
    for part in process.group.split_terminator('/').skip(1) {
        path = format!("{path}/{part}");
        if part.contains(container) {
            return Ok(path);
        }
    }
    Err(miette!("{container} is no part of {}", process.group))
}

/// A file of a control group, through the node's own view of the tree.
pub(crate) fn group_file(node: &Level, lab: &str, group: &str, file: &str) -> Result<String> {
    let below = group.split_once(lab).map_or(group, |(_, below)| below);
    let tree = Path::new("/sys/fs/cgroup");
    let file = tree.join(below.trim_start_matches('/')).join(file);
    let root = node.root().into_diagnostic()?;
    root.read_to_string(&file)
        .into_diagnostic()
        .map_err(|report| miette!("{}: {report}", file.display()))
}

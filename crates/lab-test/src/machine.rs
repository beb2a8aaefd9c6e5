//! What of the machine a lab could change, as sets of lines that can be compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lab::{Bundle, Kind};
use miette::{IntoDiagnostic, Result, miette};

/// Programs that only a container engine runs.
const ENGINE_PROGRAMS: [&str; 9] = [
    "dockerd",
    "containerd",
    "containerd-shim",
    "lab-registry",
    "docker-proxy",
    "conmon",
    "podman",
    "netavark",
    "aardvark-dns",
];

/// State of the machine's own engines, if it has any: neither made nor touched.
const ENGINE_STATE: [&str; 9] = [
    "/etc/docker",
    "/etc/containers",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/run/docker.sock",
    "/run/containerd",
    "/run/containers",
    "/run/netns",
];

/// Named sets of lines.
pub struct Machine(BTreeMap<&'static str, BTreeSet<String>>);

impl Machine {
    /// As it is now.
    pub fn now() -> Result<Self> {
        let mut sets = BTreeMap::new();
        sets.insert(
            "process",
            processes()?
                .into_iter()
                .map(|(pid, line)| format!("{pid} {line}{}", lab_of(pid)))
                .collect(),
        );
        let mounts = fs::read_to_string("/proc/self/mountinfo").into_diagnostic()?;
        sets.insert("mount", mounts.lines().map(str::to_owned).collect());
        sets.insert("network device", names("/sys/class/net"));
        sets.insert("control group", control_groups());
        sets.insert("loop device", loop_devices());
        sets.insert("packet rule", rules()?);
        sets.insert("kernel setting", settings());
        sets.insert("engine state", ENGINE_STATE.iter().filter_map(|path| stamp(path)).collect());
        let labs = lab::status()?.cache.join("labs");
        sets.insert("file of a lab", names(labs));
        Ok(Self(sets))
    }

    /// Waits until nothing is there that was not there before this: what was killed lets the monitor
    /// do its work, which takes a moment. `log` is what the program said.
    pub fn is_restored(&self, patience: Duration, log: impl Fn() -> String) -> Result<()> {
        let deadline = Instant::now() + patience;
        let mut others = BTreeSet::new();
        loop {
            // Of one whose owner has just been killed by its own test, nobody can tell whose it was.
            others.extend(labs_of_others()?);
            let more = Self::now()?.differs_from(self, &others);
            if more.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(miette!("still there:\n{}\n{}", more.join("\n"), log()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What is there that was not there before, and of what belongs to the machine also what is
    /// gone. What a lab has that somebody else runs meanwhile is none of ours.
    fn differs_from(&self, before: &Self, others: &BTreeSet<String>) -> Vec<String> {
        let mut differences = Vec::new();
        let is_ours = |line: &&String| others.iter().all(|lab| !line.contains(lab));
        for (kind, lines) in &self.0 {
            let earlier = before.0.get(kind).cloned().unwrap_or_default();
            differences.extend(
                lines.difference(&earlier).filter(is_ours).map(|line| format!("{kind}: {line}")),
            );
            if THE_MACHINES.contains(kind) {
                let gone = earlier.difference(lines);
                differences.extend(gone.map(|line| format!("{kind} gone: {line}")));
            }
        }
        differences
    }
}

/// Names of the labs whose owner lives: what is looked at has ended.
fn labs_of_others() -> Result<Vec<String>> {
    let is_alive = |lab: &lab::Running| {
        let owner = lab.owner.split(' ').next().unwrap_or_default();
        Path::new("/proc").join(owner).exists()
    };
    Ok(lab::status()?.running.into_iter().filter(is_alive).map(|lab| lab.id).collect())
}

/// The lab in whose control group a process is, in brackets.
fn lab_of(pid: i32) -> String {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let named = groups.lines().find_map(|line| line.split("matryoshka-").nth(1));
    let id = named.and_then(|rest| rest.split('/').next());
    id.map_or_else(String::new, |id| format!(" [{id}]"))
}

/// Kinds of which a lab of another test can't be the owner.
const THE_MACHINES: [&str; 5] =
    ["mount", "network device", "packet rule", "engine state", "kernel setting"];

/// The processes of labs and engines: process id, command line.
pub(crate) fn processes() -> Result<Vec<(i32, String)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_diagnostic()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let exe = fs::read_link(entry.path().join("exe")).unwrap_or_default();
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
        let engine = ENGINE_PROGRAMS.iter().any(|program| name.trim().starts_with(program));
        if exe.to_string_lossy().contains("memfd:matryoshka") || engine {
            let line = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            found.push((pid, line.replace('\0', " ").trim().to_owned()));
        }
    }
    Ok(found)
}

fn names(dir: impl AsRef<Path>) -> BTreeSet<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Groups of any hierarchy with a name that an engine or a lab gives.
fn control_groups() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut dirs = vec![(PathBuf::from("/sys/fs/cgroup"), 0)];
    while let Some((dir, depth)) = dirs.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let name = entry.file_name().to_string_lossy().into_owned();
            let foreign = ["matryoshka", "docker", "libpod", "containerd", "crun"];
            if foreign.iter().any(|word| name.contains(word)) {
                found.insert(entry.path().display().to_string());
            } else if depth < 4 {
                dirs.push((entry.path(), depth + 1));
            }
        }
    }
    found
}

fn loop_devices() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for name in names("/sys/block") {
        let file = format!("/sys/block/{name}/loop/backing_file");
        if let Ok(backing) = fs::read_to_string(&file) {
            found.insert(format!("{name} {backing}"));
        }
    }
    found
}

/// The machine's nftables rules, by the bundle's own `nft`, and which legacy tables exist. An ordinary user
/// may neither see nor change them.
fn rules() -> Result<BTreeSet<String>> {
    if Kind::here() == Kind::Rootless {
        return Ok(BTreeSet::new());
    }
    let bundle = Bundle::get(crate::generation()?)?.path;
    let libraries = bundle.join("usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH));
    let loader = fs::read_dir(bundle.join("usr/lib64")).into_iter().flatten().flatten();
    let loader =
        loader.map(|entry| entry.path()).find(|p| p.to_string_lossy().contains("ld-linux"));
    let loader = loader.ok_or_else(|| miette!("the bundle has no loader"))?;
    let output = Command::new(loader)
        .arg("--library-path")
        .arg(libraries)
        .arg(bundle.join("usr/sbin/nft"))
        .args(["list", "ruleset"])
        .output()
        .into_diagnostic()?;
    if !output.status.success() {
        return Err(miette!("nft: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut found: BTreeSet<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    for table in ["/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"] {
        found.extend(fs::read_to_string(table).unwrap_or_default().lines().map(str::to_owned));
    }
    Ok(found)
}

/// What is below `/proc/sys` and is no setting: what the kernel counts of everybody's doings, and what
/// it draws for each reader.
const NO_SETTINGS: [&str; 10] = [
    "fs/aio-nr",
    "fs/dentry-state",
    "fs/file-nr",
    "fs/inode-nr",
    "fs/inode-state",
    "fs/quota/",
    "kernel/ns_last_pid",
    "kernel/pty/nr",
    "kernel/random/",
    "net/netfilter/nf_conntrack_count",
];

/// The settings of the kernel that can be read, with their values.
fn settings() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let root = Path::new("/proc/sys");
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
            if NO_SETTINGS.iter().any(|other| format!("{name}/").starts_with(other)) {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                dirs.push(path);
            } else if let Ok(value) = fs::read(&path) {
                found.insert(format!("{name} = {}", String::from_utf8_lossy(&value).trim()));
            }
        }
    }
    found
}

/// A path that exists, with the time of its last change.
fn stamp(path: &str) -> Option<String> {
    let changed = fs::symlink_metadata(path).ok()?.modified().ok()?;
    Some(format!("{path} {changed:?}"))
}

//! What a pod's jobs take, and whether the pod's own control group counts it.

use std::time::{Duration, Instant};

use miette::{IntoDiagnostic, Result, miette};

use super::Observation;
use crate::node::Pod;
use crate::pattern::Client;
use crate::words::Word;

/// A pod's control group below the tree that the node sees. In a lab without control groups it has none,
/// and what is said of all processes together is said of no pod.
fn group(pod: &Pod) -> Result<String> {
    let group = pod.inspect("{{.CgroupPath}}")?;
    if group.is_empty() {
        Err(miette!("the pod has no control group of its own"))
    } else {
        Ok(group)
    }
}

/// The ids of the processes in a group and in those below it.
fn processes(pod: &Pod) -> Result<Vec<u32>> {
    let group = group(pod)?;
    let script = r#"find "/sys/fs/cgroup$1" -name cgroup.procs -exec cat {} +"#;
    let ids = pod.node.level().output(&["sh", "-c", script, "sh", &group])?;
    let ids: Vec<u32> = ids.lines().filter_map(|line| line.parse().ok()).collect();
    if ids.is_empty() {
        return Err(miette!("no process is in the pod's control group {group}"));
    }
    Ok(ids)
}

/// A file of a process, as level 0 numbers it.
fn of_process(pod: &Pod, id: u32, file: &str) -> Option<String> {
    let root = pod.node.level().root().ok()?;
    root.read_to_string(format!("proc/{id}/{file}")).ok()
}

/// What a pod's processes have in memory, in bytes: pages that several share are divided up among
/// them (`Pss` in `proc_pid_smaps(5)`).
pub(crate) fn resident_bytes(pod: &Pod) -> Result<u64> {
    let kib = processes(pod)?.into_iter().filter_map(|id| {
        // A process may end between two looks.
        let text = of_process(pod, id, "smaps_rollup")?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    });
    match kib.sum::<u64>() {
        0 => Err(miette!("nothing is known of the pod's memory")),
        kib => Ok(kib * 1024),
    }
}

/// Which engines' daemons has the pod brought?
pub(super) fn daemons(pod: &Pod) -> Result<Option<Observation>> {
    let mut names: Vec<String> = processes(pod)?
        .into_iter()
        .filter_map(|id| of_process(pod, id, "comm"))
        .map(|name| name.trim().to_owned())
        .filter(|name| ["dockerd", "containerd", "podman", "buildkitd"].contains(&&**name))
        .collect();
    names.sort();
    let outcome = if names.is_empty() { Word::None.into() } else { names.join(" ") };
    Ok(Some(Observation::new(outcome, "processes in the pod's control group")))
}

/// A process of a job that keeps a processor busy, known by its last word.
const BUSY: &str = "while :; do :; done";

/// The same where Buildah runs it.
const BUILDAH: &str =
    r#"name=$(buildah from alpine) && exec buildah run "$name" -- sh -c "$1" "$2""#;

/// Does the pod's group count what its job's container uses?
pub(super) fn accounting(pod: &Pod) -> Result<Option<Observation>> {
    let mark = format!("busy-{}", pod.name);
    let name = mark.clone();
    match pod.pattern.client {
        Client::Docker => {
            let run = ["docker", "run", "--detach", "--name", &name, "alpine"];
            pod.output(&[&run[..], &["sh", "-c", BUSY, &mark]].concat())?;
        }
        // It ends with its command, so that somebody has to wait for it.
        Client::Buildah => {
            let agent = pod.agent();
            let run = ["podman", "exec", "--detach", &agent, "sh", "-c", BUILDAH, "sh"];
            pod.node.level().output(&[&run[..], &[BUSY, &mark]].concat())?;
        }
    }
    let seen = counted(pod, &mark);
    match pod.pattern.client {
        Client::Docker => pod.output(&["docker", "rm", "--force", &name]).map(drop)?,
        Client::Buildah => {
            let kill = r#"kill -9 $(pgrep -f " $1\$")"#;
            pod.node.level().run(&["busybox", "sh", "-c", kill, "sh", &mark])?;
        }
    }
    seen.map(Some)
}

/// The same where the pod has the node's view of control groups, as Kubernetes gives it to
/// privileged containers on cgroup v2 (Kubernetes' enhancement 2254, "cgroup v2").
pub(super) fn accounting_host(pod: &Pod) -> Result<Option<Observation>> {
    if !pod.pattern.is_privileged() {
        return Ok(None);
    }
    let node = pod.node.level();
    let file = "/etc/containers/cgroupns-host.conf";
    let write = r#"printf '[containers]\ncgroupns = "host"\n' > "$1""#;
    node.output(&["sh", "-c", write, "sh", file])?;
    let shared = pod.node.prepare(pod.pattern, "-host", |text| text)?;
    let with = format!("CONTAINERS_CONF_OVERRIDE={file}");
    node.output(&["env", &with, "podman", "kube", "play", &shared.file])?;
    shared.ready()?;
    accounting(&shared)
}

/// How long the busy process is watched at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// What it has to burn for a verdict; the engine's own work in that time is far below.
const BURNT: u64 = 500_000;

/// Whether the pod's group counts what the process with this last word burns, and in which group
/// that one is.
fn counted(pod: &Pod, mark: &str) -> Result<Observation> {
    let level = pod.node.level();
    let end = Instant::now() + PATIENCE;
    let pace = Duration::from_millis(50);
    let find = r#"pgrep -f " $1\$""#;
    let process = loop {
        let found = level.run(&["busybox", "sh", "-c", find, "sh", mark])?;
        // The innermost is the youngest: what started it has the same words for a moment.
        if let Some(process) = found.stdout.lines().last() {
            break process.to_owned();
        }
        if Instant::now() > end {
            return Err(miette!("the busy process is not to be seen on the node"));
        }
        std::thread::sleep(pace);
    };
    let read = |file: &str| -> Result<String> {
        let root = level.root().into_diagnostic()?;
        root.read_to_string(file).into_diagnostic()
    };
    let used = |group: &str| -> Result<u64> {
        let text = read(&format!("/sys/fs/cgroup{group}/cpu.stat"))?;
        let usage = text.lines().find_map(|line| line.strip_prefix("usage_usec "));
        let usage = usage.and_then(|usec| usec.parse().ok());
        usage.ok_or_else(|| miette!("no usage in {text}"))
    };
    // As level 0 names it, whose tree that is.
    let its = level.output(&["sed", "-n", "s/^0:://p", &format!("/proc/{process}/cgroup")])?;
    let (its, pods) = (its.trim(), group(pod)?);
    let (before_its, before_pods) = (used(its)?, used(&pods)?);
    let (burnt, counted) = loop {
        let burnt = used(its)? - before_its;
        if burnt >= BURNT {
            break (burnt, used(&pods)? - before_pods);
        }
        if Instant::now() > end {
            return Err(miette!("it burnt no half second of processor time in a minute"));
        }
        std::thread::sleep(pace);
    };
    let outcome = if counted >= burnt / 2 { Word::Counted } else { Word::Missed };
    let shortened = its.replace(&pods, "POD");
    let reason = format!(
        "{} ms burnt, {} ms counted; the job's group is {shortened}",
        burnt / 1000,
        counted / 1000
    );
    Ok(Observation::new(outcome, reason))
}

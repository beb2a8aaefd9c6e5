//! What a pattern is given: capabilities, paths of the node, a group.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use miette::{Result, miette};

use super::Observation;
use crate::node::Pod;
use crate::pattern::{Client, Pattern};
use crate::words::Word;

/// Every capability that there is on this kernel, as `capabilities(7)` counts them.
const LAST_CAPABILITY: &str = "cat /proc/sys/kernel/cap_last_cap";

/// What Docker gives where nothing is said (moby `oci/caps/defaults.go`); Podman gives less.
const USUAL: u64 = 0xa804_25fb;

/// Who a container's first process is and what it may: user, effective capabilities, system call
/// filter (`proc_pid_status(5)`).
fn power(pod: &Pod, container: &str) -> Result<Observation> {
    let pid = pod.inspect_container(container, "{{.State.Pid}}")?;
    let level = pod.node.level();
    let status = level.output(&["cat", &format!("/proc/{pid}/status")])?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()).unwrap_or_default().to_owned()
    };
    let (user, filter) = (field("Uid:"), field("Seccomp:"));
    let set = |name: &str| {
        let set = u64::from_str_radix(&field(name), 16);
        set.map_err(|why| miette!("{name} {why}"))
    };
    let (effective, bounding) = (set("CapEff:")?, set("CapBnd:")?);
    let last = level.output(&["sh", "-c", LAST_CAPABILITY])?;
    let last: u32 = last.trim().parse().map_err(|why| miette!("cap_last_cap: {why}"))?;
    let full = u64::MAX >> (u64::BITS - 1 - last);
    let outcome = match effective {
        0 if user != "0" => Word::None,
        all if all == full => Word::Full,
        some if some & !USUAL == 0 => Word::Default,
        _ => Word::More,
    };
    let maps = level.output(&["cat", "/proc/self/uid_map", &format!("/proc/{pid}/uid_map")])?;
    let mut maps = maps.lines();
    let its_own = if maps.next() == maps.next() { "" } else { ", in a user namespace of its own" };
    let reason = format!(
        "user {user}{its_own}, {} of {} capabilities ({effective:#x}), {} by programs that have them \
         ({bounding:#x}), system call filter mode {filter}",
        effective.count_ones(),
        last + 1,
        bounding.count_ones(),
    );
    Ok(Observation::new(outcome, reason))
}

pub(super) fn agent(pod: &Pod) -> Result<Option<Observation>> {
    power(pod, pod.pattern.agent).map(Some)
}

pub(super) fn engine(pod: &Pod) -> Result<Option<Observation>> {
    let Some(engine) = pod.pattern.engine else {
        let whose = match pod.pattern.client {
            Client::Docker => Word::TheNodes,
            Client::Buildah => Word::NoEngine,
        };
        return Ok(Some(Observation::new(whose, "the pod has none of its own")));
    };
    power(pod, engine).map(Some)
}

/// Sources of the mounts of all of a pod's containers that are files of the node.
const MOUNTS: &str = r#"ids=$(podman pod inspect --format '{{range .Containers}}{{.Id}} {{end}}' "$1") || exit
[ -n "$ids" ] || { echo "the pod has no container" >&2; exit 1; }
for id in $ids; do
    podman inspect --format '{{range .Mounts}}{{if eq .Type "bind"}}{{println .Source}}{{end}}{{end}}' "$id" || exit
done"#;

/// Below these the node's engine keeps what it makes for pods.
const ENGINES_OWN: [&str; 2] = ["/var/lib/containers/", "/run/containers/"];

pub(super) fn node_paths(pod: &Pod) -> Result<Option<Observation>> {
    let mounted = pod.node.level().output(&["sh", "-c", MOUNTS, "sh", &pod.name])?;
    let is_nodes = |path: &&str| !ENGINES_OWN.iter().any(|own| path.starts_with(own));
    let lines = mounted.lines().filter(|line| !line.trim().is_empty());
    let paths: BTreeSet<&str> = lines.filter(is_nodes).collect();
    let outcome = if paths.is_empty() {
        Word::None.into()
    } else {
        paths.into_iter().collect::<Vec<_>>().join(" ")
    };
    Ok(Some(Observation::new(outcome, "mounts of all containers of the pod, volumes left out")))
}

/// Does the pattern work where the manifest asks for no privilege?
pub(super) fn without(pod: &Pod) -> Result<Option<Observation>> {
    if !pod.pattern.is_privileged() {
        return Ok(None);
    }
    let plain = |text: String| text.replace(Pattern::PRIVILEGED, "privileged: false");
    let pod = pod.another("-plain", plain)?;
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if pod.run(&["docker", "version"]).is_ok_and(|said| said.success()) {
            return Ok(Some(Observation::new(Word::Works, "the engine answers")));
        }
        let logs = pod.logs();
        let refusal = logs.lines().find(|line| line.contains("failed to start daemon"));
        if let Some(words) = refusal {
            return Ok(Some(Observation::new(Word::Refused, words)));
        }
        if Instant::now() > end {
            return Err(miette!("neither up nor refused within 30 s: {logs}"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Is it the group that opens the socket to an ordinary user?
pub(super) fn group_of_the_socket(pod: &Pod) -> Result<Option<Observation>> {
    const GROUP: &str = "supplementalGroups: [999]";
    if !pod.pattern.manifest.contains(GROUP) {
        return Ok(None);
    }
    let ask = ["docker", "version", "--format", "{{.Server.Version}}"];
    let member = pod.run(&ask)?;
    let without = pod.another("-stranger", |text| text.replace(GROUP, "supplementalGroups: []"))?;
    let stranger = without.run(&ask)?;
    if member.success() && stranger.success() {
        return Ok(Some(Observation::new(Word::NotNeeded, "a stranger may, too")));
    }
    let (outcome, words) = if member.success() {
        (Word::Enough, stranger.stderr)
    } else {
        (Word::NotEnough, member.stderr)
    };
    if !words.contains("permission denied") {
        return Err(miette!("it failed, but was not refused: {}", words.trim()));
    }
    let reason = format!("whoever is refused: {}", words.trim());
    Ok(Some(Observation::new(outcome, reason)))
}

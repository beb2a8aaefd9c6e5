//! What Docker needs in a pod that has a user namespace of its own and is not privileged.
//!
//! Everything that has been named is granted, and taken away again one after the other, each time in a
//! fresh pod that has a whole job to do. What can go goes; the search ends when none of what is left
//! can. What is left is tried in a pod by another runtime, which keeps the control group to itself. Then
//! the same with system calls, under the filter of Docker: that of Podman, whose pods these are, lets more
//! through.

mod manifest;

use std::collections::VecDeque;
use std::fmt::{self, Display, Formatter};
use std::thread;
use std::time::{Duration, Instant};

use bench::once::error_chain;
use lab::{Engine, Lab, Level};
use measure::Trial;
use miette::{IntoDiagnostic, Result, miette};
use serde_json::Value;

use crate::words::{self, GRANTS, Word};

/// The job, by a shell beside the engine.
const JOB: &str = include_str!("grants/job.sh");

/// Its last part.
const LAST: &str = "stop";

/// How long an engine may take until it answers.
const DEADLINE: Duration = Duration::from_secs(60);

/// What a user namespace gets for a kubelet's 65536 ids, as flags of `podman kube play`: Podman takes
/// `hostUsers: false` for `--userns=auto`, which gives as many ids as the image's files have. Those of
/// the lab are as many as a pod's, and its root's must not be among them.
pub(crate) const IDS: &str = "--userns=auto:uidmapping=0:1:65535,gidmapping=0:1:65535";

/// One thing that a pod can be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    Capability(&'static str),
    /// No filter of system calls.
    NoFilter,
    /// A system call that Docker's filter refuses.
    Call(&'static str),
    /// All of `/proc` can be written: `procMount: Unmasked`.
    WholeProc,
    Device(&'static str),
    /// Its control group can be written, because its entry point mounts it so.
    Group,
    /// The daemon is started by the image's entry point, which moves itself to a leaf of the control
    /// groups before.
    Leaf,
}

use Grant::{Call, Capability, Device, Group, Leaf, NoFilter, WholeProc};

/// What is granted at first, in the order in which it is taken away: capabilities at the end, those that
/// a runtime gives to every container last of all.
const ALL: &[Grant] = &[
    NoFilter,
    Device("/dev/fuse"),
    Device("/dev/net/tun"),
    Leaf,
    WholeProc,
    Group,
    Capability("SYS_PTRACE"),
    Capability("NET_ADMIN"),
    Capability("SYS_ADMIN"),
    Capability("AUDIT_WRITE"),
    Capability("CHOWN"),
    Capability("DAC_OVERRIDE"),
    Capability("FOWNER"),
    Capability("FSETID"),
    Capability("KILL"),
    Capability("MKNOD"),
    Capability("NET_BIND_SERVICE"),
    Capability("NET_RAW"),
    Capability("SETFCAP"),
    Capability("SETGID"),
    Capability("SETPCAP"),
    Capability("SETUID"),
    Capability("SYS_CHROOT"),
];

/// What Podman's filter lets through and Docker's does not, of who has these capabilities.
const CALLS: &[Grant] = &[
    Call("get_mempolicy"),
    Call("mbind"),
    Call("set_mempolicy"),
    Call("reboot"),
    Call("keyctl"),
    Call("pivot_root"),
];

/// The step of the rows that say what is left; that of the others is what was granted.
pub(crate) const LEFT: &str = "left";

impl Display for Grant {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Capability(name) | Call(name) | Device(name) => f.write_str(name),
            NoFilter => f.write_str("no-filter"),
            WholeProc => f.write_str("whole-proc"),
            Group => f.write_str("cgroup"),
            Leaf => f.write_str("leaf"),
        }
    }
}

fn list(grants: &[Grant]) -> String {
    let names: Vec<String> = grants.iter().map(ToString::to_string).collect();
    names.join(" ")
}

/// Both searches: a row a trial, and one that says what is left.
pub(crate) fn search(lab: &Lab, row: &mut dyn FnMut(Trial) -> Result<()>) -> Result<()> {
    lab.engine(Engine::Podman)?;
    lab.engine(Engine::Docker)?;
    let level = lab.level0();
    let mut trials = Trials { level, count: 0, runtime: "crun", filter: None, fixed: Vec::new() };
    let Some(left) = trials.take_away(ALL, "", row)? else {
        return Ok(());
    };
    row(words::row(GRANTS, "smallest", LEFT, list(&left), ""))?;
    trials.runtime = "runc";
    trials.attempt(&left, "smallest, pod by runc", row)?;
    trials.runtime = "crun";
    let capabilities = left.iter().filter_map(|grant| match grant {
        Capability(name) => Some(*name),
        _ => None,
    });
    trials.filter = Some(dockers_filter(&trials.level, capabilities)?);
    trials.fixed = left;
    if let Some(left) = trials.take_away(CALLS, "Docker's filter, ", row)? {
        row(words::row(GRANTS, "smallest under Docker's filter", LEFT, list(&left), ""))?;
    }
    Ok(())
}

/// The filter that Docker gives a container with these capabilities.
fn dockers_filter<'a>(level: &Level, capabilities: impl Iterator<Item = &'a str>) -> Result<Value> {
    let added: Vec<String> = capabilities.map(|name| format!("--cap-add={name}")).collect();
    let added: Vec<&str> = added.iter().map(String::as_str).collect();
    let run = ["docker", "run", "--detach", "--cap-drop=ALL"];
    let id = level.output(&[&run[..], &added, &["alpine", "sleep", "infinity"]].concat())?;
    let read = r#"cat "$(find /run -path "*/moby/$1/config.json")""#;
    let said = level.output(&["sh", "-c", read, "sh", id.trim()]);
    level.run(&["docker", "rm", "--force", id.trim()])?;
    let mut config: Value = serde_json::from_str(&said?).into_diagnostic()?;
    let filter = config["linux"]["seccomp"].take();
    if !filter["syscalls"].is_array() {
        return Err(miette!("Docker filters no system calls here"));
    }
    Ok(filter)
}

/// Trials, each in a pod of its own.
struct Trials<'lab> {
    level: Level<'lab>,
    count: usize,
    /// What makes the pods' containers.
    runtime: &'static str,
    /// Instead of Podman's own, with the calls let through besides that are among the grants.
    filter: Option<Value>,
    /// What is granted besides in each.
    fixed: Vec<Grant>,
}

/// How a trial ended.
struct Ended {
    works: bool,
    words: String,
}

impl Trials<'_> {
    /// Takes grants away until none of the rest can go; `None` if the job does not even work with all.
    fn take_away(
        &mut self,
        all: &[Grant],
        named: &str,
        row: &mut dyn FnMut(Trial) -> Result<()>,
    ) -> Result<Option<Vec<Grant>>> {
        if !self.attempt(all, &format!("{named}all"), row)? {
            return Ok(None);
        }
        smallest(all, |left, gone| self.attempt(left, &format!("{named}without {gone}"), row))
            .map(Some)
    }

    /// One trial and its row.
    fn attempt(
        &mut self,
        grants: &[Grant],
        subject: &str,
        row: &mut dyn FnMut(Trial) -> Result<()>,
    ) -> Result<bool> {
        if measure::interrupted() {
            return Err(miette!("interrupted"));
        }
        self.count += 1;
        let pod = format!("grants-{}", self.count);
        let granted = [&self.fixed, grants].concat();
        let began = Instant::now();
        let ended = self.job(&pod, &granted);
        let wall_ns = u64::try_from(began.elapsed().as_nanos()).ok();
        let argv = ["podman", "pod", "rm", "--force", "--time", "0", "--ignore", &pod];
        self.level.run(&argv)?;
        self.level.run(&["podman", "volume", "rm", "--force", &pod])?;
        let Ended { works, words } = ended?;
        let outcome = if works { Word::Works } else { Word::Refused };
        // The same is tried again, when something else has gone since.
        let subject = format!("{}: {subject}", self.count);
        measure::note!("{subject}: {}", outcome.name());
        row(Trial { wall_ns, ..words::row(GRANTS, &subject, &list(&granted), outcome, words) })?;
        Ok(works)
    }

    fn job(&self, pod: &str, grants: &[Grant]) -> Result<Ended> {
        let file = format!("/var/tmp/{pod}.yaml");
        let root = self.level.root().into_diagnostic()?;
        let profile = match &self.filter {
            Some(filter) => {
                let profile = manifest::profile(filter, grants).to_string();
                let path = format!("{}/{pod}.json", manifest::PROFILES);
                self.level.output(&["mkdir", "-p", manifest::PROFILES])?;
                root.write(&path, profile.as_bytes(), 0o644).into_diagnostic()?;
                true
            }
            None => false,
        };
        let manifest = manifest::of(pod, grants, profile).to_string();
        root.write(&file, manifest.as_bytes(), 0o644).into_diagnostic()?;
        let play = ["podman", "--runtime", self.runtime, "kube", "play", "--quiet", IDS, &file];
        if let Err(report) = self.level.output(&play) {
            return Ok(Ended { works: false, words: format!("pod: {}", error_chain(&report)) });
        }
        let container = format!("{pod}-{}", manifest::CONTAINER);
        if let Some(complaint) = self.complaint(&container)? {
            return Ok(Ended { works: false, words: format!("engine: {complaint}") });
        }
        let said = self.level.run(&["podman", "exec", &container, "sh", "-c", JOB])?;
        Ok(ended(&(said.stdout + &said.stderr)))
    }

    /// Waits for the engine; its last words, if it does not come up.
    fn complaint(&self, container: &str) -> Result<Option<String>> {
        let end = Instant::now() + DEADLINE;
        let running = ["podman", "inspect", "--format", "{{.State.Running}}", container];
        loop {
            let asked = ["podman", "exec", container, "docker", "version"];
            if self.level.run(&asked)?.success() {
                return Ok(None);
            }
            let is_there = self.level.output(&running)?.trim() == "true";
            if !is_there || Instant::now() > end {
                let logs = self.level.run(&["podman", "logs", "--tail", "30", container])?;
                return Ok(Some(last_words(&(logs.stdout + &logs.stderr))));
            }
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// What is left of all when no single one can go any more. `works` is asked with what would be left, and
/// what is gone.
fn smallest(
    all: &[Grant],
    mut works: impl FnMut(&[Grant], Grant) -> Result<bool>,
) -> Result<Vec<Grant>> {
    let mut left: VecDeque<Grant> = all.iter().copied().collect();
    let mut needed = 0;
    // Whatever was needed when more was there is asked for again when something has gone since.
    while needed < left.len() {
        let Some(gone) = left.pop_front() else {
            break;
        };
        if works(left.make_contiguous(), gone)? {
            needed = 0;
        } else {
            left.push_back(gone);
            needed += 1;
        }
    }
    let is_left = |grant: &&Grant| left.contains(grant);
    Ok(all.iter().filter(is_left).copied().collect())
}

/// The line that says why, of what an engine or a part of a job wrote.
fn last_words(said: &str) -> String {
    let lines = said.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("See 'docker"));
    let lines: Vec<&str> = lines.collect();
    let is_reason = |line: &&&str| line.starts_with("failed to ");
    let reason = lines.iter().rev().find(is_reason).or(lines.last());
    reason.map_or_else(|| "without a word".to_owned(), ToString::to_string)
}

/// What was said by a job, part for part.
fn ended(said: &str) -> Ended {
    let mut parts = Vec::new();
    let mut since = String::new();
    let mut last = "";
    let mut works = true;
    for line in said.lines() {
        match line.split_once(' ') {
            Some((part, "works")) => {
                parts.push(line.to_owned());
                last = part;
            }
            Some((part, "failed")) => {
                parts.push(format!("{part}: {}", last_words(&since)));
                works = false;
                last = part;
            }
            _ => {
                since.push_str(line);
                since.push('\n');
                continue;
            }
        }
        since.clear();
    }
    if last != LAST {
        parts.push(format!("cut off: {}", last_words(&since)));
        works = false;
    }
    Ended { works, words: parts.join(" | ") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const A: Grant = Capability("A");
    const B: Grant = Capability("B");
    const C: Grant = Capability("C");

    #[rstest]
    #[case::all(|_: &[Grant]| false, &[A, B, C])]
    #[case::none(|_: &[Grant]| true, &[])]
    #[case::one(|left: &[Grant]| left.contains(&B), &[B])]
    // A is in the way of nothing when C is there, and can go when that has gone.
    #[case::again(|left: &[Grant]| left.contains(&A) || !left.contains(&C), &[])]
    fn what_is_left_is_needed(
        #[case] works: fn(&[Grant]) -> bool,
        #[case] expected: &[Grant],
    ) -> Result<()> {
        let mut tried = BTreeSet::new();
        let left = smallest(&[A, B, C], |left, gone| {
            assert!(!left.contains(&gone));
            let works = works(left);
            // What is not left out of a set that works is tried without every other one of it.
            if !works {
                tried.insert(list(&sorted([left, &[gone]].concat())) + " - " + &gone.to_string());
            }
            Ok(works)
        })?;
        assert_eq!(left, expected);
        for gone in &left {
            let trial = list(&left) + " - " + &gone.to_string();
            assert!(tried.contains(&trial), "{trial} of {tried:?}");
        }
        Ok(())
    }

    fn sorted(mut grants: Vec<Grant>) -> Vec<Grant> {
        grants.sort_by_key(ToString::to_string);
        grants
    }

    #[rstest]
    #[case::works(
        "x\nbuild works\nrun works\nstop works\n",
        true,
        "build works | run works | stop works"
    )]
    #[case::fails(
        "Sending\nfailed to create: denied: unknown\nmore\nbuild failed\nno image\nSee 'docker run --help'.\nstop failed\n",
        false,
        "build: failed to create: denied: unknown | stop: no image"
    )]
    #[case::one("build works\nno\nstop failed\n", false, "build works | stop: no")]
    #[case::cut_off(
        "build works\ncontainer has ended\n",
        false,
        "build works | cut off: container has ended"
    )]
    #[case::nothing("", false, "cut off: without a word")]
    fn a_job_works_if_all_of_it_does(#[case] said: &str, #[case] works: bool, #[case] words: &str) {
        let ended = ended(said);
        assert_eq!((ended.works, &*ended.words), (works, words));
    }

    #[test]
    fn the_manifest_of_the_pattern_grants_what_is_left() {
        let manifest: Value =
            serde_saphyr::from_str(crate::pattern::DIND_USERNS.manifest).expect("YAML");
        let ours = &manifest["spec"]["containers"][0]["securityContext"];
        // Neither a device nor a word on the filter; the entry point is that of its image.
        let needed: Vec<Grant> = ALL
            .iter()
            .copied()
            .filter(|grant| matches!(grant, Capability(_) | WholeProc))
            .collect();
        let made = manifest::of("a", &needed, false);
        let theirs = &made["spec"]["containers"][0]["securityContext"];
        let added = |context: &Value| -> BTreeSet<String> {
            let names = context["capabilities"]["add"].as_array().expect("a list").iter();
            names.map(|name| name.as_str().expect("a name").to_owned()).collect()
        };
        assert_eq!(added(ours), added(theirs));
        assert_eq!(ours["capabilities"]["drop"], theirs["capabilities"]["drop"]);
        assert_eq!(ours["procMount"], theirs["procMount"]);
        assert_eq!(manifest["spec"]["hostUsers"], made["spec"]["hostUsers"]);
        let entry = include_str!("../images/dind/dind");
        assert!(entry.contains(manifest::WRITABLE), "{entry}");
    }

    #[test]
    fn a_profile_lets_calls_through_besides() {
        let filter = json!({ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [] });
        assert_eq!(manifest::profile(&filter, &[A, NoFilter]), filter);
        let profile = manifest::profile(&filter, &[A, Call("keyctl"), Call("mbind")]);
        let rule = json!([{ "names": ["keyctl", "mbind"], "action": "SCMP_ACT_ALLOW" }]);
        assert_eq!(profile["syscalls"], rule);
    }

    #[test]
    fn a_pod_has_what_it_is_granted_and_no_more() {
        let nothing = manifest::of("a", &[], false);
        let spec = &nothing["spec"];
        let container = &spec["containers"][0];
        assert_eq!(
            container["securityContext"],
            json!({ "capabilities": { "drop": ["ALL"], "add": [] } })
        );
        assert_eq!(
            container["command"],
            json!(["sh", "-c", "exec dockerd --host=unix:///var/run/docker.sock"])
        );
        assert_eq!(nothing["metadata"]["annotations"], json!({}));
        assert_eq!(spec["volumes"].as_array().map(Vec::len), Some(1));
        let all = manifest::of("a", ALL, false).to_string();
        for words in [
            "Unmasked",
            "unconfined",
            "/dev/fuse",
            "/dev/net/tun",
            "entrypoint",
            "remount",
            "SYS_PTRACE",
        ] {
            assert!(all.contains(words), "no {words} in {all}");
        }
        let filtered = manifest::of("a", &[], true).to_string();
        assert!(filtered.contains("localhost/a.json"), "{filtered}");
    }
}

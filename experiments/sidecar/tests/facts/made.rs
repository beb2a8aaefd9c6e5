//! Synthetic runs of the experiment on patterns that give a pod an engine: five patterns, much as
//! real ones would be.

use std::path::Path;

use facts::{JOB, STARTUP};
use measure::{Arm, Contrast, Experiment, Observer, Trial};
use synthetic::{take, trial};

pub(crate) const PATTERNS: [&str; 5] = ["dind", "dood", "sidecar", "sidecar-open", "daemonless"];

/// Property, and its outcome under each pattern; "" where it does not apply.
const PROPERTIES: [(&str, [&str; 5]); 17] = [
    ("job", ["works"; 5]),
    ("agent-privilege", ["full", "none", "none", "none", "default"]),
    ("engine-privilege", ["full", "the node's", "full", "full", "no engine"]),
    ("without-privilege", ["refused", "", "refused", "", ""]),
    ("group-of-the-socket", ["", "enough", "", "", ""]),
    ("node-paths", ["none", "/var/run/docker.sock", "none", "none", "none"]),
    (
        "isolation",
        [
            "files devices",
            "files processes devices containers",
            "none of the node",
            "devices",
            "none of the node",
        ],
    ),
    ("next-pod", ["nothing", "container image volume", "nothing", "nothing", ""]),
    ("cache", ["lost", "kept", "lost", "lost", "lost"]),
    ("storage-volume", ["overlay2", "the node's", "overlay2", "overlay2", "overlay"]),
    ("storage-layer", ["vfs", "", "refused", "vfs", ""]),
    ("accounting", ["counted", "missed", "counted", "counted", "counted"]),
    ("accounting-host-cgroupns", ["missed", "", "missed", "", ""]),
    ("collision-container", ["none", "conflict", "none", "none", ""]),
    ("collision-volume", ["none", "shared", "none", "none", ""]),
    ("socket-missing", ["", "refused", "", "", ""]),
    ("daemons", ["containerd dockerd", "none", "containerd dockerd", "containerd dockerd", "none"]),
];

const REACHES: &str = "reaches the node";
const INSIDE: &str = "stays inside";
const REFUSED: &str = "refused";

/// Way, and what became of it; "" where it does not apply.
const ESCAPES: [(&str, [&str; 5]); 8] = [
    ("privileged-root-mount", [INSIDE, REACHES, REFUSED, INSIDE, ""]),
    ("bind-root", [INSIDE, REACHES, REFUSED, INSIDE, ""]),
    ("host-pid", [INSIDE, REACHES, REFUSED, INSIDE, ""]),
    ("device", [REACHES, REACHES, REFUSED, REACHES, ""]),
    ("socket-in-container", [INSIDE, REACHES, REFUSED, INSIDE, ""]),
    ("exec-privileged", [INSIDE, REACHES, REFUSED, INSIDE, ""]),
    ("own-container", ["", "", "", "", REFUSED]),
    ("engine-taken-over", [REACHES, "", REACHES, REACHES, ""]),
];

const CLIENTS: [(&str, &str, &str); 7] = [
    ("plain", "refused", "Client sent an HTTP request to an HTTPS server."),
    ("no certificate", "refused", "tls: certificate required"),
    ("certificate of another authority", "refused", "tls: unknown certificate authority"),
    ("expired certificate", "refused", "tls: expired certificate"),
    ("right certificate", "served", "28.4.0"),
    ("right certificate, from another pod", "served", "28.4.0"),
    ("sidecar-open plain", "served", "28.4.0"),
];

/// Request, rule; "" of one that the daemon itself rejects.
const HOSTILE: [(&str, &str); 8] = [
    ("privileged", "privileged"),
    ("privileged, key in capitals", "key-spelling"),
    ("privileged twice", "duplicate-key"),
    ("privileged, empty", "body-missing"),
    ("privileged behind 1 MiB", "body-missing"),
    ("bind of /", "bind-roots"),
    ("bind of a link to /", "bind-roots"),
    ("body of another type", ""),
];

const LEGITIMATE: [&str; 4] = ["docker run", "docker pull", "docker exec", "docker logs"];

const DAEMONLESS: [(&str, [&str; 3]); 3] = [
    ("buildah, ordinary user, no capability", ["works", "works", "refused"]),
    ("podman, ordinary user, user namespace", ["works", "works", "works"]),
    ("buildah, OCI isolation, no capability", ["refused", "refused", "refused"]),
];

/// Trial, what was granted, how it ended, and the words.
const GRANTS: [(&str, &str, &str, &str); 4] = [
    ("1: all", "no-filter KILL CHOWN", "works", "build works"),
    ("2: without no-filter", "KILL CHOWN", "works", "build works"),
    ("3: without KILL", "CHOWN", "refused", "build: not permitted"),
    ("smallest", "left", "KILL CHOWN", ""),
];

/// Resident memory of a pod in MB.
const MEMORY: [u64; 5] = [120, 18, 140, 138, 25];

/// Median of start-up, a first job and another one, in ms.
const TIMES: [[u64; 3]; 5] = [
    [2_600, 9_000, 3_200],
    [700, 5_000, 2_500],
    [3_100, 9_800, 3_400],
    [2_900, 9_500, 3_300],
    [600, 7_000, 6_000],
];

const CONTRASTS: [(&str, &str); 6] = [
    ("dind-again", "dood-again"),
    ("sidecar-again", "dood-again"),
    ("sidecar-first", "dood-first"),
    ("sidecar-start", "dood-start"),
    ("daemonless-again", "dood-again"),
    ("ps-plugin", "ps-open"),
];

pub(crate) fn row(table: &str, subject: &str, step: &str, outcome: &str, reason: &str) -> Trial {
    Trial { reason: reason.to_owned(), ..trial(table, subject, step, outcome) }
}

/// The rows of two tables that have a pattern a column.
fn by_pattern(table: &str, rows: &[(&str, [&str; 5])]) -> Vec<Trial> {
    let of = |(step, outcomes): &(&str, [&str; 5])| -> Vec<Trial> {
        let outcomes = PATTERNS.iter().zip(outcomes);
        let outcomes = outcomes.filter(|(_, outcome)| !outcome.is_empty());
        let reason = |pattern: &str, outcome: &str| match (table, outcome, pattern) {
            ("escape", REFUSED, "sidecar") => {
                "Error response from daemon: authorization denied by plugin matryoshka: refused by \
                 rule privileged: Privileged is set"
            }
            ("escape", REFUSED, _) => "mount: permission denied",
            ("pattern", ..) if *step == "accounting" => "/sys/fs/cgroup/libpod_parent",
            _ => "",
        };
        outcomes
            .map(|(pattern, outcome)| row(table, pattern, step, outcome, reason(pattern, outcome)))
            .collect()
    };
    rows.iter().flat_map(of).collect()
}

pub(crate) fn memory(pattern: &str, pods: u64) -> Vec<Trial> {
    let place = PATTERNS.iter().position(|name| *name == pattern);
    let least = MEMORY[place.expect("a pattern")];
    let pod = |number: u64| Trial {
        bytes: Some((least * 10 + number) * 100_000),
        ..row("memory", pattern, &number.to_string(), "ok", "")
    };
    (1..=pods).map(pod).collect()
}

/// Every row of a run.
pub(crate) fn rows() -> Vec<Trial> {
    let mut rows = by_pattern("pattern", &PROPERTIES);
    rows.extend(by_pattern("escape", &ESCAPES));
    rows.extend(
        CLIENTS.map(|(client, outcome, words)| row("transport", client, "version", outcome, words)),
    );
    for (name, rule) in HOSTILE {
        let (outcome, reason) = match rule {
            "" => ("rejected by the daemon", "unsupported Content-Type header"),
            rule => ("refused", rule),
        };
        rows.push(row("hostile", name, "plugin", outcome, reason));
        // What has no body is nothing to the daemon either.
        let (outcome, reason) = match name {
            "privileged, empty" | "body of another type" => ("rejected by the daemon", "400"),
            _ => ("allowed", "201"),
        };
        rows.push(row("hostile", name, "without plugin", outcome, reason));
    }
    rows.extend(LEGITIMATE.map(|name| row("legitimate", name, "plugin", "allowed", "")));
    let killed = "killed in the middle";
    rows.push(row("plugin", killed, "in the middle", "refused", "EOF"));
    rows.push(row("plugin", killed, "while it is gone", "refused", "plugin not found"));
    rows.push(row("plugin", killed, "when it is back", "served", ""));
    for (step, count) in
        [("allowed right", "500"), ("refused right", "500"), ("lost", "0"), ("wrong", "0")]
    {
        rows.push(row("plugin", "1000 at 32", step, count, ""));
    }
    for (set_up, outcomes) in DAEMONLESS {
        for (step, outcome) in ["build", "run", "database"].iter().zip(outcomes) {
            let words = match outcome {
                "refused" => "clone: operation not permitted",
                _ => "",
            };
            rows.push(row("daemonless", set_up, step, outcome, words));
        }
    }
    for (subject, step, outcome, words) in GRANTS {
        rows.push(row("grants", subject, step, outcome, words));
    }
    rows.extend(PATTERNS.iter().flat_map(|pattern| memory(pattern, 8)));
    rows
}

/// The same with another outcome of one row, which has to be there.
pub(crate) fn with(table: &str, subject: &str, step: &str, outcome: &str) -> Vec<Trial> {
    let mut rows = rows();
    let mut found = rows
        .iter_mut()
        .filter(|row| [&*row.table, &*row.subject, &*row.step] == [table, subject, step]);
    outcome.clone_into(&mut found.next().expect("the row").outcome);
    rows
}

/// Takes a run with these rows; without times where there are no blocks.
pub(crate) fn run(out: &Path, rows: &[Trial], blocks: u32) {
    let words = [("start", STARTUP.name()), ("first", JOB.name()), ("again", JOB.name())];
    let mut arms: Vec<Arm> = Vec::new();
    let mut times: Vec<(&'static str, u64)> = Vec::new();
    for (pattern, medians) in PATTERNS.iter().zip(TIMES) {
        for ((word, metric), ms) in words.iter().zip(medians) {
            let name: &'static str = format!("{pattern}-{word}").leak();
            arms.push(arm(metric, name));
            times.push((name, ms * 1_000_000));
        }
    }
    for (name, us) in [("ps-open", 20_000), ("ps-plugin", 22_000)] {
        arms.push(arm("call", name));
        times.push((name, us * 1_000));
    }
    let contrasts =
        CONTRASTS.map(|(above, below)| Contrast::between(above, below, true, "what it costs"));
    let measures = blocks > 0;
    let experiment = Experiment {
        name: "sidecar",
        arms: if measures { arms.leak() } else { &[] },
        contrasts: if measures { contrasts.to_vec().leak() } else { &[] },
        parts: &[],
        series: &[],
        blocks: measure::DefaultBlocks::USUAL,
        settled_ms: 0,
    };
    let blocks = blocks.to_string();
    let args: &[&str] = if measures { &["--blocks", &blocks] } else { &[] };
    let session = serde_json::json!({ "stand_ins": ["alpine", "docker:dind"] });
    let mut taken = 0_u64;
    take(out, args, &experiment, &session, rows, |arm, _| {
        taken += 1;
        let known = times.iter().find(|(name, _)| *name == arm.name);
        let ns = known.expect("an arm").1;
        Ok(ns + ns / 1_000 * (taken * 7_919 % 90))
    });
}

fn arm(metric: &'static str, name: &'static str) -> Arm {
    Arm::new(metric, name, Observer::Outside, 1, "")
}

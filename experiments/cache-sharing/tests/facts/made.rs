//! Synthetic runs of the experiment on sharing a cache: three generations whose cells are much as
//! real ones would be.

use std::path::Path;

use facts::JOB;
use measure::{Arm, Contrast, Experiment, Observer, Trial};
use synthetic::{GENERATIONS, session, take, trial};

const ALL: &[&str] = &GENERATIONS;
const SINCE_TRIXIE: &[&str] = &["trixie", "forky"];
const FORKY: &[&str] = &["forky"];

/// Engine, way, generations that have it.
pub(crate) const WAYS: [(&str, &str, &[&str]); 22] = [
    ("docker", "whole", ALL),
    ("docker", "whole-own-containerd", ALL),
    ("docker", "whole-read-only", ALL),
    ("docker", "after-stop", ALL),
    ("docker", "after-kill", ALL),
    ("docker", "after-power-cut", ALL),
    ("docker", "copied-live", ALL),
    ("docker", "next-generation", ALL),
    ("docker", "image", ALL),
    ("docker", "layers", ALL),
    ("docker", "image-and-layers", ALL),
    ("docker", "image-and-layers-read-only", ALL),
    ("docker", "snapshots", FORKY),
    ("docker", "snapshots-and-content", FORKY),
    ("podman", "podman-whole", ALL),
    ("podman", "podman-whole-and-locks", ALL),
    ("docker", "pull-through", ALL),
    ("docker", "copy-of-filled", ALL),
    ("docker", "archive", ALL),
    ("docker", "buildx-cache", SINCE_TRIXIE),
    ("podman", "additional-store", ALL),
    ("podman", "buildah-layers", ALL),
];

/// Arm, median in ms, bytes: into the container, out of the registry, in its store, in what it shares.
pub(crate) const ARMS: [(&str, u64, [u64; 4]); 11] = [
    ("docker-cold", 6_000, [41_000_000, 41_000_000, 160_000_000, 0]),
    ("docker-warm", 2_000, [40_000, 20_000, 162_000_000, 0]),
    ("docker-pull-through", 5_400, [41_000_000, 90_000, 160_000_000, 0]),
    ("docker-archive", 3_600, [30_000, 0, 160_000_000, 120_000_000]),
    ("docker-copy", 2_400, [40_000, 20_000, 161_000_000, 160_000_000]),
    ("docker-buildx-cold", 6_600, [41_000_000, 41_000_000, 170_000_000, 0]),
    ("docker-buildx-cache", 8_000, [41_000_000, 41_000_000, 170_000_000, 60_000_000]),
    ("podman-cold", 5_000, [41_000_000, 41_000_000, 150_000_000, 0]),
    ("podman-warm", 1_500, [10_000, 10_000, 151_000_000, 0]),
    ("podman-additional-store", 1_800, [10_000, 10_000, 9_000_000, 150_000_000]),
    ("buildah-layers", 1_700, [10_000, 10_000, 151_000_000, 0]),
];

const CONTRASTS: [(&str, &str, bool); 13] = [
    ("docker-pull-through", "docker-cold", true),
    ("docker-archive", "docker-cold", true),
    ("docker-copy", "docker-cold", true),
    ("docker-buildx-cache", "docker-buildx-cold", true),
    ("podman-additional-store", "podman-cold", true),
    ("buildah-layers", "podman-cold", true),
    ("docker-warm", "docker-cold", false),
    ("docker-archive", "docker-warm", false),
    ("docker-copy", "docker-warm", false),
    ("docker-buildx-cold", "docker-cold", false),
    ("podman-warm", "podman-cold", false),
    ("podman-additional-store", "podman-warm", false),
    ("buildah-layers", "podman-warm", false),
];

pub(crate) const REFUSED: &str = "dockerd: msg=\"starting up\" | failed to start daemon: error while \
     opening volume store metadata database: timeout";
const CONTAINERD: &str = "failed to start daemon: timeout waiting for containerd to start";
/// An engine's words have bars of their own.
const LOST: &str = "lost acknowledged data: a-0 can't be had: Error response from daemon | No such \
     image: a-0 | stale view: b does not see a-3";
pub(crate) const LIST: &str =
    "a build a-0 of alpine with content 1; b build b-1 of alpine with content 1; b remove b-1";

fn row(table: &str, subject: &str, step: &str, outcome: &str, reason: &str) -> Trial {
    Trial {
        reason: reason.to_owned(),
        wall_ns: Some(12_300_000_000),
        ..trial(table, subject, step, outcome)
    }
}

/// The rows of a cell whose engines both start, with this verdict and these findings.
pub(crate) fn ran(subject: &str, class: &str, findings: &str) -> Vec<Trial> {
    let row = |step: &str, outcome: &str| row("sharing", subject, step, outcome, "");
    vec![
        row("first starts", "ok"),
        row("second starts", "ok"),
        row("operations", "13 of 16"),
        row("oracle", class),
        row("restarts", "ok"),
        row("oracle after restart", "safe"),
        row("store", "safe"),
        self::row("sharing", subject, "verdict", class, findings),
    ]
}

/// Of one whose second engine refuses.
pub(crate) fn refuses(subject: &str, words: &str) -> Vec<Trial> {
    let row =
        |step: &str, outcome: &str, reason: &str| row("sharing", subject, step, outcome, reason);
    vec![
        row("first starts", "ok", ""),
        row("second starts", "failed", words),
        row("operations", "8 of 8", ""),
        row("oracle", "safe", ""),
        row("verdict", "refused", &format!("refused: b does not start: {words}")),
    ]
}

/// Of a search: each list that was tried with what it led to, and how it ended.
pub(crate) fn search(
    subject: &str,
    lists: &[(&str, &str)],
    outcome: &str,
    reason: &str,
) -> Vec<Trial> {
    let tried = lists.iter().map(|(step, class)| {
        let found = if *class == "safe" {
            String::new()
        } else {
            format!("{class}: b-1 can't be had | No such image: b-1")
        };
        row("search", subject, step, class, &found)
    });
    let end = row("search", subject, "shortest", outcome, reason);
    tried.chain([end]).collect()
}

/// The rows of one cell.
pub(crate) fn cell(subject: &str) -> Vec<Trial> {
    let words: Vec<&str> = subject.split(' ').collect();
    let (generation, way) = (words[0], words[2]);
    let five: Vec<(&str, &str)> = (0..5).map(|_| ("16 of seed 5", "safe")).collect();
    let none = || search(subject, &five, "none", "80 operations");
    match way {
        "whole" | "whole-own-containerd" => {
            refuses(subject, if way == "whole" { CONTAINERD } else { REFUSED })
        }
        "whole-read-only" if generation == "forky" => {
            refuses(subject, "nothing that anybody knows")
        }
        "whole-read-only" => refuses(subject, REFUSED),
        "image-and-layers" => [
            ran(subject, "lost acknowledged data", LOST),
            search(
                subject,
                &[
                    ("16 of seed 5", "lost acknowledged data"),
                    ("8 of seed 5", "safe"),
                    ("3 of seed 5", "lost acknowledged data"),
                    ("2 of seed 5", "safe"),
                ],
                "3 operations",
                LIST,
            ),
        ]
        .concat(),
        "layers" => [
            ran(subject, "corrupt", "corrupt: a-0 is not what it was"),
            search(subject, &five, "only at once", "80 operations"),
        ]
        .concat(),
        // Nothing at once, and something by turns.
        "image" if generation == "trixie" => [
            ran(subject, "stale view", "stale view: b does not see a-0"),
            search(
                subject,
                &[("16 of seed 6", "corrupt")],
                "at most 2 operations",
                "a pull a-0 as alpine; b prune",
            ),
        ]
        .concat(),
        "image" => [ran(subject, "stale view", "stale view: b does not see a-0"), none()].concat(),
        "image-and-layers-read-only" => {
            [ran(subject, "jobs fail", "jobs fail: b build b-1: read-only file system"), none()]
                .concat()
        }
        "snapshots" | "snapshots-and-content" => {
            let row = row("sharing", subject, "place", "not made", "mkfs: no space left");
            vec![row]
        }
        "after-power-cut" | "copied-live" => {
            ran(subject, "corrupt", "corrupt: the store names a layer that is not there")
        }
        "after-kill" | "podman-whole" => ran(subject, "leaks", "leaks: 2 folders"),
        "next-generation" if generation == "bookworm" => {
            refuses(subject, "failed to start daemon: a newer version was here")
        }
        "after-stop" | "next-generation" => ran(subject, "safe", ""),
        _ => [ran(subject, "safe", ""), none()].concat(),
    }
}

/// Every cell of three generations.
pub(crate) fn cells() -> Vec<Trial> {
    let subjects = GENERATIONS.iter().flat_map(|generation| {
        WAYS.iter()
            .filter(|(_, _, generations)| generations.contains(generation))
            .map(move |(engine, way, _)| format!("{generation} {engine} {way}"))
    });
    subjects.flat_map(|subject| cell(&subject)).collect()
}

/// What jobs move, arm by arm.
pub(crate) fn moved() -> Vec<Trial> {
    let steps = ["network", "upstream", "disk", "shared"];
    let rows = ARMS.iter().flat_map(|(arm, _, bytes)| {
        steps
            .iter()
            .zip(bytes)
            .map(|(step, bytes)| Trial { bytes: Some(*bytes), ..trial("moved", arm, step, "ok") })
    });
    rows.collect()
}

/// Takes a run with these rows; its costs are those of trixie, and there are none where there are no
/// blocks.
pub(crate) fn run(out: &Path, rows: &[Trial], blocks: u32) {
    let arms: Vec<Arm> = ARMS.iter().map(|(name, ..)| arm(name)).collect();
    let contrasts = CONTRASTS.map(|(above, below, primary)| {
        Contrast::between(above, below, primary, "how long a job takes this way")
    });
    let measures = blocks > 0;
    let experiment = Experiment {
        name: "cache-sharing",
        arms: if measures { arms.leak() } else { &[] },
        contrasts: if measures { contrasts.to_vec().leak() } else { &[] },
        parts: &[],
        series: &[],
        blocks: measure::DefaultBlocks::USUAL,
        settled_ms: 0,
    };
    let blocks = blocks.to_string();
    let args: &[&str] = if measures { &["--blocks", &blocks] } else { &[] };
    let mut taken = 0_u64;
    take(out, args, &experiment, &session(), rows, |arm, _| {
        taken += 1;
        let known = ARMS.iter().find(|(name, ..)| *name == arm.name);
        Ok(known.expect("an arm").1 * (1_000_000 + taken * 7_919 % 30_000))
    });
}

fn arm(name: &'static str) -> Arm {
    Arm::new(JOB.name(), name, Observer::Outside, 1, "")
}

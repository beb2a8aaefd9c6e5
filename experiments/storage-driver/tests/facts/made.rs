//! Synthetic runs of three generations whose cells are much as real ones would be.

use std::path::Path;

use facts::STARTUP;
use measure::{Arm, Contrast, Experiment, Observer, Trial};
use synthetic::{GENERATIONS, session, take, trial};

const DOCKER: [&str; 11] = [
    "automatic",
    "automatic-with-fuse",
    "overlay2",
    "fuse-overlayfs",
    "vfs",
    "btrfs",
    "snapshotter-overlayfs",
    "snapshotter-native",
    "snapshotter-fuse-overlayfs",
    "snapshotter-btrfs",
    "snapshotter-overlay2",
];
const PODMAN: [&str; 3] = ["overlay", "overlay-fuse", "vfs"];
const PLACES: [&str; 7] =
    ["volume", "layer", "tmpfs", "xfs", "xfs-no-dtype", "ext4-no-filetype", "btrfs"];
const METRICS: [(&str, &str, u64); 4] = [
    ("start", STARTUP.name(), 400),
    ("unpack", "unpack", 1_500),
    ("write", "write", 120),
    ("files", "files", 300),
];

pub(crate) const OVERLAY: &str = "failed to start daemon: error initializing graphdriver: driver not \
     supported: overlay2 | failed to mount overlay: invalid argument storage-driver=overlay2";
pub(crate) const LATE: &str = "failed to mount /tmp/containerd-mount1: mount source: \"overlay\", \
     target: \"/tmp/containerd-mount1\", fstype: overlay, flags: 0, err: invalid argument";
const D_TYPE: &str = "error initializing graphdriver | kernel: overlayfs: upper fs needs to support \
     d_type";
const NAME: &str = "failed to start daemon: snapshotter not loaded: overlay2: invalid argument";
const NOT_BTRFS: &str = "prerequisites for driver not satisfied (wrong filesystem?): btrfs";
const PODMAN_OVERLAY: &str = "Error: configure storage: 'overlay' is not supported over overlayfs, a \
     mount_program is required: backing file system is unsupported for this graph driver";

/// What is to become of a cell.
enum Fate {
    /// Its driver works, and deviates where there is a list.
    Takes(&'static str, &'static str),
    /// A step and the words with which it fails.
    Fails(&'static str, &'static str),
    NoPlace(&'static str, &'static str),
}

fn fate(generation: &str, engine: &str, driver: &str, place: &str) -> Fate {
    use Fate::{Fails, NoPlace, Takes};
    let carries_overlay = !["layer", "xfs-no-dtype", "ext4-no-filetype"].contains(&place);
    let fuse = "rename over a whiteout: Operation not permitted | st_nlink of a directory: 1";
    if place == "ext4-no-filetype" {
        return NoPlace("not on this kernel", "mount: unknown filesystem option");
    }
    if place == "xfs-no-dtype" && generation == "forky" {
        return NoPlace("not made", "mkfs.xfs: ftype=0 is no longer supported");
    }
    let refuses = if place == "layer" { OVERLAY } else { D_TYPE };
    let has_snapshotters = generation != "bookworm";
    if engine == "podman" {
        return match driver {
            "overlay" if !carries_overlay => Fails("starts", PODMAN_OVERLAY),
            "vfs" => Takes("vfs", ""),
            "overlay-fuse" => Takes("overlay", fuse),
            _ => Takes("overlay", ""),
        };
    }
    // Left to itself, the engine is as one that was asked for what it chooses.
    let chosen = match driver {
        "automatic" | "automatic-with-fuse" if generation == "forky" => "snapshotter-overlayfs",
        "automatic" | "automatic-with-fuse" if carries_overlay => "overlay2",
        "automatic" => "vfs",
        "automatic-with-fuse" => "fuse-overlayfs",
        named => named,
    };
    match chosen {
        "overlay2" if carries_overlay => Takes("overlay2", ""),
        "overlay2" => Fails("starts", refuses),
        "fuse-overlayfs" | "snapshotter-fuse-overlayfs" => Takes("fuse-overlayfs", fuse),
        "vfs" => Takes("vfs", ""),
        "btrfs" | "snapshotter-btrfs" if place == "btrfs" => Takes("btrfs", ""),
        "btrfs" => Fails("starts", NOT_BTRFS),
        _ if !has_snapshotters => Takes("vfs", ""),
        "snapshotter-overlayfs" if carries_overlay => Takes("overlayfs", ""),
        "snapshotter-overlayfs" => Fails("runs", LATE),
        "snapshotter-native" => Takes("native", ""),
        "snapshotter-overlay2" => Fails("starts", NAME),
        _ => Fails("starts", "the daemon said nothing that anybody knows"),
    }
}

/// The rows of one cell, in the order of its steps.
pub(crate) fn cell(subject: &str) -> Vec<Trial> {
    let words: Vec<&str> = subject.split(' ').collect();
    let fate = fate(words[0], words[1], words[2], words[3]);
    let row = |step: &str, outcome: &str| Trial {
        wall_ns: Some(800_000_000),
        ..trial("matrix", subject, step, outcome)
    };
    let mut rows = Vec::new();
    if let Fate::NoPlace(outcome, reason) = fate {
        rows.push(Trial { reason: reason.to_owned(), ..row("place", outcome) });
        return rows;
    }
    rows.push(row("place", "ok"));
    for step in ["starts", "driver", "unpacks", "runs", "builds", "restarts", "posix", "disk"] {
        rows.push(match (&fate, step) {
            (Fate::Fails(at, reason), step) if *at == step => {
                Trial { reason: (*reason).to_owned(), ..row(step, "failed") }
            }
            (Fate::Takes(driver, _), "driver") => {
                Trial { reason: "extfs".to_owned(), ..row(step, driver) }
            }
            (Fate::Fails(..), "driver") => row(step, "overlayfs"),
            (Fate::Takes(_, list), "posix") if !list.is_empty() => {
                Trial { reason: (*list).to_owned(), ..row(step, "deviates") }
            }
            (Fate::Takes(driver, _), "disk") => Trial {
                bytes: Some(match *driver {
                    "vfs" | "native" => 310_000_000,
                    "fuse-overlayfs" => 44_000_000,
                    _ => 40_000_000,
                }),
                ..row(step, "ok")
            },
            (_, step) => row(step, "ok"),
        });
        if rows.last().is_some_and(|row| row.outcome == "failed") {
            break;
        }
    }
    rows
}

/// Every cell of three generations.
pub(crate) fn cells() -> Vec<Trial> {
    let mut rows = Vec::new();
    for generation in GENERATIONS {
        for (engine, drivers) in [("docker", &DOCKER[..]), ("podman", &PODMAN[..])] {
            for driver in drivers {
                for place in PLACES {
                    rows.extend(cell(&format!("{generation} {engine} {driver} {place}")));
                }
            }
        }
    }
    rows
}

/// Of a cell in a metric, over the reference.
pub(crate) type Factor = fn(&str, &str) -> f64;

/// vfs is slowest where layers are copied, fuse-overlayfs where files are many.
pub(crate) fn usual(cell: &str, metric: &str) -> f64 {
    let slower = if cell.ends_with("tmpfs") { 0.8 } else { 1.0 };
    let factor = match (cell.contains("fuse"), cell.contains("vfs"), metric) {
        (true, _, "files") => 6.0,
        (true, ..) => 1.3,
        (_, true, "files") => 1.1,
        (_, true, "write") => 1.2,
        (_, true, _) => 3.0,
        _ => 1.0,
    };
    factor * slower
}

struct Costs {
    arms: Vec<Arm>,
    contrasts: Vec<Contrast>,
}

/// Arms of the cells of one generation that work, and what is held against what.
fn costs(generation: &str) -> Costs {
    let mut costs = Costs { arms: Vec::new(), contrasts: Vec::new() };
    let forever = |text: String| -> &'static str { text.leak() };
    let named = [("docker", &DOCKER[2..]), ("podman", &PODMAN[..])];
    for (engine, drivers) in named {
        for (driver, place) in drivers
            .iter()
            .flat_map(|driver| ["volume", "layer", "tmpfs"].map(|place| (driver, place)))
        {
            if !matches!(fate(generation, engine, driver, place), Fate::Takes(..)) {
                continue;
            }
            let base = if engine == "docker" { "overlay2" } else { "overlay" };
            for (word, metric, _) in METRICS {
                let name = forever(format!("{engine}-{driver}-{place}-{word}"));
                costs.arms.push(arm(metric, name));
                let below = forever(format!("{engine}-{base}-volume-{word}"));
                let primary = engine == "docker"
                    && place == "volume"
                    && ["fuse-overlayfs", "vfs"].contains(driver)
                    && ["start", "files"].contains(&word);
                if name != below {
                    costs.contrasts.push(contrast(name, below, primary));
                }
            }
        }
    }
    for (word, ..) in METRICS {
        let [above, below] = ["vfs", "fuse-overlayfs"]
            .map(|driver| forever(format!("docker-{driver}-volume-{word}")));
        costs.contrasts.push(contrast(above, below, true));
    }
    costs
}

fn contrast(above: &str, below: &str, primary: bool) -> Contrast {
    Contrast::between(above, below, primary, "against the reference")
}

/// Takes a run with these rows, whose costs are those of trixie.
pub(crate) fn run(out: &Path, rows: &[Trial], blocks: u32, factor: Factor) {
    let Costs { arms, contrasts } = costs("trixie");
    let experiment = Experiment {
        name: "storage-driver",
        arms: arms.leak(),
        contrasts: contrasts.leak(),
        parts: &[],
        series: &[],
        blocks: measure::DefaultBlocks::USUAL,
        settled_ms: 0,
    };
    of_cells(out, &experiment, rows, blocks, factor);
}

/// Takes a run that has no arm.
pub(crate) fn only_cells(out: &Path, rows: &[Trial]) {
    let experiment = Experiment::of_trials("storage-driver");
    of_cells(out, &experiment, rows, 0, usual);
}

fn of_cells(out: &Path, experiment: &Experiment, rows: &[Trial], blocks: u32, factor: Factor) {
    let blocks = blocks.to_string();
    let args: &[&str] = if experiment.arms.is_empty() { &[] } else { &["--blocks", &blocks] };
    let mut taken = 0_u64;
    take(out, args, experiment, &session(), rows, |arm, _| {
        taken += 1;
        let (cell, word) = arm.name.rsplit_once('-').expect("a metric");
        let base = METRICS.iter().find(|(known, ..)| *known == word);
        let base = base.expect("a metric").2 * 1_000_000;
        let noise = 1.0 + (taken * 7_919 % 1_000) as f64 / 20_000.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "times of a test"
        )]
        Ok((base as f64 * factor(cell, word) * noise) as u64)
    });
}

fn arm(metric: &'static str, name: &'static str) -> Arm {
    Arm::new(metric, name, Observer::Outside, 1, "")
}

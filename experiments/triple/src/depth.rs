//! The ladder: engines within each other until something refuses.

use std::time::{Duration, Instant};

use lab::{Engine, Lab, Layer, Nest, Options};
use measure::{Run, Trial};
use miette::Result;
use serde_json::json;

use crate::words;

/// A ladder: what every rung but the outermost is.
struct Ladder {
    subject: &'static str,
    /// Taken in turn.
    layers: &'static [Layer],
    /// Where the store grows so fast that more would only fill the disk.
    most: usize,
    quick: bool,
}

const DOCKER: Layer = Layer::own(Engine::Docker);
const PODMAN: Layer = Layer::own(Engine::Podman);
const MATCHED: Layer = Layer::own(Engine::Podman)
    .like_outer(&["containers/containers.conf", "containers/storage.conf"]);

/// A folder of the image that is on the container's own layer; the image declares a volume for the
/// usual one.
const ON_LAYER: &str = "--data-root=/srv/docker";

/// Podman can leave the image's volume away.
const WITHOUT_VOLUME: &[&str] = &["--image-volume=ignore"];

const LADDERS: &[Ladder] = &[
    ladder("docker on a volume", &[DOCKER], true),
    ladder("podman on a volume", &[PODMAN], true),
    ladder(
        "podman-matched on a volume",
        &[MATCHED.on_own_network()],
        false,
    ),
    ladder("podman-matched on a volume, one network", &[MATCHED], false),
    ladder(
        "docker and podman by turns, on volumes",
        &[PODMAN, DOCKER],
        false,
    ),
    ladder(
        "docker on tmpfs",
        &[DOCKER.with(&["--tmpfs=/var/lib/docker:exec"])],
        false,
    ),
    ladder(
        "podman on tmpfs",
        &[PODMAN.with(&["--tmpfs=/var/lib/containers:exec"])],
        false,
    ),
    ladder(
        "docker on the container's layer, overlay2 by name",
        &[DOCKER.daemon_with(&[ON_LAYER, "--storage-driver=overlay2"])],
        false,
    ),
    Ladder {
        most: 6,
        ..ladder(
            "docker on the container's layer, its own choice",
            &[DOCKER.daemon_with(&[ON_LAYER])],
            false,
        )
    },
    ladder(
        "podman on the container's layer",
        &[PODMAN.with(WITHOUT_VOLUME)],
        false,
    ),
    ladder(
        "podman-matched on the container's layer",
        &[MATCHED.on_own_network().with(WITHOUT_VOLUME)],
        false,
    ),
];

const fn ladder(subject: &'static str, layers: &'static [Layer], quick: bool) -> Ladder {
    Ladder {
        subject,
        layers,
        most: usize::MAX,
        quick,
    }
}

/// Limits that a ladder can meet: name, where it is from, and where it can be read.
const LIMITS: &[(&str, &str, &str)] = &[
    ("MAX_PID_NS_LEVEL", "include/linux/pid_namespace.h", "32"),
    ("FILESYSTEM_MAX_STACK_DEPTH", "include/linux/fs.h", "2"),
    ("MAXSYMLINKS", "include/linux/namei.h", "40"),
    (
        "user.max_pid_namespaces",
        "sysctl",
        "/proc/sys/user/max_pid_namespaces",
    ),
    (
        "user.max_mnt_namespaces",
        "sysctl",
        "/proc/sys/user/max_mnt_namespaces",
    ),
    (
        "user.max_net_namespaces",
        "sysctl",
        "/proc/sys/user/max_net_namespaces",
    ),
    ("fs.mount-max", "sysctl", "/proc/sys/fs/mount-max"),
    ("kernel.pid_max", "sysctl", "/proc/sys/kernel/pid_max"),
    (
        "cgroup.max.depth",
        "cgroup v2",
        "/sys/fs/cgroup/cgroup.max.depth",
    ),
];

/// A start at some level, for an engine that hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// Climbs each ladder in a lab of its own, at most so many levels.
pub(crate) fn climb(run: &mut Run, options: &Options, most: usize, quick: bool) -> Result<()> {
    let mut is_first = true;
    for ladder in LADDERS.iter().filter(|ladder| ladder.quick || !quick) {
        let lab = Lab::start(options)?;
        if is_first {
            run.session(json!({
                "lab": lab.describe(),
                "stand_ins": lab.stand_ins(),
                "nests": [lab.nest(&[DOCKER, DOCKER])?.describe()?],
            }))?;
            limits(run, &lab)?;
            is_first = false;
        }
        rungs(run, &lab, ladder, most.min(ladder.most))?;
    }
    Ok(())
}

fn limits(run: &mut Run, lab: &Lab) -> Result<()> {
    for (name, from, value) in LIMITS {
        let value = if value.starts_with('/') {
            let read = lab.level0().run(&["cat", value])?;
            // The lab's own group may be a root, which has no such file.
            if read.success() {
                read.stdout.trim().to_owned()
            } else {
                "none".to_owned()
            }
        } else {
            (*value).to_owned()
        };
        run.tried(Trial {
            table: "limits".to_owned(),
            subject: (*name).to_owned(),
            step: (*from).to_owned(),
            outcome: value,
            ..Trial::default()
        })?;
    }
    Ok(())
}

fn rungs(run: &mut Run, lab: &Lab, ladder: &Ladder, most: usize) -> Result<()> {
    let mut nest: Option<Nest> = None;
    for level in 1..=most {
        let began = Instant::now();
        let added = match &mut nest {
            None => lab.nest(&[first(ladder)]).map(|built| nest = Some(built)),
            Some(nest) => nest.deepen(ladder.layers[(level - 2) % ladder.layers.len()]),
        };
        let wall_ns = u64::try_from(began.elapsed().as_nanos()).ok();
        if measure::interrupted() {
            return Err(miette::miette!("a signal arrived"));
        }
        let row = |table: &str| Trial {
            table: table.to_owned(),
            subject: ladder.subject.to_owned(),
            step: level.to_string(),
            ..Trial::default()
        };
        let nest = match (added, &nest) {
            (Ok(()), Some(nest)) => nest,
            (refused, _) => {
                let reason = refused.err().as_ref().map(words).unwrap_or_default();
                eprintln!("{}: level {level} refused: {reason}", ladder.subject);
                return run.tried(Trial {
                    outcome: "refused".to_owned(),
                    reason,
                    ..row("depth")
                });
            }
        };
        run.tried(Trial {
            outcome: "works".to_owned(),
            wall_ns,
            bytes: (level > 1)
                .then(|| nest.innermost().resident_bytes())
                .transpose()?,
            ..row("depth")
        })?;
        let (outcome, reason, start_ns) = start(nest);
        let seconds = wall_ns.unwrap_or(0) as f64 / 1e9;
        eprintln!(
            "{}: level {level}, {seconds:.1} s; a start there {outcome}",
            ladder.subject
        );
        let worked = outcome == "works";
        run.tried(Trial {
            outcome: outcome.to_owned(),
            reason,
            wall_ns: start_ns,
            ..row("depth-start")
        })?;
        if !worked {
            return Ok(());
        }
    }
    Ok(())
}

/// The engine at level 0.
fn first(ladder: &Ladder) -> Layer {
    let last = ladder.layers[ladder.layers.len() - 1];
    Layer::own(last.engine)
}

/// One start next to the innermost engine.
fn start(nest: &Nest) -> (&'static str, String, Option<u64>) {
    let argv = [
        nest.engine().program(),
        "run",
        "--rm",
        "alpine",
        "echo",
        "ok",
    ];
    let agent = nest.innermost().agent_beside();
    match agent.and_then(|mut agent| agent.spawn(&argv, DEADLINE)) {
        Ok(spawned) if spawned.printed("ok\n") => ("works", String::new(), Some(spawned.wall_ns)),
        Ok(spawned) => ("failed", spawned.complaint(), None),
        Err(report) => ("failed", words(&report), None),
    }
}

//! The ladder: engines within each other until something refuses.

use std::time::{Duration, Instant};

use bench::once::error_chain;
use lab::{Engine, Kind, Lab, Layer, Nest, Options};
use measure::{Run, Trial};
use miette::{IntoDiagnostic, Result};
use serde_json::json;

use crate::{REFUSED, WORKS};

/// Tables of trials: how far each ladder came, one start at each of its levels, what is allowed.
pub(crate) const TABLE: &str = "depth";
pub(crate) const STARTS: &str = "depth-start";
pub(crate) const LIMITS: &str = "limits";

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
    ladder("podman-matched on a volume", &[MATCHED.on_own_network()], false),
    ladder("podman-matched on a volume, one network", &[MATCHED], false),
    ladder("docker and podman by turns, on volumes", &[PODMAN, DOCKER], false),
    ladder("docker on tmpfs", &[DOCKER.with(&["--tmpfs=/var/lib/docker:exec"])], false),
    ladder("podman on tmpfs", &[PODMAN.with(&["--tmpfs=/var/lib/containers:exec"])], false),
    ladder(
        // By name: left to itself it takes another driver, below.
        "docker on the container's layer",
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
    ladder("podman on the container's layer", &[PODMAN.with(WITHOUT_VOLUME)], false),
    ladder(
        "podman-matched on the container's layer",
        &[MATCHED.on_own_network().with(WITHOUT_VOLUME)],
        false,
    ),
];

const fn ladder(subject: &'static str, layers: &'static [Layer], quick: bool) -> Ladder {
    Ladder { subject, layers, most: usize::MAX, quick }
}

/// What the kernel allows, tried: the name of what is put within each other, how deep it is claimed
/// to go (C6), and a script that prints how many the lab takes, with the lab's own that come on top
/// of it in each kind of sandbox (with a user namespace, and without).
pub(crate) const TRIED: &[(&str, &str, &str, [u32; 2])] = &[
    (PID_NAMESPACES, "32", "kind=--pid", [1, 1]),
    ("user namespaces within each other", "32", "kind='--user --map-root-user'", [1, 0]),
    ("overlay mounts on overlay mounts", "2", OVERLAYS, [0, 0]),
];

/// Makes one namespace in another until it is refused.
const NAMESPACES: &str = r#"export kind step='unshare $kind --fork sh -c "$step" sh $(($1+1)) \
    2>/dev/null || echo $1'
sh -c "$step" sh 0"#;

/// Mounts an overlay on the last one until it is refused; all of it goes with the lab.
const OVERLAYS: &str = r"cd /var/tmp && mkdir -p o/0 && below=o/0 && n=0
while i=$((n+1)) && mkdir -p o/u$i o/w$i o/$i &&
    mount -t overlay overlay -o lowerdir=$below,upperdir=o/u$i,workdir=o/w$i o/$i 2>/dev/null
do n=$i below=o/$i; done
echo $n";

/// What can be read of limits that a ladder could meet.
const READ: &[(&str, &str)] = &[
    ("user.max_pid_namespaces", "/proc/sys/user/max_pid_namespaces"),
    ("user.max_mnt_namespaces", "/proc/sys/user/max_mnt_namespaces"),
    ("user.max_net_namespaces", "/proc/sys/user/max_net_namespaces"),
    ("fs.mount-max", "/proc/sys/fs/mount-max"),
    ("kernel.pid_max", "/proc/sys/kernel/pid_max"),
    ("cgroup.max.depth", "/sys/fs/cgroup/cgroup.max.depth"),
];

const PID_NAMESPACES: &str = "PID namespaces within each other";

/// Where a refusal's words mean what they are taken for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Anywhere,
    /// One level deeper than there can be PID namespaces.
    BelowTheLast,
    /// With the store on the container's own layer.
    OnTheLayer,
}

/// Whose words are whose: a text that is in a refusal, where, and the limit that it tells of.
const REFUSALS: &[(&str, Where, &str)] = &[
    // clone(2): ENOSPC of `create_pid_namespace` in kernel/pid_namespace.c.
    ("clone: No space left on device", Where::BelowTheLast, PID_NAMESPACES),
    // runc's way of saying that the clone failed: its child has gone without a word.
    ("can't get final child's PID from pipe: EOF", Where::BelowTheLast, PID_NAMESPACES),
    // overlayfs takes no upper folder on an overlay (`ovl_get_upper` in fs/overlayfs/super.c).
    (
        "driver not supported: overlay2",
        Where::OnTheLayer,
        "overlay on the overlay of the level around",
    ),
    // It hides the attributes that it works with, also from another one above it.
    (
        "Operation not permitted: OCI permission denied",
        Where::OnTheLayer,
        "fuse-overlayfs on the fuse-overlayfs of the level around",
    ),
    ("connect: no route to host", Where::Anywhere, "one range of addresses at two levels"),
];

/// What a fetch says on its way.
const PROGRESS: &[&str] =
    &["Trying to pull", "Resolving", "Getting image", "Copying", "Writing manifest"];

/// A start at some level, for an engine that hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// Climbs each ladder in a lab of its own, at most so many levels.
pub(crate) fn climb(run: &mut Run, options: &Options, most: usize, quick: bool) -> Result<()> {
    let pid_namespaces = {
        let lab = Lab::start(options)?;
        let nest = |layer| lab.nest(&[layer, layer]).and_then(|nest| nest.describe());
        run.session(json!({
            "lab": lab.describe(),
            "stand_ins": lab.stand_ins(),
            "nests": [lab.blamed(nest(DOCKER))?, lab.blamed(nest(PODMAN))?],
        }))?;
        lab.blamed(limits(run, &lab))?
    };
    for ladder in LADDERS.iter().filter(|ladder| ladder.quick || !quick) {
        let lab = Lab::start(options)?;
        let most = most.min(ladder.most);
        lab.blamed(rungs(run, &lab, ladder, most, pid_namespaces))?;
    }
    Ok(())
}

/// Records the limits; how many PID namespaces are allowed within each other.
fn limits(run: &mut Run, lab: &Lab) -> Result<u32> {
    let mut pid_namespaces = 0;
    let mut row = |name: &str, from: &str, value: String| {
        let row = Trial {
            table: LIMITS.to_owned(),
            subject: name.to_owned(),
            step: from.to_owned(),
            outcome: value,
            ..Trial::default()
        };
        run.record_trial(row, || lab.alive())
    };
    for (name, _, script, [user, root]) in TRIED {
        let script = match *script {
            OVERLAYS => OVERLAYS.to_owned(),
            kind => format!("{kind}\n{NAMESPACES}"),
        };
        let counted = lab.level0().output(&["sh", "-c", &script])?;
        let counted: u32 = counted.trim().parse().into_diagnostic()?;
        let own = if lab.kind() == Kind::Root { root } else { user };
        let from = format!("tried, {own} of them the lab's own");
        row(name, &from, (counted + own).to_string())?;
        if *name == PID_NAMESPACES {
            pid_namespaces = counted + own;
        }
    }
    for (name, file) in READ {
        let read = lab.level0().run(&["cat", file])?;
        // The lab's own group may be a root, which has no such file.
        let value = if read.success() { read.stdout.trim() } else { "none" };
        row(name, file, value.to_owned())?;
    }
    Ok(pid_namespaces)
}

/// A refusal in one line: the limit, where its words are known to tell of it, and what was said.
fn told(reason: &str, is_there: impl Fn(Where) -> bool) -> String {
    let said = reason
        .lines()
        .map(str::trim)
        .filter(|line| !PROGRESS.iter().any(|start| line.starts_with(start)));
    let said: Vec<&str> = said.collect();
    let said = said.join(" | ");
    let mut known = REFUSALS.iter();
    match known.find(|(text, of, _)| said.contains(text) && is_there(*of)) {
        Some((.., limit)) => format!("{limit}: {said}"),
        None => said,
    }
}

fn rungs(
    run: &mut Run,
    lab: &Lab,
    ladder: &Ladder,
    most: usize,
    pid_namespaces: u32,
) -> Result<()> {
    let mut nest: Option<Nest> = None;
    for level in 1..=most {
        let began = Instant::now();
        let added = match &mut nest {
            None => lab.nest(&[first(ladder)]).map(|built| nest = Some(built)),
            Some(nest) => nest.push_level(ladder.layers[(level - 2) % ladder.layers.len()]),
        };
        let wall_ns = u64::try_from(began.elapsed().as_nanos()).ok();
        let row = |table: &str| Trial {
            table: table.to_owned(),
            subject: ladder.subject.to_owned(),
            step: level.to_string(),
            ..Trial::default()
        };
        // Of the outermost engine's memory nothing is asked: the lab's own is with it.
        let resident = |nest: &Nest| match level {
            1 => Ok(None),
            _ => nest.innermost().resident_bytes().map(Some),
        };
        let resident = |nest: &Nest| resident(nest).map_err(|report| error_chain(&report));
        let worked = match (added, &nest) {
            (Ok(()), Some(nest)) => {
                start(nest).and_then(|start_ns| Ok((start_ns, resident(nest)?)))
            }
            (refused, _) => Err(refused.err().as_ref().map(error_chain).unwrap_or_default()),
        };
        let (start_ns, bytes) = match worked {
            Ok(worked) => worked,
            Err(reason) => {
                let reason = told(&reason, |of| match of {
                    Where::Anywhere => true,
                    // The lab has one of its own, and so has each container.
                    Where::BelowTheLast => level + 1 > pid_namespaces as usize,
                    Where::OnTheLayer => ladder.subject.contains(" layer"),
                });
                let refused =
                    Trial { outcome: REFUSED.to_owned(), reason: reason.clone(), ..row(TABLE) };
                run.record_trial(refused, || lab.alive())?;
                measure::note!("{}: level {level} refused: {reason}", ladder.subject);
                return Ok(());
            }
        };
        let outcome = WORKS.to_owned();
        let works = Trial { outcome: outcome.clone(), wall_ns, bytes, ..row(TABLE) };
        run.record_trial(works, || lab.alive())?;
        let starts = Trial { outcome, wall_ns: Some(start_ns), ..row(STARTS) };
        run.record_trial(starts, || lab.alive())?;
        let seconds = wall_ns.unwrap_or(0) as f64 / 1e9;
        measure::note!("{}: level {level}, {seconds:.1} s", ladder.subject);
    }
    Ok(())
}

/// The engine at level 0.
fn first(ladder: &Ladder) -> Layer {
    let last = ladder.layers[ladder.layers.len() - 1];
    Layer::own(last.engine)
}

/// One start next to the innermost engine, in nanoseconds: only then does the level work. Why not,
/// where it does not.
fn start(nest: &Nest) -> Result<u64, String> {
    let engine = nest.engine().program();
    let argv = [engine, "run", "--rm", "alpine", "echo", "ok"];
    let agent = nest.innermost().agent_beside();
    match agent.and_then(|mut agent| agent.spawn(&argv, DEADLINE)) {
        Ok(spawned) if spawned.printed("ok\n") => Ok(spawned.wall_ns),
        Ok(spawned) => Err(spawned.complaint()),
        Err(report) => Err(error_chain(&report)),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const CLONE: &str = "crun: clone: No space left on device";

    #[rstest]
    #[case::a_known_one(
        CLONE,
        true,
        "PID namespaces within each other: crun: clone: No space left on device"
    )]
    #[case::the_same_words_elsewhere(CLONE, false, CLONE)]
    #[case::a_fetch_on_its_way(
        "Trying to pull x...\nCopying blob y\nError: no such thing\n",
        true,
        "Error: no such thing"
    )]
    #[case::nothing("", true, "")]
    fn a_refusal_is_one_line_with_its_limit(
        #[case] reason: &str,
        #[case] is_there: bool,
        #[case] line: &str,
    ) {
        assert_eq!(told(reason, |_| is_there), line);
    }
}

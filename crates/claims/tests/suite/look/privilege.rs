//! What a pattern has to be given: privilege, a group, a socket that can be written to.

use lab::{Engine, Layer};
use miette::{Result, miette};

use super::{Observation, engine, line_with, must, refused};
use crate::scene::{Scene, unique};
use lab_test::words;

/// Is the job's engine ready in the time that the tutorial waits?
pub(crate) fn daemon_ready(scene: &Scene) -> Result<Observation> {
    let job = scene.job()?;
    let seconds = job.ready_after.as_secs_f64();
    let outcome = if seconds <= 15.0 { "within 15 s" } else { "later" };
    let detail = format!("{seconds:.1} s with its container's start and its first image");
    Ok(Observation::new(outcome, detail))
}

/// What an engine says that lacks a privilege: all of these on one line of its own words.
const REFUSALS: &[&[&str]] = &[
    // Docker's daemon makes its bridge's packet rules first.
    &["failed to start daemon", "ermission denied"],
    // The published image of Podman has its storage through FUSE, whose device is not there.
    &["fuse: device", "not found"],
    // Podman without privilege takes its network from pasta, and pasta the device of a tunnel.
    &["/dev/net/tun", "No such file or directory"],
    // It makes a user namespace first, which Docker's filter of system calls refuses.
    &["cannot clone", "peration not permitted"],
    // The kernel shows a new /proc only to whom it shows the whole of the old one.
    &["mount `proc` to `proc`", "peration not permitted"],
    // Kernel settings are read-only in a container.
    &["Sysctl error", "Read-only file system"],
    &["set sysctl", "Read-only file system"],
    &["open /proc/sys/", "Read-only file system"],
    // So are control groups, of which each container needs one.
    &["mkdir /sys/fs/cgroup", "read-only file system"],
];

/// Does it work in a container without `--privileged`?
pub(crate) fn without(scene: &Scene) -> Result<Observation> {
    works_or_refused(scene, Layer::unprivileged)
}

/// Does it work with the two devices that it looks for, and no privilege?
pub(crate) fn with_devices(scene: &Scene) -> Result<Observation> {
    const DEVICES: &[&str] = &["--device=/dev/fuse", "--device=/dev/net/tun"];
    works_or_refused(scene, |layer| layer.unprivileged().with(DEVICES))
}

/// Does it work without `--privileged`, but with every capability, without the filter of system
/// calls and with nothing of /proc hidden?
pub(crate) fn with_capabilities(scene: &Scene) -> Result<Observation> {
    const DOCKER: &[&str] = &[
        "--cap-add=ALL",
        "--security-opt=seccomp=unconfined",
        "--security-opt=systempaths=unconfined",
        "--device=/dev/fuse",
        "--device=/dev/net/tun",
    ];
    const PODMAN: &[&str] = &[
        "--cap-add=ALL",
        "--security-opt=seccomp=unconfined",
        "--security-opt=unmask=ALL",
        "--device=/dev/fuse",
        "--device=/dev/net/tun",
    ];
    match scene.outer() {
        Engine::Docker => works_or_refused(scene, |layer| layer.unprivileged().with(DOCKER)),
        Engine::Podman => works_or_refused(scene, |layer| layer.unprivileged().with(PODMAN)),
    }
}

fn works_or_refused(scene: &Scene, change: fn(Layer) -> Layer) -> Result<Observation> {
    let works = scene.own_job(change, |nest| {
        let argv = ["run", "--rm", "alpine", "echo", "it works"];
        must(nest.innermost(), nest.engine(), &argv)
    });
    match works {
        Ok(said) => Ok(Observation::new("works", said)),
        Err(report) => {
            let said = words(&report);
            let is_refusal = |line: &&str| {
                REFUSALS.iter().any(|all| all.iter().all(|words| line.contains(words)))
            };
            let line = said.lines().find(is_refusal);
            let line = line.ok_or_else(|| miette!("it failed, but was not refused: {said}"))?;
            Ok(Observation::new("refused", line))
        }
    }
}

const SOCKET: &str = "/var/run/docker.sock";

/// Is membership in the socket's group enough for a user without privilege?
pub(crate) fn group_of_the_socket(scene: &Scene) -> Result<Observation> {
    let node = scene.node()?;
    let group = node.output(&["stat", "-L", "-c", "%g", SOCKET])?;
    let member = format!("--user=1000:{}", group.trim());
    let with = as_user(scene, &member)?;
    let without = as_user(scene, "--user=1000:1000")?;
    match (with.success(), without.success()) {
        (true, false) => {
            let words = refused(&without, &["permission denied"])?;
            let detail = format!(
                "group {}; without it: {}",
                group.trim(),
                line_with(&without.stderr, words)
            );
            Ok(Observation::new("enough", detail))
        }
        (true, true) => Ok(Observation::new("not needed", "a stranger may, too")),
        (false, _) => {
            let words = refused(&with, &["permission denied"])?;
            Ok(Observation::new("not enough", line_with(&with.stderr, words)))
        }
    }
}

/// A container run through the mounted socket by a job's container of this user; the pattern's own
/// flags stand above it.
fn as_user(scene: &Scene, user: &str) -> Result<lab::Output> {
    let mount = format!("{SOCKET}:{SOCKET}");
    let mut argv = vec!["run", "--rm", user];
    argv.extend(scene.pattern.layers[1].flags);
    argv.extend(["--volume", &mount, "docker:cli"]);
    argv.extend(["docker", "run", "--rm", "alpine", "echo", "ok"]);
    engine(&scene.node()?, scene.outer(), &argv)
}

/// Does it protect anything to mount the socket read-only?
pub(crate) fn read_only_socket(scene: &Scene) -> Result<Observation> {
    let (mount, name) = (format!("{SOCKET}:{SOCKET}:ro"), unique("made"));
    let mut argv = vec!["run", "--rm"];
    argv.extend(scene.pattern.layers[1].flags);
    argv.extend(["--volume", &mount, "docker:cli"]);
    argv.extend(["docker", "run", "--privileged", "--name", &name, "alpine", "echo", "made"]);
    let made = engine(&scene.node()?, scene.outer(), &argv)?;
    if !made.success() {
        let words = refused(&made, &["permission denied", "ead-only file system"])?;
        return Ok(Observation::new("protects", line_with(&made.stderr, words)));
    }
    // A privileged container, on the node's own list.
    let privileged = ["inspect", "--format", "{{.HostConfig.Privileged}}", &name];
    let privileged = scene.on_node(&privileged)?;
    scene.on_node(&["rm", &name])?;
    let detail = format!("a container was made through it; privileged: {}", privileged.trim());
    Ok(Observation::new("protects nothing", detail))
}

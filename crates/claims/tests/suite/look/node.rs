//! What a job can reach of its node, and what it needs there.

use lab::Lab;
use lab_test::ensure;
use miette::Result;

use super::{Observation, engine, line_with, refused};
use crate::scene::{Scene, number};

/// By what is in [`ATTEMPTS`], does a job read a file that only the node has? The node is the lab's
/// level 0, never the machine.
pub(crate) fn escape(scene: &Scene) -> Result<Observation> {
    let job = scene.job()?;
    let (file, secret) = (format!("/var/tmp/secret-{}", number()), format!("secret {}", number()));
    let node = scene.node()?;
    node.output(&["sh", "-c", &format!("echo {secret} > {file} && chmod 600 {file}")])?;
    let own =
        ["inspect", "--format", "{{.HostConfig.Privileged}}", job.nest.levels()[1].container()];
    let detail = format!("the job's own container is privileged: {}", scene.on_node(&own)?.trim());
    for (flags, files) in ATTEMPTS {
        let script: Vec<String> = files.iter().map(|place| format!("cat {place}{file}")).collect();
        let script = script.join("; ");
        let argv =
            [&["run", "--rm", "--privileged"], *flags, &["alpine", "sh", "-c", &script]].concat();
        let tried = engine(job.nest.innermost(), scene.inner(), &argv)?;
        if tried.stdout.contains(&secret) {
            return Ok(Observation::new("reads the secret", detail));
        }
        let missed =
            files.iter().map(|place| format!("cat: can't open '{place}{file}': No such file"));
        let missed = missed.clone().all(|line| tried.stderr.contains(&line));
        ensure!(missed || tried.stderr.contains(RULED_OUT), "{tried:?}");
    }
    Ok(Observation::new("does not reach it", detail))
}

/// What a job asks its engine for, and where it then looks for the node's files.
const ATTEMPTS: &[(&[&str], &[&str])] = &[
    (&["--volume=/:/host"], &["/host"]),
    (&["--pid=host", "--volume=/:/host"], &["/host/proc/1/root", "/proc/1/root"]),
];

/// What the published image's own configuration rules out; a caller could override it.
const RULED_OUT: &str = "containers not creating Cgroups must create a private PID namespace";

/// On a node without Docker, does a job get a socket?
pub(crate) fn socket_missing(scene: &Scene) -> Result<Observation> {
    let lab = Lab::start(scene.options())?;
    for engine in scene.pattern.foreign_node {
        lab.engine(*engine)?;
    }
    let socket = "/var/run/docker.sock:/var/run/docker.sock";
    let node = lab.level0();
    let argv = ["run", "--rm", "--volume", socket, "docker:cli", "docker", "ps"];
    let tried = engine(&node, lab::Engine::Podman, &argv)?;
    if tried.success() {
        return Ok(Observation::new("works", tried.stdout));
    }
    let words = refused(&tried, &["statfs /var/run/docker.sock: no such file or directory"])?;
    Ok(Observation::new("refused", line_with(&tried.stderr, words)))
}

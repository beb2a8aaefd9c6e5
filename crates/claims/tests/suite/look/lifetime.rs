//! What ends, or stops, with the job's container.

use std::time::Duration;

use lab_test::ensure;
use miette::Result;

use super::limits::{burn, ticks};
use super::parentage::start;
use super::{Observation, must};
use crate::processes::{self, within};
use crate::scene::{Scene, remove_container, unique};

/// How long what was killed may take to be gone.
const END: Duration = Duration::from_secs(10);

/// The job's container is removed: what of the things that it made is still on the node?
pub(crate) fn outlives(scene: &Scene) -> Result<Observation> {
    let (network, volume, mark) = (unique("network"), unique("volume"), unique("mark"));
    let mount = format!("{volume}:/data");
    scene.last_job(|nest| {
        let (inner, node) = (nest.innermost(), scene.node()?);
        must(inner, scene.inner(), &["network", "create", &network])?;
        let started = start(scene, nest, &["--network", &network, "--volume", &mount])?;
        let write = ["exec", &started.name, "touch", &format!("/data/{mark}")];
        must(inner, scene.inner(), &write)?;
        let stores = [
            "find",
            "/var/lib/docker/volumes",
            "/var/lib/containers/storage/volumes",
            "-name",
            &mark,
        ];
        let before = node.run(&stores)?.stdout;
        if before.is_empty() {
            return Err(miette::miette!("the volume's file is not on the node at all"));
        }
        // As one does by hand: without `--volumes`.
        remove_container(&node, scene.outer(), nest.levels()[1].container())?;
        let pid = started.process.pid;
        let gone = || {
            processes::one(&node, pid)
                .is_none_or(|now| now.argv != started.process.argv)
                .then_some(())
        };
        let container = within(END, gone).is_none();
        let networks = must(&node, scene.outer(), &["network", "ls", "--format", "{{.Name}}"])?;
        let list = ["volume", "ls", "--format", "{{.Name}}"];
        let volumes = must(&node, scene.outer(), &list)?;
        let left = [
            ("container", container),
            ("network", networks.lines().any(|name| name == network)),
            ("volume", !node.run(&stores)?.stdout.is_empty()),
        ];
        if left[0].1 {
            remove_container(&node, scene.outer(), &started.name)?;
        }
        // What is on the node in the job's store only, nobody there has a name for.
        let lists =
            [(["network", "rm", &network], &networks), (["volume", "rm", &volume], &volumes)];
        for (argv, list) in lists {
            if list.lines().any(|name| name == argv[2]) {
                must(&node, scene.outer(), &argv)?;
            }
        }
        let left: Vec<&str> =
            left.iter().filter(|(_, there)| *there).map(|(kind, _)| *kind).collect();
        let outcome = if left.is_empty() { "nothing".to_owned() } else { left.join(" ") };
        Ok(Observation::new(outcome, "of container, network and volume"))
    })
}

/// The job's container is paused: does what it started stop with it?
pub(crate) fn pause(scene: &Scene) -> Result<Observation> {
    /// In this time a process that may run gets a processor, however loaded the machine is.
    const LONG: Duration = Duration::from_secs(2);
    scene.quiet_job(|nest| {
        let node = scene.node()?;
        let busy = burn(scene, nest)?;
        let container = nest.levels()[1].container();
        scene.on_node(&["pause", container])?;
        let used = || ticks(&node, &busy);
        let runs_on = |since: u64| {
            let change = || match used() {
                Ok(now) if now == since => None,
                other => Some(other),
            };
            within(LONG, change).transpose()
        };
        let advanced = used().and_then(runs_on);
        // Whatever was seen: a paused job would be nobody's.
        scene.on_node(&["unpause", container])?;
        let advanced = advanced?;
        // It stood still because it was paused, and for no other reason.
        let resumed = runs_on(used()?)?;
        ensure!(resumed.is_some(), "it does not run on after the pause");
        remove_container(nest.innermost(), scene.inner(), &busy.name)?;
        let outcome = if advanced.is_some() { "runs on" } else { "stops" };
        Ok(Observation::new(outcome, format!("looked at for {} s", LONG.as_secs())))
    })
}

//! An outside client: does an application's integration test run in the pattern?

use lab::{Engine, Nest};
use miette::{IntoDiagnostic, Result, miette};

use super::Observation;
use crate::integration::{DOCKER_HOST, Outcome, Step, integration_test, podman_service};
use crate::scene::Scene;

/// In the job's container, where a CI job's application runs.
pub(crate) fn in_the_job(scene: &Scene) -> Result<Observation> {
    match scene.inner() {
        // All that it leaves is images.
        Engine::Docker => scene.quiet_job(|nest| {
            // A mounted socket's ports are the node's.
            let is_nodes = scene.pattern.layers[1].socket;
            let _published = is_nodes.then(|| scene.ports_that_are_published());
            beside_the_engine(scene, nest)
        }),
        Engine::Podman => scene.last_job(|nest| beside_the_engine(scene, nest)),
    }
}

/// The same, the job's Podman told to take a network that the node's has not: by default both take
/// 10.88.0.0/16.
pub(crate) fn with_its_own_network(scene: &Scene) -> Result<Observation> {
    const OTHER: &str = "[network]\ndefault_subnet = \"10.90.0.0/16\"\n";
    scene.last_job(|nest| {
        let folder = "/etc/containers/containers.conf.d";
        let write = "mkdir -p $1 && printf %s \"$2\" > $1/network.conf";
        let argv = ["sh", "-c", write, "sh", folder, OTHER];
        nest.innermost().output(&argv)?;
        beside_the_engine(scene, nest)
    })
}

/// On the node, its client pointed at the job's daemon. Nobody else may have published a port there
/// meanwhile: that container would answer.
pub(crate) fn on_the_node(scene: &Scene) -> Result<Observation> {
    scene.quiet_job(|nest| {
        let is_nodes = scene.pattern.layers[1].socket;
        let _published = is_nodes.then(|| scene.ports_that_are_published());
        let _none = (!is_nodes).then(|| scene.ports_that_nobody_has());
        let (outer, inner) = (&nest.levels()[0], nest.innermost());
        // The job's root as the node's /proc has it.
        let socket = inner.root_in_level0().join("run/docker.sock");
        sight(integration_test(outer, &format!("unix://{}", socket.display()))?)
    })
}

fn beside_the_engine(scene: &Scene, nest: &Nest) -> Result<Observation> {
    let level = nest.innermost();
    let host = match scene.inner() {
        Engine::Docker => DOCKER_HOST.to_owned(),
        Engine::Podman => podman_service(level)?,
    };
    sight(integration_test(level, &host)?)
}

/// Where it stops, by the words of whoever refused.
const STOPS: &[(Step, &str, &str)] = &[
    (Step::Resolve, "does not expose port", "no port is found"),
    (Step::Connect, "Connection refused", "nobody answers at the port"),
    (Step::Connect, "no answer after", "nobody answers at the port"),
    (Step::Connect, "connection timed out", "nobody answers at the port"),
    (Step::Ask, "ermission denied", "the socket is refused"),
];

fn sight(outcome: Outcome) -> Result<Observation> {
    match outcome {
        Outcome::Passed { postgres, redis, millis } => {
            let seconds = f64::from(u32::try_from(millis).into_diagnostic()?) / 1000.0;
            let detail = format!("PostgreSQL at {postgres}, Redis at {redis}; {seconds:.1} s");
            Ok(Observation::new("works", detail))
        }
        Outcome::Stopped(stop) => {
            let known = STOPS
                .iter()
                .find(|(step, words, _)| stop.step == *step && stop.why.contains(words));
            let (_, _, outcome) =
                known.ok_or_else(|| miette!("it stopped for another reason: {stop}"))?;
            Ok(Observation::new(*outcome, stop.why))
        }
    }
}

//! An outside client in each pattern: does an application's integration test run there?

use std::path::Path;
use std::time::{Duration, Instant};

use lab::{Engine, Layer};
use miette::{IntoDiagnostic, Result, miette};

use crate::integration::{DOCKER_HOST, Outcome, Step, integration_test, podman_service};
use crate::{Test, ensure, lab, test};

const DOCKER: Layer = Layer::own(Engine::Docker);
const PODMAN: Layer = Layer::own(Engine::Podman);

/// Podman configured as at level 0 instead of as published.
const MATCHED: Layer =
    PODMAN.like_outer(&["containers/containers.conf", "containers/storage.conf"]);

/// What is to come of it.
#[derive(Clone, Copy)]
enum Expected {
    Passes,
    /// At this step, in these words of the engine's, of testcontainers' or of the kernel's.
    Stops(Step, &'static str),
}
use Expected::{Passes, Stops};

/// The published Podman image gives its inner containers the network of the outer one. So there is
/// nothing to publish, and the engine says of no port where it is.
const NOT_PUBLISHED: Expected = Stops(Step::Resolve, "does not expose port 5432/tcp");

/// The published port leads to where nobody listens.
const REFUSED: Expected = Stops(Step::Connect, "Connection refused");

/// Pattern, its layers, what is added to the innermost Podman's configuration, what is to come of
/// an integration test next to the innermost engine.
const PATTERNS: &[(&str, &[Layer], &str, Expected)] = &[
    ("docker", &[DOCKER], "", Passes),
    ("dind", &[DOCKER, DOCKER], "", Passes),
    ("dood", &[DOCKER, Layer::mounted_socket()], "", Passes),
    ("docker_in_podman", &[PODMAN, DOCKER], "", Passes),
    ("podman", &[PODMAN], "", Passes),
    ("podman_in_docker", &[DOCKER, PODMAN], "", NOT_PUBLISHED),
    ("podman_in_docker_matched", &[DOCKER, MATCHED], "", Passes),
    ("podman_nested", &[PODMAN, PODMAN], "", NOT_PUBLISHED),
    // Both Podmans take 10.88.0.0/16, and both number from 2: the address that the port is
    // forwarded to is the outer container's own. Docker looks for a network that is free.
    ("podman_matched", &[PODMAN, MATCHED], "", REFUSED),
    (
        "podman_matched_with_its_own_subnet",
        &[PODMAN, MATCHED],
        "[network]\ndefault_subnet = \"10.90.0.0/16\"\n",
        Passes,
    ),
];

pub(crate) fn tests() -> Vec<Test> {
    let patterns = PATTERNS.iter().map(|&(name, layers, added, expected)| {
        let name = format!("integration_test_runs::{name}");
        test(name, move || next_to_engine(layers, added, expected))
    });
    let others = [
        test("integration_test_runs::outside_of_dind", outside_of_dind),
        test("postgres_takes_its_settings_as_published", settings),
    ];
    patterns.chain(others).collect()
}

fn next_to_engine(layers: &[Layer], added: &str, expected: Expected) -> Result<()> {
    let lab = lab()?;
    let nest = lab.nest(layers)?;
    let level = nest.innermost();
    if !added.is_empty() {
        let write = "mkdir -p $1 && printf %s \"$2\" > $1/added.conf";
        let folder = "/etc/containers/containers.conf.d";
        level.output(&["sh", "-c", write, "sh", folder, added])?;
    }
    let host = match nest.engine() {
        Engine::Docker => DOCKER_HOST.to_owned(),
        Engine::Podman => podman_service(level)?,
    };
    judge(&integration_test(level, &host)?, expected)
}

/// The client outside, the daemon inside: it starts the containers there, and their ports are
/// published there.
fn outside_of_dind() -> Result<()> {
    let lab = lab()?;
    let nest = lab.nest(&[DOCKER, DOCKER])?;
    let (outer, inner) = (&nest.levels()[0], nest.innermost());
    // The inner root as the outer /proc has it.
    let root = inner.root().strip_prefix(outer.root()).into_diagnostic()?;
    let socket = Path::new("/").join(root).join("run/docker.sock");
    let host = format!("unix://{}", socket.display());
    judge(&integration_test(outer, &host)?, REFUSED)
}

fn judge(outcome: &Outcome, expected: Expected) -> Result<()> {
    match (outcome, expected) {
        (Outcome::Passed { .. }, Passes) => Ok(()),
        (Outcome::Stopped(stop), Stops(at, words)) => {
            ensure!(stop.step == at && stop.why.contains(words), "{stop}");
            Ok(())
        }
        (Outcome::Stopped(stop), Passes) => Err(miette!("{stop}")),
        (Outcome::Passed { .. }, Stops(at, _)) => {
            Err(miette!("{at:?} was to fail, but: {outcome:?}"))
        }
    }
}

/// What tests rely on of the published image, of the stand-in.
fn settings() -> Result<()> {
    let lab = lab()?;
    let nest = lab.nest(&[DOCKER])?;
    let level = nest.innermost();
    let refused = level.run(&["docker", "run", "--rm", "postgres"])?;
    ensure!(refused.code == 1, "{refused:?}");
    let complaint = "You must specify POSTGRES_PASSWORD to a non-empty value";
    ensure!(refused.stderr.contains(complaint), "{}", refused.stderr);

    let start = "docker run --detach --name database \
        --env POSTGRES_USER=masha --env POSTGRES_DB=dolls \
        --env POSTGRES_HOST_AUTH_METHOD=trust postgres";
    level.output(&["sh", "-c", start])?;
    // The server that sets up listens to no address.
    let end = Instant::now() + Duration::from_secs(60);
    let ask = [
        "docker",
        "exec",
        "database",
        "pg_isready",
        "--host=127.0.0.1",
    ];
    while !level.run(&ask)?.success() {
        let logs = level.run(&["docker", "logs", "database"])?;
        ensure!(Instant::now() < end, "{logs:?}");
    }
    let ask = "docker exec database psql --host=127.0.0.1 --username=masha --dbname=dolls \
        --no-align --tuples-only --command='SELECT current_user, current_database()'";
    let said = level.output(&["sh", "-c", ask])?;
    ensure!(said == "masha|dolls\n", "{said}");
    let who = "docker exec database stat -c %U /proc/1";
    let said = level.output(&["sh", "-c", who])?;
    ensure!(said == "postgres\n", "{said}");
    Ok(())
}

//! The stand-ins do what is relied on of the images that they stand for.

use std::time::{Duration, Instant};

use lab::Engine;
use miette::Result;

use crate::{Test, ensure, lab, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![test("postgres_takes_its_settings_as_published", settings)]
}

/// What tests rely on of the published image, of the stand-in.
fn settings() -> Result<()> {
    let lab = lab()?;
    let nest = lab.nest(&[Engine::Docker])?;
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

//! The stand-ins do what is relied on of the images that they stand for.

use std::time::{Duration, Instant};

use lab::{Engine, Kind};
use lab_test::ensure;
use miette::Result;

use crate::shared_lab;

/// What tests rely on of the published image, of the stand-in.
#[lab_test::test]
fn postgres_takes_its_settings_as_published() -> Result<()> {
    let lab = shared_lab(Kind::here())?;
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
    let end = Instant::now() + program::patient(Duration::from_secs(60));
    let ask = ["docker", "exec", "database", "pg_isready", "--host=127.0.0.1"];
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

/// The ordinary users of the published builders: a home, subordinate ids, and programs that map
/// them by a capability of their own and not as root.
#[lab_test::test]
fn builders_have_an_ordinary_user_as_published() -> Result<()> {
    let lab = shared_lab(Kind::here())?;
    lab.engine(Engine::Podman)?;
    for (image, program, user) in [
        ("quay.io/buildah/stable", "buildah", "build"),
        ("quay.io/podman/stable", "podman", "podman"),
    ] {
        let files = "$HOME $HOME/.local/share/containers /usr/bin/newuidmap /usr/bin/newgidmap";
        // Podman gives an ordinary user capabilities outright; other runtimes do not.
        let ask = format!(
            "stat -c '%U %a' {files} && \
             setpriv --inh-caps=-setuid,-setgid --ambient-caps=-setuid,-setgid \
                 {program} unshare cat /proc/self/uid_map /proc/self/gid_map"
        );
        let run = format!(
            "podman run --rm --user 1000:1000 --cap-drop all --cap-add setuid --cap-add setgid \
                 {image} sh -c \"$1\""
        );
        let said = lab.level0().output(&["sh", "-c", &run, "sh", &ask])?;
        let lines = said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        let home = format!("{user} 755");
        let ids = ["0 1000 1", "1 1 999", "1000 1001 64535"];
        let mut expected = vec![home.as_str(), home.as_str(), "root 755", "root 755"];
        expected.extend(ids.iter().chain(&ids));
        ensure!(lines.eq(expected), "{image}: {said}");
    }
    Ok(())
}

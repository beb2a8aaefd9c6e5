//! The tutorial's commands, as written, in `lab exec`; and what `lab exec` promises to scripts.

use std::fs;
use std::path::Path;
use std::process::Output;

use lab_test::ensure;
use miette::{IntoDiagnostic, Result};
use rstest::rstest;

use crate::program;

/// As the tutorial's blocks stand, each with the clean-up that it gives.
const DOCKER_IN_DOCKER: &str = r#"
docker run -d --privileged --name mi-dind docker:dind
for i in $(seq 1 15); do
    docker exec mi-dind docker info > /dev/null 2>&1 && break
    sleep 1
done
echo "DinD listo"
docker exec mi-dind docker pull alpine
docker exec mi-dind docker run --rm alpine echo "hola desde nivel 2"
docker exec mi-dind docker images
docker images | grep alpine
docker exec mi-dind docker info | head -5
docker exec mi-dind docker run --rm alpine echo "nivel 2"
docker images | head -5
docker stop mi-dind
docker rm mi-dind
"#;

const MOUNTED_SOCKET: &str = r#"
docker run --rm \
    -v /var/run/docker.sock:/var/run/docker.sock \
    docker:cli \
    docker run --rm alpine echo "hola desde un hermano"
docker run --rm \
    -v /var/run/docker.sock:/var/run/docker.sock \
    docker:cli \
    docker ps -a
docker run --rm -v /var/run/docker.sock:/var/run/docker.sock docker:cli docker ps
docker run --rm -v /var/run/docker.sock:/var/run/docker.sock docker:cli \
    docker run --rm --name creado-desde-dentro alpine echo "soy un hermano"
"#;

const PODMAN_IN_PODMAN: &str = r#"
podman run -d --privileged --name mi-podman-nest quay.io/podman/stable sleep 3600
podman exec mi-podman-nest podman pull alpine
podman exec mi-podman-nest podman run --rm alpine echo "hola desde podman anidado"
podman exec mi-podman-nest podman run --rm alpine echo "podman anidado"
podman exec mi-podman-nest podman run --privileged --rm quay.io/podman/stable \
    podman run --rm alpine echo "nivel 3"
podman stop mi-podman-nest
podman rm mi-podman-nest
"#;

/// Its last part, with one repetition instead of four.
const HOME_MADE: &str = r"
bash exp4_nested.sh 1 > /dev/null
cat results/exp4_nested.csv
";

fn exec(dir: &Path, command: &[&str]) -> Result<Output> {
    program("exec")?.arg("--").args(command).current_dir(dir).output().into_diagnostic()
}

/// What each block must print.
#[rstest]
#[case::docker_in_docker(DOCKER_IN_DOCKER, &["DinD listo", "hola desde nivel 2", "\nnivel 2\n"])]
#[case::mounted_socket(MOUNTED_SOCKET, &["hola desde un hermano", "docker:cli", "soy un hermano"])]
#[needs(device("/dev/fuse"))]
#[needs(patience(17))]
#[case::podman_in_podman(PODMAN_IN_PODMAN, &["hola desde podman anidado", "\npodman anidado\n", "nivel 3"])]
#[needs(device("/dev/fuse"))]
#[needs(patience(12))]
#[case::home_made(HOME_MADE, &["method,metric,rep,value\nbare,startup_ms,1,", "\npodman-nested,cpu_s,1,"])]
#[lab_test::test]
fn tutorial_runs_as_written(#[case] block: &str, #[case] prints: &[&str]) -> Result<()> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    // Every command must succeed, not only the last. (`| head` ends what is before it early.)
    let script = format!("set -e{block}");
    fs::write(dir.path().join("block.sh"), script).into_diagnostic()?;
    let output = exec(dir.path(), &["bash", "block.sh"])?;
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}\n{out}\n{err}", output.status);
    for expected in prints {
        ensure!(out.contains(expected), "{expected:?} in\n{out}\n{err}");
    }
    Ok(())
}

/// A script of the kind that published benchmarks are: bash, bc, date, seq, dd, sha256sum, and a
/// file of results next to itself.
const SCRIPT: &str = r#"
set -e
mkdir -p results
for i in $(seq 1 2); do
    start=$(date +%s%N)
    docker run --rm alpine echo ok > /dev/null
    podman run --rm alpine echo ok > /dev/null
    end=$(date +%s%N)
    echo "$i,$(echo "scale=3; ($end - $start) / 1000000" | bc)" >> results/out.csv
done
dd if=/dev/urandom bs=1M count=1 2> /dev/null | sha256sum | awk '{print length($1)}' >> results/out.csv
pwd >> results/out.csv
exit 42
"#;

#[lab_test::test]
fn exec_gives_scripts_their_folder_and_passes_the_exit_code() -> Result<()> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    fs::write(dir.path().join("bench.sh"), SCRIPT).into_diagnostic()?;
    let output = exec(dir.path(), &["bash", "bench.sh"])?;
    ensure!(output.status.code() == Some(42), "{output:?}");
    let results = fs::read_to_string(dir.path().join("results/out.csv")).into_diagnostic()?;
    let rows: Vec<&str> = results.lines().collect();
    ensure!(rows.len() == 4 && rows[2] == "64", "{results}");
    ensure!(Path::new(rows[3]) == dir.path().canonicalize().into_diagnostic()?, "{results}");
    // What the script made belongs to whoever started it.
    let meta = fs::metadata(dir.path().join("results/out.csv")).into_diagnostic()?;
    let owner = std::os::unix::fs::MetadataExt::uid(&meta);
    ensure!(owner == 0, "{owner}");
    Ok(())
}

#[lab_test::test]
fn exec_says_that_a_command_is_missing() -> Result<()> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    let output = exec(dir.path(), &["no-such-command"])?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(127) && text.contains("no-such-command"), "{output:?}");
    Ok(())
}

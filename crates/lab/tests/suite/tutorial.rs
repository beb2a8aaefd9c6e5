//! The tutorial's commands, as written, in `lab exec`; and what `lab exec` promises to scripts.

use std::fs;
use std::path::Path;
use std::process::Output;

use lab_test::ensure;
use miette::{IntoDiagnostic, Result};
use rstest::rstest;

use crate::program;

/// A block of commands, and what it must print.
type Block = (&'static str, &'static [&'static str]);

/// The tutorial asks its reader to wait for ten seconds.
const WAIT: Block =
    ("until docker exec mi-dind docker info > /dev/null 2>&1; do sleep 0.2; done", &[]);

/// Every block that the tutorial has, in its order, with the lines that it gives for cleaning up. Of what
/// it prints, sizes and the marks of omission are not looked for.
const DOCKER_IN_DOCKER: &[Block] = &[
    ("docker run -d --privileged --name mi-dind docker:dind", &[]),
    (
        r#"for i in $(seq 1 15); do
    docker exec mi-dind docker info > /dev/null 2>&1 && break
    sleep 1
done
echo "DinD listo""#,
        &["DinD listo"],
    ),
    (
        r#"docker exec mi-dind docker pull alpine
docker exec mi-dind docker run --rm alpine echo "hola desde nivel 2"
docker exec mi-dind docker images
docker images | grep alpine"#,
        &["\nhola desde nivel 2\nREPOSITORY ", "\nalpine       latest "],
    ),
    ("docker stop mi-dind\ndocker rm mi-dind", &["mi-dind\nmi-dind\n"]),
    // Said to be a Dockerfile.
    ("docker build -q - <<< 'FROM docker:dind'", &["sha256:"]),
    ("docker run -d --privileged --name mi-dind docker:dind", &[]),
    WAIT,
    ("docker exec mi-dind docker info | head -5", &["Client:", " Version: "]),
    (r#"docker exec mi-dind docker run --rm alpine echo "nivel 2""#, &["nivel 2\n"]),
    ("docker images | head -5\ndocker exec mi-dind docker images", &["\ndocker ", "\nalpine "]),
    ("docker stop mi-dind && docker rm mi-dind", &["mi-dind\nmi-dind\n"]),
];

/// What is looked at in another terminal meanwhile is a test of joining.
const MOUNTED_SOCKET: &[Block] = &[
    (
        r#"docker run --rm \
    -v /var/run/docker.sock:/var/run/docker.sock \
    docker:cli \
    docker run --rm alpine echo "hola desde un hermano""#,
        &["hola desde un hermano\n"],
    ),
    (
        r"docker run --rm \
    -v /var/run/docker.sock:/var/run/docker.sock \
    docker:cli \
    docker ps -a",
        &["CONTAINER ID ", "docker:cli"],
    ),
    // The tool's image is the reader's own.
    ("docker build -q -t mi-herramienta-dev - <<< 'FROM docker:cli\nCMD docker ps'", &["sha256:"]),
    (
        r"docker run --rm \
    -v /var/run/docker.sock:/var/run/docker.sock \
    mi-herramienta-dev",
        &["mi-herramienta-dev"],
    ),
    (
        "docker run --rm -v /var/run/docker.sock:/var/run/docker.sock docker:cli docker ps",
        &["docker:cli"],
    ),
    (
        r#"docker run --rm -v /var/run/docker.sock:/var/run/docker.sock docker:cli \
    docker run --rm --name creado-desde-dentro alpine echo "soy un hermano""#,
        &["soy un hermano\n"],
    ),
];

const PODMAN_IN_PODMAN: &[Block] = &[
    ("podman run -d --privileged --name mi-podman-nest quay.io/podman/stable sleep 3600", &[]),
    (
        r#"podman exec mi-podman-nest podman pull alpine
podman exec mi-podman-nest podman run --rm alpine echo "hola desde podman anidado""#,
        &["hola desde podman anidado\n"],
    ),
    ("podman stop mi-podman-nest\npodman rm mi-podman-nest", &["mi-podman-nest\nmi-podman-nest\n"]),
    ("podman run -d --privileged --name mi-podman-nest quay.io/podman/stable sleep 3600", &[]),
    (
        r#"podman exec mi-podman-nest podman run --rm alpine echo "podman anidado""#,
        &["podman anidado\n"],
    ),
    (
        r#"podman exec mi-podman-nest podman run --privileged --rm quay.io/podman/stable \
    podman run --rm alpine echo "nivel 3""#,
        &["nivel 3\n"],
    ),
    (
        "podman stop mi-podman-nest && podman rm mi-podman-nest",
        &["mi-podman-nest\nmi-podman-nest\n"],
    ),
];

/// The last part, which the tutorial has twice, with one repetition instead of four.
const HOME_MADE: &[Block] = &[(
    "mkdir scripts; cd scripts\nbash exp4_nested.sh 1 > /dev/null\ncat results/exp4_nested.csv",
    &["method,metric,rep,value\nbare,startup_ms,1,", "\npodman-nested,cpu_s,1,"],
)];

/// The same with the tags that people write; and with those that there are not.
const WITH_TAGS: &[Block] = &[
    ("docker run -d --privileged --name mi-dind docker:26-dind", &[]),
    WAIT,
    ("docker exec mi-dind docker run --rm alpine:3.20 echo nivel 2", &["nivel 2\n"]),
    ("docker exec mi-dind docker images", &["\nalpine       3.20 "]),
    (
        "docker run --rm -v /var/run/docker.sock:/var/run/docker.sock docker:26.1-cli docker ps",
        &["docker:26-dind", "docker:26.1-cli"],
    ),
    ("podman run --rm quay.io/podman/stable:v5 podman --version", &["podman version 5."]),
    (
        "! docker run --rm docker:24-dind true 2>&1",
        &[
            "this lab has no network; it serves alpine:3, ",
            "--generation bookworm` has Docker 20.10",
        ],
    ),
    (
        "! docker exec mi-dind docker run --rm ghcr.io/me/tool true 2>&1",
        &["this lab has no network", "bring your own with `lab pull` or `docker load`"],
    ),
    ("! podman run --rm docker:dind-rootless true 2>&1", &["this lab has no network"]),
];

fn exec(dir: &Path, command: &[&str]) -> Result<Output> {
    program("exec")?.arg("--").args(command).current_dir(dir).output().into_diagnostic()
}

#[rstest]
#[case::docker_in_docker(DOCKER_IN_DOCKER)]
#[case::mounted_socket(MOUNTED_SOCKET)]
#[needs(device("/dev/fuse"))]
#[needs(patience(17))]
#[case::podman_in_podman(PODMAN_IN_PODMAN)]
#[needs(device("/dev/fuse"))]
#[needs(patience(12))]
#[case::home_made(HOME_MADE)]
#[needs(device("/dev/fuse"))]
#[case::with_tags(WITH_TAGS)]
#[lab_test::test]
fn tutorial_runs_as_written(#[case] blocks: &[Block]) -> Result<()> {
    const END: &str = "<end of a block>";
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    // Every command must succeed, not only the last. (`| head` ends what is before it early.)
    let script = blocks.iter().map(|(block, _)| format!("{block}\necho '{END}'\n"));
    let script = format!("set -e\n{}", script.collect::<String>());
    fs::write(dir.path().join("blocks.sh"), script).into_diagnostic()?;
    let output = exec(dir.path(), &["bash", "blocks.sh"])?;
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{}\n{out}\n{err}", output.status);
    for ((block, prints), printed) in blocks.iter().zip(out.split(END)) {
        for expected in *prints {
            ensure!(printed.contains(expected), "{expected:?} of {block} in {printed}\n{err}");
        }
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

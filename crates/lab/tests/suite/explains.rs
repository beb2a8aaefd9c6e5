//! What a lab says of itself: which tags its stand-ins answer to, what whoever asks for another image is
//! told by each engine, and what a shell opens with.

use std::process::Stdio;

use lab::{Engine, Generation, Kind, Level};
use lab_test::ensure;
use miette::{IntoDiagnostic, Result, miette};

use crate::attached::Session;
use crate::{program, shared_lab};

/// What a generation's own major versions are: of Docker, Podman and `PostgreSQL`.
const MAJORS: [(Generation, [&str; 3]); 3] = [
    (Generation::Bookworm, ["20", "4", "15"]),
    (Generation::Trixie, ["26", "5", "17"]),
    (Generation::Forky, ["28", "5", "18"]),
];

fn majors() -> Result<[&'static str; 3]> {
    let chosen = lab_test::generation()?;
    let found = MAJORS.into_iter().find(|(generation, _)| *generation == chosen);
    Ok(found.ok_or_else(|| miette!("{chosen} has no versions here"))?.1)
}

/// The tags that people use, and the image that each is to be.
fn tags() -> Result<Vec<(String, &'static str)>> {
    let [docker, podman, postgres] = majors()?;
    Ok(vec![
        ("alpine:3.20".to_owned(), "alpine"),
        ("alpine:edge".to_owned(), "alpine"),
        ("docker:latest".to_owned(), "docker:dind"),
        (format!("docker:{docker}-dind"), "docker:dind"),
        (format!("docker:{docker}.9.9-cli-alpine3.20"), "docker:cli"),
        (format!("postgres:{postgres}-alpine"), "postgres"),
        ("redis:alpine".to_owned(), "redis"),
        (format!("quay.io/podman/stable:v{podman}"), "quay.io/podman/stable"),
    ])
}

/// Images that are not there, as people ask for them: other major versions, other kinds, other names, other
/// registries, known and unknown.
const OTHERS: [&str; 8] = [
    "docker:24-dind",
    "docker:dind-rootless",
    "postgres:9",
    "alpine@sha256:0000000000000000000000000000000000000000000000000000000000000000",
    "ubuntu",
    "ghcr.io/me/tool:1",
    "quay.io/podman/stable:v3",
    "registry.example.net/team/tool",
];

/// What is missing of what is to be said, if anything is.
fn missing(said: &str) -> Result<Option<String>> {
    let others =
        Generation::ALL.into_iter().filter(|other| lab_test::generation().ok() != Some(*other));
    let generations = others.map(|other| format!("`--generation {other}` has Docker "));
    let docker = format!("docker:{}-dind, ", majors()?[0]);
    let words = ["this lab has no network; it serves alpine:3, ", "`lab pull` or `docker load`"];
    let mut words = words.into_iter().map(str::to_owned).chain(generations).chain([docker]);
    // Some engines quote what they pass on.
    let said = said.replace('\\', "");
    Ok(words.find(|word| !said.contains(word)))
}

/// Runs each script at a level with each image that is not there as its argument.
fn refused(level: &Level<'_>, scripts: &[&str], broken: &mut Vec<String>) -> Result<()> {
    for script in scripts {
        for image in OTHERS {
            let said = level.run(&["sh", "-c", script, "sh", image])?;
            let text = format!("{}{}", said.stdout, said.stderr);
            if said.success() {
                broken.push(format!("{script} of {image}: succeeded"));
            } else if let Some(word) = missing(&text)? {
                broken.push(format!("{script} of {image}: no {word:?} in\n{text}"));
            }
        }
    }
    Ok(())
}

/// And with each that is.
fn served(level: &Level<'_>, engine: Engine, broken: &mut Vec<String>) -> Result<()> {
    let program = engine.program();
    for (image, is) in tags()? {
        let pulled = level.run(&[program, "pull", &image])?;
        let label = r#"{{index .Config.Labels "matryoshka.stands-for"}}"#;
        let label = level.run(&[program, "image", "inspect", "--format", label, &image])?;
        if label.stdout.trim() != is {
            broken.push(format!("{program} {image}: {pulled:?} {label:?}"));
        }
    }
    Ok(())
}

const DOCKER: [&str; 4] = [
    r#"docker pull "$1""#,
    r#"docker run --rm "$1" true"#,
    r#"echo "FROM $1" | DOCKER_BUILDKIT=0 docker build -"#,
    r#"echo "FROM $1" | DOCKER_BUILDKIT=1 docker build --progress plain -"#,
];

const PODMAN: [&str; 3] = [
    r#"podman pull "$1""#,
    r#"podman run --rm "$1" true"#,
    r#"echo "FROM $1" | podman build -f - ."#,
];

/// What only level 0 has.
const BUILDAH: [&str; 2] = [r#"buildah pull "$1""#, r#"echo "FROM $1" | buildah build -f - /tmp"#];

#[lab_test::test]
fn docker_is_told_what_there_is() -> Result<()> {
    let lab = shared_lab(Kind::here())?;
    let nest = lab.nest(&[Engine::Docker, Engine::Docker])?;
    let mut broken = Vec::new();
    for level in nest.levels() {
        served(level, Engine::Docker, &mut broken)?;
    }
    refused(&nest.levels()[0], &DOCKER, &mut broken)?;
    // The image has no buildx, without which the client does not ask for BuildKit.
    refused(nest.innermost(), &DOCKER[..3], &mut broken)?;
    ensure!(broken.is_empty(), "\n{}", broken.join("\n"));
    Ok(())
}

#[lab_test::test]
fn podman_is_told_what_there_is() -> Result<()> {
    let lab = shared_lab(Kind::here())?;
    let nest = lab.nest(&[Engine::Podman, Engine::Podman])?;
    let mut broken = Vec::new();
    for level in nest.levels() {
        served(level, Engine::Podman, &mut broken)?;
        refused(level, &PODMAN, &mut broken)?;
    }
    refused(&nest.levels()[0], &BUILDAH, &mut broken)?;
    ensure!(broken.is_empty(), "\n{}", broken.join("\n"));
    Ok(())
}

/// As tutorials and pipelines start them: nobody has written a configuration.
#[lab_test::test]
fn engines_by_hand_are_told_it_too() -> Result<()> {
    let lab = shared_lab(Kind::here())?;
    lab.engine(Engine::Docker)?;
    let script = "docker run --privileged --detach --name by-hand docker:dind > /dev/null &&
        until docker exec by-hand docker info > /dev/null 2>&1; do sleep 0.1; done
        docker exec by-hand docker run --rm ubuntu true
        docker exec by-hand docker run --rm ghcr.io/me/tool:1 true
        docker exec by-hand docker run --rm --privileged quay.io/podman/stable podman run --rm ubuntu true
        docker rm --force by-hand > /dev/null";
    let said = lab.level0().run(&["sh", "-c", script])?;
    let text = format!("{}{}", said.stdout, said.stderr);
    let times = text.matches("this lab has no network; it serves alpine:3, ").count();
    ensure!(times == 3, "{times} times in\n{text}");
    Ok(())
}

/// Containers are not led anywhere: what their programs ask for is their own matter.
#[lab_test::test]
fn containers_are_told_of_no_proxy() -> Result<()> {
    let lab = shared_lab(Kind::here())?;
    lab.engine(Engine::Docker)?;
    for run in ["docker run --rm alpine env", "podman run --rm alpine env"] {
        let said = lab.level0().output(&["sh", "-c", run])?;
        ensure!(!said.to_lowercase().contains("proxy"), "{run}: {said}");
    }
    Ok(())
}

/// It is read-only, and what it does not do it says.
#[lab_test::test]
fn the_registry_itself_answers() -> Result<()> {
    let lab = shared_lab(Kind::here())?;
    for (ask, answer) in [
        ("-s http://10.99.0.1:5000/v2/", "{}"),
        ("-s http://10.99.0.1:5000/v2/library/docker/tags/list", r#""tags":["cli","dind"]"#),
        (
            "-s -I http://10.99.0.1:5000/v2/library/alpine/manifests/3.20",
            "docker-content-digest: sha256:",
        ),
        ("-s -X POST http://10.99.0.1:5000/v2/library/alpine/blobs/uploads/", "read-only"),
        ("-s http://10.99.0.1:5000/v2/library/alpine/blobs/sha256:00", "BLOB_UNKNOWN"),
        (
            "-s --path-as-is http://10.99.0.1:5000/v2/../../etc/manifests/latest",
            "this lab has no network",
        ),
        ("-s -i http://quay.io/v2/none/manifests/latest", "403 this lab has no network"),
        ("-s -x http://10.99.0.1:5000 -v https://example.com 2>&1", "403 this lab has no network"),
        ("-s http://10.99.0.1:5000/", "this lab has no network"),
    ] {
        let said = lab.level0().run(&["sh", "-c", &format!("curl {ask}")])?;
        ensure!(said.stdout.contains(answer), "curl {ask}: no {answer:?} in {said:?}");
    }
    Ok(())
}

/// What people type besides.
#[lab_test::test]
fn common_programs_are_there() -> Result<()> {
    let lab = shared_lab(Kind::here())?;
    lab.engine(Engine::Docker)?;
    let level = lab.level0();
    let which = level.output(&["which", "docker"])?;
    ensure!(which == "/usr/bin/docker\n", "{which}");
    for engine in ["docker", "podman"] {
        let said = level.run(&[engine, "run", "--rm", "alpine:3.20", "apk", "add", "curl"])?;
        let last = said.stderr.lines().next_back().unwrap_or_default();
        ensure!(said.code == 1 && last.starts_with("apk: nothing can be installed: "), "{said:?}");
    }
    let label = "skopeo inspect --no-tags docker://redis:alpine | grep stands-for";
    let label = level.output(&["sh", "-c", label])?;
    ensure!(label.contains(r#""redis""#), "{label}");
    if lab_test::generation()? == Generation::Bookworm {
        return Ok(());
    }
    let script = "mkdir -p /tmp/composed && cd /tmp/composed &&
        echo 'services: {one: {image: \"alpine:3.20\", command: echo from one}}' > compose.yaml &&
        docker compose up 2>&1 && docker compose down 2>&1";
    let said = level.output(&["sh", "-c", script])?;
    ensure!(said.contains("from one"), "{said}");
    Ok(())
}

/// The heads of the lines that a shell opens with.
const HEADS: [&str; 3] = ["images:", "engines:", "leave:"];

#[lab_test::test]
fn a_shell_opens_with_what_there_is() -> Result<()> {
    let shell = program("shell")?;
    let line = std::iter::once(shell.get_program()).chain(shell.get_args());
    let line: Vec<_> = line.map(|word| word.to_string_lossy()).collect();
    let line = line.join(" ");
    let mut session = Session::start(&line)?;
    session.enter("echo in''side; exit\n")?;
    session.expect("inside")?;
    let screen = session.screen();
    let docker = format!("Docker {}.", majors()?[0]);
    for words in HEADS.into_iter().chain(["alpine:3, ", "stand-ins", &docker]) {
        ensure!(screen.contains(words), "{words} in\n{screen}");
    }
    let mut session = Session::start(&format!("{line} --quiet"))?;
    session.enter("echo in''side; exit\n")?;
    session.expect("inside")?;
    let screen = session.screen();
    ensure!(HEADS.iter().all(|head| !screen.contains(head)), "{screen}");
    Ok(())
}

#[lab_test::test]
fn a_shell_without_a_terminal_says_nothing() -> Result<()> {
    let folder = tempfile::tempdir().into_diagnostic()?;
    let mut shell = program("shell")?;
    let ended = shell.current_dir(folder.path()).stdin(Stdio::null()).output().into_diagnostic()?;
    let said = String::from_utf8_lossy(&ended.stderr);
    let is_quiet = HEADS.iter().all(|head| !said.contains(head));
    ensure!(ended.status.success() && is_quiet, "{ended:?}");
    Ok(())
}

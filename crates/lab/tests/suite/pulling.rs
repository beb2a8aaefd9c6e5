//! `lab pull`: published images come whole into the cache, or not at all.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use lab_test::ensure;
use miette::{IntoDiagnostic, Result};
use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};

use crate::leftovers::{Cache, first_line};
use crate::mishaps::{is_one_error, text};
use crate::program;
use crate::published::{ANOTHER, Fault, Form, Image, ME, OURS, Registry, digest};

/// A machine's user, whose registries are one of this test's.
pub(crate) struct User {
    pub(crate) cache: Cache,
    pub(crate) home: tempfile::TempDir,
    pub(crate) registry: Registry,
}

impl User {
    pub(crate) fn new(fault: Fault) -> Result<Self> {
        let registry = Registry::start(fault)?;
        let home = tempfile::tempdir().into_diagnostic()?;
        let address = registry.address;
        // Those of other registries than Docker Hub are told apart by their names, as on a mirror.
        let others = ["quay.io", "registry.example.net"].map(|name| {
            format!(
                "[[registry]]\nprefix = \"{name}\"\nlocation = \"{address}/{name}\"\ninsecure = true\n"
            )
        });
        let hub = format!(
            "[[registry]]\nprefix = \"docker.io\"\nlocation = \"{address}\"\ninsecure = true\n"
        );
        let folder = home.path().join(".config/containers");
        fs::create_dir_all(&folder).into_diagnostic()?;
        fs::write(folder.join("registries.conf"), hub + &others.concat()).into_diagnostic()?;
        Ok(Self { cache: Cache::new()?, home, registry })
    }

    /// The program `lab` with a task of this user's.
    pub(crate) fn lab(&self, task: &str) -> Result<Command> {
        let mut command = match task {
            "images" => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_lab"));
                command.arg(task);
                command
            }
            _ => program(task)?,
        };
        command.env("XDG_CACHE_HOME", self.cache.0.path()).env("HOME", self.home.path());
        command.env_remove("XDG_CONFIG_HOME").env_remove("XDG_RUNTIME_DIR");
        Ok(command)
    }

    pub(crate) fn pull(&self, images: &[&str]) -> Result<Output> {
        self.lab("pull")?.args(images).output().into_diagnostic()
    }

    /// The folder of what was pulled.
    fn folder(&self) -> PathBuf {
        self.cache.0.path().join("matryoshka/pulled")
    }

    /// What is there but locks, which are files that stay.
    fn there(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder()).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> =
            names.filter(|name| name.strip_suffix(".lock").is_none()).collect();
        names.sort();
        names
    }
}

/// Whether it succeeded; what it said.
pub(crate) fn done(output: &Output) -> Result<String> {
    ensure!(output.status.success(), "{:?}\n{}", output.status, text(output));
    Ok(text(output))
}

#[rstest]
#[case::truncated_blob(Fault::Truncates, "is not what its digests say")]
#[case::wrong_digest(Fault::Damages, "is not what its digests say")]
#[case::registry_that_dies_half_way(Fault::Dies, "has come in part only")]
#[case::no_credentials(Fault::Refuses, "docker login")]
#[lab_test::test]
fn what_a_registry_breaks(#[case] fault: Fault, #[case] words: &str) -> Result<()> {
    let user = User::new(fault)?;
    user.registry.put("library/alpine:3.20", Image::new(Form::Oci, "published", OURS)?);
    is_one_error(&user.pull(&["alpine:3.20"])?, 1, &["alpine:3.20", words])?;
    ensure!(user.there().is_empty(), "{:?}", user.there());
    Ok(())
}

fn of_another_platform() -> Result<Image> {
    Ok(Image::new(Form::Oci, "x", OURS)?.in_an_index(&[ANOTHER]))
}

fn made_for_another() -> Result<Image> {
    Image::new(Form::Docker, "x", ANOTHER)
}

fn of_the_first_form() -> Result<Image> {
    let kind = "distribution.manifest.v2+json";
    let image = Image::new(Form::Docker, "x", OURS)?;
    Ok(image.with(kind, "distribution.manifest.v1+json"))
}

fn no_image() -> Result<Image> {
    let kind = "application/vnd.oci.image.config.v1+json";
    Ok(Image::new(Form::Oci, "x", OURS)?.with(kind, "application/vnd.cncf.helm.config.v1+json"))
}

fn of_other_digests() -> Result<Image> {
    let image = Image::new(Form::Oci, "x", OURS)?;
    let layer = digest(&image.layers[0]);
    let foreign = format!("sha512:{}", "0123456789abcdef".repeat(8));
    Ok(image.with(&layer, &foreign))
}

/// Images that are what they are, and that no engine of this machine's could run.
#[rstest]
#[case::missing_platform(of_another_platform, "linux/s390x")]
#[case::other_platform(made_for_another, "linux/s390x")]
#[case::old_manifest(of_the_first_form, "engines do not take any more")]
#[case::artifact(no_image, "is no image of a container")]
#[case::foreign_digest(of_other_digests, "sha512")]
#[lab_test::test]
fn what_no_engine_takes(#[case] image: fn() -> Result<Image>, #[case] words: &str) -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    user.registry.put("library/alpine:3.20", image()?);
    is_one_error(&user.pull(&["alpine:3.20"])?, 1, &["alpine:3.20", words])?;
    ensure!(user.there().is_empty(), "{:?}", user.there());
    Ok(())
}

#[lab_test::test]
fn no_such_image_and_no_such_registry() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    is_one_error(&user.pull(&["alpine:3.20"])?, 1, &["alpine:3.20 is not in its registry"])?;
    // Nobody listens on the discard port of this machine.
    let words = ["its registry is out of reach", "127.0.0.1:9"];
    let nobody = ["127.0.0.1:9/alpine", "--as", "alpine"];
    is_one_error(&user.pull(&nobody)?, 1, &words)?;
    is_one_error(&user.pull(&["docker-archive:none.tar", "--as", "x"])?, 2, &["is not there"])?;
    ensure!(user.there().is_empty(), "{:?}", user.there());
    Ok(())
}

#[rstest]
#[case::no_name(&["Alpine"], "is no image")]
#[case::a_file(&["./Cargo.toml"], "docker-archive:FILE")]
#[case::unservable(&["127.0.0.1:9/alpine"], "--as NAME")]
#[case::folder_without_a_name(&["dir:/"], "--as NAME")]
#[case::one_name_for_two(&["alpine", "redis", "--as", "x"], "--as names one image")]
#[case::digest_for_a_name(
    &["alpine", "--as", "x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"],
    "is no name"
)]
#[lab_test::test]
fn what_can_not_be_meant(#[case] args: &[&str], #[case] words: &str) -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    is_one_error(&user.pull(args)?, 2, &[words])
}

/// A cache on a file system of 1 MB.
#[lab_test::test]
fn a_full_disk() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    user.registry.put("library/alpine:3.20", Image::new(Form::Oci, "published", OURS)?);
    fs::create_dir_all(user.folder()).into_diagnostic()?;
    let lab = user.lab("pull")?;
    let script = "mount -t tmpfs -o size=1m none \"$0\" && \"$@\" alpine:3.20; code=$?
        find \"$0\" -mindepth 1 ! -name '*.lock'; exit $code";
    let mut full = Command::new("unshare");
    full.args(["--mount", "sh", "-c", script]).arg(user.folder());
    full.arg(lab.get_program()).args(lab.get_args());
    full.env("XDG_CACHE_HOME", user.cache.0.path()).env("HOME", user.home.path());
    let output = full.output().into_diagnostic()?;
    is_one_error(&output, 1, &["found no room", "free some disk space"])?;
    ensure!(output.stdout.is_empty(), "left: {}", text(&output));
    Ok(())
}

/// A pull that has come half-way and gets no further.
fn half_way() -> Result<(User, Child)> {
    let user = User::new(Fault::Hangs)?;
    user.registry.put("library/alpine:3.20", Image::new(Form::Oci, "published", OURS)?);
    let mut pull = user.lab("pull")?;
    let pull = pull.arg("alpine:3.20").stdout(Stdio::piped()).stderr(Stdio::piped());
    let pull = pull.spawn().into_diagnostic()?;
    let deadline = Instant::now() + program::patient(Duration::from_secs(60));
    let layer = |line: &String| line.contains("/blobs/");
    while user.registry.asked().iter().filter(|line| layer(line)).count() < 2 {
        ensure!(Instant::now() < deadline, "{:?}", user.registry.asked());
        std::thread::sleep(Duration::from_millis(10));
    }
    ensure!(user.there().len() == 1, "{:?}", user.there());
    Ok((user, pull))
}

#[lab_test::test]
#[needs(patience(130))]
fn a_registry_that_says_nothing_more_is_not_waited_for() -> Result<()> {
    let (user, pull) = half_way()?;
    let output = pull.wait_with_output().into_diagnostic()?;
    is_one_error(&output, 1, &["has come in part only", "nothing has come for"])?;
    ensure!(user.there().is_empty(), "{:?}", user.there());
    Ok(())
}

#[lab_test::test]
fn an_interrupted_pull_leaves_nothing() -> Result<()> {
    let (user, pull) = half_way()?;
    kill_process(Pid::from_child(&pull), Signal::INT).into_diagnostic()?;
    let output = pull.wait_with_output().into_diagnostic()?;
    is_one_error(&output, 1, &["interrupted"])?;
    ensure!(user.there().is_empty(), "{:?}", user.there());
    Ok(())
}

#[lab_test::test]
fn of_a_killed_pull_nothing_runs_on_and_the_next_start_sweeps() -> Result<()> {
    let (user, mut pull) = half_way()?;
    pull.kill().and_then(|()| pull.wait()).into_diagnostic()?;
    let left = user.there();
    ensure!(left.len() == 1 && left[0].starts_with(".sealed-"), "{left:?}");
    let place = user.folder().join(&left[0]).display().to_string();
    let copiers = || -> Vec<String> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let lines = entries.map(|entry| fs::read_to_string(entry.path().join("cmdline")));
        lines.flatten().filter(|line| line.contains(&place)).collect()
    };
    let deadline = Instant::now() + program::patient(Duration::from_secs(20));
    while !copiers().is_empty() {
        ensure!(Instant::now() < deadline, "{:?}", copiers());
        std::thread::sleep(Duration::from_millis(10));
    }
    is_one_error(&user.pull(&["none"])?, 1, &["is not in its registry"])?;
    ensure!(user.there().is_empty(), "{:?}", user.there());
    Ok(())
}

/// The logins of root, and nothing that a pull leaves anywhere.
#[rstest]
#[case::of_docker("$HOME/.docker/config.json")]
#[case::of_podman("/run/containers/0/auth.json")]
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn logins_of_the_machine_are_used(#[case] file: &str) -> Result<()> {
    let user = User::new(Fault::Refuses)?;
    user.registry.put("library/alpine:3.20", Image::new(Form::Oci, "published", OURS)?);
    // A mirror is who is logged in to.
    let address = user.registry.address;
    let login = format!(r#"{{"auths":{{"{address}":{{"auth":"{ME}"}}}}}}"#);
    // With nothing that this machine has there.
    let script = format!(
        r#"for at in /run /var/lib "$HOME"; do mount -t tmpfs none "$at" || exit; done
        mkdir -p "$HOME/.config" "$(dirname "{file}")" && cp -r "$0" "$HOME/.config/containers" &&
        echo '{login}' > "{file}" && find /run /var/lib "$HOME" | sort > "$1" && shift &&
        "$@" alpine:3.20 && find /run /var/lib "$HOME" | sort"#
    );
    let (lab, before) = (user.lab("pull")?, tempfile::NamedTempFile::new().into_diagnostic()?);
    let kept = tempfile::tempdir().into_diagnostic()?;
    let registries = kept.path().join("containers");
    fs::rename(user.home.path().join(".config/containers"), &registries).into_diagnostic()?;
    let mut pull = Command::new("unshare");
    pull.args(["--mount", "sh", "-c", &script]).arg(&registries).arg(before.path());
    pull.arg(lab.get_program()).args(lab.get_args());
    pull.env("XDG_CACHE_HOME", user.cache.0.path()).env("HOME", user.home.path());
    pull.env_remove("XDG_CONFIG_HOME").env_remove("XDG_RUNTIME_DIR");
    let output = pull.output().into_diagnostic()?;
    done(&output)?;
    let before = fs::read_to_string(before.path()).into_diagnostic()?;
    let after = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, after) = after.split_once('\n').unwrap_or_default();
    ensure!(after == before, "before:\n{before}after:\n{after}");
    Ok(())
}

/// The machine's own Podman is played by a lab's, whose store is on the machine's disk.
#[lab_test::test]
#[needs(lab(lab::Kind::Root))]
fn an_image_of_the_machines_own_podman() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    let script =
        "podman pull --quiet alpine > /dev/null && podman tag alpine mine:1 && hostname && read go";
    let mut lab = user.lab("exec")?;
    lab.args(["--sandbox", "root", "--images", "stand-ins", "--", "sh", "-c", script]);
    let lab = lab.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut lab = lab.into_diagnostic()?;
    let name = first_line(&mut lab)?;
    let state = user.cache.0.path().join("matryoshka/labs").join(name);
    let store = state.join("var/lib/containers/storage");
    let runs = tempfile::tempdir().into_diagnostic()?;
    let store = format!("[overlay@{}+{}]", store.display(), runs.path().display());
    let pull = |args: &[&str]| -> Result<Output> {
        // What is beside the store of this machine's root stays as it is.
        let script = "mount -t tmpfs none /var/lib && exec \"$@\"";
        let lab = user.lab("pull")?;
        let mut pull = Command::new("unshare");
        pull.args(["--mount", "sh", "-c", script, "sh"]).arg(lab.get_program());
        pull.args(lab.get_args()).args(args);
        pull.env("XDG_CACHE_HOME", user.cache.0.path()).env("HOME", user.home.path());
        pull.output().into_diagnostic()
    };
    let mine = format!("containers-storage:{store}localhost/mine:1");
    let pulled = pull(&[&mine, "--as", "me/mine:1"])?;
    let none = pull(&[&format!("containers-storage:{store}none:1")])?;
    drop(lab.stdin.take());
    lab.wait().into_diagnostic()?;
    done(&pulled)?;
    is_one_error(&none, 1, &["is not in this machine's engine"])?;
    let listed = done(&user.lab("images")?.output().into_diagnostic()?)?;
    ensure!(listed.contains("\nme/mine:1 "), "{listed}");
    let mounts = fs::read_to_string("/proc/self/mountinfo").into_diagnostic()?;
    ensure!(!state.exists() && !mounts.contains(&state.display().to_string()), "{mounts}");
    Ok(())
}

/// Where Podman has no store, none is made.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_machine_without_podman() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    let script = "for at in /etc/containers /var/lib; do [ ! -d $at ] || mount -t tmpfs none $at || exit; done
        \"$0\" \"$@\" containers-storage:alpine; code=$?; ls /var/lib; exit $code";
    let lab = user.lab("pull")?;
    let mut pull = Command::new("unshare");
    pull.args(["--mount", "sh", "-c", script]).arg(lab.get_program()).args(lab.get_args());
    pull.env("XDG_CACHE_HOME", user.cache.0.path()).env("HOME", user.home.path());
    let output = pull.output().into_diagnostic()?;
    is_one_error(&output, 77, &["this machine's Podman has no images"])?;
    ensure!(output.stdout.is_empty(), "{}", text(&output));
    Ok(())
}

/// What is listed of one image: name, short digest, source.
fn is_listed(user: &User, expected: &[(&str, &str, &str)]) -> Result<()> {
    let listed = done(&user.lab("images")?.output().into_diagnostic()?)?;
    let rows: Vec<Vec<&str>> =
        listed.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    let found: Vec<(&str, &str, &str)> =
        rows.iter().map(|row| (row[0], row[1], *row.last().unwrap_or(&""))).collect();
    ensure!(found == expected, "{found:?} instead of {expected:?}:\n{listed}");
    Ok(())
}

fn short(bytes: &[u8]) -> String {
    digest(bytes)[..19].to_owned()
}

/// What comes out of archives and folders is the same image, digest for digest, where the source has one.
#[lab_test::test]
fn archives_and_folders() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    let image = Image::new(Form::Oci, "packed", OURS)?;
    let at = |name: &str| user.home.path().join(name);
    let written = || -> Result<()> {
        let names = ["tool:7", "quay.io/me/tool:8"];
        fs::write(at("one.tar"), image.docker_archive(&names[..1])?).into_diagnostic()?;
        fs::write(at("two.tar"), image.docker_archive(&names)?).into_diagnostic()?;
        let layout = image.layout("quay.io/me/packed:1");
        let files: Vec<(&str, Vec<u8>)> =
            layout.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
        fs::write(at("oci.tar"), crate::published::archive(&files)?).into_diagnostic()?;
        for (name, bytes) in layout {
            let file = at("layout").join(name);
            fs::create_dir_all(file.parent().unwrap_or(Path::new("/"))).into_diagnostic()?;
            fs::write(file, bytes).into_diagnostic()?;
        }
        Ok(())
    };
    written()?;
    let source = |kind: &str, name: &str| format!("{kind}:{}", at(name).display());
    let two = source("docker-archive", "two.tar");
    is_one_error(&user.pull(&[&two])?, 2, &["it has tool:7, quay.io/me/tool:8", "FILE:NAME"])?;
    let chosen = format!("{two}:quay.io/me/tool:8");
    let sources = [source("docker-archive", "one.tar"), chosen, source("oci-archive", "oci.tar")];
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    done(&user.pull(&sources)?)?;
    let layout = source("oci", "layout");
    done(&user.pull(&[&layout, "--as", "alpine:9"])?)?;
    let listed = done(&user.lab("images")?.output().into_diagnostic()?)?;
    for name in ["alpine:9", "tool:7", "quay.io/me/tool:8", "quay.io/me/packed"] {
        ensure!(
            listed.contains(&format!("\n{name} ")) || listed.contains(&format!("\n{name}:1 ")),
            "{name} in {listed}"
        );
    }
    let own = short(&image.manifest);
    ensure!(listed.matches(&own).count() == 2, "{own} in {listed}");
    Ok(())
}

/// The machine's own Docker, played: what it hands out is what `docker save` writes.
#[lab_test::test]
fn an_image_of_the_machines_own_docker() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    let archive = Image::new(Form::Oci, "mine", OURS)?.docker_archive(&["mine:1"])?;
    let socket = user.home.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).into_diagnostic()?;
    std::thread::spawn(move || serve_docker(&listener, &archive));
    let mut pull = user.lab("pull")?;
    pull.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    done(&pull.arg("docker-daemon:mine:1").output().into_diagnostic()?)?;
    let listed = done(&user.lab("images")?.output().into_diagnostic()?)?;
    ensure!(listed.contains("\nmine:1 "), "{listed}");
    let mut pull = user.lab("pull")?;
    pull.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").arg("docker-daemon:mine:1");
    let words = ["this machine's Docker", "DOCKER_HOST"];
    is_one_error(&pull.output().into_diagnostic()?, 77, &words)
}

fn serve_docker(listener: &UnixListener, archive: &[u8]) {
    use std::io::{BufRead, BufReader, Write};
    for stream in listener.incoming().flatten() {
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        let request = lines.next().unwrap_or_default();
        while lines.next().is_some_and(|line| !line.is_empty()) {}
        let body: &[u8] = if request.contains("/images/") { archive } else { b"OK" };
        let head = "HTTP/1.1 200 OK\r\nApi-Version: 1.44\r\nConnection: close\r\n";
        let mut stream = &stream;
        let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n", body.len());
        let _ = stream.write_all(body);
    }
}

/// A tag that has moved means what it means now, and what it meant before goes.
#[lab_test::test]
fn a_tag_that_has_moved_is_pulled_anew() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    let (old, new) = (Image::new(Form::Oci, "old", OURS)?, Image::new(Form::Oci, "new", OURS)?);
    for image in [&old, &old, &new] {
        user.registry.put("library/alpine:3.20", image.clone());
        done(&user.pull(&["alpine:3.20"])?)?;
        is_listed(&user, &[("alpine:3.20", &short(&image.manifest), "alpine:3.20")])?;
        ensure!(user.there().len() == 2, "{:?}", user.there());
    }
    let layers = user.registry.asked();
    let layers = layers.iter().filter(|line| line.contains(&digest(&old.layers[0]))).count();
    ensure!(layers == 1, "what is there is not copied again: {:?}", user.registry.asked());
    let gone = user.lab("images")?.args(["rm", "redis"]).output().into_diagnostic()?;
    is_one_error(&gone, 2, &["no image redis was pulled", "there are alpine:3.20"])?;
    done(&user.lab("images")?.args(["rm", "alpine:3.20"]).output().into_diagnostic()?)?;
    ensure!(user.there().is_empty(), "{:?}", user.there());
    let none = done(&user.lab("images")?.output().into_diagnostic()?)?;
    ensure!(none.contains("no image was pulled"), "{none}");
    Ok(())
}

//! Labs serve what was pulled, in the place of stand-ins or beside them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lab::Kind;
use lab_test::{ensure, generation};
use miette::{IntoDiagnostic, Result, miette};
use rstest::rstest;
use serde_json::{Value, json};

use crate::attached::Session;
use crate::mishaps::{is_one_error, own_cache};
use crate::published::{ANOTHER, Fault, Form, Image, OURS, archive, digest};
use crate::pulling::{User, done};

/// Images that have in common with stand-ins what they are called, and nothing else.
fn published(user: &User) -> Result<String> {
    let alpine = Image::new(Form::Oci, "published-3.20", OURS)?.in_an_index(&[ANOTHER, OURS]);
    let top = digest(alpine.top());
    user.registry.put("library/alpine:3.20", alpine);
    for (name, says) in [
        ("library/alpine:latest", "published-latest"),
        ("quay.io/me/thing:2", "published-thing"),
        ("registry.example.net/team/tool:1", "published-tool"),
    ] {
        user.registry.put(name, Image::new(Form::Docker, says, OURS)?);
    }
    let names = ["alpine:3.20", "alpine", "quay.io/me/thing:2", "registry.example.net/team/tool:1"];
    done(&user.pull(&names)?)?;
    let saved = user.home.path().join("saved.tar");
    let image = Image::new(Form::Docker, "published-archive", OURS)?;
    fs::write(&saved, image.docker_archive(&["me/saved:1"])?).into_diagnostic()?;
    done(&user.pull(&[&format!("docker-archive:{}", saved.display())])?)?;
    Ok(top)
}

/// Runs each image by each engine at two levels; prints what says something else than expected.
const EVERY_LEVEL: &str = r#"
says() { words=$1; shift; said=$("$@" 2>&1); [ "$said" = "$words" ] || echo "$*: $said"; }
docker run --detach --privileged --name inner docker:dind > /dev/null
podman run --detach --privileged --device /dev/fuse --name inner quay.io/podman/stable sleep infinity > /dev/null
until docker exec inner docker version > /dev/null 2>&1; do sleep 0.2; done
for engine in docker podman "docker exec inner docker" "podman exec inner podman"; do
    says "published-3.20: true" $engine run --rm --quiet alpine:3.20 true
    says "published-3.20: true" $engine run --rm --quiet "alpine@$TOP" true
    says "published-latest: true" $engine run --rm --quiet alpine true
    says "published-archive: true" $engine run --rm --quiet me/saved:1 true
    says "published-thing: true" $engine run --rm --quiet quay.io/me/thing:2 true
done
for engine in docker podman; do
    says "published-tool: true" $engine run --rm --quiet registry.example.net/team/tool:1 true
    says "a stand-in" $engine run --rm --quiet alpine:3.19 echo "a stand-in"
done
echo tried
"#;

fn in_lab(user: &User, flags: &[&str], script: &str) -> Result<Command> {
    let mut lab = user.lab("exec")?;
    // Nothing of the machine is shown from there.
    lab.args(flags).args(["--", "sh", "-c", script]).current_dir("/");
    Ok(lab)
}

#[lab_test::test]
fn what_was_pulled_is_served_at_every_level() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    let top = published(&user)?;
    let script = EVERY_LEVEL.replace("$TOP", &top);
    let output = in_lab(&user, &[], &script)?.output().into_diagnostic()?;
    let all = done(&output)?;
    ensure!(output.stdout == b"tried\n", "{all}");
    Ok(())
}

#[lab_test::test]
fn one_says_which_images_a_lab_is_to_have() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    let none = in_lab(&user, &["--images", "pulled"], "true")?.output().into_diagnostic()?;
    is_one_error(&none, 2, &["there are no images but stand-ins", "lab pull"])?;
    published(&user)?;
    let script = "docker run --rm alpine:3.20 echo plain";
    let said = in_lab(&user, &["--images", "stand-ins"], script)?.stderr(Stdio::null()).output();
    let said = done(&said.into_diagnostic()?)?;
    ensure!(said == "plain\n", "{said}");
    let script = "docker run --rm alpine true; docker run --rm redis true; echo $?";
    let said = in_lab(&user, &["--images", "pulled"], script)?.output().into_diagnostic()?;
    let said = done(&said)?;
    for words in [
        "published-latest: true\n",
        "it serves alpine:3.20, alpine:latest, me/saved:1, quay.io/",
        "125\n",
    ] {
        ensure!(said.contains(words), "{words} in {said}");
    }
    Ok(())
}

#[lab_test::test]
fn what_a_lab_serves_is_not_removed() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    published(&user)?;
    let mut lab =
        in_lab(&user, &["--name", "holds"], "echo up; read go; docker run --rm alpine:3.20 true")?;
    let lab = lab.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut lab = lab.into_diagnostic()?;
    let mut said = BufReader::new(lab.stdout.take().ok_or_else(|| miette!("no output"))?);
    let mut line = String::new();
    said.read_line(&mut line).into_diagnostic()?;
    ensure!(line == "up\n", "{line}");

    let images = |args: &[&str]| user.lab("images")?.args(args).output().into_diagnostic();
    let listed = done(&images(&[])?)?;
    ensure!(listed.lines().filter(|line| line.contains(" holds ")).count() == 5, "{listed}");
    let refused = images(&["rm", "alpine:3.20"])?;
    is_one_error(&refused, 1, &["alpine:3.20 is in use", "lab holds serves it"])?;
    // A tag that moves meanwhile takes nothing from it either.
    user.registry.put("library/alpine:3.20", Image::new(Form::Oci, "moved", OURS)?);
    done(&user.pull(&["alpine:3.20"])?)?;
    let listed = done(&images(&[])?)?;
    ensure!(listed.lines().filter(|line| line.contains(" holds ")).count() == 4, "{listed}");

    let mut keyboard = lab.stdin.take().ok_or_else(|| miette!("no input"))?;
    writeln!(keyboard, "go").into_diagnostic()?;
    line.clear();
    said.read_line(&mut line).into_diagnostic()?;
    ensure!(line == "published-3.20: true\n", "{line}");
    lab.wait().into_diagnostic()?;
    done(&images(&["rm", "alpine:3.20", "alpine"])?)?;
    let listed = done(&images(&[])?)?;
    ensure!(!listed.contains("alpine"), "{listed}");
    Ok(())
}

/// A damaged one is named and not served; the stand-in is.
#[lab_test::test]
fn a_damaged_image_is_not_served() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    user.registry.put("library/alpine:3.20", Image::new(Form::Docker, "published", OURS)?);
    done(&user.pull(&["alpine:3.20"])?)?;
    let pulled = user.cache.0.path().join("matryoshka/pulled");
    let find = Command::new("find").arg(&pulled).args(["-name", "data", "-size", "+1000"]).output();
    let layer = String::from_utf8_lossy(&find.into_diagnostic()?.stdout).trim().to_owned();
    let mut bytes = fs::read(&layer).into_diagnostic()?;
    bytes[1_000_000] ^= 1;
    fs::write(&layer, bytes).into_diagnostic()?;
    let lab = || in_lab(&user, &[], "docker run --rm alpine:3.20 echo which");
    let said = done(&lab()?.output().into_diagnostic()?)?;
    ensure!(said.contains("alpine:3.20 is not served") && said.contains("which\n"), "{said}");
    ensure!(!said.contains("published"), "{said}");
    done(&user.pull(&["alpine:3.20"])?)?;
    let said = done(&lab()?.output().into_diagnostic()?)?;
    ensure!(said.contains("published: echo which\n"), "{said}");
    Ok(())
}

/// What is written into a record reaches no path but its own and no engine's configuration.
#[rstest]
#[case::a_path_for_a_key(r#""key": ""#, r#""key": "../../../victim/"#)]
#[case::a_name_that_is_none(
    r#""registry": "docker.io"#,
    r#""registry": "evil.example\n10.99.0.1 x"#
)]
#[case::another_name(r#""tag": "3.20"#, r#""tag": "3.21"#)]
#[lab_test::test]
fn a_record_that_somebody_changed_is_none(#[case] from: &str, #[case] to: &str) -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    user.registry.put("library/alpine:3.20", Image::new(Form::Docker, "published", OURS)?);
    done(&user.pull(&["alpine:3.20"])?)?;
    let cache = user.cache.0.path();
    let victim = cache.join("victim");
    fs::create_dir(&victim).into_diagnostic()?;
    let entries = fs::read_dir(cache.join("matryoshka/pulled")).into_diagnostic()?.flatten();
    let records = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("name-"));
    let record = records.last().ok_or_else(|| miette!("no record"))?.path();
    let text = fs::read_to_string(&record).into_diagnostic()?;
    ensure!(text.contains(from), "{from} in {text}");
    fs::write(&record, text.replace(from, to)).into_diagnostic()?;
    for name in ["alpine:3.20", "alpine:3.21"] {
        let removed = user.lab("images")?.args(["rm", name]).output().into_diagnostic()?;
        ensure!(removed.status.code() == Some(2), "{}", done(&removed).unwrap_or_default());
    }
    ensure!(victim.exists(), "it followed the record");
    let said = in_lab(&user, &[], "docker run --rm alpine:3.20 echo which")?.output();
    let said = done(&said.into_diagnostic()?)?;
    ensure!(said.contains("the cache is damaged") && said.contains("which\n"), "{said}");
    ensure!(!said.contains("published: "), "{said}");
    Ok(())
}

/// The layers of a stand-in, as this machine's labs have them.
fn layers_of(repository: &str, tag: &str) -> Result<Vec<Vec<u8>>> {
    let groups = sandbox::cgroup_tree().is_some();
    let base = lab::Bundle::get(generation()?)?.images(groups)?.join("docker/registry/v2");
    let read = |path: PathBuf| fs::read(base.join(path)).into_diagnostic();
    let blob = |digest: &str| {
        let hex = digest.trim().trim_start_matches("sha256:").to_owned();
        read(Path::new("blobs/sha256").join(&hex[..2]).join(&hex).join("data"))
    };
    let link = format!("repositories/{repository}/_manifests/tags/{tag}/current/link");
    let manifest = blob(&String::from_utf8_lossy(&read(link.into())?))?;
    let manifest: Value = serde_json::from_slice(&manifest).into_diagnostic()?;
    let layers = manifest["layers"].as_array().into_iter().flatten();
    layers.map(|layer| blob(layer["digest"].as_str().unwrap_or_default())).collect()
}

/// The stand-in's entry point without what it has for labs, and with what the published one has besides.
fn entry_point() -> String {
    let own = include_str!("../../src/images/dockerd-entrypoint.sh");
    let socket = "--host=unix:///var/run/docker.sock";
    let own = own.replace(socket, &format!("{socket} --host=tcp://127.0.0.1:2375 --tls=false"));
    let (start, _) = own.split_once("# Not as the published image").unwrap_or((&own, ""));
    format!("{start}\nexec docker-init -- \"$@\"\n")
}

/// Engines in images that know nothing of labs: other entry points, no word of a registry.
#[lab_test::test]
#[needs(lab(Kind::User))]
#[needs(device("/dev/fuse"))]
fn engines_nest_in_published_images() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    user.registry.put("library/alpine:latest", Image::new(Form::Docker, "published", OURS)?);
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let mut docker = layers_of("library/docker", "dind")?;
    docker.push(archive(&[
        ("usr/local/bin/published-entrypoint.sh", entry_point().into_bytes()),
        ("etc/docker/.wh.daemon.json", Vec::new()),
        ("etc/docker/.wh.away.env", Vec::new()),
        ("etc/docker/.wh.registries.hosts", Vec::new()),
    ])?);
    let config = json!({
        "Entrypoint": ["published-entrypoint.sh"],
        "Env": [path, "DOCKER_TLS_CERTDIR=/certs"],
        "Volumes": { "/var/lib/docker": {} },
    });
    user.registry.put("library/docker:dind", Image::of(Form::Docker, OURS, docker, &config));
    let mut podman = layers_of("quay.io/podman/stable", "latest")?;
    let registries =
        b"unqualified-search-registries = [\"registry.fedoraproject.org\", \"docker.io\"]\n";
    podman.push(archive(&[("etc/containers/registries.conf", registries.to_vec())])?);
    let config = json!({
        "Env": [path, "_CONTAINERS_USERNS_CONFIGURED="],
        "Volumes": { "/var/lib/containers": {} },
    });
    user.registry.put("quay.io/podman/stable:latest", Image::of(Form::Oci, OURS, podman, &config));
    done(&user.pull(&["alpine", "docker:dind", "quay.io/podman/stable"])?)?;
    let mut up = user.lab("bring-up")?;
    let said = done(&up.args(["--images", "pulled"]).output().into_diagnostic()?)?;
    ensure!(said.contains("\"podman_3_ms\":"), "{said}");
    Ok(())
}

/// On a terminal it is asked, with what it costs; elsewhere, or where that was said, it is done.
#[lab_test::test]
fn cleaning_asks_on_a_terminal() -> Result<()> {
    let user = User::new(Fault::Nothing)?;
    user.registry.put("library/alpine:3.20", Image::new(Form::Docker, "published", OURS)?);
    done(&user.pull(&["alpine:3.20"])?)?;
    // Not the user's, in which folders are links to the machine's.
    let cache = own_cache()?;
    let own = cache.path().join("matryoshka");
    let made = || -> std::io::Result<()> {
        let package = |name: &str, size: u64| json!({ "name": name, "version": "1", "size": size, "sha256": name, "path": name });
        for (bundle, packages) in [
            ("sealed-a", vec![package("both", 100_000_000), package("one", 20_000_000)]),
            ("sealed-b", vec![package("both", 100_000_000)]),
        ] {
            let folder = own.join("bundles").join(bundle);
            fs::create_dir_all(&folder)?;
            let record = json!({ "packages": packages, "pinned": true });
            fs::write(folder.join("bundle.json"), record.to_string())?;
        }
        Ok(())
    };
    made().into_diagnostic()?;
    let pulled = user.cache.0.path().join("matryoshka/pulled");
    let copied = Command::new("cp").arg("--archive").args([&pulled, &own]).status();
    ensure!(copied.into_diagnostic()?.success(), "it can't be copied");
    let clean = format!(
        "export XDG_CACHE_HOME={}; stty -echo; {} clean; echo code $?; {} clean --yes",
        cache.path().display(),
        env!("CARGO_BIN_EXE_lab"),
        env!("CARGO_BIN_EXE_lab"),
    );
    let mut terminal = Session::start(&clean)?;
    terminal.expect("remove it? [y/N]")?;
    terminal.enter("n\n")?;
    terminal.expect("code 1")?;
    terminal.expect("pulled images among it: alpine:3.20")?;
    let screen = terminal.screen().split_whitespace().collect::<Vec<_>>().join(" ");
    for words in
        ["fetching again takes about 120 MB of packages and", "(alpine:3.20)", "nothing is removed"]
    {
        ensure!(screen.contains(words), "{words} in {screen}");
    }
    ensure!(screen.matches("remove it?").count() == 1, "{screen}");
    ensure!(!own.join("pulled").exists() && !own.join("bundles").exists(), "{screen}");
    Ok(())
}

//! Runs on a machine's own engines leave these as they were, however they end.
//!
//! The machine is a lab of kind `root`, whose Docker and Podman are Debian's, started as a machine has
//! them: see [`OwnEngines`].

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::ExitCode;

use lab::{Kind, Output};
use lab_test::{OwnEngines, Who, ensure};
use miette::{IntoDiagnostic, Result};
use rstest::rstest;

const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

fn main() -> ExitCode {
    // Each has a machine to itself.
    lab_test::run(2, |_, _| {})
}

/// A machine on which some things are, of which none is a run's that could be taken away: decoys have a
/// run's name without its label, or the label of a run whose owner lives.
fn machine(who: Who) -> Result<OwnEngines> {
    let machine = OwnEngines::start(FOLDER, &[env!("CARGO_BIN_EXE_startup")])?;
    let engines = if who == Who::User { "podman" } else { "docker podman" };
    machine.good(who, &format!("set -e; engines='{engines}'; {DECOYS}"))?;
    Ok(machine)
}

const DECOYS: &str = r"
living=$(awk '{print $22}' /proc/1/stat)
boot=$(cat /proc/sys/kernel/random/boot_id)
space=$(readlink /proc/self/ns/pid)
owned=
for label in run=hdec0decc owner=1@$living boot=$boot space=$space; do
    owned=$owned' --label=matryoshka.'$label
done
for engine in $engines; do
    $engine pull --quiet alpine > /dev/null
    $engine tag alpine matryoshka-h00000000-decoy:latest
    $engine run --detach --name matryoshka-h00000000-decoy alpine sleep infinity > /dev/null
    $engine create --name old $owned alpine true > /dev/null
    $engine run --detach --name of-another-run $owned alpine sleep infinity > /dev/null
    $engine run --detach --name with-a-foreign-label --label run=hdec0decc alpine sleep infinity > /dev/null
    $engine volume create matryoshka-h00000000-pulled-0 > /dev/null
    $engine volume create $owned --label=matryoshka.pulled=alpine of-another-run > /dev/null
    $engine network create matryoshka-h00000000-network > /dev/null
    $engine network create $owned of-another-run > /dev/null
done
";

/// Runs it to its end with these flags; `$?` and what it said.
fn run(machine: &OwnEngines, who: Who, before: &str, flags: &str) -> Result<Output> {
    machine.run(who, &format!("{before} $PLACE/startup --engines host --out ~/run {flags}"))
}

/// The beginning of a script that has started it and waits until it measures.
const MEASURING: &str = r#"
rows() { cat ~/run/samples.csv 2> /dev/null | wc -l; }
$PLACE/startup --engines host --out ~/run $flags > ~/said 2>&1 &
run=$!
tries=0
until [ "$(rows)" -gt 4 ]; do
    tries=$((tries + 1))
    if [ $tries -gt 3000 ] || ! kill -0 $run; then cat ~/said >&2; exit 9; fi
    sleep 0.1
done
for process in /proc/[0-9]*; do
    tr '\0' ' ' < $process/cmdline 2> /dev/null | grep -q ' reap h' && reaper=${process#/proc/}
done
"#;

/// And its end: what was started has ended, and so has who clears up.
const ENDED: &str = r#"
wait $run
code=$?
cat ~/said >&2
tries=0
while [ -n "$reaper" ] && kill -0 $reaper 2> /dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 3000 ] || exit 8
    sleep 0.1
done
exit $code
"#;

/// Nothing is more or less than before, or other.
fn is_as_before(machine: &OwnEngines, who: Who, before: &str, said: &Output) -> Result<()> {
    let after = machine.lists(who)?;
    let lines = |of: &str, not: &str| -> Vec<String> {
        of.lines()
            .filter(|line| !not.lines().any(|other| other == *line))
            .map(String::from)
            .collect()
    };
    let (more, less) = (lines(&after, before), lines(before, &after));
    ensure!(after == before, "more: {more:#?}\nless: {less:#?}\n{}", said.stderr);
    let folders = machine.good(who, "ls ~/.cache/matryoshka/machine")?;
    ensure!(folders.trim().is_empty(), "{folders}");
    Ok(())
}

/// The arms of Docker, nested Docker, a mounted socket, Podman and nested Podman.
const ALL: &str = "--arms=bare,docker,dind,dind-inside,dood,dood-inside,podman,podman-nested";
const PODMANS: &str = "--arms=bare,podman,podman-nested,podman-nested-inside,podman-none";

#[rstest]
#[case::of_root(Who::Root, ALL, 8)]
#[needs(patience(25))]
#[case::of_an_ordinary_user(Who::User, PODMANS, 5)]
#[needs(patience(25))]
#[case::of_who_may_use_the_socket(Who::Member, ALL, 8)]
#[lab_test::test]
#[needs(lab(Kind::Root))]
fn a_run_leaves_the_engines_as_they_were(
    #[case] who: Who,
    #[case] arms: &str,
    #[case] samples: usize,
) -> Result<()> {
    let machine = machine(who)?;
    let before = machine.lists(who)?;
    let output = run(&machine, who, "", &format!("--verify {arms}"))?;
    ensure!(output.success(), "{} {}", output.stdout, output.stderr);
    is_as_before(&machine, who, &before, &output)?;
    let rows = machine.good(who, "cat ~/run/samples.csv")?;
    ensure!(rows.lines().count() == samples + 1, "{rows}");
    // What was to be made was said before.
    for words in
        ["run h", "the image quay.io/podman/stable, which is not there", "matryoshka.run=h"]
    {
        ensure!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
    let manifest = machine.good(who, "cat ~/run/manifest.json")?;
    let record: serde_json::Value = serde_json::from_str(&manifest).into_diagnostic()?;
    let session = &record["sessions"][0];
    ensure!(session["engines"] == "host" && session["lab"].is_null(), "{manifest}");
    let images = session["host"]["images"].as_array().cloned().unwrap_or_default();
    let pulled = |name: &str| images.iter().find(|image| image["name"] == name).cloned();
    let alpine = pulled("alpine").unwrap_or_default();
    ensure!(alpine["pulled"] == false && alpine["digests"][0].is_string(), "{images:?}");
    let podman = pulled("quay.io/podman/stable").unwrap_or_default();
    ensure!(podman["pulled"] == true, "{images:?}");
    Ok(())
}

/// Nobody is asked: the run is killed, or ends by a signal, or because of what it needs.
#[rstest]
#[case::kill_9(Who::Root, ALL, "kill -9 $run", 137)]
#[needs(patience(25))]
#[case::kill_9_of_an_ordinary_user(Who::User, PODMANS, "kill -9 $run", 137)]
#[needs(patience(25))]
#[case::sigterm_of_who_may_use_the_socket(Who::Member, ALL, "kill -TERM $run", 1)]
#[needs(patience(25))]
#[case::ctrl_c(Who::Root, ALL, "kill -INT $run", 1)]
#[needs(patience(25))]
#[case::its_container_dies(
    Who::Root,
    ALL,
    "docker kill $(docker ps -q --filter name=-docker- --filter label=matryoshka.run) > /dev/null",
    1
)]
#[lab_test::test]
#[needs(lab(Kind::Root))]
fn a_run_that_is_cut_off_leaves_them_too(
    #[case] who: Who,
    #[case] arms: &str,
    #[case] ends: &str,
    #[case] code: i32,
) -> Result<()> {
    let machine = machine(who)?;
    let before = machine.lists(who)?;
    // A terminal's Ctrl-C is not for commands in the background of a shell without job control.
    let script = format!("flags='--blocks 500 {arms}'; {MEASURING} {ends}; {ENDED}");
    let output = machine.run(who, &script)?;
    ensure!(output.code == code, "{} {}", output.code, output.stderr);
    is_as_before(&machine, who, &before, &output)
}

/// An image that is there by its digest only, and is the one that is pulled: it stays.
#[lab_test::test]
#[needs(lab(Kind::Root))]
#[needs(patience(10))]
fn an_image_that_was_there_without_its_name_stays() -> Result<()> {
    let machine = OwnEngines::start(FOLDER, &[env!("CARGO_BIN_EXE_startup")])?;
    let nameless = "set -e
        docker pull --quiet alpine > /dev/null
        digest=$(docker image inspect --format '{{index .RepoDigests 0}}' alpine)
        docker image rm alpine > /dev/null
        docker pull --quiet $digest > /dev/null
        docker images --quiet --no-trunc";
    let before = machine.good(Who::Root, nameless)?;
    let output = run(&machine, Who::Root, "", "--verify --arms=docker")?;
    ensure!(output.success(), "{} {}", output.stdout, output.stderr);
    let after = machine.good(Who::Root, "docker images --quiet --no-trunc; docker volume ls -q")?;
    ensure!(after == before && !before.is_empty(), "{before} {after}");
    ensure!(output.stderr.contains("was there without that name"), "{}", output.stderr);
    Ok(())
}

/// Whoever clears up is killed, too: the next run does it.
#[rstest]
#[case::of_root(Who::Root, ALL, "--arms=bare,podman")]
#[case::of_an_ordinary_user(Who::User, PODMANS, "--arms=bare")]
#[lab_test::test]
#[needs(lab(Kind::Root))]
#[needs(patience(35))]
fn what_a_killed_reaper_has_left_goes_with_the_next_run(
    #[case] who: Who,
    #[case] arms: &str,
    #[case] next: &str,
) -> Result<()> {
    let machine = machine(who)?;
    let before = machine.lists(who)?;
    let killed = "kill -STOP $reaper; kill -9 $run; kill -9 $reaper";
    let script = format!("flags='--blocks 500 {arms}'; {MEASURING} {killed}; {ENDED}");
    let output = machine.run(who, &script)?;
    ensure!(output.code == 137, "{} {}", output.code, output.stderr);
    // And it is seen: the other tests rest on that.
    let left = machine.lists(who)?;
    ensure!(left != before, "nothing is left: {}", output.stderr);
    let output = run(&machine, who, "rm -r ~/run;", &format!("--verify {next}"))?;
    ensure!(output.success(), "{} {}", output.stdout, output.stderr);
    ensure!(output.stderr.contains("has died: what it has left is removed"), "{}", output.stderr);
    is_as_before(&machine, who, &before, &output)
}

/// Labels go from a container to the image that is committed from it, and on to whatever is made of that.
#[lab_test::test]
#[needs(lab(Kind::Root))]
#[needs(patience(15))]
fn what_is_made_of_a_committed_image_stays() -> Result<()> {
    let machine = OwnEngines::start(FOLDER, &[env!("CARGO_BIN_EXE_startup")])?;
    let made = r"set -e
        dead='--label=matryoshka.run=h0000dead --label=matryoshka.owner=999999999@1'
        dead=$dead' --label=matryoshka.boot='$(cat /proc/sys/kernel/random/boot_id)
        dead=$dead' --label=matryoshka.space='$(readlink /proc/self/ns/pid)
        for engine in docker podman; do
            $engine pull --quiet alpine
            $engine create --name dead $dead alpine true
            $engine commit dead localhost/mine:1
            $engine run --detach --name mine --volume precious:/precious localhost/mine:1 sleep infinity
        done > /dev/null 2>&1";
    machine.good(Who::Root, made)?;
    let output = run(&machine, Who::Root, "", "--verify --arms=bare")?;
    ensure!(output.success(), "{} {}", output.stdout, output.stderr);
    for engine in ["docker", "podman"] {
        let names = "ps --all --format '{{.Names}} {{.State}}'";
        let left = machine.good(Who::Root, &format!("{engine} {names}; {engine} volume ls -q"))?;
        ensure!(left == "mine running\nprecious\n", "{engine}: {left}\n{}", output.stderr);
    }
    Ok(())
}

/// A mounted socket needs the client's image only.
#[lab_test::test]
#[needs(lab(Kind::Root))]
#[needs(patience(10))]
fn a_mounted_socket_alone_is_measured() -> Result<()> {
    let machine = OwnEngines::start(FOLDER, &[env!("CARGO_BIN_EXE_startup")])?;
    let output = run(&machine, Who::Root, "", "--verify --arms=dood,dood-inside")?;
    ensure!(output.success(), "{} {}", output.stdout, output.stderr);
    let images = machine.good(Who::Root, "docker images --format '{{.Repository}}:{{.Tag}}'")?;
    ensure!(!images.contains("docker:"), "{images}");
    Ok(())
}

/// A daemon that sees no file of the machine: in a container, by TCP and by a context's socket.
#[rstest]
#[case::by_tcp("--host=tcp://0.0.0.0:2375 --tls=false", "DOCKER_HOST=tcp://127.0.0.1:2375")]
#[case::by_a_context("--host=unix:///run/far/docker.sock", "DOCKER_CONTEXT=far")]
#[lab_test::test]
#[needs(lab(Kind::Root))]
#[needs(patience(25))]
fn a_daemon_elsewhere_gets_a_copy_of_the_probe(
    #[case] listens: &str,
    #[case] reach: &str,
) -> Result<()> {
    let machine = machine(Who::Root)?;
    machine.good(
        Who::Root,
        &format!(
            "mkdir -p /run/far
             docker run --detach --name far --privileged --publish 127.0.0.1:2375:2375 \
                 --volume /run/far:/run/far docker:dind {listens} > /dev/null
             docker context create far --docker host=unix:///run/far/docker.sock > /dev/null
             export {reach}
             tries=0
             until docker version > /dev/null 2>&1; do
                 tries=$((tries + 1)); [ $tries -lt 600 ] || exit 9; sleep 0.1
             done
             docker pull --quiet alpine"
        ),
    )?;
    let flags = "--verify --arms=bare,docker,dind,dind-inside";
    let listed = format!("export {reach}; docker ps --all --quiet; docker volume ls -q");
    let output = run(&machine, Who::Root, &format!("export {reach};"), flags)?;
    ensure!(output.success(), "{} {}", output.stdout, output.stderr);
    let manifest = machine.good(Who::Root, "cat ~/run/manifest.json")?;
    ensure!(manifest.contains("\"probe\": \"copied\""), "{manifest}");
    let left = machine.good(Who::Root, &listed)?;
    ensure!(left.trim().is_empty(), "{left}");
    Ok(())
}

/// One error each, of whom, what is done before, the flags, and words of what, why and what to do.
const LACKS: &[(Who, &str, &str, &[&str])] = &[
    (
        Who::Root,
        "mkdir -p ~/none; PATH=~/none",
        "",
        &["this machine has no engines of its own", "apt install docker.io, or podman"],
    ),
    (
        Who::User,
        "",
        "--arms=docker",
        &["this machine's Docker may not be used", "usermod -aG docker"],
    ),
    (
        Who::Root,
        "DOCKER_HOST=unix:///nowhere.sock",
        "--arms=docker",
        &["this machine's Docker does not answer", "systemctl start docker"],
    ),
    (
        Who::Root,
        "mkdir -p ~/bin; ln -s $(command -v podman) ~/bin/docker; PATH=~/bin:$PATH",
        "--arms=docker",
        &["Docker is not available on this machine", "speaks to Podman"],
    ),
    (
        Who::Root,
        "",
        "--arms=podman-matched-inside",
        &["`podman-matched-inside` is not available on the machine's own engines", "a lab has"],
    ),
    (
        Who::User,
        "",
        "--arms=podman-cold",
        &["`podman-cold` is not available on the machine's own engines", "no common network"],
    ),
    (
        Who::Root,
        "DOCKER_HOST=unix:///run/mapped/sock
         mkdir -p /run/mapped
         { dockerd --host=$DOCKER_HOST --userns-remap=me --bridge=none --iptables=false \
             --data-root=/var/lib/mapped --exec-root=/run/mapped/exec --pidfile=/run/mapped/pid \
             > /run/mapped/log 2>&1 < /dev/null & }
         tries=0
         until docker --host=$DOCKER_HOST version > /dev/null 2>&1; do
             tries=$((tries + 1))
             if [ $tries -gt 600 ]; then tail -3 /run/mapped/log >&2; exit 9; fi
             sleep 0.1
         done",
        "--arms=dind",
        &["`dind` is not available on the machine's own engines", "starts no privileged container"],
    ),
    (
        Who::Root,
        // The registry that has the images can't be reached.
        "ip address del 10.99.0.1/32 dev lo",
        "--arms=docker",
        &["the machine's Docker has no image alpine", "can't be pulled", "docker pull alpine"],
    ),
];

#[lab_test::test]
#[needs(lab(Kind::Root))]
fn what_the_machine_lacks_is_said() -> Result<()> {
    let machine = OwnEngines::start(FOLDER, &[env!("CARGO_BIN_EXE_startup")])?;
    for (who, before, flags, words) in LACKS {
        let before = match *before {
            "" => String::new(),
            some if some.contains('=') => format!("{some}; export PATH DOCKER_HOST;"),
            some => format!("{some};"),
        };
        let output =
            run(&machine, *who, &format!("rm -rf ~/run; {before}"), &format!("--verify {flags}"))?;
        ensure!(output.code == 77, "{flags}: {} {}", output.code, output.stderr);
        for words in *words {
            ensure!(output.stderr.contains(words), "{words}: {}", output.stderr);
        }
    }
    Ok(())
}

/// A daemon whose API is older than what is needed: a server that says so to Docker's real client.
#[lab_test::test]
#[needs(lab(Kind::Root))]
#[needs(patience(10))]
fn a_daemon_that_is_too_old_is_refused() -> Result<()> {
    let machine = OwnEngines::start(FOLDER, &[env!("CARGO_BIN_EXE_startup")])?;
    let socket = machine.place().join("old.sock");
    let listener = UnixListener::bind(&socket).into_diagnostic()?;
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(&socket, open).into_diagnostic()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines().map_while(std::result::Result::ok);
            let asked = lines.next().unwrap_or_default();
            let _ = lines.find(String::is_empty);
            let answer = if asked.contains("/version") {
                r#"{"Version":"19.03.1","ApiVersion":"1.40","MinAPIVersion":"1.12","Os":"linux"}"#
            } else {
                "OK"
            };
            let length = answer.len();
            let head = "HTTP/1.1 200 OK\r\nApi-Version: 1.40\r\nConnection: close";
            let _ = write!(&stream, "{head}\r\nContent-Length: {length}\r\n\r\n{answer}");
        }
    });
    let before = "export DOCKER_HOST=unix://$PLACE/old.sock;";
    let output = run(&machine, Who::Root, before, "--verify --arms=docker")?;
    ensure!(output.code == 77, "{} {}", output.code, output.stderr);
    for words in ["this machine's Docker is too old", "an API of 1.40, and 1.41 is needed"] {
        ensure!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
    Ok(())
}

/// Without a wish for arms, those that can't be had are left out, with the reason.
#[lab_test::test]
#[needs(lab(Kind::Root))]
#[needs(patience(20))]
fn what_can_not_be_had_is_left_out() -> Result<()> {
    let machine = machine(Who::User)?;
    let output = run(&machine, Who::User, "", "--verify")?;
    ensure!(output.success(), "{} {}", output.stdout, output.stderr);
    for words in ["left out: docker, ", "permission denied", "no common network", "a lab has"] {
        ensure!(output.stderr.contains(words), "{words}: {}", output.stderr);
    }
    let rows = machine.good(Who::User, "cut -d, -f5 ~/run/samples.csv | sort -u | tr '\\n' ' '")?;
    ensure!(!rows.contains("docker") && !rows.contains("cold"), "{rows}");
    let manifest = machine.good(Who::User, "cat ~/run/manifest.json")?;
    ensure!(manifest.contains("\"left_out\""), "{manifest}");
    Ok(())
}

//! In which state the networks of nests are, and what a lab says of what it takes.

use std::fs;
use std::path::Path;

use lab::{Engine, Layer, Level};
use lab_test::ensure;
use miette::{IntoDiagnostic, Result};

use crate::lab;

const DOCKER: &[Layer] = &[Layer::own(Engine::Docker)];
const DIND: &[Layer] = &[Layer::own(Engine::Docker), Layer::own(Engine::Docker)];
const DOOD: &[Layer] = &[Layer::own(Engine::Docker), Layer::mounted_socket()];
const PODMAN: &[Layer] = &[Layer::own(Engine::Podman)];
const NESTED: &[Layer] = &[
    Layer::own(Engine::Podman),
    Layer::own(Engine::Podman).like_outer(&["containers/containers.conf"]),
];

/// The names of the interfaces of a bridge, or `None` where there is no such bridge.
fn on_bridge(level: &Level, bridge: &str) -> Result<Option<usize>> {
    let script = "test -d /sys/class/net/$0 || exit 7; ls /sys/class/net/$0/brif | wc -l";
    let counted = level.run(&["sh", "-c", script, bridge])?;
    if counted.code == 7 {
        return Ok(None);
    }
    Ok(Some(counted.stdout.trim().parse().into_diagnostic()?))
}

#[lab_test::test]
#[needs(device("/dev/fuse"))]
fn one_container_stays_on_each_default_network_and_can_leave_it() -> Result<()> {
    let lab = lab()?;
    let nests = lab.nests([DOCKER, DIND, DOOD, PODMAN, NESTED])?;
    for (chain, bridge, empty) in [
        (DOCKER, "docker0", Some(0)),
        (DIND, "docker0", Some(0)),
        (PODMAN, "podman0", None),
        (NESTED, "podman0", None),
    ] {
        let nest = &nests[chain];
        let level = nest.innermost();
        ensure!(on_bridge(level, bridge)? == Some(1), "{bridge} of {} levels", chain.len());
        let without = nest.without_resident(|| on_bridge(level, bridge))??;
        ensure!(without == empty, "{bridge} of {} levels: {without:?}", chain.len());
        ensure!(on_bridge(level, bridge)? == Some(1), "it is back on {bridge}");
    }
    // Its engine is level 0's, and so is who stays there.
    let level = nests[DOCKER].innermost();
    let without = nests[DOOD].without_resident(|| on_bridge(level, "docker0"))??;
    ensure!(without == Some(0), "{without:?}");
    Ok(())
}

/// What reading a file takes from its disk, in bytes.
fn from_disk(file: &Path) -> Result<u64> {
    let fetched = || -> Result<u64> {
        let counts = fs::read_to_string("/proc/thread-self/io").into_diagnostic()?;
        let fetched = counts.lines().find_map(|line| line.strip_prefix("read_bytes: "));
        fetched.unwrap_or_default().parse().into_diagnostic()
    };
    let before = fetched()?;
    fs::read(file).into_diagnostic()?;
    Ok(fetched()? - before)
}

#[lab_test::test]
fn a_lab_says_what_it_takes_and_forgets_its_files() -> Result<()> {
    let lab = lab()?;
    let level = lab.level0();
    let before = lab.cpu_ns();
    level.output(&["sh", "-c", "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done"])?;
    if let (Some(before), Some(after)) = (before, lab.cpu_ns()) {
        ensure!(after - before > 20_000_000, "{} ns of a busy loop", after - before);
    } else {
        // Nobody counts it, and a record must not be taken for one of a lab with control groups.
        let sandbox = lab.describe()["sandbox"].clone();
        ensure!(sandbox == "rootless, no control groups", "{sandbox}");
    }

    let before = lab.memory_bytes()?;
    let holds = "x=$(head -c 32M /dev/zero | tr '\\0' x); sleep 1; echo ${#x}";
    let mut most = before;
    std::thread::scope(|scope| {
        let held = scope.spawn(|| level.output(&["bash", "-c", holds]));
        while !held.is_finished() {
            most = most.max(lab.memory_bytes().unwrap_or_default());
        }
        held.join().expect("no panic")
    })?;
    ensure!(most > before + (24 << 20), "{before}, then {most}");

    let file = "/var/tmp/some";
    level.output(&["sh", "-c", &format!("head -c 1M /dev/zero > {file} && sync {file}")])?;
    let on_machine = lab::status()?.cache.join("labs").join(lab.id()).join("var/tmp/some");
    let held = from_disk(&on_machine)?;
    ensure!(held == 0, "{held} bytes of what was just written");
    lab.evict_files()?;
    let fetched = from_disk(&on_machine)?;
    ensure!(fetched >= 1 << 20, "{fetched} bytes of what is on the disk alone");
    Ok(())
}

/// What an engine still does is waited for, and what stays is not for ever.
#[lab_test::test]
fn a_lab_comes_to_rest() -> Result<()> {
    let lab = lab()?;
    let level = lab.level0();
    lab.rest();
    let runs_after_rest = |seconds: &str| -> Result<bool> {
        let script = format!("setsid sleep {seconds} >/dev/null 2>&1 &");
        level.output(&["sh", "-c", &script])?;
        lab.rest();
        let found = level.run(&["pgrep", "--full", "--exact", &format!("sleep {seconds}")])?;
        Ok(found.success())
    };
    ensure!(!runs_after_rest("0.9")?, "it was not waited for");
    ensure!(runs_after_rest("1000")?, "it was waited for, or is gone");
    Ok(())
}

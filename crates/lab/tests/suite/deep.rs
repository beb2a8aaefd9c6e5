//! Nests of three levels and more.

use std::path::Path;

use lab::{Engine, Kind, Layer, Level, Nest};
use lab_test::ensure;
use miette::{IntoDiagnostic, Result};
use rstest::rstest;

use crate::{lab, shared_lab};

const DOCKER: Layer = Layer::own(Engine::Docker);
const PODMAN: Layer = Layer::own(Engine::Podman);
/// Podman as it is at level 0, whose containers have addresses of their own.
const MATCHED: Layer =
    PODMAN.like_outer(&["containers/containers.conf", "containers/storage.conf"]).on_own_network();

/// A container at level 3 runs, is in three containers by the kernel's word, and every engine has
/// the containers of its own level only.
#[rstest]
#[case::docker(&[DOCKER, DOCKER, DOCKER])]
#[needs(device("/dev/fuse"))]
#[case::podman(&[PODMAN, PODMAN, PODMAN])]
#[needs(patience(9))]
#[case::podman_as_at_level_0(&[PODMAN, MATCHED, MATCHED])]
#[needs(patience(9))]
#[case::docker_in_podman_in_docker(&[DOCKER, PODMAN, DOCKER])]
#[lab_test::test]
fn three_levels(#[case] chain: &[Layer]) -> Result<()> {
    let lab = lab()?;
    let nest = lab.nest(chain)?;
    ensure!(nest.levels().len() == 3, "{}", nest.levels().len());
    starts(&nest)?;
    let leaf = nest.leaf()?;
    ensure!(leaf.depth() == 3, "{}", leaf.depth());
    let deep = pid_namespaces(&lab.level0(), leaf.container())?;
    ensure!(deep == 1 + 3, "{deep} PID namespaces from the lab on");
    let mut all = Vec::new();
    for (level, layer) in nest.levels().iter().zip(nest.layers()) {
        let list = [layer.engine.program(), "ps", "--format", "{{.Names}}"];
        let names = level.output(&list)?;
        let names: Vec<String> = names.lines().map(str::to_owned).collect();
        ensure!(names.len() == 1, "{names:?} at level {}", level.depth());
        all.extend(names);
    }
    ensure!(all[2] == leaf.container(), "{all:?}");
    Ok(())
}

fn starts(nest: &Nest) -> Result<()> {
    let engine = nest.engine().program();
    let argv = [engine, "run", "--rm", "alpine", "echo", "ok"];
    let said = nest.innermost().output(&argv)?;
    ensure!(said == "ok\n", "{said}");
    Ok(())
}

/// How many PID namespaces the deepest process of the lab is in, counted from the lab's own.
fn pid_namespaces(lab: &Level, leaf: &str) -> Result<usize> {
    let mut most = 0;
    let root = lab.root().into_diagnostic()?;
    let proc = root.folder("proc").into_diagnostic()?;
    for process in proc.names(".").into_diagnostic()? {
        let status = proc.read_to_string(Path::new(&process).join("status"));
        let status = status.unwrap_or_default();
        let of = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
        most = most.max(of.map_or(0, |ids| ids.split_whitespace().count()));
    }
    ensure!(most > 0, "no process of {leaf} is seen");
    Ok(most)
}

/// One that can't be built is told, and goes without a trace.
#[lab_test::test]
fn a_level_that_refuses_leaves_the_others_as_they_were() -> Result<()> {
    let lab = shared_lab(Kind::here())?;
    let mut nest = lab.nest(&[DOCKER, DOCKER])?;
    let Err(report) = nest.push_level(DOCKER.unprivileged()) else {
        return Err(miette::miette!("a daemon without privilege works"));
    };
    let why = format!("{report:?}");
    ensure!(why.contains("ermission denied") || why.contains("not permitted"), "{why}");
    ensure!(nest.levels().len() == 2, "{}", nest.levels().len());
    let left = |level: &Level| level.output(&["docker", "ps", "--all", "--quiet"]);
    let left = left(nest.innermost())?;
    ensure!(left.is_empty(), "{left}");
    starts(&nest)?;
    nest.push_level(DOCKER)?;
    starts(&nest)
}

/// Beyond what a path to a socket can hold, and where hops would add up.
#[lab_test::test]
#[needs(patience(19))]
fn eight_levels_of_podman() -> Result<()> {
    let lab = shared_lab(Kind::here())?;
    let mut nest = lab.nest(&[PODMAN])?;
    for _ in 1..8 {
        nest.push_level(PODMAN)?;
    }
    starts(&nest)?;
    // What is around is not disturbed.
    let argv = ["podman", "run", "--rm", "alpine", "echo", "ok"];
    let said = nest.levels()[3].output(&argv)?;
    ensure!(said == "ok\n", "{said}");
    Ok(())
}

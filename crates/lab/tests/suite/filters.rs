//! Which system call filters are around a container of the lab.

use lab::{Engine, Kind, Level};
use lab_test::ensure;
use miette::Result;
use rstest::rstest;

use crate::shared_lab;

/// How many filters a process has that is started here (`Seccomp_filters` in
/// `proc_pid_status(5)`, since Linux 5.9).
fn filters(level: &Level) -> Result<u32> {
    let status = level.output(&["cat", "/proc/self/status"])?;
    let mut lines = status.lines();
    let count = lines.find_map(|line| line.strip_prefix("Seccomp_filters:"));
    count
        .and_then(|count| count.trim().parse().ok())
        .ok_or_else(|| miette::miette!("no count of filters in {status}"))
}

#[rstest]
#[case::docker(&[Engine::Docker])]
#[case::dind(&[Engine::Docker, Engine::Docker])]
#[case::podman(&[Engine::Podman])]
#[needs(device("/dev/fuse"))]
#[case::podman_nested(&[Engine::Podman, Engine::Podman])]
#[lab_test::test]
fn unconfined_leaf_lacks_the_engines_filter(#[case] chain: &[Engine]) -> Result<()> {
    let lab = shared_lab(Kind::here())?;
    let nest = lab.nest(chain)?;
    let around = filters(&lab.level0())?;
    let (plain, unconfined) = (nest.leaf()?, nest.unconfined_leaf()?);
    let (plain, unconfined) = (filters(&plain)?, filters(&unconfined)?);
    ensure!(plain == unconfined + 1, "{plain} and {unconfined}");
    // And no level in between has added one that stays.
    ensure!(unconfined == around, "{unconfined} and {around}");
    Ok(())
}

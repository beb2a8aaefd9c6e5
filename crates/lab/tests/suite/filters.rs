//! Which system call filters are around a container of the lab.

use lab::{Engine, Level};
use miette::Result;

use crate::{Test, ensure, lab, test};

/// Chains whose innermost engine starts the containers.
const PLACES: [(&str, &[Engine]); 4] = [
    ("docker", &[Engine::Docker]),
    ("dind", &[Engine::Docker, Engine::Docker]),
    ("podman", &[Engine::Podman]),
    ("podman_nested", &[Engine::Podman, Engine::Podman]),
];

pub(crate) fn tests() -> Vec<Test> {
    PLACES
        .iter()
        .map(|&(place, chain)| {
            test(
                format!("unconfined_leaf_lacks_the_engines_filter::{place}"),
                move || one_filter_less(chain),
            )
        })
        .collect()
}

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

fn one_filter_less(chain: &[Engine]) -> Result<()> {
    let lab = lab()?;
    let nest = lab.nest(chain)?;
    let around = filters(&lab.level0())?;
    let (plain, unconfined) = (nest.leaf()?, nest.unconfined_leaf()?);
    let (plain, unconfined) = (filters(&plain)?, filters(&unconfined)?);
    ensure!(plain == unconfined + 1, "{plain} and {unconfined}");
    // And no level in between has added one that stays.
    ensure!(unconfined == around, "{unconfined} and {around}");
    Ok(())
}

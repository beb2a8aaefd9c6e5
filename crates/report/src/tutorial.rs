//! The tutorial's own interface: `exp4_nested.csv` and `exp4_nested.png`.

use std::fmt::Write;
use std::path::Path;

use measure::{failure, usage, write_atomically};

use facts::Runs;
use facts::Unit;

/// Writes both files into `folder`, which is made if need be.
///
/// Fails (usage) for a run that is not of experiment 4.
pub(crate) fn write(folder: &Path, runs: &Runs, png: &[u8]) -> miette::Result<()> {
    if !runs.exp4 {
        return Err(usage(
            "the tutorial's files can't be made of this run",
            "they hold both startup and CPU, and this is a run of one experiment",
            "name a run of experiment 4, with its folders startup and cpu, or omit --tutorial",
        ));
    }
    std::fs::create_dir_all(folder).map_err(|error| {
        failure(
            format!("{} can't be made", folder.display()),
            error.to_string(),
            "name a folder that you may write with `--tutorial DIR`",
        )
    })?;
    write_atomically(&folder.join("exp4_nested.csv"), rows(runs).as_bytes())?;
    write_atomically(&folder.join("exp4_nested.png"), png)
}

/// The successful measured samples of the arms that stand for published methods.
fn rows(runs: &Runs) -> String {
    let mut csv = "method,metric,rep,value\n".to_owned();
    for part in &runs.records {
        for arm in part.manifest.arms.iter().filter(|arm| !arm.method.is_empty()) {
            let method = &arm.method;
            let metric = part.metric(&arm.metric);
            let column = metric.column();
            // To the microsecond.
            let decimals = if metric.unit == Unit::Seconds { 6 } else { 3 };
            let values = part.measured(&arm.name).filter_map(|row| row.wall_ns);
            for (rep, wall_ns) in (1..).zip(values) {
                let value = wall_ns as f64 / metric.unit.ns();
                let _ = writeln!(csv, "{method},{column},{rep},{value:.decimals$}");
            }
        }
    }
    csv
}

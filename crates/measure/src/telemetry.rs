//! What the machine was doing around each block: one row of `blocks.csv`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::manifest::utc_now;

pub(crate) const BLOCKS_FILE: &str = "blocks.csv";

pub(crate) const COLUMNS: [&str; 8] = [
    "session",
    "block",
    "warmup",
    "started",
    "load1",
    "psi_cpu_some_avg10_pct",
    "steal_ticks",
    "context_switches",
];

/// One row of `blocks.csv`. Load and pressure are those at the block's start; ticks and switches
/// were counted over the block. A file that the machine lacks gives an empty cell.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct BlockRow {
    pub(crate) session: u32,
    pub(crate) block: u32,
    pub(crate) warmup: bool,
    started: String,
    load1: Option<f64>,
    psi_cpu_some_avg10_pct: Option<f64>,
    steal_ticks: Option<u64>,
    context_switches: Option<u64>,
}

/// The kernel's counters.
pub(crate) struct Telemetry {
    proc: PathBuf,
}

/// What was read when a block began.
pub(crate) struct Before {
    started: String,
    load1: Option<f64>,
    psi: Option<f64>,
    counters: Counters,
}

struct Counters {
    steal_ticks: Option<u64>,
    context_switches: Option<u64>,
}

impl Telemetry {
    pub(crate) fn new() -> Self {
        Self {
            proc: PathBuf::from("/proc"),
        }
    }

    /// Read before a block's first sample.
    pub(crate) fn before(&self) -> Before {
        Before {
            started: utc_now(),
            load1: field(&self.proc.join("loadavg"), "", 0),
            psi: fs::read_to_string(self.proc.join("pressure/cpu"))
                .ok()
                .as_deref()
                .and_then(avg10),
            counters: self.counters(),
        }
    }

    /// Read after its last one.
    pub(crate) fn after(&self, before: Before, session: u32, block: u32, warmup: bool) -> BlockRow {
        let now = self.counters();
        let since = |then: Option<u64>, now: Option<u64>| now?.checked_sub(then?);
        BlockRow {
            session,
            block,
            warmup,
            started: before.started,
            load1: before.load1,
            psi_cpu_some_avg10_pct: before.psi,
            steal_ticks: since(before.counters.steal_ticks, now.steal_ticks),
            context_switches: since(before.counters.context_switches, now.context_switches),
        }
    }

    fn counters(&self) -> Counters {
        let stat = self.proc.join("stat");
        // proc_stat(5): cpu user nice system idle iowait irq softirq steal …
        Counters {
            steal_ticks: field(&stat, "cpu ", 8),
            context_switches: field(&stat, "ctxt ", 1),
        }
    }
}

/// A blank-separated field of the first line that begins so.
fn field<T: std::str::FromStr>(path: &Path, prefix: &str, index: usize) -> Option<T> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(prefix))?;
    line.split_whitespace().nth(index)?.parse().ok()
}

fn avg10(pressure: &str) -> Option<f64> {
    let some = pressure.lines().find(|line| line.starts_with("some "))?;
    some.split_whitespace()
        .find_map(|field| field.strip_prefix("avg10="))?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_differences_and_levels_are_those_of_the_start() {
        let place = tempfile::tempdir().expect("a folder");
        let proc = place.path();
        let write = |name: &str, text: &str| fs::write(proc.join(name), text).expect("written");
        fs::create_dir(proc.join("pressure")).expect("created");
        write("loadavg", "0.50 0.40 0.30 1/100 1234\n");
        write(
            "pressure/cpu",
            "some avg10=1.25 avg60=0.10 avg300=0.00 total=1\n",
        );
        write(
            "stat",
            "cpu  1 2 3 4 5 6 7 80 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\nctxt 1000\n",
        );
        let telemetry = Telemetry {
            proc: proc.to_owned(),
        };
        let before = telemetry.before();
        write("stat", "cpu  1 2 3 4 5 6 7 83 0 0\nctxt 1500\n");
        write("loadavg", "9 9 9\n");
        let row = telemetry.after(before, 1, 4, false);
        assert_eq!(
            (row.load1, row.psi_cpu_some_avg10_pct),
            (Some(0.5), Some(1.25))
        );
        assert_eq!(
            (row.steal_ticks, row.context_switches),
            (Some(3), Some(500))
        );
    }

    #[test]
    fn a_machine_without_the_files_gives_empty_cells() {
        let telemetry = Telemetry {
            proc: PathBuf::from("/nonexistent"),
        };
        let row = telemetry.after(telemetry.before(), 1, 1, true);
        assert_eq!((row.load1, row.psi_cpu_some_avg10_pct), (None, None));
        assert_eq!((row.steal_ticks, row.context_switches), (None, None));
    }

    #[test]
    fn the_columns_are_the_fields() {
        let telemetry = Telemetry {
            proc: PathBuf::from("/nonexistent"),
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer
            .serialize(telemetry.after(telemetry.before(), 1, 1, true))
            .expect("serialises");
        let text = String::from_utf8(writer.into_inner().expect("flushed")).expect("text");
        assert_eq!(text.lines().next(), Some(COLUMNS.join(",").as_str()));
    }
}

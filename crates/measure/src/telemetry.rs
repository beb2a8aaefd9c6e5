//! What the machine was doing around each block: one row of `blocks.csv`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::folder;
use crate::manifest::utc_now;
use program::failure;

pub(crate) const BLOCKS_FILE: &str = "blocks.csv";

pub(crate) const COLUMNS: [&str; 14] = [
    "session",
    "block",
    "warmup",
    "started",
    "load1",
    "psi_cpu_some_avg10_pct",
    "psi_memory_some_avg10_pct",
    "psi_io_some_avg10_pct",
    "steal_ticks",
    "busy_ticks",
    "context_switches",
    "cgroup_throttles",
    "thermal_throttles",
    "clock_step_ns",
];

/// One row of `blocks.csv`. Load and pressure are those at the block's start; everything else was
/// counted over the block. What the machine lacks is `None`, an empty cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockRecord {
    /// Counts from 1.
    pub session: u32,
    /// Counts from 1, warm-up blocks included.
    pub block: u32,
    /// Part of no statistic.
    pub warmup: bool,
    /// UTC time of its first sample (RFC 3339).
    pub started: String,
    /// Load average over one minute.
    pub load1: Option<f64>,
    /// Share of the last ten seconds in which something waited for a processor, in per cent
    /// (the kernel's pressure stall information).
    pub psi_cpu_some_avg10_pct: Option<f64>,
    /// The same for memory.
    pub psi_memory_some_avg10_pct: Option<f64>,
    /// The same for input and output.
    pub psi_io_some_avg10_pct: Option<f64>,
    /// Ticks that the hypervisor took, of all processors.
    pub steal_ticks: Option<u64>,
    /// Ticks in which a processor was neither idle nor waiting for input, of all processors.
    pub busy_ticks: Option<u64>,
    /// Context switches of the whole machine.
    pub context_switches: Option<u64>,
    /// How often the control group of this program was held back (`nr_throttled` in `cpu.stat`).
    pub cgroup_throttles: Option<u64>,
    /// How often a processor was held back for its heat, of all processors.
    pub thermal_throttles: Option<u64>,
    /// How far the wall clock moved against the monotonic one, in ns: a step, or slewing.
    pub clock_step_ns: Option<i64>,
}

/// Where the kernel's counters are, and the two clocks.
pub(crate) struct Telemetry {
    root: PathBuf,
    origin: Instant,
    wall: fn() -> SystemTime,
}

/// What was read when a block began.
pub(crate) struct Before {
    record: BlockRecord,
    counters: Counters,
}

struct Counters {
    steal_ticks: Option<u64>,
    busy_ticks: Option<u64>,
    context_switches: Option<u64>,
    cgroup_throttles: Option<u64>,
    thermal_throttles: Option<u64>,
    /// Wall clock minus monotonic clock, in ns, from any origin.
    offset_ns: Option<i64>,
}

impl Telemetry {
    pub(crate) fn new() -> Self {
        Self::below(Path::new("/"))
    }

    fn below(root: &Path) -> Self {
        Self { root: root.to_owned(), origin: Instant::now(), wall: SystemTime::now }
    }

    /// Read before a block's first sample.
    pub(crate) fn before(&self, session: u32, block: u32, warmup: bool) -> Before {
        let pressure = |of: &str| {
            let text = fs::read_to_string(self.root.join("proc/pressure").join(of)).ok()?;
            avg10(&text)
        };
        Before {
            record: BlockRecord {
                session,
                block,
                warmup,
                started: utc_now(),
                load1: load1(&self.root),
                psi_cpu_some_avg10_pct: pressure("cpu"),
                psi_memory_some_avg10_pct: pressure("memory"),
                psi_io_some_avg10_pct: pressure("io"),
                steal_ticks: None,
                busy_ticks: None,
                context_switches: None,
                cgroup_throttles: None,
                thermal_throttles: None,
                clock_step_ns: None,
            },
            counters: self.counters(),
        }
    }

    /// Read after its last one.
    pub(crate) fn after(&self, before: Before) -> BlockRecord {
        let (then, now) = (before.counters, self.counters());
        let since = |then: Option<u64>, now: Option<u64>| now?.checked_sub(then?);
        let step = now.offset_ns.zip(then.offset_ns);
        BlockRecord {
            steal_ticks: since(then.steal_ticks, now.steal_ticks),
            busy_ticks: since(then.busy_ticks, now.busy_ticks),
            context_switches: since(then.context_switches, now.context_switches),
            cgroup_throttles: since(then.cgroup_throttles, now.cgroup_throttles),
            thermal_throttles: since(then.thermal_throttles, now.thermal_throttles),
            clock_step_ns: step.and_then(|(now, then)| now.checked_sub(then)),
            ..before.record
        }
    }

    fn counters(&self) -> Counters {
        let stat = self.root.join("proc/stat");
        // proc_stat(5): cpu user nice system idle iowait irq softirq steal …
        let ticks = |index| field::<u64>(&stat, "cpu ", index);
        let busy: Option<Vec<u64>> = [1, 2, 3, 6, 7].into_iter().map(ticks).collect();
        let wall = (self.wall)().duration_since(UNIX_EPOCH).ok();
        let wall_ns = wall.and_then(|wall| i64::try_from(wall.as_nanos()).ok());
        let monotonic_ns = i64::try_from(self.origin.elapsed().as_nanos()).ok();
        Counters {
            steal_ticks: ticks(8),
            busy_ticks: busy.map(|busy| busy.iter().sum()),
            context_switches: field(&stat, "ctxt ", 1),
            cgroup_throttles: self.cgroup_throttles(),
            thermal_throttles: self.thermal_throttles(),
            offset_ns: wall_ns.zip(monotonic_ns).map(|(wall, monotonic)| wall - monotonic),
        }
    }

    /// Of the own control group: of version 2, else of version 1's `cpu` hierarchy (cgroups(7)).
    fn cgroup_throttles(&self) -> Option<u64> {
        let groups = fs::read_to_string(self.root.join("proc/self/cgroup")).ok()?;
        let tree = self.root.join("sys/fs/cgroup");
        groups.lines().find_map(|line| {
            let mut fields = line.splitn(3, ':').skip(1);
            let (controllers, path) = (fields.next()?, fields.next()?.trim_start_matches('/'));
            let trees = match controllers {
                "" => vec![tree.clone(), tree.join("unified")],
                _ if controllers.split(',').any(|name| name == "cpu") => {
                    vec![tree.join(controllers), tree.join("cpu")]
                }
                _ => vec![],
            };
            trees
                .iter()
                .find_map(|tree| field(&tree.join(path).join("cpu.stat"), "nr_throttled ", 1))
        })
    }

    fn thermal_throttles(&self) -> Option<u64> {
        let cpus = fs::read_dir(self.root.join("sys/devices/system/cpu")).ok()?;
        let counts: Vec<u64> = cpus
            .filter_map(Result::ok)
            .filter_map(|cpu| {
                let path = cpu.path().join("thermal_throttle/core_throttle_count");
                fs::read_to_string(path).ok()?.trim().parse().ok()
            })
            .collect();
        (!counts.is_empty()).then(|| counts.iter().sum())
    }
}

/// Reads `blocks.csv`; a torn last line is left out, as a killed run leaves it.
pub(crate) fn read(path: &Path) -> miette::Result<Vec<BlockRecord>> {
    let refused = |why: String| {
        failure(
            format!("{} can't be read", path.display()),
            why,
            "restore the file: it is written once and never edited",
        )
    };
    let text = folder::text(path).map_err(|error| refused(error.to_string()))?;
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let mut reader = csv::Reader::from_reader(whole.as_bytes());
    let header = reader.headers().map_err(|error| refused(error.to_string()))?;
    if *header != COLUMNS[..] {
        return Err(refused(format!("the columns are not {}", COLUMNS.join(","))));
    }
    let rows: Result<Vec<BlockRecord>, csv::Error> = reader.deserialize().collect();
    let rows = rows.map_err(|error| refused(error.to_string()))?;
    let numbers = |row: &BlockRecord| {
        [
            row.load1,
            row.psi_cpu_some_avg10_pct,
            row.psi_memory_some_avg10_pct,
            row.psi_io_some_avg10_pct,
        ]
    };
    match rows.iter().find(|row| numbers(row).into_iter().flatten().any(|n| !n.is_finite())) {
        Some(row) => Err(refused(format!("block {} holds what is no number", row.block))),
        None => Ok(rows),
    }
}

/// Load average over one minute.
pub(crate) fn load1(root: &Path) -> Option<f64> {
    field(&root.join("proc/loadavg"), "", 0)
}

/// A blank-separated field of the first line that begins so.
fn field<T: std::str::FromStr>(path: &Path, prefix: &str, index: usize) -> Option<T> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(prefix))?;
    line.split_whitespace().nth(index)?.parse().ok()
}

fn avg10(pressure: &str) -> Option<f64> {
    let some = pressure.lines().find(|line| line.starts_with("some "))?;
    some.split_whitespace().find_map(|field| field.strip_prefix("avg10="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        fs::write(path, text).expect("written");
    }

    #[test]
    fn counters_are_differences_and_levels_are_those_of_the_start() {
        let place = tempfile::tempdir().expect("a folder");
        let root = place.path();
        let pressure = "some avg10=1.25 avg60=0.10 avg300=0.00 total=1\n";
        let throttle = "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count";
        for (name, text) in [
            ("proc/loadavg", "0.50 0.40 0.30 1/100 1234\n"),
            ("proc/pressure/cpu", pressure),
            ("proc/stat", "cpu  1 2 3 4 5 6 7 80 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\nctxt 1000\n"),
            ("proc/self/cgroup", "3:cpu,cpuacct:/x\n0::/y\n"),
            ("sys/fs/cgroup/cpu,cpuacct/x/cpu.stat", "nr_throttled 5\n"),
            (throttle, "2\n"),
        ] {
            write(root, name, text);
        }
        let telemetry = Telemetry::below(root);
        let before = telemetry.before(1, 4, false);
        write(root, "proc/stat", "cpu  11 2 3 4 5 6 7 83 0 0\nctxt 1500\n");
        write(root, "proc/loadavg", "9 9 9\n");
        write(root, "sys/fs/cgroup/cpu,cpuacct/x/cpu.stat", "nr_throttled 9\n");
        write(root, throttle, "3\n");
        let row = telemetry.after(before);
        assert_eq!((row.session, row.block, row.warmup), (1, 4, false));
        assert_eq!(
            (row.load1, row.psi_cpu_some_avg10_pct, row.psi_io_some_avg10_pct),
            (Some(0.5), Some(1.25), None)
        );
        assert_eq!((row.steal_ticks, row.busy_ticks), (Some(3), Some(10)));
        assert_eq!(row.context_switches, Some(500));
        assert_eq!((row.cgroup_throttles, row.thermal_throttles), (Some(4), Some(1)));
        let step = row.clock_step_ns.expect("both clocks are there");
        assert!(step.abs() < 1_000_000_000, "{step}");
    }

    #[test]
    fn a_step_of_the_wall_clock_is_seen() {
        let hour = std::time::Duration::from_secs(3600);
        let mut telemetry = Telemetry::below(Path::new("/nonexistent"));
        let before = telemetry.before(1, 1, false);
        telemetry.wall = || SystemTime::now() - std::time::Duration::from_secs(3600);
        let step = telemetry.after(before).clock_step_ns.expect("both clocks");
        let off_ns = step + i64::try_from(hour.as_nanos()).expect("fits");
        assert!(off_ns.abs() < 1_000_000_000, "{step}");
    }

    #[test]
    fn a_machine_without_the_files_gives_empty_cells_that_are_read_back() {
        let place = tempfile::tempdir().expect("a folder");
        let telemetry = Telemetry::below(Path::new("/nonexistent"));
        let row = telemetry.after(telemetry.before(1, 1, true));
        assert_eq!((row.load1, row.psi_cpu_some_avg10_pct), (None, None));
        assert_eq!((row.steal_ticks, row.cgroup_throttles), (None, None));

        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.serialize(&row).expect("serialises");
        let text = String::from_utf8(writer.into_inner().expect("flushed")).expect("text");
        assert_eq!(text.lines().next(), Some(COLUMNS.join(",").as_str()));
        let path = place.path().join(BLOCKS_FILE);
        fs::write(&path, format!("{text}1,2,fal")).expect("written");
        assert_eq!(read(&path).expect("read"), [row]);
    }

    #[test]
    fn what_is_no_row_is_refused() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join(BLOCKS_FILE);
        let header = COLUMNS.join(",");
        for text in [
            "session,block\n1,1\n".to_owned(),
            format!("{header}\n1,x,true,t,,,,,,,,,,\n"),
            format!("{header}\n1,1,true,t,NaN,,,,,,,,,\n"),
            format!("{header}\n1,1,true,t,,,,,,,,,,,more\n"),
        ] {
            fs::write(&path, &text).expect("written");
            assert!(read(&path).is_err(), "{text}");
        }
    }
}

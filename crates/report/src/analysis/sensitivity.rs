//! Blocks in which the machine was disturbed, and what the primary ratios are without them.
//!
//! A block's slowness is the median, over the arms, of reading / the arm's median in that session:
//! 1 is a usual block. The rules below flag blocks by it and by what the machine counted. Nothing
//! is left out of any other number: a flag is a reason to look, not to drop.

use std::collections::BTreeMap;

use measure::stats::{ALPHA, median};
use measure::{BlockRecord, Metric};
use serde::Serialize;

use super::arms::by_session;
use super::estimate::{Range, estimate};
use super::ratios::{RatioSummary, logs};
use crate::record::{BlockId, Record};

/// Why a block is flagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flag {
    Burst,
    Steal,
    Throttled,
    ClockStep,
}

/// Every flag, with the letter that figures and tables have for it.
const FLAGS: [(Flag, &str); 4] = [
    (Flag::Burst, "B"),
    (Flag::Steal, "S"),
    (Flag::Throttled, "T"),
    (Flag::ClockStep, "C"),
];

/// Where the rules draw their lines.
pub(crate) struct Rules {
    /// A burst is slower than the median block by so many robust standard deviations (1.4826 x the
    /// median absolute deviation) ...
    pub(crate) burst_deviations: f64,
    /// ... and by this share at least, so that a very even run has none for nothing.
    pub(crate) burst_share: f64,
    /// The hypervisor took more than this share of the processor time that was wanted.
    pub(crate) steal_share: f64,
    /// The wall clock moved by more than this against the monotonic one. (Slewing at its usual
    /// limit of 500 ppm does so in no less than 20 s.)
    pub(crate) clock_step_ns: u64,
}

pub(crate) const RULES: Rules = Rules {
    burst_deviations: 5.0,
    burst_share: 0.1,
    steal_share: 0.05,
    clock_step_ns: 10_000_000,
};

/// What the blocks say of the run.
#[derive(Serialize)]
pub(crate) struct Sensitivity {
    pub(crate) blocks: Vec<BlockSummary>,
    /// The primary ratios (all, where none is primary) without the flagged blocks; empty when no
    /// measured block is flagged.
    pub(crate) without: Vec<Without>,
}

/// One block.
#[derive(Serialize)]
pub(crate) struct BlockSummary {
    #[serde(flatten)]
    pub(crate) record: BlockRecord,
    /// `None` where no arm gave a reading.
    pub(crate) slowness: Option<f64>,
    pub(crate) flags: Vec<Flag>,
}

/// A ratio with all blocks, and without the flagged ones. Which blocks those are was decided after
/// they were seen, so the interval without them has its coverage in name only.
#[derive(Serialize)]
pub(crate) struct Without {
    pub(crate) contrast: String,
    pub(crate) metric: Metric,
    pub(crate) all: Found,
    pub(crate) kept: Found,
}

/// A ratio made of some of the blocks.
#[derive(Serialize)]
pub(crate) struct Found {
    pub(crate) estimate: Option<f64>,
    pub(crate) interval: Option<Range>,
    pub(crate) pairs: usize,
}

impl Flag {
    pub(crate) fn letter(self) -> &'static str {
        let found = FLAGS.iter().find(|(flag, _)| *flag == self);
        found.map_or("", |(_, letter)| letter)
    }
}

impl Sensitivity {
    /// Measured blocks with a flag.
    pub(crate) fn flagged(&self) -> impl Iterator<Item = &BlockSummary> {
        let blocks = self.blocks.iter();
        blocks.filter(|block| !block.flags.is_empty() && !block.record.warmup)
    }
}

pub(super) fn of(record: &Record, ratios: &[RatioSummary]) -> Sensitivity {
    let slowness = slowness(record);
    let measured = |row: &&BlockRecord| !row.warmup;
    let of_measured: Vec<f64> = record
        .blocks
        .iter()
        .filter(measured)
        .filter_map(|row| slowness.get(&(row.session, row.block)).copied())
        .collect();
    let limit = burst_limit(&of_measured);
    let blocks: Vec<BlockSummary> = record
        .blocks
        .iter()
        .map(|row| {
            let slowness = slowness.get(&(row.session, row.block)).copied();
            BlockSummary {
                record: row.clone(),
                slowness,
                flags: flags(row, slowness, limit),
            }
        })
        .collect();
    let mut sensitivity = Sensitivity {
        blocks,
        without: Vec::new(),
    };
    let flagged: Vec<BlockId> = sensitivity
        .flagged()
        .map(|block| (block.record.session, block.record.block))
        .collect();
    if !flagged.is_empty() {
        let any = ratios.iter().any(|ratio| ratio.primary);
        let asked = ratios.iter().filter(|ratio| ratio.primary || !any);
        sensitivity.without = asked
            .map(|ratio| without(record, ratio, &flagged))
            .collect();
    }
    sensitivity
}

/// Of every block that has a reading, warm-up blocks too.
fn slowness(record: &Record) -> BTreeMap<BlockId, f64> {
    let mut relative: BTreeMap<BlockId, Vec<f64>> = BTreeMap::new();
    for arm in &record.manifest.arms {
        let by_session = by_session(record.readings(arm));
        let medians: BTreeMap<u32, f64> = by_session
            .iter()
            .filter_map(|(session, values)| Some((*session, median(values)?)))
            .collect();
        let operations = f64::from(arm.operations.max(1));
        for row in record.samples.rows.iter().filter(|row| row.arm == arm.name) {
            if let (Some(wall_ns), Some(median)) = (row.wall_ns, medians.get(&row.session)) {
                let of_block = relative.entry((row.session, row.block)).or_default();
                of_block.push(wall_ns as f64 / operations / median);
            }
        }
    }
    let median_of = |(id, values): (BlockId, Vec<f64>)| Some((id, median(&values)?));
    relative.into_iter().filter_map(median_of).collect()
}

/// Slowness above which a block is a burst.
fn burst_limit(slowness: &[f64]) -> Option<f64> {
    let middle = median(slowness)?;
    let deviations: Vec<f64> = slowness
        .iter()
        .map(|value| (value - middle).abs())
        .collect();
    let deviation = 1.4826 * median(&deviations)?;
    Some(middle + (RULES.burst_deviations * deviation).max(RULES.burst_share * middle))
}

fn flags(row: &BlockRecord, slowness: Option<f64>, limit: Option<f64>) -> Vec<Flag> {
    let steal = row
        .steal_ticks
        .zip(row.busy_ticks)
        .is_some_and(|(steal, busy)| {
            let wanted = steal as f64 + busy as f64;
            wanted > 0.0 && steal as f64 / wanted > RULES.steal_share
        });
    let throttles = [row.cgroup_throttles, row.thermal_throttles];
    let rules = [
        (
            Flag::Burst,
            slowness
                .zip(limit)
                .is_some_and(|(slowness, limit)| slowness > limit),
        ),
        (Flag::Steal, steal),
        (
            Flag::Throttled,
            throttles.into_iter().flatten().any(|count| count > 0),
        ),
        (
            Flag::ClockStep,
            row.clock_step_ns
                .is_some_and(|step| step.unsigned_abs() > RULES.clock_step_ns),
        ),
    ];
    rules
        .into_iter()
        .filter_map(|(flag, is)| is.then_some(flag))
        .collect()
}

fn without(record: &Record, ratio: &RatioSummary, flagged: &[BlockId]) -> Without {
    let kept = logs(&ratio.values).filter(|(id, _)| !flagged.contains(id));
    let kept = by_session(kept);
    let alpha = ALPHA / ratio.family as f64;
    let found = estimate(&kept, alpha, record.looks()).map(|found| found.map(f64::exp));
    Without {
        contrast: ratio.contrast.clone(),
        metric: ratio.metric,
        all: Found {
            estimate: ratio.estimate(),
            interval: ratio.interval(),
            pairs: ratio.pairs,
        },
        kept: Found {
            estimate: found.map(|found| found.value),
            interval: found.and_then(|found| found.interval),
            pairs: kept.values().map(Vec::len).sum(),
        },
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn row() -> BlockRecord {
        BlockRecord {
            session: 1,
            block: 3,
            warmup: false,
            started: String::new(),
            load1: None,
            psi_cpu_some_avg10_pct: None,
            psi_memory_some_avg10_pct: None,
            psi_io_some_avg10_pct: None,
            steal_ticks: Some(5),
            busy_ticks: Some(95),
            context_switches: None,
            cgroup_throttles: Some(0),
            thermal_throttles: None,
            clock_step_ns: Some(-10_000_000),
        }
    }

    #[rstest]
    #[case::at_every_limit(row(), 1.1, &[])]
    #[case::slow(row(), 1.11, &[Flag::Burst])]
    #[case::stolen(BlockRecord { steal_ticks: Some(6), ..row() }, 1.0, &[Flag::Steal])]
    #[case::held_back(BlockRecord { cgroup_throttles: Some(1), ..row() }, 1.0, &[Flag::Throttled])]
    #[case::hot(BlockRecord { thermal_throttles: Some(1), ..row() }, 1.0, &[Flag::Throttled])]
    #[case::stepped_back(BlockRecord { clock_step_ns: Some(-10_000_001), ..row() }, 1.0, &[Flag::ClockStep])]
    fn flags_by_rule(#[case] row: BlockRecord, #[case] slowness: f64, #[case] expected: &[Flag]) {
        assert_eq!(flags(&row, Some(slowness), Some(1.1)), expected);
    }

    #[test]
    fn the_limit_of_bursts_follows_the_spread() {
        let limit = |values: &[f64]| burst_limit(values).expect("values");
        assert!(
            (limit(&[1.0; 9]) - 1.1).abs() < 1e-12,
            "an even run: the share decides"
        );
        // Median 1, median absolute deviation 0.1.
        let spread = [0.8, 0.9, 1.0, 1.1, 1.2];
        assert!((limit(&spread) - (1.0 + 5.0 * 1.4826 * 0.1)).abs() < 1e-9);
        assert_eq!(burst_limit(&[]), None);
    }
}

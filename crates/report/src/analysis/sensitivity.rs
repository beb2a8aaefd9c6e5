//! Blocks in which the machine was disturbed, and what the primary ratios are without them.
//!
//! A block's slowness is the median, over the arms, of reading / the arm's median in that session:
//! 1 is a usual block. The rules below flag blocks by it and by what the machine counted. Nothing
//! is left out of any other number: a flag is a reason to look, not to drop.

use std::collections::BTreeMap;

use facts::Metric;
use measure::BlockRecord;
use measure::stats::{ALPHA, median};
use serde::Serialize;

use facts::by_session;
use facts::{BlockId, Record};
use facts::{Range, estimate};
use facts::{RatioSummary, logs};

/// Why a block is flagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flag {
    Burst,
    Steal,
    Throttled,
    ClockStep,
    Load,
}

/// Every flag, with the letter that figures and tables have for it.
const FLAGS: [(Flag, &str); 5] = [
    (Flag::Burst, "B"),
    (Flag::Steal, "S"),
    (Flag::Throttled, "T"),
    (Flag::ClockStep, "C"),
    (Flag::Load, "L"),
];

/// Of one tick of `/proc/stat`: `USER_HZ` is 100 on every architecture that this runs on, fixed by
/// the kernel's ABI (`getconf CLK_TCK` says so).
const TICK_NS: f64 = 1e9 / 100.0;

/// Where the rules draw their lines.
pub(crate) struct Rules {
    /// A burst is slower than the median block by so many robust standard deviations, both taken of
    /// the faster half of the blocks ...
    pub(crate) burst_deviations: f64,
    /// ... and than that half's median by this share at least, so that a very even run has none for
    /// nothing.
    pub(crate) burst_share: f64,
    /// The hypervisor took more than this share of the processor time that was wanted.
    pub(crate) steal_share: f64,
    /// The wall clock moved by more than this against the monotonic one. (Slewing at its usual
    /// limit of 500 ppm does so in no less than 20 s.)
    pub(crate) clock_step_ns: u64,
    /// The busy share of the processor time is above the blocks' lower quartile by this or more.
    pub(crate) load_share: f64,
    /// Of a block with fewer ticks of processor time than this the busy share is unknown: each
    /// kind of time is counted in whole ticks.
    pub(crate) load_ticks: f64,
}

pub(crate) const RULES: Rules = Rules {
    burst_deviations: 5.0,
    burst_share: 0.1,
    steal_share: 0.05,
    clock_step_ns: 10_000_000,
    load_share: 0.2,
    load_ticks: 50.0,
};

/// The part of a normal law below its median has its own median 0.674 standard deviations below the
/// whole one's, and a median absolute deviation around it of 0.399 of them.
const HALF_BELOW: f64 = 0.674;
const HALF_DEVIATION: f64 = 0.399;

/// What the blocks say of the run.
#[derive(Serialize)]
pub(crate) struct Sensitivity {
    pub(crate) blocks: Vec<BlockSummary>,
    /// The primary ratios (all, where none is primary) without the flagged blocks; empty when no
    /// measured block is flagged.
    pub(crate) without: Vec<Without>,
}

/// What a block is held against; `None` where no block says anything.
#[derive(Clone, Copy)]
struct Limits {
    /// Slowness above which a block is a burst.
    burst: Option<f64>,
    /// Busy share from which it was loaded.
    load: Option<f64>,
}

/// One block.
#[derive(Serialize)]
pub(crate) struct BlockSummary {
    #[serde(flatten)]
    pub(crate) record: BlockRecord,
    /// `None` where no arm gave a reading.
    pub(crate) slowness: Option<f64>,
    /// Of the processor time that there was; `None` where the machine or the block can't tell.
    pub(crate) busy_share: Option<f64>,
    pub(crate) flags: Vec<Flag>,
}

/// A ratio with all blocks, and without the flagged ones. Which blocks those are was decided after
/// they were seen, so the interval without them has its coverage in name only.
#[derive(Serialize)]
pub(crate) struct Without {
    pub(crate) contrast: String,
    #[serde(serialize_with = "Metric::serialize_name")]
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
    let busy_shares = busy_shares(record);
    let of_measured = |values: &BTreeMap<BlockId, f64>| -> Vec<f64> {
        let measured = record.blocks.iter().filter(|row| !row.warmup);
        measured.filter_map(|row| values.get(&(row.session, row.block)).copied()).collect()
    };
    let limits = Limits {
        burst: burst_limit(&of_measured(&slowness)),
        load: load_limit(&of_measured(&busy_shares)),
    };
    let blocks: Vec<BlockSummary> = record
        .blocks
        .iter()
        .map(|row| {
            let id = (row.session, row.block);
            let slowness = slowness.get(&id).copied();
            let busy_share = busy_shares.get(&id).copied();
            BlockSummary {
                record: row.clone(),
                slowness,
                busy_share,
                flags: flags(row, slowness, busy_share, limits),
            }
        })
        .collect();
    let mut sensitivity = Sensitivity { blocks, without: Vec::new() };
    let flagged: Vec<BlockId> =
        sensitivity.flagged().map(|block| (block.record.session, block.record.block)).collect();
    if !flagged.is_empty() {
        let any = ratios.iter().any(|ratio| ratio.primary);
        let asked = ratios.iter().filter(|ratio| ratio.primary || !any);
        sensitivity.without = asked.map(|ratio| without(record, ratio, &flagged)).collect();
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

/// Slowness above which a block is a burst, from the faster half of the blocks alone: when half of
/// a run is disturbed, the median of all blocks and their spread are made of the disturbance.
///
/// (The arms' medians, to which slowness is relative, are then between fast and slow, too; but that
/// is a factor which all blocks of the session share.)
fn burst_limit(slowness: &[f64]) -> Option<f64> {
    let middle = median(slowness)?;
    let faster = slowness.iter().copied().filter(|value| *value <= middle);
    let faster: Vec<f64> = faster.collect();
    let center = median(&faster)?;
    let deviations: Vec<f64> = faster.iter().map(|value| (value - center).abs()).collect();
    let deviation = median(&deviations)? / HALF_DEVIATION;
    let by_spread = center + (HALF_BELOW + RULES.burst_deviations) * deviation;
    Some(by_spread.max(center * (1.0 + RULES.burst_share)))
}

/// Of every block in which the machine counted and had time enough to count.
fn busy_shares(record: &Record) -> BTreeMap<BlockId, f64> {
    let walls = walls_ns(record);
    let of_row = |row: &BlockRecord| {
        let id = (row.session, row.block);
        let sessions = &record.manifest.sessions;
        let session = sessions.iter().find(|session| session.number == row.session)?;
        let ticks = walls.get(&id)? / TICK_NS * session.machine.cores? as f64;
        let share = row.busy_ticks? as f64 / ticks;
        (ticks >= RULES.load_ticks).then_some((id, share))
    };
    record.blocks.iter().filter_map(of_row).collect()
}

/// How long each block took: from its first sample to the next block's, or to the end of its last
/// sample. `None` where that one failed, which ended nobody knows when, or after every clock.
fn walls_ns(record: &Record) -> BTreeMap<BlockId, f64> {
    let mut spans: BTreeMap<BlockId, (u64, Option<u64>)> = BTreeMap::new();
    // In the order in which they were taken.
    for row in &record.samples.rows {
        let begun = (row.started_ns, None);
        let span = spans.entry((row.session, row.block)).or_insert(begun);
        span.1 = row.wall_ns.and_then(|wall_ns| row.started_ns.checked_add(wall_ns));
    }
    let wall = |(id, (start, end)): (&BlockId, &(u64, Option<u64>))| {
        let next = spans.get(&(id.0, id.1 + 1)).map(|(start, _)| *start);
        let wall = next.or(*end)?.checked_sub(*start)?;
        Some((*id, wall as f64))
    };
    spans.iter().filter_map(wall).collect()
}

/// Busy share from which a block was loaded: what the experiment itself keeps busy is the same in
/// every block, and the lower quartile is that of an undisturbed block even when half of them are
/// disturbed.
fn load_limit(shares: &[f64]) -> Option<f64> {
    let mut sorted = shares.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let quartile = sorted.get(sorted.len().saturating_sub(1) / 4)?;
    Some(quartile + RULES.load_share)
}

fn flags(
    row: &BlockRecord,
    slowness: Option<f64>,
    busy_share: Option<f64>,
    limits: Limits,
) -> Vec<Flag> {
    let steal = row.steal_ticks.zip(row.busy_ticks).is_some_and(|(steal, busy)| {
        let wanted = steal as f64 + busy as f64;
        wanted > 0.0 && steal as f64 / wanted > RULES.steal_share
    });
    let throttles = [row.cgroup_throttles, row.thermal_throttles];
    let rules = [
        (Flag::Burst, slowness.zip(limits.burst).is_some_and(|(slowness, limit)| slowness > limit)),
        (Flag::Steal, steal),
        (Flag::Throttled, throttles.into_iter().flatten().any(|count| count > 0)),
        (
            Flag::ClockStep,
            row.clock_step_ns.is_some_and(|step| step.unsigned_abs() > RULES.clock_step_ns),
        ),
        (Flag::Load, busy_share.zip(limits.load).is_some_and(|(share, limit)| share >= limit)),
    ];
    rules.into_iter().filter_map(|(flag, is)| is.then_some(flag)).collect()
}

fn without(record: &Record, ratio: &RatioSummary, flagged: &[BlockId]) -> Without {
    let kept = logs(&ratio.values).filter(|(id, _)| !flagged.contains(id));
    let kept = by_session(kept);
    let alpha = ALPHA / ratio.family as f64;
    let found = estimate(&kept, alpha, record.looks()).map(|found| found.map(f64::exp));
    Without {
        contrast: ratio.contrast.clone(),
        metric: ratio.metric.clone(),
        all: Found { estimate: ratio.estimate(), interval: ratio.interval(), pairs: ratio.pairs },
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
        let limits = Limits { burst: Some(1.1), load: Some(0.7) };
        assert_eq!(flags(&row, Some(slowness), Some(0.69), limits), expected);
        assert_eq!(flags(&row, Some(slowness), None, limits), expected);
    }

    #[rstest]
    #[case::at_the_limit(Some(0.7), Some(0.7), &[Flag::Load])]
    #[case::below(Some(0.69), Some(0.7), &[])]
    #[case::not_counted(None, Some(0.7), &[])]
    #[case::no_block_counted(Some(0.7), None, &[])]
    fn a_loaded_block_is_flagged(
        #[case] share: Option<f64>,
        #[case] load: Option<f64>,
        #[case] expected: &[Flag],
    ) {
        let limits = Limits { burst: None, load };
        assert_eq!(flags(&row(), Some(1.0), share, limits), expected);
    }

    #[test]
    fn load_is_held_against_the_lower_quartile() {
        // Half of the blocks are loaded; the quartile is one of the others.
        let shares = [0.9, 0.3, 0.9, 0.31, 0.9, 0.29, 0.9, 0.32];
        let limit = load_limit(&shares).expect("values");
        assert!((limit - 0.5).abs() < 1e-12, "{limit}");
        assert_eq!(load_limit(&[]), None);
    }

    /// Values of a normal law around 1, of which no two runs differ.
    fn noise(count: u32, deviation: f64) -> Vec<f64> {
        let mut state = 1_u64;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 24)
        };
        let mut normal = || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        (0..count).map(|_| 1.0 + deviation * normal()).collect()
    }

    fn bursts(slowness: &[f64]) -> Vec<usize> {
        let limit = burst_limit(slowness).expect("values");
        let all = slowness.iter().enumerate();
        all.filter(|(_, value)| **value > limit).map(|(index, _)| index).collect()
    }

    #[test]
    fn a_clean_run_has_almost_no_burst_however_noisy() {
        for deviation in [0.01, 0.05, 0.2] {
            let found: usize =
                noise(3_000, deviation).chunks(30).map(|run| bursts(run).len()).sum();
            assert!(found <= 30, "{found} of 3000 at {deviation}");
        }
    }

    #[test]
    fn half_of_a_run_may_be_slow() {
        for count in [10, 15, 30] {
            let mut slowness = noise(count, 0.02);
            let slow: Vec<usize> = (0..slowness.len()).step_by(2).collect();
            for index in &slow {
                slowness[*index] *= 1.5;
            }
            // Relative to a median between fast and slow, as the arms' medians are then.
            for value in &mut slowness {
                *value /= 1.25;
            }
            assert_eq!(bursts(&slowness), slow, "{count}");
        }
    }

    #[test]
    fn the_limit_of_bursts_follows_the_spread() {
        let limit = |values: &[f64]| burst_limit(values).expect("values");
        assert!((limit(&[1.0; 9]) - 1.1).abs() < 1e-12, "an even run: the share decides");
        // Of the faster half the median is 0.9, the median absolute deviation 0.1.
        let spread = [0.8, 0.9, 1.0, 1.1, 1.2];
        assert!((limit(&spread) - (0.9 + 5.674 * 0.1 / 0.399)).abs() < 1e-9);
        assert_eq!(burst_limit(&[]), None);
    }
}

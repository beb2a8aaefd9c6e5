//! The measuring loop: carries out a plan, writes every sample down as it comes.

use std::time::Duration;

use crate::arm::{Arm, Reading, SampleError};
use crate::manifest::Stopped;
use crate::plan::Block;
use crate::progress::Progress;
use crate::samples::{Rows, Sample};
use crate::stopping::Precision;
use crate::telemetry::Telemetry;

/// How soon a signal is seen in a pause.
const PACE: Duration = Duration::from_millis(50);

/// How the loop ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Complete(Stopped),
    Interrupted,
    Fatal(String),
}

/// What the loop has done so far; right at any time, also after an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) samples: u64,
    pub(crate) failed: u64,
    pub(crate) inside_ns: u64,
    pub(crate) loop_ns: u64,
    /// Measured blocks of the session so far, or of the last one.
    pub(crate) blocks: u32,
}

/// The loop and what it works on. Clock and interrupt are closures, so that tests script them.
pub(crate) struct Sampling<'a> {
    /// What an index of a block means: the arm that is asked for, and the name of its rows.
    pub(crate) arms: &'a [(&'static Arm, String)],
    pub(crate) session: u32,
    pub(crate) samples: &'a mut Rows,
    pub(crate) blocks: &'a mut Rows,
    pub(crate) telemetry: Telemetry,
    pub(crate) progress: Progress,
    /// Asked after every measured block; `None` with a fixed number of blocks.
    pub(crate) precision: Option<Precision>,
    /// No measured block begins earlier than this after the first one for warm-up.
    pub(crate) settled: Duration,
    /// Monotonic nanoseconds since the run began.
    pub(crate) clock: &'a mut dyn FnMut() -> u64,
    pub(crate) interrupted: &'a dyn Fn() -> bool,
    pub(crate) tally: &'a mut Tally,
}

impl Sampling<'_> {
    /// Takes every sample of these blocks, in their order.
    ///
    /// Fails only when a row can't be written; a failed sample is a row.
    pub(crate) fn carry_out(
        mut self,
        blocks: &[Block],
        take: &mut dyn FnMut(&Arm) -> Result<Reading, SampleError>,
    ) -> miette::Result<End> {
        let mut origin_ns = (self.clock)();
        let end = self.all_blocks(blocks, &mut origin_ns, take);
        self.tally.loop_ns += (self.clock)() - origin_ns;
        self.progress.end();
        end
    }

    /// The origin moves on by what is waited between blocks: that is no measuring time.
    fn all_blocks(
        &mut self,
        blocks: &[Block],
        origin_ns: &mut u64,
        take: &mut dyn FnMut(&Arm) -> Result<Reading, SampleError>,
    ) -> miette::Result<End> {
        let first_measured = blocks.iter().find(|block| !block.warmup);
        for (index, block) in (1..).zip(blocks) {
            if index > 1 && first_measured == Some(block) {
                *origin_ns += self.settle(*origin_ns);
            }
            // Here, so that a block that was not begun has no row either.
            if (self.interrupted)() {
                return Ok(End::Interrupted);
            }
            let before = self.telemetry.before(self.session, block.number, block.warmup);
            let broken_off = self.one_block(block, take)?;
            self.blocks.write_row(self.telemetry.after(before))?;
            if let Some(end) = broken_off {
                return Ok(end);
            }
            let now_ns = (self.clock)() - *origin_ns;
            self.progress.block(now_ns, index, blocks.len(), self.tally.failed);
            if block.warmup {
                continue;
            }
            self.tally.blocks += 1;
            let enough = self.precision.as_mut().and_then(|precision| precision.end_block(now_ns));
            if let Some(stopped) = enough {
                return Ok(End::Complete(stopped));
            }
        }
        Ok(End::Complete(Stopped::Planned))
    }

    /// Waits until what is measured is old enough, or a signal has come; how long, in ns.
    fn settle(&mut self, origin_ns: u64) -> u64 {
        let began_ns = (self.clock)();
        let mut now_ns = began_ns;
        loop {
            let left = self.settled.saturating_sub(Duration::from_nanos(now_ns - origin_ns));
            if left.is_zero() || (self.interrupted)() {
                return now_ns - began_ns;
            }
            std::thread::sleep(left.min(PACE));
            now_ns = (self.clock)();
        }
    }

    /// What broke it off, if anything did.
    fn one_block(
        &mut self,
        block: &Block,
        take: &mut dyn FnMut(&Arm) -> Result<Reading, SampleError>,
    ) -> miette::Result<Option<End>> {
        for (position, &arm) in (1_u32..).zip(&block.order) {
            if position > 1 && (self.interrupted)() {
                return Ok(Some(End::Interrupted));
            }
            let (arm, name) = &self.arms[arm];
            let started_ns = (self.clock)();
            let taken = take(arm);
            self.tally.inside_ns += (self.clock)() - started_ns;

            let (reading, reason, fatal) = match taken {
                Ok(Reading { wall_ns: 0, .. }) => {
                    (None, Some("the reading is 0 ns".to_owned()), false)
                }
                Ok(reading) => (Some(reading), None, false),
                Err(SampleError::Sample(reason)) => (None, Some(self.in_words(&reason)), false),
                Err(SampleError::Fatal(reason)) => (None, Some(self.in_words(&reason)), true),
            };
            self.tally.samples += 1;
            self.tally.failed += u64::from(reason.is_some());
            self.samples.write_row(Sample {
                session: self.session,
                block: block.number,
                warmup: block.warmup,
                position,
                arm: name.clone(),
                started_ns,
                wall_ns: reading.map(|reading| reading.wall_ns),
                cpu_ns: reading.and_then(|reading| reading.cpu_ns),
                whole_cpu_ns: reading.and_then(|reading| reading.whole_cpu_ns),
                reason: reason.clone().unwrap_or_default(),
            })?;
            self.progress.sample(self.tally.failed);
            if let (Some(precision), Some(reading), false) =
                (&mut self.precision, reading, block.warmup)
            {
                precision.sample(name, reading.wall_ns);
            }
            if let (true, Some(reason)) = (fatal, reason) {
                return Ok(Some(End::Fatal(reason)));
            }
        }
        Ok(None)
    }

    /// A reason as a row can hold it: one line, never empty.
    fn in_words(&self, reason: &str) -> String {
        let lines: Vec<&str> = reason.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let mut words = lines.join(" | ");
        if words.is_empty() {
            words.push_str("no reason was given");
        }
        // The signal may have reached the command that was being timed, too.
        if (self.interrupted)() {
            words.push_str(" (an interrupt arrived during this sample)");
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::Observer;
    use crate::folder::tests::manifest;
    use crate::manifest::Manifest;
    use crate::plan::{Blocks, Plan};
    use crate::samples::{SAMPLES_FILE, Samples};
    use crate::telemetry::{BLOCKS_FILE, COLUMNS};
    use std::cell::Cell;

    const fn arm(name: &'static str) -> Arm {
        Arm::new("time", name, Observer::Outside, 0, "")
    }

    const ARMS: &[&Arm] = &[&arm("a"), &arm("b")];
    const SEED: u64 = 5;

    fn plan(warmup: u32, full: u32) -> Vec<Block> {
        let blocks = Blocks { warmup, full, primary: 0 };
        Plan::new(ARMS.len(), &[], blocks, SEED, 1).labs.concat()
    }

    struct Outcome {
        end: End,
        tally: Tally,
        rows: Vec<Sample>,
        blocks: Vec<String>,
        called: Vec<&'static str>,
    }

    /// Runs `plan` with a clock that moves 10 ns a look and 100 ns a sample, and an interrupt that
    /// is seen once `stop_after` samples were taken.
    fn run(
        plan: &[Block],
        stop_after: usize,
        script: impl FnMut(usize, &Arm) -> Result<Reading, SampleError>,
    ) -> Outcome {
        run_settled(plan, Duration::ZERO, stop_after, script)
    }

    fn run_settled(
        plan: &[Block],
        settled: Duration,
        stop_after: usize,
        mut script: impl FnMut(usize, &Arm) -> Result<Reading, SampleError>,
    ) -> Outcome {
        let place = tempfile::tempdir().expect("a folder");
        let now = Cell::new(1_000_u64);
        let taken = Cell::new(0_usize);
        let mut called = Vec::new();
        let mut tally = Tally::default();
        let mut samples = Rows::samples(place.path()).expect("created");
        let mut blocks = Rows::create(place.path(), BLOCKS_FILE, &COLUMNS).expect("created");
        let sampling = Sampling {
            arms: &ARMS.iter().map(|arm| (*arm, arm.name.to_owned())).collect::<Vec<_>>(),
            session: 1,
            samples: &mut samples,
            blocks: &mut blocks,
            telemetry: Telemetry::new(),
            progress: Progress::Lines { experiment: "test".to_owned(), next_ns: 0 },
            precision: None,
            settled,
            clock: &mut || {
                now.set(now.get() + 10);
                now.get()
            },
            interrupted: &|| taken.get() >= stop_after,
            tally: &mut tally,
        };
        let end = sampling
            .carry_out(plan, &mut |arm| {
                let arm = ARMS.iter().find(|known| known.name == arm.name).expect("an arm");
                called.push(arm.name);
                now.set(now.get() + 100);
                let reading = script(taken.get(), arm);
                taken.set(taken.get() + 1);
                reading
            })
            .expect("rows are written");
        let warmups = plan.iter().take_while(|block| block.warmup);
        let warmup_blocks = warmups.last().map_or(0, |block| block.number);
        let all = plan.last().map_or(0, |block| block.number);
        let record =
            Manifest { seed: SEED, warmup_blocks, blocks: all - warmup_blocks, ..manifest() };
        let samples = Samples::read(&place.path().join(SAMPLES_FILE), &record);
        let blocks = std::fs::read_to_string(place.path().join(BLOCKS_FILE)).expect("read");
        Outcome {
            end,
            tally,
            rows: samples.expect("valid").rows,
            blocks: blocks.lines().skip(1).map(str::to_owned).collect(),
            called,
        }
    }

    fn reading(wall_ns: u64) -> Reading {
        Reading { wall_ns, cpu_ns: Some(7), whole_cpu_ns: Some(9) }
    }

    #[test]
    fn order_flags_and_numbers_are_those_of_the_plan() {
        let plan = plan(1, 3);
        let outcome = run(&plan, usize::MAX, |index, _| Ok(reading(index as u64 + 1)));
        assert_eq!(outcome.end, End::Complete(Stopped::Planned));

        let planned: Vec<(u32, bool, &str)> = plan
            .iter()
            .flat_map(|b| b.order.iter().map(|&arm| (b.number, b.warmup, ARMS[arm].name)))
            .collect();
        let rows: Vec<(u32, bool, &str)> =
            outcome.rows.iter().map(|row| (row.block, row.warmup, row.arm.as_str())).collect();
        assert_eq!(rows, planned);
        assert_eq!(outcome.called, planned.iter().map(|(_, _, name)| *name).collect::<Vec<_>>());
        for (index, row) in outcome.rows.iter().enumerate() {
            assert_eq!(row.wall_ns, Some(index as u64 + 1));
            assert_eq!((row.cpu_ns, row.whole_cpu_ns), (Some(7), Some(9)));
            assert_eq!(row.position as usize, index % 2 + 1);
            // Two looks before the first sample, then two a sample, one a block, one after the warm-up;
            // 100 ns inside each sample; the clock began at 1000.
            let looks = index as u64 / 2 + u64::from(index >= 2);
            assert_eq!(row.started_ns, 1_020 + index as u64 * 120 + looks * 10);
        }
        assert_eq!(outcome.blocks.len(), 4);
        assert!(outcome.blocks[0].starts_with("1,1,true,"), "{}", outcome.blocks[0]);
        assert!(outcome.blocks[1].starts_with("1,2,false,"), "{}", outcome.blocks[1]);
    }

    #[test]
    fn the_first_measured_block_waits_for_its_age_and_no_other_does() {
        let settled = Duration::from_micros(5);
        let starts = |warmup| -> Vec<u64> {
            let outcome = run_settled(&plan(warmup, 2), settled, usize::MAX, |_, _| Ok(reading(1)));
            // What was waited is none of the loop's time.
            assert!(outcome.tally.loop_ns < 1_000, "{:?}", outcome.tally);
            outcome.rows.iter().map(|row| row.started_ns).collect()
        };
        let waited = starts(1);
        assert!(waited[1] < 5_000 && waited[2] > 6_000 && waited[5] < 7_000, "{waited:?}");
        assert!(starts(0).iter().all(|started_ns| *started_ns < 5_000));
    }

    #[test]
    fn time_inside_samples_is_accounted_for() {
        let outcome = run(&plan(0, 1), usize::MAX, |_, _| Ok(reading(1)));
        // 110 a sample: the 100 of the closure and the clock's own 10.
        assert_eq!(outcome.tally.inside_ns, 220);
        assert_eq!(outcome.tally.loop_ns, 2 * 120 + 10 + 10);
    }

    #[test]
    fn a_failed_sample_is_a_row_and_the_run_goes_on() {
        let outcome = run(&plan(0, 2), usize::MAX, |index, _| match index {
            0 => Err(SampleError::Sample("exit code 125\n\n  no such image\n".to_owned())),
            1 => Err(SampleError::Sample(String::new())),
            2 => Ok(reading(0)),
            _ => Ok(reading(5)),
        });
        assert_eq!(outcome.end, End::Complete(Stopped::Planned));
        assert_eq!((outcome.tally.samples, outcome.tally.failed), (4, 3));
        let reasons: Vec<&str> = outcome.rows.iter().map(|row| row.reason.as_str()).collect();
        assert_eq!(
            reasons,
            ["exit code 125 | no such image", "no reason was given", "the reading is 0 ns", ""]
        );
        assert!(outcome.rows[..3].iter().all(|row| row.wall_ns.is_none()));
    }

    #[test]
    fn a_fatal_one_is_the_last_row() {
        let outcome = run(&plan(0, 5), usize::MAX, |index, _| {
            if index == 3 {
                Err(SampleError::Fatal("dockerd is gone".to_owned()))
            } else {
                Ok(reading(1))
            }
        });
        assert_eq!(outcome.end, End::Fatal("dockerd is gone".to_owned()));
        assert_eq!(outcome.rows.len(), 4);
        assert_eq!(outcome.rows[3].reason, "dockerd is gone");
        assert_eq!(outcome.blocks.len(), 2, "the broken block has its row, too");
    }

    #[test]
    fn an_interrupt_ends_the_run_after_the_sample_that_it_met() {
        let outcome = run(&plan(0, 5), 3, |_, _| Ok(reading(1)));
        assert_eq!(outcome.end, End::Interrupted);
        assert_eq!(outcome.rows.len(), 3);
        assert_eq!(outcome.blocks.len(), 2);
        for (stop_after, blocks) in [(0, 0), (2, 1), (4, 2)] {
            let outcome = run(&plan(0, 5), stop_after, |_, _| Ok(reading(1)));
            assert_eq!(outcome.end, End::Interrupted);
            assert_eq!(
                (outcome.rows.len(), outcome.blocks.len()),
                (stop_after, blocks),
                "a block without a sample has no row"
            );
        }
    }
}

//! From a cell to the share of its replicates in which what was said was true.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use facts::{Fleet, Range, Scope, estimate};
use measure::Plan;
use measure::stats::{
    ALPHA, Interval, Looks, MARGIN, bootstrap, equivalent, median, median_interval, ratio,
};

use crate::bench::Bench;
use crate::draws::Draws;
use crate::protocol::{
    ARMS, BLOCKS, BOOTSTRAP_RESAMPLES, Cell, PAIR, PRIMARY, Rule, SESSION_BLOCKS,
};

/// A cell with what came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    pub(crate) cell: Cell,
    /// Replicates in which the rule said something: gave an interval, or an answer.
    pub(crate) given: u32,
    /// Those in which it was true: the interval held the truth, "equivalent" was not said of a
    /// ratio at the margin, no look of an adaptive run missed.
    pub(crate) covered: u32,
    /// The coverage that `measure` prints, where it says that it is exact.
    pub(crate) exact: Option<f64>,
}

impl Outcome {
    /// `None` where nothing was said.
    pub(crate) fn coverage(&self) -> Option<f64> {
        (self.given > 0).then(|| f64::from(self.covered) / f64::from(self.given))
    }

    /// Standard error of [`coverage`](Self::coverage): binomial, from the exact coverage where
    /// there is one.
    pub(crate) fn standard_error(&self) -> Option<f64> {
        let p = self.exact.or(self.coverage())?;
        Some((p * (1.0 - p) / f64::from(self.given)).sqrt())
    }
}

/// Simulates all cells on as many threads as asked for. Outcomes are in the order of the cells and
/// depend on the seed alone. `done` is called in this thread after each cell.
pub(crate) fn simulate(
    cells: &[Cell],
    seed: u64,
    threads: usize,
    mut done: impl FnMut(),
) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let (outbox, inbox) = mpsc::channel();
    let mut outcomes: Vec<(usize, Outcome)> = std::thread::scope(|scope| {
        for _ in 0..threads {
            let (outbox, next) = (outbox.clone(), &next);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(cell) = cells.get(index) else { break };
                    let outcome = run(cell, Draws::new(seed, index as u64));
                    if outbox.send((index, outcome)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(outbox);
        inbox.iter().inspect(|_| done()).collect()
    });
    outcomes.sort_by_key(|(index, _)| *index);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

fn run(cell: &Cell, mut draws: Draws) -> Outcome {
    let bench = match cell.rule {
        Rule::Equivalence => Bench::with_true_ratio(cell.law, cell.environment, cell.ratio),
        _ => Bench::new(cell.law, cell.environment, cell.ratio),
    };
    let truth = match cell.rule {
        Rule::Median => bench.true_median(cell.n),
        Rule::Bootstrap => bench.true_ratio_of_medians(),
        _ => bench.true_ratio(),
    };
    let mut outcome = Outcome { cell: *cell, given: 0, covered: 0, exact: None };
    for _ in 0..cell.replicates {
        let mut pairs = || bench.pairs(cell.n, &mut draws);
        let interval = match cell.rule {
            Rule::Median => median_interval(&above(&pairs()), ALPHA, Looks::Once),
            Rule::Ratio => ratio(&pairs(), ALPHA, Looks::Once).and_then(|ratio| ratio.interval),
            Rule::Bootstrap => {
                let pairs = pairs();
                bootstrap(&pairs, ALPHA, BOOTSTRAP_RESAMPLES, draws.seed())
            }
            Rule::Equivalence => {
                let said = equivalent(&pairs(), ALPHA, MARGIN, Looks::Once);
                outcome.given += u32::from(said.is_some());
                outcome.covered += u32::from(said == Some(false));
                continue;
            }
            Rule::Adaptive => {
                let missed = ever_missed(&pairs(), truth);
                outcome.given += u32::from(missed.is_some());
                outcome.covered += u32::from(missed == Some(false));
                continue;
            }
            Rule::PrimaryOnly => {
                let plan = Plan::new(ARMS, &PRIMARY, BLOCKS, draws.seed(), 1);
                let pairs = bench.pairs_of(&plan, PAIR, &mut draws);
                ratio(&pairs, ALPHA, Looks::Once).and_then(|ratio| ratio.interval)
            }
            Rule::OneMachine => one_machine(&bench, cell.n, &mut draws),
            Rule::Machines => machines(&bench, cell.n, &mut draws),
        };
        if let Some(interval) = interval {
            outcome.given += 1;
            outcome.covered += u32::from(holds(interval, truth));
            if cell.rule.says_coverage() {
                outcome.exact = Some(interval.coverage);
            }
        }
    }
    outcome
}

fn above(pairs: &[(f64, f64)]) -> Vec<f64> {
    pairs.iter().map(|&(y, _)| y).collect()
}

/// Whether any look of a run that is looked at after every block misses; `None` where none gives
/// an interval. (On the logarithms, as [`ratio()`] does it: its medians are not needed here.)
fn ever_missed(pairs: &[(f64, f64)], truth: f64) -> Option<bool> {
    let logs = logs(pairs);
    let mut missed = None;
    for blocks in 1..=logs.len() {
        if let Some(log) = median_interval(&logs[..blocks], ALPHA, Looks::Always) {
            let interval = Interval { low: log.low.exp(), high: log.high.exp(), ..log };
            missed = Some(!holds(interval, truth));
            if missed == Some(true) {
                break;
            }
        }
    }
    missed
}

/// What a report says of a run of several sessions.
fn one_machine(bench: &Bench, sessions: usize, draws: &mut Draws) -> Option<Interval> {
    let runs = bench.of_one_machine(sessions, SESSION_BLOCKS, draws);
    let logs = (1..).zip(runs.iter().map(|pairs| logs(pairs)));
    let found = estimate(&logs.collect::<BTreeMap<u32, _>>(), ALPHA, Looks::Once)?;
    found.interval.filter(|_| found.scope == Scope::Machine).map(of_logs)
}

/// What `merge` says of as many machines, each with a run of one session.
fn machines(bench: &Bench, machines: usize, draws: &mut Draws) -> Option<Interval> {
    let estimates = (0..machines).map(|_| {
        let pairs = bench.pairs(SESSION_BLOCKS, draws);
        median(&logs(&pairs)).into_iter().collect()
    });
    Fleet::of(&estimates.collect::<Vec<_>>(), ALPHA)?.interval.map(of_logs)
}

fn logs(pairs: &[(f64, f64)]) -> Vec<f64> {
    pairs.iter().map(|(y, x)| (y / x).ln()).collect()
}

fn of_logs(log: Range) -> Interval {
    let Range { low, high, coverage } = log.map(f64::exp);
    Interval { low, high, coverage }
}

/// Whether an interval holds the truth. Ends and truth can be the same number of ticks over the
/// same number of ticks, computed in two ways, hence the last digits.
fn holds(interval: Interval, truth: f64) -> bool {
    const ROUNDING: f64 = 1e-12;
    interval.low <= truth * (1.0 + ROUNDING) && truth * (1.0 - ROUNDING) <= interval.high
}

//! The adaptive stop (rule 4): as many blocks as the contrasts need, with intervals that hold at
//! all times at once, so that looking after every block costs no coverage.

use std::collections::BTreeMap;

use crate::manifest::{Stopped, Stopping};
use crate::stats::{ALPHA, Looks, ratio};

/// A contrast without a single pair after so many blocks will have none.
const PATIENCE: u32 = 20;

/// What a session knows so far, and what it was asked to know.
pub(crate) struct Precision {
    /// Numerator and denominator of each contrast that has to be known.
    contrasts: Vec<(String, String)>,
    /// The family's error, shared by its contrasts (rule 5).
    alpha: f64,
    /// How far either end of an interval may be from its estimate, as a factor above 1.
    factor: Option<f64>,
    /// Measuring time of this session, in ns.
    budget_ns: Option<u64>,
    /// Measured blocks so far.
    blocks: u32,
    /// Readings of the block that is being taken.
    block: BTreeMap<String, f64>,
    /// Readings of both arms of each contrast, block by block.
    pairs: Vec<Vec<(f64, f64)>>,
}

impl Precision {
    /// `None` with a fixed number of blocks.
    pub(crate) fn new(
        stopping: Stopping,
        sessions: u32,
        contrasts: Vec<(String, String)>,
    ) -> Option<Self> {
        let Stopping::Adaptive { precision_pct, budget_s } = stopping else {
            return None;
        };
        Some(Self {
            alpha: ALPHA / contrasts.len().max(1) as f64,
            factor: precision_pct.map(|percent| 1.0 + percent / 100.0),
            budget_ns: budget_s.map(|s| s.saturating_mul(1_000_000_000) / u64::from(sessions)),
            blocks: 0,
            block: BTreeMap::new(),
            pairs: vec![Vec::new(); contrasts.len()],
            contrasts,
        })
    }

    /// A good measured sample.
    pub(crate) fn sample(&mut self, arm: &str, wall_ns: u64) {
        self.block.insert(arm.to_owned(), wall_ns as f64);
    }

    /// The measured block is whole; says why it was the last, if it was.
    pub(crate) fn end_block(&mut self, elapsed_ns: u64) -> Option<Stopped> {
        let block = std::mem::take(&mut self.block);
        for ((above, below), pairs) in self.contrasts.iter().zip(&mut self.pairs) {
            if let (Some(&y), Some(&x)) = (block.get(above), block.get(below)) {
                pairs.push((y, x));
            }
        }
        self.blocks += 1;
        if self.precise() {
            return Some(Stopped::Precise);
        }
        let hopeless = self.factor.is_some() && self.pairs.iter().any(Vec::is_empty);
        if hopeless && self.blocks >= PATIENCE {
            return Some(Stopped::NoReading);
        }
        let spent = self.budget_ns.is_some_and(|budget_ns| elapsed_ns >= budget_ns);
        spent.then_some(Stopped::Budget)
    }

    fn precise(&self) -> bool {
        let Some(factor) = self.factor else {
            return false;
        };
        let known = |pairs: &Vec<(f64, f64)>| {
            let ratio = ratio(pairs, self.alpha, Looks::Always);
            ratio.is_some_and(|ratio| {
                ratio.interval.is_some_and(|interval| {
                    interval.high / ratio.estimate <= factor
                        && ratio.estimate / interval.low <= factor
                })
            })
        };
        self.pairs.iter().all(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn precision(precision_pct: Option<f64>, budget_s: Option<u64>) -> Precision {
        let stopping = Stopping::Adaptive { precision_pct, budget_s };
        let contrast = |above: &str| (above.to_owned(), "x".to_owned());
        Precision::new(stopping, 2, vec![contrast("y"), contrast("z")]).expect("adaptive")
    }

    fn block(precision: &mut Precision, y: u64, z: Option<u64>, now_s: u64) -> Option<Stopped> {
        precision.sample("x", 1_000);
        precision.sample("y", y);
        if let Some(z) = z {
            precision.sample("z", z);
        }
        precision.end_block(now_s * 1_000_000_000)
    }

    #[test]
    fn a_fixed_number_of_blocks_looks_at_nothing() {
        assert!(Precision::new(Stopping::Fixed, 1, vec![]).is_none());
    }

    #[test]
    fn it_ends_when_every_contrast_is_known() {
        let mut both = precision(Some(5.0), None);
        let ends: Vec<_> =
            (0..60).map(|i| block(&mut both, 1_200 + i % 2, Some(1_500), 0)).collect();
        let first = ends.iter().position(Option::is_some).expect("it ends");
        assert_eq!(ends[first], Some(Stopped::Precise));
        // Rule 4 has no interval at alpha / 2 before 11 blocks.
        assert!(first >= 9, "block {first}");

        let mut one = precision(Some(5.0), None);
        let ends: Vec<_> = (0..20).map(|_| block(&mut one, 1_200, None, 0)).collect();
        assert!(ends[..19].iter().all(Option::is_none), "{ends:?}");
        assert_eq!(ends[19], Some(Stopped::NoReading), "an arm that always fails");
    }

    #[test]
    fn a_wide_one_goes_on() {
        let mut wide = precision(Some(5.0), None);
        let ended =
            (0..60).any(|i| block(&mut wide, 1_000 + 500 * (i % 2), Some(1_500), 0).is_some());
        assert!(!ended);
    }

    #[test]
    fn the_budget_is_shared_by_the_sessions() {
        let mut budget = precision(None, Some(20));
        assert_eq!(block(&mut budget, 1, Some(1), 9), None);
        assert_eq!(block(&mut budget, 1, Some(1), 10), Some(Stopped::Budget));
    }
}

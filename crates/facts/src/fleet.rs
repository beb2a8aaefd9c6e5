//! What runs of several machines say together.

use measure::stats::median;
use serde::Serialize;

use crate::estimate::{Range, across_units};

/// The median of several machines' own estimates (rule 6, with the machine as the unit).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fleet {
    /// How many machines have an estimate.
    pub machines: usize,
    /// The median of theirs.
    pub value: f64,
    /// At `alpha`; `None` where so few machines have none.
    pub interval: Option<Range>,
    /// Error rate of the interval: 5 % where that is the family's share, or where the share of it
    /// leaves none.
    pub alpha: f64,
    /// The smallest estimate of a machine.
    pub smallest: f64,
    /// The largest one.
    pub largest: f64,
}

impl Fleet {
    /// Of the estimates of each machine's runs: a machine counts once, with the median of its runs'.
    /// `None` where no machine has one.
    ///
    /// The interval assumes that the machines are drawn at random, and independently, of those that
    /// it is to speak of.
    pub fn of(machines: &[Vec<f64>], alpha: f64) -> Option<Self> {
        let estimates: Vec<f64> = machines.iter().filter_map(|runs| median(runs)).collect();
        let found = across_units(&estimates, alpha);
        Some(Self {
            machines: estimates.len(),
            value: median(&estimates)?,
            interval: found.map(|(_, range, _)| range),
            alpha: found.map_or(alpha, |(.., alpha)| alpha),
            smallest: estimates.iter().copied().reduce(f64::min)?,
            largest: estimates.iter().copied().reduce(f64::max)?,
        })
    }

    /// On another scale, that grows with this one.
    pub fn map(self, to: impl Fn(f64) -> f64) -> Self {
        Self {
            value: to(self.value),
            interval: self.interval.map(|range| range.map(&to)),
            smallest: to(self.smallest),
            largest: to(self.largest),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use measure::stats::ALPHA;

    use super::*;

    fn fleet(machines: u32) -> Vec<Vec<f64>> {
        (1..=machines).map(|machine| vec![f64::from(machine)]).collect()
    }

    #[test]
    fn six_machines_have_an_interval_and_five_have_none() {
        for (machines, alpha, at, ends) in [
            (1, ALPHA, ALPHA, None),
            (5, ALPHA, ALPHA, None),
            (6, ALPHA, ALPHA, Some((1.0, 6.0))),
            // 2 / 2^7 < 2.5 % < 2 / 2^6: at 5 % by itself.
            (6, ALPHA / 2.0, ALPHA, Some((1.0, 6.0))),
            (7, ALPHA / 2.0, ALPHA / 2.0, Some((1.0, 7.0))),
            (12, ALPHA, ALPHA, Some((3.0, 10.0))),
        ] {
            let found = Fleet::of(&fleet(machines), alpha).expect("estimates");
            let range = found.interval.map(|range| (range.low, range.high));
            assert_eq!((range, found.alpha), (ends, at), "{machines} at {alpha}");
            assert_eq!((found.smallest, found.largest), (1.0, f64::from(machines)));
        }
        assert_eq!(Fleet::of(&[], ALPHA), None);
        assert_eq!(Fleet::of(&[Vec::new()], ALPHA), None);
    }

    #[test]
    fn a_machine_counts_once_whatever_its_runs() {
        let mut machines = fleet(5);
        machines[4] = vec![4.0, 5.0, 9.0, 9.5];
        let found = Fleet::of(&machines, ALPHA).expect("estimates");
        assert_eq!((found.machines, found.value, found.largest), (5, 3.0, 7.0));
        assert_eq!(found.interval, None, "eight runs are no six machines");
    }
}

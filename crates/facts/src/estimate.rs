//! A median with its interval, and what it speaks for.

use std::collections::BTreeMap;

use measure::stats::{ALPHA, Interval, Looks, across, median, median_interval, sign_test};
use serde::{Deserialize, Serialize};

/// A low and a high end; `coverage` as [`Interval`] has it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// The smaller end.
    pub low: f64,
    /// The larger end.
    pub high: f64,
    /// How probable it is that such an interval holds the true value.
    pub coverage: f64,
}

/// What a number speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One session, of one boot of one machine.
    Boot,
    /// Several sessions, too few for rule 6: all their blocks together.
    Sessions,
    /// The median of the sessions' estimates (rule 6): of one boot of one machine, whatever files call it.
    Machine,
}

/// A median with the interval that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The median.
    pub value: f64,
    /// At `alpha`; `None` where too few values are there for one.
    pub interval: Option<Range>,
    /// Error rate of the interval. It is not what was asked for where rule 6 has an interval at
    /// 5 % but none at the family's share of it.
    pub alpha: f64,
    /// What it speaks for.
    pub scope: Scope,
    /// What the interval is made of: blocks, or sessions for [`Scope::Machine`].
    pub n: usize,
}

impl Scope {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Scope::Boot => "boot",
            Scope::Sessions => "sessions",
            Scope::Machine => "machine",
        }
    }
}

impl Range {
    /// Whether a value lies in it.
    pub fn contains(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Whether they have a value in common.
    pub fn overlaps(self, other: Range) -> bool {
        self.low <= other.high && other.low <= self.high
    }

    /// On another scale, that grows with this one.
    pub fn map(self, to: impl Fn(f64) -> f64) -> Self {
        Self { low: to(self.low), high: to(self.high), coverage: self.coverage }
    }
}

impl From<Interval> for Range {
    fn from(interval: Interval) -> Self {
        Self { low: interval.low, high: interval.high, coverage: interval.coverage }
    }
}

impl Estimate {
    /// On another scale, that grows with this one.
    pub fn map(self, to: impl Fn(f64) -> f64) -> Self {
        Self { value: to(self.value), interval: self.interval.map(|range| range.map(to)), ..self }
    }
}

/// The median of values that come in sessions; `None` when there is none.
///
/// Rule 6 where it has an interval: at `alpha` if it can, else at 5 %. Otherwise rule 1 on all
/// values together. Blocks of different sessions may have different medians; the interval is
/// then, if anything, too wide (Hoeffding, Annals of Mathematical Statistics 27, 1956).
pub fn estimate(
    by_session: &BTreeMap<u32, Vec<f64>>,
    alpha: f64,
    looks: Looks,
) -> Option<Estimate> {
    let medians = medians(by_session);
    if medians.len() > 1
        && let Some((value, interval, alpha)) = across_units(&medians, alpha)
    {
        return Some(Estimate {
            value,
            interval: Some(interval),
            alpha,
            scope: Scope::Machine,
            n: medians.len(),
        });
    }
    pooled(by_session, alpha, looks)
}

/// Rule 6 on the estimates of sessions or machines, with its error rate: at `alpha` if so many have
/// an interval there, else at 5 %, else nothing.
pub(crate) fn across_units(estimates: &[f64], alpha: f64) -> Option<(f64, Range, f64)> {
    [alpha, alpha.max(ALPHA)].into_iter().find_map(|alpha| {
        let (value, interval) = across(estimates, alpha)?;
        Some((value, interval?.into(), alpha))
    })
}

/// The median of all values together, whatever the number of sessions.
pub fn pooled(by_session: &BTreeMap<u32, Vec<f64>>, alpha: f64, looks: Looks) -> Option<Estimate> {
    let values: Vec<f64> = by_session.values().flatten().copied().collect();
    let sessions = by_session.values().filter(|values| !values.is_empty());
    Some(Estimate {
        value: median(&values)?,
        interval: median_interval(&values, alpha, looks).map(Range::from),
        alpha,
        scope: match sessions.count() {
            1 => Scope::Boot,
            _ => Scope::Sessions,
        },
        n: values.len(),
    })
}

/// The interval that decides equivalence (rule 3) at the error rate of `found`, of what `found` is
/// made of: across sessions, or of all values together.
///
/// At twice that rate, where each end misses the median with half of an interval's rate. The bound
/// that holds at all times is a two-sided mixture, which does not split into such halves: there,
/// the rate itself.
pub fn narrow_like(
    found: Estimate,
    by_session: &BTreeMap<u32, Vec<f64>>,
    looks: Looks,
) -> Option<Range> {
    match (found.scope, looks) {
        // The number of sessions is fixed, whatever ended each of them.
        (Scope::Machine, _) => {
            let found = across(&medians(by_session), 2.0 * found.alpha)?.1;
            found.map(Range::from)
        }
        (Scope::Boot | Scope::Sessions, Looks::Once) => {
            pooled(by_session, 2.0 * found.alpha, looks)?.interval
        }
        (Scope::Boot | Scope::Sessions, Looks::Always) => {
            pooled(by_session, found.alpha, looks)?.interval
        }
    }
}

/// The fewest sessions, or machines, that have an interval at `alpha` (rule 6): from the smallest to the largest
/// of n, which both miss the median with 2 / 2^n.
pub fn sessions_needed(alpha: f64) -> u32 {
    let has = |n: &u32| 2.0 * 0.5_f64.powf(f64::from(*n)) <= alpha;
    (1..64).find(has).unwrap_or(64)
}

/// Two-sided p-value of "the median is 0", of the values that [`estimate`] is made of.
pub fn p_value(by_session: &BTreeMap<u32, Vec<f64>>, scope: Scope, looks: Looks) -> Option<f64> {
    match scope {
        Scope::Machine => sign_test(&medians(by_session), Looks::Once),
        Scope::Boot | Scope::Sessions => {
            let values: Vec<f64> = by_session.values().flatten().copied().collect();
            sign_test(&values, looks)
        }
    }
}

/// The sessions' estimates, in their order.
fn medians(by_session: &BTreeMap<u32, Vec<f64>>) -> Vec<f64> {
    by_session.values().filter_map(|values| median(values)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(count: u32, values: usize) -> BTreeMap<u32, Vec<f64>> {
        let value = |session: u32, index: usize| f64::from(session) + index as f64 / 100.0;
        (1..=count)
            .map(|session| (session, (0..values).map(|index| value(session, index)).collect()))
            .collect()
    }

    #[test]
    fn sessions_decide_what_a_number_speaks_for() {
        // At 5 %, six sessions have an interval; at 1 %, eight (2 / 2^8 < 1 % < 2 / 2^7).
        for (count, alpha, scope, n, at) in [
            (1, 0.05, Scope::Boot, 9, 0.05),
            (2, 0.05, Scope::Sessions, 18, 0.05),
            (5, 0.05, Scope::Sessions, 45, 0.05),
            (6, 0.05, Scope::Machine, 6, 0.05),
            (6, 0.01, Scope::Machine, 6, 0.05),
            (8, 0.01, Scope::Machine, 8, 0.01),
        ] {
            let found = estimate(&sessions(count, 9), alpha, Looks::Once).expect("values");
            assert_eq!((found.scope, found.n, found.alpha), (scope, n, at), "{count} at {alpha}");
        }
        assert_eq!(estimate(&BTreeMap::new(), 0.05, Looks::Once), None);
    }

    #[test]
    fn equivalence_has_twice_the_rate_only_where_the_interval_splits() {
        for (count, looks, coverage) in [
            // Of 20 values, ranks 6 and 15: 1 - 2 F(5) of Binomial(20, 1/2).
            (1, Looks::Once, 1.0 - 2.0 * 21_700.0 / 1_048_576.0),
            (1, Looks::Always, 0.95),
            // Of 8 sessions at 10 %, the second from each end.
            (8, Looks::Once, 1.0 - 2.0 * 9.0 / 256.0),
            (8, Looks::Always, 1.0 - 2.0 * 9.0 / 256.0),
        ] {
            let sessions = sessions(count, 20);
            let found = estimate(&sessions, 0.05, looks).expect("values");
            let narrow = narrow_like(found, &sessions, looks).expect("an interval");
            assert!((narrow.coverage - coverage).abs() < 1e-9, "{count} {narrow:?}");
        }
        let one = sessions(1, 20);
        let found = estimate(&one, 0.05, Looks::Always).expect("values");
        assert_eq!(narrow_like(found, &one, Looks::Always), found.interval);
    }

    #[test]
    fn as_many_sessions_as_needed_have_an_interval_and_one_less_has_none() {
        for (family, needed) in [(1_u32, 6), (2, 7), (4, 8), (8, 9)] {
            let alpha = ALPHA / f64::from(family);
            assert_eq!(sessions_needed(alpha), needed, "{family}");
            for (count, is) in [(needed, true), (needed - 1, false)] {
                let medians: Vec<f64> = (0..count).map(f64::from).collect();
                let interval = across(&medians, alpha).and_then(|found| found.1);
                assert_eq!(interval.is_some(), is, "{count} of {family}");
            }
        }
    }

    #[test]
    fn across_sessions_each_session_counts_once() {
        // Medians 1, 2, .., 6 whatever the number of values; a large session does not weigh more.
        let mut sessions = sessions(6, 1);
        sessions.insert(6, vec![6.0; 500]);
        let found = estimate(&sessions, 0.05, Looks::Once).expect("values");
        let interval = found.interval.expect("six have one");
        assert_eq!((found.value, interval.low, interval.high), (3.5, 1.0, 6.0));
        assert!((interval.coverage - (1.0 - 2.0 / 64.0)).abs() < 1e-12);
    }
}

//! Whether two estimates may be held against each other, and what follows.

use std::collections::BTreeMap;

use measure::stats::{ALPHA, Looks};
use serde::Serialize;

use crate::analysis::{self, Estimate, Range};

/// The fewest sessions that have an interval at 5 % (rule 6): 2 / 2^6 is below, 2 / 2^5 is not.
const SESSIONS: usize = 6;

#[derive(Clone, Copy, PartialEq, Serialize)]
pub(super) struct Shown {
    pub(super) estimate: f64,
    /// For the published figures a range, which has no coverage.
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) coverage: Option<f64>,
    pub(super) n: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Changed,
    NoChangeSeen,
    NotComparable,
}

/// A verdict with all that a row has beside it.
pub(super) struct Judged {
    pub(super) verdict: Verdict,
    pub(super) limit: Option<String>,
    pub(super) why: Option<String>,
    /// The base's and the new one's.
    pub(super) shown: [Option<Shown>; 2],
}

/// The values of one run by session, and how often it was looked at.
pub(super) type Side = (BTreeMap<u32, Vec<f64>>, Looks);

impl Verdict {
    pub(super) fn name(self) -> &'static str {
        match self {
            Verdict::Changed => "changed",
            Verdict::NoChangeSeen => "no change seen",
            Verdict::NotComparable => "not comparable",
        }
    }
}

/// Both estimates at `alpha`, and the verdict, by the rule above. Values are logarithms.
pub(super) fn judge(why: Option<String>, sides: &[Side; 2], alpha: f64) -> Judged {
    let (found, limit, too_few) = estimates(sides, alpha);
    let found = found.map(|found| found.map(|found| found.map(f64::exp)));
    let why = why.or_else(|| {
        let no_reading = found.iter().any(Option::is_none);
        let no_reading = no_reading.then_some("one of the runs has no reading");
        no_reading.or(too_few).map(str::to_owned)
    });
    let intervals = found.map(|found| found.and_then(|found| found.interval));
    let (verdict, why) = match (why, intervals) {
        (Some(why), _) => (Verdict::NotComparable, Some(why)),
        (None, [Some(base), Some(new)]) if base.overlaps(new) => (Verdict::NoChangeSeen, None),
        (None, [Some(_), Some(_)]) => (Verdict::Changed, None),
        (None, _) => {
            let why = "too few blocks for an interval";
            (Verdict::NotComparable, Some(why.to_owned()))
        }
    };
    Judged {
        verdict,
        limit: limit.filter(|_| verdict != Verdict::NotComparable).map(str::to_owned),
        why,
        shown: found.map(|found| found.map(Shown::of)),
    }
}

/// The estimates that may be held against each other, what limits a verdict on them, and why none
/// is possible. Where none is, all values together: shown, and not judged.
fn estimates(
    sides: &[Side; 2],
    alpha: f64,
) -> ([Option<Estimate>; 2], Option<&'static str>, Option<&'static str>) {
    let pooled = || sides.each_ref().map(|(values, looks)| analysis::pooled(values, alpha, *looks));
    let across = |alpha: f64| {
        let of = |(values, looks): &Side| {
            analysis::estimate(values, alpha, *looks)
                .filter(|found| found.scope == analysis::Scope::Machine && found.alpha <= alpha)
        };
        let found = sides.each_ref().map(of);
        found.iter().all(Option::is_some).then_some(found)
    };
    match sides.each_ref().map(|(values, _)| values.len()) {
        [0, _] | [_, 0] => (pooled(), None, None),
        [1, 1] => (pooled(), Some("these sessions only"), None),
        [1, (SESSIONS..)] | [(SESSIONS..), 1] => {
            (pooled(), None, Some("one session against several: take six of both (--sessions 6)"))
        }
        _ => match (across(alpha), across(ALPHA)) {
            (Some(found), _) => (found, None, None),
            (None, Some(found)) => (found, Some("each at 5 %"), None),
            (None, None) => (pooled(), None, Some("too few sessions")),
        },
    }
}

impl Shown {
    pub(super) fn of(found: Estimate) -> Self {
        Self {
            estimate: found.value,
            low: found.interval.map(|range| range.low),
            high: found.interval.map(|range| range.high),
            coverage: found.interval.map(|range| range.coverage),
            n: found.n,
        }
    }

    /// Of published figures.
    pub(super) fn range(estimate: f64, range: Range, n: u32) -> Self {
        Self {
            estimate,
            low: Some(range.low),
            high: Some(range.high),
            coverage: None,
            n: n as usize,
        }
    }
}

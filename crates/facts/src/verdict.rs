//! What is concluded of an interval. Every conclusion can be read off the interval that is printed
//! beside it.
//!
//! Of a ratio of ours, at its error rate `a` (alpha/m for one of m primary contrasts, alpha for an
//! exploratory one): `different` when its `1 - a` interval does not hold 1; `equivalent` when its
//! `1 - 2a` interval (after an adaptive stop: that same `1 - a` interval) lies inside the margin
//! (rule 3: two one-sided tests at `a` each). Both may be true, and then both are said. Whatever the true ratio is, at most one of the two statements is
//! false of it, and that one is made with a probability of at most `a`; so all statements about the
//! m primary contrasts are true together with a probability of at least `1 - alpha`.
//!
//! Where a run's sessions are too few for an interval at alpha/m, its primary contrasts have alpha
//! each, and none of the last sentence holds: such a verdict is named `(by itself)` wherever it
//! stands, in files too.
//!
//! Holm's p-values are printed beside and decide nothing: Holm may reject where the simultaneous
//! interval still holds 1, and a verdict that its interval contradicts would be no help. What is
//! `different` here, and not by itself, has a Holm p-value of at most alpha always.

use serde::{Deserialize, Serialize};

use crate::estimate::Range;

/// Of a ratio of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The interval does not hold 1.
    Different,
    /// It does not hold 1, and the narrower one lies inside the margin.
    DifferentEquivalent,
    /// The narrower interval lies inside the margin.
    Equivalent,
    /// Neither: at this n, nothing is known of which way it goes or how near to 1 it is.
    Inconclusive,
    /// Too few blocks for any interval.
    NoInterval,
    /// No block in which both arms gave a reading.
    NoReading,
}

/// Of something published, held against what was measured here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Here {
    /// Our interval and the claim agree, and ours tells the claim from no effect.
    Consistent,
    /// Our interval excludes all that was published.
    NotReproduced,
    /// Our interval excludes neither what was published nor its absence.
    Inconclusive,
    /// No interval of ours.
    NotMeasured,
    /// It was a question and no claim, and what was measured answers it.
    Answered,
}

/// What a source's own numbers can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The ranges of its two arms are apart: which one is larger, no percentage.
    Sign,
    /// The ranges overlap: not even that.
    CannotResolve,
    /// It gives no number.
    NoNumber,
}

impl Verdict {
    /// `decisive` at `1 - a`, `narrow` the one of rule 3, `margin` as a share.
    pub fn of(decisive: Option<Range>, narrow: Option<Range>, margin: f64) -> Self {
        let within = narrow.is_some_and(|narrow| is_within(narrow, margin));
        match (decisive.map(|range| !range.contains(1.0)), within) {
            (Some(true), true) => Verdict::DifferentEquivalent,
            (Some(true), false) => Verdict::Different,
            (_, true) => Verdict::Equivalent,
            (Some(false), false) => Verdict::Inconclusive,
            (None, false) => Verdict::NoInterval,
        }
    }

    /// Whether it says that the ratio is not 1.
    pub fn is_different(self) -> bool {
        matches!(self, Verdict::Different | Verdict::DifferentEquivalent)
    }

    /// Whether it says that the ratio is near 1.
    pub fn is_equivalent(self) -> bool {
        matches!(self, Verdict::Equivalent | Verdict::DifferentEquivalent)
    }

    /// Whether it says anything of the ratio, which can then be wrong.
    pub fn is_statement(self) -> bool {
        self.is_different() || self.is_equivalent()
    }

    /// The name in files; `by_itself` as [`RatioSummary`](super::RatioSummary) has it.
    pub fn name(self, by_itself: bool) -> String {
        let name = match self {
            Verdict::Different => "different",
            Verdict::DifferentEquivalent => "different, equivalent",
            Verdict::Equivalent => "equivalent",
            Verdict::Inconclusive => "inconclusive",
            Verdict::NoInterval => "no interval",
            Verdict::NoReading => "no reading",
        };
        if by_itself && self.is_statement() {
            format!("{name} (by itself)")
        } else {
            name.to_owned()
        }
    }
}

impl Here {
    /// Of a published ratio with the range that its repetitions span.
    ///
    /// An overlap alone would call every wide interval of ours consistent. So where ours holds 1,
    /// nothing was decided, whether or not the published range holds 1 too.
    pub fn of_ratio(ours: Option<Range>, published: Range) -> Self {
        match ours {
            None => Here::NotMeasured,
            Some(ours) if !ours.overlaps(published) => Here::NotReproduced,
            Some(ours) if ours.contains(1.0) => Here::Inconclusive,
            Some(_) => Here::Consistent,
        }
    }

    /// Of "the ratio is above 1". Equivalence without a difference speaks against it; a difference
    /// within the margin speaks for it.
    pub fn of_above(ours: Option<Range>, verdict: Verdict) -> Self {
        match ours {
            None => Here::NotMeasured,
            Some(ours) if ours.low > 1.0 => Here::Consistent,
            Some(ours) if ours.high < 1.0 || verdict == Verdict::Equivalent => Here::NotReproduced,
            Some(_) => Here::Inconclusive,
        }
    }

    /// Of "the ratio is below 1".
    pub fn of_below(ours: Option<Range>, verdict: Verdict) -> Self {
        Self::of_above(
            ours.map(|ours| Range { low: 1.0 / ours.high, high: 1.0 / ours.low, ..ours }),
            verdict,
        )
    }

    /// Of "there is no difference": only equivalence within the margin speaks for it.
    pub fn of_same(ours: Option<Range>, verdict: Verdict) -> Self {
        match ours {
            _ if verdict.is_equivalent() => Here::Consistent,
            None => Here::NotMeasured,
            Some(_) if verdict.is_different() => Here::NotReproduced,
            Some(_) => Here::Inconclusive,
        }
    }

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Here::Consistent => "consistent here",
            Here::NotReproduced => "not reproduced here",
            Here::Inconclusive => "inconclusive here",
            Here::NotMeasured => "not measured here",
            Here::Answered => "answered here",
        }
    }
}

impl Source {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Source::Sign => "sign only",
            Source::CannotResolve => "the source cannot resolve it",
            Source::NoNumber => "no number",
        }
    }
}

fn is_within(range: Range, margin: f64) -> bool {
    range.low > 1.0 / (1.0 + margin) && range.high < 1.0 + margin
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn range((low, high): (f64, f64)) -> Range {
        Range { low, high, coverage: 0.95 }
    }

    #[rstest]
    #[case::apart(Some((1.2, 1.4)), Some((1.22, 1.38)), Verdict::Different)]
    #[case::apart_below(Some((0.5, 0.6)), Some((0.5, 0.6)), Verdict::Different)]
    #[case::near(Some((0.97, 1.04)), Some((0.98, 1.03)), Verdict::Equivalent)]
    #[case::near_by_the_narrow_one(Some((0.94, 1.06)), Some((0.96, 1.04)), Verdict::Equivalent)]
    #[case::near_but_not_one(Some((1.01, 1.04)), Some((1.02, 1.03)), Verdict::DifferentEquivalent)]
    #[case::wide(Some((0.9, 1.2)), Some((0.92, 1.15)), Verdict::Inconclusive)]
    #[case::margin_itself_is_outside(Some((0.9, 1.05)), Some((0.96, 1.05)), Verdict::Inconclusive)]
    #[case::one_itself_is_held(Some((1.0, 1.4)), Some((1.0, 1.3)), Verdict::Inconclusive)]
    #[case::too_few(None, None, Verdict::NoInterval)]
    #[case::five_blocks(None, Some((0.98, 1.02)), Verdict::Equivalent)]
    fn verdicts(
        #[case] decisive: Option<(f64, f64)>,
        #[case] narrow: Option<(f64, f64)>,
        #[case] verdict: Verdict,
    ) {
        assert_eq!(Verdict::of(decisive.map(range), narrow.map(range), 0.05), verdict);
    }

    #[rstest]
    #[case(Verdict::Different, "different (by itself)")]
    #[case(Verdict::DifferentEquivalent, "different, equivalent (by itself)")]
    #[case(Verdict::Equivalent, "equivalent (by itself)")]
    #[case(Verdict::Inconclusive, "inconclusive")]
    #[case(Verdict::NoInterval, "no interval")]
    fn only_statements_are_by_themselves(#[case] verdict: Verdict, #[case] name: &str) {
        assert_eq!(verdict.name(true), name);
        assert_eq!(verdict.name(false), name.trim_end_matches(" (by itself)"));
    }

    #[rstest]
    #[case::agrees((1.05, 1.10), (1.03, 1.14), Here::Consistent)]
    #[case::above((1.2, 1.3), (1.03, 1.14), Here::NotReproduced)]
    #[case::no_effect((0.99, 1.01), (1.03, 1.14), Here::NotReproduced)]
    #[case::could_be_anything((0.8, 1.5), (1.03, 1.14), Here::Inconclusive)]
    #[case::neither_tells((0.8, 1.5), (0.98, 1.14), Here::Inconclusive)]
    #[case::only_the_source_cannot_tell((1.02, 1.5), (0.98, 1.14), Here::Consistent)]
    fn published_ratios(
        #[case] ours: (f64, f64),
        #[case] published: (f64, f64),
        #[case] here: Here,
    ) {
        assert_eq!(Here::of_ratio(Some(range(ours)), range(published)), here);
        assert_eq!(Here::of_ratio(None, range(published)), Here::NotMeasured);
    }

    #[rstest]
    #[case((1.01, 1.2), Verdict::Different, Here::Consistent, Here::NotReproduced, Here::NotReproduced)]
    #[case((0.8, 0.9), Verdict::Different, Here::NotReproduced, Here::Consistent, Here::NotReproduced)]
    #[case((0.99, 1.02), Verdict::Equivalent, Here::NotReproduced, Here::NotReproduced, Here::Consistent)]
    #[case((1.01, 1.02), Verdict::DifferentEquivalent, Here::Consistent, Here::NotReproduced, Here::Consistent)]
    #[case((0.9, 1.2), Verdict::Inconclusive, Here::Inconclusive, Here::Inconclusive, Here::Inconclusive)]
    fn directions(
        #[case] ours: (f64, f64),
        #[case] verdict: Verdict,
        #[case] above: Here,
        #[case] below: Here,
        #[case] same: Here,
    ) {
        let ours = Some(range(ours));
        assert_eq!(Here::of_above(ours, verdict), above);
        assert_eq!(Here::of_below(ours, verdict), below);
        assert_eq!(Here::of_same(ours, verdict), same);
    }
}

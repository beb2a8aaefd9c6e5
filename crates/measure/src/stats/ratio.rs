//! Ratios of two arms within blocks.

use super::{Interval, Looks, median, median_interval};

/// The ratio of two arms, taken within blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Median of the within-block ratios on the logarithmic scale.
    pub estimate: f64,
    /// Interval of that median; `None` where there are too few pairs (below six, for
    /// [`Looks::Once`] at 5 %).
    pub interval: Option<Interval>,
    /// Ratio of the two medians: printed beside the estimate, which it differs from under drift.
    pub ratio_of_medians: f64,
    /// Blocks in which both arms gave a reading.
    pub pairs: usize,
}

/// Rule 2: the ratio `y / x` of two arms from the pairs `(y, x)` that shared a block.
///
/// The interval is that of [`median_interval`] on the logarithms of the within-block ratios.
/// Because the order within a block is a coin flip, it holds under drift and autocorrelation
/// (randomised blocks: Abedi & Brecht, ICPE 2017). `None` when there is no pair, or a value is no
/// positive finite number.
#[must_use]
pub fn ratio(pairs: &[(f64, f64)], alpha: f64, looks: Looks) -> Option<Ratio> {
    let logs = logs(pairs)?;
    let (above, below): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let interval = median_interval(&logs, alpha, looks).map(|log| Interval {
        low: log.low.exp(),
        high: log.high.exp(),
        coverage: log.coverage,
    });
    Some(Ratio {
        estimate: median(&logs)?.exp(),
        interval,
        ratio_of_medians: median(&above)? / median(&below)?,
        pairs: pairs.len(),
    })
}

/// Rule 3: "no overhead beyond `margin`": the `1 - 2 alpha` interval of rule 2 (for
/// [`Looks::Always`] the `1 - alpha` one) lies inside `(1 / (1 + margin), 1 + margin)`.
///
/// Two one-sided tests at `alpha` each (Schuirmann, Journal of Pharmacokinetics 15, 1987): when the
/// true ratio is at or beyond the margin, "yes" is said with a probability of at most `alpha`.
/// "No" is not "different": the blocks may be too few. `None` where no such interval exists (below
/// five pairs, for [`Looks::Once`] at 5 %), and when `margin` is no positive finite number.
#[must_use]
pub fn equivalent(pairs: &[(f64, f64)], alpha: f64, margin: f64, looks: Looks) -> Option<bool> {
    if !(margin > 0.0 && margin.is_finite()) {
        return None;
    }
    // Rule 4's bound is on both sides together: its halves are no tests at alpha each.
    let both_sides = match looks {
        Looks::Once => 2.0 * alpha,
        Looks::Always => alpha,
    };
    let interval = ratio(pairs, both_sides, looks)?.interval?;
    Some(interval.low > 1.0 / (1.0 + margin) && interval.high < 1.0 + margin)
}

/// Logarithms of the within-block ratios; `None` when a value is no positive finite number.
fn logs(pairs: &[(f64, f64)]) -> Option<Vec<f64>> {
    let is_reading = |value: f64| value > 0.0 && value.is_finite();
    let log = |&(y, x): &(f64, f64)| (is_reading(y) && is_reading(x)).then(|| (y / x).ln());
    pairs.iter().map(log).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::stats::{ALPHA, MARGIN};

    #[test]
    fn a_ratio_is_the_median_of_ratios_within_blocks() {
        // Doubling within each block, under a drift by which the medians of halves would differ.
        let pairs: Vec<(f64, f64)> = (1..=10).map(|i| (f64::from(2 * i), f64::from(i))).collect();
        let ratio = ratio(&pairs, ALPHA, Looks::Once).expect("a ratio");
        assert!((ratio.estimate - 2.0).abs() < 1e-12);
        assert!((ratio.ratio_of_medians - 2.0).abs() < 1e-12);
        let interval = ratio.interval.expect("an interval");
        assert!((interval.low - 2.0).abs() < 1e-12 && (interval.high - 2.0).abs() < 1e-12);
        assert_eq!(ratio.pairs, 10);
    }

    #[test]
    fn the_estimate_differs_from_the_ratio_of_medians_where_it_should() {
        let pairs = [(2.0, 1.0), (20.0, 10.0), (3.0, 100.0)];
        let ratio = ratio(&pairs, ALPHA, Looks::Once).expect("a ratio");
        assert!((ratio.estimate - 2.0).abs() < 1e-12);
        assert!((ratio.ratio_of_medians - 0.3).abs() < 1e-12);
        assert_eq!(ratio.interval, None);
    }

    #[rstest]
    #[case(&[])]
    #[case(&[(1.0, 0.0)])]
    #[case(&[(-1.0, -1.0)])]
    #[case(&[(f64::NAN, 1.0)])]
    #[case(&[(1.0, f64::INFINITY)])]
    #[case::a_quotient_beyond_all_numbers(&[(f64::MAX, f64::MIN_POSITIVE)])]
    fn what_is_no_reading_gives_no_ratio(#[case] pairs: &[(f64, f64)]) {
        assert_eq!(ratio(pairs, ALPHA, Looks::Once), None);
        assert_eq!(equivalent(pairs, ALPHA, MARGIN, Looks::Once), None);
    }

    #[rstest]
    #[case::within(1.0, 20, Some(true))]
    #[case::just_within(1.0499, 20, Some(true))]
    #[case::at_the_margin(1.05, 20, Some(false))]
    #[case::at_the_lower_margin(1.0 / 1.05, 20, Some(false))]
    #[case::beyond(1.5, 20, Some(false))]
    #[case::five_have_an_interval_at_90_percent(1.0, 5, Some(true))]
    #[case::four_have_none(1.0, 4, None)]
    fn equivalence_is_an_interval_inside_the_margin(
        #[case] ratio: f64,
        #[case] pairs: usize,
        #[case] expected: Option<bool>,
    ) {
        let pairs = vec![(ratio, 1.0); pairs];
        assert_eq!(equivalent(&pairs, ALPHA, MARGIN, Looks::Once), expected);
    }

    #[test]
    fn one_wide_sample_on_each_side_denies_equivalence() {
        let mut pairs = vec![(1.0, 1.0); 5];
        pairs[0].0 = 1.2;
        assert_eq!(equivalent(&pairs, ALPHA, MARGIN, Looks::Once), Some(false));
        assert_eq!(equivalent(&pairs, ALPHA, 0.3, Looks::Once), Some(true));
    }

    #[rstest]
    #[case(0.0)]
    #[case(-0.05)]
    #[case(f64::NAN)]
    #[case(f64::INFINITY)]
    fn what_is_no_margin_gives_no_answer(#[case] margin: f64) {
        let pairs = [(1.0, 1.0); 20];
        assert_eq!(equivalent(&pairs, ALPHA, margin, Looks::Once), None);
    }
}

//! Medians and their intervals.

use super::sign_test::{coverage, rank};
use super::{Interval, Looks, middle, sorted};

/// The median, in the unit of the values; the mean of the two middle values for an even count.
///
/// `None` when there is no value, or when one of them is no finite number.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    Some(middle(&sorted(values)?))
}

/// Rules 1 and 4: the interval `[x(d), x(n+1-d)]` of the median, in the unit of the values, with
/// the rank `d` that inverts the sign test of [`sign_test`](super::sign_test()).
///
/// Assumes independent values of one law with a unique median (Thompson, Annals of Mathematical
/// Statistics 7, 1936); autocorrelated values are covered less often. `None` when `d` is 0 (no
/// such interval exists for so few values), when there is no value or one of them is no finite
/// number, and when `alpha` is not strictly between 0 and 1.
#[must_use]
pub fn median_interval(values: &[f64], alpha: f64, looks: Looks) -> Option<Interval> {
    let sorted = sorted(values)?;
    let n = sorted.len();
    let d = rank(n, alpha, looks)?;
    Some(Interval {
        low: sorted[d - 1],
        high: sorted[n - d],
        coverage: coverage(n, d, alpha, looks)?,
    })
}

/// Rule 6: the median of per-session (or per-machine) estimates and rule 1 on them, in the unit of
/// the estimates.
///
/// Assumes that sessions are independent, and equals in what they say of the machine: each counts
/// once, however many blocks it has. The logarithm, for ratios, is the caller's to take. The
/// interval is `None` below six sessions at 5 %; everything is `None` when there is no estimate or
/// one is no finite number.
#[must_use]
pub fn across(estimates: &[f64], alpha: f64) -> Option<(f64, Option<Interval>)> {
    let interval = median_interval(estimates, alpha, Looks::Once);
    Some((median(estimates)?, interval))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::stats::ALPHA;

    #[rstest]
    // F(0) = 1/64; F(1) = 11/1024; F(9) = 22964087/2^30.
    #[case(6, 1.0 - 2.0 / 64.0)]
    #[case(10, 1.0 - 22.0 / 1024.0)]
    #[case(30, 1.0 - 2.0 * 22_964_087.0 / 1_073_741_824.0)]
    fn exact_coverages_worked_out_as_fractions(#[case] n: usize, #[case] coverage: f64) {
        let ours = median_interval(&vec![1.0; n], ALPHA, Looks::Once).expect("an interval");
        assert!((ours.coverage - coverage).abs() < 1e-12, "{ours:?} {coverage}");
    }

    #[test]
    fn four_values_have_no_interval_at_95_percent_but_one_at_80() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(median_interval(&values, ALPHA, Looks::Once), None);
        let interval = median_interval(&values, 0.2, Looks::Once).expect("min to max");
        assert_eq!((interval.low, interval.high), (1.0, 4.0));
        assert!((interval.coverage - 0.875).abs() < 1e-12);
    }

    #[rstest]
    #[case(Looks::Once, (2.0, 9.0), 1.0 - 22.0 / 1024.0)]
    #[case(Looks::Always, (1.0, 10.0), 0.95)]
    fn looking_at_all_times_costs_width(
        #[case] looks: Looks,
        #[case] ends: (f64, f64),
        #[case] coverage: f64,
    ) {
        let values: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        let interval = median_interval(&values, ALPHA, looks).expect("an interval");
        assert_eq!((interval.low, interval.high), ends);
        assert!((interval.coverage - coverage).abs() < 1e-12);
        assert_eq!(median(&values), Some(5.5));
    }

    #[rstest]
    #[case(&[])]
    #[case(&[1.0, f64::NAN, 2.0])]
    #[case(&[1.0, f64::INFINITY])]
    fn what_is_no_number_gives_no_statistic(#[case] values: &[f64]) {
        assert_eq!(median(values), None);
        assert_eq!(median_interval(values, ALPHA, Looks::Once), None);
        assert_eq!(median_interval(values, ALPHA, Looks::Always), None);
        assert_eq!(across(values, ALPHA), None);
    }

    #[rstest]
    #[case(0.0)]
    #[case(1.0)]
    #[case(-0.05)]
    #[case(f64::NAN)]
    fn what_is_no_error_rate_gives_no_interval(#[case] alpha: f64) {
        assert_eq!(median_interval(&[1.0; 10], alpha, Looks::Once), None);
        assert_eq!(median_interval(&[1.0; 10], alpha, Looks::Always), None);
    }

    #[test]
    fn five_sessions_have_an_estimate_and_six_an_interval() {
        let sessions = [1.02, 1.08, 1.05, 1.01, 1.09, 1.07];
        assert_eq!(across(&sessions[..5], ALPHA), Some((1.05, None)));
        let (estimate, interval) = across(&sessions, ALPHA).expect("six numbers");
        assert!((estimate - 1.06).abs() < 1e-12);
        let interval = interval.expect("an interval");
        assert_eq!((interval.low, interval.high), (1.01, 1.09));
    }
}

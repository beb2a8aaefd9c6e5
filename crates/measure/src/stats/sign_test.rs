//! The sign test, and the ranks that its inversion gives.

use statrs::distribution::{Binomial, DiscreteCDF};
use statrs::function::beta::ln_beta;

use super::{Looks, is_rate};

/// The symmetric Beta(a, a) that the anytime-valid test mixes over. Between ten and a hundred values,
/// where runs stop, no `a` gives a rank that is larger by more than one.
const MIXTURE: f64 = 2.0;

/// Two-sided p-value of "the median is 0", for logarithms of ratios or other differences.
///
/// A p-value is at most `alpha` exactly when 0 lies outside the interval of
/// [`median_interval`](super::median_interval) with the same `alpha` and `looks`. Values that are
/// 0 count for whichever side makes the result less extreme (conservative), so they never create a
/// difference. `None` when there is no value or one is no finite number.
///
/// [`Looks::Once`]: exact binomial test (Dixon & Mood, JASA 41, 1946), twice the smaller tail.
/// [`Looks::Always`]: `min(1, 1/E)` with the mixture's e-value `E = 2^n B(a+k, a+n-k) / B(a, a)`,
/// `a = 2`; valid at any stopping time by Ville's inequality (Howard & Ramdas, Bernoulli 28(3),
/// 2022).
#[must_use]
pub fn sign_test(values: &[f64], looks: Looks) -> Option<f64> {
    if values.is_empty() || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let not_above = values.iter().filter(|value| **value <= 0.0).count();
    let not_below = values.iter().filter(|value| **value >= 0.0).count();
    // Zeros are in both counts: neither can be pushed beyond the middle by them.
    let k = not_above.min(not_below).min(values.len() / 2);
    p_value(values.len(), k, looks)
}

/// The rank `d` of rules 1 and 4: `#{k <= n/2 : p(k) <= alpha}`, so that of `n` values the interval
/// goes from the `d`-th smallest to the `d`-th largest.
///
/// For a fixed `n` this is the `alpha/2` quantile of `Binomial(n, 1/2)` (one more only where its
/// F(d) is `alpha/2` to the last bit). `None` where it is 0: no such interval exists.
pub(super) fn rank(n: usize, alpha: f64, looks: Looks) -> Option<usize> {
    if n == 0 || !is_rate(alpha) {
        return None;
    }
    // p rises with k, and is 1 in the middle: the first k that is not rejected, by bisection.
    let (mut low, mut high) = (0, n / 2);
    while low < high {
        let k = usize::midpoint(low, high);
        if p_value(n, k, looks)? <= alpha {
            low = k + 1;
        } else {
            high = k;
        }
    }
    (low > 0).then_some(low)
}

/// The interval's coverage at rank `d`: exact for a fixed `n` and a continuous law,
/// `1 - 2F(d-1)`; what is guaranteed where stopping was free.
pub(super) fn coverage(n: usize, d: usize, alpha: f64, looks: Looks) -> Option<f64> {
    match looks {
        Looks::Once => Some(1.0 - p_value(n, d - 1, looks)?),
        Looks::Always => Some(1.0 - alpha),
    }
}

/// Two-sided p-value when the rarer sign occurs `k <= n/2` times in `n`.
fn p_value(n: usize, k: usize, looks: Looks) -> Option<f64> {
    let p = match looks {
        Looks::Once => 2.0 * Binomial::new(0.5, n as u64).ok()?.cdf(k as u64),
        Looks::Always => {
            let (n, k) = (n as f64, k as f64);
            let log_e = n * std::f64::consts::LN_2 + ln_beta(MIXTURE + k, MIXTURE + n - k)
                - ln_beta(MIXTURE, MIXTURE);
            (-log_e).exp()
        }
    };
    Some(p.min(1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::stats::{ALPHA, median_interval};

    /// `F(k)` of `Binomial(n, 1/2)` by summing the coefficients, without statrs.
    fn cdf_by_hand(n: u64, k: u64) -> f64 {
        let mut term = 0.5_f64.powi(i32::try_from(n).expect("small"));
        let mut sum = term;
        for i in 1..=k {
            term *= (n - i + 1) as f64 / i as f64;
            sum += term;
        }
        sum
    }

    #[rstest]
    #[case(Looks::Once, &[(1, 0), (4, 0), (5, 0), (6, 1), (10, 2), (20, 6), (30, 10), (50, 18), (100, 40)])]
    #[case(Looks::Always, &[(1, 0), (6, 0), (10, 1), (30, 7), (50, 15), (100, 35)])]
    fn the_ranks_of_the_method(#[case] looks: Looks, #[case] ranks: &[(usize, usize)]) {
        for &(n, d) in ranks {
            assert_eq!(rank(n, ALPHA, looks).unwrap_or(0), d, "n = {n}");
        }
    }

    #[test]
    fn ranks_and_coverage_agree_with_sums_made_by_hand() {
        for n in 1..=400_u64 {
            // The alpha/2 quantile: the smallest k with F(k) >= alpha/2.
            let by_hand = (0..=n).find(|&k| cdf_by_hand(n, k) >= ALPHA / 2.0).expect("F(n) is 1");
            let size = usize::try_from(n).expect("small");
            match rank(size, ALPHA, Looks::Once) {
                None => assert_eq!(by_hand, 0, "n = {n}"),
                Some(d) => {
                    assert_eq!(d as u64, by_hand, "n = {n}");
                    let coverage = coverage(size, d, ALPHA, Looks::Once).expect("a law");
                    let exact = 1.0 - 2.0 * cdf_by_hand(n, by_hand - 1);
                    assert!((coverage - exact).abs() < 1e-9, "n = {n}: {coverage} {exact}");
                    assert!(coverage >= 1.0 - ALPHA);
                }
            }
        }
    }

    #[test]
    fn anytime_ranks_are_counts_of_what_the_rule_names() {
        // B(2+k, 2+t-k) / B(2, 2) = 6 (k+1)! (t+1-k)! / (t+3)! = 6 / ((t+3) C(t+2, k+1)).
        let choose = |n: u32, k: u32| -> f64 {
            let factors = (1..=k).map(|i| f64::from(n + 1 - i) / f64::from(i));
            factors.product()
        };
        let e_value = |t: u32, k: u32| {
            let beta = 6.0 / (f64::from(t + 3) * choose(t + 2, k + 1));
            2.0_f64.powi(t.cast_signed()) * beta
        };
        for t in 1..=200 {
            let by_hand = (0..=t / 2).filter(|&k| e_value(t, k) >= 1.0 / ALPHA).count();
            let d = rank(t as usize, ALPHA, Looks::Always).unwrap_or(0);
            assert_eq!(d, by_hand, "t = {t}");
        }
    }

    #[rstest]
    #[case::one_value(&[1.0], 1.0)]
    #[case::six_of_one_sign(&[1.0; 6], 2.0 / 64.0)]
    #[case::nine_to_one(&[1.0, 1.0, 1.0, -1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 22.0 / 1024.0)]
    #[case::even(&[1.0, -1.0], 1.0)]
    #[case::a_tie_counts_against(&[0.0, 1.0, 1.0, 1.0, 1.0, 1.0], 2.0 * 7.0 / 64.0)]
    #[case::all_tied(&[0.0; 9], 1.0)]
    #[case::negative_zero(&[-0.0; 9], 1.0)]
    fn exact_p_values_worked_out_by_hand(#[case] values: &[f64], #[case] p: f64) {
        let ours = sign_test(values, Looks::Once).expect("a p-value");
        assert!((ours - p).abs() < 1e-12, "{ours} {p}");
    }

    #[rstest]
    // 2^8 B(2, 10) / B(2, 2) = 256 * 6 / 110.
    #[case::eight_of_one_sign(&[-1.0; 8], 110.0 / (256.0 * 6.0))]
    #[case::even(&[1.0, -1.0, 1.0, -1.0], 1.0)]
    #[case::all_tied(&[0.0; 40], 1.0)]
    fn anytime_p_values_worked_out_by_hand(#[case] values: &[f64], #[case] p: f64) {
        let ours = sign_test(values, Looks::Always).expect("a p-value");
        assert!((ours - p).abs() < 1e-12, "{ours} {p}");
    }

    #[rstest]
    #[case(&[])]
    #[case(&[1.0, f64::NAN])]
    #[case(&[f64::INFINITY; 9])]
    fn what_is_no_number_gives_no_p_value(#[case] values: &[f64]) {
        assert_eq!(sign_test(values, Looks::Once), None);
        assert_eq!(sign_test(values, Looks::Always), None);
    }

    proptest! {
        /// Test and interval are one thing, with ties among the values and at 0, and for every
        /// error rate, also those (powers of 1/2) that a binomial tail can equal.
        #[test]
        fn rejected_means_outside_the_interval(
            values in prop::collection::vec((-6_i32..10).prop_map(f64::from), 1..80),
            alpha in prop_oneof![0.001..0.999_f64, (1_i32..12).prop_map(|k| 0.5_f64.powi(k))],
            looks in prop_oneof![Just(Looks::Once), Just(Looks::Always)],
        ) {
            let p = sign_test(&values, looks).expect("numbers");
            let outside = median_interval(&values, alpha, looks)
                .is_some_and(|interval| !interval.contains(0.0));
            prop_assert_eq!(p <= alpha, outside, "p = {}", p);
        }

        /// Looking at all times costs width: never more is rejected.
        #[test]
        fn an_anytime_p_value_is_the_larger_one(n in 1_usize..300, share in 0.0..0.5_f64) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below n")]
            let k = (n as f64 * share) as usize;
            let once = p_value(n, k, Looks::Once).expect("a law");
            prop_assert!(p_value(n, k, Looks::Always).expect("a law") >= once);
        }
    }
}

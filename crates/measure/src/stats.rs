//! Medians and within-block ratios with exact, distribution-free intervals (inversion of the sign
//! test; rules 1 and 2 of the method).
//!
//! Only statrs' binomial law is used: its order statistics reorder their input and take NaN for a
//! number.

use statrs::distribution::{Binomial, DiscreteCDF};

/// Two-sided error of every interval that is reported: 5 %.
pub const ALPHA: f64 = 0.05;

/// An interval between two order statistics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end, in the unit of the values.
    pub low: f64,
    /// Upper end, in the unit of the values.
    pub high: f64,
    /// Exact coverage for a continuous law, between `1 - alpha` and 1.
    pub coverage: f64,
}

/// The ratio of two arms, taken within blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Median of the within-block ratios on the logarithmic scale.
    pub estimate: f64,
    /// Interval of that median; `None` below six pairs at 95 %.
    pub interval: Option<Interval>,
    /// Ratio of the two medians: printed beside the estimate, which it differs from under drift.
    pub ratio_of_medians: f64,
    /// Blocks in which both arms gave a reading.
    pub pairs: usize,
}

/// The median; the mean of the two middle values for an even count.
///
/// `None` when there is no value, or when one of them is not a finite number.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values)?;
    let upper = sorted.len() / 2;
    let lower = (sorted.len() - 1) / 2;
    Some(f64::midpoint(sorted[lower], sorted[upper]))
}

/// Rule 1: the interval `[x(d), x(n+1-d)]` of the median, with `d` the `alpha/2` quantile of
/// `Binomial(n, 1/2)`.
///
/// `None` when `d` is 0 (no such interval exists for so few values), when there is no value or one
/// of them is not a finite number, and when `alpha` is not strictly between 0 and 1.
#[must_use]
pub fn median_interval(values: &[f64], alpha: f64) -> Option<Interval> {
    let sorted = sorted(values)?;
    let (d, coverage) = rank(sorted.len(), alpha)?;
    Some(Interval {
        low: sorted[d - 1],
        high: sorted[sorted.len() - d],
        coverage,
    })
}

/// Rule 2: the ratio `y / x` of two arms from the pairs `(y, x)` that shared a block.
///
/// Because the order within a block is a coin flip, the interval holds under drift and
/// autocorrelation. `None` when there is no pair, or a value is not a positive finite number.
#[must_use]
pub fn ratio(pairs: &[(f64, f64)], alpha: f64) -> Option<Ratio> {
    if pairs.iter().any(|&(y, x)| y <= 0.0 || x <= 0.0) {
        return None;
    }
    let (above, below): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let logs: Vec<f64> = pairs.iter().map(|&(y, x)| (y / x).ln()).collect();
    let interval = median_interval(&logs, alpha).map(|log| Interval {
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

/// The rank `d` of rule 1 and the exact coverage `1 - 2F(d-1)` of the interval it gives.
fn rank(n: usize, alpha: f64) -> Option<(usize, f64)> {
    if n == 0 || !(alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    let law = Binomial::new(0.5, n as u64).ok()?;
    let d = law.inverse_cdf(alpha / 2.0);
    let below = d.checked_sub(1)?;
    Some((usize::try_from(d).ok()?, 1.0 - 2.0 * law.cdf(below)))
}

fn sorted(values: &[f64]) -> Option<Vec<f64>> {
    if values.is_empty() || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Some(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

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

    #[test]
    fn the_ranks_of_the_method() {
        for (n, d) in [(4, 0), (5, 0), (6, 1), (10, 2), (30, 10), (100, 40)] {
            assert_eq!(rank(n, ALPHA).map_or(0, |(d, _)| d), d, "n = {n}");
        }
    }

    #[test]
    fn ranks_and_coverage_agree_with_sums_made_by_hand() {
        for n in 1..=400_u64 {
            // The smallest k with F(k) >= alpha/2.
            let by_hand = (0..=n)
                .find(|&k| cdf_by_hand(n, k) >= ALPHA / 2.0)
                .expect("F(n) is 1");
            match rank(usize::try_from(n).expect("small"), ALPHA) {
                None => assert_eq!(by_hand, 0, "n = {n}"),
                Some((d, coverage)) => {
                    assert_eq!(d as u64, by_hand, "n = {n}");
                    let exact = 1.0 - 2.0 * cdf_by_hand(n, by_hand - 1);
                    assert!(
                        (coverage - exact).abs() < 1e-9,
                        "n = {n}: {coverage} {exact}"
                    );
                    assert!(coverage >= 1.0 - ALPHA);
                }
            }
        }
    }

    #[test]
    fn exact_coverages_worked_out_as_fractions() {
        // F(0) = 1/64; F(1) = 11/1024; F(9) = 22964087/2^30.
        for (n, coverage) in [
            (6, 1.0 - 2.0 / 64.0),
            (10, 1.0 - 22.0 / 1024.0),
            (30, 1.0 - 2.0 * 22_964_087.0 / 1_073_741_824.0),
        ] {
            let (_, ours) = rank(n, ALPHA).expect("an interval");
            assert!(
                (ours - coverage).abs() < 1e-12,
                "n = {n}: {ours} {coverage}"
            );
        }
    }

    #[test]
    fn four_values_have_no_interval_at_95_percent_but_one_at_80() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(median_interval(&values, ALPHA), None);
        let interval = median_interval(&values, 0.2).expect("min to max");
        assert_eq!((interval.low, interval.high), (1.0, 4.0));
        assert!((interval.coverage - 0.875).abs() < 1e-12);
    }

    #[test]
    fn the_interval_is_the_second_from_each_end_of_ten() {
        let values: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        let interval = median_interval(&values, ALPHA).expect("an interval");
        assert_eq!((interval.low, interval.high), (2.0, 9.0));
        assert_eq!(median(&values), Some(5.5));
    }

    #[test]
    fn what_is_no_number_gives_no_statistic() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[1.0, f64::NAN, 2.0]), None);
        assert_eq!(median(&[1.0, f64::INFINITY]), None);
        assert_eq!(median_interval(&[], ALPHA), None);
        assert_eq!(median_interval(&[1.0; 10], 0.0), None);
        assert_eq!(median_interval(&[1.0; 10], f64::NAN), None);
        assert_eq!(ratio(&[], ALPHA), None);
        assert_eq!(ratio(&[(1.0, 0.0)], ALPHA), None);
        assert_eq!(ratio(&[(f64::NAN, 1.0)], ALPHA), None);
    }

    #[test]
    fn a_ratio_is_the_median_of_ratios_within_blocks() {
        // Doubling within each block, under a drift by which the medians of halves would differ.
        let pairs: Vec<(f64, f64)> = (1..=10).map(|i| (f64::from(2 * i), f64::from(i))).collect();
        let ratio = ratio(&pairs, ALPHA).expect("a ratio");
        assert!((ratio.estimate - 2.0).abs() < 1e-12);
        assert!((ratio.ratio_of_medians - 2.0).abs() < 1e-12);
        let interval = ratio.interval.expect("an interval");
        assert!((interval.low - 2.0).abs() < 1e-12 && (interval.high - 2.0).abs() < 1e-12);
        assert_eq!(ratio.pairs, 10);
    }

    #[test]
    fn the_estimate_differs_from_the_ratio_of_medians_where_it_should() {
        let pairs = [(2.0, 1.0), (20.0, 10.0), (3.0, 100.0)];
        let ratio = ratio(&pairs, ALPHA).expect("a ratio");
        assert!((ratio.estimate - 2.0).abs() < 1e-12);
        assert!((ratio.ratio_of_medians - 0.3).abs() < 1e-12);
        assert_eq!(ratio.interval, None);
    }

    /// A standard normal deviate (Box-Muller).
    fn normal(rng: &mut ChaCha8Rng) -> f64 {
        let unit =
            |rng: &mut ChaCha8Rng| ((rng.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        (-2.0 * unit(rng).ln()).sqrt() * (std::f64::consts::TAU * unit(rng)).cos()
    }

    #[test]
    fn simulated_coverage_is_the_exact_one() {
        const REPLICATES: u32 = 2_000;
        for (n, seed) in [(10, 1), (30, 2)] {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (mut medians, mut ratios) = (0_u32, 0_u32);
            let mut exact = 0.0;
            for _ in 0..REPLICATES {
                // A block effect shared by both arms, lognormal noise 0.5, true ratio 1.08.
                let pairs: Vec<(f64, f64)> = (0..n)
                    .map(|_| {
                        let block = normal(&mut rng);
                        let y = (block + 0.5 * normal(&mut rng)).exp() * 1.08;
                        (y, (block + 0.5 * normal(&mut rng)).exp())
                    })
                    .collect();
                let x: Vec<f64> = pairs.iter().map(|&(_, x)| x).collect();
                let of_x = median_interval(&x, ALPHA).expect("an interval");
                let of_ratio = ratio(&pairs, ALPHA)
                    .and_then(|r| r.interval)
                    .expect("an interval");
                exact = of_x.coverage;
                medians += u32::from(of_x.low <= 1.0 && 1.0 <= of_x.high);
                ratios += u32::from(of_ratio.low <= 1.08 && 1.08 <= of_ratio.high);
            }
            let error = (exact * (1.0 - exact) / f64::from(REPLICATES)).sqrt();
            for covered in [medians, ratios] {
                let simulated = f64::from(covered) / f64::from(REPLICATES);
                assert!(
                    (simulated - exact).abs() < 3.0 * error,
                    "n = {n}: {simulated} {exact}"
                );
            }
        }
    }
}

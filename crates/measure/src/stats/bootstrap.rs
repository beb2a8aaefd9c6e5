//! The bootstrap that is printed beside rule 2.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Interval, is_rate, middle, sorted};

/// Percentile bootstrap of the ratio of the two medians, `median(y) / median(x)`, from the pairs
/// `(y, x)` that shared a block.
///
/// Whole blocks are drawn, with replacement, so that what a block does to both arms stays with
/// both (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapters 8 and 13). The same
/// seed gives the same interval on every machine. Assumes that blocks are independent and of one
/// law: drift and autocorrelation are not taken care of, which is why rule 2 is the one to read.
/// The coverage is the nominal `1 - alpha`.
///
/// `None` when there are fewer than two pairs, when a value is no positive finite number, when
/// `alpha` is not strictly between 0 and 1, and when not even one resample would lie in each tail.
#[must_use]
pub fn bootstrap(
    pairs: &[(f64, f64)],
    alpha: f64,
    resamples: usize,
    seed: u64,
) -> Option<Interval> {
    let is_reading = |value: f64| value > 0.0 && value.is_finite();
    let usable = pairs.iter().all(|&(y, x)| is_reading(y) && is_reading(x));
    if pairs.len() < 2 || !usable || !is_rate(alpha) || resamples as f64 * alpha < 2.0 {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut above, mut below) = (vec![0.0; pairs.len()], vec![0.0; pairs.len()]);
    let mut ratios = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        for (y, x) in above.iter_mut().zip(&mut below) {
            (*y, *x) = pairs[index(&mut rng, pairs.len())];
        }
        ratios.push(selected(&mut above) / selected(&mut below));
    }
    let ratios = sorted(&ratios)?;
    Some(Interval {
        low: quantile(&ratios, alpha / 2.0),
        high: quantile(&ratios, 1.0 - alpha / 2.0),
        coverage: 1.0 - alpha,
    })
}

/// The median of values in any order, which it changes: a whole sort for each resample is most of what
/// a report takes.
fn selected(values: &mut [f64]) -> f64 {
    let n = values.len();
    let (lower, &mut upper, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    let lower = lower.iter().copied().max_by(f64::total_cmp);
    match lower {
        Some(lower) if n.is_multiple_of(2) => middle(&[lower, upper]),
        _ => upper,
    }
}

/// A uniform index below `n`, by multiplication: a generator's own methods may draw otherwise in
/// their next version, and then a seed would no longer give the interval it gave. (The bias is
/// n / 2^64.)
fn index(rng: &mut ChaCha8Rng, n: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "below n")]
    let index = ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize;
    index
}

/// Linear between order statistics: type 7 of Hyndman & Fan (American Statistician 50, 1996).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::stats::{ALPHA, RESAMPLES};

    const PAIRS: [(f64, f64); 7] = [
        (10.0, 9.0),
        (12.0, 10.5),
        (9.5, 9.1),
        (15.0, 9.9),
        (11.0, 11.5),
        (10.4, 8.8),
        (13.0, 10.1),
    ];

    #[test]
    fn a_seed_is_an_interval() {
        let ours = bootstrap(&PAIRS, ALPHA, RESAMPLES, 7);
        assert_eq!(ours, bootstrap(&PAIRS, ALPHA, RESAMPLES, 7));
        assert_ne!(ours, bootstrap(&PAIRS, 0.2, RESAMPLES, 7));
        let few = |seed| bootstrap(&PAIRS, ALPHA, 50, seed);
        assert!((0..20).any(|seed| few(seed) != few(seed + 1)));
    }

    #[test]
    fn two_blocks_enumerated() {
        // Resamples and their ratios: AA 4/1, AB and BA 3/1.5, BB 2/2, with 1/4, 1/2, 1/4.
        let pairs = [(4.0, 1.0), (2.0, 2.0)];
        for (alpha, low, high) in [(0.4, 1.0, 4.0), (0.6, 2.0, 2.0)] {
            let ours = bootstrap(&pairs, alpha, RESAMPLES, 1).expect("an interval");
            assert_eq!((ours.low, ours.high), (low, high), "alpha = {alpha}");
            assert!((ours.coverage - (1.0 - alpha)).abs() < 1e-12);
        }
    }

    #[test]
    fn blocks_stay_whole() {
        // Within each block the ratio is 2, though readings range over a factor of 100.
        let pairs: Vec<(f64, f64)> =
            (1..=11).map(|i| f64::from(i * i)).map(|x| (2.0 * x, x)).collect();
        let ours = bootstrap(&pairs, ALPHA, RESAMPLES, 3).expect("an interval");
        assert_eq!((ours.low, ours.high), (2.0, 2.0));
    }

    #[test]
    fn indices_are_uniform() {
        // Chi-square with 6 degrees of freedom, 99.9 % point 22.5.
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[index(&mut rng, 7)] += 1;
        }
        let chi_square: f64 =
            counts.iter().map(|&count| (f64::from(count) - 10_000.0).powi(2) / 10_000.0).sum();
        assert!(chi_square < 22.5, "{counts:?}");
    }

    #[test]
    fn a_median_is_selected_as_it_would_be_sorted() {
        let values = [7.0, 0.1, 3.3, 3.3, 9.7, 0.2, 5.1, 8.8, 0.3];
        for n in 1..=values.len() {
            let mut some = values[..n].to_vec();
            let by_sort = middle(&sorted(&some).expect("numbers"));
            assert_eq!(selected(&mut some).to_bits(), by_sort.to_bits(), "{n}");
        }
    }

    #[test]
    fn quantiles_lie_between_order_statistics() {
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (share, value) in [(0.0, 1.0), (0.25, 2.0), (0.3, 2.4), (0.875, 12.0), (1.0, 16.0)] {
            assert!((quantile(&sorted, share) - value).abs() < 1e-12, "{share}");
        }
    }

    #[rstest]
    #[case::no_pair(&[], ALPHA, RESAMPLES)]
    #[case::one_pair(&PAIRS[..1], ALPHA, RESAMPLES)]
    #[case::zero(&[(1.0, 0.0), (1.0, 1.0)], ALPHA, RESAMPLES)]
    #[case::nan(&[(1.0, f64::NAN), (1.0, 1.0)], ALPHA, RESAMPLES)]
    #[case::infinite(&[(f64::INFINITY, 1.0), (1.0, 1.0)], ALPHA, RESAMPLES)]
    #[case::no_rate(&PAIRS, f64::NAN, RESAMPLES)]
    #[case::no_resamples(&PAIRS, ALPHA, 0)]
    #[case::too_few_resamples(&PAIRS, ALPHA, 39)]
    fn bad_input_gives_no_interval(
        #[case] pairs: &[(f64, f64)],
        #[case] alpha: f64,
        #[case] resamples: usize,
    ) {
        assert_eq!(bootstrap(pairs, alpha, resamples, 1), None);
    }
}

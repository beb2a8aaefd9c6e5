//! Families of tests.

/// Holm's adjusted p-values, in the order given: what is at most `alpha` may be claimed, with a
/// probability of at most `alpha` that any claim of the family is false.
///
/// Needs no independence (Holm, Scandinavian Journal of Statistics 6, 1979). What is no number
/// between 0 and 1 counts as a member of the family that shows nothing, and comes back as NaN.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let is_p = |p: f64| (0.0..=1.0).contains(&p);
    let mut order: Vec<usize> = (0..p_values.len()).filter(|&i| is_p(p_values[i])).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let mut largest = 0.0_f64;
    for (smaller, index) in order.into_iter().enumerate() {
        let still_open = (p_values.len() - smaller) as f64;
        largest = largest.max((p_values[index] * still_open).min(1.0));
        adjusted[index] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::none(&[], &[])]
    #[case::one(&[0.04], &[0.04])]
    #[case::in_any_order(&[0.04, 0.01, 0.03], &[0.06, 0.03, 0.06])]
    #[case::steps_never_fall(&[0.01, 0.02, 0.02, 0.5], &[0.04, 0.06, 0.06, 0.5])]
    #[case::never_above_one(&[0.9, 0.8], &[1.0, 1.0])]
    fn worked_by_hand(#[case] p_values: &[f64], #[case] expected: &[f64]) {
        let ours = holm(p_values);
        assert_eq!(ours.len(), expected.len());
        for (ours, expected) in ours.iter().zip(expected) {
            assert!((ours - expected).abs() < 1e-12, "{ours} {expected}");
        }
    }

    #[rstest]
    #[case(f64::NAN)]
    #[case(-0.1)]
    #[case(1.1)]
    fn what_is_no_p_value_still_counts_in_the_family(#[case] bad: f64) {
        let ours = holm(&[0.01, bad, 0.02]);
        assert!((ours[0] - 0.03).abs() < 1e-12 && (ours[2] - 0.04).abs() < 1e-12);
        assert!(ours[1].is_nan());
    }
}

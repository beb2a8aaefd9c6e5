//! Does each level add the same time, or the same factor?

use super::{Looks, Ratio, median, ratio};

/// What the lower levels predict of the last one, which they were not shown (rule 8).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    /// "Each level adds the same time": the last but one, plus the mean of the earlier differences.
    /// `Err`: in so many blocks that is no positive time (levels that fall so steeply that adding goes
    /// below 0), so the model is impossible there and nothing can be held against it.
    pub additive: Result<Prediction, usize>,
    /// "Each level costs the same factor": the last but one, times the geometric mean of the
    /// earlier ratios.
    pub multiplicative: Prediction,
}

/// One model's prediction for the held-out level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Median over the blocks of what is predicted, in the unit of the readings.
    pub predicted: f64,
    /// Observed over predicted, within blocks (rule 2); 1 is a perfect prediction.
    pub ratio: Ratio,
}

/// Which models' predictions the held-out level falls in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// The same time a level.
    Additive,
    /// The same factor a level.
    Multiplicative,
    /// The data can't tell them apart.
    Both,
    /// Growth follows neither.
    Neither,
}

impl Prediction {
    /// Whether the interval of observed over predicted holds 1; `None` without an interval.
    #[must_use]
    pub fn holds(&self) -> Option<bool> {
        Some(self.ratio.interval?.contains(1.0))
    }
}

impl Growth {
    /// Which predictions the held-out level falls in; `None` where there are too few blocks for an
    /// interval, and where only one model predicts.
    #[must_use]
    pub fn model(&self) -> Option<Model> {
        Some(match (self.additive.ok()?.holds()?, self.multiplicative.holds()?) {
            (true, true) => Model::Both,
            (true, false) => Model::Additive,
            (false, true) => Model::Multiplicative,
            (false, false) => Model::Neither,
        })
    }
}

/// Rule 8: predicts the last level from the lower ones within each block, by both models, and
/// compares it with what was observed.
///
/// `levels[l][b]` is the reading at level `l + 1` in block `b`. Assumes what [`ratio()`] assumes, and
/// that the noise of a prediction is centred on it: noise that is strongly skewed within a block
/// shifts both models. `None` when there are fewer than three levels, when they have no block or
/// not the same ones, and when a reading is no positive finite number.
#[must_use]
pub fn growth(levels: &[Vec<f64>], alpha: f64, looks: Looks) -> Option<Growth> {
    let [lower @ .., observed] = levels else {
        return None;
    };
    let ([first, _, ..], Some(last)) = (lower, lower.last()) else {
        return None;
    };
    if levels.iter().any(|level| level.len() != observed.len()) {
        return None;
    }
    if !levels.iter().flatten().all(|y| *y > 0.0 && y.is_finite()) {
        return None;
    }
    // The mean of successive steps is the whole way divided by their number.
    let steps = (lower.len() - 1) as f64;
    let of_blocks = |model: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        first.iter().zip(last).map(|(&first, &last)| model(first, last)).collect()
    };
    let against = |predicted: Vec<f64>| {
        let pairs: Vec<(f64, f64)> = observed.iter().copied().zip(predicted.clone()).collect();
        Some(Prediction { predicted: median(&predicted)?, ratio: ratio(&pairs, alpha, looks)? })
    };
    let adding = of_blocks(&|first, last| last + (last - first) / steps);
    let impossible = adding.iter().filter(|predicted| **predicted <= 0.0).count();
    Some(Growth {
        additive: if impossible == 0 { Ok(against(adding)?) } else { Err(impossible) },
        multiplicative: against(of_blocks(&|first, last| last * (last / first).powf(1.0 / steps)))?,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::stats::ALPHA;

    /// Ten blocks in which readings differ by a factor common to all levels.
    fn blocks(levels: &[f64]) -> Vec<Vec<f64>> {
        let block = |y: f64| (0..10).map(|b| y * (1.0 + 0.1 * f64::from(b))).collect();
        levels.iter().copied().map(block).collect()
    }

    #[rstest]
    #[case::same_time(&[0.3, 0.4, 0.5], Model::Additive)]
    #[case::same_factor(&[0.2, 0.4, 0.8], Model::Multiplicative)]
    #[case::no_growth(&[0.3, 0.3, 0.3], Model::Both)]
    #[case::a_jump(&[0.3, 0.31, 0.9], Model::Neither)]
    #[case::same_time_over_four(&[0.3, 0.4, 0.5, 0.6], Model::Additive)]
    #[case::same_factor_over_five(&[1.0, 2.0, 4.0, 8.0, 16.0], Model::Multiplicative)]
    fn the_model_that_made_the_levels_is_found(#[case] levels: &[f64], #[case] model: Model) {
        // A hair of noise, since a computed prediction is not equal to the last bit.
        let mut levels = blocks(levels);
        for (b, y) in levels.iter_mut().flatten().enumerate() {
            *y *= 1.0 + 1e-6 * if b % 2 == 0 { 1.0 } else { -1.0 };
        }
        let growth = growth(&levels, ALPHA, Looks::Once).expect("three levels");
        assert_eq!(growth.model(), Some(model), "{growth:?}");
    }

    #[test]
    fn predictions_worked_by_hand() {
        let growth = growth(&[vec![1.0], vec![2.0], vec![4.0], vec![9.0]], ALPHA, Looks::Once)
            .expect("four levels");
        // 4 + (4-1)/2 and 4 * sqrt(4).
        let additive = growth.additive.expect("positive");
        assert!((additive.predicted - 5.5).abs() < 1e-12);
        assert!((growth.multiplicative.predicted - 8.0).abs() < 1e-12);
        assert!((additive.ratio.estimate - 9.0 / 5.5).abs() < 1e-12);
        assert!((growth.multiplicative.ratio.estimate - 9.0 / 8.0).abs() < 1e-12);
        assert_eq!(growth.model(), None, "one block has no interval");
    }

    #[rstest]
    #[case::in_one_block(1)]
    #[case::in_all(9)]
    fn where_adding_is_impossible_the_other_model_stays(#[case] impossible: usize) {
        // 9, 4: adding once more is -1; the same factor once more is 16/9.
        let of = |steep: f64, flat: f64| -> Vec<f64> {
            (0..9).map(|block| if block < impossible { steep } else { flat }).collect()
        };
        let mut levels = vec![of(9.0, 4.5), of(4.0, 4.0), of(16.0 / 9.0, 32.0 / 9.0)];
        // A hair of noise on both sides.
        levels[2]
            .iter_mut()
            .enumerate()
            .for_each(|(b, y)| *y *= if b % 2 == 0 { 1.001 } else { 0.999 });
        let growth = growth(&levels, ALPHA, Looks::Once).expect("the other model");
        assert_eq!(growth.additive, Err(impossible));
        assert_eq!(growth.multiplicative.holds(), Some(true));
        assert_eq!(growth.model(), None, "nothing tells the two apart");
    }

    #[rstest]
    #[case::two_levels(vec![vec![1.0; 9]; 2])]
    #[case::no_levels(vec![])]
    #[case::no_blocks(vec![vec![]; 3])]
    #[case::other_blocks(vec![vec![1.0; 9], vec![1.0; 9], vec![1.0; 8]])]
    #[case::other_blocks_below(vec![vec![1.0; 9], vec![1.0; 8], vec![1.0; 9], vec![1.0; 9]])]
    #[case::nan(vec![vec![1.0; 9], vec![f64::NAN; 9], vec![1.0; 9], vec![1.0; 9]])]
    #[case::zero(vec![vec![0.0; 9], vec![1.0; 9], vec![2.0; 9]])]
    fn bad_input_gives_no_growth(#[case] levels: Vec<Vec<f64>>) {
        assert_eq!(growth(&levels, ALPHA, Looks::Once), None);
    }
}

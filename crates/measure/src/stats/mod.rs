//! Medians, within-block ratios and what is concluded of them (rules 1 to 8 of the method).
//!
//! One engine: the sign test and its inversion. Around the true median each value is above or
//! below like a coin, whatever the law, so an interval between two order statistics has an exact
//! coverage and assumes no shape of distribution. What is assumed: the values are independent (or,
//! for a ratio, the order within each block was a coin flip) and their law is continuous; where it
//! has ties the coverage is higher, never lower.
//!
//! Input that is empty or holds something that is no finite number gives `None`. Of statrs only
//! the binomial law and `ln_beta` are used: its order statistics reorder their input and take NaN
//! for a number.

mod bootstrap;
mod growth;
mod holm;
mod median;
mod ratio;
mod sign_test;

pub use bootstrap::bootstrap;
pub use growth::{Growth, Model, Prediction, growth};
pub use holm::holm;
pub use median::{across, median, median_interval};
pub use ratio::{Ratio, equivalent, ratio};
pub use sign_test::sign_test;

/// Two-sided error of a family of intervals: 5 %.
pub const ALPHA: f64 = 0.05;

/// Delta of rule 3, as a share of the ratio: what is called "no overhead" lies within 5 %. Fixed
/// before any run.
pub const MARGIN: f64 = 0.05;

/// Resamples of a bootstrap: from seed to seed the ends of its interval then mostly move by a
/// hundredth of its width.
pub const RESAMPLES: usize = 10_000;

/// An interval for a median or for a ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end, in the unit of the values.
    pub low: f64,
    /// Upper end, in the unit of the values.
    pub high: f64,
    /// Share of such intervals that hold the truth. For [`Looks::Once`] exact for a continuous law
    /// and at least `1 - alpha`; for [`Looks::Always`] the guarantee `1 - alpha`; for a bootstrap
    /// `1 - alpha` in name only.
    pub coverage: f64,
}

/// How often the data were looked at before it was decided to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// The number of values was fixed before the run (rule 1).
    Once,
    /// Stopping could depend on the values: the interval holds at all sizes at once (rule 4).
    Always,
}

impl Interval {
    /// Whether a value lies between the ends, ends included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// `alpha` is an error rate: strictly between 0 and 1.
fn is_rate(alpha: f64) -> bool {
    alpha > 0.0 && alpha < 1.0
}

/// A copy in ascending order; `None` when there is no value or one is no finite number.
fn sorted(values: &[f64]) -> Option<Vec<f64>> {
    if values.is_empty() || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Some(sorted)
}

/// The middle of values in ascending order, of which there is at least one.
fn middle(sorted: &[f64]) -> f64 {
    f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2])
}

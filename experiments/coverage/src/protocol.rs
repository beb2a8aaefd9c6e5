//! The protocol as data: which cells are simulated, and in which of them the assumptions hold.

use measure::stats::MARGIN;

use crate::environment::{AR_09, DRIFT_A_THEN_B, ENVIRONMENTS, Environment, IID, Order, Weather};
use crate::law::{LAWS, LOGNORMAL, Law};

/// Numbers of blocks.
pub(crate) const SIZES: [usize; 7] = [4, 6, 10, 20, 30, 50, 100];

/// Factors between the arms.
const RATIOS: [f64; 4] = [1.0, 1.03, 1.08, 1.5];

/// Adaptive runs are looked at after every block up to this one.
pub(crate) const HORIZON: usize = 100;

/// Sizes of the bootstrap's cells: a replicate costs a thousand times what others cost.
pub(crate) const BOOTSTRAP_SIZES: [usize; 3] = [10, 30, 100];

/// Of each bootstrap.
pub(crate) const BOOTSTRAP_RESAMPLES: usize = 1_000;

/// Replicates of a cell for each one of the bootstrap's.
const BOOTSTRAP_SHARE: u32 = 10;

/// What is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Median,
    Ratio,
    Equivalence,
    Adaptive,
    Bootstrap,
}

/// One simulated condition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) rule: Rule,
    /// Blocks; for [`Rule::Adaptive`] the last that is looked at.
    pub(crate) n: usize,
    pub(crate) law: &'static Law,
    pub(crate) environment: &'static Environment,
    /// Factor between the arms; for [`Rule::Equivalence`] the true ratio.
    pub(crate) ratio: f64,
    pub(crate) replicates: u32,
}

impl Rule {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Median => "1 median",
            Self::Ratio => "2 ratio",
            Self::Equivalence => "3 equivalence",
            Self::Adaptive => "4 adaptive",
            Self::Bootstrap => "bootstrap",
        }
    }
}

impl Cell {
    /// Whether the rule promises anything here.
    ///
    /// A median's interval asks for independent readings of one law. Those of a ratio ask for a
    /// coin flip in each block, or for independent blocks. A bootstrap promises its coverage for
    /// many blocks only.
    pub(crate) fn assumption_holds(&self) -> bool {
        match self.rule {
            Rule::Median => {
                matches!(self.environment.weather, Weather::Still | Weather::Blocks { .. })
            }
            Rule::Ratio | Rule::Equivalence | Rule::Adaptive => {
                self.environment.order == Order::Random
            }
            Rule::Bootstrap => false,
        }
    }

    /// Whether the coverage has to be the exact one, neither less nor more: continuous iid data.
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self.rule, Rule::Median | Rule::Ratio)
            && self.environment.weather == Weather::Still
            && !self.law.ticks
    }
}

/// Whether one true ratio exists: under a coarse clock and a factor other than 1 it depends on
/// where between two ticks a reading lies, and so on the weather.
pub(crate) fn is_defined(law: &Law, environment: &Environment, ratio: f64) -> bool {
    let equal = (ratio - 1.0).abs() < f64::EPSILON;
    !law.ticks || equal || environment.weather == Weather::Still
}

/// Every cell, in the order of the table.
pub(crate) fn protocol(replicates: u32) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut add = |rule, sizes: &[usize], law, environment, ratio, replicates| {
        cells.extend(sizes.iter().map(|&n| Cell { rule, n, law, environment, ratio, replicates }));
    };
    for environment in &ENVIRONMENTS {
        for law in &LAWS {
            // For one arm, whose law the other has is nothing.
            if !environment.unequal {
                add(Rule::Median, &SIZES, law, environment, 1.0, replicates);
            }
            for ratio in RATIOS {
                if is_defined(law, environment, ratio) {
                    add(Rule::Ratio, &SIZES, law, environment, ratio, replicates);
                }
            }
            // No ratio of two counts of ticks near these lies at the margin.
            if !law.ticks {
                for margin in [1.0 + MARGIN, 1.0 / (1.0 + MARGIN)] {
                    add(Rule::Equivalence, &SIZES, law, environment, margin, replicates);
                }
            }
            add(Rule::Adaptive, &[HORIZON], law, environment, 1.0, replicates);
        }
    }
    add(Rule::Ratio, &SIZES, &LOGNORMAL, &DRIFT_A_THEN_B, 1.0, replicates);
    let fewer = replicates / BOOTSTRAP_SHARE;
    for environment in [&IID, &AR_09] {
        for law in &LAWS {
            if is_defined(law, environment, 1.08) {
                add(Rule::Bootstrap, &BOOTSTRAP_SIZES, law, environment, 1.08, fewer);
            }
        }
    }
    cells
}

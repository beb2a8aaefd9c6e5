//! The protocol as data: which cells are simulated, and in which of them the assumptions hold.

use measure::Blocks;
use measure::stats::MARGIN;

use crate::environment::{
    AR_09, DRIFT_A_THEN_B, ENVIRONMENTS, Environment, FLEETS, IID, Moving, Order, RATIO_MOVES,
    Weather,
};
use crate::law::{LAWS, LOGNORMAL, Law, QUIET};

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

/// Replicates of a cell in which the ratio moves for each one of the others: what it does to a
/// coverage can be small.
const MOVING_SHARE: u32 = 10;

/// Numbers of blocks where the ratio moves.
const MOVING_SIZES: [usize; 3] = [10, 30, 100];

/// Sessions of the one machine.
pub(crate) const SESSIONS: usize = 6;

/// Numbers of machines, of a session each.
pub(crate) const MACHINES: [usize; 3] = [4, 6, 12];

/// Of each session of a fleet: with this noise one session's estimate has a standard deviation of
/// about 4 %. Chosen, not measured: with it the table agrees with an independent re-analysis of this
/// project's runs, whose noise is not recorded. With 30 blocks sessions of one machine cover less.
pub(crate) const SESSION_BLOCKS: usize = 20;

/// True ratio of a fleet: the median over all machines.
const FLEET_RATIO: f64 = 1.08;

/// A run of some full blocks and then primary-only ones, of the size of real ones: how many arms it
/// has, which are of primary contrasts, and which two are looked at.
pub(crate) const ARMS: usize = 22;
pub(crate) const PRIMARY: [usize; 6] = [1, 3, 4, 8, 9, 10];
pub(crate) const PAIR: [usize; 2] = [3, 1];
pub(crate) const BLOCKS: Blocks = Blocks { warmup: 0, full: 9, primary: 42 };

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
    /// Rule 2 on a run of full and primary-only blocks.
    PrimaryOnly,
    /// Rule 6 on the sessions of one machine, held against what is true of all machines.
    OneMachine,
    /// Rule 6 on machines, as `merge` has it.
    Machines,
}

/// One simulated condition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) rule: Rule,
    /// Blocks; for [`Rule::Adaptive`] the last that is looked at; sessions for
    /// [`Rule::OneMachine`], machines for [`Rule::Machines`].
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
            Self::PrimaryOnly => "2 ratio, primary-only blocks",
            Self::OneMachine => "6 one machine",
            Self::Machines => "6 machines",
        }
    }
}

impl Rule {
    /// Whether it gives an interval that says its own coverage.
    pub(crate) fn says_coverage(self) -> bool {
        !matches!(self, Self::Equivalence | Self::Adaptive | Self::Bootstrap)
    }
}

impl Cell {
    /// Whether the rule promises anything here.
    ///
    /// A median's interval asks for independent readings of one law. Those of a ratio ask for a
    /// coin flip in each block, or for independent blocks, and for one ratio in all of them. Rule 6
    /// speaks of what its units are drawn from: of one machine, if they are its sessions. A bootstrap promises its coverage for
    /// many blocks only.
    pub(crate) fn assumption_holds(&self) -> bool {
        match self.rule {
            Rule::Median => {
                matches!(self.environment.weather, Weather::Still | Weather::Blocks { .. })
            }
            Rule::Ratio | Rule::Equivalence | Rule::Adaptive | Rule::PrimaryOnly => {
                self.environment.order == Order::Random
                    && self.environment.moving == Moving::Nothing
            }
            Rule::Machines => true,
            Rule::Bootstrap | Rule::OneMachine => false,
        }
    }

    /// Whether the coverage has to be the exact one, neither less nor more: continuous iid data.
    pub(crate) fn is_exact(&self) -> bool {
        let of_blocks = matches!(self.rule, Rule::Median | Rule::Ratio | Rule::PrimaryOnly)
            && self.environment.weather == Weather::Still
            && self.environment.moving == Moving::Nothing;
        (of_blocks || self.rule == Rule::Machines) && !self.law.ticks
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
    for environment in &RATIO_MOVES {
        let more = replicates.saturating_mul(MOVING_SHARE);
        add(Rule::Ratio, &MOVING_SIZES, &QUIET, environment, 1.0, more);
    }
    for environment in &FLEETS {
        add(Rule::OneMachine, &[SESSIONS], &LOGNORMAL, environment, FLEET_RATIO, replicates);
        add(Rule::Machines, &MACHINES, &LOGNORMAL, environment, FLEET_RATIO, replicates);
    }
    let n = (BLOCKS.full + BLOCKS.primary) as usize;
    for environment in &ENVIRONMENTS {
        for law in LAWS.iter().filter(|law| is_defined(law, environment, 1.08)) {
            add(Rule::PrimaryOnly, &[n], law, environment, 1.08, replicates);
        }
    }
    cells
}

//! What a machine does to readings while a run goes on: a factor on each, that changes with time.

use crate::draws::Draws;

/// One environment of the protocol.
#[derive(Debug, PartialEq)]
pub(crate) struct Environment {
    pub(crate) name: &'static str,
    pub(crate) weather: Weather,
    pub(crate) order: Order,
    /// The denominator has a law of its own, [`OTHER`](crate::bench::OTHER), instead of the
    /// numerator's.
    pub(crate) unequal: bool,
    /// What moves the ratio itself, not only both arms alike.
    pub(crate) moving: Moving,
}

/// What moves the true ratio of a block, on the logarithmic scale where it is random. The truth is
/// the ratio that it moves about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Moving {
    /// Nothing: one ratio for all blocks.
    Nothing,
    /// An autoregression of first order along the blocks, as load may have it that one arm feels
    /// more: correlation `phi`, standard deviation `sigma`.
    Autoregression { phi: f64, sigma: f64 },
    /// `factor` during the middle fifth of the blocks.
    Fifth { factor: f64 },
    /// One factor a machine, of standard deviation `sigma`, in all its blocks.
    Machines { sigma: f64 },
}

/// The factor that time has on a reading, on the logarithmic scale where it is random.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Weather {
    /// Always 1.
    Still,
    /// One factor a block, shared by both arms, of standard deviation `sigma`.
    Blocks { sigma: f64 },
    /// An autoregression of first order along the readings: correlation `phi` from one to the
    /// next, standard deviation `sigma`.
    Autoregression { phi: f64, sigma: f64 },
    /// From 1 to `1 + rise` along the run, linearly.
    Drift { rise: f64 },
    /// `factor` during the middle fifth of the run.
    Burst { factor: f64 },
}

/// In which order the two arms of a block are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// A coin flip in each block, as every run of this project has it.
    Random,
    /// All readings of the denominator, then all of the numerator.
    OneAfterTheOther,
}

const fn randomised(name: &'static str, weather: Weather) -> Environment {
    Environment { name, weather, order: Order::Random, unequal: false, moving: Moving::Nothing }
}

const fn moving(name: &'static str, moving: Moving) -> Environment {
    Environment { moving, ..randomised(name, Weather::Still) }
}

pub(crate) const IID: Environment = randomised("iid", Weather::Still);

pub(crate) const AR_09: Environment =
    randomised("AR(1) 0.9", Weather::Autoregression { phi: 0.9, sigma: 0.2 });

pub(crate) const DRIFT: Environment = randomised("drift", Weather::Drift { rise: 0.2 });

pub(crate) const UNEQUAL: Environment =
    Environment { name: "unequal shapes", unequal: true, ..IID };

pub(crate) const ENVIRONMENTS: [Environment; 7] = [
    IID,
    randomised("block effect", Weather::Blocks { sigma: 0.2 }),
    randomised("AR(1) 0.5", Weather::Autoregression { phi: 0.5, sigma: 0.2 }),
    AR_09,
    DRIFT,
    randomised("burst", Weather::Burst { factor: 1.5 }),
    UNEQUAL,
];

/// How runs are often made, and the first case that has to fail.
pub(crate) const DRIFT_A_THEN_B: Environment =
    Environment { name: "drift, all A then all B", order: Order::OneAfterTheOther, ..DRIFT };

/// Where the ratio itself moves with time, which no order of the arms helps against: these have to
/// fail.
pub(crate) const RATIO_MOVES: [Environment; 3] = [
    moving("ratio AR(1) 0.9, 2 %", Moving::Autoregression { phi: 0.9, sigma: 0.02 }),
    moving("ratio AR(1) 0.9, 5 %", Moving::Autoregression { phi: 0.9, sigma: 0.05 }),
    moving("ratio +10 % in a fifth", Moving::Fifth { factor: 1.1 }),
];

/// Fleets of machines whose ratios differ. One machine, however often it is measured, has to fail.
pub(crate) const FLEETS: [Environment; 3] = [
    moving("machines differ by 3 %", Moving::Machines { sigma: 0.03 }),
    moving("machines differ by 5 %", Moving::Machines { sigma: 0.05 }),
    moving("machines differ by 25 %", Moving::Machines { sigma: 0.25 }),
];

/// A path of an autoregression with standard deviation 1, whose first state is drawn from the law
/// that all the others have.
fn autoregression(phi: f64, count: usize, draws: &mut Draws) -> impl Iterator<Item = f64> {
    let mut state = draws.normal();
    let fresh = (1.0 - phi * phi).sqrt();
    (0..count).map(move |_| {
        let now = state;
        state = phi * state + fresh * draws.normal();
        now
    })
}

impl Moving {
    /// The factors on the ratio of `n` blocks of one machine.
    pub(crate) fn factors(self, n: usize, draws: &mut Draws) -> Vec<f64> {
        match self {
            Self::Nothing => vec![1.0; n],
            Self::Autoregression { phi, sigma } => {
                autoregression(phi, n, draws).map(|state| (sigma * state).exp()).collect()
            }
            Self::Fifth { factor } => {
                let during = |block: usize| (2 * n..3 * n).contains(&(5 * block));
                (0..n).map(|block| if during(block) { factor } else { 1.0 }).collect()
            }
            Self::Machines { sigma } => vec![(sigma * draws.normal()).exp(); n],
        }
    }
}

impl Weather {
    /// The factors of the readings of blocks that have so many each, in the order of time.
    pub(crate) fn factors(self, blocks: &[usize], draws: &mut Draws) -> Vec<f64> {
        let readings = blocks.iter().sum();
        match self {
            Self::Still | Self::Drift { .. } | Self::Burst { .. } => {
                (0..readings).map(|time| self.fixed(time, readings)).collect()
            }
            Self::Blocks { sigma } => blocks
                .iter()
                .flat_map(|block| vec![(sigma * draws.normal()).exp(); *block])
                .collect(),
            Self::Autoregression { phi, sigma } => {
                autoregression(phi, readings, draws).map(|state| (sigma * state).exp()).collect()
            }
        }
    }

    /// The factor at the time of one of so many readings that does not depend on chance.
    pub(crate) fn fixed(self, time: usize, readings: usize) -> f64 {
        match self {
            Self::Drift { rise } => 1.0 + rise * time as f64 / (readings - 1) as f64,
            Self::Burst { factor } if (2 * readings..3 * readings).contains(&(5 * time)) => factor,
            _ => 1.0,
        }
    }

    /// The spread of a factor that depends on chance.
    pub(crate) fn sigma(self) -> Option<f64> {
        match self {
            Self::Blocks { sigma } | Self::Autoregression { sigma, .. } => Some(sigma),
            Self::Still | Self::Drift { .. } | Self::Burst { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_goes_from_one_end_to_the_other() {
        let factors = DRIFT.weather.factors(&[2; 6], &mut Draws::new(1, 1));
        assert_eq!((factors[0], factors[11], factors.len()), (1.0, 1.2, 12));
        assert!(factors.is_sorted());
    }

    #[test]
    fn a_burst_is_the_middle_fifth() {
        let weather = Weather::Burst { factor: 1.5 };
        let factors = weather.factors(&[2; 50], &mut Draws::new(1, 1));
        let during: Vec<usize> = (0..100).filter(|&time| factors[time] > 1.0).collect();
        assert_eq!(during, (40..60).collect::<Vec<_>>());
    }

    #[test]
    fn a_ratio_moves_as_it_says() {
        let mut draws = Draws::new(1, 1);
        let mut spread = |moving: Moving, runs: usize, blocks: usize| {
            let logs = (0..runs).flat_map(|_| moving.factors(blocks, &mut draws));
            let logs: Vec<f64> = logs.map(f64::ln).collect();
            (logs.iter().map(|z| z * z).sum::<f64>() / logs.len() as f64).sqrt()
        };
        for environment in RATIO_MOVES.iter().chain(&FLEETS) {
            let (sigma, runs, blocks) = match environment.moving {
                Moving::Autoregression { sigma, .. } => (sigma, 400, 50),
                Moving::Machines { sigma } => (sigma, 10_000, 2),
                Moving::Fifth { factor } => (factor.ln() * 0.2_f64.sqrt(), 1, 30),
                Moving::Nothing => unreachable!("it moves"),
            };
            let found = spread(environment.moving, runs, blocks);
            assert!((found / sigma - 1.0).abs() < 0.05, "{}: {found}", environment.name);
        }
        let one = FLEETS[2].moving.factors(9, &mut draws);
        assert!(
            one.iter().all(|factor| factor.total_cmp(&one[0]).is_eq()),
            "one a machine: {one:?}"
        );
    }

    #[test]
    fn an_autoregression_has_its_spread_and_its_correlation() {
        let factors = AR_09.weather.factors(&vec![2; 20_000], &mut Draws::new(1, 1));
        let logs: Vec<f64> = factors.iter().map(|factor| factor.ln() / 0.2).collect();
        let count = logs.len() as f64;
        let variance = logs.iter().map(|z| z * z).sum::<f64>() / count;
        let along = logs.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / count;
        assert!((variance - 1.0).abs() < 0.1, "{variance}");
        assert!((along / variance - 0.9).abs() < 0.02, "{along}");
    }
}

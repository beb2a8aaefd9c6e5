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
    Environment { name, weather, order: Order::Random, unequal: false }
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

impl Weather {
    /// The factors of `2 n` readings, in the order of time.
    pub(crate) fn factors(self, n: usize, draws: &mut Draws) -> Vec<f64> {
        let readings = 2 * n;
        match self {
            Self::Still | Self::Drift { .. } | Self::Burst { .. } => {
                (0..readings).map(|time| self.fixed(time, n)).collect()
            }
            Self::Blocks { sigma } => (0..n)
                .map(|_| (sigma * draws.normal()).exp())
                .flat_map(|factor| [factor, factor])
                .collect(),
            Self::Autoregression { phi, sigma } => {
                // The first state is drawn from the law that all the others have.
                let mut state = draws.normal();
                let fresh = (1.0 - phi * phi).sqrt();
                (0..readings)
                    .map(|_| {
                        let factor = (sigma * state).exp();
                        state = phi * state + fresh * draws.normal();
                        factor
                    })
                    .collect()
            }
        }
    }

    /// The factor at a time that does not depend on chance.
    pub(crate) fn fixed(self, time: usize, n: usize) -> f64 {
        match self {
            Self::Drift { rise } => 1.0 + rise * time as f64 / (2 * n - 1) as f64,
            Self::Burst { factor } if (4 * n..6 * n).contains(&(5 * time)) => factor,
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
        let factors = DRIFT.weather.factors(6, &mut Draws::new(1, 1));
        assert_eq!((factors[0], factors[11], factors.len()), (1.0, 1.2, 12));
        assert!(factors.is_sorted());
    }

    #[test]
    fn a_burst_is_the_middle_fifth() {
        let weather = Weather::Burst { factor: 1.5 };
        let factors = weather.factors(50, &mut Draws::new(1, 1));
        let during: Vec<usize> = (0..100).filter(|&time| factors[time] > 1.0).collect();
        assert_eq!(during, (40..60).collect::<Vec<_>>());
    }

    #[test]
    fn an_autoregression_has_its_spread_and_its_correlation() {
        let factors = AR_09.weather.factors(20_000, &mut Draws::new(1, 1));
        let logs: Vec<f64> = factors.iter().map(|factor| factor.ln() / 0.2).collect();
        let count = logs.len() as f64;
        let variance = logs.iter().map(|z| z * z).sum::<f64>() / count;
        let along = logs.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / count;
        assert!((variance - 1.0).abs() < 0.1, "{variance}");
        assert!((along / variance - 0.9).abs() < 0.02, "{along}");
    }
}

//! The laws of noise. Each is scaled so that its median is 1, and known twice: as a sampler and as
//! a distribution function, from which the truth is computed.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::draws::Draws;

/// One law of the protocol.
#[derive(Debug, PartialEq)]
pub(crate) struct Law {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// Readings come from a clock that moves every [`TICK_MS`](crate::bench::TICK_MS).
    pub(crate) ticks: bool,
}

/// A shape before its median is made 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    /// `exp(sigma Z)`.
    Lognormal { sigma: f64 },
    /// `1 + sigma Z` plus an exponential of mean `tau`: a normal delay with a queue.
    ExGaussian { sigma: f64, tau: f64 },
    /// `share` at 1 and the rest at `far`, both times `exp(sigma Z)`: a fast and a slow path.
    Mixture { share: f64, far: f64, sigma: f64 },
    /// `1 + scale (U^(-1/index) - 1)`: a floor with a tail so heavy that it has no variance.
    ShiftedPareto { index: f64, scale: f64 },
}

const fn continuous(name: &'static str, shape: Shape) -> Law {
    Law { name, shape, ticks: false }
}

const fn mixture(name: &'static str, share: f64) -> Law {
    let (far, sigma) = (1.5, 0.05);
    continuous(name, Shape::Mixture { share, far, sigma })
}

pub(crate) const LOGNORMAL: Law = continuous("lognormal 0.1", Shape::Lognormal { sigma: 0.1 });

/// A quiet machine's noise, for what only moves the ratio: more noise would hide it. Chosen so that the
/// table agrees with an independent re-analysis, whose noise is not recorded.
pub(crate) const QUIET: Law = continuous("lognormal 0.05", Shape::Lognormal { sigma: 0.05 });

pub(crate) const LAWS: [Law; 7] = [
    LOGNORMAL,
    continuous("lognormal 0.5", Shape::Lognormal { sigma: 0.5 }),
    continuous("ex-Gaussian", Shape::ExGaussian { sigma: 0.05, tau: 0.2 }),
    mixture("mixture 80/20", 0.80),
    // Half the mass ends just below a gap in which there is nothing.
    mixture("mixture 52/48", 0.52),
    continuous("shifted Pareto 1.5", Shape::ShiftedPareto { index: 1.5, scale: 0.2 }),
    Law { name: "4 ms ticks", ticks: true, ..LOGNORMAL },
];

/// A shape with its median made 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noise {
    shape: Shape,
    median: f64,
}

impl Noise {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape, median: median_of(|x| shape.cdf(x)) }
    }

    pub(crate) fn draw(&self, draws: &mut Draws) -> f64 {
        self.shape.draw(draws) / self.median
    }

    pub(crate) fn cdf(&self, x: f64) -> f64 {
        self.shape.cdf(x * self.median)
    }
}

impl Shape {
    fn draw(self, draws: &mut Draws) -> f64 {
        match self {
            Self::Lognormal { sigma } => (sigma * draws.normal()).exp(),
            Self::ExGaussian { sigma, tau } => {
                1.0 + sigma * draws.normal() + tau * draws.exponential()
            }
            Self::Mixture { share, far, sigma } => {
                let centre = if draws.unit() < share { 1.0 } else { far };
                centre * (sigma * draws.normal()).exp()
            }
            Self::ShiftedPareto { index, scale } => {
                1.0 + scale * (draws.unit().powf(-1.0 / index) - 1.0)
            }
        }
    }

    fn cdf(self, x: f64) -> f64 {
        if x <= 0.0 {
            return 0.0;
        }
        match self {
            Self::Lognormal { sigma } => phi(x.ln() / sigma),
            Self::ExGaussian { sigma, tau } => {
                let z = (x - 1.0) / sigma;
                let queue = (sigma / tau).powi(2) / 2.0 - (x - 1.0) / tau;
                phi(z) - queue.exp() * phi(z - sigma / tau)
            }
            Self::Mixture { share, far, sigma } => {
                share * phi(x.ln() / sigma) + (1.0 - share) * phi((x / far).ln() / sigma)
            }
            Self::ShiftedPareto { index, scale } => {
                1.0 - (1.0 + (x - 1.0).max(0.0) / scale).powf(-index)
            }
        }
    }
}

/// The median of a product `noise * exp(sigma Z)` of independent factors.
pub(crate) fn median_of_product(noise: &Noise, sigma: f64) -> f64 {
    // The mean of the noise's distribution function over equal slices of the other factor's law.
    const SLICES: u32 = 1_000;
    let slice = |index: u32| (f64::from(index) + 0.5) / f64::from(SLICES);
    let factors: Vec<f64> = (0..SLICES)
        .map(|index| (sigma * Normal::standard().inverse_cdf(slice(index))).exp())
        .collect();
    median_of(|x| mean(factors.iter().map(|factor| noise.cdf(x / factor))))
}

/// Where a distribution function of positive values passes 1/2, by bisection.
pub(crate) fn median_of(cdf: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (1e-3_f64, 1e3_f64);
    while high / low > 1.0 + 1e-12 {
        let middle = (low * high).sqrt();
        if cdf(middle) < 0.5 {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low * high).sqrt()
}

pub(crate) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

fn phi(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Share of draws at or below some points, against the distribution function: four standard
    /// errors at most.
    fn agree(mut draw: impl FnMut() -> f64, cdf: impl Fn(f64) -> f64) {
        const DRAWS: u32 = 20_000;
        let values: Vec<f64> = (0..DRAWS).map(|_| draw()).collect();
        for x in [0.7, 0.95, 1.0, 1.05, 1.4, 2.0] {
            let share = mean(values.iter().map(|v| if *v <= x { 1.0 } else { 0.0 }));
            let p = cdf(x);
            let error = (p * (1.0 - p) / f64::from(DRAWS)).sqrt();
            assert!((share - p).abs() <= 4.0 * error + 1e-6, "{x}: {share} {p}");
        }
    }

    #[test]
    fn sampler_and_distribution_function_are_of_one_law() {
        for (index, law) in (0..).zip(&LAWS) {
            let noise = Noise::new(law.shape);
            assert!((noise.cdf(1.0) - 0.5).abs() < 1e-9, "{}", law.name);
            let mut draws = Draws::new(3, index);
            agree(|| noise.draw(&mut draws), |x| noise.cdf(x));
        }
    }

    #[test]
    fn the_median_of_a_product_halves_its_draws() {
        for (index, law) in (0..).zip(&LAWS) {
            let noise = Noise::new(law.shape);
            let median = median_of_product(&noise, 0.3);
            let mut draws = Draws::new(4, index);
            let product = |draws: &mut Draws| noise.draw(draws) * (0.3 * draws.normal()).exp();
            let below = mean((0..20_000).map(|_| f64::from(product(&mut draws) <= median)));
            assert!((below - 0.5).abs() < 4.0 * 0.5 / 20_000_f64.sqrt(), "{}: {below}", law.name);
        }
    }

    #[test]
    fn a_product_of_lognormals_has_its_median_at_one() {
        let median = median_of_product(&Noise::new(Shape::Lognormal { sigma: 0.5 }), 0.3);
        assert!((median - 1.0).abs() < 1e-9);
    }
}

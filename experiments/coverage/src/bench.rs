//! Simulated runs of two arms, and what is true of them.

use measure::Plan;

use crate::draws::Draws;
use crate::environment::{Environment, Order};
use crate::law::{Law, Noise, Shape, mean, median_of, median_of_product};

/// Median of a reading of the denominator in still weather, in milliseconds.
const READING_MS: f64 = 40.0;

/// Resolution of the coarse clock, in milliseconds.
pub(crate) const TICK_MS: f64 = 4.0;

/// Spread of the denominator's law where it is not the numerator's.
pub(crate) const OTHER: f64 = 0.3;

/// Two arms on a machine: what makes a run.
pub(crate) struct Bench {
    environment: &'static Environment,
    ticks: bool,
    numerator: Noise,
    denominator: Noise,
    /// Factor between the arms' laws.
    ratio: f64,
}

impl Bench {
    /// Two arms whose laws are a factor `ratio` apart.
    pub(crate) fn new(law: &Law, environment: &'static Environment, ratio: f64) -> Self {
        let numerator = Noise::new(law.shape);
        let other = || Noise::new(Shape::Lognormal { sigma: OTHER });
        Self {
            environment,
            ticks: law.ticks,
            numerator,
            denominator: if environment.unequal { other() } else { numerator },
            ratio,
        }
    }

    /// Two arms whose median within-block ratio is `ratio`; for clocks without ticks.
    pub(crate) fn with_true_ratio(
        law: &Law,
        environment: &'static Environment,
        ratio: f64,
    ) -> Self {
        let at_one = Self::new(law, environment, 1.0);
        let ratio = ratio / at_one.true_ratio();
        Self { ratio, ..at_one }
    }

    /// The pairs (numerator, denominator) of a run of `n` blocks, in milliseconds.
    pub(crate) fn pairs(&self, n: usize, draws: &mut Draws) -> Vec<(f64, f64)> {
        let moved = self.environment.moving.factors(n, draws);
        self.pairs_at(&moved, draws)
    }

    /// The pairs of several runs of `n` blocks on one machine.
    pub(crate) fn of_one_machine(
        &self,
        runs: usize,
        n: usize,
        draws: &mut Draws,
    ) -> Vec<Vec<(f64, f64)>> {
        let moved = self.environment.moving.factors(n, draws);
        (0..runs).map(|_| self.pairs_at(&moved, draws)).collect()
    }

    /// The pairs of a run, given the factor on the ratio of each block.
    fn pairs_at(&self, moved: &[f64], draws: &mut Draws) -> Vec<(f64, f64)> {
        let n = moved.len();
        let factors = self.environment.weather.factors(&vec![2; n], draws);
        (0..n)
            .map(|block| {
                let (above, below) = match self.environment.order {
                    Order::OneAfterTheOther => (n + block, block),
                    Order::Random if draws.coin() => (2 * block, 2 * block + 1),
                    Order::Random => (2 * block + 1, 2 * block),
                };
                let ratio = self.ratio * moved[block];
                let y = ratio * self.numerator.draw(draws) * factors[above];
                let x = self.denominator.draw(draws) * factors[below];
                (self.clock(y), self.clock(x))
            })
            .collect()
    }

    /// The pairs of two of a run's arms, whose blocks need not have the same arms: as they are taken,
    /// one after the other.
    pub(crate) fn pairs_of(
        &self,
        plan: &Plan,
        [above, below]: [usize; 2],
        draws: &mut Draws,
    ) -> Vec<(f64, f64)> {
        let sizes: Vec<usize> = plan.blocks().map(|block| block.order.len()).collect();
        let factors = self.environment.weather.factors(&sizes, draws);
        let mut begun = 0;
        plan.blocks()
            .filter_map(|block| {
                let factors = &factors[begun..begun + block.order.len()];
                begun += block.order.len();
                let factor = |arm| Some(factors[block.order.iter().position(|of| *of == arm)?]);
                let (above, below) = (factor(above)?, factor(below)?);
                let y = self.ratio * self.numerator.draw(draws) * above;
                let x = self.denominator.draw(draws) * below;
                Some((self.clock(y), self.clock(x)))
            })
            .collect()
    }

    /// What the clock shows of a duration given in units of [`READING_MS`].
    fn clock(&self, duration: f64) -> f64 {
        let ms = READING_MS * duration;
        if self.ticks { (ms / TICK_MS).round() * TICK_MS } else { ms }
    }

    /// The numerator's median over a run of `n` blocks, in milliseconds. A clock that rounds keeps
    /// the order of durations, so the median of what it shows is what it shows of the median.
    pub(crate) fn true_median(&self, n: usize) -> f64 {
        let weather = self.environment.weather;
        let median = match weather.sigma() {
            Some(sigma) => median_of_product(&self.numerator, sigma),
            None => median_of(|x| {
                let times =
                    (0..2 * n).map(|time| self.numerator.cdf(x / weather.fixed(time, 2 * n)));
                mean(times)
            }),
        };
        self.clock(self.ratio * median)
    }

    /// The median of within-block ratios.
    ///
    /// With one law for both arms and a coin flip for their order, `ln(y/x)` is symmetric about
    /// the logarithm of the factor between them, in any weather. Else it is computed, which asks
    /// for still weather.
    pub(crate) fn true_ratio(&self) -> f64 {
        let symmetric = !self.environment.unequal;
        match (self.ticks, symmetric) {
            (true, false) => self.ticked_ratio(),
            // Rounding keeps the symmetry only where both arms are rounded alike.
            (true, true) if (self.ratio - 1.0).abs() > 0.0 => self.ticked_ratio(),
            (_, true) => self.ratio,
            // One over a lognormal is a lognormal.
            (false, false) => self.ratio * median_of_product(&self.numerator, OTHER),
        }
    }

    /// The ratio of the arms' medians, which a bootstrap is for.
    pub(crate) fn true_ratio_of_medians(&self) -> f64 {
        self.clock(self.ratio) / self.clock(1.0)
    }

    /// The median of the ratio of two counts of ticks, by listing all pairs of counts.
    fn ticked_ratio(&self) -> f64 {
        let per_unit = READING_MS / TICK_MS;
        let counts = |noise: &Noise, ratio: f64| -> Vec<(f64, f64)> {
            let up_to = |count: f64| noise.cdf((count + 0.5) / (per_unit * ratio));
            (1..200_u32)
                .map(f64::from)
                .map(|count| (count, up_to(count) - up_to(count - 1.0)))
                .filter(|(_, share)| *share > 0.0)
                .collect()
        };
        let below = counts(&self.denominator, 1.0);
        let mut ratios: Vec<(f64, f64)> = counts(&self.numerator, self.ratio)
            .into_iter()
            .flat_map(|(y, p)| below.iter().map(move |(x, q)| (y / x, p * q)))
            .collect();
        ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut share = 0.0;
        let mut median = f64::NAN;
        for (ratio, p) in ratios {
            if share < 0.5 {
                median = ratio;
            }
            share += p;
        }
        median
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::ENVIRONMENTS;
    use crate::law::LAWS;
    use crate::protocol::is_defined;

    /// The claimed truth against a great many simulated readings: at most half of them on either
    /// side, but for four standard errors.
    fn halves(values: &[f64], truth: f64, what: &str) {
        let slack = 4.0 * 0.5 / (values.len() as f64).sqrt();
        let share = |side: &dyn Fn(f64) -> bool| {
            values.iter().filter(|value| side(**value)).count() as f64 / values.len() as f64
        };
        let below = share(&|value| value < truth * (1.0 - 1e-12));
        let above = share(&|value| value > truth * (1.0 + 1e-12));
        assert!(below < 0.5 + slack, "{what}: {below} below {truth}");
        assert!(above < 0.5 + slack, "{what}: {above} above {truth}");
    }

    #[test]
    fn truths_halve_what_is_simulated() {
        let mut stream = 0;
        for environment in &ENVIRONMENTS {
            for law in &LAWS {
                for ratio in [1.0, 1.08] {
                    if !is_defined(law, environment, ratio) {
                        continue;
                    }
                    let what = format!("{} {} {ratio}", law.name, environment.name);
                    let bench = Bench::new(law, environment, ratio);
                    stream += 1;
                    let mut draws = Draws::new(8, stream);
                    // Many short runs: within one, readings may hang together.
                    let pairs: Vec<_> =
                        (0..2_000).flat_map(|_| bench.pairs(5, &mut draws)).collect();
                    let ratios: Vec<f64> = pairs.iter().map(|(y, x)| y / x).collect();
                    halves(&ratios, bench.true_ratio(), &format!("ratio, {what}"));
                    // Those hang together: one a run.
                    let medians: Vec<f64> =
                        (0..10_000).map(|run| bench.pairs(5, &mut draws)[run % 5].0).collect();
                    halves(&medians, bench.true_median(5), &format!("median, {what}"));
                }
            }
        }
    }

    #[test]
    fn a_true_ratio_is_made_to_measure() {
        for environment in &ENVIRONMENTS {
            for law in LAWS.iter().filter(|law| !law.ticks) {
                let truth = Bench::with_true_ratio(law, environment, 1.05).true_ratio();
                assert!((truth - 1.05).abs() < 1e-9, "{} {}", law.name, environment.name);
            }
        }
    }
}

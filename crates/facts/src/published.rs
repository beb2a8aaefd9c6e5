//! The published experiment.

use measure::{Arm, failure};
use serde::{Deserialize, Serialize};

use crate::estimate::Range;
use crate::metric::Metric;
use crate::verdict::Source;

const SETUP: &str = include_str!("../../../results/published/exp4_nested_setup.csv");
const FILE: &str = include_str!("../../../results/published/exp4_nested.csv");

/// The published methods, in the order of the published table.
pub const METHODS: [&str; 5] = ["bare", "docker", "dind", "podman", "podman-nested"];

/// One published number, in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Published {
    /// Of all repetitions.
    pub median: f64,
    /// Smallest recorded repetition.
    pub low: f64,
    /// Largest one.
    pub high: f64,
    /// How many repetitions.
    pub n: u32,
}

/// The ratio of two published medians, and what it can carry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PublishedRatio {
    /// The median.
    pub value: f64,
    /// The smallest repetition above over the largest below.
    pub low: f64,
    /// The largest above over the smallest below.
    pub high: f64,
    /// Repetitions an arm.
    pub n: u32,
    /// What the source's numbers can carry.
    pub source: Source,
}

impl PublishedRatio {
    /// A range, not an interval: it has no coverage that could be named.
    pub fn range(&self) -> Range {
        Range { low: self.low, high: self.high, coverage: f64::NAN }
    }
}

/// What the published numbers were taken on: fact and value, as published.
pub fn setup() -> miette::Result<Vec<(String, String)>> {
    let rows = csv::Reader::from_reader(SETUP.as_bytes());
    rows.into_deserialize()
        .collect::<Result<_, csv::Error>>()
        .map_err(|error| unreadable("exp4_nested_setup.csv", &error))
}

fn unreadable(file: &str, error: &csv::Error) -> miette::Report {
    failure(
        "the published figures can't be read",
        error.to_string(),
        format!("fix results/published/{file} and build again"),
    )
}

/// The published numbers.
pub struct Table(Vec<(String, String, Published)>);

#[derive(Deserialize)]
struct Row {
    metric: String,
    method: String,
    median: f64,
    low: f64,
    high: f64,
    n: u32,
}

impl Table {
    /// The published numbers that this program has built in.
    pub fn read() -> miette::Result<Self> {
        let rows = csv::Reader::from_reader(FILE.as_bytes())
            .deserialize()
            .map(|row| {
                row.map(|Row { metric, method, median, low, high, n }| {
                    (metric, method, Published { median, low, high, n })
                })
            })
            .collect::<Result<_, csv::Error>>()
            .map_err(|error| unreadable("exp4_nested.csv", &error))?;
        Ok(Self(rows))
    }

    /// The published ratio of the methods that two arms stand for.
    pub fn ratio(
        &self,
        metric: &Metric,
        above: &Arm<String>,
        below: &Arm<String>,
    ) -> Option<PublishedRatio> {
        let (y, x) = (self.get(metric, &above.method)?, self.get(metric, &below.method)?);
        let (low, high) = (y.low / x.high, y.high / x.low);
        Some(PublishedRatio {
            value: y.median / x.median,
            low,
            high,
            n: y.n.min(x.n),
            source: if low > 1.0 || high < 1.0 { Source::Sign } else { Source::CannotResolve },
        })
    }

    /// What was published for a method.
    pub fn get(&self, metric: &Metric, method: &str) -> Option<Published> {
        let name = metric.column();
        let row = self.0.iter().find(|(metric, of, _)| *metric == name && of == method);
        row.map(|(_, _, published)| *published)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{CPU, STARTUP};

    #[test]
    fn the_published_overheads_follow_from_the_published_medians() {
        // A15 and A17 of the published text.
        let table = Table::read().expect("readable");
        let percent = |metric, above, below| {
            let median = |method| table.get(metric, method).expect("published").median;
            ((median(above) / median(below) - 1.0) * 100.0).round()
        };
        for (metric, above, below, published) in [
            (&STARTUP, "dind", "docker", 8.0),
            (&STARTUP, "podman-nested", "podman", 45.0),
            (&CPU, "docker", "bare", 15.0),
            (&CPU, "dind", "bare", 24.0),
            (&CPU, "podman-nested", "bare", 49.0),
        ] {
            let ours = percent(metric, above, below);
            assert!((ours - published).abs() < 0.5, "{above} / {below}: {ours}");
        }
    }

    #[test]
    fn every_method_has_both_metrics_and_a_range_around_its_median() {
        let table = Table::read().expect("readable");
        assert_eq!(table.0.len(), 10);
        for metric in [&STARTUP, &CPU] {
            for method in METHODS {
                let Published { median, low, high, n } =
                    table.get(metric, method).expect("published");
                assert!(low <= median && median <= high && n == 4, "{method}");
            }
        }
    }
}

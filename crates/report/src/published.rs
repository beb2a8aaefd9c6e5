//! The published experiment, and the units in which it speaks.

use measure::{Metric, failure};
use serde::Deserialize;

const FILE: &str = include_str!("../../../results/published/exp4_nested.csv");

/// The published methods, in the order of the published table.
pub(crate) const METHODS: [&str; 5] = ["bare", "docker", "dind", "podman", "podman-nested"];

/// How a metric is shown: raw files hold nanoseconds, readers see these.
pub(crate) struct Unit {
    pub(crate) symbol: &'static str,
    pub(crate) ns: f64,
    /// The metric's name in the tutorial's files.
    pub(crate) tutorial_metric: &'static str,
    /// Decimals of a value in the tutorial's files: to the microsecond.
    pub(crate) tutorial_decimals: usize,
    /// Title of a panel.
    pub(crate) heading: &'static str,
    /// What the published experiment timed.
    pub(crate) published_task: &'static str,
    /// Label of an axis.
    pub(crate) axis: &'static str,
}

/// One published number, in the metric's [`Unit`].
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(crate) struct Published {
    pub(crate) median: f64,
    /// Smallest recorded repetition.
    pub(crate) low: f64,
    /// Largest one.
    pub(crate) high: f64,
    pub(crate) n: u32,
}

/// The published numbers.
pub(crate) struct Table(Vec<(String, String, Published)>);

#[derive(Deserialize)]
struct Row {
    metric: String,
    method: String,
    median: f64,
    low: f64,
    high: f64,
    n: u32,
}

/// The unit of a metric.
pub(crate) fn unit(metric: Metric) -> &'static Unit {
    match metric {
        Metric::Startup => &Unit {
            symbol: "ms",
            ns: 1e6,
            tutorial_metric: "startup_ms",
            tutorial_decimals: 3,
            heading: "Startup",
            published_task: "create a container that prints ok",
            axis: "milliseconds",
        },
        Metric::Cpu => &Unit {
            symbol: "s",
            ns: 1e9,
            tutorial_metric: "cpu_s",
            tutorial_decimals: 6,
            heading: "CPU",
            published_task: "SHA-256 of 50 MB in a running container",
            axis: "seconds",
        },
        Metric::Syscall => &Unit {
            symbol: "us",
            ns: 1e3,
            tutorial_metric: "syscall_us",
            tutorial_decimals: 3,
            heading: "System calls",
            published_task: "one kernel operation",
            axis: "microseconds an operation",
        },
    }
}

impl Unit {
    /// A value as a reader sees it, without its symbol.
    pub(crate) fn amount(&self, ns: f64) -> String {
        let value = ns / self.ns;
        let decimals = if value < 1.0 {
            3
        } else if value < 10.0 {
            2
        } else {
            1
        };
        format!("{value:.decimals$}")
    }
}

impl Table {
    /// The published numbers that this program has built in.
    pub(crate) fn read() -> miette::Result<Self> {
        let rows = csv::Reader::from_reader(FILE.as_bytes())
            .deserialize()
            .map(|row| {
                row.map(
                    |Row {
                         metric,
                         method,
                         median,
                         low,
                         high,
                         n,
                     }| {
                        (
                            metric,
                            method,
                            Published {
                                median,
                                low,
                                high,
                                n,
                            },
                        )
                    },
                )
            })
            .collect::<Result<_, csv::Error>>()
            .map_err(|error| {
                failure(
                    "the published figures can't be read",
                    error.to_string(),
                    "mend results/published/exp4_nested.csv and build again",
                )
            })?;
        Ok(Self(rows))
    }

    /// What was published for a method.
    pub(crate) fn get(&self, metric: Metric, method: &str) -> Option<Published> {
        let name = unit(metric).tutorial_metric;
        let row = self
            .0
            .iter()
            .find(|(metric, of, _)| metric == name && of == method);
        row.map(|(_, _, published)| *published)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_overheads_follow_from_the_published_medians() {
        // A15 and A17 of the published text.
        let table = Table::read().expect("readable");
        let percent = |metric, above, below| {
            let median = |method| table.get(metric, method).expect("published").median;
            ((median(above) / median(below) - 1.0) * 100.0).round()
        };
        for (metric, above, below, published) in [
            (Metric::Startup, "dind", "docker", 8.0),
            (Metric::Startup, "podman-nested", "podman", 45.0),
            (Metric::Cpu, "docker", "bare", 15.0),
            (Metric::Cpu, "dind", "bare", 24.0),
            (Metric::Cpu, "podman-nested", "bare", 49.0),
        ] {
            let ours = percent(metric, above, below);
            assert!((ours - published).abs() < 0.5, "{above} / {below}: {ours}");
        }
    }

    #[test]
    fn every_method_has_both_metrics_and_a_range_around_its_median() {
        let table = Table::read().expect("readable");
        assert_eq!(table.0.len(), 10);
        for metric in [Metric::Startup, Metric::Cpu] {
            for method in METHODS {
                let Published {
                    median,
                    low,
                    high,
                    n,
                } = table.get(metric, method).expect("published");
                assert!(low <= median && median <= high && n == 4, "{method}");
            }
        }
    }

    #[test]
    fn amounts_keep_about_three_digits() {
        for (metric, ns, text) in [
            (Metric::Startup, 296_449_000.0, "296.4"),
            (Metric::Startup, 1_304_000.0, "1.30"),
            (Metric::Startup, 560_000.0, "0.560"),
            (Metric::Cpu, 468_200_000.0, "0.468"),
        ] {
            assert_eq!(unit(metric).amount(ns), text);
        }
    }
}

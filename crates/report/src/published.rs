//! The published experiment, and the units in which it speaks.

use measure::{Arm, Metric, failure};
use serde::{Deserialize, Serialize};

use crate::analysis::Range;
use crate::analysis::verdict::Source;
use crate::language::{Lang, Texts};

const SETUP: &str = include_str!("../../../results/published/exp4_nested_setup.csv");
const FILE: &str = include_str!("../../../results/published/exp4_nested.csv");

/// The published methods, in the order of the published table.
pub(crate) const METHODS: [&str; 5] = ["bare", "docker", "dind", "podman", "podman-nested"];

/// How a metric is shown: raw files hold nanoseconds, readers see these.
pub(crate) struct Unit {
    pub(crate) ns: f64,
    /// The metric's name in the tutorial's files.
    pub(crate) tutorial_metric: &'static str,
    /// Decimals of a value in the tutorial's files: to the microsecond.
    pub(crate) tutorial_decimals: usize,
    symbol: &'static str,
    heading: fn(&Texts) -> &'static str,
    axis: fn(&Texts) -> &'static str,
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

/// The ratio of two published medians, and what it can carry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct PublishedRatio {
    pub(crate) value: f64,
    /// The smallest repetition above over the largest below.
    pub(crate) low: f64,
    /// The largest above over the smallest below.
    pub(crate) high: f64,
    /// Repetitions an arm.
    pub(crate) n: u32,
    pub(crate) source: Source,
}

impl PublishedRatio {
    /// A range, not an interval: it has no coverage that could be named.
    pub(crate) fn range(&self) -> Range {
        Range {
            low: self.low,
            high: self.high,
            coverage: f64::NAN,
        }
    }
}

/// What the published numbers were taken on: fact and value, as published.
pub(crate) fn setup() -> miette::Result<Vec<(String, String)>> {
    let rows = csv::Reader::from_reader(SETUP.as_bytes());
    rows.into_deserialize()
        .collect::<Result<_, csv::Error>>()
        .map_err(|error| unreadable("exp4_nested_setup.csv", &error))
}

fn unreadable(file: &str, error: &csv::Error) -> miette::Report {
    failure(
        "the published figures can't be read",
        error.to_string(),
        format!("mend results/published/{file} and build again"),
    )
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
            heading: |t| t.heading_startup,
            axis: |t| t.axis_startup,
        },
        Metric::Cpu => &Unit {
            symbol: "s",
            ns: 1e9,
            tutorial_metric: "cpu_s",
            tutorial_decimals: 6,
            heading: |t| t.heading_cpu,
            axis: |t| t.axis_cpu,
        },
        Metric::Syscall => &Unit {
            symbol: "µs",
            ns: 1e3,
            tutorial_metric: "syscall_us",
            tutorial_decimals: 3,
            heading: |t| t.heading_syscall,
            axis: |t| t.axis_syscall,
        },
        Metric::Unpack => &Unit {
            symbol: "s",
            ns: 1e9,
            tutorial_metric: "unpack_s",
            tutorial_decimals: 6,
            heading: |t| t.heading_unpack,
            axis: |t| t.axis_cpu,
        },
        Metric::Write => &Unit {
            symbol: "ms",
            ns: 1e6,
            tutorial_metric: "write_ms",
            tutorial_decimals: 3,
            heading: |t| t.heading_write,
            axis: |t| t.axis_startup,
        },
        Metric::Files => &Unit {
            symbol: "ms",
            ns: 1e6,
            tutorial_metric: "files_ms",
            tutorial_decimals: 3,
            heading: |t| t.heading_files,
            axis: |t| t.axis_startup,
        },
        Metric::Job => &Unit {
            symbol: "s",
            ns: 1e9,
            tutorial_metric: "job_s",
            tutorial_decimals: 6,
            heading: |t| t.heading_job,
            axis: |t| t.axis_cpu,
        },
        Metric::Call => &Unit {
            symbol: "ms",
            ns: 1e6,
            tutorial_metric: "call_ms",
            tutorial_decimals: 3,
            heading: |t| t.heading_call,
            axis: |t| t.axis_startup,
        },
    }
}

impl Unit {
    /// A value as a reader sees it, without its symbol: about three digits.
    pub(crate) fn amount(&self, ns: f64, lang: Lang) -> String {
        let value = ns / self.ns;
        let decimals = if value < 1.0 {
            3
        } else if value < 10.0 {
            2
        } else {
            1
        };
        lang.number(value, decimals)
    }

    pub(crate) fn symbol(&self) -> &'static str {
        self.symbol
    }

    /// What is measured, as a title.
    pub(crate) fn heading(&self, lang: Lang) -> &'static str {
        (self.heading)(lang.texts())
    }

    /// The label of an axis.
    pub(crate) fn axis(&self, lang: Lang) -> &'static str {
        (self.axis)(lang.texts())
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
            .map_err(|error| unreadable("exp4_nested.csv", &error))?;
        Ok(Self(rows))
    }

    /// The published ratio of the methods that two arms stand for.
    pub(crate) fn ratio(&self, above: &Arm<String>, below: &Arm<String>) -> Option<PublishedRatio> {
        let (y, x) = (
            self.get(above.metric, &above.method)?,
            self.get(below.metric, &below.method)?,
        );
        let (low, high) = (y.low / x.high, y.high / x.low);
        Some(PublishedRatio {
            value: y.median / x.median,
            low,
            high,
            n: y.n.min(x.n),
            source: if low > 1.0 || high < 1.0 {
                Source::Sign
            } else {
                Source::CannotResolve
            },
        })
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
            assert_eq!(unit(metric).amount(ns, Lang::En), text);
        }
    }
}

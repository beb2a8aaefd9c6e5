//! The published experiment, and the units in which it speaks.

use measure::{Arm, Metric, failure};
use serde::{Deserialize, Serialize};

use crate::estimate::Range;
use crate::language::{Lang, Text};
use crate::verdict::Source;

const SETUP: &str = include_str!("../../../results/published/exp4_nested_setup.csv");
const FILE: &str = include_str!("../../../results/published/exp4_nested.csv");

/// The published methods, in the order of the published table.
pub const METHODS: [&str; 5] = ["bare", "docker", "dind", "podman", "podman-nested"];

/// How a metric is shown: raw files hold nanoseconds, readers see these.
pub struct Unit {
    metric: Metric,
    /// Nanoseconds of one.
    pub ns: f64,
    /// The metric's name in the tutorial's files.
    pub tutorial_metric: &'static str,
    /// Decimals of a value in the tutorial's files: to the microsecond.
    pub tutorial_decimals: usize,
    symbol: &'static str,
    heading: Text,
    axis: Text,
}

/// One published number, in the metric's [`Unit`].
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
        format!("mend results/published/{file} and build again"),
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

const MILLISECONDS: Text = Text::new("milliseconds", "milisegundos");
const SECONDS: Text = Text::new("seconds", "segundos");
const MICROSECONDS: Text = Text::new("microseconds an operation", "microsegundos por operación");

#[rustfmt::skip]
static UNITS: [Unit; 8] = [
    shown(Metric::Startup, "startup_ms", MILLISECONDS, Text::new("Startup", "Arranque")),
    shown(Metric::Cpu, "cpu_s", SECONDS, Text::new("CPU", "CPU")),
    shown(Metric::Syscall, "syscall_us", MICROSECONDS, Text::new("System calls", "Llamadas al sistema")),
    shown(Metric::Unpack, "unpack_s", SECONDS, Text::new("Unpacking an image", "Desempaquetar una imagen")),
    shown(Metric::Write, "write_ms", MILLISECONDS, Text::new("Writing a large file", "Escribir un fichero grande")),
    shown(Metric::Files, "files_ms", MILLISECONDS, Text::new("Many small files", "Muchos ficheros pequeños")),
    shown(Metric::Job, "job_s", SECONDS, Text::new("A whole job", "Un trabajo entero")),
    shown(Metric::Call, "call_ms", MILLISECONDS, Text::new("One call of an engine's API", "Una llamada a la API de un motor")),
];

/// A metric by the name that the tutorial's files would give it, which ends in its unit.
const fn shown(metric: Metric, tutorial_metric: &'static str, axis: Text, heading: Text) -> Unit {
    let (symbol, ns, tutorial_decimals) = match tutorial_metric.as_bytes() {
        [.., b'_', b'm', b's'] => ("ms", 1e6, 3),
        [.., b'_', b'u', b's'] => ("µs", 1e3, 3),
        _ => ("s", 1e9, 6),
    };
    Unit { metric, ns, tutorial_metric, tutorial_decimals, symbol, heading, axis }
}

/// The unit of a metric.
pub fn unit(metric: Metric) -> &'static Unit {
    let unit = UNITS.iter().find(|unit| unit.metric == metric);
    unit.unwrap_or(&UNITS[0])
}

impl Unit {
    /// A value as a reader sees it, without its symbol: about three digits.
    pub fn amount(&self, ns: f64, lang: Lang) -> String {
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

    /// The unit, as text.
    pub fn symbol(&self) -> &'static str {
        self.symbol
    }

    /// What is measured, as a title.
    pub fn heading(&'static self, lang: Lang) -> &'static str {
        self.heading.of(lang)
    }

    /// The label of an axis.
    pub fn axis(&'static self, lang: Lang) -> &'static str {
        self.axis.of(lang)
    }
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
    pub fn ratio(&self, above: &Arm<String>, below: &Arm<String>) -> Option<PublishedRatio> {
        let (y, x) =
            (self.get(above.metric, &above.method)?, self.get(below.metric, &below.method)?);
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
    pub fn get(&self, metric: Metric, method: &str) -> Option<Published> {
        let name = unit(metric).tutorial_metric;
        let row = self.0.iter().find(|(metric, of, _)| metric == name && of == method);
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
                let Published { median, low, high, n } =
                    table.get(metric, method).expect("published");
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

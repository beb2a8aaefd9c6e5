//! What samples are samples of, and the units in which readers see it: raw files hold nanoseconds.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};

use crate::language::{Lang, Text};

/// What a sample is a sample of. A record has only its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    name: Cow<'static, str>,
    /// What readers see it in.
    pub unit: Unit,
    heading: Text,
    /// Of several things that have little to do with each other, each many times over: an operation is
    /// what readers see, and each is a series or a ratio of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_operations: bool,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// 1 s
    #[serde(rename = "s")]
    Seconds,
    /// 1 ms
    #[serde(rename = "ms")]
    Milliseconds,
    /// 1 µs
    #[serde(rename = "us")]
    Microseconds,
}

/// Time until a fresh container has done a trivial thing.
pub static STARTUP: Metric = Metric::new("startup", Unit::Milliseconds, ["Startup", "Arranque"]);
/// Time of a fixed computation in a container that already runs.
pub static CPU: Metric = Metric::new("cpu", Unit::Seconds, ["CPU", "CPU"]);
/// Time of one kernel operation, asked for many times over.
pub static SYSCALL: Metric = Metric {
    name: Cow::Borrowed("syscall"),
    unit: Unit::Microseconds,
    heading: Text::new("System calls", "Llamadas al sistema"),
    of_operations: true,
};
/// Time of a whole job: from the start of its engine until what it has built has run.
pub static JOB: Metric = Metric::new("job", Unit::Seconds, ["A whole job", "Un trabajo entero"]);

/// What several experiments measure. What only one does, it declares itself.
static SHARED: [&Metric; 4] = [&STARTUP, &CPU, &SYSCALL, &JOB];

impl Metric {
    /// With its title in English and Spanish.
    pub const fn new(
        name: &'static str,
        unit: Unit,
        [english, spanish]: [&'static str; 2],
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            unit,
            heading: Text::new(english, spanish),
            of_operations: false,
        }
    }

    /// The one of this name: of those that an experiment has declared, else of the shared ones.
    pub fn find<'a>(name: &str, own: impl IntoIterator<Item = &'a Self>) -> Option<&'a Self> {
        own.into_iter().chain(SHARED).find(|metric| metric.name == name)
    }

    /// Of which nothing but its name is known.
    pub(crate) fn named(name: &str) -> Self {
        let heading = Text::each(|_| name.to_owned());
        let name = Cow::Owned(name.to_owned());
        Self { name, unit: Unit::Milliseconds, heading, of_operations: false }
    }

    /// The name in files, which an arm declares.
    pub const fn name(&self) -> &str {
        match &self.name {
            Cow::Borrowed(name) => name,
            Cow::Owned(name) => name.as_str(),
        }
    }

    /// For serde, where the name says it all.
    pub fn serialize_name<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }

    /// What is measured, as a title.
    pub fn heading(&self, lang: Lang) -> &str {
        self.heading.of(lang)
    }

    /// The label of an axis.
    pub fn axis(&self, lang: Lang) -> String {
        let each =
            if self.of_operations { lang.pick(" an operation", " por operación") } else { "" };
        let unit = match self.unit {
            Unit::Seconds => lang.pick("seconds", "segundos"),
            Unit::Milliseconds => lang.pick("milliseconds", "milisegundos"),
            Unit::Microseconds => lang.pick("microseconds", "microsegundos"),
        };
        format!("{unit}{each}")
    }

    /// The name with its unit, as the published files have it: `startup_ms`.
    pub fn column(&self) -> String {
        format!("{}_{}", self.name, self.unit.symbol().replace('µ', "u"))
    }

    /// A value as a reader sees it, without its symbol: about three digits.
    pub fn amount(&self, ns: f64, lang: Lang) -> String {
        let value = ns / self.unit.ns();
        lang.number(value, decimals(value))
    }
}

/// How many decimals a number of this size has in a table: about three digits, and one decimal of what
/// is large.
pub fn decimals(size: f64) -> usize {
    match size {
        ..1.0 => 3,
        ..10.0 => 2,
        _ => 1,
    }
}

impl Unit {
    /// The one in which so many nanoseconds are 1 or more; the smallest, where none is.
    pub fn fitting(ns: f64) -> Self {
        let all = [Self::Seconds, Self::Milliseconds, Self::Microseconds];
        all.into_iter().find(|unit| ns.abs() >= unit.ns()).unwrap_or(Self::Microseconds)
    }

    /// Nanoseconds of one.
    pub fn ns(self) -> f64 {
        match self {
            Self::Seconds => 1e9,
            Self::Milliseconds => 1e6,
            Self::Microseconds => 1e3,
        }
    }

    /// As text.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Microseconds => "µs",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_about_three_digits() {
        for (metric, ns, text) in [
            (&STARTUP, 296_449_000.0, "296.4"),
            (&STARTUP, 1_304_000.0, "1.30"),
            (&STARTUP, 560_000.0, "0.560"),
            (&CPU, 468_200_000.0, "0.468"),
        ] {
            assert_eq!(metric.amount(ns, Lang::En), text);
        }
    }

    #[test]
    fn an_experiment_s_own_metric_comes_first_and_is_one_after_a_file() {
        let own = Metric::new("call", Unit::Microseconds, ["A call", "Una llamada"]);
        let json = serde_json::to_string(&own).expect("JSON");
        let read: Metric = serde_json::from_str(&json).expect("a metric");
        assert_eq!(Metric::find("call", [&read]), Some(&own));
        assert_eq!(Metric::find("job", [&read]), Some(&JOB));
        assert_eq!(Metric::find("call", []), None);
        assert_eq!(
            (SYSCALL.column(), own.axis(Lang::Es)),
            ("syscall_us".into(), "microsegundos".into())
        );
    }
}

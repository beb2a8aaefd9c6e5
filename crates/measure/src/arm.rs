//! What an experiment declares: arms and contrasts; and what taking one sample gives.

use serde::{Deserialize, Serialize};

use crate::manifest::ALONE;

/// One thing measured: an engine chain, a metric and an observer under one name.
///
/// Experiments declare arms as constants (`Arm`, texts borrowed for ever); records that were read
/// back from a file hold the same fields as `Arm<String>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Arm<T = &'static str> {
    /// Unique within the experiment; what `--arms` takes.
    pub name: T,
    /// What the samples of this arm are samples of, by its name.
    pub metric: T,
    /// The published method that this arm stands for, or empty.
    pub method: T,
    /// Who holds the clock.
    pub observer: Observer,
    /// How many container boundaries are around the process; 0 is none.
    pub level: u8,
    /// How often a sample does the thing; its reading is for all of them together.
    pub operations: u32,
    /// Only takes a result apart: left out of a quick run unless it is asked for by name.
    pub detail: bool,
    /// One line for `--list`.
    pub about: T,
}

/// Where a part of a contrast's excess goes: a signed sum of arms that shared a block.
///
/// Of the contrast `y / x`, the part is `(sum of plus - sum of minus) / x` within each block. The
/// parts of one contrast add up to `y / x - 1` in every block when their sums telescope to `y - x`,
/// which [`RunArgs::conduct`](crate::RunArgs::conduct) checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Part<T = &'static str, L = &'static [&'static str]> {
    /// Name of the contrast that is taken apart.
    pub of: T,
    /// What this much of it is due to (`hop`, `program`, ...); unique within the contrast.
    pub due: T,
    /// Names of the arms that are added.
    pub plus: L,
    /// Names of the arms that are taken away.
    pub minus: L,
    /// One line that says what the difference is between.
    pub about: T,
}

/// The same thing at one level after another: the last one is held out, and predicted from the
/// others by two models (rule 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Series<T = &'static str, L = &'static [&'static str]> {
    /// Unique within the experiment.
    pub name: T,
    /// Names of the arms, outermost level first; at least three.
    pub arms: L,
    /// One line that says what grows.
    pub about: T,
}

/// Everything that an experiment declares before it runs.
#[derive(Debug, Clone, Copy)]
pub struct Experiment {
    /// The name of its program, and of the folder of its runs.
    pub name: &'static str,
    /// What is measured.
    pub arms: &'static [Arm],
    /// What is held against what.
    pub contrasts: &'static [Contrast],
    /// Where the excess of some contrasts goes.
    pub parts: &'static [Part],
    /// What grows with the level.
    pub series: &'static [Series],
    /// How many blocks a run has that does not say.
    pub blocks: DefaultBlocks,
    /// The first measured block of a session, or of a lab, begins no earlier than this after its first
    /// sample, unless there is no block for warm-up; in ms.
    pub settled_ms: u64,
}

/// How many measured blocks a session has where nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultBlocks {
    /// With every arm.
    pub full: u32,
    /// After them, with the arms of primary contrasts only.
    pub primary: u32,
}

impl DefaultBlocks {
    /// Of an experiment that has nothing better: at 95 %, 30 readings waste no rank.
    pub const USUAL: Self = Self { full: 30, primary: 0 };
}

/// A declared ratio of two arms, taken within blocks (rule 2 of the method).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Contrast<T = &'static str> {
    /// Unique within the experiment.
    pub name: T,
    /// Name of the arm above the line.
    pub numerator: T,
    /// Name of the arm below the line.
    pub denominator: T,
    /// Declared before the run as one of the questions asked; the rest is exploratory.
    pub primary: bool,
    /// One line that says what the ratio answers.
    pub about: T,
}

/// Who holds the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Observer {
    /// Timed at level 0, through every hop.
    Outside,
    /// Timed next to the command, at the parent level.
    Inside,
    /// The workload's own clock.
    #[serde(rename = "self")]
    OwnClock,
}

/// One successful sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Wall time, in nanoseconds; zero is no reading and is recorded as a failed sample.
    pub wall_ns: u64,
    /// CPU time (user and system) of what was started, in nanoseconds, where the observer can see it.
    pub cpu_ns: Option<u64>,
    /// CPU time of everything that was at work meanwhile to serve it, itself included, where it can
    /// be seen.
    pub whole_cpu_ns: Option<u64>,
}

/// Why a sample gave no reading. Either way it becomes a row with this reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SampleError {
    /// Only this sample failed; the run goes on.
    Sample(String),
    /// Nothing after this can be trusted (a daemon died); the run ends, its samples are kept.
    Fatal(String),
}

impl Observer {
    /// The name in files: `outside`, `inside` or `self`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Observer::Outside => "outside",
            Observer::Inside => "inside",
            Observer::OwnClock => "self",
        }
    }
}

impl Arm {
    /// The form that a manifest holds.
    #[must_use]
    pub fn to_record(&self) -> Arm<String> {
        Arm {
            name: self.name.to_owned(),
            metric: self.metric.to_owned(),
            method: self.method.to_owned(),
            observer: self.observer,
            level: self.level,
            operations: self.operations,
            detail: self.detail,
            about: self.about.to_owned(),
        }
    }
}

impl Arm<String> {
    /// The same, in a lab that it has alone.
    pub(crate) fn alone(self) -> Self {
        Self { name: self.name + ALONE, method: String::new(), ..self }
    }
}

impl Contrast<String> {
    /// An arm that is alone in its lab over the same in company of all others.
    pub(crate) fn alone(arm: &str) -> Self {
        let (numerator, denominator) = (format!("{arm}{ALONE}"), arm.to_owned());
        let name = format!("{numerator}/{denominator}");
        let about = "alone in its lab, against in company of all other arms".to_owned();
        Self { name, numerator, denominator, primary: false, about }
    }
}

impl Part {
    /// The form that a manifest holds.
    #[must_use]
    pub fn to_record(&self) -> Part<String, Vec<String>> {
        let names = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Part {
            of: self.of.to_owned(),
            due: self.due.to_owned(),
            plus: names(self.plus),
            minus: names(self.minus),
            about: self.about.to_owned(),
        }
    }
}

impl Series {
    /// The form that a manifest holds.
    #[must_use]
    pub fn to_record(&self) -> Series<String, Vec<String>> {
        Series {
            name: self.name.to_owned(),
            arms: self.arms.iter().map(ToString::to_string).collect(),
            about: self.about.to_owned(),
        }
    }
}

impl Arm {
    /// One operation a sample, not published, part of a quick run.
    #[must_use]
    pub const fn new(
        metric: &'static str,
        name: &'static str,
        observer: Observer,
        level: u8,
        about: &'static str,
    ) -> Self {
        Self { name, metric, method: "", observer, level, operations: 1, detail: false, about }
    }

    /// The same, which stands for a published method.
    #[must_use]
    pub const fn of_method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }
}

impl Experiment {
    /// One of a run without samples.
    #[must_use]
    pub const fn of_trials(name: &'static str) -> Self {
        let blocks = DefaultBlocks::USUAL;
        Self { name, arms: &[], contrasts: &[], parts: &[], series: &[], blocks, settled_ms: 0 }
    }
}

impl Contrast {
    /// One of the questions that the experiment was made for, named `numerator/denominator`.
    #[must_use]
    pub const fn primary(name: &'static str, about: &'static str) -> Self {
        Self { primary: true, ..Self::exploratory(name, about) }
    }

    /// What is shown beside them, and proves nothing.
    #[must_use]
    pub const fn exploratory(name: &'static str, about: &'static str) -> Self {
        let mut slash = 0;
        while name.as_bytes()[slash] != b'/' {
            slash += 1;
        }
        let (numerator, rest) = name.split_at(slash);
        Self { name, numerator, denominator: rest.split_at(1).1, primary: false, about }
    }

    /// One of arms whose names are made while the program runs; it stays until the program ends.
    #[must_use]
    pub fn between(numerator: &str, denominator: &str, primary: bool, about: &'static str) -> Self {
        let name = format!("{numerator}/{denominator}").leak();
        Self { primary, ..Self::exploratory(name, about) }
    }

    /// The form that a manifest holds.
    #[must_use]
    pub fn to_record(&self) -> Contrast<String> {
        Contrast {
            name: self.name.to_owned(),
            numerator: self.numerator.to_owned(),
            denominator: self.denominator.to_owned(),
            primary: self.primary,
            about: self.about.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_in_files_are_the_serialised_ones() {
        for observer in [Observer::Outside, Observer::Inside, Observer::OwnClock] {
            let json = serde_json::to_string(&observer).expect("serialises");
            assert_eq!(json, format!("\"{}\"", observer.name()));
        }
    }
}

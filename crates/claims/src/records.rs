//! Which records the ledger is made of: one's own where there are any, else the committed ones.

use std::collections::BTreeSet;
use std::path::Path;

use measure::Tool;
use miette::Result;
use serde::Serialize;

use crate::checks::{self, Checks};
use crate::runs::{self, MeasuredRun};
use crate::{CHECKS, claims};

/// What there is to read of a workspace.
pub struct Records {
    /// Oldest generation first.
    pub(crate) checks: Vec<Checks>,
    pub(crate) runs: Vec<MeasuredRun>,
    /// What was looked for and not found.
    pub(crate) absent: Vec<Absent>,
}

/// Where a record lies and what it was taken on.
#[derive(Serialize)]
pub struct Source {
    /// `checks`, or the kind of run.
    pub of: String,
    /// Of checks: the generation of engines.
    pub generation: Option<String>,
    /// The record, below the workspace where it lies there.
    pub path: String,
    /// Not the committed reference.
    pub own: bool,
    /// Day, or first and last day.
    pub taken: String,
    /// Releases of the kernel.
    pub kernels: BTreeSet<String>,
    /// Versions of the engines.
    pub engines: BTreeSet<String>,
    /// Revisions of the source, with `+` where it was changed since.
    pub revisions: BTreeSet<String>,
    /// Whether that is the source as it is now; `None` where git can't tell.
    pub present: Option<bool>,
    /// Of checks: properties and patterns that have a row, and those that should.
    pub rows: Option<(usize, usize)>,
    /// Nothing is missing.
    pub complete: bool,
}

/// A record that is not there.
#[derive(Serialize)]
pub struct Absent {
    /// As [`Source::of`].
    pub of: String,
    /// The generation of engines that was asked for.
    pub generation: Option<String>,
    /// The command that makes it.
    pub remedy: String,
}

/// Which records are asked for.
pub struct Wanted<'a> {
    /// The workspace.
    pub root: &'a Path,
    /// Where the suite leaves one's own records of checks.
    pub own_checks: &'a Path,
    /// Only committed ones.
    pub reference_only: bool,
    /// Only the checks of this generation.
    pub generation: Option<&'a str>,
}

impl Records {
    /// Reads them; fails where one is damaged, and where facts are of other rows than lie there.
    pub fn open(wanted: &Wanted) -> Result<Self> {
        let mut absent = Vec::new();
        let checks = checks::open(wanted)?;
        if checks.is_empty() {
            absent.push(Absent {
                of: CHECKS.to_owned(),
                generation: wanted.generation.map(str::to_owned),
                remedy: "cargo xtask claims --run".to_owned(),
            });
        }
        let mut found = Vec::new();
        for kind in runs::kinds(&claims()) {
            if let Some((claims, source)) = runs::find(wanted, &kind)? {
                found.push(MeasuredRun { kind, claims, source });
            } else if !kind.decides.is_empty() {
                let (of, remedy) = (kind.name(), kind.remedy());
                absent.push(Absent { of, generation: None, remedy });
            }
        }
        Ok(Self { checks, runs: found, absent })
    }

    /// Whether there is anything to read of an experiment.
    pub(crate) fn has_run_of(&self, experiment: &str) -> bool {
        self.runs.iter().any(|run| run.kind.experiment == experiment)
    }

    pub(crate) fn sources(&self) -> impl Iterator<Item = &Source> {
        let runs = self.runs.iter().map(|run| &run.source);
        let checks = self.checks.iter();
        checks.flat_map(|checks| std::iter::once(&checks.source).chain(&checks.others)).chain(runs)
    }
}

impl Source {
    /// `trixie`, or the kind of run.
    #[must_use]
    pub fn label(&self) -> &str {
        self.generation.as_deref().unwrap_or(&self.of)
    }
}

pub(crate) fn is_present(revisions: &BTreeSet<String>) -> Option<bool> {
    let now = Tool::read();
    let (revision, dirty) = (now.revision?, now.dirty?);
    // A record may name a commit by its first digits.
    let is_now = |of: &String| !of.is_empty() && revision.starts_with(of.as_str());
    Some(!dirty && !revisions.is_empty() && revisions.iter().all(is_now))
}

pub(crate) fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

pub(crate) fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

pub(crate) fn span(days: &BTreeSet<String>) -> String {
    match (days.first(), days.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(only), _) => only.clone(),
        (None, _) => String::new(),
    }
}

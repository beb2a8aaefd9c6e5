//! Which records the ledger is made of: one's own where there are any, else the committed ones.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ::claims::{Expected, GENERATIONS, Seen, expected, newest, read};
use measure::{Folder, Status, Tool, failure};
use serde::Serialize;

use crate::analysis;
use facts::Claim;
use facts::Here;
use facts::Runs;

/// What holds a claim that no run does.
pub(super) const CHECKS: &str = "checks";

/// Runs that hold claims. One program may make two kinds of them, each for claims of its own.
struct Kind {
    /// As the ledger calls it.
    name: &'static str,
    /// The program, and the folder of one's own runs.
    experiment: &'static str,
    /// The folders of the manifests within a run.
    parts: &'static [&'static str],
    /// Where the committed run lies, below results/reference.
    reference: &'static str,
    /// Claims that it speaks of; none: all that are the experiment's.
    only: &'static [&'static str],
    /// What makes one.
    remedy: &'static str,
}

const EXPERIMENTS: [Kind; 7] = [
    Kind {
        name: "exp4",
        experiment: "exp4",
        parts: &["startup", "cpu"],
        reference: "exp4",
        only: &[],
        remedy: "cargo xtask exp4",
    },
    Kind {
        name: "syscalls",
        experiment: "syscalls",
        parts: &[""],
        reference: "syscalls",
        only: &[],
        remedy: "cargo xtask syscalls",
    },
    Kind {
        name: "triple",
        experiment: "triple",
        parts: &[""],
        reference: "triple",
        only: &["A19", "A21"],
        remedy: "cargo xtask triple",
    },
    Kind {
        name: "sidecar",
        experiment: "sidecar",
        parts: &[""],
        reference: "sidecar",
        only: &[],
        remedy: "cargo xtask sidecar",
    },
    Kind {
        name: "storage-driver",
        experiment: "storage-driver",
        parts: &[""],
        reference: "storage-driver",
        only: &[],
        remedy: "cargo xtask storage-driver",
    },
    Kind {
        name: "cache-sharing",
        experiment: "cache-sharing",
        parts: &[""],
        reference: "cache-sharing",
        only: &[],
        remedy: "cargo xtask cache-sharing",
    },
    Kind {
        name: "triple, depth",
        experiment: "triple",
        parts: &[""],
        reference: "triple/depth",
        only: &["C6"],
        remedy: "cargo xtask triple --depth 40",
    },
];

impl Kind {
    /// Whether a claim is not decided without it.
    fn decides(&self, claim: &::claims::Claim) -> bool {
        claim.holders().any(|holder| holder == self.experiment) && self.may_speak_of(claim)
    }

    fn speaks_of(&self, claim: &::claims::Claim) -> bool {
        let mut named = claim.holders().chain(claim.witnesses());
        named.any(|name| name == self.experiment) && self.may_speak_of(claim)
    }

    fn may_speak_of(&self, claim: &::claims::Claim) -> bool {
        self.only.is_empty() || self.only.contains(&claim.id.as_str())
    }

    /// A folder without any manifest holds no run, whatever else lies in it.
    fn is_in(&self, folder: &Path) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| folder.join(part).join("manifest.json").is_file())
    }
}

/// What there is to read of a workspace.
pub(super) struct Records {
    /// The checks, oldest generation first.
    pub(super) checks: Vec<Checks>,
    pub(super) runs: Vec<Measured>,
    /// What was looked for and not found.
    pub(super) absent: Vec<Absent>,
}

/// What the checks saw under the engines of one generation, the last look at each.
pub(super) struct Checks {
    pub(super) generation: String,
    pub(super) rows: Vec<Seen>,
    pub(super) source: Source,
}

/// What one run says of the claims.
pub(super) struct Measured {
    kind: &'static Kind,
    pub(super) claims: Vec<Claim>,
    pub(super) source: Source,
}

/// Where a record lies and what it was taken on.
#[derive(Serialize)]
pub(crate) struct Source {
    /// `checks`, or the experiment.
    pub(super) of: &'static str,
    pub(super) generation: Option<String>,
    /// The record, below the workspace where it lies there.
    pub(super) path: String,
    /// Not the committed reference.
    pub(super) own: bool,
    /// Day, or first and last day.
    pub(super) taken: String,
    pub(super) kernels: BTreeSet<String>,
    pub(super) engines: BTreeSet<String>,
    pub(super) revisions: BTreeSet<String>,
    /// Whether that is the source as it is now; `None` where git can't tell.
    pub(super) present: Option<bool>,
    /// Of checks: properties and patterns that have a row, and those that should.
    pub(super) rows: Option<(usize, usize)>,
    /// Nothing is missing.
    pub(super) complete: bool,
}

/// A record that is not there.
#[derive(Serialize)]
pub(crate) struct Absent {
    pub(super) of: &'static str,
    pub(super) generation: Option<String>,
    /// The command that makes it.
    pub(super) remedy: String,
}

/// Which records are asked for.
pub(super) struct Wanted<'a> {
    /// The workspace.
    pub(super) root: &'a Path,
    /// Where the suite leaves one's own records of checks.
    pub(super) own_checks: &'a Path,
    pub(super) reference_only: bool,
    pub(super) generation: Option<&'a str>,
}

impl Records {
    pub(super) fn open(wanted: &Wanted) -> miette::Result<Self> {
        let mut absent = Vec::new();
        let checks = checks(wanted)?;
        if checks.is_empty() {
            absent.push(Absent {
                of: CHECKS,
                generation: wanted.generation.map(str::to_owned),
                remedy: "cargo xtask claims --run".to_owned(),
            });
        }
        let mut runs = Vec::new();
        for kind in &EXPERIMENTS {
            match run(wanted, kind)? {
                Some(run) => runs.push(run),
                None => absent.push(Absent {
                    of: kind.name,
                    generation: None,
                    remedy: kind.remedy.to_owned(),
                }),
            }
        }
        Ok(Self { checks, runs, absent })
    }

    /// Whether there is anything to read of an experiment.
    pub(super) fn has_run_of(&self, experiment: &str) -> bool {
        let mut runs = self.runs.iter();
        runs.any(|run| run.kind.experiment == experiment)
    }

    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        let runs = self.runs.iter().map(|run| &run.source);
        self.checks.iter().map(|checks| &checks.source).chain(runs)
    }
}

impl Measured {
    /// Whether it is a run of this experiment that speaks of the claim.
    pub(super) fn holds(&self, claim: &::claims::Claim, experiment: &str) -> bool {
        self.kind.experiment == experiment && self.kind.speaks_of(claim)
    }
}

impl Source {
    /// `trixie`, or the experiment.
    pub(super) fn label(&self) -> &str {
        self.generation.as_deref().unwrap_or(self.of)
    }
}

/// Where the committed record of the checks lies.
pub(super) fn reference_checks(root: &Path) -> PathBuf {
    root.join("results/reference/claims")
}

/// One's own records are never mixed with committed ones: a difference between generations would be
/// one between machines.
fn checks(wanted: &Wanted) -> miette::Result<Vec<Checks>> {
    let reference = reference_checks(wanted.root);
    let folders = [(wanted.own_checks, true), (&reference, false)];
    for (folder, own) in folders {
        if own && wanted.reference_only {
            continue;
        }
        let asked = |name: &&&str| wanted.generation.is_none_or(|only| only == **name);
        let found: Vec<Checks> = GENERATIONS
            .iter()
            .filter(asked)
            .filter_map(|generation| {
                of_generation(wanted.root, folder, generation, own).transpose()
            })
            .collect::<miette::Result<_>>()?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// What checks saw of set-ups that were wrong on purpose, the last look at each.
pub(super) fn mutations(folder: &Path, generation: &str) -> miette::Result<Vec<Seen>> {
    rows_of(&folder.join(format!("{generation}-mutations.csv")), generation)
}

/// The last look at each in a record; nothing where there is none.
fn rows_of(file: &Path, generation: &str) -> miette::Result<Vec<Seen>> {
    let damaged = |why: String| {
        failure(
            format!("{} is no record of checks", file.display()),
            why,
            "take out the row, or delete the file and look again: `cargo xtask claims --run`",
        )
    };
    let rows = match read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        rows => newest(rows.map_err(|error| damaged(error.to_string()))?),
    };
    match rows.iter().find(|row| row.generation != generation) {
        Some(row) => Err(damaged(format!("it has a row of {}", row.generation))),
        None => Ok(rows),
    }
}

fn of_generation(
    root: &Path,
    folder: &Path,
    generation: &str,
    own: bool,
) -> miette::Result<Option<Checks>> {
    let file = folder.join(format!("{generation}.csv"));
    let rows = rows_of(&file, generation)?;
    if rows.is_empty() {
        return Ok(None);
    }
    let expected = expected(generation);
    let row_of = |cell: &Expected| {
        let mut rows = rows.iter();
        rows.find(|row| row.property == cell.property && row.pattern == cell.pattern)
    };
    let found: Vec<&Seen> = expected.iter().filter_map(row_of).collect();
    let looked = found.iter().filter(|row| row.outcome().is_some()).count();
    // Where the machine can't, there is nothing to be repeated; where a look broke off, there is.
    let is_settled = |row: &&Seen| row.outcome().is_some() || row.seen.is_empty();
    let complete = found.len() == expected.len() && found.iter().all(is_settled);
    let all = |of: fn(&Seen) -> &str| -> BTreeSet<String> {
        let texts = rows.iter().map(|row| of(row).to_owned());
        texts.filter(|text| !text.is_empty()).collect()
    };
    let revisions: BTreeSet<String> = all(|row| &row.revision);
    let days: BTreeSet<String> = all(|row| day(&row.when));
    let source = Source {
        of: CHECKS,
        generation: Some(generation.to_owned()),
        path: below(root, &file),
        own,
        taken: span(&days),
        kernels: all(|row| &row.kernel),
        engines: all(|row| &row.engines),
        present: is_present(&revisions),
        revisions,
        rows: Some((looked, expected.len())),
        complete,
    };
    Ok(Some(Checks { generation: generation.to_owned(), rows, source }))
}

/// The newest of one's own runs that is complete, else the committed one.
fn run(wanted: &Wanted, kind: &'static Kind) -> miette::Result<Option<Measured>> {
    let results = wanted.root.join("results");
    if !wanted.reference_only {
        for folder in newest_first(&results.join(kind.experiment)) {
            if !is_complete(&folder, kind.parts) {
                continue;
            }
            let run = open(wanted.root, &folder, kind, true)?;
            if run.source.complete {
                return Ok(Some(run));
            }
        }
    }
    let reference = results.join("reference").join(kind.reference);
    if kind.is_in(&reference) {
        return open(wanted.root, &reference, kind, false).map(Some);
    }
    Ok(None)
}

/// Names of runs begin with their time.
fn newest_first(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut runs: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    runs.sort();
    runs.reverse();
    runs
}

/// A run that was interrupted, or is of another version of the program, is passed over.
fn is_complete(run: &Path, parts: &[&str]) -> bool {
    parts.iter().all(|part| {
        Folder::open(&run.join(part))
            .and_then(|folder| folder.manifest())
            .is_ok_and(|manifest| manifest.status == Status::Complete)
    })
}

fn open(root: &Path, folder: &Path, kind: &'static Kind, own: bool) -> miette::Result<Measured> {
    let runs = Runs::open(folder)?;
    let claims = analysis::claims_of(&runs)?;
    let manifests = || runs.records.iter().map(|record| &record.manifest);
    let revision = |tool: &Tool| {
        let revision = tool.revision.as_deref()?;
        let changed = if tool.dirty == Some(false) { "" } else { "+" };
        Some(format!("{revision}{changed}"))
    };
    let revisions = manifests().filter_map(|run| revision(&run.tool)).collect();
    let sessions = || manifests().flat_map(|run| &run.sessions);
    let kernels = sessions().filter_map(|session| session.machine.kernel.clone());
    let days = manifests().map(|run| day(&run.started).to_owned()).collect();
    // A run of few arms, of one block, or of trials alone says nothing of some claims.
    let asked = ::claims::claims().into_iter();
    let complete = asked.filter(|claim| kind.decides(claim)).all(|claim| {
        let mut rows = claims.iter().filter(|row| row.id == claim.id).peekable();
        rows.peek().is_some() && rows.all(|row| row.here != Here::NotMeasured)
    });
    let source = Source {
        of: kind.name,
        generation: None,
        path: below(root, folder),
        own,
        taken: span(&days),
        kernels: kernels.collect(),
        engines: BTreeSet::new(),
        present: is_present(&revisions),
        revisions,
        rows: None,
        complete,
    };
    Ok(Measured { kind, claims, source })
}

fn is_present(revisions: &BTreeSet<String>) -> Option<bool> {
    let now = Tool::read();
    let (revision, dirty) = (now.revision?, now.dirty?);
    // A record may name a commit by its first digits.
    let is_now = |of: &String| !of.is_empty() && revision.starts_with(of.as_str());
    Some(!dirty && !revisions.is_empty() && revisions.iter().all(is_now))
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

fn span(days: &BTreeSet<String>) -> String {
    match (days.first(), days.last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(only), _) => only.clone(),
        (None, _) => String::new(),
    }
}

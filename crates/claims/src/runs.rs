//! Runs that decide claims. Which kinds there are follows from the table of claims, where runs lie
//! from their folders, and what a run speaks of from its facts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use facts::{Facts, Here};
use measure::{Folder, Manifest, Status, Tool, failure, note};
use miette::Result;

use crate::records::{Source, Wanted, below, day, is_present, span};
use crate::{CHECKS, Claim, tables};

/// Runs that one command makes, and the claims that are theirs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RunKind {
    /// The experiment, and the folder of its runs.
    pub(crate) experiment: String,
    /// What makes it another run than a plain one; "" of a plain one.
    pub(crate) flags: String,
    /// Claims that are not decided without it.
    pub(crate) decides: BTreeSet<String>,
    /// Claims that it has further evidence of.
    witnesses: BTreeSet<String>,
}

/// What one run says of its kind's claims.
pub(crate) struct MeasuredRun {
    pub(crate) kind: RunKind,
    pub(crate) claims: Vec<facts::Claim>,
    pub(crate) source: Source,
}

/// Every kind, in the order in which claims first name them.
pub(crate) fn kinds(claims: &[Claim]) -> Vec<RunKind> {
    let mut kinds: Vec<RunKind> = Vec::new();
    let mut of = |experiment: &str, flags: &str, add: &dyn Fn(&mut RunKind)| {
        let is_it = |kind: &RunKind| kind.experiment == experiment && kind.flags == flags;
        let index = kinds.iter().position(is_it).unwrap_or_else(|| {
            let (experiment, flags) = (experiment.to_owned(), flags.to_owned());
            kinds.push(RunKind { experiment, flags, ..RunKind::default() });
            kinds.len() - 1
        });
        add(&mut kinds[index]);
    };
    for claim in claims {
        for holder in claim.holders().filter(|holder| *holder != CHECKS) {
            of(holder, &claim.flags, &|kind| kind.decides.extend([claim.id.clone()]));
        }
        for witness in claim.witnesses() {
            of(witness, "", &|kind| kind.witnesses.extend([claim.id.clone()]));
        }
    }
    kinds
}

impl RunKind {
    /// `triple, depth`: the experiment, and what its flags are called.
    pub(crate) fn name(&self) -> String {
        let flags = self.flags.split(' ').filter_map(|word| word.strip_prefix("--"));
        std::iter::once(&*self.experiment).chain(flags).collect::<Vec<_>>().join(", ")
    }

    /// The command that makes one.
    pub(crate) fn remedy(&self) -> String {
        format!("cargo xtask {} {}", self.experiment, self.flags).trim_end().to_owned()
    }

    fn speaks_of(&self, claim: &str) -> bool {
        self.decides.contains(claim) || self.witnesses.contains(claim)
    }
}

impl MeasuredRun {
    /// Whether it is a run of this experiment that speaks of the claim.
    pub(crate) fn holds(&self, claim: &Claim, experiment: &str) -> bool {
        self.kind.experiment == experiment && self.kind.speaks_of(&claim.id)
    }
}

/// The newest of one's own runs that is complete, else the committed one.
pub(crate) fn find(wanted: &Wanted, kind: &RunKind) -> Result<Option<(Vec<facts::Claim>, Source)>> {
    let results = wanted.root.join("results");
    if !wanted.reference_only {
        // Names of runs begin with their time.
        let own = folders(&results.join(&kind.experiment));
        for folder in own.iter().rev() {
            // One that was interrupted, or is of another version of the program, is passed over.
            let Ok(parts) = parts(folder, &kind.experiment) else { continue };
            if parts.iter().any(|(_, manifest)| manifest.status != Status::Complete) {
                continue;
            }
            let found = match open(wanted.root, folder, &parts, kind, true) {
                Ok(found) => found,
                Err(why) => {
                    note!("left out: {}", measure::one_line(&why));
                    continue;
                }
            };
            if found.as_ref().is_some_and(|(_, source)| source.complete) {
                return Ok(found);
            }
        }
    }
    let mut below = vec![results.join("reference").join(&kind.experiment)];
    while let Some(folder) = below.pop() {
        let parts = parts(&folder, &kind.experiment)?;
        let found = open(wanted.root, &folder, &parts, kind, false)?;
        if found.is_some() {
            return Ok(found);
        }
        // A link may lead back up.
        let inner = folders(&folder).into_iter().filter(|folder| !folder.is_symlink());
        below.extend(inner.rev());
    }
    Ok(None)
}

/// The folders in a folder, by name.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let entries = entries.map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// What a run of the experiment that lies in a folder is made of: itself, or, of a whole, the runs of
/// its parts, which are other experiments. Nothing where there is no such run.
fn parts(folder: &Path, experiment: &str) -> Result<Vec<(PathBuf, Manifest)>> {
    let read = |folder: PathBuf| -> Result<Option<(PathBuf, Manifest)>> {
        if !folder.join("manifest.json").is_file() {
            return Ok(None);
        }
        let manifest = Folder::open(&folder)?.manifest()?;
        Ok(Some((folder, manifest)))
    };
    let is_own = |(_, manifest): &(PathBuf, Manifest)| manifest.experiment == experiment;
    if let Some(run) = read(folder.to_owned())? {
        return Ok(Some(run).filter(is_own).into_iter().collect());
    }
    let mut parts = Vec::new();
    for folder in folders(folder) {
        parts.extend(read(folder)?.filter(|part| !is_own(part)));
    }
    Ok(parts)
}

/// What the facts of a run say of a kind's claims; `None` where they speak of none.
fn open(
    root: &Path,
    folder: &Path,
    parts: &[(PathBuf, Manifest)],
    kind: &RunKind,
    own: bool,
) -> Result<Option<(Vec<facts::Claim>, Source)>> {
    let mut claims = Vec::new();
    for (part, _) in parts {
        claims.extend(Facts::read(part)?.into_iter().flat_map(|facts| facts.claims));
    }
    let known: BTreeSet<String> = tables::claims().into_iter().map(|claim| claim.id).collect();
    let mut all = BTreeSet::new();
    for claim in &claims {
        let why = if !known.contains(&*claim.id) {
            format!("its facts speak of {}, which no table of claims has", claim.id)
        } else if !all.insert((&claim.id, &claim.metric, &claim.of)) {
            format!("its facts speak of {} twice", claim.id)
        } else {
            continue;
        };
        let folder = folder.display();
        let what = format!("{folder} can't be held against the claims");
        let remedy = format!("have its facts derived again: `cargo xtask report {folder}`");
        return Err(failure(what, why, remedy));
    }
    claims.retain(|claim| kind.speaks_of(&claim.id));
    if claims.is_empty() {
        return Ok(None);
    }
    let manifests = || parts.iter().map(|(_, manifest)| manifest);
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
    let complete = kind.decides.iter().all(|id| {
        let mut rows = claims.iter().filter(|row| row.id == *id).peekable();
        rows.peek().is_some() && rows.all(|row| row.here != Here::NotMeasured)
    });
    let source = Source {
        of: kind.name(),
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
    Ok(Some((claims, source)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_runs_follow_from_the_claims() {
        let claim = |id: &str, held_by: &str, further: &str, flags: &str| Claim {
            id: id.to_owned(),
            held_by: held_by.to_owned(),
            further: further.to_owned(),
            flags: flags.to_owned(),
            ..Claim::default()
        };
        let claims = [
            claim("X1", "checks", "other", ""),
            claim("X2", "one, checks", "", ""),
            claim("X3", "one", "", "--deep 40"),
            claim("X4", "one, other", "", ""),
        ];
        let kinds = kinds(&claims);
        let told: Vec<(String, String)> =
            kinds.iter().map(|kind| (kind.name(), kind.remedy())).collect();
        let told: Vec<[&str; 2]> = told.iter().map(|(name, of)| [&**name, &**of]).collect();
        assert_eq!(
            told,
            [
                ["other", "cargo xtask other"],
                ["one", "cargo xtask one"],
                ["one, deep", "cargo xtask one --deep 40"]
            ]
        );
        let decides = kinds.iter().map(|kind| Vec::from_iter(&kind.decides));
        assert_eq!(decides.collect::<Vec<_>>(), [vec!["X4"], vec!["X2", "X4"], vec!["X3"]]);
        assert!(kinds[0].speaks_of("X1") && !kinds[0].speaks_of("X2"));
        assert!(kinds[1].speaks_of("X2") && !kinds[1].speaks_of("X3"));
    }
}

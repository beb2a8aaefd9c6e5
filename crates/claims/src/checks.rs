//! What the suite's checks saw of what a claim says: the record of one generation of engines.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use measure::failure;
use miette::{Report, Result};

use crate::records::{Source, Wanted, below, day, is_present, span};
use crate::{CHECKS, Claim, Expected, GENERATIONS, Says, Seen, accepts, expected, newest, read};

/// What was seen under the engines of one generation, the last check of each property and pattern.
pub(crate) struct Checks {
    pub(crate) generation: String,
    pub(crate) rows: Vec<Seen>,
    pub(crate) source: Source,
    /// The records of other machines, where one has seen what this one's could not.
    pub(crate) others: Vec<Source>,
}

/// One thing that a claim says of a property under a pattern, and what was seen of it.
#[derive(Clone, Copy)]
pub(crate) struct Checked<'a> {
    pub(crate) says: &'a Says,
    /// `None` where nobody has looked.
    pub(crate) row: Option<&'a Seen>,
}

impl<'a> Checked<'a> {
    /// Everything that a claim says, held against the newest rows of one generation.
    pub(crate) fn of(claim: &Claim, says: &'a [Says], rows: &'a [Seen]) -> Vec<Self> {
        let says = says.iter().filter(|says| says.claim == claim.id);
        let checked = says.map(|says| {
            let mut rows = rows.iter();
            let is_of = |row: &&Seen| row.property == says.property && row.pattern == says.pattern;
            Self { says, row: rows.find(is_of) }
        });
        checked.collect()
    }

    /// `without-privilege (dood)`
    pub(crate) fn name(self) -> String {
        format!("{} ({})", self.says.property, self.says.pattern)
    }

    /// The outcome; `None` where nobody has looked, or could.
    pub(crate) fn seen(self) -> Option<&'a str> {
        self.row.and_then(Seen::outcome)
    }

    /// The machine whose record this is of, where it is not that of the others.
    pub(crate) fn machine(self) -> Option<&'a str> {
        self.row.map(|row| &*row.machine).filter(|name| !name.is_empty())
    }

    /// Whether what was seen is what the claim says.
    pub(crate) fn holds(self) -> Option<bool> {
        Some(accepts(&self.says.says, self.seen()?))
    }

    /// The evidence, or why nothing could be seen.
    pub(crate) fn detail(self) -> &'a str {
        self.row.map_or("", |row| &row.detail)
    }
}

/// Where the committed record of the checks lies.
#[must_use]
pub fn reference_checks(root: &Path) -> PathBuf {
    root.join("results/reference/claims")
}

/// What checks saw of set-ups that were wrong on purpose, the last check of each.
pub fn seen_mutations(folder: &Path, generation: &str) -> Result<Vec<Seen>> {
    rows_of(&folder.join(format!("{generation}-mutations.csv")), generation)
}

/// The records of all generations, oldest first. One's own are never mixed with committed ones: a
/// difference between generations would be one between machines.
pub(crate) fn open(wanted: &Wanted) -> Result<Vec<Checks>> {
    let reference = reference_checks(wanted.root);
    let folders = [(wanted.own_checks, true), (&*reference, false)];
    for (folder, own) in folders.into_iter().filter(|(_, own)| !(*own && wanted.reference_only)) {
        let generations = GENERATIONS.into_iter();
        let asked = generations.filter(|name| wanted.generation.is_none_or(|only| only == *name));
        let found = asked.filter_map(|of| of_generation(wanted.root, folder, of, own).transpose());
        let found: Vec<Checks> = found.collect::<Result<_>>()?;
        if !found.is_empty() {
            return found.into_iter().map(|of| of.filled(wanted.root, folder)).collect();
        }
    }
    Ok(Vec::new())
}

/// Where records of other machines lie beside a record: `NAME/GENERATION.csv`.
const MACHINES: &str = "machines";

impl Checks {
    /// What its machine could not see, as another one saw it. What both saw stays its machine's.
    fn filled(mut self, root: &Path, folder: &Path) -> Result<Self> {
        let machines = fs::read_dir(folder.join(MACHINES)).into_iter().flatten().flatten();
        let mut machines: Vec<PathBuf> =
            machines.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        machines.sort();
        for machine in machines {
            let Some(other) = of_generation(root, &machine, &self.generation, false)? else {
                continue;
            };
            let name = machine.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut is_used = false;
            for row in other.rows.into_iter().filter(|row| row.outcome().is_some()) {
                let is_same =
                    |own: &&mut Seen| own.property == row.property && own.pattern == row.pattern;
                let Some(own) = self.rows.iter_mut().find(is_same) else { continue };
                if own.seen.is_empty() {
                    // The page's verdicts are of the kind of lab that its own record was made in.
                    let kind = if own.sandbox == row.sandbox {
                        String::new()
                    } else {
                        format!(", in a lab of the kind `{}`", row.sandbox)
                    };
                    *own = Seen { machine: format!("`{name}`{kind}"), ..row };
                    is_used = true;
                } else if !own.machine.is_empty() && own.seen != row.seen {
                    return Err(differing(own, &row, &name));
                }
            }
            if is_used {
                let of = format!("{} on the machine `{name}`", self.generation);
                self.others.push(Source { of, generation: None, ..other.source });
            }
        }
        Ok(self)
    }
}

/// Nothing says which of two other machines is right.
fn differing(own: &Seen, other: &Seen, machine: &str) -> Report {
    failure(
        format!("{} of {} is not the same on two machines", own.property, own.pattern),
        format!("{} on {}, {} on `{machine}`", own.seen, own.machine, other.seen),
        "look again on both: `cargo xtask claims --run`; or take out one of the two rows",
    )
}

/// The last check of each in a record; nothing where there is none.
fn rows_of(file: &Path, generation: &str) -> Result<Vec<Seen>> {
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
) -> Result<Option<Checks>> {
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
    // Where the machine can't, there is nothing to be repeated; where a check broke off, there is.
    let is_settled = |row: &&Seen| row.outcome().is_some() || row.seen.is_empty();
    let complete = found.len() == expected.len() && found.iter().all(is_settled);
    let all = |of: fn(&Seen) -> &str| -> BTreeSet<String> {
        let texts = rows.iter().map(|row| of(row).to_owned());
        texts.filter(|text| !text.is_empty()).collect()
    };
    let revisions: BTreeSet<String> = all(|row| &row.revision);
    let days: BTreeSet<String> = all(|row| day(&row.when));
    let source = Source {
        of: CHECKS.to_owned(),
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
    let generation = generation.to_owned();
    Ok(Some(Checks { generation, rows, source, others: Vec::new() }))
}

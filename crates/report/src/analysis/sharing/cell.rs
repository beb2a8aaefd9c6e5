//! One cell: a way of sharing with engines of a generation, tried step by step.

use std::cmp::Reverse;
use std::fmt;

use fingerprints::{Fingerprint, explain};
use measure::Trial;
use serde::Serialize;

use super::search::{End, Search, Shortest};
use super::way::{age, rank};
use facts::trials::rows;

/// Its table of trials.
pub(super) const SHARING: &str = "sharing";

const FAILED: &str = "failed";

/// In lines of an engine's log that say no more than that.
const WARNING: &str = "level=warning";

/// The steps whose rows are read by name.
const PLACE: &str = "place";
const FILLED: &str = "filled";
const STARTS: [&str; 2] = ["first starts", "second starts"];
const OPERATIONS: &str = "operations";
/// The last one, where there was a place: a cell that has it was tried to its end.
const VERDICT: &str = "verdict";

/// Which cell it is: `trixie docker image-and-layers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Name {
    pub(crate) generation: String,
    pub(crate) engine: String,
    pub(crate) way: String,
}

/// What became of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) name: Name,
    /// The worst of what was seen, the search included.
    pub(crate) class: Class,
    /// What the trial alone came to.
    pub(crate) trial: Class,
    pub(crate) refusal: Option<Refusal>,
    /// How many operations engines acknowledged, of how many they were asked for.
    pub(crate) operations: Option<(u64, u64)>,
    /// The worst first.
    pub(crate) findings: Vec<Finding>,
    /// Why there was no place for it.
    pub(crate) no_place: String,
    pub(crate) search: Option<Search>,
}

/// An engine that did not start.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Refusal {
    /// Which one, in the experiment's words.
    pub(crate) step: String,
    pub(crate) after_ns: Option<u64>,
    pub(crate) words: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// As the record calls it.
    pub(crate) class: String,
    pub(crate) text: String,
}

/// Up to `Corrupt` as the oracle says it, the mildest first; then why it said nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Class {
    /// Everything acknowledged is there, for whom it is meant to be.
    Safe,
    /// Files are left that nobody refers to any more.
    Leaks,
    /// One engine does not see what the other was told is done.
    StaleView,
    /// What an engine of its own would have done was refused.
    JobsFail,
    /// An engine does not start.
    Refused,
    /// An image that an engine said it had is gone.
    Lost,
    /// There, and not what it was; or the store contradicts itself.
    Corrupt,
    /// Its rows have no end.
    Unfinished,
    NotOnKernel,
    NotWithoutRoot,
    NotMade,
}

/// Cells with an engine that did not start, by what is known of its words.
pub(crate) struct Refusals<'a> {
    /// `None`: nothing is known of them.
    pub(crate) fingerprint: Option<&'static Fingerprint>,
    pub(crate) cells: Vec<&'a Cell>,
    /// The line that is known, or the last one; of the first cell.
    pub(crate) words: &'a str,
}

impl Name {
    fn of(subject: &str) -> Option<Self> {
        let words: Vec<&str> = subject.split_whitespace().collect();
        let [generation, engine, way] = words[..] else {
            return None;
        };
        let [generation, engine, way] = [generation, engine, way].map(str::to_owned);
        Some(Self {
            generation,
            engine,
            way,
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.generation, self.engine, self.way)
    }
}

impl Class {
    pub(crate) const ALL: [Self; 11] = [
        Self::Safe,
        Self::Leaks,
        Self::StaleView,
        Self::JobsFail,
        Self::Refused,
        Self::Lost,
        Self::Corrupt,
        Self::Unfinished,
        Self::NotOnKernel,
        Self::NotWithoutRoot,
        Self::NotMade,
    ];

    /// The name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Leaks => "leaks",
            Self::StaleView => "stale view",
            Self::JobsFail => "jobs fail",
            Self::Refused => "refused",
            Self::Lost => "lost acknowledged data",
            Self::Corrupt => "corrupt",
            Self::Unfinished => "not finished",
            Self::NotOnKernel => "not on this kernel",
            Self::NotWithoutRoot => "not without root",
            Self::NotMade => "not made",
        }
    }

    /// Of a word of the oracle's.
    pub(super) fn of(outcome: &str) -> Option<Self> {
        let mut told = Self::ALL.into_iter().filter(|class| class.is_told());
        told.find(|class| class.name() == outcome)
    }

    fn of_place(outcome: &str) -> Self {
        let mut others = Self::ALL.into_iter().filter(|class| !class.is_told());
        let known = others.find(|class| class.name() == outcome);
        known.unwrap_or(Self::NotMade)
    }

    /// The oracle has said something.
    pub(crate) fn is_told(self) -> bool {
        self <= Self::Corrupt
    }

    /// Everything acknowledged is there, and everything that was asked for was done.
    pub(crate) fn holds(self) -> bool {
        self <= Self::Leaks
    }

    /// Acknowledged data was damaged.
    pub(crate) fn is_damage(self) -> bool {
        matches!(self, Self::Lost | Self::Corrupt)
    }

    /// The worse one of a trial and a search. A trial that has no end has not shown that nothing
    /// happens.
    fn with(self, search: Option<&Search>) -> Self {
        match search.map(|search| search.worst) {
            Some(worst) if self.is_told() => self.max(worst),
            Some(worst) if worst.is_damage() => worst,
            _ => self,
        }
    }
}

impl Cell {
    fn of(name: Name, rows: &[&Trial], search: Option<Search>) -> Self {
        let row = |step: &str| rows.iter().rev().find(|row| row.step == step);
        let trial = match (row(VERDICT), row(PLACE)) {
            (Some(verdict), _) => Class::of(&verdict.outcome).unwrap_or(Class::Unfinished),
            (None, Some(place)) => Class::of_place(&place.outcome),
            (None, None) => Class::Unfinished,
        };
        let is_start = |row: &&&Trial| row.step == FILLED || STARTS.contains(&&*row.step);
        let mut starts = rows.iter().filter(is_start);
        let refusal = starts.find(|row| row.outcome == FAILED).map(|row| Refusal {
            step: row.step.clone(),
            after_ns: row.wall_ns,
            words: row.reason.clone(),
        });
        let operated = rows.iter().filter(|row| row.step == OPERATIONS);
        let operations = operated.filter_map(|row| {
            let (done, of) = row.outcome.split_once(" of ")?;
            Some((done.parse::<u64>().ok()?, of.parse::<u64>().ok()?))
        });
        let sum = |all: (u64, u64), one: (u64, u64)| (all.0 + one.0, all.1 + one.1);
        let text = |step: &str| row(step).map_or("", |row| &row.reason);
        Self {
            class: trial.with(search.as_ref()),
            trial,
            refusal,
            operations: operations.reduce(sum),
            findings: findings(text(VERDICT)),
            no_place: text(PLACE).to_owned(),
            search,
            name,
        }
    }

    /// The list of operations by which it comes to harm, where one is known.
    pub(crate) fn shortest(&self) -> Option<&Shortest> {
        match &self.search.as_ref()?.end {
            End::Shortest(shortest) => Some(shortest),
            _ => None,
        }
    }
}

impl Refusal {
    /// The most exact of what is known of its words, and the line that says it; else the last line
    /// that is no warning, because what ends an engine it says last.
    pub(crate) fn known(&self) -> (Option<&'static Fingerprint>, &str) {
        if let Some(found) = explain(&self.words).first() {
            return (Some(found.fingerprint), found.line);
        }
        let mut lines = self.words.rsplit(" | ");
        let line = lines.find(|line| !line.contains(WARNING));
        (None, line.unwrap_or(&self.words))
    }
}

/// What differs between two tries of the same: names of containers, times.
fn without_digits(words: &str) -> impl Iterator<Item = char> {
    words
        .chars()
        .filter(|character| !character.is_ascii_digit())
}

/// `class: text`, joined by bars. An engine's words have bars of their own: what does not begin with
/// a class belongs to the finding before it.
pub(super) fn findings(reason: &str) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for part in reason.split(" | ").filter(|part| !part.is_empty()) {
        let begun = part.split_once(": ");
        let begun = begun.filter(|(class, _)| Class::of(class).is_some());
        match (begun, found.last_mut()) {
            (Some((class, text)), _) => found.push(Finding {
                class: class.to_owned(),
                text: text.to_owned(),
            }),
            (None, Some(last)) => last.text = format!("{} | {part}", last.text),
            (None, None) => found.push(Finding {
                class: String::new(),
                text: part.to_owned(),
            }),
        }
    }
    found
}

/// The cells, and the subjects that are none. Of a cell that was tried again, as a resumed run does,
/// the last try that reached an end counts.
pub(super) fn cells(trials: &[Trial]) -> (Vec<Cell>, Vec<String>) {
    let mut tries: Vec<(Name, Vec<Vec<&Trial>>)> = Vec::new();
    let mut strangers: Vec<String> = Vec::new();
    for row in rows(trials, SHARING) {
        let Some(name) = Name::of(&row.subject) else {
            if !strangers.contains(&row.subject) {
                strangers.push(row.subject.clone());
            }
            continue;
        };
        let index = tries.iter().position(|(known, _)| *known == name);
        let index = index.unwrap_or_else(|| {
            tries.push((name, Vec::new()));
            tries.len() - 1
        });
        let of_cell = &mut tries[index].1;
        match of_cell.last_mut() {
            Some(last) if !has_ended(last) && last[0].session == row.session => last.push(row),
            _ => of_cell.push(vec![row]),
        }
    }
    let cell = |(name, tries): (Name, Vec<Vec<&Trial>>)| {
        let ended = tries.iter().rfind(|rows| has_ended(rows));
        let rows = ended.or(tries.last()).map_or(&[][..], |rows| rows);
        let search = Search::of(trials, &name);
        Cell::of(name, rows, search)
    };
    let mut cells: Vec<Cell> = tries.into_iter().map(cell).collect();
    // They end in any order, because several are under way at once.
    cells.sort_by_cached_key(|cell| {
        let Name {
            generation,
            engine,
            way,
        } = cell.name.clone();
        (engine, rank(&way), way, age(&generation))
    });
    (cells, strangers)
}

fn has_ended(rows: &[&Trial]) -> bool {
    let last = rows.last().map_or("", |row| &row.step);
    [VERDICT, PLACE].contains(&last)
}

impl super::Sharing {
    /// Known ones first, the most frequent of them first.
    pub(crate) fn refusals(&self) -> Vec<Refusals<'_>> {
        let mut groups: Vec<Refusals> = Vec::new();
        for cell in &self.cells {
            let Some((fingerprint, words)) = cell.refusal.as_ref().map(Refusal::known) else {
                continue;
            };
            let same = |group: &&mut Refusals| match (group.fingerprint, fingerprint) {
                (Some(one), Some(other)) => one.id == other.id,
                // Of unknown words each has a row of its own.
                (None, None) => without_digits(group.words).eq(without_digits(words)),
                _ => false,
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.cells.push(cell),
                None => groups.push(Refusals {
                    fingerprint,
                    cells: vec![cell],
                    words,
                }),
            }
        }
        groups.sort_by_key(|group| (group.fingerprint.is_none(), Reverse(group.cells.len())));
        groups
    }
}

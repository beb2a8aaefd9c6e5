//! One cell: a way of sharing with engines of a generation, tried step by step, and searched.

use std::fmt;

use facts::trials::{rows, tries};
use fingerprints::{Fingerprint, explain};
use measure::Trial;
use serde::Serialize;

use super::{Id, age};
use crate::finding::{Class, Finding, JOINT, findings};
use crate::search::{self, BETWEEN, End};
use crate::trial::{FAILED, FILLED, FIRST_STARTS, OPERATIONS, PLACE, SECOND_STARTS};
use crate::way::WAYS;
use crate::{END, TABLE, is_verdict};

/// In lines of an engine's log that say no more than that.
const WARNING: &str = "level=warning";

/// Which cell it is: `trixie docker image-and-layers`.
#[derive(Clone, PartialEq, Serialize)]
pub(super) struct Name {
    pub(super) generation: String,
    pub(super) engine: String,
    pub(super) way: String,
}

/// What became of it.
#[derive(Serialize)]
pub(super) struct Cell {
    pub(super) name: Name,
    /// The worst of what was seen, the search included.
    pub(super) class: Class,
    /// What the trial alone came to.
    pub(super) trial: Class,
    pub(super) refusal: Option<Refusal>,
    /// How many operations engines acknowledged, of how many they were asked for.
    pub(super) operations: Option<(u64, u64)>,
    /// The worst first.
    pub(super) findings: Vec<Finding>,
    /// Why there was no place for it.
    pub(super) no_place: String,
    pub(super) search: Option<Search>,
}

/// An engine that did not start.
#[derive(Serialize)]
pub(super) struct Refusal {
    /// Which one.
    pub(super) step: String,
    pub(super) after_ns: Option<u64>,
    pub(super) words: String,
}

/// What was looked for, by turns and at once; what is cut down is done by turns, so that it can be
/// done again.
#[derive(Serialize)]
pub(super) struct Search {
    /// Lists that were tried.
    pub(super) lists: usize,
    /// The worst that any of them led to.
    pub(super) worst: Class,
    pub(super) end: End,
    /// How many operations were done without damage, where the row says it.
    pub(super) operations: Option<u64>,
    pub(super) damage: Option<Damage>,
}

/// A list that does damage.
#[derive(PartialEq, Serialize)]
pub(super) struct Damage {
    pub(super) operations: Vec<String>,
    pub(super) class: Class,
    /// The first thing that was found of it.
    pub(super) found: String,
}

impl Name {
    fn of(subject: &str) -> Option<Self> {
        let words: Vec<String> = subject.split_whitespace().map(str::to_owned).collect();
        let [generation, engine, way] = <[String; 3]>::try_from(words).ok()?;
        Some(Self { generation, engine, way })
    }

    pub(super) fn way(&self) -> Id<'_> {
        (&self.engine, &self.way)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.generation, self.engine, self.way)
    }
}

impl Cell {
    fn of(name: Name, rows: &[&Trial], search: Option<Search>) -> Self {
        let row = |step: &str| rows.iter().rev().find(|row| row.step == step);
        let trial = match (row(END), row(PLACE)) {
            (Some(verdict), _) => Class::of(&verdict.outcome).unwrap_or(Class::Unfinished),
            (None, Some(place)) => Class::of(&place.outcome).unwrap_or(Class::NotMade),
            (None, None) => Class::Unfinished,
        };
        // A trial that has no end has not shown that nothing happens.
        let class = match search.as_ref().map(|search| search.worst) {
            Some(worst) if trial.is_told() => trial.max(worst),
            Some(worst) if worst.is_damage() => worst,
            _ => trial,
        };
        let starts = [FILLED, FIRST_STARTS, SECOND_STARTS];
        let refused = |row: &&&Trial| starts.contains(&&*row.step) && row.outcome == FAILED;
        let refusal = rows.iter().find(refused).map(|row| Refusal {
            step: row.step.clone(),
            after_ns: row.wall_ns,
            words: row.reason.clone(),
        });
        let operated = rows.iter().filter(|row| row.step == OPERATIONS);
        let operations = operated.filter_map(|row| {
            let (done, of) = row.outcome.split_once(" of ")?;
            Some((done.parse::<u64>().ok()?, of.parse::<u64>().ok()?))
        });
        let reason = |step: &str| row(step).map_or("", |row| &row.reason);
        Self {
            class,
            trial,
            refusal,
            operations: operations.reduce(|all, one| (all.0 + one.0, all.1 + one.1)),
            findings: findings(reason(END)),
            no_place: reason(PLACE).to_owned(),
            search,
            name,
        }
    }

    /// The shortest list of operations by which it comes to harm, where one is known.
    pub(super) fn shortest(&self) -> Option<&[String]> {
        let search = self.search.as_ref()?;
        let is_cut = matches!(search.end, End::Shortest(_) | End::AtMost(_));
        let damage = search.damage.as_ref().filter(|_| is_cut);
        damage.map(|damage| &*damage.operations)
    }
}

impl Refusal {
    /// The most exact of what is known of its words, and the line that says it; else the last line
    /// that is no warning, because what ends an engine it says last.
    pub(super) fn known(&self) -> (Option<&'static Fingerprint>, &str) {
        if let Some(found) = explain(&self.words).first() {
            return (Some(found.fingerprint), found.line);
        }
        let mut lines = self.words.rsplit(JOINT);
        let line = lines.find(|line| !line.contains(WARNING));
        (None, line.unwrap_or(&self.words))
    }
}

impl Search {
    /// `None` where nothing was looked for.
    fn of(trials: &[Trial], name: &Name) -> Option<Self> {
        let subject = name.to_string();
        let of_it = rows(trials, search::TABLE).filter(|row| row.subject == subject);
        let (ends, lists): (Vec<&Trial>, Vec<&Trial>) = of_it.partition(|row| search::is_end(row));
        if ends.is_empty() && lists.is_empty() {
            return None;
        }
        let classes = lists.iter().filter_map(|row| Class::of(&row.outcome));
        let last = ends.last();
        let end = last.map_or(End::Unfinished, |end| End::from(&*end.outcome));
        let reason = last.map_or("", |end| &end.reason);
        let is_list = matches!(end, End::Shortest(_) | End::AtMost(_) | End::WithSeed(_));
        let is_count = matches!(end, End::None | End::OnlyAtOnce);
        let count = reason.split(' ').next().filter(|_| is_count);
        Some(Self {
            lists: lists.len(),
            worst: classes.max().unwrap_or(Class::Safe),
            end,
            operations: count.and_then(|count| count.parse().ok()),
            damage: is_list.then(|| Damage::of(reason, &lists)),
        })
    }
}

impl Damage {
    fn of(operations: &str, lists: &[&Trial]) -> Self {
        // Each list that still does it takes the place of the one before.
        let mut damages = lists.iter().rev().filter_map(|row| {
            let class = Class::of(&row.outcome).filter(|class| class.is_damage())?;
            Some((class, findings(&row.reason).into_iter().next()))
        });
        let (class, found) = damages.next().unwrap_or((Class::Lost, None));
        Self {
            operations: operations.split(BETWEEN).map(str::to_owned).collect(),
            class,
            found: found.map_or_else(String::new, |found| found.text),
        }
    }
}

/// The cells, and the subjects that are none. Of a cell that was tried again, as a resumed run does,
/// the last try that reached an end counts.
pub(super) fn cells(trials: &[Trial]) -> (Vec<Cell>, Vec<String>) {
    let has_ended = |rows: &[&Trial]| rows.last().is_some_and(|row| is_verdict(row));
    let begins = |last: &[&Trial], _: &Trial| has_ended(last);
    let (tries, strangers) = tries(trials, TABLE, Name::of, begins);
    let cell = |(name, tries): (Name, Vec<Vec<&Trial>>)| {
        let ended = tries.iter().rfind(|rows| has_ended(rows));
        let rows = ended.or(tries.last()).map_or(&[][..], |rows| rows);
        let search = Search::of(trials, &name);
        Cell::of(name, rows, search)
    };
    let mut cells: Vec<Cell> = tries.into_iter().map(cell).collect();
    // They end in any order, because several are under way at once. Unknown ways come last.
    cells.sort_by_cached_key(|cell| {
        let Name { generation, engine, way } = cell.name.clone();
        let place = WAYS.iter().position(|known| known.name == way);
        let group = place.map(|place| WAYS[place].group());
        let rank = (place.is_none(), group, place);
        (engine, rank, way, age(&generation))
    });
    (cells, strangers)
}

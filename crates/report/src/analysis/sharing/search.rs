//! The search for damage in one cell, and the shortest list of operations that does it.

use measure::Trial;
use serde::Serialize;

use super::cell::{Class, Name, findings};
use facts::trials::rows;

/// Its table of trials.
pub(super) const SEARCH: &str = "search";

/// The step of its last row.
const END: &str = "shortest";

/// How the outcome of that row begins, or what it is.
const NONE: &str = "none";
const ONLY_AT_ONCE: &str = "only at once";
const AT_MOST: &str = "at most ";
const WITH_SEED: &str = "with seed ";

/// How it ends where a list was cut down.
const OPERATIONS: &str = " operations";

/// What was looked for in one cell, by turns and at once; what is cut down is done by turns, so that it
/// can be done again.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Search {
    /// Lists that were tried.
    pub(crate) lists: usize,
    /// The worst that any of them led to.
    pub(crate) worst: Class,
    pub(crate) end: End,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// No list does damage. So many operations were done for it, where the row says it.
    None {
        operations: Option<u64>,
        /// Though it was done when both worked at the same time.
        at_once: bool,
    },
    Shortest(Shortest),
    /// What a seed has done at a moment of its own is not the same with less to do, so that its list
    /// was left as it is.
    OfSeed(String, Shortest),
    Unfinished,
}

/// A list that does damage; as the shortest one, none without any of its operations.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shortest {
    pub(crate) operations: Vec<String>,
    /// Shorter ones were not all tried.
    pub(crate) at_most: bool,
    pub(crate) class: Class,
    /// The first thing that was found of it.
    pub(crate) found: String,
}

impl Shortest {
    /// `at most 3 operations`, as files have it.
    pub(crate) fn count(&self) -> String {
        let at_most = if self.at_most { AT_MOST } else { "" };
        format!("{at_most}{}{OPERATIONS}", self.operations.len())
    }
}

impl Search {
    /// `None` where nothing was looked for.
    pub(super) fn of(trials: &[Trial], name: &Name) -> Option<Self> {
        let subject = name.to_string();
        let of_it = rows(trials, SEARCH).filter(|row| row.subject == subject);
        let (ends, lists): (Vec<&Trial>, Vec<&Trial>) = of_it.partition(|row| row.step == END);
        if ends.is_empty() && lists.is_empty() {
            return None;
        }
        let classes = lists.iter().filter_map(|row| Class::of(&row.outcome));
        Some(Self {
            lists: lists.len(),
            worst: classes.max().unwrap_or(Class::Safe),
            end: ends
                .last()
                .map_or(End::Unfinished, |end| ended(end, &lists)),
        })
    }
}

fn ended(end: &Trial, lists: &[&Trial]) -> End {
    if [NONE, ONLY_AT_ONCE].contains(&&*end.outcome) {
        let first = end.reason.split(' ').next();
        return End::None {
            operations: first.and_then(|first| first.parse().ok()),
            at_once: end.outcome == ONLY_AT_ONCE,
        };
    }
    // Each list that still does it takes the place of the one before.
    let damages = |row: &&&Trial| Class::of(&row.outcome).is_some_and(Class::is_damage);
    let shortest = lists.iter().rev().find(damages);
    let found = shortest.map_or_else(Vec::new, |row| findings(&row.reason));
    let class = shortest.and_then(|row| Class::of(&row.outcome));
    let list = Shortest {
        at_most: end.outcome.starts_with(AT_MOST),
        operations: end.reason.split("; ").map(str::to_owned).collect(),
        class: class.unwrap_or(Class::Lost),
        found: found.into_iter().next().unwrap_or_default().text,
    };
    match end.outcome.strip_prefix(WITH_SEED) {
        Some(seed) => End::OfSeed(seed.to_owned(), list),
        None if end.outcome.ends_with(OPERATIONS) => End::Shortest(list),
        // Of an end that is not known nothing is concluded.
        None => End::Unfinished,
    }
}

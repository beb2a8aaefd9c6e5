//! What was tried once, read back.

use measure::Trial;

use crate::document::{Cell, Fit, Table, words};
use crate::language::Lang;

/// Every row of the named table, in the order in which they were tried.
pub fn rows<'a>(trials: &'a [Trial], table: &str) -> impl Iterator<Item = &'a Trial> {
    trials.iter().filter(move |row| row.table == table)
}

/// A row's subject; with its session, where there are several.
pub fn subject(trials: &[Trial], row: &Trial) -> String {
    if trials.iter().all(|other| other.session == row.session) {
        row.subject.clone()
    } else {
        format!("{} ({})", row.subject, row.session)
    }
}

/// The names of all tables, in the order in which they were first tried.
pub fn tables(trials: &[Trial]) -> Vec<&str> {
    in_order(trials.iter().map(|row| row.table.as_str()))
}

/// A table of trials: a subject a row, a step a column, which the cell is made of.
pub fn by_step(
    trials: &[Trial],
    table: &str,
    first: &'static str,
    caption: String,
    cell: impl Fn(&Trial) -> Cell,
) -> Table {
    let of: Vec<(String, &Trial)> =
        rows(trials, table).map(|row| (subject(trials, row), row)).collect();
    let steps = in_order(of.iter().map(|(_, row)| &*row.step));
    let row = |name: &str| {
        let of_step = |step: &&str| {
            // The last word counts.
            let mut found = of.iter().rev();
            let found = found.find(|(other, row)| other == name && row.step == *step);
            found.map_or_else(|| Cell::new("–"), |(_, row)| cell(row))
        };
        let name = Cell::new(name).english();
        std::iter::once(name).chain(steps.iter().map(of_step)).collect()
    };
    let subjects = in_order(of.iter().map(|(name, _)| &**name));
    Table {
        caption,
        columns: std::iter::once(words(first))
            .chain(steps.iter().map(|step| words((*step).to_owned())))
            .collect(),
        rows: subjects.into_iter().map(row).collect(),
        fit: Fit::Scroll,
    }
}

/// With the reason of a row below, in the words of who gave it.
pub fn with_reason(cell: Cell, row: &Trial) -> Cell {
    if row.reason.is_empty() { cell } else { cell.below(&*row.reason).english() }
}

/// A time in seconds.
pub fn seconds(ns: f64, lang: Lang) -> String {
    lang.number(ns / 1e9, 2)
}

/// A size in millions of bytes.
pub fn megabytes(bytes: u64, lang: Lang) -> String {
    lang.number(bytes as f64 / 1e6, 1)
}

/// Each text, or what it may be, once, in the order of its first appearance.
pub fn in_order<'a, T: PartialEq + ?Sized>(all: impl Iterator<Item = &'a T>) -> Vec<&'a T> {
    let mut found = Vec::new();
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

/// What belongs to a key, in the order in which keys come.
pub fn entry<K: PartialEq, V: Default>(list: &mut Vec<(K, V)>, key: K) -> &mut V {
    let index = list.iter().position(|(known, _)| *known == key);
    let index = index.unwrap_or_else(|| {
        list.push((key, V::default()));
        list.len() - 1
    });
    &mut list[index].1
}

/// What was tried of each thing, try by try, each with its rows.
pub type Tries<'a, N> = Vec<(N, Vec<Vec<&'a Trial>>)>;

/// Rows of a table by what they are of, in the order of their first rows, and by try: with each session
/// another one begins, and where `begins` says so of the rows of the last one and the next row. Beside
/// them the subjects that name nothing.
pub fn tries<'a, N: PartialEq>(
    trials: &'a [Trial],
    table: &str,
    name: impl Fn(&str) -> Option<N>,
    begins: impl Fn(&[&Trial], &Trial) -> bool,
) -> (Tries<'a, N>, Vec<String>) {
    let mut tries = Tries::new();
    let mut strangers = Vec::new();
    for row in rows(trials, table) {
        let Some(name) = name(&row.subject) else {
            strangers.push(&*row.subject);
            continue;
        };
        let of_it: &mut Vec<Vec<&Trial>> = entry(&mut tries, name);
        match of_it.last_mut() {
            Some(last) if last[0].session == row.session && !begins(last, row) => last.push(row),
            _ => of_it.push(vec![row]),
        }
    }
    let strangers = in_order(strangers.into_iter()).into_iter();
    (tries, strangers.map(str::to_owned).collect())
}

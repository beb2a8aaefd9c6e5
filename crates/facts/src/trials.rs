//! What was tried once, read back.

use measure::Trial;

/// Every row of the named table, in the order in which they were tried.
pub fn rows<'a>(trials: &'a [Trial], table: &str) -> impl Iterator<Item = &'a Trial> {
    trials.iter().filter(move |row| row.table == table)
}

/// The names of all tables, in the order in which they were first tried.
pub fn tables(trials: &[Trial]) -> Vec<&str> {
    in_order(trials.iter().map(|row| row.table.as_str()))
}

/// Each text once, in the order of its first appearance.
pub fn in_order<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for text in texts {
        if !found.contains(&text) {
            found.push(text);
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

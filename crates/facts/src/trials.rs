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

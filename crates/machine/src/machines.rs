//! The machines that there are: a table, and what it may say.

use std::collections::BTreeMap;
use std::fmt::Write;

use lab::Generation;
use miette::Result;
use program::{failure, usage};
use serde::Deserialize;

const TABLE: &str = include_str!("../machines.toml");

/// The user on machines that have one.
pub(crate) const USER: &str = "me";
pub(crate) const USER_ID: u32 = 1000;

/// One machine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Machine {
    /// Its host name.
    pub(crate) name: String,
    /// One line for a reader.
    pub(crate) about: String,
    /// The release of the distribution that it runs.
    #[serde(deserialize_with = "release")]
    pub(crate) release: Generation,
    /// Whether commands are run by an ordinary user, and not by root.
    #[serde(default)]
    pub(crate) user: bool,
    /// What its kernel is told besides.
    #[serde(default)]
    pub(crate) kernel: Vec<String>,
    /// What else is in its root file system: path below it, content.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
}

impl Machine {
    /// Whose files its cache and its folders are.
    pub(crate) fn owner(&self) -> u32 {
        if self.user { USER_ID } else { 0 }
    }
}

fn release<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Generation, D::Error> {
    let name = String::deserialize(from)?;
    name.parse().map_err(serde::de::Error::custom)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    machine: Vec<Machine>,
}

/// All of them.
pub(crate) fn all() -> Result<Vec<Machine>> {
    let table: std::result::Result<Table, _> = toml::from_str(TABLE);
    let said = |why: toml::de::Error| {
        failure("the table of machines can't be read", why.to_string(), "mend machines.toml")
    };
    Ok(table.map_err(said)?.machine)
}

/// The one of this name.
pub(crate) fn named(name: &str) -> Result<Machine> {
    let mut all = all()?;
    let Some(at) = all.iter().position(|machine| machine.name == name) else {
        let names: Vec<&str> = all.iter().map(|machine| machine.name.as_str()).collect();
        let why = format!("there are {}", names.join(", "));
        return Err(usage(format!("there is no machine `{name}`"), why, "name one of these"));
    };
    Ok(all.swap_remove(at))
}

/// What a reader is shown of them.
pub(crate) fn list() -> Result<String> {
    let all = all()?;
    let width = all.iter().map(|machine| machine.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for Machine { name, about, .. } in all {
        let _ = writeln!(text, "{name:width$}  {about}");
    }
    Ok(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_every_name_is_one_of_a_host_and_another() {
        let all = all().expect("it is read");
        for machine in &all {
            let is_letter = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(machine.name.chars().all(is_letter), "{machine:?}");
            let same = all.iter().filter(|other| other.name == machine.name);
            assert_eq!(same.count(), 1, "{machine:?}");
            assert!(machine.files.keys().all(|path| path.starts_with("etc/")), "{machine:?}");
        }
    }

    #[test]
    fn a_name_that_is_none_is_answered_with_those_there_are() {
        let why = named("none").expect_err("there is none");
        assert_eq!(
            why.chain()
                .nth(1)
                .map(ToString::to_string)
                .as_deref()
                .map(|why| { why.contains("trixie") }),
            Some(true)
        );
    }
}

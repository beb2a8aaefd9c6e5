//! The tables, as values. They are part of the source: one that can't be read is a bug, which the
//! tests below find.

use facts::{Stated, Text};
use serde::{Deserialize, Serialize};

/// The patterns of nesting, in the order of the table's columns.
pub const PATTERNS: [&str; 6] =
    ["dind", "dood", "podman-nested", "podman-matched", "docker-in-podman", "podman-in-docker"];

/// The generations of engines that the suite knows, oldest first.
pub const GENERATIONS: [&str; 3] = ["bookworm", "trixie", "forky"];

/// What decides a claim that no run does.
pub const CHECKS: &str = "checks";

/// One claim of the documents.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Claim {
    /// Its number.
    pub id: String,
    /// "" of a whole claim; else which part of it is stated, of which some run speaks by itself.
    #[serde(skip_serializing)]
    pub part: String,
    /// Which document makes it.
    pub document: String,
    /// `checks`, or the experiment whose runs hold it; several, each of which holds a part of it,
    /// with `, ` between them.
    pub held_by: String,
    /// Experiments that have something to say of it besides; without their runs nothing is missing.
    pub further: String,
    /// Of the run that decides it, where a plain one does not.
    #[serde(skip_serializing)]
    pub flags: String,
    /// What it says, in one sentence.
    pub statement: String,
    /// The same in Spanish.
    #[serde(skip_serializing)]
    pub spanish: String,
}

impl Claim {
    /// Who holds it, or a part of it.
    pub fn holders(&self) -> impl Iterator<Item = &str> {
        self.held_by.split(", ")
    }

    /// Who has further evidence of it.
    pub fn witnesses(&self) -> impl Iterator<Item = &str> {
        self.further.split(", ").filter(|name| !name.is_empty())
    }
}

/// Something that is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Property {
    /// Its name.
    pub property: String,
    /// The question that an outcome answers.
    pub asks: String,
}

/// What a claim says of one property under one pattern.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Says {
    /// The claim.
    pub claim: String,
    /// The property.
    pub property: String,
    /// The pattern.
    pub pattern: String,
    /// The outcome; see [`accepts`].
    pub says: String,
}

/// What is expected of one property under one pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The property.
    pub property: String,
    /// The pattern.
    pub pattern: &'static str,
    /// The outcome; see [`accepts`].
    pub outcome: String,
}

/// A set-up that is deliberately wrong, and that a property's test has to reject.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Mutation {
    /// The property.
    pub property: String,
    /// The pattern whose expectation it is held against.
    pub pattern: String,
    /// The pattern that is really set up.
    pub set_up: String,
    /// What is then seen: an outcome, or words of the error that the look ends with.
    pub seen: String,
}

/// Every claim, in the order of the documents.
#[must_use]
pub fn claims() -> Vec<Claim> {
    let mut claims = claims_and_parts();
    claims.retain(|claim| claim.part.is_empty());
    claims
}

fn claims_and_parts() -> Vec<Claim> {
    rows(include_str!("../tables/claims.csv"))
}

/// What a claim (`B3`), or a part of one (`B15 storage`), states: for runs that speak of it.
///
/// # Panics
///
/// Where the table has no such row: the name is a part of the source, as the table is.
#[must_use]
pub fn stated(name: &str) -> Stated {
    let (id, part) = name.split_once(' ').unwrap_or((name, ""));
    let mut rows = claims_and_parts().into_iter();
    let row = rows.find(|row| row.id == id && row.part == part);
    let row = row.unwrap_or_else(|| panic!("claims.csv has no row `{name}`"));
    let statement = Text { en: row.statement.into(), es: row.spanish.into() };
    Stated { id: row.id.into(), statement }
}

/// What is looked at, in the order of the table of expectations.
#[must_use]
pub fn properties() -> Vec<Property> {
    rows(include_str!("../tables/properties.csv"))
}

/// What the claims say of properties, in the claims' order.
#[must_use]
pub fn says() -> Vec<Says> {
    rows(include_str!("../tables/says.csv"))
}

/// The wrong set-ups, at least one for each property.
#[must_use]
pub fn mutations() -> Vec<Mutation> {
    rows(include_str!("../tables/mutations.csv"))
}

/// What is expected of the engines of this generation. A property has no row for a pattern that it
/// does not apply to.
#[must_use]
pub fn expected(generation: &str) -> Vec<Expected> {
    let mut found: Vec<Expected> = Vec::new();
    for row in rows::<Vec<String>>(include_str!("../tables/expected.csv")) {
        let [property, of, cells @ ..] = &row[..] else {
            continue;
        };
        if !of.is_empty() && of != generation {
            continue;
        }
        for (pattern, cell) in PATTERNS.into_iter().zip(cells) {
            if cell.is_empty() {
                continue;
            }
            // A row of one generation comes after the row of all, and stands above it.
            found.retain(|known| known.property != *property || known.pattern != pattern);
            found.push(Expected { property: property.clone(), pattern, outcome: cell.clone() });
        }
    }
    found
}

/// Whether an outcome is the one that a table names, or one of several that it names with `|`
/// between them.
#[must_use]
pub fn accepts(named: &str, outcome: &str) -> bool {
    named.split('|').any(|one| one.trim() == outcome)
}

fn rows<T: for<'de> Deserialize<'de>>(table: &str) -> Vec<T> {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    reader.deserialize().filter_map(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::process::Command;

    use rstest::rstest;

    use super::*;

    #[test]
    fn no_row_is_lost() {
        for (table, rows) in [
            (include_str!("../tables/claims.csv"), claims_and_parts().len()),
            (include_str!("../tables/properties.csv"), properties().len()),
            (include_str!("../tables/says.csv"), says().len()),
            (include_str!("../tables/mutations.csv"), mutations().len()),
        ] {
            assert_eq!(table.lines().count(), rows + 1);
        }
        let table = include_str!("../tables/expected.csv");
        let rows = rows::<Vec<String>>(table);
        assert_eq!(table.lines().count(), rows.len() + 1);
    }

    #[test]
    fn every_claim_and_part_is_stated_once_in_each_language() {
        let all = claims_and_parts();
        let mut texts = BTreeSet::new();
        for row in &all {
            let name = format!("{} {}", row.id, row.part);
            let stated = stated(name.trim_end());
            assert!(claims().iter().any(|claim| claim.id == row.id), "{name} is of no claim");
            for text in [stated.statement.en, stated.statement.es] {
                assert!(!text.is_empty() && texts.insert(text), "{name}");
            }
        }
    }

    #[test]
    fn no_source_states_a_claim() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let sources = Command::new("git").args(["ls-files", "*.rs"]).current_dir(root).output();
        let sources = String::from_utf8(sources.expect("git runs").stdout).expect("UTF-8");
        assert!(sources.lines().count() > 100, "{sources}");
        for path in sources.lines() {
            // Gone, but not committed yet.
            let Ok(text) = fs::read_to_string(format!("{root}/{path}")) else { continue };
            for row in claims_and_parts() {
                for stated in [row.statement, row.spanish] {
                    let stated = stated.trim_end_matches(['.', '?']);
                    assert!(!text.contains(stated), "{path}: {stated}");
                }
            }
        }
    }

    #[test]
    fn columns_are_the_patterns() {
        let header = include_str!("../tables/expected.csv").lines().next();
        let columns = format!("property,generation,{}", PATTERNS.join(","));
        assert_eq!(header, Some(columns.as_str()));
    }

    #[rstest]
    fn what_a_claim_speaks_of_is_looked_at(
        #[values("bookworm", "trixie", "forky")] generation: &str,
    ) {
        let expected = expected(generation);
        let known: BTreeSet<String> = claims().into_iter().map(|claim| claim.id).collect();
        for says in says() {
            assert!(known.contains(&says.claim), "{says:?}");
            assert!(
                expected
                    .iter()
                    .any(|row| row.property == says.property && row.pattern == says.pattern),
                "{says:?}"
            );
        }
    }

    #[rstest]
    fn every_property_is_shown_to_fail(#[values("bookworm", "trixie", "forky")] generation: &str) {
        let (expected, mutations) = (expected(generation), mutations());
        for row in &expected {
            let shown = mutations.iter().any(|wrong| wrong.property == row.property);
            assert!(shown, "{row:?}");
        }
        for wrong in &mutations {
            let cell = expected
                .iter()
                .find(|row| row.property == wrong.property && row.pattern == wrong.pattern);
            let cell = cell.map(|cell| cell.outcome.as_str()).unwrap_or_default();
            assert!(!cell.is_empty() && !accepts(cell, &wrong.seen), "{wrong:?}");
        }
    }

    #[test]
    fn every_property_asks_something_and_is_expected() {
        let named: Vec<String> = properties().into_iter().map(|row| row.property).collect();
        let mut expected: Vec<String> = Vec::new();
        for row in super::expected("trixie") {
            if !expected.contains(&row.property) {
                expected.push(row.property);
            }
        }
        assert_eq!(named, expected);
    }

    #[test]
    fn generations_are_those_of_labs() {
        let labs = lab::Generation::ALL.map(|generation| generation.to_string());
        assert_eq!(labs, GENERATIONS);
    }

    #[test]
    fn every_claim_held_by_checks_says_something() {
        let says: BTreeSet<String> = says().into_iter().map(|says| says.claim).collect();
        for claim in claims() {
            let held = claim.held_by == CHECKS;
            assert!(!held || says.contains(&claim.id), "{claim:?}");
        }
    }

    #[rstest]
    #[case::the_same("hidden", "hidden", true)]
    #[case::another("hidden", "listed", false)]
    #[case::one_of_two("within 15 s|later", "later", true)]
    #[case::part_of_one("hidden", "hid", false)]
    fn a_cell_names_outcomes(#[case] named: &str, #[case] outcome: &str, #[case] fits: bool) {
        assert_eq!(accepts(named, outcome), fits);
    }
}

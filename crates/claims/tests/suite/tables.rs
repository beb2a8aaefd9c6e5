//! The cases of this program are those of the tables.

use std::collections::{BTreeMap, BTreeSet};

use crate::suite::{Subject, without_claims};

/// The cases, by function.
fn cases() -> BTreeMap<&'static str, Vec<Subject>> {
    let mut cases: BTreeMap<&str, Vec<Subject>> = BTreeMap::new();
    let tests = lab_test::tests().into_iter();
    let tests = tests.filter(|test| test.name().starts_with("properties::"));
    for (function, subject) in tests.filter_map(|test| Subject::of_test(test.name())) {
        cases.entry(function).or_default().push(subject);
    }
    cases
}

#[lab_test::test]
#[needs(nothing())]
fn every_cell_and_every_mutation_has_one_case() {
    let mut cases: Vec<Subject> = cases().into_values().flatten().collect();
    cases.sort();
    let mutations = claims::mutations().into_iter().map(|row| Subject {
        property: row.property,
        pattern: row.pattern,
        set_up: Some(row.set_up),
    });
    let mutations: Vec<Subject> = mutations.collect();
    for generation in claims::GENERATIONS {
        let cells = claims::expected(generation).into_iter();
        let cells = cells.map(|cell| Subject {
            property: cell.property,
            pattern: cell.pattern.to_owned(),
            set_up: None,
        });
        let mut rows: Vec<Subject> = cells.collect();
        rows.extend(mutations.iter().map(|row| Subject {
            property: row.property.clone(),
            pattern: row.pattern.clone(),
            set_up: row.set_up.clone(),
        }));
        rows.sort();
        assert_eq!(cases, rows, "{generation}");
    }
}

#[lab_test::test]
#[needs(nothing())]
fn a_name_begins_with_the_claims_that_speak_of_the_property() {
    let says = claims::says();
    for (function, subjects) in cases() {
        let (_, named) = without_claims(function);
        let speak = says.iter().filter(|says| says.property == subjects[0].property);
        let speak: BTreeSet<String> = speak.map(|says| says.claim.to_lowercase()).collect();
        let named: BTreeSet<String> = named.into_iter().map(str::to_owned).collect();
        assert_eq!(named, speak, "{function}");
    }
}

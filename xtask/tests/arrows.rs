//! Which crate of the workspace may know which: a table, held against `cargo metadata`.

mod found;

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::DependencyKind;

use found::{is_experiment, workspace};

/// Crate, what it links. `lab` and `measure` do not know each other; `bench` and experiments join them.
const ARROWS: &[(&str, &[&str])] = &[
    ("authz", &[]),
    ("bench", &["facts", "lab", "measure"]),
    ("claims", &["facts", "measure"]),
    ("facts", &["fingerprints", "measure"]),
    ("fingerprints", &[]),
    ("lab", &["probe", "program", "registry", "sandbox", "standalone"]),
    ("lab-test", &["lab", "lab-test-macros"]),
    ("lab-test-macros", &[]),
    ("machine", &["lab", "measure", "program"]),
    ("measure", &["program"]),
    ("probe", &[]),
    ("program", &[]),
    ("registry", &[]),
    ("report", &["claims", "facts", "measure"]),
    ("sandbox", &[]),
    ("standalone", &[]),
    ("synthetic", &["facts", "measure"]),
    ("xtask", &["program"]),
];

/// What an experiment may link: none links another one, or the report.
const OF_EXPERIMENTS: &[&str] =
    &["authz", "bench", "claims", "facts", "fingerprints", "lab", "measure", "standalone"];

/// The crate that tests on real engines share.
const FOR_TESTS: &str = "lab-test";

/// Crates that are for tests only.
const TESTS_ONLY: &[&str] = &[
    FOR_TESTS,
    "inventory",
    "jsonschema",
    "proptest",
    "rstest",
    "rstest_reuse",
    "testcontainers",
    "libtest-mimic",
    "redis",
    "tokio",
    "tokio-postgres",
];

/// Third-party crates for figures and pages, which are the report's work.
const DRAWING: &[&str] = &["comfy-table", "dejavu", "maud", "plotters", "png"];

/// No timed program links these.
const MAY_DRAW: &[&str] = &["report", "xtask"];

#[test]
fn arrows_point_one_way() {
    let metadata = workspace();
    let own: BTreeSet<String> = metadata.packages.iter().map(|p| p.name.to_string()).collect();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in &metadata.packages {
        let links = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
        let links: Vec<&str> = links.map(|dependency| dependency.name.as_str()).collect();
        for name in &links {
            let allowed = *package.name == FOR_TESTS || !TESTS_ONLY.contains(name);
            assert!(allowed, "{} links {name}", package.name);
        }
        let inner = links.iter().filter(|name| own.contains(**name));
        if is_experiment(package) {
            let others: Vec<&&str> = inner.filter(|name| !OF_EXPERIMENTS.contains(name)).collect();
            assert!(others.is_empty(), "{} links {others:?}", package.name);
            continue;
        }
        found.insert(package.name.to_string(), inner.map(ToString::to_string).collect());
    }
    let expected: BTreeMap<String, BTreeSet<String>> = ARROWS
        .iter()
        .map(|(name, to)| ((*name).to_owned(), to.iter().map(ToString::to_string).collect()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn every_experiment_states_its_question_and_draws_nothing() {
    let metadata = workspace();
    for package in &metadata.packages {
        let draws = package.dependencies.iter().map(|dependency| dependency.name.as_str());
        let draws: Vec<&str> = draws.filter(|name| DRAWING.contains(name)).collect();
        let may_draw = MAY_DRAW.contains(&package.name.as_str());
        assert!(may_draw || draws.is_empty(), "{} links {draws:?}", package.name);
        let folder = package.manifest_path.parent().expect("a folder");
        if is_experiment(package) {
            let question = package.description.as_deref().unwrap_or_default();
            assert!(question.contains('?'), "{}: {question}", package.name);
            assert!(folder.join("README.md").exists(), "{} has no README", package.name);
        }
    }
}

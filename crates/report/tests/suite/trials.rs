//! Runs that have only trials, and a table of them that nobody knows.

use std::fs;

use facts::Here;
use measure::Trial;
use synthetic::trial;

use crate::facts::{claim, claimed, says};
use crate::ledger::{json, ledger, paths, verdict, workspace};
use crate::nests::tried;
use crate::support::*;

#[test]
fn a_run_of_trials_is_a_page_without_empty_sections() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    let failed = Trial {
        reason: "no such thing".to_owned(),
        ..trial("cells", "docker in podman", "build", "fails")
    };
    tried(&run, &[failed, trial("cells", "docker in podman", "run", "works")]);
    let told = stdout(&report(&[&run]));
    assert!(told.contains("no such thing"), "{told}");
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
    assert_eq!(
        headings,
        [
            "## What was claimed, and what was found here",
            "## Tried once: cells",
            "## How it was measured",
        ]
    );
    for words in ["| docker in podman | fails; no such thing | works |", "trials, no repetitions"] {
        assert!(page.contains(words), "no {words} in {page}");
    }
    for absent in ["n = ", "Holm", "overlap", "figure.png", "order.png"] {
        assert!(!page.contains(absent), "{absent} in {page}");
    }
    for file in ["figure.svg", "order.svg", "growth.csv"] {
        assert!(!run.join(file).exists(), "{file}");
    }
    stdout(&report(&[&run, "--lang".as_ref(), "es".as_ref()]));
    let spanish = fs::read_to_string(run.join("report.es.md")).expect("read");
    assert!(spanish.contains("## Probado una vez: cells"), "{spanish}");
}

#[test]
fn a_run_of_nothing_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    tried(&run, &[trial("cells", "a", "b", "works")]);
    fs::remove_file(run.join("trials.csv")).expect("removed");
    edit_manifest(&run, |manifest| manifest["rows"] = serde_json::Value::Null);
    let text = refused(&report(&[&run]), 2);
    assert!(text.contains("has nothing to report"), "{text}");
}

/// A kind of run answers its own claim and nothing else; the newest one that speaks of it is taken.
#[test]
fn the_ledger_takes_a_kind_of_run_for_its_own_claim() {
    let place = workspace();
    let runs = place.path().join("results/triple");
    let confirmed = [("C6", Here::Consistent)];
    claimed(&runs.join("20260101T000000Z-000000"), "triple", &confirmed);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(paths(&found), ["results/triple/20260101T000000Z-000000"]);
    assert_eq!(verdict(&found, "C6"), "confirmed: ");
    assert_eq!(verdict(&found, "A19"), "not-yet: no record");
    assert_eq!(verdict(&found, "A21"), "not-yet: no record");
    let newer = runs.join("20260102T000000Z-000000");
    let here = [(Here::NotReproduced, "docker on a volume"), (Here::Consistent, "a layer")];
    let claims = here.map(|(here, of)| claim("C6", of, here));
    says(&newer, "triple", claims.into());
    let found = json(&ledger(place.path(), &["--json"]));
    let c6 = verdict(&found, "C6");
    assert!(c6.contains("not reproduced here: docker on a volume"), "{c6}");
    // The committed one lies in a folder of the committed run, which need not be there.
    let reference = place.path().join("results/reference/triple/depth");
    claimed(&reference, "triple", &confirmed);
    let found = json(&ledger(place.path(), &["--json", "--reference"]));
    assert_eq!(paths(&found), ["results/reference/triple/depth"]);
    assert_eq!(verdict(&found, "C6"), "confirmed: ");
}

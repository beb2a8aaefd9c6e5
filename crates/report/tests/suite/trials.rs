//! Runs that have only trials: how deep, limits, a table that nobody knows.

use std::fs;

use crate::ledger::{json, ledger, paths, verdict, workspace};
use crate::nests::*;
use crate::support::*;

#[test]
fn a_depth_run_is_a_page_without_empty_sections() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    depth_run(&run, CLONE);
    let told = stdout(&report(&[&run]));
    for words in [
        "How deep:",
        "docker on a volume",
        OVERLAY,
        "PID namespaces within each other",
    ] {
        assert!(told.contains(words), "no {words} in {told}");
    }
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    let headings: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("## "))
        .collect();
    assert_eq!(
        headings,
        [
            "## What was claimed, and what was found here",
            "## How deep",
            "## Limits of kernel and engines",
            "## Tried once: cells",
            "## How it was measured",
        ]
    );
    for words in [
        "clone: no space left on device; at level 32",
        "nothing: no deeper level was tried",
        "1.84 and 3.04",
        "| docker in podman | fails; no such thing | works |",
        "trials, no repetitions",
    ] {
        assert!(page.contains(words), "no {words} in {page}");
    }
    for absent in ["n = ", "Holm", "overlap", "figure.png", "order.png"] {
        assert!(!page.contains(absent), "{absent} in {page}");
    }
    for (file, is) in [
        ("depth.svg", true),
        ("figure.svg", false),
        ("order.svg", false),
        ("growth.csv", false),
    ] {
        assert_eq!(run.join(file).exists(), is, "{file}");
    }
    stdout(&report(&[&run, "--lang".as_ref(), "es".as_ref()]));
    let spanish = fs::read_to_string(run.join("report.es.md")).expect("read");
    assert!(spanish.contains("## Hasta qué profundidad"), "{spanish}");
}

#[test]
fn a_run_of_nothing_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    depth_run(&run, CLONE);
    fs::remove_file(run.join("trials.csv")).expect("removed");
    let text = refused(&report(&[&run]), 2);
    assert!(text.contains("has nothing to report"), "{text}");
}

/// A depth run answers C6 and nothing else; the newest one that has depths is taken.
#[test]
fn the_ledger_takes_a_depth_run_for_its_own_claim() {
    let place = workspace();
    let runs = place.path().join("results/triple");
    depth_run(&runs.join("20260101T000000Z-000000"), CLONE);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(paths(&found), ["results/triple/20260101T000000Z-000000"]);
    assert_eq!(verdict(&found, "C6"), "confirmed: ");
    assert_eq!(verdict(&found, "A19"), "not-yet: no record");
    assert_eq!(verdict(&found, "A21"), "not-yet: no record");
    depth_run(
        &runs.join("20260102T000000Z-000000"),
        (5, "mount overlay: invalid argument"),
    );
    let found = json(&ledger(place.path(), &["--json"]));
    let c6 = verdict(&found, "C6");
    assert!(
        c6.contains("not reproduced here: docker on a volume"),
        "{c6}"
    );
    // The committed one lies in a folder of the committed run, which need not be there.
    let reference = place.path().join("results/reference/triple/depth");
    depth_run(&reference, CLONE);
    let found = json(&ledger(place.path(), &["--json", "--reference"]));
    assert_eq!(paths(&found), ["results/reference/triple/depth"]);
    assert_eq!(verdict(&found, "C6"), "confirmed: ");
}

//! Growth over levels, and claims that are questions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use facts::{Claim, Here};

use crate::facts::{claim, says};
use crate::ledger::{json, ledger, verdict, workspace};
use crate::nests::*;
use crate::support::*;

type Rows = Vec<BTreeMap<String, String>>;

fn of<'a>(rows: &'a Rows, column: &str, value: &str) -> Vec<&'a BTreeMap<String, String>> {
    rows.iter().filter(|row| row[column] == value).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().expect("a number")
}

/// Everything about one run, since it takes its time to make.
#[test]
fn a_run_of_three_levels_is_reported() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    Nested::new().run(&run, &["--blocks", "12"], |_, _| false);
    let told = stdout(&report(&[&run]));
    for words in ["observed/additive", "Rule 8"] {
        assert!(told.contains(words), "no {words} in {told}");
    }
    growth(&run);
    page(&run);
    figures(&run);
    // The same bytes again, in the other language too.
    let first = fs::read(run.join("growth.csv")).expect("read");
    let spanish: [&Path; 4] = [&run, "--lang".as_ref(), "es".as_ref(), "--json".as_ref()];
    let json = stdout(&report(&spanish));
    assert_eq!(first, fs::read(run.join("growth.csv")).expect("read"));
    let spanish = fs::read_to_string(run.join("report.es.md")).expect("read");
    for words in
        ["## ¿Aditivo o multiplicativo?", "no se puede saber: se cumplen ambas predicciones"]
    {
        assert!(spanish.contains(words), "no {words} in {spanish}");
    }
    assert!(run.join("levels.es.svg").exists());
    let found: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(found["runs"][0]["growth"][0]["model"], "additive");
    assert_eq!(found["runs"][0]["growth"][0]["scope"], "boot");
}

fn growth(run: &Path) {
    let rows: Rows = table(&run.join("growth.csv"));
    for (series, model) in [
        ("start-docker-docker-docker", "additive"),
        ("start-podman-podman-podman", "multiplicative"),
        ("start-podman-matched-matched", "additive"),
        ("start-docker-podman-docker", "neither"),
        // No growth is no model, and is not told as one.
        ("sha256-docker-docker-docker", "both"),
    ] {
        let levels = of(&rows, "series", series);
        assert_eq!(levels.len(), 3, "{series}");
        let [first, second, last] = [levels[0], levels[1], levels[2]];
        assert_eq!(last["model"], model, "{series}");
        assert_eq!(last["held_out"], "true");
        assert!(first["model"].is_empty() && first["additive_ns"].is_empty());
        assert_eq!((last["blocks"].as_str(), last["sessions"].as_str()), ("12", "1"));
        // Both models by hand, of the medians, which a block's own factor moves a little.
        let [x, y] = [first, second].map(|level| number(level, "median_ns"));
        for (column, by_hand) in [("additive_ns", y + y - x), ("multiplicative_ns", y * y / x)] {
            let predicted = number(last, column);
            assert!((predicted / by_hand - 1.0).abs() < 0.03, "{series} {column}");
        }
        let ratio = number(last, "median_ns") / number(last, "additive_ns");
        assert!((ratio / number(last, "additive_ratio") - 1.0).abs() < 0.03);
        assert!(number(last, "additive_low") <= number(last, "additive_high"));
    }
}

fn page(run: &Path) {
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
    assert_eq!(
        headings,
        [
            // More than a screen: the contents come before it.
            "## Every sample",
            "## What was claimed, and what was found here",
            "## The ratios",
            "## Additive or multiplicative?",
            "## The medians",
            "## Where each percentage goes",
            "## Order, control and sensitivity",
            "## How it was measured",
        ]
    );
    for words in [
        "can't tell: both predictions hold",
        "It does not mean that nothing grows",
        "a level adds ",
        "those of system calls are in the table only",
    ] {
        assert!(page.contains(words), "no {words} in {page}");
    }
}

fn figures(run: &Path) {
    let svg = fs::read_to_string(run.join("levels.svg")).expect("read");
    for words in [
        "docker-docker-docker",
        "podman-matched-matched",
        "Startup, timed from outside",
        "CPU, by its own clock",
        "neither holds",
        "the same factor a level",
    ] {
        assert!(svg.contains(words), "{words}");
    }
    assert!(!svg.contains("System calls"));
    let (width, _, colours) = picture(&run.join("levels.png"));
    assert!(width == 1640 && colours > 10);
    let html = fs::read_to_string(run.join("report.html")).expect("read");
    assert_eq!(html.matches("<svg ").count(), 4 * 2, "four figures");
}

/// One block in which a first level takes so long that adding once more is below 0.
#[test]
fn where_adding_is_impossible_it_is_said_and_the_other_model_is_judged() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    let arms = "start-podman,start-podman-podman,start-podman-podman-podman,start-podman-matched,\
                start-podman-matched-matched";
    let mut nested = Nested::new();
    nested.long = Some(("start-podman", 7));
    nested.run(&run, &["--blocks", "12", "--arms", arms], |_, _| false);
    let told = stdout(&report(&[&run]));
    let rows: Rows = table(&run.join("growth.csv"));
    for (series, alone) in [
        ("start-podman-podman-podman", "multiplicative holds alone"),
        ("start-podman-matched-matched", "multiplicative fails alone"),
    ] {
        let last = of(&rows, "series", series)[2];
        let columns =
            ["additive_ns", "additive_ratio", "additive_impossible_blocks", "blocks", "model"];
        assert_eq!(columns.map(|column| last[column].as_str()), ["", "", "1", "12", ""]);
        assert!(number(last, "multiplicative_low") <= number(last, "multiplicative_high"));
        let line = told.lines().find(|line| line.contains(series) && line.contains("alone"));
        let line = line.unwrap_or_else(|| panic!("no {series} in {told}"));
        assert!(line.contains(alone) && line.contains("impossible in 1 of 12 blocks"), "{line}");
    }
    let spanish: [&Path; 4] = [&run, "--lang".as_ref(), "es".as_ref(), "--json".as_ref()];
    let json = stdout(&report(&spanish));
    let found: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(found["runs"][0]["growth"][0]["additive"]["impossible_blocks"], 1);
    for (page, words) in [
        (
            "report.md",
            [
                "impossible in 1 of 12 blocks",
                "adding is impossible in some blocks; the same factor holds",
                "not multiplicative: the same factor fails",
                "gives no positive time",
            ],
        ),
        (
            "report.es.md",
            [
                "imposible en 1 de 12 bloques",
                "sumar es imposible en algunos bloques; el mismo factor se cumple",
                "no es multiplicativo: el mismo factor falla",
                "no da un tiempo positivo",
            ],
        ),
    ] {
        let page = fs::read_to_string(run.join(page)).expect("read");
        for words in words {
            assert!(page.contains(words), "no {words} in {page}");
        }
    }
}

/// Rule 8 works within blocks: those of all sessions are one.
#[test]
fn sessions_are_taken_together_and_the_page_says_so() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    let arms = "start-docker,start-docker-docker,start-docker-docker-docker";
    let args = ["--sessions", "2", "--blocks", "6", "--arms", arms];
    Nested::new().run(&run, &args, |name, times| name == "start-docker-docker" && times == 5);
    stdout(&report(&[&run]));
    let rows: Rows = table(&run.join("growth.csv"));
    let [.., last] = &rows[..] else { panic!("no levels") };
    // A block that lacks a reading is in no number.
    assert_eq!(
        ["blocks", "sessions", "scope", "model"].map(|column| last[column].as_str()),
        ["11", "2", "sessions", "additive"]
    );
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    let words = "Blocks of all 2 sessions are taken together";
    assert!(page.contains(words), "no {words} in {page}");
}

/// A claim of which rows differ is not told as confirmed; a question is answered where each of its
/// points is, and says how often which.
#[test]
fn rows_of_a_claim_are_counted() {
    let place = workspace();
    let run = place.path().join("results/triple/20260101T000000Z-000000");
    let answer = |says: &'static str, of: &str, answer: &'static str| Claim {
        says: says.into(),
        answer: answer.into(),
        ..claim("A21", of, Here::Answered)
    };
    let growth = |of: &str, word| answer("additive or multiplicative?", of, word);
    let claims = vec![
        claim("A19", "start-podman-podman-podman", Here::Inconclusive),
        claim("A19", "start-podman-podman-podman-inside", Here::Consistent),
        growth("start-docker-docker-docker", "additive"),
        growth("start-podman-podman-podman", "multiplicative"),
        growth("start-podman-podman-podman-inside", "multiplicative"),
        answer("does CPU accumulate more than startup?", "cpu", "no"),
        answer("which engine nests cheaper?", "engines", "Docker"),
    ];
    says(&run, "triple", claims);
    let found = json(&ledger(place.path(), &["--json"]));
    let a19 = verdict(&found, "A19");
    assert!(a19.starts_with("depends: consistent here: start-podman"), "{a19}");
    assert!(a19.ends_with("inconclusive here: 1 of 2"), "{a19}");
    let a21 = verdict(&found, "A21");
    assert!(a21.starts_with("answered: additive or multiplicative? "), "{a21}");
    for words in [
        "additive (1 of 3)",
        "multiplicative (2 of 3)",
        "does CPU accumulate more than startup? no (1 of 1)",
        "which engine nests cheaper? Docker (1 of 1)",
    ] {
        assert!(a21.contains(words), "no {words} in {a21}");
    }
    assert_eq!(verdict(&found, "C6"), "not-yet: no record");
    let text = stdout(&ledger(place.path(), &[]));
    assert!(text.contains("● answered: additive or multiplicative?"), "{text}");
    assert!(text.contains("triple, depth: no record (`cargo xtask triple --depth"), "{text}");
}

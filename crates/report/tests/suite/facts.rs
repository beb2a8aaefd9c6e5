//! What an experiment says of its run is shown as it says it: grids, sections, tables, lines, claims.

use std::fs;
use std::path::Path;

use claims::stated;
use facts::document::{Piece, Tone};
use facts::{
    Claim, Curve, Curves, Ending, Evidence, Facts, Fill, Grid, Group, Here, Lang, Levels, Metric,
    Page, Panel, Plot, Row, Samples, Tile, Unit,
};
use measure::Experiment;
use measure::stats::{ALPHA, Looks};
use synthetic::{session, trial};

use crate::ledger::{json, ledger, paths, verdict, workspace};
use crate::support::*;

static ENDINGS: [Ending; 3] = [
    Ending::new("works", "●", Fill::Plain, Tone::Yes, ["works", "va"], ["all of it", "todo"]),
    Ending::new("fails", "■", Fill::Black, Tone::No, ["fails", "falla"], ["none", "nada"]),
    Ending::new("unseen", "–", Fill::Empty, Tone::Missing, ["unseen", "sin ver"], ["x", "y"]),
];

/// Takes a run of that experiment which has one row in a table.
pub(crate) fn take(out: &Path, name: &'static str, table: &str) {
    let tried = trial(table, "a subject", "a step", "raw outcome");
    let none = |_: &_, _| unreachable!("no arm");
    synthetic::take(out, &[], &Experiment::of_trials(name), &session(), &[tried], none);
}

/// A run of which these claims are said.
pub(crate) fn claimed(out: &Path, experiment: &'static str, claims: &[(&'static str, Here)]) {
    let claims = claims.iter().map(|(id, here)| claim(id, "all", *here));
    says(out, experiment, claims.collect());
}

/// That one is so.
pub(crate) fn claim(id: &'static str, of: &str, here: Here) -> Claim {
    Claim {
        here,
        seen: "what was seen".to_owned(),
        ..Claim::blank(stated(id), None, of.to_owned(), "so")
    }
}

/// Takes a run of which this is said.
pub(crate) fn says(out: &Path, experiment: &'static str, claims: Vec<Claim>) {
    take(out, experiment, "matrix");
    let facts = Facts { claims, ..Facts::default() };
    facts.write(out).expect("written");
}

fn samples() -> Samples {
    let values = vec![1.5, 2.5, 12.0];
    let by_session = [(0, values.clone())].into();
    let median = facts::estimate(&by_session, ALPHA, Looks::Once).expect("a median");
    Samples { values, median }
}

pub(crate) fn page(lang: Lang) -> Page {
    let tile = |outcome, below: &str, beside: &str| {
        Some(Tile {
            below: vec![below.to_owned()],
            beside: beside.to_owned(),
            ..Tile::new(outcome)
        })
    };
    let row = |name: &str, tiles| Row { name: name.to_owned(), tiles };
    let rows = vec![
        row("one", vec![tile(0, "below one", "×1.50"), None]),
        row("other", vec![tile(1, "", ""), tile(0, "", "")]),
    ];
    let grid = Grid {
        name: "tried".to_owned(),
        title: "A grid".to_owned(),
        alternative: "What was tried, for who can't see it.".to_owned(),
        caption: "Below the grid.".to_owned(),
        row: "thing".to_owned(),
        columns: vec!["here".to_owned(), "there".to_owned()],
        panels: vec![Panel {
            title: "A panel".to_owned(),
            groups: vec![Group {
                title: "a group".to_owned(),
                caption: "Things by places".to_owned(),
                rows,
            }],
        }],
        outcomes: ENDINGS.iter().map(|ending| ending.of(lang)).collect(),
        notes: vec!["×1.00: a note".to_owned()],
        plots: vec![Plot {
            title: "time".to_owned(),
            unit: "minutes".to_owned(),
            columns: vec![None, Some(samples())],
        }],
    };
    let mut section = vec![
        Piece::heading(2, facts::term!(lang; "A section"; "Una sección")),
        Piece::Figure(0),
        Piece::paragraph("A paragraph."),
        grid.meanings(),
    ];
    section.extend(grid.tables());
    Page {
        answer: Vec::new(),
        grids: vec![grid],
        levels: vec![levels()],
        section,
        of_samples: vec![Piece::paragraph("Of samples.")],
        of_trials: vec![Piece::Figure(1)],
        lines: vec!["a line of its own".to_owned()],
    }
}

fn levels() -> Levels {
    let curve = Curve {
        title: "a chain".to_owned(),
        note: "in a place".to_owned(),
        dots: vec![(1, 0.5), (2, 0.75)],
        crosses: vec![3],
    };
    Levels {
        name: "steps".to_owned(),
        title: "Level by level".to_owned(),
        alternative: "How deep, for who can't see it.".to_owned(),
        caption: "Below the levels.".to_owned(),
        rows: vec![Curves { title: "seconds of a level".to_owned(), panels: vec![curve] }],
        dot: "a level that works".to_owned(),
        cross: "a level that does not".to_owned(),
    }
}

#[test]
fn what_an_experiment_says_is_shown() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    take(&run, "test", "matrix");
    let facts = Facts {
        found: serde_json::json!({ "answer": 42 }),
        tables: [("tried.csv".to_owned(), "thing,here\none,works\n".to_owned())].into(),
        shown: vec!["matrix".to_owned()],
        pages: Lang::ALL.map(|lang| (lang, page(lang))).into(),
        ..Facts::default()
    };
    facts.write(&run).expect("written");
    let told = stdout(&report(&[&run]));
    for words in [
        "Things by places",
        "works (below one)",
        "fails",
        "time, minutes",
        "2.50 (no interval)",
        "a line of its own",
    ] {
        assert!(told.contains(words), "no {words} in {told}");
    }
    let text = fs::read_to_string(run.join("report.md")).expect("read");
    for words in [
        "## A section",
        "![What was tried, for who can't see it.](tried.png)",
        "| `one` | ● works; below one | – |",
        "- fails: none.",
        "Of samples.",
        "![How deep, for who can't see it.](steps.png)",
    ] {
        assert!(text.contains(words), "no {words} in {text}");
    }
    for shown in [&told, &text] {
        assert!(!shown.contains("raw outcome"), "shown elsewhere: {shown}");
    }
    let svg = fs::read_to_string(run.join("tried.svg")).expect("read");
    for words in [
        "A grid",
        "A panel",
        "a group",
        "×1.50",
        "works: all of it",
        "×1.00: a note",
        "minutes",
        "2.50",
        "one sample",
    ] {
        assert!(svg.contains(words), "no {words}");
    }
    assert!(!svg.contains("unseen"), "the legend has what is there");
    // Each sample is a dot and its edge; one more in the legend.
    assert_eq!(svg.matches("<circle").count(), 2 * (3 + 1));
    let (width, _, colours) = picture(&run.join("tried.png"));
    assert!(width == 1640 && colours > 20, "{width} {colours}");
    let svg = fs::read_to_string(run.join("steps.svg")).expect("read");
    for words in
        ["Level by level", "a chain", "in a place", "seconds of a level", "a level that does not"]
    {
        assert!(svg.contains(words), "no {words}");
    }
    let (width, _, colours) = picture(&run.join("steps.png"));
    assert!(width == 1640 && colours > 10, "{width} {colours}");
    assert_eq!(table(&run.join("tried.csv")).len(), 1);
    let json = stdout(&report(&[&run, "--json".as_ref()]));
    assert!(json.contains("\"answer\": 42"), "{json}");
    stdout(&report(&[&run, "--lang".as_ref(), "es".as_ref()]));
    let spanish = fs::read_to_string(run.join("report.es.md")).expect("read");
    assert!(spanish.contains("## Una sección") && spanish.contains("● va"));
    assert!(run.join("tried.es.svg").exists());
}

/// Without facts a run has only what every run has: its raw rows.
#[test]
fn a_run_without_facts_has_its_rows() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    take(&run, "test", "matrix");
    assert!(stdout(&report(&[&run])).contains("raw outcome"));
}

#[test]
fn facts_of_other_rows_are_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    take(&run, "test", "matrix");
    Facts::default().write(&run).expect("written");
    let trials = run.join("trials.csv");
    let rows = fs::read_to_string(&trials).expect("read");
    fs::write(&trials, rows.replace("raw outcome", "another")).expect("written");
    let said = refused(&report(&[&run]), 1);
    assert!(said.contains("trials.csv is not as it was written"), "{said}");
    // The manifest of an earlier program does not tell.
    edit_manifest(&run, |manifest| manifest["rows"] = serde_json::Value::Null);
    let said = refused(&report(&[&run]), 1);
    assert!(said.contains("its rows have changed since"), "{said}");
    fs::write(&trials, rows).expect("written");
    fs::write(run.join("facts.json"), "{").expect("written");
    let said = refused(&report(&[&run]), 1);
    assert!(said.contains("facts.json can't be read"), "{said}");
}

#[test]
fn the_ledger_takes_what_an_experiment_claims() {
    let place = workspace();
    let found = json(&ledger(place.path(), &["--json"]));
    let uncovered = found["not_covered"].as_array().expect("a list");
    for id in ["B2", "B15", "C7"] {
        assert!(uncovered.iter().any(|claim| claim["id"] == id), "{id}");
    }
    let run = place.path().join("results/reference/storage-driver");
    let all = ["B2", "B15", "C7"].map(|id| (id, Here::Consistent));
    claimed(&run, "storage-driver", &all);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(paths(&found), ["results/reference/storage-driver"]);
    assert_eq!(verdict(&found, "B2"), "confirmed: ");
    assert_eq!(verdict(&found, "C7"), "confirmed: ");
    // Half of a claim is none.
    let half = "not-yet: storage-driver: confirmed; cache-sharing: no record";
    assert_eq!(verdict(&found, "B15"), half);
    // A run that says nothing of one claim is passed over.
    let own = place.path().join("results/storage-driver/20260101T000000Z-000000");
    claimed(&own, "storage-driver", &all[..2]);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(paths(&found), ["results/reference/storage-driver"]);
}

/// What only one experiment measures has the title and the unit that its facts say, in each language;
/// without facts, its name; and no facts are made of a metric that nobody has declared.
#[test]
fn a_figure_says_what_was_measured() {
    static BOIL: Metric = Metric::new("boil", Unit::Seconds, ["To a boil", "Hasta hervir"]);
    const ARMS: &[measure::Arm] = &[arm("boil", "kettle", "", 1)];
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, ARMS, 6, |_, taken| Ok(2_000_000_000 + taken));
    let says = |file: &str, words: [&str; 2]| {
        let svg = fs::read_to_string(run.join(file)).expect("read");
        assert!(words.iter().all(|word| svg.contains(word)), "no {words:?} in {file}");
    };
    stdout(&report(&[&run]));
    says("figure.svg", [">\nboil\n", "milliseconds"]);

    let unknown = Evidence::open(&run, &[]).err().expect("refused");
    assert_eq!(unknown.to_string(), "the metric `boil` is declared nowhere");
    let metrics = Evidence::open(&run, &[&BOIL]).expect("a run").record.metrics;
    Facts { metrics, ..Facts::default() }.write(&run).expect("written");
    assert!(stdout(&report(&[&run])).contains("2.00 s"));
    stdout(&report(&[&run, "--lang".as_ref(), "es".as_ref()]));
    says("figure.svg", ["To a boil", "seconds"]);
    says("figure.es.svg", ["Hasta hervir", "segundos"]);
}

#[test]
fn a_claim_of_two_halves_needs_both_records() {
    let place = workspace();
    let reference = place.path().join("results/reference");
    let found = json(&ledger(place.path(), &["--json"]));
    let absent = found["absent"].as_array().expect("a list");
    let remedy = absent.iter().find(|record| record["of"] == "cache-sharing");
    assert_eq!(remedy.expect("absent")["remedy"], "cargo xtask cache-sharing");
    let sharing = |out: &Path, b3: Here, b15: Here| {
        claimed(out, "cache-sharing", &[("B3", b3), ("B15", b15)]);
    };
    let all = Here::Consistent;
    sharing(&reference.join("cache-sharing"), all, all);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(paths(&found), ["results/reference/cache-sharing"]);
    assert_eq!(verdict(&found, "B3"), "confirmed: ");
    let half = "not-yet: storage-driver: no record; cache-sharing: confirmed";
    assert_eq!(verdict(&found, "B15"), half);
    let storage = reference.join("storage-driver");
    claimed(&storage, "storage-driver", &["B2", "B15", "C7"].map(|id| (id, all)));
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(verdict(&found, "B15"), "confirmed: ");
    // A run without costs says nothing of the cache half, and is passed over.
    let own = place.path().join("results/cache-sharing");
    sharing(&own.join("20260101T000000Z-000000"), all, Here::NotMeasured);
    let found = json(&ledger(place.path(), &["--json"]));
    assert!(paths(&found).contains(&"results/reference/cache-sharing"), "{:?}", paths(&found));
    // One that shares without harm speaks against one half.
    let not = Here::NotReproduced;
    sharing(&own.join("20260102T000000Z-000000"), not, not);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(verdict(&found, "B3"), "refuted: all");
    let halves = "depends: storage-driver: confirmed; cache-sharing: refuted: ";
    assert!(verdict(&found, "B15").starts_with(halves), "{}", verdict(&found, "B15"));
}

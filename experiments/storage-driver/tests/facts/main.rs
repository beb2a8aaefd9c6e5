//! What a run says, from outside: the facts that the program derives of synthetic runs.

mod made;

use std::collections::BTreeMap;
use std::path::Path;

use made::{LATE, OVERLAY, cell, cells, only_cells, run, usual};
use measure::Trial;
use rstest::rstest;
use serde_json::Value;
use synthetic::{derived, texts, trial};

/// What the program derives of a run.
fn facts(run: &Path) -> Value {
    serde_json::to_value(derived(env!("CARGO_BIN_EXE_storage-driver"), run)).expect("JSON")
}

fn of_cells(rows: &[Trial]) -> Value {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    only_cells(&run, rows);
    facts(&run)
}

/// Every text of a page, a line each.
fn page(facts: &Value, lang: &str) -> String {
    texts(&facts["pages"][lang])
}

/// The rows of `matrix.csv`.
fn rows(facts: &Value) -> Vec<BTreeMap<String, String>> {
    let table = facts["tables"]["matrix.csv"].as_str().expect("a table");
    let rows = csv::Reader::from_reader(table.as_bytes()).into_deserialize();
    rows.map(|row| row.expect("a row")).collect()
}

/// What became of a claim here; empty where nothing is said of it.
fn here(facts: &Value, id: &str) -> String {
    let claims = facts["claims"].as_array().expect("a list").iter();
    let mut here = claims.filter(|claim| claim["id"] == id);
    here.next().map_or_else(String::new, |claim| claim["here"].as_str().expect("a word").to_owned())
}

fn row_of(trials: &[Trial]) -> BTreeMap<String, String> {
    let mut rows = rows(&of_cells(trials));
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

/// Sets outcome and reason of a step, and leaves out what a failure ends.
fn set(mut rows: Vec<Trial>, step: &str, outcome: &str, reason: &str) -> Vec<Trial> {
    let at = rows.iter().position(|row| row.step == step).expect("a step");
    outcome.clone_into(&mut rows[at].outcome);
    reason.clone_into(&mut rows[at].reason);
    if outcome == "failed" || step == "place" {
        rows.truncate(at + 1);
    }
    rows
}

const VOLUME: &str = "trixie docker overlay2 volume";

#[rstest]
#[case::works(cell(VOLUME), "works", "", "overlay2")]
#[case::deviates(set(cell(VOLUME), "posix", "deviates", "a: b | c: d"), "deviates", "", "overlay2")]
#[case::automatic(cell("trixie docker automatic volume"), "works", "", "overlay2")]
#[case::falls_back(cell("trixie docker automatic layer"), "falls back", "", "vfs")]
#[case::falls_back_and_deviates(
    cell("trixie docker automatic-with-fuse layer"),
    "falls back",
    "",
    "fuse-overlayfs"
)]
#[case::snapshotter(cell("forky docker snapshotter-native layer"), "works", "", "native")]
#[case::automatic_snapshotter(cell("forky docker automatic volume"), "works", "", "overlayfs")]
#[case::another(set(cell(VOLUME), "driver", "vfs", ""), "another driver", "", "vfs")]
#[case::podman_through_fuse(
    set(cell("trixie podman overlay-fuse volume"), "posix", "ok", ""),
    "works",
    "",
    "overlay"
)]
#[case::refused(set(cell(VOLUME), "starts", "failed", OVERLAY), "refused", "starts", "")]
#[case::late(set(cell(VOLUME), "runs", "failed", LATE), "late failure", "runs", "overlay2")]
#[case::late_and_falls_back(
    set(cell("trixie docker automatic layer"), "builds", "failed", "x"),
    "late failure",
    "builds",
    "vfs"
)]
#[case::not_here(
    set(cell(VOLUME), "place", "not on this kernel", "x"),
    "not on this kernel",
    "",
    ""
)]
#[case::not_root(set(cell(VOLUME), "place", "not without root", "x"), "not without root", "", "")]
#[case::not_made(set(cell(VOLUME), "place", "not made", "x"), "not made", "", "")]
#[case::not_finished(cell(VOLUME)[..4].to_vec(), "not finished", "unpacks", "overlay2")]
fn classes_are_derived(
    #[case] rows: Vec<Trial>,
    #[case] class: &str,
    #[case] step: &str,
    #[case] chosen: &str,
) {
    let row = row_of(&rows);
    let found = ["class", "step", "chosen"].map(|column| row[column].as_str());
    assert_eq!(found, [class, step, chosen]);
}

/// A run that was resumed tries the cell again in which it was interrupted.
#[test]
fn the_last_try_that_ended_counts() {
    let half = cell(VOLUME)[..3].to_vec();
    let resumed = [half.clone(), cell(VOLUME)].concat();
    assert_eq!(row_of(&resumed)["class"], "works");
    let broken_off = [cell(VOLUME), half].concat();
    assert_eq!(row_of(&broken_off)["class"], "works");
    let refused = set(cell(VOLUME), "starts", "failed", OVERLAY);
    let twice = of_cells(&[refused, cell(VOLUME)].concat());
    assert!(page(&twice, "en").contains("an earlier try: refused"));
}

#[test]
fn a_row_that_names_no_cell_is_said() {
    let mut rows = cell(VOLUME);
    rows.push(trial("matrix", "docker overlay2", "place", "ok"));
    let told = page(&of_cells(&rows), "en");
    assert!(told.contains("name no cell, and are in no table: docker overlay2"));
}

/// Everything about one run, since it takes its time to make.
#[test]
fn a_run_of_three_generations_is_read() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    run(&out, &cells(), 12, usual);
    let facts = facts(&out);
    let english = page(&facts, "en");
    for words in [
        "Storage drivers on what lies underneath",
        "trixie, docker: what becomes of each driver",
        "snapshotter-mount-late",
        "What fails, and why",
        "`not-btrfs`",
        "`docker btrfs`: volume, layer, tmpfs, xfs (bookworm, trixie, forky)",
        "nothing known",
        "What deviates from POSIX",
        "st_nlink of a directory",
        "What each cell costs",
        "`docker fuse-overlayfs volume`",
        "No. Of the two, vfs is slower in 2 of 4 metrics (Startup, Unpacking an image); in Writing \
         a large file, Many small files it is fuse-overlayfs.",
        "Advice",
        "Engines of bookworm",
        "×6.",
    ] {
        assert!(english.contains(words), "no {words} in {english}");
    }
    let spanish = page(&facts, "es");
    for words in ["Controladores de almacenamiento", "Consejos", "No. De los dos"] {
        assert!(spanish.contains(words), "no {words} in {spanish}");
    }
    let grid = &facts["pages"]["en"]["grids"][0];
    let group = &grid["panels"][1]["groups"][0];
    let row = group["rows"].as_array().expect("rows").iter().find(|row| row["name"] == "overlay2");
    let word = |tile: &Value| {
        let index = tile["outcome"].as_u64().expect("an index");
        let index = usize::try_from(index).expect("small");
        grid["outcomes"][index]["word"].as_str().expect("a word").to_owned()
    };
    let tiles = row.expect("a row")["tiles"].as_array().expect("tiles");
    assert_eq!([word(&tiles[0]), word(&tiles[1])], ["works", "refused"]);
    assert_eq!([here(&facts, "B2"), here(&facts, "C7")], ["consistent"; 2]);
    assert_eq!(facts["shown"], serde_json::json!(["matrix"]));
}

/// Facts are of the rows that they were derived of, and the same whenever they are derived.
#[test]
fn facts_are_the_same_again() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    only_cells(&run, &cell(VOLUME));
    let first = facts(&run);
    assert_eq!(first, facts(&run));
}

#[test]
fn fuse_overlayfs_need_not_be_the_slower_one() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    run(&out, &cell(VOLUME), 12, |cell, _| {
        let factors = [("vfs", 3.0), ("fuse", 1.2)];
        let factor = factors.iter().find(|(driver, _)| cell.contains(driver));
        factor.map_or(1.0, |(_, factor)| *factor)
    });
    let facts = facts(&out);
    assert_eq!(here(&facts, "C7"), "not_reproduced");
    let told = page(&facts, "en");
    assert!(told.contains("vfs is slower in 4 of 4"), "{told}");
}

/// What is advised is counted, and is another thing of other cells.
#[test]
fn advice_follows_the_cells() {
    let advice = |rows: &[Trial]| {
        let told = page(&of_cells(rows), "en");
        let (_, advice) = told.split_once("\nAdvice\n").expect("a section");
        advice.to_owned()
    };
    let usual = advice(&cells());
    for words in [
        "Mount: put the store on a volume. There",
        "On the container's own layer",
        "`xfs-no-dtype` carries least",
        "docker, on a volume: `overlay2` (3 of 3 generations, cost not measured, 1.00",
        // It costs more than fuse-overlayfs, which deviates there.
        "docker, on the container's layer: `vfs` (3 of 3 generations",
        "`snapshotter-mount-late`, so that 2 cells fail or fall back whose driver was left to",
        "the daemon was up before something failed",
    ] {
        assert!(usual.contains(words), "no {words} in {usual}");
    }
    let [volume, layer] = [VOLUME, "trixie docker overlay2 layer"].map(|name| {
        let mut rows = cell(VOLUME);
        for row in &mut rows {
            name.clone_into(&mut row.subject);
        }
        rows
    });
    let all_well = advice(&[volume.clone(), layer].concat());
    assert!(all_well.contains("Mount: nothing is gained by one."), "{all_well}");
    assert!(all_well.contains("nothing failed here"), "{all_well}");
    let none = advice(&set(volume, "starts", "failed", "who knows"));
    assert!(none.contains("none of the named drivers fits"), "{none}");
    assert!(none.contains("the 1 failing cells nothing is known"), "{none}");
}

#[rstest]
#[case::all_fit(&["volume", "layer"], None, "not_reproduced", "not_reproduced")]
#[case::one_does_not(&["volume", "layer"], Some("layer"), "consistent", "consistent")]
#[case::one_place(&["volume"], None, "inconclusive", "")]
#[case::nowhere(&["layer"], Some("layer"), "inconclusive", "")]
fn what_lies_underneath_is_judged(
    #[case] places: &[&str],
    #[case] refused: Option<&str>,
    #[case] b2: &str,
    #[case] b15: &str,
) {
    let mut rows = Vec::new();
    for place in places {
        let mut of = cell(VOLUME);
        if refused == Some(place) {
            of = set(of, "starts", "failed", OVERLAY);
        }
        for row in &mut of {
            row.subject = format!("trixie docker overlay2 {place}");
        }
        rows.extend(of);
    }
    let facts = of_cells(&rows);
    assert_eq!([here(&facts, "B2"), here(&facts, "B15")], [b2, b15]);
}

//! Sharing a cache: classes, tables, lists that do damage, costs, advice, claims, the figure.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use facts::Here;
use measure::Trial;
use rstest::rstest;

use crate::ledger::{json, ledger, paths, verdict, workspace};
use crate::sharers::{self, LIST, REFUSED, WAYS, cell, cells, moved, ran, refuses, search};
use crate::support::*;

type Row = BTreeMap<String, String>;

fn page(run: &Path) -> String {
    fs::read_to_string(run.join("report.md")).expect("read")
}

/// What a run of these rows has in `sharing.csv` and in `claims.csv`, and its page.
fn reported(rows: &[Trial], blocks: u32) -> (Vec<Row>, Vec<Row>, String) {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    sharers::run(&run, rows, blocks);
    stdout(&report(&[&run]));
    (
        table(&run.join("sharing.csv")),
        table(&run.join("claims.csv")),
        page(&run),
    )
}

/// The one row of `sharing.csv` of a run of these rows.
fn row_of(rows: &[Trial]) -> Row {
    let (mut rows, ..) = reported(rows, 0);
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

const IMAGE: &str = "trixie docker image-and-layers";
const MEANT: &str = "trixie docker archive";

fn placed(outcome: &str) -> Vec<Trial> {
    vec![crate::nests::trial("sharing", IMAGE, "place", outcome)]
}

#[rstest]
#[case::safe(ran(IMAGE, "safe", ""), "safe", "safe")]
#[case::leaks(ran(IMAGE, "leaks", "leaks: x"), "leaks", "leaks")]
#[case::stale(ran(IMAGE, "stale view", "stale view: x"), "stale view", "stale view")]
#[case::fail(ran(IMAGE, "jobs fail", "jobs fail: x"), "jobs fail", "jobs fail")]
#[case::refused(refuses(IMAGE, REFUSED), "refused", "refused")]
#[case::lost(cell(IMAGE), "lost acknowledged data", "lost acknowledged data")]
#[case::corrupt(ran(IMAGE, "corrupt", "corrupt: x"), "corrupt", "corrupt")]
#[case::only_by_turns(
    [ran(IMAGE, "safe", ""), search(IMAGE, &[("3 of seed 5", "corrupt")], "3 operations", LIST)].concat(),
    "corrupt",
    "safe"
)]
#[case::worse_at_once(
    [ran(IMAGE, "corrupt", ""), search(IMAGE, &[("3 of seed 5", "safe")], "only at once", "")].concat(),
    "corrupt",
    "corrupt"
)]
#[case::not_finished(ran(IMAGE, "safe", "")[..4].to_vec(), "not finished", "not finished")]
#[case::another_word(ran(IMAGE, "fine", ""), "not finished", "not finished")]
#[case::not_here(
    placed("not on this kernel"),
    "not on this kernel",
    "not on this kernel"
)]
#[case::not_root(placed("not without root"), "not without root", "not without root")]
#[case::not_made(placed("not made"), "not made", "not made")]
fn classes_are_the_worst_that_was_seen(
    #[case] rows: Vec<Trial>,
    #[case] class: &str,
    #[case] trial: &str,
) {
    let row = row_of(&rows);
    let found = ["class", "trial"].map(|column| row[column].as_str());
    assert_eq!(found, [class, trial]);
}

#[test]
fn a_refusal_keeps_its_time_and_its_words() {
    let row = row_of(&refuses(IMAGE, REFUSED));
    for (column, expected) in [
        ("step", "second starts"),
        ("refused_ns", "12300000000"),
        ("fingerprint", "volume-database-locked"),
        ("words", REFUSED),
        ("operations", "8"),
        ("operations_asked", "8"),
        ("search", ""),
    ] {
        assert_eq!(row[column], expected, "{column}");
    }
    // Of unknown words the last line that is no warning is told, and alike ones are one.
    let words =
        |number| format!("container docker-{number} died | who knows {number} | level=warning x");
    let [one, other] = [IMAGE, MEANT].map(|subject| refuses(subject, &words(subject.len())));
    let (_, _, text) = reported(&[one, other].concat(), 0);
    assert_eq!(text.matches("| – nothing known | ").count(), 1, "{text}");
    assert!(text.contains("| – | – | who knows 30 |"), "{text}");
    let unknown = row_of(&refuses(IMAGE, "who knows"));
    assert_eq!(
        [&*unknown["fingerprint"], &*unknown["words"]],
        ["", "who knows"]
    );
}

#[test]
fn a_search_keeps_its_shortest_list() {
    let row = row_of(&cell(IMAGE));
    for (column, expected) in [
        ("search", "3 operations"),
        ("search_class", "lost acknowledged data"),
        ("search_lists", "4"),
        ("shortest", LIST),
        ("operations", "13"),
        ("operations_asked", "16"),
    ] {
        assert_eq!(row[column], expected, "{column}");
    }
    let none = row_of(&cell(MEANT));
    let found = ["search", "search_operations", "shortest"].map(|column| none[column].as_str());
    assert_eq!(found, ["none", "80", ""]);
    let broken_off = search(MEANT, &[("16 of seed 5", "safe")], "none", "")[..1].to_vec();
    let broken_off = row_of(&[ran(MEANT, "safe", ""), broken_off].concat());
    assert_eq!(broken_off["search"], "not finished");
}

/// What a longer list led to is not what the shortest one leads to.
#[test]
fn the_shortest_list_has_a_class_of_its_own() {
    let lists = [
        ("16 of seed 5", "corrupt"),
        ("3 of seed 5", "lost acknowledged data"),
        ("2 of seed 5", "safe"),
    ];
    let found = search(IMAGE, &lists, "3 operations", LIST);
    let (rows, _, text) = reported(&[ran(IMAGE, "safe", ""), found].concat(), 0);
    assert_eq!(rows[0]["search_class"], "corrupt");
    let words = "■ damage by 3 operations; lost acknowledged data";
    assert!(text.contains(words), "{text}");
}

#[rstest]
#[case::of_seed("with seed 6", "with seed 6", "damage with the list of seed 6")]
#[case::unknown("by magic", "not finished", "the search was not finished")]
fn a_list_that_was_not_cut_down_is_not_the_shortest(
    #[case] outcome: &str,
    #[case] expected: &str,
    #[case] words: &str,
) {
    let found = search(MEANT, &[("16 of seed 6", "corrupt")], outcome, LIST);
    let (rows, _, text) = reported(&[ran(MEANT, "safe", ""), found].concat(), 0);
    let found = ["search", "shortest", "class"].map(|column| rows[0][column].as_str());
    assert_eq!(found, [expected, "", "corrupt"]);
    assert!(text.contains(words), "{text}");
}

/// An engine that fills what both share, and then both.
#[test]
fn operations_of_all_steps_are_counted() {
    let mut rows = ran(MEANT, "safe", "");
    let filled = crate::nests::trial("sharing", MEANT, "operations", "7 of 8");
    rows.insert(0, filled);
    let row = row_of(&rows);
    let found = ["operations", "operations_asked"].map(|column| row[column].as_str());
    assert_eq!(found, ["20", "24"]);
}

/// A run that was resumed tries the cell again in which it was interrupted.
#[test]
fn the_last_try_that_ended_counts() {
    let refused = refuses(IMAGE, REFUSED);
    let row = row_of(&[refused.clone(), ran(IMAGE, "safe", "")].concat());
    assert_eq!([&*row["class"], &*row["refused_ns"]], ["safe", ""]);
    let broken_off = ran(IMAGE, "safe", "")[..3].to_vec();
    assert_eq!(row_of(&[refused, broken_off].concat())["class"], "refused");
}

/// Everything about one run, since it takes its time to make.
#[test]
fn a_run_of_three_generations_is_reported() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    let rows = [cells(), moved()].concat();
    sharers::run(&run, &rows, 12);
    let told = stdout(&report(&[&run]));
    for words in [
        "Sharing a cache:",
        "docker image-and-layers",
        "lost acknowledged data (3 operations)",
        "refused (12.3 s)",
        "volume-database-locked",
        LIST,
        "B3 trixie docker: consistent here",
        "B15 a store of its own against one for both: consistent here",
    ] {
        assert!(told.contains(words), "no {words} in {told}");
    }
    let text = page(&run);
    for words in [
        "## Sharing a cache between engines",
        "| `docker whole`; two daemons on one /var/lib/docker | ◐ refused; after 12.3 s",
        "### Who refuses, and in which words",
        "| `containerd-locked` |",
        "| – nothing known |",
        "### The shortest way to damage",
        "damage by 3 operations",
        "damage by at most 2 operations",
        "| `docker layers`; in bookworm, trixie, forky | ■ damage only when both work at once",
        "no damage in 80 operations",
        "b remove b-1; → b-1 can't be had",
        // A bar within an engine's words begins no finding.
        "No such image: a-0; and 1 more",
        "### What each way costs",
        "| `docker-archive` | 3.6",
        "● safe by the oracle: bookworm, trixie, forky",
        "120.0 MB",
        "the cheapest are: docker, `copy-of-filled` (0.4",
    ] {
        assert!(text.contains(words), "no {words} in {text}");
    }
    for table in ["sharing", "search", "moved"] {
        assert!(!text.contains(&format!("Tried once: {table}")), "{table}");
    }
    let rows = table(&run.join("sharing.csv"));
    assert_eq!(rows.len(), cells_of_ways());
    let of = |subject: [&str; 3]| {
        let mut rows = rows.iter();
        let is_it = |row: &&Row| ["generation", "engine", "way"].map(|name| &*row[name]) == subject;
        rows.find(is_it).expect("a row")
    };
    let archive = of(["trixie", "docker", "archive"]);
    assert!(archive["cold_ratio"].starts_with("0.6"), "{archive:?}");
    assert!(archive["warm_ratio"].starts_with("1.8"), "{archive:?}");
    assert!(archive["cold_low"] < archive["cold_high"], "{archive:?}");
    assert_eq!(archive["shared_bytes"], "120000000");
    // Costs are of one generation.
    assert_eq!(of(["forky", "docker", "archive"])["cold_ratio"], "");
    let order: Vec<&str> = rows.iter().map(|row| &*row["way"]).collect();
    assert_eq!(
        order[..4],
        ["whole", "whole", "whole", "whole-own-containerd"]
    );
    figure(&run);
    stdout(&report(&[&run, "--lang".as_ref(), "es".as_ref()]));
    let spanish = fs::read_to_string(run.join("report.es.md")).expect("read");
    for words in [
        "## Compartir una caché entre motores",
        "Nunca: daña datos en",
        "### Qué cuesta cada manera",
    ] {
        assert!(spanish.contains(words), "no {words} in {spanish}");
    }
    assert!(run.join("sharing.es.svg").exists());
}

fn cells_of_ways() -> usize {
    let generations = WAYS.iter().map(|(_, _, generations)| generations.len());
    generations.sum()
}

fn figure(run: &Path) {
    let svg = fs::read_to_string(run.join("sharing.svg")).expect("read");
    // Signs and words, so that no colour is needed.
    for words in [
        "image-and-layers-read-only",
        "●",
        "◆",
        "✖",
        "■",
        "data lost",
        "3 op.",
        "×0.6",
    ] {
        assert!(svg.contains(words), "no {words}");
    }
    assert_eq!(svg.matches('×').count(), 7, "six ways and the legend");
    let (width, height, colours) = picture(&run.join("sharing.png"));
    assert_eq!(width, 1640);
    assert!(height > 1_000 && colours > 50, "{height} {colours}");
}

/// The line of advice of a way.
fn advice(text: &str, way: &str) -> String {
    let row = text
        .lines()
        .find(|line| line.starts_with(&format!("| `{way}`")));
    let row = row.expect("a row").trim_end_matches(" |");
    row.rsplit(" | ").next().expect("a column").to_owned()
}

/// What is unsafe in one generation is advised in none, whatever it costs.
#[test]
fn advice_follows_what_was_seen() {
    let (_, _, text) = reported(&[cells(), moved()].concat(), 12);
    for (way, words) in [
        (
            "docker copy-of-filled",
            "● Safe in bookworm, trixie, forky. Fill a store once",
        ),
        ("docker image", "■ Never: it damages data in trixie."),
        (
            "docker whole",
            "◐ Not to be relied on: it does not hold in bookworm, trixie, forky.",
        ),
        (
            "docker next-generation",
            "◐ Not to be relied on: it does not hold in bookworm.",
        ),
        // Slower than with an empty store.
        (
            "docker buildx-cache",
            "◐ Safe in trixie, forky, and slower than an empty store",
        ),
        (
            "docker after-kill",
            "Files are left behind in bookworm, trixie, forky.",
        ),
        (
            "docker snapshots",
            "– No advice: in forky nothing was tried to its end.",
        ),
    ] {
        let told = advice(&text, way);
        assert!(told.contains(words), "{way}: {told}");
    }
    // The cheapest one has lost something in one generation.
    let subject = "bookworm docker copy-of-filled";
    let harmed = ran(
        subject,
        "lost acknowledged data",
        "lost acknowledged data: x",
    );
    let others = cells().into_iter().filter(|row| row.subject != subject);
    let rows: Vec<Trial> = others.chain(harmed).chain(moved()).collect();
    let (_, _, text) = reported(&rows, 12);
    let told = advice(&text, "docker copy-of-filled");
    assert!(
        told.starts_with("■ Never: it damages data in bookworm."),
        "{told}"
    );
    assert!(
        text.contains("the cheapest are: docker, `archive` (0.6"),
        "{text}"
    );
    // What holds and is promised by nobody is nothing to build on.
    let (_, _, text) = reported(&ran("trixie docker layers", "safe", ""), 0);
    let told = advice(&text, "docker layers");
    assert!(
        told.starts_with("◐ No damage was seen in trixie, and nobody"),
        "{told}"
    );
    let (_, _, text) = reported(&ran("trixie docker of-tomorrow", "safe", ""), 0);
    let told = advice(&text, "docker of-tomorrow");
    assert_eq!(told, "– No advice: this way is not known.");
}

#[test]
fn a_row_that_names_no_cell_is_said() {
    let mut rows = cell(IMAGE);
    rows.push(crate::nests::trial(
        "sharing",
        "docker whole",
        "verdict",
        "safe",
    ));
    let (_, _, text) = reported(&rows, 0);
    let words = "name no cell, and are in no table: docker whole";
    assert!(text.contains(words), "{text}");
}

/// A job that fails is no time, and is said.
#[test]
fn a_job_that_fails_is_said() {
    let mut rows = cell(MEANT);
    let failed = crate::nests::trial("moved", "docker-archive", "job", "failed");
    rows.push(Trial {
        reason: "no space left on device".to_owned(),
        ..failed
    });
    let (_, _, text) = reported(&rows, 0);
    let words = "| `docker-archive` | ■ the job fails; no space left on device";
    assert!(text.contains(words), "{text}");
    let told = advice(&text, "docker archive");
    assert!(told.contains("it does not hold in trixie"), "{told}");
}

#[rstest]
#[case::refused_and_damaged(
    &["refused", "lost acknowledged data"], "consistent here")]
#[case::damaged_whole(&["corrupt", "safe"], "consistent here")]
#[case::all_safe(&["safe", "leaks"], "not reproduced here")]
#[case::refused_and_safe(&["refused", "safe"], "inconclusive here")]
#[case::safe_and_damaged(&["safe", "corrupt"], "inconclusive here")]
#[case::never_tried(&["not made", "corrupt"], "inconclusive here")]
#[case::nothing_told(&["not made", "not made"], "")]
fn two_daemons_on_one_directory_are_judged(#[case] classes: &[&str; 2], #[case] expected: &str) {
    let ways = ["trixie docker whole", "trixie docker layers"];
    let mut rows: Vec<Trial> = Vec::new();
    for (subject, class) in ways.iter().zip(classes) {
        rows.extend(match *class {
            "refused" => refuses(subject, REFUSED),
            "not made" => vec![crate::nests::trial("sharing", subject, "place", "not made")],
            class => ran(subject, class, ""),
        });
    }
    // What other engines do is no matter of this claim.
    rows.extend(ran("trixie podman podman-whole", "corrupt", ""));
    rows.extend(ran("trixie docker after-kill", "corrupt", ""));
    let (_, claims, _) = reported(&rows, 0);
    let b3 = claims.iter().find(|row| row["id"] == "B3");
    let found = b3.map_or("", |row| &row["claim_verdict"]);
    assert_eq!(found, expected, "{b3:?}");
}

#[test]
fn b3_tells_what_was_seen() {
    let (_, claims, _) = reported(&cells(), 0);
    let b3 = claims.iter().find(|row| row["of"] == "forky docker");
    let seen = &b3.expect("a row")["seen"];
    for words in [
        "the whole directory: refused after 12.3 s: failed to start daemon: timeout waiting",
        "image-and-layers: lost acknowledged data",
        "image-and-layers takes 3 operations: a build a-0",
    ] {
        assert!(seen.contains(words), "no {words} in {seen}");
    }
}

/// Bytes out of the registry for an empty and a filled store, and what becomes of one directory.
#[rstest]
#[case::both(Some([41, 1]), "refused", "consistent here")]
#[case::nothing_again(Some([41, 40]), "refused", "not reproduced here")]
#[case::can_share(Some([41, 1]), "safe", "not reproduced here")]
#[case::between(Some([41, 1]), "stale view", "inconclusive here")]
#[case::not_moved(None, "refused", "not measured here")]
#[case::not_tried(Some([41, 1]), "not made", "not measured here")]
fn the_cache_half_is_judged(
    #[case] bytes: Option<[u64; 2]>,
    #[case] class: &str,
    #[case] expected: &str,
) {
    let subject = "trixie docker whole";
    let mut rows = match class {
        "refused" => refuses(subject, REFUSED),
        "not made" => vec![crate::nests::trial("sharing", subject, "place", "not made")],
        class => ran(subject, class, ""),
    };
    for (arm, bytes) in ["docker-cold", "docker-warm"]
        .iter()
        .zip(bytes.into_iter().flatten())
    {
        rows.push(Trial {
            bytes: Some(bytes * 1_000_000),
            ..crate::nests::trial("moved", arm, "upstream", "ok")
        });
    }
    let (_, claims, _) = reported(&rows, 0);
    let b15 = claims.iter().find(|row| row["id"] == "B15");
    assert_eq!(b15.expect("a row")["claim_verdict"], expected, "{b15:?}");
}

#[test]
fn a_claim_of_two_halves_needs_both_records() {
    let place = workspace();
    let reference = place.path().join("results/reference");
    let found = json(&ledger(place.path(), &["--json"]));
    let absent = found["absent"].as_array().expect("a list");
    let remedy = absent.iter().find(|record| record["of"] == "cache-sharing");
    assert_eq!(
        remedy.expect("absent")["remedy"],
        "cargo xtask cache-sharing"
    );
    let rows = [cells(), moved()].concat();
    sharers::run(&reference.join("cache-sharing"), &rows, 12);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(paths(&found), ["results/reference/cache-sharing"]);
    assert_eq!(verdict(&found, "B3"), "confirmed: ");
    let half = "not-yet: storage-driver: no record; cache-sharing: confirmed";
    assert_eq!(verdict(&found, "B15"), half);
    let storage = reference.join("storage-driver");
    crate::facts::claimed(
        &storage,
        "storage-driver",
        &[
            ("B2", Here::Consistent),
            ("B15", Here::Consistent),
            ("C7", Here::Consistent),
        ],
    );
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(verdict(&found, "B15"), "confirmed: ");
    // A run without costs says nothing of the cache half, and is passed over.
    let own = place
        .path()
        .join("results/cache-sharing/20260101T000000Z-000000");
    sharers::run(&own, &cells(), 0);
    let found = json(&ledger(place.path(), &["--json"]));
    assert!(
        paths(&found).contains(&"results/reference/cache-sharing"),
        "{:?}",
        paths(&found)
    );
    // One that shares without harm speaks against one half.
    let own = place
        .path()
        .join("results/cache-sharing/20260102T000000Z-000000");
    let safe = ran("trixie docker whole", "safe", "");
    sharers::run(&own, &[safe, moved()].concat(), 12);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(verdict(&found, "B3"), "refuted: trixie docker");
    let halves = "depends: storage-driver: confirmed; cache-sharing: refuted: ";
    assert!(
        verdict(&found, "B15").starts_with(halves),
        "{}",
        verdict(&found, "B15")
    );
}

/// Leaves a run of three generations below `$MATRYOSHKA_LOOK`, to be looked at.
#[test]
#[ignore = "it only leaves a run to be looked at"]
fn a_run_to_look_at() {
    let Some(place) = std::env::var_os("MATRYOSHKA_LOOK") else {
        return;
    };
    let run = Path::new(&place).join("sharing");
    sharers::run(&run, &[cells(), moved()].concat(), 12);
    stdout(&report(&[&run]));
    stdout(&report(&[&run, "--lang".as_ref(), "es".as_ref()]));
}

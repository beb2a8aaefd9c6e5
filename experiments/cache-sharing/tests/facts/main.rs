//! What a run says, from outside: the facts that the program derives of synthetic runs.

mod made;
mod said;

use facts::{Grid, Here, Lang, Page, Tile};
use made::{LIST, REFUSED, WAYS, cell, cells, moved, ran, refuses, search};
use measure::Trial;
use rstest::rstest;
use said::{here, row_of, said, section, sharing, text};
use synthetic::{Row, trial};

const IMAGE: &str = "trixie docker image-and-layers";
const MEANT: &str = "trixie docker archive";

fn placed(subject: &str, outcome: &str) -> Vec<Trial> {
    vec![trial("sharing", subject, "place", outcome)]
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
#[case::not_here(placed(IMAGE, "not on this kernel"), "not on this kernel", "not on this kernel")]
#[case::not_root(placed(IMAGE, "not without root"), "not without root", "not without root")]
#[case::not_made(placed(IMAGE, "not made"), "not made", "not made")]
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
    let text = section(&[one, other].concat());
    assert_eq!(text.matches("| – nothing known | ").count(), 1, "{text}");
    assert!(text.contains("| – | – | who knows 30 |"), "{text}");
    let unknown = row_of(&refuses(IMAGE, "who knows"));
    assert_eq!([&*unknown["fingerprint"], &*unknown["words"]], ["", "who knows"]);
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
    let facts = said(&[ran(IMAGE, "safe", ""), found].concat(), 0);
    let text = text(&facts, Lang::En);
    assert_eq!(sharing(&facts)[0]["search_class"], "corrupt");
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
    let facts = said(&[ran(MEANT, "safe", ""), found].concat(), 0);
    let (rows, text) = (sharing(&facts), text(&facts, Lang::En));
    let found = ["search", "shortest", "class"].map(|column| rows[0][column].as_str());
    assert_eq!(found, [expected, "", "corrupt"]);
    assert!(text.contains(words), "{text}");
}

/// An engine that fills what both share, and then both.
#[test]
fn operations_of_all_steps_are_counted() {
    let mut rows = ran(MEANT, "safe", "");
    let filled = trial("sharing", MEANT, "operations", "7 of 8");
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

/// The tile of a way of a generation.
fn tile<'a>(grid: &'a Grid, way: &str, generation: &str) -> &'a Tile {
    let mut rows = grid.panels[0].groups.iter().flat_map(|group| &group.rows);
    let row = rows.find(|row| row.name == way).expect("a row");
    let mut columns = grid.columns.iter();
    let column = columns.position(|name| name == generation);
    row.tiles[column.expect("a column")].as_ref().expect("a tile")
}

#[test]
fn a_run_of_three_generations_is_read() {
    let facts = said(&[cells(), moved()].concat(), 12);
    let english = text(&facts, Lang::En);
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
        assert!(english.contains(words), "no {words} in {english}");
    }
    assert_eq!(facts.shown, ["sharing", "search", "moved"]);
    let found = ["B3", "B15"].map(|id| here(&facts, id));
    assert_eq!(found, [Some(Here::Consistent); 2]);
    let rows = sharing(&facts);
    let of_ways = WAYS.iter().map(|(_, _, generations)| generations.len());
    assert_eq!(rows.len(), of_ways.sum::<usize>());
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
    assert_eq!(order[..4], ["whole", "whole", "whole", "whole-own-containerd"]);
    let pages = &facts.pages;
    lines(&pages[&Lang::En]);
    tiles(&pages[&Lang::En].grids[0]);
    let spanish = text(&facts, Lang::Es);
    for words in [
        "## Compartir una caché entre motores",
        "Nunca: daña datos en",
        "### Qué cuesta cada manera",
    ] {
        assert!(spanish.contains(words), "no {words} in {spanish}");
    }
    assert_eq!(pages[&Lang::Es].grids.len(), 1);
}

fn lines(page: &Page) {
    let lines = page.lines.join("\n");
    for words in ["volume-database-locked: ", LIST] {
        assert!(lines.contains(words), "no {words} in {lines}");
    }
}

fn tiles(grid: &Grid) {
    assert_eq!(grid.name, "sharing");
    for (way, sign, word, below, beside) in [
        ("whole", "■", "refused", "after 12.3 s", ""),
        ("image-and-layers", "◆", "lost acknowledged data", "damage by 3 operations", ""),
        ("after-power-cut", "✖", "corrupt", "", ""),
        ("image-and-layers-read-only", "△", "jobs fail", "", ""),
        ("archive", "●", "safe", "", "×0.6"),
    ] {
        let tile = tile(grid, way, "trixie");
        let outcome = &grid.outcomes[tile.outcome];
        assert_eq!([&outcome.sign, grid.word(tile)], [sign, word], "{way}");
        let found = tile.below.first().map_or("", String::as_str);
        assert_eq!(found, below, "{way}");
        assert!(tile.beside.starts_with(beside), "{way}: {}", tile.beside);
    }
    let groups = grid.panels[0].groups.iter().flat_map(|group| &group.rows);
    let tiles = groups.flat_map(|row| row.tiles.iter().flatten());
    let priced = tiles.filter(|tile| !tile.beside.is_empty());
    assert_eq!(priced.count(), 6, "six ways");
    assert!(grid.notes[0].starts_with("×1.00: "), "{:?}", grid.notes);
}

/// The line of advice of a way.
fn advice(text: &str, way: &str) -> String {
    let row = text.lines().find(|line| line.starts_with(&format!("| `{way}`")));
    let row = row.expect("a row").trim_end_matches(" |");
    row.rsplit(" | ").next().expect("a column").to_owned()
}

/// What is unsafe in one generation is advised in none, whatever it costs.
#[test]
fn advice_follows_what_was_seen() {
    let text = self::text(&said(&[cells(), moved()].concat(), 12), Lang::En);
    for (way, words) in [
        ("docker copy-of-filled", "● Safe in bookworm, trixie, forky. Fill a store once"),
        ("docker image", "■ Never: it damages data in trixie."),
        ("docker whole", "◐ Not to be relied on: it does not hold in bookworm, trixie, forky."),
        ("docker next-generation", "◐ Not to be relied on: it does not hold in bookworm."),
        // Slower than with an empty store.
        ("docker buildx-cache", "◐ Safe in trixie, forky, and slower than an empty store"),
        ("docker after-kill", "Files are left behind in bookworm, trixie, forky."),
        ("docker snapshots", "– No advice: in forky nothing was tried to its end."),
    ] {
        let told = advice(&text, way);
        assert!(told.contains(words), "{way}: {told}");
    }
    // The cheapest one has lost something in one generation.
    let subject = "bookworm docker copy-of-filled";
    let harmed = ran(subject, "lost acknowledged data", "lost acknowledged data: x");
    let others = cells().into_iter().filter(|row| row.subject != subject);
    let rows: Vec<Trial> = others.chain(harmed).chain(moved()).collect();
    let text = self::text(&said(&rows, 12), Lang::En);
    let told = advice(&text, "docker copy-of-filled");
    assert!(told.starts_with("■ Never: it damages data in bookworm."), "{told}");
    assert!(text.contains("the cheapest are: docker, `archive` (0.6"), "{text}");
    // What holds and is promised by nobody is nothing to build on.
    let text = section(&ran("trixie docker layers", "safe", ""));
    let told = advice(&text, "docker layers");
    assert!(told.starts_with("◐ No damage was seen in trixie, and nobody"), "{told}");
    let text = section(&ran("trixie docker of-tomorrow", "safe", ""));
    let told = advice(&text, "docker of-tomorrow");
    assert_eq!(told, "– No advice: this way is not known.");
}

#[test]
fn a_row_that_names_no_cell_is_said() {
    let mut rows = cell(IMAGE);
    rows.push(trial("sharing", "docker whole", "verdict", "safe"));
    let text = section(&rows);
    let words = "name no cell, and are in no table: docker whole";
    assert!(text.contains(words), "{text}");
}

/// A job that fails is no time, and is said.
#[test]
fn a_job_that_fails_is_said() {
    let mut rows = cell(MEANT);
    let failed = trial("moved", "docker-archive", "job", "failed");
    rows.push(Trial { reason: "no space left on device".to_owned(), ..failed });
    let text = section(&rows);
    let words = "| `docker-archive` | ■ the job fails; no space left on device";
    assert!(text.contains(words), "{text}");
    let told = advice(&text, "docker archive");
    assert!(told.contains("it does not hold in trixie"), "{told}");
}

/// One that has no place for its store has not failed.
#[test]
fn a_job_without_a_place_is_said_and_is_no_failure() {
    let rows = |outcome: &str| {
        let mut rows = cell(MEANT);
        let job = trial("moved", "docker-archive", "job", outcome);
        rows.push(Trial { reason: "cp: Operation not supported".to_owned(), ..job });
        section(&rows)
    };
    let text = rows("not without root");
    let words = "| `docker-archive` | – not without root; cp: Operation not supported";
    assert!(text.contains(words), "{text}");
    assert!(!advice(&text, "docker archive").contains("it does not hold"), "{text}");
}

#[rstest]
#[case::refused_and_damaged(
    &["refused", "lost acknowledged data"], Some(Here::Consistent))]
#[case::damaged_whole(&["corrupt", "safe"], Some(Here::Consistent))]
#[case::all_safe(&["safe", "leaks"], Some(Here::NotReproduced))]
#[case::refused_and_safe(&["refused", "safe"], Some(Here::Inconclusive))]
#[case::safe_and_damaged(&["safe", "corrupt"], Some(Here::Inconclusive))]
#[case::never_tried(&["not made", "corrupt"], Some(Here::Inconclusive))]
#[case::nothing_told(&["not made", "not made"], None)]
fn two_daemons_on_one_directory_are_judged(
    #[case] classes: &[&str; 2],
    #[case] expected: Option<Here>,
) {
    let ways = ["trixie docker whole", "trixie docker layers"];
    let mut rows: Vec<Trial> = Vec::new();
    for (subject, class) in ways.iter().zip(classes) {
        rows.extend(match *class {
            "refused" => refuses(subject, REFUSED),
            "not made" => placed(subject, "not made"),
            class => ran(subject, class, ""),
        });
    }
    // What other engines do is no matter of this claim.
    rows.extend(ran("trixie podman podman-whole", "corrupt", ""));
    rows.extend(ran("trixie docker after-kill", "corrupt", ""));
    assert_eq!(here(&said(&rows, 0), "B3"), expected);
}

#[test]
fn b3_tells_what_was_seen() {
    let facts = said(&cells(), 0);
    let b3 = facts.claims.iter().find(|claim| claim.of == "forky docker");
    let seen = &b3.expect("a claim").seen;
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
#[case::both(Some([41, 1]), "refused", Here::Consistent)]
#[case::nothing_again(Some([41, 40]), "refused", Here::NotReproduced)]
#[case::can_share(Some([41, 1]), "safe", Here::NotReproduced)]
#[case::between(Some([41, 1]), "stale view", Here::Inconclusive)]
#[case::not_moved(None, "refused", Here::NotMeasured)]
#[case::not_tried(Some([41, 1]), "not made", Here::NotMeasured)]
fn the_cache_half_is_judged(
    #[case] bytes: Option<[u64; 2]>,
    #[case] class: &str,
    #[case] expected: Here,
) {
    let subject = "trixie docker whole";
    let mut rows = match class {
        "refused" => refuses(subject, REFUSED),
        "not made" => placed(subject, "not made"),
        class => ran(subject, class, ""),
    };
    for (arm, bytes) in ["docker-cold", "docker-warm"].iter().zip(bytes.into_iter().flatten()) {
        rows.push(Trial {
            bytes: Some(bytes * 1_000_000),
            ..trial("moved", arm, "upstream", "ok")
        });
    }
    assert_eq!(here(&said(&rows, 0), "B15"), Some(expected));
}

//! The ledger of claims, from records that are made here and from those that are committed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Output;

use claims::{Expected, GENERATIONS, Recorder, Seen, expected};
use facts::Here;
use rstest::rstest;
use tempfile::TempDir;

use crate::facts::claimed;
use crate::support::*;

const REFERENCE: &str = "results/reference/claims";
const OWN: &str = "target/claims";
const README: &str = "# A project\n\n\
     <!-- claims: begin (cargo xtask claims --readme) -->\nold\n<!-- claims: end -->\n\nMore.\n";

/// What the ledger writes a part of itself into.
pub(crate) const PAGES: [&str; 2] = ["README.md", "results/findings.md"];

pub(crate) fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A workspace without any record.
pub(crate) fn workspace() -> TempDir {
    let place = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(place.path().join("results/reference")).expect("made");
    for page in PAGES {
        fs::write(place.path().join(page), README).expect("written");
    }
    place
}

/// A workspace whose committed checks saw what was expected, but for what the closure changes.
pub(crate) fn checked(change: impl Fn(&mut Seen)) -> TempDir {
    let place = workspace();
    for generation in GENERATIONS {
        record(&place.path().join(REFERENCE), generation, &change);
    }
    place
}

#[test]
fn links_that_lead_in_a_circle_are_not_followed() {
    let place = workspace();
    let reference = place.path().join("results/reference/syscalls");
    fs::create_dir(&reference).expect("made");
    symlink("..", reference.join("up")).expect("linked");
    symlink(".", reference.join("here")).expect("linked");
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(paths(&found), Vec::<&str>::new());
}

fn record(folder: &Path, generation: &str, change: impl Fn(&mut Seen)) {
    let recorder = Recorder::new(folder, generation);
    for row in expected(generation) {
        let mut seen = seen(generation, &row);
        change(&mut seen);
        recorder.append(&seen).expect("a row");
    }
}

fn seen(generation: &str, row: &Expected) -> Seen {
    let first = row.outcome.split('|').next().unwrap_or_default();
    Seen {
        when: "2026-01-02T03:04:05Z".to_owned(),
        revision: "0123456789".to_owned(),
        generation: generation.to_owned(),
        engines: "docker 1, podman 2".to_owned(),
        kernel: "6.1.2".to_owned(),
        sandbox: "user".to_owned(),
        test: format!("{}::{}", row.property, row.pattern),
        property: row.property.clone(),
        pattern: row.pattern.to_owned(),
        expected: row.outcome.clone(),
        seen: first.to_owned(),
        detail: format!("words of {}", row.pattern),
        ..Seen::default()
    }
}

/// Whether this is a row of what the socket needs: all that A7 speaks of.
fn is_a7(row: &Seen) -> bool {
    (row.property.as_str(), row.pattern.as_str()) == ("without-privilege", "dood")
}

pub(crate) fn ledger(place: &Path, args: &[&str]) -> Output {
    let args = args.iter().map(Path::new);
    let args: Vec<&Path> =
        ["claims".as_ref(), "--root".as_ref(), place].into_iter().chain(args).collect();
    report(&args)
}

pub(crate) fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// `word: why` of a claim.
pub(crate) fn verdict(ledger: &serde_json::Value, id: &str) -> String {
    let claims = ledger["claims"].as_array().expect("a list");
    let claim = claims.iter().find(|claim| claim["id"] == id);
    let verdict = &claim.expect("the claim")["verdict"];
    let [word, why] = ["word", "why"].map(|part| verdict[part].as_str().expect("text"));
    format!("{word}: {why}")
}

pub(crate) fn paths(ledger: &serde_json::Value) -> Vec<&str> {
    let sources = ledger["sources"].as_array().expect("a list");
    sources.iter().filter_map(|source| source["path"].as_str()).collect()
}

#[test]
fn one_generation_may_differ() {
    let place = checked(|row| {
        if is_a7(row) && row.generation == "bookworm" {
            row.seen = "refused".to_owned();
            row.expected = "refused".to_owned();
        }
    });
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(verdict(&found, "A2"), "confirmed: ");
    let depends = "depends: bookworm: refuted: without-privilege (dood): refused; \
         trixie, forky: confirmed";
    assert_eq!(verdict(&found, "A7"), depends);
    let text = stdout(&ledger(place.path(), &[]));
    let (_, differing) = text.split_once("Differs between generations").expect("a table");
    let (differing, _) = differing.split_once("Not covered yet").expect("a table");
    let row = differing.lines().find(|line| line.contains("without-privilege"));
    let row: Vec<&str> = row.expect("a row").split_whitespace().collect();
    assert_eq!(row[2..6], ["dood", "refused", "works", "works"], "{text}");
    assert!(!text.contains("Not as expected"), "{text}");
}

#[test]
fn of_one_generation_the_others_say_nothing() {
    let place = checked(|row| {
        if is_a7(row) && row.generation == "bookworm" {
            row.seen = "refused".to_owned();
        }
    });
    let trixie = ledger(place.path(), &["--json", "--generation", "trixie"]);
    assert_eq!(trixie.status.code(), Some(0));
    assert_eq!(verdict(&json(&trixie), "A7"), "confirmed: ");
    assert_eq!(paths(&json(&trixie)), [format!("{REFERENCE}/trixie.csv")]);
    let bookworm = ledger(place.path(), &["--json", "--generation", "bookworm"]);
    assert_eq!(bookworm.status.code(), Some(1));
}

#[test]
fn a_check_that_was_not_as_expected_is_a_failure() {
    let place = checked(|row| {
        if is_a7(row) {
            row.seen = "refused".to_owned();
            row.detail = "permission denied".to_owned();
        }
    });
    let output = ledger(place.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stdout);
    let (_, failed) = text.split_once("Not as expected").expect("a table");
    assert_eq!(failed.matches("permission denied").count(), 3, "{text}");
    assert!(text.contains("■ refuted: without-privilege (dood): refused"), "{text}");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("3 of the checks"), "{error}");
    assert!(error.contains("help:"), "{error}");
}

#[test]
fn what_a_machine_could_not_see_another_one_may_have_seen() {
    let place = checked(|row| {
        if is_a7(row) {
            row.seen = String::new();
            row.detail = "this machine can't".to_owned();
        }
    });
    let other = place.path().join(REFERENCE).join("machines/other");
    // What both have seen stays as it was seen first.
    for generation in ["bookworm", "trixie"] {
        record(&other, generation, |row| {
            if !is_a7(row) {
                row.seen = "otherwise".to_owned();
            }
        });
    }
    let found = json(&ledger(place.path(), &["--json"]));
    let together = "not-yet: bookworm, trixie: confirmed: in part on the machine `other`; \
                    forky: without-privilege (dood): this machine can't";
    assert_eq!(verdict(&found, "A7"), together);
    assert_eq!(found["not_as_expected"].as_array().map(Vec::len), Some(0));
    assert!(paths(&found).contains(&"results/reference/claims/machines/other/trixie.csv"));

    record(&other, "forky", |_| {});
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(verdict(&found, "A7"), "confirmed: in part on the machine `other`");
    let text = stdout(&ledger(place.path(), &[]));
    assert!(text.contains("confirmed: in part on the machine `other`"), "{text}");

    // What is no machine's folder is none of its business.
    fs::write(place.path().join(REFERENCE).join("machines/notes.txt"), "\n").expect("a file");
    assert_eq!(text, stdout(&ledger(place.path(), &[])));
    let third = place.path().join(REFERENCE).join("machines/third");
    record(&third, "trixie", |row| {
        if is_a7(row) {
            row.seen = "otherwise".to_owned();
        }
    });
    let refused = ledger(place.path(), &[]);
    assert_eq!(refused.status.code(), Some(1));
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(error.contains("is not the same on two machines"), "{error}");
    assert!(error.contains("other") && error.contains("otherwise on `third`"), "{error}");
}

/// A verdict of another kind of lab than the record's is not taken for one of that kind.
#[test]
fn what_another_kind_of_lab_has_seen_is_said_to_be_of_it() {
    let place = checked(|row| {
        if is_a7(row) && row.generation == "trixie" {
            row.seen = String::new();
        }
    });
    let other = place.path().join(REFERENCE).join("machines/other");
    record(&other, "trixie", |row| row.sandbox = "root".to_owned());
    let found = json(&ledger(place.path(), &["--json"]));
    let said = "confirmed: trixie: in part on the machine `other`, in a lab of the kind `root`";
    assert_eq!(verdict(&found, "A7"), said);
}

#[test]
fn what_could_not_be_seen_decides_nothing() {
    let place = checked(|row| {
        if is_a7(row) && row.generation == "forky" {
            row.seen = String::new();
            row.detail = "no memory controller".to_owned();
        }
    });
    let output = ledger(place.path(), &["--json"]);
    assert_eq!(output.status.code(), Some(0));
    let verdict = verdict(&json(&output), "A7");
    assert!(verdict.starts_with("not-yet: bookworm, trixie: confirmed"), "{verdict}");
    assert!(verdict.ends_with("without-privilege (dood): no memory controller"), "{verdict}");
    let text = stdout(&ledger(place.path(), &[]));
    let (_, unseen) = text.split_once("Not looked at").expect("a table");
    assert!(unseen.contains("no memory controller"), "{text}");
    assert!(!text.contains("Not as expected"), "{text}");
}

type Damage = fn(&str) -> String;

#[rstest]
#[case::in_half(|text: &str| text[..text.len() / 2].to_owned(), "forky.csv")]
#[case::within_the_last_row(|text: &str| text[..text.len() - 4].to_owned(), "torn")]
#[case::a_column_less(|text: &str| text.replacen(",user,", ",", 1), "fields")]
#[case::of_another(|text: &str| text.replacen(",forky,", ",trixie,", 1), "a row of trixie")]
fn a_damaged_record_is_one_clear_error(#[case] damage: Damage, #[case] words: &str) {
    let place = checked(|_| {});
    let file = place.path().join(REFERENCE).join("forky.csv");
    let sound = fs::read_to_string(&file).expect("a record");
    fs::write(&file, damage(&sound)).expect("damaged");
    let text = refused(&ledger(place.path(), &[]), 1);
    assert!(text.contains("forky.csv is no record of checks"), "{text}");
    assert!(text.contains(words), "{text}");
}

#[test]
fn own_records_come_first_and_are_not_mixed_with_others() {
    let place = checked(|_| {});
    let own = place.path().join(OWN);
    record(&own, "trixie", |row| row.generation = "trixie".to_owned());
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(paths(&found), [format!("{OWN}/trixie.csv")]);
    assert_eq!(found["sources"][0]["own"], true);
    assert_eq!(found["sources"][0]["complete"], true);
    assert_eq!(found["sources"][0]["present"], false);
    let found = json(&ledger(place.path(), &["--json", "--reference"]));
    let all = GENERATIONS.map(|generation| format!("{REFERENCE}/{generation}.csv"));
    assert_eq!(paths(&found), all);
    let forky = ledger(place.path(), &["--json", "--generation", "forky"]);
    assert_eq!(paths(&json(&forky)), [format!("{REFERENCE}/forky.csv")]);
}

#[test]
fn half_a_record_is_said_to_be_one() {
    let place = workspace();
    let recorder = Recorder::new(&place.path().join(OWN), "trixie");
    let rows = expected("trixie");
    recorder.append(&seen("trixie", &rows[0])).expect("a row");
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(found["sources"][0]["complete"], false);
    let text = stdout(&ledger(place.path(), &[]));
    assert!(text.contains(&format!("only 1 of {} were run", rows.len())), "{text}");
    assert!(text.contains("exp4: no record (`cargo xtask exp4` makes one)"), "{text}");
}

/// The newest of one's own runs that is complete and speaks of the claim.
#[test]
fn the_newest_complete_run_is_taken() {
    let place = workspace();
    let runs = place.path().join("results/syscalls");
    let sample = |arm: &measure::Arm, times: u64| {
        let slower = if arm.level == 2 { 300 } else { 100 };
        Ok(slower * 1_000_000 + times * times * 7_919 % 1_000_000)
    };
    let make = |run: &Path, blocks| {
        make(run, &SYSCALLS, blocks, sample);
        let manifest = run.join("manifest.json");
        let text = fs::read_to_string(&manifest).expect("a manifest");
        fs::write(&manifest, text.replacen("\"syscall\"", "\"syscalls\"", 1)).expect("written");
        say(run);
    };
    make(&runs.join("20260101T000000Z-000000"), 15);
    let newest = runs.join("20260102T000000Z-000000");
    make(&newest, 15);
    let interrupted = runs.join("20260103T000000Z-000000");
    make(&interrupted, 15);
    let manifest = interrupted.join("manifest.json");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(&manifest, text.replacen("\"complete\"", "\"running\"", 1)).expect("written");
    // One block has no interval, and says nothing.
    make(&runs.join("20260104T000000Z-000000"), 1);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(paths(&found), ["results/syscalls/20260102T000000Z-000000"]);
    assert_eq!(verdict(&found, "A18"), "confirmed: ");
    fs::remove_file(newest.join("blocks.csv")).expect("removed");
    // A broken one of one's own is told and left out; what is there beside it counts.
    let output = ledger(place.path(), &["--json"]);
    assert_eq!(paths(&json(&output)), ["results/syscalls/20260101T000000Z-000000"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("left out: ") && told.contains("20260102T000000Z-000000"), "{told}");
}

/// Of a committed run it is an error, of one's own a word and no evidence.
#[rstest]
#[case::unknown("Z9", "Z9, which no table")]
#[case::twice("A18", "A18 twice")]
fn what_facts_say_beside_the_table_is_told(#[case] id: &str, #[case] why: &str) {
    let place = workspace();
    let results = place.path().join("results");
    let own = results.join("syscalls/20260101T000000Z-000000");
    let said = [("A18", Here::Consistent), ("A18", Here::Consistent)];
    claimed(&own, "syscalls", &said);
    let facts = own.join("facts.json");
    let text = fs::read_to_string(&facts).expect("read");
    fs::write(&facts, text.replacen("\"A18\"", &format!("{id:?}"), 1)).expect("written");
    let output = ledger(place.path(), &["--json"]);
    assert_eq!(paths(&json(&output)), [""; 0]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("left out: ") && told.contains(why), "{told}");
    fs::create_dir_all(results.join("reference")).expect("made");
    fs::rename(&own, results.join("reference/syscalls")).expect("moved");
    let told = refused(&ledger(place.path(), &[]), 1);
    assert!(told.contains(why), "{told}");
}

/// What is there and empty is no record that nobody has taken.
#[test]
fn a_record_of_checks_without_rows_is_damaged() {
    let place = checked(|_| ());
    fs::write(place.path().join(REFERENCE).join("trixie.csv"), "").expect("written");
    let told = refused(&ledger(place.path(), &[]), 1);
    assert!(told.contains("trixie.csv") && told.contains("it has no rows"), "{told}");
}

/// Half of a whole does not decide what the other half would, and is passed over.
#[test]
fn a_whole_is_a_run_of_all_its_parts() {
    let place = workspace();
    let run = place.path().join("results/exp4/20260101T000000Z-000000");
    let starts = ["A9", "A14", "A15", "A16"].map(|id| (id, Here::Consistent));
    claimed(&run.join("startup"), "startup", &starts);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(paths(&found), [""; 0]);
    claimed(&run.join("cpu"), "cpu", &[("A17", Here::NotReproduced)]);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(paths(&found), ["results/exp4/20260101T000000Z-000000"]);
    assert_eq!(verdict(&found, "A9"), "confirmed: ");
    assert_eq!(verdict(&found, "A17"), "refuted: all");
}

#[test]
fn runs_and_checks_are_held_together() {
    let place = checked(|_| {});
    for run in ["exp4", "syscalls"] {
        let run = Path::new("results/reference").join(run);
        let to = place.path().join(&run);
        symlink(committed().join(&run).canonicalize().expect("a run"), to).expect("linked");
    }
    let found = json(&ledger(place.path(), &["--json"]));
    for (id, words) in [
        ("A9", &["confirmed: "][..]),
        ("A14", &["depends: consistent here: "]),
        ("A15", &["consistent here: podman-nested", "not reproduced here: dind/docker"]),
        ("A17", &["refuted: docker/bare 2.68, dind/bare"]),
        ("A18", &["depends: ", "inconclusive here: 2 of 12"]),
    ] {
        let verdict = verdict(&found, id);
        assert!(words.iter().all(|words| verdict.contains(words)), "{id}: {verdict}");
    }
    let not_covered = found["not_covered"].as_array().expect("a list");
    assert!(not_covered.iter().any(|claim| claim["held_by"] == "sidecar"));
}

#[test]
fn the_ledger_is_written_between_its_marks() {
    let place = checked(|row| {
        if is_a7(row) {
            row.seen = "refused".to_owned();
            row.expected = "refused".to_owned();
        }
    });
    let wrong = Recorder::new(&place.path().join(REFERENCE), "trixie-mutations");
    let row = &expected("trixie")[0];
    let rejected = Seen {
        test: "mutation::engine::dind::dind_on_the_nodes_socket".to_owned(),
        pattern: "dind-on-the-nodes-socket".to_owned(),
        seen: "the outer's".to_owned(),
        ..seen("trixie", row)
    };
    wrong.append(&rejected).expect("a row");
    // One's own records have no part in it.
    record(&place.path().join(OWN), "trixie", |_| {});
    stdout(&ledger(place.path(), &["--readme"]));
    let written = || PAGES.map(|page| fs::read_to_string(place.path().join(page)).expect("a page"));
    let [readme, findings] = written();
    let (before, after) = ("# A project\n\n<!-- claims: begin", "claims: end -->\n\nMore.\n");
    for page in [&readme, &findings] {
        let is_whole = page.starts_with(before) && page.ends_with(after);
        assert!(is_whole && !page.contains("\nold\n"), "{page}");
        assert!(page.contains("claims: ") && page.contains(" confirmed, "), "{page}");
    }
    assert!(readme.lines().count() < 10, "{readme}");
    let row = "[A7](reference/claims/ledger.md#a7)";
    assert!(findings.contains(row), "{findings}");
    assert!(findings.contains("● confirmed: A1, A2,"), "{findings}");
    assert!(findings.lines().count() < 25, "{findings}");
    let page = fs::read_to_string(place.path().join(REFERENCE).join("ledger.md")).expect("a page");
    for words in [
        "\n### A7\n",
        "| engine | dind | dind-on-the-nodes-socket | the outer's | ● rejected |",
        "| without-privilege (dood) | works | ■ refused | words of dood |",
        "| Does the pattern work in a container without --privileged? | refused | refused |",
        "Of exp4 there is no record",
    ] {
        assert!(page.contains(words), "no {words} in {page}");
    }
    stdout(&ledger(place.path(), &["--readme"]));
    assert_eq!([readme, findings], written());
}

#[rstest]
#[case::no_marks("# A project\n")]
#[case::half(&README[..80])]
#[case::twice(&[README, README].concat())]
#[case::the_wrong_way("<!-- claims: end --> <!-- claims: begin (cargo xtask claims --readme) -->")]
fn a_page_without_marks_is_left_alone(
    #[case] text: &str,
    #[values("README.md", "results/findings.md")] page: &str,
) {
    let place = workspace();
    fs::write(place.path().join(page), text).expect("written");
    let error = refused(&ledger(place.path(), &["--readme"]), 1);
    assert!(error.contains("lacks the marks for the ledger"), "{error}");
    for of in PAGES {
        let expected = if of == page { text } else { README };
        let now = fs::read_to_string(place.path().join(of)).expect("a page");
        assert_eq!(now, expected);
    }
    assert!(!place.path().join(REFERENCE).exists());
}

#[rstest]
#[case::nowhere("no-such-folder")]
#[case::no_results("results/reference")]
fn what_is_no_workspace_is_wrong_usage(#[case] folder: &str) {
    let place = workspace();
    let error = refused(&ledger(&place.path().join(folder), &[]), 2);
    assert!(error.contains("is not the folder of a workspace"), "{error}");
}

/// Ledger and numbers are those of the committed records, whichever there are.
#[test]
fn the_committed_pages_are_those_of_the_committed_records() {
    let place = workspace();
    let [from, to] = [&committed(), place.path()].map(|root| root.join("results"));
    let from = from.canonicalize().expect("a folder");
    let link = |from: &Path, to: &Path| {
        for entry in fs::read_dir(from).expect("a folder") {
            let entry = entry.expect("an entry");
            let to = to.join(entry.file_name());
            if !to.exists() && entry.file_name() != "claims" {
                symlink(entry.path(), to).expect("linked");
            }
        }
    };
    link(&from, &to);
    link(&from.join("reference"), &to.join("reference"));
    fs::create_dir_all(place.path().join(REFERENCE)).expect("made");
    for file in fs::read_dir(from.join("reference/claims")).expect("records") {
        let file = file.expect("a file");
        let to = place.path().join(REFERENCE).join(file.file_name());
        if file.path().is_dir() {
            symlink(file.path(), to).expect("linked");
        } else {
            fs::copy(file.path(), to).expect("copied");
        }
    }
    for page in PAGES {
        fs::copy(committed().join(page), place.path().join(page)).expect("copied");
    }
    stdout(&ledger(place.path(), &["--readme"]));
    for file in PAGES.into_iter().chain(["results/reference/claims/ledger.md"]) {
        let [ours, theirs] = [place.path(), &committed()]
            .map(|root| fs::read_to_string(root.join(file)).expect("a page"));
        assert!(ours == theirs, "{file} is old: run `cargo xtask claims --readme`");
    }
}

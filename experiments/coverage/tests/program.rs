//! The program as a stranger runs it, with few replicates.

use std::process::{Command, Output};

use rstest::rstest;

fn coverage(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_coverage")).args(arguments).output().expect("the program")
}

#[test]
fn the_whole_protocol_holds_and_leaves_its_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("new/coverage");
    let out = out.to_str().expect("UTF-8");
    let output = coverage(&["--replicates", "100", "--out", out]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(!said.contains("NOT MET"), "{said}");

    let file = |name: &str| std::fs::read(format!("{out}/{name}")).expect("a file");
    let rows = |name: &str| {
        let table = file(name);
        let rows = csv::Reader::from_reader(&table[..]).into_records();
        rows.collect::<Result<Vec<_>, _>>().expect("rows")
    };
    let cells = rows("coverage.csv").len();
    assert!(cells > 1_500, "{cells} cells");
    let cells = cells.to_string();
    let criteria = rows("criteria.csv");
    assert_eq!(criteria.len(), 17);
    for criterion in criteria {
        let fields: Vec<&str> = criterion.iter().collect();
        assert_eq!(fields[..3], ["1", "100", cells.as_str()]);
        assert_eq!(fields[5], "true");
    }
    let made = file("facts.json");
    assert_eq!(coverage(&["derive", out]).status.code(), Some(0));
    assert!(file("facts.json") == made, "facts are those of the tables");
}

/// A copy of what is committed, with one file changed.
fn committed(change: impl Fn(&str, String) -> String) -> tempfile::TempDir {
    let results = concat!(env!("CARGO_MANIFEST_DIR"), "/../../results/coverage");
    let place = tempfile::tempdir().expect("a folder");
    for name in ["coverage.csv", "criteria.csv"] {
        let text = std::fs::read_to_string(format!("{results}/{name}")).expect("a file");
        std::fs::write(place.path().join(name), change(name, text)).expect("written");
    }
    place
}

fn refused(folder: &std::path::Path, exit: i32, words: &str) {
    let output = coverage(&["derive", folder.to_str().expect("UTF-8")]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(words), "{said}");
    assert_eq!(output.status.code(), Some(exit), "{said}");
    assert!(!folder.join("facts.json").exists());
}

/// What is committed is of the protocol and the criteria of today: whoever changes one of them has to
/// simulate again.
#[test]
fn what_is_committed_is_of_this_protocol_and_these_criteria() {
    let place = committed(|_, text| text);
    let output = coverage(&["derive", place.path().to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[rstest]
#[case::a_column_less("coverage.csv", ",pass,", ",", "found record with")]
#[case::another_column("coverage.csv", ",pass,", ",passed,", "line 1 does not")]
#[case::no_number("coverage.csv", ",9672,0.967200", ",9672,NaN", "line 3 does not")]
#[case::no_count("coverage.csv", ",9672,", ",many,", "line 3 has no counts")]
#[case::an_unknown_rule("coverage.csv", "\n1 median", "\n9 mean", "line 2 does not")]
#[case::more_than_all("coverage.csv", ",10000,9672,", ",10001,9672,", "line 3 has no counts")]
#[case::another_share("coverage.csv", ",9672,0.967200", ",9672,0.967300", "line 3 does not")]
#[case::another_verdict(
    "coverage.csv",
    "0.943000,true,true",
    "0.943000,false,true",
    "line 3 does not"
)]
#[case::another_simulation("criteria.csv", "\n1,10000,", "\n2,10000,", "line 3 does not")]
#[case::other_replicates("criteria.csv", "\n1,10000,", "\n1,9000,", "has no counts of 9000")]
#[case::no_verdict("criteria.csv", ",true\n", ",perhaps\n", "line 2 does not")]
fn damage_is_a_clear_error(
    #[case] file: &str,
    #[case] sound: &str,
    #[case] damaged: &str,
    #[case] words: &str,
) {
    let place = committed(|name, text| {
        if name == file {
            assert!(text.contains(sound), "the edit has an effect");
            text.replacen(sound, damaged, 1)
        } else {
            text
        }
    });
    refused(place.path(), 1, words);
}

#[test]
fn a_table_cut_short_is_a_clear_error() {
    let cut = |name: &str, text: String| {
        let rows = if name == "coverage.csv" { 100 } else { 10 };
        text.split_inclusive('\n').take(rows).collect()
    };
    refused(committed(cut).path(), 1, "99 of 2309 cells");
}

#[rstest]
fn a_folder_without_a_simulation_is_wrong_usage(
    #[values("coverage.csv", "criteria.csv")] missing: &str,
) {
    let place = committed(|_, text| text);
    std::fs::remove_file(place.path().join(missing)).expect("removed");
    refused(place.path(), 2, "cargo xtask coverage");
}

#[test]
fn too_few_replicates_are_wrong_usage() {
    let output = coverage(&["--replicates", "99"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_folder_that_cannot_be_made_is_said_before_the_work() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let inside = file.path().join("out");
    let output = coverage(&["--out", inside.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("--out DIR"), "{said}");
}

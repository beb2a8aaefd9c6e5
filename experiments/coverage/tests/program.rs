//! The program as a stranger runs it, with few replicates.

use std::process::{Command, Output};

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
    assert_eq!(criteria.len(), 9);
    for criterion in criteria {
        let fields: Vec<&str> = criterion.iter().collect();
        assert_eq!(fields[..3], ["1", "100", cells.as_str()]);
        assert_eq!(fields[5], "true");
    }
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

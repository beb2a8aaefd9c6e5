//! The simulation of coverage as a figure and a page, on the one that is stored.

use std::fs;
use std::path::{Path, PathBuf};

use rstest::rstest;

use crate::support::*;

const SIMULATED: [&str; 2] = ["coverage.csv", "criteria.csv"];
const DRAWN: [&str; 3] = ["coverage.md", "coverage.svg", "coverage.png"];

fn stored() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/coverage")
}

/// A copy of what was simulated, with one file changed.
fn simulated(change: impl Fn(&str, String) -> String) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    for name in SIMULATED {
        let text = fs::read_to_string(stored().join(name)).expect("a stored file");
        fs::write(place.path().join(name), change(name, text)).expect("written");
    }
    place
}

fn draw(folder: &Path) -> std::process::Output {
    report(&["coverage".as_ref(), folder])
}

#[test]
fn the_stored_figure_and_page_are_those_of_the_stored_cells() {
    let place = simulated(|_, text| text);
    stdout(&draw(place.path()));
    for name in DRAWN {
        let [ours, theirs] = [place.path(), &stored()].map(|folder| fs::read(folder.join(name)));
        assert!(ours.expect("drawn") == theirs.expect("stored"), "{name}");
    }
    for name in SIMULATED {
        let [ours, theirs] = [place.path(), &stored()].map(|folder| fs::read(folder.join(name)));
        assert!(ours.expect("there") == theirs.expect("stored"), "{name}");
    }
    let (width, height, colours) = picture(&place.path().join("coverage.png"));
    assert!((width, height) == (2100, 1500) && colours > 20, "{colours}");
}

#[test]
fn what_was_not_met_is_said() {
    let place = simulated(|name, text| {
        if name == "criteria.csv" {
            text.replacen(",true\n", ",false\n", 1)
        } else {
            // A cell of continuous iid data far below what is required and exact.
            text.replacen(
                "10000,10000,9672,0.967200,0.968750,0.001740,0.943000,true,true",
                "10000,10000,9000,0.900000,0.968750,0.001740,0.943000,false,true",
                1,
            )
        }
    });
    stdout(&draw(place.path()));
    let page = fs::read_to_string(place.path().join("coverage.md")).expect("a page");
    for expected in [
        "8 of 9 criteria are met",
        "| ■ no |",
        "| 1 median | 6 | 14 | 90.0 % |",
        "| 1 median | 6 | lognormal 0.1 | iid | 1 | -39.5 |",
    ] {
        assert!(page.contains(expected), "no {expected} in {page}");
    }
}

#[rstest]
#[case::a_column_less("coverage.csv", ",pass,", ",", 1, "the columns are not rule,n")]
#[case::no_number(
    "coverage.csv",
    "10000,10000,9672,0.967200",
    "10000,10000,9672,NaN",
    1,
    "between 0 and 1"
)]
#[case::no_count("coverage.csv", ",9672,", ",many,", 1, "line: 3")]
#[case::an_unknown_rule("coverage.csv", "\n1 median", "\n9 mean", 1, "9 mean")]
#[case::more_than_all("coverage.csv", ",10000,9672,", ",10001,9672,", 1, "line 3")]
#[case::another_share("coverage.csv", ",9672,0.967200", ",9672,0.967300", 1, "of 9672 in 10000")]
#[case::another_verdict("coverage.csv", "0.943000,true,true", "0.943000,false,true", 1, "`pass`")]
#[case::a_cell_twice(
    "coverage.csv",
    "\n1 median,6,lognormal 0.1,iid,",
    "\n1 median,4,lognormal 0.1,iid,",
    1,
    "was there before"
)]
#[case::another_simulation("criteria.csv", "\n1,10000,", "\n2,10000,", 1, "several simulations")]
#[case::no_verdict("criteria.csv", ",true\n", ",perhaps\n", 1, "line: 2")]
fn damage_is_a_clear_error(
    #[case] file: &str,
    #[case] sound: &str,
    #[case] damaged: &str,
    #[case] exit: i32,
    #[case] words: &str,
) {
    let place = simulated(|name, text| {
        if name == file {
            assert!(text.contains(sound), "the edit has an effect");
            text.replacen(sound, damaged, 1)
        } else {
            text
        }
    });
    let text = refused(&draw(place.path()), exit);
    assert!(text.contains(words), "{text}");
    assert!(!place.path().join("coverage.md").exists());
}

#[test]
fn a_table_cut_short_is_a_clear_error() {
    let place = simulated(|name, text| {
        let rows = if name == "coverage.csv" { 100 } else { 10 };
        text.split_inclusive('\n').take(rows).collect()
    });
    let text = refused(&draw(place.path()), 1);
    assert!(text.contains("2244 cells"), "{text}");
}

#[rstest]
fn a_folder_without_a_simulation_is_wrong_usage(
    #[values("coverage.csv", "criteria.csv")] missing: &str,
) {
    let place = simulated(|_, text| text);
    fs::remove_file(place.path().join(missing)).expect("removed");
    let text = refused(&draw(place.path()), 2);
    assert!(text.contains("cargo xtask coverage"), "{text}");
    refused(&draw(&place.path().join("coverage.csv")), 2);
}

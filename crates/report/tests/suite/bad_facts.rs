//! Facts that no experiment of ours derives: a clear error, nothing beside the run's folder, and its
//! rows as they were.

use std::fs;
use std::path::Path;
use std::process::Command;

use facts::{Facts, Lang};
use rstest::rstest;
use serde_json::{Value, json};

use crate::facts::{page, take};
use crate::nests::Nested;
use crate::support::*;

/// A run with facts, and what they are as JSON.
fn run(out: &Path) -> Value {
    take(out, "test", "matrix");
    let pages = Lang::ALL.map(|lang| (lang, page(lang))).into();
    Facts { pages, ..Facts::default() }.write(out).expect("written");
    let text = fs::read_to_string(out.join("facts.json")).expect("read");
    serde_json::from_str(&text).expect("JSON")
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.path().is_file());
    let mut files: Vec<_> = files
        .map(|file| {
            let name = file.file_name().into_string().expect("text");
            (name, fs::read(file.path()).expect("read"))
        })
        .collect();
    files.sort();
    files
}

#[rstest]
#[case::beside("/tables", json!({ "../beside.csv": "x" }), "can't be named")]
#[case::elsewhere("/tables", json!({ "/tmp/elsewhere.csv": "x" }), "can't be named")]
#[case::rows("/tables", json!({ "samples.csv": "x" }), "is no table")]
#[case::same_rows("/tables", json!({ "./samples.csv": "x" }), "can't be named")]
#[case::manifest("/tables", json!({ "manifest.json": "x" }), "can't be named")]
#[case::of_a_report("/tables", json!({ "claims.csv": "x" }), "is no table")]
#[case::nothing("/tables", json!({ "": "x" }), "can't be named")]
#[case::figure_beside("/pages/en/grids/0/name", json!("../beside"), "can't be named")]
#[case::figure_of_a_report("/pages/es/levels/0/name", json!("forest"), "can't be named")]
#[case::figure_twice("/pages/en/levels/0/name", json!("tried"), "can't be named")]
#[case::language("/pages", json!({ "en": Value::Null }), "can't be read")]
#[case::outcome("/pages/en/grids/0/panels/0/groups/0/rows/0/tiles/0/outcome", json!(9), "no outcome 9")]
#[case::columns("/pages/en/grids/0/columns", json!(["one"]), "2 fields for 1 columns")]
#[case::plot("/pages/en/grids/0/plots/0/columns", json!([]), "0 fields for 2 columns")]
#[case::figure("/pages/en/section/1", json!({ "figure": 2 }), "no figure 2")]
#[case::folded("/pages/en/section/1", json!({ "details": ["x", [{ "figure": 9 }]] }), "no figure 9")]
#[case::heading("/pages/en/section/1", json!({ "heading": [0, "x"] }), "level 0")]
fn what_can_not_be_rendered_is_refused(
    #[case] pointer: &str,
    #[case] value: Value,
    #[case] why: &str,
) {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let mut facts = run(&out);
    *facts.pointer_mut(pointer).expect("a place") = value;
    fs::write(out.join("facts.json"), facts.to_string()).expect("written");
    let before = (files(place.path()), files(&out));
    let said = refused(&report(&[&out]), 1);
    assert!(said.contains(why), "{said}");
    assert!(before == (files(place.path()), files(&out)), "something was written");
}

/// Whatever a report writes, an experiment's own table or figure can't take its place.
#[test]
fn what_every_report_writes_has_its_name_alone() {
    let place = tempfile::tempdir().expect("a folder");
    let (out, nested) = (place.path().join("run"), place.path().join("nested"));
    let facts = run(&out);
    Nested::new().run(&nested, &["--blocks", "6"], |_, _| false);
    stdout(&report(&[&nested]));
    let written = files(&nested).into_iter().map(|(name, _)| name);
    let written: Vec<String> = written.collect();
    assert!(written.len() > 12, "{written:?}");
    for name in written {
        let mut facts = facts.clone();
        let (stem, ending) = name.rsplit_once('.').expect("an ending");
        if ending == "json" {
            continue;
        }
        if ending == "csv" {
            facts["tables"] = json!({ name: "x" });
        } else {
            facts["pages"]["en"]["grids"][0]["name"] = json!(stem);
        }
        fs::write(out.join("facts.json"), facts.to_string()).expect("written");
        refused(&report(&[&out]), 1);
    }
}

#[test]
fn a_page_that_is_missing_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let mut facts = run(&out);
    facts["pages"].as_object_mut().expect("pages").remove("es");
    fs::write(out.join("facts.json"), facts.to_string()).expect("written");
    assert!(refused(&report(&[&out]), 1).contains("its page in `es` is missing"));
}

/// What can't be read is not what is not there: no claim is lost without a word.
#[test]
fn facts_that_can_not_be_read_are_no_absence() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    run(&out);
    let path = out.join("facts.json");
    fs::write(&path, b"\xff\xfe{}").expect("written");
    assert!(refused(&report(&[&out]), 1).contains("facts.json can't be read"));
    fs::remove_file(&path).expect("removed");
    fs::create_dir(&path).expect("a folder");
    assert!(refused(&report(&[&out]), 1).contains("it is no file"));
    // Nothing is read of a run that does not say what it is.
    let manifest = out.join("manifest.json");
    let aside = place.path().join("manifest.json");
    fs::rename(&manifest, &aside).expect("moved");
    assert!(refused(&report(&[&out]), 2).contains("is not the folder of a run"));
    fs::rename(&aside, &manifest).expect("moved back");
    fs::remove_dir(&path).expect("removed");
    std::os::unix::fs::symlink("facts.json", &path).expect("a link to itself");
    assert!(refused(&report(&[&out]), 1).contains("facts.json can't be read"));
}

/// A pipe that nobody writes into is not waited for.
#[rstest]
#[case::facts("facts.json")]
#[case::samples("samples.csv")]
#[case::blocks("blocks.csv")]
#[case::trials("trials.csv")]
#[case::manifest("manifest.json")]
fn a_pipe_in_a_files_place_is_refused(#[case] name: &str) {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    make(&out, STARTUP, 6, |_, taken| Ok(2_000_000 + taken));
    let path = out.join(name);
    let _ = fs::remove_file(&path);
    let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
    assert!(made.success());
    let mut program = Command::new("timeout");
    program.args(["5", env!("CARGO_BIN_EXE_report")]).arg(&out);
    let said = program.output().expect("it runs");
    let text = String::from_utf8_lossy(&said.stderr);
    let is_refused = matches!(said.status.code(), Some(1 | 2)) && text.contains("it is no file");
    assert!(is_refused, "{:?} {text}", said.status);
}

/// A picture as tall as a house shows nobody anything, and takes half a minute to draw.
#[test]
fn a_grid_of_2000_rows_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let mut facts = run(&out);
    let rows = &mut facts["pages"]["en"]["grids"][0]["panels"][0]["groups"][0]["rows"];
    *rows = vec![rows[0].clone(); 2_000].into();
    fs::write(out.join("facts.json"), facts.to_string()).expect("written");
    let said = refused(&report(&[&out]), 1);
    assert!(said.contains("rows, more than 500"), "{said}");
}

/// A figure that is folded away is counted as those that are not.
#[test]
fn a_folded_figure_is_the_experiments_own() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    make(&out, STARTUP, 6, |_, taken| Ok(2_000_000 + taken));
    let pages = Lang::ALL.map(|lang| (lang, page(lang))).into();
    Facts { pages, ..Facts::default() }.write(&out).expect("written");
    let text = fs::read_to_string(out.join("facts.json")).expect("read");
    let mut facts: Value = serde_json::from_str(&text).expect("JSON");
    facts["pages"]["en"]["section"] = json!([{ "details": ["folded", [{ "figure": 1 }]] }]);
    fs::write(out.join("facts.json"), facts.to_string()).expect("written");
    stdout(&report(&[&out]));
    let page = fs::read_to_string(out.join("report.md")).expect("read");
    let folded = page.split("**folded**").nth(1).expect("folded");
    let first = folded.lines().find(|line| line.starts_with("![")).expect("a figure");
    assert!(first.ends_with("](steps.png)"), "{first}");
}

#[rstest]
#[case::beside("/experiment", json!("../beside"), "can't be named")]
#[case::axis("/figure/panels/0/range", json!([50.0, 50.0]), "has no axis")]
#[case::ticks("/figure/panels/0/ticks", json!(u32::MAX), "has no axis")]
#[case::figure("/pieces/0", json!({ "figure": 1 }), "no figure 1")]
fn a_sheet_that_can_not_be_rendered_is_refused(
    #[case] pointer: &str,
    #[case] value: Value,
    #[case] why: &str,
) {
    let place = tempfile::tempdir().expect("a folder");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/coverage/facts.json");
    let text = fs::read_to_string(committed).expect("read");
    let mut sheet: Value = serde_json::from_str(&text).expect("JSON");
    *sheet.pointer_mut(pointer).expect("a place") = value;
    let out = place.path().join("sheet");
    fs::create_dir(&out).expect("a folder");
    fs::write(out.join("facts.json"), sheet.to_string()).expect("written");
    let said = refused(&report(&[&out]), 1);
    assert!(said.contains(why), "{said}");
    assert_eq!((files(place.path()).len(), files(&out).len()), (0, 1));
}

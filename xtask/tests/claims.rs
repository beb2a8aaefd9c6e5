//! `cargo xtask claims` derives what own runs say where that is missing or old, and `--run` makes every
//! record that the report misses: with a cargo, a report and an experiment that are scripts.

mod found;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use found::{is_experiment, workspace};

/// What the report says: nothing is missing of the checks, and two runs are, whatever they are.
const LEDGER: &str = r#"#!/bin/sh
echo '{"sources": [{"of": "checks", "generation": "trixie", "own": true, "complete": true}],
       "absent": [{"of": "checks", "remedy": "cargo xtask claims --run"},
                  {"of": "one", "remedy": "cargo xtask NAME"},
                  {"of": "other", "remedy": "cargo xtask NAME --depth 40"}]}'
"#;

const EXPERIMENT: &str = "#!/bin/sh\necho \"called with:$*\" >> \"$CARGO_TARGET_DIR/calls\"\n";

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
}

/// The programs, and the name of an experiment.
fn programs(home: &Path) -> String {
    let metadata = workspace();
    let name = metadata.packages.iter().find(|package| is_experiment(package));
    let name = name.expect("an experiment").name.to_string();
    script(&home.join("bin/cargo"), "#!/bin/sh\n");
    script(&home.join("debug/report"), &LEDGER.replace("NAME", &name));
    script(&home.join("debug").join(&name), EXPERIMENT);
    name
}

/// What the experiment was called with, by `claims` with these arguments.
fn calls(home: &Path, args: &[&OsStr]) -> String {
    let path = std::env::var("PATH").expect("a path");
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("claims")
        .args(args)
        .env("PATH", format!("{}:{path}", home.join("bin").display()))
        .env("CARGO_TARGET_DIR", home)
        .output()
        .expect("xtask runs");
    assert!(output.status.success(), "{output:?}");
    fs::read_to_string(home.join("calls")).unwrap_or_default()
}

#[test]
fn every_missing_run_is_made() {
    let home = tempfile::tempdir().expect("a folder");
    programs(home.path());
    let calls = calls(home.path(), &["--run".as_ref()]);
    assert!(calls.ends_with("called with:\ncalled with:--depth 40\n"), "{calls}");
}

/// Of what an interrupted run says nothing is derived: the ledger passes it over.
#[test]
fn what_own_runs_say_is_derived_where_it_is_old() {
    let home = tempfile::tempdir().expect("a folder");
    let name = programs(home.path());
    let runs = home.path().join("results").join(&name);
    let run = |folder: &str, status: &str, facts_age_s: Option<u64>| {
        let run = runs.join(folder);
        fs::create_dir_all(&run).expect("made");
        let manifest = format!(r#"{{"experiment": "{name}", "status": "{status}"}}"#);
        fs::write(run.join("manifest.json"), manifest).expect("written");
        if let Some(age_s) = facts_age_s {
            let facts = fs::File::create(run.join("facts.json")).expect("made");
            let built = fs::metadata(home.path().join("debug").join(&name)).expect("built");
            let built = built.modified().expect("a time");
            let time = built + Duration::from_secs(600) - Duration::from_secs(age_s);
            facts.set_modified(time).expect("set");
        }
        run
    };
    run("0-new", "complete", Some(0));
    run("1-interrupted", "running", None);
    let old = run("2-old", "complete", Some(1200));
    let missing = run("3-missing", "complete", None);
    let root = [OsStr::new("--root"), home.path().as_os_str()];
    let reference = [&root[..], &["--reference".as_ref()]].concat();
    assert_eq!(calls(home.path(), &reference), "");
    let calls = calls(home.path(), &root);
    let mut calls: Vec<&str> = calls.lines().collect();
    calls.sort_unstable();
    let expected = [old, missing].map(|run| format!("called with:derive {}", run.display()));
    assert_eq!(calls, expected);
}

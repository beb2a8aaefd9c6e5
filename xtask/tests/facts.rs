//! What is committed of each run as facts is what its experiment would derive of the rows now.

mod found;
mod together;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use found::{is_experiment, workspace};
use together::together;

/// What says in a folder whose it is: of a run, and of what leaves no run.
const NAMING: [&str; 2] = ["manifest.json", "facts.json"];

#[test]
fn committed_facts_are_those_of_their_runs() {
    let metadata = workspace();
    let packages = metadata.packages.iter();
    let experiments = packages.filter(|package| is_experiment(package));
    let experiments: Vec<&str> = experiments.map(|package| package.name.as_str()).collect();
    let build = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--bins"])
        .args(experiments.iter().flat_map(|name| ["--package", name]))
        .status();
    assert!(build.expect("cargo runs").success());
    let mut runs = Vec::new();
    let results = metadata.workspace_root.as_std_path().join("results");
    find(&results, &mut runs);
    assert!(runs.len() > 8, "{runs:?}");
    let programs = metadata.target_directory.as_std_path().join("debug");
    let wrong = |run: &PathBuf| (!is_derived(run, &programs, &experiments)).then(|| run.clone());
    let wrong: Vec<PathBuf> = together(&runs, wrong).into_iter().flatten().collect();
    assert!(wrong.is_empty(), "`cargo xtask report RUN` derives: {wrong:?}");
}

fn find(folder: &Path, runs: &mut Vec<PathBuf>) {
    if NAMING.iter().any(|file| folder.join(file).is_file()) {
        runs.push(folder.to_owned());
    }
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        // What was measured here begins with its time, and is nobody's reference.
        let name = path.file_name().and_then(OsStr::to_str);
        let is_kept = name.is_some_and(|name| !name.starts_with(|c: char| c.is_ascii_digit()));
        if path.is_dir() && is_kept {
            find(&path, runs);
        }
    }
}

fn is_derived(run: &Path, programs: &Path, experiments: &[&str]) -> bool {
    let copy = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(run).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let to = copy.path().join(path.file_name().expect("a name"));
            fs::copy(&path, to).expect("copied");
        }
    }
    let facts = copy.path().join("facts.json");
    let committed = fs::read(&facts).unwrap_or_default();
    let _ = fs::remove_file(&facts);
    let naming = NAMING.iter().find_map(|file| fs::read(run.join(file)).ok()).expect("read");
    let naming: serde_json::Value = serde_json::from_slice(&naming).expect("JSON");
    let experiment = naming["experiment"].as_str().expect("a name");
    assert!(experiments.contains(&experiment), "{experiment}");
    let mut derive = Command::new(programs.join(experiment));
    let derived = derive.arg("derive").arg(copy.path()).status();
    assert!(derived.expect("it runs").success(), "{}", run.display());
    fs::read(&facts).expect("read") == committed
}

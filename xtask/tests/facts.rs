//! What is committed of each run as facts is what its experiment would derive of the rows now.

mod found;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use found::{is_experiment, workspace};

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
    for kept in ["reference", "checks"] {
        find(&results.join(kept), &mut runs);
    }
    assert!(runs.len() > 8, "{runs:?}");
    let programs = metadata.target_directory.as_std_path().join("debug");
    let wrong = |run: &&PathBuf| !is_derived(run, &programs, &experiments);
    let wrong: Vec<&PathBuf> = runs.iter().filter(wrong).collect();
    assert!(wrong.is_empty(), "`cargo xtask report RUN` derives: {wrong:?}");
}

fn find(folder: &Path, runs: &mut Vec<PathBuf>) {
    if folder.join("manifest.json").is_file() {
        runs.push(folder.to_owned());
    }
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
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
    let manifest = fs::read(run.join("manifest.json")).expect("read");
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
    let experiment = manifest["experiment"].as_str().expect("a name");
    assert!(experiments.contains(&experiment), "{experiment}");
    let mut derive = Command::new(programs.join(experiment));
    let derived = derive.arg("derive").arg(copy.path()).status();
    assert!(derived.expect("it runs").success(), "{}", run.display());
    fs::read(&facts).expect("read") == committed
}

//! An experiment is named in its own folder, and where people read of it.

mod found;

use std::process::Command;

use found::{is_experiment, workspace};

/// What names experiments still, and loses its place here when it does so no more.
const STILL: &[&str] = &[
    // Cargo wants profiles there: a simulation is slow without optimisation.
    "Cargo.toml",
    // The halves of a run whose parts are reported as one.
    "crates/facts/src/record.rs",
    "crates/fingerprints",
    "crates/report/tests",
];

/// Pages, records, and the ledger's table.
fn is_read(path: &str) -> bool {
    let names = ["README.md", "Cargo.lock", "claims.csv"];
    path.starts_with("results/") || names.iter().any(|name| path.ends_with(name))
}

/// Experiments that are called as the kernel, statistics and filters of system calls call something.
const WORDS: &[&str] = &["coverage", "cpu", "limits", "syscalls"];

/// How a file names an experiment. The name alone is also a word of the language.
fn forms(name: &str) -> Vec<String> {
    let quoted = [format!("\"{name}\""), format!("\"{name} "), format!("`{name}`")];
    let quoted = quoted.into_iter().filter(|_| !WORDS.contains(&name));
    quoted.chain([format!("xtask {name}"), format!("experiments/{name}")]).collect()
}

#[test]
fn only_its_own_folder_names_an_experiment() {
    let metadata = workspace();
    let root = metadata.workspace_root.as_std_path();
    let experiments = metadata.packages.iter().filter(|package| is_experiment(package));
    let names: Vec<&str> = experiments.map(|package| package.name.as_str()).collect();
    assert!(names.len() > 1, "{names:?}");
    let files = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("git runs");
    let files = String::from_utf8(files.stdout).expect("UTF-8");
    let mut unused = STILL.to_vec();
    let mut wrong = Vec::new();
    for path in files.lines().filter(|path| !is_read(path)) {
        // Gone, or no text.
        let Ok(text) = std::fs::read_to_string(root.join(path)) else {
            continue;
        };
        for name in &names {
            // A key of JSON is no experiment (one of them is also a setting of Docker's), nor is a metric.
            let text = text.replace(&format!("\"{name}\":"), "");
            let text = text.replace(&format!("Metric::new(\"{name}\""), "");
            let is_own = path.starts_with(&format!("experiments/{name}/"));
            let is_named = forms(name).iter().any(|form| text.contains(form))
                || path.ends_with("Cargo.toml") && text.contains(&format!("\n{name} = "));
            if is_own || !is_named {
                continue;
            }
            match STILL.iter().find(|place| path.starts_with(**place)) {
                Some(place) => unused.retain(|other| other != place),
                None => wrong.push(format!("{path} names {name}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(unused.is_empty(), "take them out of the list: {unused:?}");
}

//! `cargo xtask claims --run` makes every record that the report misses: with a cargo, a report and an
//! experiment that are scripts.

mod found;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

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

#[test]
fn every_missing_run_is_made() {
    let home = tempfile::tempdir().expect("a folder");
    let metadata = workspace();
    let name = metadata.packages.iter().find(|package| is_experiment(package));
    let name = name.expect("an experiment").name.as_str();
    script(&home.path().join("bin/cargo"), "#!/bin/sh\n");
    script(&home.path().join("debug/report"), &LEDGER.replace("NAME", name));
    script(&home.path().join("debug").join(name), EXPERIMENT);
    let path = std::env::var("PATH").expect("a path");
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["claims", "--run"])
        .env("PATH", format!("{}:{path}", home.path().join("bin").display()))
        .env("CARGO_TARGET_DIR", home.path())
        .output()
        .expect("xtask runs");
    assert!(output.status.success(), "{output:?}");
    let calls = fs::read_to_string(home.path().join("calls")).expect("it was called");
    assert_eq!(calls, "called with:\ncalled with:--depth 40\n");
}

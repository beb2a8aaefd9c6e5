//! The command line as a user meets it: bad input has one clear error and its exit code.

mod found;

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::{Command, Output};

use cargo_metadata::Package;
use rstest::rstest;

use found::{is_experiment, workspace};

/// What stands for an experiment that measures, and for a simulation.
const MEASURES: &str = "MEASURES";
const SIMULATES: &str = "SIMULATES";

/// The first experiment that uses the lab, or does not.
fn experiment(measures: bool) -> String {
    let metadata = workspace();
    let links_lab = |package: &Package| package.dependencies.iter().any(|to| to.name == "lab");
    let is_it = |package: &&Package| is_experiment(package) && links_lab(package) == measures;
    let found = metadata.packages.iter().find(is_it);
    found.expect("an experiment").name.to_string()
}

fn xtask(args: &[&str]) -> Output {
    let args = args.iter().map(|arg| match *arg {
        MEASURES => experiment(true),
        SIMULATES => experiment(false),
        other => other.to_owned(),
    });
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(args)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("xtask runs")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[rstest]
#[case::unknown_task(&["exp5"], 2, "exp5")]
#[case::unknown_flag(&["exp4", "--fast"], 2, "--fast")]
#[case::unknown_arm(&["exp4", "--arms", "dokcer"], 2, "no arm `dokcer`")]
#[case::unknown_arm_of_one(&[MEASURES, "--arms", "dokcer"], 2, "no arm `dokcer`")]
#[case::no_blocks(&[MEASURES, "--blocks", "0"], 2, "at least one")]
#[case::no_number(&[MEASURES, "--blocks", "many"], 2, "many")]
#[case::unknown_sandbox(&[MEASURES, "--sandbox", "none"], 2, "rootless")]
#[case::unknown_generation(&[MEASURES, "--generation", "jessie"], 2, "bookworm, trixie, forky")]
#[case::unknown_generation_of_a_lock(&["lab", "lock", "--generation", "jessie"], 2, "bookworm, trixie, forky")]
#[case::no_run(&["report", "no-such-run"], 2, "no-such-run")]
#[case::no_sessions(&[MEASURES, "--sessions", "0"], 2, "at least one")]
#[case::no_precision(&["exp4", "--precision", "-3"], 2, "above 0")]
#[case::no_language(&["exp4", "--lang", "xx"], 2, "en, es")]
#[case::no_time(&[MEASURES, "--budget", "soon"], 2, "soon")]
#[case::nothing_to_compare(&["compare", "published", "no-such-run"], 2, "no-such-run")]
#[case::nothing_to_merge(&["merge", "no-such-run"], 2, "no-such-run")]
#[case::too_few_replicates(&[SIMULATES, "--replicates", "1"], 2, "100")]
#[case::help_of_the_simulation(&[SIMULATES, "--help"], 0, "--replicates")]
#[case::nothing_to_draw(&["report", SIMULATES, "no-such-folder"], 2, "no-such-folder")]
#[case::unknown_generation(&["claims", "--generation", "potato"], 2, "bookworm, trixie, forky")]
#[case::nothing_to_run(&["claims", "--run", "--generation", "potato"], 2, "bookworm, trixie, forky")]
#[case::no_workspace(&["claims", "--root", "no-such-folder"], 2, "no-such-folder")]
#[case::not_both(&["claims", "--run", "--reference"], 2, "--reference")]
#[case::readme_of_one_generation(&["claims", "--readme", "--generation", "trixie"], 2, "--readme")]
#[case::list(&["exp4", "--list"], 0, "podman-nested-self")]
#[case::usage(&[MEASURES, "--bogus"], 2, "Usage: cargo xtask ")]
#[case::usage_of_a_whole(&["exp4", "--quick", "--blocks", "5"], 2, "Usage: cargo xtask exp4 ")]
#[case::usage_of_a_task(&["doctor", "--bogus"], 2, "Usage: cargo xtask doctor")]
#[case::usage_below_a_task(&["lab", "exec", "--bogus"], 2, "Usage: cargo xtask lab exec")]
#[case::no_unit(&[MEASURES, "--budget", "5"], 2, "90s, 10m, 1h")]
#[case::help_of_a_whole(&["exp4", "--help"], 0, "--lang")]
#[case::help(&[MEASURES, "--help"], 0, "--arms")]
fn input_is_answered(#[case] args: &[&str], #[case] code: i32, #[case] said: &str) {
    let output = xtask(args);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(said), "{text}");
    assert!(!text.contains("panicked"), "{text}");
}

/// While this test has the sign that a run measures, no other run may.
#[test]
fn one_run_measures_at_a_time() {
    let name = SocketAddr::from_abstract_name("matryoshka-measures").expect("a name");
    // Someone may really be measuring on this machine: then the sign is there already.
    let _sign = UnixListener::bind_addr(&name);
    let output = xtask(&["exp4", "--verify", "--out", "not-made"]);
    let text = text(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("another run measures"), "{text}");
    assert!(text.contains("process "), "{text}");
    assert!(text.contains("help:"), "{text}");
}

/// The figure and the page come with the simulation, in the folder that it was given.
#[rstest]
fn a_simulation_is_drawn(#[values(false, true)] apart: bool) {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("drawn");
    let out = out.to_str().expect("UTF-8");
    let joined = format!("--out={out}");
    let folder: &[&str] = if apart { &["--out", out] } else { &[&joined] };
    let output = xtask(&[&[SIMULATES, "--replicates", "100"], folder].concat());
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    for name in ["csv", "md", "svg", "png"] {
        let file = format!("{out}/coverage.{name}");
        assert!(std::fs::metadata(file).is_ok(), "no {name}: {text}");
    }
}

/// The README's numbers are those of a run, not of a template.
#[test]
fn readme_is_filled_in() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(readme).expect("README.md");
    let unfilled: Vec<&str> =
        readme.split_whitespace().filter(|word| word.matches('@').count() > 1).collect();
    assert!(unfilled.is_empty(), "{unfilled:?}");
}

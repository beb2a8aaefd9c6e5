//! Core set-ups on real engines, through the program; and what it says where there are no limits.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

use lab_test::need::Need;
use lab_test::{Machine, Run, ensure};
use miette::Result;
use rstest::rstest;

fn main() -> ExitCode {
    lab_test::run(1, |_, _| {})
}

const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

/// A run of one set-up to its end.
fn run(setup: &str) -> Result<(Run, Option<i32>)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_limits"));
    command.args(["--setup", setup]);
    let (run, status) = Run::to_the_end(FOLDER, &command)?;
    Ok((run, status.code()))
}

const BOUND: [&str; 5] = ["inside", "inside", "inside", "counted", "counted"];
const UNBOUND: [&str; 5] = ["outside", "outside", "outside", "missed", "missed"];

#[rstest]
#[case::a_container_itself("docker private none", BOUND)]
#[case::an_engine_with_its_own_view("dind private none", BOUND)]
#[case::an_engine_with_the_view_around("dind host none", UNBOUND)]
#[case::a_parent_and_a_leaf("dind host parent-leaf", BOUND)]
#[lab_test::test]
#[needs(controller("memory"))]
#[needs(controller("pids"))]
#[needs(controller("cpu"))]
#[needs(patience(60))]
fn a_limit_is_tried(#[case] setup: &str, #[case] expected: [&str; 5]) -> Result<()> {
    let before = Machine::now()?;
    let (run, code) = run(setup)?;
    ensure!(code == Some(0), "{code:?}: {}", run.log());
    let rows = run.trials()?;
    let of = |row: &BTreeMap<String, String>| (row["step"].clone(), row["outcome"].clone());
    let seen: BTreeMap<String, String> = rows.iter().map(of).collect();
    let steps = ["memory", "pids", "cpu", "charged-memory", "charged-cpu"];
    let seen = steps.map(|step| seen.get(step).map_or("", String::as_str));
    ensure!(seen == expected, "{rows:?}");
    run.left_nothing(&before)
}

/// A machine that hands down too little.
fn no_controllers() -> Need {
    let all = ["memory", "pids", "cpu"];
    let has = lab::controllers();
    let has_all = all.iter().all(|name| has.iter().any(|one| one == name));
    Need::Further(has_all.then(|| "this machine has the controllers".to_owned()))
}

#[lab_test::test]
#[needs(nothing())]
#[needs(no_controllers())]
fn without_controllers_it_says_what_is_missing() -> Result<()> {
    let (run, code) = run("docker private none")?;
    let log = run.log();
    ensure!(code == Some(77), "{code:?}: {log}");
    let errors = log.matches("there are no limits to try").count();
    ensure!(errors == 1 && log.contains("hands down no controller"), "{log}");
    let file = lab::handed_down().expect("a tree").display().to_string();
    ensure!(log.contains(&format!("'+cpu +memory +pids' > {file};")), "{log}");
    ensure!(run.file("trials.csv").is_empty(), "{}", run.file("trials.csv"));
    Ok(())
}

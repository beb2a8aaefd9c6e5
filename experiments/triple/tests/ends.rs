//! The program from outside: every arm works, and what is killed while it builds leaves nothing.

use std::process::{Command, ExitCode};

use lab_test::{Machine, Run, ensure};
use miette::{IntoDiagnostic, Result};
use rstest::rstest;
use rustix::process::{Signal, kill_process};

const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

fn main() -> ExitCode {
    lab_test::run(3, |_, _| {})
}

fn program() -> Result<Command> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_triple"));
    program.arg(format!("--generation={}", lab_test::generation()?));
    Ok(program)
}

/// A ladder up to this row of its trials.
fn ladder(row: &str) -> Result<Run> {
    let mut ladder = Run::start(FOLDER, program()?.args(["--depth", "9", "--quick"]))?;
    ladder.wait_for_trial(row)?;
    Ok(ladder)
}

/// Also those of the tutorial's own line.
#[lab_test::test]
#[needs(device("/dev/fuse"))]
fn every_arm_of_three_podmans_works() -> Result<()> {
    let args = ["--verify", "--chain", "podman/podman/podman"];
    let (run, status) = Run::to_the_end(FOLDER, program()?.args(args))?;
    let samples = run.file("samples.csv");
    ensure!(status.success(), "{}\n{samples}", run.log());
    let has = |arm: &str| samples.lines().any(|row| row.split(',').nth(4) == Some(arm));
    for arm in ["start-podman-podman-podman-inside", "literal", "store-there"] {
        ensure!(has(arm), "{arm} in\n{samples}");
    }
    Ok(())
}

/// More labs than the run has sessions.
#[lab_test::test]
#[needs(device("/dev/fuse"))]
#[needs(patience(6))]
fn arms_are_alone_and_in_company() -> Result<()> {
    let args = ["--company", "--sessions=1", "--blocks=1", "--arms=start-docker,start-podman"];
    let (run, status) = Run::to_the_end(FOLDER, program()?.args(args))?;
    let samples = run.file("samples.csv");
    ensure!(status.success(), "{}\n{samples}", run.log());
    for arm in ["start-docker", "start-docker-alone", "start-podman", "start-podman-alone"] {
        let taken = samples.lines().filter(|row| row.split(',').nth(4) == Some(arm));
        ensure!(taken.count() == 3, "{arm} in\n{samples}");
    }
    Ok(())
}

#[rstest]
#[case::level_4(4)]
#[needs(patience(13))]
#[case::level_5(5)]
#[lab_test::test]
#[needs(device("/dev/fuse"))]
fn nothing_is_left_after_kill_9_while_it_is_built(#[case] level: usize) -> Result<()> {
    let before = Machine::now()?;
    // The row of a start is the last before the next level.
    let mut ladder = ladder(&format!("depth-start,docker on a volume,{},works", level - 1))?;
    ladder.send(Signal::KILL)?;
    ladder.wait()?;
    ladder.left_nothing(&before)?;
    // The rows that it had are kept.
    let trials = ladder.file("trials.csv");
    ensure!(!trials.contains(&format!("volume,{level}")), "{trials}");
    let kept = format!("depth,docker on a volume,{},works", level - 2);
    ensure!(trials.contains(&kept), "{trials}");
    Ok(())
}

#[lab_test::test]
#[needs(device("/dev/fuse"))]
fn no_level_is_refused_by_a_lab_that_has_died() -> Result<()> {
    let before = Machine::now()?;
    let mut ladder = ladder("depth-start,docker on a volume,1,works")?;
    kill_process(ladder.part("monitor")?, Signal::KILL).into_diagnostic()?;
    let status = ladder.wait()?;
    let trials = ladder.file("trials.csv");
    ensure!(!trials.contains("refused"), "{trials}");
    ensure!(!ladder.log().contains("refused"), "{}", ladder.log());
    ensure!(status.code() == Some(1), "{status:?} {}", ladder.log());
    let named = lab_test::killed("monitor");
    ensure!(ladder.log().contains(&named), "{}", ladder.log());
    ladder.left_nothing(&before)
}

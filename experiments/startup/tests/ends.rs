//! However a run ends, nothing of it stays on the machine and the samples taken are kept.
//!
//! Each compares the machine before and after, but for what labs of others
//! have there meanwhile.

use std::process::{Command, ExitCode};
use std::time::Duration;

use lab_test::{Machine, Run, ensure};
use miette::{IntoDiagnostic, Result};
use rstest::rstest;
use rustix::process::{Signal, kill_process};

/// Docker, nested Docker and nested Podman, so that everything a lab can leave is there.
const ARMS: &str = "--arms=bare,docker,dind,podman-nested";

const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

fn main() -> ExitCode {
    lab_test::run(lab_test::overlapping(), |_, _| {})
}

fn program(flags: &[&str]) -> Result<Command> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_startup"));
    let arms = if flags.contains(&"--arms") { &[][..] } else { &[ARMS] };
    program.args(flags).args(arms).arg(format!("--generation={}", lab_test::generation()?));
    Ok(program)
}

fn start(flags: &[&str]) -> Result<Run> {
    Run::start(FOLDER, &program(flags)?)
}

/// Until it measures.
fn measuring() -> Result<Run> {
    let mut run = start(&[])?;
    run.wait_for("samples", |run| samples(run) >= 3)?;
    Ok(run)
}

fn samples(run: &Run) -> usize {
    run.file("samples.csv").lines().count().saturating_sub(1)
}

fn has_status(run: &Run, status: &str) -> Result<()> {
    let manifest = run.file("manifest.json");
    ensure!(manifest.contains(&format!("\"status\": \"{status}\"")), "{manifest}");
    Ok(())
}

#[rstest]
#[case::nothing_is_left(true)]
#[case::a_run_goes_on_when_its_readers_are_gone(false)]
#[lab_test::test]
#[needs(device("/dev/fuse"))]
fn after_a_normal_end(#[case] is_read: bool) -> Result<()> {
    let before = Machine::now()?;
    let mut run = Run::start_read(FOLDER, &program(&["--verify"])?, is_read)?;
    let code = run.wait()?.code();
    ensure!(code == Some(0), "{code:?} {}", run.log());
    ensure!(samples(&run) == 4, "{}", samples(&run));
    has_status(&run, "complete")?;
    run.left_nothing(&before)
}

/// Two arms that need the same engine and another network each, in three labs one after the other.
#[lab_test::test]
#[needs(device("/dev/fuse"))]
#[needs(patience(9))]
fn nothing_is_left_of_arms_alone_and_in_company() -> Result<()> {
    let before = Machine::now()?;
    let flags = ["--company", "--sessions", "1", "--blocks", "1", "--arms", "podman,podman-cold"];
    let mut run = start(&flags)?;
    let code = run.wait()?.code();
    ensure!(code == Some(0), "{code:?} {}", run.log());
    // Two blocks of warm-up, and one: of two arms together, and of each alone.
    ensure!(samples(&run) == 12, "{}", run.file("samples.csv"));
    for arm in ["podman,", "podman-alone,", "podman-cold,", "podman-cold-alone,"] {
        let samples = run.file("samples.csv");
        ensure!(samples.matches(&format!(",{arm}")).count() == 3, "{samples}");
    }
    has_status(&run, "complete")?;
    run.left_nothing(&before)
}

#[rstest]
#[case::ctrl_c(Signal::INT)]
#[case::sigterm(Signal::TERM)]
#[needs(patience(9))]
#[case::sighup(Signal::HUP)]
#[lab_test::test]
#[needs(device("/dev/fuse"))]
fn nothing_is_left_after_a_signal(#[case] signal: Signal) -> Result<()> {
    let before = Machine::now()?;
    let mut run = measuring()?;
    run.send_to_group(signal)?;
    if signal != Signal::INT {
        // From whoever started it and from a terminal that closes; only Ctrl-C is impatient.
        std::thread::sleep(Duration::from_millis(20));
        run.send_to_group(signal)?;
    }
    let code = run.wait()?.code();
    ensure!(code == Some(1), "{code:?} {}", run.log());
    ensure!(samples(&run) >= 3, "{}", samples(&run));
    has_status(&run, "interrupted")?;
    ensure!(!run.log().contains("died"), "nothing else was to end: {}", run.log());
    run.left_nothing(&before)
}

#[lab_test::test]
#[needs(device("/dev/fuse"))]
fn nothing_is_left_after_kill_9_of_the_program() -> Result<()> {
    let before = Machine::now()?;
    let mut run = measuring()?;
    run.send(Signal::KILL)?;
    run.wait()?;
    ensure!(samples(&run) >= 3, "{}", samples(&run));
    run.left_nothing(&before)
}

/// A process of the lab dies instead: the run ends, says so and keeps what it has.
#[rstest]
#[case::monitor("monitor")]
#[case::init("init")]
#[case::dockerd("dockerd")]
#[lab_test::test]
#[needs(device("/dev/fuse"))]
fn nothing_is_left_after_kill_9_of_a_part(#[case] part: &str) -> Result<()> {
    let before = Machine::now()?;
    let mut run = measuring()?;
    kill_process(run.part(part)?, Signal::KILL).into_diagnostic()?;
    let code = run.wait()?.code();
    ensure!(code == Some(1), "{code:?} {}", run.log());
    has_status(&run, "failed")?;
    for record in [run.file("manifest.json"), run.file("samples.csv"), run.log()] {
        ensure!(record.contains(&lab_test::killed(part)), "{record}");
    }
    run.left_nothing(&before)
}

/// Nobody is left to tear down; the next lab does it.
#[lab_test::test]
#[needs(device("/dev/fuse"))]
fn what_is_left_after_all_is_killed_at_once_goes_with_the_next_lab() -> Result<()> {
    let before = Machine::now()?;
    let mut run = measuring()?;
    let monitor = run.part("monitor")?;
    // The monitor first, stopped, so that it can't act on the owner's death.
    kill_process(monitor, Signal::STOP).into_diagnostic()?;
    run.send(Signal::KILL)?;
    kill_process(monitor, Signal::KILL).into_diagnostic()?;
    run.wait()?;
    // And it is seen: all tests here rest on that.
    let seen = before.is_restored(Duration::ZERO, || run.log());
    ensure!(seen.is_err(), "nothing is left: {}", run.log());
    let mut next = start(&["--verify"])?;
    let code = next.wait()?.code();
    ensure!(code == Some(0), "{code:?} {}", next.log());
    run.left_nothing(&before)
}

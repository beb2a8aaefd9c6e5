//! The program from outside: every arm works, and what is killed while it builds leaves nothing.

use std::fs;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use lab_test::{Machine, ensure, process_of};
use miette::{IntoDiagnostic, Result};
use rustix::process::{Signal, kill_process};

/// Five levels and the tear-down, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(180);

fn main() -> ExitCode {
    lab_test::run(1, |_, _| {})
}

/// A ladder, and where it writes.
struct Ladder {
    child: Child,
    home: tempfile::TempDir,
}

impl Ladder {
    fn start() -> Result<Self> {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
        let log = fs::File::create(home.path().join("log")).into_diagnostic()?;
        let child = Command::new(env!("CARGO_BIN_EXE_triple"))
            .args(["--depth", "9", "--quick", "--out"])
            .arg(home.path().join("run"))
            .arg(format!("--generation={}", lab_test::generation()?))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .into_diagnostic()?;
        Ok(Self { child, home })
    }

    /// Until there is this row.
    fn wait_for(&mut self, row: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !self.trials().contains(row) {
            let ended = self.child.try_wait().into_diagnostic()?;
            ensure!(ended.is_none(), "it ended too early: {}", self.log());
            ensure!(Instant::now() < deadline, "no {row}: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    fn trials(&self) -> String {
        fs::read_to_string(self.home.path().join("run/trials.csv")).unwrap_or_default()
    }
}

impl Drop for Ladder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Also those of the tutorial's own line.
#[lab_test::test]
fn every_arm_of_three_podmans_works() -> Result<()> {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    let output = Command::new(env!("CARGO_BIN_EXE_triple"))
        .args(["--verify", "--chain", "podman/podman/podman", "--out"])
        .arg(home.path().join("run"))
        .arg(format!("--generation={}", lab_test::generation()?))
        .stdin(Stdio::null())
        .output()
        .into_diagnostic()?;
    let samples = fs::read_to_string(home.path().join("run/samples.csv")).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}\n{samples}");
    let has = |arm: &str| samples.lines().any(|row| row.split(',').nth(4) == Some(arm));
    for arm in ["start-podman-podman-podman-inside", "literal", "store-there"] {
        ensure!(has(arm), "{arm} in\n{samples}");
    }
    Ok(())
}

#[lab_test::test]
fn nothing_is_left_after_kill_9_while_level_5_is_built() -> Result<()> {
    let before = Machine::now()?;
    let mut ladder = Ladder::start()?;
    // The row of the start at level 4 is the last before the fifth.
    ladder.wait_for("depth-start,docker on a volume,4,works")?;
    ladder.child.kill().into_diagnostic()?;
    ladder.child.wait().into_diagnostic()?;
    before.is_restored(PATIENCE, || ladder.log())?;
    // The rows that it had are kept.
    ensure!(!ladder.trials().contains("volume,5"), "{}", ladder.trials());
    ensure!(ladder.trials().contains("depth,docker on a volume,3,works"), "{}", ladder.trials());
    Ok(())
}

#[lab_test::test]
fn no_level_is_refused_by_a_lab_that_has_died() -> Result<()> {
    let before = Machine::now()?;
    let mut ladder = Ladder::start()?;
    ladder.wait_for("depth-start,docker on a volume,1,works")?;
    let monitor = process_of(ladder.child.id(), "monitor")?;
    kill_process(monitor, Signal::KILL).into_diagnostic()?;
    let status = ladder.child.wait().into_diagnostic()?;
    let trials = ladder.trials();
    ensure!(!trials.contains("refused"), "{trials}");
    ensure!(!ladder.log().contains("refused"), "{}", ladder.log());
    ensure!(status.code() == Some(1), "{status:?} {}", ladder.log());
    let named = lab_test::killed("monitor");
    ensure!(ladder.log().contains(&named), "{}", ladder.log());
    before.is_restored(PATIENCE, || ladder.log())
}

//! However a run ends, nothing of it stays on the machine and the samples taken are kept.
//!
//! One after the other: each compares the machine before and after, but for what labs of others
//! have there meanwhile.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use lab_test::{Machine, ensure, process_of};
use miette::{IntoDiagnostic, Result};
use rstest::rstest;
use rustix::process::{Pid, Signal, kill_process};

/// Docker, nested Docker and nested Podman, so that everything a lab can leave is there.
const ARMS: &str = "--arms=bare,docker,dind,podman-nested";

/// Set-up, a few samples and the tear-down, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    lab_test::run(1, |_, _| {})
}

/// A run of the program with a folder and a temporary directory of its own.
struct Run {
    child: Child,
    home: tempfile::TempDir,
}

impl Run {
    fn start(flags: &[&str]) -> Result<Self> {
        Self::start_read(flags, true)
    }

    /// The same, whether anybody reads what it prints or has closed the pipes.
    fn start_read(flags: &[&str], is_read: bool) -> Result<Self> {
        let closed = || Ok::<_, miette::Report>(std::io::pipe().into_diagnostic()?.1);
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
        let temporary = home.path().join("tmp");
        fs::create_dir(&temporary).into_diagnostic()?;
        let log = fs::File::create(home.path().join("log")).into_diagnostic()?;
        let child = Command::new(env!("CARGO_BIN_EXE_startup"))
            .args(flags)
            .arg(ARMS)
            .arg(format!("--generation={}", lab_test::generation()?))
            .arg("--out")
            .arg(home.path().join("run"))
            .env("TMPDIR", temporary)
            .stdin(Stdio::null())
            .stdout(if is_read { Stdio::null() } else { closed()?.into() })
            .stderr(if is_read { log.into() } else { Stdio::from(closed()?) })
            .spawn()
            .into_diagnostic()?;
        Ok(Self { child, home })
    }

    fn out(&self) -> PathBuf {
        self.home.path().join("run")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    fn samples(&self) -> usize {
        let text = fs::read_to_string(self.out().join("samples.csv")).unwrap_or_default();
        text.lines().count().saturating_sub(1)
    }

    fn manifest(&self) -> String {
        fs::read_to_string(self.out().join("manifest.json")).unwrap_or_default()
    }

    /// Until it measures.
    fn wait_for_samples(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.samples() < 3 {
            let ended = self.child.try_wait().into_diagnostic()?;
            ensure!(ended.is_none(), "it ended too early: {}", self.log());
            ensure!(Instant::now() < deadline, "no samples: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<Option<i32>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().into_diagnostic()? {
                return Ok(status.code());
            }
            ensure!(Instant::now() < deadline, "it does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Nothing more than before: neither on the machine nor in its own temporary directory.
    fn left_nothing(&self, before: &Machine) -> Result<()> {
        before.is_restored(PATIENCE, || self.log())?;
        let temporary = fs::read_dir(self.home.path().join("tmp")).into_diagnostic()?;
        let files: Vec<PathBuf> = temporary.flatten().map(|entry| entry.path()).collect();
        ensure!(files.is_empty(), "{files:?}");
        Ok(())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[rstest]
#[case::nothing_is_left(true)]
#[case::a_run_goes_on_when_its_readers_are_gone(false)]
#[lab_test::test]
fn after_a_normal_end(#[case] is_read: bool) -> Result<()> {
    let before = Machine::now()?;
    let mut run = Run::start_read(&["--verify"], is_read)?;
    let code = run.wait()?;
    ensure!(code == Some(0), "{code:?} {}", run.log());
    ensure!(run.samples() == 4, "{}", run.samples());
    ensure!(run.manifest().contains("\"status\": \"complete\""), "{}", run.manifest());
    run.left_nothing(&before)
}

#[rstest]
#[case::ctrl_c(Signal::INT)]
#[case::sigterm(Signal::TERM)]
#[case::sighup(Signal::HUP)]
#[lab_test::test]
fn nothing_is_left_after_a_signal(#[case] signal: Signal) -> Result<()> {
    let before = Machine::now()?;
    let mut run = Run::start(&[])?;
    run.wait_for_samples()?;
    let pid = i32::try_from(run.child.id()).into_diagnostic()?;
    kill(pid, signal)?;
    if signal != Signal::INT {
        // From whoever started it and from a terminal that closes; only Ctrl-C is impatient.
        std::thread::sleep(Duration::from_millis(20));
        kill(pid, signal)?;
    }
    let code = run.wait()?;
    ensure!(code == Some(1), "{code:?} {}", run.log());
    ensure!(run.samples() >= 3, "{}", run.samples());
    ensure!(run.manifest().contains("\"status\": \"interrupted\""), "{}", run.manifest());
    run.left_nothing(&before)
}

#[lab_test::test]
fn nothing_is_left_after_kill_9_of_the_program() -> Result<()> {
    let before = Machine::now()?;
    let mut run = Run::start(&[])?;
    run.wait_for_samples()?;
    kill(i32::try_from(run.child.id()).into_diagnostic()?, Signal::KILL)?;
    run.wait()?;
    ensure!(run.samples() >= 3, "{}", run.samples());
    run.left_nothing(&before)
}

/// A process of the lab dies instead: the run ends, says so and keeps what it has.
#[rstest]
#[case::monitor("monitor")]
#[case::init("init")]
#[case::dockerd("dockerd")]
#[lab_test::test]
fn nothing_is_left_after_kill_9_of_a_part(#[case] part: &str) -> Result<()> {
    let before = Machine::now()?;
    let mut run = Run::start(&[])?;
    run.wait_for_samples()?;
    kill_process(process_of(run.child.id(), part)?, Signal::KILL).into_diagnostic()?;
    let code = run.wait()?;
    ensure!(code == Some(1), "{code:?} {}", run.log());
    ensure!(run.manifest().contains("\"status\": \"failed\""), "{}", run.manifest());
    let samples = fs::read_to_string(run.out().join("samples.csv")).unwrap_or_default();
    for record in [run.manifest(), samples, run.log()] {
        ensure!(record.contains(&lab_test::killed(part)), "{record}");
    }
    run.left_nothing(&before)
}

/// Nobody is left to tear down; the next lab does it.
#[lab_test::test]
fn what_is_left_after_all_is_killed_at_once_goes_with_the_next_lab() -> Result<()> {
    let before = Machine::now()?;
    let mut run = Run::start(&[])?;
    run.wait_for_samples()?;
    let monitor = process_of(run.child.id(), "monitor")?;
    // The monitor first, stopped, so that it can't act on the owner's death.
    kill_process(monitor, Signal::STOP).into_diagnostic()?;
    kill(i32::try_from(run.child.id()).into_diagnostic()?, Signal::KILL)?;
    kill_process(monitor, Signal::KILL).into_diagnostic()?;
    run.wait()?;
    let mut next = Run::start(&["--verify"])?;
    let code = next.wait()?;
    ensure!(code == Some(0), "{code:?} {}", next.log());
    run.left_nothing(&before)
}

fn kill(pid: i32, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(pid).ok_or_else(|| miette::miette!("no process"))?;
    kill_process(pid, signal).into_diagnostic()
}

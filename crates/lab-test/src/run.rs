//! An experiment's program as a test runs it: with a folder for what it writes, that goes with it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use lab::patient;
use miette::{IntoDiagnostic, Result};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

use crate::ensure;
use crate::machine::Machine;
use crate::part::{killed, process_of};

/// Until something is there, or gone: engines, a few samples, and the tear-down, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// A program that has been started, in a folder with `run`, where it writes, `log`, what it said, and
/// `tmp`, its folder for temporary files. Dropping it kills it.
///
/// It has a network namespace of its own, which a lab does not look at: only one run measures at a time in
/// each, so that tests need not wait for each other.
pub struct Run {
    child: Child,
    home: TempDir,
}

impl Run {
    /// Starts it with `--out` besides its arguments; its folder is made in this one.
    pub fn start(folder: &str, program: &Command) -> Result<Self> {
        Self::start_read(folder, program, true)
    }

    /// The same, whether anybody reads what it prints or has closed the pipes.
    pub fn start_read(folder: &str, program: &Command, is_read: bool) -> Result<Self> {
        let closed = || Ok::<_, miette::Report>(Stdio::from(std::io::pipe().into_diagnostic()?.1));
        let home = tempfile::tempdir_in(folder).into_diagnostic()?;
        let temporary = home.path().join("tmp");
        fs::create_dir(&temporary).into_diagnostic()?;
        let log = File::create(home.path().join("log")).into_diagnostic()?;
        let child = Command::new("unshare")
            .arg("--net")
            .arg(program.get_program())
            .args(program.get_args())
            .arg("--out")
            .arg(home.path().join("run"))
            .env("TMPDIR", temporary)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(if is_read { Stdio::null() } else { closed()? })
            .stderr(if is_read { log.into() } else { closed()? })
            .spawn()
            .into_diagnostic()?;
        Ok(Self { child, home })
    }

    /// Runs it to its end.
    pub fn to_the_end(folder: &str, program: &Command) -> Result<(Self, ExitStatus)> {
        let mut run = Self::start(folder, program)?;
        let status = run.child.wait().into_diagnostic()?;
        Ok((run, status))
    }

    /// The folder of the run.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.home.path().join("run")
    }

    /// What it said.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// A file of the run as it is now; empty where there is none.
    #[must_use]
    pub fn file(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    /// The rows of its trials by the names of their columns, as far as they are written.
    pub fn trials(&self) -> Result<Vec<BTreeMap<String, String>>> {
        let text = self.file("trials.csv");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        reader.deserialize().collect::<Result<_, _>>().into_diagnostic()
    }

    /// Until it is so; `what` is awaited.
    pub fn wait_for(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + patient(PATIENCE);
        while !is_so(self) {
            let ended = self.child.try_wait().into_diagnostic()?;
            ensure!(ended.is_none(), "it ended too early: {}", self.log());
            ensure!(Instant::now() < deadline, "no {what}: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Until there is this text in its trials.
    pub fn wait_for_trial(&mut self, row: &str) -> Result<()> {
        self.wait_for(row, |run| run.file("trials.csv").contains(row))
    }

    /// Until it ends.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let deadline = Instant::now() + patient(PATIENCE);
        loop {
            if let Some(status) = self.child.try_wait().into_diagnostic()? {
                return Ok(status);
            }
            ensure!(Instant::now() < deadline, "it does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends the program a signal.
    pub fn send(&self, signal: Signal) -> Result<()> {
        kill_process(Pid::from_child(&self.child), signal).into_diagnostic()
    }

    /// Sends it to all of its process group, as a terminal and `timeout(1)` do.
    pub fn send_to_group(&self, signal: Signal) -> Result<()> {
        kill_process_group(Pid::from_child(&self.child), signal).into_diagnostic()
    }

    /// A part of its lab: the lab's `monitor`, its `init`, or a daemon of level 0 by its name.
    pub fn part(&self, part: &str) -> Result<Pid> {
        process_of(self.child.id(), part)
    }

    /// Waits until there is nothing more than before, neither on the machine nor in its own folder for
    /// temporary files.
    pub fn left_nothing(&self, before: &Machine) -> Result<()> {
        before.is_restored(patient(PATIENCE), || self.log())?;
        let entries = fs::read_dir(self.home.path().join("tmp")).into_diagnostic()?;
        let files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
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

/// A run whose lab lost a part under way: it has ended, and another run can take up what it finished.
pub struct Cut {
    /// The run.
    pub run: Run,
    part: &'static str,
    status: ExitStatus,
    left: Result<(), String>,
}

impl Cut {
    /// Starts the program and kills a part of its lab once this text is in its trials.
    pub fn off(folder: &str, program: &Command, row: &str, part: &'static str) -> Result<Self> {
        let before = Machine::now()?;
        let mut run = Run::start(folder, program)?;
        run.wait_for_trial(row)?;
        kill_process(run.part(part)?, Signal::KILL).into_diagnostic()?;
        let status = run.wait()?;
        let left = run.left_nothing(&before).map_err(|report| format!("{report:?}"));
        Ok(Self { run, part, status, left })
    }

    /// An outcome of a lab that has died is none: only these steps have a row, who died is said, and how
    /// the run goes on; and nothing is left of it.
    pub fn is_said(&self, steps: &[&str]) -> Result<()> {
        let trials = self.run.trials()?;
        let found: Vec<&str> = trials.iter().map(|row| row["step"].as_str()).collect();
        let log = self.run.log();
        ensure!(found == steps, "{found:?}\n{log}");
        ensure!(self.status.code() == Some(1), "{:?} {log}", self.status);
        for words in [killed(self.part), format!("--resume {}", self.run.path().display())] {
            ensure!(log.contains(&words), "{words}: {log}");
        }
        ensure!(self.left.is_ok(), "{:?}", self.left);
        Ok(())
    }
}

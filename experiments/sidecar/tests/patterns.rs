//! Every property of every pattern on real engines, through the program; what it leaves; and what an
//! engine's plugin refuses.

mod requests;
#[expect(dead_code, reason = "of its words the requests here have a few")]
#[path = "../src/words.rs"]
mod words;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use lab_test::{Machine, ensure, process_of};
use measure::Trial;
use miette::{IntoDiagnostic, Result, miette};
use rstest::rstest;
use rustix::process::{Signal, kill_process};
use serde::Deserialize;

/// Until a pod is up, or all is torn down, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is expected of a property, a way out, a client.
#[derive(Clone, Debug, Deserialize)]
struct Expected {
    table: String,
    subject: String,
    step: String,
    outcome: String,
}

const EXPECTED: &str = include_str!("expected.csv");

/// What has an expectation in each of its rows.
const TABLES: [&str; 4] = ["pattern", "escape", "transport", "daemonless"];

fn main() -> ExitCode {
    // A run of everything, and beside it what needs none.
    lab_test::run(2, |_, _| {})
}

/// One run measures at a time, and who looks at what a run leaves must not see another one.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static RUNS: Mutex<()> = Mutex::new(());
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run of everything that is tried once; all tests look at it.
struct Done {
    /// Kept as long as the tests.
    home: tempfile::TempDir,
    rows: Vec<Trial>,
}

fn done() -> Result<&'static Done> {
    static DONE: OnceLock<Result<Done, String>> = OnceLock::new();
    let done = DONE.get_or_init(|| tried().map_err(|report| format!("{report:?}")));
    done.as_ref().map_err(|why| miette!("{why}"))
}

fn program(folder: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sidecar"));
    program.args(["--no-cost", "--generation", "trixie", "--out"]).arg(folder);
    program
}

fn tried() -> Result<Done> {
    let _alone = one_at_a_time();
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    let folder = home.path().join("run");
    let output = program(&folder).output().into_diagnostic()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    let rows = csv::Reader::from_path(folder.join("trials.csv")).into_diagnostic()?;
    let rows = rows.into_deserialize().collect::<Result<_, csv::Error>>();
    Ok(Done { home, rows: rows.into_diagnostic()? })
}

/// Every difference, not only the first.
#[rstest]
#[case::pattern(TABLES[0])]
#[case::escape(TABLES[1])]
#[case::transport(TABLES[2])]
#[case::daemonless(TABLES[3])]
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn outcomes_are_as_expected(#[case] table: &str) -> Result<()> {
    let mut expected: Vec<Expected> = read(EXPECTED)?;
    expected.retain(|expected| expected.table == table);
    ensure!(!expected.is_empty(), "nothing is expected");
    let rows = &done()?.rows;
    let mut wrong = Vec::new();
    for expected in &expected {
        match rows.iter().find(|row| is_of(row, expected)) {
            Some(row) if row.outcome == expected.outcome => {}
            row => wrong.push(format!("{expected:?}: {row:?}")),
        }
    }
    ensure!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}

fn is_of(row: &Trial, expected: &Expected) -> bool {
    (&row.table, &row.subject, &row.step) == (&expected.table, &expected.subject, &expected.step)
}

fn read<T: serde::de::DeserializeOwned>(table: &str) -> Result<Vec<T>> {
    let rows = csv::Reader::from_reader(table.as_bytes()).into_deserialize();
    let rows = rows.collect::<Result<_, csv::Error>>();
    rows.into_diagnostic()
}

/// A new property, way or client needs an expectation.
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn no_row_is_without_expectation() -> Result<()> {
    let expected: Vec<Expected> = read(EXPECTED)?;
    let rows = done()?.rows.iter().filter(|row| TABLES.contains(&&*row.table));
    let missing: Vec<&Trial> =
        rows.filter(|row| !expected.iter().any(|expected| is_of(row, expected))).collect();
    ensure!(missing.is_empty(), "{missing:?}");
    Ok(())
}

/// Keys lie in the lab, which is gone.
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn no_key_is_in_the_record() -> Result<()> {
    let run = done()?.home.path().join("run");
    for entry in fs::read_dir(run).into_diagnostic()? {
        let path = entry.into_diagnostic()?.path();
        let text = fs::read(&path).into_diagnostic()?;
        let text = String::from_utf8_lossy(&text);
        ensure!(!text.contains("PRIVATE KEY"), "{}", path.display());
    }
    Ok(())
}

/// A run of the program with a pod up, and where it writes.
struct Running {
    child: Child,
    home: tempfile::TempDir,
}

impl Running {
    /// Until the first job of its pod is done.
    fn start(pattern: &str) -> Result<Self> {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
        let log = fs::File::create(home.path().join("log")).into_diagnostic()?;
        let child = program(&home.path().join("run"))
            .args(["--pattern", pattern])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .into_diagnostic()?;
        let mut running = Self { child, home };
        let deadline = Instant::now() + PATIENCE;
        while !running.trials().contains(",job,") {
            let ended = running.child.try_wait().into_diagnostic()?;
            ensure!(ended.is_none(), "it ended too early: {}", running.log());
            ensure!(Instant::now() < deadline, "no job: {}", running.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(running)
    }

    fn trials(&self) -> String {
        fs::read_to_string(self.home.path().join("run/trials.csv")).unwrap_or_default()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// No loop device, mount, process, control group or file.
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn nothing_is_left_after_kill_9_with_a_pod_up() -> Result<()> {
    let _alone = one_at_a_time();
    let before = Machine::now()?;
    let mut running = Running::start("dind")?;
    running.child.kill().into_diagnostic()?;
    running.child.wait().into_diagnostic()?;
    before.is_restored(PATIENCE, || running.log())
}

/// The run ends, and whatever it recorded is as a whole run has it.
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn nothing_is_seen_of_a_pod_in_a_lab_that_has_died() -> Result<()> {
    let whole = &done()?.rows;
    let _alone = one_at_a_time();
    let before = Machine::now()?;
    let mut running = Running::start("dood")?;
    let init = process_of(running.child.id(), "init")?;
    kill_process(init, Signal::KILL).into_diagnostic()?;
    let status = running.child.wait().into_diagnostic()?;
    let rows: Vec<Trial> = read(&running.trials())?;
    let key = |row: &Trial| {
        let [table, subject, step] = [&row.table, &row.subject, &row.step].map(String::clone);
        (table, subject, step, row.outcome.clone())
    };
    let is_so = |row: &&Trial| whole.iter().any(|whole| key(whole) == key(row));
    let wrong: Vec<&Trial> = rows.iter().filter(|row| !is_so(row)).collect();
    ensure!(wrong.is_empty(), "{wrong:?}");
    ensure!(status.code() == Some(1), "{status:?} {}", running.log());
    let named = lab_test::killed("init");
    ensure!(running.log().contains(&named), "{}", running.log());
    before.is_restored(PATIENCE, || running.log())
}

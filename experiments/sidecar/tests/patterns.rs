//! Every property of every pattern on real engines, through the program; what it leaves.

#[path = "../../../crates/lab/tests/suite/harness.rs"]
mod harness;
#[path = "../../../crates/lab/tests/machine/mod.rs"]
mod machine;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use harness::{Test, ensure, test};
use lab::{Generation, Kind};
use libtest_mimic::Arguments;
use machine::Machine;
use measure::Trial;
use miette::{IntoDiagnostic, Result, miette};
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

fn main() -> ExitCode {
    let arguments = Arguments {
        test_threads: Some(1),
        ..Arguments::from_args()
    };
    let lacks = harness::lacking(Kind::User, Generation::Trixie);
    let with = |test: Test| Test {
        lacks: lacks.clone(),
        ..test
    };
    let mut tests = Vec::new();
    for expected in csv::Reader::from_reader(EXPECTED.as_bytes()).deserialize::<Expected>() {
        let expected = match expected {
            Ok(expected) => expected,
            Err(why) => {
                measure::note!("expected.csv: {why}");
                return ExitCode::FAILURE;
            }
        };
        let Expected {
            table,
            subject,
            step,
            ..
        } = &expected;
        let name = format!("{table}::{subject}::{step}").replace([' ', ',', '-', '/', '\''], "_");
        tests.push(with(test(name, move || holds(&expected))));
    }
    tests.push(with(test("no_row_is_without_expectation", complete)));
    tests.push(with(test("no_key_is_in_the_record", without_keys)));
    tests.push(with(test(
        "nothing_is_left_after_kill_9_with_a_pod_up",
        killed,
    )));
    harness::run(&arguments, tests)
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
    program
        .args(["--no-cost", "--generation", "trixie", "--out"])
        .arg(folder);
    program
}

fn tried() -> Result<Done> {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    let folder = home.path().join("run");
    let output = program(&folder).output().into_diagnostic()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    let rows = csv::Reader::from_path(folder.join("trials.csv")).into_diagnostic()?;
    let rows = rows.into_deserialize().collect::<Result<_, csv::Error>>();
    Ok(Done {
        home,
        rows: rows.into_diagnostic()?,
    })
}

fn holds(expected: &Expected) -> Result<()> {
    let mut rows = done()?.rows.iter().filter(|row| is_of(row, expected));
    let row = rows.next().ok_or_else(|| miette!("there is no such row"))?;
    ensure!(
        row.outcome == expected.outcome,
        "{}: {}",
        row.outcome,
        row.reason
    );
    Ok(())
}

fn is_of(row: &Trial, expected: &Expected) -> bool {
    (&row.table, &row.subject, &row.step) == (&expected.table, &expected.subject, &expected.step)
}

/// A new property, way or client needs an expectation.
fn complete() -> Result<()> {
    let expected = csv::Reader::from_reader(EXPECTED.as_bytes()).into_deserialize();
    let expected: Vec<Expected> = expected
        .collect::<Result<_, csv::Error>>()
        .into_diagnostic()?;
    let tables = ["pattern", "escape", "transport", "daemonless"];
    let rows = done()?
        .rows
        .iter()
        .filter(|row| tables.contains(&&*row.table));
    let missing: Vec<&Trial> = rows
        .filter(|row| !expected.iter().any(|expected| is_of(row, expected)))
        .collect();
    ensure!(missing.is_empty(), "{missing:?}");
    Ok(())
}

/// Keys lie in the lab, which is gone.
fn without_keys() -> Result<()> {
    let run = done()?.home.path().join("run");
    for entry in fs::read_dir(run).into_diagnostic()? {
        let path = entry.into_diagnostic()?.path();
        let text = fs::read(&path).into_diagnostic()?;
        let text = String::from_utf8_lossy(&text);
        ensure!(!text.contains("PRIVATE KEY"), "{}", path.display());
    }
    Ok(())
}

/// No loop device, mount, process, control group or file.
fn killed() -> Result<()> {
    let before = Machine::now()?;
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    let (run, said) = (home.path().join("run"), home.path().join("log"));
    let log = || fs::read_to_string(&said).unwrap_or_default();
    let mut child = program(&run)
        .args(["--pattern", "dind"])
        .stdout(Stdio::null())
        .stderr(fs::File::create(&said).into_diagnostic()?)
        .spawn()
        .into_diagnostic()?;
    let deadline = Instant::now() + PATIENCE;
    // Its first job is done: the pod is up.
    while !fs::read_to_string(run.join("trials.csv")).is_ok_and(|rows| rows.contains(",job,")) {
        let ended = child.try_wait().into_diagnostic()?;
        ensure!(ended.is_none(), "it ended too early: {}", log());
        if Instant::now() > deadline {
            let _ = child.kill();
            return Err(miette!("no pod has done a job: {}", log()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().into_diagnostic()?;
    child.wait().into_diagnostic()?;
    before.is_restored(PATIENCE, log)
}

//! Every property of every pattern on real engines, through the program; what it leaves; and what an
//! engine's plugin refuses.

mod requests;
#[expect(dead_code, reason = "of its words the requests here have a few")]
#[path = "../src/words.rs"]
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, ExitCode};

use lab::Kind;
use lab_test::{Kept, Machine, Run, ensure, is_patient};
use measure::Trial;
use miette::{IntoDiagnostic, Result, miette};
use rstest::rstest;
use rustix::process::{Signal, kill_process};
use serde::Deserialize;
use serde_json::Value;

/// What is expected of a property, an escape path, a client.
#[derive(Clone, Debug, Deserialize)]
struct Expected {
    table: String,
    subject: String,
    step: String,
    outcome: String,
}

const EXPECTED: &str = include_str!("expected.csv");

/// How long a run of all patterns takes, and of everything beside them.
const ALL_S: u32 = 130;

/// What has an expectation in each of its rows.
const TABLES: [&str; 4] = ["pattern", "escape", "transport", "daemonless"];

fn main() -> ExitCode {
    // A run of everything, and beside it two that are cut off.
    lab_test::run(3, |_, _| {})
}

/// What is tried where there is no time for all patterns: two that share nothing.
const FEW: [&str; 2] = ["dood", "sidecar"];

/// Whether this row is tried.
fn is_tried(table: &str, subject: &str) -> bool {
    is_patient() || table == "transport" || FEW.contains(&subject)
}

/// A run of what is tried once, of all patterns where there is time; all tests look at it.
struct Done {
    run: Run,
    rows: Vec<Trial>,
}

fn done() -> Result<&'static Done> {
    static DONE: Kept<Done> = Kept::new();
    DONE.get(tried)
}

const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sidecar"));
    program.args(["--no-cost", "--generation", "trixie"]);
    program
}

fn tried() -> Result<Done> {
    let mut program = program();
    if !is_patient() {
        program.args(FEW.iter().flat_map(|pattern| ["--pattern", pattern]));
    }
    let (run, status) = Run::to_the_end(FOLDER, &program)?;
    ensure!(status.success(), "{}", run.log());
    Ok(Done { rows: read(&run.file("trials.csv"))?, run })
}

/// A run of this pattern until the first job of its pod is done.
fn with_a_pod(pattern: &str) -> Result<Run> {
    let mut run = Run::start(FOLDER, program().args(["--pattern", pattern]))?;
    run.wait_for_trial(",job,")?;
    Ok(run)
}

/// No loop device, mount, process, control group or file.
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
#[needs(patience(20))]
fn nothing_is_left_after_kill_9_with_a_pod_up() -> Result<()> {
    let before = Machine::now()?;
    let mut run = with_a_pod("dind")?;
    run.send(Signal::KILL)?;
    run.wait()?;
    run.left_nothing(&before)
}

/// The run ends, and whatever it recorded is as a whole run has it.
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
#[needs(patience(20))]
fn nothing_is_seen_of_a_pod_in_a_lab_that_has_died() -> Result<()> {
    let before = Machine::now()?;
    let mut run = with_a_pod("dood")?;
    kill_process(run.part("init")?, Signal::KILL).into_diagnostic()?;
    let status = run.wait()?;
    let whole = &done()?.rows;
    let rows: Vec<Trial> = read(&run.file("trials.csv"))?;
    let key = |row: &Trial| {
        let [table, subject, step] = [&row.table, &row.subject, &row.step].map(String::clone);
        (table, subject, step, row.outcome.clone())
    };
    let is_so = |row: &&Trial| whole.iter().any(|whole| key(whole) == key(row));
    let wrong: Vec<&Trial> = rows.iter().filter(|row| !is_so(row)).collect();
    ensure!(wrong.is_empty(), "{wrong:?}");
    ensure!(status.code() == Some(1), "{status:?} {}", run.log());
    let named = lab_test::killed("init");
    ensure!(run.log().contains(&named), "{}", run.log());
    run.left_nothing(&before)
}

/// Every difference, not only the first.
#[rstest]
#[needs(engines(lab::Generation::Trixie))]
#[case::pattern(TABLES[0])]
#[needs(engines(lab::Generation::Trixie))]
#[case::escape(TABLES[1])]
#[needs(engines(lab::Generation::Trixie))]
#[case::transport(TABLES[2])]
#[needs(engines(lab::Generation::Trixie))]
#[needs(patience(ALL_S))]
#[case::daemonless(TABLES[3])]
#[lab_test::test]
fn outcomes_are_as_expected(#[case] table: &str) -> Result<()> {
    let mut expected: Vec<Expected> = read(EXPECTED)?;
    expected.retain(|row| row.table == table && is_tried(&row.table, &row.subject));
    ensure!(!expected.is_empty(), "nothing is expected");
    let rows = &done()?.rows;
    let mut wrong = Vec::new();
    for expected in &expected {
        match rows.iter().find(|row| is_of(row, expected)) {
            Some(row) if row.outcome == expected.outcome => {}
            // The node of an ordinary user's lab has no disk that could be reached or found out of reach.
            Some(row) if Kind::here() == Kind::Rootless && is_without_disk(row, expected) => {}
            row => wrong.push(format!("{expected:?}: {row:?}")),
        }
    }
    ensure!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}

/// Whether the row says so itself, or lacks the disk among what was reached.
fn is_without_disk(row: &Trial, expected: &Expected) -> bool {
    let lacks = row.step == "isolation" && row.outcome == expected.outcome.replace("devices ", "");
    lacks || (row.outcome == "not without root" && row.reason.contains("loop device"))
}

fn is_of(row: &Trial, expected: &Expected) -> bool {
    (&row.table, &row.subject, &row.step) == (&expected.table, &expected.subject, &expected.step)
}

fn read<T: serde::de::DeserializeOwned>(table: &str) -> Result<Vec<T>> {
    let rows = csv::Reader::from_reader(table.as_bytes()).into_deserialize();
    let rows = rows.collect::<Result<_, csv::Error>>();
    rows.into_diagnostic()
}

/// What the records of the search have left is what the manifest grants. Where control groups have
/// controllers, the entry point's leaf is needed besides; the manifest's image has it everywhere.
#[rstest]
#[case::in_the_labs_namespace(include_str!("../../../results/reference/grants/trials.csv"))]
#[case::in_the_machines(include_str!("../../../results/reference/grants-root/trials.csv"))]
#[case::on_another_kernel(include_str!("../../../results/reference/grants-bookworm/trials.csv"))]
#[lab_test::test]
fn the_manifest_grants_what_a_search_left(#[case] record: &str) -> Result<()> {
    let rows: Vec<Trial> = read(record)?;
    let left = |subject: &str| -> BTreeSet<String> {
        let row = rows.iter().find(|row| row.subject == subject);
        let names = row.map_or("", |row| &row.outcome).split(' ');
        names.filter(|name| *name != "leaf").map(str::to_owned).collect()
    };
    let manifest: Value = serde_saphyr::from_str(include_str!("../k8s/dind-userns.yaml"))
        .map_err(|why| miette!("{why}"))?;
    let security = &manifest["spec"]["containers"][0]["securityContext"];
    let added = security["capabilities"]["add"].as_array().into_iter().flatten();
    let added = added.filter_map(|name| name.as_str());
    let others = ["whole-proc", "cgroup"];
    let granted: BTreeSet<String> = added.chain(others).map(str::to_owned).collect();
    ensure!(left("smallest") == granted, "{rows:#?}");
    let calls = ["keyctl", "pivot_root"].map(str::to_owned);
    ensure!(left("smallest under Docker's filter") == BTreeSet::from(calls), "{rows:#?}");
    Ok(())
}

/// Its first trial has all that was named; another is not waited for.
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
#[needs(patience(40))]
fn a_search_for_grants_begins_with_what_works() -> Result<()> {
    let before = Machine::now()?;
    let mut program = Command::new(env!("CARGO_BIN_EXE_sidecar"));
    let mut run = Run::start(FOLDER, program.args(["--grants", "--generation", "trixie"]))?;
    run.wait_for_trial(",grants,1: all,")?;
    run.send(Signal::INT)?;
    let status = run.wait()?;
    ensure!(status.code() == Some(1), "{status:?} {}", run.log());
    let rows: Vec<Trial> = read(&run.file("trials.csv"))?;
    ensure!(rows.first().is_some_and(|row| row.outcome == "works"), "{rows:#?}");
    run.left_nothing(&before)
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
    for entry in fs::read_dir(done()?.run.path()).into_diagnostic()? {
        let path = entry.into_diagnostic()?.path();
        let text = fs::read(&path).into_diagnostic()?;
        let text = String::from_utf8_lossy(&text);
        ensure!(!text.contains("PRIVATE KEY"), "{}", path.display());
    }
    Ok(())
}

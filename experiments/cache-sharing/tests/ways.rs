//! The core ways on real engines, through the program; a case that loses data; what it leaves.

#[path = "../../../crates/lab/tests/suite/harness.rs"]
mod harness;
#[path = "../../../crates/lab/tests/machine/mod.rs"]
mod machine;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use harness::{Test, ensure, test};
use lab::Generation;
use libtest_mimic::Arguments;
use machine::Machine;
use miette::{IntoDiagnostic, Result, miette};

/// Two engines until their first operation, or the tear-down of all, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is expected of a way: its verdict, and what its words hold.
struct Core {
    test: &'static str,
    way: &'static str,
    verdict: &'static str,
    words: &'static [&'static str],
}

const CORE: &[Core] = &[
    Core {
        test: "a_second_docker_on_the_whole_directory_is_refused",
        way: "trixie docker whole",
        verdict: "refused",
        words: &["timeout waiting for containerd to start"],
    },
    Core {
        test: "a_second_docker_with_a_containerd_of_its_own_is_refused_too",
        way: "trixie docker whole-own-containerd",
        verdict: "refused",
        words: &[
            "error while opening volume store metadata database",
            "timeout",
        ],
    },
    Core {
        test: "after_a_clean_stop_all_is_there",
        way: "trixie docker after-stop",
        verdict: "safe",
        words: &[],
    },
    Core {
        test: "podmans_that_only_read_a_store_are_safe",
        way: "trixie podman additional-store",
        verdict: "safe",
        words: &[],
    },
];

/// The shortest lists that lose data, as a search has found them.
const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cases");

fn main() -> ExitCode {
    let arguments = Arguments {
        test_threads: Some(1),
        ..Arguments::from_args()
    };
    let lacks = harness::lacking(lab::Kind::User, Generation::Trixie);
    let with = |test: Test| Test {
        lacks: lacks.clone(),
        ..test
    };
    let mut tests: Vec<Test> = CORE
        .iter()
        .map(|core| with(test(core.test, || holds(core))))
        .collect();
    for case in cases() {
        let name = case
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let name = format!("a_kept_case_does_it_again::{name}");
        tests.push(with(test(name, move || done_again(&case))));
    }
    tests.push(with(test("a_case_that_is_none_is_refused", no_case)));
    tests.push(with(test(
        "nothing_is_left_after_kill_9_with_two_engines_at_work",
        killed,
    )));
    harness::run(&arguments, tests)
}

fn cases() -> Vec<PathBuf> {
    let cases = fs::read_dir(CASES).into_iter().flatten().flatten();
    let mut cases: Vec<PathBuf> = cases.map(|case| case.path()).collect();
    cases.sort();
    cases
}

/// A run of the program.
struct Done {
    /// Kept as long as the tests.
    home: tempfile::TempDir,
    status: i32,
    said: String,
}

fn rows(run: &Path) -> Result<Vec<BTreeMap<String, String>>> {
    let text = fs::read(run.join("trials.csv")).into_diagnostic()?;
    let mut reader = csv::Reader::from_reader(&text[..]);
    let rows = reader.deserialize().collect::<Result<_, _>>();
    rows.into_diagnostic()
}

fn program(arguments: &[&str], run: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cache-sharing"));
    command.arg("--out").arg(run).args(arguments);
    command.stdin(Stdio::null());
    command
}

fn carried_out(arguments: &[&str]) -> Result<Done> {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    let output = program(arguments, &home.path().join("run")).output();
    let output = output.into_diagnostic()?;
    Ok(Done {
        status: output.status.code().unwrap_or(-1),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
        home,
    })
}

/// All core ways in one run that their tests share.
fn core_run() -> Result<&'static Done> {
    static RUN: OnceLock<Result<Done, String>> = OnceLock::new();
    let done = RUN.get_or_init(|| {
        let mut arguments = vec!["--no-cost", "--generation", "trixie", "--seed", "7"];
        arguments.extend(CORE.iter().flat_map(|core| ["--way", core.way]));
        carried_out(&arguments).map_err(|report| report.to_string())
    });
    done.as_ref().map_err(|why| miette!("{why}"))
}

fn holds(core: &Core) -> Result<()> {
    let done = core_run()?;
    ensure!(done.status == 0, "{}", done.said);
    let rows = rows(&done.home.path().join("run"))?;
    let mut of_way = rows.iter().filter(|row| row["subject"] == core.way);
    let verdict = of_way.find(|row| row["step"] == "verdict");
    let verdict = verdict.ok_or_else(|| miette!("{} has none: {}", core.way, done.said))?;
    ensure!(
        verdict["outcome"] == core.verdict,
        "{}: {verdict:?}",
        core.way
    );
    for words in core.words {
        let is_said = verdict["reason"].contains(words);
        ensure!(is_said, "no `{words}` in {verdict:?}");
    }
    Ok(())
}

/// The same list of operations comes to the same end.
fn done_again(case: &Path) -> Result<()> {
    let file = case.to_string_lossy();
    let done = carried_out(&["--replay", &file])?;
    ensure!(done.status == 0, "{}", done.said);
    Ok(())
}

fn no_case() -> Result<()> {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    let file = home.path().join("case.json");
    fs::write(&file, "{\"way\": 1}").into_diagnostic()?;
    let done = carried_out(&["--replay", &file.to_string_lossy()])?;
    ensure!(done.status == 2, "{}: {}", done.status, done.said);
    ensure!(done.said.contains("is no case"), "{}", done.said);
    Ok(())
}

/// No loop device, mount, process or file.
fn killed() -> Result<()> {
    let before = Machine::now()?;
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    let run = home.path().join("run");
    let said = home.path().join("log");
    let log = || fs::read_to_string(&said).unwrap_or_default();
    let way = [
        "--no-cost",
        "--generation",
        "trixie",
        "--way",
        "trixie docker image-and-layers",
    ];
    let mut child = program(&way, &run)
        .stdout(Stdio::null())
        .stderr(fs::File::create(&said).into_diagnostic()?)
        .spawn()
        .into_diagnostic()?;
    let deadline = Instant::now() + PATIENCE;
    let is_there = || {
        fs::read_to_string(run.join("trials.csv")).is_ok_and(|rows| rows.contains("second starts"))
    };
    while !is_there() {
        let ended = child.try_wait().into_diagnostic()?;
        ensure!(ended.is_none(), "it ended too early: {}", log());
        if Instant::now() > deadline {
            let _ = child.kill();
            return Err(miette!("no second engine: {}", log()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().into_diagnostic()?;
    child.wait().into_diagnostic()?;
    before.is_restored(PATIENCE, log)
}

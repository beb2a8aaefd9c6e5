//! The core ways on real engines, through the program; a case that loses data; what it leaves.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use lab_test::{Machine, ensure, process_of};
use miette::{IntoDiagnostic, Result, miette};
use rstest::rstest;
use rustix::process::{Signal, kill_process};

/// Two engines until their first operation, or the tear-down of all, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is expected of a way: its verdict, and what its words hold.
struct Core {
    way: &'static str,
    verdict: &'static str,
    words: &'static [&'static str],
}

const WHOLE: Core = Core {
    way: "trixie docker whole",
    verdict: "refused",
    words: &["timeout waiting for containerd to start"],
};

const OWN_CONTAINERD: Core = Core {
    way: "trixie docker whole-own-containerd",
    verdict: "refused",
    words: &["error while opening volume store metadata database", "timeout"],
};

const AFTER_STOP: Core = Core { way: "trixie docker after-stop", verdict: "safe", words: &[] };

const ADDITIONAL_STORE: Core =
    Core { way: "trixie podman additional-store", verdict: "safe", words: &[] };

const CORE: &[Core] = &[WHOLE, OWN_CONTAINERD, AFTER_STOP, ADDITIONAL_STORE];

fn main() -> ExitCode {
    lab_test::run(1, |_, _| {})
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

/// All core ways in one run that their tests share. It takes up the run that was cut off, so that it is
/// also the next one after that.
fn core_run() -> Result<&'static Done> {
    static RUN: OnceLock<Result<Done, String>> = OnceLock::new();
    let done = RUN.get_or_init(|| {
        let resume = cut()?.run.run().to_string_lossy().into_owned();
        let mut arguments = asked(CUT).to_vec();
        arguments.extend(["--seed", "7", "--resume", &resume]);
        let others = CORE.iter().filter(|core| core.way != CUT);
        arguments.extend(others.flat_map(|core| ["--way", core.way]));
        carried_out(&arguments).map_err(|report| report.to_string())
    });
    done.as_ref().map_err(|why| miette!("{why}"))
}

/// The way of which a lab is killed under way.
const CUT: &str = "trixie docker whole-own-containerd";

/// A run of that way whose lab was killed under way.
struct Cut {
    run: Running,
    status: ExitStatus,
    /// Whether anything was left of it.
    restored: Result<(), String>,
}

fn cut() -> Result<&'static Cut, String> {
    static RUN: OnceLock<Result<Cut, String>> = OnceLock::new();
    let cut = RUN.get_or_init(|| cut_short().map_err(|report| format!("{report:?}")));
    cut.as_ref().map_err(String::clone)
}

#[rstest]
#[case::a_second_docker_on_the_whole_directory_is_refused(WHOLE)]
#[case::a_second_docker_with_a_containerd_of_its_own_is_refused_too(OWN_CONTAINERD)]
#[case::after_a_clean_stop_all_is_there(AFTER_STOP)]
#[case::podmans_that_only_read_a_store_are_safe(ADDITIONAL_STORE)]
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn core_way(#[case] core: Core) -> Result<()> {
    let done = core_run()?;
    ensure!(done.status == 0, "{}", done.said);
    let rows = rows(&done.home.path().join("run"))?;
    let mut of_way = rows.iter().filter(|row| row["subject"] == core.way);
    let verdict = of_way.find(|row| row["step"] == "verdict");
    let verdict = verdict.ok_or_else(|| miette!("{} has none: {}", core.way, done.said))?;
    ensure!(verdict["outcome"] == core.verdict, "{}: {verdict:?}", core.way);
    for words in core.words {
        let is_said = verdict["reason"].contains(words);
        ensure!(is_said, "no `{words}` in {verdict:?}");
    }
    Ok(())
}

/// The shortest lists that lose data, as a search has found them: the same list of operations comes to
/// the same end.
#[rstest]
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn a_kept_case_does_it_again(#[files("cases/*.json")] case: PathBuf) -> Result<()> {
    let file = case.to_string_lossy();
    let done = carried_out(&["--replay", &file])?;
    ensure!(done.status == 0, "{}", done.said);
    Ok(())
}

#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn a_case_that_is_none_is_refused() -> Result<()> {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    let file = home.path().join("case.json");
    fs::write(&file, "{\"way\": 1}").into_diagnostic()?;
    let done = carried_out(&["--replay", &file.to_string_lossy()])?;
    ensure!(done.status == 2, "{}: {}", done.status, done.said);
    ensure!(done.said.contains("is no case"), "{}", done.said);
    Ok(())
}

/// A run of the program under way, and where it writes.
struct Running {
    child: Child,
    home: tempfile::TempDir,
}

impl Running {
    /// Until this step of the way has its row.
    fn start(way: &str, step: &str) -> Result<Self> {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
        let log = fs::File::create(home.path().join("log")).into_diagnostic()?;
        let child = program(&asked(way), &home.path().join("run"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .into_diagnostic()?;
        let mut running = Self { child, home };
        let deadline = Instant::now() + PATIENCE;
        let row = format!(",{way},{step},");
        let rows = running.run().join("trials.csv");
        while !fs::read_to_string(&rows).is_ok_and(|rows| rows.contains(&row)) {
            let ended = running.child.try_wait().into_diagnostic()?;
            ensure!(ended.is_none(), "it ended too early: {}", running.log());
            ensure!(Instant::now() < deadline, "no {step}: {}", running.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(running)
    }

    fn run(&self) -> PathBuf {
        self.home.path().join("run")
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

/// Only what becomes of a way of trixie.
fn asked(way: &str) -> [&str; 5] {
    ["--no-cost", "--generation", "trixie", "--way", way]
}

fn cut_short() -> Result<Cut> {
    let before = Machine::now()?;
    let mut run = Running::start(CUT, "first starts")?;
    let daemon = process_of(run.child.id(), "containerd")?;
    kill_process(daemon, Signal::KILL).into_diagnostic()?;
    let status = run.child.wait().into_diagnostic()?;
    let restored = before.is_restored(PATIENCE, || run.log());
    let restored = restored.map_err(|report| format!("{report:?}"));
    Ok(Cut { run, status, restored })
}

/// An outcome of a lab that has died is none: the run ends, and the next one tries the way again.
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn a_way_that_its_lab_cut_off_is_tried_again() -> Result<()> {
    let Cut { run: first, status, restored } = cut().map_err(|why| miette!("{why}"))?;
    let steps: Vec<String> = rows(&first.run())?
        .into_iter()
        .map(|mut row| row.remove("step").unwrap_or_default())
        .collect();
    ensure!(steps == ["first starts"], "{steps:?}\n{}", first.log());
    ensure!(status.code() == Some(1), "{status:?} {}", first.log());
    let run = first.run().to_string_lossy().into_owned();
    for words in [&*lab_test::killed("containerd"), &format!("--resume {run}")] {
        ensure!(first.log().contains(words), "{words}: {}", first.log());
    }
    ensure!(restored.is_ok(), "{restored:?}");
    let second = core_run()?;
    ensure!(second.status == 0, "{}", second.said);
    let rows = rows(&second.home.path().join("run"))?;
    let mut of_way = rows.iter().filter(|row| row["subject"] == CUT);
    let starts = of_way.clone().filter(|row| row["step"] == "first starts");
    ensure!(starts.count() == 1, "{rows:?}");
    let verdict = of_way.find(|row| row["step"] == "verdict");
    let verdict = verdict.map(|row| (&*row["outcome"], row["reason"].contains("timeout")));
    ensure!(verdict == Some(("refused", true)), "{rows:?}");
    Ok(())
}

/// No loop device, mount, process or file.
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn nothing_is_left_after_kill_9_with_two_engines_at_work() -> Result<()> {
    let before = Machine::now()?;
    let mut running = Running::start("trixie docker image-and-layers", "second starts")?;
    running.child.kill().into_diagnostic()?;
    running.child.wait().into_diagnostic()?;
    before.is_restored(PATIENCE, || running.log())
}

//! The core ways on real engines, through the program; a case that loses data; what it leaves.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use lab_test::{Cut, Kept, Machine, Run, ensure};
use miette::{IntoDiagnostic, Result, miette};
use rstest::rstest;
use rustix::process::Signal;

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
    lab_test::run(lab_test::overlapping(), |_, _| {})
}

const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cache-sharing"));
    command.args(arguments);
    command
}

/// A run to its end with this exit code.
fn done(arguments: &[&str], code: i32) -> Result<Run> {
    let (run, status) = Run::to_the_end(FOLDER, &program(arguments))?;
    ensure!(status.code() == Some(code), "{status:?}: {}", run.log());
    Ok(run)
}

/// The run of a core way, which its tests share: each of its own, as one waits much of its time. That of
/// the way that was cut off takes that run up, so that it is also the next one after it.
fn core_run(way: &str) -> Result<&'static Run> {
    static RUNS: [Kept<Run>; CORE.len()] = [const { Kept::new() }; CORE.len()];
    let at = CORE.iter().position(|core| core.way == way);
    RUNS[at.ok_or_else(|| miette!("{way} is no core way"))?].get(|| {
        let resume = if way == CUT { Some(cut()?.run.path()) } else { None };
        let resume = resume.map(|run| format!("--resume={}", run.display()));
        let mut arguments = asked(way).to_vec();
        arguments.extend(["--seed", "7"]);
        arguments.extend(resume.as_deref());
        done(&arguments, 0)
    })
}

/// The way of which a lab is killed under way.
const CUT: &str = "trixie docker whole-own-containerd";

/// A run of that way whose lab was killed under way.
fn cut() -> Result<&'static Cut> {
    static RUN: Kept<Cut> = Kept::new();
    RUN.get(|| {
        Cut::off(FOLDER, &program(&asked(CUT)), &format!(",{CUT},first starts,"), "containerd")
    })
}

#[rstest]
#[case::a_second_docker_on_the_whole_directory_is_refused(WHOLE)]
#[case::a_second_docker_with_a_containerd_of_its_own_is_refused_too(OWN_CONTAINERD)]
#[case::after_a_clean_stop_all_is_there(AFTER_STOP)]
#[needs(patience(50))]
#[case::podmans_that_only_read_a_store_are_safe(ADDITIONAL_STORE)]
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn core_way(#[case] core: Core) -> Result<()> {
    let done = core_run(core.way)?;
    let rows = done.trials()?;
    let mut of_way = rows.iter().filter(|row| row["subject"] == core.way);
    let verdict = of_way.find(|row| row["step"] == "verdict");
    let verdict = verdict.ok_or_else(|| miette!("{} has none: {}", core.way, done.log()))?;
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
    done(&["--replay", &file], 0).map(drop)
}

#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn a_case_that_is_none_is_refused() -> Result<()> {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    let file = home.path().join("case.json");
    fs::write(&file, "{\"way\": 1}").into_diagnostic()?;
    let done = done(&["--replay", &file.to_string_lossy()], 2)?;
    ensure!(done.log().contains("is no case"), "{}", done.log());
    Ok(())
}

/// Only what becomes of a way of trixie.
fn asked(way: &str) -> [&str; 5] {
    ["--no-cost", "--generation", "trixie", "--way", way]
}

/// An outcome of a lab that has died is none: the run ends, and the next one tries the way again.
#[lab_test::test]
#[needs(engines(lab::Generation::Trixie))]
fn a_way_that_its_lab_cut_off_is_tried_again() -> Result<()> {
    cut()?.is_said(&["first starts"])?;
    let rows = core_run(CUT)?.trials()?;
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
    let way = "trixie docker image-and-layers";
    let mut run = Run::start(FOLDER, &program(&asked(way)))?;
    run.wait_for_trial(&format!(",{way},second starts,"))?;
    run.send(Signal::KILL)?;
    run.wait()?;
    run.left_nothing(&before)
}

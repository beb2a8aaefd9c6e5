//! The core cells on real engines, through the program; what it takes over; what it leaves.

use std::process::{Command, ExitCode};

use lab_test::{Cut, Kept, Machine, Run, ensure};
use miette::{Result, miette};
use rstest::rstest;
use rustix::process::Signal;

/// What is expected of a cell: its name, the last stage that has a row, that one's outcome, what its
/// words hold, and which driver the engine took.
struct Core {
    cell: &'static str,
    last: (&'static str, &'static str),
    words: &'static [&'static str],
    driver: Option<&'static str>,
}

const ON_A_VOLUME: Core = Core {
    cell: "trixie docker overlay2 volume",
    last: ("disk", "ok"),
    words: &[],
    driver: Some("overlay2"),
};

const BY_NAME_ON_THE_LAYER: Core = Core {
    cell: "trixie docker overlay2 layer",
    last: ("starts", "failed"),
    words: &[
        "failed to mount overlay: invalid argument",
        "error initializing graphdriver: driver not supported: overlay2",
    ],
    driver: None,
};

const LEFT_TO_ITSELF: Core = Core {
    cell: "trixie docker automatic layer",
    last: ("disk", "ok"),
    words: &["failed to mount overlay: invalid argument"],
    driver: Some("vfs"),
};

const BTRFS: Core = Core {
    cell: "trixie docker btrfs volume",
    last: ("starts", "failed"),
    words: &["prerequisites for driver not satisfied (wrong filesystem?): btrfs"],
    driver: None,
};

const SNAPSHOTTER: Core = Core {
    cell: "forky docker snapshotter-overlayfs layer",
    last: ("runs", "failed"),
    words: &["failed to mount", "fstype: overlay", "invalid argument"],
    driver: Some("overlayfs"),
};

const CORE: &[Core] = &[ON_A_VOLUME, BY_NAME_ON_THE_LAYER, LEFT_TO_ITSELF, BTRFS, SNAPSHOTTER];

fn main() -> ExitCode {
    lab_test::run(lab_test::overlapping(), |_, _| {})
}

const FOLDER: &str = env!("CARGO_TARGET_TMPDIR");

fn program(cells: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_storage-driver"));
    command.arg("--no-cost");
    for cell in cells {
        let generation = cell.split(' ').next().unwrap_or_default();
        command.args(["--generation", generation, "--cell", cell]);
    }
    command
}

/// A run to its end with this exit code.
fn done(cells: &[&str], flags: &[&str], code: i32) -> Result<Run> {
    let (run, status) = Run::to_the_end(FOLDER, program(cells).args(flags))?;
    ensure!(status.code() == Some(code), "{status:?}: {}", run.log());
    Ok(run)
}

/// The run of a core cell, which its tests share. That of the cell that was cut off takes that run up, so
/// that it is also the next one after it.
fn core_run(cell: &str) -> Result<&'static Run> {
    static RUNS: [Kept<Run>; CORE.len()] = [const { Kept::new() }; CORE.len()];
    let at = CORE.iter().position(|core| core.cell == cell);
    RUNS[at.ok_or_else(|| miette!("{cell} is no core cell"))?].get(|| {
        let resume = if cell == CUT { Some(cut()?.run.path()) } else { None };
        let resume = resume.map(|run| format!("--resume={}", run.display()));
        done(&[cell], resume.as_deref().as_slice(), 0)
    })
}

/// The cell of which a lab is killed under way.
const CUT: &str = "trixie docker btrfs volume";

/// A run of that cell whose lab was killed under way.
fn cut() -> Result<&'static Cut> {
    static RUN: Kept<Cut> = Kept::new();
    RUN.get(|| Cut::off(FOLDER, &program(&[CUT]), &format!(",{CUT},place,"), "dockerd"))
}

#[rstest]
#[needs(engines(lab::Generation::Trixie))]
#[needs(patience(40))]
#[case::overlay2_on_a_volume_works(ON_A_VOLUME)]
#[needs(engines(lab::Generation::Trixie))]
#[case::overlay2_by_name_on_the_containers_layer_is_refused(BY_NAME_ON_THE_LAYER)]
#[needs(engines(lab::Generation::Trixie))]
#[needs(patience(40))]
#[case::left_to_itself_on_the_containers_layer_it_falls_back(LEFT_TO_ITSELF)]
#[needs(engines(lab::Generation::Trixie))]
#[case::btrfs_off_btrfs_refuses(BTRFS)]
#[needs(engines(lab::Generation::Forky))]
#[case::a_snapshotter_on_the_containers_layer_fails_only_when_a_container_starts(SNAPSHOTTER)]
#[lab_test::test]
fn core_cell(#[case] core: Core) -> Result<()> {
    let done = core_run(core.cell)?;
    let rows = done.trials()?;
    let of_cell: Vec<_> = rows.iter().filter(|row| row["subject"] == core.cell).collect();
    let (step, outcome) = core.last;
    let last = of_cell.last();
    let last = last.ok_or_else(|| miette!("{} has no row: {}", core.cell, done.log()))?;
    ensure!(
        last["step"] == step && last["outcome"] == outcome,
        "{}: expected {step} {outcome}, seen {of_cell:?}",
        core.cell
    );
    let said: Vec<&str> = of_cell.iter().map(|row| &*row["reason"]).collect();
    for words in core.words {
        let is_said = said.iter().any(|reason| reason.contains(words));
        ensure!(is_said, "no `{words}` in {said:?}");
    }
    let driver = of_cell.iter().find(|row| row["step"] == "driver");
    let driver = driver.map(|row| row["outcome"].as_str());
    ensure!(driver == core.driver, "{driver:?} of {of_cell:?}");
    Ok(())
}

/// Its rows are the same, and what it had not is tried.
#[lab_test::test]
fn what_an_earlier_run_has_finished_is_taken_over() -> Result<()> {
    let (known, new) = (CUT, "trixie docker btrfs tmpfs");
    let first = core_run(CUT)?;
    let run = first.path();
    let run = run.to_string_lossy();
    let second = done(&[known, new], &["--resume", &run], 0)?;
    let (mut before, after) = (first.trials()?, second.trials()?);
    before.retain(|row| row["subject"] == known);
    ensure!(!before.is_empty(), "no row of {known}");
    ensure!(after[..before.len()] == before[..], "{after:?}");
    let others = &after[before.len()..];
    ensure!(!others.is_empty(), "{after:?}");
    ensure!(others.iter().all(|row| row["subject"] == new), "{after:?}");
    // Other engines' cells would not be the same.
    let other = done(&["forky docker btrfs volume"], &["--resume", &run], 2)?;
    ensure!(other.log().contains("can't be resumed"), "{}", other.log());
    Ok(())
}

/// An outcome of a lab that has died is none: the run ends, and the next one tries the cell again.
#[lab_test::test]
fn a_cell_that_its_lab_cut_off_is_tried_again() -> Result<()> {
    cut()?.is_said(&["place"])?;
    let rows = core_run(CUT)?.trials()?;
    let of_cell: Vec<_> = rows.iter().filter(|row| row["subject"] == CUT).collect();
    let places = of_cell.iter().filter(|row| row["step"] == "place");
    ensure!(places.count() == 1, "{of_cell:?}");
    let refused = of_cell.last().is_some_and(|row| {
        row["step"] == "starts" && row["reason"].contains("prerequisites for driver not satisfied")
    });
    ensure!(refused, "{rows:?}");
    Ok(())
}

/// No loop device, mount or file of a lab with a file system of its own.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn nothing_is_left_after_kill_9_with_a_file_system_mounted() -> Result<()> {
    let before = Machine::now()?;
    let cell = "trixie docker overlay2 xfs";
    let mut run = Run::start(FOLDER, &program(&[cell]))?;
    run.wait_for_trial(&format!(",{cell},driver,"))?;
    run.send(Signal::KILL)?;
    run.wait()?;
    run.left_nothing(&before)
}

//! The core cells on real engines, through the program; what it takes over; what it leaves.

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

/// A cell until its first stage, or the tear-down of all, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

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
    lab_test::run(1, |_, _| {})
}

/// A run of the program.
struct Done {
    /// Kept as long as the tests.
    home: tempfile::TempDir,
    status: i32,
    said: String,
}

impl Done {
    fn run(&self) -> PathBuf {
        self.home.path().join("run")
    }

    fn rows(&self) -> Result<Vec<BTreeMap<String, String>>> {
        rows(&self.run())
    }
}

fn rows(run: &Path) -> Result<Vec<BTreeMap<String, String>>> {
    let text = fs::read(run.join("trials.csv")).into_diagnostic()?;
    let mut reader = csv::Reader::from_reader(&text[..]);
    let rows = reader.deserialize().collect::<Result<_, _>>();
    rows.into_diagnostic()
}

fn program(cells: &[&str], run: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_storage-driver"));
    command.arg("--no-cost").arg("--out").arg(run);
    for cell in cells {
        let generation = cell.split(' ').next().unwrap_or_default();
        command.args(["--generation", generation, "--cell", cell]);
    }
    command.stdin(Stdio::null());
    command
}

fn carried_out(cells: &[&str], flags: &[&str]) -> Result<Done> {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
    let mut program = program(cells, &home.path().join("run"));
    let output = program.args(flags).output().into_diagnostic()?;
    Ok(Done {
        status: output.status.code().unwrap_or(-1),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
        home,
    })
}

/// All core cells of a generation, in one run that their tests share. That of the cell that was cut off
/// takes that run up, so that it is also the next one after it.
fn core_run(generation: &str) -> Result<&'static Done> {
    static RUNS: [OnceLock<Result<Done, String>>; 2] = [const { OnceLock::new() }; 2];
    let run = &RUNS[usize::from(generation == "forky")];
    let done = run.get_or_init(|| {
        let cells = CORE.iter().map(|core| core.cell);
        let cells: Vec<&str> = cells.filter(|cell| cell.starts_with(generation)).collect();
        let done = if cells.contains(&CUT) {
            let run = cut()?.run.run();
            carried_out(&cells, &["--resume", &run.to_string_lossy()])
        } else {
            carried_out(&cells, &[])
        };
        done.map_err(|report| report.to_string())
    });
    done.as_ref().map_err(|why| miette!("{why}"))
}

/// The cell of which a lab is killed under way.
const CUT: &str = "trixie docker btrfs volume";

/// A run of that cell whose lab was killed under way.
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
#[needs(engines(lab::Generation::Trixie))]
#[case::overlay2_on_a_volume_works(ON_A_VOLUME)]
#[needs(engines(lab::Generation::Trixie))]
#[case::overlay2_by_name_on_the_containers_layer_is_refused(BY_NAME_ON_THE_LAYER)]
#[needs(engines(lab::Generation::Trixie))]
#[case::left_to_itself_on_the_containers_layer_it_falls_back(LEFT_TO_ITSELF)]
#[needs(engines(lab::Generation::Trixie))]
#[case::btrfs_off_btrfs_refuses(BTRFS)]
#[needs(engines(lab::Generation::Forky))]
#[case::a_snapshotter_on_the_containers_layer_fails_only_when_a_container_starts(SNAPSHOTTER)]
#[lab_test::test]
fn core_cell(#[case] core: Core) -> Result<()> {
    let generation = core.cell.split(' ').next().unwrap_or_default();
    let done = core_run(generation)?;
    ensure!(done.status == 0, "{}", done.said);
    let rows = done.rows()?;
    let of_cell: Vec<_> = rows.iter().filter(|row| row["subject"] == core.cell).collect();
    let (step, outcome) = core.last;
    let last = of_cell.last();
    let last = last.ok_or_else(|| miette!("{} has no row: {}", core.cell, done.said))?;
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
    let first = core_run("trixie")?;
    ensure!(first.status == 0, "{}", first.said);
    let run = first.run();
    let run = run.to_string_lossy();
    let second = carried_out(&[known, new], &["--resume", &run])?;
    ensure!(second.status == 0, "{}", second.said);
    let (mut before, after) = (first.rows()?, second.rows()?);
    before.retain(|row| row["subject"] == known);
    ensure!(!before.is_empty(), "no row of {known}");
    ensure!(after[..before.len()] == before[..], "{after:?}");
    let others = &after[before.len()..];
    ensure!(!others.is_empty(), "{after:?}");
    ensure!(others.iter().all(|row| row["subject"] == new), "{after:?}");
    // Other engines' cells would not be the same.
    let other = carried_out(&["forky docker btrfs volume"], &["--resume", &run])?;
    ensure!(other.status == 2, "{}: {}", other.status, other.said);
    ensure!(other.said.contains("can't be resumed"), "{}", other.said);
    Ok(())
}

/// A run of the program under way, and where it writes.
struct Running {
    child: Child,
    home: tempfile::TempDir,
}

impl Running {
    /// Until this step of the cell has its row.
    fn start(cell: &str, step: &str) -> Result<Self> {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).into_diagnostic()?;
        let log = fs::File::create(home.path().join("log")).into_diagnostic()?;
        let child = program(&[cell], &home.path().join("run"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .into_diagnostic()?;
        let mut running = Self { child, home };
        let deadline = Instant::now() + PATIENCE;
        let row = format!(",{cell},{step},");
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

fn cut_short() -> Result<Cut> {
    let before = Machine::now()?;
    let mut run = Running::start(CUT, "place")?;
    let daemon = process_of(run.child.id(), "dockerd")?;
    kill_process(daemon, Signal::KILL).into_diagnostic()?;
    let status = run.child.wait().into_diagnostic()?;
    let restored = before.is_restored(PATIENCE, || run.log());
    let restored = restored.map_err(|report| format!("{report:?}"));
    Ok(Cut { run, status, restored })
}

/// An outcome of a lab that has died is none: the run ends, and the next one tries the cell again.
#[lab_test::test]
fn a_cell_that_its_lab_cut_off_is_tried_again() -> Result<()> {
    let Cut { run: first, status, restored } = cut().map_err(|why| miette!("{why}"))?;
    let steps: Vec<String> = rows(&first.run())?
        .into_iter()
        .map(|mut row| row.remove("step").unwrap_or_default())
        .collect();
    ensure!(steps == ["place"], "{steps:?}\n{}", first.log());
    ensure!(status.code() == Some(1), "{status:?} {}", first.log());
    let run = first.run().to_string_lossy().into_owned();
    for words in [&*lab_test::killed("dockerd"), &format!("--resume {run}")] {
        ensure!(first.log().contains(words), "{words}: {}", first.log());
    }
    ensure!(restored.is_ok(), "{restored:?}");
    let second = core_run("trixie")?;
    ensure!(second.status == 0, "{}", second.said);
    let rows = second.rows()?;
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
fn nothing_is_left_after_kill_9_with_a_file_system_mounted() -> Result<()> {
    let before = Machine::now()?;
    let mut running = Running::start("trixie docker overlay2 xfs", "driver")?;
    running.child.kill().into_diagnostic()?;
    running.child.wait().into_diagnostic()?;
    before.is_restored(PATIENCE, || running.log())
}

//! Which storage driver works on what, how does the rest fail, and what does a fallback cost?

mod cell;
mod cost;
mod driver;
mod job;
mod kernel;
mod matrix;
mod place;
mod reading;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bench::Generations;
use bench::once::{self, Labs};
use clap::Parser;
use lab::{Generation, Options};
use measure::{Experiment, Run, Trial};
use miette::Result;

use cell::Cell;
use cost::Declared;

/// Every storage driver on everything that may lie underneath: what works, what refuses, what fails
/// later than it should, and what each costs
#[derive(Parser)]
#[command(name = "storage-driver")]
struct Cli {
    #[command(flatten)]
    run: measure::RunArgs,
    #[command(flatten)]
    _engines: bench::LabsOnly,

    #[command(flatten)]
    on: Generations,

    /// Only cells in whose name (`GENERATION ENGINE DRIVER PLACE`) all these words are; may be given
    /// several times
    #[arg(long = "cell", value_name = "WORDS")]
    cells: Vec<String>,

    /// Run nothing: read an engine's log and say which known failures are in it, with cause, remedy and
    /// the cell that reproduces each; `-` is the standard input
    #[arg(long, value_name = "FILE")]
    explain: Option<PathBuf>,
}

/// A run without samples.
const MATRIX: Experiment = Experiment::of_trials("storage-driver");

fn main() -> ExitCode {
    facts::main(&cost::OWN, reading::facts, || {
        let cli = Cli::parse();
        if let Some(file) = &cli.explain {
            return measure::say(fingerprints::explanation(&log(file)?));
        }
        let generations = cli.on.wanted(cli.run.quick);
        let cells = cells(&cli, &generations)?;
        let priced = Generations::priced(&generations);
        let declared = cost::declare(&cells, priced);
        let experiment = if cli.on.no_cost { MATRIX } else { declared.experiment };
        let options = |generation| cli.on.options(generation);
        let all: Vec<Options> = generations.iter().copied().map(options).collect();
        let able = || bench::preflight(&all.iter().collect::<Vec<_>>());
        let mut matrix = None;
        cli.run.conduct(&experiment, able, |run| {
            let folder = run.path().to_owned();
            let session = Session {
                cli: &cli,
                generations: &generations,
                cells: &cells,
                priced,
                declared: &declared,
            };
            once::resumable(&folder, session.hold(run, &options, &mut matrix))
        })
    })
}

/// What a user's engine has written, whatever bytes are in it.
fn log(file: &Path) -> Result<String> {
    let read = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    let bytes = read.map_err(|why| {
        measure::usage(
            format!("{} can't be read", file.display()),
            why.to_string(),
            "name a file with an engine's log, or `-` for the standard input",
        )
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The cells that were asked for.
fn cells(cli: &Cli, generations: &[Generation]) -> Result<Vec<Cell>> {
    let quick = cli.run.quick && cli.cells.is_empty();
    let mut cells = matrix::cells(generations, quick);
    cells.retain(|cell| cli.cells.is_empty() || once::is_named(&cell.to_string(), &cli.cells));
    if cells.is_empty() {
        return Err(measure::usage(
            "there is no such cell",
            format!("`--cell {}` names none", cli.cells.join(" --cell ")),
            "give words like `trixie docker overlay2 layer`",
        ));
    }
    Ok(cells)
}

/// What a session of this run does.
struct Session<'a> {
    cli: &'a Cli,
    generations: &'a [Generation],
    cells: &'a [Cell],
    /// Whose cells are measured.
    priced: Generation,
    declared: &'a Declared,
}

impl Session<'_> {
    /// The first session fills the matrix; every session measures what works.
    fn hold(
        &self,
        run: &mut Run,
        options: &(impl Fn(Generation) -> Options + Sync),
        matrix: &mut Option<Vec<Trial>>,
    ) -> Result<()> {
        let start = |generation| matrix::field(&options(generation));
        if matrix.is_some() {
            let labs = Labs::start(&[self.priced], &start)?;
            run.session(labs.describe(self.priced, None)?)?;
        } else {
            let labs = Labs::start(self.generations, &start)?;
            let (resumed, known) = match &self.cli.on.resume {
                Some(folder) => {
                    let (name, known) = self.taken_over(folder, &labs)?;
                    (Some(name), known)
                }
                None => (None, Vec::new()),
            };
            run.session(labs.describe(self.priced, resumed.as_deref())?)?;
            let attempt = |cell: &Cell, row: &mut dyn FnMut(Trial) -> Result<()>| {
                cell::run(&*labs.get(cell.generation)?, cell, row)
            };
            let (cells, workers) = (self.cells, matrix::WORKERS);
            let alive = || labs.alive();
            let rows = once::try_each(run, alive, cells, known, workers, matrix::is_end, attempt)?;
            run.retain_arms(|arm| self.declared.is_there(arm, &rows))?;
            *matrix = Some(rows);
        }
        if run.arms().is_empty() {
            return Ok(());
        }
        let lab = start(self.priced)?;
        let arms = run.arms().to_vec();
        let mut costs = lab.blamed(self.declared.set_up(&lab, &arms))?;
        run.measure(|arm| costs.take(arm))
    }

    /// The finished cells of an earlier run that are asked for, and its name.
    fn taken_over(&self, folder: &Path, labs: &Labs) -> Result<(String, Vec<Trial>)> {
        let tables = &["matrix"];
        let (name, mut rows) = once::taken_over(folder, MATRIX.name, tables, labs, matrix::is_end)?;
        self.cli.on.retain(&mut rows, self.cells);
        Ok((name, rows))
    }
}

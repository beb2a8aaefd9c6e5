//! Which storage driver works on what, how does the rest fail, and what does a fallback cost?

mod cell;
mod cost;
mod driver;
mod job;
mod kernel;
mod matrix;
mod place;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use lab::{Engine, Generation, Kind, Lab, Options};
use measure::{Experiment, Folder, Run, Trial};
use miette::Result;
use serde_json::{Value, json};

use cell::Cell;
use cost::Declared;

/// Every storage driver on everything that may lie underneath: what works, what refuses, what fails
/// later than it should, and what each costs
#[derive(Parser)]
#[command(name = "storage-driver")]
struct Cli {
    #[command(flatten)]
    run: measure::RunArgs,

    /// The engines, by the release of Debian that they are of; may be given several times (default:
    /// all, with --quick trixie). Costs are measured on the only one, or on trixie
    #[arg(long = "generation", value_name = "NAME")]
    generations: Vec<Generation>,

    /// With a user namespace (root inside has no power outside) or without (as a rootful engine)
    #[arg(long, value_name = "KIND", default_value = "user")]
    sandbox: Kind,

    /// Only cells in whose name (`GENERATION ENGINE DRIVER PLACE`) all these words are; may be given
    /// several times
    #[arg(long = "cell", value_name = "WORDS")]
    cells: Vec<String>,

    /// Only the matrix, without what its cells cost
    #[arg(long, conflicts_with_all = ["arms", "blocks", "precision", "budget", "sessions", "verify"])]
    no_cost: bool,

    /// Run nothing: read an engine's log and say which known failures are in it, with cause, remedy and
    /// the cell that reproduces each; `-` is the standard input
    #[arg(long, value_name = "FILE")]
    explain: Option<PathBuf>,

    /// Take over the cells that an earlier run with the same engines has finished
    #[arg(long, value_name = "RUN")]
    resume: Option<PathBuf>,

    /// Of what --resume takes over, try cells with these words again; may be given several times
    #[arg(long, value_name = "WORDS", requires = "resume")]
    again: Vec<String>,
}

/// A run without samples.
const MATRIX: Experiment = Experiment {
    name: "storage-driver",
    arms: &[],
    contrasts: &[],
    parts: &[],
    series: &[],
};

fn main() -> ExitCode {
    measure::main(|| {
        let cli = Cli::parse();
        if let Some(file) = &cli.explain {
            measure::say(&fingerprints::explanation(&log(file)?));
            return Ok(());
        }
        let generations = generations(&cli);
        let cells = cells(&cli, &generations)?;
        let priced = match generations[..] {
            [only] => only,
            _ => Generation::default(),
        };
        let declared = cost::declare(&cells, priced);
        let experiment = if cli.no_cost {
            MATRIX
        } else {
            declared.experiment
        };
        let options = |generation| Options {
            generation,
            sandbox: cli.sandbox,
            cancelled: Some(measure::interrupted),
            ..Options::default()
        };
        let all: Vec<Options> = generations.iter().copied().map(options).collect();
        let able = || bench::able(&all.iter().collect::<Vec<_>>());
        let mut matrix = None;
        cli.run.conduct(&experiment, able, |run| {
            let session = Session {
                cli: &cli,
                generations: &generations,
                cells: &cells,
                priced,
                declared: &declared,
            };
            session.hold(run, &options, &mut matrix)
        })
    })
}

/// What a user's engine has written, whatever bytes are in it.
fn log(file: &Path) -> Result<String> {
    let read = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map(|_| bytes)
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

fn generations(cli: &Cli) -> Vec<Generation> {
    let mut generations = cli.generations.clone();
    if generations.is_empty() {
        generations = if cli.run.quick {
            vec![Generation::default()]
        } else {
            Generation::ALL.to_vec()
        };
    }
    generations.sort_unstable();
    generations.dedup();
    generations
}

/// The cells that were asked for.
fn cells(cli: &Cli, generations: &[Generation]) -> Result<Vec<Cell>> {
    let quick = cli.run.quick && cli.cells.is_empty();
    let mut cells = matrix::cells(generations, quick);
    cells.retain(|cell| cli.cells.is_empty() || is_named(&cell.to_string(), &cli.cells));
    if cells.is_empty() {
        return Err(measure::usage(
            "there is no such cell",
            format!("`--cell {}` names none", cli.cells.join(" --cell ")),
            "give words like `trixie docker overlay2 layer`",
        ));
    }
    Ok(cells)
}

/// Whether some of these have only words that a cell's name has.
fn is_named(cell: &str, names: &[String]) -> bool {
    let cell: Vec<&str> = cell.split(' ').collect();
    let fits = |words: &String| words.split(' ').all(|word| cell.contains(&word));
    names.iter().any(fits)
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
        if matrix.is_some() {
            let lab = matrix::field(&options(self.priced))?;
            self.describe(run, &BTreeMap::from([(self.priced, lab)]), None)?;
        } else {
            let mut labs = BTreeMap::new();
            for generation in self.generations {
                labs.insert(*generation, matrix::field(&options(*generation))?);
            }
            let known = self.cli.resume.as_deref();
            let known = known
                .map(|folder| self.taken_over(folder, &labs))
                .transpose()?;
            let (resumed, known) = known.unzip();
            self.describe(run, &labs, resumed.as_deref())?;
            let known = known.unwrap_or_default();
            let rows = matrix::fill(run, options, self.cells, known, labs)?;
            run.keep(|arm| self.declared.is_there(arm, &rows))?;
            *matrix = Some(rows);
        }
        if run.arms().is_empty() {
            return Ok(());
        }
        let lab = matrix::field(&options(self.priced))?;
        let arms = run.arms().to_vec();
        let mut costs = self.declared.set_up(&lab, &arms)?;
        run.measure(|arm| costs.take(arm))
    }

    fn describe(
        &self,
        run: &mut Run,
        labs: &BTreeMap<Generation, Lab>,
        resumed: Option<&str>,
    ) -> Result<()> {
        let mut nests = Vec::new();
        for lab in labs.values() {
            for engine in [Engine::Docker, Engine::Podman] {
                nests.push(lab.nest(&[engine])?.describe()?);
            }
        }
        let priced = labs.get(&self.priced).or(labs.values().next());
        run.session(json!({
            "lab": priced.map(Lab::describe),
            "labs": labs.values().map(Lab::describe).collect::<Vec<Value>>(),
            "stand_ins": priced.map(Lab::stand_ins),
            "nests": nests,
            "resumed": resumed,
        }))
    }

    /// The finished cells of an earlier run, if it had the same kernel and engines; and its name.
    fn taken_over(
        &self,
        folder: &Path,
        labs: &BTreeMap<Generation, Lab>,
    ) -> Result<(String, Vec<Trial>)> {
        let refused = |why: String| {
            measure::usage(
                format!("{} can't be resumed", folder.display()),
                why,
                "start a run of its own, without `--resume`",
            )
        };
        let earlier = Folder::open(folder)?;
        let manifest = earlier.manifest()?;
        if manifest.experiment != MATRIX.name {
            return Err(refused(format!("it is a run of {}", manifest.experiment)));
        }
        let session = manifest.sessions.first();
        let session =
            session.ok_or_else(|| refused("it ended before its first cell".to_owned()))?;
        let machine = serde_json::to_value(measure::Machine::read()).unwrap_or_default();
        let before = serde_json::to_value(&session.machine).unwrap_or_default();
        if machine["kernel"] != before["kernel"] {
            return Err(refused("its machine had another kernel".to_owned()));
        }
        let described = session.description["labs"].as_array().cloned();
        let described = described.unwrap_or_default();
        for lab in labs.values() {
            let now = lab.describe();
            let is_same = |before: &Value| {
                ["suite", "bundle", "sandbox"]
                    .iter()
                    .all(|key| before[key] == now[key])
            };
            if !described.iter().any(is_same) {
                return Err(refused(format!(
                    "its engines are not those of {}",
                    now["suite"]
                )));
            }
        }
        let asked = |row: &Trial| {
            self.cells
                .iter()
                .any(|cell| cell.to_string() == row.subject)
        };
        let mut rows = matrix::finished(earlier.trials()?);
        rows.retain(|row| asked(row) && !is_named(&row.subject, &self.cli.again));
        let name = folder.file_name().unwrap_or_default();
        Ok((name.to_string_lossy().into_owned(), rows))
    }
}

/// An error in one line: what, and why.
fn words(report: &miette::Report) -> String {
    let chain: Vec<String> = report.chain().map(ToString::to_string).collect();
    chain.join(": ")
}

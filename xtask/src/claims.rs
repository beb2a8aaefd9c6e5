//! The ledger of claims: what of its records is missing is run, what runs say is derived, then the
//! report makes it.

use std::path::Path;
use std::process::{Command, ExitCode};

use clap::Args;
use miette::{IntoDiagnostic, Result};
use serde_json::Value;
use xshell::cmd;

use crate::experiments::Experiments;
use crate::process;
use crate::programs::{Programs, exit_code};

/// The engines that are looked at where none are named.
const GENERATION: &str = "trixie";

/// What the ledger calls the records that are no runs.
const CHECKS: &str = "checks";

/// Flags of the ledger.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Flags {
    /// First run what has no record: the checks, an experiment
    #[arg(long, conflicts_with_all = ["reference", "readme", "root"])]
    run: bool,
    /// Read the committed records, whatever was run here
    #[arg(long)]
    reference: bool,
    /// Only the checks of one generation of engines: bookworm, trixie, forky (with --run: trixie)
    #[arg(long, value_name = "NAME")]
    generation: Option<String>,
    /// Print the ledger as JSON
    #[arg(long)]
    json: bool,
    /// Write the ledger of the committed records, and the numbers that README.md and
    /// results/findings.md take from records
    #[arg(long)]
    readme: bool,
    /// Another workspace's folder
    #[arg(long, value_name = "DIR")]
    root: Option<String>,
}

impl Flags {
    /// The report's arguments: it knows what is valid.
    fn forwarded(&self) -> Vec<String> {
        let switches =
            [("--reference", self.reference), ("--json", self.json), ("--readme", self.readme)];
        let values = [("--generation", &self.generation), ("--root", &self.root)];
        let switches = switches.into_iter().filter(|(_, on)| *on);
        let values = values
            .into_iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")));
        std::iter::once("claims".to_owned())
            .chain(switches.map(|(name, _)| name.to_owned()))
            .chain(values)
            .collect()
    }
}

pub(crate) fn run(
    programs: &Programs,
    experiments: &Experiments,
    flags: &Flags,
) -> Result<ExitCode> {
    if !flags.reference && !flags.readme {
        let root = flags.root.as_deref().map_or(programs.root(), Path::new);
        derive_outdated(programs, experiments, &root.join("results"))?;
    }
    let ran = if flags.run { make_missing(programs, flags)? } else { ExitCode::SUCCESS };
    let told = programs.forward("report", &flags.forwarded())?;
    Ok(if ran == ExitCode::SUCCESS { told } else { ran })
}

/// What experiments say of one's own runs is what they say now: facts that are missing, or older than
/// the program that derives them, are derived again. Committed ones are as they were committed.
fn derive_outdated(programs: &Programs, experiments: &Experiments, results: &Path) -> Result<()> {
    let wholes = experiments.wholes.iter().map(|whole| &whole.name);
    for name in experiments.all.iter().map(|experiment| &experiment.name).chain(wholes) {
        let folders = std::fs::read_dir(results.join(name)).into_iter().flatten().flatten();
        let runs = folders.flat_map(|folder| programs.runs(&folder.path()));
        for (experiment, run) in runs.filter(|(name, run)| programs.is_outdated(name, run)) {
            let told = run.display();
            program::note!("deriving what {told} says");
            if programs.derive(&experiment, &run)? != 0 {
                program::note!("what {told} says is not derived: what lies there may be old");
            }
        }
    }
    Ok(())
}

/// Runs what has no record, or half of one, as the report says that it is made. The first failure's
/// code; the others run all the same.
fn make_missing(programs: &Programs, flags: &Flags) -> Result<ExitCode> {
    let generation = flags.generation.as_deref().unwrap_or(GENERATION);
    let asked = format!("--generation={generation}");
    let output = programs.captured("report", &["claims", "--json", &asked])?;
    // A check that was not as expected is no reason to stop here.
    let Ok(ledger) = serde_json::from_slice::<Value>(&output.stdout) else {
        program::note!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
        return Ok(exit_code(output.status.code().unwrap_or(1)));
    };
    let all = |of: &str| ledger[of].as_array().cloned().unwrap_or_default();
    let mut codes = Vec::new();
    let is_whole = |source: &Value| {
        source["generation"] == generation && source["own"] == true && source["complete"] == true
    };
    if !all("sources").iter().any(is_whole) {
        codes.push(check(programs, generation)?);
    }
    let runs = all("absent");
    let runs = runs.iter().filter(|absent| absent["of"] != CHECKS);
    for command in runs.filter_map(|absent| absent["remedy"].as_str()) {
        let args = command.split(' ').filter(|word| !["cargo", "xtask"].contains(word));
        let this = std::env::current_exe().into_diagnostic()?;
        let mut run = Command::new(this);
        // Where the report looks for it; the ledger is what was asked for.
        run.args(args).current_dir(programs.root());
        codes.push(process::exit_status(run.stdout(std::io::stderr()))?);
    }
    let failed = codes.into_iter().find(|code| *code != 0);
    Ok(exit_code(failed.unwrap_or(0)))
}

/// Runs the suite. It appends to its record as it goes; a check that fails is in there.
fn check(programs: &Programs, generation: &str) -> Result<i32> {
    let shell = programs.shell();
    let manifest = programs.root().join("Cargo.toml");
    let suite =
        cmd!(shell, "cargo test --locked --manifest-path {manifest} --package claims --test suite");
    let mut suite = Command::from(suite.env("MATRYOSHKA_GENERATION", generation));
    let code = process::tied(suite.stdout(std::io::stderr()))?;
    // Cargo has codes of its own.
    Ok(i32::from(code != 0))
}

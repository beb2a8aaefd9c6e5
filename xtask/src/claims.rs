//! The ledger of claims: what of its records is missing is run, then the report makes it.

use std::process::{Command, ExitCode};

use clap::Args;
use miette::{IntoDiagnostic, Result};
use serde_json::Value;
use xshell::cmd;

use crate::process;
use crate::programs::{Programs, exit_code};
use crate::single::fresh_folder;

/// The engines that are looked at where none are named.
const GENERATION: &str = "trixie";

/// The experiments whose runs hold claims.
const EXPERIMENTS: [&str; 2] = ["exp4", "syscalls"];

/// Flags of the ledger.
#[derive(Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
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
    /// Write the ledger of the committed records into README.md and results/reference/claims
    #[arg(long)]
    readme: bool,
    /// Another workspace's folder
    #[arg(long, value_name = "DIR")]
    root: Option<String>,
}

impl Flags {
    /// The report's arguments: it knows what is valid.
    fn forwarded(&self) -> Vec<String> {
        let switches = [
            ("--reference", self.reference),
            ("--json", self.json),
            ("--readme", self.readme),
        ];
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

pub(crate) fn run(programs: &Programs, flags: &Flags) -> Result<ExitCode> {
    let ran = if flags.run {
        make_missing(programs, flags)?
    } else {
        ExitCode::SUCCESS
    };
    let told = programs.forward("report", &flags.forwarded())?;
    Ok(if ran == ExitCode::SUCCESS { told } else { ran })
}

/// Runs what has no record, or half of one. The first failure's code; the others run all the same.
fn make_missing(programs: &Programs, flags: &Flags) -> Result<ExitCode> {
    let generation = flags.generation.as_deref().unwrap_or(GENERATION);
    let sources = match sources(programs, generation)? {
        Ok(sources) => sources,
        Err(refused) => return Ok(refused),
    };
    let mut codes = Vec::new();
    let is_whole = |source: &&Value| {
        source["generation"] == generation && source["own"] == true && source["complete"] == true
    };
    if sources.iter().find(is_whole).is_none() {
        codes.push(check(programs, generation)?);
    }
    for experiment in EXPERIMENTS {
        if sources.iter().all(|source| source["of"] != experiment) {
            let out = programs.root().join(fresh_folder(experiment));
            let out = format!("--out={}", out.display());
            let this = std::env::current_exe().into_diagnostic()?;
            let shell = programs.shell();
            let mut run = Command::from(cmd!(shell, "{this} {experiment} {out}"));
            // The ledger is what was asked for.
            codes.push(process::exit_status(run.stdout(std::io::stderr()))?);
        }
    }
    let failed = codes.into_iter().find(|code| *code != 0);
    Ok(exit_code(failed.unwrap_or(0)))
}

/// The records that the ledger would be made of; the report's exit code where it refuses.
fn sources(
    programs: &Programs,
    generation: &str,
) -> Result<std::result::Result<Vec<Value>, ExitCode>> {
    let generation = format!("--generation={generation}");
    let output = programs.captured("report", &["claims", "--json", &generation])?;
    // A check that was not as expected is no reason to stop here.
    let Ok(mut ledger) = serde_json::from_slice::<Value>(&output.stdout) else {
        program::note!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
        return Ok(Err(exit_code(output.status.code().unwrap_or(1))));
    };
    let sources = ledger["sources"].take();
    serde_json::from_value(sources).into_diagnostic().map(Ok)
}

/// Runs the suite. It appends to its record as it goes; a check that fails is in there.
fn check(programs: &Programs, generation: &str) -> Result<i32> {
    let shell = programs.shell();
    let manifest = programs.root().join("Cargo.toml");
    let suite = cmd!(
        shell,
        "cargo test --locked --manifest-path {manifest} --package claims --test suite"
    );
    let mut suite = Command::from(suite.env("MATRYOSHKA_GENERATION", generation));
    let code = process::tied(suite.stdout(std::io::stderr()))?;
    // Cargo has codes of its own.
    Ok(i32::from(code != 0))
}

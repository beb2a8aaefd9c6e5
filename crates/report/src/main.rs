//! From raw samples to tables, figures and pages. Reads runs and writes derived files beside them;
//! every one of them can be rebuilt, byte for byte, from the raw samples.

mod analysis;
mod figure;
mod page;
mod published;
mod record;
mod tables;
mod tutorial;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use measure::{say, write_atomically};
use miette::IntoDiagnostic;

use crate::analysis::Analysis;
use crate::record::Runs;

/// Rebuild the tables, figures and page of a run from its raw samples
///
/// Writes summary.csv, ratios.csv, figure.svg, figure.png and report.md into the run's folder and
/// prints the tables. Exit codes: 0 done; 1 a file can't be read or written; 2 RUN is no run.
#[derive(Parser)]
#[command(name = "report")]
struct Cli {
    /// Folder of a run (samples.csv and manifest.json), or one with two such folders, startup and
    /// cpu, as experiment 4 leaves it
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Also write the tutorial's own two files (the samples and the figure of experiment 4) there
    #[arg(long, value_name = "DIR")]
    tutorial: Option<PathBuf>,

    /// Print the tables on stdout as JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    measure::main(|| report(&Cli::parse()))
}

fn report(cli: &Cli) -> miette::Result<()> {
    let runs = Runs::open(&cli.run)?;
    let analysis = Analysis::of(&runs)?;
    let figure = figure::draw(&runs, &analysis)?;
    let derived = [
        ("summary.csv", tables::summary_csv(&analysis)?),
        ("ratios.csv", tables::ratios_csv(&analysis)?),
        ("figure.svg", figure.svg.into_bytes()),
        ("figure.png", figure.png.clone()),
        ("report.md", page::markdown(&runs, &analysis).into_bytes()),
    ];
    for (name, content) in derived {
        write_atomically(&cli.run.join(name), &content)?;
    }
    if let Some(folder) = &cli.tutorial {
        tutorial::write(folder, &runs, &figure.png)?;
    }
    if cli.json {
        say(&serde_json::to_string_pretty(&analysis).into_diagnostic()?);
    } else {
        say(&tables::terminal(&runs, &analysis));
    }
    Ok(())
}

//! Do the intervals cover what they claim?

mod bench;
mod draws;
mod environment;
mod law;
mod progress;
mod protocol;
mod reading;
#[cfg(test)]
mod short;
mod simulate;
mod tables;
mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use measure::{failure, leave_report, say, write_atomically};
use miette::Result;

use crate::progress::Progress;
use crate::reading::Simulation;

/// Simulates runs whose truth is known, and counts how often the statistics of `measure` hold it
///
/// Writes coverage.csv (every cell), criteria.csv (what is required, and whether it was found) and
/// facts.json, of which `report DIR` makes a figure and a page. Exit codes: 0 every criterion is met;
/// 1 one is not, or a file can't be written; 2 wrong usage.
#[derive(Parser)]
#[command(name = "coverage", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    other: Option<Other>,
    /// Simulated runs of each cell, at least 100
    #[arg(long, default_value_t = verdict::FULL, value_parser = clap::value_parser!(u32).range(100..))]
    replicates: u32,
    /// Folder for coverage.csv and criteria.csv, which are replaced
    #[arg(long, default_value = "results/coverage")]
    out: PathBuf,
    /// Of the random numbers; the same one gives the same files
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What the program does beside a simulation.
#[derive(Subcommand)]
enum Other {
    /// Make facts.json again, of the two tables in a folder
    Derive {
        /// Folder of a simulation
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    measure::main(|| match Cli::parse() {
        Cli { other: Some(Other::Derive { folder }), .. } => {
            Simulation::open(&folder)?.sheet().write(&folder)
        }
        cli => cover(&cli),
    })
}

fn cover(cli: &Cli) -> Result<()> {
    // Before the minutes of work, not after them.
    std::fs::create_dir_all(&cli.out).map_err(|error| {
        failure(
            format!("the folder {} can't be made", cli.out.display()),
            error.to_string(),
            "name a folder that you may write with `--out DIR`",
        )
    })?;
    let cells = protocol::protocol(cli.replicates);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut progress = Progress::new(cells.len());
    let outcomes = simulate::simulate(&cells, cli.seed, threads, || progress.cell());
    progress.end();

    let simulation = Simulation::new(cli.seed, cli.replicates, outcomes);
    for (name, table) in simulation.tables()? {
        write_atomically(&cli.out.join(name), table.as_bytes())?;
    }
    simulation.sheet().write(&cli.out)?;

    leave_report(&[], &cli.out)?;
    for criterion in &simulation.criteria {
        let mark = if criterion.met { "met    " } else { "NOT MET" };
        say(format!("{mark}  {}: {}", criterion.what, criterion.found))?;
    }
    let cells = cli.out.join(tables::CELLS_FILE);
    say(format!("wrote {}", cells.display()))?;
    let unmet: Vec<&str> = simulation
        .criteria
        .iter()
        .filter(|criterion| !criterion.met)
        .map(|criterion| criterion.what.as_str())
        .collect();
    if unmet.is_empty() {
        return Ok(());
    }
    Err(failure(
        "the statistics are not what they claim to be",
        unmet.join("; "),
        format!("look at the cells in {}", cells.display()),
    ))
}

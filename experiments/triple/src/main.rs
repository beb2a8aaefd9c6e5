//! What does each further level cost, and how deep does it go?

mod arms;
mod blocks;
mod chain;
mod depth;
mod literal;
mod reading;
mod store;

use std::process::ExitCode;

use clap::Parser;
use measure::Experiment;
use miette::Result;

use arms::{CHAINS, declare};
use chain::Chain;

/// Engines in engines in engines: what a start and a computation cost at each level, whether levels
/// add or multiply, what their stores take, and how deep they go
#[derive(Parser)]
#[command(name = "triple")]
struct Cli {
    #[command(flatten)]
    run: measure::RunArgs,
    #[command(flatten)]
    _engines: bench::LabsOnly,
    #[command(flatten)]
    lab: lab::Options,

    /// Engines within each other, outermost first: docker, podman, or matched (Podman configured as
    /// the one around it). May be given several times
    #[arg(long = "chain", value_name = "ENGINE/ENGINE/...")]
    chains: Vec<Chain>,

    /// Measure no samples: build levels until something refuses, at most N, for each engine and each
    /// place of its store
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    #[arg(conflicts_with_all = ["chains", "arms", "blocks", "precision", "budget", "sessions", "verify"])]
    depth: Option<u8>,

    /// Measure no samples: only what the same image takes at each level's store
    #[arg(long)]
    #[arg(conflicts_with_all = ["depth", "chains", "arms", "blocks", "precision", "budget", "sessions", "quick", "verify"])]
    stores: bool,
}

/// How a level, a step or a way is tried out.
const WORKS: &str = "works";
const REFUSED: &str = "refused";

/// A run without samples.
const TRIALS: Experiment = Experiment::of_trials("triple");

fn main() -> ExitCode {
    facts::main(&[], reading::facts, || {
        let cli = Cli::parse();
        let options = cli.lab.until(measure::interrupted);
        let able = || bench::preflight(&[&cli.lab]);
        if let Some(depth) = cli.depth {
            let quick = cli.run.quick;
            let most = usize::from(depth);
            return cli.run.conduct(&TRIALS, able, |run| depth::climb(run, &options, most, quick));
        }
        if cli.stores {
            return cli.run.conduct(&TRIALS, able, |run| store::alone(run, &options));
        }
        let chains = chains(&cli)?;
        let declared = declare(&chains);
        // What was asked for by name is all that was asked for.
        let run = &cli.run;
        let all = cli.chains.is_empty() && run.arms.is_empty();
        let whole = all && !run.quick && !run.verify && !run.company;
        let mut sessions_left = run.sessions();
        cli.run.conduct(&declared.experiment, able, |run| {
            blocks::experiment(run, &options, &chains, declared.rows)?;
            // Once is enough: nothing of it varies from lab to lab but the time.
            if whole {
                sessions_left -= 1;
                if sessions_left == 0 {
                    store::weigh(run, &options)?;
                }
            }
            Ok(())
        })
    })
}

/// The chains that were asked for, or the usual ones.
fn chains(cli: &Cli) -> Result<Vec<(Chain, bool)>> {
    if !cli.chains.is_empty() {
        return Ok(cli.chains.iter().cloned().map(|chain| (chain, true)).collect());
    }
    let usual = CHAINS.iter().map(|(text, quick)| {
        let chain = text.parse().map_err(|why| miette::miette!("{why}"))?;
        Ok((chain, *quick))
    });
    usual.collect()
}

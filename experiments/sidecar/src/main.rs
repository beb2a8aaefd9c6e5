//! Which pattern for containers in a Kubernetes pod: what does each hand over, what does it isolate,
//! what does it cost?

mod cost;
mod daemonless;
mod look;
mod node;
mod pattern;
mod plugin;
mod tls;
mod transport;

use std::process::ExitCode;

use bench::once;
use clap::Parser;
use facts::Facts;
use measure::{Experiment, Run, Trial};
use miette::Result;
use serde_json::json;

use cost::Costs;
use node::Node;
use pattern::{DAEMONLESS, DOOD, PATTERNS, Pattern};
use plugin::Plugin;
use tls::Certificates;

/// Docker in Docker, the node's socket, a sidecar behind a plugin, and no daemon at all: what each
/// pattern hands over, what it isolates, what it leaves behind, what it costs
#[derive(Parser)]
#[command(name = "sidecar")]
struct Cli {
    #[command(flatten)]
    run: measure::RunArgs,
    #[command(flatten)]
    lab: lab::Options,

    /// Only this pattern: dind, dood, sidecar, sidecar-open or daemonless; may be given several times
    #[arg(long = "pattern", value_name = "NAME", value_parser = pattern)]
    patterns: Vec<&'static Pattern>,

    /// Only what each pattern hands over, isolates and leaves, without costs
    #[arg(long, conflicts_with_all = ["arms", "blocks", "precision", "budget", "sessions", "verify"])]
    no_cost: bool,

    /// Only costs
    #[arg(long, conflicts_with = "no_cost")]
    only_cost: bool,

    /// Run nothing: print the two secrets that k8s/sidecar.yaml needs, with certificates made now,
    /// for `kubectl apply -f -`
    #[arg(long)]
    secrets: bool,
}

fn pattern(name: &str) -> Result<&'static Pattern, String> {
    let known = PATTERNS.into_iter().find(|pattern| pattern.name == name);
    let names: Vec<&str> = PATTERNS.iter().map(|pattern| pattern.name).collect();
    known.ok_or_else(|| format!("there are {}", names.join(", ")))
}

/// A run without samples.
const TRIALS: Experiment = Experiment {
    name: cost::NAME,
    arms: &[],
    contrasts: &[],
    parts: &[],
    series: &[],
};

fn main() -> ExitCode {
    facts::main(
        |_| Ok(Facts::default()),
        || {
            let cli = Cli::parse();
            if cli.secrets {
                return measure::say(Certificates::make()?.secrets());
            }
            let patterns = if cli.patterns.is_empty() {
                PATTERNS.to_vec()
            } else {
                cli.patterns.clone()
            };
            let experiment = if cli.no_cost {
                TRIALS
            } else {
                cost::experiment(&patterns)
            };
            let options = cli.lab.until(measure::interrupted);
            let mut is_first = true;
            cli.run.conduct(
                &experiment,
                || bench::able(&[&cli.lab]),
                |run| {
                    let tries = std::mem::take(&mut is_first) && !cli.only_cost;
                    let node = Node::start(&options)?;
                    let held = hold(run, &node, &patterns, tries, cli.run.quick);
                    node.lab.blamed(held)
                },
            )
        },
    )
}

/// Patterns that are looked at at once: as many as small machines have processors.
const AT_ONCE: usize = 2;

/// A session: the first one tries everything once; each measures what works.
fn hold(
    run: &mut Run,
    node: &Node,
    patterns: &[&'static Pattern],
    tries: bool,
    is_quick: bool,
) -> Result<()> {
    let alive = || node.lab.alive();
    // The node of who mounts a socket has no Docker yet.
    let mut missing = Vec::new();
    if tries && patterns.iter().any(|pattern| pattern.name == DOOD.name) {
        look::socket_missing(node, &DOOD, &mut |row| {
            missing.push(row);
            Ok(())
        })?;
    }
    node.start_docker()?;
    let engines = [lab::Engine::Docker, lab::Engine::Podman];
    let nests = engines.map(|engine| node.lab.nest(&[engine]).and_then(|nest| nest.describe()));
    let nests: Vec<_> = nests.into_iter().collect::<Result<_>>()?;
    run.session(json!({
        "lab": node.lab.describe(),
        "stand_ins": node.lab.stand_ins(),
        "nests": nests,
    }))?;
    for row in missing {
        run.tried(row, alive)?;
    }
    let plugin = Plugin::set_up(&node.lab)?;
    if tries {
        let wanted = |pattern: &&&Pattern| !is_quick || cost::QUICK.contains(&pattern.name);
        let looked: Vec<&'static Pattern> = patterns.iter().filter(wanted).copied().collect();
        let look = |pattern: &&'static Pattern, row: &mut dyn FnMut(Trial) -> Result<()>| {
            look::all(node, pattern, is_quick, row)
        };
        once::try_each(run, alive, &looked, Vec::new(), AT_ONCE, look::is_job, look)?;
        let mut row = |row: Trial| run.tried(row, alive);
        transport::try_all(node, &mut row)?;
        plugin.try_all(&mut row)?;
        if patterns
            .iter()
            .any(|pattern| pattern.name == DAEMONLESS.name)
        {
            daemonless::tried(&node.lab, is_quick, &mut row)?;
        }
    }
    if run.arms().is_empty() {
        return Ok(());
    }
    let mut costs = Costs::set_up(node, plugin, run.arms())?;
    let measured = run.measure(|arm| costs.take(arm));
    for row in costs.into_memory() {
        run.tried(row, alive)?;
    }
    measured
}

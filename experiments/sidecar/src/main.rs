//! Which pattern for containers in a Kubernetes pod: what does each hand over, what does it isolate,
//! what does it cost?

mod cost;
mod daemonless;
mod grants;
mod look;
mod node;
mod pattern;
mod plugin;
mod reading;
mod tls;
mod transport;
mod words;

use std::fmt;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use bench::once;
use clap::Parser;
use lab::{Engine, Lab};
use measure::{Experiment, Run, Trial};
use miette::Result;
use serde_json::{Value, json};

use cost::Costs;
use node::Node;
use pattern::{DAEMONLESS, DOOD, PATTERNS, Pattern};
use plugin::Plugin;
use tls::Certificates;

/// Docker in Docker, the node's socket, a sidecar behind a plugin, and no daemon at all: what each
/// pattern hands over, what it isolates, what it leaves behind, what it costs
#[derive(Parser)]
#[command(name = "sidecar")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct Cli {
    #[command(flatten)]
    run: measure::RunArgs,
    #[command(flatten)]
    _engines: bench::LabsOnly,
    #[command(flatten)]
    lab: lab::Options,

    /// Only this pattern: dind, dood, sidecar, sidecar-open, daemonless or dind-userns; may be given several times
    #[arg(long = "pattern", value_name = "NAME", value_parser = pattern)]
    patterns: Vec<&'static Pattern>,

    /// Only what each pattern hands over, isolates and leaves, without costs
    #[arg(long, conflicts_with_all = ["arms", "blocks", "precision", "budget", "sessions", "verify"])]
    no_cost: bool,

    /// Only costs
    #[arg(long, conflicts_with = "no_cost")]
    only_cost: bool,

    /// Only the search for the smallest grants with which Docker works in a pod that has a user namespace
    /// of its own and is not privileged: some thirty pods, each with a whole job
    #[arg(long, conflicts_with_all = ["no_cost", "only_cost", "patterns", "quick", "arms", "blocks", "precision", "budget", "sessions", "verify"])]
    grants: bool,

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
const TRIALS: Experiment = Experiment::of_trials(cost::NAME);

fn main() -> ExitCode {
    facts::main(&[&cost::CALL], reading::facts, || {
        let cli = Cli::parse();
        if cli.secrets {
            return measure::say(Certificates::make()?.secrets());
        }
        let patterns =
            if cli.patterns.is_empty() { PATTERNS.to_vec() } else { cli.patterns.clone() };
        let experiment =
            if cli.no_cost || cli.grants { TRIALS } else { cost::experiment(&patterns) };
        let options = cli.lab.until(measure::interrupted);
        let mut is_first = true;
        cli.run.conduct(
            &experiment,
            || bench::preflight(&[&cli.lab]),
            |run| {
                if cli.grants {
                    let lab = Lab::start(&options)?;
                    let searched = search(run, &lab);
                    return lab.blamed(searched);
                }
                let tries = std::mem::take(&mut is_first) && !cli.only_cost;
                let node = Node::start(&options)?;
                let held = hold(run, &node, &patterns, tries, cli.run.quick);
                node.lab.blamed(held)
            },
        )
    })
}

/// The search for grants alone.
fn search(run: &mut Run, lab: &Lab) -> Result<()> {
    run.session(describe(lab)?)?;
    grants::search(lab, &mut |row| run.record_trial(row, || lab.alive()))
}

/// What a session says of its lab.
fn describe(lab: &Lab) -> Result<Value> {
    let engines = [Engine::Docker, Engine::Podman];
    let nests = engines.map(|engine| lab.nest(&[engine]).and_then(|nest| nest.describe()));
    let nests: Vec<_> = nests.into_iter().collect::<Result<_>>()?;
    Ok(json!({ "lab": lab.describe(), "stand_ins": lab.stand_ins(), "nests": nests }))
}

/// What is tried once, in a lab that all of it shares.
enum Part {
    Pattern(&'static Pattern),
    Transport,
    Plugin,
    Daemonless,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(pattern) => pattern.fmt(f),
            Self::Transport => f.write_str("transport"),
            Self::Plugin => f.write_str("plugin"),
            Self::Daemonless => f.write_str("set-ups without a daemon"),
        }
    }
}

/// Parts that are under way at once: half of each is waiting for engines to come up, or to give up.
const AT_ONCE: usize = 4;

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
    run.session(describe(&node.lab)?)?;
    for row in missing {
        run.record_trial(row, alive)?;
    }
    let plugin = Mutex::new(None);
    if tries {
        let wanted = |pattern: &&'static Pattern| !is_quick || cost::QUICK.contains(&pattern.name);
        let is_daemonless = patterns.iter().any(|pattern| pattern.name == DAEMONLESS.name);
        // Those that take longest begin first.
        let parts: Vec<Part> = [Part::Plugin]
            .into_iter()
            .chain(is_daemonless.then_some(Part::Daemonless))
            .chain(patterns.iter().copied().filter(wanted).map(Part::Pattern))
            .chain([Part::Transport])
            .collect();
        let attempt = |part: &Part, row: &mut dyn FnMut(Trial) -> Result<()>| match part {
            Part::Pattern(pattern) => look::all(node, pattern, is_quick, row),
            Part::Transport => transport::try_all(node, row),
            Part::Plugin => {
                let set_up = Plugin::set_up(&node.lab)?;
                set_up.try_all(row)?;
                *plugin.lock().unwrap_or_else(PoisonError::into_inner) = Some(set_up);
                Ok(())
            }
            Part::Daemonless => daemonless::tried(&node.lab, is_quick, row),
        };
        // Nobody takes such a run up, so that no row is held back until the end of its part.
        let is_end = |_: &Trial| false;
        once::try_each(run, alive, &parts, Vec::new(), AT_ONCE, is_end, attempt)?;
    }
    if run.arms().is_empty() {
        return Ok(());
    }
    let plugin = plugin.into_inner().unwrap_or_else(PoisonError::into_inner);
    let plugin = plugin.map_or_else(|| Plugin::set_up(&node.lab), Ok)?;
    let mut costs = Costs::set_up(node, plugin, run.arms())?;
    let measured = run.measure(|arm| costs.take(arm));
    for row in costs.into_memory() {
        run.record_trial(row, alive)?;
    }
    measured
}

//! Which limits of an outer container bound what is started inside it, who is charged, and which remedy
//! holds?

mod outer;
mod reading;
mod setup;
mod trial;

use std::process::ExitCode;

use bench::once;
use clap::Parser;
use lab::{Engine, Lab, Nest};
use measure::{Experiment, Run, Trial};
use miette::Result;
use serde_json::json;

use setup::Setup;

/// Memory, processes and processors of an outer container: what bounds the containers inside, who is
/// charged for them, and which remedy holds
#[derive(Parser)]
#[command(name = "limits")]
struct Cli {
    #[command(flatten)]
    run: measure::RunArgs,
    #[command(flatten)]
    _engines: bench::LabsOnly,
    #[command(flatten)]
    lab: lab::Options,

    /// Only set-ups in whose name (`PATTERN NAMESPACE REMEDY`) all these words are; may be given several
    /// times
    #[arg(long = "setup", value_name = "WORDS")]
    setups: Vec<String>,
}

/// A run without samples.
const LIMITS: Experiment = Experiment::of_trials("limits");

/// Without these there are no limits to speak of.
const CONTROLLERS: [&str; 3] = ["memory", "pids", "cpu"];

/// The remedy where no tree can be made to have them.
const EMULATED: &str = "take an emulated machine: `cargo xtask machine trixie`";

fn main() -> ExitCode {
    facts::main(&[], reading::facts, || {
        let cli = Cli::parse();
        let setups = setups(&cli)?;
        let options = cli.lab.until(measure::interrupted);
        let able = || {
            // An ordinary user has control groups only after that.
            bench::preflight(&[&cli.lab])?;
            controllers()
        };
        cli.run.conduct(&LIMITS, able, |run| {
            let lab = Lab::start(&options)?;
            let held = hold(run, &lab, &setups);
            lab.blamed(held)
        })
    })
}

fn controllers() -> Result<()> {
    let there = lab::controllers();
    let missing = CONTROLLERS.iter().filter(|name| !there.iter().any(|there| there == **name));
    let missing: Vec<&str> = missing.copied().collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    // A machine may have its v2 tree elsewhere than at the usual place.
    let Some(file) = lab::handed_down() else {
        return Err(measure::unsupported(
            "there are no limits to try",
            "this machine has no cgroup v2 tree in which labs may have groups",
            EMULATED,
        ));
    };
    Err(measure::unsupported(
        "there are no limits to try",
        format!("this machine's cgroup v2 tree hands down no controller {missing}"),
        format!(
            "where the kernel has them there, as root: echo '+cpu +memory +pids' > {}; where v1 has them, \
             {EMULATED}",
            file.display()
        ),
    ))
}

/// The set-ups that were asked for.
fn setups(cli: &Cli) -> Result<Vec<Setup>> {
    let mut setups = Setup::all();
    setups.retain(|setup| match &cli.setups[..] {
        [] => !cli.run.quick || setup.is_quick(),
        names => once::is_named(&setup.to_string(), names),
    });
    if setups.is_empty() {
        return Err(measure::usage(
            "there is no such set-up",
            format!("`--setup {}` names none", cli.setups.join(" --setup ")),
            "give words like `dind host none`",
        ));
    }
    Ok(setups)
}

fn hold(run: &mut Run, lab: &Lab, setups: &[Setup]) -> Result<()> {
    let nests = [Engine::Docker, Engine::Podman].map(|engine| lab.nest(&[engine]));
    let nests: Vec<Nest> = nests.into_iter().collect::<Result<_>>()?;
    run.session(json!({
        "lab": lab.describe(),
        "stand_ins": lab.stand_ins(),
        "nests": nests.iter().map(Nest::describe).collect::<Result<Vec<_>>>()?,
    }))?;
    let attempt = |setup: &Setup, row: &mut dyn FnMut(Trial) -> Result<()>| {
        let mut of_engine = nests.iter().filter(|nest| nest.engine() == setup.pattern.outer());
        of_engine.try_for_each(|nest| trial::run(lab, nest.clone(), *setup, row))
    };
    // One at a time: what is beside it would take of the processors whose share is looked at.
    once::try_each(run, || lab.alive(), setups, Vec::new(), 1, trial::is_end, attempt).map(drop)
}

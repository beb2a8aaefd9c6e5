//! An experiment that samples in one lab: its program, and what its sessions say of themselves.
//!
//! A whole experiment, but for what it says of its runs:
//!
//! ```no_run
//! use bench::Session;
//! use facts::{Facts, STARTUP};
//! use lab::{Engine, Layer, Spawned};
//! use measure::{Arm, Contrast, DefaultBlocks, Experiment, Observer, Run};
//!
//! const ARMS: &[Arm] = &[
//!     Arm::new(STARTUP.name(), "true", Observer::Outside, 1, "a container that runs true"),
//!     Arm::new(STARTUP.name(), "date", Observer::Outside, 1, "a container that runs date"),
//! ];
//!
//! const EXPERIMENT: Experiment = Experiment {
//!     name: "toy",
//!     arms: ARMS,
//!     contrasts: &[Contrast::primary("date/true", "what date costs more")],
//!     parts: &[],
//!     series: &[],
//!     blocks: DefaultBlocks::USUAL,
//!     settled_ms: bench::SETTLED_MS,
//! };
//!
//! fn session(run: &mut Run, session: &Session) -> miette::Result<()> {
//!     let nest = session.lab.nest(&[Layer::own(Engine::Docker)])?;
//!     let mut agent = session.lab.level0().agent()?;
//!     session.describe(run, [&nest], serde_json::json!({}))?;
//!     run.measure(|arm| {
//!         let argv = ["docker", "run", "--rm", "alpine", arm.name];
//!         bench::spawn(&session.lab, &mut agent, &argv, Spawned::succeeded)
//!     })
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     let about = "Start time of two programs in a container";
//!     bench::main(about, &EXPERIMENT, &[], |_| Ok(Facts::default()), session)
//! }
//! ```

use std::process::ExitCode;
use std::time::Instant;

use clap::{CommandFactory, FromArgMatches, Parser};
use facts::{Evidence, Facts, Metric};
use lab::{Lab, Nest, Options};
use measure::{Experiment, Run, RunArgs};
use miette::Result;
use serde_json::{Value, json};

/// A lab that a session of a run has started.
pub struct Session {
    /// The lab.
    pub lab: Lab,
    began: Instant,
    lab_ms: u128,
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    lab: Options,
}

/// The whole of a program that samples in one lab: with the flags of a run and of a lab it measures, and
/// each session is what `session` does; `NAME derive RUN` writes what `facts` makes of a run. `about` is
/// what its help says that it does, `metrics` are what it measures and no other experiment does.
pub fn main(
    about: &'static str,
    experiment: &Experiment,
    metrics: &[&'static Metric],
    facts: fn(&Evidence) -> Result<Facts>,
    session: fn(&mut Run, &Session) -> Result<()>,
) -> ExitCode {
    facts::main(metrics, facts, || {
        let command = Cli::command().name(experiment.name).about(about);
        let cli = Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|why| why.exit());
        let options = cli.lab.until(measure::interrupted);
        cli.run.conduct(
            experiment,
            || crate::preflight(&[&options]),
            |run| {
                let began = Instant::now();
                let lab = Lab::start(&options)?;
                let held = Session { lab_ms: began.elapsed().as_millis(), lab, began };
                held.lab.blamed(session(run, &held))
            },
        )
    })
}

impl Session {
    /// Begins the session's record: its lab, its nests, how long it took until now in ms, and more.
    pub fn describe<'lab>(
        &self,
        run: &mut Run,
        nests: impl IntoIterator<Item = &'lab Nest<'lab>>,
        more: Value,
    ) -> Result<()> {
        let nests = nests.into_iter().map(Nest::describe).collect::<Result<Vec<_>>>()?;
        let mut description = json!({
            "lab": self.lab.describe(),
            "stand_ins": self.lab.stand_ins(),
            "nests": nests,
            "setup": { "lab_ms": self.lab_ms, "all_ms": self.began.elapsed().as_millis() },
        });
        if let (Some(all), Value::Object(more)) = (description.as_object_mut(), more) {
            all.extend(more);
        }
        run.session(description)
    }
}

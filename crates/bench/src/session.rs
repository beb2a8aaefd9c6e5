//! An experiment that samples in one lab, or on the machine's own engines: its program, and what its
//! sessions say of themselves.
//!
//! A whole experiment, but for what it says of its runs:
//!
//! ```no_run
//! use bench::Session;
//! use facts::{Facts, STARTUP};
//! use lab::{Engine, Layer, Needs, Spawned};
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
//! const DOCKER: &[Layer] = &[Layer::own(Engine::Docker)];
//!
//! fn session(run: &mut Run, session: &Session) -> miette::Result<()> {
//!     let nests = session.lab.nests(&[DOCKER])?;
//!     let nest = &nests[DOCKER];
//!     let mut agent = session.lab.level0().agent()?;
//!     session.describe(run, [nest], serde_json::json!({}))?;
//!     run.measure(|arm| {
//!         let mut argv = vec!["docker", "run", "--rm"];
//!         argv.extend(nest.labels().iter().map(String::as_str));
//!         argv.extend(["alpine", arm.name]);
//!         bench::spawn(&*session.lab, &mut agent, &argv, Spawned::succeeded)
//!     })
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     let about = "Start time of two programs in a container";
//!     let needs = |_: &Arm| Needs { chain: DOCKER, ..Needs::default() };
//!     bench::main(about, &EXPERIMENT, &[], |_| Ok(Facts::default()), needs, session)
//! }
//! ```

use std::process::ExitCode;
use std::time::Instant;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, ValueEnum};
use facts::{Evidence, Facts, Metric};
use lab::{Engines, Lab, Lack, Machine, MachinesEngines, Needs, Nest, Options};
use measure::{Arm, Experiment, Run, RunArgs};
use miette::Result;
use serde_json::{Value, json};

/// What a session of a run measures: a lab that it has started, or the machine's own engines.
pub struct Session {
    /// The engines.
    pub lab: Box<dyn Engines>,
    began: Instant,
    lab_ms: u128,
    /// Arms that can't be had there, and why.
    left_out: Vec<Value>,
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    run: RunArgs,
    #[command(flatten)]
    lab: Options,

    /// Whose engines: those of a lab, or this machine's own Docker and Podman as they are (what is made
    /// with them is listed first and removed at the end)
    #[arg(long, value_enum, value_name = "WHOSE", default_value_t = Whose::Lab)]
    engines: Whose,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Whose {
    Lab,
    Host,
}

/// The whole of a program that samples in one lab: with the flags of a run and of a lab it measures, and
/// each session is what `session` does; `NAME derive RUN` writes what `facts` makes of a run. `about` is
/// what its help says that it does, `metrics` are what it measures and no other experiment does. `needs`
/// says what an arm takes, of which the machine's own engines may lack something.
pub fn main(
    about: &'static str,
    experiment: &Experiment,
    metrics: &[&'static Metric],
    facts: fn(&Evidence) -> Result<Facts>,
    needs: fn(&Arm) -> Needs,
    session: fn(&mut Run, &Session) -> Result<()>,
) -> ExitCode {
    facts::main(metrics, facts, || {
        let command = Cli::command().name(experiment.name).about(about);
        let matches = command.get_matches();
        let Cli { run, lab: options, engines } =
            Cli::from_arg_matches(&matches).unwrap_or_else(|why| why.exit());
        if engines == Whose::Host {
            without_a_lab(&matches)?;
            return on_machine(run, experiment, needs, session);
        }
        let options = options.until(measure::interrupted);
        run.conduct(
            experiment,
            || crate::preflight(&[&options]),
            |run| {
                let began = Instant::now();
                let lab = Box::new(Lab::start(&options)?);
                Session::hold(run, lab, began, Vec::new(), session)
            },
        )
    })
}

/// What only a lab can be told has no meaning without one.
fn without_a_lab(matches: &ArgMatches) -> Result<()> {
    let given = |flag: &&str| matches.value_source(flag) == Some(ValueSource::CommandLine);
    match ["generation", "sandbox", "images"].iter().find(|flag| given(flag)) {
        None => Ok(()),
        Some(flag) => Err(measure::usage(
            format!("`--{flag}` can't be used with `--engines host`"),
            "it says which lab is to be started, and none is",
            format!("leave `--{flag}` or `--engines host` out"),
        )),
    }
}

/// The same run on the machine's own engines. Arms that these can't have are left out, unless they were
/// asked for.
fn on_machine(
    mut args: RunArgs,
    experiment: &Experiment,
    needs: fn(&Arm) -> Needs,
    session: fn(&mut Run, &Session) -> Result<()>,
) -> Result<()> {
    if args.list {
        return args.conduct(experiment, || Ok(()), |_| Ok(()));
    }
    lab::patience()?;
    let found = MachinesEngines::ask()?;
    let mut left_out: Vec<(&str, Lack)> = Vec::new();
    let mut kept = Vec::new();
    for arm in args.select(experiment.arms)? {
        match found.lacks(&needs(arm)) {
            None => kept.push(arm.name.to_owned()),
            Some(lack) if args.arms.is_empty() => left_out.push((arm.name, lack)),
            Some(lack) => return Err(lack.of(arm.name).report()),
        }
    }
    if let ([], Some((_, lack))) = (&kept[..], left_out.first()) {
        return Err(lack.report());
    }
    args.arms = kept;
    say_left_out(&left_out);
    let left_out: Vec<Value> =
        left_out.iter().map(|(arm, lack)| json!({ "arm": arm, "why": lack.why })).collect();
    args.conduct(experiment, measure::lock_exclusive, |run| {
        let began = Instant::now();
        let machine = Box::new(Machine::start(&found, measure::interrupted)?);
        Session::hold(run, machine, began, left_out.clone(), session)
    })
}

/// One line a reason.
fn say_left_out(left_out: &[(&str, Lack)]) {
    let mut said: Vec<&str> = Vec::new();
    for (_, lack) in left_out {
        if said.contains(&lack.why.as_str()) {
            continue;
        }
        said.push(&lack.why);
        let of_same = left_out.iter().filter(|(_, other)| other.why == lack.why);
        let arms: Vec<&str> = of_same.map(|(arm, _)| *arm).collect();
        measure::note!("left out: {}: {}: {}", arms.join(", "), lack.what, lack.why);
    }
}

impl Session {
    fn hold(
        run: &mut Run,
        lab: Box<dyn Engines>,
        began: Instant,
        left_out: Vec<Value>,
        session: fn(&mut Run, &Self) -> Result<()>,
    ) -> Result<()> {
        let held = Self { lab_ms: began.elapsed().as_millis(), lab, began, left_out };
        held.lab.blamed(session(run, &held))
    }

    /// Begins the session's record: its engines, its nests, how long it took until now in ms, and more.
    pub fn describe<'lab>(
        &self,
        run: &mut Run,
        nests: impl IntoIterator<Item = &'lab Nest<'lab>>,
        more: Value,
    ) -> Result<()> {
        let nests = nests.into_iter().map(Nest::describe).collect::<Result<Vec<_>>>()?;
        let mut description = self.lab.session();
        description.insert("nests".to_owned(), json!(nests));
        let setup = json!({ "lab_ms": self.lab_ms, "all_ms": self.began.elapsed().as_millis() });
        description.insert("setup".to_owned(), setup);
        if !self.left_out.is_empty() {
            description.insert("left_out".to_owned(), json!(self.left_out));
        }
        if let Value::Object(more) = more {
            description.extend(more);
        }
        run.session(Value::Object(description))
    }
}

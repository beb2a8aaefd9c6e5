//! What happens when engines share a cache, which ways work, and what does each cost?

mod cost;
mod field;
mod finding;
mod operation;
mod reading;
mod search;
mod side;
mod store;
mod tools;
mod trial;
mod way;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bench::Generations;
use bench::once::{self, Labs};
use clap::Parser;
use lab::{Generation, Options};
use measure::{Experiment, Run, Trial};
use miette::Result;

use cost::Costs;
use field::TestBed;
use finding::{Class, texts};
use search::{Case, OF_EACH, SearchTask};
use trial::{Order, Plan, Step, Subject};
use way::WAYS;

/// Every way in which engines can share what they keep: what refuses, what loses data without a word,
/// what works, and what each of those costs
#[derive(Parser)]
#[command(name = "cache-sharing")]
struct Cli {
    #[command(flatten)]
    run: measure::RunArgs,
    #[command(flatten)]
    _engines: bench::LabsOnly,

    #[command(flatten)]
    on: Generations,

    /// Only ways in whose name (`GENERATION ENGINE WAY`) all these words are; may be given several times
    #[arg(long = "way", value_name = "WORDS")]
    ways: Vec<String>,

    /// Only replay a saved case, a file that a search has left, and compare the outcome
    #[arg(long, value_name = "FILE", conflicts_with_all = ["generations", "ways", "resume"])]
    replay: Option<PathBuf>,
}

/// A run without samples.
const TRIALS: Experiment = Experiment::of_trials(cost::NAME);

/// What a quick run tries.
const QUICK: &[&str] = &["whole", "after-stop", "image-and-layers"];

/// How many ways are under way at once: much of it is waiting for engines to come up, or to give up.
const WORKERS: usize = 4;

/// The table of `trials.csv` with what became of each way, and its last step.
pub(crate) const TABLE: &str = "sharing";
pub(crate) const END: &str = "verdict";

fn main() -> ExitCode {
    facts::main(&[], reading::facts, || {
        let cli = Cli::parse();
        let options = |generation| cli.on.options(generation);
        if let Some(file) = &cli.replay {
            return replay(&cli, file, &options);
        }
        let generations = cli.on.wanted(cli.run.quick);
        let subjects = subjects(&cli, &generations)?;
        let priced = Generations::priced(&generations);
        let experiment = if cli.on.no_cost { TRIALS } else { cost::experiment(priced) };
        let all: Vec<Options> = generations.iter().copied().map(options).collect();
        let able = || bench::preflight(&all.iter().collect::<Vec<_>>());
        let mut is_first = true;
        cli.run.conduct(&experiment, able, |run| {
            let session =
                Session { cli: &cli, generations: &generations, subjects: &subjects, priced };
            let folder = run.path().to_owned();
            let is_first = std::mem::take(&mut is_first);
            once::resumable(&folder, session.hold(run, &options, is_first))
        })
    })
}

/// The ways that were asked for, on each generation that has them.
fn subjects(cli: &Cli, generations: &[Generation]) -> Result<Vec<Subject>> {
    let is_quick = cli.run.quick && cli.ways.is_empty();
    let mut subjects = Vec::new();
    for &generation in generations {
        for way in WAYS {
            let subject = Subject { generation, way };
            let is_asked = cli.ways.is_empty() || once::is_named(&subject.to_string(), &cli.ways);
            let is_in = !is_quick || QUICK.contains(&way.name);
            if way.generations.contains(&generation) && is_asked && is_in {
                subjects.push(subject);
            }
        }
    }
    if subjects.is_empty() {
        return Err(measure::usage(
            "there is no such way",
            format!("`--way {}` names none", cli.ways.join(" --way ")),
            "give words like `trixie docker image-and-layers`",
        ));
    }
    Ok(subjects)
}

/// What a session of this run does.
struct Session<'a> {
    cli: &'a Cli,
    generations: &'a [Generation],
    subjects: &'a [Subject],
    /// On whose engines jobs are measured.
    priced: Generation,
}

impl Session<'_> {
    /// The first session tries the ways and looks for damage; every session measures what works.
    fn hold(
        &self,
        run: &mut Run,
        options: &(impl Fn(Generation) -> Options + Sync),
        is_first: bool,
    ) -> Result<()> {
        let start = |generation| field::start(&options(generation));
        let generations = if is_first { self.generations } else { &[self.priced] };
        let labs = Labs::start(generations, &start)?;
        if is_first {
            let (resumed, known) = match &self.cli.on.resume {
                Some(folder) => {
                    let (name, known) = self.taken_over(folder, &labs)?;
                    (Some(name), known)
                }
                None => (None, Vec::new()),
            };
            run.session(labs.describe(self.priced, resumed.as_deref())?)?;
            self.try_ways(run, &TestBed::new(labs), known)?;
        } else {
            run.session(labs.describe(self.priced, None)?)?;
            drop(labs);
        }
        if run.arms().is_empty() {
            return Ok(());
        }
        let lab = start(self.priced)?;
        let costs = lab.blamed(Costs::set_up(&lab))?;
        let mut there = Vec::new();
        for arm in run.arms().to_vec() {
            if costs.prepare(arm, &mut |row| run.record_trial(row, || lab.alive()))? {
                there.push(arm.name);
            }
        }
        if is_first {
            run.retain_arms(|arm| there.contains(&arm.name))?;
        }
        run.measure(|arm| costs.take(arm))
    }

    fn try_ways(&self, run: &mut Run, field: &TestBed, known: Vec<Trial>) -> Result<()> {
        let seed = run.seed();
        let (searched, known): (Vec<Trial>, Vec<Trial>) =
            known.into_iter().partition(|row| row.table == search::TABLE);
        let attempt = |subject: &Subject, row: &mut dyn FnMut(Trial) -> Result<()>| {
            tried(field, subject, &at_once(seed), row)
        };
        let (subjects, alive) = (self.subjects, || field.labs.alive());
        let rows = once::try_each(run, alive, subjects, known, WORKERS, is_verdict, attempt)?;
        if self.cli.on.no_cost || self.cli.run.quick {
            return Ok(());
        }
        let tasks: Vec<SearchTask> =
            self.subjects.iter().filter_map(|subject| task(subject, &rows, seed)).collect();
        let cases = run.path().join("cases");
        let attempt = |task: &SearchTask, row: &mut dyn FnMut(Trial) -> Result<()>| {
            search::look(field, task, &cases, row)
        };
        let (is_end, workers) = (search::is_end, WORKERS);
        once::try_each(run, alive, &tasks, searched, workers, is_end, attempt).map(drop)
    }

    /// What an earlier run has finished of what is asked for, and its name.
    fn taken_over(&self, folder: &Path, labs: &Labs) -> Result<(String, Vec<Trial>)> {
        let is_end = |row: &Trial| is_verdict(row) || search::is_end(row);
        let mut rows = Vec::new();
        let mut name = String::new();
        for table in [TABLE, search::TABLE] {
            let (folder, of_table) = once::taken_over(folder, cost::NAME, &[table], labs, is_end)?;
            name = folder;
            rows.extend(of_table);
        }
        self.cli.on.retain(&mut rows, self.subjects);
        Ok((name, rows))
    }
}

/// Both jobs at once, as a seed has it.
fn at_once(seed: u64) -> Plan {
    Plan { seed, order: Order::AtOnce, operations: operation::drawn(seed, OF_EACH) }
}

/// Tries a way, its steps as rows; the last one has the verdict.
fn tried(
    field: &TestBed,
    subject: &Subject,
    plan: &Plan,
    row: &mut dyn FnMut(Trial) -> Result<()>,
) -> Result<()> {
    let mut told = |step: Step| {
        row(Trial {
            table: TABLE.to_owned(),
            subject: subject.to_string(),
            step: step.name.to_owned(),
            outcome: step.outcome,
            reason: step.reason,
            wall_ns: u64::try_from(step.since.elapsed().as_nanos()).ok(),
            ..Trial::default()
        })
    };
    let name = subject.to_string().replace(' ', "-");
    let began = std::time::Instant::now();
    let Some(verdict) = trial::run(field, subject, plan, &name, &mut told)? else {
        return Ok(());
    };
    told(Step {
        name: END,
        outcome: verdict.class.to_string(),
        reason: texts(&verdict.findings),
        since: began,
    })
}

/// Whether a way has no row after this one.
fn is_verdict(row: &Trial) -> bool {
    row.table == TABLE && (row.step == END || row.step == trial::PLACE)
}

/// What is to be looked for in a way that has got past the engines' own locks.
fn task(subject: &Subject, rows: &[Trial], seed: u64) -> Option<SearchTask> {
    let name = subject.to_string();
    let mut verdicts = rows.iter();
    let verdict = verdicts.find(|row| row.subject == name && row.step == END)?;
    let class = Class::of(&verdict.outcome)?;
    (class != Class::Refused).then(|| SearchTask {
        subject: *subject,
        is_damaged: class.is_damage(),
        seed,
    })
}

/// Does a case's operations again.
fn replay(cli: &Cli, file: &Path, options: &(impl Fn(Generation) -> Options + Sync)) -> Result<()> {
    let (subject, case) = Case::read(file)?;
    let able = || bench::preflight(&[&options(subject.generation)]);
    cli.run.conduct(&TRIALS, able, |run| {
        let start = |generation| field::start(&options(generation));
        let labs = Labs::start(&[subject.generation], &start)?;
        run.session(labs.describe(subject.generation, None)?)?;
        let field = TestBed::new(labs);
        let mut outcome = String::new();
        let done = tried(&field, &subject, &case.plan(), &mut |row| {
            outcome.clone_from(&row.outcome);
            run.record_trial(row.clone(), || field.labs.alive())?;
            measure::note!("{}: {} {}", row.step, row.outcome, row.reason);
            Ok(())
        });
        done.or_else(|report| field.labs.alive().and(Err(report)))?;
        if outcome == case.outcome {
            return Ok(());
        }
        Err(measure::failure(
            format!("{} came to another end", file.display()),
            format!("{outcome} instead of {}", case.outcome),
            "retry; this may depend on timing",
        ))
    })
}

//! A run from its first file to its last line.

mod outcome;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rand::TryRng;
use rand::rngs::SysRng;

use crate::args::{RunArgs, list};
use crate::arm::{Arm, Contrast, Experiment, Part, Reading, SampleError, Series};
use crate::declaration::check_declaration;
use crate::folder::Folder;
use crate::interrupt::{interrupted, watch};
use crate::machine::Machine;
use crate::manifest::{
    ALONE, METHOD_VERSION, Manifest, SCHEMA_VERSION, Session, Status, Stopped, Tool, utc_now,
};
use crate::plan::{Block, Blocks};
use crate::progress::Progress;
use crate::samples::Rows;
use crate::sampling::{End, Sampling, Tally};
use crate::stats::MARGIN;
use crate::stopping::Precision;
use crate::telemetry::{BLOCKS_FILE, COLUMNS, Telemetry};
use crate::trials::{self, TRIALS_FILE, Trial};
use program::{columns, failure, one_line, say, usage};

/// A run that has begun: its folder exists and its manifest says `running`.
///
/// [`RunArgs::conduct`] makes it and ends it.
pub struct Run {
    folder: Folder,
    manifest: Manifest,
    /// Those of this run, in company and alone in a lab as others are.
    all: Vec<&'static Arm>,
    /// Those of this lab.
    arms: Vec<&'static Arm>,
    /// Blocks of the labs that are left of this session, the last one first; the last is this lab's.
    labs: Vec<Vec<Block>>,
    /// Counts from 1.
    session: u32,
    /// Whether the lab was.
    described: bool,
    samples: Rows,
    blocks: Rows,
    /// Made with its first row.
    trials: Option<Rows>,
    began: Instant,
    tally: Tally,
    tried: u64,
    /// How the last session's measuring ended.
    end: Option<End>,
}

/// As it was typed, but for where the run's folder lies, which is the machine's business, and for
/// the program's own name: the task runner starts it by another one.
fn command_line(experiment: &str, args: impl Iterator<Item = String>) -> Vec<String> {
    let name = |path: &str| {
        let name = Path::new(path).file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let mut line = vec![experiment.to_owned()];
    for arg in args.skip(1) {
        let after_out = line.last().is_some_and(|last| ["--out", "--resume"].contains(&&**last));
        line.push(match arg.strip_prefix("--out=") {
            Some(folder) => format!("--out={}", name(folder)),
            None if after_out => name(&arg),
            None => arg,
        });
    }
    line
}

impl RunArgs {
    /// Carries out a run: `--list` is answered, the folder made and proved writable, `body` called
    /// once a session, the manifest closed and the outcome printed. An experiment without arms
    /// measures nothing: what its body [tried](Run::record_trial) is the run. With `--company` it is
    /// called for each lab of a session.
    ///
    /// `able` is asked before anything is written: its error says what this machine lacks, and what
    /// it returns is kept until the end ([`alone`](crate::alone)).
    /// `body` sets up what is measured, describes it with [`Run::session`] and calls
    /// [`Run::measure`] once. Its error ends the run with status `failed` and that reason, before
    /// or after any sample; an error after a signal ends it with status `interrupted`. A run whose
    /// samples failed in part is complete all the same, unless `--verify` asked for just that.
    pub fn conduct<T>(
        &self,
        experiment: &Experiment,
        able: impl FnOnce() -> miette::Result<T>,
        mut body: impl FnMut(&mut Run) -> miette::Result<()>,
    ) -> miette::Result<()> {
        check_declaration(experiment)?;
        let selected = self.select(experiment.arms)?;
        if self.list {
            return say(list(experiment.arms, columns()));
        }
        let _kept = able()?;
        watch()?;
        let mut run = Run::begin(self, experiment, selected)?;
        let result = (1..=self.sessions()).try_for_each(|session| {
            run.begin_session(session);
            while !run.labs.is_empty() {
                run.begin_lab();
                body(&mut run)?;
                run.end_of_trials()?;
                run.early_end().map_or(Ok(()), Err)?;
                run.labs.pop();
            }
            Ok(())
        });
        run.close(result, self)
    }
}

impl Run {
    /// The arms of this lab, in the order of their declaration: an experiment sets up no more.
    #[must_use]
    pub fn arms(&self) -> &[&'static Arm] {
        &self.arms
    }

    /// What its order is drawn from; for whatever else an experiment draws.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.manifest.seed
    }

    /// Its folder, for what an experiment keeps besides.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Begins a session with its description, an object: engines at each level, package set,
    /// sandbox, timings of the set-up. Its key `stand_ins` lists the images that are stand-ins; an
    /// empty list says that there are none.
    pub fn session(&mut self, description: serde_json::Value) -> miette::Result<()> {
        let serde_json::Value::Object(description) = description else {
            return Err(failure(
                "a session can't be described",
                "its description is no object",
                "describe it with names and values in the experiment's body",
            ));
        };
        let (number, has_all) = (self.session, self.arms.len() == self.all.len());
        match self.manifest.sessions.last_mut() {
            // One lab of several: the session is described by the one that has every arm.
            Some(session) if session.number == number => {
                if has_all {
                    session.description = description;
                }
            }
            _ => self.manifest.sessions.push(Session {
                number,
                started: utc_now(),
                ended: None,
                blocks_taken: None,
                stopped: None,
                machine: Machine::read(),
                description,
            }),
        }
        self.described = true;
        self.folder.write_manifest(&self.manifest)
    }

    /// Leaves arms out of the run, with every ratio, part and series that they are in: what was tried
    /// has shown that there is nothing to sample. Before the first [`Run::measure`] only, because the
    /// order of the samples is drawn for the arms that are left.
    pub fn retain_arms(&mut self, wanted: impl Fn(&Arm) -> bool) -> miette::Result<()> {
        if self.tally.samples > 0 {
            return Err(failure(
                "an arm can't be left out any more",
                "samples were taken already",
                "call `Run::retain_arms` before `Run::measure`",
            ));
        }
        self.arms.retain(|arm| wanted(arm));
        self.all.clone_from(&self.arms);
        let (arms, manifest) = (&self.arms, &mut self.manifest);
        let in_run = |name: &String| {
            let name = if manifest.company { name.trim_end_matches(ALONE) } else { name };
            arms.iter().any(|arm| arm.name == name)
        };
        manifest.arms.retain(|arm| in_run(&arm.name));
        let ratios = &mut manifest.contrasts;
        ratios.retain(|ratio| in_run(&ratio.numerator) && in_run(&ratio.denominator));
        let is_left =
            |part: &Part<String, Vec<String>>| part.plus.iter().chain(&part.minus).all(in_run);
        let broken: Vec<String> = manifest
            .parts
            .iter()
            .filter(|part| !is_left(part))
            .map(|part| part.of.clone())
            .collect();
        manifest.parts.retain(|part| !broken.contains(&part.of));
        manifest.series.retain(|series| series.arms.iter().all(in_run));
        if arms.is_empty() {
            (manifest.blocks, manifest.primary_blocks, manifest.warmup_blocks) = (0, 0, 0);
        }
        self.begin_session(self.session);
        self.folder.write_manifest(&self.manifest)
    }

    /// Draws what is taken in it.
    fn begin_session(&mut self, session: u32) {
        self.session = session;
        self.tally.blocks = 0;
        self.labs = self.manifest.plan(session).labs;
        self.labs.reverse();
    }

    /// Its arms are those of its blocks.
    fn begin_lab(&mut self) {
        (self.end, self.described) = (None, false);
        let alone = self.labs.last().and_then(|lab| lab.first()).map(|block| &block.order[..]);
        self.arms = match alone {
            Some([alone]) if self.manifest.company => vec![self.all[alone - self.all.len()]],
            _ => self.all.clone(),
        };
    }

    /// Takes every sample of the session's plan; `take` takes one.
    ///
    /// Fails after a [`SampleError::Fatal`], a signal, or when a row can't be written: what was taken
    /// is kept. A second call in a session fails, and so does one before [`Run::session`].
    pub fn measure(
        &mut self,
        mut take: impl FnMut(&Arm) -> Result<Reading, SampleError>,
    ) -> miette::Result<()> {
        let wrong = |why: &str| {
            failure(
                "a session is described and measured once",
                why,
                "put everything that is to be compared into the arms of one run",
            )
        };
        if self.end.is_some() {
            return Err(wrong("`Run::measure` was called a second time"));
        }
        if !self.described {
            return Err(wrong("`Run::session` was not called before"));
        }
        let Some(blocks) = self.labs.last() else {
            return Err(wrong("the session was at its end"));
        };
        let session = self.session;
        let planned = blocks.iter().map(|block| block.order.len() as u64).sum();
        let mut title = match self.manifest.planned_sessions {
            1 => self.manifest.experiment.clone(),
            all => format!("{}, session {session} of {all}", self.manifest.experiment),
        };
        let names = self.manifest.arms.iter().map(|arm| arm.name.clone());
        let arms: Vec<_> = self.all.iter().chain(&self.all).copied().zip(names).collect();
        if self.manifest.company {
            let alone = if let [alone] = self.arms[..] { alone.name } else { "all arms" };
            let all = self.all.len() + 1;
            let _ = write!(title, ", lab {} of {all} ({alone})", all + 1 - self.labs.len());
        }
        let began = self.began;
        let sampling = Sampling {
            arms: &arms,
            session,
            samples: &mut self.samples,
            blocks: &mut self.blocks,
            telemetry: Telemetry::new(),
            progress: Progress::new(&title, planned),
            precision: Precision::new(
                self.manifest.stopping,
                self.manifest.planned_sessions,
                questions(&self.manifest.contrasts),
            ),
            clock: &mut || u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX),
            interrupted: &interrupted,
            tally: &mut self.tally,
        };
        let end = sampling.carry_out(blocks, &mut take)?;
        let is_last = self.labs.len() == 1;
        if let (Some(session), End::Complete(stopped), true) =
            (self.manifest.sessions.last_mut(), &end, is_last)
        {
            session.ended = Some(utc_now());
            session.blocks_taken = Some(self.tally.blocks);
            session.stopped = Some(*stopped);
        }
        self.end = Some(end);
        self.folder.write_manifest(&self.manifest)?;
        self.early_end().map_or(Ok(()), Err)
    }

    /// Appends what was tried once to `trials.csv`; after [`Run::session`], beside any samples.
    ///
    /// An outcome may only come from something that was alive before and after, and that nobody has
    /// asked to end. `alive` is asked whether all that it may come from still is: its error is this
    /// one's, and nothing is recorded. Neither is anything after a signal, of which an error may come.
    pub fn record_trial(
        &mut self,
        trial: Trial,
        alive: impl FnOnce() -> miette::Result<()>,
    ) -> miette::Result<()> {
        if interrupted() {
            return Err(miette::miette!("a signal arrived"));
        }
        alive()?;
        let rows = match &mut self.trials {
            Some(rows) => rows,
            none => none.insert(Rows::create(self.folder.path(), TRIALS_FILE, &trials::COLUMNS)?),
        };
        self.tried += 1;
        // One line a row, so that a torn last one is known by its missing end.
        let lines: Vec<&str> = trial.reason.lines().map(str::trim).collect();
        let reason = lines.join(" | ");
        rows.write_row(Trial { session: self.session, reason, ..trial })
    }

    /// Ends a session that has nothing to measure.
    fn end_of_trials(&mut self) -> miette::Result<()> {
        let (true, Some(session)) = (self.arms.is_empty(), self.manifest.sessions.last_mut())
        else {
            return Ok(());
        };
        session.ended = Some(utc_now());
        session.blocks_taken = Some(0);
        session.stopped = Some(Stopped::Planned);
        self.end = Some(End::Complete(Stopped::Planned));
        self.folder.write_manifest(&self.manifest)
    }

    fn begin(
        args: &RunArgs,
        experiment: &Experiment,
        arms: Vec<&'static Arm>,
    ) -> miette::Result<Self> {
        let path = match &args.out {
            Some(path) => path.clone(),
            None => fresh_path(experiment.name)?,
        };
        let in_run = |name: &str| arms.iter().any(|arm| arm.name == name);
        let mut contrasts: Vec<_> = experiment
            .contrasts
            .iter()
            .filter(|contrast| in_run(contrast.numerator) && in_run(contrast.denominator))
            .map(Contrast::to_record)
            .collect();
        let whole = |of: &str| {
            let mut parts = experiment.parts.iter().filter(|part| part.of == of);
            parts.all(|part| part.plus.iter().chain(part.minus).all(|name| in_run(name)))
        };
        let parts = experiment.parts.iter().filter(|part| whole(part.of));
        let mut parts: Vec<_> = parts.map(Part::to_record).collect();
        let climbed = |series: &&Series| series.arms.iter().all(|name| in_run(name));
        let mut series: Vec<_> =
            experiment.series.iter().filter(climbed).map(Series::to_record).collect();
        let mut blocks = args.blocks(experiment.blocks);
        if contrasts.iter().all(|contrast| !contrast.primary) {
            (blocks.full, blocks.primary) = (blocks.full + blocks.primary, 0);
        }
        if arms.is_empty() {
            // There is nothing to repeat.
            blocks = Blocks { warmup: 0, full: 0, primary: 0 };
        }
        if args.precision.is_some() && contrasts.is_empty() {
            return Err(usage(
                "`--precision` has nothing to look at",
                "no ratio of this experiment has both of its arms in this run",
                "omit `--arms`, or name both arms of a ratio",
            ));
        }
        if args.company && arms.len() < 2 {
            return Err(usage(
                "`--company` has nothing to look at",
                "an arm has no company where the run has no other",
                "name two arms or more, or an experiment that samples",
            ));
        }
        let mut records: Vec<Arm<String>> = arms.iter().map(|arm| arm.to_record()).collect();
        if args.company {
            // What an arm is held against is itself.
            contrasts = arms.iter().map(|arm| Contrast::alone(arm.name)).collect();
            (parts, series) = (Vec::new(), Vec::new());
            records.extend(arms.iter().map(|arm| arm.to_record().alone()));
        }
        let manifest = Manifest {
            schema_version: SCHEMA_VERSION,
            method_version: METHOD_VERSION,
            experiment: experiment.name.to_owned(),
            status: Status::Running,
            reason: None,
            tool: Tool::read(),
            args: command_line(
                experiment.name,
                std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()),
            ),
            // 32 random bits: short to type again, and exact in every JSON reader.
            seed: args.seed.map_or_else(|| random().map(u64::from), Ok)?,
            blocks: blocks.full,
            primary_blocks: blocks.primary,
            warmup_blocks: blocks.warmup,
            company: args.company,
            planned_sessions: args.sessions(),
            stopping: args.stopping(),
            margin_pct: MARGIN * 100.0,
            arms: records,
            contrasts,
            parts,
            series,
            sessions: Vec::new(),
            inside_share: None,
            started: utc_now(),
            ended: None,
        };
        let folder = Folder::create(&path)?;
        folder.write_manifest(&manifest)?;
        let samples = Rows::samples(folder.path())?;
        let blocks = Rows::create(folder.path(), BLOCKS_FILE, &COLUMNS)?;
        Ok(Self {
            folder,
            manifest,
            all: arms.clone(),
            arms,
            labs: Vec::new(),
            session: 0,
            described: false,
            samples,
            blocks,
            trials: None,
            began: Instant::now(),
            tally: Tally::default(),
            tried: 0,
            end: None,
        })
    }

    /// Ends the run: the manifest's last state, the outcome on stdout, and the error if there is one.
    fn close(mut self, result: miette::Result<()>, args: &RunArgs) -> miette::Result<()> {
        let mut error = match result {
            Ok(()) => self.early_end(),
            Err(error) => Some(error),
        };
        let status = match &error {
            None => Status::Complete,
            Some(_) if interrupted() || self.end == Some(End::Interrupted) => Status::Interrupted,
            Some(_) => Status::Failed,
        };
        let recorded = self.record_end(status, error.as_ref().map(one_line));
        let printed = self.outcome(args);

        if error.is_none() && args.verify && self.tally.failed > 0 {
            error = Some(failure(
                format!("{} of {} checks failed", self.tally.failed, self.tally.samples),
                "with `--verify` every arm must work",
                format!("read the reasons in {}", self.folder.path().join("samples.csv").display()),
            ));
        }
        // The body's error came first and says more than a manifest that can't be written.
        error.map_or(recorded.and(printed), Err)
    }

    fn record_end(&mut self, status: Status, reason: Option<String>) -> miette::Result<()> {
        self.manifest.status = status;
        self.manifest.reason = reason;
        self.manifest.ended = Some(utc_now());
        if self.tally.loop_ns > 0 {
            let share = self.tally.inside_ns as f64 / self.tally.loop_ns as f64;
            self.manifest.inside_share = Some((share * 1e4).round() / 1e4);
        }
        self.folder.write_manifest(&self.manifest)
    }
}

/// Which ratios an adaptive stop waits for: the primary ones, or all where none is primary.
fn questions(contrasts: &[Contrast<String>]) -> Vec<(String, String)> {
    let any = contrasts.iter().any(|contrast| contrast.primary);
    let asked = contrasts.iter().filter(|contrast| contrast.primary || !any);
    asked.map(|contrast| (contrast.numerator.clone(), contrast.denominator.clone())).collect()
}

impl Drop for Run {
    fn drop(&mut self) {
        // Only a panic in the body comes here with a run that has not been closed.
        if self.manifest.status == Status::Running {
            let _ = self.record_end(Status::Failed, Some("the experiment panicked".to_owned()));
        }
    }
}

fn fresh_path(experiment: &str) -> miette::Result<PathBuf> {
    let stamp = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let id = random()? >> 8;
    Ok(Path::new("results").join(experiment).join(format!("{stamp}-{id:06x}")))
}

fn random() -> miette::Result<u32> {
    SysRng.try_next_u32().map_err(|error| {
        failure(
            "no seed could be drawn",
            error.to_string(),
            "name one with `--seed N`, and a folder with `--out DIR`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_kept_without_places_of_the_machine() {
        let kept =
            |args: &[&str]| command_line("some", args.iter().map(ToString::to_string)).join(" ");
        for (typed, recorded) in [
            (&["/x/some", "--out", "/y/run", "--quick"][..], "some --out run --quick"),
            (&["cargo xtask some", "--quick"], "some --quick"),
            (&["some", "--out=results/some/1"], "some --out=1"),
            (&["some", "--arms", "a,b"], "some --arms a,b"),
        ] {
            assert_eq!(kept(typed), recorded);
        }
    }
}

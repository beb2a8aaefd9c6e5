//! A run from its first file to its last line.

mod begin;
mod outcome;

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::args::{RunArgs, list};
use crate::arm::{Arm, Contrast, Experiment, Part, Reading, SampleError};
use crate::declaration::check_declaration;
use crate::folder::Folder;
use crate::interrupt::{interrupted, watch};
use crate::machine::Machine;
use crate::manifest::{Manifest, RowCounts, Session, Status, Stopped, utc_now};
use crate::plan::Block;
use crate::progress::Progress;
use crate::samples::Rows;
use crate::sampling::{End, Sampling, Tally};
use crate::stopping::Precision;
use crate::telemetry::Telemetry;
use crate::trials::{self, TRIALS_FILE, Trial};
use program::{columns, failure, one_line, say};

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
    /// How the last session's measuring ended.
    end: Option<End>,
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
        self.check(experiment, &selected)?;
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
    /// order of the samples is drawn for the arms that are left. With `--company` all stay: a lab of one
    /// arm says nothing of the others, and what can't be sampled is a failed sample with its reason.
    pub fn retain_arms(&mut self, wanted: impl Fn(&Arm) -> bool) -> miette::Result<()> {
        if self.manifest.company {
            return Ok(());
        }
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
        let in_run = |name: &String| arms.iter().any(|arm| arm.name == name);
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
            settled: Duration::from_millis(self.manifest.settled_ms),
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

    /// Rows of trials.
    fn tried(&self) -> u64 {
        self.trials.as_ref().map_or(0, |rows| rows.written)
    }

    fn record_end(&mut self, status: Status, reason: Option<String>) -> miette::Result<()> {
        self.manifest.status = status;
        self.manifest.reason = reason;
        self.manifest.ended = Some(utc_now());
        self.manifest.rows = Some(RowCounts {
            samples: self.samples.written,
            blocks: self.blocks.written,
            trials: self.tried(),
            trials_sha256: self.folder.trials_sha256()?,
        });
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

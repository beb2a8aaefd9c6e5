//! What is tried once and not sampled: many subjects, several at a time; and what an earlier run has
//! finished of them.
//!
//! An outcome may only come from a lab that was alive before and after. One that has died does not
//! come back, so it is enough to ask afterwards, before a row is recorded. A lab that has died ends
//! the run: what was under way in it has no end in the record, and is taken again by a run that goes
//! on from there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use lab::{Engine, Generation, Lab};
use measure::{Folder, Run, Trial};
use miette::Result;
use serde_json::{Value, json};

/// A lab for each generation.
pub struct Labs<'a> {
    start: &'a (dyn Fn(Generation) -> Result<Lab> + Sync),
    running: Mutex<BTreeMap<Generation, Arc<Lab>>>,
}

impl<'a> Labs<'a> {
    /// Starts one for each of these.
    pub fn start(
        generations: &[Generation],
        start: &'a (dyn Fn(Generation) -> Result<Lab> + Sync),
    ) -> Result<Self> {
        let mut running = BTreeMap::new();
        for &generation in generations {
            running.insert(generation, Arc::new(start(generation)?));
        }
        let running = Mutex::new(running);
        Ok(Self { start, running })
    }

    /// The lab of a generation; a new one where there is none.
    pub fn get(&self, generation: Generation) -> Result<Arc<Lab>> {
        let mut labs = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lab) = labs.get(&generation) {
            return Ok(Arc::clone(lab));
        }
        let lab = Arc::new((self.start)(generation)?);
        labs.insert(generation, Arc::clone(&lab));
        Ok(lab)
    }

    /// An error that says what has died, if something has in any of them.
    pub fn alive(&self) -> Result<()> {
        self.all().values().try_for_each(|lab| lab.alive())
    }

    /// A session's description, whose first lab is that of this generation, and from which run it
    /// has taken something over.
    pub fn describe(&self, first: Generation, resumed: Option<&str>) -> Result<Value> {
        let labs = self.all();
        let mut nests = Vec::new();
        for lab in labs.values() {
            for engine in [Engine::Docker, Engine::Podman] {
                let described = lab.nest(&[engine]).and_then(|nest| nest.describe());
                nests.push(lab.blamed(described)?);
            }
        }
        let first = labs.get(&first).or(labs.values().next());
        Ok(json!({
            "lab": first.map(|lab| lab.describe()),
            "labs": labs.values().map(|lab| lab.describe()).collect::<Vec<Value>>(),
            "stand_ins": first.map(|lab| lab.stand_ins()),
            "nests": nests,
            "resumed": resumed,
        }))
    }

    fn all(&self) -> BTreeMap<Generation, Arc<Lab>> {
        let labs = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        labs.clone()
    }
}

/// Tries every subject that is not among the rows already, so many at once, and returns all rows.
/// `alive` is asked whether the labs live before each row is taken, and after an error; `is_end` says
/// which row of a subject is its last one: that is taken only when the whole attempt has gone well,
/// because nobody tries a subject again that has its last row.
pub fn try_each<S: Display + Sync>(
    run: &mut Run,
    alive: impl Fn() -> Result<()> + Sync,
    subjects: &[S],
    known: Vec<Trial>,
    at_once: usize,
    is_end: impl Fn(&Trial) -> bool + Sync,
    attempt: impl Fn(&S, &mut dyn FnMut(Trial) -> Result<()>) -> Result<()> + Sync,
) -> Result<Vec<Trial>> {
    let finished: BTreeSet<String> = known.iter().map(|row| row.subject.clone()).collect();
    let mut rows = Vec::new();
    for row in known {
        // The run that it comes from has asked.
        run.record_trial(row.clone(), || Ok(()))?;
        rows.push(row);
    }
    let left = subjects.iter().filter(|subject| !finished.contains(&subject.to_string()));
    let left: Vec<&S> = left.collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (says, told) = mpsc::channel();
        for _ in 0..at_once {
            let says = says.clone();
            let (left, next, attempt, alive, is_end) = (&left, &next, &attempt, &alive, &is_end);
            scope.spawn(move || {
                while let Some(subject) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // Asked here, where nothing more is done with an outcome that is none.
                    let say = |row| {
                        let gone = |_| miette::miette!("the run has ended");
                        says.send(Ok(row)).map_err(gone)
                    };
                    let mut last = None;
                    let tried = attempt(subject, &mut |row| {
                        if measure::interrupted() {
                            return Err(miette::miette!("a signal arrived"));
                        }
                        alive()?;
                        let sent = if is_end(&row) { last.replace(row) } else { Some(row) };
                        sent.map_or(Ok(()), say)
                    });
                    let tried = tried.and_then(|()| last.map_or(Ok(()), say));
                    // What one worker meets ends the others, too: nobody listens any more.
                    if let Err(report) = tried.or_else(|report| alive().and(Err(report))) {
                        let cut_off = format!("`{subject}` has come to no end");
                        let _ = says.send(Err(report.wrap_err(cut_off)));
                        break;
                    }
                }
            });
        }
        drop(says);
        let mut ended = 0;
        for row in told {
            let row = row?;
            // Nothing is said of what is not recorded.
            run.record_trial(row.clone(), || Ok(()))?;
            if is_end(&row) {
                ended += 1;
                let Trial { subject, step, outcome, .. } = &row;
                measure::note!("{ended} of {}: {subject}: {step} {outcome}", left.len());
            }
            rows.push(row);
        }
        Ok(rows)
    })
}

/// What came of a run's session, of which `--resume` takes over what it has finished: an error says so,
/// if there is something.
pub fn resumable(folder: &Path, done: Result<()>) -> Result<()> {
    done.map_err(|report| {
        let rows = Folder::open(folder).and_then(|run| run.trials(&run.manifest()?));
        if report.severity().is_some() || rows.map_or(true, |rows| rows.is_empty()) {
            return report;
        }
        let why: Vec<String> = report.chain().skip(1).map(ToString::to_string).collect();
        let remedy = format!("`--resume {}` takes the rest", folder.display());
        let help = report.help().map(|help| format!("{help}; {remedy}"));
        measure::failure(report.to_string(), why.join(": "), help.unwrap_or(remedy))
    })
}

/// Whether some of these have only words that a subject's name has.
#[must_use]
pub fn is_named(subject: &str, names: &[String]) -> bool {
    let subject: Vec<&str> = subject.split(' ').collect();
    let fits = |words: &String| words.split(' ').all(|word| subject.contains(&word));
    names.iter().any(fits)
}

/// What an earlier run of an experiment has finished, if it had the same kernel and engines: its
/// name, and the rows of those subjects of these tables that have come to their end.
pub fn taken_over(
    folder: &Path,
    experiment: &str,
    tables: &[&str],
    labs: &Labs,
    is_end: impl Fn(&Trial) -> bool,
) -> Result<(String, Vec<Trial>)> {
    let refused = |why: String| {
        measure::usage(
            format!("{} can't be resumed", folder.display()),
            why,
            "start a run of its own, without `--resume`",
        )
    };
    let earlier = Folder::open(folder)?;
    let manifest = earlier.manifest()?;
    if manifest.experiment != experiment {
        return Err(refused(format!("it is a run of {}", manifest.experiment)));
    }
    let session = manifest.sessions.first();
    let session = session.ok_or_else(|| refused("it ended before its first trial".to_owned()))?;
    let machine = serde_json::to_value(measure::Machine::read()).unwrap_or_default();
    let before = serde_json::to_value(&session.machine).unwrap_or_default();
    if machine["kernel"] != before["kernel"] {
        return Err(refused("its machine had another kernel".to_owned()));
    }
    let described = session.description["labs"].as_array().cloned();
    let described = described.unwrap_or_default();
    for lab in labs.all().values() {
        let now = lab.describe();
        let is_same = |before: &Value| {
            ["suite", "bundle", "sandbox"].iter().all(|key| before[key] == now[key])
        };
        if !described.iter().any(is_same) {
            let suite = &now["suite"];
            return Err(refused(format!("its engines are not those of {suite}")));
        }
    }
    let rows = earlier.trials(&manifest)?;
    let of_tables = |row: &&Trial| tables.contains(&&*row.table);
    let ended = rows.iter().filter(of_tables).filter(|row| is_end(row));
    let ended: BTreeSet<String> = ended.map(|row| row.subject.clone()).collect();
    let rows = rows.iter().filter(of_tables).cloned();
    let rows = rows.filter(|row| ended.contains(&row.subject)).collect();
    let name = folder.file_name().unwrap_or_default();
    Ok((name.to_string_lossy().into_owned(), rows))
}

/// What came of something in a lab that is no sample: its own failure counts only if the lab lives, and
/// is then the inner error, in one line.
pub fn outcome<T>(lab: &Lab, done: Result<T>) -> Result<Result<T, String>> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(report) => lab.alive().map(|()| Err(error_chain(&report))),
    }
}

/// An error in one line: what, and why.
#[must_use]
pub fn error_chain(report: &miette::Report) -> String {
    let chain: Vec<String> = report.chain().map(ToString::to_string).collect();
    chain.join(": ")
}

/// How much of an engine's output is kept: it repeats its whole usage after some errors.
const MOST: usize = 12;

/// The output of a command that went well; of one that did not, what it said last.
pub fn succeeded(done: Result<lab::Output>) -> Result<String, String> {
    let output = done.map_err(|report| error_chain(&report))?;
    if output.success() {
        return Ok(output.stdout);
    }
    let said = format!("{}\n{}", output.stderr, output.stdout);
    let said: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &said[said.len().saturating_sub(MOST)..];
    Err(if last.is_empty() {
        format!("exit code {}, without a word", output.code)
    } else {
        last.join("\n")
    })
}

/// A daemon's words without what it says whenever it starts.
#[must_use]
pub fn complaints(words: &str) -> String {
    let chatter = ["level=info", "level=debug", "WARNING: No "];
    let is_chatter = |line: &&str| chatter.iter().any(|word| line.contains(word));
    let (first, rest) = words.split_once(": time=").unwrap_or((words, ""));
    let rest = rest.lines().filter(|line| !is_chatter(line));
    [first].into_iter().chain(rest).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use clap::Parser;
    use measure::{Experiment, RunArgs};

    use super::*;

    const TRIALS: Experiment = Experiment::of_trials("demo");

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        run: RunArgs,
    }

    fn row(subject: &str, step: &str, outcome: &str) -> Trial {
        Trial {
            table: "demo".to_owned(),
            subject: subject.to_owned(),
            step: step.to_owned(),
            outcome: outcome.to_owned(),
            ..Trial::default()
        }
    }

    /// A run of two steps a subject, in a lab that dies in this one; its folder, and what came of it.
    fn run(known: &[Trial], dies_in: Option<(&str, &str)>) -> (tempfile::TempDir, Result<()>) {
        let place = tempfile::tempdir().expect("a folder");
        let out = place.path().join("run");
        let out = out.to_str().expect("a path of text");
        let dead = AtomicBool::new(false);
        let death = || measure::failure("the lab has died", "killed", "again");
        let is_dead = || dead.load(Ordering::Relaxed);
        let alive = || if is_dead() { Err(death()) } else { Ok(()) };
        let attempt = |subject: &&str, tell: &mut dyn FnMut(Trial) -> Result<()>| {
            for step in ["first", "last"] {
                let dies = dies_in == Some((subject, step));
                dead.fetch_or(dies, Ordering::Relaxed);
                tell(row(subject, step, if dies { "failed" } else { "ok" }))?;
            }
            if dies_in == Some((subject, "clearing")) {
                return Err(measure::failure("it can't be cleared", "busy", "again"));
            }
            Ok(())
        };
        let is_end = |row: &Trial| row.step == "last" || row.outcome == "failed";
        let run = Cli::parse_from(["test", "--out", out]).run;
        let done = run.conduct(
            &TRIALS,
            || Ok(()),
            |run| {
                run.session(json!({ "stand_ins": [] }))?;
                let folder = run.path().to_owned();
                let known = known.to_vec();
                let rows = try_each(run, alive, &["a", "b"], known, 1, is_end, attempt);
                resumable(&folder, rows.map(drop))
            },
        );
        (place, done)
    }

    fn recorded(place: &tempfile::TempDir) -> Vec<String> {
        let run = Folder::open(&place.path().join("run")).expect("a run");
        let rows = run.trials(&run.manifest().expect("a manifest")).expect("rows").into_iter();
        rows.map(|row| format!("{} {} {}", row.subject, row.step, row.outcome)).collect()
    }

    #[test]
    fn what_a_dead_lab_says_is_no_outcome() {
        let (place, done) = run(&[], Some(("b", "last")));
        let report = done.expect_err("the run has ended");
        assert_eq!(error_chain(&report), "`b` has come to no end: the lab has died: killed");
        let help = report.help().expect("a remedy").to_string();
        assert!(help.starts_with("again; `--resume "), "{help}");
        assert_eq!(recorded(&place), ["a first ok", "a last ok", "b first ok"]);
    }

    #[test]
    fn what_came_to_no_end_has_no_last_row() {
        let (place, done) = run(&[], Some(("b", "clearing")));
        done.expect_err("the run has ended");
        assert_eq!(recorded(&place), ["a first ok", "a last ok", "b first ok"]);
    }

    #[test]
    fn what_was_cut_off_is_taken_again() {
        let known = [row("a", "first", "ok"), row("a", "last", "ok")];
        let (place, done) = run(&known, None);
        done.expect("complete");
        let whole = ["a first ok", "a last ok", "b first ok", "b last ok"];
        assert_eq!(recorded(&place), whole);
    }

    #[test]
    fn with_nothing_recorded_there_is_nothing_to_go_on_from() {
        let (place, done) = run(&[], Some(("a", "first")));
        let help = done.expect_err("the run has ended").help().map(|help| help.to_string());
        assert_eq!(help.as_deref(), Some("again"));
        assert_eq!(recorded(&place), [""; 0]);
    }
}

//! One way, tried with one list of operations: what two jobs do, and what is there afterwards.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lab::{Engine, FileSystem, Generation, Lab};
use miette::{Result, miette};

use crate::field::{self, Field};
use crate::finding::{Class, Finding, worst};
use crate::operation::{Job, Operation, Request, of_job};
use crate::side::{self, Acknowledged, Bases, Side, source};
use crate::store::{self, Places};
use crate::way::{Hand, Way};

/// A way on engines of a generation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    pub(crate) generation: Generation,
    pub(crate) way: &'static Way,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Way { engine, name, .. } = self.way;
        write!(f, "{} {engine} {name}", self.generation)
    }
}

/// Whether the jobs' operations are carried out at the same time or by turns, in the list's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    AtOnce,
    ByTurns,
}

/// What is done in a trial.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) order: Order,
    pub(crate) operations: Vec<Operation>,
}

/// How far a trial has come: what, in a word, why, and since when.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) outcome: String,
    pub(crate) reason: String,
    pub(crate) since: Instant,
}

/// Hears of each step; its error ends the trial.
pub(crate) type Tell<'a> = &'a mut dyn FnMut(Step) -> Result<()>;

/// What became of it.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) class: Class,
    pub(crate) findings: Vec<Finding>,
}

/// A trial under way.
struct Trial<'a> {
    lab: &'a Lab,
    way: &'static Way,
    plan: &'a Plan,
    name: &'a str,
    bases: Vec<Bases>,
    findings: Vec<Finding>,
    tell: Tell<'a>,
}

/// Tries it. `None`: there is no place for it on this machine, which a step has told.
pub(crate) fn run(
    field: &Field,
    subject: &Subject,
    plan: &Plan,
    name: &str,
    tell: Tell,
) -> Result<Option<Verdict>> {
    let began = Instant::now();
    let (lab, bases) = field.get(subject.generation)?;
    let disk = match lab.disk(&field::disk(name)) {
        Ok(disk) => disk,
        Err(why) => {
            let (outcome, reason) = field::missing(&why);
            tell(Step {
                name: "place",
                outcome: outcome.to_owned(),
                reason,
                since: began,
            })?;
            return Ok(None);
        }
    };
    let mut trial = Trial {
        lab: &lab,
        way: subject.way,
        plan,
        name,
        bases: vec![bases],
        findings: Vec::new(),
        tell,
    };
    let tried = match subject.way.hand {
        Hand::Live | Hand::LiveAfterFiller | Hand::LiveOnCopies => trial.live(&disk),
        Hand::Stopped | Hand::Killed | Hand::PowerCut | Hand::Copied => trial.handed(&disk),
        Hand::NextGeneration => trial.through(field, next(subject.generation), &disk),
    };
    let mut findings = trial.findings;
    // What is so before a restart and after it is said once.
    let mut said = BTreeSet::new();
    findings.retain(|finding| said.insert(finding.text.clone()));
    let cleared = field::clear(&lab, disk);
    tried?;
    cleared?;
    let class = worst(&findings);
    Ok(Some(Verdict { class, findings }))
}

/// The generation that is tried after this one; after the newest, the oldest.
fn next(generation: Generation) -> Generation {
    let mut all = Generation::ALL.iter().cycle();
    all.find(|other| **other == generation);
    all.next().copied().unwrap_or_default()
}

/// The moment at which something is done to an engine at work: so many operations done, and so long
/// into the next one. That time is part of what a seed draws; nothing is waited for with it.
fn moment(seed: u64, operations: usize) -> (usize, Duration) {
    let most = operations.saturating_sub(1).max(1) as u64;
    let done = usize::try_from(1 + seed % most).unwrap_or(1);
    (done, Duration::from_millis(seed / most % 8 * 100))
}

impl Trial<'_> {
    fn told(
        &mut self,
        name: &'static str,
        since: Instant,
        done: Result<String, String>,
    ) -> Result<()> {
        if measure::interrupted() {
            // What the user has ended has not failed.
            return Err(miette!("a signal arrived"));
        }
        let (outcome, reason) = match done {
            Ok(outcome) => (outcome, String::new()),
            Err(reason) => ("failed".to_owned(), reason),
        };
        (self.tell)(Step {
            name,
            outcome,
            reason,
            since,
        })
    }

    fn found(&mut self, class: Class, text: String) {
        self.findings.push(Finding { class, text });
    }

    /// Starts a job's engine on a folder; where it refuses, that is told and found.
    fn start<'lab>(
        &mut self,
        lab: &'lab Lab,
        job: Job,
        folder: &str,
    ) -> Result<Option<Side<'lab>>> {
        let began = Instant::now();
        let step = match job {
            Job::A => "first starts",
            Job::B => "second starts",
        };
        match Side::start(lab, self.way, job, folder)? {
            Ok(side) => {
                self.told(step, began, Ok("ok".to_owned()))?;
                Ok(Some(side))
            }
            Err(why) => {
                self.told(step, began, Err(why.clone()))?;
                self.found(Class::Refused, format!("{job} does not start: {why}"));
                Ok(None)
            }
        }
    }

    /// How many operations were done, and what engines said of those that were not.
    fn operated(&mut self, since: Instant, sides: &[&Side]) -> Result<()> {
        let done: u32 = sides.iter().map(|side| side.done).sum();
        let failed: Vec<&String> = sides.iter().flat_map(|side| &side.failed).collect();
        let outcome = format!("{done} of {}", done as usize + failed.len());
        for why in &failed {
            self.findings.push(Finding {
                class: Class::JobsFail,
                text: (*why).clone(),
            });
        }
        self.told("operations", since, Ok(outcome))
    }

    /// Holds an engine against what itself and the other were told.
    fn examine(&mut self, side: &Side, other: &Acknowledged, missing: Class) {
        let bases = &self.bases;
        let mut found = side.examined(&side.acknowledged, side.job, Class::Lost, bases);
        found.extend(side.examined(other, side.job.other(), missing, bases));
        self.findings.extend(found);
    }

    /// What was found since there were so many findings, as a step.
    fn judged(&mut self, name: &'static str, since: Instant, before: usize) -> Result<()> {
        let class = worst(&self.findings[before..]);
        self.told(name, since, Ok(class.to_string()))
    }

    /// Both engines at once.
    fn live(&mut self, disk: &FileSystem) -> Result<()> {
        let folder = disk.folder();
        let filled = self.filled(folder)?;
        let Some(filled) = filled else { return Ok(()) };
        let Some(mut a) = self.start(self.lab, Job::A, folder)? else {
            return Ok(());
        };
        let Some(mut b) = self.start(self.lab, Job::B, folder)? else {
            self.alone(&mut a)?;
            return a.end();
        };
        let began = Instant::now();
        match self.plan.order {
            Order::AtOnce => std::thread::scope(|scope| {
                for side in [&mut a, &mut b] {
                    let operations = of_job(&self.plan.operations, side.job);
                    scope.spawn(move || operations.iter().for_each(|one| side.does(one)));
                }
            }),
            Order::ByTurns => {
                for operation in &self.plan.operations {
                    match operation.job {
                        Job::A => a.does(operation),
                        Job::B => b.does(operation),
                    }
                }
            }
        }
        self.operated(began, &[&a, &b])?;
        self.both(&a, &b, &filled, "oracle")?;
        let began = Instant::now();
        let mut again = true;
        for side in [&mut a, &mut b] {
            if let Err(why) = side.restarts() {
                again = false;
                let text = format!("{} does not start again: {why}", side.job);
                self.found(Class::Corrupt, text);
            }
        }
        let outcome = if again { "ok" } else { "failed" };
        self.told("restarts", began, Ok(outcome.to_owned()))?;
        if again {
            self.both(&a, &b, &filled, "oracle after restart")?;
        }
        self.audit(&[(folder, Job::A), (folder, Job::B)])?;
        a.end()?;
        b.end()
    }

    /// Examines two engines that run at once.
    fn both(
        &mut self,
        a: &Side,
        b: &Side,
        filled: &Acknowledged,
        step: &'static str,
    ) -> Result<()> {
        let (began, before) = (Instant::now(), self.findings.len());
        let nothing = Acknowledged::new();
        for (side, other) in [(a, b), (b, a)] {
            let seen = if self.way.one_list {
                &other.acknowledged
            } else {
                &nothing
            };
            self.examine(side, seen, Class::StaleView);
            let of_filler = side.examined(filled, Job::A, Class::Lost, &self.bases);
            self.findings.extend(of_filler);
        }
        self.judged(step, began, before)
    }

    /// The first engine after the second one was refused: has it come to harm?
    fn alone(&mut self, a: &mut Side) -> Result<()> {
        let (began, before) = (Instant::now(), self.findings.len());
        for operation in of_job(&self.plan.operations, Job::A) {
            a.does(&operation);
        }
        self.operated(began, &[a])?;
        let began = Instant::now();
        self.examine(a, &Acknowledged::new(), Class::Lost);
        self.judged("oracle", began, before)
    }

    /// Has an engine fill what both will have in common, or a copy of which each will have. `None`:
    /// it could not.
    fn filled(&mut self, folder: &str) -> Result<Option<Acknowledged>> {
        let copies = match self.way.hand {
            Hand::LiveAfterFiller => false,
            Hand::LiveOnCopies => true,
            _ => return Ok(Some(Acknowledged::new())),
        };
        let began = Instant::now();
        let mut filler = match Side::filler(self.lab, self.way, folder)? {
            Ok(filler) => filler,
            Err(why) => {
                self.told("filled", began, Err(why.clone()))?;
                self.found(Class::Refused, why);
                return Ok(None);
            }
        };
        let operations = of_job(&self.plan.operations, Job::A);
        for operation in &operations {
            filler.does(&operation.named("filled"));
        }
        self.operated(began, &[&filler])?;
        let acknowledged = std::mem::take(&mut filler.acknowledged);
        filler.stop(self.lab)?;
        filler.end()?;
        if copies {
            let script = "for job in a b; do mkdir -p $1/$job && cp -a --reflink=auto $1/common/store $1/$job/store || exit; done";
            let argv = ["sh", "-c", script, "sh", folder];
            self.lab.level0().output(&argv)?;
        }
        self.told("filled", began, Ok("ok".to_owned()))?;
        Ok(Some(acknowledged))
    }

    /// The second engine after the first one.
    fn handed(&mut self, disk: &FileSystem) -> Result<()> {
        let folder = disk.folder();
        let Some(mut a) = self.start(self.lab, Job::A, folder)? else {
            return Ok(());
        };
        let operations = of_job(&self.plan.operations, Job::A);
        let began = Instant::now();
        let (lab, way) = (self.lab, self.way);
        let mut copy = None;
        let mut place = folder.to_owned();
        let acknowledged = match way.hand {
            Hand::Killed => {
                let container = a.container().to_owned();
                self.at_work(&mut a, &operations, || kill(lab, way.engine, &container))?
            }
            Hand::PowerCut => {
                let container = a.container().to_owned();
                let name = format!("{}-cut", self.name);
                let (acknowledged, cut) = self.at_work_for(&mut a, &operations, || {
                    // Nobody in there does anything any more; what the kernel still writes, it would
                    // have written before the power went, too.
                    lab.level0()
                        .output(&[way.engine.program(), "pause", &container])?;
                    let cut = lab.disk_after_power_cut(disk, &field::disk(&name));
                    lab.level0()
                        .output(&[way.engine.program(), "unpause", &container])?;
                    kill(lab, way.engine, &container)?;
                    cut.map_err(|why| miette!("{why}"))
                })?;
                cut.folder().clone_into(&mut place);
                copy = Some(cut);
                acknowledged
            }
            Hand::Copied => {
                place = format!("{folder}/copied");
                let script = "mkdir -p $2/common && cp -a $1/common/store $2/common/store";
                let argv = ["sh", "-c", script, "sh", folder, &place];
                self.at_work(&mut a, &operations, || {
                    // Files come and go under it: that it complains is no reason not to go on.
                    lab.level0().run(&argv).map(drop)
                })?
            }
            _ => {
                for operation in &operations {
                    a.does(operation);
                }
                a.stop(lab)?;
                a.acknowledged.clone()
            }
        };
        self.operated(began, &[&a])?;
        // What was under way when it ended was not acknowledged, and so has not failed.
        if way.hand != Hand::Stopped {
            self.findings.clear();
        }
        a.end()?;
        let second = self.second(lab, &place, &acknowledged);
        let cleared = copy.map_or(Ok(()), |copy| field::clear(lab, copy));
        second?;
        cleared
    }

    /// The second engine where it is the only one: on what the first one has left.
    fn second(&mut self, lab: &Lab, folder: &str, acknowledged: &Acknowledged) -> Result<()> {
        let Some(mut b) = self.start(lab, Job::B, folder)? else {
            // What is there can't be had.
            for name in acknowledged.keys() {
                self.found(Class::Lost, format!("{name} can't be had"));
            }
            return Ok(());
        };
        let (began, before) = (Instant::now(), self.findings.len());
        self.examine(&b, acknowledged, Class::Lost);
        self.judged("oracle", began, before)?;
        let began = Instant::now();
        for operation in of_job(&self.plan.operations, Job::B) {
            b.does(&operation);
        }
        self.operated(began, &[&b])?;
        let began = Instant::now();
        let restarted = b.restarts();
        if let Err(why) = &restarted {
            self.found(Class::Corrupt, format!("b does not start again: {why}"));
        }
        self.told(
            "restarts",
            began,
            restarted.clone().map(|()| "ok".to_owned()),
        )?;
        if restarted.is_ok() {
            let (began, before) = (Instant::now(), self.findings.len());
            self.examine(&b, acknowledged, Class::Lost);
            self.judged("oracle after restart", began, before)?;
        }
        self.audit_in(lab, &[(folder, Job::B)])?;
        b.end()
    }

    /// An engine of the next generation in between.
    fn through(&mut self, field: &Field, next: Generation, disk: &FileSystem) -> Result<()> {
        let (other, bases) = field.get(next)?;
        self.bases.push(bases);
        let Some(mut a) = self.start(self.lab, Job::A, disk.folder())? else {
            return Ok(());
        };
        let began = Instant::now();
        for operation in of_job(&self.plan.operations, Job::A) {
            a.does(&operation);
        }
        self.operated(began, &[&a])?;
        a.stop(self.lab)?;
        let acknowledged = std::mem::take(&mut a.acknowledged);
        a.end()?;
        let there = other.disk_after_power_cut(disk, &field::disk(&format!("{}-there", self.name)));
        let there = there.map_err(|why| miette!("{why}"))?;
        let told = self.there(&other, &there, &acknowledged);
        let cleared = field::clear(&other, there);
        told?;
        cleared
    }

    /// The engine of the other generation, and after it the first one again.
    fn there(
        &mut self,
        other: &Lab,
        there: &FileSystem,
        acknowledged: &Acknowledged,
    ) -> Result<()> {
        let Some(mut b) = self.start(other, Job::B, there.folder())? else {
            return Ok(());
        };
        let (began, before) = (Instant::now(), self.findings.len());
        self.examine(&b, acknowledged, Class::Lost);
        self.judged("oracle", began, before)?;
        let began = Instant::now();
        for operation in of_job(&self.plan.operations, Job::B) {
            b.does(&operation);
        }
        self.operated(began, &[&b])?;
        b.stop(other)?;
        let of_b = std::mem::take(&mut b.acknowledged);
        b.end()?;
        let back = field::disk(&format!("{}-back", self.name));
        let back = self.lab.disk_after_power_cut(there, &back);
        let back = back.map_err(|why| miette!("{why}"))?;
        let again = self.again(back.folder(), acknowledged, &of_b);
        let cleared = field::clear(self.lab, back);
        again?;
        cleared
    }

    fn again(&mut self, folder: &str, of_a: &Acknowledged, of_b: &Acknowledged) -> Result<()> {
        let began = Instant::now();
        let mut a = match Side::start(self.lab, self.way, Job::A, folder)? {
            Ok(a) => a,
            Err(why) => {
                self.told("first starts again", began, Err(why.clone()))?;
                let text = format!("a does not start again: {why}");
                self.found(Class::Corrupt, text);
                return Ok(());
            }
        };
        self.told("first starts again", began, Ok("ok".to_owned()))?;
        let (began, before) = (Instant::now(), self.findings.len());
        a.acknowledged = of_a.clone();
        self.examine(&a, of_b, Class::Lost);
        self.judged("oracle after restart", began, before)?;
        self.audit_in(self.lab, &[(folder, Job::A)])?;
        a.end()
    }

    /// The store that both only read.
    fn besides(&self, lab: &Lab, folder: &str) -> Option<PathBuf> {
        let filled = self.way.hand == Hand::LiveAfterFiller;
        let path = side::common(self.way, folder) + "/storage";
        filled.then(|| lab.level0().root().join(path.trim_start_matches('/')))
    }

    fn audit(&mut self, sides: &[(&str, Job)]) -> Result<()> {
        self.audit_in(self.lab, sides)
    }

    /// Looks at the files of the stores.
    fn audit_in(&mut self, lab: &Lab, sides: &[(&str, Job)]) -> Result<()> {
        let (began, before) = (Instant::now(), self.findings.len());
        let at = |path: String| lab.level0().root().join(path.trim_start_matches('/'));
        let of = |(folder, job): &(&str, Job), path| at(place(self.way, folder, *job, path));
        let found = match self.way.engine {
            Engine::Podman => {
                let places = sides.iter().map(|side| Places {
                    images: of(side, "storage"),
                    layers: of(side, "storage/overlay"),
                    besides: self.besides(lab, side.0),
                });
                store::audit(&places.collect::<Vec<_>>(), store::podman)
            }
            Engine::Docker => {
                let places = sides.iter().map(|side| Places {
                    images: of(side, "image").join("overlay2"),
                    layers: of(side, "overlay2"),
                    besides: None,
                });
                let mut found = store::audit(&places.collect::<Vec<_>>(), store::docker);
                for side in sides {
                    let content = "containerd/daemon/io.containerd.content.v1.content";
                    found.extend(store::blobs(&of(side, content)));
                }
                found
            }
        };
        self.findings.extend(found);
        self.judged("store", began, before)
    }

    /// Has an engine work, and does something to it at the seed's moment: what was acknowledged
    /// before that moment, and not asked to be removed at it or later.
    fn at_work(
        &self,
        side: &mut Side,
        operations: &[Operation],
        act: impl FnOnce() -> Result<()>,
    ) -> Result<Acknowledged> {
        let (acknowledged, ()) = self.at_work_for(side, operations, act)?;
        Ok(acknowledged)
    }

    fn at_work_for<T>(
        &self,
        side: &mut Side,
        operations: &[Operation],
        act: impl FnOnce() -> Result<T>,
    ) -> Result<(Acknowledged, T)> {
        let (done, late) = moment(self.plan.seed, operations.len());
        let is_over = AtomicBool::new(false);
        let killed = self.way.hand != Hand::Copied;
        let (mut acknowledged, acted) = std::thread::scope(|scope| {
            let (says, told) = mpsc::channel();
            let is_over = &is_over;
            scope.spawn(move || {
                for operation in operations {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    side.does(operation);
                    if says.send(side.acknowledged.clone()).is_err() {
                        break;
                    }
                }
            });
            let mut acknowledged = Acknowledged::new();
            for _ in 0..done {
                match told.recv() {
                    Ok(more) => acknowledged = more,
                    Err(_) => break,
                }
            }
            std::thread::sleep(late);
            let acted = act();
            is_over.store(killed, Ordering::Relaxed);
            // Until it has ended.
            told.iter().for_each(drop);
            (acknowledged, acted)
        });
        for operation in operations.iter().skip(done) {
            if let Request::Remove { name } = &operation.request {
                acknowledged.remove(name);
            }
        }
        Ok((acknowledged, acted?))
    }
}

fn kill(lab: &Lab, engine: Engine, container: &str) -> Result<()> {
    let argv = [engine.program(), "kill", container];
    lab.level0().output(&argv).map(drop)
}

/// Where a folder of a job's store is at level 0: in the mount of its own, or in the store's.
fn place(way: &Way, folder: &str, job: Job, path: &str) -> String {
    let exact = way.mounts.iter().find(|mount| mount.at == path);
    if let Some(mount) = exact {
        return source(folder, job, mount);
    }
    let store = way.mounts.iter().find(|mount| mount.at.is_empty());
    match store {
        Some(mount) => format!("{}/{path}", source(folder, job, mount)),
        None => format!("{folder}/{job}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::way::WAYS;

    #[test]
    fn the_next_generation_of_the_newest_is_the_oldest() {
        assert_eq!(next(Generation::Bookworm), Generation::Trixie);
        assert_eq!(next(Generation::Forky), Generation::Bookworm);
    }

    #[test]
    fn a_moment_is_within_the_work() {
        for seed in 0..100 {
            let (done, late) = moment(seed, 8);
            assert!((1..8).contains(&done), "{done}");
            assert!(late < Duration::from_secs(1));
        }
        assert_eq!(moment(3, 1).0, 1);
    }

    #[test]
    fn a_part_with_a_mount_of_its_own_is_there() {
        let way = WAYS.iter().find(|way| way.name == "layers").expect("there");
        assert_eq!(place(way, "/d", Job::A, "overlay2"), "/d/common/overlay2");
        assert_eq!(place(way, "/d", Job::A, "image"), "/d/a/store/image");
        let way = WAYS.iter().find(|way| way.name == "whole").expect("there");
        assert_eq!(place(way, "/d", Job::B, "image"), "/d/common/store/image");
    }
}

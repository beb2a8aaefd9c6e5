//! One way, tried with one list of operations: what two jobs do, and what is there afterwards.

mod generations;
mod handed;
mod live;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use lab::{Engine, Generation, Lab};
use miette::{IntoDiagnostic, Result};

use crate::field::{self, TestBed};
use crate::finding::{Class, Finding, worst};
use crate::operation::{Job, Operation};
use crate::side::{self, Acknowledged, Bases, Side, source};
use crate::store::{self, Places};
use crate::way::{Hand, SharingMode};

/// The steps of a trial that are read again.
pub(crate) const PLACE: &str = "place";
pub(crate) const FILLED: &str = "filled";
pub(crate) const FIRST_STARTS: &str = "first starts";
pub(crate) const SECOND_STARTS: &str = "second starts";
pub(crate) const OPERATIONS: &str = "operations";
/// The outcome of one that did not get done.
pub(crate) const FAILED: &str = "failed";

/// A way on engines of a generation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    pub(crate) generation: Generation,
    pub(crate) way: &'static SharingMode,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SharingMode { engine, name, .. } = self.way;
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
    way: &'static SharingMode,
    plan: &'a Plan,
    name: &'a str,
    bases: Vec<Bases>,
    findings: Vec<Finding>,
    tell: Tell<'a>,
}

/// Tries it. `None`: there is no place for it on this machine, which a step has told.
pub(crate) fn run(
    field: &TestBed,
    subject: &Subject,
    plan: &Plan,
    name: &str,
    tell: Tell,
) -> Result<Option<Verdict>> {
    let began = Instant::now();
    let (lab, bases) = field.get(subject.generation)?;
    let disk = field::disk(name);
    // What is read off a disk takes one.
    let made = match subject.way.hand {
        Hand::PowerCut | Hand::NextGeneration => lab.disk(&disk),
        _ => lab.disk_or_folder(&disk),
    };
    let disk = match made {
        Ok(disk) => disk,
        Err(why) => {
            let (class, reason) = field::missing(&why);
            tell(Step { name: PLACE, outcome: class.to_string(), reason, since: began })?;
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
        Hand::NextGeneration => trial.through(field, generations::next(subject.generation), &disk),
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

impl Trial<'_> {
    fn told(
        &mut self,
        name: &'static str,
        since: Instant,
        done: Result<String, String>,
    ) -> Result<()> {
        let (outcome, reason) = match done {
            Ok(outcome) => (outcome, String::new()),
            Err(reason) => (FAILED.to_owned(), reason),
        };
        (self.tell)(Step { name, outcome, reason, since })
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
            Job::A => FIRST_STARTS,
            Job::B => SECOND_STARTS,
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
            self.findings.push(Finding { class: Class::JobsFail, text: (*why).clone() });
        }
        self.told(OPERATIONS, since, Ok(outcome))
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

    /// The store that both only read.
    fn besides(&self, folder: &str) -> Option<PathBuf> {
        let filled = self.way.hand == Hand::LiveAfterFiller;
        let path = side::common(self.way, folder) + "/storage";
        filled.then(|| path.into())
    }

    /// Looks at the files of the stores.
    fn audit(&mut self, lab: &Lab, sides: &[(&str, Job)]) -> Result<()> {
        let (began, before) = (Instant::now(), self.findings.len());
        let root = lab.level0().root().into_diagnostic()?;
        let of =
            |(folder, job): &(&str, Job), path| PathBuf::from(place(self.way, folder, *job, path));
        let found = match self.way.engine {
            Engine::Podman => {
                let places = sides.iter().map(|side| Places {
                    images: of(side, "storage"),
                    layers: of(side, "storage/overlay"),
                    besides: self.besides(side.0),
                });
                store::audit(&root, &places.collect::<Vec<_>>(), store::podman)
            }
            Engine::Docker => {
                let places = sides.iter().map(|side| Places {
                    images: of(side, "image").join("overlay2"),
                    layers: of(side, "overlay2"),
                    besides: None,
                });
                let mut found = store::audit(&root, &places.collect::<Vec<_>>(), store::docker);
                for side in sides {
                    let content = "containerd/daemon/io.containerd.content.v1.content";
                    found.extend(store::blobs(&root, &of(side, content)));
                }
                found
            }
        };
        self.findings.extend(found);
        self.judged("store", began, before)
    }
}

/// Where a folder of a job's store is at level 0: in the mount of its own, or in the store's.
fn place(way: &SharingMode, folder: &str, job: Job, path: &str) -> String {
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
    fn a_part_with_a_mount_of_its_own_is_there() {
        let way = WAYS.iter().find(|way| way.name == "layers").expect("there");
        assert_eq!(place(way, "/d", Job::A, "overlay2"), "/d/common/overlay2");
        assert_eq!(place(way, "/d", Job::A, "image"), "/d/a/store/image");
        let way = WAYS.iter().find(|way| way.name == "whole").expect("there");
        assert_eq!(place(way, "/d", Job::B, "image"), "/d/common/store/image");
    }
}

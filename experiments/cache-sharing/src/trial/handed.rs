//! The second engine after the first one, on what that has left.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lab::{Engine, FileSystem, Lab};
use miette::{Result, miette};

use super::Trial;
use crate::field;
use crate::finding::Class;
use crate::operation::{Job, Operation, Request, of_job};
use crate::side::{Acknowledged, Side};
use crate::way::Hand;

/// Freezes a container, whose first process as level 0 numbers it is the argument, with all that it has
/// started (`cgroup.freeze`, Documentation/admin-guide/cgroup-v2.rst; a frozen process can be killed).
/// Not by `docker pause`: where an `exec` is just beginning, that never comes back.
const FREEZE: &str = r#"group=$(sed -n 's/^0:://p' "/proc/$1/cgroup") && [ -n "$group" ] &&
echo 1 > "/sys/fs/cgroup${group%/init}/cgroup.freeze""#;

impl Trial<'_> {
    /// The second engine after the first one.
    pub(super) fn handed(&mut self, disk: &FileSystem) -> Result<()> {
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
                self.at_work(&mut a, &operations, || kill(lab, way.engine, &container))?.0
            }
            Hand::PowerCut => {
                let container = a.container().to_owned();
                let name = format!("{}-cut", self.name);
                let first = a.first_process();
                let (acknowledged, cut) = self.at_work(&mut a, &operations, || {
                    // Nobody in there does anything any more; what the kernel still writes, it would
                    // have written before the power went, too.
                    lab.level0().output(&["sh", "-c", FREEZE, "sh", &first])?;
                    let cut = lab.disk_after_power_cut(disk, &field::disk(&name));
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
                .0
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
        self.told("restarts", began, restarted.clone().map(|()| "ok".to_owned()))?;
        if restarted.is_ok() {
            let (began, before) = (Instant::now(), self.findings.len());
            self.examine(&b, acknowledged, Class::Lost);
            self.judged("oracle after restart", began, before)?;
        }
        self.audit(lab, &[(folder, Job::B)])?;
        b.end()
    }

    /// Has an engine work, and does something to it at the seed's moment: what was acknowledged
    /// before that moment, and not asked to be removed at it or later; and what the doing gave.
    fn at_work<T>(
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

/// The moment at which something is done to an engine at work: so many operations done, and so long
/// into the next one. That time is part of what a seed draws; nothing is waited for with it.
fn moment(seed: u64, operations: usize) -> (usize, Duration) {
    let most = operations.saturating_sub(1).max(1) as u64;
    let done = usize::try_from(1 + seed % most).unwrap_or(1);
    (done, Duration::from_millis(seed / most % 8 * 100))
}

fn kill(lab: &Lab, engine: Engine, container: &str) -> Result<()> {
    let argv = [engine.program(), "kill", container];
    lab.level0().output(&argv).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_within_the_work() {
        for seed in 0..100 {
            let (done, late) = moment(seed, 8);
            assert!((1..8).contains(&done), "{done}");
            assert!(late < Duration::from_secs(1));
        }
        assert_eq!(moment(3, 1).0, 1);
    }
}

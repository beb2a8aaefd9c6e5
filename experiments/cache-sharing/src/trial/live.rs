//! Two engines at once.

use std::time::Instant;

use lab::FileSystem;
use miette::Result;

use super::{FAILED, FILLED, Order, Trial};
use crate::finding::Class;
use crate::operation::{Job, of_job};
use crate::side::{Acknowledged, Side};
use crate::way::Hand;

impl Trial<'_> {
    /// Both engines at once.
    pub(super) fn live(&mut self, disk: &FileSystem) -> Result<()> {
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
        let outcome = if again { "ok" } else { FAILED };
        self.told("restarts", began, Ok(outcome.to_owned()))?;
        if again {
            self.both(&a, &b, &filled, "oracle after restart")?;
        }
        self.audit(self.lab, &[(folder, Job::A), (folder, Job::B)])?;
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
            let seen = if self.way.one_list { &other.acknowledged } else { &nothing };
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
                self.told(FILLED, began, Err(why.clone()))?;
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
        self.told(FILLED, began, Ok("ok".to_owned()))?;
        Ok(Some(acknowledged))
    }
}

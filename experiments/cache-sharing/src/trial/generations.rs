//! An engine of another generation in between.

use std::time::Instant;

use lab::{FileSystem, Generation, Lab};
use miette::{Result, miette};

use super::Trial;
use crate::field::{self, TestBed};
use crate::finding::Class;
use crate::operation::{Job, of_job};
use crate::side::{Acknowledged, Side};

/// The generation that is tried after this one; after the newest, the oldest.
pub(super) fn next(generation: Generation) -> Generation {
    let mut all = Generation::ALL.iter().cycle();
    all.find(|other| **other == generation);
    all.next().copied().unwrap_or_default()
}

impl Trial<'_> {
    /// An engine of the next generation in between.
    pub(super) fn through(
        &mut self,
        field: &TestBed,
        next: Generation,
        disk: &FileSystem,
    ) -> Result<()> {
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
        self.audit(self.lab, &[(folder, Job::A)])?;
        a.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_generation_of_the_newest_is_the_oldest() {
        assert_eq!(next(Generation::Bookworm), Generation::Trixie);
        assert_eq!(next(Generation::Forky), Generation::Bookworm);
    }
}

//! One cell of the matrix: a driver on a place, stage after stage.

use std::fmt;
use std::time::Instant;

use bench::once::{complaints, error_chain, succeeded};
use lab::{Engine, Folder, Generation, Lab, Level, Nest};
use measure::Trial;
use miette::{IntoDiagnostic, Result};

use crate::driver::{Driver, THROUGH_FUSE};
use crate::job::{BUILD, DIGEST, IMAGE, KEEP, KNOWN, LAYERS, NATIVE_DIFF, POSIX, Where};
use crate::kernel::Kernel;
use crate::place::{Ground, Missing, Place};

/// A driver on a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) generation: Generation,
    pub(crate) driver: &'static Driver,
    pub(crate) place: &'static Place,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (generation, place) = (self.generation, self.place.name);
        let (engine, driver) = (self.driver.engine, self.driver.name);
        write!(f, "{generation} {engine} {driver} {place}")
    }
}

/// What a stage did, or why it did not.
type Stage = Result<Done, String>;

/// What has to be done for one.
type Step<'a> = dyn Fn(&mut Bench) -> Stage + 'a;

/// A stage that went well.
#[derive(Default)]
struct Done {
    outcome: Option<String>,
    reason: String,
    bytes: Option<u64>,
}

/// A nest whose inner engine has its store in that place; where there is none, why.
pub(crate) struct Bench<'lab> {
    pub(crate) nest: Nest<'lab>,
    /// The store in its container.
    store: &'static str,
    /// What the engine says of its driver.
    status: String,
}

impl<'lab> Bench<'lab> {
    /// Starts the engine in its container, which is given these flags besides.
    pub(crate) fn start(
        lab: &'lab Lab,
        cell: &Cell,
        ground: &Ground,
        flags: &[&str],
    ) -> Result<Self> {
        let (layer, store) = ground.under(cell.driver.layer());
        let flags: Vec<&'static str> =
            flags.iter().map(|flag| &*(*flag).to_owned().leak()).collect();
        let layer = layer.with([layer.flags, &flags].concat().leak());
        let mut nest = lab.nest(&[cell.driver.engine])?;
        nest.deepen_empty(layer)?;
        let status = String::new();
        Ok(Self { nest, store, status })
    }

    fn engine(&self) -> &Level<'lab> {
        self.nest.innermost()
    }

    fn program(&self) -> &'static str {
        self.nest.engine().program()
    }

    /// Runs a command of the engine that has to succeed; its output, or its last words.
    fn does(&self, argv: &[&str]) -> Result<String, String> {
        let line = [&[self.program()], argv].concat();
        succeeded(self.engine().run(&line))
    }

    /// Runs a script beside the engine, whose program is its first argument.
    fn script(&self, script: &str) -> Result<String, String> {
        let line = ["sh", "-c", script, "sh", self.program()];
        succeeded(self.engine().run(&line))
    }

    /// What the engine complained of while it started: why it did not take its first choice.
    fn starts(&self, lab: &Lab) -> Stage {
        let mut reason = String::new();
        if self.nest.engine() == Engine::Docker {
            let logs = ["docker", "logs", self.engine().container()];
            let logs = lab.level0().run(&logs).map_err(|report| error_chain(&report))?;
            let lines = logs.stderr.lines().chain(logs.stdout.lines());
            let complaints = lines.filter(|line| line.contains("level=error"));
            reason = complaints.collect::<Vec<_>>().join("\n");
        }
        Ok(Done { reason, ..Done::default() })
    }

    fn driver(&mut self) -> Stage {
        let format = match self.nest.engine() {
            Engine::Docker => "{{.Driver}}\n{{json .DriverStatus}}",
            Engine::Podman => "{{.Store.GraphDriverName}}\n{{json .Store.GraphStatus}}",
        };
        let told = self.does(&["info", "--format", format])?;
        let (mut driver, status) = told.split_once('\n').unwrap_or((&told, ""));
        status.trim().clone_into(&mut self.status);
        if self.nest.engine() == Engine::Podman && driver == "overlay" && is_through_fuse(status) {
            driver = THROUGH_FUSE;
        }
        Ok(Done {
            outcome: Some(driver.trim().to_owned()),
            reason: status.trim().to_owned(),
            ..Done::default()
        })
    }

    fn unpacks(&self) -> Stage {
        self.does(&["pull", "--quiet", "alpine"])?;
        Ok(Done::default())
    }

    fn runs(&self) -> Stage {
        let said = self.does(&["run", "--rm", "alpine", "echo", "ran"])?;
        expect("ran", &said)
    }

    fn builds(&self) -> Stage {
        let layers = self.script(BUILD)?;
        match layers.trim().parse::<usize>() {
            Ok(layers) if layers >= LAYERS => Ok(Done::default()),
            _ => Err(format!("an image of {} layers instead of {LAYERS}", layers.trim())),
        }
    }

    fn restarts(&mut self) -> Stage {
        let digest = |of: &Self| of.does(&["run", "--rm", IMAGE, "sh", "-c", DIGEST]);
        let before = digest(self)?;
        self.does(&["run", "--name", "keeper", IMAGE, "sh", "-c", KEEP])?;
        let again = self.nest.restart();
        again.map_err(|report| complaints(&error_chain(&report)))?;
        let after = digest(self)?;
        if before != after {
            return Err("the image's files are not the same after a restart".to_owned());
        }
        let kept = self.does(&["start", "--attach", "keeper"])?;
        let done = expect("kept", &kept)?;
        self.does(&["rm", "keeper"])?;
        Ok(done)
    }

    fn posix(&self, overlays: bool) -> Stage {
        let said = self.does(&["run", "--rm", IMAGE, "sh", "-c", POSIX])?;
        let mut lines: Vec<&str> = said.lines().collect();
        if lines.pop() != Some("looked") {
            return Err(format!("the look at its files broke off: {said}"));
        }
        let is_known = |line: &&&str| {
            let what = line.split(':').next();
            let known = KNOWN.iter().find(|(known, _)| Some(*known) == what);
            known.is_some_and(|(_, where_)| match where_ {
                Where::Overlays => overlays,
                Where::NaiveDiff => !self.status.contains(NATIVE_DIFF),
            })
        };
        let (known, strange): (Vec<&str>, Vec<&str>) = lines.iter().partition(is_known);
        if strange.is_empty() {
            let known = known.iter().map(|line| format!("known: {line}"));
            return Ok(Done { reason: known.collect::<Vec<_>>().join("\n"), ..Done::default() });
        }
        Ok(Done {
            outcome: Some("deviates".to_owned()),
            reason: strange.join("\n"),
            ..Done::default()
        })
    }

    /// What the store takes. A file system of its own is asked; where others write too, the files
    /// are counted.
    fn disk(&self, lab: &Lab, ground: &Ground, before: u64) -> Stage {
        let bytes = match ground.alone() {
            Some(folder) => used(&lab.level0(), folder),
            None => inside(self.engine(), self.store)
                .and_then(|folder| bench::disk::bytes(&folder, &[])),
        };
        let bytes = bytes.map_err(|error| error.to_string())?;
        let bytes = bytes.saturating_sub(before);
        Ok(Done { bytes: Some(bytes), ..Done::default() })
    }
}

/// Whether Podman's overlay is mounted by `fuse-overlayfs`, which it also takes by itself where the
/// kernel's is refused: it then compares trees, and can shift ids whatever the kernel can
/// (`useNaiveDiff` and `SupportsShifting` in containers/storage, drivers/overlay).
fn is_through_fuse(status: &str) -> bool {
    let says = |what: &str| status.contains(what);
    says(r#""Native Overlay Diff":"false""#) && !says(r#""Supports shifting":"false""#)
}

fn inside(level: &Level, path: &str) -> std::io::Result<Folder> {
    level.root()?.folder(path)
}

/// Bytes in use on a file system, once all is written.
fn used(level: &Level, folder: &str) -> std::io::Result<u64> {
    let folder = inside(level, folder)?.open()?;
    rustix::fs::syncfs(&folder)?;
    let found = rustix::fs::fstatvfs(&folder)?;
    Ok((found.f_blocks - found.f_bfree) * found.f_frsize)
}

fn expect(wanted: &str, said: &str) -> Stage {
    match said.trim() {
        said if said == wanted => Ok(Done::default()),
        said => Err(format!("`{said}` instead of `{wanted}`")),
    }
}

/// Does something short, and adds to a refusal what the kernel says meanwhile.
fn heard<T>(stage: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let mut kernel = Kernel::from_now();
    stage().map_err(|why| kernel.beside(why))
}

/// Takes a cell through its stages, until one fails; each is a row. Whatever happens, what the cell
/// had is gone afterwards. Its error is that of the record.
pub(crate) fn run(lab: &Lab, cell: &Cell, row: &mut dyn FnMut(Trial) -> Result<()>) -> Result<()> {
    let mut record = |step: &str, began: Instant, stage: Stage| -> Result<bool> {
        let went_well = stage.is_ok();
        let done = stage.unwrap_or_else(|why| Done {
            outcome: Some("failed".to_owned()),
            reason: why,
            bytes: None,
        });
        row(Trial {
            table: "matrix".to_owned(),
            subject: cell.to_string(),
            step: step.to_owned(),
            outcome: done.outcome.unwrap_or_else(|| "ok".to_owned()),
            reason: done.reason,
            wall_ns: u64::try_from(began.elapsed().as_nanos()).ok(),
            bytes: done.bytes,
            ..Trial::default()
        })?;
        Ok(went_well)
    };
    let began = Instant::now();
    let name = cell.to_string().replace(' ', "-");
    let ground = match Ground::make(lab, *cell.place, &name)? {
        Ok(ground) => ground,
        Err(Missing { outcome, reason }) => {
            let missing = Done { outcome: Some(outcome.to_owned()), reason, bytes: None };
            return record("place", began, Ok(missing)).map(drop);
        }
    };
    record("place", began, Ok(Done::default()))?;
    // Of a file system of its own, what it takes empty is not the store's.
    let before = ground.alone().map(|folder| used(&lab.level0(), folder));
    let before = before.transpose().into_diagnostic()?.unwrap_or(0);
    let began = Instant::now();
    let started = heard(|| {
        Bench::start(lab, cell, &ground, &[]).map_err(|report| complaints(&error_chain(&report)))
    });
    let mut bench = match started {
        Ok(bench) => {
            record("starts", began, bench.starts(lab))?;
            bench
        }
        Err(why) => {
            let told = record("starts", began, Err(why));
            let cleared = ground.clear(lab);
            return told.and(cleared);
        }
    };
    let stages: [(&str, &Step); 7] = [
        ("driver", &|bench| bench.driver()),
        ("unpacks", &|bench| heard(|| bench.unpacks())),
        ("runs", &|bench| heard(|| bench.runs())),
        ("builds", &|bench| bench.builds()),
        ("restarts", &|bench| bench.restarts()),
        ("posix", &|bench| bench.posix(cell.driver.overlays)),
        ("disk", &|bench| bench.disk(lab, &ground, before)),
    ];
    let mut told = Ok(true);
    for (step, stage) in stages {
        let began = Instant::now();
        let done = stage(&mut bench);
        told = record(step, began, done);
        if !matches!(told, Ok(true)) {
            break;
        }
    }
    let shed = bench.nest.pop_level();
    told.map(drop).and(shed).and(ground.clear(lab))
}

//! The matrix: which cells there are, and all of them in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use lab::{Generation, Lab, Options};
use measure::{Run, Trial};
use miette::Result;

use crate::cell::{self, Cell};
use crate::driver::{self, DRIVERS};
use crate::place::PLACES;

/// What a quick run looks at: generation, engine, driver, place.
const QUICK: &[&str] = &[
    "trixie docker automatic volume",
    "trixie docker automatic layer",
    "trixie docker overlay2 volume",
    "trixie docker overlay2 layer",
    "trixie docker fuse-overlayfs volume",
    "trixie docker vfs volume",
    "trixie docker btrfs volume",
    "trixie docker overlay2 xfs-no-dtype",
    "trixie podman overlay layer",
];

/// The cells of these generations.
pub(crate) fn cells(generations: &[Generation], quick: bool) -> Vec<Cell> {
    let mut cells = Vec::new();
    for &generation in generations {
        let drivers = DRIVERS.iter();
        for driver in drivers.filter(|driver| driver.generations.contains(&generation)) {
            for place in PLACES {
                let cell = Cell {
                    generation,
                    driver,
                    place,
                };
                if !quick || QUICK.contains(&&*cell.to_string()) {
                    cells.push(cell);
                }
            }
        }
    }
    cells
}

/// A lab with everything that the cells of its generation need.
pub(crate) fn field(options: &Options) -> Result<Lab> {
    let lab = Lab::start(options)?;
    driver::prepare(&lab)?;
    Ok(lab)
}

/// How many cells are under way at once. Most of a cell's time is waiting: where layers are made by
/// comparing trees, Docker lets each second end before it makes the next one (`NaiveDiffDriver` in
/// moby's daemon/graphdriver/fsdiff.go).
const WORKERS: usize = 4;

/// Tries every cell that is not among the rows already, several at once, and returns all rows. Cells
/// of one generation share a lab; if that is taken down, the next one gets a new one.
pub(crate) fn fill(
    run: &mut Run,
    options: impl Fn(Generation) -> Options + Sync,
    cells: &[Cell],
    known: Vec<Trial>,
    labs: BTreeMap<Generation, Lab>,
) -> Result<Vec<Trial>> {
    let finished: BTreeSet<String> = known.iter().map(|row| row.subject.clone()).collect();
    let mut rows = Vec::new();
    for row in known {
        run.tried(row.clone())?;
        rows.push(row);
    }
    let left = cells
        .iter()
        .filter(|cell| !finished.contains(&cell.to_string()));
    let left: Vec<&Cell> = left.collect();
    let labs = labs.into_iter();
    let labs = labs.map(|(generation, lab)| (generation, Arc::new(lab)));
    let labs = Labs(Mutex::new(labs.collect()));
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (says, told) = mpsc::channel();
        for _ in 0..WORKERS {
            let says = says.clone();
            let (left, next, labs, options) = (&left, &next, &labs, &options);
            scope.spawn(move || {
                while let Some(cell) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let tried = labs.get(&options(cell.generation)).and_then(|lab| {
                        cell::run(&lab, cell, &mut |row| {
                            let gone = |_| miette::miette!("the run has ended");
                            says.send(Ok(row)).map_err(gone)
                        })
                    });
                    // What one worker meets ends the others, too: nobody listens any more.
                    if let Err(report) = tried {
                        let _ = says.send(Err(report));
                        break;
                    }
                }
            });
        }
        drop(says);
        let mut ended = 0;
        for row in told {
            let row = row?;
            if is_end(&row) {
                ended += 1;
                let Trial {
                    subject,
                    step,
                    outcome,
                    ..
                } = &row;
                eprintln!("{ended} of {}: {subject}: {step} {outcome}", left.len());
            }
            rows.push(row.clone());
            run.tried(row)?;
        }
        Ok(rows)
    })
}

/// A lab for each generation, as long as it lives.
struct Labs(Mutex<BTreeMap<Generation, Arc<Lab>>>);

impl Labs {
    fn get(&self, options: &Options) -> Result<Arc<Lab>> {
        let mut labs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = options.generation;
        if let Some(lab) = labs.get(&generation)
            && lab.obituary().is_none()
        {
            return Ok(Arc::clone(lab));
        }
        let lab = Arc::new(field(options)?);
        labs.insert(generation, Arc::clone(&lab));
        Ok(lab)
    }
}

/// Whether a cell has no row after this one.
fn is_end(row: &Trial) -> bool {
    let failed = row.outcome == "failed" || row.step == "place" && row.outcome != "ok";
    failed || row.step == "disk"
}

/// The rows of the cells that an earlier run has finished.
pub(crate) fn finished(rows: Vec<Trial>) -> Vec<Trial> {
    let ended: BTreeSet<String> = rows
        .iter()
        .filter(|row| row.table == "matrix" && is_end(row))
        .map(|row| row.subject.clone())
        .collect();
    let of_ended = |row: &Trial| row.table == "matrix" && ended.contains(&row.subject);
    rows.into_iter().filter(of_ended).collect()
}

//! The matrix: which cells there are, and all of them in turn.

use std::collections::{BTreeMap, BTreeSet};

use lab::{Generation, Lab, Options};
use measure::{Run, Trial};
use miette::Result;

use crate::cell::{self, Cell};
use crate::driver::{self, DRIVERS};
use crate::place::{Ground, Missing, PLACES};

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
                    place: place.name,
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
pub(crate) struct Field {
    pub(crate) lab: Lab,
    grounds: BTreeMap<&'static str, Result<Ground, Missing>>,
}

impl Field {
    pub(crate) fn new(options: &Options, cells: &[Cell]) -> Result<Self> {
        let lab = Lab::start(options)?;
        driver::prepare(&lab)?;
        let wanted: BTreeSet<&str> = cells.iter().map(|cell| cell.place).collect();
        let mut grounds = BTreeMap::new();
        for place in PLACES.iter().filter(|place| wanted.contains(place.name)) {
            grounds.insert(place.name, Ground::prepare(&lab, *place)?);
        }
        Ok(Self { lab, grounds })
    }

    pub(crate) fn ground(&self, cell: &Cell) -> Result<&Result<Ground, Missing>> {
        let none = || miette::miette!("no such place: {}", cell.place);
        self.grounds.get(cell.place).ok_or_else(none)
    }
}

/// Tries every cell that is not among the rows already, and returns all rows. Cells of one generation
/// share a lab; one that takes it down with it gets the next a new one.
pub(crate) fn fill(
    run: &mut Run,
    options: impl Fn(Generation) -> Options,
    cells: &[Cell],
    known: Vec<Trial>,
    mut fields: BTreeMap<Generation, Field>,
) -> Result<Vec<Trial>> {
    let finished: BTreeSet<String> = known.iter().map(|row| row.subject.clone()).collect();
    let mut rows = Vec::new();
    for row in known {
        run.tried(row.clone())?;
        rows.push(row);
    }
    let left: Vec<&Cell> = cells
        .iter()
        .filter(|cell| !finished.contains(&cell.to_string()))
        .collect();
    for (nth, cell) in left.iter().enumerate() {
        let generation = cell.generation;
        let field = match fields.remove(&generation) {
            Some(field) if field.lab.obituary().is_none() => field,
            _ => {
                // The others' labs are not needed any more, or not yet.
                fields.clear();
                let of_it: Vec<Cell> = cells
                    .iter()
                    .filter(|cell| cell.generation == generation)
                    .copied()
                    .collect();
                Field::new(&options(generation), &of_it)?
            }
        };
        let mut last = String::new();
        cell::run(&field.lab, cell, field.ground(cell)?, &mut |row| {
            last = format!("{} {}", row.step, row.outcome);
            rows.push(row.clone());
            run.tried(row)
        })?;
        eprintln!("{} of {}: {cell}: {last}", nth + 1, left.len());
        fields.insert(generation, field);
    }
    Ok(rows)
}

/// The rows of the cells that an earlier run has finished.
pub(crate) fn finished(rows: Vec<Trial>) -> Vec<Trial> {
    let is_end = |row: &Trial| {
        let failed = row.outcome == "failed" || row.step == "place" && row.outcome != "ok";
        row.table == "matrix" && (failed || row.step == "disk")
    };
    let ended: BTreeSet<String> = rows
        .iter()
        .filter(|row| is_end(row))
        .map(|row| row.subject.clone())
        .collect();
    let of_ended = |row: &Trial| row.table == "matrix" && ended.contains(&row.subject);
    rows.into_iter().filter(of_ended).collect()
}

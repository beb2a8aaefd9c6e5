//! Storage drivers on what may lie underneath them: what became of each cell of generation, engine,
//! driver and place, what it costs, and what follows for who has to choose.

mod advice;
mod cell;
mod cost;

use serde::Serialize;

use crate::published::Table;
use crate::record::Record;

use super::RatioSummary;
use super::trials::in_order;

pub(crate) use advice::{Count, First, LAYER, Mount, Pin, advice};
pub(crate) use cell::{Cell, Class, Failures, Name};
pub(crate) use cost::{CellCosts, Cost, DUEL, Duel, METRICS, Slower};

/// The table of trials that it is made of.
pub(crate) const MATRIX: &str = "matrix";

/// What a driver is held against, engine by engine: what is usual, on what carries it.
const REFERENCES: [(&str, &str, &str); 2] = [
    ("docker", "overlay2", "volume"),
    ("podman", "overlay", "volume"),
];

/// Everything that a run has on storage drivers.
#[derive(Serialize)]
pub(crate) struct Matrix {
    /// In the order in which they were tried.
    pub(crate) cells: Vec<Cell>,
    /// Subjects of the table that are no cell.
    pub(crate) strangers: Vec<String>,
    /// The generation of engines that the costs were taken of.
    pub(crate) cost_generation: Option<String>,
    pub(crate) costs: Vec<CellCosts>,
    /// vfs against fuse-overlayfs, metric by metric.
    pub(crate) duels: Vec<Duel>,
}

/// `None` for a run that has neither cells nor costs of them.
pub(super) fn of(record: &Record, ratios: &[RatioSummary], published: &Table) -> Option<Matrix> {
    let (cells, strangers) = cell::cells(&record.trials);
    let costs = cost::costs(ratios);
    let duels = cost::duels(record, ratios, &costs, published);
    let nothing = cells.is_empty() && costs.is_empty() && duels.is_empty();
    (!nothing).then(|| Matrix {
        cells,
        strangers,
        cost_generation: record.generation(),
        costs,
        duels,
    })
}

impl Matrix {
    pub(crate) fn generations(&self) -> Vec<&str> {
        in_order(self.cells.iter().map(|cell| &*cell.name.generation))
    }

    pub(crate) fn engines(&self) -> Vec<&str> {
        in_order(self.cells.iter().map(|cell| &*cell.name.engine))
    }

    /// Of an engine of a generation.
    pub(crate) fn drivers(&self, generation: &str, engine: &str) -> Vec<&str> {
        let of_it = |cell: &&Cell| cell.name.generation == generation && cell.name.engine == engine;
        let of_it = self.cells.iter().filter(of_it);
        in_order(of_it.map(|cell| &*cell.name.driver))
    }

    /// Cells end in any order, because several are under way at once: known places first.
    pub(crate) fn places(&self) -> Vec<&str> {
        let mut places = in_order(self.cells.iter().map(|cell| &*cell.name.place));
        let rank = |place: &&str| cost::PLACES.iter().position(|known| known == place);
        places.sort_by_key(|place| rank(place).unwrap_or(usize::MAX));
        places
    }

    pub(crate) fn cell(&self, name: [&str; 4]) -> Option<&Cell> {
        let mut cells = self.cells.iter();
        cells.find(|cell| cell.name.words() == name)
    }

    /// Costs of a cell, where it is of the generation that they were taken of.
    pub(crate) fn costs_of(&self, name: &Name) -> Option<&CellCosts> {
        if self.cost_generation.as_deref() != Some(&*name.generation) {
            return None;
        }
        let [_, engine, driver, place] = name.words();
        self.cost(engine, driver, place)
    }

    pub(crate) fn cost(&self, engine: &str, driver: &str, place: &str) -> Option<&CellCosts> {
        let mut costs = self.costs.iter();
        costs.find(|costs| [&costs.engine, &costs.driver, &costs.place] == [engine, driver, place])
    }

    /// What its layers take on disk, over what they take under the reference of its engine and
    /// generation.
    pub(crate) fn disk_ratio(&self, cell: &Cell) -> Option<f64> {
        let (engine, driver, place) = reference(&cell.name.engine)?;
        let reference = self.cell([&cell.name.generation, engine, driver, place])?;
        let below = reference.disk_bytes.filter(|bytes| *bytes > 0)?;
        Some(cell.disk_bytes? as f64 / below as f64)
    }
}

/// Engine, driver and place.
pub(crate) fn reference(engine: &str) -> Option<(&'static str, &'static str, &'static str)> {
    REFERENCES.into_iter().find(|(of, ..)| *of == engine)
}

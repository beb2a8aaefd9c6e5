//! Ways in which engines share what they keep: what became of each, what a search for damage found,
//! what those cost that are meant for it, and what follows for who has to choose.

mod advice;
mod cell;
mod cost;
mod search;
mod way;

use serde::Serialize;

use facts::Record;
use facts::Table;

use super::RatioSummary;
use facts::trials::in_order;

pub(crate) use advice::{Advice, Stand};
pub(crate) use cell::{Cell, Class, Refusal, Refusals};
pub(crate) use cost::{ArmCost, DOCKER_COLD, DOCKER_WARM, Moved};
pub(crate) use search::{End, Search, Shortest};
#[cfg(test)]
pub(crate) use way::WAYS;
pub(crate) use way::{Group, WHOLE, group};

/// The tables of trials that it is made of.
pub(crate) const TABLES: [&str; 3] = [cell::SHARING, search::SEARCH, cost::MOVED];

/// Everything that a run has on sharing.
#[derive(Serialize)]
pub(crate) struct Sharing {
    /// By engine and way, generations in the order in which they were released.
    pub(crate) cells: Vec<Cell>,
    /// Subjects of the tables that are no cell.
    pub(crate) strangers: Vec<String>,
    /// The generation of engines that the costs were taken of.
    pub(crate) cost_generation: Option<String>,
    pub(crate) costs: Vec<ArmCost>,
}

/// `None` for a run that has neither cells nor costs of them.
pub(super) fn of(record: &Record, ratios: &[RatioSummary], published: &Table) -> Option<Sharing> {
    let (cells, strangers) = cell::cells(&record.trials);
    let costs = cost::costs(record, ratios, published);
    let nothing = cells.is_empty() && costs.is_empty() && strangers.is_empty();
    (!nothing).then(|| Sharing {
        cells,
        strangers,
        cost_generation: record.generation(),
        costs,
    })
}

impl Sharing {
    pub(crate) fn generations(&self) -> Vec<&str> {
        let mut found = in_order(self.cells.iter().map(|cell| &*cell.name.generation));
        found.sort_by_key(|name| way::age(name));
        found
    }

    /// Engine and way, in the order of the cells.
    pub(crate) fn ways(&self) -> Vec<(&str, &str)> {
        let mut found: Vec<(&str, &str)> = Vec::new();
        for cell in &self.cells {
            let way = (&*cell.name.engine, &*cell.name.way);
            if !found.contains(&way) {
                found.push(way);
            }
        }
        found
    }

    /// Of all generations that have it.
    pub(crate) fn cells_of(&self, (engine, way): (&str, &str)) -> impl Iterator<Item = &Cell> {
        let cells = self.cells.iter();
        cells.filter(move |cell| cell.name.engine == engine && cell.name.way == way)
    }

    pub(crate) fn cell(&self, generation: &str, way: (&str, &str)) -> Option<&Cell> {
        let mut cells = self.cells_of(way);
        cells.find(|cell| cell.name.generation == generation)
    }

    /// What a way costs, of whatever generation that was measured.
    pub(crate) fn cost_of(&self, way: &str) -> Option<&ArmCost> {
        let mut costs = self.costs.iter();
        costs.find(|cost| cost.way == Some(way))
    }

    /// The same, where it is of the generation of this cell.
    pub(crate) fn cost_of_cell(&self, cell: &Cell) -> Option<&ArmCost> {
        let is_priced = self.cost_generation.as_deref() == Some(&*cell.name.generation);
        self.cost_of(&cell.name.way).filter(|_| is_priced)
    }

    /// What one arm moved and left.
    pub(crate) fn moved(&self, arm: &str) -> Option<&Moved> {
        let mut costs = self.costs.iter();
        costs.find(|cost| cost.arm == arm).map(|cost| &cost.moved)
    }
}

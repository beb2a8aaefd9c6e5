//! What a run says: what became of each way of sharing, what a search for damage found, what those
//! cost that are meant for it, and what follows for who has to choose.

mod advice;
mod cell;
mod claims;
mod cost;
mod page;

use facts::{Evidence, Facts, Failures, Lang};
use lab::Generation;
use miette::Result;
use serde::Serialize;

use crate::{TABLE, cost as arms, search};
use cell::{Cell, Refusal};
use cost::Cost;

/// Everything that a run has on sharing.
#[derive(Serialize)]
struct Sharing {
    /// By engine and way, generations in the order in which they were released.
    cells: Vec<Cell>,
    /// Subjects of the table that are no cell.
    strangers: Vec<String>,
    /// The generation of engines that the costs were taken of.
    cost_generation: Option<String>,
    costs: Vec<Cost>,
}

/// An engine and the name of a way.
type Id<'a> = (&'a str, &'a str);

/// What the page opens with.
#[rustfmt::skip]
const LEADS: [(&str, [[&str; 2]; 3]); 2] = [
    ("docker-archive/docker-cold",
        [["a job that loads an archive of an earlier one's images", "un trabajo que carga un archivo con las imágenes de otro anterior"], ["one with an empty store", "uno con un almacén vacío"], ["in Docker", "en Docker"]]),
    ("docker-pull-through/docker-cold",
        [["a job that pulls through a registry near by", "un trabajo que descarga por un registro cercano"], ["one with an empty store", "uno con un almacén vacío"], ["in Docker", "en Docker"]]),
];

/// The facts of a run.
pub(crate) fn facts(evidence: &Evidence) -> Result<Facts> {
    let (cells, strangers) = cell::cells(&evidence.record.trials);
    let sharing = Sharing {
        cells,
        strangers,
        cost_generation: evidence.record.generation(),
        costs: cost::costs(evidence),
    };
    let pages = Lang::ALL.map(|lang| (lang, page::of(&sharing, lang)));
    let mut facts = Facts {
        claims: claims::of(&sharing),
        found: facts::found(&sharing)?,
        shown: [TABLE, search::TABLE, arms::MOVED].map(str::to_owned).into(),
        leads: facts::leads(&LEADS),
        pages: pages.into(),
        ..Facts::default()
    };
    if !sharing.cells.is_empty() {
        let rows = sharing.cells.iter().map(|cell| cost::row(&sharing, cell));
        let table = ("sharing.csv".to_owned(), facts::csv(rows)?);
        facts.tables.extend([table]);
    }
    Ok(facts)
}

/// Oldest first, unknown ones last.
fn age(generation: &str) -> usize {
    let mut known = Generation::ALL.iter();
    let age = known.position(|known| known.to_string() == generation);
    age.unwrap_or(Generation::ALL.len())
}

impl Sharing {
    fn generations(&self) -> Vec<&str> {
        let names = self.cells.iter().map(|cell| &*cell.name.generation);
        let mut names: Vec<&str> = names.collect();
        names.sort_by_key(|name| (age(name), *name));
        names.dedup();
        names
    }

    /// In the order of the cells.
    fn ways(&self) -> Vec<Id<'_>> {
        let mut ways: Vec<Id> = self.cells.iter().map(|cell| cell.name.way()).collect();
        ways.dedup();
        ways
    }

    /// Of all generations that have it.
    fn cells_of(&self, way: Id) -> impl Iterator<Item = &Cell> {
        let cells = self.cells.iter();
        cells.filter(move |cell| cell.name.way() == way)
    }

    fn cell(&self, generation: &str, way: Id) -> Option<&Cell> {
        let mut cells = self.cells_of(way);
        cells.find(|cell| cell.name.generation == generation)
    }

    /// What a way costs, of whatever generation that was measured.
    fn cost_of(&self, way: &str) -> Option<&Cost> {
        self.costs.iter().find(|cost| cost.way == Some(way))
    }

    /// The same, where it is of the generation of this cell.
    fn cost_of_cell(&self, cell: &Cell) -> Option<&Cost> {
        let is_priced = self.cost_generation.as_ref() == Some(&cell.name.generation);
        self.cost_of(&cell.name.way).filter(|_| is_priced)
    }

    /// Cells with an engine that did not start, by what is known of its words.
    fn refusals(&self) -> Vec<Failures<'_, Cell>> {
        Failures::grouped(self.cells.iter().filter_map(|cell| {
            let (fingerprint, words) = cell.refusal.as_ref().map(Refusal::known)?;
            Some((cell, fingerprint, words))
        }))
    }
}

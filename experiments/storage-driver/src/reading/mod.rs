//! What a run says: what became of each cell, why, what it costs, and what follows.

mod advice;
mod cell;
mod claims;
mod cost;
mod page;

use facts::trials::{in_order, tries};
use facts::{Evidence, Facts, Failures, Group, Lang, Panel, Row, Tile, text};
use measure::Trial;
use miette::Result;
use serde::Serialize;

use crate::place::PLACES;
use cell::{Cell, Class, Name};
use cost::{Costs, Duel};

/// The table of trials.
const TABLE: &str = "matrix";

/// Everything that a run has on storage drivers.
#[derive(Serialize)]
struct Matrix {
    /// In the order in which they were tried.
    cells: Vec<Cell>,
    /// Subjects of the table that are no cell.
    strangers: Vec<String>,
    /// The generation of engines that the costs were taken of.
    cost_generation: Option<String>,
    costs: Vec<Costs>,
    /// vfs against fuse-overlayfs, metric by metric.
    duels: Vec<Duel>,
}

/// What the page opens with.
#[rustfmt::skip]
const LEADS: [(&str, [[&str; 2]; 3]); 2] = [
    ("docker-fuse-overlayfs-volume-files/docker-overlay2-volume-files",
        [["`fuse-overlayfs`"; 2], ["`overlay2`"; 2], ["to make, list and remove many small files", "en crear, listar y borrar muchos ficheros pequeños"]]),
    ("docker-vfs-volume-unpack/docker-fuse-overlayfs-volume-unpack",
        [["`vfs`"; 2], ["`fuse-overlayfs`"; 2], ["to unpack an image of many layers", "en desempaquetar una imagen de muchas capas"]]),
];

/// The facts of a run.
pub(crate) fn facts(evidence: &Evidence) -> Result<Facts> {
    let matrix = Matrix::of(evidence);
    let pages = Lang::ALL.map(|lang| (lang, page::of(&matrix, evidence, lang)));
    let mut facts = Facts {
        claims: claims::of(&matrix),
        shown: vec![TABLE.to_owned()],
        leads: facts::leads(&LEADS),
        pages: pages.into(),
        ..Facts::default()
    };
    if !matrix.cells.is_empty() {
        let rows = matrix.cells.iter().map(|cell| cost::row(&matrix, cell));
        facts.tables.insert("matrix.csv".to_owned(), facts::csv(rows)?);
    }
    facts.found = facts::found(&matrix)?;
    Ok(facts)
}

/// One cell a subject, in the order of their first rows; and subjects that name none. Of several
/// tries of a cell the last one that was not interrupted counts: with each session and each row for
/// its place another one begins.
fn cells(trials: &[Trial]) -> (Vec<Cell>, Vec<String>) {
    let begins = |_: &[&Trial], row: &Trial| row.step == "place";
    let (tries, strangers) = tries(trials, TABLE, Name::of, begins);
    let cell = |(name, tries): (Name, Vec<Vec<&Trial>>)| {
        let tries = tries.iter().map(|rows| Cell::of(name.clone(), rows));
        let mut all: Vec<Cell> = tries.collect();
        let ended = all.iter().rposition(|cell| cell.class != Class::Unfinished);
        let mut decisive = all.remove(ended.unwrap_or(all.len() - 1));
        all.retain(|other| other.class != decisive.class && other.class != Class::Unfinished);
        decisive.otherwise = all.into_iter().map(|other| other.class).collect();
        decisive
    };
    (tries.into_iter().map(cell).collect(), strangers)
}

impl Matrix {
    fn of(evidence: &Evidence) -> Self {
        let (cells, strangers) = cells(&evidence.record.trials);
        let mut matrix = Self {
            cells,
            strangers,
            cost_generation: evidence.record.generation(),
            costs: Vec::new(),
            duels: Vec::new(),
        };
        matrix.costs = cost::costs(&matrix, evidence);
        matrix.duels = cost::duels(&matrix.costs, evidence);
        matrix
    }

    fn generations(&self) -> Vec<&str> {
        in_order(self.cells.iter().map(|cell| &*cell.name.generation))
    }

    fn engines(&self) -> Vec<&str> {
        in_order(self.cells.iter().map(|cell| &*cell.name.engine))
    }

    /// Cells end in any order, because several are under way at once: declared places first.
    fn places(&self) -> Vec<&str> {
        let mut places = in_order(self.cells.iter().map(|cell| &*cell.name.place));
        let rank = |place: &&str| PLACES.iter().position(|known| known.name == *place);
        places.sort_by_key(|place| rank(place).unwrap_or(usize::MAX));
        places
    }

    fn cell(&self, name: [&str; 4]) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.name.words() == name)
    }

    fn on(&self, place: &str) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(move |cell| cell.name.place == place)
    }

    /// A panel a generation, a group an engine, a row a driver, a tile a place.
    fn panels(
        &self,
        lang: Lang,
        caption: impl Fn(&str, &str) -> String,
        tile: impl Fn(&Cell) -> Option<Tile>,
    ) -> Vec<Panel> {
        let places = self.places();
        let group = |generation: &str, engine: &str| {
            let cells = || {
                let cells = self.cells.iter();
                cells.filter(|cell| cell.name.words()[..2] == [generation, engine])
            };
            let rows = in_order(cells().map(|cell| &*cell.name.driver)).into_iter();
            let rows = rows.map(|driver| {
                let of = |place: &&str| {
                    let mut cells = cells();
                    tile(cells.find(|cell| cell.name.words()[2..] == [driver, place])?)
                };
                Row { name: driver.to_owned(), tiles: places.iter().map(of).collect() }
            });
            Group {
                title: engine.to_owned(),
                caption: caption(generation, engine),
                rows: rows.collect(),
            }
        };
        let panel = |generation: &str| {
            let groups = self.engines().into_iter();
            let groups = groups.map(|engine| group(generation, engine));
            Panel {
                title: text!(lang; "Engines of {generation}"; "Motores de {generation}"),
                groups: groups.filter(|group| !group.rows.is_empty()).collect(),
            }
        };
        self.generations().into_iter().map(panel).collect()
    }

    /// Cells that fail, or fall back, by what is known of their words.
    fn failures(&self) -> Vec<Failures<'_, Cell>> {
        Failures::grouped(self.cells.iter().filter_map(|cell| {
            let (fingerprint, words) = cell.known();
            let is_one = cell.class.fails()
                || (matches!(cell.class, Class::FallsBack | Class::Another) && !words.is_empty());
            is_one.then_some((cell, fingerprint, words))
        }))
    }
}

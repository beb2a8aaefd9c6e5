//! What a cell costs: ratios of its arms to those of its engine's reference, of one generation.

use facts::{Evidence, Metric, Ratio};
use serde::Serialize;

use super::Matrix;
use super::cell::Cell;
use crate::cost::{REFERENCES, WORKS};

/// The two that claim C7 is about: above the line, below it.
pub(super) const DUEL: [&str; 2] = ["docker-vfs-volume", "docker-fuse-overlayfs-volume"];

/// Of one cell, against the reference.
#[derive(Serialize)]
pub(super) struct Costs {
    pub(super) engine: String,
    pub(super) driver: String,
    pub(super) place: String,
    /// In the order of [`WORKS`].
    pub(super) ratios: Vec<Option<Ratio>>,
}

/// vfs over fuse-overlayfs in one metric.
#[derive(Serialize)]
pub(super) struct Duel {
    #[serde(serialize_with = "Metric::serialize_name")]
    pub(super) metric: &'static Metric,
    /// How the arms of this metric end.
    pub(super) word: &'static str,
    pub(super) ratio: Ratio,
    pub(super) slower: Slower,
    /// Of all of Docker's drivers that were measured on a volume, by their estimates alone.
    pub(super) slowest: Option<String>,
    /// How many those are.
    pub(super) drivers: usize,
}

/// Which of the two takes longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Slower {
    Vfs,
    Fuse,
    /// The interval holds 1.
    Open,
    /// There is no interval.
    NotMeasured,
}

/// Engine, driver and place that an engine's cells are held against.
pub(super) fn reference(engine: &str) -> Option<[&'static str; 3]> {
    let mut known = REFERENCES.iter();
    let (of, driver, place) = known.find(|(of, ..)| of.to_string() == engine)?;
    Some([of.program(), driver, place])
}

/// Of every cell of the generation that was measured, in the order of the arms; none of a reference,
/// which costs 1 of what it costs.
pub(super) fn costs(matrix: &Matrix, evidence: &Evidence) -> Vec<Costs> {
    let generation = matrix.cost_generation.as_deref();
    let cells = matrix.cells.iter();
    let cells = cells.filter(|cell| Some(&*cell.name.generation) == generation);
    let first_arm = |cell: &Cell| {
        let [_, engine, driver, place] = cell.name.words();
        let start = format!("{engine}-{driver}-{place}-");
        let mut arms = evidence.arms.iter();
        let word =
            |arm: &str| WORKS.iter().any(|(_, word, ..)| arm.strip_prefix(&start) == Some(word));
        arms.position(|arm| word(&arm.arm))
    };
    let mut found: Vec<(usize, Costs)> = Vec::new();
    for cell in cells {
        let [_, engine, driver, place] = cell.name.words();
        let Some((index, below)) = first_arm(cell).zip(reference(engine)) else {
            continue;
        };
        if below == [engine, driver, place] {
            continue;
        }
        let ratio = |word: &str| {
            let above = [engine, driver, place, word].join("-");
            let below = [&below[..], &[word]].concat().join("-");
            evidence.between(&above, &below).map(Ratio::from)
        };
        let [engine, driver, place] = [engine, driver, place].map(str::to_owned);
        let ratios = WORKS.iter().map(|(_, word, ..)| ratio(word)).collect();
        found.push((index, Costs { engine, driver, place, ratios }));
    }
    found.sort_by_key(|(index, costs)| (costs.engine.clone(), *index));
    found.into_iter().map(|(_, costs)| costs).collect()
}

/// Nothing where the run has not both arms of any metric.
pub(super) fn duels(costs: &[Costs], evidence: &Evidence) -> Vec<Duel> {
    let duel = |(index, (_, word, metric, _)): (usize, &(_, &'static str, &'static Metric, _))| {
        let [above, below] = DUEL.map(|cell| format!("{cell}-{word}"));
        let ratio = evidence.between(&above, &below)?;
        let slower = match ratio.interval() {
            None => Slower::NotMeasured,
            Some(range) if range.low > 1.0 => Slower::Vfs,
            Some(range) if range.high < 1.0 => Slower::Fuse,
            Some(_) => Slower::Open,
        };
        let [engine, base, place] = reference("docker")?;
        let others = costs.iter().filter(|cell| cell.engine == engine && cell.place == place);
        let others = others.filter_map(|cell| Some((&*cell.driver, cell.value(index)?)));
        let measured: Vec<(&str, f64)> = std::iter::once((base, 1.0)).chain(others).collect();
        let slowest = measured.iter().max_by(|one, other| one.1.total_cmp(&other.1));
        let slowest = slowest.filter(|_| measured.len() > 1);
        Some(Duel {
            metric,
            word,
            ratio: ratio.into(),
            slower,
            slowest: slowest.map(|(driver, _)| (*driver).to_owned()),
            drivers: measured.len(),
        })
    };
    WORKS.iter().enumerate().filter_map(duel).collect()
}

impl Costs {
    /// The ratio of one of [`WORKS`].
    pub(super) fn value(&self, work: usize) -> Option<f64> {
        Some(self.ratios[work].as_ref()?.estimate?.value)
    }

    /// One number of all of them: the geometric mean of the ratios.
    pub(super) fn overall(&self) -> Option<f64> {
        let logs = (0..self.ratios.len()).filter_map(|work| Some(self.value(work)?.ln()));
        let logs: Vec<f64> = logs.collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        (!logs.is_empty()).then(|| mean.exp())
    }
}

impl Matrix {
    /// Of a cell, where it is of the generation that was measured.
    pub(super) fn costs_of(&self, cell: &Cell) -> Option<&Costs> {
        let [generation, engine, driver, place] = cell.name.words();
        let is_measured = self.cost_generation.as_deref() == Some(generation);
        is_measured.then(|| self.cost([engine, driver, place]))?
    }

    pub(super) fn cost(&self, cell: [&str; 3]) -> Option<&Costs> {
        let mut costs = self.costs.iter();
        costs.find(|costs| [&*costs.engine, &*costs.driver, &*costs.place] == cell)
    }

    /// What its layers take on disk, over what they take under the reference of its engine and
    /// generation.
    pub(super) fn disk_ratio(&self, cell: &Cell) -> Option<f64> {
        let [engine, driver, place] = reference(&cell.name.engine)?;
        let reference = self.cell([&cell.name.generation, engine, driver, place])?;
        let below = reference.disk_bytes.filter(|bytes| *bytes > 0)?;
        Some(cell.disk_bytes? as f64 / below as f64)
    }
}

/// One row of `matrix.csv`: names, then numbers with six decimals.
pub(super) fn row(matrix: &Matrix, cell: &Cell) -> Vec<(String, String)> {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.6}"));
    let named = [
        ("generation", cell.name.generation.clone()),
        ("engine", cell.name.engine.clone()),
        ("driver", cell.name.driver.clone()),
        ("place", cell.name.place.clone()),
        ("class", cell.class.name().to_owned()),
        ("step", cell.step.clone().unwrap_or_default()),
        ("chosen", cell.chosen.clone().unwrap_or_default()),
        ("backing", cell.backing.clone()),
        ("fingerprint", cell.known().0.map_or_else(String::new, |known| known.id.clone())),
        ("words", cell.words.clone()),
        ("deviations", cell.deviations.join(" | ")),
        ("disk_bytes", cell.disk_bytes.map_or_else(String::new, |bytes| bytes.to_string())),
        ("disk_ratio", number(matrix.disk_ratio(cell))),
    ];
    let mut row: Vec<(String, String)> = named.map(|(name, value)| (name.to_owned(), value)).into();
    let costs = matrix.costs_of(cell);
    for (index, (_, word, ..)) in WORKS.iter().enumerate() {
        let ratio = costs.and_then(|costs| costs.ratios[index].as_ref());
        row.extend(Ratio::columns(ratio, word));
    }
    row
}

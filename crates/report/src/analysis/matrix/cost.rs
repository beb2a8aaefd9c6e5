//! What a cell costs: ratios of its arms to those of its engine's reference, of one generation.

use measure::Metric;
use serde::Serialize;

use super::super::ratios;
use super::{REFERENCES, reference};
use crate::analysis::{Estimate, RatioSummary};
use crate::published::Table;
use crate::record::Record;

/// How arms end, and what they measure.
pub(crate) const METRICS: [(&str, Metric); 4] = [
    ("start", Metric::Startup),
    ("unpack", Metric::Unpack),
    ("write", Metric::Write),
    ("files", Metric::Files),
];

/// Places as arms call them, usual ones first. None ends as another one does.
pub(super) const PLACES: [&str; 7] = [
    "volume",
    "layer",
    "tmpfs",
    "xfs",
    "btrfs",
    "ext4-no-filetype",
    "xfs-no-dtype",
];

/// The two that C7 is about: above the line, below it.
pub(crate) const DUEL: [&str; 2] = ["docker-vfs-volume", "docker-fuse-overlayfs-volume"];

/// Of one cell, against the reference.
#[derive(Serialize)]
pub(crate) struct CellCosts {
    pub(crate) engine: String,
    pub(crate) driver: String,
    pub(crate) place: String,
    pub(crate) ratios: Vec<Cost>,
}

#[derive(Serialize)]
pub(crate) struct Cost {
    pub(crate) metric: Metric,
    pub(crate) contrast: String,
    /// The one that decides, as the table of ratios has it.
    pub(crate) estimate: Option<Estimate>,
    pub(crate) primary: bool,
}

/// vfs over fuse-overlayfs in one metric.
#[derive(Serialize)]
pub(crate) struct Duel {
    pub(crate) metric: Metric,
    /// How the arms of this metric end.
    pub(crate) word: &'static str,
    pub(crate) estimate: Option<Estimate>,
    pub(crate) primary: bool,
    pub(crate) slower: Slower,
    /// Of all of Docker's drivers that were measured on a volume, by their estimates alone.
    pub(crate) slowest: Option<String>,
    /// How many those are.
    pub(crate) drivers: usize,
}

/// Which of the two takes longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Slower {
    Vfs,
    Fuse,
    /// The interval holds 1.
    Open,
    /// There is no interval.
    NotMeasured,
}

/// `docker-fuse-overlayfs-volume-start`, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ArmName<'a> {
    engine: &'a str,
    driver: &'a str,
    place: &'a str,
    word: &'static str,
}

impl<'a> ArmName<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let (rest, word) = name.rsplit_once('-')?;
        let (word, _) = METRICS.into_iter().find(|(known, _)| *known == word)?;
        let (engine, rest) = rest.split_once('-')?;
        reference(engine)?;
        let (driver, place) = PLACES.iter().find_map(|place| {
            let driver = rest.strip_suffix(place)?.strip_suffix('-')?;
            Some((driver, *place))
        })?;
        Some(Self {
            engine,
            driver,
            place,
            word,
        })
    }
}

impl CellCosts {
    pub(crate) fn of(&self, metric: Metric) -> Option<&Cost> {
        self.ratios.iter().find(|cost| cost.metric == metric)
    }

    /// One number of all of them: the geometric mean of the ratios.
    pub(crate) fn overall(&self) -> Option<f64> {
        let ratios = self.ratios.iter();
        let logs = ratios.filter_map(|cost| Some(cost.estimate?.value.ln()));
        let logs: Vec<f64> = logs.collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        (!logs.is_empty()).then(|| mean.exp())
    }
}

/// The references first, which cost 1 of what they cost, then the cells in the order of the ratios.
pub(super) fn costs(ratios: &[RatioSummary]) -> Vec<CellCosts> {
    let mut found: Vec<CellCosts> = Vec::new();
    for ratio in ratios {
        let arms = ArmName::of(&ratio.numerator).zip(ArmName::of(&ratio.denominator));
        let Some((above, below)) = arms else {
            continue;
        };
        let held_against = (below.engine, below.driver, below.place);
        if reference(above.engine) != Some(held_against) || above.word != below.word {
            continue;
        }
        let cost = Cost {
            metric: ratio.metric,
            contrast: ratio.contrast.clone(),
            estimate: ratio.decisive,
            primary: ratio.primary,
        };
        let mut cells = found.iter_mut();
        let cell = cells.find(|cell| {
            [&cell.engine, &cell.driver, &cell.place] == [above.engine, above.driver, above.place]
        });
        match cell {
            Some(cell) => cell.ratios.push(cost),
            None => found.push(CellCosts {
                engine: above.engine.to_owned(),
                driver: above.driver.to_owned(),
                place: above.place.to_owned(),
                ratios: vec![cost],
            }),
        }
    }
    found.sort_by_key(|cell| {
        REFERENCES
            .iter()
            .position(|(engine, ..)| *engine == cell.engine)
    });
    found
}

/// Nothing where the run has not both arms of any metric.
pub(super) fn duels(
    record: &Record,
    all: &[RatioSummary],
    costs: &[CellCosts],
    published: &Table,
) -> Vec<Duel> {
    let duel = |(word, metric): (&'static str, Metric)| {
        let [numerator, denominator] = DUEL.map(|cell| format!("{cell}-{word}"));
        let ratio = ratios::between(record, all, published, &numerator, &denominator)?;
        let slower = match ratio.interval() {
            None => Slower::NotMeasured,
            Some(range) if range.low > 1.0 => Slower::Vfs,
            Some(range) if range.high < 1.0 => Slower::Fuse,
            Some(_) => Slower::Open,
        };
        let (slowest, drivers) = slowest(costs, metric);
        Some(Duel {
            metric,
            word,
            estimate: ratio.decisive,
            primary: ratio.primary,
            slower,
            slowest,
            drivers,
        })
    };
    METRICS.into_iter().filter_map(duel).collect()
}

/// Of Docker's drivers on a volume, the reference among them, and how many there are.
fn slowest(costs: &[CellCosts], metric: Metric) -> (Option<String>, usize) {
    let (engine, base, place) = REFERENCES[0];
    let others = costs
        .iter()
        .filter(|cell| cell.engine == engine && cell.place == place)
        .filter_map(|cell| {
            let estimate = cell.of(metric)?.estimate?;
            Some((&*cell.driver, estimate.value))
        });
    let measured: Vec<(&str, f64)> = std::iter::once((base, 1.0)).chain(others).collect();
    let slowest = measured
        .iter()
        .max_by(|one, other| one.1.total_cmp(&other.1));
    let slowest = slowest.filter(|_| measured.len() > 1);
    (
        slowest.map(|(driver, _)| (*driver).to_owned()),
        measured.len(),
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("docker-overlay2-volume-start", Some(["docker", "overlay2", "volume", "start"]))]
    #[case("docker-fuse-overlayfs-xfs-no-dtype-files", Some(["docker", "fuse-overlayfs", "xfs-no-dtype", "files"]))]
    #[case("docker-snapshotter-btrfs-btrfs-write", Some(["docker", "snapshotter-btrfs", "btrfs", "write"]))]
    #[case("podman-overlay-fuse-layer-unpack", Some(["podman", "overlay-fuse", "layer", "unpack"]))]
    #[case("docker-vfs-xfs-start", Some(["docker", "vfs", "xfs", "start"]))]
    #[case("docker-btrfs-start", None)]
    #[case("podman-nested", None)]
    #[case("start-docker-docker", None)]
    fn names_of_arms_are_taken_apart(#[case] name: &str, #[case] expected: Option<[&str; 4]>) {
        let found = ArmName::of(name);
        let found = found.map(|name| [name.engine, name.driver, name.place, name.word]);
        assert_eq!(found, expected);
    }
}

//! What follows for who has to choose: where to put the store, which driver to name, what to look at
//! first. All of it is counted from the cells.

use std::cmp::Reverse;

use fingerprints::Fingerprint;
use serde::Serialize;

use super::super::trials::in_order;
use super::{Cell, Class, Matrix};

/// Places that an option of the outer `run` gives, the usual one first, and the one that no option
/// gives. The others are what may lie under a volume.
const MOUNTS: [&str; 2] = ["volume", "tmpfs"];
pub(crate) const LAYER: &str = "layer";

/// What was found, as counts of cells.
pub(crate) struct Advice {
    pub(crate) mount: Option<Mount>,
    /// One an engine and place: with the mount, and without.
    pub(crate) pins: Vec<Pin>,
    pub(crate) first: Option<First>,
}

/// In how many of the cells that were tried the driver fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    pub(crate) fits: usize,
    pub(crate) tried: usize,
}

/// Where to put the store.
pub(crate) struct Mount {
    pub(crate) place: String,
    pub(crate) count: Count,
    /// The same without any mount.
    pub(crate) layer: Option<Count>,
    /// Of what may lie under a volume, the one that carries least.
    pub(crate) worst: Option<(String, Count)>,
}

/// Which driver to name.
pub(crate) struct Pin {
    pub(crate) engine: String,
    pub(crate) place: String,
    /// `None`: none fits there in any generation.
    pub(crate) driver: Option<String>,
    /// Generations in which it does.
    pub(crate) count: Count,
    /// How many drivers fit in as many.
    pub(crate) equals: usize,
    /// All that was measured of it, over the reference.
    pub(crate) cost: Option<f64>,
    /// What its layers take on disk over those of the reference; the most of any generation.
    pub(crate) disk: Option<f64>,
}

/// One failure, and how far it reaches.
#[derive(Clone, Copy)]
pub(crate) struct Common {
    pub(crate) fingerprint: &'static Fingerprint,
    /// Of how many engines' drivers.
    pub(crate) drivers: usize,
    pub(crate) cells: usize,
    /// Cells that fail or fall back though nobody named a driver.
    pub(crate) unasked: usize,
}

/// What to look at first.
pub(crate) struct First {
    pub(crate) failing: usize,
    /// What fails most drivers.
    pub(crate) common: Option<Common>,
    /// The place with the most of them.
    pub(crate) place: (String, usize),
    /// Those whose daemon was up.
    pub(crate) late: usize,
}

impl Count {
    fn of<'a>(cells: impl Iterator<Item = &'a Cell>) -> Self {
        let told = cells.filter(|cell| cell.class.is_told());
        told.fold(Self { fits: 0, tried: 0 }, |count, cell| Self {
            fits: count.fits + usize::from(cell.class.fits()),
            tried: count.tried + 1,
        })
    }

    fn share(self) -> f64 {
        self.fits as f64 / self.tried.max(1) as f64
    }
}

/// `None` where no cell was tried to an end.
pub(crate) fn advice(matrix: &Matrix) -> Option<Advice> {
    if !matrix.cells.iter().any(|cell| cell.class.is_told()) {
        return None;
    }
    let mount = mount(matrix);
    let mut places: Vec<&str> = mount.iter().map(|mount| &*mount.place).collect();
    if !places.contains(&LAYER) && on(matrix, LAYER).tried > 0 {
        places.push(LAYER);
    }
    let engines = matrix.engines();
    let pins = engines
        .iter()
        .flat_map(|engine| places.iter().filter_map(|place| pin(matrix, engine, place)));
    Some(Advice {
        pins: pins.collect(),
        first: first(matrix),
        mount,
    })
}

fn on(matrix: &Matrix, place: &str) -> Count {
    Count::of(matrix.cells.iter().filter(|cell| cell.name.place == place))
}

/// The share decides; among equals the usual one, and no mount before any.
fn mount(matrix: &Matrix) -> Option<Mount> {
    let layer = Some(on(matrix, LAYER)).filter(|count| count.tried > 0);
    let mounts = MOUNTS.iter().map(|place| (*place, on(matrix, place)));
    let tried: Vec<(&str, Count)> = layer
        .map(|count| (LAYER, count))
        .into_iter()
        .chain(mounts.filter(|(_, count)| count.tried > 0))
        .collect();
    let mut best = *tried.first()?;
    for other in &tried[1..] {
        if other.1.share() > best.1.share() {
            best = *other;
        }
    }
    let under = matrix.places().into_iter();
    let under = under.filter(|place| *place != LAYER && !MOUNTS.contains(place));
    let under = under.map(|place| (place, on(matrix, place)));
    let worst = under
        .filter(|(_, count)| count.tried > 0)
        .min_by(|one, other| one.1.share().total_cmp(&other.1.share()));
    Some(Mount {
        place: best.0.to_owned(),
        count: best.1,
        layer,
        worst: worst.map(|(place, count)| (place.to_owned(), count)),
    })
}

/// The driver that works there in most generations, and not only with what deviates; among equals the
/// one that costs least, as far as that was measured.
fn pin(matrix: &Matrix, engine: &str, place: &str) -> Option<Pin> {
    let there = || {
        let cells = matrix.cells.iter();
        cells.filter(|cell| cell.name.engine == engine && cell.name.place == place)
    };
    let named = there().filter(|cell| !cell.name.is_automatic());
    let drivers = in_order(named.map(|cell| &*cell.name.driver));
    let count = |driver: &str| {
        let cells = || there().filter(|cell| cell.name.driver == driver);
        let faithful = cells().filter(|cell| cell.class.is_faithful());
        Count {
            fits: faithful.count(),
            ..Count::of(cells())
        }
    };
    let cost = |driver: &str| {
        let is_reference = super::reference(engine) == Some((engine, driver, place));
        let measured = || matrix.cost(engine, driver, place)?.overall();
        // Against itself it was not measured, and costs what it costs.
        let any = || !matrix.costs.is_empty();
        (is_reference && any()).then_some(1.0).or_else(measured)
    };
    let disk = |driver: &str| {
        let cells = there().filter(|cell| cell.name.driver == driver);
        cells
            .filter_map(|cell| matrix.disk_ratio(cell))
            .max_by(f64::total_cmp)
    };
    let most = drivers.iter().map(|driver| count(driver).fits).max()?;
    let equals: Vec<&str> = drivers
        .iter()
        .copied()
        .filter(|driver| most > 0 && count(driver).fits == most)
        .collect();
    let cheapest = equals.iter().min_by(|one, other| {
        let [one, other] = [one, other].map(|driver| cost(driver).unwrap_or(f64::INFINITY));
        one.total_cmp(&other)
    });
    let tried = || drivers.iter().map(|driver| count(driver).tried).max();
    let count = cheapest.map(|driver| count(driver));
    Some(Pin {
        engine: engine.to_owned(),
        place: place.to_owned(),
        driver: cheapest.map(|driver| (*driver).to_owned()),
        count: count.unwrap_or(Count {
            fits: 0,
            tried: tried().filter(|tried| *tried > 0)?,
        }),
        equals: equals.len(),
        cost: cheapest.and_then(|driver| cost(driver)),
        disk: cheapest.and_then(|driver| disk(driver)),
    })
}

/// `None` where nothing fails.
fn first(matrix: &Matrix) -> Option<First> {
    let failing = || matrix.cells.iter().filter(|cell| cell.class.fails());
    let places = in_order(failing().map(|cell| &*cell.name.place)).into_iter();
    let of_place = |place: &str| failing().filter(|cell| cell.name.place == place).count();
    let place = places.min_by_key(|place| Reverse(of_place(place)))?;
    let failures = matrix.failures();
    // A driver that is asked for where it can't be fails in many cells and is nobody's surprise: what
    // meets who asks for none tells most, then how many drivers fail so.
    let known = failures.iter().filter_map(|group| {
        let failing = || group.cells.iter().filter(|cell| cell.class.fails());
        let mut drivers: Vec<[&str; 2]> = failing()
            .map(|cell| [&*cell.name.engine, &*cell.name.driver])
            .collect();
        drivers.sort_unstable();
        drivers.dedup();
        Some(Common {
            fingerprint: group.fingerprint?,
            drivers: drivers.len(),
            cells: failing().count(),
            unasked: group
                .cells
                .iter()
                .filter(|cell| cell.name.is_automatic())
                .count(),
        })
    });
    Some(First {
        failing: failing().count(),
        common: known
            .filter(|common| common.cells + common.unasked > 0)
            .min_by_key(|common| Reverse((common.unasked, common.drivers, common.cells))),
        place: (place.to_owned(), of_place(place)),
        late: failing().filter(|cell| cell.class == Class::Late).count(),
    })
}

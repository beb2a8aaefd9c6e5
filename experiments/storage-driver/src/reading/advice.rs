//! What follows for who has to choose: where to put the store, which driver to name, what to look at
//! first. All of it is counted from the cells.

use std::cmp::Reverse;

use facts::trials::in_order;
use facts::{Lang, term, text};

use super::Matrix;
use super::cell::{Cell, Class};
use super::cost::reference;

/// Where a store lies with the usual mount, and without any.
pub(super) const VOLUME: &str = "volume";
pub(super) const LAYER: &str = "layer";
/// What an option of the outer `run` gives. Other places are what may lie under a volume.
const MOUNTS: [&str; 2] = [VOLUME, "tmpfs"];

/// In how many of the cells that were tried the driver fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    fits: usize,
    tried: usize,
}

impl Count {
    fn of<'a>(cells: impl Iterator<Item = &'a Cell>, fits: fn(Class) -> bool) -> Self {
        let told = cells.filter(|cell| cell.class.is_told());
        told.fold(Self { fits: 0, tried: 0 }, |count, cell| Self {
            fits: count.fits + usize::from(fits(cell.class)),
            tried: count.tried + 1,
        })
    }

    fn share(self) -> f64 {
        self.fits as f64 / self.tried.max(1) as f64
    }
}

/// A place as a reader has it: code, but for what has words.
pub(super) fn place(name: &str, lang: Lang) -> String {
    match name {
        VOLUME => term!(lang; "a volume"; "un volumen").to_owned(),
        LAYER => term!(lang; "the container's layer"; "la capa del contenedor").to_owned(),
        other => format!("`{other}`"),
    }
}

/// Nothing where no cell was tried to an end.
pub(super) fn lines(matrix: &Matrix, lang: Lang) -> Vec<String> {
    if !matrix.cells.iter().any(|cell| cell.class.is_told()) {
        return Vec::new();
    }
    let mut lines = Vec::new();
    let mut places = Vec::new();
    if let Some((best, line)) = mount(matrix, lang) {
        places.push(best);
        lines.push(line);
    }
    if !places.contains(&LAYER) && on(matrix, LAYER).tried > 0 {
        places.push(LAYER);
    }
    let engines = matrix.engines().into_iter();
    let pins = engines
        .flat_map(|engine| places.iter().filter_map(move |place| pin(matrix, engine, place, lang)));
    let pins: Vec<String> = pins.collect();
    if !pins.is_empty() {
        let pins = pins.join("; ");
        lines.push(if matrix.costs.is_empty() {
            text!(lang; "Driver to pin: {pins}."; "Controlador que fijar: {pins}.")
        } else {
            text!(lang; "Driver to pin; times are geometric means of what was measured: {pins}.";
                "Controlador que fijar; los tiempos son medias geométricas de lo medido: {pins}.")
        });
    }
    lines.push(first(matrix, lang));
    lines
}

fn on(matrix: &Matrix, place: &str) -> Count {
    Count::of(matrix.on(place), Class::fits)
}

/// Where to put the store: the share decides; among equals the usual one, and no mount before any.
fn mount(matrix: &Matrix, lang: Lang) -> Option<(&'static str, String)> {
    let tried = [LAYER].into_iter().chain(MOUNTS).map(|place| (place, on(matrix, place)));
    let tried: Vec<(&str, Count)> = tried.filter(|(_, count)| count.tried > 0).collect();
    let mut best = *tried.first()?;
    for other in &tried[1..] {
        if other.1.share() > best.1.share() {
            best = *other;
        }
    }
    let (name, Count { fits, tried: all }) = best;
    let (store, layer) = (place(name, lang), on(matrix, LAYER));
    let mut told = if name == LAYER {
        text!(lang; "Mount: nothing is gained by one. On the container's own layer {fits} of {all} cells fit, and on no mount a larger share.";
            "Montaje: no se gana nada con uno. En la capa del propio contenedor encajan {fits} de {all} celdas, y en ningún montaje una proporción mayor.")
    } else {
        text!(lang; "Mount: put the store on {store}. There {fits} of {all} cells fit.";
            "Montaje: ponga el almacén en {store}. Allí encajan {fits} de {all} celdas.")
    };
    if layer.tried > 0 && name != LAYER {
        let Count { fits, tried } = layer;
        told += &text!(lang; " On the container's own layer {fits} of {tried}.";
            " En la capa del propio contenedor, {fits} de {tried}.");
    }
    let under =
        matrix.places().into_iter().filter(|place| *place != LAYER && !MOUNTS.contains(place));
    let under = under.map(|place| (place, on(matrix, place))).filter(|(_, count)| count.tried > 0);
    if let Some((under, Count { fits, tried })) =
        under.min_by(|one, other| one.1.share().total_cmp(&other.1.share()))
    {
        told += &text!(lang; " Of what may lie under a volume, `{under}` carries least: {fits} of {tried}.";
            " De lo que puede haber bajo un volumen, `{under}` es lo que menos admite: {fits} de {tried}.");
    }
    Some((name, told))
}

/// Which driver to name: the one that works there in most generations, and not only with what
/// deviates; among equals the one that costs least, as far as that was measured.
fn pin(matrix: &Matrix, engine: &str, on: &str, lang: Lang) -> Option<String> {
    let there = || matrix.on(on).filter(|cell| cell.name.engine == engine);
    let named = there().filter(|cell| !cell.name.is_automatic());
    let drivers = in_order(named.map(|cell| &*cell.name.driver));
    let of = |driver: &str| -> Vec<&Cell> {
        there().filter(|cell| cell.name.driver == driver).collect()
    };
    let count = |driver: &str| Count::of(of(driver).into_iter(), |class| class == Class::Works);
    let cost = |driver: &str| {
        let cell = [engine, driver, on];
        // Against itself it was not measured, and costs what it costs.
        let is_reference = reference(engine) == Some(cell) && !matrix.costs.is_empty();
        is_reference.then_some(1.0).or_else(|| matrix.cost(cell)?.overall())
    };
    let most = drivers.iter().map(|driver| count(driver).fits).max()?;
    let equals = drivers.iter().filter(|driver| most > 0 && count(driver).fits == most);
    let equals: Vec<&str> = equals.copied().collect();
    let cheapest = equals.iter().min_by(|one, other| {
        let [one, other] = [one, other].map(|driver| cost(driver).unwrap_or(f64::INFINITY));
        one.total_cmp(&other)
    });
    let store = place(on, lang);
    let Some(driver) = cheapest else {
        let tried = drivers.iter().map(|driver| count(driver).tried).max();
        let tried = tried.filter(|tried| *tried > 0)?;
        return Some(
            text!(lang; "{engine}, on {store}: none of the named drivers fits in any of {tried} generations";
            "{engine}, en {store}: ninguno de los controladores con nombre encaja en ninguna de {tried} generaciones"),
        );
    };
    let (Count { fits, tried }, equals) = (count(driver), equals.len());
    let mut details = vec![text!(lang; "{fits} of {tried} generations";
        "{fits} de {tried} generaciones")];
    let costs = cost(driver);
    details.push(match costs.map(|cost| lang.number(cost, 2)) {
        Some(cost) => text!(lang; "{cost} times the time of the reference";
            "{cost} veces el tiempo de la referencia"),
        None => term!(lang; "cost not measured"; "coste sin medir").to_owned(),
    });
    if costs.is_some() && equals > 1 {
        details.push(text!(lang; "the cheapest of {equals} that fit in as many";
            "el más barato de {equals} que encajan en tantas"));
    }
    let disk =
        of(driver).into_iter().filter_map(|cell| matrix.disk_ratio(cell)).max_by(f64::total_cmp);
    if let Some(disk) = disk.map(|disk| lang.number(disk, 2)) {
        details.push(text!(lang; "{disk} times its disk"; "{disk} veces su disco"));
    }
    let details = details.join(", ");
    Some(text!(lang; "{engine}, on {store}: `{driver}` ({details})";
        "{engine}, en {store}: `{driver}` ({details})"))
}

/// What to look at first. A driver that is asked for where it can't be fails in many cells and is
/// nobody's surprise: what meets who asks for none tells most, then how many drivers fail so.
fn first(matrix: &Matrix, lang: Lang) -> String {
    let failing: Vec<&Cell> = matrix.cells.iter().filter(|cell| cell.class.fails()).collect();
    let on = |place: &str| failing.iter().filter(|cell| cell.name.place == place).count();
    let places = in_order(failing.iter().map(|cell| &*cell.name.place)).into_iter();
    let Some(worst) = places.min_by_key(|place| Reverse(on(place))) else {
        let nothing = "Check first: nothing failed here.";
        return lang.pick(nothing, "Mire primero: aquí no falló nada.").to_owned();
    };
    let groups = matrix.failures();
    let known = groups.iter().filter_map(|group| {
        let failing: Vec<&&Cell> = group.of.iter().filter(|cell| cell.class.fails()).collect();
        let mut drivers: Vec<&[&str]> = Vec::new();
        let names: Vec<[&str; 4]> = failing.iter().map(|cell| cell.name.words()).collect();
        for name in &names {
            if !drivers.contains(&&name[1..3]) {
                drivers.push(&name[1..3]);
            }
        }
        let unasked = group.of.iter().filter(|cell| cell.name.is_automatic()).count();
        Some((group.fingerprint?, unasked, drivers.len(), failing.len()))
    });
    let known = known.filter(|(_, unasked, _, cells)| cells + unasked > 0);
    let common =
        known.min_by_key(|(_, unasked, drivers, cells)| Reverse((*unasked, *drivers, *cells)));
    let all = failing.len();
    let mut told = match common {
        Some((known, unasked, drivers, cells)) => {
            let id = &known.id;
            if unasked > 0 {
                text!(lang; "Check first: `{id}`, so that {unasked} cells fail or fall back whose driver was left to the engine; {all} cells fail";
                    "Mire primero: `{id}`, por lo que fallan o recurren a otro {unasked} celdas cuyo controlador se dejó al motor; fallan {all} celdas")
            } else {
                text!(lang; "Check first: `{id}`, by which most drivers fail ({drivers}), in {cells} of {all} failing cells";
                    "Mire primero: `{id}`, por lo que fallan más controladores ({drivers}), en {cells} de {all} celdas que fallan")
            }
        }
        None => {
            text!(lang; "Check first: of the words of the {all} failing cells nothing is known";
            "Mire primero: de las palabras de las {all} celdas que fallan no se conoce nada")
        }
    };
    let (count, store) = (on(worst), place(worst, lang));
    told += &text!(lang; "; {count} of all lie on {store}";
        "; {count} de todas están en {store}");
    let late = failing.iter().filter(|cell| cell.class == Class::Late).count();
    if late > 0 {
        told += &text!(lang; "; in {late} the daemon was up before something failed, so look at a container that runs and not at the daemon's answer";
            "; en {late} el demonio estaba en pie antes de que algo fallara, así que mire si un contenedor corre y no si el demonio contesta");
    }
    told.push('.');
    // Causes and remedies are English, and in the table of failures marked as such.
    if let (Lang::En, Some((known, ..))) = (lang, common) {
        told = [&*told, &known.cause, &known.remedy].join(" ");
    }
    told
}

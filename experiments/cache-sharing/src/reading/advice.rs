//! What follows for who has to choose: of each way whether to take it, and of those to take the
//! cheapest. Counted from the cells; what was unsafe in one generation is taken in none.

use facts::document::{Cell as Shown, Piece, Tone};
use facts::trials::in_order;
use facts::{Lang, term, text};

use super::cell::Cell;
use super::{Id, Sharing};
use crate::finding::Class;
use crate::way::{Group, SharingMode, named};

/// Whether to take a way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// It holds wherever it was tried, and is not slower than nothing, as far as that was measured.
    Take,
    /// It holds, and a job takes longer with it than with an empty store.
    Slow,
    /// It holds, and nobody says that it has to.
    Unpromised,
    /// Something does not work in a generation; nothing was damaged.
    Avoid,
    /// Data was damaged in a generation.
    Never,
    /// Nothing was tried to its end.
    Open,
}

/// Generations of a way whose cells are so.
fn generations<'a>(sharing: &'a Sharing, way: Id, is_one: fn(&Cell) -> bool) -> Vec<&'a str> {
    let cells = sharing.cells_of(way).filter(|cell| is_one(cell));
    cells.map(|cell| &*cell.name.generation).collect()
}

/// Where a way stands, and the generations that this rests on.
fn stand<'a>(sharing: &'a Sharing, way: Id) -> (Stand, Vec<&'a str>) {
    let of = |is_one| generations(sharing, way, is_one);
    let damaged = of(|cell| cell.class.is_damage());
    let mut fails = of(|cell| cell.class.is_told() && !cell.class.holds());
    let holds = of(|cell| cell.class.holds());
    let cost = sharing.cost_of(way.1);
    // A job that fails has not become cheaper.
    let is_broken = cost.is_some_and(|cost| cost.failed.is_some());
    let broken = sharing.cost_generation.as_deref().filter(|_| is_broken);
    fails.extend(broken.filter(|name| !fails.contains(name)));
    let range = cost.and_then(|cost| cost.over_cold()?.interval);
    match (damaged.is_empty(), fails.is_empty(), holds.is_empty()) {
        (false, ..) => (Stand::Never, damaged),
        (_, false, _) => (Stand::Avoid, fails),
        (.., true) => (Stand::Open, of(|_| true)),
        _ if !named(way.1).is_some_and(SharingMode::is_promised) => (Stand::Unpromised, holds),
        _ if range.is_some_and(|range| range.low > 1.0) => (Stand::Slow, holds),
        _ => (Stand::Take, holds),
    }
}

/// What to do where a way is not safe. It names no other way, which may be no better.
fn instead(way: &SharingMode, lang: Lang) -> &'static str {
    match way.group() {
        Group::Store => {
            term!(lang; "Give each engine a store of its own."; "Dé a cada motor un almacén propio.")
        }
        Group::Parts => {
            term!(lang; "Share no folder of a store: give each engine a whole one of its own.";
            "No comparta ninguna carpeta de un almacén: dé a cada motor uno entero propio.")
        }
        Group::InTurn => term!(lang; "Start the next engine on an empty store.";
            "Arranque el motor siguiente con un almacén vacío."),
        Group::Meant => term!(lang; "Let each job start with an empty store.";
            "Haga que cada trabajo empiece con un almacén vacío."),
    }
}

/// A line of advice.
pub(super) fn of(sharing: &Sharing, id: Id, lang: Lang) -> Shown {
    let Some(way) = named(id.1) else {
        let unknown = term!(lang; "No advice: this way is not known.";
            "Sin consejo: no se conoce esta manera.");
        return Shown::new(unknown).tone(Tone::Missing);
    };
    let (stand, told) = stand(sharing, id);
    let told = told.join(", ");
    let [english, spanish] = way.take;
    let (take, instead) = (lang.pick(english, spanish), instead(way, lang));
    let mut told = match stand {
        Stand::Take => text!(lang; "Safe in {told}. {take}"; "Segura en {told}. {take}"),
        Stand::Slow => {
            text!(lang; "Safe in {told}, and slower than an empty store: there is nothing to gain.";
            "Segura en {told}, y más lenta que un almacén vacío: no hay nada que ganar.")
        }
        Stand::Unpromised => {
            text!(lang; "No damage was seen in {told}, and nobody promises that there is none: nothing to build on. {take}";
            "No se vio daño en {told}, y nadie promete que no lo haya: no construya sobre ella. {take}")
        }
        Stand::Avoid => {
            text!(lang; "Not to be relied on: it does not hold in {told}. {instead}";
            "No cuente con ella: no se sostiene en {told}. {instead}")
        }
        Stand::Never => text!(lang; "Never: it damages data in {told}. {instead}";
            "Nunca: daña datos en {told}. {instead}"),
        Stand::Open => text!(lang; "No advice: in {told} nothing was tried to its end.";
            "Sin consejo: en {told} no se probó nada hasta el final."),
    };
    let tone = match stand {
        Stand::Take => Tone::Yes,
        Stand::Slow | Stand::Unpromised | Stand::Avoid => Tone::Mixed,
        Stand::Never => Tone::No,
        Stand::Open => Tone::Missing,
    };
    let leaks = generations(sharing, id, |cell| cell.class == Class::Leaks).join(", ");
    let holds = [Stand::Take, Stand::Slow, Stand::Unpromised];
    if !leaks.is_empty() && holds.contains(&stand) {
        told += &text!(lang; " Files are left behind in {leaks}.";
            " Quedan ficheros abandonados en {leaks}.");
    }
    Shown::new(told).tone(tone)
}

/// Of each engine the way to take that costs least; nothing where no cost was measured.
pub(super) fn cheapest(sharing: &Sharing, lang: Lang) -> Option<Piece> {
    if sharing.costs.iter().all(|cost| cost.to_cold.is_none()) {
        return None;
    }
    let of_engine = |engine: &str| {
        let ways = sharing.ways().into_iter();
        let ways = ways.filter(|way| way.0 == engine && stand(sharing, *way).0 == Stand::Take);
        let costs =
            ways.filter_map(|way| Some((way.1, sharing.cost_of(way.1)?.over_cold()?.value)));
        let (way, cost) = costs.min_by(|one, other| one.1.total_cmp(&other.1))?;
        let cost = lang.number(cost, 2);
        Some(text!(lang; "{engine}, `{way}` ({cost} times the time with an empty store)";
            "{engine}, `{way}` ({cost} veces el tiempo con un almacén vacío)"))
    };
    let engines = in_order(sharing.cells.iter().map(|cell| &*cell.name.engine));
    let ways: Vec<String> = engines.into_iter().filter_map(of_engine).collect();
    let ways = ways.join("; ");
    Some(Piece::Paragraph(if ways.is_empty() {
        term!(lang; "No way was safe in every generation and faster than an empty store.";
            "Ninguna manera fue segura en todas las generaciones y más rápida que un almacén vacío.")
        .to_owned()
    } else {
        text!(lang; "Of the ways that were safe in every generation that has them the cheapest are: {ways}.";
            "De las maneras seguras en todas las generaciones que las tienen, las más baratas son: {ways}.")
    }))
}

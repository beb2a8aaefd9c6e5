//! Claims about engines that share what they keep.

use claims::stated;
use facts::phrases::short;
use facts::{Claim, Here, Lang};

use super::Sharing;
use super::cell::Cell;
use crate::cost::{DOCKER_COLD, DOCKER_WARM, UPSTREAM};
use crate::finding::Class;
use crate::search::BETWEEN;
use crate::way::{DOCKER, Group, SharingMode, named};

/// A job that pulls again has so many times the bytes of one that does not.
const AGAIN: f64 = 2.0;

pub(super) fn of(sharing: &Sharing) -> Vec<Claim> {
    let generations = sharing.generations().into_iter();
    let daemons = generations.filter_map(|generation| two_daemons(sharing, generation));
    daemons.chain(cache(sharing)).collect()
}

/// Cells of Docker, of whose daemon the claims speak, whose oracle has said something.
fn told(sharing: &Sharing) -> impl Iterator<Item = &Cell> {
    let cells = sharing.cells.iter();
    cells.filter(|cell| cell.name.engine == DOCKER.engine.program() && cell.class.is_told())
}

/// Both daemons on one directory at once.
fn is_whole(cell: &Cell) -> bool {
    cell.name.way == DOCKER.name
}

/// The second daemon is refused, or harm is done.
fn stops(class: Class) -> bool {
    class == Class::Refused || class.is_damage()
}

/// B3, of one generation: a daemon refuses a directory that another one has, and where nothing
/// refuses, because only parts of it are shared, data is damaged.
fn two_daemons(sharing: &Sharing, generation: &str) -> Option<Claim> {
    let shares = |cell: &&Cell| {
        let group = named(&cell.name.way).map(SharingMode::group);
        matches!(group, Some(Group::Store | Group::Parts)) && cell.name.generation == generation
    };
    let live: Vec<&Cell> = told(sharing).filter(shares).collect();
    if live.is_empty() {
        return None;
    }
    let whole = live.iter().copied().find(|cell| is_whole(cell));
    let damaged = live.iter().filter(|cell| cell.class.is_damage());
    let damaged: Vec<&&Cell> = damaged.collect();
    let here = match whole {
        Some(whole) if stops(whole.class) && !damaged.is_empty() => Here::Consistent,
        Some(_) if live.iter().all(|cell| cell.class.holds()) => Here::NotReproduced,
        _ => Here::Inconclusive,
    };
    let whole = whole.map_or_else(
        || "the whole directory was not tried to an end".to_owned(),
        |whole| format!("the whole directory: {}", fate(whole)),
    );
    let harm = damaged.iter();
    let harm = harm.map(|cell| format!("{}: {}", cell.name.way, cell.class));
    let mut harm = harm.collect::<Vec<_>>().join(", ");
    // The one that takes the fewest operations.
    let lists = damaged.iter();
    let lists = lists.filter_map(|cell| Some((cell, cell.shortest()?, cell.search.as_ref()?.end)));
    if harm.is_empty() {
        "none of them damaged anything".clone_into(&mut harm);
    } else if let Some((cell, list, end)) = lists.min_by_key(|(_, list, _)| list.len()) {
        let list = short(&list.join(BETWEEN));
        harm = format!("{harm}; {} takes {end}: {list}", cell.name.way);
    }
    let of = format!("{generation} {}", DOCKER.engine.program());
    let says = "a second daemon is refused, and where none is, data is damaged";
    Some(Claim {
        here,
        seen: format!("{whole}; of {} ways with both at once {harm}", live.len()),
        ..Claim::blank(stated("B3"), None, of, says)
    })
}

/// `refused after 12.3 s: ` and the engine's words.
fn fate(cell: &Cell) -> String {
    let class = cell.class;
    let Some(refusal) = &cell.refusal else {
        return class.to_string();
    };
    let after =
        refusal.after_ns.map(|ns| format!(" after {} s", Lang::En.number(ns as f64 / 1e9, 1)));
    let (after, words) = (after.unwrap_or_default(), short(refusal.known().1));
    format!("{class}{after}: {words}")
}

/// B15: its cache half. An engine with a store of its own pulls everything again, and one store for
/// two engines is no way out. The storage half is held by runs of storage drivers.
fn cache(sharing: &Sharing) -> Option<Claim> {
    let upstream = |arm: &str| {
        let mut costs = sharing.costs.iter();
        let bytes = costs.find(|cost| cost.arm == arm)?.moved.get(UPSTREAM)?;
        Some(*bytes as f64)
    };
    let bytes = upstream(DOCKER_COLD.name).zip(upstream(DOCKER_WARM.name));
    let whole: Vec<&Cell> = told(sharing).filter(|cell| is_whole(cell)).collect();
    if bytes.is_none() && whole.is_empty() {
        return None;
    }
    let again = bytes.map(|(cold, warm)| cold > 0.0 && cold >= AGAIN * warm);
    let all = |is_one: fn(Class) -> bool| whole.iter().all(|cell| is_one(cell.class));
    let (here, half) = match again {
        // Without both, half of a half would decide.
        None => (Here::NotMeasured, "what is pulled was not measured"),
        Some(_) if whole.is_empty() => (Here::NotMeasured, "one directory was not tried"),
        Some(false) => (Here::NotReproduced, "the cache half does not hold"),
        Some(true) if all(stops) => (Here::Consistent, "the cache half holds"),
        Some(true) if all(Class::holds) => (Here::NotReproduced, "the cache half does not hold"),
        Some(true) => (Here::Inconclusive, "the cache half is not decided"),
    };
    let mut seen = Vec::new();
    if let Some((cold, warm)) = bytes.map(|(cold, warm)| (cold / 1e6, warm / 1e6)) {
        let told = format!("an empty store pulls {cold:.1} MB and a filled one {warm:.1} MB");
        seen.push(told);
    }
    if !whole.is_empty() {
        let classes = whole.iter();
        let classes = classes.map(|cell| format!("{} {}", cell.name.generation, cell.class));
        let classes = classes.collect::<Vec<_>>().join(", ");
        seen.push(format!("one directory for both: {classes}"));
    }
    let of = "a store of its own against one for both".to_owned();
    let says = "an engine in a container has cache problems again";
    Some(Claim {
        here,
        seen: format!("{}: {half}", seen.join("; ")),
        ..Claim::blank(stated("B15 cache"), None, of, says)
    })
}

//! Claims about engines that share what they keep.

use super::blank;
use crate::analysis::sharing::{
    Cell, Class, DOCKER_COLD, DOCKER_WARM, Group, Sharing, Shortest, WHOLE, group,
};
use facts::Claim;
use facts::Here;

/// The claims speak of its daemon.
const DOCKER: &str = "docker";

/// A job that pulls again has so many times the bytes of one that does not.
const AGAIN: f64 = 2.0;

/// How long a list of operations or of an engine's words is told in full.
const SHORT: usize = 200;

pub(super) fn of(sharing: &Sharing) -> Vec<Claim> {
    let generations = sharing.generations().into_iter();
    let daemons = generations.filter_map(|generation| two_daemons(sharing, generation));
    daemons.chain(cache(sharing)).collect()
}

/// Cells of Docker whose oracle has said something.
fn told(sharing: &Sharing) -> impl Iterator<Item = &Cell> {
    let cells = sharing.cells.iter();
    cells.filter(|cell| cell.name.engine == DOCKER && cell.class.is_told())
}

/// The second daemon is refused, or harm is done.
fn stops(class: Class) -> bool {
    class == Class::Refused || class.is_damage()
}

/// B3, of one generation: a daemon refuses a directory that another one has, and where nothing
/// refuses, because only parts of it are shared, data is damaged.
fn two_daemons(sharing: &Sharing, generation: &str) -> Option<Claim> {
    let shares = |cell: &&Cell| matches!(group(&cell.name.way), Some(Group::Store | Group::Parts));
    let of_it = |cell: &&Cell| cell.name.generation == generation;
    let live: Vec<&Cell> = told(sharing).filter(of_it).filter(shares).collect();
    if live.is_empty() {
        return None;
    }
    let whole = live.iter().find(|cell| cell.name.way == WHOLE);
    let damaged: Vec<&&Cell> = live.iter().filter(|cell| cell.class.is_damage()).collect();
    let here = match whole {
        Some(whole) if stops(whole.class) && !damaged.is_empty() => Here::Consistent,
        Some(_) if live.iter().all(|cell| cell.class.holds()) => Here::NotReproduced,
        _ => Here::Inconclusive,
    };
    let whole = whole.map_or_else(
        || "the whole directory was not tried to an end".to_owned(),
        |whole| format!("the whole directory: {}", fate(whole)),
    );
    let harm: Vec<String> = damaged
        .iter()
        .map(|cell| format!("{}: {}", cell.name.way, cell.class.name()))
        .collect();
    let harm = match (harm.is_empty(), fewest(&damaged)) {
        (true, _) => "none of them damaged anything".to_owned(),
        (false, None) => harm.join(", "),
        (false, Some((cell, list))) => format!(
            "{}; {} takes {}: {}",
            harm.join(", "),
            cell.name.way,
            list.count(),
            short(&list.operations.join("; ")),
        ),
    };
    Some(Claim {
        here,
        seen: format!("{whole}; of {} ways with both at once {harm}", live.len()),
        ..blank(
            "B3",
            |t| t.claim_b3,
            None,
            format!("{generation} {DOCKER}"),
            "a second daemon is refused, and where none is, data is damaged",
        )
    })
}

/// The cell that takes the fewest operations, and which.
fn fewest<'a>(damaged: &[&&'a Cell]) -> Option<(&'a Cell, &'a Shortest)> {
    let lists = damaged.iter();
    let lists = lists.filter_map(|cell| Some((**cell, cell.shortest()?)));
    lists.min_by_key(|(_, list)| list.operations.len())
}

/// `refused after 12.3 s: ` and the engine's words.
fn fate(cell: &Cell) -> String {
    let class = cell.class.name();
    let Some(refusal) = cell.refusal.as_ref() else {
        return class.to_owned();
    };
    let after = refusal
        .after_ns
        .map_or_else(String::new, |ns| format!(" after {:.1} s", ns as f64 / 1e9));
    format!("{class}{after}: {}", short(refusal.known().1))
}

fn short(words: &str) -> String {
    match words.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{} ...", words[..end].trim_end()),
        None => words.to_owned(),
    }
}

/// B15: its cache half. An engine with a store of its own pulls everything again, and one store for
/// two engines is no way out. The storage half is held by runs of storage drivers.
fn cache(sharing: &Sharing) -> Option<Claim> {
    let upstream = |arm: &str| sharing.moved(arm)?.upstream;
    let bytes = upstream(DOCKER_COLD).zip(upstream(DOCKER_WARM));
    let whole: Vec<&Cell> = told(sharing)
        .filter(|cell| cell.name.way == WHOLE)
        .collect();
    if bytes.is_none() && whole.is_empty() {
        return None;
    }
    let again = bytes.map(|(cold, warm)| cold > 0 && cold as f64 >= AGAIN * warm as f64);
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
    let moved = bytes.map(|(cold, warm)| {
        let [cold, warm] = [cold, warm].map(|bytes| bytes as f64 / 1e6);
        format!("an empty store pulls {cold:.1} MB and a filled one {warm:.1} MB")
    });
    let classes = whole
        .iter()
        .map(|cell| format!("{} {}", cell.name.generation, cell.class.name()));
    let shared = Some(classes.collect::<Vec<_>>().join(", "));
    let shared = shared
        .filter(|classes| !classes.is_empty())
        .map(|classes| format!("one directory for both: {classes}"));
    let seen: Vec<String> = moved.into_iter().chain(shared).collect();
    Some(Claim {
        here,
        seen: format!("{}: {half}", seen.join("; ")),
        ..blank(
            "B15",
            |t| t.claim_b15_cache,
            None,
            "a store of its own against one for both".to_owned(),
            "an engine in a container has cache problems again",
        )
    })
}

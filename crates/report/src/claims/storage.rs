//! Claims about storage drivers and what lies underneath them.

use super::Claim;
use crate::analysis::matrix::{Cell, DUEL, Duel, LAYER, Matrix, Slower};
use crate::analysis::verdict::Here;

pub(super) const IDS: [&str; 3] = ["B2", "B15", "C7"];

/// Where a store lies with the usual mount.
const VOLUME: &str = "volume";

pub(super) fn of(matrix: &Matrix) -> Vec<Claim> {
    let mut claims = Vec::new();
    for generation in matrix.generations() {
        for engine in matrix.engines() {
            claims.extend(misfits(matrix, generation, engine));
        }
    }
    claims.extend(sidecar(matrix));
    claims.extend(slowest(&matrix.duels));
    claims
}

/// B2, of one engine of one generation: a driver that fits one place does not fit another. Where it
/// fits nowhere, it is no matter of what lies underneath.
fn misfits(matrix: &Matrix, generation: &str, engine: &str) -> Option<Claim> {
    let told: Vec<&Cell> = matrix
        .cells
        .iter()
        .filter(|cell| cell.name.generation == generation && cell.name.engine == engine)
        .filter(|cell| cell.class.is_told())
        .collect();
    if told.is_empty() {
        return None;
    }
    let fits_elsewhere = |cell: &Cell| {
        let mut others = told.iter();
        others.any(|other| other.name.driver == cell.name.driver && other.class.fits())
    };
    let (misfits, others): (Vec<&Cell>, Vec<&Cell>) = told
        .iter()
        .filter(|cell| !cell.class.fits())
        .partition(|cell| fits_elsewhere(cell));
    let mut places: Vec<&str> = told.iter().map(|cell| &*cell.name.place).collect();
    places.sort_unstable();
    places.dedup();
    let here = match (misfits.is_empty(), others.is_empty()) {
        (false, _) => Here::Consistent,
        // With one place nothing could differ.
        (true, true) if places.len() > 1 => Here::NotReproduced,
        _ => Here::Inconclusive,
    };
    let count = format!(
        "{} of {} cells do not fit, though their drivers fit elsewhere",
        misfits.len(),
        told.len()
    );
    // The place that every container has makes the better example.
    let example = misfits
        .iter()
        .min_by_key(|cell| (cell.name.place != LAYER, !cell.class.fails()));
    let seen = match example {
        Some(cell) => format!("{count}; {}", told_of(cell)),
        None => count,
    };
    Some(Claim {
        here,
        seen,
        ..Claim::blank(
            "B2",
            |t| t.claim_b2,
            None,
            format!("{generation} {engine}"),
            "a driver fits one place and not another",
        )
    })
}

/// `overlay2 on layer: refused: ` and the words of what refused it, or the driver that it took.
fn told_of(cell: &Cell) -> String {
    let [_, _, driver, place] = cell.name.words();
    let told = format!("{driver} on {place}: {}", cell.class.name());
    match (cell.class.fails(), cell.known().1, &cell.chosen) {
        (true, words, _) if !words.is_empty() => format!("{told}: {words}"),
        (false, _, Some(chosen)) => format!("{told} ({chosen})"),
        _ => told,
    }
}

/// B15: its storage half; the other one is held by runs that share caches, and the ledger puts both
/// together. Only drivers that fit a volume can tell: one that fits nowhere is no matter of the
/// sidecar.
fn sidecar(matrix: &Matrix) -> Option<Claim> {
    let mut layers = matrix.cells.iter().filter(|cell| cell.name.place == LAYER);
    let fits_on_volume = |cell: &&Cell| {
        let [generation, engine, driver, _] = cell.name.words();
        let twin = matrix.cell([generation, engine, driver, VOLUME]);
        cell.class.is_told() && twin.is_some_and(|twin| twin.class.fits())
    };
    let both: Vec<&Cell> = layers.by_ref().filter(fits_on_volume).collect();
    if both.is_empty() {
        return None;
    }
    let all = both.len();
    let misfits = both.iter().filter(|cell| !cell.class.fits()).count();
    let (here, half) = if misfits == 0 {
        (Here::NotReproduced, "the storage half does not hold")
    } else {
        (Here::Consistent, "the storage half holds")
    };
    Some(Claim {
        here,
        seen: format!(
            "{misfits} of {all} cells that fit on a volume do not on the container's layer: {half}"
        ),
        ..Claim::blank(
            "B15",
            |t| t.claim_b15,
            None,
            "layer against volume".to_owned(),
            "an engine in a container has storage-driver problems again",
        )
    })
}

/// C7: one metric in which fuse-overlayfs is slower is enough.
fn slowest(duels: &[Duel]) -> Option<Claim> {
    if duels.is_empty() {
        return None;
    }
    let of = |slower: Slower| duels.iter().filter(move |duel| duel.slower == slower);
    let count = |slower: Slower| of(slower).count();
    let here = if count(Slower::Fuse) > 0 {
        Here::Consistent
    } else if count(Slower::NotMeasured) == duels.len() {
        Here::NotMeasured
    } else if count(Slower::Vfs) == duels.len() {
        Here::NotReproduced
    } else {
        Here::Inconclusive
    };
    let told = |duel: &Duel| match duel.estimate {
        Some(found) => format!("{} {:.2}", duel.word, found.value),
        None => format!("{} -", duel.word),
    };
    let list = |slower: Slower| {
        let named: Vec<String> = of(slower).map(told).collect();
        named.join(", ")
    };
    let parts = [
        ("vfs is slower in", Slower::Vfs),
        ("fuse-overlayfs in", Slower::Fuse),
        ("undecided in", Slower::Open),
        ("no interval of", Slower::NotMeasured),
    ];
    let parts = parts.map(|(words, slower)| (words, count(slower), list(slower)));
    let told = parts.into_iter().filter(|(_, count, _)| *count > 0);
    let told: Vec<String> = told
        .map(|(words, count, list)| format!("{words} {count} of {} ({list})", duels.len()))
        .collect();
    let [above, below] = DUEL;
    Some(Claim {
        here,
        seen: told.join("; "),
        ..Claim::blank(
            "C7",
            |t| t.claim_c7,
            None,
            format!("{above}/{below}"),
            "fuse-overlayfs is slower in one metric at least",
        )
    })
}

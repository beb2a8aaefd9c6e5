//! Claims about storage drivers and what lies underneath them.

use claims::stated;
use facts::trials::in_order;
use facts::{Claim, Here, Lang};

use super::Matrix;
use super::advice::{LAYER, VOLUME};
use super::cell::Cell;
use super::cost::{DUEL, Duel, Slower};

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
    let of_it = |cell: &&Cell| cell.name.words()[..2] == [generation, engine];
    let told: Vec<&Cell> =
        matrix.cells.iter().filter(of_it).filter(|cell| cell.class.is_told()).collect();
    if told.is_empty() {
        return None;
    }
    let fits_elsewhere = |cell: &Cell| {
        let mut others = told.iter();
        others.any(|other| other.name.driver == cell.name.driver && other.class.fits())
    };
    let unfit = told.iter().filter(|cell| !cell.class.fits());
    let (misfits, others): (Vec<&Cell>, Vec<&Cell>) = unfit.partition(|cell| fits_elsewhere(cell));
    let places = in_order(told.iter().map(|cell| &*cell.name.place));
    let here = match (misfits.is_empty(), others.is_empty()) {
        (false, _) => Here::Consistent,
        // With one place nothing could differ.
        (true, true) if places.len() > 1 => Here::NotReproduced,
        _ => Here::Inconclusive,
    };
    let mut seen = format!(
        "{} of {} cells do not fit, though their drivers fit elsewhere",
        misfits.len(),
        told.len()
    );
    // The place that every container has makes the better example.
    let example = misfits.iter().min_by_key(|cell| (cell.name.place != LAYER, !cell.class.fails()));
    if let Some(cell) = example {
        seen = [seen, told_of(cell)].join("; ");
    }
    let (of, says) = (format!("{generation} {engine}"), "a driver fits one place and not another");
    Some(Claim { here, seen, ..Claim::blank(stated("B2 place"), None, of, says) })
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
    let fits_on_volume = |cell: &&Cell| {
        let [generation, engine, driver, _] = cell.name.words();
        let twin = matrix.cell([generation, engine, driver, VOLUME]);
        cell.class.is_told() && twin.is_some_and(|twin| twin.class.fits())
    };
    let both: Vec<&Cell> = matrix.on(LAYER).filter(fits_on_volume).collect();
    let misfits = both.iter().filter(|cell| !cell.class.fits()).count();
    let (here, half) = match (both.len(), misfits) {
        (0, _) => return None,
        (_, 0) => (Here::NotReproduced, "the storage half does not hold"),
        _ => (Here::Consistent, "the storage half holds"),
    };
    let all = both.len();
    let says = "an engine in a container has storage-driver problems again";
    Some(Claim {
        here,
        seen: format!(
            "{misfits} of {all} cells that fit on a volume do not on the container's layer: {half}"
        ),
        ..Claim::blank(stated("B15 storage"), None, "layer against volume".to_owned(), says)
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
    let told = |duel: &Duel| match duel.ratio.estimate {
        Some(found) => format!("{} {}", duel.word, Lang::En.number(found.value, 2)),
        None => format!("{} -", duel.word),
    };
    let parts = [
        ("vfs is slower in", Slower::Vfs),
        ("fuse-overlayfs in", Slower::Fuse),
        ("undecided in", Slower::Open),
        ("no interval of", Slower::NotMeasured),
    ];
    let parts = parts.into_iter().filter(|(_, slower)| count(*slower) > 0);
    let parts = parts.map(|(words, slower)| {
        let list: Vec<String> = of(slower).map(told).collect();
        format!("{words} {} of {} ({})", list.len(), duels.len(), list.join(", "))
    });
    let says = "fuse-overlayfs is slower in one metric at least";
    Some(Claim {
        here,
        seen: parts.collect::<Vec<_>>().join("; "),
        ..Claim::blank(stated("C7"), None, DUEL.join("/"), says)
    })
}

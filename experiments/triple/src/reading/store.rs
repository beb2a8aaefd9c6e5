//! What the same image takes at each level, by each way that it can get there.

use facts::document::{Cell, Piece};
use facts::trials::{by_step, in_order, megabytes, rows, seconds, subject, with_reason};
use facts::{Lang, term, text};
use measure::Trial;
use serde::Serialize;

use crate::WORKS;
use crate::store::{PULLED, TABLE};

/// By which way a further level takes least disk.
#[derive(Serialize)]
pub(super) struct Advice {
    engine: String,
    way: String,
    /// The most that a further level's store grew by this way.
    disk_bytes: u64,
    /// The same where every level pulls.
    pull_disk_bytes: u64,
    /// What the registry sent to a further level, at most: by this way, and by pulls.
    sent_bytes: Option<(u64, u64)>,
}

/// One for each engine that has been tried by pulls, which each level can do by itself, and by
/// another way.
pub(super) fn advice(trials: &[Trial]) -> Vec<Advice> {
    const PULL: &str = "pull";
    // All but the outermost, which has to get it from somewhere.
    let most = |table: &str, way: &str, engine: &str| -> Option<u64> {
        let subject = format!("{way}, {engine}");
        let of = rows(trials, table).filter(|row| row.subject == subject);
        let further = of.filter(|row| !row.step.starts_with("level 1 ") && row.outcome == WORKS);
        further.filter_map(|row| row.bytes).max()
    };
    let subjects = in_order(rows(trials, TABLE).map(|row| &*row.subject));
    let ways = subjects.iter().filter_map(|subject| subject.rsplit_once(", "));
    let ways: Vec<(&str, &str)> = ways.collect();
    let of_engine = |engine: &str| {
        let others = ways.iter().filter(|(way, of)| *of == engine && *way != PULL);
        let least = others.filter_map(|(way, _)| Some((most(TABLE, way, engine)?, *way)));
        let (disk_bytes, way) = least.min()?;
        Some(Advice {
            engine: engine.to_owned(),
            way: way.to_owned(),
            disk_bytes,
            pull_disk_bytes: most(TABLE, PULL, engine)?,
            sent_bytes: most(PULLED, way, engine).zip(most(PULLED, PULL, engine)),
        })
    };
    let engines = in_order(ways.iter().map(|(_, engine)| *engine));
    engines.into_iter().filter_map(of_engine).collect()
}

impl Advice {
    /// What to do, with the numbers that say so.
    fn told(&self, lang: Lang) -> String {
        let Self { engine, way, .. } = self;
        let [size, pull] = [self.disk_bytes, self.pull_disk_bytes].map(|of| megabytes(of, lang));
        let mut told = text!(lang; "{engine}: a further level takes least disk by \u{201c}{way}\u{201d}, at most {size} MB a level once the outermost has the image, against {pull} MB when each level pulls it.";
            "{engine}: donde menos disco ocupa un nivel más es con «{way}», como mucho {size} MB por nivel una vez que el más externo tiene la imagen, frente a {pull} MB si cada nivel la descarga.");
        if let Some((sent, pulled)) = self.sent_bytes {
            let [sent, pulled] = [sent, pulled].map(|of| megabytes(of, lang));
            told += &text!(lang; " What crosses from the registry for it is {sent} MB instead of {pulled} MB.";
                " Del registro cruzan para ello {sent} MB en lugar de {pulled} MB.");
        }
        told
    }
}

/// What a step took: disk, time, and what crossed from the registry; else what became of it.
fn cell(trials: &[Trial], row: &Trial, lang: Lang) -> Cell {
    let mut pulled = rows(trials, PULLED);
    let key = |row: &Trial| (row.session, row.subject.clone(), row.step.clone());
    let pulled = pulled.find(|other| key(other) == key(row)).and_then(|row| row.bytes);
    let [size, pulled] = [row.bytes, pulled].map(|bytes| Some(megabytes(bytes?, lang)));
    let time = row.wall_ns.map(|ns| seconds(ns as f64, lang));
    let numbers = [
        size.map(|size| text!(lang; "{size} MB on disk"; "{size} MB en disco")),
        time.map(|time| text!(lang; "{time} s"; "en {time} s")),
        pulled.map(|size| text!(lang; "{size} MB pulled"; "{size} MB descargados")),
    ];
    let mut numbers = numbers.into_iter().flatten();
    let first = numbers.next().unwrap_or_else(|| row.outcome.clone());
    with_reason(numbers.fold(Cell::new(first), Cell::below), row)
}

/// The section; nothing for a run that weighed no store.
pub(super) fn section(trials: &[Trial], advice: &[Advice], lang: Lang) -> Vec<Piece> {
    if rows(trials, TABLE).next().is_none() {
        return Vec::new();
    }
    let caption = term!(lang; "What the store of each level grew by on disk, how long it took, and what crossed from the registry";
        "Cuánto creció en disco el almacén de cada nivel, cuánto tardó y cuánto llegó del registro");
    let way = term!(lang; "way and engine"; "modo y motor");
    let cell = |row: &Trial| cell(trials, row, lang);
    let mut pieces = vec![
        Piece::heading(2, term!(lang; "What the store costs"; "Lo que cuesta el almacén")),
        Piece::Table(by_step(trials, TABLE, way, caption.to_owned(), cell)),
        Piece::paragraph(
            term!(lang; "Each was done once: these numbers have no interval. MB are millions of bytes.";
            "Cada cosa se hizo una vez: estas cifras no tienen intervalo. Los MB son millones de bytes."),
        ),
    ];
    if !advice.is_empty() {
        pieces.push(Piece::List(advice.iter().map(|of| of.told(lang)).collect()));
    }
    pieces
}

/// For the terminal.
pub(super) fn lines(trials: &[Trial]) -> Vec<String> {
    let line = |row: &Trial| {
        let cell = cell(trials, row, Lang::En);
        let numbers = [vec![cell.text], cell.below].concat().join(", ");
        format!("{}, {}: {numbers}", subject(trials, row), row.step)
    };
    rows(trials, TABLE).map(line).collect()
}

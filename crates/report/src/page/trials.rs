//! Sections on what was tried once: how deep, what is allowed, what the store costs, and any other
//! table of trials.

use std::borrow::Cow;

use measure::Trial;

use super::Source;
use crate::analysis::depth::{Advice, Depth, LIMITS, PULLED, STORE, subject};
use crate::figure::Kind;
use crate::language::{Lang, Texted as _, fill};
use facts::document::{Cell, Column, Fit, Piece, Table, Tone, numbers, words};
use facts::trials::{in_order, rows, tables};

/// Nothing for a run that has tried nothing.
pub(super) fn trials(source: &Source) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (record, run) in source.runs.records.iter().zip(&source.analysis.runs) {
        pieces.extend(depth(&run.depth, source));
        for table in tables(&record.trials) {
            pieces.extend(match table {
                other if run.explains(other) => Vec::new(),
                // It stands in the section of the other one.
                PULLED if rows(&record.trials, STORE).next().is_some() => Vec::new(),
                LIMITS => limits(&record.trials, source.lang),
                STORE => store(&record.trials, source.lang),
                other => matrix(&record.trials, other, source.lang),
            });
        }
    }
    pieces
}

fn depth(depths: &[Depth], source: &Source) -> Vec<Piece> {
    let (lang, t) = (source.lang, source.lang.levels());
    if depths.is_empty() {
        return Vec::new();
    }
    let mut pieces = vec![Piece::Heading(2, t.section_depth.to_owned())];
    pieces.extend(source.figure(Kind::Depth));
    pieces.push(Piece::Table(Table {
        caption: t.depth_caption.to_owned(),
        columns: vec![
            words(t.column_subject),
            numbers(t.column_deepest),
            words(t.column_refused),
            numbers(t.column_up),
            numbers(t.column_up_ends),
            numbers(t.column_thirds),
            numbers(t.column_start_ends),
            numbers(t.column_memory),
        ],
        rows: depths.iter().map(|depth| depth_row(depth, lang)).collect(),
        fit: Fit::Cards,
    }));
    pieces.push(Piece::Paragraph(t.depth_note.to_owned()));
    pieces
}

fn depth_row(depth: &Depth, lang: Lang) -> Vec<Cell> {
    let t = lang.levels();
    let deepest = match depth.deepest {
        Some(level) => Cell::new(level.to_string()),
        None => Cell::new(t.none_works).tone(Tone::No),
    };
    let refused = match &depth.refusal {
        Some(refusal) => {
            let cell = if refusal.reason.trim().is_empty() {
                Cell::new(t.no_words)
            } else {
                quoted(&refusal.reason).english()
            };
            cell.below(fill(t.refused_at, &[("level", &refusal.level)]))
        }
        None => Cell::new(t.not_refused).tone(Tone::Open),
    };
    let ends = |mut of: Box<dyn DoubleEndedIterator<Item = (u32, u64)> + '_>| {
        let first = of.next().map(|(_, ns)| seconds(ns as f64, lang));
        let last = of.next_back().map(|(_, ns)| seconds(ns as f64, lang));
        match (first, last) {
            (Some(first), Some(last)) => Cell::new(fill(
                t.first_and_last,
                &[("first", &first), ("last", &last)],
            )),
            (Some(only), None) => Cell::new(only),
            (None, _) => Cell::new("–"),
        }
    };
    let or_dash = |text: Option<String>| Cell::new(text.unwrap_or_else(|| "–".to_owned()));
    let mut levels = depth.levels.iter().rev();
    let memory = levels.find_map(|level| level.bytes);
    vec![
        Cell::new(&depth.subject).english(),
        deepest,
        refused,
        or_dash(depth.median_ns.map(|ns| seconds(ns, lang))),
        ends(Box::new(depth.up())),
        or_dash(depth.last_to_first_third.map(|ratio| lang.number(ratio, 2))),
        ends(Box::new(depth.starts())),
        or_dash(memory.map(|bytes| megabytes(bytes, lang))),
    ]
}

fn limits(trials: &[Trial], lang: Lang) -> Vec<Piece> {
    let t = lang.levels();
    let row = |row: &Trial| {
        vec![
            Cell::new(format!("`{}`", subject(trials, row))),
            Cell::new(&row.step).english(),
            with_reason(Cell::new(&row.outcome), row).english(),
        ]
    };
    vec![
        Piece::Heading(2, t.section_limits.to_owned()),
        Piece::Table(Table {
            caption: t.limits_caption.to_owned(),
            columns: vec![
                words(t.column_limit),
                words(t.column_from),
                words(lang.texts().column_value),
            ],
            rows: rows(trials, LIMITS).map(row).collect(),
            fit: Fit::Cards,
        }),
    ]
}

fn store(trials: &[Trial], lang: Lang) -> Vec<Piece> {
    let t = lang.levels();
    let cell = |row: &Trial| {
        let pulled = rows(trials, PULLED).find(|other| {
            (other.session, &other.subject, &other.step) == (row.session, &row.subject, &row.step)
        });
        let size = row
            .bytes
            .map(|bytes| fill(t.store_size, &[("size", &megabytes(bytes, lang))]));
        let time = row
            .wall_ns
            .map(|ns| fill(t.store_time, &[("time", &seconds(ns as f64, lang))]));
        let pulled = pulled
            .and_then(|row| row.bytes)
            .map(|bytes| fill(t.store_pulled, &[("size", &megabytes(bytes, lang))]));
        let mut numbers = [size, time, pulled].into_iter().flatten();
        let first = numbers.next().unwrap_or_else(|| row.outcome.clone());
        with_reason(numbers.fold(Cell::new(first), Cell::below), row)
    };
    let mut pieces = vec![
        Piece::Heading(2, t.section_store.to_owned()),
        Piece::Table(by_step(
            trials,
            STORE,
            t.column_way,
            t.store_caption.to_owned(),
            &cell,
        )),
        Piece::Paragraph(t.store_note.to_owned()),
    ];
    let advice: Vec<String> = crate::analysis::depth::advice(trials)
        .iter()
        .map(|advice| advise(advice, lang))
        .collect();
    if !advice.is_empty() {
        pieces.push(Piece::List(advice));
    }
    pieces
}

/// What to do, with the numbers that say so.
fn advise(advice: &Advice, lang: Lang) -> String {
    let t = lang.levels();
    let mut said = fill(
        t.store_advice,
        &[
            ("engine", &advice.engine),
            ("way", &advice.way),
            ("size", &megabytes(advice.disk_bytes, lang)),
            ("pull", &megabytes(advice.pull_disk_bytes, lang)),
        ],
    );
    if let Some((sent, pulled)) = advice.sent_bytes {
        said += &fill(
            t.store_advice_pulled,
            &[
                ("sent", &megabytes(sent, lang)),
                ("pulled", &megabytes(pulled, lang)),
            ],
        );
    }
    said
}

/// A table that this program knows nothing else of.
fn matrix(trials: &[Trial], table: &str, lang: Lang) -> Vec<Piece> {
    let t = lang.levels();
    let cell = |row: &Trial| {
        let mut cell = Cell::new(&row.outcome).english();
        if let Some(ns) = row.wall_ns {
            cell = cell.below(format!("{} s", seconds(ns as f64, lang)));
        }
        if let Some(bytes) = row.bytes {
            cell = cell.below(format!("{} MB", megabytes(bytes, lang)));
        }
        with_reason(cell, row)
    };
    vec![
        Piece::Heading(2, fill(t.section_trials, &[("table", &table)])),
        Piece::Table(by_step(
            trials,
            table,
            lang.texts().column_fact,
            fill(t.trials_caption, &[("table", &table)]),
            &cell,
        )),
        Piece::Paragraph(t.trials_note.to_owned()),
    ]
}

/// A subject a row, a step a column.
fn by_step(
    trials: &[Trial],
    table: &str,
    first: &'static str,
    caption: String,
    cell: &dyn Fn(&Trial) -> Cell,
) -> Table {
    let of = || rows(trials, table);
    let steps = in_order(of().map(|row| row.step.as_str()));
    let names: Vec<String> = of().map(|row| subject(trials, row)).collect();
    let subjects = in_order(names.iter().map(String::as_str));
    let row = |name: &&str| {
        let of_step = |step: &&str| {
            // The last word counts.
            let found = of()
                .filter(|row| row.step == **step && subject(trials, row) == **name)
                .last();
            found.map_or_else(|| Cell::new("–"), cell)
        };
        let name = Cell::new(*name).english();
        std::iter::once(name)
            .chain(steps.iter().map(of_step))
            .collect()
    };
    let column = |step: &&str| Column {
        title: Cow::Owned((*step).to_owned()),
        number: false,
    };
    Table {
        caption,
        columns: std::iter::once(words(first))
            .chain(steps.iter().map(column))
            .collect(),
        rows: subjects.iter().map(row).collect(),
        fit: Fit::Scroll,
    }
}

fn with_reason(cell: Cell, row: &Trial) -> Cell {
    if row.reason.is_empty() {
        cell
    } else {
        cell.below(&*row.reason).english()
    }
}

/// An engine's own words are no markup of ours.
fn quoted(words: &str) -> Cell {
    Cell::new(words.replace('`', "'"))
}

fn seconds(ns: f64, lang: Lang) -> String {
    lang.number(ns / 1e9, 2)
}

fn megabytes(bytes: u64, lang: Lang) -> String {
    lang.number(bytes as f64 / 1e6, 1)
}

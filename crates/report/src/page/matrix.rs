//! The section on storage drivers: what becomes of each on each place, why, what it costs, and what
//! follows.

use std::borrow::Cow;

use super::document::{Cell, Column, Fit, Piece, Table, Tone, numbers, words};
use super::{Source, phrases};
use crate::analysis::matrix::{self, CellCosts, Class, Failures, METRICS, Matrix};
use crate::analysis::trials::in_order;
use crate::figure::Kind;
use crate::language::{Lang, MatrixTexts, fill};
use crate::published::unit;

mod advice;

/// Nothing for a run that has no cells.
pub(super) fn matrix(source: &Source) -> Vec<Piece> {
    let lang = source.lang;
    let of = |matrix: &Matrix| {
        let mut pieces = classes(matrix, source);
        pieces.extend(failures(matrix, lang));
        pieces.extend(deviations(matrix, lang));
        pieces.extend(costs(matrix, source));
        pieces.extend(advice::duels(matrix, lang));
        pieces.extend(advice::advice(matrix, lang));
        pieces
    };
    source.analysis.matrices().flat_map(of).collect()
}

/// The word of a class.
pub(crate) fn class(class: Class, t: &MatrixTexts) -> &'static str {
    match class {
        Class::Works => t.class_works,
        Class::Deviates => t.class_deviates,
        Class::FallsBack => t.class_falls_back,
        Class::Another => t.class_another,
        Class::Late => t.class_late,
        Class::Refused => t.class_refused,
        Class::Unfinished => t.class_unfinished,
        Class::NotOnKernel => t.class_not_on_kernel,
        Class::NotWithoutRoot => t.class_not_without_root,
        Class::NotMade => t.class_not_made,
    }
}

fn tone(class: Class) -> Tone {
    match class {
        Class::Works => Tone::Yes,
        Class::Deviates | Class::FallsBack | Class::Another => Tone::Mixed,
        Class::Late | Class::Refused => Tone::No,
        Class::Unfinished => Tone::Open,
        Class::NotOnKernel | Class::NotWithoutRoot | Class::NotMade => Tone::Missing,
    }
}

/// A place as a column has it: code, but for what has words.
fn place(name: &str, lang: Lang) -> String {
    let t = lang.matrix();
    match name {
        "volume" => t.place_volume.to_owned(),
        "layer" => t.place_layer.to_owned(),
        other => format!("`{other}`"),
    }
}

fn classes(matrix: &Matrix, source: &Source) -> Vec<Piece> {
    let (lang, t) = (source.lang, source.lang.matrix());
    let mut pieces = vec![Piece::Heading(2, t.section_matrix.to_owned())];
    if matrix.cells.is_empty() {
        return pieces;
    }
    let counts = Class::ALL.into_iter().filter_map(|of| {
        let count = matrix.cells.iter().filter(|cell| cell.class == of).count();
        (count > 0).then(|| format!("{} {count}", class(of, t)))
    });
    pieces.push(Piece::Paragraph(fill(
        t.matrix_lead,
        &[
            ("cells", &matrix.cells.len()),
            ("generations", &matrix.generations().len()),
            ("classes", &counts.collect::<Vec<_>>().join(", ")),
        ],
    )));
    pieces.extend(source.figure(Kind::Matrix));
    let cell = |cell: &matrix::Cell| class_cell(cell, lang);
    pieces.extend(by_place(matrix, lang, t.matrix_caption, &cell));
    pieces.push(Piece::Paragraph(t.matrix_note.to_owned()));
    if !matrix.strangers.is_empty() {
        let subjects = matrix.strangers.join(", ");
        pieces.push(Piece::Note(fill(t.strangers, &[("subjects", &subjects)])));
    }
    let definitions = [
        t.define_works,
        t.define_deviates,
        t.define_falls_back,
        t.define_another,
        t.define_late,
        t.define_refused,
        t.define_unfinished,
        t.define_no_place,
    ];
    pieces.push(Piece::Details(
        t.define_title.to_owned(),
        vec![Piece::List(definitions.map(str::to_owned).to_vec())],
    ));
    pieces
}

fn class_cell(cell: &matrix::Cell, lang: Lang) -> Cell {
    let t = lang.matrix();
    let mut shown = Cell::new(class(cell.class, t)).tone(tone(cell.class));
    let step = cell.step.as_ref().map(|step| match cell.class {
        Class::Unfinished => fill(t.step_last, &[("step", step)]),
        _ => fill(t.step_failed, &[("step", step)]),
    });
    shown.below.extend(step);
    // Of a driver that was asked for and taken there is nothing more to be said.
    let tells = cell.name.is_automatic() || !cell.class.fits();
    let chosen = cell.chosen.as_ref().filter(|_| tells);
    shown
        .below
        .extend(chosen.map(|driver| fill(t.chosen, &[("driver", driver)])));
    let otherwise = cell.otherwise.iter();
    shown
        .below
        .extend(otherwise.map(|other| fill(t.tried_otherwise, &[("class", &class(*other, t))])));
    shown
}

/// A table a generation and engine: a driver a row, a place a column.
fn by_place(
    matrix: &Matrix,
    lang: Lang,
    caption: &'static str,
    cell: &dyn Fn(&matrix::Cell) -> Cell,
) -> Vec<Piece> {
    let t = lang.matrix();
    let places = matrix.places();
    let mut tables = Vec::new();
    for generation in matrix.generations() {
        for engine in matrix.engines() {
            let row = |driver: &&str| {
                let found = places
                    .iter()
                    .map(|place| matrix.cell([generation, engine, driver, place]));
                let found: Vec<Option<&matrix::Cell>> = found.collect();
                let name = Cell::new(format!("`{driver}`"));
                let cells = found
                    .iter()
                    .map(|found| found.map_or_else(|| Cell::new("–"), cell));
                let any = found.iter().any(Option::is_some);
                any.then(|| std::iter::once(name).chain(cells).collect())
            };
            let drivers = matrix.drivers(generation, engine);
            let rows: Vec<Vec<Cell>> = drivers.iter().filter_map(row).collect();
            if rows.is_empty() {
                continue;
            }
            let column = |name: &&str| Column {
                title: Cow::Owned(place(name, lang)),
                number: false,
            };
            tables.push(Piece::Table(Table {
                caption: fill(caption, &[("generation", &generation), ("engine", &engine)]),
                columns: std::iter::once(words(t.column_driver))
                    .chain(places.iter().map(column))
                    .collect(),
                rows,
                fit: Fit::Scroll,
            }));
        }
    }
    tables
}

fn failures(matrix: &Matrix, lang: Lang) -> Vec<Piece> {
    let t = lang.matrix();
    if matrix.cells.is_empty() {
        return Vec::new();
    }
    let mut pieces = vec![Piece::Heading(3, t.failures_title.to_owned())];
    let groups = matrix.failures();
    if groups.is_empty() {
        pieces.push(Piece::Paragraph(t.no_failures.to_owned()));
        return pieces;
    }
    let row = |group: &Failures| {
        let name = match group.fingerprint {
            Some(known) => Cell::new(format!("`{}`", known.id)),
            None => Cell::new(t.failure_unknown).tone(Tone::Missing),
        };
        let sentence = |of: Option<&String>| match of {
            Some(text) => match lang.of_experiment(text) {
                (text, true) => Cell::new(text).english(),
                (text, false) => Cell::new(text),
            },
            None => Cell::new("–"),
        };
        vec![
            name,
            cells(group.cells.iter().copied(), lang),
            sentence(group.fingerprint.map(|known| &known.cause)),
            sentence(group.fingerprint.map(|known| &known.remedy)),
            Cell::new(phrases::short(group.words)).english(),
        ]
    };
    pieces.push(Piece::Table(Table {
        caption: t.failures_caption.to_owned(),
        columns: vec![
            words(t.column_failure),
            words(t.column_cells),
            words(t.column_cause),
            words(t.column_remedy),
            words(t.column_words),
        ],
        rows: groups.iter().map(row).collect(),
        fit: Fit::Cards,
    }));
    pieces.push(Piece::Paragraph(t.failures_note.to_owned()));
    pieces
}

/// Places, and the generations of each.
type Places<'a> = Vec<(&'a str, Vec<&'a str>)>;

/// How many, and below it which: a driver a line, its places, and of each the generations; places
/// with the same generations together.
fn cells<'a>(cells: impl Iterator<Item = &'a matrix::Cell>, lang: Lang) -> Cell {
    let t = lang.matrix();
    let mut drivers: Vec<(String, Places)> = Vec::new();
    let mut count = 0;
    for cell in cells {
        count += 1;
        let [generation, engine, driver, place] = cell.name.words();
        let places = entry(&mut drivers, format!("{engine} {driver}"));
        entry(places, place).push(generation);
    }
    let told = match count {
        1 => t.cells_of_one.to_owned(),
        count => fill(t.cells_of, &[("count", &count)]),
    };
    let line = |(driver, places): (String, Places)| {
        let mut alike: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
        for (place, generations) in places {
            entry(&mut alike, generations).push(place);
        }
        let alike = alike.iter().map(|(generations, places)| {
            format!("{} ({})", places.join(", "), generations.join(", "))
        });
        format!("`{driver}`: {}", alike.collect::<Vec<_>>().join("; "))
    };
    drivers
        .into_iter()
        .map(line)
        .fold(Cell::new(told), Cell::below)
}

/// What belongs to a key, in the order in which keys come.
fn entry<K: PartialEq, V: Default>(list: &mut Vec<(K, V)>, key: K) -> &mut V {
    let index = list.iter().position(|(known, _)| *known == key);
    let index = index.unwrap_or_else(|| {
        list.push((key, V::default()));
        list.len() - 1
    });
    &mut list[index].1
}

fn deviations(matrix: &Matrix, lang: Lang) -> Vec<Piece> {
    let t = lang.matrix();
    if matrix.cells.is_empty() {
        return Vec::new();
    }
    let mut pieces = vec![Piece::Heading(3, t.posix_title.to_owned())];
    let all = matrix.cells.iter().flat_map(|cell| &cell.deviations);
    let seen = in_order(all.map(String::as_str));
    if seen.is_empty() {
        pieces.push(Piece::Paragraph(t.no_deviations.to_owned()));
        return pieces;
    }
    let row = |deviation: &&str| {
        let (check, seen) = deviation.split_once(": ").unwrap_or((deviation, ""));
        let of = matrix.cells.iter();
        let of = of.filter(|cell| cell.deviations.iter().any(|other| other == deviation));
        vec![
            Cell::new(phrases::short(check)).english(),
            Cell::new(phrases::short(seen)).english(),
            cells(of, lang),
        ]
    };
    pieces.push(Piece::Table(Table {
        caption: t.posix_caption.to_owned(),
        columns: vec![
            words(t.column_check),
            words(t.column_seen),
            words(t.column_cells),
        ],
        rows: seen.iter().map(row).collect(),
        fit: Fit::Cards,
    }));
    pieces
}

fn costs(matrix: &Matrix, source: &Source) -> Vec<Piece> {
    let (lang, t) = (source.lang, source.lang.matrix());
    let generation = matrix.cost_generation.as_deref().unwrap_or(t.no_generation);
    let disk = |costs: &CellCosts| {
        let CellCosts {
            engine,
            driver,
            place,
            ..
        } = costs;
        let cell = matrix.cell([generation, engine, driver, place])?;
        matrix.disk_ratio(cell)
    };
    let ratio = |ratio: Option<f64>| {
        ratio.map_or_else(|| Cell::new("–"), |ratio| Cell::new(lang.number(ratio, 2)))
    };
    let row = |costs: &CellCosts| {
        let name = format!("`{} {} {}`", costs.engine, costs.driver, costs.place);
        let of = METRICS.iter().map(|(_, metric)| {
            let cost = costs.of(*metric)?;
            let estimate = cost.estimate?;
            let star = if cost.primary { " *" } else { "" };
            let cell = Cell::new(format!("{}{star}", lang.number(estimate.value, 2)));
            Some(cell.below(match estimate.interval {
                Some(range) => phrases::range(range, 2, lang),
                None => lang.texts().no_interval_short.to_owned(),
            }))
        });
        let of = of.map(|cell| cell.unwrap_or_else(|| Cell::new("–")));
        std::iter::once(Cell::new(name))
            .chain(of)
            .chain([ratio(disk(costs))])
            .collect()
    };
    let mut pieces = Vec::new();
    if !matrix.costs.is_empty() {
        pieces.push(Piece::Table(Table {
            caption: fill(t.costs_caption, &[("generation", &generation)]),
            columns: vec![
                words(t.column_cell),
                numbers(t.column_start),
                numbers(t.column_unpack),
                numbers(t.column_write),
                numbers(t.column_files),
                numbers(t.column_disk),
            ],
            rows: references(matrix, source)
                .into_iter()
                .chain(matrix.costs.iter().map(row))
                .collect(),
            fit: Fit::Scroll,
        }));
        pieces.push(Piece::Paragraph(t.costs_note.to_owned()));
    }
    if matrix
        .cells
        .iter()
        .any(|cell| matrix.disk_ratio(cell).is_some())
    {
        let cell = |cell: &matrix::Cell| ratio(matrix.disk_ratio(cell));
        pieces.push(Piece::Details(
            t.disk_title.to_owned(),
            by_place(matrix, lang, t.disk_caption, &cell),
        ));
    }
    if !pieces.is_empty() {
        pieces.insert(0, Piece::Heading(3, t.costs_title.to_owned()));
    }
    pieces
}

/// What the ratios are to: medians of the references' own arms.
fn references(matrix: &Matrix, source: &Source) -> Vec<Vec<Cell>> {
    let (lang, t) = (source.lang, source.lang.matrix());
    let engines = in_order(matrix.costs.iter().map(|costs| &*costs.engine));
    let row = |(engine, driver, place): (&str, &str, &str)| {
        let name = Cell::new(format!("`{engine} {driver} {place}`")).below(t.reference);
        let medians = METRICS.map(|(word, _)| {
            let arm = format!("{engine}-{driver}-{place}-{word}");
            let arm = source.analysis.arms().find(|known| known.arm == arm)?;
            let unit = unit(arm.metric);
            let amount = unit.amount(arm.median?.value, lang);
            Some(Cell::new(format!("{amount} {}", unit.symbol())))
        });
        let medians = medians.map(|cell| cell.unwrap_or_else(|| Cell::new("–")));
        let disk = matrix.cost_generation.as_ref().and_then(|generation| {
            let cell = matrix.cell([generation, engine, driver, place])?;
            let megabytes = lang.number(cell.disk_bytes? as f64 / 1e6, 1);
            Some(Cell::new(format!("{megabytes} MB")))
        });
        let disk = disk.unwrap_or_else(|| Cell::new("–"));
        std::iter::once(name).chain(medians).chain([disk]).collect()
    };
    let known = engines.into_iter().filter_map(matrix::reference);
    known.map(row).collect()
}

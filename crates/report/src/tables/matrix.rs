//! Tables of storage drivers on places: one row a cell in the file, one a driver on the terminal.

use std::fmt::Write;

use comfy_table::{Table, presets};
use measure::Metric;

use super::{Column, none, number, text, to_csv};
use crate::analysis::matrix::{Cell, Cost, Matrix};
use crate::analysis::{Analysis, Range};

struct Row<'a> {
    matrix: &'a Matrix,
    cell: &'a Cell,
}

/// A constant would have to hold rows that live for ever.
fn columns<'a>() -> [Column<Row<'a>>; 25] {
    [
        ("generation", |row| row.cell.name.generation.clone()),
        ("engine", |row| row.cell.name.engine.clone()),
        ("driver", |row| row.cell.name.driver.clone()),
        ("place", |row| row.cell.name.place.clone()),
        ("class", |row| row.cell.class.name().to_owned()),
        ("step", |row| text(row.cell.step.as_deref())),
        ("chosen", |row| text(row.cell.chosen.as_deref())),
        ("backing", |row| row.cell.backing.clone()),
        ("fingerprint", |row| {
            text(row.cell.known().0.map(|known| &*known.id))
        }),
        ("words", |row| row.cell.words.clone()),
        ("deviations", |row| row.cell.deviations.join(" | ")),
        ("disk_bytes", |row| {
            let bytes = row.cell.disk_bytes;
            bytes.map_or_else(String::new, |bytes| bytes.to_string())
        }),
        ("disk_ratio", |row| {
            number(row.matrix.disk_ratio(row.cell), 6)
        }),
        ("start_ratio", |row| row.ratio(Metric::Startup)),
        ("start_low", |row| row.low(Metric::Startup)),
        ("start_high", |row| row.high(Metric::Startup)),
        ("unpack_ratio", |row| row.ratio(Metric::Unpack)),
        ("unpack_low", |row| row.low(Metric::Unpack)),
        ("unpack_high", |row| row.high(Metric::Unpack)),
        ("write_ratio", |row| row.ratio(Metric::Write)),
        ("write_low", |row| row.low(Metric::Write)),
        ("write_high", |row| row.high(Metric::Write)),
        ("files_ratio", |row| row.ratio(Metric::Files)),
        ("files_low", |row| row.low(Metric::Files)),
        ("files_high", |row| row.high(Metric::Files)),
    ]
}

impl Row<'_> {
    fn cost(&self, metric: Metric) -> Option<&Cost> {
        self.matrix.costs_of(&self.cell.name)?.of(metric)
    }

    fn interval(&self, metric: Metric) -> Option<Range> {
        self.cost(metric)?.estimate?.interval
    }

    fn ratio(&self, metric: Metric) -> String {
        let cost = self.cost(metric);
        number(cost.and_then(|cost| Some(cost.estimate?.value)), 6)
    }

    fn low(&self, metric: Metric) -> String {
        number(self.interval(metric).map(|range| range.low), 6)
    }

    fn high(&self, metric: Metric) -> String {
        number(self.interval(metric).map(|range| range.high), 6)
    }
}

/// `matrix.csv`; `None` where no run has a cell.
pub(crate) fn matrix_csv(analysis: &Analysis) -> miette::Result<Option<Vec<u8>>> {
    let rows: Vec<Row> = analysis
        .matrices()
        .flat_map(|matrix| matrix.cells.iter().map(move |cell| Row { matrix, cell }))
        .collect();
    if rows.is_empty() {
        return Ok(None);
    }
    to_csv(&columns(), &rows).map(Some)
}

/// Classes, a table a generation and engine.
pub(super) fn terminal(analysis: &Analysis) -> String {
    let mut told = String::new();
    for matrix in analysis.matrices() {
        for generation in matrix.generations() {
            for engine in matrix.engines() {
                if let Some(table) = classes(matrix, generation, engine) {
                    let _ = writeln!(told, "\n{generation}, {engine}:\n{table}");
                }
            }
        }
        for group in matrix.failures() {
            let known = group.fingerprint.map_or("nothing known", |known| &known.id);
            let (count, words) = (group.cells.len(), group.words);
            let _ = writeln!(told, "  {count} x {known}: {words}");
        }
    }
    told
}

fn classes(matrix: &Matrix, generation: &str, engine: &str) -> Option<Table> {
    let places = matrix.places();
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_header(std::iter::once("driver").chain(places.iter().copied()));
    let mut any = false;
    for driver in matrix.drivers(generation, engine) {
        let cells: Vec<Option<&Cell>> = places
            .iter()
            .map(|place| matrix.cell([generation, engine, driver, place]))
            .collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        any = true;
        let words = cells.into_iter().map(|cell| cell.map_or_else(none, word));
        table.add_row(std::iter::once(driver.to_owned()).chain(words));
    }
    any.then_some(table)
}

fn word(cell: &Cell) -> String {
    let class = cell.class.name();
    match (&cell.step, &cell.chosen) {
        (Some(step), _) if cell.class.fails() => format!("{class} ({step})"),
        (_, Some(chosen)) if cell.class.is_told() && !cell.class.fits() => {
            format!("{class} ({chosen})")
        }
        _ => class.to_owned(),
    }
}

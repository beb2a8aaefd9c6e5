//! Tables of ways of sharing: one row a cell in the file, one a way on the terminal.

use std::fmt::Write;

use comfy_table::{Table, presets};

use super::{Column, none, number, text, to_csv};
use crate::analysis::sharing::{ArmCost, Cell, End, Moved, Refusal, Search, Sharing};
use crate::analysis::{Analysis, Ratio};
use crate::language::Lang;
use crate::page::phrases;

struct Row<'a> {
    cell: &'a Cell,
    cost: Option<&'a ArmCost>,
}

/// A constant would have to hold rows that live for ever.
fn columns<'a>() -> [Column<Row<'a>>; 28] {
    [
        ("generation", |row| row.cell.name.generation.clone()),
        ("engine", |row| row.cell.name.engine.clone()),
        ("way", |row| row.cell.name.way.clone()),
        ("class", |row| row.cell.class.name().to_owned()),
        ("trial", |row| row.cell.trial.name().to_owned()),
        ("step", |row| {
            text(row.refusal().map(|refusal| &*refusal.step))
        }),
        ("refused_ns", |row| {
            whole(row.refusal().and_then(|refusal| refusal.after_ns))
        }),
        ("fingerprint", |row| {
            let known = row.refusal().and_then(|refusal| refusal.known().0);
            text(known.map(|known| &*known.id))
        }),
        ("words", |row| {
            let words = row.refusal().map(|refusal| &*refusal.words);
            words.unwrap_or(&row.cell.no_place).to_owned()
        }),
        ("operations", |row| {
            whole(row.cell.operations.map(|(done, _)| done))
        }),
        ("operations_asked", |row| {
            whole(row.cell.operations.map(|(_, asked)| asked))
        }),
        ("findings", |row| {
            let findings = row.cell.findings.iter();
            let findings = findings.map(|found| format!("{}: {}", found.class, found.text));
            findings.collect::<Vec<_>>().join(" | ")
        }),
        ("search", |row| {
            row.cell.search.as_ref().map_or_else(String::new, searched)
        }),
        ("search_class", |row| {
            let search = row.cell.search.as_ref();
            text(search.map(|search| search.worst.name()))
        }),
        ("search_lists", |row| {
            let search = row.cell.search.as_ref();
            whole(search.map(|search| search.lists as u64))
        }),
        ("search_operations", |row| {
            whole(match row.end() {
                Some(End::None { operations, .. }) => *operations,
                _ => None,
            })
        }),
        ("shortest", |row| {
            let list = row.cell.shortest();
            list.map_or_else(String::new, |list| list.operations.join("; "))
        }),
        ("arm", |row| text(row.cost.map(|cost| cost.arm))),
        ("cold_ratio", |row| value(row.cold())),
        ("cold_low", |row| end(row.cold(), true)),
        ("cold_high", |row| end(row.cold(), false)),
        ("warm_ratio", |row| value(row.warm())),
        ("warm_low", |row| end(row.warm(), true)),
        ("warm_high", |row| end(row.warm(), false)),
        ("network_bytes", |row| row.bytes(|moved| moved.network)),
        ("upstream_bytes", |row| row.bytes(|moved| moved.upstream)),
        ("disk_bytes", |row| row.bytes(|moved| moved.disk)),
        ("shared_bytes", |row| row.bytes(|moved| moved.shared)),
    ]
}

impl Row<'_> {
    fn refusal(&self) -> Option<&Refusal> {
        self.cell.refusal.as_ref()
    }

    fn end(&self) -> Option<&End> {
        Some(&self.cell.search.as_ref()?.end)
    }

    fn cold(&self) -> Option<&Ratio> {
        self.cost?.to_cold.as_ref()
    }

    fn warm(&self) -> Option<&Ratio> {
        self.cost?.to_warm.as_ref()
    }

    fn bytes(&self, of: fn(&Moved) -> Option<u64>) -> String {
        whole(self.cost.and_then(|cost| of(&cost.moved)))
    }
}

fn value(ratio: Option<&Ratio>) -> String {
    number(ratio.and_then(|ratio| Some(ratio.estimate?.value)), 6)
}

fn end(ratio: Option<&Ratio>, low: bool) -> String {
    let range = ratio.and_then(|ratio| ratio.estimate?.interval);
    number(
        range.map(|range| if low { range.low } else { range.high }),
        6,
    )
}

fn whole(value: Option<u64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// How a search ended, as the record says it.
fn searched(search: &Search) -> String {
    match &search.end {
        End::None { at_once: false, .. } => "none".to_owned(),
        End::None { at_once: true, .. } => "only at once".to_owned(),
        End::Shortest(list) => list.count(),
        End::OfSeed(seed, _) => format!("with seed {seed}"),
        End::Unfinished => "not finished".to_owned(),
    }
}

/// `sharing.csv`; `None` where no run has a cell.
pub(crate) fn sharing_csv(analysis: &Analysis) -> miette::Result<Option<Vec<u8>>> {
    let rows: Vec<Row> = analysis
        .sharings()
        .flat_map(|sharing| {
            sharing.cells.iter().map(move |cell| Row {
                cell,
                cost: sharing.cost_of_cell(cell),
            })
        })
        .collect();
    if rows.is_empty() {
        return Ok(None);
    }
    to_csv(&columns(), &rows).map(Some)
}

/// A way a row: its class by generation, and what it costs.
pub(super) fn terminal(analysis: &Analysis) -> String {
    let mut told = String::new();
    for sharing in analysis
        .sharings()
        .filter(|sharing| !sharing.cells.is_empty())
    {
        let _ = writeln!(told, "\nSharing a cache:\n{}", ways(sharing));
        for group in sharing.refusals() {
            let known = group.fingerprint.map_or("nothing known", |known| &known.id);
            let (count, words) = (group.cells.len(), group.words);
            let _ = writeln!(told, "  {count} x {known}: {words}");
        }
        for cell in &sharing.cells {
            if let Some(list) = cell.shortest() {
                let _ = writeln!(told, "  {}: {}", cell.name, list.operations.join("; "));
            }
        }
    }
    told
}

fn ways(sharing: &Sharing) -> Table {
    let generations = sharing.generations();
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_header(
        std::iter::once("way")
            .chain(generations.iter().copied())
            .chain(["over an empty store"]),
    );
    for way in sharing.ways() {
        let classes = generations.iter().map(|generation| {
            let cell = sharing.cell(generation, way);
            cell.map_or_else(none, word)
        });
        let cost = sharing
            .cost_of(way.1)
            .and_then(|cost| cost.to_cold.as_ref());
        let cost = cost.and_then(|cost| cost.estimate);
        let cost = cost.map_or_else(none, |cost| phrases::estimate(Some(cost), 3, Lang::En));
        table.add_row(
            std::iter::once(format!("{} {}", way.0, way.1))
                .chain(classes)
                .chain([cost]),
        );
    }
    table
}

fn word(cell: &Cell) -> String {
    let class = cell.class.name();
    match (cell.shortest(), &cell.refusal) {
        (Some(list), _) => format!("{class} ({})", list.count()),
        (None, Some(refusal)) => match refusal.after_ns {
            Some(ns) => format!("{class} ({:.1} s)", ns as f64 / 1e9),
            None => class.to_owned(),
        },
        (None, None) => class.to_owned(),
    }
}

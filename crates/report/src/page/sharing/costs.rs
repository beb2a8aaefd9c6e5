//! What each way costs, and whether two jobs at once were safe with it.

use super::super::phrases::{ratio_cell, short};
use super::class;
use crate::analysis::sharing::{ArmCost, Sharing};
use crate::language::{Lang, Texted as _, fill};
use facts::document::{Cell, Fit, Piece, Table, Tone, numbers, words};
use facts::unit;

/// Nothing where no arm was measured.
pub(super) fn costs(sharing: &Sharing, lang: Lang) -> Vec<Piece> {
    let t = lang.sharing();
    if sharing.costs.is_empty() {
        return Vec::new();
    }
    let row = |cost: &ArmCost| {
        let bytes = [
            cost.moved.network,
            cost.moved.upstream,
            cost.moved.disk,
            cost.moved.shared,
        ];
        let name = Cell::new(format!("`{}`", cost.arm));
        std::iter::once(name)
            .chain([
                job(cost, lang),
                ratio_cell(cost.to_cold.as_ref(), lang),
                ratio_cell(cost.to_warm.as_ref(), lang),
            ])
            .chain(bytes.map(|bytes| megabytes(bytes, lang)))
            .chain([at_once(sharing, cost.way, lang)])
            .collect()
    };
    let generation = sharing
        .cost_generation
        .as_deref()
        .unwrap_or(t.no_generation);
    vec![
        Piece::Heading(3, t.costs_title.to_owned()),
        Piece::Table(Table {
            caption: fill(t.costs_caption, &[("generation", &generation)]),
            columns: vec![
                words(t.column_arm),
                numbers(t.column_job),
                numbers(t.column_to_cold),
                numbers(t.column_to_warm),
                numbers(t.column_network),
                numbers(t.column_upstream),
                numbers(t.column_disk),
                numbers(t.column_shared),
                words(t.column_at_once),
            ],
            rows: sharing.costs.iter().map(row).collect(),
            fit: Fit::Scroll,
        }),
        Piece::Paragraph(t.costs_note.to_owned()),
    ]
}

fn job(cost: &ArmCost, lang: Lang) -> Cell {
    if let Some(words) = &cost.failed {
        let cell = Cell::new(lang.sharing().job_failed).tone(Tone::No);
        return cell.below(short(words));
    }
    let Some(median) = cost.median else {
        return Cell::new("–");
    };
    let unit = unit(measure::Metric::Job);
    Cell::new(format!(
        "{} {}",
        unit.amount(median.value, lang),
        unit.symbol()
    ))
}

fn megabytes(bytes: Option<u64>, lang: Lang) -> Cell {
    let cell = bytes.map(|bytes| format!("{} MB", lang.number(bytes as f64 / 1e6, 1)));
    Cell::new(cell.unwrap_or_else(|| "–".to_owned()))
}

/// What the oracle said of the way that an arm is the cost of, in all generations.
fn at_once(sharing: &Sharing, way: Option<&str>, lang: Lang) -> Cell {
    let t = lang.sharing();
    let Some(way) = way else {
        return Cell::new(t.own_store);
    };
    let cells = sharing.cells.iter().filter(|cell| cell.name.way == way);
    let told: Vec<_> = cells.filter(|cell| cell.class.is_told()).collect();
    if told.is_empty() {
        return Cell::new("–");
    }
    let unsafe_ones: Vec<String> = told
        .iter()
        .filter(|cell| !cell.class.holds())
        .map(|cell| format!("{}: {}", cell.name.generation, class(cell.class, t)))
        .collect();
    if unsafe_ones.is_empty() {
        let generations = told.iter().map(|cell| &*cell.name.generation);
        let generations = generations.collect::<Vec<_>>().join(", ");
        let text = fill(t.at_once_all, &[("generations", &generations)]);
        return Cell::new(text).tone(Tone::Yes);
    }
    let cells = unsafe_ones.join(", ");
    Cell::new(fill(t.at_once_some, &[("cells", &cells)])).tone(Tone::No)
}

//! The section on what a sample has kept busy: not only what was started, but all that served it.

use facts::document::{Cell, Fit, Piece, Table, numbers, words};
use facts::{Estimate, Lang, term, text};

use super::Source;
use crate::analysis::ArmSummary;

/// Nothing where no arm's whole work could be seen.
pub(super) fn effort(source: &Source) -> Vec<Piece> {
    let lang = source.lang;
    let rows: Vec<Vec<Cell>> = source.analysis.arms().filter_map(|arm| row(arm, lang)).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let table = Piece::Table(Table {
        caption: term!(lang; "Processor time of a sample, medians"; "Tiempo de procesador de una muestra, medianas").to_owned(),
        columns: vec![
            words(term!(lang; "arm"; "brazo")),
            numbers(term!(lang; "all that served it"; "todo lo que la atendió")),
            numbers(term!(lang; "of which the client"; "de ello, el cliente")),
            numbers(term!(lang; "from start to end"; "de principio a fin")),
        ],
        rows,
        fit: Fit::Scroll,
    });
    let about = term!(lang; "All that served it is everything in the lab while the sample was taken: client, daemons, runtime, the container's own program, and what was still being cleaned up after the sample before. With several processors it can be more than the time from start to end.";
        "Todo lo que la atendió es todo lo que había en el laboratorio mientras se tomaba la muestra: cliente, demonios, entorno de ejecución, el programa del contenedor y lo que aún se recogía de la muestra anterior. Con varios procesadores puede superar al tiempo de principio a fin.");
    vec![Piece::Details(
        term!(lang; "What a sample keeps busy: processor time of the client, and of all that serves it";
            "Lo que ocupa una muestra: tiempo de procesador del cliente y de todo lo que la atiende").to_owned(),
        vec![table, Piece::Paragraph(about.to_owned())],
    )]
}

fn row(arm: &ArmSummary, lang: Lang) -> Option<Vec<Cell>> {
    let whole = arm.whole_cpu?;
    let amount = |ns: f64| format!("{} {}", arm.metric.amount(ns, lang), arm.metric.unit.symbol());
    let cell = |found: Option<Estimate>| {
        found.map_or_else(|| Cell::new("–"), |found| Cell::new(amount(found.value)))
    };
    let all = match whole.interval {
        Some(range) => cell(Some(whole)).below(text!(lang; "{low} to {high}"; "{low} a {high}",
            low = arm.metric.amount(range.low, lang), high = arm.metric.amount(range.high, lang))),
        None => cell(Some(whole)),
    };
    Some(vec![Cell::new(format!("`{}`", arm.arm)), all, cell(arm.cpu), cell(arm.median)])
}

//! The section on what grows with the level: which model it follows.

use measure::Metric;
use measure::stats::Model;

use super::{Source, phrases};
use crate::analysis::{Predicted, SeriesSummary};
use crate::figure::Kind;
use crate::language::{Lang, Texted as _, fill};
use facts::document::{Cell, Fit, Piece, Table, Tone, numbers, words};
use facts::unit;

/// Nothing for a run without a series.
pub(super) fn growth(source: &Source) -> Vec<Piece> {
    let (lang, t) = (source.lang, source.lang.levels());
    let series: Vec<&SeriesSummary> = source.analysis.growth().collect();
    if series.is_empty() {
        return Vec::new();
    }
    let mut pieces = vec![
        Piece::Heading(2, t.section_growth.to_owned()),
        Piece::Paragraph(t.growth_rule.to_owned()),
    ];
    pieces.extend(source.figure(Kind::Levels));
    let (calls, first): (Vec<&SeriesSummary>, Vec<&SeriesSummary>) =
        series.iter().partition(|of| of.metric == Metric::Syscall);
    if !first.is_empty() {
        pieces.push(table(&first, lang));
    }
    pieces.push(Piece::Paragraph(t.growth_words.to_owned()));
    let sessions = series.iter().map(|series| series.sessions).max();
    if let Some(sessions) = sessions.filter(|count| *count > 1) {
        pieces.push(Piece::Paragraph(fill(
            t.growth_pooled,
            &[("sessions", &sessions)],
        )));
    }
    if !calls.is_empty() {
        pieces.push(Piece::Details(
            t.growth_no_figure.to_owned(),
            vec![table(&calls, lang)],
        ));
    }
    pieces
}

fn table(series: &[&SeriesSummary], lang: Lang) -> Piece {
    let t = lang.levels();
    Piece::Table(Table {
        caption: t.growth_caption.to_owned(),
        columns: vec![
            words(t.column_series),
            words(t.column_medians),
            numbers(t.column_observed),
            numbers(t.column_additive),
            numbers(t.column_multiplicative),
            numbers(lang.texts().column_blocks),
            words(t.column_model),
        ],
        rows: series.iter().map(|series| row(series, lang)).collect(),
        fit: Fit::Cards,
    })
}

fn row(series: &SeriesSummary, lang: Lang) -> Vec<Cell> {
    let t = lang.levels();
    let medians = series.levels.iter().map(|level| {
        let amount = amount(series, level.median.map(|median| median.value), lang);
        fill(
            t.level_amount,
            &[("level", &level.level), ("amount", &amount)],
        )
    });
    let observed = series.held_out().and_then(|level| level.median);
    let mut observed_cell = Cell::new(amount(series, observed.map(|found| found.value), lang));
    if let Some(range) = observed.and_then(|found| found.interval) {
        let ends = [range.low, range.high].map(|ns| unit(series.metric).amount(ns, lang));
        observed_cell = observed_cell.below(fill(
            lang.texts().range,
            &[("low", &ends[0]), ("high", &ends[1])],
        ));
    }
    let predicted = |model: Option<Predicted>| match model {
        Some(model) => Cell::new(amount(series, Some(model.last_level_ns), lang)).below(fill(
            t.observed_over,
            &[("ratio", &phrases::predicted(model, lang))],
        )),
        None => Cell::new("–").tone(Tone::Missing),
    };
    let step = fill(t.step_adds, &[("step", &step(series, lang))]);
    vec![
        Cell::new(format!("`{}`", series.series)).below(format!(
            "{}, {}",
            unit(series.metric).heading(lang),
            phrases::observer(series.observer, lang)
        )),
        Cell::new(medians.collect::<Vec<_>>().join(" · ")).below(step),
        observed_cell,
        predicted(series.additive),
        predicted(series.multiplicative),
        Cell::new(series.blocks.to_string()),
        model_cell(series.model, lang),
    ]
}

fn model_cell(model: Option<Model>, lang: Lang) -> Cell {
    let t = lang.levels();
    let (text, tone) = match model {
        Some(Model::Additive) => (t.model_additive, Tone::Yes),
        Some(Model::Multiplicative) => (t.model_multiplicative, Tone::Yes),
        Some(Model::Both) => (t.model_both, Tone::Open),
        Some(Model::Neither) => (t.model_neither, Tone::No),
        None => (t.model_none, Tone::Missing),
    };
    Cell::new(text).tone(tone)
}

fn amount(series: &SeriesSummary, ns: Option<f64>, lang: Lang) -> String {
    let unit = unit(series.metric);
    ns.map_or_else(
        || "–".to_owned(),
        |ns| format!("{} {}", unit.amount(ns, lang), unit.symbol()),
    )
}

/// What a level adds, with its interval and unit.
fn step(series: &SeriesSummary, lang: Lang) -> String {
    let symbol = unit(series.metric).symbol();
    format!(
        "{} {symbol}",
        phrases::in_unit(series.step, series.metric, lang)
    )
}

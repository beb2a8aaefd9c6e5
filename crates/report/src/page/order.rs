//! Section 5: order, control and sensitivity.

use super::{Source, phrases};
use crate::analysis::{BlockSummary, Estimate, Flag, Found, RULES, RatioSummary, Without};
use crate::figure::Kind;
use crate::language::{Texted as _, fill};
use facts::document::{Cell, Fit, Piece, Table, Tone, numbers, words};
use facts::unit;

pub(super) fn order(source: &Source) -> Vec<Piece> {
    if !source.has_arms() {
        return Vec::new();
    }
    let (lang, t) = (source.lang, source.lang.texts());
    let mut pieces = vec![Piece::Heading(2, t.section_order.to_owned())];
    pieces.extend(source.figure(Kind::Order));

    pieces.push(Piece::Heading(3, t.control_title.to_owned()));
    let controls: Vec<&RatioSummary> = source
        .analysis
        .ratios()
        .filter(|ratio| ratio.control)
        .collect();
    if controls.is_empty() {
        pieces.push(Piece::Paragraph(t.no_control.to_owned()));
    } else {
        let sentences = controls.iter().map(|ratio| control(ratio, source));
        pieces.push(Piece::List(sentences.collect()));
        pieces.extend(control_sessions(&controls, source));
    }

    pieces.push(Piece::Heading(3, t.sensitivity_title.to_owned()));
    let percent = |share: f64| phrases::percent(share, 0, lang);
    pieces.push(Piece::Paragraph(fill(
        t.flag_rules,
        &[
            ("deviations", &lang.trimmed(RULES.burst_deviations)),
            ("share", &percent(RULES.burst_share)),
            ("steal", &percent(RULES.steal_share)),
            ("step", &(RULES.clock_step_ns / 1_000_000)),
            ("load", &lang.trimmed(RULES.load_share * 100.0)),
            ("ticks", &lang.trimmed(RULES.load_ticks)),
        ],
    )));
    let flagged = flagged(source);
    if flagged.is_empty() {
        pieces.push(Piece::Paragraph(t.none_flagged.to_owned()));
        return pieces;
    }
    pieces.push(Piece::Table(Table {
        caption: t.flagged_caption.to_owned(),
        columns: vec![
            words(t.column_block),
            numbers(t.column_slowness),
            words(t.column_flags),
        ],
        rows: flagged,
        fit: Fit::Narrow,
    }));
    let rows = source
        .analysis
        .runs
        .iter()
        .flat_map(|run| &run.sensitivity.without);
    pieces.push(Piece::Table(Table {
        caption: t.without_caption.to_owned(),
        columns: vec![
            words(t.column_ratio),
            numbers(t.column_all_blocks),
            numbers(t.column_without),
        ],
        rows: rows.map(|without| without_row(without, source)).collect(),
        fit: Fit::Narrow,
    }));
    pieces.push(Piece::Paragraph(t.without_note.to_owned()));
    pieces
}

fn control(ratio: &RatioSummary, source: &Source) -> String {
    let (lang, t) = (source.lang, source.lang.texts());
    let template = match ratio.interval() {
        None => t.control_no_interval,
        Some(range) if range.contains(1.0) => t.control_holds,
        Some(_) => t.control_fails,
    };
    let number =
        |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| lang.number(value, 3));
    fill(
        template,
        &[
            ("contrast", &ratio.contrast),
            ("metric", &unit(ratio.metric).heading(lang)),
            ("estimate", &number(ratio.estimate())),
            (
                "interval",
                &ratio
                    .interval()
                    .map_or_else(|| "–".to_owned(), |range| phrases::range(range, 3, lang)),
            ),
        ],
    )
}

/// The controls session by session, where there are several: an interval of each, and how many of
/// them hold 1.
fn control_sessions(controls: &[&RatioSummary], source: &Source) -> Vec<Piece> {
    let (lang, t) = (source.lang, source.lang.texts());
    let several = controls.iter().filter(|ratio| ratio.sessions > 1);
    let table = |ratio: &&RatioSummary| {
        let intervals = ratio.by_session.values().filter_map(|found| found.interval);
        let holding = intervals.filter(|range| range.contains(1.0)).count();
        let row = |(session, found): (&u32, &Estimate)| {
            let (range, holds) = match found.interval {
                Some(range) if range.contains(1.0) => (phrases::range(range, 3, lang), t.yes),
                Some(range) => (phrases::range(range, 3, lang), t.no),
                None => (t.none_exists.to_owned(), "–"),
            };
            vec![
                Cell::new(session.to_string()),
                Cell::new(lang.number(found.value, 3)),
                Cell::new(range),
                Cell::new(found.n.to_string()),
                Cell::new(holds),
            ]
        };
        Piece::Details(
            fill(
                t.control_sessions,
                &[
                    ("contrast", &ratio.contrast),
                    ("holding", &holding),
                    ("sessions", &ratio.by_session.len()),
                ],
            ),
            vec![Piece::Table(Table {
                caption: ratio.contrast.clone(),
                columns: vec![
                    words(t.column_session),
                    numbers(t.column_ratio),
                    numbers(t.column_interval),
                    numbers(t.column_blocks),
                    words(t.column_holds_one),
                ],
                rows: ratio.by_session.iter().map(row).collect(),
                fit: Fit::Narrow,
            })],
        )
    };
    several.map(table).collect()
}

fn flagged(source: &Source) -> Vec<Vec<Cell>> {
    let (lang, t) = (source.lang, source.lang.texts());
    let mut rows = Vec::new();
    for run in &source.analysis.runs {
        let row = |block: &BlockSummary| {
            let name = |flag: &Flag| match flag {
                Flag::Burst => t.flag_burst,
                Flag::Steal => t.flag_steal,
                Flag::Throttled => t.flag_throttled,
                Flag::ClockStep => t.flag_clock,
                Flag::Load => t.flag_load,
            };
            let flags = block
                .flags
                .iter()
                .map(|flag| format!("{} ({})", name(flag), flag.letter()));
            let kind = if block.record.warmup {
                t.block_warmup
            } else {
                t.block_measured
            };
            vec![
                Cell::new(fill(
                    kind,
                    &[
                        ("experiment", &run.experiment),
                        ("session", &block.record.session),
                        ("block", &block.record.block),
                    ],
                )),
                Cell::new(
                    block
                        .slowness
                        .map_or_else(|| "–".to_owned(), |value| lang.number(value, 2)),
                ),
                Cell::new(flags.collect::<Vec<_>>().join(", ")),
            ]
        };
        let blocks = run
            .sensitivity
            .blocks
            .iter()
            .filter(|block| !block.flags.is_empty());
        rows.extend(blocks.map(row));
    }
    rows
}

fn without_row(without: &Without, source: &Source) -> Vec<Cell> {
    let (lang, t) = (source.lang, source.lang.texts());
    let cell = |found: &Found| {
        let Some(estimate) = found.estimate else {
            return Cell::new(t.no_reading).tone(Tone::Missing);
        };
        Cell::new(lang.number(estimate, 3)).below(match found.interval {
            Some(interval) => fill(
                t.interval_n,
                &[
                    ("interval", &phrases::range(interval, 3, lang)),
                    ("n", &found.pairs),
                ],
            ),
            None => fill(t.no_interval_n, &[("n", &found.pairs)]),
        })
    };
    vec![
        Cell::new(format!("`{}`", without.contrast)).below(unit(without.metric).heading(lang)),
        cell(&without.all),
        cell(&without.kept),
    ]
}

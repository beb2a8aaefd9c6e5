//! Which pattern for whom: which half of a line is told, what was seen decides.

use super::super::phrases::ratio_cell;
use super::comparison::{pattern, time_title};
use crate::analysis::sidecar::{Advice, REFERENCE, Risk, Sidecar, Stand, TIMES};
use crate::language::{Lang, SidecarTexts, Texted as _, fill};
use facts::document::{Cell, Fit, Piece, Table, Tone, numbers, words};

pub(super) fn advice(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let t = lang.sidecar();
    let all: Vec<Advice> = sidecar
        .patterns
        .iter()
        .map(|pattern| sidecar.advice(pattern))
        .collect();
    let take = sidecar.to_take();
    let named: Vec<String> = take.iter().map(|pattern| format!("`{pattern}`")).collect();
    let lead = if all.iter().all(|advice| advice.stand == Stand::Open) {
        t.advice_open.to_owned()
    } else if take.is_empty() {
        t.advice_none.to_owned()
    } else {
        fill(t.advice_lead, &[("patterns", &named.join(", "))])
    };
    let row = |advice: &Advice| {
        let overhead = TIMES.iter().map(|(word, _)| {
            let mut found = advice.overhead.iter();
            let found = found.find(|(of, _)| of == word);
            ratio_cell(found.map(|(_, ratio)| *ratio), lang)
        });
        [
            pattern(advice.pattern, lang),
            stand(sidecar, advice, lang),
            risks(advice, t),
        ]
        .into_iter()
        .chain(overhead)
        .collect()
    };
    let over = |index: usize| {
        let title = time_title(index, t);
        numbers(fill(
            t.column_over,
            &[("what", &title), ("reference", &REFERENCE)],
        ))
    };
    vec![
        Piece::Heading(3, t.advice_title.to_owned()),
        Piece::Paragraph(lead),
        Piece::Table(Table {
            caption: t.advice_caption.to_owned(),
            columns: [
                words(t.column_pattern),
                words(t.column_for),
                words(t.column_risks),
            ]
            .into_iter()
            .chain((0..TIMES.len()).map(over))
            .collect(),
            rows: all.iter().map(row).collect(),
            fit: Fit::Cards,
        }),
        Piece::Paragraph(t.advice_note.to_owned()),
    ]
}

fn stand(sidecar: &Sidecar, advice: &Advice, lang: Lang) -> Cell {
    let t = lang.sidecar();
    let (template, tone) = match advice.stand {
        Stand::Take => (t.stand_take, Tone::Yes),
        Stand::Trusted => (t.stand_trusted, Tone::Mixed),
        Stand::Never => (t.stand_never, Tone::No),
        Stand::Open => (t.stand_open, Tone::Missing),
    };
    let reach = advice.ways.len();
    let ways = advice.ways.iter().map(|way| format!("`{way}`"));
    let ways = ways.collect::<Vec<_>>().join(", ");
    let count = sidecar.escapes(advice.pattern).len();
    Cell::new(fill(
        template,
        &[("ways", &ways), ("reach", &reach), ("count", &count)],
    ))
    .tone(tone)
}

/// A line each.
fn risks(advice: &Advice, t: &SidecarTexts) -> Cell {
    let mut told = advice.risks.iter().map(|risk| text(*risk, t));
    let first = told.next().unwrap_or(t.risk_none);
    told.fold(Cell::new(first), Cell::below)
}

fn text(risk: Risk, t: &SidecarTexts) -> &'static str {
    match risk {
        Risk::AgentPrivileged => t.risk_agent,
        Risk::EnginePrivileged => t.risk_engine,
        Risk::NodesEngine => t.risk_nodes,
        Risk::TakenOver => t.risk_taken_over,
        Risk::NeedsSocket => t.risk_socket,
        Risk::Leftovers => t.risk_leftovers,
        Risk::CacheLost => t.risk_cache,
        Risk::NeedsVolume => t.risk_volume,
        Risk::Uncounted => t.risk_uncounted,
        Risk::UncountedHosts => t.risk_uncounted_hosts,
        Risk::Collides => t.risk_collides,
    }
}

//! Section 5: order, control and sensitivity.

use super::{Source, phrases};
use crate::analysis::{BlockSummary, Estimate, Flag, Found, RULES, RatioSummary, Without};
use crate::figure::Kind;
use crate::language::fill;
use facts::document::{Cell, Fit, Piece, Table, Tone, numbers, words};
use facts::{term, text};

pub(super) fn order(source: &Source) -> Vec<Piece> {
    if !source.has_arms() {
        return Vec::new();
    }
    let lang = source.lang;
    let mut pieces = vec![Piece::Heading(
        2,
        term!(lang; "Order, control and sensitivity"; "Orden, control y sensibilidad").to_owned(),
    )];
    pieces.extend(source.figure(Kind::Order));

    pieces.push(Piece::Heading(
        3,
        term!(lang; "The same thing under two names (A/A)"; "Lo mismo con dos nombres (A/A)")
            .to_owned(),
    ));
    let controls: Vec<&RatioSummary> =
        source.analysis.ratios().filter(|ratio| ratio.control).collect();
    if controls.is_empty() {
        pieces.push(Piece::Paragraph(term!(lang; "This run has no A/A control: nothing shows that its differences are not the harness's.";
            "Esta ejecución no lleva control A/A: nada demuestra que sus diferencias no sean del propio banco de pruebas.").to_owned()));
    } else {
        let sentences = controls.iter().map(|ratio| control(ratio, source));
        pieces.push(Piece::List(sentences.collect()));
        pieces.extend(control_sessions(&controls, source));
    }

    pieces
        .push(Piece::Heading(3, term!(lang; "Disturbed blocks"; "Bloques perturbados").to_owned()));
    let percent = |share: f64| phrases::percent(share, 0, lang);
    pieces.push(Piece::Paragraph(text!(lang; "A block's slowness is the median, over the arms, of reading divided by the arm's median in that session. Flagged are: bursts (B), slower than the median block by {deviations} robust standard deviations (both judged by the faster half of the blocks) and than that half's median by {share} at least; steal (S), the hypervisor took more than {steal} of the processor time that was wanted; throttling (T), the control group or a hot processor was held back; clock (C), the wall clock moved by more than {step} ms against the monotonic one; load (L), the busy share of the processor time was {load} percentage points or more above the lower quartile of the measured blocks (blocks of fewer than {ticks} ticks of 10 ms are too short to tell). Nothing is dropped from any number outside of this section.";
        "La lentitud de un bloque es la mediana, entre los brazos, de cada lectura dividida por la mediana de su brazo en esa sesión. Se marcan: las ráfagas (B), más lentas que el bloque mediano en {deviations} desviaciones típicas robustas (ambas según la mitad más rápida de los bloques) y que la mediana de esa mitad en un {share} como mínimo; el tiempo robado (S), cuando el hipervisor se llevó más del {steal} del tiempo de procesador que hacía falta; los frenos (T), cuando se frenó al grupo de control o a un procesador caliente; el reloj (C), cuando la hora se movió más de {step} ms respecto del reloj monótono; la carga (L), cuando la parte ocupada del tiempo de procesador superó en {load} puntos porcentuales o más el cuartil inferior de los bloques medidos (un bloque de menos de {ticks} tics de 10 ms es demasiado corto para saberlo). Fuera de este apartado no se descarta nada de ninguna cifra.", deviations = lang.trimmed(RULES.burst_deviations), share = percent(RULES.burst_share), steal = percent(RULES.steal_share), step = (RULES.clock_step_ns / 1_000_000), load = lang.trimmed(RULES.load_share * 100.0), ticks = lang.trimmed(RULES.load_ticks))));
    let flagged = flagged(source);
    if flagged.is_empty() {
        pieces.push(Piece::Paragraph(
            term!(lang; "No block is flagged."; "No hay ningún bloque marcado.").to_owned(),
        ));
        return pieces;
    }
    pieces.push(Piece::Table(Table {
        caption: term!(lang; "Flagged blocks"; "Bloques marcados").to_owned(),
        columns: vec![
            words(term!(lang; "block"; "bloque")),
            numbers(term!(lang; "slowness"; "lentitud")),
            words(term!(lang; "why"; "por qué")),
        ],
        rows: flagged,
        fit: Fit::Narrow,
    }));
    let rows = source.analysis.runs.iter().flat_map(|run| &run.sensitivity.without);
    pieces.push(Piece::Table(Table {
        caption: term!(lang; "With all blocks, and without the flagged ones";
            "Con todos los bloques y sin los marcados")
        .to_owned(),
        columns: vec![
            words(term!(lang; "ratio"; "cociente")),
            numbers(term!(lang; "all blocks"; "todos los bloques")),
            numbers(term!(lang; "without them"; "sin los marcados")),
        ],
        rows: rows.map(|without| without_row(without, source)).collect(),
        fit: Fit::Narrow,
    }));
    pieces.push(Piece::Paragraph(term!(lang; "Which blocks are left out was decided after they were seen: the right-hand column shows how much hangs on them, and its intervals have their coverage in name only.";
        "Qué bloques se quitan se decidió después de verlos: la columna derecha enseña cuánto depende de ellos, y sus intervalos solo tienen la cobertura de nombre.").to_owned()));
    pieces
}

fn control(ratio: &RatioSummary, source: &Source) -> String {
    let lang = source.lang;
    let template = match ratio.interval() {
        None => {
            term!(lang; "`{contrast}` ({metric}): {estimate}; too few blocks for an interval ({interval}).";
            "`{contrast}` ({metric}): {estimate}; faltan bloques para un intervalo ({interval}).")
        }
        Some(range) if range.contains(1.0) => {
            term!(lang; "`{contrast}` ({metric}): {estimate}, interval {interval}. It contains 1, as it should.";
            "`{contrast}` ({metric}): {estimate}, intervalo de {interval}. Contiene el 1, como debe.")
        }
        Some(_) => {
            term!(lang; "`{contrast}` ({metric}): {estimate}, interval {interval}. It does not contain 1, which happens to one control in twenty: do not believe a difference of this run that is no larger.";
            "`{contrast}` ({metric}): {estimate}, intervalo de {interval}. No contiene el 1, cosa que le pasa a un control de cada veinte: no hay que creerse de esta ejecución ninguna diferencia que no sea mayor.")
        }
    };
    let number =
        |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| lang.number(value, 3));
    fill(
        template,
        &[
            ("contrast", &ratio.contrast),
            ("metric", &ratio.metric.heading(lang)),
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
    let lang = source.lang;
    let several = controls.iter().filter(|ratio| ratio.sessions > 1);
    let table = |ratio: &&RatioSummary| {
        let intervals = ratio.by_session.values().filter_map(|found| found.interval);
        let holding = intervals.filter(|range| range.contains(1.0)).count();
        let row = |(session, found): (&u32, &Estimate)| {
            let (range, holds) = match found.interval {
                Some(range) if range.contains(1.0) => {
                    (phrases::range(range, 3, lang), term!(lang; "yes"; "sí"))
                }
                Some(range) => (phrases::range(range, 3, lang), term!(lang; "no"; "no")),
                None => (term!(lang; "none exists"; "no existe").to_owned(), "–"),
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
            text!(lang; "`{contrast}`: the interval of {holding} of {sessions} sessions contains 1";
                "`{contrast}`: el intervalo de {holding} de las {sessions} sesiones contiene el 1", contrast = ratio.contrast, sessions = ratio.by_session.len()),
            vec![Piece::Table(Table {
                caption: ratio.contrast.clone(),
                columns: vec![
                    words(term!(lang; "session"; "sesión")),
                    numbers(term!(lang; "ratio"; "cociente")),
                    numbers(term!(lang; "interval"; "intervalo")),
                    numbers(term!(lang; "blocks"; "bloques")),
                    words(term!(lang; "contains 1"; "contiene el 1")),
                ],
                rows: ratio.by_session.iter().map(row).collect(),
                fit: Fit::Narrow,
            })],
        )
    };
    several.map(table).collect()
}

fn flagged(source: &Source) -> Vec<Vec<Cell>> {
    let lang = source.lang;
    let mut rows = Vec::new();
    for run in &source.analysis.runs {
        let row = |block: &BlockSummary| {
            let name = |flag: &Flag| match flag {
                Flag::Burst => term!(lang; "burst"; "ráfaga"),
                Flag::Steal => term!(lang; "steal"; "tiempo robado"),
                Flag::Throttled => term!(lang; "throttling"; "freno"),
                Flag::ClockStep => term!(lang; "clock"; "reloj"),
                Flag::Load => term!(lang; "load"; "carga"),
            };
            let flags =
                block.flags.iter().map(|flag| format!("{} ({})", name(flag), flag.letter()));
            let kind = if block.record.warmup {
                term!(lang; "{experiment}, session {session}, block {block} (warm-up)";
                    "{experiment}, sesión {session}, bloque {block} (calentamiento)")
            } else {
                term!(lang; "{experiment}, session {session}, block {block}";
                    "{experiment}, sesión {session}, bloque {block}")
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
                    block.slowness.map_or_else(|| "–".to_owned(), |value| lang.number(value, 2)),
                ),
                Cell::new(flags.collect::<Vec<_>>().join(", ")),
            ]
        };
        let blocks = run.sensitivity.blocks.iter().filter(|block| !block.flags.is_empty());
        rows.extend(blocks.map(row));
    }
    rows
}

fn without_row(without: &Without, source: &Source) -> Vec<Cell> {
    let lang = source.lang;
    let cell = |found: &Found| {
        let Some(estimate) = found.estimate else {
            return Cell::new(term!(lang; "no reading"; "sin lecturas")).tone(Tone::Missing);
        };
        Cell::new(lang.number(estimate, 3)).below(match found.interval {
            Some(interval) => text!(lang; "{interval}; n = {n}";
                "{interval} (n = {n})", interval = phrases::range(interval, 3, lang), n = found.pairs),
            None => text!(lang; "no interval exists; n = {n}";
                "no existe intervalo; n = {n}", n = found.pairs),
        })
    };
    vec![
        Cell::new(format!("`{}`", without.contrast)).below(without.metric.heading(lang)),
        cell(&without.all),
        cell(&without.kept),
    ]
}

//! What was tried beside the samples: starts from nothing, and memory.

use std::collections::BTreeMap;

use facts::document::{Cell, Fit, Piece, Table, numbers, words};
use facts::trials::rows;
use facts::{Evidence, Lang, estimate, term, text};
use measure::Trial;
use measure::stats::{ALPHA, Looks};

use crate::besides::{BEFORE, FIRST, MEMORY, MORE};

/// Nothing of a run that has tried neither.
pub(super) fn section(evidence: &Evidence, lang: Lang) -> Vec<Piece> {
    let tables = [first_starts(evidence, lang), memory(evidence, lang)];
    let tables: Vec<Piece> = tables.into_iter().flatten().flatten().collect();
    if tables.is_empty() {
        return tables;
    }
    let title = term!(lang; "From nothing, and in memory"; "Desde cero, y en memoria");
    std::iter::once(Piece::heading(2, title)).chain(tables).collect()
}

fn first_starts(evidence: &Evidence, lang: Lang) -> Option<[Piece; 2]> {
    let ms = |ns: f64| text!(lang; "{ms} ms"; "{ms} ms", ms = lang.number(ns / 1e6, 0));
    let row = |subject: &str| {
        let warm = evidence.arm(subject)?.median?.value;
        let cold = cell(evidence, FIRST, subject, "", |row| row.wall_ns, &ms, lang);
        Some(vec![Cell::new(format!("`{subject}`")), cold, Cell::new(ms(warm))])
    };
    let table = Table {
        caption: term!(lang; "From nothing to the container's output"; "Desde cero hasta la salida del contenedor").to_owned(),
        columns: vec![
            words(term!(lang; "as"; "como")),
            numbers(term!(lang; "from nothing"; "desde cero")),
            numbers(term!(lang; "warm: median of the samples"; "en caliente: mediana de las muestras")),
        ],
        rows: subjects(evidence, FIRST).into_iter().filter_map(row).collect(),
        fit: Fit::Scroll,
    };
    let about = term!(lang; "Once a session: the lab's files out of the page cache, but for programs that are running. Of a nested engine it begins with the container that carries it, waits for its daemon and has the inner image fetched from a registry beside it.";
        "Una vez por sesión: los ficheros del laboratorio fuera de la caché de páginas, salvo los programas en marcha. Con un motor anidado empieza por el contenedor que lo lleva, espera a su demonio y trae la imagen interior de un registro contiguo.");
    (!table.rows.is_empty()).then(|| [Piece::Table(table), Piece::Paragraph(about.to_owned())])
}

fn memory(evidence: &Evidence, lang: Lang) -> Option<[Piece; 2]> {
    let megabytes =
        |bytes: f64| text!(lang; "{mb} MB"; "{mb} MB", mb = lang.number(bytes / 1e6, 0));
    let row = |subject: &str| {
        let of = |step| cell(evidence, MEMORY, subject, step, |row| row.bytes, &megabytes, lang);
        vec![Cell::new(format!("`{subject}`")), of(MORE), of(BEFORE)]
    };
    let table = Table {
        caption: term!(lang; "Memory of everything in the lab"; "Memoria de todo lo que hay en el laboratorio").to_owned(),
        columns: vec![
            words(term!(lang; "arm"; "brazo")),
            numbers(term!(lang; "more during a start, at most"; "más durante un arranque, como mucho")),
            numbers(term!(lang; "before it"; "antes")),
        ],
        rows: subjects(evidence, MEMORY).into_iter().map(row).collect(),
        fit: Fit::Scroll,
    };
    let about = term!(lang; "Proportional sets: a page that several processes share counts once. Before a start there are the daemons and containers of all arms of the run.";
        "Conjuntos proporcionales: una página que comparten varios procesos cuenta una vez. Antes de un arranque están los demonios y contenedores de todos los brazos de la ejecución.");
    (!table.rows.is_empty()).then(|| [Piece::Table(table), Piece::Paragraph(about.to_owned())])
}

/// In the order in which they were tried.
fn subjects<'a>(evidence: &'a Evidence, table: &str) -> Vec<&'a str> {
    let mut subjects: Vec<&str> = Vec::new();
    for row in rows(&evidence.record.trials, table) {
        if !subjects.contains(&row.subject.as_str()) {
            subjects.push(&row.subject);
        }
    }
    subjects
}

/// The median over sessions of one step, with its interval where there is one; a failed one says so.
fn cell(
    evidence: &Evidence,
    table: &str,
    subject: &str,
    step: &str,
    value: fn(&Trial) -> Option<u64>,
    amount: &dyn Fn(f64) -> String,
    lang: Lang,
) -> Cell {
    let tried = || {
        let of_subject = rows(&evidence.record.trials, table);
        of_subject.filter(|row| row.subject == subject && (step.is_empty() || row.step == step))
    };
    let failed = tried().filter(|row| !row.reason.is_empty()).count();
    let good = tried().filter(|row| row.reason.is_empty());
    let by_session: BTreeMap<u32, Vec<f64>> =
        good.filter_map(|row| Some((row.session, vec![value(row)? as f64]))).collect();
    let Some(found) = estimate(&by_session, ALPHA, Looks::Once) else {
        return Cell::new(term!(lang; "failed"; "falló"));
    };
    let mut below = Vec::new();
    if let Some(range) = found.interval {
        below.push(text!(lang; "{low} to {high}"; "{low} a {high}",
            low = amount(range.low), high = amount(range.high)));
    }
    if failed > 0 {
        below.push(text!(lang; "{failed} failed"; "{failed} fallaron"));
    }
    let cell = Cell::new(amount(found.value));
    if below.is_empty() { cell } else { cell.below(below.join("; ")) }
}

//! Which pattern for whom: counted from the rows. A pattern is to be had where its job works and no way
//! out of it that was tried reaches the node.

use facts::document::{Cell, Fit, Piece, Tone, numbers, words};
use facts::{Lang, Ratio, phrases, term, text};

use super::aspect::{Aspect, Grade};
use super::page::{pattern_cell, table};
use super::{REFERENCE, Sidecar};
use crate::cost::{AGAIN, TIMES};
use crate::pattern::Pattern;
use crate::words::{Property, Word};

/// Whom a pattern is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// Its job works, and no way that was tried reaches the node.
    Take,
    /// Its job works, and its agent has the node: for jobs that may have it.
    Trusted,
    /// Its job does not work.
    Never,
    /// Its job or one of the ways could not be looked at.
    Open,
}

impl Stand {
    /// The name in files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::Trusted => "trusted jobs only",
            Self::Never => "never",
            Self::Open => "open",
        }
    }
}

impl Sidecar<'_> {
    pub(super) fn stand(&self, pattern: &Pattern) -> Stand {
        let escapes = self.escapes(pattern);
        let all_seen = !escapes.is_empty() && escapes.iter().all(|look| look.outcome.is_some());
        let reaches = !self.ways_that(pattern, Word::Reaches).is_empty();
        match self.seen(pattern, Property::Job) {
            Some(job) if job != Word::Works.name() => Stand::Never,
            Some(_) if reaches => Stand::Trusted,
            Some(_) if all_seen => Stand::Take,
            _ => Stand::Open,
        }
    }

    /// The patterns to be had, the one whose next job takes least first, as far as that was measured.
    pub(super) fn to_take(&self) -> Vec<&'static str> {
        let median = |pattern: &Pattern| Some(self.time(pattern, AGAIN)?.arm.median?.value);
        let patterns = self.patterns.iter();
        let mut found: Vec<_> = patterns
            .filter(|pattern| self.stand(pattern) == Stand::Take)
            .map(|pattern| (median(pattern).unwrap_or(f64::INFINITY), pattern.name))
            .collect();
        found.sort_by(|one, other| one.0.total_cmp(&other.0));
        found.into_iter().map(|(_, name)| name).collect()
    }

    /// Over the reference: time until its engine answers, of a first job, of another one.
    pub(super) fn overhead(&self, pattern: &Pattern) -> [(&'static str, Option<&Ratio>); 3] {
        TIMES.map(|timed| {
            let time = self.time(pattern, timed.name);
            (timed.name, time.and_then(|time| time.ratio.as_ref()))
        })
    }

    /// What is to be paid for with a pattern, as far as it was seen.
    #[rustfmt::skip]
    fn risks(&self, pattern: &Pattern, lang: Lang) -> Vec<&'static str> {
        let is = |property, word| self.is(pattern, property, word);
        let grade = |aspect, grade| self.grade(pattern, aspect) == Some(grade);
        let agent = is(Property::AgentPrivilege, Word::Full);
        let left = self.seen(pattern, Property::NextPod);
        let missed = is(Property::Accounting, Word::Missed);
        let taken_over = self.taken_over(pattern);
        let all = [
            (agent,
                term!(lang; "the agent has every privilege"; "el agente tiene todos los privilegios")),
            (!agent && is(Property::EnginePrivilege, Word::Full),
                term!(lang; "the engine beside it has every privilege"; "el motor a su lado tiene todos los privilegios")),
            (is(Property::EnginePrivilege, Word::TheNodes),
                term!(lang; "the node's engine does what the agent says"; "el motor del nodo hace lo que dice el agente")),
            (taken_over.is_some_and(|look| look.is(Word::Reaches)),
                term!(lang; "compromising the engine compromises the node"; "quien toma el motor llega al nodo")),
            (is(Property::SocketMissing, Word::Refused),
                term!(lang; "a node without the socket has no engine for it"; "un nodo sin el socket no tiene motor para él")),
            (left.is_some_and(|left| left != Word::Nothing.name()),
                term!(lang; "a later pod finds what a job left"; "un pod posterior encuentra lo que dejó un trabajo")),
            (is(Property::Cache, Word::Lost),
                term!(lang; "each pod begins with an empty cache"; "cada pod empieza con la caché vacía")),
            (grade(Aspect::Storage, Grade::Mixed),
                term!(lang; "its store needs a volume"; "su almacén necesita un volumen")),
            (missed,
                term!(lang; "the pod's accounting misses the job"; "la contabilidad del pod no ve el trabajo")),
            (!missed && is(Property::AccountingHost, Word::Missed),
                term!(lang; "with the node's control groups the accounting misses the job"; "con los grupos de control del nodo la contabilidad no ve el trabajo")),
            (grade(Aspect::Collisions, Grade::Bad),
                term!(lang; "two jobs get in the way of each other"; "dos trabajos se estorban")),
        ];
        all.into_iter().filter(|(is_there, _)| *is_there).map(|(_, risk)| risk).collect()
    }
}

pub(super) fn pieces(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let patterns = || sidecar.patterns.iter();
    let take = sidecar.to_take();
    let lead = if patterns().all(|pattern| sidecar.stand(pattern) == Stand::Open) {
        term!(lang; "No advice: of no pattern was enough seen.";
            "Sin consejo: de ningún patrón se vio lo suficiente.")
        .to_owned()
    } else if take.is_empty() {
        term!(lang; "No pattern runs the job and closes every escape path that was tried.";
            "Ningún patrón hace el trabajo y cierra el nodo a toda salida probada.")
        .to_owned()
    } else {
        let take: Vec<String> = take.iter().map(|name| format!("`{name}`")).collect();
        let patterns = take.join(", ");
        text!(lang; "For a pipeline in a container that builds images, starts databases and must not expose its node: {patterns}. That is where the job works and no escape path that was tried reaches the node; the one with the fastest next job stands first.";
            "Para un pipeline en un contenedor que construye imágenes, arranca bases de datos y no debe exponer su nodo: {patterns}. Es donde el trabajo funciona y ninguna salida probada llega al nodo; primero está el del trabajo siguiente más rápido.")
    };
    let row = |pattern: &&Pattern| {
        let mut risks = sidecar.risks(pattern, lang).into_iter();
        let first = risks.next().unwrap_or(term!(lang; "none seen"; "ninguno visto"));
        let overhead = sidecar.overhead(pattern);
        let overhead = overhead.map(|(_, ratio)| phrases::ratio_cell(ratio, lang));
        let named = [
            pattern_cell(pattern).below(lang.of(pattern.short)),
            stand(sidecar, pattern, lang),
            risks.fold(Cell::new(first), Cell::below),
        ];
        named.into_iter().chain(overhead).collect()
    };
    let named = lang.pick(["pattern", "for whom", "risks"], ["patrón", "para quién", "riesgos"]);
    let over = TIMES.map(|timed| {
        let (what, reference) = (lang.of(timed.title), REFERENCE.name);
        numbers(text!(lang; "{what}, over `{reference}`"; "{what}, frente a `{reference}`"))
    });
    vec![
        Piece::heading(3, term!(lang; "Which pattern for whom"; "Qué patrón para quién")),
        Piece::Paragraph(lead),
        table(
            term!(lang; "Each pattern: for whom, at what risk, and what it costs over the reference";
                "Cada patrón: para quién, con qué riesgo y qué cuesta frente a la referencia"),
            named.map(words).into_iter().chain(over),
            patterns().map(row),
            Fit::Cards,
        ),
        Piece::paragraph(
            term!(lang; "Risks are those that were seen here; an escape path that nobody tried is not among them.";
            "Los riesgos son los que se vieron aquí; una salida que nadie probó no está entre ellos."),
        ),
    ]
}

fn stand(sidecar: &Sidecar, pattern: &Pattern, lang: Lang) -> Cell {
    let ways = sidecar.ways_that(pattern, Word::Reaches);
    let (reach, count) = (ways.len(), sidecar.escapes(pattern).len());
    let ways: Vec<String> = ways.iter().map(|way| format!("`{way}`")).collect();
    let ways = ways.join(", ");
    let (text, tone) = match sidecar.stand(pattern) {
        Stand::Take => (
            text!(lang; "For untrusted jobs: the job works, and none of the {count} escape paths that were tried reaches the node.";
                "Para trabajos que no son de confianza: el trabajo funciona y ninguna de las salidas probadas ({count}) llega al nodo."),
            Tone::Yes,
        ),
        Stand::Trusted => (
            text!(lang; "Only for jobs that may have the node: {reach} of {count} escape paths reach it ({ways}).";
                "Solo para trabajos que pueden tener el nodo: {reach} de {count} salidas llegan a él ({ways})."),
            Tone::Mixed,
        ),
        Stand::Never => (
            text!(lang; "For nobody: the job does not work."; "Para nadie: el trabajo no funciona."),
            Tone::No,
        ),
        Stand::Open => (
            text!(lang; "No advice: the job or an escape path could not be looked at.";
                "Sin consejo: no se pudo ver el trabajo o una salida."),
            Tone::Missing,
        ),
    };
    Cell::new(text).tone(tone)
}

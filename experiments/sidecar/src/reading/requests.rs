//! Who is served by the engine, which requests the plugin lets through, and building without either.

use facts::document::{Cell, Fit, Piece, Tone, numbers, words};
use facts::phrases::{self, short};
use facts::trials::in_order;
use facts::{Lang, term, text};

use super::aspect::word;
use super::page::{cell, table};
use super::{Check, Sidecar, count, subjects};
use crate::daemonless::STEPS;
use crate::plugin::crowd::{COUNTS, LOST, WRONG};
use crate::plugin::gone::BACK;
use crate::transport::RIGHT;
use crate::words::{DAEMONLESS, GUARDED, HOSTILE, LEGITIMATE, PLUGIN, TRANSPORT, UNGUARDED, Word};

/// Whether it is as it should be.
fn tone(is_right: bool) -> Tone {
    if is_right { Tone::Yes } else { Tone::No }
}

/// Names and words of the record are English.
fn english(of: &str) -> Cell {
    Cell::new(of).english()
}

fn outcome(lang: Lang) -> &'static str {
    term!(lang; "outcome"; "resultado")
}

/// Clients of the engine's TCP socket.
pub(super) fn transport(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let looks = sidecar.table(TRANSPORT);
    let row = |look: &&Check| {
        let is_right = look.is(Word::Served) == look.subject.starts_with(RIGHT);
        vec![english(&look.subject), cell(look, tone(is_right), lang)]
    };
    if looks.is_empty() {
        return Vec::new();
    }
    vec![
        Piece::heading(3, term!(lang; "Who is served over TCP"; "A quién se atiende por TCP")),
        table(
            term!(lang; "Clients of the sidecar's socket"; "Clientes del socket del sidecar"),
            [term!(lang; "client"; "cliente"), outcome(lang)].map(words),
            looks.iter().map(row),
            Fit::Narrow,
        ),
    ]
}

/// The hostile requests that each rule refused, the most frequent rule first.
fn by_rule<'a>(hostile: &[&'a Check]) -> Vec<(&'a str, Vec<&'a str>)> {
    let refused = hostile.iter().filter(|look| look.is(Word::Refused));
    let rules = in_order(refused.map(|look| look.rule())).into_iter();
    let of = |rule| {
        let is = |look: &Check| look.is(Word::Refused) && look.rule() == rule;
        (rule, subjects(hostile, is))
    };
    let mut found: Vec<_> = rules.map(of).collect();
    found.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    found
}

/// How many requests, by which rule, and each of them.
pub(super) fn plugin(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let hostile = sidecar.hostile(GUARDED);
    let [legitimate, behaviour] = [LEGITIMATE, PLUGIN].map(|name| sidecar.table(name));
    let nothing = [&hostile, &legitimate, &behaviour].iter().all(|looks| looks.is_empty());
    if nothing && sidecar.plugin.is_none() {
        return Vec::new();
    }
    let rules = by_rule(&hostile);
    let [refused, rejected, allowed] =
        [Word::Refused, Word::Rejected, Word::Allowed].map(|word| count(&hostile, word));
    let (all, by, right) = (hostile.len(), rules.len(), legitimate.len());
    let passed = count(&legitimate, Word::Allowed);
    let title = term!(lang; "What the plugin lets through"; "Qué deja pasar el plugin");
    let mut pieces = vec![Piece::heading(3, title)];
    if all + right > 0 {
        pieces.push(Piece::Paragraph(text!(lang; "{all} hostile requests were sent to a daemon with the plugin: {refused} refused by {by} rules, {rejected} rejected by the daemon itself, {allowed} allowed. Of {right} legitimate ones {passed} were allowed.";
            "Se enviaron {all} peticiones hostiles a un demonio con el plugin: {refused} rechazadas por {by} reglas, {rejected} rechazadas por el propio demonio, {allowed} permitidas. De {right} legítimas se permitieron {passed}.")));
    }
    if let Some(found) = sidecar.plugin.as_ref().and_then(|ratio| ratio.estimate) {
        let ratio = phrases::estimate(Some(found), 3, lang);
        pieces.push(Piece::Paragraph(
            text!(lang; "`docker ps` takes {ratio} times as long with the plugin as without.";
            "`docker ps` tarda {ratio} veces lo que sin el plugin."),
        ));
    }
    let [request, rule] = lang.pick(["request", "rule"], ["petición", "regla"]);
    if !rules.is_empty() {
        let row = |(rule, names): &(&str, Vec<&str>)| {
            let [rule, count] = [format!("`{}`", short(rule)), names.len().to_string()];
            vec![Cell::new(rule), Cell::new(count), english(&names.join("; "))]
        };
        let [requests, which] = lang.pick(["requests", "which"], ["peticiones", "cuáles"]);
        pieces.push(table(
            term!(lang; "Hostile requests by the rule that refused them";
                "Peticiones hostiles por la regla que las rechazó"),
            [words(rule), numbers(requests), words(which)],
            rules.iter().map(row),
            Fit::Cards,
        ));
    }
    if let Some(done) = sidecar.done_unguarded() {
        pieces.push(Piece::Paragraph(
            text!(lang; "Of the hostile requests an engine without the plugin does {done}.";
            "De las peticiones hostiles un motor sin el plugin hace {done}."),
        ));
    }
    let columns = [request, rule, outcome(lang)];
    if !hostile.is_empty() {
        let row = |look: &&Check| {
            let open = sidecar.look(HOSTILE, &look.subject, UNGUARDED);
            let open = open.map_or_else(|| Cell::new("–"), |open| cell(open, Tone::Plain, lang));
            [sent(look, Word::Allowed, lang), vec![open]].concat()
        };
        let open = term!(lang; "without the plugin"; "sin el plugin");
        let each = table(
            term!(lang; "Hostile requests, what became of each and by which rule";
                "Peticiones hostiles, qué fue de cada una y por qué regla"),
            columns.into_iter().chain([open]).map(words),
            hostile.iter().map(row),
            Fit::Cards,
        );
        let title =
            text!(lang; "Every hostile request ({all})"; "Todas las peticiones hostiles ({all})");
        pieces.push(Piece::Details(title, vec![each]));
    }
    if !legitimate.is_empty() {
        let each = table(
            term!(lang; "Legitimate requests, and what became of each";
                "Peticiones legítimas y qué fue de cada una"),
            columns.map(words),
            legitimate.iter().map(|look| sent(look, Word::Refused, lang)),
            Fit::Cards,
        );
        let title = text!(lang; "Every legitimate request ({right})";
            "Todas las peticiones legítimas ({right})");
        pieces.push(Piece::Details(title, vec![each]));
    }
    pieces.extend(kept_up(&behaviour, lang));
    pieces
}

/// A request, the rule that refused it, and what became of it.
fn sent(look: &Check, wrong: Word, lang: Lang) -> Vec<Cell> {
    let tone = tone(!look.is(wrong));
    let name = english(&look.subject);
    if !look.is(Word::Refused) {
        return vec![name, Cell::new("–"), cell(look, tone, lang)];
    }
    let rule = Cell::new(format!("`{}`", short(look.rule())));
    // Words that are the rule's name have been said.
    let outcome = if look.rule() == look.words {
        Cell::new(Word::Refused.text(lang)).tone(tone)
    } else {
        cell(look, tone, lang)
    };
    vec![name, rule, outcome]
}

/// What becomes of calls while the plugin is killed, and of many at once.
fn kept_up(looks: &[&Check], lang: Lang) -> Option<Piece> {
    let row = |look: &&Check| {
        let is_right = match &*look.step {
            LOST | WRONG => look.outcome.as_deref() == Some("0"),
            BACK => look.is(Word::Served),
            step if COUNTS.contains(&step) => true,
            // While it is gone nothing is let through.
            _ => look.is(Word::Refused),
        };
        let cell = cell(look, tone(is_right), lang);
        vec![english(&look.subject), english(&look.step), cell]
    };
    let [trial, seen] = lang.pick(["trial", "seen"], ["prueba", "visto"]);
    (!looks.is_empty()).then(|| {
        table(
            term!(lang; "The plugin killed at work, and many requests at once";
                "El plugin matado mientras trabaja, y muchas peticiones a la vez"),
            [trial, seen, outcome(lang)].map(words),
            looks.iter().map(row),
            Fit::Narrow,
        )
    })
}

/// A set-up a row, what was done with it a column.
pub(super) fn daemonless(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let looks = sidecar.table(DAEMONLESS);
    if looks.is_empty() {
        return Vec::new();
    }
    let steps = in_order(looks.iter().map(|look| &*look.step));
    let set_ups = in_order(looks.iter().map(|look| &*look.subject));
    let row = |set_up: &&str| {
        let cells = steps.iter().map(|step| {
            let look = sidecar.look(DAEMONLESS, set_up, step);
            let told = |look: &Check| cell(look, tone(look.is(Word::Works)), lang);
            look.map_or_else(|| Cell::new("–"), told)
        });
        std::iter::once(english(set_up)).chain(cells).collect()
    };
    let step = |step: &&str| {
        let known = STEPS.iter().find(|(known, _)| known == step);
        words(known.map_or_else(|| word(step, lang), |(_, text)| lang.of(*text).to_owned()))
    };
    let first = words(term!(lang; "set-up"; "configuración"));
    vec![
        Piece::heading(3, term!(lang; "Building without a daemon"; "Construir sin demonio")),
        table(
            term!(lang; "What of the job works in each set-up";
                "Qué parte del trabajo funciona en cada configuración"),
            std::iter::once(first).chain(steps.iter().map(step)),
            set_ups.iter().map(row),
            Fit::Scroll,
        ),
        Piece::paragraph(
            term!(lang; "What is refused is refused by the kernel or by the tool, in its own words.";
            "Lo que se rechaza lo rechaza el núcleo o la herramienta, con sus propias palabras."),
        ),
    ]
}

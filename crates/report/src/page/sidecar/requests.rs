//! Who is served by the engine, which requests the plugin lets through, and building without either.

use super::super::phrases::{self, short};
use super::{cell, word};
use crate::analysis::sidecar::{Look, Sidecar, is_count};
use crate::language::{Lang, Texted as _, fill};
use facts::document::{Cell, Fit, Piece, Table, Tone, numbers, words};
use facts::trials::in_order;

/// How the names of those begin that are to be served.
const RIGHT: &str = "right certificate";

/// Clients of the engine's TCP socket.
pub(super) fn transport(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let t = lang.sidecar();
    let row = |look: &Look| {
        let as_it_should = look.is("served") == look.subject.starts_with(RIGHT);
        let tone = if as_it_should { Tone::Yes } else { Tone::No };
        let client = Cell::new(&look.subject).english();
        vec![client, cell(look, tone, lang)]
    };
    let rows: Vec<Vec<Cell>> = sidecar.transport().map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    vec![
        Piece::Heading(3, t.transport_title.to_owned()),
        Piece::Table(Table {
            caption: t.transport_caption.to_owned(),
            columns: vec![words(t.column_client), words(t.column_outcome)],
            rows,
            fit: Fit::Narrow,
        }),
    ]
}

/// How many requests, by which rule, and each of them.
pub(super) fn plugin(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let t = lang.sidecar();
    let hostile: Vec<&Look> = sidecar.hostile().collect();
    let legitimate: Vec<&Look> = sidecar.legitimate().collect();
    let behaviour: Vec<&Look> = sidecar.plugin_rows().collect();
    if hostile.is_empty()
        && legitimate.is_empty()
        && behaviour.is_empty()
        && sidecar.plugin.is_none()
    {
        return Vec::new();
    }
    let count =
        |looks: &[&Look], outcome: &str| looks.iter().filter(|look| look.is(outcome)).count();
    let rules = sidecar.by_rule();
    let mut pieces = vec![
        Piece::Heading(3, t.plugin_title.to_owned()),
        Piece::Paragraph(fill(
            t.plugin_lead,
            &[
                ("hostile", &hostile.len()),
                ("refused", &count(&hostile, "refused")),
                ("rules", &rules.len()),
                ("rejected", &count(&hostile, "rejected by the daemon")),
                ("allowed", &count(&hostile, "allowed")),
                ("legitimate", &legitimate.len()),
                ("passed", &count(&legitimate, "allowed")),
            ],
        )),
    ];
    if let Some(estimate) = sidecar.plugin.as_ref().and_then(|ratio| ratio.estimate) {
        let ratio = phrases::estimate(Some(estimate), 3, lang);
        pieces.push(Piece::Paragraph(fill(t.plugin_ratio, &[("ratio", &ratio)])));
    }
    let row = |(rule, looks): &(&str, Vec<&Look>)| {
        let names: Vec<&str> = looks.iter().map(|look| &*look.subject).collect();
        vec![
            Cell::new(format!("`{}`", short(rule))),
            Cell::new(looks.len().to_string()),
            Cell::new(names.join("; ")).english(),
        ]
    };
    if !rules.is_empty() {
        pieces.push(Piece::Table(Table {
            caption: t.rules_caption.to_owned(),
            columns: vec![
                words(t.column_rule),
                numbers(t.column_count),
                words(t.column_requests),
            ],
            rows: rules.iter().map(row).collect(),
            fit: Fit::Cards,
        }));
    }
    if let Some(done) = sidecar.done_unguarded() {
        pieces.push(Piece::Paragraph(fill(t.plugin_open, &[("done", &done)])));
    }
    if !hostile.is_empty() {
        let row = |look: &&Look| {
            let open = sidecar.unguarded(&look.subject);
            let open = open.map_or_else(|| Cell::new("–"), |open| cell(open, Tone::Plain, lang));
            request(look, "allowed", lang)
                .into_iter()
                .chain([open])
                .collect()
        };
        let columns = [
            t.column_request,
            t.column_rule,
            t.column_outcome,
            t.column_open,
        ];
        pieces.push(Piece::Details(
            fill(t.hostile_title, &[("count", &hostile.len())]),
            vec![Piece::Table(Table {
                caption: t.hostile_caption.to_owned(),
                columns: columns.map(words).into(),
                rows: hostile.iter().map(row).collect(),
                fit: Fit::Cards,
            })],
        ));
    }
    if !legitimate.is_empty() {
        let columns = [t.column_request, t.column_rule, t.column_outcome];
        pieces.push(Piece::Details(
            fill(t.legitimate_title, &[("count", &legitimate.len())]),
            vec![Piece::Table(Table {
                caption: t.legitimate_caption.to_owned(),
                columns: columns.map(words).into(),
                rows: legitimate
                    .iter()
                    .map(|look| request(look, "refused", lang))
                    .collect(),
                fit: Fit::Cards,
            })],
        ));
    }
    pieces.extend(kept_up(&behaviour, lang));
    pieces
}

/// A request, the rule that refused it, and what became of it.
fn request(look: &Look, wrong: &str, lang: Lang) -> Vec<Cell> {
    let tone = if look.is(wrong) { Tone::No } else { Tone::Yes };
    let name = Cell::new(&look.subject).english();
    if !look.is("refused") {
        return vec![name, Cell::new("–"), cell(look, tone, lang)];
    }
    let rule = Cell::new(format!("`{}`", short(look.rule())));
    // Words that are the rule's name have been said.
    let outcome = if look.rule() == look.words {
        Cell::new(word("refused", lang)).tone(tone)
    } else {
        cell(look, tone, lang)
    };
    vec![name, rule, outcome]
}

/// What becomes of calls while the plugin is killed, and of many at once.
fn kept_up(looks: &[&Look], lang: Lang) -> Option<Piece> {
    let t = lang.sidecar();
    let row = |look: &&Look| {
        let outcome = look.outcome.as_deref();
        let is_right = match (&*look.step, outcome) {
            ("lost" | "wrong", count) => count == Some("0"),
            ("when it is back", outcome) => outcome == Some("served"),
            (step, _) if is_count(step) => true,
            // While it is gone nothing is let through.
            (_, outcome) => outcome == Some("refused"),
        };
        let tone = if is_right { Tone::Yes } else { Tone::No };
        vec![
            Cell::new(&look.subject).english(),
            Cell::new(&look.step).english(),
            cell(look, tone, lang),
        ]
    };
    (!looks.is_empty()).then(|| {
        Piece::Table(Table {
            caption: t.behaviour_caption.to_owned(),
            columns: vec![
                words(t.column_trial),
                words(t.column_step),
                words(t.column_outcome),
            ],
            rows: looks.iter().map(row).collect(),
            fit: Fit::Narrow,
        })
    })
}

/// A set-up a row, what was done with it a column.
pub(super) fn daemonless(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let t = lang.sidecar();
    let looks: Vec<&Look> = sidecar.daemonless().collect();
    if looks.is_empty() {
        return Vec::new();
    }
    let steps = in_order(looks.iter().map(|look| &*look.step));
    let set_ups = in_order(looks.iter().map(|look| &*look.subject));
    let row = |set_up: &&str| {
        let cells = steps.iter().map(|step| {
            let mut looks = looks.iter();
            let look = looks.find(|look| look.subject == *set_up && look.step == *step);
            look.map_or_else(
                || Cell::new("–"),
                |look| {
                    let tone = if look.is("works") {
                        Tone::Yes
                    } else {
                        Tone::No
                    };
                    cell(look, tone, lang)
                },
            )
        });
        std::iter::once(Cell::new(*set_up).english())
            .chain(cells)
            .collect()
    };
    let step = |step: &&str| match *step {
        "build" => words(t.step_build),
        "run" => words(t.step_run),
        "database" => words(t.step_database),
        other => words(word(other, lang)),
    };
    vec![
        Piece::Heading(3, t.daemonless_title.to_owned()),
        Piece::Table(Table {
            caption: t.daemonless_caption.to_owned(),
            columns: std::iter::once(words(t.column_set_up))
                .chain(steps.iter().map(step))
                .collect(),
            rows: set_ups.iter().map(row).collect(),
            fit: Fit::Scroll,
        }),
        Piece::Paragraph(t.daemonless_note.to_owned()),
    ]
}

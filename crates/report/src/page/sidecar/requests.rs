//! Who is served by the engine, which requests the plugin lets through, and building without either.

use super::super::document::{Cell, Fit, Piece, Table, Tone, numbers, words};
use super::super::phrases::{self, short};
use super::{cell, word};
use crate::analysis::sidecar::{Look, Sidecar};
use crate::analysis::trials::in_order;
use crate::language::{Lang, fill};

/// The one that is to be served.
const RIGHT: &str = "right certificate";

/// Clients of the engine's TCP socket.
pub(super) fn transport(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let t = lang.sidecar();
    let row = |look: &Look| {
        let as_it_should = look.is("served") == (look.subject == RIGHT);
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
    let every = [
        (&hostile, "allowed", t.hostile_title, t.hostile_caption),
        (
            &legitimate,
            "refused",
            t.legitimate_title,
            t.legitimate_caption,
        ),
    ];
    for (looks, wrong, title, caption) in every {
        if looks.is_empty() {
            continue;
        }
        let row = |look: &&Look| {
            let tone = if look.is(wrong) { Tone::No } else { Tone::Yes };
            let is_refused = look.is("refused");
            let rule = if is_refused { look.rule() } else { "" };
            let rule = if rule == look.words { "" } else { rule };
            let rule = if rule.is_empty() {
                "–".to_owned()
            } else {
                format!("`{rule}`")
            };
            vec![
                Cell::new(&look.subject).english(),
                Cell::new(rule),
                cell(look, tone, lang),
            ]
        };
        pieces.push(Piece::Details(
            fill(title, &[("count", &looks.len())]),
            vec![Piece::Table(Table {
                caption: caption.to_owned(),
                columns: vec![
                    words(t.column_request),
                    words(t.column_rule),
                    words(t.column_outcome),
                ],
                rows: looks.iter().map(row).collect(),
                fit: Fit::Cards,
            })],
        ));
    }
    pieces.extend(kept_up(&behaviour, lang));
    pieces
}

/// What becomes of calls while the plugin is killed, and of many at once.
fn kept_up(looks: &[&Look], lang: Lang) -> Option<Piece> {
    let t = lang.sidecar();
    let row = |look: &&Look| {
        let outcome = look.outcome.as_deref();
        let tone = match (&*look.step, outcome) {
            ("lost" | "wrong", Some("0")) => Tone::Yes,
            ("lost" | "wrong", _)
            | ("while it is gone", Some("served"))
            | ("when it is back", Some("refused")) => Tone::No,
            _ => Tone::Yes,
        };
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

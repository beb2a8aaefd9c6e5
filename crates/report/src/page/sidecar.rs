//! The section on patterns that give a pod an engine: the comparison, which one for whom, ways out,
//! who is served, what the plugin refuses, building without a daemon.

use super::Source;
use super::phrases::short;
use crate::analysis::sidecar::{Grade, Look, Sidecar};
use crate::language::{Lang, Texted as _, fill};
use facts::document::{Cell, Column, Fit, Piece, Table, Tone, words};

mod advice;
mod comparison;
mod requests;

pub(crate) use comparison::{grade_word, time_title, title};

/// Nothing for a run of another experiment.
pub(super) fn sidecar(source: &Source) -> Vec<Piece> {
    let lang = source.lang;
    let of = |sidecar: &Sidecar| {
        let t = lang.sidecar();
        let mut pieces = vec![Piece::Heading(2, t.section_sidecar.to_owned())];
        if !sidecar.strangers.is_empty() {
            let rows = sidecar.strangers.join("; ");
            pieces.push(Piece::Note(fill(t.strangers, &[("rows", &rows)])));
        }
        if !sidecar.patterns.is_empty() {
            pieces.extend(comparison::comparison(sidecar, source));
            pieces.extend(advice::advice(sidecar, lang));
        }
        pieces.extend(ways(sidecar, lang));
        pieces.extend(requests::transport(sidecar, lang));
        pieces.extend(requests::plugin(sidecar, lang));
        pieces.extend(requests::daemonless(sidecar, lang));
        pieces
    };
    source.analysis.sidecars().flat_map(of).collect()
}

fn tone(grade: Grade) -> Tone {
    match grade {
        Grade::Good => Tone::Yes,
        Grade::Mixed => Tone::Mixed,
        Grade::Bad => Tone::No,
        Grade::Unseen => Tone::Missing,
    }
}

/// An outcome of the record in the page's language; one that is a name stays as it is.
fn word(outcome: &str, lang: Lang) -> String {
    let t = lang.sidecar();
    let known = [
        ("works", t.word_works),
        ("fails", t.word_fails),
        ("none", t.word_none),
        ("default", t.word_default),
        ("full", t.word_full),
        ("the node's", t.word_nodes),
        ("no engine", t.word_no_engine),
        ("refused", t.word_refused),
        ("enough", t.word_enough),
        ("not enough", t.word_not_enough),
        ("not needed", t.word_not_needed),
        ("wrong", t.word_wrong),
        ("none of the node", t.word_none_of_the_node),
        ("files", t.word_files),
        ("processes", t.word_processes),
        ("devices", t.word_devices),
        ("containers", t.word_containers),
        ("nothing", t.word_nothing),
        ("container", t.word_container),
        ("image", t.word_image),
        ("network", t.word_network),
        ("volume", t.word_volume),
        ("kept", t.word_kept),
        ("lost", t.word_lost),
        ("counted", t.word_counted),
        ("missed", t.word_missed),
        ("conflict", t.word_conflict),
        ("shared", t.word_shared),
        ("reaches the node", t.word_reaches),
        ("stays inside", t.word_inside),
        ("served", t.word_served),
        ("allowed", t.word_allowed),
        ("rejected by the daemon", t.word_rejected),
    ];
    let of = |outcome: &str| {
        let found = known.iter().find(|(english, _)| *english == outcome);
        found.map(|(_, word)| (*word).to_owned())
    };
    of(outcome).unwrap_or_else(|| {
        // A list, of which each has its word.
        let words = outcome.split_whitespace();
        let words = words.map(|word| of(word).unwrap_or_else(|| word.to_owned()));
        words.collect::<Vec<_>>().join(", ")
    })
}

/// The word of an outcome, or that it was not seen.
fn seen(look: &Look, lang: Lang) -> String {
    let outcome = look.outcome.as_deref();
    outcome.map_or_else(
        || lang.sidecar().word_not_seen.to_owned(),
        |outcome| word(outcome, lang),
    )
}

/// An outcome with the words of what refused below it.
fn cell(look: &Look, tone: Tone, lang: Lang) -> Cell {
    let tone = if look.outcome.is_none() {
        Tone::Missing
    } else {
        tone
    };
    let cell = Cell::new(seen(look, lang)).tone(tone);
    if look.words.is_empty() {
        return cell;
    }
    cell.below(short(&look.words))
}

fn name(name: &str) -> Cell {
    Cell::new(format!("`{name}`"))
}

/// A way a row, a pattern a column.
fn ways(sidecar: &Sidecar, lang: Lang) -> Vec<Piece> {
    let t = lang.sidecar();
    let ways = sidecar.ways();
    if ways.is_empty() {
        return Vec::new();
    }
    let patterns: Vec<&str> = sidecar
        .patterns
        .iter()
        .copied()
        .filter(|pattern| {
            ways.iter()
                .any(|way| sidecar.escape(pattern, way).is_some())
        })
        .collect();
    let row = |way: &&str| {
        let tried = patterns.iter().map(|pattern| {
            let Some(look) = sidecar.escape(pattern, way) else {
                return Cell::new("–");
            };
            let tone = match look.outcome.as_deref() {
                Some("refused" | "stays inside") => Tone::Yes,
                _ => Tone::No,
            };
            cell(look, tone, lang)
        });
        let is = match *way {
            "privileged-root-mount" => t.way_privileged,
            "bind-root" => t.way_bind,
            "host-pid" => t.way_pid,
            "device" => t.way_device,
            "privileged-device" => t.way_privileged_device,
            "socket-in-container" => t.way_socket,
            "exec-privileged" => t.way_exec,
            "own-container" => t.way_own,
            "engine-taken-over" => t.way_taken_over,
            _ => "",
        };
        let first = name(way);
        let first = if is.is_empty() {
            first
        } else {
            first.below(is)
        };
        std::iter::once(first).chain(tried).collect()
    };
    let column = |pattern: &&str| words(format!("`{pattern}`"));
    vec![
        Piece::Heading(3, t.ways_title.to_owned()),
        Piece::Table(Table {
            caption: t.ways_caption.to_owned(),
            columns: std::iter::once(words(t.column_way))
                .chain(patterns.iter().map(column))
                .collect::<Vec<Column>>(),
            rows: ways.iter().map(row).collect(),
            fit: Fit::Scroll,
        }),
        Piece::Paragraph(t.ways_note.to_owned()),
    ]
}

//! The section on sharing a cache: what becomes of each way and what follows, who refuses, the
//! shortest lists that do damage, and what each way costs.

use std::borrow::Cow;

use super::Source;
use super::phrases::{ratio_cell, short};
use crate::analysis::sharing::{self, Class, Refusals, Sharing};
use crate::figure::Kind;
use crate::language::{Lang, SharingTexts, Texted as _, fill};
use facts::document::{Cell, Column, Fit, Piece, Table, Tone, numbers, words};

mod advice;
mod costs;
mod search;

/// Nothing for a run that shares nothing.
pub(super) fn sharing(source: &Source) -> Vec<Piece> {
    let lang = source.lang;
    let of = |sharing: &Sharing| {
        let mut pieces = vec![Piece::Heading(2, lang.sharing().section_sharing.to_owned())];
        if !sharing.strangers.is_empty() {
            let subjects = sharing.strangers.join(", ");
            let told = fill(lang.sharing().strangers, &[("subjects", &subjects)]);
            pieces.push(Piece::Note(told));
        }
        if !sharing.cells.is_empty() {
            pieces.extend(ways(sharing, source));
            pieces.extend(refusals(sharing, lang));
            pieces.extend(search::searches(sharing, lang));
        }
        pieces.extend(costs::costs(sharing, lang));
        pieces
    };
    source.analysis.sharings().flat_map(of).collect()
}

/// The word of a class.
pub(crate) fn class(class: Class, t: &SharingTexts) -> &'static str {
    match class {
        Class::Safe => t.class_safe,
        Class::Leaks => t.class_leaks,
        Class::StaleView => t.class_stale_view,
        Class::JobsFail => t.class_jobs_fail,
        Class::Refused => t.class_refused,
        Class::Lost => t.class_lost,
        Class::Corrupt => t.class_corrupt,
        Class::Unfinished => t.class_unfinished,
        Class::NotOnKernel => t.class_not_on_kernel,
        Class::NotWithoutRoot => t.class_not_without_root,
        Class::NotMade => t.class_not_made,
    }
}

fn tone(class: Class) -> Tone {
    match class {
        Class::Safe | Class::Leaks => Tone::Yes,
        Class::StaleView | Class::JobsFail | Class::Refused => Tone::Mixed,
        Class::Lost | Class::Corrupt => Tone::No,
        Class::Unfinished => Tone::Open,
        Class::NotOnKernel | Class::NotWithoutRoot | Class::NotMade => Tone::Missing,
    }
}

/// A way a row, a generation a column; then what it costs, and one line of advice.
fn ways(sharing: &Sharing, source: &Source) -> Vec<Piece> {
    let (lang, t) = (source.lang, source.lang.sharing());
    let generations = sharing.generations();
    let counts = Class::ALL.into_iter().filter_map(|of| {
        let count = sharing.cells.iter().filter(|cell| cell.class == of).count();
        (count > 0).then(|| format!("{} {count}", class(of, t)))
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    let found = sharing.ways();
    let lead = fill(
        t.sharing_lead,
        &[
            ("ways", &found.len()),
            ("cells", &sharing.cells.len()),
            ("generations", &generations.len()),
            ("classes", &counts),
        ],
    );
    let mut pieces = vec![Piece::Paragraph(lead)];
    pieces.extend(source.figure(Kind::Sharing));
    let row = |way: &(&str, &str)| {
        let name = Cell::new(format!("`{} {}`", way.0, way.1)).below(advice::is(way.1, lang));
        let classes = generations.iter().map(|generation| {
            let cell = sharing.cell(generation, *way);
            cell.map_or_else(|| Cell::new("–"), |cell| class_cell(cell, lang))
        });
        let cost = sharing
            .cost_of(way.1)
            .and_then(|cost| cost.to_cold.as_ref());
        let cost = ratio_cell(cost, lang);
        std::iter::once(name)
            .chain(classes)
            .chain([cost, advice::advice(&sharing.advice(*way), lang)])
            .collect()
    };
    let column = |name: &&str| Column {
        title: Cow::Owned((*name).to_owned()),
        number: false,
    };
    pieces.push(Piece::Table(Table {
        caption: t.sharing_caption.to_owned(),
        columns: std::iter::once(words(t.column_way))
            .chain(generations.iter().map(column))
            .chain([numbers(t.column_cost), words(t.column_advice)])
            .collect(),
        rows: found.iter().map(row).collect(),
        fit: Fit::Cards,
    }));
    pieces.push(Piece::Paragraph(t.sharing_note.to_owned()));
    pieces.extend(advice::cheapest(sharing, lang));
    let definitions = [
        t.define_safe,
        t.define_leaks,
        t.define_stale_view,
        t.define_jobs_fail,
        t.define_refused,
        t.define_lost,
        t.define_corrupt,
        t.define_unfinished,
        t.define_no_place,
    ];
    pieces.push(Piece::Details(
        t.define_title.to_owned(),
        vec![Piece::List(definitions.map(str::to_owned).to_vec())],
    ));
    pieces
}

fn class_cell(cell: &sharing::Cell, lang: Lang) -> Cell {
    let t = lang.sharing();
    let mut shown = Cell::new(class(cell.class, t)).tone(tone(cell.class));
    if cell.trial != cell.class {
        let alone = class(cell.trial, t);
        shown = shown.below(fill(t.trial_alone, &[("class", &alone)]));
    }
    let after = cell.refusal.as_ref().and_then(|refusal| refusal.after_ns);
    shown.below.extend(after.map(|ns| seconds(ns, lang)));
    let operations = cell.operations.map(|(done, asked)| {
        let values: [(&str, &dyn std::fmt::Display); 2] = [("done", &done), ("asked", &asked)];
        fill(t.acknowledged, &values)
    });
    shown.below.extend(operations);
    let search = cell.search.as_ref();
    shown
        .below
        .extend(search.map(|search| search::ended(&search.end, lang)));
    shown
}

fn seconds(ns: u64, lang: Lang) -> String {
    let seconds = lang.number(ns as f64 / 1e9, 1);
    fill(lang.sharing().after, &[("seconds", &seconds)])
}

fn refusals(sharing: &Sharing, lang: Lang) -> Vec<Piece> {
    let t = lang.sharing();
    let mut pieces = vec![Piece::Heading(3, t.refusals_title.to_owned())];
    let groups = sharing.refusals();
    if groups.is_empty() {
        pieces.push(Piece::Paragraph(t.no_refusals.to_owned()));
        return pieces;
    }
    let row = |group: &Refusals| {
        let name = match group.fingerprint {
            Some(known) => Cell::new(format!("`{}`", known.id)),
            None => Cell::new(t.refusal_unknown).tone(Tone::Missing),
        };
        let sentence = |of: Option<&String>| match of {
            // Causes and remedies are English.
            Some(text) => match lang {
                Lang::En => Cell::new(text),
                Lang::Es => Cell::new(text).english(),
            },
            None => Cell::new("–"),
        };
        let times = group.cells.iter();
        let times = times.filter_map(|cell| cell.refusal.as_ref()?.after_ns);
        let (least, most) = (times.clone().min(), times.max());
        let range = least.zip(most).map(|(least, most)| {
            let [least, most] = [least, most].map(|ns| lang.number(ns as f64 / 1e9, 1));
            if least == most {
                format!("{least} s")
            } else {
                format!("{least}–{most} s")
            }
        });
        let names = group.cells.iter().map(|cell| format!("`{}`", cell.name));
        vec![
            name,
            Cell::new(names.collect::<Vec<_>>().join(", ")),
            Cell::new(range.unwrap_or_else(|| "–".to_owned())),
            sentence(group.fingerprint.map(|known| &known.cause)),
            sentence(group.fingerprint.map(|known| &known.remedy)),
            Cell::new(short(group.words)).english(),
        ]
    };
    pieces.push(Piece::Table(Table {
        caption: t.refusals_caption.to_owned(),
        columns: vec![
            words(t.column_refusal),
            words(t.column_cells),
            words(t.column_after),
            words(t.column_cause),
            words(t.column_remedy),
            words(t.column_words),
        ],
        rows: groups.iter().map(row).collect(),
        fit: Fit::Cards,
    }));
    pieces
}

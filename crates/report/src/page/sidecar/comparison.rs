//! One table: an aspect a row, a pattern a column, as a tutorial would compare them.

use measure::Metric;

use super::super::Source;
use super::super::phrases::{self, short};
use super::{name, seen, tone, word};
use crate::analysis::sidecar::{
    Aspect, Grade, Look, Memory, REACHES, REFERENCE, Sidecar, TIMES, Time,
};
use crate::figure::Kind;
use crate::language::{Lang, SidecarTexts, Texted as _, fill};
use facts::document::{Cell, Fit, Piece, Table, Tone, words};
use facts::unit;

pub(super) fn comparison(sidecar: &Sidecar, source: &Source) -> Vec<Piece> {
    let (lang, t) = (source.lang, source.lang.sidecar());
    let tried = || {
        sidecar
            .patterns
            .iter()
            .flat_map(|name| sidecar.escapes(name))
    };
    let reach = tried().filter(|look| look.is(REACHES)).count();
    let lead = fill(
        t.sidecar_lead,
        &[
            ("patterns", &sidecar.patterns.len()),
            ("tried", &tried().count()),
            ("reach", &reach),
        ],
    );
    let mut pieces = vec![Piece::Paragraph(lead)];
    pieces.extend(source.figure(Kind::Sidecar));
    let row = |title: &str, of: &dyn Fn(&str) -> Cell| -> Vec<Cell> {
        let cells = sidecar.patterns.iter().map(|pattern| of(pattern));
        std::iter::once(Cell::new(title)).chain(cells).collect()
    };
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for aspect in Aspect::ALL {
        rows.push(row(title(aspect, t), &|pattern| {
            aspect_cell(sidecar, pattern, aspect, lang)
        }));
    }
    for (index, (what, _)) in TIMES.into_iter().enumerate() {
        rows.push(row(time_title(index, t), &|pattern| {
            time(sidecar.time(pattern, what), lang)
        }));
    }
    rows.push(row(t.row_memory, &|pattern| memory(sidecar, pattern, lang)));
    let column = |pattern: &&str| words(format!("`{pattern}`"));
    pieces.push(Piece::Table(Table {
        caption: t.sidecar_caption.to_owned(),
        columns: std::iter::once(words(t.column_aspect))
            .chain(sidecar.patterns.iter().map(column))
            .collect(),
        rows,
        fit: Fit::Scroll,
    }));
    pieces.push(Piece::Paragraph(t.sidecar_note.to_owned()));
    pieces.push(Piece::Details(
        t.patterns_title.to_owned(),
        vec![Piece::List(
            [
                t.is_dind,
                t.is_dood,
                t.is_sidecar,
                t.is_open,
                t.is_daemonless,
            ]
            .map(str::to_owned)
            .to_vec(),
        )],
    ));
    pieces
}

pub(crate) fn title(aspect: Aspect, t: &SidecarTexts) -> &'static str {
    match aspect {
        Aspect::Job => t.row_job,
        Aspect::Privilege => t.row_privilege,
        Aspect::Escape => t.row_escape,
        Aspect::Isolation => t.row_isolation,
        Aspect::Cache => t.row_cache,
        Aspect::Storage => t.row_storage,
        Aspect::Accounting => t.row_accounting,
        Aspect::Collisions => t.row_collisions,
    }
}

pub(crate) fn time_title(index: usize, t: &SidecarTexts) -> &'static str {
    [t.row_start, t.row_first, t.row_again][index]
}

/// In a word or two how a pattern stands in an aspect.
pub(crate) fn grade_word(
    sidecar: &Sidecar,
    pattern: &str,
    aspect: Aspect,
    grade: Grade,
    lang: Lang,
) -> String {
    let t = lang.sidecar();
    if grade == Grade::Unseen {
        return t.word_not_seen.to_owned();
    }
    let outcome = |property: &str| sidecar.seen(pattern, property);
    let said = |property: &str| outcome(property).map_or_else(String::new, |it| word(it, lang));
    match aspect {
        Aspect::Job => said("job"),
        Aspect::Privilege => {
            let privilege = [outcome("agent-privilege"), outcome("engine-privilege")];
            let text = match privilege {
                [Some("full"), _] => t.privilege_agent,
                [_, Some("full")] => t.privilege_engine,
                [_, Some("the node's")] => t.privilege_nodes,
                _ => t.privilege_none,
            };
            text.to_owned()
        }
        Aspect::Escape if grade == Grade::Bad => t.escape_reaches.to_owned(),
        Aspect::Escape if grade == Grade::Mixed => t.escape_engine.to_owned(),
        Aspect::Escape => t.escape_none.to_owned(),
        Aspect::Isolation if grade == Grade::Mixed => t.isolation_mounted.to_owned(),
        Aspect::Isolation if outcome("isolation") == Some("none of the node") => {
            t.isolation_none.to_owned()
        }
        Aspect::Isolation => fill(t.isolation_sees, &[("outcome", &said("isolation"))]),
        Aspect::Cache => said("cache"),
        Aspect::Storage if grade == Grade::Mixed => {
            fill(t.storage_mixed, &[("outcome", &said("storage-volume"))])
        }
        Aspect::Storage => said("storage-volume"),
        Aspect::Accounting if grade == Grade::Mixed => t.accounting_mixed.to_owned(),
        Aspect::Accounting => said("accounting"),
        Aspect::Collisions => {
            let kinds = [
                ("collision-container", t.collision_names),
                ("collision-volume", t.collision_volumes),
            ];
            let kinds = kinds
                .into_iter()
                .filter(|(property, _)| outcome(property).is_some_and(|outcome| outcome != "none"));
            let kinds: Vec<&str> = kinds.map(|(_, text)| text).collect();
            if kinds.is_empty() {
                t.word_none.to_owned()
            } else {
                kinds.join(", ")
            }
        }
    }
}

fn aspect_cell(sidecar: &Sidecar, pattern: &str, aspect: Aspect, lang: Lang) -> Cell {
    let t = lang.sidecar();
    let Some(grade) = sidecar.grade(pattern, aspect) else {
        return Cell::new("–");
    };
    let mut cell = Cell::new(grade_word(sidecar, pattern, aspect, grade, lang)).tone(tone(grade));
    let mut more = |template: &str, property: &str| {
        if let Some(look) = sidecar.property(pattern, property) {
            let outcome = seen(look, lang);
            cell.below.push(fill(template, &[("outcome", &outcome)]));
        }
    };
    match aspect {
        Aspect::Job | Aspect::Cache => {}
        Aspect::Collisions if grade == Grade::Good => {}
        Aspect::Privilege => {
            more(t.privilege_of_agent, "agent-privilege");
            more(t.privilege_of_engine, "engine-privilege");
            more(t.privilege_without, "without-privilege");
            more(t.privilege_group, "group-of-the-socket");
            more(t.socket_missing, "socket-missing");
        }
        Aspect::Escape => cell.below.extend(escapes(sidecar, pattern, lang)),
        Aspect::Isolation => {
            more(t.isolation_paths, "node-paths");
            more(t.isolation_next, "next-pod");
        }
        Aspect::Storage => more(t.storage_layer, "storage-layer"),
        Aspect::Accounting => more(t.accounting_hosts, "accounting-host-cgroupns"),
        Aspect::Collisions => {
            more(t.collision_container, "collision-container");
            more(t.collision_volume, "collision-volume");
        }
    }
    // Why something could not be seen, or where it was; escapes have a table of their own.
    let why = match aspect {
        Aspect::Job => "job",
        Aspect::Privilege => "agent-privilege",
        Aspect::Cache => "cache",
        Aspect::Storage => "storage-volume",
        Aspect::Accounting => "accounting",
        Aspect::Escape | Aspect::Isolation | Aspect::Collisions => "",
    };
    let look = sidecar.property(pattern, why);
    let reason = look.map(|look: &Look| &*look.words);
    cell.below
        .extend(reason.filter(|words| !words.is_empty()).map(short));
    cell
}

/// How the ways that were tried ended.
fn escapes(sidecar: &Sidecar, pattern: &str, lang: Lang) -> Vec<String> {
    let t = lang.sidecar();
    let looks = sidecar.escapes(pattern);
    let of = |outcome: Option<&'static str>| {
        looks
            .iter()
            .filter(move |look| look.outcome.as_deref() == outcome)
    };
    let named = of(Some(REACHES)).map(|look| format!("`{}`", look.step));
    let named = named.collect::<Vec<_>>().join(", ");
    let mut told = Vec::new();
    if !named.is_empty() {
        told.push(named);
    }
    for outcome in [Some("refused"), Some("stays inside"), None] {
        let count = of(outcome).count();
        if count > 0 {
            let outcome = outcome.map_or_else(|| t.word_not_seen.to_owned(), |it| word(it, lang));
            let all = looks.len();
            told.push(fill(
                t.escape_count,
                &[("count", &count), ("all", &all), ("outcome", &outcome)],
            ));
        }
    }
    let taken = sidecar.taken_over(pattern);
    told.extend(taken.map(|look| fill(t.escape_taken_over, &[("outcome", &seen(look, lang))])));
    told
}

/// Median, interval, and the ratio to the reference.
fn time(time: Option<&Time>, lang: Lang) -> Cell {
    let t = lang.sidecar();
    let Some(time) = time else {
        return Cell::new("–");
    };
    // One unit for a table.
    let unit = unit(Metric::Job);
    let Some(median) = time.arm.median else {
        return Cell::new(lang.texts().no_reading).tone(Tone::Missing);
    };
    let mut cell = Cell::new(format!(
        "{} {}",
        unit.amount(median.value, lang),
        unit.symbol()
    ));
    cell = cell.below(match median.interval {
        Some(range) => {
            let [low, high] = [range.low, range.high].map(|ns| unit.amount(ns, lang));
            fill(
                t.interval_n,
                &[("low", &low), ("high", &high), ("n", &time.arm.n)],
            )
        }
        None => fill(lang.texts().no_interval_n, &[("n", &time.arm.n)]),
    });
    let ratio = time.ratio.as_ref();
    if let Some((ratio, found)) = ratio.and_then(|ratio| Some((ratio, ratio.estimate?))) {
        let star = if ratio.primary { " *" } else { "" };
        let found = phrases::estimate(Some(found), 2, lang);
        cell = cell.below(fill(
            t.times_reference,
            &[
                ("ratio", &found),
                ("reference", &REFERENCE),
                ("star", &star),
            ],
        ));
    }
    cell
}

/// Of fresh pods; where they are too few for an interval, the range is said and called one.
fn memory(sidecar: &Sidecar, pattern: &str, lang: Lang) -> Cell {
    let t = lang.sidecar();
    let mut cell = sidecar
        .memory(pattern)
        .map_or_else(|| Cell::new("–"), |found| weighed(found, lang));
    if let Some(look) = sidecar.property(pattern, "daemons") {
        cell = cell.below(fill(t.daemons, &[("outcome", &seen(look, lang))]));
    }
    cell
}

fn weighed(memory: &Memory, lang: Lang) -> Cell {
    let t = lang.sidecar();
    let megabytes = |bytes: f64| lang.number(bytes / 1e6, 1);
    let Some(estimate) = memory.estimate else {
        return Cell::new("–");
    };
    let cell = Cell::new(format!("{} MB", megabytes(estimate.value)));
    let (template, low, high) = match estimate.interval {
        Some(range) => (t.interval_n, range.low, range.high),
        None => (t.range_n, memory.least, memory.most),
    };
    cell.below(fill(
        template,
        &[
            ("low", &megabytes(low)),
            ("high", &megabytes(high)),
            ("n", &memory.n),
        ],
    ))
}

/// The name of a pattern, as rows of other tables begin.
pub(super) fn pattern(pattern: &str, lang: Lang) -> Cell {
    let t = lang.sidecar();
    let is = match pattern {
        "dind" => t.short_dind,
        "dood" => t.short_dood,
        "sidecar" => t.short_sidecar,
        "sidecar-open" => t.short_open,
        _ => t.short_daemonless,
    };
    name(pattern).below(is)
}

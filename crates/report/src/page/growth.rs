//! Sections on what grows with the level: which model it follows, and what the tutorial asks.

use measure::Metric;
use measure::stats::Model;

use super::{Source, phrases};
use crate::analysis::{Comparison, Estimate, Factor, Place, Predicted, SeriesSummary, Way};
use crate::figure::Kind;
use crate::language::{Lang, Texted as _, fill};
use facts::document::{Cell, Fit, Piece, Table, Tone, numbers, words};
use facts::unit;

/// Nothing for a run without a series.
pub(super) fn growth(source: &Source) -> Vec<Piece> {
    let (lang, t) = (source.lang, source.lang.levels());
    let series: Vec<&SeriesSummary> = source.analysis.growth().collect();
    if series.is_empty() {
        return Vec::new();
    }
    let mut pieces = vec![
        Piece::Heading(2, t.section_growth.to_owned()),
        Piece::Paragraph(t.growth_rule.to_owned()),
    ];
    pieces.extend(source.figure(Kind::Levels));
    let (calls, first): (Vec<&SeriesSummary>, Vec<&SeriesSummary>) =
        series.iter().partition(|of| of.metric == Metric::Syscall);
    if !first.is_empty() {
        pieces.push(table(&first, lang));
    }
    pieces.push(Piece::Paragraph(t.growth_words.to_owned()));
    let sessions = series.iter().map(|series| series.sessions).max();
    if let Some(sessions) = sessions.filter(|count| *count > 1) {
        pieces.push(Piece::Paragraph(fill(
            t.growth_pooled,
            &[("sessions", &sessions)],
        )));
    }
    if !calls.is_empty() {
        pieces.push(Piece::Details(
            t.growth_no_figure.to_owned(),
            vec![table(&calls, lang)],
        ));
    }
    pieces
}

fn table(series: &[&SeriesSummary], lang: Lang) -> Piece {
    let t = lang.levels();
    Piece::Table(Table {
        caption: t.growth_caption.to_owned(),
        columns: vec![
            words(t.column_series),
            words(t.column_medians),
            numbers(t.column_observed),
            numbers(t.column_additive),
            numbers(t.column_multiplicative),
            numbers(lang.texts().column_blocks),
            words(t.column_model),
        ],
        rows: series.iter().map(|series| row(series, lang)).collect(),
        fit: Fit::Cards,
    })
}

fn row(series: &SeriesSummary, lang: Lang) -> Vec<Cell> {
    let t = lang.levels();
    let medians = series.levels.iter().map(|level| {
        let amount = amount(series, level.median.map(|median| median.value), lang);
        fill(
            t.level_amount,
            &[("level", &level.level), ("amount", &amount)],
        )
    });
    let observed = series.held_out().and_then(|level| level.median);
    let mut observed_cell = Cell::new(amount(series, observed.map(|found| found.value), lang));
    if let Some(range) = observed.and_then(|found| found.interval) {
        let ends = [range.low, range.high].map(|ns| unit(series.metric).amount(ns, lang));
        observed_cell = observed_cell.below(fill(
            lang.texts().range,
            &[("low", &ends[0]), ("high", &ends[1])],
        ));
    }
    let predicted = |model: Option<Predicted>| match model {
        Some(model) => Cell::new(amount(series, Some(model.last_level_ns), lang)).below(fill(
            t.observed_over,
            &[("ratio", &phrases::predicted(model, lang))],
        )),
        None => Cell::new("–").tone(Tone::Missing),
    };
    let step = fill(t.step_adds, &[("step", &step(series, lang))]);
    vec![
        Cell::new(format!("`{}`", series.series)).below(format!(
            "{}, {}",
            unit(series.metric).heading(lang),
            phrases::observer(series.observer, lang)
        )),
        Cell::new(medians.collect::<Vec<_>>().join(" · ")).below(step),
        observed_cell,
        predicted(series.additive),
        predicted(series.multiplicative),
        Cell::new(series.blocks.to_string()),
        model_cell(series.model, lang),
    ]
}

fn model_cell(model: Option<Model>, lang: Lang) -> Cell {
    let t = lang.levels();
    let (text, tone) = match model {
        Some(Model::Additive) => (t.model_additive, Tone::Yes),
        Some(Model::Multiplicative) => (t.model_multiplicative, Tone::Yes),
        Some(Model::Both) => (t.model_both, Tone::Open),
        Some(Model::Neither) => (t.model_neither, Tone::No),
        None => (t.model_none, Tone::Missing),
    };
    Cell::new(text).tone(tone)
}

fn amount(series: &SeriesSummary, ns: Option<f64>, lang: Lang) -> String {
    let unit = unit(series.metric);
    ns.map_or_else(
        || "–".to_owned(),
        |ns| format!("{} {}", unit.amount(ns, lang), unit.symbol()),
    )
}

/// What a level adds, with its interval and unit.
fn step(series: &SeriesSummary, lang: Lang) -> String {
    let symbol = unit(series.metric).symbol();
    format!("{} {symbol}", in_unit(series.step, series.metric, lang))
}

/// A time that may be negative, with its interval, in the metric's unit.
fn in_unit(estimate: Option<Estimate>, metric: Metric, lang: Lang) -> String {
    let estimate = estimate.map(|found| found.map(|ns| ns / unit(metric).ns));
    let size = estimate.map_or(0.0, |found| found.value.abs());
    let decimals = match size {
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    phrases::estimate(estimate, decimals, lang).replace('-', "−")
}

/// The three questions of the tutorial's Part D; nothing for a run that has arms for none of them.
pub(super) fn answers(source: &Source) -> Vec<Piece> {
    let t = source.lang.levels();
    let startup: Vec<&SeriesSummary> = source
        .analysis
        .growth()
        .filter(|of| of.metric == Metric::Startup && Place::of(&of.series).is_some())
        .collect();
    if startup.is_empty() {
        return Vec::new();
    }
    let runs = || source.analysis.runs.iter().map(|run| &run.answers);
    let mut cpu: Vec<String> = runs()
        .flat_map(|answers| &answers.accumulation)
        .map(|held| accumulation(held, source))
        .collect();
    cpu.extend(
        runs()
            .flat_map(|answers| &answers.accumulation)
            .filter(|held| held.first.observer == "self")
            .map(|held| why(&held.first, source)),
    );
    if !cpu.is_empty() {
        cpu.extend(ways_in(source));
    }
    let mut engines: Vec<String> = runs()
        .flat_map(|answers| &answers.engines)
        .map(|held| engine(held, source))
        .collect();
    if !engines.is_empty() {
        engines.push(t.engine_note.to_owned());
    }
    let growth = startup.iter().map(|series| of_series(series, source.lang));
    let mut pieces = vec![
        Piece::Heading(2, t.section_answers.to_owned()),
        Piece::Paragraph(t.answers_lead.to_owned()),
    ];
    for (question, sentences) in [
        (t.question_growth, growth.collect()),
        (t.question_cpu, cpu),
        (t.question_engine, engines),
    ] {
        pieces.push(Piece::Heading(3, question.to_owned()));
        pieces.push(if sentences.is_empty() {
            Piece::Paragraph(t.no_arms_for_it.to_owned())
        } else {
            Piece::List(sentences)
        });
    }
    pieces
}

fn of_series(series: &SeriesSummary, lang: Lang) -> String {
    let t = lang.levels();
    let observer = phrases::observer(series.observer, lang);
    let found = series
        .additive
        .zip(series.multiplicative)
        .zip(series.model)
        .zip(series.held_out());
    let Some((((additive, multiplicative), model), last)) = found else {
        return fill(
            t.answer_growth_none,
            &[
                ("series", &series.series),
                ("observer", &observer),
                ("blocks", &series.blocks),
            ],
        );
    };
    let verdict = match model {
        Model::Additive => t.is_additive,
        Model::Multiplicative => t.is_multiplicative,
        Model::Both => t.is_both,
        Model::Neither => t.is_neither,
    };
    let unit = unit(series.metric);
    fill(
        t.answer_growth,
        &[
            ("series", &series.series),
            ("observer", &observer),
            ("verdict", &verdict),
            ("step", &in_unit(series.step, series.metric, lang)),
            ("symbol", &unit.symbol()),
            ("last", &last.level),
            ("observed", &in_unit(last.median, series.metric, lang)),
            ("additive", &unit.amount(additive.last_level_ns, lang)),
            ("additive_ratio", &phrases::predicted(additive, lang)),
            (
                "multiplicative",
                &unit.amount(multiplicative.last_level_ns, lang),
            ),
            (
                "multiplicative_ratio",
                &phrases::predicted(multiplicative, lang),
            ),
        ],
    )
}

fn factor(factor: &Factor, lang: Lang) -> String {
    phrases::estimate(factor.estimate, 3, lang)
}

fn accumulation(held: &Comparison, source: &Source) -> String {
    let (lang, t) = (source.lang, source.lang.levels());
    let margin = lang.trimmed(source.margin());
    let verdict = match held.less() {
        Way::First => t.cpu_less.to_owned(),
        Way::Second => t.cpu_more.to_owned(),
        Way::Alike => fill(t.both_alike, &[("margin", &margin)]),
        Way::Open => t.cpu_open.to_owned(),
    };
    fill(
        t.answer_cpu,
        &[
            ("cpu", &held.first.series),
            (
                "cpu_observer",
                &phrases::observer(held.first.observer, lang),
            ),
            ("cpu_factor", &factor(&held.first, lang)),
            ("startup", &held.second.series),
            (
                "startup_observer",
                &phrases::observer(held.second.observer, lang),
            ),
            ("startup_factor", &factor(&held.second, lang)),
            ("ratio", &phrases::estimate(held.ratio, 3, lang)),
            ("verdict", &verdict),
        ],
    )
}

/// What the workload's own clock says of the depth.
fn why(own: &Factor, source: &Source) -> String {
    let (lang, t) = (source.lang, source.lang.levels());
    let margin = lang.trimmed(source.margin());
    let values: [(&str, &dyn std::fmt::Display); 3] = [
        ("series", &own.series),
        ("factor", &factor(own, lang)),
        ("margin", &margin),
    ];
    if own.verdict.is_equivalent() {
        fill(t.why_alike, &values)
    } else if own.verdict.is_different() {
        fill(t.why_different, &values)
    } else {
        fill(t.why_open, &values)
    }
}

/// The hops that the run has arms for.
fn ways_in(source: &Source) -> Option<String> {
    let lang = source.lang;
    let hops = source.analysis.arms().filter(|arm| {
        Place::of(&arm.arm).is_some_and(|place| place.work == "hop") && arm.median.is_some()
    });
    let hops: Vec<String> = hops
        .map(|arm| {
            let median = in_unit(arm.median, arm.metric, lang);
            format!("`{}` {median} {}", arm.arm, unit(arm.metric).symbol())
        })
        .collect();
    (!hops.is_empty()).then(|| fill(lang.levels().ways_in, &[("hops", &hops.join("; "))]))
}

fn engine(held: &Comparison, source: &Source) -> String {
    let (lang, t) = (source.lang, source.lang.levels());
    let margin = lang.trimmed(source.margin());
    let by_factor = match held.less() {
        Way::First => t.factor_docker.to_owned(),
        Way::Second => t.factor_podman.to_owned(),
        Way::Alike => fill(t.factor_alike, &[("margin", &margin)]),
        Way::Open => t.factor_open.to_owned(),
    };
    let by_time = match held.less_time() {
        Way::First => t.time_docker,
        Way::Second => t.time_podman,
        Way::Alike | Way::Open => t.time_open,
    };
    fill(
        t.answer_engine,
        &[
            ("docker", &held.first.series),
            ("podman", &held.second.series),
            ("observer", &phrases::observer(held.first.observer, lang)),
            ("docker_factor", &factor(&held.first, lang)),
            ("podman_factor", &factor(&held.second, lang)),
            ("ratio", &phrases::estimate(held.ratio, 3, lang)),
            ("by_factor", &by_factor),
            ("added", &in_unit(held.added, held.first.metric, lang)),
            ("symbol", &unit(held.first.metric).symbol()),
            ("by_time", &by_time),
        ],
    )
}

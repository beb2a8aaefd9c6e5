//! Section 6: how it was measured.

use std::collections::BTreeMap;

use measure::stats::{ALPHA, median};
use measure::{Manifest, Status, Stopped, Stopping};

use super::{Source, environment, phrases};
use crate::analysis::{BlockSummary, RatioSummary, sessions_needed};
use crate::language::{Texted as _, fill};
use facts::Record;
use facts::document::{Cell, Fit, Piece, Table, numbers, words};
use facts::unit;

pub(super) fn method(source: &Source) -> miette::Result<Vec<Piece>> {
    let (lang, t) = (source.lang, source.lang.texts());
    let mut pieces = vec![Piece::Heading(2, t.section_method.to_owned())];
    if source.runs.records.iter().any(|run| !run.trials.is_empty()) {
        let l = lang.levels();
        pieces.push(Piece::Heading(3, l.trial_title.to_owned()));
        pieces.push(Piece::Paragraph(l.trial_meaning.to_owned()));
    }
    if source.has_arms() {
        pieces.extend(of_samples(source));
    }
    pieces.push(Piece::Heading(3, t.environment_title.to_owned()));
    pieces.extend(environment::sessions(source.runs, lang));
    if source.has_arms() {
        pieces.push(environment::published_setup(lang)?);
        pieces.push(Piece::Heading(3, t.blocks_title.to_owned()));
        pieces.push(blocks(source));
    }
    pieces.push(Piece::Heading(3, t.limits_title.to_owned()));
    pieces.push(Piece::List(limits(source)));
    pieces.push(Piece::Heading(3, t.rebuild_title.to_owned()));
    pieces.push(Piece::List(
        source
            .runs
            .records
            .iter()
            .map(|record| command(record, source))
            .collect(),
    ));
    pieces.push(Piece::Paragraph(t.rebuild.to_owned()));
    pieces.push(Piece::Code(t.rebuild_command.to_owned()));
    Ok(pieces)
}

/// What is said of samples alone: estimand, exclusions, stopping, family.
fn of_samples(source: &Source) -> Vec<Piece> {
    let t = source.lang.texts();
    let mut pieces = vec![
        Piece::Heading(3, t.estimand_title.to_owned()),
        Piece::Paragraph(t.estimand.to_owned()),
        Piece::Heading(3, t.exclusions_title.to_owned()),
    ];
    pieces.extend(exclusions(source));
    pieces.push(Piece::Heading(3, t.stopping_title.to_owned()));
    pieces.push(Piece::List(
        source
            .runs
            .records
            .iter()
            .map(|record| stopping(record, source))
            .collect(),
    ));
    pieces.push(Piece::Heading(3, t.family_title.to_owned()));
    pieces.extend(family(source));
    pieces
}

fn exclusions(source: &Source) -> Vec<Piece> {
    let (lang, t) = (source.lang, source.lang.texts());
    let warmups: u32 = source
        .runs
        .records
        .iter()
        .map(|record| record.samples.rows.iter().filter(|row| row.warmup).count())
        .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
        .sum();
    let failed: usize = source
        .analysis
        .failures()
        .map(|failure| failure.measured)
        .sum();
    let mut pieces = vec![Piece::Paragraph(fill(
        t.exclusions,
        &[("warmups", &warmups), ("failed", &failed)],
    ))];
    let rows: Vec<Vec<Cell>> = source
        .analysis
        .failures()
        .map(|failure| {
            vec![
                Cell::new(format!("`{}`", failure.arm)).below(unit(failure.metric).heading(lang)),
                Cell::new(failure.measured.to_string()),
                Cell::new(failure.warmup.to_string()),
                Cell::new(&failure.reason).english(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        pieces.push(Piece::Table(Table {
            caption: t.failures_caption.to_owned(),
            columns: vec![
                words(t.column_arm),
                numbers(t.column_measured),
                numbers(t.column_warmup),
                words(t.column_reason),
            ],
            rows,
            fit: Fit::Cards,
        }));
    }
    pieces
}

/// Blocks of each session and why it took no more; said once where all are alike.
fn taken(manifest: &Manifest, source: &Source) -> String {
    let t = source.lang.texts();
    let why = |stopped: Option<Stopped>| match stopped {
        Some(Stopped::Planned) => t.stopped_planned,
        Some(Stopped::Precise) => t.stopped_precise,
        Some(Stopped::Budget) => t.stopped_budget,
        Some(Stopped::NoReading) => t.stopped_no_reading,
        None => t.stopped_not,
    };
    let blocks = |blocks: Option<u32>| blocks.map_or_else(|| "–".to_owned(), |n| n.to_string());
    let ends: Vec<(String, &str)> = manifest
        .sessions
        .iter()
        .map(|session| (blocks(session.blocks_taken), why(session.stopped)))
        .collect();
    let say = |template: &str, (blocks, why): &(String, &str)| {
        fill(template, &[("blocks", blocks), ("why", why)])
    };
    match ends.split_first() {
        Some((first, rest)) if !rest.is_empty() && rest.iter().all(|end| end == first) => {
            say(t.taken_each, first)
        }
        _ => ends
            .iter()
            .map(|end| say(t.taken_one, end))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn stopping(record: &Record, source: &Source) -> String {
    let (lang, t) = (source.lang, source.lang.texts());
    let manifest = &record.manifest;
    let taken = taken(manifest, source);
    let rule = match manifest.stopping {
        Stopping::Fixed => t.rule_fixed.to_owned(),
        Stopping::Adaptive {
            precision_pct,
            budget_s,
        } => fill(
            t.rule_adaptive,
            &[
                (
                    "precision",
                    &precision_pct
                        .map_or_else(|| "–".to_owned(), |pct| format!("{} %", lang.trimmed(pct))),
                ),
                (
                    "budget",
                    &budget_s.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds} s")),
                ),
            ],
        ),
    };
    fill(
        t.stopping,
        &[
            ("experiment", &manifest.experiment),
            ("blocks", &manifest.blocks),
            ("warmups", &manifest.warmup_blocks),
            ("sessions", &manifest.planned_sessions),
            ("rule", &rule),
            ("taken", &taken),
        ],
    )
}

/// The family, and what is known of all its intervals at once.
fn family(source: &Source) -> Vec<Piece> {
    let (lang, t) = (source.lang, source.lang.texts());
    let mut items = Vec::new();
    let mut simultaneous = Vec::new();
    for (record, run) in source.runs.records.iter().zip(&source.analysis.runs) {
        let family = record.family();
        let primary = || run.ratios.iter().filter(|ratio| ratio.primary);
        let exploratory = run.ratios.len() - primary().count();
        // The coverage of all of them together is at least one less what each of them misses; one
        // without an interval claims nothing and misses nothing.
        let missed: f64 = primary()
            .filter_map(RatioSummary::interval)
            .map(|range| 1.0 - range.coverage)
            .sum();
        let share = ALPHA / family.max(1) as f64;
        let template = if run.is_each_by_itself() {
            t.family_each
        } else {
            simultaneous.push(run.experiment.as_str());
            t.family
        };
        items.push(fill(
            template,
            &[
                ("experiment", &run.experiment),
                ("primary", &family),
                ("exploratory", &exploratory),
                ("needed", &sessions_needed(share)),
                ("joint", &phrases::coverage((1.0 - missed).max(0.0), lang)),
            ],
        ));
    }
    let mut pieces = vec![Piece::List(items)];
    if !simultaneous.is_empty() {
        pieces.push(Piece::Paragraph(fill(
            t.family_note,
            &[("experiments", &simultaneous.join(", "))],
        )));
    }
    if simultaneous.len() < source.analysis.runs.len() {
        pieces.push(Piece::Paragraph(t.family_note_each.to_owned()));
    }
    pieces.push(Piece::Paragraph(fill(
        t.family_verdicts,
        &[("margin", &lang.trimmed(source.margin()))],
    )));
    pieces
}

/// One row a session of each run.
fn blocks(source: &Source) -> Piece {
    let (lang, t) = (source.lang, source.lang.texts());
    let mut rows = Vec::new();
    for run in &source.analysis.runs {
        let mut sessions: BTreeMap<u32, Vec<&BlockSummary>> = BTreeMap::new();
        for block in run
            .sensitivity
            .blocks
            .iter()
            .filter(|block| !block.record.warmup)
        {
            sessions
                .entry(block.record.session)
                .or_default()
                .push(block);
        }
        for (session, blocks) in sessions {
            let spread = |of: &dyn Fn(&BlockSummary) -> Option<f64>| {
                let values: Vec<f64> = blocks.iter().filter_map(|block| of(block)).collect();
                let low = values.iter().copied().fold(f64::INFINITY, f64::min);
                let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                median(&values).map_or_else(
                    || Cell::new("–"),
                    |middle| {
                        let ends = [low, high].map(|end| lang.number(end, 2));
                        Cell::new(lang.number(middle, 2))
                            .below(fill(t.range, &[("low", &ends[0]), ("high", &ends[1])]))
                    },
                )
            };
            let sum = |of: &dyn Fn(&BlockSummary) -> Option<u64>| {
                let values: Vec<u64> = blocks.iter().filter_map(|block| of(block)).collect();
                if values.is_empty() {
                    "–".to_owned()
                } else {
                    values.iter().sum::<u64>().to_string()
                }
            };
            let step = blocks.iter().filter_map(|block| block.record.clock_step_ns);
            let step = step.map(i64::unsigned_abs).max();
            rows.push(vec![
                Cell::new(fill(
                    t.run_session,
                    &[("experiment", &run.experiment), ("session", &session)],
                )),
                Cell::new(blocks.len().to_string()),
                spread(&|block| block.record.load1),
                spread(&|block| block.record.psi_cpu_some_avg10_pct),
                spread(&|block| {
                    let (steal, busy) = (block.record.steal_ticks?, block.record.busy_ticks?);
                    let wanted = (steal + busy) as f64;
                    (wanted > 0.0).then(|| 100.0 * steal as f64 / wanted)
                }),
                Cell::new(sum(&|block| block.record.cgroup_throttles)),
                Cell::new(sum(&|block| block.record.thermal_throttles)),
                Cell::new(
                    step.map_or_else(|| "–".to_owned(), |ns| lang.number(ns as f64 / 1e6, 2)),
                ),
            ]);
        }
    }
    Piece::Table(Table {
        caption: t.blocks_caption.to_owned(),
        columns: vec![
            words(t.column_session),
            numbers(t.column_blocks),
            numbers(t.column_load),
            numbers(t.column_psi),
            numbers(t.column_steal),
            numbers(t.column_cgroup_throttles),
            numbers(t.column_thermal_throttles),
            numbers(t.column_clock_step),
        ],
        rows,
        fit: Fit::Scroll,
    })
}

fn limits(source: &Source) -> Vec<String> {
    let t = source.lang.texts();
    let records = &source.runs.records;
    let mut limits = Vec::new();
    if records
        .iter()
        .any(|record| record.manifest.sessions.len() == 1)
    {
        limits.push(t.limit_one_boot.to_owned());
    }
    let mut names: Vec<String> = records.iter().flat_map(Record::stand_ins).collect();
    names.sort();
    names.dedup();
    limits.push(if names.is_empty() {
        t.limit_no_stand_ins.to_owned()
    } else {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        fill(t.limit_stand_ins, &[("names", &names.join(", "))])
    });
    if records
        .iter()
        .any(|record| record.manifest.status != Status::Complete)
    {
        limits.push(t.limit_not_whole.to_owned());
    }
    let of_samples = [t.limit_medians, t.limit_absence];
    let all = [t.limit_machine];
    let of_ratios = [t.limit_published];
    limits.extend(
        if source.has_arms() {
            [&of_samples[..], &all, &of_ratios].concat()
        } else {
            all.to_vec()
        }
        .into_iter()
        .map(str::to_owned),
    );
    limits
}

/// How the samples themselves were taken.
fn command(record: &Record, source: &Source) -> String {
    let (lang, t) = (source.lang, source.lang.texts());
    let manifest = &record.manifest;
    let inside = manifest
        .inside_share
        .map_or_else(|| "–".to_owned(), |share| phrases::percent(share, 1, lang));
    fill(
        t.taken,
        &[
            ("experiment", &manifest.experiment),
            ("started", &manifest.started),
            ("ended", &manifest.ended.as_deref().unwrap_or("–")),
            ("command", &manifest.args.join(" ")),
            ("seed", &manifest.seed),
            ("version", &manifest.tool.version),
            (
                "revision",
                &manifest.tool.revision.as_deref().unwrap_or("–"),
            ),
            ("schema", &manifest.schema_version),
            ("method", &manifest.method_version),
            ("inside", &inside),
        ],
    )
}

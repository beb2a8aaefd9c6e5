//! Tables: CSV files for programs, text for the terminal. Both are in English and in full
//! precision, whatever the page's language is.

mod nesting;

use std::borrow::Cow;
use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};
use facts::Metric;
use measure::failure;

use crate::analysis::{
    Analysis, ArmSummary, Breakdown, Failure, PartSummary, Range, RatioSummary, Scope,
};
use crate::page::phrases;
use crate::visible::shortened;
use facts::Claim;
use facts::Lang;
use facts::Runs;

pub(crate) use nesting::growth_csv;

/// Characters of a field on a terminal.
const LONGEST: usize = 2000;

type Column<T> = (&'static str, fn(&T) -> String);

const SUMMARY: [Column<ArmSummary>; 17] = [
    ("arm", |arm| arm.arm.clone()),
    ("metric", |arm| arm.metric.name().to_owned()),
    ("level", |arm| arm.level.to_string()),
    ("observer", |arm| arm.observer.to_owned()),
    ("n", |arm| arm.n.to_string()),
    ("failures", |arm| arm.failures.to_string()),
    ("median_ns", |arm| number(arm.median.map(|median| median.value), 1)),
    ("low_ns", |arm| number(interval(arm).map(|range| range.low), 1)),
    ("high_ns", |arm| number(interval(arm).map(|range| range.high), 1)),
    ("coverage", |arm| number(interval(arm).map(|range| range.coverage), 6)),
    ("scope", |arm| text(arm.median.map(|median| median.scope.name()))),
    ("operations", |arm| arm.operations.to_string()),
    ("published_median_ns", |arm| {
        number(arm.published.map(|published| published.median * arm.metric.unit.ns()), 0)
    }),
    ("cpu_ns", |arm| number(arm.cpu.map(|cpu| cpu.value), 1)),
    ("whole_cpu_ns", |arm| number(arm.whole_cpu.map(|cpu| cpu.value), 1)),
    ("whole_cpu_low_ns", |arm| number(whole_cpu(arm).map(|range| range.low), 1)),
    ("whole_cpu_high_ns", |arm| number(whole_cpu(arm).map(|range| range.high), 1)),
];

fn whole_cpu(arm: &ArmSummary) -> Option<Range> {
    arm.whole_cpu.and_then(|found| found.interval)
}

const RATIOS: [Column<RatioSummary>; 43] = [
    ("contrast", |ratio| ratio.contrast.clone()),
    ("numerator", |ratio| ratio.numerator.clone()),
    ("denominator", |ratio| ratio.denominator.clone()),
    ("pairs", |ratio| ratio.pairs.to_string()),
    ("estimate", |ratio| number(ratio.each.map(|found| found.value), 6)),
    ("low", |ratio| number(each(ratio).map(|range| range.low), 6)),
    ("high", |ratio| number(each(ratio).map(|range| range.high), 6)),
    ("coverage", |ratio| number(each(ratio).map(|range| range.coverage), 6)),
    ("ratio_of_medians", |ratio| number(ratio.ratio_of_medians, 6)),
    ("primary", |ratio| ratio.primary.to_string()),
    // In experiment 4 both metrics may have a contrast of one name.
    ("metric", |ratio| ratio.metric.name().to_owned()),
    ("scope", |ratio| text(ratio.decisive.map(|found| found.scope.name()))),
    ("sessions", |ratio| ratio.sessions.to_string()),
    ("family", |ratio| ratio.family.to_string()),
    ("alpha", |ratio| number(ratio.decisive.map(|found| found.alpha), 6)),
    ("simultaneous_low", |ratio| number(ratio.interval().map(|range| range.low), 6)),
    ("simultaneous_high", |ratio| number(ratio.interval().map(|range| range.high), 6)),
    ("simultaneous_coverage", |ratio| number(ratio.interval().map(|range| range.coverage), 6)),
    ("equivalence_low", |ratio| number(ratio.narrow.map(|range| range.low), 6)),
    ("equivalence_high", |ratio| number(ratio.narrow.map(|range| range.high), 6)),
    ("equivalence_coverage", |ratio| number(ratio.narrow.map(|range| range.coverage), 6)),
    ("equivalent", |ratio| ratio.verdict.is_equivalent().to_string()),
    ("p", |ratio| number(ratio.p, 9)),
    ("holm_p", |ratio| number(ratio.holm_p, 9)),
    ("verdict", |ratio| ratio.verdict.name(ratio.by_itself)),
    ("control", |ratio| ratio.control.to_string()),
    ("bootstrap_low", |ratio| number(ratio.bootstrap.map(|range| range.low), 6)),
    ("bootstrap_high", |ratio| number(ratio.bootstrap.map(|range| range.high), 6)),
    ("pooled", |ratio| number(ratio.pooled.map(|found| found.value), 6)),
    ("pooled_low", |ratio| number(pooled(ratio).map(|range| range.low), 6)),
    ("pooled_high", |ratio| number(pooled(ratio).map(|range| range.high), 6)),
    ("pooled_coverage", |ratio| number(pooled(ratio).map(|range| range.coverage), 6)),
    ("published", |ratio| number(ratio.published.map(|published| published.value), 6)),
    ("published_low", |ratio| number(ratio.published.map(|published| published.low), 6)),
    ("published_high", |ratio| number(ratio.published.map(|published| published.high), 6)),
    ("published_n", |ratio| {
        ratio.published.map_or_else(String::new, |published| published.n.to_string())
    }),
    ("published_verdict", |ratio| text(ratio.here.map(facts::Here::name))),
    ("published_source", |ratio| text(ratio.published.map(|published| published.source.name()))),
    ("by_itself", |ratio| ratio.by_itself.to_string()),
    ("difference_ns", |ratio| number(ratio.difference.map(|found| found.value), 1)),
    ("difference_low_ns", |ratio| number(difference(ratio).map(|range| range.low), 1)),
    ("difference_high_ns", |ratio| number(difference(ratio).map(|range| range.high), 1)),
    ("joint_coverage", |ratio| number(ratio.joint_coverage, 6)),
];

/// One row a whole, a part or a remainder.
#[derive(Clone)]
struct PartRow {
    contrast: String,
    metric: Metric,
    due: String,
    share: Option<f64>,
    interval: Option<Range>,
    blocks: usize,
    scope: Option<Scope>,
    plus: String,
    minus: String,
    ns: Option<f64>,
    interval_ns: Option<Range>,
}

const PARTS: [Column<PartRow>; 14] = [
    ("contrast", |row| row.contrast.clone()),
    ("metric", |row| row.metric.name().to_owned()),
    ("due", |row| row.due.clone()),
    ("share", |row| number(row.share, 6)),
    ("low", |row| number(row.interval.map(|range| range.low), 6)),
    ("high", |row| number(row.interval.map(|range| range.high), 6)),
    ("coverage", |row| number(row.interval.map(|range| range.coverage), 6)),
    ("blocks", |row| row.blocks.to_string()),
    ("scope", |row| text(row.scope.map(Scope::name))),
    ("plus", |row| row.plus.clone()),
    ("minus", |row| row.minus.clone()),
    ("part_ns", |row| number(row.ns, 1)),
    ("part_low_ns", |row| number(row.interval_ns.map(|range| range.low), 1)),
    ("part_high_ns", |row| number(row.interval_ns.map(|range| range.high), 1)),
];

const CLAIMS: [Column<Claim>; 21] = [
    ("id", |claim| claim.id.clone().into_owned()),
    ("metric", |claim| text(claim.metric.as_deref())),
    ("of", |claim| claim.of.clone()),
    ("statement", |claim| claim.statement.of(Lang::En).to_owned()),
    ("published", |claim| number(claim.published.map(|published| published.value), 6)),
    ("published_low", |claim| number(claim.published.map(|published| published.low), 6)),
    ("published_high", |claim| number(claim.published.map(|published| published.high), 6)),
    ("published_n", |claim| {
        claim.published.map_or_else(String::new, |published| published.n.to_string())
    }),
    ("source", |claim| claim.source.name().to_owned()),
    ("estimate", |claim| number(claim.ours.map(|ours| ours.value), 6)),
    ("low", |claim| number(of_claim(claim).map(|range| range.low), 6)),
    ("high", |claim| number(of_claim(claim).map(|range| range.high), 6)),
    ("coverage", |claim| number(of_claim(claim).map(|range| range.coverage), 6)),
    ("pairs", |claim| claim.pairs.to_string()),
    ("scope", |claim| text(claim.ours.map(|ours| ours.scope.name()))),
    ("primary", |claim| claim.primary.to_string()),
    ("verdict", |claim| {
        if claim.is_of_ratio() { claim.verdict.name(claim.by_itself) } else { String::new() }
    }),
    ("claim_verdict", |claim| claim.here.name().to_owned()),
    ("by_itself", |claim| claim.by_itself.to_string()),
    ("seen", facts::phrases::seen),
    ("answer", |claim| claim.answer.clone().into_owned()),
];

const READABLE_SUMMARY: [Column<ArmSummary>; 8] = [
    ("arm", |arm| arm.arm.clone()),
    ("metric", |arm| arm.metric.name().to_owned()),
    ("published (range)", published),
    ("ours", |arm| arm.median.map_or_else(none, |median| amount(&arm.metric, median.value))),
    ("interval", |arm| match interval(arm) {
        Some(range) => {
            let metric = &arm.metric;
            format!(
                "{} to {}",
                metric.amount(range.low, Lang::En),
                metric.amount(range.high, Lang::En)
            )
        }
        None => "none exists".to_owned(),
    }),
    ("coverage", |arm| percent(interval(arm).map(|range| range.coverage))),
    ("n", |arm| arm.n.to_string()),
    ("failed", |arm| arm.failures.to_string()),
];

const READABLE_RATIOS: [Column<RatioSummary>; 9] = [
    ("contrast", |ratio| format!("{}{}", ratio.contrast, if ratio.primary { " *" } else { "" })),
    ("metric", |ratio| ratio.metric.name().to_owned()),
    ("difference", |ratio| {
        let shown = |found| phrases::difference(found, Lang::En).with_interval(Lang::En);
        ratio.difference.map_or_else(none, shown)
    }),
    ("published", |ratio| {
        ratio.published.map_or_else(none, |published| Lang::En.number(published.value, 2))
    }),
    ("ours", |ratio| ratio.estimate().map_or_else(none, |ratio| Lang::En.number(ratio, 3))),
    ("interval", |ratio| {
        let range = |range| phrases::range(range, 3, Lang::En);
        ratio.interval().map_or_else(|| "none exists".to_owned(), range)
    }),
    ("coverage", |ratio| percent(ratio.interval().map(|range| range.coverage))),
    ("pairs", |ratio| ratio.pairs.to_string()),
    ("verdict", |ratio| ratio.verdict.name(ratio.by_itself)),
];

/// What the readable tables mean, in one line each.
const SUMMARY_NOTE: &str = "Medians of measured blocks; published: median and range of 4 \
     repetitions, which carry no 95 % interval.";

/// `summary.csv`.
pub(crate) fn summary_csv(analysis: &Analysis) -> miette::Result<Vec<u8>> {
    to_csv(&SUMMARY, analysis.arms())
}

/// `ratios.csv`.
pub(crate) fn ratios_csv(analysis: &Analysis) -> miette::Result<Vec<u8>> {
    to_csv(&RATIOS, analysis.ratios())
}

/// `parts.csv`.
pub(crate) fn parts_csv(analysis: &Analysis) -> miette::Result<Vec<u8>> {
    let breakdowns = analysis.runs.iter().flat_map(|run| &run.parts);
    let rows: Vec<PartRow> = breakdowns.flat_map(part_rows).collect();
    to_csv(&PARTS, &rows)
}

fn part_rows(breakdown: &Breakdown) -> Vec<PartRow> {
    let whole = PartRow {
        contrast: breakdown.contrast.clone(),
        metric: breakdown.metric.clone(),
        due: "whole".to_owned(),
        share: breakdown.whole.map(|whole| whole.value),
        interval: breakdown.whole.and_then(|whole| whole.interval),
        blocks: breakdown.blocks,
        scope: breakdown.whole.map(|whole| whole.scope),
        plus: String::new(),
        minus: String::new(),
        ns: breakdown.whole_ns.map(|whole| whole.value),
        interval_ns: breakdown.whole_ns.and_then(|whole| whole.interval),
    };
    let part = |part: &PartSummary| PartRow {
        due: part.due.clone(),
        share: part.share.map(|share| share.value),
        interval: part.share.and_then(|share| share.interval),
        plus: part.plus.join(" "),
        minus: part.minus.join(" "),
        ns: part.ns.map(|ns| ns.value),
        interval_ns: part.ns.and_then(|ns| ns.interval),
        ..whole.clone()
    };
    let mut rows: Vec<PartRow> = breakdown.parts.iter().map(part).collect();
    rows.push(PartRow {
        due: "remainder".to_owned(),
        share: breakdown.remainder,
        interval: None,
        ns: breakdown.remainder_ns,
        interval_ns: None,
        ..whole.clone()
    });
    rows.insert(0, whole);
    rows
}

/// `claims.csv`.
pub(crate) fn claims_csv(analysis: &Analysis) -> miette::Result<Vec<u8>> {
    to_csv(&CLAIMS, analysis.runs.iter().flat_map(|run| &run.claims))
}

/// What the program prints.
pub(crate) fn terminal(runs: &Runs, analysis: &Analysis) -> String {
    let mut text = String::new();
    for warning in crate::page::warnings(runs, Lang::En) {
        let _ = writeln!(text, "{warning}\n");
    }
    let answer = crate::page::answer(runs, analysis, Lang::En);
    for sentence in &answer {
        let _ = writeln!(text, "{}", sentence.replace('`', ""));
    }
    if !answer.is_empty() {
        text.push('\n');
    }
    if analysis.shown_arms().next().is_some() {
        let table = readable(&READABLE_SUMMARY, analysis.shown_arms());
        let _ = writeln!(text, "{table}\n{SUMMARY_NOTE}");
    }
    if analysis.shown_ratios().next().is_some() {
        let table = readable(&READABLE_RATIOS, analysis.shown_ratios());
        let note = crate::page::Estimand::of(runs, Lang::En).note;
        let _ = writeln!(text, "\n{table}\n{note}");
        for record in runs.records.iter().filter(|record| record.chose_arms()) {
            let _ = writeln!(text, "{}", crate::page::chosen_arms(record, Lang::En));
        }
    }
    let [arms, ratios] = [analysis.folded_arms().count(), analysis.folded_ratios().count()];
    if arms + ratios > 0 {
        let _ = writeln!(
            text,
            "{ratios} exploratory ratios and {arms} arms more: ratios.csv, summary.csv."
        );
    }
    text.push_str(&nesting::terminal(runs, analysis));
    text.push_str(&outcomes(analysis));
    let claims = || analysis.runs.iter().flat_map(|run| &run.claims);
    if claims().next().is_some() {
        let _ = writeln!(text, "\nClaims:");
    }
    for claim in claims() {
        let answer = match &*claim.answer {
            "" => String::new(),
            answer => format!(" ({answer})"),
        };
        let here = claim.here.name();
        let _ = writeln!(text, "  {} {}: {here}{answer}", claim.id, claim.of);
    }
    if analysis.failures().next().is_some() {
        let _ = writeln!(text, "\nFailed samples, those of warm-up blocks included:");
    }
    for Failure { metric, arm, reason, measured, warmup } in analysis.failures() {
        let times = measured + warmup;
        let _ = writeln!(text, "  {arm} ({}), {times} times: {reason}", metric.name());
    }
    text
}

/// What experiments say: a table a group of outcomes, and their own lines.
fn outcomes(analysis: &Analysis) -> String {
    let mut told = String::new();
    for page in analysis.pages(Lang::En) {
        for grid in &page.grids {
            for group in grid.panels.iter().flat_map(|panel| &panel.groups) {
                let columns = std::iter::once(&grid.row).chain(&grid.columns);
                let mut table = Table::new();
                table.load_preset(presets::UTF8_BORDERS_ONLY).set_header(columns);
                for row in &group.rows {
                    let tiles = row.tiles.iter().map(|tile| match tile {
                        Some(tile) if tile.below.is_empty() => grid.word(tile).to_owned(),
                        Some(tile) => format!("{} ({})", grid.word(tile), tile.below.join(", ")),
                        None => none(),
                    });
                    table.add_row(std::iter::once(row.name.clone()).chain(tiles).map(short));
                }
                for plot in &grid.plots {
                    let name = format!("{}, {}", plot.title, plot.unit);
                    let medians = plot.columns.iter().map(|samples| match samples {
                        Some(samples) => phrases::estimate(Some(samples.median), 2, Lang::En),
                        None => none(),
                    });
                    table.add_row(std::iter::once(name).chain(medians));
                }
                let _ = writeln!(told, "\n{}\n{table}", group.caption);
            }
        }
        for line in &page.lines {
            let _ = writeln!(told, "  {line}");
        }
    }
    told
}

fn to_csv<'a, T: 'a>(
    columns: &[Column<T>],
    rows: impl IntoIterator<Item = &'a T>,
) -> miette::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut written = writer.write_record(columns.iter().map(|(name, _)| name));
    for row in rows {
        written = written.and_then(|()| writer.write_record(columns.iter().map(|(_, of)| of(row))));
    }
    let failed = |error: String| failure("a table can't be made", error, "report this as a bug");
    written.map_err(|error| failed(error.to_string()))?;
    writer.into_inner().map_err(|error| failed(error.to_string()))
}

/// What a terminal has room for; files have all of it.
fn short(text: String) -> String {
    match shortened(&text, LONGEST) {
        Cow::Owned(beginning) => beginning,
        Cow::Borrowed(_) => text,
    }
}

/// Two columns of names, then numbers.
fn readable<'a, T: 'a>(columns: &[Column<T>], rows: impl Iterator<Item = &'a T>) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_header(columns.iter().map(|(name, _)| *name));
    for row in rows {
        table.add_row(columns.iter().map(|(_, of)| short(of(row))));
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn published(arm: &ArmSummary) -> String {
    arm.published.map_or_else(none, |published| {
        let symbol = arm.metric.unit.symbol();
        format!("{} {symbol} ({} to {})", published.median, published.low, published.high)
    })
}

fn interval(arm: &ArmSummary) -> Option<Range> {
    arm.median?.interval
}

fn each(ratio: &RatioSummary) -> Option<Range> {
    ratio.each?.interval
}

fn difference(ratio: &RatioSummary) -> Option<Range> {
    ratio.difference?.interval
}

fn pooled(ratio: &RatioSummary) -> Option<Range> {
    ratio.pooled?.interval
}

fn of_claim(claim: &Claim) -> Option<Range> {
    claim.ours?.interval
}

fn amount(metric: &Metric, ns: f64) -> String {
    format!("{} {}", metric.amount(ns, Lang::En), metric.unit.symbol())
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(none, |share| phrases::coverage(share, Lang::En))
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(String::new, |value| format!("{value:.decimals$}"))
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

fn none() -> String {
    "-".to_owned()
}

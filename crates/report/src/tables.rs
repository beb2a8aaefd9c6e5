//! Tables: CSV files for programs, text for readers.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};
use measure::failure;

use crate::analysis::{Analysis, ArmSummary, Failure, RatioSummary};
use crate::published::unit;
use crate::record::Runs;

type Column<T> = (&'static str, fn(&T) -> String);

const SUMMARY: [Column<ArmSummary>; 10] = [
    ("arm", |arm| arm.arm.clone()),
    ("metric", |arm| arm.metric.name().to_owned()),
    ("level", |arm| arm.level.to_string()),
    ("observer", |arm| arm.observer.to_owned()),
    ("n", |arm| arm.n.to_string()),
    ("failures", |arm| arm.failures.to_string()),
    ("median_ns", |arm| number(arm.median_ns, 1)),
    ("low_ns", |arm| number(arm.low_ns, 0)),
    ("high_ns", |arm| number(arm.high_ns, 0)),
    ("coverage", |arm| number(arm.coverage, 6)),
];

const RATIOS: [Column<RatioSummary>; 11] = [
    ("contrast", |ratio| ratio.contrast.clone()),
    ("numerator", |ratio| ratio.numerator.clone()),
    ("denominator", |ratio| ratio.denominator.clone()),
    ("pairs", |ratio| ratio.pairs.to_string()),
    ("estimate", |ratio| number(ratio.estimate, 6)),
    ("low", |ratio| number(ratio.low, 6)),
    ("high", |ratio| number(ratio.high, 6)),
    ("coverage", |ratio| number(ratio.coverage, 6)),
    ("ratio_of_medians", |ratio| {
        number(ratio.ratio_of_medians, 6)
    }),
    ("primary", |ratio| ratio.primary.to_string()),
    // Last, so that the columns before it are the same in every run; in experiment 4 both metrics
    // may have a contrast of one name.
    ("metric", |ratio| ratio.metric.name().to_owned()),
];

const READABLE_SUMMARY: [Column<ArmSummary>; 8] = [
    ("arm", |arm| arm.arm.clone()),
    ("metric", |arm| arm.metric.name().to_owned()),
    ("published (range)", published),
    ("ours", |arm| {
        arm.median_ns.map_or_else(none, |ns| amount(arm, ns))
    }),
    ("interval", interval),
    ("coverage", |arm| percent(arm.coverage)),
    ("n", |arm| arm.n.to_string()),
    ("failed", |arm| arm.failures.to_string()),
];

const READABLE_RATIOS: [Column<RatioSummary>; 8] = [
    ("contrast", |ratio| {
        format!(
            "{}{}",
            ratio.contrast,
            if ratio.primary { " *" } else { "" }
        )
    }),
    ("metric", |ratio| ratio.metric.name().to_owned()),
    ("published", |ratio| {
        ratio
            .published
            .map_or_else(none, |ratio| format!("{ratio:.2}"))
    }),
    ("ours", |ratio| {
        ratio
            .estimate
            .map_or_else(none, |ratio| format!("{ratio:.3}"))
    }),
    ("interval", |ratio| match (ratio.low, ratio.high) {
        (Some(low), Some(high)) => format!("{low:.3} to {high:.3}"),
        _ => "none exists".to_owned(),
    }),
    ("coverage", |ratio| percent(ratio.coverage)),
    ("pairs", |ratio| ratio.pairs.to_string()),
    ("of medians", |ratio| {
        ratio
            .ratio_of_medians
            .map_or_else(none, |r| format!("{r:.3}"))
    }),
];

/// What the readable tables mean, in one line each.
pub(crate) const SUMMARY_NOTE: &str = "Medians of measured blocks; published: median and range of 4 \
     repetitions, which carry no 95 % interval.";
pub(crate) const RATIOS_NOTE: &str =
    "Median of the ratios within blocks; * declared primary; published: ratio of the medians.";

/// `summary.csv`.
pub(crate) fn summary_csv(analysis: &Analysis) -> miette::Result<Vec<u8>> {
    to_csv(&SUMMARY, &analysis.arms)
}

/// `ratios.csv`.
pub(crate) fn ratios_csv(analysis: &Analysis) -> miette::Result<Vec<u8>> {
    to_csv(&RATIOS, &analysis.ratios)
}

/// The arms for readers.
pub(crate) fn summary(analysis: &Analysis, preset: &str) -> Table {
    let left = 2;
    readable(&READABLE_SUMMARY, &analysis.arms, left, preset)
}

/// The ratios for readers; `None` when no contrast is declared.
pub(crate) fn ratios(analysis: &Analysis, preset: &str) -> Option<Table> {
    let left = 2;
    let table = readable(&READABLE_RATIOS, &analysis.ratios, left, preset);
    (!analysis.ratios.is_empty()).then_some(table)
}

/// What the program prints.
pub(crate) fn terminal(runs: &Runs, analysis: &Analysis) -> String {
    let mut text = String::new();
    for warning in runs.warnings() {
        let _ = writeln!(text, "Note: {warning}\n");
    }
    let table = summary(analysis, presets::UTF8_BORDERS_ONLY);
    let _ = writeln!(text, "{table}\n{SUMMARY_NOTE}");
    if let Some(table) = ratios(analysis, presets::UTF8_BORDERS_ONLY) {
        let _ = writeln!(text, "\n{table}\n{RATIOS_NOTE}");
    }
    if !analysis.failures.is_empty() {
        let _ = writeln!(text, "\nFailed samples, those of warm-up blocks included:");
    }
    for Failure {
        metric,
        arm,
        reason,
        measured,
        warmup,
    } in &analysis.failures
    {
        let times = measured + warmup;
        let _ = writeln!(text, "  {arm} ({}), {times} times: {reason}", metric.name());
    }
    text
}

fn to_csv<T>(columns: &[Column<T>], rows: &[T]) -> miette::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut written = writer.write_record(columns.iter().map(|(name, _)| name));
    for row in rows {
        written = written.and_then(|()| writer.write_record(columns.iter().map(|(_, of)| of(row))));
    }
    let failed = |error: String| failure("a table can't be made", error, "report this as a bug");
    written.map_err(|error| failed(error.to_string()))?;
    writer
        .into_inner()
        .map_err(|error| failed(error.to_string()))
}

/// `left` columns of names, then numbers.
fn readable<T>(columns: &[Column<T>], rows: &[T], left: usize, preset: &str) -> Table {
    let mut table = Table::new();
    table
        .load_preset(preset)
        .set_header(columns.iter().map(|(name, _)| *name));
    for row in rows {
        table.add_row(columns.iter().map(|(_, of)| of(row)));
    }
    for column in table.column_iter_mut().skip(left) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn published(arm: &ArmSummary) -> String {
    arm.published.map_or_else(none, |published| {
        let symbol = unit(arm.metric).symbol;
        format!(
            "{} {symbol} ({} to {})",
            published.median, published.low, published.high
        )
    })
}

fn interval(arm: &ArmSummary) -> String {
    match (arm.low_ns, arm.high_ns) {
        (Some(low), Some(high)) => {
            let unit = unit(arm.metric);
            format!("{} to {}", unit.amount(low), unit.amount(high))
        }
        _ => "none exists".to_owned(),
    }
}

fn amount(arm: &ArmSummary, ns: f64) -> String {
    let unit = unit(arm.metric);
    format!("{} {}", unit.amount(ns), unit.symbol)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(none, |share| format!("{:.1} %", share * 100.0))
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(String::new, |value| format!("{value:.decimals$}"))
}

fn none() -> String {
    "-".to_owned()
}

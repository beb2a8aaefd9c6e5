//! Tables of what grows with the level, and of what was tried once and nobody explains.

use std::fmt::Write;

use measure::Trial;

use super::{Column, amount, none, number, readable, text, to_csv};
use crate::analysis::{Analysis, Predicted, Range, Scope, SeriesSummary};
use crate::page::phrases;
use facts::Lang;
use facts::Runs;
use facts::trials;

/// One level of a series; what is of the series is in the held-out level's row.
struct LevelRow<'a> {
    series: &'a SeriesSummary,
    index: usize,
}

/// A constant would have to hold rows that live for ever.
fn growth_columns<'a>() -> [Column<LevelRow<'a>>; 23] {
    [
        ("series", |row| row.series.series.clone()),
        ("metric", |row| row.series.metric.name().to_owned()),
        ("observer", |row| row.series.observer.to_owned()),
        ("arm", |row| row.series.levels[row.index].arm.clone()),
        ("level", |row| row.series.levels[row.index].level.to_string()),
        ("blocks", |row| row.series.blocks.to_string()),
        ("sessions", |row| row.series.sessions.to_string()),
        ("scope", |row| text(row.series.scope.map(Scope::name))),
        ("median_ns", |row| number(row.median().map(|median| median.value), 1)),
        ("low_ns", |row| number(row.interval().map(|range| range.low), 1)),
        ("high_ns", |row| number(row.interval().map(|range| range.high), 1)),
        ("coverage", |row| number(row.interval().map(|range| range.coverage), 6)),
        ("held_out", |row| row.is_held_out().to_string()),
        ("additive_ns", |row| number(row.additive().map(|model| model.last_level_ns), 1)),
        ("additive_ratio", |row| number(row.additive().map(|model| model.ratio), 6)),
        ("additive_low", |row| number(of(row.additive()).map(|range| range.low), 6)),
        ("additive_high", |row| number(of(row.additive()).map(|range| range.high), 6)),
        ("multiplicative_ns", |row| {
            number(row.multiplicative().map(|model| model.last_level_ns), 1)
        }),
        ("multiplicative_ratio", |row| number(row.multiplicative().map(|model| model.ratio), 6)),
        ("multiplicative_low", |row| number(of(row.multiplicative()).map(|range| range.low), 6)),
        ("multiplicative_high", |row| number(of(row.multiplicative()).map(|range| range.high), 6)),
        (
            "model",
            |row| {
                if row.is_held_out() { text(row.series.model_name) } else { String::new() }
            },
        ),
        ("additive_impossible_blocks", |row| {
            let blocks = row.series.impossible_blocks().filter(|_| row.is_held_out());
            blocks.map_or_else(String::new, |blocks| blocks.to_string())
        }),
    ]
}

const READABLE_GROWTH: [Column<SeriesSummary>; 6] = [
    ("series", |series| series.series.clone()),
    ("observer", |series| series.observer.to_owned()),
    ("levels", levels),
    ("observed/additive", |series| {
        series.additive.map_or_else(none, |of| phrases::added(of, series.blocks, Lang::En))
    }),
    ("observed/multiplicative", |series| predicted(series.multiplicative)),
    ("model", |series| match series.holds_alone() {
        Some(true) => "multiplicative holds alone".to_owned(),
        Some(false) => "multiplicative fails alone".to_owned(),
        None => series.model_name.map_or_else(none, str::to_owned),
    }),
];

const READABLE_TRIALS: [Column<Trial>; 7] = [
    ("table", |row| row.table.clone()),
    ("subject", |row| row.subject.clone()),
    ("step", |row| row.step.clone()),
    ("outcome", |row| row.outcome.clone()),
    ("ms", |row| row.wall_ns.map_or_else(none, |ns| Lang::En.number(ns as f64 / 1e6, 1))),
    ("bytes", |row| row.bytes.map_or_else(none, |bytes| bytes.to_string())),
    ("reason", |row| row.reason.clone()),
];

const GROWTH_NOTE: &str = "Rule 8: the last level is held out and predicted from the others within \
     each block. both: the data can't tell the models apart, or there is too little growth for a \
     difference; neither: the growth follows none of them. alone: adding gives no positive time in \
     some blocks, so only the other model is judged.";

/// `growth.csv`; `None` where no run has a series.
pub(crate) fn growth_csv(analysis: &Analysis) -> miette::Result<Option<Vec<u8>>> {
    let rows: Vec<LevelRow> = analysis
        .growth()
        .flat_map(|series| (0..series.levels.len()).map(move |index| LevelRow { series, index }))
        .collect();
    if rows.is_empty() {
        return Ok(None);
    }
    to_csv(&growth_columns(), &rows).map(Some)
}

/// What the program prints of them.
pub(super) fn terminal(runs: &Runs, analysis: &Analysis) -> String {
    let mut text = String::new();
    if analysis.growth().next().is_some() {
        let table = readable(&READABLE_GROWTH, analysis.growth());
        let _ = writeln!(text, "\n{table}\n{GROWTH_NOTE}");
    }
    for (record, run) in runs.records.iter().zip(&analysis.runs) {
        let mut tables = trials::tables(&record.trials);
        tables.retain(|table| !run.explains(table));
        for table in tables {
            let table = readable(&READABLE_TRIALS, trials::rows(&record.trials, table));
            let _ = writeln!(text, "\n{table}");
        }
    }
    text
}

impl LevelRow<'_> {
    fn median(&self) -> Option<crate::analysis::Estimate> {
        self.series.levels[self.index].median
    }

    fn interval(&self) -> Option<Range> {
        self.median()?.interval
    }

    fn is_held_out(&self) -> bool {
        self.index + 1 == self.series.levels.len()
    }

    fn additive(&self) -> Option<Predicted> {
        self.series.additive?.predicted().filter(|_| self.is_held_out())
    }

    fn multiplicative(&self) -> Option<Predicted> {
        self.series.multiplicative.filter(|_| self.is_held_out())
    }
}

fn of(model: Option<Predicted>) -> Option<Range> {
    model?.interval
}

fn levels(series: &SeriesSummary) -> String {
    let medians = series
        .levels
        .iter()
        .map(|level| level.median.map_or_else(none, |median| amount(&series.metric, median.value)));
    medians.collect::<Vec<_>>().join(" > ")
}

fn predicted(model: Option<Predicted>) -> String {
    model.map_or_else(none, |model| phrases::predicted(model, Lang::En))
}

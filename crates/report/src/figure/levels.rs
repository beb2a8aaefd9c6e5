//! The figure of series: every sample of each level, and what both models make of the lower ones.

use facts::term;
use std::collections::BTreeSet;

use measure::stats::Model;

use crate::analysis::{Additive, Analysis, SeriesSummary};
use crate::figure::grid::{Grid, Item, Panel, Row, Stroke};
use crate::figure::legend::Mark;
use crate::page::phrases;
use facts::trials::in_order;
use facts::{Lang, Metric};

/// Whose clock each row of a metric has, from top to bottom.
const OBSERVERS: [&str; 3] = ["self", "outside", "inside"];

/// Pieces of the multiplicative line between two levels, which is a curve.
const PIECES: u32 = 12;

/// How far beside the held-out level a prediction stands, as a share of all levels' way: the samples
/// are not to lie on it.
const BESIDE: f64 = 0.14;

/// The series that the figure has. Those of operations would be a row of panels each, and are left to
/// the table.
pub(crate) fn drawn(analysis: &Analysis) -> impl Iterator<Item = &SeriesSummary> {
    analysis.growth().filter(|of| !of.metric.of_operations && !of.values.is_empty())
}

/// `None` where none of them has a reading.
pub(super) fn grid(analysis: &Analysis, lang: Lang) -> Option<Grid<'static>> {
    let metrics = in_order(drawn(analysis).map(|of| &of.metric));
    let kinds = metrics.into_iter().flat_map(|metric| OBSERVERS.map(|observer| (metric, observer)));
    let row = |(metric, observer): (&Metric, &str)| {
        let series = drawn(analysis).filter(|of| of.metric == *metric && of.observer == observer);
        let series: Vec<&SeriesSummary> = series.collect();
        let works: BTreeSet<&str> = series.iter().map(|of| work(&of.series)).collect();
        let panels = series.iter().map(|series| Panel {
            title: place(series, works.len() == 1).to_owned(),
            ..panel(series, lang)
        });
        let panels: Vec<Panel> = panels.collect();
        let observer = phrases::observer(observer, lang);
        (!panels.is_empty()).then(|| Row {
            title: format!("{}, {observer}", metric.heading(lang)),
            axis: metric.axis(lang),
            panels,
        })
    };
    let rows: Vec<Row> = kinds.filter_map(row).collect();
    (!rows.is_empty()).then(|| Grid {
        lang,
        title: term!(lang; "Level by level"; "Nivel a nivel"),
        rows,
        legend: vec![
            (Mark::Sample, term!(lang; "one sample"; "una muestra")),
            (
                Mark::Median,
                term!(lang; "median with its interval (95 % or more)";
                "mediana con su intervalo (95 % o más)"),
            ),
            (Mark::Solid, term!(lang; "the same time a level"; "el mismo tiempo por nivel")),
            (Mark::Dashes, term!(lang; "the same factor a level"; "el mismo factor por nivel")),
        ],
    })
}

fn panel(series: &SeriesSummary, lang: Lang) -> Panel {
    let scale = series.metric.unit.ns();
    let mut items = Vec::new();
    for (index, level) in series.levels.iter().enumerate() {
        let values = series.values.values().map(|block| block[index] / scale);
        items.push(Item::Strip(level.level.into(), values.collect()));
    }
    let (lines, ends) = models(series, scale);
    items.extend(lines);
    for level in &series.levels {
        if let Some(median) = level.median {
            let interval = median.interval.map(|range| (range.low / scale, range.high / scale));
            items.push(Item::Median(level.level.into(), median.value / scale, interval));
        }
    }
    items.extend(ends);
    Panel {
        title: String::new(),
        note: match series.model {
            Some(Model::Additive) => term!(lang; "additive"; "aditivo"),
            Some(Model::Multiplicative) => term!(lang; "multiplicative"; "multiplicativo"),
            Some(Model::Both) => term!(lang; "both hold"; "se cumplen ambos"),
            Some(Model::Neither) => term!(lang; "neither holds"; "ninguno se cumple"),
            None if series.holds_alone() == Some(true) => {
                term!(lang; "same factor holds; adding impossible";
                    "mismo factor se cumple; sumar imposible")
            }
            None if series.holds_alone() == Some(false) => {
                term!(lang; "same factor fails; adding impossible";
                    "mismo factor falla; sumar imposible")
            }
            None => term!(lang; "no interval"; "sin intervalo"),
        }
        .to_owned(),
        items,
    }
}

/// Through the first and the last fitted median, and on to the prediction.
fn models(series: &SeriesSummary, scale: f64) -> (Vec<Item>, Vec<Item>) {
    let fitted = series.fitted();
    let known = fitted.first().zip(fitted.last()).zip(series.held_out());
    let Some(((first, last), held_out)) = known else {
        return Default::default();
    };
    let (Some(from), Some(to)) = (first.median, last.median) else {
        return Default::default();
    };
    let start = (f64::from(first.level), from.value / scale);
    let knee = (f64::from(last.level), to.value / scale);
    let mut lines = Vec::new();
    let mut ends = Vec::new();
    for (model, stroke) in [
        (series.additive.and_then(Additive::predicted), Stroke::Solid),
        (series.multiplicative, Stroke::Dashed),
    ] {
        let Some(model) = model else { continue };
        let at = f64::from(held_out.level);
        let end = (at + BESIDE * (at - start.0), model.last_level_ns / scale);
        let points = match stroke {
            Stroke::Solid => vec![start, knee, end],
            Stroke::Dashed => curve(start, knee).chain(curve(knee, end)).collect(),
        };
        lines.push(Item::Line(points, stroke));
        ends.push(Item::End(end.0, end.1, stroke));
    }
    (lines, ends)
}

/// Equal factors for equal steps.
fn curve(from: (f64, f64), to: (f64, f64)) -> impl Iterator<Item = (f64, f64)> {
    (0..=PIECES).map(move |piece| {
        let share = f64::from(piece) / f64::from(PIECES);
        (from.0 + (to.0 - from.0) * share, from.1 * (to.1 / from.1).powf(share))
    })
}

/// Where a series is: its name without what is done, which all of its row do, and who holds the clock.
fn place(series: &SeriesSummary, is_same_work: bool) -> &str {
    let name = &*series.series;
    if !is_same_work {
        return name;
    }
    let place = name.split_once('-').map_or(name, |(_, place)| place);
    let observer = place.rsplit_once('-').filter(|(_, last)| *last == series.observer);
    observer.map_or(place, |(place, _)| place)
}

/// What an arm does: the first word of its name, in a run whose arms have levels.
pub(crate) fn work(name: &str) -> &str {
    name.split_once('-').map_or(name, |(work, _)| work)
}

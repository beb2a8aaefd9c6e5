//! Rule 8: what grows with the level, and whether by the same time or by the same factor.
//!
//! Within blocks in which every arm of the series gave a reading. Blocks of several sessions are
//! taken together: the rule works within blocks, and a held-out level is predicted from its own
//! block only. Each series has alpha by itself.

use std::collections::BTreeMap;

use measure::stats::{self, ALPHA, Model};
use measure::{Metric, Series};
use serde::Serialize;

use super::parts::complete_blocks;
use facts::by_session;
use facts::{BlockId, Record};
use facts::{Estimate, Predicted, Scope, pooled};

/// One series.
#[derive(Serialize)]
pub(crate) struct SeriesSummary {
    pub(crate) series: String,
    pub(crate) metric: Metric,
    pub(crate) observer: &'static str,
    pub(crate) about: String,
    /// Blocks in which every arm gave a reading.
    pub(crate) blocks: usize,
    pub(crate) sessions: usize,
    /// `None` without such a block.
    pub(crate) scope: Option<Scope>,
    /// Outermost first; the last one is held out.
    pub(crate) levels: Vec<LevelSummary>,
    /// What a level adds: the way from the first to the last, divided by the steps; in ns.
    pub(crate) step: Option<Estimate>,
    pub(crate) additive: Option<Predicted>,
    pub(crate) multiplicative: Option<Predicted>,
    /// Which prediction the held-out level falls in; `None` where no interval exists.
    #[serde(skip)]
    pub(crate) model: Option<Model>,
    /// Its name in files.
    #[serde(rename = "model")]
    pub(crate) model_name: Option<&'static str>,
    /// Readings of all arms by block, in ns an operation.
    #[serde(skip)]
    pub(crate) values: BTreeMap<BlockId, Vec<f64>>,
}

/// One arm of a series.
#[derive(Serialize)]
pub(crate) struct LevelSummary {
    pub(crate) arm: String,
    pub(crate) level: u8,
    /// In ns an operation, of the series' blocks alone.
    pub(crate) median: Option<Estimate>,
}

impl SeriesSummary {
    /// The levels that the models were fitted to.
    pub(crate) fn fitted(&self) -> &[LevelSummary] {
        self.levels.split_last().map_or(&[], |(_, fitted)| fitted)
    }

    /// The held-out one.
    pub(crate) fn held_out(&self) -> Option<&LevelSummary> {
        self.levels.last()
    }
}

fn name(model: Model) -> &'static str {
    match model {
        Model::Additive => "additive",
        Model::Multiplicative => "multiplicative",
        Model::Both => "both",
        Model::Neither => "neither",
    }
}

/// Every series of the run, in the order of its declaration.
pub(super) fn of(record: &Record) -> Vec<SeriesSummary> {
    let series = record.manifest.series.iter();
    series
        .filter_map(|series| summarise(record, series))
        .collect()
}

/// `None` when the run lacks an arm of it.
fn summarise(record: &Record, series: &Series<String, Vec<String>>) -> Option<SeriesSummary> {
    let arms = series.arms.iter().map(|name| record.arm(name));
    let arms = arms.collect::<Option<Vec<_>>>()?;
    let last = arms.last()?;
    let readings = complete_blocks(record, series.arms.iter())?;
    let in_order = |(id, of_block): (BlockId, BTreeMap<&str, f64>)| {
        let of_arm = |name: &String| of_block[name.as_str()];
        (id, series.arms.iter().map(of_arm).collect())
    };
    let values: BTreeMap<BlockId, Vec<f64>> = readings.into_iter().map(in_order).collect();
    let looks = record.looks();
    let median_of = |of: &dyn Fn(&[f64]) -> f64| {
        let each = values.iter().map(|(id, levels)| (*id, of(levels)));
        pooled(&by_session(each), ALPHA, looks)
    };
    let levels: Vec<LevelSummary> = (0..)
        .zip(&arms)
        .map(|(index, arm)| LevelSummary {
            arm: arm.name.clone(),
            level: arm.level,
            median: median_of(&|levels| levels[index]),
        })
        .collect();
    let columns: Vec<Vec<f64>> = (0..levels.len())
        .map(|level| values.values().map(|block| block[level]).collect())
        .collect();
    let growth = stats::growth(&columns, ALPHA, looks);
    let model = growth.and_then(|growth| growth.model());
    let steps = levels.len().saturating_sub(1).max(1) as f64;
    let mut sessions: Vec<u32> = values.keys().map(|(session, _)| *session).collect();
    sessions.dedup();
    Some(SeriesSummary {
        series: series.name.clone(),
        metric: last.metric,
        observer: last.observer.name(),
        about: series.about.clone(),
        blocks: values.len(),
        sessions: sessions.len(),
        scope: levels.first()?.median.map(|median| median.scope),
        step: median_of(&|levels| match levels {
            [first, .., last] => (last - first) / steps,
            _ => 0.0,
        }),
        levels,
        additive: growth.map(|growth| growth.additive.into()),
        multiplicative: growth.map(|growth| growth.multiplicative.into()),
        model,
        model_name: model.map(name),
        values,
    })
}

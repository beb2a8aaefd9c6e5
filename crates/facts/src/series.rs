//! Rule 8: what grows with the level, and whether by the same time or by the same factor.
//!
//! Within blocks in which every arm of the series gave a reading. Blocks of several sessions are
//! taken together: the rule works within blocks, and a held-out level is predicted from its own
//! block only. Each series has alpha by itself.

use std::collections::BTreeMap;

use measure::Series;
use measure::stats::{self, ALPHA, Model};
use serde::Serialize;

use crate::arms::by_session;
use crate::claim::{Additive, Predicted};
use crate::estimate::{Estimate, Scope, pooled};
use crate::metric::Metric;
use crate::record::{BlockId, Record};

/// One series.
#[derive(Serialize)]
pub struct SeriesSummary {
    /// Its name: that of its last arm.
    pub series: String,
    /// What is measured.
    #[serde(serialize_with = "Metric::serialize_name")]
    pub metric: Metric,
    /// Who holds the clock.
    pub observer: &'static str,
    /// What it is, in a line.
    pub about: String,
    /// Blocks in which every arm gave a reading.
    pub blocks: usize,
    /// Sessions that have such a block.
    pub sessions: usize,
    /// `None` without such a block.
    pub scope: Option<Scope>,
    /// Outermost first; the last one is held out.
    pub levels: Vec<LevelSummary>,
    /// What a level adds: the way from the first to the last, divided by the steps; in ns.
    pub step: Option<Estimate>,
    /// What equal steps predict of the held-out level.
    pub additive: Option<Additive>,
    /// What equal factors predict of it.
    pub multiplicative: Option<Predicted>,
    /// Which prediction the held-out level falls in; `None` where no interval exists, and where adding
    /// is impossible in some of the blocks.
    #[serde(skip)]
    pub model: Option<Model>,
    /// Its name in files.
    #[serde(rename = "model")]
    pub model_name: Option<&'static str>,
    /// Readings of all arms by block, in ns an operation.
    #[serde(skip)]
    pub values: BTreeMap<BlockId, Vec<f64>>,
}

/// One arm of a series.
#[derive(Serialize)]
pub struct LevelSummary {
    /// Its name.
    pub arm: String,
    /// How deep it is nested.
    pub level: u8,
    /// In ns an operation, of the series' blocks alone.
    pub median: Option<Estimate>,
}

impl SeriesSummary {
    /// The levels that the models were fitted to.
    pub fn fitted(&self) -> &[LevelSummary] {
        self.levels.split_last().map_or(&[], |(_, fitted)| fitted)
    }

    /// In how many blocks adding predicts no positive time, where it does in any.
    pub fn impossible_blocks(&self) -> Option<usize> {
        self.additive?.impossible_blocks()
    }

    /// Where adding is impossible, whether the other model holds; `None` without an interval.
    pub fn holds_alone(&self) -> Option<bool> {
        self.impossible_blocks()?;
        Some(self.multiplicative?.interval?.contains(1.0))
    }

    /// The held-out one.
    pub fn held_out(&self) -> Option<&LevelSummary> {
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
pub fn of(record: &Record) -> Vec<SeriesSummary> {
    let series = record.manifest.series.iter();
    series.filter_map(|series| summarise(record, series)).collect()
}

/// `None` when the run lacks an arm of it.
fn summarise(record: &Record, series: &Series<String, Vec<String>>) -> Option<SeriesSummary> {
    let arms = series.arms.iter().map(|name| record.arm(name));
    let arms = arms.collect::<Option<Vec<_>>>()?;
    let last = arms.last()?;
    let readings = record.complete(series.arms.iter())?;
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
        metric: record.metric(&last.metric),
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

//! Where a contrast's excess goes: signed sums of arms that shared a block.

use std::collections::BTreeMap;

use measure::stats::ALPHA;
use serde::Serialize;

use facts::by_session;
use facts::{Estimate, estimate};
use facts::{Metric, Record};

/// A contrast `y / x` taken apart. Shares are of x's reading in the same block.
#[derive(Serialize)]
pub(crate) struct Breakdown {
    pub(crate) contrast: String,
    #[serde(serialize_with = "Metric::serialize_name")]
    pub(crate) metric: Metric,
    /// Blocks in which every arm that is needed gave a reading: in each of them the parts add up.
    pub(crate) blocks: usize,
    /// `y / x - 1`; `None` without such a block.
    pub(crate) whole: Option<Estimate>,
    pub(crate) parts: Vec<PartSummary>,
    /// The whole's median less the sum of the parts' medians, which do not add up of themselves.
    pub(crate) remainder: Option<f64>,
}

/// One part.
#[derive(Serialize)]
pub(crate) struct PartSummary {
    pub(crate) due: String,
    pub(crate) plus: Vec<String>,
    pub(crate) minus: Vec<String>,
    pub(crate) about: String,
    pub(crate) share: Option<Estimate>,
}

/// Every contrast that has parts, in the order of the contrasts.
pub(super) fn of(record: &Record) -> Vec<Breakdown> {
    let contrasts = record.manifest.contrasts.iter();
    contrasts
        .filter_map(|contrast| {
            let parts = || record.manifest.parts.iter().filter(|part| part.of == contrast.name);
            let (above, below) = (&contrast.numerator, &contrast.denominator);
            let names = parts().flat_map(|part| part.plus.iter().chain(&part.minus));
            let blocks = record.complete(names.chain([above, below]))?;
            let metric = record.metric(&record.arm(above)?.metric);
            let share = |of: &dyn Fn(&BTreeMap<&str, f64>) -> f64| {
                let shares = blocks
                    .iter()
                    .map(|(id, readings)| (*id, of(readings) / readings[below.as_str()]));
                estimate(&by_session(shares), ALPHA, record.looks())
            };
            let sum = |names: &[String], readings: &BTreeMap<&str, f64>| -> f64 {
                names.iter().map(|name| readings[name.as_str()]).sum()
            };
            let summaries: Vec<PartSummary> = parts()
                .map(|part| PartSummary {
                    due: part.due.clone(),
                    plus: part.plus.clone(),
                    minus: part.minus.clone(),
                    about: part.about.clone(),
                    share: share(&|readings| {
                        sum(&part.plus, readings) - sum(&part.minus, readings)
                    }),
                })
                .collect();
            if summaries.is_empty() {
                return None;
            }
            let whole = share(&|readings| readings[above.as_str()] - readings[below.as_str()]);
            let medians: Option<Vec<f64>> =
                summaries.iter().map(|part| Some(part.share?.value)).collect();
            Some(Breakdown {
                contrast: contrast.name.clone(),
                metric,
                blocks: blocks.len(),
                whole,
                remainder: whole
                    .zip(medians)
                    .map(|(whole, medians)| whole.value - medians.iter().sum::<f64>()),
                parts: summaries,
            })
        })
        .collect()
}

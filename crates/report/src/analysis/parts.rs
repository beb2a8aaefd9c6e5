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
    /// `y - x` in those blocks, in ns an operation.
    pub(crate) whole_ns: Option<Estimate>,
    /// Its median less the sum of the parts' medians.
    pub(crate) remainder_ns: Option<f64>,
}

/// One part.
#[derive(Serialize)]
pub(crate) struct PartSummary {
    pub(crate) due: String,
    pub(crate) plus: Vec<String>,
    pub(crate) minus: Vec<String>,
    pub(crate) about: String,
    pub(crate) share: Option<Estimate>,
    /// The same sum in ns an operation.
    pub(crate) ns: Option<Estimate>,
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
            let estimate_of = |of: &dyn Fn(&BTreeMap<&str, f64>) -> f64| {
                let values = blocks.iter().map(|(id, readings)| (*id, of(readings)));
                estimate(&by_session(values), ALPHA, record.looks())
            };
            // In ns, and as a share of the reading below the line.
            let both = |of: &dyn Fn(&BTreeMap<&str, f64>) -> f64| {
                let share =
                    |readings: &BTreeMap<&str, f64>| of(readings) / readings[below.as_str()];
                (estimate_of(of), estimate_of(&share))
            };
            let sum = |names: &[String], readings: &BTreeMap<&str, f64>| -> f64 {
                names.iter().map(|name| readings[name.as_str()]).sum()
            };
            let summaries: Vec<PartSummary> = parts()
                .map(|part| {
                    let (ns, share) =
                        both(&|readings| sum(&part.plus, readings) - sum(&part.minus, readings));
                    PartSummary {
                        due: part.due.clone(),
                        plus: part.plus.clone(),
                        minus: part.minus.clone(),
                        about: part.about.clone(),
                        share,
                        ns,
                    }
                })
                .collect();
            if summaries.is_empty() {
                return None;
            }
            let (whole_ns, whole) =
                both(&|readings| readings[above.as_str()] - readings[below.as_str()]);
            let remainder = |whole: Option<Estimate>, of: fn(&PartSummary) -> Option<Estimate>| {
                let medians: Option<Vec<f64>> =
                    summaries.iter().map(|part| Some(of(part)?.value)).collect();
                Some(whole?.value - medians?.iter().sum::<f64>())
            };
            Some(Breakdown {
                contrast: contrast.name.clone(),
                metric,
                blocks: blocks.len(),
                whole,
                remainder: remainder(whole, |part| part.share),
                whole_ns,
                remainder_ns: remainder(whole_ns, |part| part.ns),
                parts: summaries,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use facts::Runs;

    use super::*;

    /// Of one block alone, medians are the block's own values: parts add up to the difference, and
    /// shares to the ratio less 1.
    #[test]
    fn parts_add_up_in_every_block_of_the_reference() {
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
        let published = facts::Table::read().expect("the table");
        let entries = std::fs::read_dir(reference).expect("a folder").flatten();
        let folders = entries.map(|entry| entry.path()).filter(|path| Runs::is_at(path));
        let records = folders.flat_map(|folder| Runs::open(&folder).expect("a run").records);
        let mut seen = 0;
        for whole in records.filter(|record| !record.manifest.parts.is_empty()) {
            // Later ones have not the arms of every part.
            let full = whole.manifest.warmup_blocks + whole.manifest.blocks;
            let ids = whole.samples.rows.iter().filter(|row| !row.warmup && row.block <= full);
            let ids: BTreeSet<_> = ids.map(|row| (row.session, row.block)).collect();
            for id in ids.into_iter().step_by(3) {
                let mut record = Record::open(&whole.folder).expect("a record");
                record.samples.rows.retain(|row| (row.session, row.block) == id);
                let ratios = facts::ratios(&record, &published);
                for breakdown in of(&record) {
                    let name = &breakdown.contrast;
                    let contrast = ratios.iter().find(|ratio| ratio.contrast == *name);
                    let difference =
                        contrast.and_then(|ratio| ratio.difference).expect("both arms");
                    let [all_ns, all] = [breakdown.whole_ns, breakdown.whole]
                        .map(|whole| whole.expect("both").value);
                    let parts = breakdown.parts.iter();
                    let (ns, shares): (Vec<f64>, Vec<f64>) = parts
                        .map(|part| (part.ns.expect("all").value, part.share.expect("all").value))
                        .unzip();
                    assert!((difference.value - all_ns).abs() < 1e-3, "{name} in {id:?}");
                    assert!((ns.iter().sum::<f64>() - all_ns).abs() < 1e-3, "{name} in {id:?}");
                    assert!((shares.iter().sum::<f64>() - all).abs() < 1e-9, "{name} in {id:?}");
                    assert!(breakdown.remainder_ns.expect("all").abs() < 1e-3);
                    seen += 1;
                }
            }
        }
        assert!(seen > 50, "{seen}");
    }
}

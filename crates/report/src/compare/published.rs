//! A run held against the published figures.

use measure::usage;

use crate::analysis::{Analysis, Range};
use crate::compare::judge::{Shown, Verdict};
use crate::compare::setting::{LISTED, joined};
use crate::compare::{Comparison, Difference, Kind, Row};
use facts::{Here, Runs};

pub(super) const NO_INTERVAL: &str = "four repetitions carry no interval at this confidence";

/// What is said once of all rows.
pub(super) const AGAINST_PUBLISHED: &str = "\
No row can be called changed or unchanged: of the published figures the interval is the range of
four repetitions, which carry none that could be compared. To see a change, take a run before it and
one after it, of six sessions each (`--sessions 6`), and name both: `cargo xtask compare BASE NEW`.
verdict: what the new run says of the published ratio; arms have none.";

/// The published figures have ranges and no intervals, so nothing can be said to have changed since
/// them; what can be said is the published verdict of the page.
pub(super) fn against_published(new: &Runs) -> miette::Result<Comparison> {
    let analysis = Analysis::of(new)?;
    let mut rows = Vec::new();
    for run in &analysis.runs {
        for ratio in &run.ratios {
            let Some(published) = ratio.published else {
                continue;
            };
            let here = ratio.here.map_or("not measured here", Here::name);
            rows.push(Row {
                experiment: run.experiment.clone(),
                kind: Kind::Ratio,
                metric: ratio.metric.clone(),
                name: ratio.contrast.clone(),
                primary: ratio.primary,
                base: Some(Shown::range(published.value, published.range(), published.n)),
                new: ratio.decisive.map(Shown::of),
                verdict: Verdict::NotComparable,
                limit: None,
                why: Some(NO_INTERVAL.to_owned()),
                published: Some(here),
            });
        }
        for arm in &run.arms {
            let Some(published) = arm.published else {
                continue;
            };
            let ns = arm.metric.unit.ns();
            let range =
                Range { low: published.low * ns, high: published.high * ns, coverage: f64::NAN };
            rows.push(Row {
                experiment: run.experiment.clone(),
                kind: Kind::Arm,
                metric: arm.metric.clone(),
                name: arm.arm.clone(),
                primary: false,
                base: Some(Shown::range(published.median * ns, range, published.n)),
                new: arm.median.map(Shown::of),
                verdict: Verdict::NotComparable,
                limit: None,
                why: Some(NO_INTERVAL.to_owned()),
                published: None,
            });
        }
    }
    if rows.is_empty() {
        return Err(usage(
            "this run can't be compared with the published figures",
            "nothing that it measured was published",
            "name a run of what results/published has (see `cargo xtask --help`), or another run as BASE",
        ));
    }
    let setup = facts::setup()?;
    let published: Vec<String> =
        setup.iter().map(|(fact, value)| format!("{fact} {value}")).collect();
    let differences = new.records.iter().map(|record| Difference {
        experiment: record.manifest.experiment.clone(),
        what: "machine and engines".to_owned(),
        base: published.join(", "),
        new: joined(LISTED.iter().take(4).flat_map(|(_, of)| of(record)).collect()),
    });
    Ok(Comparison { differences: differences.collect(), rows, ..Comparison::default() })
}

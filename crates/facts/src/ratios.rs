//! Each contrast's ratio (rule 2), with everything that is printed beside it.

use std::collections::BTreeMap;

use measure::stats::{ALPHA, RESAMPLES, bootstrap, holm, median};
use measure::{Arm, Contrast};
use serde::Serialize;

use crate::arms::by_session;
use crate::estimate::{Estimate, Range, Scope, estimate, narrow_like, p_value, pooled};
use crate::metric::Metric;
use crate::published::{PublishedRatio, Table};
use crate::record::{BlockId, Record};
use crate::verdict::{Here, Verdict};

/// What an arm's name ends in that does the same as the arm of the name before it.
const AGAIN: &str = "-again";

/// One contrast's ratio.
#[derive(Clone, Serialize)]
pub struct RatioSummary {
    /// Its name.
    pub contrast: String,
    /// The arm above the line.
    pub numerator: String,
    /// The arm below the line.
    pub denominator: String,
    /// What is measured.
    #[serde(serialize_with = "Metric::serialize_name")]
    pub metric: Metric,
    /// What it does, in a line.
    pub about: String,
    /// Whether it was asked before the run.
    pub primary: bool,
    /// Whether both arms do the same (A/A).
    pub control: bool,
    /// How many contrasts share alpha with this one, itself included.
    pub family: usize,
    /// Whether it is primary and has alpha for itself all the same: its sessions are too few for an
    /// interval at the family's share.
    pub by_itself: bool,
    /// Blocks in which both arms gave a reading.
    pub pairs: usize,
    /// Sessions that have such a block.
    pub sessions: usize,
    /// At alpha by itself.
    pub each: Option<Estimate>,
    /// At the family's share of alpha: the one that decides.
    pub decisive: Option<Estimate>,
    /// Of the differences within blocks, `y - x` in ns an operation, by the rule and at the error rate
    /// of `decisive`.
    pub difference: Option<Estimate>,
    /// The one that decides equivalence, by [`narrow_like`].
    pub narrow: Option<Range>,
    /// Of the sign test, for all members of the family adjusted by Holm.
    pub p: Option<f64>,
    /// That, adjusted.
    pub holm_p: Option<f64>,
    /// Of all samples.
    pub ratio_of_medians: Option<f64>,
    /// How often all primary intervals of the run hold together, at least; one without an interval
    /// claims nothing and misses nothing. `None` for an exploratory one.
    pub joint_coverage: Option<f64>,
    /// For comparison.
    pub bootstrap: Option<Range>,
    /// All sessions' blocks together, where there are several.
    pub pooled: Option<Estimate>,
    /// Each session by itself, at alpha.
    pub by_session: BTreeMap<u32, Estimate>,
    /// What is concluded of our ratio.
    pub verdict: Verdict,
    /// What was published for it.
    pub published: Option<PublishedRatio>,
    /// What becomes of the claim here.
    pub here: Option<Here>,
    /// `(y, x)` by block, in ns an operation.
    #[serde(skip)]
    pub values: BTreeMap<BlockId, (f64, f64)>,
}

/// Every declared contrast, primary ones with their family.
pub fn of(record: &Record, published: &Table) -> Vec<RatioSummary> {
    let contrasts = &record.manifest.contrasts;
    let mut ratios: Vec<RatioSummary> =
        contrasts.iter().filter_map(|contrast| compare(record, contrast, published)).collect();
    // Who has no p-value still counts in the family.
    let primary = || contrasts.iter().filter(|contrast| contrast.primary);
    let p_of = |name: &str| {
        let ratio = ratios.iter().find(|ratio| ratio.contrast == name);
        ratio.and_then(|ratio| ratio.p).unwrap_or(1.0)
    };
    let adjusted = holm(&primary().map(|contrast| p_of(&contrast.name)).collect::<Vec<_>>());
    for (contrast, holm_p) in primary().zip(adjusted) {
        if let Some(ratio) = ratios.iter_mut().find(|ratio| ratio.contrast == contrast.name) {
            ratio.holm_p = ratio.p.map(|_| holm_p);
        }
    }
    let intervals = ratios.iter().filter(|ratio| ratio.primary).filter_map(RatioSummary::interval);
    let missed: f64 = intervals.map(|range| 1.0 - range.coverage).sum();
    let joint_coverage = (1.0 - missed).max(0.0);
    for ratio in ratios.iter_mut().filter(|ratio| ratio.primary) {
        ratio.joint_coverage = Some(joint_coverage);
    }
    ratios
}

/// What decides of one arm over another.
#[derive(Serialize)]
pub struct Ratio {
    /// Its name.
    pub contrast: String,
    /// The one that decides, as the table of ratios has it.
    pub estimate: Option<Estimate>,
    /// Whether it was asked before the run.
    pub primary: bool,
}

impl Ratio {
    /// What decides in a table for programs: the ratio and both ends of its interval, with six decimals.
    pub fn columns(ratio: Option<&Self>, word: &str) -> [(String, String); 3] {
        let estimate = ratio.and_then(|ratio| ratio.estimate);
        let interval = estimate.and_then(|found| found.interval);
        [
            ("ratio", estimate.map(|found| found.value)),
            ("low", interval.map(|range| range.low)),
            ("high", interval.map(|range| range.high)),
        ]
        .map(|(name, value)| {
            let value = value.map_or_else(String::new, |value| format!("{value:.6}"));
            (format!("{word}_{name}"), value)
        })
    }
}

impl From<RatioSummary> for Ratio {
    fn from(found: RatioSummary) -> Self {
        Self { estimate: found.decisive, primary: found.primary, contrast: found.contrast }
    }
}

/// The declared contrast of these arms, or the same as an exploratory one; `None` when the run lacks
/// one of them.
pub fn between(
    record: &Record,
    declared: &[RatioSummary],
    published: &Table,
    above: &str,
    below: &str,
) -> Option<RatioSummary> {
    let mut declared = declared.iter();
    let declared = declared.find(|ratio| ratio.numerator == above && ratio.denominator == below);
    declared.cloned().or_else(|| {
        let contrast = Contrast {
            name: format!("{above}/{below}"),
            numerator: above.to_owned(),
            denominator: below.to_owned(),
            primary: false,
            about: String::new(),
        };
        compare(record, &contrast, published)
    })
}

/// One contrast, which need not be a declared one; `None` when the run lacks one of its arms.
fn compare(
    record: &Record,
    contrast: &Contrast<String>,
    published: &Table,
) -> Option<RatioSummary> {
    let (above, below) = (record.arm(&contrast.numerator)?, record.arm(&contrast.denominator)?);
    let values = pairs(record, above, below);
    let logs = by_session(logs(&values));
    let looks = record.looks();
    let family = if contrast.primary { record.family().max(1) } else { 1 };
    let share = ALPHA / family as f64;
    let at = |alpha: f64| estimate(&logs, alpha, looks).map(|found| found.map(f64::exp));
    let decisive = at(share);
    let narrow = decisive.and_then(|found| Some(narrow_like(found, &logs, looks)?.map(f64::exp)));
    let verdict = if values.is_empty() {
        Verdict::NoReading
    } else {
        Verdict::of(decisive.and_then(|found| found.interval), narrow, record.margin())
    };
    let list: Vec<(f64, f64)> = values.values().copied().collect();
    let medians = median(&list.iter().map(|(y, _)| *y).collect::<Vec<_>>())
        .zip(median(&list.iter().map(|(_, x)| *x).collect::<Vec<_>>()));
    let metric = record.metric(&above.metric);
    let published = published.ratio(&metric, above, below);
    Some(RatioSummary {
        contrast: contrast.name.clone(),
        numerator: contrast.numerator.clone(),
        denominator: contrast.denominator.clone(),
        metric,
        about: contrast.about.clone(),
        primary: contrast.primary,
        control: is_control(&contrast.numerator, &contrast.denominator),
        family,
        // A share that was given is the same number.
        by_itself: decisive.is_some_and(|found| found.alpha > share),
        pairs: values.len(),
        sessions: logs.len(),
        each: at(ALPHA),
        decisive,
        difference: estimate(&by_session(differences(&values)), share, looks),
        narrow,
        p: decisive.and_then(|found| p_value(&logs, found.scope, looks)),
        holm_p: None,
        joint_coverage: None,
        ratio_of_medians: medians.map(|(above, below)| above / below),
        bootstrap: bootstrap(&list, ALPHA, RESAMPLES, record.manifest.seed).map(Range::from),
        pooled: (logs.len() > 1)
            .then(|| pooled(&logs, share, looks).map(|found| found.map(f64::exp)))
            .flatten(),
        by_session: logs
            .iter()
            .filter_map(|(session, logs)| {
                let alone = BTreeMap::from([(*session, logs.clone())]);
                let found = pooled(&alone, ALPHA, looks)?;
                Some((*session, found.map(f64::exp)))
            })
            .collect(),
        verdict,
        here: published.map(|published| {
            Here::of_ratio(decisive.and_then(|found| found.interval), published.range())
        }),
        published,
        values,
    })
}

/// One ratio held against another, in the blocks that have all four readings.
pub struct RatioOfRatios {
    /// At alpha by itself.
    pub estimate: Option<Estimate>,
    pub pairs: usize,
    pub verdict: Verdict,
}

/// One ratio over another, in the blocks that have all four readings.
pub fn ratio_of_ratios(
    record: &Record,
    first: &RatioSummary,
    second: &RatioSummary,
) -> RatioOfRatios {
    let second: BTreeMap<BlockId, f64> = logs(&second.values).collect();
    let differences =
        logs(&first.values).filter_map(|(id, log)| Some((id, log - second.get(&id)?)));
    let by_session = by_session(differences);
    let looks = record.looks();
    let found = estimate(&by_session, ALPHA, looks);
    let ours = found.map(|found| found.map(f64::exp));
    let narrow =
        found.and_then(|found| Some(narrow_like(found, &by_session, looks)?.map(f64::exp)));
    RatioOfRatios {
        estimate: ours,
        pairs: by_session.values().map(Vec::len).sum(),
        verdict: match ours {
            None => Verdict::NoReading,
            Some(ours) => Verdict::of(ours.interval, narrow, record.margin()),
        },
    }
}

/// Whether the two arms do the same under two names.
pub(crate) fn is_control(numerator: &str, denominator: &str) -> bool {
    numerator.strip_suffix(AGAIN) == Some(denominator)
        || denominator.strip_suffix(AGAIN) == Some(numerator)
}

/// The readings of two arms in the blocks in which both gave one. Where one of them has its labs
/// alone, they share none: then the medians of each session, as if of its block 0.
pub fn pairs(
    record: &Record,
    above: &Arm<String>,
    below: &Arm<String>,
) -> BTreeMap<BlockId, (f64, f64)> {
    let readings = |arm| {
        let readings = record.readings(arm);
        if !record.manifest.company {
            return readings;
        }
        let medians = by_session(readings).into_iter();
        medians.filter_map(|(session, values)| Some(((session, 0), median(&values)?))).collect()
    };
    let below = readings(below);
    let both = |(id, y)| Some((id, (y, *below.get(&id)?)));
    readings(above).into_iter().filter_map(both).collect()
}

/// Logarithms of the within-block ratios.
pub fn logs(values: &BTreeMap<BlockId, (f64, f64)>) -> impl Iterator<Item = (BlockId, f64)> {
    values.iter().map(|(id, (y, x))| (*id, (y / x).ln()))
}

/// The within-block differences, in ns an operation.
pub fn differences(values: &BTreeMap<BlockId, (f64, f64)>) -> impl Iterator<Item = (BlockId, f64)> {
    values.iter().map(|(id, (y, x))| (*id, y - x))
}

impl RatioSummary {
    /// What the printed interval speaks for; one boot where there is no estimate at all.
    pub fn scope(&self) -> Scope {
        self.decisive.map_or(Scope::Boot, |found| found.scope)
    }

    /// The interval that decides.
    pub fn interval(&self) -> Option<Range> {
        self.decisive.and_then(|found| found.interval)
    }

    /// The value that decides.
    pub fn estimate(&self) -> Option<f64> {
        self.decisive.map(|found| found.value)
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use measure::stats::Looks;

    use super::*;

    /// Blocks drift by more than the difference, times are as skewed as those of programs, and the
    /// true median of the differences is known: what one coin in each block decides covers as often as
    /// the interval says.
    #[test]
    fn the_interval_of_a_difference_covers_as_often_as_it_says() {
        const REPLICATES: u32 = 4_000;
        const TRUE_NS: f64 = 70e6;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut unit = || ((rng.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        for (n, exact) in [(10_u32, 1.0 - 22.0 / 1_024.0), (30, 0.957_226)] {
            let mut holding = 0;
            for _ in 0..REPLICATES {
                let block = |block: u32| {
                    let x = 300e6 + f64::from(block) * 20e6 + 40e6 * -unit().ln();
                    // Skewed: its median is 0, its mean is not.
                    let noise = -unit().ln() - 2.0_f64.ln();
                    ((1, block), (x + TRUE_NS + 50e6 * noise, x))
                };
                let values: BTreeMap<BlockId, (f64, f64)> = (1..=n).map(block).collect();
                let found = estimate(&by_session(differences(&values)), ALPHA, Looks::Once);
                let interval = found.and_then(|found| found.interval).expect("enough blocks");
                assert!((interval.coverage - exact).abs() < 1e-6, "{n}");
                holding += u32::from(interval.contains(TRUE_NS));
            }
            let covered = f64::from(holding) / f64::from(REPLICATES);
            let error = (exact * (1.0 - exact) / f64::from(REPLICATES)).sqrt();
            assert!((covered - exact).abs() < 3.5 * error, "{n}: {covered}, {exact}");
        }
    }

    #[test]
    fn controls_are_known_by_their_names() {
        for (numerator, denominator, is) in [
            ("docker-again", "docker", true),
            ("docker", "docker-again", true),
            ("getppid-docker-again", "getppid-docker", true),
            ("docker-again", "podman", false),
            ("dind", "docker", false),
            ("again", "", false),
        ] {
            assert_eq!(is_control(numerator, denominator), is, "{numerator}/{denominator}");
        }
    }
}

//! Two runs side by side: the same contrasts and arms, and whether they changed.
//!
//! `changed`: the two intervals have no value in common. Each is at alpha/2 of the row's share of
//! alpha: of the m contrasts that are primary in both runs and can be compared, each has alpha/m,
//! everything else has alpha by itself. If nothing changed, disjoint intervals mean that one of the
//! two misses the common truth, which happens with a probability of at most the row's share; so
//! "changed" is said wrongly of any of the m with a probability of at most alpha. The rule needs no
//! relation between the runs. It is a strict one: intervals that overlap may hide a change, hence
//! `no change seen`.
//!
//! What the intervals are made of decides what a verdict speaks for; sessions differ by more than
//! blocks do, and blocks of several of them are never put together here:
//!
//! - both runs have six sessions or more: across sessions (rule 6). Where the row's share leaves
//!   one of them without an interval, both are at 5 % each and the verdict says so: by itself, it is
//!   wrong with a probability of at most 10 %.
//! - both have one: within it, and the verdict holds for these two sessions only. It can't tell what
//!   changed from what differs between any two sessions.
//! - anything else is `not comparable`.
//!
//! All sessions of a run are of one boot of one machine, so no verdict speaks of another boot. Where
//! the two records tell their machines apart, each verdict says that it speaks of these two.
//!
//! Runs of different methods, experiments or schemas are refused as a whole. A row whose estimand
//! differs is `not comparable`, with the reason. Other differences (machine, engines, versions) are
//! what a comparison is often for: they are listed.

mod judge;
mod published;
mod setting;
mod terminal;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use measure::stats::ALPHA;
use measure::{Arm, Contrast, usage};
use serde::Serialize;

use crate::analysis;
use crate::compare::judge::{Judged, Shown, Side, Verdict, judge};
use crate::compare::setting::lab;
use crate::merge::told_apart;
use crate::visible;
use facts::{Metric, Record, Runs};

pub(crate) use setting::{LISTED, joined, whose};

/// The word that stands for the published figures.
const PUBLISHED: &str = "published";

/// Hold a run against an earlier one, or runs against the published figures
///
/// Pairs ratios and arms of the same name. "changed" means that two intervals, each at half of the
/// row's share of 5 %, have no value in common; overlapping ones may hide a change. Runs of one
/// session each speak of these sessions only; to speak of a boot of a machine, a run needs six. Of
/// two machines a verdict says nothing about others: `cargo xtask merge`. Against `published`, several
/// runs stand side by side, each in its setting: a lab with stand-ins, one with published images, the
/// machine's own engines. Exit codes: 0 whatever the verdicts; 1 a file can't be read; 2 the runs can't be
/// compared at all.
#[derive(Args)]
pub(crate) struct CompareArgs {
    /// Folder of the earlier run, or `published`
    #[arg(value_name = "BASE")]
    base: PathBuf,

    /// Folder of the later run; of `published`, of each run that is held against it
    #[arg(value_name = "NEW", required = true)]
    new: Vec<PathBuf>,

    /// Print the comparison on stdout as JSON
    #[arg(long)]
    json: bool,

    /// Print the comparison with `published` on stdout as a page that needs no other file
    #[arg(long, conflicts_with = "json")]
    html: bool,
}

/// What is found.
#[derive(Default, Serialize)]
struct Comparison {
    /// Primary contrasts that share alpha, by experiment.
    family: BTreeMap<String, usize>,
    /// What tells the machines of the two apart: what, the base's, the new one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    machines_differ: Option<[String; 3]>,
    /// Where one is of a lab and the other of the machine's own engines: whose the base's are, and the new
    /// one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    engines_differ: Option<[&'static str; 2]>,
    /// What differs between the runs beside their numbers.
    differences: Vec<Difference>,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Difference {
    experiment: String,
    what: String,
    base: String,
    new: String,
}

/// One ratio or one arm.
#[derive(Serialize)]
struct Row {
    experiment: String,
    kind: Kind,
    #[serde(serialize_with = "Metric::serialize_name")]
    metric: Metric,
    name: String,
    primary: bool,
    /// A ratio, or ns an operation.
    base: Option<Shown>,
    new: Option<Shown>,
    verdict: Verdict,
    /// What is to be said with the verdict.
    limit: Option<String>,
    /// Why it can't be compared.
    why: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Ratio,
    Arm,
}

/// What is said of a verdict on a lab and the machine's own engines.
const LAB_AND_HOST: &str = "a lab's engines and the machine's own";

/// What is said of a verdict on runs of two machines.
const TWO_MACHINES: &str = "these two machines only";

/// Names, and what they say of a thing.
pub(crate) type Named<T, F, const N: usize> = [(&'static str, fn(&T) -> F); N];

/// What two arms of one name must share to be arms of one estimand.
const ESTIMAND: Named<Arm<String>, String, 5> = [
    ("metric", |arm| arm.metric.clone()),
    ("method", |arm| arm.method.clone()),
    ("observer", |arm| arm.observer.name().to_owned()),
    ("level", |arm| arm.level.to_string()),
    ("operations", |arm| arm.operations.to_string()),
];

pub(crate) fn compare(args: &CompareArgs) -> miette::Result<()> {
    if args.base.as_path() == Path::new(PUBLISHED) {
        return published::compare(args);
    }
    let [new] = &args.new[..] else {
        return Err(usage(
            "two runs are held against each other",
            format!("{} runs are named after {}", args.new.len(), args.base.display()),
            "name one; or `published` as BASE; or merge runs of several machines: `cargo xtask merge RUN...`",
        ));
    };
    if args.html {
        return Err(usage(
            "there is no page of two runs",
            format!("BASE is {}, and --html is of the published figures", args.base.display()),
            "omit --html, or name `published` as BASE",
        ));
    }
    let comparison = of_runs(&Runs::open(&args.base)?, &Runs::open(new)?)?;
    if args.json { visible::json(&comparison) } else { visible::say(&comparison.terminal()) }
}

fn of_runs(base: &Runs, new: &Runs) -> miette::Result<Comparison> {
    if experiments(base) != experiments(new) {
        return Err(usage(
            "these runs can't be compared",
            format!(
                "one is of {}, the other of {}",
                experiments(base).join(" and "),
                experiments(new).join(" and ")
            ),
            "name two runs of the same experiment",
        ));
    }
    if methods(base) != methods(new) {
        return Err(usage(
            "these runs can't be compared",
            format!("they were taken by methods {:?} and {:?}", methods(base), methods(new)),
            "take the earlier one again",
        ));
    }
    let mut comparison = Comparison {
        machines_differ: told_apart(&base.records[0], &new.records[0]),
        engines_differ: whose_differ(&base.records[0], &new.records[0]),
        ..Comparison::default()
    };
    for (base, new) in base.records.iter().zip(&new.records) {
        comparison.add(base, new);
    }
    Ok(comparison)
}

/// Whose engines two runs were taken on, where that is not the same.
fn whose_differ(base: &Record, new: &Record) -> Option<[&'static str; 2]> {
    let [base, new] = [base, new].map(whose);
    (base != new).then_some([base, new])
}

/// The versions of the method that the runs were taken by.
pub(crate) fn methods(runs: &Runs) -> Vec<u32> {
    runs.records.iter().map(|record| record.manifest.method_version).collect()
}

/// What the runs are of.
pub(crate) fn experiments(runs: &Runs) -> Vec<String> {
    runs.records.iter().map(|record| record.manifest.experiment.clone()).collect()
}

impl Comparison {
    fn add(&mut self, base: &Record, new: &Record) {
        let experiment = &new.manifest.experiment;
        for (what, of) in LISTED {
            let [base, new] = [base, new].map(|record| joined(of(record)));
            if base != new {
                self.differences.push(Difference {
                    experiment: experiment.clone(),
                    what: what.to_owned(),
                    base,
                    new,
                });
            }
        }
        let pairs = contrasts(base, new);
        let family = pairs.iter().filter(|pair| pair.primary && pair.why.is_none()).count();
        self.family.insert(experiment.clone(), family);
        for pair in pairs {
            let share = if pair.primary { ALPHA / family.max(1) as f64 } else { ALPHA };
            let values = |record: &Record, contrast: &Contrast<String>| {
                let (above, below) =
                    (record.arm(&contrast.numerator)?, record.arm(&contrast.denominator)?);
                let pairs = analysis::pairs(record, above, below);
                Some(analysis::by_session(analysis::logs(&pairs)))
            };
            let sides = [
                (values(base, pair.base).unwrap_or_default(), base.looks()),
                (values(new, pair.new).unwrap_or_default(), new.looks()),
            ];
            let judged = self.judged(pair.why, &sides, share / 2.0);
            let row = Row::of(experiment, Kind::Ratio, pair.metric, &pair.new.name, judged);
            self.rows.push(Row { primary: pair.primary, ..row });
        }
        for arm in &new.manifest.arms {
            let Some(earlier) = base.arm(&arm.name) else {
                continue;
            };
            let why = sandboxes(base, new).or_else(|| estimand(earlier, arm));
            // On the logarithm, so that intervals are those of the same kind as the ratios'.
            let sides = [(base, earlier), (new, arm)].map(|(record, arm)| {
                let readings = record.readings(arm).into_iter();
                let logs = readings.map(|(id, ns)| (id, ns.ln()));
                (analysis::by_session(logs), record.looks())
            });
            let judged = self.judged(why, &sides, ALPHA / 2.0);
            self.rows.push(Row::of(
                experiment,
                Kind::Arm,
                new.metric(&arm.metric),
                &arm.name,
                judged,
            ));
        }
    }
}

impl Comparison {
    /// A verdict that also says whose machines it speaks of, where they are two.
    fn judged(&self, why: Option<String>, sides: &[Side; 2], alpha: f64) -> Judged {
        let judged = judge(why, sides, alpha);
        let is_one = judged.verdict != Verdict::NotComparable;
        let of_two = (is_one && self.machines_differ.is_some()).then(|| TWO_MACHINES.to_owned());
        let of_both = (is_one && self.engines_differ.is_some()).then(|| LAB_AND_HOST.to_owned());
        let limits = judged.limit.into_iter().chain(of_both).chain(of_two);
        let limits: Vec<String> = limits.collect();
        Judged { limit: (!limits.is_empty()).then(|| limits.join("; ")), ..judged }
    }
}

impl Row {
    /// Of no primary contrast.
    fn of(experiment: &str, kind: Kind, metric: Metric, name: &str, judged: Judged) -> Self {
        let Judged { verdict, limit, why, shown: [base, new] } = judged;
        let (experiment, name) = (experiment.to_owned(), name.to_owned());
        Self { experiment, kind, metric, name, primary: false, base, new, verdict, limit, why }
    }
}

/// A contrast that both runs declare.
struct Pair<'a> {
    base: &'a Contrast<String>,
    new: &'a Contrast<String>,
    metric: Metric,
    primary: bool,
    why: Option<String>,
}

fn contrasts<'a>(base: &'a Record, new: &'a Record) -> Vec<Pair<'a>> {
    let earlier =
        |name: &str| base.manifest.contrasts.iter().find(|contrast| contrast.name == name);
    let pair = |contrast: &'a Contrast<String>| {
        let earlier = earlier(&contrast.name)?;
        let arms = || {
            let names = [
                (&earlier.numerator, &contrast.numerator),
                (&earlier.denominator, &contrast.denominator),
            ];
            names.into_iter().find_map(|(earlier, later)| {
                if earlier != later {
                    return Some(format!("it was made of `{earlier}`, now of `{later}`"));
                }
                estimand(base.arm(earlier)?, new.arm(later)?)
            })
        };
        Some(Pair {
            base: earlier,
            new: contrast,
            metric: new.metric(&new.arm(&contrast.numerator)?.metric),
            primary: earlier.primary && contrast.primary,
            why: sandboxes(base, new).or_else(arms),
        })
    };
    new.manifest.contrasts.iter().filter_map(pair).collect()
}

/// What is not the same of two arms of one name.
pub(crate) fn estimand(base: &Arm<String>, new: &Arm<String>) -> Option<String> {
    ESTIMAND.iter().find_map(|(what, of)| {
        let (before, after) = (of(base), of(new));
        let name = &new.name;
        (before != after).then(|| format!("the {what} of `{name}` was `{before}`, is `{after}`"))
    })
}

/// Why runs are not of the same images: one may have had published ones, which are others.
pub(crate) fn images(base: &Record, new: &Record) -> Option<String> {
    let shown = |record: &Record| {
        let images = record.published().into_iter();
        joined(images.map(|(name, digest)| format!("{name} {digest}")).collect())
    };
    let (base, new) = (shown(base), shown(new));
    (base != new).then(|| format!("the published images were {base}, are {new}"))
}

/// What keeps two runs of labs apart. One of a lab and one of the machine's own engines are held against
/// each other, and every verdict says so.
pub(crate) fn sandboxes(base: &Record, new: &Record) -> Option<String> {
    if base.is_of_host() || new.is_of_host() {
        return None;
    }
    let [base, new] = [base, new].map(|record| joined(lab(record, "sandbox")));
    (base != new).then(|| format!("the sandbox was {base}, is {new}"))
}

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
//! - both have one: within it, and the verdict holds for these two boots only. It can't tell what
//!   changed from what differs between any two boots.
//! - anything else is `not comparable`.
//!
//! Runs of different methods, experiments or schemas are refused as a whole. A row whose estimand
//! differs is `not comparable`, with the reason. Other differences (machine, engines, versions) are
//! what a comparison is often for: they are listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use measure::stats::{ALPHA, Looks};
use measure::{Arm, Contrast, Metric, say, usage};
use miette::IntoDiagnostic;
use serde::Serialize;
use serde_json::Value;

use crate::analysis::{self, Analysis, Estimate, Range};
use facts::Here;
use facts::Lang;
use facts::{Record, Runs, text};

/// The word that stands for the published figures.
const PUBLISHED: &str = "published";

/// The fewest sessions that have an interval at 5 % (rule 6): 2 / 2^6 is below, 2 / 2^5 is not.
const SESSIONS: usize = 6;

const NO_INTERVAL: &str = "four repetitions carry no interval at this confidence";

/// What is said once of all rows.
const AGAINST_PUBLISHED: &str = "\
No row can be called changed or unchanged: of the published figures the interval is the range of
four repetitions, which carry none that could be compared. To see a change, take a run before it and
one after it, of six sessions each (`--sessions 6`), and name both: `cargo xtask compare BASE NEW`.
verdict: what the new run says of the published ratio; arms have none.";

/// Hold a run against an earlier one, or against the published figures
///
/// Pairs ratios and arms of the same name. "changed" means that two intervals, each at half of the
/// row's share of 5 %, have no value in common; overlapping ones may hide a change. Runs of one
/// session each speak for these boots only; to speak for the machine, both need six. Exit codes: 0
/// whatever the verdicts; 1 a file can't be read; 2 the runs can't be compared at all.
#[derive(Args)]
pub(crate) struct CompareArgs {
    /// Folder of the earlier run, or `published`
    #[arg(value_name = "BASE")]
    base: PathBuf,

    /// Folder of the later run
    #[arg(value_name = "NEW")]
    new: PathBuf,

    /// Print the comparison on stdout as JSON
    #[arg(long)]
    json: bool,
}

/// What is found.
#[derive(Serialize)]
struct Comparison {
    /// Primary contrasts that share alpha, by experiment.
    family: BTreeMap<String, usize>,
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
    metric: Metric,
    name: String,
    primary: bool,
    /// A ratio, or ns an operation.
    base: Option<Shown>,
    new: Option<Shown>,
    verdict: Verdict,
    /// What is to be said with the verdict.
    limit: Option<&'static str>,
    /// Why it can't be compared.
    why: Option<String>,
    /// What is to be said of the published figure instead.
    published: Option<&'static str>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Ratio,
    Arm,
}

#[derive(Clone, Copy, Serialize)]
struct Shown {
    estimate: f64,
    /// For the published figures a range, which has no coverage.
    low: Option<f64>,
    high: Option<f64>,
    coverage: Option<f64>,
    n: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Changed,
    NoChangeSeen,
    NotComparable,
}

/// A verdict with all that a row has beside it.
struct Judged {
    verdict: Verdict,
    limit: Option<&'static str>,
    why: Option<String>,
    /// The base's and the new one's.
    shown: [Option<Shown>; 2],
}

/// The values of one run by session, and how often it was looked at.
type Side = (BTreeMap<u32, Vec<f64>>, Looks);

/// Names, and what they say of a thing.
type Facts<T, F, const N: usize> = [(&'static str, fn(&T) -> F); N];

/// What two arms of one name must share to be arms of one estimand.
const ESTIMAND: Facts<Arm<String>, String, 5> = [
    ("metric", |arm| arm.metric.name().to_owned()),
    ("method", |arm| arm.method.clone()),
    ("observer", |arm| arm.observer.name().to_owned()),
    ("level", |arm| arm.level.to_string()),
    ("operations", |arm| arm.operations.to_string()),
];

/// What is listed where it differs: name, and what a record says of it.
const LISTED: Facts<Record, BTreeSet<String>, 9> = [
    ("kernel", |record| machines(record, |machine| machine.kernel.clone())),
    ("processor", |record| machines(record, |machine| machine.cpu_model.clone())),
    ("cores", |record| machines(record, |machine| Some(machine.cores?.to_string()))),
    ("engines", engines),
    ("packages", |record| lab(record, "bundle")),
    ("stand-ins", |record| record.stand_ins().into_iter().collect()),
    ("sessions", |record| [record.manifest.sessions.len().to_string()].into()),
    ("margin", |record| [format!("{} %", record.manifest.margin_pct)].into()),
    ("source", |record| {
        let tool = &record.manifest.tool;
        [tool.revision.clone().unwrap_or_else(|| tool.version.clone())].into()
    }),
];

pub(crate) fn compare(args: &CompareArgs) -> miette::Result<()> {
    let new = Runs::open(&args.new)?;
    let comparison = if args.base.as_path() == Path::new(PUBLISHED) {
        against_published(&new)?
    } else {
        of_runs(&Runs::open(&args.base)?, &new)?
    };
    if args.json {
        say(serde_json::to_string_pretty(&comparison).into_diagnostic()?)?;
    } else {
        say(comparison.terminal())?;
    }
    Ok(())
}

fn of_runs(base: &Runs, new: &Runs) -> miette::Result<Comparison> {
    let names = |runs: &Runs| -> Vec<String> {
        let records = runs.records.iter();
        records.map(|record| record.manifest.experiment.clone()).collect()
    };
    if names(base) != names(new) {
        return Err(usage(
            "these runs can't be compared",
            format!(
                "one is of {}, the other of {}",
                names(base).join(" and "),
                names(new).join(" and ")
            ),
            "name two runs of the same experiment",
        ));
    }
    let mut comparison =
        Comparison { family: BTreeMap::new(), differences: Vec::new(), rows: Vec::new() };
    for (base, new) in base.records.iter().zip(&new.records) {
        comparison.add(base, new);
    }
    Ok(comparison)
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
            let judged = judge(pair.why, &sides, share / 2.0, f64::exp);
            let [base, new] = judged.shown;
            self.rows.push(Row {
                experiment: experiment.clone(),
                kind: Kind::Ratio,
                metric: pair.metric,
                name: pair.new.name.clone(),
                primary: pair.primary,
                base,
                new,
                verdict: judged.verdict,
                limit: judged.limit,
                why: judged.why,
                published: None,
            });
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
            let judged = judge(why, &sides, ALPHA / 2.0, f64::exp);
            let [base, new] = judged.shown;
            self.rows.push(Row {
                experiment: experiment.clone(),
                kind: Kind::Arm,
                metric: arm.metric,
                name: arm.name.clone(),
                primary: false,
                base,
                new,
                verdict: judged.verdict,
                limit: judged.limit,
                why: judged.why,
                published: None,
            });
        }
    }

    fn terminal(&self) -> String {
        let mut table = Table::new();
        table.load_preset(presets::UTF8_BORDERS_ONLY).set_header([
            "experiment",
            "what",
            "base",
            "interval",
            "new",
            "interval",
            "verdict",
        ]);
        for row in &self.rows {
            let cells = |shown: Option<Shown>| match shown {
                None => ["-".to_owned(), "-".to_owned()],
                Some(shown) => {
                    let number = |value: f64| match row.kind {
                        Kind::Ratio => format!("{value:.3}"),
                        Kind::Arm => {
                            let unit = facts::unit(row.metric);
                            format!("{} {}", unit.amount(value, Lang::En), unit.symbol())
                        }
                    };
                    let ends = shown.low.zip(shown.high);
                    [
                        number(shown.estimate),
                        ends.map_or_else(
                            || "none exists".to_owned(),
                            |(low, high)| format!("{} to {}", number(low), number(high)),
                        ),
                    ]
                }
            };
            let [base, base_interval] = cells(row.base);
            let [new, new_interval] = cells(row.new);
            let verdict = match (row.published, &row.why, row.limit) {
                (Some(here), ..) => here.to_owned(),
                // Said above the table.
                (None, Some(why), _) if why == NO_INTERVAL => "-".to_owned(),
                (None, Some(why), _) => format!("{}: {why}", row.verdict.name()),
                (None, None, Some(limit)) => format!("{} ({limit})", row.verdict.name()),
                (None, None, None) => row.verdict.name().to_owned(),
            };
            let name = format!("{}{}", row.name, if row.primary { " *" } else { "" });
            table.add_row([
                row.experiment.clone(),
                name,
                base,
                base_interval,
                new,
                new_interval,
                verdict,
            ]);
        }
        for column in table.column_iter_mut().skip(2).take(4) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let mut text = if self.family.is_empty() {
            format!("{AGAINST_PUBLISHED}\n{table}\n")
        } else {
            let note = "changed: the intervals, each at half of the row's share of 5 %, have no value in \
             common. * primary: these share 5 %. (these boots only): of one session each, which \
             can't tell a change from what differs between any two boots. (each at 5 %): too few \
             sessions for an interval at that share.";
            format!("{table}\n{note}\n")
        };
        if self.differences.is_empty() {
            text.push_str("No difference in machine, engines, packages or source is recorded.\n");
        } else {
            text.push_str("\nWhat differs beside the numbers:\n");
        }
        for Difference { experiment, what, base, new } in &self.differences {
            let _ = writeln!(text, "  {experiment}, {what}: {base} -> {new}");
        }
        text
    }
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Verdict::Changed => "changed",
            Verdict::NoChangeSeen => "no change seen",
            Verdict::NotComparable => "not comparable",
        }
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
            metric: new.arm(&contrast.numerator)?.metric,
            primary: earlier.primary && contrast.primary,
            why: sandboxes(base, new).or_else(arms),
        })
    };
    new.manifest.contrasts.iter().filter_map(pair).collect()
}

/// What is not the same of two arms of one name.
fn estimand(base: &Arm<String>, new: &Arm<String>) -> Option<String> {
    ESTIMAND.iter().find_map(|(what, of)| {
        let (before, after) = (of(base), of(new));
        let name = &new.name;
        (before != after).then(|| format!("the {what} of `{name}` was `{before}`, is `{after}`"))
    })
}

fn sandboxes(base: &Record, new: &Record) -> Option<String> {
    let [base, new] = [base, new].map(|record| joined(lab(record, "sandbox")));
    (base != new).then(|| format!("the sandbox was {base}, is {new}"))
}

/// Both estimates at `alpha`, and the verdict, by the module's rule.
fn judge(why: Option<String>, sides: &[Side; 2], alpha: f64, scale: fn(f64) -> f64) -> Judged {
    let (found, limit, too_few) = estimates(sides, alpha);
    let found = found.map(|found| found.map(|found| found.map(scale)));
    let why = why.or_else(|| {
        let no_reading = found.iter().any(Option::is_none);
        let no_reading = no_reading.then_some("one of the runs has no reading");
        no_reading.or(too_few).map(str::to_owned)
    });
    let intervals = found.map(|found| found.and_then(|found| found.interval));
    let (verdict, why) = match (why, intervals) {
        (Some(why), _) => (Verdict::NotComparable, Some(why)),
        (None, [Some(base), Some(new)]) if base.overlaps(new) => (Verdict::NoChangeSeen, None),
        (None, [Some(_), Some(_)]) => (Verdict::Changed, None),
        (None, _) => {
            let why = "too few blocks for an interval";
            (Verdict::NotComparable, Some(why.to_owned()))
        }
    };
    Judged {
        verdict,
        limit: limit.filter(|_| verdict != Verdict::NotComparable),
        why,
        shown: found.map(|found| found.map(Shown::of)),
    }
}

/// The estimates that may be held against each other, what limits a verdict on them, and why none
/// is possible. Where none is, all values together: shown, and not judged.
fn estimates(
    sides: &[Side; 2],
    alpha: f64,
) -> ([Option<Estimate>; 2], Option<&'static str>, Option<&'static str>) {
    let pooled = || sides.each_ref().map(|(values, looks)| analysis::pooled(values, alpha, *looks));
    let across = |alpha: f64| {
        let of = |(values, looks): &Side| {
            analysis::estimate(values, alpha, *looks)
                .filter(|found| found.scope == analysis::Scope::Machine && found.alpha <= alpha)
        };
        let found = sides.each_ref().map(of);
        found.iter().all(Option::is_some).then_some(found)
    };
    match sides.each_ref().map(|(values, _)| values.len()) {
        [0, _] | [_, 0] => (pooled(), None, None),
        [1, 1] => (pooled(), Some("these boots only"), None),
        [1, (SESSIONS..)] | [(SESSIONS..), 1] => {
            (pooled(), None, Some("one session against several"))
        }
        _ => match (across(alpha), across(ALPHA)) {
            (Some(found), _) => (found, None, None),
            (None, Some(found)) => (found, Some("each at 5 %"), None),
            (None, None) => (pooled(), None, Some("too few sessions")),
        },
    }
}

impl Shown {
    fn of(found: Estimate) -> Self {
        Self {
            estimate: found.value,
            low: found.interval.map(|range| range.low),
            high: found.interval.map(|range| range.high),
            coverage: found.interval.map(|range| range.coverage),
            n: found.n,
        }
    }
}

/// The published figures have ranges and no intervals, so nothing can be said to have changed since
/// them; what can be said is the published verdict of the page.
fn against_published(new: &Runs) -> miette::Result<Comparison> {
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
                metric: ratio.metric,
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
            let ns = facts::unit(arm.metric).ns;
            let range =
                Range { low: published.low * ns, high: published.high * ns, coverage: f64::NAN };
            rows.push(Row {
                experiment: run.experiment.clone(),
                kind: Kind::Arm,
                metric: arm.metric,
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
            "name a run of startup, cpu or experiment 4, or another run as BASE",
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
    Ok(Comparison { family: BTreeMap::new(), differences: differences.collect(), rows })
}

impl Shown {
    fn range(estimate: f64, range: Range, n: u32) -> Self {
        Self {
            estimate,
            low: Some(range.low),
            high: Some(range.high),
            coverage: None,
            n: n as usize,
        }
    }
}

fn joined(values: BTreeSet<String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    if values.is_empty() { "none".to_owned() } else { values.join(", ") }
}

fn machines(record: &Record, of: fn(&measure::Machine) -> Option<String>) -> BTreeSet<String> {
    let sessions = record.manifest.sessions.iter();
    sessions.filter_map(|session| of(&session.machine)).collect()
}

fn lab(record: &Record, field: &str) -> BTreeSet<String> {
    let sessions = record.manifest.sessions.iter();
    let labs = sessions.filter_map(|session| session.description.get("lab"));
    labs.map(|lab| text(&lab[field])).collect()
}

/// Each chain of engines with its versions: `docker 26.1/docker 26.1`.
fn engines(record: &Record) -> BTreeSet<String> {
    let sessions = record.manifest.sessions.iter();
    let nests = sessions.filter_map(|session| session.description.get("nests")?.as_array());
    let chain = |nest: &Value| {
        let levels = nest["levels"].as_array().into_iter().flatten();
        let names =
            levels.map(|level| format!("{} {}", text(&level["engine"]), text(&level["version"])));
        names.collect::<Vec<_>>().join("/")
    };
    nests.flatten().map(chain).collect()
}

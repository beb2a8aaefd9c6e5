//! Runs of several machines together, with the machine as the unit (rule 6).
//!
//! Sessions of one machine say how well *its* ratio is known. What is true of machines needs several
//! of them: each gives one estimate, the median of its runs' own, and the interval is that of rule 1
//! on these. Below six machines there is none, and the spread between them is what can be said.
//!
//! Which runs are of one machine: a record holds no identity, only properties that equal machines
//! share. So runs that no property tells apart are taken to be of one machine, which can only make an
//! interval wider than it need be; whoever knows better says so (`--machines-differ`).
//!
//! Of the m contrasts that are primary in all runs and can be merged, each has alpha/m (rule 5); where
//! so few machines have no interval there, each has 5 % by itself.

mod machines;
mod terminal;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use facts::{Fleet, Metric, Record, Runs, sessions_needed};
use measure::stats::ALPHA;
use measure::usage;
use serde::Serialize;

use crate::analysis;
use crate::compare::{LISTED, estimand, experiments, images, joined, methods, sandboxes, whose};
use crate::visible;

pub(crate) use machines::{fixed, told_apart};

/// Merge runs of one experiment from several machines, with the machine as the unit
///
/// Gives for each contrast the median of the machines' own estimates, the smallest and the largest of
/// them, and from six machines on an interval. Several runs of one machine count once. Runs whose
/// records say the same vendor, hypervisor, processor and cores are taken for runs of one machine,
/// unless `--machines-differ`. Exit codes: 0 done; 1 a file can't be read; 2 the runs can't be merged.
#[derive(Args)]
pub(crate) struct MergeArgs {
    /// Folder of a run, or one that holds folders of runs
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,

    /// Each RUN is another machine, however alike their records are; all runs in one RUN are of one
    #[arg(long)]
    machines_differ: bool,

    /// Print what is merged on stdout as JSON
    #[arg(long)]
    json: bool,
}

/// What is found.
#[derive(Serialize)]
struct Merged {
    /// In the order in which they are named.
    machines: Vec<MachineRow>,
    /// Whether the records tell the machines apart, or `--machines-differ` does.
    told_apart_by: &'static str,
    /// The fewest that have an interval at 5 %.
    machines_needed: u32,
    /// Primary contrasts that share alpha, by experiment.
    family: BTreeMap<String, usize>,
    rows: Vec<Row>,
    /// Contrasts of half of the machines or fewer.
    left_out: Vec<String>,
    /// Folders inside a RUN that hold no run.
    no_runs: Vec<PathBuf>,
    /// What differs between the runs beside their numbers.
    differences: Vec<Difference>,
}

#[derive(Serialize)]
struct MachineRow {
    said: String,
    runs: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Difference {
    experiment: String,
    what: String,
    /// Each with the number of runs that say it.
    values: Vec<(String, usize)>,
}

/// One contrast.
#[derive(Serialize)]
struct Row {
    experiment: String,
    #[serde(serialize_with = "Metric::serialize_name")]
    metric: Metric,
    contrast: String,
    primary: bool,
    /// A ratio; `None` where it can't be merged.
    found: Option<Fleet>,
    /// Whether it is primary and has 5 % for itself all the same.
    by_itself: bool,
    /// Each machine's own estimate, in the order of the machines.
    by_machine: Vec<Option<f64>>,
    /// Why it can't be merged.
    why: Option<String>,
}

/// A run with its place.
struct Named {
    folder: PathBuf,
    runs: Runs,
}

pub(crate) fn merge(args: &MergeArgs) -> miette::Result<()> {
    let mut named = Vec::new();
    let mut machines = Vec::new();
    let mut no_runs = Vec::new();
    for path in &args.runs {
        let first = named.len();
        for folder in folders(path, &mut no_runs) {
            named.push(Named { runs: Runs::open(&folder)?, folder });
        }
        machines.push((first..named.len()).collect());
    }
    if !args.machines_differ {
        let records: Vec<&Record> = named.iter().map(|run| &run.runs.records[0]).collect();
        machines = machines::grouped(&records);
    }
    refuse(&named)?;
    let merged = Merged::of(&named, &machines);
    if merged.rows.is_empty() && merged.left_out.is_empty() {
        return Err(usage(
            "there is nothing to merge",
            "no run has a ratio",
            "name runs that have samples of two arms",
        ));
    }
    let merged = Merged {
        told_apart_by: if args.machines_differ { "--machines-differ" } else { "records" },
        no_runs,
        ..merged
    };
    if args.json { visible::json(&merged) } else { visible::say(&merged.terminal()) }
}

/// The runs that a path means: itself, or those in it. What holds neither is left to the reader of
/// runs, who says why.
fn folders(path: &Path, no_runs: &mut Vec<PathBuf>) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut inside: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    inside.sort();
    if Runs::is_at(path) || !inside.iter().any(|path| Runs::is_at(path)) {
        return vec![path.to_owned()];
    }
    let (runs, others): (Vec<_>, Vec<_>) = inside.into_iter().partition(|path| Runs::is_at(path));
    no_runs.extend(others);
    runs
}

/// Runs of different experiments are no runs of one, and a run that is named twice is no second run.
fn refuse(named: &[Named]) -> miette::Result<()> {
    let refused = |why: String, remedy: &str| Err(usage("these runs can't be merged", why, remedy));
    for (index, run) in named.iter().enumerate() {
        let of = experiments(&run.runs);
        let first = experiments(&named[0].runs);
        if of != first {
            return refused(
                format!("one is of {}, another of {}", first.join(" and "), of.join(" and ")),
                "name runs of one experiment",
            );
        }
        if methods(&run.runs) != methods(&named[0].runs) {
            return refused(
                format!(
                    "they were taken by methods {:?} and {:?}",
                    methods(&named[0].runs),
                    methods(&run.runs)
                ),
                "take the earlier ones again",
            );
        }
        let engines = |run: &Named| whose(&run.runs.records[0]);
        if engines(run) != engines(&named[0]) {
            return refused(
                format!(
                    "one was taken on {} engines, another on {}",
                    engines(&named[0]),
                    engines(run)
                ),
                "merge those of labs and those of machines' own engines by themselves; compare BASE NEW \
                 holds one against the other",
            );
        }
        let is_same = |other: &&Named| {
            let mut records = run.runs.records.iter().zip(&other.runs.records);
            records.any(|(a, b)| is_one_run(a, b))
        };
        if let Some(other) = named[..index].iter().find(is_same) {
            return refused(
                format!(
                    "{} and {} hold the same samples: they are one run",
                    other.folder.display(),
                    run.folder.display()
                ),
                "name each run once",
            );
        }
    }
    Ok(())
}

/// Whether two records hold the same samples, so that they are one run's.
pub(crate) fn is_one_run(a: &Record, b: &Record) -> bool {
    !a.samples.rows.is_empty() && a.samples.rows == b.samples.rows
}

impl Merged {
    /// `machines` has each machine's runs as indices.
    fn of(named: &[Named], machines: &[Vec<usize>]) -> Self {
        let machine = |runs: &Vec<usize>| MachineRow {
            said: machines::described(&named[runs[0]].runs.records[0]),
            runs: runs.iter().map(|run| named[*run].folder.clone()).collect(),
        };
        let mut merged = Self {
            machines: machines.iter().map(machine).collect(),
            told_apart_by: "",
            machines_needed: sessions_needed(ALPHA),
            family: BTreeMap::new(),
            rows: Vec::new(),
            left_out: Vec::new(),
            no_runs: Vec::new(),
            differences: Vec::new(),
        };
        for half in 0..named[0].runs.records.len() {
            let records: Vec<&Record> = named.iter().map(|run| &run.runs.records[half]).collect();
            merged.differences.extend(differences(&records));
            merged.add(&records, machines);
        }
        merged
    }

    fn add(&mut self, records: &[&Record], machines: &[Vec<usize>]) {
        let experiment = &records[0].manifest.experiment;
        let mut contrasts: Vec<Contrast> = Vec::new();
        for contrast in
            names(records).into_iter().filter_map(|name| Contrast::of(name, records, machines))
        {
            let machines_with = contrast.values.iter().filter(|runs| !runs.is_empty()).count();
            if 2 * machines_with > machines.len() || contrast.why.is_some() {
                contrasts.push(contrast);
            } else {
                self.left_out.push(contrast.name);
            }
        }
        let family = contrasts.iter().filter(|of| of.primary && of.why.is_none()).count();
        self.family.insert(experiment.clone(), family);
        for contrast in contrasts {
            let share = if contrast.primary { ALPHA / family.max(1) as f64 } else { ALPHA };
            let found = Fleet::of(&contrast.values, share).filter(|_| contrast.why.is_none());
            let own = contrast.values.iter().map(|runs| measure::stats::median(runs));
            self.rows.push(Row {
                experiment: experiment.clone(),
                metric: contrast.metric,
                contrast: contrast.name,
                primary: contrast.primary,
                // A share that was given is the same number.
                by_itself: found.is_some_and(|found| found.alpha > share),
                found: found.map(|found| found.map(f64::exp)),
                by_machine: own.map(|own| own.map(f64::exp)).collect(),
                why: contrast.why,
            });
        }
    }
}

/// The names of all contrasts, in the order in which they first appear.
fn names(records: &[&Record]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for contrast in records.iter().flat_map(|record| &record.manifest.contrasts) {
        if !names.contains(&contrast.name) {
            names.push(contrast.name.clone());
        }
    }
    names
}

/// A contrast of some of the runs.
struct Contrast {
    name: String,
    metric: Metric,
    /// In all runs that have it.
    primary: bool,
    /// Logarithms: of each machine, the estimates of its runs.
    values: Vec<Vec<f64>>,
    why: Option<String>,
}

impl Contrast {
    fn of(name: String, records: &[&Record], machines: &[Vec<usize>]) -> Option<Self> {
        let declared = |record: &Record| {
            let contrasts = &record.manifest.contrasts;
            contrasts.iter().find(|of| of.name == name).cloned()
        };
        let holders = records.iter().filter_map(|record| Some((*record, declared(record)?)));
        let holders: Vec<_> = holders.collect();
        let arms = |(record, of): &(&Record, measure::Contrast<String>)| {
            Some([record.arm(&of.numerator)?.clone(), record.arm(&of.denominator)?.clone()])
        };
        let first = holders.first()?;
        let why = holders.iter().find_map(|holder| {
            let arms = arms(first)?.into_iter().zip(arms(holder)?);
            let mut arms = arms.map(|(a, b)| {
                let other = || format!("it is made of `{}`, and of `{}`", a.name, b.name);
                (a.name != b.name).then(other).or_else(|| estimand(&a, &b))
            });
            sandboxes(first.0, holder.0)
                .or_else(|| images(first.0, holder.0))
                .or_else(|| arms.find_map(|why| why))
        });
        let estimate = |run: &usize| {
            let record = records[*run];
            let of = declared(record)?;
            let pairs =
                analysis::pairs(record, record.arm(&of.numerator)?, record.arm(&of.denominator)?);
            let logs = analysis::by_session(analysis::logs(&pairs));
            Some(analysis::estimate(&logs, ALPHA, record.looks())?.value)
        };
        Some(Self {
            metric: first.0.metric(&arms(first)?[0].metric),
            primary: holders.iter().all(|(_, of)| of.primary),
            values: machines
                .iter()
                .map(|runs| runs.iter().filter_map(estimate).collect())
                .collect(),
            why,
            name,
        })
    }
}

fn differences(records: &[&Record]) -> Vec<Difference> {
    let difference = |(what, of): (&str, _)| {
        let of: fn(&Record) -> _ = of;
        let mut values: Vec<(String, usize)> = Vec::new();
        for record in records {
            *facts::trials::entry(&mut values, joined(of(record))) += 1;
        }
        (values.len() > 1).then(|| Difference {
            experiment: records[0].manifest.experiment.clone(),
            what: what.to_owned(),
            values,
        })
    };
    LISTED.into_iter().filter_map(difference).collect()
}

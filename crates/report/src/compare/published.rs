//! Runs held against the published figures, side by side.
//!
//! Each run is held against the published figures alone: they have ranges and no intervals, so nothing
//! can be said to have changed since them; what can be said is the published verdict of the page. No
//! verdict here holds one run against another.

mod page;
mod terminal;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use facts::{Estimate, Here, Lang, Metric, Record, Runs, decimals};
use measure::usage;
use serde::Serialize;

use crate::analysis::{Analysis, Range};
use crate::compare::judge::Shown;
use crate::compare::setting::{LISTED, Setting, joined};
use crate::compare::{CompareArgs, Kind};
use crate::merge::is_one_run;
use crate::page::{phrases, warnings};
use crate::visible;

/// What is said once of all rows.
const NOTES: [&str; 2] = [
    "No row can be called changed or unchanged: of the published figures the interval is the range of \
     four repetitions, which carry none that could be compared. To see a change, take a run before it \
     and one after it, of six sessions each (`--sessions 6`), and name both: \
     `cargo xtask compare BASE NEW`. That also holds one setting against another, which no verdict here \
     does.",
    "confirmed: the published ratio is consistent here, as the run's interval has a value in common with \
     the published range and excludes 1. Arms have no verdict. * primary: declared before the run.",
];

/// Which of what is listed of a run each published fact is held against. All others are of engines.
const SAME: [(&str, &str); 3] =
    [("kernel", "kernel"), ("cpu_model", "processor"), ("repetitions", "blocks a session")];
const ENGINES: &str = "engines";

/// What is found.
#[derive(Serialize)]
struct Confronted {
    /// How many of the published ratios each run confirms.
    answer: String,
    /// In the order in which they are named.
    runs: Vec<Column>,
    /// Ratios before arms.
    rows: Vec<Row>,
    differences: Vec<Difference>,
}

/// One run.
#[derive(Serialize)]
struct Column {
    setting: Setting,
    /// Its folder's own name: what is said of a record does not change when it is moved.
    folder: String,
    /// Its setting; with the folder, where several are of one.
    heading: String,
    /// The same in a sentence.
    #[serde(skip)]
    place: String,
    /// What becomes of the published ratios.
    confirmed: usize,
    not_reproduced: usize,
    inconclusive: usize,
    not_measured: usize,
    /// What a reader of its numbers must know first.
    #[serde(skip)]
    warnings: Vec<String>,
}

/// One published ratio or arm.
#[derive(Serialize)]
struct Row {
    experiment: String,
    kind: Kind,
    #[serde(serialize_with = "Metric::serialize_name")]
    metric: Metric,
    name: String,
    /// In all runs that have it.
    primary: bool,
    /// A ratio, or ns an operation.
    published: Shown,
    /// Of each run; `None` where it lacks the row.
    runs: Vec<Option<Held>>,
}

/// What a run says of a row.
#[derive(Serialize)]
struct Held {
    found: Option<Shown>,
    /// Of a ratio.
    #[serde(rename = "verdict", serialize_with = "name")]
    here: Option<Here>,
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn name<S: serde::Serializer>(here: &Option<Here>, serializer: S) -> Result<S::Ok, S::Error> {
    here.map(Here::name).serialize(serializer)
}

/// What is not the same of all, beside the numbers.
#[derive(Serialize)]
struct Difference {
    what: String,
    /// `None` where nothing was published.
    published: Option<String>,
    /// Of each run.
    runs: Vec<String>,
}

pub(super) fn compare(args: &CompareArgs) -> miette::Result<()> {
    let confronted = Confronted::of(&args.new)?;
    if args.json {
        visible::json(&confronted)
    } else if args.html {
        measure::say(confronted.page()?)
    } else {
        visible::say(&confronted.terminal())
    }
}

impl Confronted {
    fn of(folders: &[PathBuf]) -> miette::Result<Self> {
        let runs: Vec<Runs> = folders.iter().map(|at| Runs::open(at)).collect::<Result<_, _>>()?;
        refuse_twice(folders, &runs)?;
        let mut rows: Vec<Row> = Vec::new();
        for (index, (folder, of)) in folders.iter().zip(&runs).enumerate() {
            let own = published_rows(&Analysis::of(of)?);
            if own.is_empty() {
                return Err(usage(
                    format!("{} can't be compared with the published figures", folder.display()),
                    "nothing that it measured was published",
                    "name a run of what results/published has (see `cargo xtask --help`), or another run as BASE",
                ));
            }
            for (row, held) in own {
                place(&mut rows, row, index, held);
            }
        }
        for row in &mut rows {
            row.runs.resize_with(runs.len(), || None);
        }
        let experiments: Vec<String> = rows.iter().map(|row| row.experiment.clone()).collect();
        rows.sort_by_key(|row| {
            (row.kind, experiments.iter().position(|experiment| *experiment == row.experiment))
        });
        let columns = columns(folders, &runs, &rows);
        Ok(Self {
            answer: answer(&columns, ratios(&rows).count()),
            differences: differences(&runs)?,
            runs: columns,
            rows,
        })
    }

    fn headings(&self) -> impl Iterator<Item = &str> {
        self.runs.iter().map(|run| run.heading.as_str())
    }
}

/// One run named twice is no second one.
fn refuse_twice(folders: &[PathBuf], runs: &[Runs]) -> miette::Result<()> {
    for (index, run) in runs.iter().enumerate() {
        let is_same = |other: &Runs| {
            let records = || run.records.iter();
            records().any(|a| other.records.iter().any(|b| is_one_run(a, b)))
        };
        if let Some(other) = runs[..index].iter().position(is_same) {
            return Err(usage(
                "these runs can't be held side by side",
                format!(
                    "{} and {} hold the same samples: they are one run",
                    folders[other].display(),
                    folders[index].display()
                ),
                "name each run once",
            ));
        }
    }
    Ok(())
}

/// What of a run was published.
fn published_rows(analysis: &Analysis) -> Vec<(Row, Held)> {
    let mut rows = Vec::new();
    for run in &analysis.runs {
        let row = |kind, metric: &Metric, name: &str, primary, published| Row {
            experiment: run.experiment.clone(),
            kind,
            metric: metric.clone(),
            name: name.to_owned(),
            primary,
            published,
            runs: Vec::new(),
        };
        let held = |found: Option<Estimate>, here| Held { found: found.map(Shown::of), here };
        for ratio in &run.ratios {
            let Some(published) = ratio.published else {
                continue;
            };
            let shown = Shown::range(published.value, published.range(), published.n);
            let row = row(Kind::Ratio, &ratio.metric, &ratio.contrast, ratio.primary, shown);
            rows.push((row, held(ratio.decisive, Some(ratio.here.unwrap_or(Here::NotMeasured)))));
        }
        for arm in &run.arms {
            let Some(published) = arm.published else {
                continue;
            };
            let ns = arm.metric.unit.ns();
            let range =
                Range { low: published.low * ns, high: published.high * ns, coverage: f64::NAN };
            let shown = Shown::range(published.median * ns, range, published.n);
            rows.push((
                row(Kind::Arm, &arm.metric, &arm.arm, false, shown),
                held(arm.median, None),
            ));
        }
    }
    rows
}

/// Puts what a run says beside what other runs say of the same published figure.
fn place(rows: &mut Vec<Row>, row: Row, run: usize, held: Held) {
    let is_same = |other: &Row| {
        (&other.experiment, other.kind, &other.name) == (&row.experiment, row.kind, &row.name)
            && other.published == row.published
    };
    let at = rows.iter().position(is_same).unwrap_or(rows.len());
    if at == rows.len() {
        rows.push(row);
    } else {
        rows[at].primary &= row.primary;
    }
    rows[at].runs.resize_with(run, || None);
    rows[at].runs.push(Some(held));
}

fn ratios(rows: &[Row]) -> impl Iterator<Item = &Row> {
    rows.iter().filter(|row| row.kind == Kind::Ratio)
}

fn columns(folders: &[PathBuf], runs: &[Runs], rows: &[Row]) -> Vec<Column> {
    let settings: Vec<Setting> = runs.iter().map(Setting::of).collect();
    let column = |(index, (folder, runs)): (usize, (&PathBuf, &Runs))| {
        let setting = settings[index];
        let counted = |is: fn(Here) -> bool| {
            let held = ratios(rows).map(|row| row.runs[index].as_ref()?.here);
            held.filter(|here| is(here.unwrap_or(Here::NotMeasured))).count()
        };
        let [heading, place] = [setting.heading(), setting.place()];
        let [heading, place] = match told_apart_by(folders, &settings, index) {
            Some(name) => [format!("{heading}: {name}"), format!("{place} ({name})")],
            None => [heading.to_owned(), place.to_owned()],
        };
        Column {
            setting,
            folder: name_of(folder),
            heading,
            place,
            confirmed: counted(|here| here == Here::Consistent),
            not_reproduced: counted(|here| here == Here::NotReproduced),
            inconclusive: counted(|here| here == Here::Inconclusive),
            not_measured: counted(|here| here == Here::NotMeasured),
            warnings: warnings(runs, Lang::En),
        }
    };
    folders.iter().zip(runs).enumerate().map(column).collect()
}

/// What tells a run from the others of its setting: the folder's name, or all of its path where another
/// folder is called the same.
fn told_apart_by(folders: &[PathBuf], settings: &[Setting], index: usize) -> Option<String> {
    let own = name_of(&folders[index]);
    let others = || {
        let all = folders.iter().zip(settings).enumerate();
        all.filter(|(other, (_, setting))| *other != index && **setting == settings[index])
    };
    others().next()?;
    let is_unique = others().all(|(_, (folder, _))| name_of(folder) != own);
    Some(if is_unique { own } else { folders[index].display().to_string() })
}

/// A folder's own name.
fn name_of(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or(folder.as_os_str());
    name.to_string_lossy().into_owned()
}

/// In one sentence.
fn answer(columns: &[Column], ratios: usize) -> String {
    if ratios == 0 {
        return "No published ratio was measured, only times of arms.".to_owned();
    }
    let told = |column: &Column| {
        let others = [
            (column.not_reproduced, "not reproduced"),
            (column.inconclusive, "inconclusive"),
            (column.not_measured, "not measured"),
        ];
        let others = others.iter().filter(|(count, _)| *count > 0);
        let others: Vec<String> = others.map(|(count, word)| format!("{count} {word}")).collect();
        let others =
            if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
        format!("{} {}{others}", column.confirmed, column.place)
    };
    let told: Vec<String> = columns.iter().map(told).collect();
    let told = match &told[..] {
        [others @ .., last] if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => told.concat(),
    };
    format!("Confirmed of the {ratios} published ratios: {told}.")
}

/// What of the runs' machines and engines is not the same of all, with what was published of it.
fn differences(runs: &[Runs]) -> miette::Result<Vec<Difference>> {
    let setup = facts::setup()?;
    let published = |what: &str| {
        let place = |fact: &str| {
            SAME.iter().find(|(name, _)| *name == fact).map_or(ENGINES, |(_, place)| place)
        };
        let facts = setup.iter().filter(|(fact, _)| place(fact) == what);
        let facts: Vec<String> = facts
            .map(|(fact, value)| match what {
                ENGINES => format!("{fact} {value}"),
                _ => value.clone(),
            })
            .collect();
        (!facts.is_empty()).then(|| facts.join(", "))
    };
    let method: fn(&Record) -> BTreeSet<String> =
        |record| [record.manifest.method_version.to_string()].into();
    let difference = |(what, of): (&str, fn(&Record) -> BTreeSet<String>)| {
        let published = published(what);
        let runs: Vec<String> = runs.iter().map(|runs| told(runs, of)).collect();
        let differ = published.is_some() || runs.iter().any(|other| *other != runs[0]);
        differ.then(|| Difference { what: what.to_owned(), published, runs })
    };
    Ok(LISTED.into_iter().chain([("method", method)]).filter_map(difference).collect())
}

/// What both halves of a run say, or each of them.
fn told(runs: &Runs, of: fn(&Record) -> BTreeSet<String>) -> String {
    let said = runs.records.iter().map(|record| (&record.manifest.experiment, joined(of(record))));
    let said: Vec<(&String, String)> = said.collect();
    if said.iter().all(|(_, value)| *value == said[0].1) {
        return said[0].1.clone();
    }
    let said = said.iter().map(|(experiment, value)| format!("{experiment}: {value}"));
    said.collect::<Vec<_>>().join("; ")
}

impl Row {
    /// The factor and the decimals of its numbers.
    fn scale(&self, of: Shown) -> (f64, usize) {
        match self.kind {
            Kind::Ratio => (1.0, 3),
            Kind::Arm => {
                let ns = self.metric.unit.ns();
                (ns, decimals(of.estimate / ns))
            }
        }
    }

    /// A value, and the interval or the range around it.
    fn numbers(&self, of: Shown) -> [String; 2] {
        let (scale, decimals) = self.scale(of);
        let ends = of.low.zip(of.high).map(|(low, high)| Range {
            low: low / scale,
            high: high / scale,
            coverage: of.coverage.unwrap_or(f64::NAN),
        });
        let value = Lang::En.number(of.estimate / scale, decimals);
        [value, phrases::interval(ends, decimals, Lang::En)]
    }

    /// Both in a line.
    fn line(&self, of: Option<Shown>) -> String {
        of.map_or_else(
            || "-".to_owned(),
            |of| {
                let [value, interval] = self.numbers(of);
                format!("{value} ({interval})")
            },
        )
    }

    /// What it is called, with the unit of its numbers.
    fn title(&self) -> String {
        match self.kind {
            Kind::Ratio => format!("{}{}", self.name, if self.primary { " *" } else { "" }),
            Kind::Arm => format!("{}, {}", self.name, self.metric.unit.symbol()),
        }
    }
}

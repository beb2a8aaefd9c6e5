//! From a run's folder to its facts, and back from the file.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use measure::{MANIFEST_FILE, failure, usage, write_atomically};
use miette::{IntoDiagnostic, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::arms::{ArmSummary, summarise};
use crate::claim::Claim;
use crate::document::Piece;
use crate::grid::Grid;
use crate::language::{Lang, Text};
use crate::levels::Levels;
use crate::metric::Metric;
use crate::published::Table;
use crate::ratios::{self, RatioSummary};
use crate::record::Record;
use crate::series::{self, SeriesSummary};

/// The file's name, beside the raw rows.
pub const FILE: &str = "facts.json";

/// What of a run's folder facts are made of.
const RAW: [&str; 4] = [MANIFEST_FILE, "samples.csv", "blocks.csv", "trials.csv"];

/// What an experiment says of one of its runs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Facts {
    /// SHA-256 of the raw rows that they are made of.
    pub of: String,
    /// What it says of published claims.
    pub claims: Vec<Claim>,
    /// What was found, for programs: cells, costs, whatever the experiment has.
    pub found: serde_json::Value,
    /// Tables for programs: a file's name and its CSV.
    pub tables: BTreeMap<String, String>,
    /// What it measures and no other experiment does; [`main`] sees to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// Tables of trials that its sections show, so that nobody shows them raw.
    pub shown: Vec<String>,
    /// Words of the record for readers: what an arm or a part does, what a part is due to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub words: BTreeMap<String, Text>,
    /// Contrasts that its page opens with, the first one first. Where there are none: the first
    /// primary ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leads: Vec<Lead>,
    /// What a reader sees, in each language.
    pub pages: BTreeMap<Lang, Page>,
}

/// A contrast that a page opens with, and its arms in words.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lead {
    /// Its name.
    pub contrast: String,
    /// The arm above the line, as the subject of "takes longer": `Docker in Docker`.
    pub above: Text,
    /// The arm below it, as what follows on "than": `Docker`.
    pub below: Text,
    /// What both do: `to start a container`.
    pub doing: Text,
}

/// What a reader sees.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Page {
    /// Sentences that the page opens with, before those of contrasts; all together are at most three.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answer: Vec<String>,
    /// Of outcomes.
    pub grids: Vec<Grid>,
    /// Figures of what was tried level by level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<Levels>,
    /// The experiment's own part of the page. A figure in any part is an index into `grids` and, from
    /// there on, into `levels`.
    pub section: Vec<Piece>,
    /// What follows from samples: below the ratios and what grows with the level.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of_samples: Vec<Piece>,
    /// What follows from trials: below the tables of those that nobody explains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of_trials: Vec<Piece>,
    /// Lines for the terminal, below the grids.
    pub lines: Vec<String>,
}

impl Page {
    /// Of each figure, by its index: what it shows, for who can't see it, and what stands below it.
    pub fn figures(&self) -> impl Iterator<Item = (&str, &str)> {
        let grids = self.grids.iter().map(|of| (&*of.alternative, &*of.caption));
        let levels = self.levels.iter();
        grids.chain(levels.map(|of| (&*of.alternative, &*of.caption)))
    }
}

/// What facts are made of: the record and the statistics of its samples.
pub struct Evidence {
    /// The rows.
    pub record: Record,
    /// What was published for it.
    pub published: Table,
    /// Medians, in the order of their declaration.
    pub arms: Vec<ArmSummary>,
    /// Declared contrasts, in their order.
    pub ratios: Vec<RatioSummary>,
    /// What grows with the level, in the order of its declaration.
    pub series: Vec<SeriesSummary>,
}

impl Evidence {
    /// Reads a run's folder. Its error is that of the record, or that of an arm whose metric is neither
    /// shared nor among the experiment's own.
    pub fn open(run: &Path, own: &[&'static Metric]) -> Result<Self> {
        let published = Table::read()?;
        let metrics = own.iter().copied().cloned().collect();
        let record = Record { metrics, ..Record::open(run)? };
        let arms = &record.manifest.arms;
        let unknown = arms.iter().find(|arm| Metric::find(&arm.metric, &record.metrics).is_none());
        if let Some(arm) = unknown {
            return Err(failure(
                format!("the metric `{}` is declared nowhere", arm.metric),
                format!("the arm `{}` has it", arm.name),
                "hand it to `facts::main`",
            ));
        }
        let arms = record.manifest.arms.iter();
        Ok(Self {
            arms: arms.map(|arm| summarise(&record, arm, &published)).collect(),
            ratios: ratios::of(&record, &published),
            series: series::of(&record),
            published,
            record,
        })
    }

    /// One arm over another; as a declared contrast has it, else as an exploratory one. A company run
    /// holds each arm against itself, and two of them share no block.
    pub fn between(&self, above: &str, below: &str) -> Option<RatioSummary> {
        if self.record.manifest.company {
            return None;
        }
        ratios::between(&self.record, &self.ratios, &self.published, above, below)
    }

    /// An arm by its name.
    pub fn arm(&self, name: &str) -> Option<&ArmSummary> {
        self.arms.iter().find(|arm| arm.arm == name)
    }
}

impl Facts {
    /// Those that lie in a run's folder; `None` where there are none. Fails where they are of other
    /// rows than lie there.
    pub fn read(run: &Path) -> Result<Option<Self>> {
        let path = run.join(FILE);
        let remedy = format!("derive them again: `cargo xtask report {}`", run.display());
        let unreadable =
            |why: String| failure(format!("{} can't be read", path.display()), why, &remedy);
        let Some(text) = left(&path).map_err(|why| unreadable(why.to_string()))? else {
            return Ok(None);
        };
        let facts: Self =
            serde_json::from_slice(&text).map_err(|why| unreadable(why.to_string()))?;
        if facts.of != digest(run)? {
            return Err(failure(
                format!("{} is not of this run", path.display()),
                "its rows have changed since",
                &remedy,
            ));
        }
        facts.check().map_err(|why| {
            failure(format!("{} can't be rendered", path.display()), why, &remedy)
        })?;
        Ok(Some(facts))
    }

    /// Leaves them beside the rows that they are made of.
    pub fn write(self, run: &Path) -> Result<()> {
        write_atomically(&run.join(FILE), self.text(run)?.as_bytes())
    }

    fn text(self, run: &Path) -> Result<String> {
        let facts = Self { of: digest(run)?, ..self };
        Ok(serde_json::to_string(&facts).into_diagnostic()? + "\n")
    }
}

/// What somebody has left as facts; `None` where there is nothing. What is no file is not waited for.
pub(crate) fn left(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match std::fs::metadata(path) {
        Ok(of) if of.is_file() => std::fs::read(path).map(Some),
        Ok(_) => Err(std::io::Error::other("it is no file")),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why),
    }
}

/// Of every raw file's name, length and bytes.
fn digest(run: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    for name in RAW {
        let path = run.join(name);
        if let Some(bytes) = left(&path).into_diagnostic()? {
            hasher.update(format!("{name} {}\n", bytes.len()));
            hasher.update(&bytes);
        }
    }
    Ok(base16ct::lower::encode_string(&hasher.finalize()))
}

/// Rows of named values as CSV; the names of the first are the header.
pub fn csv(rows: impl IntoIterator<Item = Vec<(String, String)>>) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (index, row) in rows.into_iter().enumerate() {
        let (names, values): (Vec<String>, Vec<String>) = row.into_iter().unzip();
        if index == 0 {
            writer.write_record(names).into_diagnostic()?;
        }
        writer.write_record(values).into_diagnostic()?;
    }
    let bytes = writer.into_inner().into_diagnostic()?;
    String::from_utf8(bytes).into_diagnostic()
}

/// Words of a record, as [`Facts::words`] has them. Names are as the record has them, then in English
/// and Spanish; sentences are English in the record, and then in Spanish.
pub fn words(
    names: &[[&'static str; 3]],
    sentences: &[[&'static str; 2]],
) -> BTreeMap<String, Text> {
    let names = names.iter().map(|[name, english, spanish]| (*name, *english, *spanish));
    let sentences = sentences.iter().map(|[english, spanish]| (*english, *english, *spanish));
    let words = names.chain(sentences);
    words.map(|(word, english, spanish)| (word.to_owned(), Text::new(english, spanish))).collect()
}

/// Contrasts that a page opens with, as [`Facts::leads`] has them: a name, then what stands above the
/// line, below it, and what both do, each in English and Spanish.
pub fn leads(of: &[(&str, [[&'static str; 2]; 3])]) -> Vec<Lead> {
    let text = |[english, spanish]: [&'static str; 2]| Text::new(english, spanish);
    let lead = |(contrast, [above, below, doing]): &(&str, [[&'static str; 2]; 3])| Lead {
        contrast: (*contrast).to_owned(),
        above: text(*above),
        below: text(*below),
        doing: text(*doing),
    };
    of.iter().map(lead).collect()
}

/// What was found, as [`Facts::found`] has it.
pub fn found(of: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(of).into_diagnostic()
}

/// An experiment's program: `NAME derive RUN` writes the facts of a run into its folder, anything else
/// is the experiment's own. `own` is what it measures and no other experiment does.
pub fn main(
    own: &[&'static Metric],
    derive: fn(&Evidence) -> Result<Facts>,
    run: impl FnOnce() -> Result<()>,
) -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    measure::main(|| match &arguments[..] {
        [word, folder] if word == "derive" => {
            let folder = Path::new(folder);
            let evidence = Evidence::open(folder, own)?;
            Facts { metrics: evidence.record.metrics.clone(), ..derive(&evidence)? }.write(folder)
        }
        [word, ..] if word == "derive" => Err(usage(
            "no run is named",
            "facts are derived of one run's folder",
            "name it: `derive RUN`",
        )),
        _ => run(),
    })
}

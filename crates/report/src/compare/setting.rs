//! What a run was taken on, as far as a comparison lists it.

use std::collections::BTreeSet;

use facts::{Record, Runs, text};
use serde::Serialize;
use serde_json::Value;

use crate::compare::Named;

/// What is listed where it differs: name, and what a record says of it.
pub(crate) const LISTED: Named<Record, BTreeSet<String>, 20> = [
    ("whose engines", |record| [whose(record).to_owned()].into()),
    ("kernel", |record| machines(record, |machine| machine.kernel.clone())),
    ("processor", |record| machines(record, |machine| machine.cpu_model.clone())),
    ("cores", |record| machines(record, |machine| Some(machine.cores?.to_string()))),
    ("engines", engines),
    ("sandbox", |record| lab(record, "sandbox")),
    ("rootless engines", rootless),
    ("storage drivers", |record| levels(record, "storage_driver")),
    ("drivers of control groups", |record| levels(record, "cgroup_driver")),
    ("packages", |record| lab(record, "bundle")),
    ("stand-ins", |record| record.stand_ins().into_iter().collect()),
    ("published images", |record| {
        let images = record.published().into_iter();
        images.map(|(name, digest)| format!("{name} {digest}")).collect()
    }),
    ("images", images),
    ("sessions", |record| [record.manifest.sessions.len().to_string()].into()),
    ("blocks a session", blocks),
    ("wait before measured blocks", |record| [format!("{} ms", record.manifest.settled_ms)].into()),
    ("load before", load),
    ("margin", |record| [format!("{} %", record.manifest.margin_pct)].into()),
    ("source", |record| {
        let tool = &record.manifest.tool;
        [tool.revision.clone().unwrap_or_else(|| tool.version.clone())].into()
    }),
    ("end", |record| [record.manifest.status.name().to_owned()].into()),
];

/// Whose engines and images a run was taken with.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Setting {
    StandIns,
    PublishedImages,
    Host,
}

impl Setting {
    /// A lab that served any published image is one with published images; which are stand-ins all the
    /// same is listed.
    pub(super) fn of(runs: &Runs) -> Self {
        if runs.records.iter().any(Record::is_of_host) {
            Self::Host
        } else if runs.records.iter().any(|record| !record.published().is_empty()) {
            Self::PublishedImages
        } else {
            Self::StandIns
        }
    }

    /// Above a column.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::StandIns => "lab, stand-ins",
            Self::PublishedImages => "lab, published images",
            Self::Host => "machine's own engines",
        }
    }

    /// In a sentence.
    pub(super) fn place(self) -> &'static str {
        match self {
            Self::StandIns => "in the lab with stand-ins",
            Self::PublishedImages => "in the lab with published images",
            Self::Host => "on the machine's own engines",
        }
    }
}

pub(crate) fn joined(values: BTreeSet<String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    if values.is_empty() { "none".to_owned() } else { values.join(", ") }
}

fn machines(record: &Record, of: fn(&measure::Machine) -> Option<String>) -> BTreeSet<String> {
    let sessions = record.manifest.sessions.iter();
    sessions.filter_map(|session| of(&session.machine)).collect()
}

/// Whose engines a run was taken on.
pub(crate) fn whose(record: &Record) -> &'static str {
    if record.is_of_host() { "the machine's own" } else { "a lab's" }
}

pub(super) fn lab(record: &Record, field: &str) -> BTreeSet<String> {
    let sessions = record.manifest.sessions.iter();
    let labs = sessions.filter_map(|session| session.description.get("lab"));
    labs.map(|lab| text(&lab[field])).collect()
}

/// Those of the machine's own engines that are an ordinary user's.
fn rootless(record: &Record) -> BTreeSet<String> {
    let engines = host(record, "engines");
    let engines = engines.filter(|engine| engine["rootless"] == true);
    engines.map(|engine| text(&engine["engine"])).collect()
}

/// Images of the machine's own engines, with their digests.
fn images(record: &Record) -> BTreeSet<String> {
    let of = |image: &Value| {
        let digest = image["digests"].get(0).unwrap_or(&image["id"]);
        format!("{} {} {}", text(&image["engine"]), text(&image["name"]), text(digest))
    };
    host(record, "images").map(of).collect()
}

/// A list of what sessions on the machine's own engines say of these.
fn host<'a>(record: &'a Record, field: &'static str) -> impl Iterator<Item = &'a Value> {
    let sessions = record.manifest.sessions.iter();
    let hosts = sessions.filter_map(|session| session.description.get("host"));
    hosts.flat_map(move |host| host[field].as_array().into_iter().flatten())
}

/// What the engines of all levels say under a name.
fn levels(record: &Record, field: &str) -> BTreeSet<String> {
    let sessions = record.manifest.sessions.iter();
    let nests = sessions.filter_map(|session| session.description.get("nests")?.as_array());
    let levels = nests.flatten().flat_map(|nest| nest["levels"].as_array().into_iter().flatten());
    levels.map(|level| format!("{} {}", text(&level["engine"]), text(&level[field]))).collect()
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

fn blocks(record: &Record) -> BTreeSet<String> {
    let (all, further) = (record.manifest.blocks, record.manifest.primary_blocks);
    let further =
        if further == 0 { String::new() } else { format!(" and {further} of primary ratios") };
    [format!("{all}{further}")].into()
}

/// Of a quiet machine it is not listed how quiet.
fn load(record: &Record) -> BTreeSet<String> {
    const QUIET: f64 = 1.0;
    let shown = |load: f64| if load < QUIET { "below 1".to_owned() } else { format!("{load:.1}") };
    record.manifest.load1.map(shown).into_iter().collect()
}

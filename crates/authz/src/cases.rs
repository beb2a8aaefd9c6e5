//! Requests by name that must be refused or let through: the tables of `cases/`, for the tests of
//! this crate and for who sends them to a real daemon.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::policy::DEFAULT_POLICY;

const HOSTILE: &[&str] = &[
    include_str!("../cases/hostile/bodies.toml"),
    include_str!("../cases/hostile/settings.toml"),
    include_str!("../cases/hostile/mounts.toml"),
    include_str!("../cases/hostile/calls.toml"),
    include_str!("../cases/hostile/archives.toml"),
];

const LEGITIMATE: &[&str] = &[include_str!("../cases/legitimate.toml")];

/// What a client sent, by the name in the column `file`.
pub const FILES: &[(&str, &str)] = &[
    ("connect.json", include_str!("../cases/client/connect.json")),
    ("exec.json", include_str!("../cases/client/exec.json")),
    ("network.json", include_str!("../cases/client/network.json")),
    ("run-many.json", include_str!("../cases/client/run-many.json")),
    ("run.json", include_str!("../cases/client/run.json")),
    ("update.json", include_str!("../cases/client/update.json")),
    ("volume.json", include_str!("../cases/client/volume.json")),
];

/// A row; `cases/README.md` says what the columns are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it tries.
    pub name: String,
    /// The rule that refuses it; none of a legitimate one.
    pub rule: Option<String>,
    /// Rules that may refuse it where a daemon hands over more than others.
    #[serde(default)]
    pub also: Vec<String>,
    /// `POST` and the like.
    #[serde(default = "post")]
    pub method: String,
    /// The request's target.
    #[serde(default = "create")]
    pub path: String,
    /// Headers that decide something.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How the length of the body is said.
    #[serde(default)]
    pub framing: Framing,
    body: Option<String>,
    host: Option<String>,
    base64: Option<String>,
    file: Option<String>,
    nest: Option<usize>,
    sends: Option<String>,
    sends_base64: Option<String>,
    pad: Option<usize>,
}

/// How a request says where its body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// By its length.
    #[default]
    Length,
    /// Not at all: a length of zero, and the body follows.
    Zero,
    /// In chunks.
    Chunked,
}

fn post() -> String {
    "POST".to_owned()
}

fn create() -> String {
    "/v1.50/containers/create".to_owned()
}

#[derive(Deserialize)]
struct Table {
    case: Vec<Case>,
}

/// What the tables leave open.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// A directory that is a root for bind mounts.
    pub open: &'a Path,
    /// One that is not.
    pub shut: &'a Path,
    /// The ID of the host's network.
    pub host_network: &'a str,
}

/// What must be refused.
pub fn hostile(places: &Places) -> Result<Vec<Case>, String> {
    read(HOSTILE, places)
}

/// What must be let through.
pub fn legitimate(places: &Places) -> Result<Vec<Case>, String> {
    read(LEGITIMATE, places)
}

/// The text of the policy that the tables are about: the default one, with `open` as a root, and copies
/// of plain archives.
#[must_use]
pub fn policy(open: &Path) -> String {
    let root = format!("\nbind_roots = [\"{}\"]", open.display());
    DEFAULT_POLICY
        .replace("\nbind_roots = []", &root)
        .replace("\ncopies = \"none\"", "\ncopies = \"plain\"")
}

fn read(tables: &[&str], places: &Places) -> Result<Vec<Case>, String> {
    let mut cases = Vec::new();
    for text in tables {
        let text = text.replace("OPEN_DIR", &places.open.display().to_string());
        let text = text.replace("SHUT_DIR", &places.shut.display().to_string());
        let text = text.replace("HOST_NETWORK", places.host_network);
        let table: Table = toml::from_str(&text).map_err(|e| e.to_string())?;
        cases.extend(table.case);
    }
    Ok(cases)
}

impl Case {
    /// What the daemon hands over of the body, in base64, if it hands one over.
    #[must_use]
    pub fn handed_over(&self) -> Option<String> {
        if self.base64.is_some() {
            return self.base64.clone();
        }
        self.text().map(|text| BASE64_STANDARD.encode(text))
    }

    /// What a client sends as the body; none where a hand-over has no such one, which is an error of
    /// the daemon and no request.
    #[must_use]
    pub fn sent(&self) -> Option<Vec<u8>> {
        let sends = self.sends.as_ref().map(|text| self.padded(text.clone()));
        if let Some(text) = sends.or_else(|| self.text()) {
            return Some(text.into_bytes());
        }
        let bytes = self.sends_base64.as_ref().or(self.base64.as_ref());
        BASE64_STANDARD.decode(bytes.map_or("", String::as_str)).ok()
    }

    fn text(&self) -> Option<String> {
        let file = |name: &String| FILES.iter().find(|(known, _)| known == name);
        let host = |host: &String| format!(r#"{{"Image":"a","HostConfig":{{{host}}}}}"#);
        let body = self.body.clone();
        let body = body.or_else(|| self.host.as_ref().map(host));
        let body =
            body.or_else(|| self.file.as_ref().and_then(file).map(|(_, text)| (*text).into()));
        let body = body.or_else(|| self.nest.map(|depth| "[".repeat(depth) + &"]".repeat(depth)));
        body.map(|body| self.padded(body))
    }

    fn padded(&self, text: String) -> String {
        let more = self.pad.unwrap_or_default().saturating_sub(text.len());
        text + &" ".repeat(more)
    }
}

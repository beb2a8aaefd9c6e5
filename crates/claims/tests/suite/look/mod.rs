//! The properties: each a function that looks at a pattern and says what it sees.
//!
//! A look never judges: what is expected is in the tables.

pub(crate) mod client;
pub(crate) mod control;
pub(crate) mod images;
pub(crate) mod jobs;
pub(crate) mod lifetime;
pub(crate) mod limits;
pub(crate) mod lists;
pub(crate) mod node;
pub(crate) mod parentage;
pub(crate) mod paths;
pub(crate) mod privilege;

use lab::{Level, Output};
use miette::{Result, miette};

/// What a look has seen.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    /// In the tables' words.
    pub(crate) outcome: String,
    /// What it is concluded from: an engine's own words, a path, a number.
    pub(crate) detail: String,
}

impl Observation {
    pub(crate) fn new(outcome: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail: String = detail.into();
        Self { outcome: outcome.into(), detail: detail.trim().to_owned() }
    }
}

/// The text among these that an engine refused something with.
///
/// A command that fails for any other reason has not been refused, and proves nothing.
fn refused(output: &Output, texts: &[&'static str]) -> Result<&'static str> {
    let said = format!("{}{}", output.stderr, output.stdout);
    let known = texts.iter().find(|text| said.contains(**text));
    known.copied().ok_or_else(|| {
        miette!("it failed, but not with one of {texts:?}: exit code {}, {said}", output.code)
    })
}

/// The line of a text that holds these words.
fn line_with(text: &str, words: &str) -> String {
    let line = text.lines().find(|line| line.contains(words));
    line.unwrap_or(words).trim().to_owned()
}

/// Runs an engine's command somewhere.
fn engine(level: &Level, engine: lab::Engine, argv: &[&str]) -> Result<Output> {
    level.run(&[&[engine.program()], argv].concat())
}

/// The same for a command that has to succeed.
fn must(level: &Level, engine: lab::Engine, argv: &[&str]) -> Result<String> {
    level.output(&[&[engine.program()], argv].concat())
}

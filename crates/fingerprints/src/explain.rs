//! What the table says of a log.

use std::fmt::Write;

use crate::table::{Fingerprint, Text, table};

/// How lines are joined in a reason of `trials.csv`.
const JOINT: &str = " | ";

/// A line that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// The first line that holds these words, without the space around it.
    pub line: &'a str,
    /// What is known of it.
    pub fingerprint: &'static Fingerprint,
    /// By which of its words it was known.
    pub text: &'static Text,
}

/// The fingerprints of a log, each once, those with the longest words first: what is said more
/// exactly is more likely to be the cause.
#[must_use]
pub fn explain(log: &str) -> Vec<Match<'_>> {
    let lines = log.lines().flat_map(|line| line.split(JOINT)).map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let longest = |fingerprint: &'static Fingerprint| {
        let found = lines.iter().filter_map(|line| {
            // A daemon's log escapes the quotes of what it passes on.
            let text = fingerprint.longest_in(&line.replace("\\\"", "\""))?;
            Some(Match { line, fingerprint, text })
        });
        // The first of several that are equally long.
        found.reduce(
            |best, next| {
                if next.text.words.len() > best.text.words.len() { next } else { best }
            },
        )
    };
    let mut matches: Vec<Match> = table().iter().filter_map(longest).collect();
    matches.sort_by_key(|found| std::cmp::Reverse(found.text.words.len()));
    matches
}

/// What is known of a log, to be read by who has that log.
#[must_use]
pub fn explanation(log: &str) -> String {
    let matches = explain(log);
    if matches.is_empty() {
        return "nothing known: no line of it is in the table of failures.\n\
             Look for the first line that says `failed`, `error` or `not supported`, and for the \
             kernel's own at the same time (`dmesg`): the exact words are what a search finds.\n"
            .to_owned();
    }
    let mut told = String::new();
    for found in matches {
        let Fingerprint { id, cause, remedy, .. } = found.fingerprint;
        let Text { reproduced_by, experiment, standing, .. } = found.text;
        let seen = if reproduced_by.is_empty() {
            format!("not made to happen here ({standing})")
        } else {
            format!("`{reproduced_by}` of the experiment {experiment} ({standing})")
        };
        let _ = write!(
            told,
            "{id}: {line}\n  cause:  {cause}\n  remedy: {remedy}\n  happens in: {seen}\n\n",
            line = found.line
        );
    }
    told.truncate(told.trim_end().len());
    told.push('\n');
    told
}

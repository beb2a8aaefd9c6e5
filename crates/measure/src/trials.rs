//! `trials.csv`: what was tried once, whose outcome is a row and not a sample.
//!
//! How deep engines nest, what a store holds, whether something works at all: repeating it in
//! blocks would tell nothing more. A refusal is a result, with the refuser's own words.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::folder;
use program::failure;

pub(crate) const TRIALS_FILE: &str = "trials.csv";

pub(crate) const COLUMNS: [&str; 8] =
    ["session", "table", "subject", "step", "outcome", "reason", "wall_ns", "bytes"];

/// One row of `trials.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Counts from 1; filled in by [`Run::record_trial`](crate::Run::record_trial).
    pub session: u32,
    /// The question that this row belongs to.
    pub table: String,
    /// What was tried.
    pub subject: String,
    /// How far, or which part of it: a level, a stage.
    pub step: String,
    /// What became of it, in a word or two of the experiment's own.
    pub outcome: String,
    /// The words of what refused; empty where nothing did.
    pub reason: String,
    /// How long it took, in nanoseconds, where that means something.
    pub wall_ns: Option<u64>,
    /// How many bytes it took, where that means something.
    pub bytes: Option<u64>,
}

/// Every whole row, in the order in which they were tried; none where the run has no such file.
///
/// The last line may be torn, as a killed run leaves it, and is left out.
pub(crate) fn read(folder: &Path) -> miette::Result<Vec<Trial>> {
    let path = folder.join(TRIALS_FILE);
    let text = match folder::text(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&path, &error)),
    };
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let rows = csv::Reader::from_reader(&text.as_bytes()[..whole]).into_deserialize();
    rows.collect::<Result<_, csv::Error>>().map_err(|error| unreadable(&path, &error))
}

pub(crate) fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> miette::Report {
    failure(
        format!("{} can't be read", path.display()),
        error.to_string(),
        "restore the file: it is written once and never edited",
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const HEAD: &str = "session,table,subject,step,outcome,reason,wall_ns,bytes\n";

    fn read_text(text: &str) -> miette::Result<Vec<Trial>> {
        let place = tempfile::tempdir().expect("a folder");
        fs::write(place.path().join(TRIALS_FILE), text).expect("written");
        read(place.path())
    }

    #[test]
    fn a_torn_last_row_is_left_out() {
        let text = format!("{HEAD}1,depth,docker,2,works,,12,\n1,depth,doc");
        let rows = read_text(&text).expect("readable");
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].wall_ns, rows[0].bytes), (Some(12), None));
    }

    #[test]
    fn a_row_that_is_none_is_an_error() {
        let text = format!("{HEAD}1,depth,docker,2,works,,soon,\n");
        assert!(read_text(&text).is_err());
        let place = tempfile::tempdir().expect("a folder");
        assert_eq!(read(place.path()).expect("no file"), []);
    }
}

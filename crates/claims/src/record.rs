//! The record of what was seen: one table a generation, appended to as checks end.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// One look at one property under one pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When, in UTC (RFC 3339, seconds).
    pub when: String,
    /// Revision of the source, with `+` where it was changed since.
    pub revision: String,
    /// Generation of the engines.
    pub generation: String,
    /// Versions of the engines: `docker 26.1.5, podman 5.4.2`.
    pub engines: String,
    /// Release of the kernel.
    pub kernel: String,
    /// The kind of its lab, as `user` or `root`.
    pub sandbox: String,
    /// Name of the test.
    pub test: String,
    /// The property.
    pub property: String,
    /// The pattern.
    pub pattern: String,
    /// What was expected; see [`crate::accepts`].
    pub expected: String,
    /// What was seen; "" where nothing could be, and `detail` says why.
    pub seen: String,
    /// The evidence: an engine's own words, paths, numbers.
    pub detail: String,
    /// Of a record of another machine than the others', which could not see this: its name, and
    /// the kind of its lab where that is another one. No column.
    #[serde(skip)]
    pub machine: String,
}

/// What stands in [`Seen::seen`] of a look that broke off: it has seen nothing.
pub const FAILED: &str = "failed";

impl Seen {
    /// The outcome; `None` where nothing could be seen, or the look broke off.
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        (!self.seen.is_empty() && self.seen != FAILED).then_some(&*self.seen)
    }

    /// Whether what was seen is what was expected.
    #[must_use]
    pub fn as_expected(&self) -> bool {
        crate::accepts(&self.expected, &self.seen)
    }
}

/// Where a suite appends what it sees. Of several looks at the same, the last one counts.
#[derive(Clone, Debug)]
pub struct Recorder(PathBuf);

impl Recorder {
    /// Into `folder/GENERATION.csv`, after what is there already.
    #[must_use]
    pub fn new(folder: &Path, generation: &str) -> Self {
        Self(folder.join(format!("{generation}.csv")))
    }

    /// Appends one row, whole: several processes may append at once.
    pub fn append(&self, seen: &Seen) -> io::Result<()> {
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().append(true).create(true).open(&self.0)?;
        file.lock()?;
        let is_new = file.metadata()?.len() == 0;
        let mut writer = csv::WriterBuilder::new().has_headers(is_new).from_writer(Vec::new());
        writer.serialize(seen).map_err(io::Error::other)?;
        let row = writer.into_inner().map_err(|e| io::Error::other(e.to_string()))?;
        (&file).write_all(&row)
    }
}

/// All rows of a record, in the order in which they were appended.
pub fn read(file: &Path) -> io::Result<Vec<Seen>> {
    let text = fs::read_to_string(file)?;
    // A row that was cut within its last column has all its columns.
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(io::Error::other("its last row is torn"));
    }
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<Seen> = reader.deserialize().collect::<Result<_, _>>()?;
    if rows.is_empty() {
        return Err(io::Error::other("it has no rows"));
    }
    Ok(rows)
}

/// The last look at each property under each pattern.
#[must_use]
pub fn newest(rows: Vec<Seen>) -> Vec<Seen> {
    let mut newest: Vec<Seen> = Vec::new();
    for row in rows {
        let same = |known: &&mut Seen| {
            (&known.property, &known.pattern, &known.generation)
                == (&row.property, &row.pattern, &row.generation)
        };
        match newest.iter_mut().find(same) {
            Some(known) => *known = row,
            None => newest.push(row),
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(pattern: &str, seen: &str) -> Seen {
        Seen {
            when: "2026-01-01T00:00:00Z".to_owned(),
            revision: "0".to_owned(),
            generation: "trixie".to_owned(),
            engines: "docker 1, podman 2".to_owned(),
            kernel: "6".to_owned(),
            sandbox: "user".to_owned(),
            test: "t".to_owned(),
            property: "engine".to_owned(),
            pattern: pattern.to_owned(),
            expected: "its own".to_owned(),
            seen: seen.to_owned(),
            detail: "two lines,\nwith a \"quote\"".to_owned(),
            machine: String::new(),
        }
    }

    #[test]
    fn the_last_look_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let recorder = Recorder::new(folder.path(), "trixie");
        let rows = [seen("dind", "its own"), seen("dood", "the outer's"), seen("dind", "")];
        for row in &rows {
            recorder.append(row).expect("a row");
        }
        let read = read(&folder.path().join("trixie.csv")).expect("the rows");
        assert_eq!(read, rows);
        let newest = newest(read);
        assert_eq!(newest, [rows[2].clone(), rows[1].clone()]);
        assert!(!newest[0].as_expected());
    }

    #[test]
    fn a_torn_record_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        Recorder::new(folder.path(), "trixie").append(&seen("dind", "its own")).expect("a row");
        let file = folder.path().join("trixie.csv");
        let text = fs::read_to_string(&file).expect("the text");
        for length in [text.len() / 2, text.len() - 1, text.len() - 8] {
            fs::write(&file, &text[..length]).expect("torn");
            assert!(read(&file).is_err(), "{length} bytes");
        }
    }
}

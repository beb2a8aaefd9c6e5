//! `samples.csv`: one row a sample, flushed as it comes, read back strictly.

use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::exit::failure;
use crate::manifest::Manifest;

pub(crate) const SAMPLES_FILE: &str = "samples.csv";

const COLUMNS: [&str; 9] = [
    "session",
    "block",
    "warmup",
    "position",
    "arm",
    "started_ns",
    "wall_ns",
    "cpu_ns",
    "reason",
];

/// One row of `samples.csv`: a reading, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Counts from 1.
    pub session: u32,
    /// Counts from 1, warm-up blocks included.
    pub block: u32,
    /// Part of a warm-up block: kept, but in no statistic.
    pub warmup: bool,
    /// Place within the block, from 1.
    pub position: u32,
    /// Name of the arm.
    pub arm: String,
    /// When the sample began, in monotonic nanoseconds since the measuring loop began.
    pub started_ns: u64,
    /// Wall time in nanoseconds; empty when the sample failed.
    pub wall_ns: Option<u64>,
    /// CPU time in nanoseconds, where it could be seen.
    pub cpu_ns: Option<u64>,
    /// Why the sample failed; empty when it did not.
    pub reason: String,
}

/// The samples of a run, read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Samples {
    /// Every whole row, in the order in which they were taken.
    pub rows: Vec<Sample>,
    /// What the reader had to leave out (the torn last line of a killed run), in words.
    pub notes: Vec<String>,
}

/// Appends rows to a CSV file and flushes each, so that whatever ends a run leaves whole rows.
pub(crate) struct Rows {
    writer: csv::Writer<File>,
    name: String,
}

impl Rows {
    /// Begins the file `name` in `folder` with its header; it must not exist.
    pub(crate) fn create(folder: &Path, name: &str, columns: &[&str]) -> miette::Result<Self> {
        let path = folder.join(name);
        let file = File::create_new(&path).map_err(|error| not_written(&path.display(), &error))?;
        let mut rows = Self::over(file, path.display().to_string());
        rows.write_row(columns)?;
        Ok(rows)
    }

    /// Begins `samples.csv`.
    pub(crate) fn samples(folder: &Path) -> miette::Result<Self> {
        Self::create(folder, SAMPLES_FILE, &COLUMNS)
    }

    fn over(file: File, name: String) -> Self {
        let writer = csv::WriterBuilder::new()
            .has_headers(false)
            .from_writer(file);
        Self { writer, name }
    }

    /// Appends one row and flushes it.
    pub(crate) fn write_row(&mut self, row: impl Serialize) -> miette::Result<()> {
        let written = self.writer.serialize(row);
        let flushed = written.and_then(|()| self.writer.flush().map_err(csv::Error::from));
        flushed.map_err(|error| not_written(&self.name, &error))
    }
}

fn not_written(name: &dyn std::fmt::Display, error: &dyn std::fmt::Display) -> miette::Report {
    failure(
        format!("{name} can't be written"),
        error.to_string(),
        "free some space or name another folder with `--out DIR`; the rows so far are kept",
    )
}

impl Samples {
    /// Reads `samples.csv` of a run, and holds each row against the manifest.
    ///
    /// The last line may be torn, as a killed run leaves it: it is skipped with a note. Anything
    /// else that is no sample is an error with its line number.
    pub(crate) fn read(path: &Path, manifest: &Manifest) -> miette::Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            failure(
                format!("{} can't be read", path.display()),
                error.to_string(),
                "name the folder of a run, which holds samples.csv and manifest.json",
            )
        })?;
        parse(&text, manifest).map_err(|(line, why)| {
            failure(
                format!("{}, line {line}, is no sample", path.display()),
                why,
                "restore the file: raw samples are written once and never edited",
            )
        })
    }
}

fn parse(text: &str, manifest: &Manifest) -> Result<Samples, (u64, String)> {
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let (text, torn) = text.split_at(whole);
    let lines = text.lines().count() as u64;
    let mut notes = Vec::new();
    if !torn.is_empty() {
        notes.push(format!(
            "line {} is torn and was skipped: `{torn}`",
            lines + 1
        ));
    }

    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| (1, error.to_string()))?;
    if *header != COLUMNS[..] {
        return Err((1, format!("the columns are not {}", COLUMNS.join(","))));
    }
    let mut rows: Vec<Sample> = Vec::new();
    let mut taken = std::collections::BTreeSet::new();
    for record in reader.into_records() {
        let record = record.map_err(|error| {
            (
                error.position().map_or(lines, csv::Position::line),
                error.to_string(),
            )
        })?;
        let line = record.position().map_or(lines, csv::Position::line);
        let row: Sample = record
            .deserialize(Some(&COLUMNS[..].into()))
            .map_err(|error| (line, error.to_string()))?;
        check(&row, manifest).map_err(|why| (line, why))?;
        if !taken.insert((row.session, row.block, row.arm.clone())) {
            return Err((
                line,
                format!("`{}` is in block {} already", row.arm, row.block),
            ));
        }
        rows.push(row);
    }
    Ok(Samples { rows, notes })
}

fn check(row: &Sample, manifest: &Manifest) -> Result<(), String> {
    if manifest.arms.iter().all(|arm| arm.name != row.arm) {
        return Err(format!("the manifest has no arm `{}`", row.arm));
    }
    match (row.wall_ns, row.reason.is_empty()) {
        (Some(0), _) => Err("wall_ns is 0".to_owned()),
        (Some(_), false) => Err("it has both wall_ns and a reason".to_owned()),
        (None, true) => Err("it has neither wall_ns nor a reason".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::tests::manifest;

    const HEADER: &str = "session,block,warmup,position,arm,started_ns,wall_ns,cpu_ns,reason\n";

    fn read(rows: &str) -> Result<Samples, (u64, String)> {
        parse(&format!("{HEADER}{rows}"), &manifest())
    }

    #[test]
    fn rows_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let good = Sample {
            session: 1,
            block: 3,
            warmup: false,
            position: 2,
            arm: "a".to_owned(),
            started_ns: 17,
            wall_ns: Some(1_000),
            cpu_ns: None,
            reason: String::new(),
        };
        let reason = "exit code 125, \"no such image\"".to_owned();
        let failed = Sample {
            arm: "b".to_owned(),
            wall_ns: None,
            reason,
            ..good.clone()
        };
        let mut rows = Rows::samples(folder.path()).expect("created");
        rows.write_row(&good).expect("written");
        rows.write_row(&failed).expect("written");

        let path = folder.path().join(SAMPLES_FILE);
        let text = std::fs::read_to_string(&path).expect("read before the writer is dropped");
        assert_eq!(text.lines().nth(1), Some("1,3,false,2,a,17,1000,,"));
        let samples = Samples::read(&path, &manifest()).expect("valid");
        assert_eq!(
            samples,
            Samples {
                rows: vec![good, failed],
                notes: vec![]
            }
        );
        assert!(Rows::samples(folder.path()).is_err(), "never written over");
    }

    #[test]
    fn a_full_disk_is_a_clear_error() {
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("Linux has it");
        let error = Rows::over(full, "samples.csv".to_owned())
            .write_row(["x"])
            .expect_err("full");
        assert!(error.to_string().contains("samples.csv can't be written"));
        assert!(
            error
                .chain()
                .any(|cause| cause.to_string().contains("No space left"))
        );
    }

    #[test]
    fn only_a_torn_last_line_is_skipped() {
        let samples = read("1,1,true,1,a,0,5,,\n1,1,true,2,b,9,12").expect("valid");
        assert_eq!(samples.rows.len(), 1);
        assert_eq!(samples.notes.len(), 1);
        assert!(
            samples.notes[0].starts_with("line 3 is torn"),
            "{}",
            samples.notes[0]
        );

        assert_eq!(
            read("").expect("no rows"),
            Samples {
                rows: vec![],
                notes: vec![]
            }
        );
    }

    #[test]
    fn anything_else_is_an_error_with_its_line() {
        for (rows, line, why) in [
            (
                "1,1,true,1,a,0,5,,\n1,1,true\n1,2,true,1,a,0,5,,\n",
                3,
                "fields",
            ),
            (
                "1,1,true,1,a,0,5,,\n1,1,true,2,b,0,x,,\n",
                3,
                "invalid digit",
            ),
            ("1,1,true,1,zzz,0,5,,\n", 2, "no arm `zzz`"),
            ("1,1,true,1,a,0,,,\n", 2, "neither"),
            ("1,1,true,1,a,0,5,,why\n", 2, "both"),
            ("1,1,true,1,a,0,0,,\n", 2, "wall_ns is 0"),
            ("1,1,true,1,a,0,5,,\n1,1,true,2,a,0,5,,\n", 3, "already"),
        ] {
            let (at, text) = read(rows).expect_err(rows);
            assert_eq!(at, line, "{rows}");
            assert!(text.contains(why), "{text}");
        }
        assert_eq!(
            parse("session,block\n", &manifest())
                .expect_err("columns")
                .0,
            1
        );
        assert_eq!(parse("", &manifest()).expect_err("empty").0, 1);
    }
}

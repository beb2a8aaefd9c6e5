//! `samples.csv`: one row a sample, flushed as it comes, read back strictly.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::args::BLOCKS_AT_ALL;
use crate::folder;
use crate::manifest::{Manifest, Status, Stopping};
use crate::plan::Block;
use program::failure;

pub(crate) const SAMPLES_FILE: &str = "samples.csv";

const COLUMNS: [&str; 10] = [
    "session",
    "block",
    "warmup",
    "position",
    "arm",
    "started_ns",
    "wall_ns",
    "cpu_ns",
    "whole_cpu_ns",
    "reason",
];

/// The column that runs of the earlier method lack.
const LATER: &str = "whole_cpu_ns";

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
    /// CPU time of what was started in nanoseconds, where it could be seen.
    pub cpu_ns: Option<u64>,
    /// The same of everything that was at work meanwhile to serve it, itself included.
    #[serde(default)]
    pub whole_cpu_ns: Option<u64>,
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
    file: File,
    name: String,
    /// Rows that are whole, the header not counted.
    pub(crate) written: u64,
}

impl Rows {
    /// Begins the file `name` in `folder` with its header; it must not exist.
    pub(crate) fn create(folder: &Path, name: &str, columns: &[&str]) -> miette::Result<Self> {
        let path = folder.join(name);
        let file = File::create_new(&path).map_err(|error| not_written(&path.display(), &error))?;
        let mut rows = Self::over(file, path.display().to_string());
        rows.write_line(columns)?;
        Ok(rows)
    }

    /// Begins `samples.csv`.
    pub(crate) fn samples(folder: &Path) -> miette::Result<Self> {
        Self::create(folder, SAMPLES_FILE, &COLUMNS)
    }

    fn over(file: File, name: String) -> Self {
        Self { file, name, written: 0 }
    }

    /// Appends one row and flushes it.
    pub(crate) fn write_row(&mut self, row: impl Serialize) -> miette::Result<()> {
        self.write_line(row)?;
        self.written += 1;
        Ok(())
    }

    /// Nothing is kept back: what could not be written is not tried again when the run is closed,
    /// where it would be a row that nobody has counted.
    fn write_line(&mut self, row: impl Serialize) -> miette::Result<()> {
        let mut line = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        let line = line
            .serialize(row)
            .map_err(io::Error::from)
            .and_then(|()| line.into_inner().map_err(csv::IntoInnerError::into_error));
        let written = line.and_then(|line| self.file.write_all(&line));
        written.map_err(|error| not_written(&self.name, &error))
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
        let text = folder::text(path).map_err(|error| {
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
        notes.push(format!("line {} is torn and was skipped: `{torn}`", lines + 1));
    }

    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| (1, error.to_string()))?.clone();
    let earlier: Vec<&str> = COLUMNS.into_iter().filter(|column| *column != LATER).collect();
    if header != COLUMNS[..] && header != earlier[..] {
        return Err((1, format!("the columns are not {}", COLUMNS.join(","))));
    }
    let mut rows: Vec<Sample> = Vec::new();
    let Manifest { warmup_blocks, blocks, primary_blocks, .. } = manifest;
    if [warmup_blocks, blocks, primary_blocks].iter().any(|count| **count > BLOCKS_AT_ALL) {
        let planned = format!("{warmup_blocks} + {blocks} + {primary_blocks} blocks");
        return Err((1, format!("the manifest plans {planned}")));
    }
    if manifest.company && !manifest.arms.len().is_multiple_of(2) {
        return Err((1, "the manifest does not have each arm twice".to_owned()));
    }
    let mut order = Order::of(manifest);
    for record in reader.into_records() {
        let record = record.map_err(|error| {
            (error.position().map_or(lines, csv::Position::line), error.to_string())
        })?;
        let line = record.position().map_or(lines, csv::Position::line);
        let row: Sample =
            record.deserialize(Some(&header)).map_err(|error| (line, error.to_string()))?;
        check(&row, manifest).map_err(|why| (line, why))?;
        order.expect(&row).map_err(|why| (line, why))?;
        rows.push(row);
    }
    complete(&rows, manifest).map_err(|why| (lines, why))?;
    Ok(Samples { rows, notes })
}

/// What the manifest's seed says of each row: rows of another run, rows that were taken out and
/// rows that were put in are found by it.
struct Order<'a> {
    manifest: &'a Manifest,
    session: u32,
    /// Block, warm-up, position, arm; from the last to the first.
    left: Vec<(u32, bool, u32, &'a str)>,
    /// Whether the session has a row yet.
    begun: bool,
}

impl<'a> Order<'a> {
    fn of(manifest: &'a Manifest) -> Self {
        let mut order = Self { manifest, session: 0, left: Vec::new(), begun: true };
        order.next_session();
        order
    }

    fn next_session(&mut self) {
        self.session += 1;
        self.begun = false;
        let manifest = self.manifest;
        let mut rows: Vec<_> = manifest
            .plan(self.session)
            .blocks()
            .flat_map(|block| {
                let places = (1_u32..).zip(&block.order);
                places.map(|(position, &arm)| {
                    let name = manifest.arms[arm].name.as_str();
                    (block.number, block.warmup, position, name)
                })
            })
            .collect();
        rows.reverse();
        self.left = rows;
    }

    /// Whether this row is the one that comes next.
    fn expect(&mut self, row: &Sample) -> Result<(), String> {
        // An adaptive stop may end a session before its plan is at its end.
        if row.session == self.session + 1 && self.begun {
            self.next_session();
        }
        let found = (row.block, row.warmup, row.position, row.arm.as_str());
        let seed = self.manifest.seed;
        match self.left.pop() {
            Some(planned) if row.session == self.session && planned == found => {
                self.begun = true;
                Ok(())
            }
            Some((block, _, position, arm)) => Err(format!(
                "by the seed {seed} of the manifest, `{arm}` comes here (session {}, block {block}, \
                 position {position}), not `{}` (session {}, block {}, position {})",
                self.session, row.arm, row.session, row.block, row.position
            )),
            None => Err(format!("session {} was at its end", self.session)),
        }
    }
}

/// Whether a run that says that it is complete has all its rows.
fn complete(rows: &[Sample], manifest: &Manifest) -> Result<(), String> {
    if manifest.status != Status::Complete {
        return Ok(());
    }
    let (found, planned) = (manifest.sessions.len(), manifest.planned_sessions);
    if found != planned as usize {
        return Err(format!(
            "the run is complete by its manifest, which has {found} of {planned} sessions"
        ));
    }
    let mut expected = 0;
    for (number, session) in (1..).zip(&manifest.sessions) {
        if session.number != number {
            return Err(format!("the manifest's sessions are not numbered 1 to {planned}"));
        }
        let plan = manifest.plan(number);
        let measured = plan.blocks().filter(|block| !block.warmup).count();
        let taken = session.blocks_taken.map_or(measured, |taken| taken as usize);
        let wrong = match manifest.stopping {
            Stopping::Fixed => taken != measured,
            Stopping::Adaptive { .. } => taken > measured,
        };
        if wrong {
            return Err(format!(
                "session {number} has taken {taken} of {measured} planned blocks by the manifest"
            ));
        }
        let found = rows.iter().filter(|row| row.session == session.number).count();
        let mut left = taken;
        let is_taken = |block: &&Block| {
            let is_counted = !block.warmup;
            let is_taken = !is_counted || left > 0;
            left -= usize::from(is_counted && is_taken);
            is_taken
        };
        let planned: usize = plan.blocks().filter(is_taken).map(|block| block.order.len()).sum();
        expected += planned;
        if found != planned {
            return Err(format!(
                "the run is complete by its manifest, but session {} has {found} of {planned} rows",
                session.number
            ));
        }
    }
    if rows.len() != expected {
        return Err(format!(
            "there are {} rows, {expected} of them in sessions of the manifest",
            rows.len()
        ));
    }
    Ok(())
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

    /// The rows of a whole session, one block measured, each with the reading 5.
    fn session(session: u32, seed: u64) -> Vec<String> {
        rows_of(&Manifest { seed, ..manifest() }, session)
    }

    fn rows_of(manifest: &Manifest, session: u32) -> Vec<String> {
        let arms = &manifest.arms;
        let mut rows = Vec::new();
        for block in manifest.plan(session).blocks() {
            for (position, &arm) in (1..).zip(&block.order) {
                let (number, warmup, arm) = (block.number, block.warmup, &arms[arm].name);
                rows.push(format!("{session},{number},{warmup},{position},{arm},0,5,,\n"));
            }
        }
        rows
    }

    #[test]
    fn rows_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let planned = read(&session(1, manifest().seed).concat()).expect("valid");
        let good = Sample { started_ns: 17, wall_ns: Some(1_000), ..planned.rows[0].clone() };
        let failed = Sample {
            wall_ns: None,
            reason: "exit code 125, \"no such image\"".to_owned(),
            ..planned.rows[1].clone()
        };
        let mut rows = Rows::samples(folder.path()).expect("created");
        rows.write_row(&good).expect("written");
        rows.write_row(&failed).expect("written");

        let path = folder.path().join(SAMPLES_FILE);
        let text = std::fs::read_to_string(&path).expect("read before the writer is dropped");
        let line = format!("1,1,true,1,{},17,1000,,,", good.arm);
        assert_eq!(text.lines().nth(1), Some(line.as_str()));
        let samples = Samples::read(&path, &manifest()).expect("valid");
        assert_eq!(samples, Samples { rows: vec![good, failed], notes: vec![] });
        assert!(Rows::samples(folder.path()).is_err(), "never written over");
        let earlier = format!("{HEADER}{}", session(1, manifest().seed)[0]);
        assert_eq!(parse(&earlier, &manifest()).expect("without a later column").rows.len(), 1);
    }

    #[test]
    fn a_full_disk_is_a_clear_error() {
        let full = File::options().write(true).open("/dev/full").expect("Linux has it");
        let error = Rows::over(full, "samples.csv".to_owned()).write_row(["x"]).expect_err("full");
        assert!(error.to_string().contains("samples.csv can't be written"));
        assert!(error.chain().any(|cause| cause.to_string().contains("No space left")));
    }

    #[test]
    fn only_a_torn_last_line_is_skipped() {
        let whole = session(1, manifest().seed);
        let samples = read(&format!("{}{}", whole[0], &whole[1][..9])).expect("valid");
        assert_eq!(samples.rows.len(), 1);
        assert_eq!(samples.notes.len(), 1);
        assert!(samples.notes[0].starts_with("line 3 is torn"), "{}", samples.notes[0]);

        assert_eq!(read("").expect("no rows"), Samples { rows: vec![], notes: vec![] });
    }

    #[test]
    fn anything_else_is_an_error_with_its_line() {
        let whole = session(1, manifest().seed);
        let first = whole[0].as_str();
        let second = |from: &str, to: &str| format!("{first}{}", whole[1].replace(from, to));
        let other_seed = session(1, 1).concat();
        for (rows, line, why) in [
            (format!("{first}1,1,true\n{}", whole[2]), 3, "fields"),
            (second(",5,", ",x,"), 3, "invalid digit"),
            (second(",5,", ",NaN,"), 3, "invalid digit"),
            (second(",5,", ",-5,"), 3, "invalid digit"),
            (second(",5,,", ",5,,,"), 3, "fields"),
            (second(",5,,", ",,,"), 3, "neither"),
            (second(",5,,", ",5,,why"), 3, "both"),
            (second(",5,,", ",0,,"), 3, "wall_ns is 0"),
            ("1,1,true,1,zzz,0,5,,\n".to_owned(), 2, "no arm `zzz`"),
            (format!("{first}{first}"), 3, "comes here"),
            (format!("{first}{}", whole[2]), 3, "comes here"),
            (second("true", "false"), 3, "comes here"),
            (second("1,1,", "2,1,"), 3, "comes here"),
            (format!("{}{first}", whole.concat()), 8, "at its end"),
            (other_seed, 2, "by the seed"),
        ] {
            let (at, text) = read(&rows).expect_err(&rows);
            assert!(text.contains(why), "{text}");
            assert!(at == line || why == "by the seed", "{rows}: {at}");
        }
        assert_eq!(parse("session,block\n", &manifest()).expect_err("columns").0, 1);
        assert_eq!(parse("", &manifest()).expect_err("empty").0, 1);
    }

    #[test]
    fn sessions_follow_one_another_and_may_be_cut_short() {
        let Manifest { seed, .. } = manifest();
        let (one, two) = (session(1, seed), session(2, seed));
        let both = format!("{}{}", one.concat(), two.concat());
        assert_eq!(read(&both).expect("valid").rows.len(), 12);
        let short = format!("{}{}", one[..4].concat(), two.concat());
        assert_eq!(read(&short).expect("valid").rows.len(), 10);
        assert!(read(&two.concat()).is_err(), "where is session 1?");
    }

    #[test]
    fn a_complete_run_has_all_its_rows() {
        let mut complete = manifest();
        complete.status = Status::Complete;
        let rows = session(1, complete.seed);
        let text = |count: usize| format!("{HEADER}{}", rows[..count].concat());
        assert!(parse(&text(6), &complete).is_ok());
        let (line, why) = parse(&text(5), &complete).expect_err("one is missing");
        assert_eq!(line, 6);
        assert!(why.contains("5 of 6"), "{why}");
        // A cut file does not become whole by a number in the manifest.
        complete.sessions[0].blocks_taken = Some(0);
        assert!(parse(&text(4), &complete).is_err());
        complete.stopping = Stopping::Adaptive { precision_pct: None, budget_s: Some(1) };
        assert!(parse(&text(4), &complete).is_ok(), "an adaptive stop");
        let two = session(2, complete.seed).concat();
        assert!(
            parse(&format!("{}{two}", text(4)), &complete).is_err(),
            "a session that the manifest does not have"
        );
        complete.blocks = u32::MAX;
        assert!(parse(&text(4), &complete).is_err(), "an absurd plan");
    }
}

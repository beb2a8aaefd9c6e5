//! A run's folder: made once, never written over.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use miette::Report;
use sha2::{Digest, Sha256};

use crate::manifest::{METHOD_VERSION, Manifest, OLDEST_METHOD_VERSION, SCHEMA_VERSION};
use crate::samples::{SAMPLES_FILE, Samples};
use crate::telemetry::{self, BLOCKS_FILE, BlockRecord};
use crate::trials::{self, TRIALS_FILE, Trial};
use program::{failure, usage};

/// What is recorded of a run beside its rows.
pub const MANIFEST_FILE: &str = "manifest.json";
const NO_RUN: &str = "name the folder of a run, which holds samples.csv and manifest.json";

/// The text of a file of a run. What is no file is not waited for.
pub(crate) fn text(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    fs::read_to_string(path)
}

/// The folder of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder of a new run, with its parents.
    ///
    /// Fails (usage) when it exists and is not empty, and when it can't be made or written.
    pub fn create(path: &Path) -> miette::Result<Self> {
        let refused = |error: io::Error| {
            failure(
                format!("the run folder {} can't be written", path.display()),
                error.to_string(),
                "name a folder that you may write with `--out DIR`",
            )
        };
        fs::create_dir_all(path).map_err(refused)?;
        if fs::read_dir(path).map_err(refused)?.next().is_some() {
            return Err(usage(
                format!("the run folder {} is not empty", path.display()),
                "a run never writes over another one",
                "name a new folder with `--out DIR`, or omit `--out`",
            ));
        }
        Ok(Self { path: path.to_owned() })
    }

    /// The folder of an earlier run.
    ///
    /// Fails (usage) when it is not one.
    pub fn open(path: &Path) -> miette::Result<Self> {
        for name in [MANIFEST_FILE, SAMPLES_FILE] {
            let file = path.join(name);
            if let Err(error) = fs::metadata(&file) {
                return Err(usage(
                    format!("{} is not the folder of a run", path.display()),
                    format!("{}: {error}", file.display()),
                    NO_RUN,
                ));
            }
        }
        Ok(Self { path: path.to_owned() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the manifest, whole or not at all.
    pub(crate) fn write_manifest(&self, manifest: &Manifest) -> miette::Result<()> {
        let path = self.path.join(MANIFEST_FILE);
        let text =
            serde_json::to_string_pretty(manifest).map_err(|error| not_written(&path, &error))?;
        write_atomically(&path, format!("{text}\n").as_bytes())
    }

    /// Reads the manifest.
    ///
    /// Fails (usage) when it is of another schema or method version, incomplete or no JSON.
    pub fn manifest(&self) -> miette::Result<Manifest> {
        let path = self.path.join(MANIFEST_FILE);
        let refused =
            |why: String| usage(format!("{} is no manifest", path.display()), why, NO_RUN);
        let text = text(&path).map_err(|error| refused(error.to_string()))?;
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        // Looked at first: another version may well lack the fields of this one.
        let version = &value["schema_version"];
        if *version != SCHEMA_VERSION {
            return Err(refused(format!(
                "its schema version is {version}, this program reads {SCHEMA_VERSION}"
            )));
        }
        // Another method's rows are in another order, and its rules are not these.
        let version = &value["method_version"];
        let is_read = |version| (OLDEST_METHOD_VERSION..=METHOD_VERSION).contains(&version);
        if !version.as_u64().and_then(|version| u32::try_from(version).ok()).is_some_and(is_read) {
            return Err(refused(format!(
                "its method version is {version}, this program reads {OLDEST_METHOD_VERSION} to \
                 {METHOD_VERSION}"
            )));
        }
        serde_json::from_value(value).map_err(|error| refused(error.to_string()))
    }

    /// Reads the samples that belong to this manifest.
    ///
    /// Fails on a row that is no sample or not the one that the manifest's seed has there; a torn
    /// last line is skipped with a note. This and the other two fail where there are not as many
    /// rows as the manifest counts.
    pub fn samples(&self, manifest: &Manifest) -> miette::Result<Samples> {
        let samples = Samples::read(&self.path.join(SAMPLES_FILE), manifest)?;
        let counted = manifest.rows.as_ref().map(|rows| rows.samples);
        self.check_rows(SAMPLES_FILE, samples.rows.len(), counted)?;
        Ok(samples)
    }

    /// Reads what the machine was doing around each block; fails on a row that is none.
    pub fn blocks(&self, manifest: &Manifest) -> miette::Result<Vec<BlockRecord>> {
        let blocks = telemetry::read(&self.path.join(BLOCKS_FILE))?;
        self.check_rows(BLOCKS_FILE, blocks.len(), manifest.rows.as_ref().map(|rows| rows.blocks))?;
        Ok(blocks)
    }

    /// Reads what was tried once; empty where nothing was. Fails on a row that is none.
    pub fn trials(&self, manifest: &Manifest) -> miette::Result<Vec<Trial>> {
        let trials = trials::read(&self.path)?;
        self.check_rows(TRIALS_FILE, trials.len(), manifest.rows.as_ref().map(|rows| rows.trials))?;
        let written = manifest.rows.as_ref().and_then(|rows| rows.trials_sha256.clone());
        if written.is_some() && written != self.trials_sha256()? {
            let why = "its digest is another one than the manifest has";
            return Err(self.changed(TRIALS_FILE, why));
        }
        Ok(trials)
    }

    /// What `trials.csv` is, by its digest; none where the run has no such file.
    pub(crate) fn trials_sha256(&self) -> miette::Result<Option<String>> {
        let path = self.path.join(TRIALS_FILE);
        match text(&path) {
            Ok(text) => Ok(Some(base16ct::lower::encode_string(&Sha256::digest(text)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(trials::unreadable(&path, &error)),
        }
    }

    /// A file that was cut between two rows is known by nothing else.
    fn check_rows(&self, file: &str, found: usize, counted: Option<u64>) -> miette::Result<()> {
        match counted {
            Some(counted) if counted != found as u64 => Err(self.changed(
                file,
                format!("it has {found} whole rows, the manifest counts {counted}"),
            )),
            _ => Ok(()),
        }
    }

    fn changed(&self, file: &str, why: impl Into<String>) -> Report {
        failure(
            format!("{} is not as it was written", self.path.join(file).display()),
            why.into(),
            "restore the file: it is written once and never edited",
        )
    }
}

/// Writes a file through a neighbour and a rename: a reader sees the old content or the new one.
pub fn write_atomically(path: &Path, content: &[u8]) -> miette::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let neighbour = path.with_file_name(name);
    let written = fs::File::create(&neighbour)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&neighbour, path));
    written.map_err(|error| {
        // Best effort: the first error is the one to be told.
        let _ = fs::remove_file(&neighbour);
        not_written(path, &error)
    })
}

fn not_written(path: &Path, error: &dyn std::fmt::Display) -> Report {
    failure(
        format!("{} can't be written", path.display()),
        error.to_string(),
        "free some space there, or make the folder writable",
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::arm::{Arm, Observer};
    use crate::machine::Machine;
    use crate::manifest::{Session, Status, Stopping, Tool};

    /// A manifest with the arms `a` and `b`.
    pub(crate) fn manifest() -> Manifest {
        let arm = |name| Arm::new("time", name, Observer::Outside, 1, "").to_record();
        Manifest {
            schema_version: SCHEMA_VERSION,
            method_version: METHOD_VERSION,
            experiment: "test".to_owned(),
            status: Status::Running,
            reason: None,
            tool: Tool { version: "0".to_owned(), revision: None, dirty: None },
            args: vec!["test".to_owned()],
            seed: u64::MAX,
            blocks: 1,
            primary_blocks: 0,
            warmup_blocks: 2,
            company: false,
            planned_sessions: 1,
            stopping: Stopping::Fixed,
            margin_pct: 5.0,
            settled_ms: 0,
            arms: vec![arm("a"), arm("b")],
            contrasts: vec![],
            parts: vec![],
            series: vec![],
            sessions: vec![Session {
                number: 1,
                started: "2026-01-01T00:00:01Z".to_owned(),
                ended: None,
                blocks_taken: None,
                stopped: None,
                machine: Machine::read(),
                description: serde_json::Map::new(),
            }],
            rows: None,
            inside_share: None,
            started: "2026-01-01T00:00:00Z".to_owned(),
            load1: None,
            ended: None,
        }
    }

    #[test]
    fn a_manifest_comes_back_as_it_was_written() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(&place.path().join("a/b")).expect("created");
        folder.write_manifest(&manifest()).expect("written");
        assert_eq!(folder.manifest().expect("read"), manifest());
        let left: Vec<_> = fs::read_dir(folder.path()).expect("read").collect();
        assert_eq!(left.len(), 1, "no temporary file is left");
    }

    #[test]
    fn what_is_no_run_is_refused_as_usage() {
        let place = tempfile::tempdir().expect("a folder");
        let refused = |result: miette::Result<_>| {
            let error = result.expect_err("refused");
            assert_eq!(error.severity(), Some(miette::Severity::Advice), "{error:?}");
            assert!(error.help().is_some());
        };
        refused(Folder::open(&place.path().join("nothing")));
        fs::write(place.path().join(SAMPLES_FILE), "").expect("written");
        refused(Folder::open(place.path()));
        for text in [
            "{",
            "{}",
            "{\"schema_version\": 99}",
            "{\"schema_version\": 2}",
            "{\"schema_version\": 2, \"method_version\": 1}",
        ] {
            fs::write(place.path().join(MANIFEST_FILE), text).expect("written");
            let folder = Folder::open(place.path()).expect("both files are there");
            let error = folder.manifest().expect_err(text);
            assert_eq!(error.severity(), Some(miette::Severity::Advice));
        }
    }

    #[test]
    fn a_folder_with_something_in_it_is_no_new_run() {
        let place = tempfile::tempdir().expect("a folder");
        assert!(Folder::create(place.path()).is_ok(), "an empty one is taken");
        fs::write(place.path().join("x"), "").expect("written");
        let error = Folder::create(place.path()).expect_err("not empty");
        assert_eq!(error.severity(), Some(miette::Severity::Advice));
        // A file where a folder should be fails for root too.
        let error = Folder::create(&place.path().join("x/run")).expect_err("not a folder");
        assert_eq!(error.severity(), None);
        assert!(error.to_string().contains("can't be written"));
    }
}

//! Every committed record, rendered in both languages: page, figures, tables, terminal, JSON. One
//! table holds the SHA-256 of each, so that a change of the code that changes what a reader sees is
//! seen. A new table is left in the build's temporary folder; whoever commits it says what a reader
//! sees differently.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use sha2::{Digest, Sha256};

use crate::support::{report, stdout};

/// What a run's folder keeps of what was measured; all else is derived.
const RAW: [&str; 5] = ["manifest.json", "samples.csv", "blocks.csv", "trials.csv", "facts.json"];

/// What stands in the first column for the reports that are of no single run.
const COMPARED: &str = "compare published reference/exp4";
const LEDGER: &str = "claims --reference";

/// Digests by record and file.
type Golden = BTreeMap<(String, String), String>;

#[test]
fn every_committed_record_is_shown_as_the_table_has_it() {
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results");
    let mut records = Vec::new();
    find(&results, &mut records);
    assert!(records.len() > 8, "{records:?}");
    let made = in_parallel(&records, |record| {
        let name = record.strip_prefix(&results).expect("below").display();
        rendered(&name.to_string(), record)
    });
    let mut made: Golden = made.into_iter().flatten().collect();
    made.extend(of_several(&results));

    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden.csv");
    let committed = fs::read_to_string(&table).unwrap_or_default();
    let now = text(&made);
    if now != committed {
        let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden.csv");
        fs::write(&new, &now).expect("written");
        let is_new = |line: &&str| !committed.lines().any(|old| old == *line);
        let different: Vec<&str> = now.lines().filter(is_new).collect();
        panic!(
            "{} of {} are different or new (none: some are gone): {different:#?}\n\
             if a reader shall see that: cp {} {}",
            different.len(),
            made.len(),
            new.display(),
            table.display(),
        );
    }
}

/// The folders that a report is made of: a run's, that of the two halves of one, or a simulation's.
fn find(folder: &Path, records: &mut Vec<PathBuf>) {
    let of_halves = ["startup", "cpu"].iter().all(|half| folder.join(half).is_dir());
    let is_filled = ["manifest.json", "facts.json"].iter().any(|file| folder.join(file).is_file());
    if of_halves || is_filled {
        records.push(folder.to_owned());
    }
    if of_halves {
        return;
    }
    let entries = fs::read_dir(folder).expect("a folder");
    let mut below: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        // What was measured here is nobody's reference.
        .filter(|path| path.is_dir() && is_committed(path))
        .collect();
    below.sort();
    for path in below {
        find(&path, records);
    }
}

/// Runs of this machine lie in folders that begin with their time.
fn is_committed(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    !name.is_some_and(|name| name.starts_with(|first: char| first.is_ascii_digit()))
}

/// Both processors, a record at a time each.
fn in_parallel<T: Send>(records: &[PathBuf], work: impl Fn(&Path) -> T + Sync) -> Vec<T> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        while let Some(record) =
            records.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
        {
            done.push(work(record));
        }
        done
    };
    thread::scope(|scope| {
        let workers = [scope.spawn(take), scope.spawn(take)];
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    })
}

/// What a report of this record leaves and prints.
fn rendered(name: &str, record: &Path) -> Golden {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    copy(record, &run);
    let english = stdout(&report(&[&run]));
    let mut golden = Golden::new();
    let mut add = |file: &str, content: &[u8]| {
        golden.insert((name.to_owned(), file.to_owned()), digest(content));
    };
    // What is no run is one page, in English.
    if run.join("manifest.json").exists() || !run.join("facts.json").exists() {
        let args: [&Path; 4] = [&run, "--lang".as_ref(), "es".as_ref(), "--json".as_ref()];
        add("terminal", english.as_bytes());
        add("json", stdout(&report(&args)).as_bytes());
    }
    for entry in fs::read_dir(&run).expect("a folder") {
        let path = entry.expect("an entry").path();
        let file = path.file_name().and_then(OsStr::to_str).expect("text");
        if path.is_file() && !RAW.contains(&file) {
            add(file, &fs::read(&path).expect("read"));
        }
    }
    golden
}

fn copy(record: &Path, run: &Path) {
    fs::create_dir(run).expect("made");
    for file in RAW.iter().filter(|file| record.join(file).exists()) {
        fs::copy(record.join(file), run.join(file)).expect("copied");
    }
    for half in ["startup", "cpu"] {
        if record.join(half).is_dir() {
            copy(&record.join(half), &run.join(half));
        }
    }
}

/// What is made of more than one record, or of none.
fn of_several(results: &Path) -> Golden {
    let exp4 = results.join("reference/exp4");
    let claims: [&Path; 2] = ["claims".as_ref(), "--reference".as_ref()];
    let printed = |args: &[&Path]| report(args).stdout;
    let compared: [&Path; 3] = ["compare".as_ref(), "published".as_ref(), &exp4];
    let json: &[&Path] = &["--json".as_ref()];
    [
        (LEDGER, "terminal", printed(&claims)),
        (LEDGER, "json", printed(&[&claims, json].concat())),
        (COMPARED, "terminal", printed(&compared)),
        (COMPARED, "json", printed(&[&compared, json].concat())),
    ]
    .into_iter()
    .map(|(record, file, content)| {
        assert!(!content.is_empty(), "{record}: {file}");
        ((record.to_owned(), file.to_owned()), digest(&content))
    })
    .collect()
}

fn digest(content: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(content))
}

fn text(golden: &Golden) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["record", "file", "sha256"]).expect("written");
    for ((record, file), digest) in golden {
        writer.write_record([record, file, digest]).expect("written");
    }
    String::from_utf8(writer.into_inner().expect("flushed")).expect("text")
}

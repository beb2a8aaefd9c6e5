//! Data that is not what it should be: a clear error or a marked cell, never a wrong number.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use measure::{Experiment, SampleError};
use proptest::prelude::*;

use crate::support::*;

fn edit(run: &Path, file: &str, change: impl Fn(String) -> String) {
    let path = run.join(file);
    let text = fs::read_to_string(&path).expect("read");
    let changed = change(text.clone());
    assert_ne!(text, changed, "the edit has an effect");
    fs::write(&path, changed).expect("written");
}

type Damage = fn(String) -> String;

/// A manifest with something else in it.
fn changed(text: &str, change: impl FnOnce(&mut serde_json::Value)) -> String {
    let mut manifest = serde_json::from_str(text).expect("a manifest");
    change(&mut manifest);
    manifest.to_string()
}

/// What is done to which file of a complete run, the words of the refusal and its exit code.
const DAMAGE: [(&str, &str, Damage, &str, i32); 14] = [
    ("truncated", "samples.csv", |text| text[..text.len() / 2].to_owned(), "rows", 1),
    (
        "no rows",
        "samples.csv",
        |text| text.lines().next().unwrap_or_default().to_owned() + "\n",
        "0 of",
        1,
    ),
    (
        "a column more",
        "samples.csv",
        |text| text.replacen(",reason\n", ",reason,more\n", 1),
        "the columns are not",
        1,
    ),
    ("a field more", "samples.csv", |text| text.replacen(",,\n", ",,,\n", 1), "fields", 1),
    (
        "a NaN",
        "samples.csv",
        |text| {
            let line = text.lines().nth(4).unwrap_or_default().to_owned();
            let mut fields: Vec<&str> = line.split(',').collect();
            fields[6] = "NaN";
            text.replacen(&line, &fields.join(","), 1)
        },
        "invalid digit",
        1,
    ),
    (
        "a later schema",
        "manifest.json",
        |text| text.replace("\"schema_version\": 2", "\"schema_version\": 3"),
        "its schema version is 3",
        2,
    ),
    (
        "another seed",
        "manifest.json",
        |text| text.replace("\"seed\": 1,", "\"seed\": 2,"),
        "by the seed 2",
        1,
    ),
    (
        "a placeholder",
        "manifest.json",
        |text| text.replacen("\"version\": \"0.1.0\"", "\"version\": \"TODO\"", 1),
        "/tool/version is empty or a placeholder",
        2,
    ),
    (
        "no stand-ins",
        "manifest.json",
        |text| text.replace("stand_ins", "standins"),
        "/sessions/0/stand_ins is missing",
        2,
    ),
    (
        "a session of another machine",
        "manifest.json",
        |text| {
            changed(&text, |manifest| {
                let mut other = manifest["sessions"][0].clone();
                other["machine"]["cores"] = 77.into();
                manifest["sessions"].as_array_mut().expect("a list").push(other);
            })
        },
        "its sessions are of several machines",
        2,
    ),
    (
        "nothing but a beginning",
        "manifest.json",
        |text| {
            changed(&text, |manifest| {
                manifest["sessions"] = serde_json::json!([]);
                manifest["status"] = "interrupted".into();
            })
        },
        "had not begun to measure",
        2,
    ),
    (
        "a NaN of a block",
        "blocks.csv",
        |text| {
            let line = text.lines().nth(2).unwrap_or_default().to_owned();
            let mut fields: Vec<&str> = line.split(',').collect();
            fields[4] = "NaN";
            text.replacen(&line, &fields.join(","), 1)
        },
        "what is no number",
        1,
    ),
    (
        "a block twice",
        "blocks.csv",
        |text| {
            let line = text.lines().nth(2).unwrap_or_default().to_owned();
            text.replacen(&line, &format!("{line}\n{line}"), 1)
        },
        "out of order",
        1,
    ),
    (
        "a block of nothing",
        "blocks.csv",
        |text| format!("{text}9,1,true,x,,,,,,,,,,\n"),
        "has no sample",
        1,
    ),
];

#[test]
fn damage_is_a_clear_error() {
    for (name, file, damage, words, exit) in DAMAGE {
        let place = tempfile::tempdir().expect("a folder");
        let run = place.path().join("run");
        make(&run, CPU, 6, plausible);
        // As in a record that does not count its rows.
        edit_manifest(&run, |manifest| manifest["rows"] = serde_json::Value::Null);
        edit(&run, file, damage);
        let text = refused(&report(&[&run]), exit);
        assert!(text.contains(words), "{name}: {text}");
        assert!(!run.join("report.md").exists(), "{name}: nothing was written");
    }
}

/// Whole rows that are left say nothing of those that are gone: the manifest counts them, also of a
/// run that was interrupted, where no plan says how many there were.
#[test]
fn a_file_that_was_cut_between_two_rows_is_a_clear_error() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    let trials = ["first", "last"].map(|step| synthetic::trial("cells", "docker", step, "works"));
    let experiment = Experiment { name: "cpu", arms: CPU, ..Experiment::of_trials("cpu") };
    let session = serde_json::json!({ "stand_ins": [] });
    synthetic::take(&run, &["--blocks", "6"], &experiment, &session, &trials, plausible);
    edit_manifest(&run, |manifest| manifest["status"] = "interrupted".into());
    stdout(&report(&[&run]));
    for file in ["trials.csv", "samples.csv", "blocks.csv"] {
        let sound = fs::read_to_string(run.join(file)).expect("read");
        let lines = sound.lines().count();
        let cut: String = sound.split_inclusive('\n').take(lines - 1).collect();
        fs::write(run.join(file), cut).expect("written");
        let text = refused(&report(&[&run]), 1);
        let why = format!("it has {} whole rows, the manifest counts {}", lines - 2, lines - 1);
        assert!(text.contains(file) && text.contains(&why), "{text}");
        fs::write(run.join(file), &sound).expect("written");
    }
    // As many rows, in another order: no seed tells that of trials.
    let sound = fs::read_to_string(run.join("trials.csv")).expect("read");
    let lines: Vec<&str> = sound.lines().collect();
    let swapped = format!("{}\n{}\n{}\n", lines[0], lines[2], lines[1]);
    fs::write(run.join("trials.csv"), swapped).expect("written");
    let text = refused(&report(&[&run]), 1);
    assert!(text.contains("trials.csv") && text.contains("its digest is another"), "{text}");
    fs::remove_file(run.join("trials.csv")).expect("removed");
    let text = refused(&report(&[&run]), 1);
    assert!(text.contains("it has 0 whole rows, the manifest counts 2"), "{text}");
    edit_manifest(&run, |manifest| {
        drop(manifest.as_object_mut().expect("an object").remove("rows"));
    });
    stdout(&report(&[&run]));
}

/// A signal between two blocks leaves a row of a block without a sample, at the end and nowhere
/// else.
#[test]
fn only_the_last_block_of_an_interrupted_run_may_lack_samples() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, CPU, 6, plausible);
    edit_manifest(&run, |manifest| manifest["rows"] = serde_json::Value::Null);
    let sound = fs::read_to_string(run.join("blocks.csv")).expect("read");
    let row = |block: u32| format!("1,{block},false,x,,,,,,,,,,\n");
    edit(&run, "manifest.json", |text| text.replace("\"complete\"", "\"interrupted\""));
    stdout(&report(&[&run]));
    let summary = fs::read(run.join("summary.csv")).expect("read");

    fs::write(run.join("blocks.csv"), format!("{sound}{}", row(9))).expect("written");
    stdout(&report(&[&run]));
    assert!(fs::read(run.join("summary.csv")).expect("read") == summary);
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    assert!(page.contains("| cpu, session 1 | 6 |"), "{page}");

    fs::write(run.join("blocks.csv"), format!("{sound}{}{}", row(9), row(10))).expect("written");
    let text = refused(&report(&[&run]), 1);
    assert!(text.contains("block 9 of session 1 has no sample"), "{text}");
}

#[test]
fn rows_of_two_runs_are_a_clear_error() {
    let lines = |text: &str| text.lines().map(|line| format!("{line}\n")).collect::<Vec<_>>();
    let place = tempfile::tempdir().expect("a folder");
    let [run, other] = ["run", "other"].map(|name| place.path().join(name));
    make(&run, CPU, 6, plausible);
    make_with(&other, CPU, &["--seed", "2", "--blocks", "6"], plausible);
    let foreign = lines(&fs::read_to_string(other.join("samples.csv")).expect("read"));
    let whole = fs::read_to_string(run.join("samples.csv")).expect("read");
    for (name, mixed) in [
        ("appended", format!("{whole}{}", foreign[1..].concat())),
        (
            "interleaved",
            lines(&whole)
                .iter()
                .zip(&foreign)
                .skip(1)
                .fold(lines(&whole)[0].clone(), |text, (a, b)| text + a + b),
        ),
    ] {
        fs::write(run.join("samples.csv"), mixed).expect("written");
        let text = refused(&report(&[&run]), 1);
        assert!(text.contains("is no sample"), "{name}: {text}");
    }
}

/// A clock can't have told it, but nothing is added up beyond the largest number.
#[test]
fn times_at_the_end_of_all_numbers_are_reported() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, CPU, 6, plausible);
    let text = fs::read_to_string(run.join("samples.csv")).expect("read");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let last = lines.last_mut().expect("a row");
    let mut fields: Vec<&str> = last.split(',').collect();
    let largest = u64::MAX.to_string();
    fields[6] = &largest;
    *last = fields.join(",");
    fs::write(run.join("samples.csv"), lines.join("\n") + "\n").expect("written");
    stdout(&report(&[&run]));
}

#[test]
fn a_half_of_another_experiment_is_a_clear_error() {
    let place = tempfile::tempdir().expect("a folder");
    for part in ["startup", "cpu"] {
        make(&place.path().join(part), CPU, 6, plausible);
    }
    let said = refused(&report(&[place.path()]), 2);
    assert!(said.contains("its folder `startup` holds a run of cpu"), "{said}");
}

#[test]
fn an_arm_without_a_reading_is_marked_in_every_table() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, STARTUP, 8, |arm, times| match arm.name {
        "docker" => Err(SampleError::Sample("digest | differs <b>".to_owned())),
        _ => plausible(arm, times),
    });
    say(&run);
    stdout(&report(&[&run]));
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    assert!(page.contains("– no reading"), "{page}");
    assert!(page.contains("no block with both readings"));
    assert!(page.contains("digest \\| differs \\<b>"), "escaped");
    let html = fs::read_to_string(run.join("report.html")).expect("read");
    assert!(html.contains("digest | differs &lt;b&gt;"));
    for row in table(&run.join("ratios.csv")) {
        if row["contrast"].contains("docker") {
            assert_eq!(row["verdict"], "no reading", "{row:?}");
            for empty in [
                "estimate",
                "low",
                "ratio_of_medians",
                "holm_p",
                "bootstrap_low",
                "simultaneous_low",
            ] {
                assert_eq!(row[empty], "", "{empty}");
            }
        }
    }
    for row in table(&run.join("claims.csv")) {
        if row["of"].contains("docker") {
            assert_eq!(
                (row["claim_verdict"].as_str(), row["estimate"].as_str()),
                ("not measured here", "")
            );
        }
    }
    let all = fs::read_to_string(run.join("summary.csv")).expect("read") + &page + &html;
    for wrong in ["NaN", "inf ", "inf,"] {
        assert!(!all.contains(wrong), "{wrong}");
    }
}

/// The raw files of a run.
const RAW: [&str; 3] = ["samples.csv", "blocks.csv", "manifest.json"];

/// A sound run's raw files and what is held against them, made once.
static SOUND: LazyLock<Vec<(&'static str, Vec<u8>)>> = LazyLock::new(|| {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, CPU, 6, plausible);
    stdout(&report(&[&run]));
    // In memory: nobody would take away a folder that a static holds.
    let names = RAW.into_iter().chain(["summary.csv", "ratios.csv"]);
    names.map(|name| (name, fs::read(run.join(name)).expect("read"))).collect()
});

#[derive(Debug, Clone)]
enum Harm {
    Flip { at: prop::sample::Index, to: u8 },
    Cut { at: prop::sample::Index },
    Drop { line: prop::sample::Index },
    Double { line: prop::sample::Index },
    Swap { one: prop::sample::Index, other: prop::sample::Index },
}

impl Harm {
    fn apply(&self, content: &[u8]) -> Vec<u8> {
        let mut content = content.to_vec();
        let mut lines: Vec<Vec<u8>> =
            content.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        match self {
            Harm::Flip { at, to } => {
                let at = at.index(content.len());
                content[at] = *to;
                return content;
            }
            Harm::Cut { at } => {
                content.truncate(at.index(content.len()));
                return content;
            }
            Harm::Drop { line } => {
                lines.remove(line.index(lines.len()));
            }
            Harm::Double { line } => {
                let line = line.index(lines.len());
                lines.insert(line, lines[line].clone());
            }
            Harm::Swap { one, other } => {
                let (one, other) = (one.index(lines.len()), other.index(lines.len()));
                lines.swap(one, other);
            }
        }
        lines.concat()
    }
}

fn harm() -> impl Strategy<Value = Harm> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, to)| Harm::Flip { at, to }),
        (index(), b' '..=b'~').prop_map(|(at, to)| Harm::Flip { at, to }),
        index().prop_map(|at| Harm::Cut { at }),
        index().prop_map(|line| Harm::Drop { line }),
        index().prop_map(|line| Harm::Double { line }),
        (index(), index()).prop_map(|(one, other)| Harm::Swap { one, other }),
    ]
}

/// The numbers of a run with what a record alone decides left away: readings, by column.
fn without_readings(samples: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(samples).ok()?;
    let line = |line: &str| -> String {
        let fields: Vec<&str> = line.split(',').collect();
        let kept = fields.iter().enumerate().filter(|(index, _)| !(5..=7).contains(index));
        kept.map(|(_, field)| *field).collect::<Vec<_>>().join(",")
    };
    Some(text.lines().map(line).collect::<Vec<_>>().join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a raw file: no panic, and an error or the same numbers. (Only a changed
    /// digit of a reading can't be told from another reading.)
    #[test]
    fn harm_is_an_error_or_changes_nothing(
        file in prop_oneof![3 => Just("samples.csv"), 1 => Just("blocks.csv"), 1 => Just("manifest.json")],
        harm in harm(),
    ) {
        let place = tempfile::tempdir().expect("a folder");
        let sound = &place.path().join("sound");
        fs::create_dir(sound).expect("made");
        for (name, content) in SOUND.iter() {
            fs::write(sound.join(name), content).expect("written");
        }
        for name in RAW {
            fs::copy(sound.join(name), place.path().join(name)).expect("copied");
        }
        let content = fs::read(sound.join(file)).expect("read");
        let harmed = harm.apply(&content);
        fs::write(place.path().join(file), &harmed).expect("written");
        let output = report(&[place.path()]);
        let told = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) if file == "samples.csv" => {
                let same_rows = without_readings(&harmed) == without_readings(&content);
                prop_assert!(same_rows, "{harm:?} went unseen");
                let count = |run: &Path| table(&run.join("summary.csv")).iter().map(|row| row["n"].clone()).collect::<Vec<_>>();
                prop_assert_eq!(count(place.path()), count(sound));
            }
            Some(0) if file == "blocks.csv" => {
                for name in ["summary.csv", "ratios.csv"] {
                    let of = |run: &Path| fs::read(run.join(name)).expect("read");
                    prop_assert!(of(place.path()) == of(sound), "{name} {harm:?}");
                }
            }
            // A manifest holds facts that no other file repeats; its numbers of record are held
            // against the rows.
            Some(0) => {}
            Some(1 | 2) => prop_assert!(told.contains("help:"), "{told}"),
            other => prop_assert!(false, "{other:?} {told}"),
        }
    }
}

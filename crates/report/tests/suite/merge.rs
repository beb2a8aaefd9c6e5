//! `report merge`.

use std::fs;
use std::path::{Path, PathBuf};

use measure::Arm;
use serde_json::Value;

use crate::nests;
use crate::support::*;

/// The true ratio of `dind` to `docker`: the median over all machines.
const TRUTH: f64 = 1.3;

fn merged(args: &[&Path]) -> Value {
    let text = stdout(&merge(&[args, &["--json".as_ref()]].concat()));
    serde_json::from_str(&text).expect("JSON")
}

fn merge(args: &[&Path]) -> std::process::Output {
    report(&[&["merge".as_ref()], args].concat())
}

/// A run of a machine whose ratio is so many per mille off the truth, and of its processor.
fn run(place: &Path, name: &str, per_mille: i64, processor: &str) -> PathBuf {
    let run = place.join(name);
    // No two runs have the same noise.
    let apart = name.bytes().map(u64::from).sum::<u64>();
    make(&run, STARTUP, 10, |arm: &Arm, times| {
        let noise = (times * 7_919 + apart * 104_729 + arm.name.len() as u64 * 611_953) % 1_000_000;
        let moved = if arm.name == "dind" { 1_000 + per_mille } else { 1_000 };
        let level = if arm.name == "dind" { 130 } else { 100 };
        Ok((level * 1_000_000 + noise) / 1_000 * u64::try_from(moved).expect("positive"))
    });
    edit_manifest(&run, |manifest| {
        manifest["sessions"][0]["machine"]["cpu_model"] = processor.into();
    });
    run
}

/// So many machines whose ratios lie evenly around the truth, a run each.
fn fleet(place: &Path, machines: i64) -> Vec<PathBuf> {
    let of = |machine| {
        let per_mille = 10 * (2 * machine - machines - 1);
        run(place, &format!("m{machine:02}"), per_mille, &format!("model {machine}"))
    };
    (1..=machines).map(of).collect()
}

fn paths(runs: &[PathBuf]) -> Vec<&Path> {
    runs.iter().map(PathBuf::as_path).collect()
}

fn row<'a>(merged: &'a Value, contrast: &str) -> &'a Value {
    let rows = merged["rows"].as_array().expect("rows");
    rows.iter().find(|row| row["contrast"] == contrast).expect(contrast)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn twelve_machines_hold_the_truth_and_say_how_they_differ() {
    let place = tempfile::tempdir().expect("a folder");
    fleet(place.path(), 12);
    fs::create_dir(place.path().join("notes")).expect("made");
    let found = merged(&[place.path()]);
    assert_eq!(found["machines"].as_array().expect("a list").len(), 12);
    assert_eq!(found["no_runs"].as_array().expect("a list").len(), 1, "{found}");
    let dind = row(&found, "dind/docker");
    let of = &dind["found"];
    assert_eq!((&of["machines"], &dind["by_itself"]), (&12.into(), &false.into()));
    // Two primary ones share 5 %, and of twelve at 2.5 % that is the second from each end.
    let per_mille = |value: &Value| (number(value) / TRUTH - 1.0) * 1_000.0;
    for (end, expected) in [
        (&of["smallest"], -110.0),
        (&of["interval"]["low"], -90.0),
        (&of["value"], 0.0),
        (&of["interval"]["high"], 90.0),
        (&of["largest"], 110.0),
    ] {
        assert!((per_mille(end) - expected).abs() < 8.0, "{expected}: {of}");
    }
    assert!((number(&of["interval"]["coverage"]) - (1.0 - 26.0 / 4_096.0)).abs() < 1e-9);
    let text = stdout(&merge(&[place.path()]));
    for words in
        ["Machines: 12. Runs: 12.", "12 of 12", "it holds no run", "processor: model 1 (1 run)"]
    {
        assert!(text.contains(words), "no {words} in {text}");
    }
    assert!(!text.contains("none exists"), "{text}");
}

#[test]
fn five_machines_have_no_interval_and_are_told_what_six_have() {
    let place = tempfile::tempdir().expect("a folder");
    let runs = fleet(place.path(), 5);
    let found = merged(&paths(&runs));
    let of = &row(&found, "dind/docker")["found"];
    assert_eq!((&of["machines"], &of["interval"]), (&5.into(), &Value::Null));
    assert!(number(&of["smallest"]) < TRUTH && number(&of["largest"]) > TRUTH);
    let text = stdout(&merge(&paths(&runs)));
    for words in ["none exists", "needs 6 of them", "covers with 96.9 %"] {
        assert!(text.contains(words), "no {words} in {text}");
    }
}

#[test]
fn two_runs_of_a_machine_count_once() {
    let place = tempfile::tempdir().expect("a folder");
    let mut runs = fleet(place.path(), 5);
    runs.push(run(place.path(), "again", 20, "model 5"));
    let found = merged(&paths(&runs));
    let machines = found["machines"].as_array().expect("a list");
    assert_eq!(machines.len(), 5, "six runs are no six machines");
    assert_eq!(machines[4]["runs"].as_array().expect("a list").len(), 2);
    let dind = row(&found, "dind/docker");
    assert_eq!(dind["found"]["interval"], Value::Null);
    // 1.04 and 1.02 of the truth: the median of two is between them.
    let own = number(&dind["by_machine"][4]) / TRUTH;
    assert!((own - 1.03).abs() < 0.008, "{own}");
    let text = stdout(&merge(&paths(&runs)));
    assert!(text.contains("2 runs, which count once"), "{text}");

    // With a sixth machine there is an interval, but not at the share of two.
    runs.push(run(place.path(), "sixth", 0, "model 6"));
    let found = merged(&paths(&runs));
    let dind = row(&found, "dind/docker");
    assert_eq!((&dind["found"]["machines"], &dind["by_itself"]), (&6.into(), &true.into()));
    assert!((number(&dind["found"]["interval"]["coverage"]) - (1.0 - 2.0 / 64.0)).abs() < 1e-9);
    assert_eq!(row(&found, "docker-again/docker")["by_itself"], false);
    let text = stdout(&merge(&paths(&runs)));
    assert!(text.contains("(by itself)") && text.contains("which needs 7 of them"), "{text}");
}

#[test]
fn equal_machines_are_several_only_if_somebody_says_so() {
    let place = tempfile::tempdir().expect("a folder");
    let nodes: Vec<PathBuf> = (1..=6)
        .map(|node| {
            let folder = place.path().join(format!("node{node}"));
            run(&folder, &format!("a{node}"), 10 * node, "one model");
            run(&folder, &format!("b{node}"), 10 * node, "one model");
            folder
        })
        .collect();
    let count = |found: &Value| found["machines"].as_array().expect("a list").len();
    let found = merged(&paths(&nodes));
    assert_eq!((count(&found), &found["told_apart_by"]), (1, &"records".into()));
    let text = stdout(&merge(&paths(&nodes)));
    assert!(text.contains("taken for runs of one machine"), "{text}");
    let flag = [paths(&nodes), vec!["--machines-differ".as_ref()]].concat();
    let found = merged(&flag);
    assert_eq!((count(&found), &found["told_apart_by"]), (6, &"--machines-differ".into()));
    assert_eq!(found["machines"][0]["runs"].as_array().expect("a list").len(), 2);
    assert!(row(&found, "dind/docker")["found"]["interval"].is_object());
}

#[test]
fn what_a_machine_could_not_read_tells_it_from_no_other() {
    let place = tempfile::tempdir().expect("a folder");
    let runs = fleet(place.path(), 3);
    edit_manifest(&runs[1], |manifest| {
        let machine = &mut manifest["sessions"][0]["machine"];
        machine["cpu_model"] = Value::Null;
        machine["unreadable"]["cpu_model"] = "/proc/cpuinfo".into();
    });
    let found = merged(&paths(&runs));
    // The second may be the first and the third, which makes one of all: never more than there are.
    assert_eq!(found["machines"].as_array().expect("a list").len(), 1, "{found}");
    for run in &runs {
        edit_manifest(run, |manifest| manifest["sessions"][0]["machine"]["kernel"] = "9.9".into());
    }
    edit_manifest(&runs[2], |manifest| manifest["sessions"][0]["machine"]["cores"] = 99.into());
    let found = merged(&paths(&runs));
    assert_eq!(found["machines"].as_array().expect("a list").len(), 2, "{found}");
}

#[test]
fn what_few_have_is_left_out_and_what_most_have_is_counted() {
    let place = tempfile::tempdir().expect("a folder");
    let runs = fleet(place.path(), 4);
    let without = |run: &Path, name: &str| {
        edit_manifest(run, |manifest| {
            let contrasts = manifest["contrasts"].as_array_mut().expect("a list");
            contrasts.retain(|contrast| contrast["name"] != name);
        });
    };
    without(&runs[0], "dind/docker");
    for run in &runs[..2] {
        without(run, "docker-again/docker");
    }
    let found = merged(&paths(&runs));
    assert_eq!(row(&found, "dind/docker")["found"]["machines"], 3);
    assert_eq!(found["left_out"], serde_json::json!(["docker-again/docker"]));
    edit_manifest(&runs[3], |manifest| manifest["arms"][2]["level"] = 7.into());
    let found = merged(&paths(&runs));
    let dind = row(&found, "dind/docker");
    assert_eq!(dind["found"], Value::Null);
    assert!(dind["why"].as_str().expect("a reason").contains("the level of `dind`"), "{dind}");
    assert_eq!(found["family"]["startup"], 1, "what can't be merged takes no share");
    let text = stdout(&merge(&paths(&runs)));
    assert!(text.contains("not merged: the level of `dind`"), "{text}");
}

#[test]
fn runs_of_different_images_are_not_put_together() {
    let place = tempfile::tempdir().expect("a folder");
    let runs = fleet(place.path(), 6);
    edit_manifest(&runs[5], |manifest| {
        manifest["sessions"][0]["labs"] = serde_json::json!([{ "images": [
            { "name": "alpine", "digest": "sha256:0123", "published": true },
        ] }]);
    });
    let found = merged(&paths(&runs));
    let why = row(&found, "dind/docker")["why"].as_str().unwrap_or_default().to_owned();
    assert_eq!(why, "the published images were none, are alpine sha256:0123", "{found}");
}

#[test]
fn what_is_no_fleet_of_one_experiment_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let runs = fleet(place.path(), 2);
    let cpu = place.path().join("cpu-run");
    make(&cpu, CPU, 6, plausible);
    let refused_as = |args: &[&Path], exit: i32, words: &str| {
        let text = refused(&merge(args), exit);
        assert!(text.contains(words), "no {words} in {text}");
    };
    refused_as(&[&runs[0], &cpu], 2, "one is of startup, another of cpu");
    refused_as(&[&runs[0], &runs[1], &runs[0]], 2, "they are one run");
    let tried = place.path().join("tried");
    nests::tried(&tried, &[synthetic::trial("table", "subject", "step", "works")]);
    refused_as(&[&tried], 2, "there is nothing to merge");
    refused_as(&[&place.path().join("nothing")], 2, "is not the folder of a run");
    edit_manifest(&runs[1], |manifest| manifest["method_version"] = 2.into());
    refused_as(&paths(&runs), 2, "taken by methods [3] and [2]");
    edit_manifest(&runs[1], |manifest| manifest["method_version"] = 99.into());
    refused_as(&paths(&runs), 2, "method");
    fs::write(runs[0].join("samples.csv"), "no,table\n1,2\n").expect("written");
    refused_as(&[&runs[0]], 1, "samples.csv");
}

#[test]
fn a_lab_and_the_machines_own_engines_are_never_merged() {
    let place = tempfile::tempdir().expect("a folder");
    let runs = fleet(place.path(), 2);
    edit_manifest(&runs[1], |manifest| of_host(manifest, "28.4", "overlayfs"));
    let text = refused(&merge(&paths(&runs)), 2);
    let words = "one was taken on a lab's engines, another on the machine's own";
    assert!(text.contains(words), "{text}");
    edit_manifest(&runs[0], |manifest| of_host(manifest, "26.1", "overlay2"));
    let found = merged(&paths(&runs));
    assert!(row(&found, "dind/docker")["found"].is_object(), "{found}");
}

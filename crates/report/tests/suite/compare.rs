//! `report compare`.

use std::path::{Path, PathBuf};

use measure::Arm;
use serde_json::Value;

use crate::support::*;

fn compare(base: &Path, new: &Path) -> Value {
    let text = stdout(&report(&["compare".as_ref(), base, new, "--json".as_ref()]));
    serde_json::from_str(&text).expect("JSON")
}

fn run(place: &Path, name: &str, sample: impl Fn(&Arm, u64) -> u64) -> PathBuf {
    let run = place.join(name);
    make(&run, STARTUP, 30, |arm, times| Ok(sample(arm, times)));
    run
}

fn row<'a>(comparison: &'a Value, name: &str) -> &'a Value {
    let rows = comparison["rows"].as_array().expect("rows");
    rows.iter().find(|row| row["name"] == name).expect(name)
}

#[test]
fn what_changed_is_said_and_what_did_not() {
    let place = tempfile::tempdir().expect("a folder");
    let base = run(place.path(), "base", ratio_of);
    let new = run(place.path(), "new", |arm, times| {
        ratio_of(arm, times + 1) * if arm.name == "dind" { 110 } else { 100 } / 100
    });
    let same = compare(&base, &base);
    for row in same["rows"].as_array().expect("rows") {
        assert_eq!(row["verdict"], "no_change_seen", "{row}");
    }
    assert_eq!(same["differences"].as_array().expect("a list").len(), 0);

    let found = compare(&base, &new);
    assert_eq!(row(&found, "dind/docker")["verdict"], "changed");
    assert_eq!(row(&found, "podman-nested/podman")["verdict"], "no_change_seen");
    assert_eq!(row(&found, "dind")["verdict"], "changed");
    assert_eq!(found["family"]["startup"], 2);
    // Each side at alpha / (2 x 2): at least 98.75 %.
    let coverage = row(&found, "dind/docker")["base"]["coverage"].as_f64().expect("a number");
    assert!((0.9875..1.0).contains(&coverage), "{coverage}");
    let text = stdout(&report(&["compare".as_ref(), &base, &new]));
    assert!(text.contains("no value in common"), "{text}");
}

/// Sessions differ by a few per cent each; `percent` is what the new run's ratios are multiplied by.
fn of_sessions(place: &Path, count: u64, percent: u64) -> PathBuf {
    let run = place.join(format!("{count}-{percent}"));
    let count = count.to_string();
    let args = ["--blocks", "8", "--sessions", &count];
    make_with(&run, STARTUP, &args, |arm, times| {
        let session = (times - 1) / 10;
        Ok(match arm.name {
            "dind" => ratio_of(arm, times) / 100 * percent * (100 + session) / 100,
            _ => ratio_of(arm, times),
        })
    });
    run
}

#[test]
fn what_is_compared_is_what_sessions_can_carry() {
    let place = tempfile::tempdir().expect("a folder");
    let run = |count, percent| of_sessions(place.path(), count, percent);
    let [one, slow_one] = [run(1, 100), run(1, 120)];
    let [three, five] = [run(3, 100), run(5, 120)];
    let [six, slow_six, slow_eight] = [run(6, 100), run(6, 120), run(8, 120)];
    let eight = run(8, 100);
    for (base, new, verdict, limit, why) in [
        (&one, &slow_one, "changed", Some("these sessions only"), None),
        (&one, &one, "no_change_seen", Some("these sessions only"), None),
        // Blocks of three sessions, put together, would be said to have changed.
        (&three, &five, "not_comparable", None, Some("too few sessions")),
        (&six, &five, "not_comparable", None, Some("too few sessions")),
        (&one, &three, "not_comparable", None, Some("too few sessions")),
        (
            &one,
            &six,
            "not_comparable",
            None,
            Some("one session against several: take six of both (--sessions 6)"),
        ),
        (&six, &slow_six, "changed", Some("each at 5 %"), None),
        (&six, &six, "no_change_seen", Some("each at 5 %"), None),
        // alpha / (2 x 2) needs eight: 2 / 2^8 < 1.25 % < 2 / 2^7.
        (&eight, &slow_six, "changed", Some("each at 5 %"), None),
        (&eight, &slow_eight, "changed", None, None),
        (&eight, &eight, "no_change_seen", None, None),
    ] {
        let found = compare(base, new);
        let row = row(&found, "dind/docker");
        let name = format!("{} {}: {row}", base.display(), new.display());
        assert_eq!(row["verdict"], verdict, "{name}");
        assert_eq!(row["limit"].as_str(), limit, "{name}");
        assert_eq!(row["why"].as_str(), why, "{name}");
        if base == &eight && limit.is_none() {
            assert_eq!(row["base"]["n"], 8, "sessions, not blocks");
        }
        // Of six sessions, from the first to the last: 1 - 2 / 2^6.
        if limit == Some("each at 5 %") {
            let coverage = row["new"]["coverage"].as_f64().expect("a number");
            assert!((coverage - 0.96875).abs() < 1e-9, "{name}");
        }
    }
    let text = |base: &Path, new: &Path| stdout(&report(&["compare".as_ref(), base, new]));
    for (base, new, words) in [
        (&one, &slow_one, "changed (these sessions only)"),
        (&one, &one, "no change seen (these sessions only)"),
        (&six, &slow_six, "changed (each at 5 %)"),
        (&three, &five, "not comparable: too few sessions"),
    ] {
        let text = text(base, new);
        assert!(text.contains(words), "no {words} in {text}");
    }
}

#[test]
fn what_is_not_the_same_thing_is_not_compared() {
    let place = tempfile::tempdir().expect("a folder");
    let base = run(place.path(), "base", ratio_of);
    let new = run(place.path(), "new", ratio_of);
    edit_manifest(&new, |manifest| manifest["arms"][3]["level"] = 7.into());
    let found = compare(&base, &new);
    let nested = row(&found, "podman-nested/podman");
    assert_eq!(nested["verdict"], "not_comparable");
    let why = nested["why"].as_str().expect("a reason");
    assert!(why.contains("the level of `podman` was `1`, is `7`"), "{why}");
    assert_eq!(row(&found, "dind/docker")["verdict"], "no_change_seen");
    assert_eq!(found["family"]["startup"], 1, "who can't be compared takes no share");

    let lab = |sandbox: &str| {
        serde_json::json!({
            "sandbox": sandbox, "suite": "trixie", "bundle": "d6", "packages": ["a 1"],
        })
    };
    for run in [&base, &new] {
        edit_manifest(run, |manifest| {
            manifest["sessions"][0]["nests"] = serde_json::json!([{ "levels": [{
                "engine": "podman", "version": "5", "privileged": false,
                "storage_driver": "overlay", "oci_runtime": "crun", "cgroup_driver": "cgroupfs",
                "cgroup_version": "v2", "storage_status": {}, "security": {}, "configuration": [],
            }] }]);
        });
    }
    edit_manifest(&base, |manifest| {
        manifest["sessions"][0]["lab"] = lab("user");
    });
    edit_manifest(&new, |manifest| {
        manifest["sessions"][0]["lab"] = lab("root");
    });
    let found = compare(&base, &new);
    for row in found["rows"].as_array().expect("rows") {
        assert_eq!(row["verdict"], "not_comparable");
        assert_eq!(row["why"], "the sandbox was user, is root");
    }

    edit_manifest(&new, |manifest| {
        manifest["sessions"][0]["lab"] = lab("user");
    });
    edit_manifest(&new, |manifest| {
        manifest["sessions"][0]["machine"]["kernel"] = "9.9".into();
    });
    let found = compare(&base, &new);
    assert_eq!(row(&found, "dind/docker")["verdict"], "no_change_seen");
    assert_eq!(found["differences"][0]["what"], "kernel");
}

#[test]
fn published_images_are_named_and_told_from_stand_ins() {
    let place = tempfile::tempdir().expect("a folder");
    let base = run(place.path(), "base", ratio_of);
    let new = run(place.path(), "new", ratio_of);
    edit_manifest(&new, |manifest| {
        manifest["sessions"][0]["labs"] = serde_json::json!([{ "images": [
            { "name": "alpine", "digest": "sha256:0123", "published": true, "source": "alpine" },
            { "name": "redis", "digest": "sha256:4567", "published": false },
        ] }]);
    });
    let found = compare(&base, &new);
    assert_eq!(row(&found, "dind/docker")["verdict"], "no_change_seen");
    let differences = found["differences"].as_array().expect("a list");
    // The load of a machine on which other tests run is not asked for.
    let asked = |one: &&Value| one["what"] != "load before";
    let differences: Vec<&Value> = differences.iter().filter(asked).collect();
    let [images] = differences[..] else { panic!("{differences:?}") };
    assert_eq!(images["what"], "published images");
    assert_eq!((&images["base"], &images["new"]), (&"none".into(), &"alpine sha256:0123".into()));
    stdout(&report(&[&new]));
    let page = std::fs::read_to_string(new.join("report.md")).expect("a page");
    assert!(
        page.contains("published ones, as they were pulled: `alpine` (`sha256:0123`)."),
        "{page}"
    );
    assert!(!page.contains("4567"), "{page}");
    let figure = std::fs::read_to_string(new.join("figure.svg")).expect("a figure");
    assert!(figure.contains("published images, and stand-ins"), "{figure}");
}

#[test]
fn a_verdict_on_two_machines_says_that_it_speaks_of_these() {
    let place = tempfile::tempdir().expect("a folder");
    let [base, new] = ["base", "new"].map(|name| run(place.path(), name, ratio_of));
    let [six, slow_six] = [100, 120].map(|percent| of_sessions(place.path(), 6, percent));
    let text = |base: &Path, new: &Path| stdout(&report(&["compare".as_ref(), base, new]));
    assert!(!text(&base, &new).contains("two machines"));
    for (run, processor) in [(&base, "A"), (&six, "A"), (&new, "B"), (&slow_six, "B")] {
        edit_manifest(run, |manifest| {
            for session in manifest["sessions"].as_array_mut().expect("a list") {
                session["machine"]["cpu_model"] = processor.into();
            }
        });
    }
    for (base, new, verdict) in [
        (&base, &new, "no change seen (these sessions only; these two machines only)"),
        (&six, &slow_six, "changed (each at 5 %; these two machines only)"),
    ] {
        let text = text(base, new);
        let sentence = "(processor: A -> B). Every verdict speaks of these two machines";
        for words in [verdict, sentence, "cargo xtask merge RUN"] {
            assert!(text.contains(words), "no {words} in {text}");
        }
    }
    assert_eq!(compare(&base, &new)["machines_differ"][0], "processor");
}

#[test]
fn runs_of_different_kinds_are_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let base = run(place.path(), "base", ratio_of);
    let cpu = place.path().join("cpu");
    make(&cpu, CPU, 6, plausible);
    let refused_as = |base: &Path, new: &Path, words: &str| {
        let text = refused(&report(&["compare".as_ref(), base, new]), 2);
        assert!(text.contains(words), "{text}");
    };
    refused_as(&base, &cpu, "one is of startup, the other of cpu");
    let new = run(place.path(), "new", ratio_of);
    edit_manifest(&new, |manifest| manifest["method_version"] = 2.into());
    refused_as(&base, &new, "taken by methods [3] and [2]");
    edit_manifest(&new, |manifest| manifest["method_version"] = 99.into());
    // Of a single run already: nothing of another method is read at all.
    refused_as(&base, &new, "method");
    edit_manifest(&new, |manifest| manifest["schema_version"] = 3.into());
    refused_as(&base, &new, "its schema version is 3");
    refused_as(&place.path().join("nothing"), &base, "is not the folder of a run");
    for (args, words) in [
        (&[base.as_path(), &base, &base][..], "2 runs are named after"),
        (&[base.as_path(), &base, "--html".as_ref()], "--html is of the published figures"),
    ] {
        let text = refused(&report(&[&["compare".as_ref()], args].concat()), 2);
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn a_lab_is_held_against_the_machines_own_engines() {
    let place = tempfile::tempdir().expect("a folder");
    let [base, new] = ["base", "new"].map(|name| run(place.path(), name, ratio_of));
    edit_manifest(&base, |manifest| {
        manifest["sessions"][0]["lab"] = serde_json::json!({
            "sandbox": "user", "suite": "trixie", "bundle": "d6", "packages": ["a 1"],
        });
        manifest["sessions"][0]["nests"] = nest("26.1", "overlay2");
    });
    edit_manifest(&new, |manifest| of_host(manifest, "28.4", "overlayfs"));
    let found = compare(&base, &new);
    let dind = row(&found, "dind/docker");
    assert_eq!(dind["verdict"], "no_change_seen");
    let limit = dind["limit"].as_str().expect("a limit");
    assert!(limit.contains("a lab's engines and the machine's own"), "{limit}");
    let differences = found["differences"].as_array().expect("a list");
    let said = |what: &str| {
        let difference = differences.iter().find(|one| one["what"] == what).expect(what);
        [&difference["base"], &difference["new"]].map(|of| of.as_str().expect("words").to_owned())
    };
    assert_eq!(said("whose engines"), ["a lab's", "the machine's own"]);
    assert_eq!(said("engines"), ["docker 26.1", "docker 28.4"]);
    assert_eq!(said("storage drivers"), ["docker overlay2", "docker overlayfs"]);
    assert_eq!(said("images"), ["none", "docker alpine alpine@sha256:a1"]);
    let text = stdout(&report(&["compare".as_ref(), &base, &new]));
    assert!(
        text.contains("The base is of a lab's engines, the new run of the machine's own"),
        "{text}"
    );
    // A record of the machine's own engines is asked for as much as one of a lab.
    edit_manifest(&new, |manifest| {
        manifest["sessions"][0]["nests"][0]["levels"][0]["storage_driver"] = Value::Null;
    });
    let text = refused(&report(&["compare".as_ref(), &base, &new]), 2);
    assert!(text.contains("storage_driver"), "{text}");
}

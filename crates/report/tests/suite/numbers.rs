//! The numbers of tables, on data whose numbers are known.

use std::fs;
use std::path::Path;

use measure::{Folder, SampleError};

use crate::support::*;

#[test]
fn experiment_4_gives_every_file_and_the_tutorials_own() {
    let place = tempfile::tempdir().expect("a folder");
    let run = exp4(place.path(), 12);
    let tutorial = place.path().join("new/results");
    let text = stdout(&report(&[&run, "--tutorial".as_ref(), &tutorial]));
    for expected in [
        "315 ms (306.9 to 320.5)",
        "0.468 s (0.458 to 0.473)",
        "dind/docker *",
        // 1 - 2 (1 + 12) / 2^12: two primary ratios share 5 %.
        "99.4 %",
        "A15 dind/docker: ",
    ] {
        assert!(text.contains(expected), "no {expected} in {text}");
    }

    let summary = rows(&run.join("summary.csv"));
    assert_eq!(
        summary[0].join(","),
        "arm,metric,level,observer,n,failures,median_ns,low_ns,high_ns,coverage,scope,operations,\
         published_median_ns,cpu_ns,whole_cpu_ns,whole_cpu_low_ns,whole_cpu_high_ns"
    );
    assert_eq!(summary.len(), 1 + 7 + 5);
    // Warm-up samples (1 and 2) are left out; of 12 values the interval is the third from each end.
    let mut values: Vec<u64> =
        (3..=14).map(|times| plausible(&STARTUP[1], times).expect("made")).collect();
    values.sort_unstable();
    let median = format!("{:.1}", (values[5] + values[6]) as f64 / 2.0);
    let coverage = format!("{:.6}", 1.0 - 2.0 * (1.0 + 12.0 + 66.0) / 4096.0);
    let docker = ["docker", "startup", "1", "outside", "12", "0", &median];
    assert_eq!(summary[2][..7], docker);
    let ends = [values[2], values[9]].map(|ns| format!("{ns}.0"));
    assert_eq!(summary[2][7..10], [ends[0].clone(), ends[1].clone(), coverage]);

    let ratios = rows(&run.join("ratios.csv"));
    assert!(ratios[0].join(",").starts_with(
        "contrast,numerator,denominator,pairs,estimate,low,high,coverage,ratio_of_medians,primary,\
         metric,"
    ));
    assert_eq!(ratios.len(), 1 + 3 + 2);
    assert_eq!(ratios[1][..4], ["dind/docker", "dind", "docker", "12"]);
    let estimate: f64 = ratios[1][4].parse().expect("a number");
    let by_block = |times| {
        let of = |arm| plausible(arm, times).expect("made") as f64;
        of(&STARTUP[2]) / of(&STARTUP[1])
    };
    let mut within: Vec<f64> = (3..=14).map(by_block).collect();
    within.sort_unstable_by(f64::total_cmp);
    assert!(within[5] <= estimate && estimate <= within[6], "{estimate} {within:?}");

    let (width, height, colours) = picture(&run.join("figure.png"));
    assert!(
        width >= 1600 && height >= 900 && colours > 50,
        "{width} x {height}, {colours} colours"
    );
    let svg = fs::read_to_string(run.join("figure.svg")).expect("read");
    for expected in ["DejaVu Sans, Verdana, sans-serif", "podman-nested", "stand-in images"] {
        assert!(svg.contains(expected), "no {expected}");
    }

    let samples = rows(&tutorial.join("exp4_nested.csv"));
    assert_eq!(samples[0].join(","), "method,metric,rep,value");
    assert_eq!(samples.len(), 1 + 2 * 5 * 12, "published methods, measured blocks, both metrics");
    let first = plausible(&STARTUP[0], 3).expect("made") as f64 / 1e6;
    assert_eq!(samples[1], ["bare", "startup_ms", "1", &format!("{first:.3}")]);
    assert_eq!(samples[120][..3], ["podman-nested", "cpu_s", "12"]);
    assert_eq!(
        fs::read(tutorial.join("exp4_nested.png")).expect("read"),
        fs::read(run.join("figure.png")).expect("read")
    );
}

#[test]
fn a_rebuild_gives_the_same_bytes_wherever_the_record_lies() {
    let place = tempfile::tempdir().expect("a folder");
    let run = exp4(place.path(), 6);
    stdout(&report(&[&run]));
    let read = |run: &Path| DERIVED.map(|name| fs::read(run.join(name)).expect(name));
    let first = read(&run);

    // In place of what is there already.
    let moved = place.path().join("somewhere else");
    fs::rename(&run, &moved).expect("moved");
    stdout(&report(&[&moved]));
    assert!(read(&moved) == first, "rebuilt in another place");
}

#[test]
fn an_arm_that_only_failed_is_reported_with_its_reason() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, STARTUP, 6, |arm, times| match arm.name {
        "dind" => Err(SampleError::Sample("exit code 125: no such image".to_owned())),
        _ => plausible(arm, times),
    });
    let text = stdout(&report(&[&run]));
    assert!(text.contains("dind (startup), 8 times: exit code 125: no such image"), "{text}");
    let dind = &rows(&run.join("summary.csv"))[3];
    assert_eq!(dind[..10], ["dind", "startup", "2", "outside", "0", "6", "", "", "", ""]);
    let ratio = &rows(&run.join("ratios.csv"))[1];
    assert_eq!(ratio[3..5], ["0", ""]);
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    assert!(page.contains("exit code 125: no such image"));
    assert!(
        fs::read_to_string(run.join("figure.svg")).expect("read").contains("no sample (6 failed)")
    );
    assert!(picture(&run.join("figure.png")).2 > 50);
}

#[test]
fn too_few_samples_have_no_interval_and_say_so() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, CPU, 4, plausible);
    let text = stdout(&report(&[&run]));
    assert!(text.contains("none exists"), "{text}");
    assert_eq!(rows(&run.join("summary.csv"))[1][7..10], ["", "", ""]);
}

#[test]
fn a_killed_run_is_reported_with_what_it_left() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, CPU, 6, plausible);
    let samples = run.join("samples.csv");
    let text = fs::read_to_string(&samples).expect("read");
    fs::write(&samples, &text[..text.len() - 5]).expect("torn");
    // As it was written when the run began.
    edit_manifest(&run, |manifest| {
        manifest["status"] = "running".into();
        manifest["rows"] = serde_json::Value::Null;
    });

    let text = stdout(&report(&[&run]));
    assert!(text.contains("the run of cpu is running: it did not end, or was killed"), "{text}");
    assert!(text.contains("line 41 is torn and was skipped"), "{text}");
}

#[test]
fn what_is_no_run_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let text = refused(&report(&[&place.path().join("nothing")]), 2);
    assert!(text.contains("is not the folder of a run"), "{text}");

    let run = place.path().join("run");
    make(&run, CPU, 1, plausible);
    let tutorial: &Path = "--tutorial".as_ref();
    let text = refused(&report(&[&run, tutorial, &place.path().join("t")]), 2);
    assert!(text.contains("the tutorial's files can't be made of this run"), "{text}");

    fs::create_dir(place.path().join("half")).expect("made");
    fs::rename(&run, place.path().join("half/cpu")).expect("moved");
    let text = refused(&report(&[&place.path().join("half")]), 2);
    assert!(text.contains("`startup` is missing"), "{text}");

    let run = place.path().join("half/cpu");
    fs::write(run.join("manifest.json"), "{").expect("written");
    refused(&report(&[&run]), 2);
}

#[test]
fn an_edited_row_is_refused_with_its_line() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, CPU, 1, plausible);
    let samples = run.join("samples.csv");
    let text = fs::read_to_string(&samples).expect("read");
    fs::write(&samples, text.replacen(",docker,", ",dokcer,", 1)).expect("written");
    let text = refused(&report(&[&run]), 1);
    assert!(
        text.contains("the manifest has no arm `dokcer`") && text.contains(", line "),
        "{text}"
    );
}

#[test]
fn json_holds_the_numbers_of_the_tables() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, STARTUP, 6, plausible);
    let text = stdout(&report(&[&run, "--json".as_ref()]));
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let run_of = &json["runs"][0];
    assert_eq!(run_of["arms"].as_array().expect("arms").len(), 7);
    assert_eq!(run_of["arms"][1]["arm"], "docker");
    assert_eq!(run_of["arms"][1]["n"], 6);
    assert_eq!(run_of["ratios"][0]["contrast"], "dind/docker");
    let folder = Folder::open(&run).expect("a run");
    assert_eq!(folder.manifest().expect("a manifest").seed, 1);
}

#[test]
fn verdicts_on_known_ratios() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, STARTUP, 30, |arm, times| Ok(ratio_of(arm, times)));
    say(&run);
    stdout(&report(&[&run]));
    let ratios = table(&run.join("ratios.csv"));
    let verdicts: Vec<&str> = ratios.iter().map(|row| row["verdict"].as_str()).collect();
    assert_eq!(verdicts, ["different", "different, equivalent", "equivalent"]);
    for (row, (expected, family)) in ratios.iter().zip([(1.3, "2"), (1.02, "2"), (1.0, "1")]) {
        let estimate: f64 = row["estimate"].parse().expect("a number");
        assert!((estimate / expected - 1.0).abs() < 0.01, "{row:?}");
        assert_eq!(row["family"], family);
    }
    // A primary ratio's interval is the wider one of the family; an exploratory one's is its own.
    let number = |row: usize, name: &str| ratios[row][name].parse::<f64>().expect("a number");
    assert!(number(0, "simultaneous_coverage") > number(0, "coverage"));
    assert_eq!(ratios[2]["simultaneous_low"], ratios[2]["low"]);
    assert!(number(0, "holm_p") <= 2.0 * number(0, "p") + 1e-12);
    assert_eq!(ratios[0]["published_verdict"], "not reproduced here");
    assert_eq!(ratios[0]["published_source"], "sign only");

    let parts = table(&run.join("parts.csv"));
    let shares: Vec<f64> =
        parts.iter().map(|row| row["share"].parse().expect("a number")).collect();
    let due: Vec<&str> = parts.iter().map(|row| row["due"].as_str()).collect();
    assert_eq!(due, ["whole", "hop", "nesting", "remainder"]);
    for (share, expected) in shares.iter().zip([0.3, 0.2, 0.1, 0.0]) {
        assert!((share - expected).abs() < 0.01, "{shares:?}");
    }
    assert!((shares[0] - shares[1] - shares[2] - shares[3]).abs() < 1e-5);

    let claims = table(&run.join("claims.csv"));
    let ids: Vec<&str> = claims.iter().map(|row| row["id"].as_str()).collect();
    assert_eq!(ids, ["A14", "A15", "A15", "A16"], "those whose arms are there");
    assert_eq!(claims[0]["claim_verdict"], "consistent here", "1.30 / 1.02 > 1");
    assert_eq!(claims[3]["claim_verdict"], "not reproduced here", "1.02 is not below 1");
}

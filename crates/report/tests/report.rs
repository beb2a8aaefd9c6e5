//! The program on synthetic runs, which are made through measure's own door.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use clap::Parser;
use measure::{
    Arm, Contrast, Experiment, Folder, Metric, Observer, Part, Reading, RunArgs, Trouble,
};

const STARTUP: &[Arm] = &[
    arm(Metric::Startup, "bare", "bare", 0),
    arm(Metric::Startup, "docker", "docker", 1),
    arm(Metric::Startup, "dind", "dind", 2),
    arm(Metric::Startup, "podman", "podman", 1),
    arm(Metric::Startup, "podman-nested", "podman-nested", 2),
    arm(Metric::Startup, "docker-again", "", 1),
    arm(Metric::Startup, "dind-inside", "", 2),
];
const CPU: &[Arm] = &[
    arm(Metric::Cpu, "bare", "bare", 0),
    arm(Metric::Cpu, "docker", "docker", 1),
    arm(Metric::Cpu, "dind", "dind", 2),
    arm(Metric::Cpu, "podman", "podman", 1),
    arm(Metric::Cpu, "podman-nested", "podman-nested", 2),
];
const CONTRASTS: &[Contrast] = &[
    Contrast::primary(
        "dind/docker",
        "dind",
        "docker",
        "the cost of the second level",
    ),
    Contrast::primary(
        "podman-nested/podman",
        "podman-nested",
        "podman",
        "the same of Podman",
    ),
    Contrast::exploratory("docker-again/docker", "docker-again", "docker", "A/A"),
];
const CPU_CONTRASTS: &[Contrast] = &[
    Contrast::primary("docker/bare", "docker", "bare", "A17"),
    Contrast::primary("dind/bare", "dind", "bare", "A17"),
];
const PARTS: &[Part] = &[
    Part {
        of: "dind/docker",
        due: "hop",
        plus: &["dind"],
        minus: &["dind-inside"],
        about: "through the hop, against without it",
    },
    Part {
        of: "dind/docker",
        due: "nesting",
        plus: &["dind-inside"],
        minus: &["docker"],
        about: "without the hop, against level 1",
    },
];

const fn arm(metric: Metric, name: &'static str, method: &'static str, level: u8) -> Arm {
    Arm {
        name,
        metric,
        method,
        observer: Observer::Outside,
        level,
        operations: 1,
        detail: false,
        about: "",
    }
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    run: RunArgs,
}

/// Takes a run into `out`, whose samples the closure makes of the arm and how often it was taken.
fn make(
    out: &Path,
    arms: &'static [Arm],
    blocks: u32,
    sample: impl FnMut(&Arm, u64) -> Result<u64, Trouble>,
) {
    make_with(out, arms, &["--blocks", &blocks.to_string()], sample);
}

/// The same with any arguments of a run.
fn make_with(
    out: &Path,
    arms: &'static [Arm],
    args: &[&str],
    mut sample: impl FnMut(&Arm, u64) -> Result<u64, Trouble>,
) {
    let out = out.to_str().expect("a path of text");
    let cli = Cli::parse_from(["test", "--out", out, "--seed", "1"].iter().chain(args));
    let has = |name: &str| arms.iter().any(|arm| arm.name == name);
    let experiment = Experiment {
        name: arms[0].metric.name(),
        arms,
        contrasts: if has("docker-again") {
            CONTRASTS
        } else {
            CPU_CONTRASTS
        },
        parts: if has("dind-inside") { PARTS } else { &[] },
    };
    let mut taken = std::collections::BTreeMap::new();
    cli.run
        .conduct(
            &experiment,
            || Ok(()),
            |run| {
                run.session(serde_json::json!({ "stand_ins": ["alpine", "docker:dind"] }))?;
                run.measure(|arm| {
                    let times = taken.entry(arm.name.to_owned()).or_insert(0_u64);
                    *times += 1;
                    sample(arm, *times).map(|wall_ns| Reading {
                        wall_ns,
                        cpu_ns: None,
                    })
                })
            },
        )
        .expect("complete");
}

/// A plausible time: `level` steps of 100 ms, and something that differs from sample to sample.
#[expect(clippy::unnecessary_wraps, reason = "it stands for a sampler")]
fn plausible(arm: &Arm, times: u64) -> Result<u64, Trouble> {
    Ok(1_000_000 + u64::from(arm.level) * 100_000_000 + times * times * 7_919 % 20_000_000)
}

fn exp4(place: &Path, blocks: u32) -> std::path::PathBuf {
    let run = place.join("exp4");
    make(&run.join("startup"), STARTUP, blocks, plausible);
    make(&run.join("cpu"), CPU, blocks, plausible);
    run
}

fn report(args: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_report"))
        .args(args)
        .output()
        .expect("started")
}

fn stdout(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// What, why and remedy of a refusal, and its exit code.
fn refused(output: &Output, exit: i32) -> String {
    assert_eq!(output.status.code(), Some(exit));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr.clone()).expect("text");
    for mark in ["╰─▶", "help:"] {
        assert!(text.contains(mark), "no {mark} in {text}");
    }
    text
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(path)
        .expect("a file");
    let row =
        |row: Result<csv::StringRecord, _>| row.expect("a row").iter().map(str::to_owned).collect();
    reader.records().map(row).collect()
}

/// Size and number of different colours of a PNG file.
fn picture(path: &Path) -> (u32, u32, usize) {
    let file = std::io::BufReader::new(fs::File::open(path).expect("a file"));
    let mut reader = png::Decoder::new(file).read_info().expect("a PNG header");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("decodes");
    let colours: std::collections::BTreeSet<&[u8]> = pixels.chunks(3).collect();
    (info.width, info.height, colours.len())
}

const DERIVED: [&str; 14] = [
    "summary.csv",
    "ratios.csv",
    "parts.csv",
    "claims.csv",
    "figure.svg",
    "figure.png",
    "forest.svg",
    "forest.png",
    "parts.svg",
    "parts.png",
    "order.svg",
    "order.png",
    "report.md",
    "report.html",
];

/// The rows of a table by the names of its columns.
fn table(path: &Path) -> Vec<std::collections::BTreeMap<String, String>> {
    let rows = rows(path);
    let (header, rows) = rows.split_first().expect("a header");
    let named = |row: &Vec<String>| header.iter().cloned().zip(row.iter().cloned()).collect();
    rows.iter().map(named).collect()
}

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
        "99.3 %",
        "A15 dind/docker: ",
    ] {
        assert!(text.contains(expected), "no {expected} in {text}");
    }

    let summary = rows(&run.join("summary.csv"));
    assert_eq!(
        summary[0].join(","),
        "arm,metric,level,observer,n,failures,median_ns,low_ns,high_ns,coverage,scope,operations,\
         published_median_ns"
    );
    assert_eq!(summary.len(), 1 + 7 + 5);
    // Warm-up samples (1 and 2) are left out; of 12 values the interval is the third from each end.
    let mut values: Vec<u64> = (3..=14)
        .map(|times| plausible(&STARTUP[1], times).expect("made"))
        .collect();
    values.sort_unstable();
    let median = format!("{:.1}", (values[5] + values[6]) as f64 / 2.0);
    let coverage = format!("{:.6}", 1.0 - 2.0 * (1.0 + 12.0 + 66.0) / 4096.0);
    let docker = ["docker", "startup", "1", "outside", "12", "0", &median];
    assert_eq!(summary[2][..7], docker);
    let ends = [values[2], values[9]].map(|ns| format!("{ns}.0"));
    assert_eq!(
        summary[2][7..10],
        [ends[0].clone(), ends[1].clone(), coverage]
    );

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
    assert!(
        within[5] <= estimate && estimate <= within[6],
        "{estimate} {within:?}"
    );

    let (width, height, colours) = picture(&run.join("figure.png"));
    assert!(
        width >= 1600 && height >= 900 && colours > 50,
        "{width} x {height}, {colours} colours"
    );
    let svg = fs::read_to_string(run.join("figure.svg")).expect("read");
    for expected in [
        "DejaVu Sans, Verdana, sans-serif",
        "podman-nested",
        "stand-in images",
    ] {
        assert!(svg.contains(expected), "no {expected}");
    }

    let samples = rows(&tutorial.join("exp4_nested.csv"));
    assert_eq!(samples[0].join(","), "method,metric,rep,value");
    assert_eq!(
        samples.len(),
        1 + 2 * 5 * 12,
        "published methods, measured blocks, both metrics"
    );
    let first = plausible(&STARTUP[0], 3).expect("made") as f64 / 1e6;
    assert_eq!(
        samples[1],
        ["bare", "startup_ms", "1", &format!("{first:.3}")]
    );
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

    stdout(&report(&[&run]));
    assert!(read(&run) == first, "rebuilt in place");

    let moved = place.path().join("somewhere else");
    fs::rename(&run, &moved).expect("moved");
    stdout(&report(&[&moved]));
    assert!(read(&moved) == first, "rebuilt after a move");
}

#[test]
fn an_arm_that_only_failed_is_reported_with_its_reason() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, STARTUP, 6, |arm, times| match arm.name {
        "dind" => Err(Trouble::Sample("exit code 125: no such image".to_owned())),
        _ => plausible(arm, times),
    });
    let text = stdout(&report(&[&run]));
    assert!(
        text.contains("dind (startup), 8 times: exit code 125: no such image"),
        "{text}"
    );
    let dind = &rows(&run.join("summary.csv"))[3];
    assert_eq!(
        dind[..10],
        ["dind", "startup", "2", "outside", "0", "6", "", "", "", ""]
    );
    let ratio = &rows(&run.join("ratios.csv"))[1];
    assert_eq!(ratio[3..5], ["0", ""]);
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    assert!(page.contains("exit code 125: no such image"));
    assert!(
        fs::read_to_string(run.join("figure.svg"))
            .expect("read")
            .contains("no sample (6 failed)")
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
    let manifest = run.join("manifest.json");
    let text = fs::read_to_string(&manifest).expect("read");
    fs::write(&manifest, text.replace("\"complete\"", "\"running\"")).expect("written");

    let text = stdout(&report(&[&run]));
    assert!(
        text.contains("the run of cpu is running: it did not end, or was killed"),
        "{text}"
    );
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
    assert!(
        text.contains("the tutorial's files can't be made of this run"),
        "{text}"
    );

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

/// `level` steps of a few per cent around 100 ms, and a spread of 1 %.
fn ratio_of(arm: &Arm, times: u64) -> u64 {
    let noise = (times * 7_919 + u64::from(arm.level) * 31) % 1_000_000;
    let level = match arm.name {
        "dind" => 130,
        "dind-inside" => 110,
        "podman-nested" => 102,
        _ => 100,
    };
    level * 1_000_000 + noise
}

#[test]
fn verdicts_on_known_ratios() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, STARTUP, 30, |arm, times| Ok(ratio_of(arm, times)));
    stdout(&report(&[&run]));
    let ratios = table(&run.join("ratios.csv"));
    let verdicts: Vec<&str> = ratios.iter().map(|row| row["verdict"].as_str()).collect();
    assert_eq!(
        verdicts,
        ["different", "different, equivalent", "equivalent"]
    );
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
    let shares: Vec<f64> = parts
        .iter()
        .map(|row| row["share"].parse().expect("a number"))
        .collect();
    let due: Vec<&str> = parts.iter().map(|row| row["due"].as_str()).collect();
    assert_eq!(due, ["whole", "hop", "nesting", "remainder"]);
    for (share, expected) in shares.iter().zip([0.3, 0.2, 0.1, 0.0]) {
        assert!((share - expected).abs() < 0.01, "{shares:?}");
    }
    assert!((shares[0] - shares[1] - shares[2] - shares[3]).abs() < 1e-5);

    let claims = table(&run.join("claims.csv"));
    let ids: Vec<&str> = claims.iter().map(|row| row["id"].as_str()).collect();
    assert_eq!(
        ids,
        ["A14", "A15", "A15", "A16"],
        "those whose arms are there"
    );
    assert_eq!(
        claims[0]["claim_verdict"], "consistent here",
        "1.30 / 1.02 > 1"
    );
    assert_eq!(
        claims[3]["claim_verdict"], "not reproduced here",
        "1.02 is not below 1"
    );
}

#[test]
fn the_page_has_its_sections_in_the_order_of_the_method() {
    let place = tempfile::tempdir().expect("a folder");
    let run = exp4(place.path(), 8);
    stdout(&report(&[&run]));
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    let headings: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("## "))
        .collect();
    assert_eq!(
        headings,
        [
            "## What was claimed, and what was found here",
            "## The ratios",
            "## Every sample",
            "## Where each percentage goes",
            "## Order, control and sensitivity",
            "## How it was measured",
        ]
    );
    let subheadings: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("### "))
        .collect();
    assert_eq!(
        subheadings[2..7],
        [
            "### What is estimated",
            "### What is left out",
            "### When it stopped",
            "### The family",
            "### The machine and its engines",
        ]
    );
    assert!(page.contains("cargo xtask report <this folder>"));
    let html = fs::read_to_string(run.join("report.html")).expect("read");
    let mut from = 0;
    for heading in headings {
        let heading = format!(">{}</h2>", heading.trim_start_matches("## "));
        from += html[from..].find(&heading).expect("in the same order");
    }
}

//! `report compare published`: runs side by side.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::*;

fn compare(args: &[&Path]) -> std::process::Output {
    report(&[&["compare".as_ref(), "published".as_ref()], args].concat())
}

fn told(runs: &[&Path]) -> String {
    stdout(&compare(runs))
}

fn found(runs: &[&Path]) -> Value {
    serde_json::from_str(&told(&[runs, &["--json".as_ref()]].concat())).expect("JSON")
}

fn row<'a>(found: &'a Value, name: &str) -> &'a Value {
    let rows = found["rows"].as_array().expect("rows");
    rows.iter().find(|row| row["name"] == name).expect(name)
}

fn texts(of: &Value, field: &str) -> Vec<String> {
    let list = of.as_array().expect("a list").iter();
    list.map(|one| one[field].as_str().expect("a text").to_owned()).collect()
}

/// A run whose nested arms take so many per cent of the others' time.
fn run(run: &Path, dind: u64, nested: u64) {
    make(run, STARTUP, 30, |arm, times| {
        let noise = (times * 7_919 + u64::from(arm.level) * 31) % 1_000_000;
        let percent = match arm.name {
            "dind" => dind,
            "podman-nested" => nested,
            _ => 100,
        };
        Ok(percent * 1_000_000 + noise)
    });
}

/// The published ratios are 1.08 (1.03 to 1.14) and 1.45 (1.31 to 1.61).
fn three_settings(place: &Path) -> [PathBuf; 3] {
    let [stand_ins, images, host] = ["one", "two", "three"].map(|name| place.join(name));
    run(&stand_ins, 130, 102);
    run(&images, 108, 145);
    run(&host, 108, 102);
    edit_manifest(&images, |manifest| {
        manifest["sessions"][0]["labs"] = json!([{ "images": [
            { "name": "alpine", "digest": "sha256:0123", "published": true },
        ] }]);
    });
    edit_manifest(&host, |manifest| of_host(manifest, "28.4", "overlayfs"));
    [stand_ins, images, host]
}

/// The lines that say what differs of one thing.
fn said<'a>(text: &'a str, what: &str) -> Vec<&'a str> {
    let (_, below) = text.split_once("What differs beside the numbers:").expect("its title");
    let lines = below.lines().skip_while(|line| line.trim() != what).skip(1);
    lines.take_while(|line| line.starts_with("    ")).map(str::trim).collect()
}

#[test]
fn three_settings_stand_side_by_side() {
    let place = tempfile::tempdir().expect("a folder");
    let [stand_ins, images, host] = three_settings(place.path());
    let runs = [stand_ins.as_path(), &images, &host];
    let answer = "Confirmed of the 2 published ratios: 0 in the lab with stand-ins (2 not reproduced), \
                  2 in the lab with published images and 1 on the machine's own engines (1 not \
                  reproduced).";
    let found = found(&runs);
    assert_eq!(found["answer"], answer);
    let columns = &found["runs"];
    assert_eq!(texts(columns, "setting"), ["stand_ins", "published_images", "host"]);
    let headings = ["lab, stand-ins", "lab, published images", "machine's own engines"];
    assert_eq!(texts(columns, "heading"), headings);
    assert_eq!(columns[2]["folder"], "three", "not the way there");
    for (run, counts) in [[0, 2, 0, 0], [2, 0, 0, 0], [1, 1, 0, 0]].into_iter().enumerate() {
        let words = ["confirmed", "not_reproduced", "inconclusive", "not_measured"];
        assert_eq!(words.map(|word| columns[run][word].as_u64()), counts.map(Some), "{run}");
    }
    let dind = row(&found, "dind/docker");
    let [consistent, not] = ["consistent here", "not reproduced here"];
    assert_eq!(texts(&dind["runs"], "verdict"), [not, consistent, consistent]);
    let nested = row(&found, "podman-nested/podman");
    assert_eq!(texts(&nested["runs"], "verdict"), [not, consistent, not]);
    // A range, which has no coverage; and an interval.
    let published = &dind["published"];
    let number = |of: &Value| of.as_f64().expect("a number");
    assert!((number(&published["estimate"]) - 340.0 / 315.0).abs() < 1e-9);
    assert!((number(&published["low"]) - 329.1 / 320.5).abs() < 1e-9);
    assert_eq!(published["coverage"], Value::Null);
    let ours = &dind["runs"][2]["found"];
    assert!((1.07..1.09).contains(&number(&ours["estimate"])), "{ours}");
    assert!(number(&ours["coverage"]) > 0.95, "{ours}");
    // An arm is held beside what was published of it, without a verdict.
    let bare = row(&found, "bare");
    assert_eq!((&bare["kind"], &bare["runs"][0]["verdict"]), (&json!("arm"), &Value::Null));
    let kinds = texts(&found["rows"], "kind");
    assert_eq!(kinds.iter().rposition(|kind| kind == "ratio"), Some(1), "{kinds:?}");

    let text = told(&runs);
    assert_eq!(text.lines().next(), Some(answer), "it opens with the answer");
    let (above, table) = text.split_once('┌').expect("a table");
    assert!(above.contains("`cargo xtask compare BASE NEW`"), "{text}");
    let heads = table.lines().nth(1).expect("its head");
    assert!(headings.iter().all(|heading| heads.contains(heading)), "{heads}");
    let mut lines = table.lines().skip_while(|line| !line.contains("dind/docker *"));
    let line = lines.next().expect("the ratio");
    assert_eq!(line.matches("1.080 (").count(), 2, "{line}");
    assert!(line.contains("1.079 (1.027 to 1.140)"), "{line}");
    assert_eq!(lines.next().expect("its verdicts").matches(consistent).count(), 2, "{text}");
    let [published, .., own] = &said(&text, "engines")[..] else { panic!("{text}") };
    for (line, place, words) in [
        (published, "published ", "docker 28.4, podman 4.6.2, podman_mode rootless"),
        (own, headings[2], "docker 28.4"),
    ] {
        assert!(line.starts_with(place) && line.contains(words), "{line}");
    }
    for (what, words) in [("kernel", "Linux 6.12"), ("processor", "i7"), ("blocks a session", "4")]
    {
        assert!(said(&text, what)[0].contains(words), "{text}");
    }
    assert_eq!(said(&text, "published images").len(), 4, "{text}");
    assert!(said(&text, "published images")[2].ends_with("alpine sha256:0123"), "{text}");
    assert!(
        said(&text, "sessions").is_empty(),
        "the same of all, and nothing was published: {text}"
    );
}

#[test]
fn what_a_run_lacks_is_a_dash_and_runs_of_one_setting_are_told_apart() {
    let place = tempfile::tempdir().expect("a folder");
    let [startup, cpu] = ["some", "other"].map(|name| place.path().join(name).join("run"));
    run(&startup, 108, 145);
    make(&cpu, CPU, 30, plausible);
    let both = found(&[&startup, &cpu]);
    let [dind, docker] = ["dind/docker", "docker/bare"].map(|name| row(&both, name));
    assert_eq!((&dind["runs"][1], &docker["runs"][0]), (&Value::Null, &Value::Null));
    assert_eq!(dind["runs"][0]["verdict"], "consistent here");
    assert_eq!(both["runs"][0]["not_measured"], 2, "the other's two");
    let named = |run: &Path| format!("lab, stand-ins: {}", run.display());
    assert_eq!(texts(&both["runs"], "heading"), [named(&startup), named(&cpu)]);
    let text = told(&[&startup, &cpu]);
    let line = text.lines().find(|line| line.contains("dind/docker")).expect("the ratio");
    assert!(line.trim_end_matches([' ', '│']).ends_with(" -"), "{line}");

    // Both have one row a published figure.
    let again = place.path().join("again");
    run(&again, 130, 102);
    let both = found(&[&startup, &again]);
    assert_eq!(texts(&both["runs"], "heading"), ["lab, stand-ins: run", "lab, stand-ins: again"]);
    assert_eq!(row(&both, "dind/docker")["runs"].as_array().map(Vec::len), Some(2));
    assert_eq!(texts(&both["rows"], "name").iter().filter(|name| *name == "docker").count(), 1);
    // Of one run alone nothing is to be told apart.
    assert_eq!(texts(&found(&[&again])["runs"], "heading"), ["lab, stand-ins"]);
}

#[test]
fn what_can_t_be_held_against_the_published_figures_is_named() {
    let place = tempfile::tempdir().expect("a folder");
    let startup = place.path().join("startup");
    run(&startup, 108, 145);
    let syscalls = place.path().join("syscalls");
    make(&syscalls, &SYSCALLS, 1, |_, times| Ok(1_000 + times));
    let text = refused(&compare(&[&startup, &syscalls]), 2);
    for words in ["syscalls can't be compared", "nothing that it measured was published"] {
        assert!(text.replace(['\n', '│'], "").contains(words), "{text}");
    }
    assert!(!text.contains("startup can't"), "{text}");
    let text = refused(&compare(&[&startup, &startup]), 2);
    assert!(text.contains("they are one run"), "{text}");
    let output = compare(&[&startup, "--json".as_ref(), "--html".as_ref()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(compare(&[]).status.code(), Some(2));
}

#[test]
fn a_page_opens_with_the_answer_and_a_picture() {
    let place = tempfile::tempdir().expect("a folder");
    let [stand_ins, images, host] = three_settings(place.path());
    let page = told(&[&stand_ins, &images, &host, "--html".as_ref()]);
    let (opening, rest) = page.split_once("<nav").expect("contents");
    let opening = opening.split_once("<body>").expect("a body").1;
    let (above, picture) = opening.split_once("<figure>").expect("a picture");
    assert!(above.contains("Confirmed of the 2 published ratios: 0 in the lab"), "{above}");
    assert_eq!(picture.matches("<svg").count(), 2, "wide and narrow");
    for words in ["dind/docker *", "machine&#x27;s own engines", "1.079 (1.027 to 1.140)"] {
        let words = [words.to_owned(), words.replace("&#x27;", "'")];
        assert!(words.iter().any(|words| picture.contains(words)), "no {words:?} in {picture}");
    }
    for words in ["Ratios", "Times", "What differs beside the numbers", "How to read it", "■"] {
        assert!(rest.contains(words), "no {words}");
    }
    for outside in ["<script", "src=", "http-equiv", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    // A figure of one run is the same with one line.
    let alone = told(&[&host, "--html".as_ref()]);
    assert!(alone.contains("Confirmed of the 2 published ratios: 1 on the machine"), "{alone}");
}

#[test]
fn a_reader_that_goes_is_no_failure() {
    let place = tempfile::tempdir().expect("a folder");
    let startup = place.path().join("startup");
    run(&startup, 108, 145);
    for flag in [None, Some("--json"), Some("--html")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_report"));
        command.args(["compare", "published"]).arg(&startup).args(flag);
        // Only the end to write to is left.
        command.stdout(std::io::pipe().expect("a pipe").1).stderr(Stdio::piped());
        let output = command.output().expect("started");
        assert!(output.status.success(), "{flag:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{flag:?}: {output:?}");
    }
}

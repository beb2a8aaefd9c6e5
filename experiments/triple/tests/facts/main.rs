//! What a run says, from outside: the facts that the program derives of synthetic runs.

mod made;

use std::path::Path;

use made::{CLONE, OVERLAY, Triple, depth, depths, refused, tried};
use measure::Trial;
use rstest::rstest;
use serde_json::{Value, json};
use synthetic::{derived, texts, trial};

/// What the program derives of a run.
fn facts(run: &Path) -> Value {
    serde_json::to_value(derived(env!("CARGO_BIN_EXE_triple"), run)).expect("JSON")
}

/// Of a run of samples, of which the closure may refuse some.
fn of_samples(args: &[&str], refuse: impl Fn(&str, u64) -> bool) -> Value {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    Triple::new().run(&run, args, refuse);
    facts(&run)
}

/// Of a run that has only trials.
fn of_trials(rows: &[Trial], sessions: &str) -> Value {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    tried(&run, rows, sessions);
    facts(&run)
}

/// Every text of a page, a line each.
fn page(facts: &Value, lang: &str) -> String {
    texts(&facts["pages"][lang])
}

/// The rows of a claim.
fn claims<'a>(facts: &'a Value, id: &str) -> Vec<&'a Value> {
    let claims = facts["claims"].as_array().expect("a list").iter();
    claims.filter(|claim| claim["id"] == id).collect()
}

/// What became of the row of a claim that is of this, and what it answers.
fn row<'a>(facts: &'a Value, id: &str, of: &str) -> (&'a str, &'a str) {
    let mut rows = claims(facts, id).into_iter();
    let row = rows.find(|claim| claim["of"] == of);
    let row = row.unwrap_or_else(|| panic!("no {of}"));
    let word = |key: &str| row[key].as_str().expect("a word");
    (word("here"), word("answer"))
}

fn has(text: &str, all: &[&str]) {
    for words in all {
        assert!(text.contains(words), "no {words} in {text}");
    }
}

/// Everything about one run, since it takes its time to make.
#[test]
fn a_run_of_three_levels_is_read() {
    let facts = of_samples(&["--blocks", "12"], |_, _| false);
    has(
        &page(&facts, "en"),
        &[
            "Answers to the tutorial's questions",
            "`start-docker-docker-docker`, timed from outside: additive. A level adds ",
            "Docker nests cheaper",
            "The ways in by themselves: `hop-docker` ",
            "What the store costs",
            "6.0 MB on disk",
            "3.2 MB pulled",
            "level 2 cold",
        ],
    );
    has(
        &page(&facts, "es"),
        &["Respuestas a las preguntas del tutorial", "Lo que cuesta el almacén"],
    );
    let a19 = claims(&facts, "A19");
    assert_eq!(a19.len(), 2, "outside and inside");
    for row in a19 {
        assert_eq!(row["here"], "consistent");
        assert_eq!(row["seen"], "12 of 12 samples work");
        assert!(row["ours"]["value"].as_f64().expect("a number") > 1.0);
    }
    for (of, answer) in [
        ("start-docker-docker-docker", "additive"),
        ("start-podman-podman-podman", "multiplicative"),
        ("start-docker-podman-docker", "neither"),
        ("sha256-docker-docker-docker / start-docker-docker-docker-inside", "no"),
        // From outside: 1.67 against 2.25 to the third level.
        ("start-docker-docker-docker / start-podman-podman-podman", "Docker"),
        // 100 ms of 300 against 90 of 160: what is cheaper depends on what is counted.
        (
            "start-docker-docker-docker-inside / start-podman-podman-podman-inside",
            "Docker by factor, Podman in time",
        ),
        ("sha256-docker-docker-docker / sha256-podman-podman-podman", "the same"),
    ] {
        assert_eq!(row(&facts, "A21", of), ("answered", answer), "{of}");
    }
    let a21 = claims(&facts, "A21").into_iter();
    let told: Vec<&Value> = a21.map(|row| &row["told"]["es"]).collect();
    assert!(
        told.contains(&&json!("por factor, Docker sale más barato; en tiempo, Podman suma menos"))
    );
    // A chain of both engines is neither's.
    let engines = facts["found"]["answers"]["engines"].as_array();
    let mixed = "start-docker-podman-docker";
    let is_mixed =
        |held: &Value| held["first"]["series"] == mixed || held["second"]["series"] == mixed;
    assert!(!engines.expect("a list").iter().any(is_mixed));
    assert!(claims(&facts, "C6").is_empty(), "no depth was tried");
    assert_eq!(facts["pages"]["en"]["levels"], Value::Null);
    assert_eq!(facts["found"]["store"][0]["engine"], "docker");
}

/// One block in which adding once more is below 0: neither silence, nor an answer.
#[test]
fn where_adding_is_impossible_the_question_stays_open() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    let mut triple = Triple::new();
    triple.long = Some(("start-podman", 7));
    triple.run(&run, &["--blocks", "12"], |_, _| false);
    let facts = facts(&run);
    for (of, english) in [
        ("start-podman-podman-podman", "this run can't tell: the same factor holds"),
        ("start-podman-matched-matched", "not multiplicative: the same factor fails"),
    ] {
        assert_eq!(row(&facts, "A21", of), ("inconclusive", ""), "{of}");
        has(&page(&facts, "en"), &[english, "adding once more is impossible in 1 of 12 blocks"]);
        has(&page(&facts, "es"), &["sumar una vez más es imposible en 1 de 12 bloques"]);
        let claims = claims(&facts, "A21");
        let claim = claims.iter().find(|claim| claim["of"] == of).expect(of);
        assert_eq!(claim["growth"][0], json!({ "impossible_blocks": 1 }));
        assert!(claim["growth"][1]["ratio"].is_number(), "{claim}");
    }
    assert_eq!(row(&facts, "A21", "start-docker-docker-docker"), ("answered", "additive"));
}

/// What was not asked is not told as answered.
#[test]
fn a_question_without_arms_says_so() {
    let arms = "start-docker,start-docker-docker,start-docker-docker-docker";
    let args = ["--sessions", "2", "--blocks", "6", "--arms", arms];
    let facts = of_samples(&args, |name, times| name == "start-docker-docker" && times == 5);
    has(&page(&facts, "en"), &["This run has no arms for it."]);
    let unasked: Vec<&Value> = claims(&facts, "A21")
        .into_iter()
        .filter(|claim| claim["here"] == "not_measured")
        .map(|claim| &claim["of"])
        .collect();
    assert_eq!(unasked, ["the run has no arms for it"; 2]);
    // A block that lacks a reading is in no number.
    assert_eq!(claims(&facts, "A21")[0]["pairs"], 11);
}

/// Where samples of a third level fail, the claim is not told as confirmed.
#[test]
fn a_third_level_that_fails_is_not_confirmed() {
    let arms = [
        "start-podman,start-podman-podman,start-podman-podman-podman",
        "start-podman-podman-inside,start-podman-podman-podman-inside",
    ]
    .join(",");
    let facts = of_samples(&["--blocks", "8", "--arms", &arms], |name, times| {
        name == "start-podman-podman-podman" && times == 4
    });
    let here: Vec<&Value> = claims(&facts, "A19").iter().map(|row| &row["here"]).collect();
    assert_eq!(here, ["inconclusive", "consistent"]);
}

#[test]
fn a_depth_run_is_read() {
    let facts = of_trials(&depths(CLONE), "1");
    let english = page(&facts, "en");
    has(
        &english,
        &[
            "How deep",
            "Limits of kernel and engines",
            "clone: no space left on device",
            "at level 32",
            OVERLAY,
            "nothing: no deeper level was tried",
            "1.84 and 3.04",
            "docker on a volume                                31 levels, a level 2.44 s",
            "PID namespaces within each other: 32 (the kernel)",
        ],
    );
    has(&page(&facts, "es"), &["Hasta qué profundidad"]);
    let levels = &facts["pages"]["en"]["levels"][0];
    let curve = &levels["rows"][0]["panels"][0];
    assert_eq!(curve["dots"].as_array().expect("a list").len(), 31);
    assert_eq!((&curve["note"], &curve["crosses"]), (&json!("on a volume"), &json!([32])));
    assert_eq!(row(&facts, "C6", "docker on a volume").0, "consistent");
    assert_eq!(row(&facts, "C6", "podman-matched on the container's layer").0, "consistent");
    assert_eq!(row(&facts, "C6", "PID namespaces within each other").0, "consistent");
    assert_eq!(row(&facts, "C6", "overlay mounts on overlay mounts").0, "not_reproduced");
    let of: Vec<&Value> = claims(&facts, "C6").iter().map(|row| &row["of"]).collect();
    assert!(!of.contains(&&json!("docker on tmpfs")) && of.len() == 8, "{of:?}");
    for id in ["A19", "A21"] {
        assert!(claims(&facts, id).is_empty());
    }
}

#[test]
fn a_depth_ends_where_it_is_refused() {
    let subject = "docker on a volume";
    let mut rows: Vec<Trial> = depth(subject, 9, 0);
    rows.retain(|row| row.table == "depth" || row.step == "2");
    rows.push(Trial { outcome: "failed".to_owned(), ..trial("depth-start", subject, "3", "") });
    rows.push(refused(subject, 10, "no more"));
    rows.push(trial("depth", subject, "no level", "works"));
    rows.push(trial("other", subject, "11", "works"));
    let facts = of_trials(&rows, "1");
    let depth = &facts["found"]["depth"][0];
    assert_eq!(depth["deepest"], 9);
    assert_eq!(depth["refusal"], json!([10, "no more"]));
    assert_eq!(depth["median_ns"], 200e6);
    // 320 ms over 80.
    assert_eq!(depth["last_to_first_third"], 4.0);
    let starts = &facts["pages"]["en"]["levels"][0]["rows"][1]["panels"][0];
    assert_eq!((&starts["dots"], &starts["crosses"]), (&json!([[2, 0.02]]), &json!([3])));
}

#[test]
fn sessions_are_kept_apart() {
    let facts = of_trials(&depth("docker on a volume", 1, 0), "2");
    let of: Vec<&Value> = claims(&facts, "C6").iter().map(|row| &row["of"]).collect();
    assert_eq!(of, ["docker on a volume (1)", "docker on a volume (2)"]);
}

#[rstest]
#[case("overlayfs: maximum fs stacking depth exceeded", "not_reproduced")]
#[case("failed to mount overlay: invalid argument", "not_reproduced")]
#[case("write /var/lib/x: no space left on device", "not_reproduced")]
#[case("clone: No space left on device", "consistent")]
#[case("unshare failed: No space left on device", "consistent")]
#[case("nsexec[12]: failed to unshare namespaces: no space left on device", "consistent")]
#[case("cannot allocate memory", "consistent")]
fn storage_is_known_by_its_words(#[case] reason: &str, #[case] here: &str) {
    let subject = "docker on a volume";
    let rows = [depth(subject, 1, 0), vec![refused(subject, 2, reason)]].concat();
    assert_eq!(row(&of_trials(&rows, "1"), "C6", subject).0, here);
}

#[rstest]
#[case::as_claimed((31, Some("clone: no space left on device")), (1, Some("overlay")), "consistent", "consistent")]
#[case::storage_everywhere((5, Some("overlay")), (1, Some("overlay")), "not_reproduced", "consistent")]
#[case::not_deep_enough((4, None), (4, None), "inconclusive", "not_reproduced")]
#[case::deeper_than_the_layer((4, None), (1, Some("overlay")), "consistent", "consistent")]
#[case::the_layer_goes_as_deep((4, Some("clone")), (4, Some("clone")), "consistent", "not_reproduced")]
#[case::no_words((4, Some("")), (1, Some(" ")), "inconclusive", "inconclusive")]
fn depths_are_judged(
    #[case] volume: (u32, Option<&str>),
    #[case] layer: (u32, Option<&str>),
    #[case] of_volume: &str,
    #[case] of_layer: &str,
) {
    let mut rows = Vec::new();
    let subjects = ["docker on a volume", "docker on the container's layer"];
    for (subject, (deepest, refusal)) in subjects.into_iter().zip([volume, layer]) {
        rows.extend(depth(subject, deepest, 0));
        rows.extend(refusal.map(|words| refused(subject, deepest + 1, words)));
    }
    let facts = of_trials(&rows, "1");
    let here = subjects.map(|subject| row(&facts, "C6", subject).0);
    assert_eq!(here, [of_volume, of_layer]);
}

//! Patterns that give a pod an engine: the comparison, tables, advice, the figure.

use std::fs;
use std::path::Path;

use measure::Trial;
use rstest::rstest;

use crate::pods::{self, PATTERNS, line, reported, row, rows, whole, with};
use crate::support::*;

/// Everything about one run, since it takes its time to make.
#[test]
fn a_run_is_reported() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    pods::run(&run, &rows(), 12);
    let told = stdout(&report(&[&run]));
    for words in [
        "Patterns:",
        "8 hostile requests: 7 refused by the plugin, 0 allowed",
        "A23 5 patterns: answered here (sidecar, daemonless)",
        "B14 sidecar, with the plugin: consistent here",
    ] {
        assert!(told.contains(words), "no {words} in {told}");
    }
    let is_head = |line: &str| {
        ["table", "subject", "step"]
            .iter()
            .all(|word| line.contains(word))
    };
    assert!(!told.lines().any(is_head), "raw rows in {told}");
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    let privilege = line(&page, "| privilege handed over |");
    assert_eq!(privilege.len(), 6, "a column a pattern: {privilege:?}");
    assert!(privilege[1].starts_with("■ the agent has all; agent: all"));
    assert!(privilege[2].contains("the socket's group: enough"));
    assert!(privilege[3].contains("without privilege: refused"));
    assert!(privilege[5].starts_with("● none; agent: the default"));
    let escape = line(&page, "| escape |");
    assert!(escape[2].starts_with("■ reaches the node; `privileged-root-mount`, `bind-root`"));
    let through = "◐ only through the engine; 6 of 6: refused; who took the engine over: reaches";
    assert!(escape[3].starts_with(through), "{escape:?}");
    assert!(escape[5].starts_with("● none reaches the node; 1 of 1: refused"));
    let start = line(&page, "| start-up |");
    assert!(
        start[2].ends_with("n 12"),
        "the reference is over nothing: {start:?}"
    );
    assert!(
        start[3].starts_with("3.") && start[3].contains("× 4.4"),
        "{start:?}"
    );
    let again = line(&page, "| next job |");
    assert!(again[1].contains("of `dood` \\*"), "primary: {again:?}");
    let memory = line(&page, "| memory, idle |");
    let found = "120.5 MB; 120.1 to 120.8, n 8; daemons: containerd, dockerd";
    assert_eq!(memory[1], found);
    for words in [
        "26 ways out of its container were tried; 9 of them reach the node",
        "### Which pattern for whom",
        "must not expose its node: `sidecar`, `daemonless`",
        "### Ways out",
        "| `own-container`; from the agent's own container, without an engine | – | – | – | – | ● refused",
        "| expired certificate | ● refused; tls: expired certificate |",
        "| sidecar-open plain | ■ served",
        "8 hostile requests were sent to a daemon with the plugin: 7 refused by 5 rules, 1 rejected by the daemon itself, 0 allowed. Of 4 legitimate ones 4 were allowed.",
        "`docker ps` takes 1.1",
        "| `body-missing` | 2 | privileged, empty; privileged behind 1 MiB |",
        "Of the hostile requests an engine without the plugin does 6.",
        "| privileged twice | `duplicate-key` | ● refused | allowed; 201 |",
        "| body of another type | – | ● rejected by the daemon; unsupported Content-Type header | rejected by the daemon; 400 |",
        "| right certificate, from another pod | ● served",
        "| killed in the middle | in the middle | ● refused; EOF |",
        "| 1000 at 32 | lost | ● 0 |",
        "| killed in the middle | while it is gone | ● refused; plugin not found |",
        "| buildah, ordinary user, no capability | ● works | ● works | ■ refused; clone",
    ] {
        assert!(page.contains(words), "no {words} in {page}");
    }
    assert!(!page.contains("Tried once"), "each table has its place");
    let rows = table(&run.join("sidecar.csv"));
    let patterns: Vec<&str> = rows.iter().map(|row| &*row["pattern"]).collect();
    assert_eq!(patterns, PATTERNS);
    let sidecar = &rows[2];
    for (column, expected) in [
        ("stand", "take"),
        ("escape_grade", "mixed"),
        (
            "escape_refused",
            "privileged-root-mount bind-root host-pid device socket-in-container exec-privileged",
        ),
        ("engine_taken_over", "reaches the node"),
        ("storage_layer", "refused"),
        ("memory_n", "8"),
        ("memory_bytes", "140450000"),
    ] {
        assert_eq!(sidecar[column], expected, "{column}");
    }
    let number = |column: &str| sidecar[column].parse::<f64>().expect("a number");
    let ratio = number("first_ratio");
    assert!((1.9..2.0).contains(&ratio), "{ratio}");
    assert!(number("first_low") < number("first_ns"), "{sidecar:?}");
    assert!(number("first_ns") < number("first_high"), "{sidecar:?}");
    assert_eq!(rows[1]["first_ratio"], "");
    figure(&run);
    in_spanish(&run);
}

fn in_spanish(run: &Path) {
    stdout(&report(&[run, "--lang".as_ref(), "es".as_ref()]));
    let spanish = fs::read_to_string(run.join("report.es.md")).expect("read");
    for words in [
        "## Patrones que dan un motor a un pod",
        "| privilegio entregado | ■ el agente lo tiene todo; agente: todo",
        "no debe exponer su nodo: `sidecar`, `daemonless`",
    ] {
        assert!(spanish.contains(words), "no {words} in {spanish}");
    }
    assert!(run.join("sidecar.es.svg").exists());
    for (file, heading) in [
        ("figure.svg", "One call of an engine"),
        ("figure.es.svg", "Una llamada a la API de un motor"),
    ] {
        let svg = fs::read_to_string(run.join(file)).expect("read");
        assert!(svg.contains(heading), "no {heading} in {file}");
    }
}

fn figure(run: &Path) {
    let svg = fs::read_to_string(run.join("sidecar.svg")).expect("read");
    // Signs and words, so that no colour is needed.
    for words in [
        "daemonless",
        "storage risk",
        "●",
        "◐",
        "■",
        "the agent has all",
        "missed",
        "start-up",
        "memory, idle",
    ] {
        assert!(svg.contains(words), "no {words}");
    }
    assert!(!svg.contains("could not be looked at"), "nothing is unseen");
    // 15 arms of 12 samples and 5 times 8 pods, each a dot and its edge; one more in the legend.
    let dots = svg.matches("<circle").count();
    assert_eq!(dots, 2 * (15 * 12 + 5 * 8 + 1));
    let (width, height, colours) = picture(&run.join("sidecar.png"));
    assert_eq!(width, 1640);
    assert!(height > 1_000 && colours > 50, "{height} {colours}");
}

/// A grade for each outcome that there is.
#[rstest]
#[case::fails("job", "dind", "fails", "job", "")]
#[case::kept("cache", "sidecar", "kept", "cache", "good")]
#[case::lost("cache", "dood", "lost", "cache", "mixed")]
#[case::same_driver("storage-layer", "dind", "overlay2", "storage", "good")]
#[case::no_driver("storage-volume", "dind", "refused", "storage", "bad")]
#[case::counted("accounting-host-cgroupns", "dind", "counted", "accounting", "good")]
#[case::missed("accounting", "dind", "missed", "accounting", "bad")]
#[case::shared("collision-volume", "sidecar", "shared", "collisions", "bad")]
#[case::mounted("node-paths", "sidecar", "/etc", "isolation", "mixed")]
#[case::sees("isolation", "sidecar", "processes files", "isolation", "bad")]
#[case::full("agent-privilege", "dood", "full", "privilege", "bad")]
#[case::not_seen("cache", "dood", "not seen", "cache", "not seen")]
#[case::one_of_two("collision-volume", "sidecar", "not seen", "collisions", "not seen")]
#[case::still_bad("collision-volume", "dood", "not seen", "collisions", "bad")]
fn grades_follow_outcomes(
    #[case] property: &str,
    #[case] pattern: &str,
    #[case] outcome: &str,
    #[case] aspect: &str,
    #[case] grade: &str,
) {
    let found = reported(&with("pattern", pattern, property, outcome), 0);
    let row = found.pattern(pattern);
    match aspect {
        "job" => assert_eq!(row["job"], outcome),
        aspect => assert_eq!(row[&format!("{aspect}_grade")], grade),
    }
}

/// What is damaged is said, and concluded of by nobody.
#[rstest]
#[case::no_word(
    row("pattern", "dind", "cache", "somewhat", ""),
    "pattern dind, cache: somewhat"
)]
#[case::no_pattern(
    row("pattern", "dinner", "job", "works", ""),
    "pattern dinner, job: works"
)]
#[case::no_property(
    row("pattern", "dind", "taste", "good", ""),
    "pattern dind, taste: good"
)]
#[case::no_list(
    row("pattern", "dind", "isolation", "files ghosts", ""),
    "pattern dind, isolation: files ghosts"
)]
#[case::empty(row("pattern", "dind", "daemons", "", ""), "pattern dind, daemons: ")]
#[case::escape(
    row("escape", "dind", "device", "maybe", ""),
    "escape dind, device: maybe"
)]
#[case::no_subject(row("escape", "", "device", "refused", ""), "escape , device: refused")]
#[case::client(
    row("transport", "plain", "version", "ok", ""),
    "transport plain, version: ok"
)]
#[case::hostile(
    row("hostile", "x", "plugin", "served", ""),
    "hostile x, plugin: served"
)]
#[case::legitimate(row("legitimate", "x", "plugin", "", ""), "legitimate x, plugin: ")]
#[case::count(
    row("plugin", "1000 at 32", "lost", "few", ""),
    "plugin 1000 at 32, lost: few"
)]
#[case::daemonless(row("daemonless", "x", "build", "yes", ""), "daemonless x, build: yes")]
#[case::no_engine(
    row("hostile", "x", "somewhere", "refused", ""),
    "hostile x, somewhere: refused"
)]
#[case::not_weighed(
    Trial { bytes: Some(5), ..row("memory", "dind", "9", "failed", "") },
    "memory dind, 9: failed"
)]
#[case::no_bytes(row("memory", "dind", "9", "ok", ""), "memory dind, 9: ok")]
#[case::no_number(row("memory", "dind", "ninth", "ok", ""), "memory dind, ninth: ok")]
fn a_row_that_cannot_be_read_is_said(#[case] stranger: Trial, #[case] words: &str) {
    let mut harmed = rows();
    harmed.push(stranger);
    let (sound, harmed) = (whole(), reported(&harmed, 0));
    let note = "Rows that this program cannot read, and of which nothing is concluded: ";
    assert!(!sound.page.contains(note));
    assert!(
        harmed.page.contains(&format!("{note}{words}")),
        "{}",
        harmed.page
    );
    assert!(
        harmed.told.contains(&format!("not read: {words}")),
        "{}",
        harmed.told
    );
    assert_eq!(sound.patterns, harmed.patterns);
    assert_eq!(sound.claims, harmed.claims);
}

/// A run that was resumed looks again.
#[test]
fn the_last_look_counts() {
    let mut rows = rows();
    rows.push(row("pattern", "dind", "cache", "kept", ""));
    rows.push(Trial {
        bytes: Some(999_000_000),
        ..row("memory", "dind", "8", "ok", "")
    });
    let found = reported(&rows, 0);
    let dind = found.pattern("dind");
    assert_eq!([&*dind["cache"], &*dind["memory_n"]], ["kept", "8"]);
    assert!(dind["memory_range"].ends_with("to 999000000"), "{dind:?}");
}

/// Five pods have a range and no interval, six have one.
#[rstest]
#[case(5, "", "120.3 MB; range 120.1 to 120.5, n 5: too few for an interval")]
#[case(6, "120100000", "120.3 MB; 120.1 to 120.6, n 6")]
fn few_pods_have_no_interval(#[case] pods: u64, #[case] low: &str, #[case] words: &str) {
    let others = rows().into_iter().filter(|row| row.table != "memory");
    let all = others.chain(PATTERNS.iter().flat_map(|name| pods::memory(name, pods)));
    let found = reported(&all.collect::<Vec<_>>(), 0);
    let dind = found.pattern("dind");
    assert_eq!(dind["memory_low"], low);
    assert_eq!(dind["memory_n"], pods.to_string());
    let memory = line(&found.page, "| memory, idle |");
    assert!(memory[1].starts_with(words), "{memory:?}");
    let verdicts = found.verdicts("B6");
    assert_eq!(
        verdicts.len(),
        if low.is_empty() { 1 } else { 3 },
        "{verdicts:?}"
    );
}

/// Whom a pattern is for follows from its rows, as does the answer to A23.
#[rstest]
#[case::as_it_is(
    "pattern",
    "dind",
    "job",
    "works",
    "dind",
    "trusted jobs only",
    "sidecar, daemonless"
)]
#[case::job_fails(
    "pattern",
    "daemonless",
    "job",
    "fails",
    "daemonless",
    "never",
    "sidecar"
)]
#[case::job_unseen(
    "pattern",
    "daemonless",
    "job",
    "not seen",
    "daemonless",
    "open",
    "sidecar"
)]
#[case::way_out(
    "escape",
    "sidecar",
    "bind-root",
    "reaches the node",
    "sidecar",
    "trusted jobs only",
    "daemonless"
)]
#[case::way_unseen(
    "escape",
    "sidecar",
    "bind-root",
    "not seen",
    "sidecar",
    "open",
    "daemonless"
)]
#[case::inside(
    "escape",
    "sidecar",
    "bind-root",
    "stays inside",
    "sidecar",
    "take",
    "sidecar, daemonless"
)]
// What is left to who has the engine is a risk, and no way out of the agent's own.
#[case::engine(
    "escape",
    "sidecar",
    "engine-taken-over",
    "stays inside",
    "sidecar",
    "take",
    "sidecar, daemonless"
)]
fn advice_follows_what_was_seen(
    #[case] table: &str,
    #[case] subject: &str,
    #[case] step: &str,
    #[case] outcome: &str,
    #[case] pattern: &str,
    #[case] stand: &str,
    #[case] answer: &str,
) {
    let found = reported(&with(table, subject, step, outcome), 0);
    assert_eq!(found.pattern(pattern)["stand"], stand);
    let a23 = found.claim("A23", "5 patterns");
    assert_eq!(
        [&*a23["claim_verdict"], &*a23["answer"]],
        ["answered here", answer]
    );
    let named: Vec<String> = answer.split(", ").map(|name| format!("`{name}`")).collect();
    let lead = format!("must not expose its node: {}. That is", named.join(", "));
    assert!(found.page.contains(&lead), "{}", found.page);
    let row = line(&found.page, &format!("| `{pattern}`; "));
    let sign = match stand {
        "take" => "● For jobs that nobody vouches for",
        "never" => "■ For nobody",
        "open" => "– No advice",
        _ => "◐ Only for jobs that may have the node",
    };
    assert!(row[1].starts_with(sign), "{row:?}");
}

#[test]
fn where_every_pattern_is_open_to_the_node_none_is_advised() {
    let mut rows = rows();
    for row in rows.iter_mut().filter(|row| row.table == "escape") {
        row.outcome = "reaches the node".to_owned();
    }
    let found = reported(&rows, 0);
    assert_eq!(found.claim("A23", "5 patterns")["answer"], "none");
    let words = "No pattern runs the job and keeps every way out that was tried from the node.";
    assert!(found.page.contains(words), "{}", found.page);
}

/// The rule stands in the words of the daemon's client, or alone.
#[rstest]
#[case::alone("bind-roots", "bind-roots")]
#[case::in_words("denied: refused by rule bind-roots: /etc\nwhy: ...", "bind-roots")]
#[case::other_words("who knows", "who knows")]
fn a_rule_is_read_from_words(#[case] words: &str, #[case] rule: &str) {
    let rows = [
        row("pattern", "dind", "job", "works", ""),
        row("hostile", "x", "plugin", "refused", words),
    ];
    let found = reported(&rows, 0);
    let told = format!("| `{rule}` | 1 | x |");
    assert!(found.page.contains(&told), "{}", found.page);
}

#[test]
fn another_experiment_keeps_its_tables() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    crate::facts::take(&run, "test", "memory");
    stdout(&report(&[&run]));
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    assert!(page.contains("Tried once: memory"), "{page}");
    assert!(!run.join("sidecar.csv").exists());
}

/// Leaves a run below `$MATRYOSHKA_LOOK`, to be looked at.
#[test]
#[ignore = "it only leaves a run to be looked at"]
fn a_run_to_look_at() {
    let Some(place) = std::env::var_os("MATRYOSHKA_LOOK") else {
        return;
    };
    let run = Path::new(&place).join("sidecar");
    pods::run(&run, &rows(), 20);
    stdout(&report(&[&run]));
    stdout(&report(&[&run, "--lang".as_ref(), "es".as_ref()]));
}

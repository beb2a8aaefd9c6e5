//! What a run says, from outside: the facts that the program derives of synthetic runs.

mod claims;
mod made;
mod said;

use facts::Lang;
use facts::document::Tone;
use measure::Trial;
use rstest::rstest;

use made::{PATTERNS, row, rows, with};
use said::{Said, line, of_run, reported, whole};

/// Everything about one run, since it takes its time to make.
#[test]
fn a_run_is_reported() {
    let found = of_run(&rows(), 12);
    let told = "8 hostile requests: 7 refused by the plugin, 0 allowed";
    assert!(found.told.contains(told), "{}", found.told);
    assert!(found.told.contains("smallest: KILL CHOWN"), "{}", found.told);
    let a23 = found.claim("A23", "5 patterns");
    assert_eq!([&*a23.here, &*a23.answer], ["answered", "sidecar, daemonless"]);
    let b14 = found.claim("B14", "sidecar, with the plugin");
    assert_eq!(b14.here, "consistent");
    let page = &found.page;
    let privilege = line(page, "| privilege handed over |");
    assert_eq!(privilege.len(), 6, "a column a pattern: {privilege:?}");
    assert!(privilege[1].starts_with("■ the agent has all; agent: all"));
    assert!(privilege[2].contains("the socket's group: enough"));
    assert!(privilege[3].contains("without privilege: refused"));
    assert!(privilege[5].starts_with("● none; agent: the default"));
    let escape = line(page, "| escape |");
    assert!(escape[2].starts_with("■ reaches the node; `privileged-root-mount`, `bind-root`"));
    let through =
        "◐ only through the engine; 6 of 6: refused; whoever compromised the engine: reaches";
    assert!(escape[3].starts_with(through), "{escape:?}");
    assert!(escape[5].starts_with("● none reaches the node; 1 of 1: refused"));
    let start = line(page, "| start-up |");
    assert!(start[2].ends_with("n 12"), "the reference is over nothing: {start:?}");
    assert!(start[3].starts_with("3.") && start[3].contains("× 4.4"), "{start:?}");
    let again = line(page, "| next job |");
    assert!(again[1].contains("of `dood` *"), "primary: {again:?}");
    let memory = line(page, "| memory, idle |");
    let weighed = "120.5 MB; 120.1 to 120.8, n 8; daemons: containerd, dockerd";
    assert_eq!(memory[1], weighed);
    for words in [
        "26 escape paths out of the agent's container were tried; 9 of them reach the node",
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
        "3 trials of a whole job in a fresh pod each",
        "\nsmallest: `KILL CHOWN`",
        "| 2: without no-filter | ● works; build works |",
        "| 3: without KILL | ■ refused; build: not permitted |",
    ] {
        assert!(page.contains(words), "no {words} in {page}");
    }
    let mut tables: Vec<String> = rows().into_iter().map(|row| row.table).collect();
    tables.sort();
    tables.dedup();
    for table in tables {
        assert!(found.facts.shown.contains(&table), "{table} has no place");
    }
    let rows = &found.patterns;
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
    figure(&found);
    in_spanish(&found);
}

fn in_spanish(found: &Said) {
    let spanish = said::page(&found.facts.pages[&Lang::Es].section);
    for words in [
        "## Patrones que dan un motor a un pod",
        "| privilegio entregado | ■ el agente lo tiene todo; agente: todo",
        "no debe exponer su nodo: `sidecar`, `daemonless`",
    ] {
        assert!(spanish.contains(words), "no {words} in {spanish}");
    }
    let grid = &found.facts.pages[&Lang::Es].grids[0];
    assert!(grid.title.contains("de un vistazo"), "{}", grid.title);
}

fn figure(found: &Said) {
    let grid = &found.facts.pages[&Lang::En].grids[0];
    assert_eq!((&*grid.name, &*grid.columns), ("sidecar", &PATTERNS.map(str::to_owned)[..]));
    let rows = &grid.panels[0].groups[0].rows;
    let tile = |aspect: &str, column: usize| {
        let row = rows.iter().find(|row| row.name == aspect);
        let tile = row.expect("a row").tiles[column].as_ref().expect("a tile");
        (grid.word(tile), &*grid.outcomes[tile.outcome].sign)
    };
    assert_eq!(tile("privilege handed over", 0), ("the agent has all", "■"));
    assert_eq!(tile("accounting", 1), ("missed", "■"));
    assert_eq!(tile("cache", 1), ("kept", "●"));
    assert_eq!(tile("storage risk", 2).1, "◐");
    assert!(grid.present().all(|outcome| outcome.tone != Tone::Missing), "nothing is unseen");
    let titles: Vec<&str> = grid.plots.iter().map(|plot| &*plot.title).collect();
    assert_eq!(titles, ["start-up", "first job", "next job", "memory, idle"]);
    // 15 arms of 12 samples and 5 times 8 pods.
    let samples = grid.plots.iter().flat_map(|plot| plot.columns.iter().flatten());
    assert_eq!(samples.map(|of| of.values.len()).sum::<usize>(), 15 * 12 + 5 * 8);
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
#[case::not_root("isolation", "sidecar", "not without root", "isolation", "not seen")]
#[case::one_of_two("collision-volume", "sidecar", "not seen", "collisions", "not seen")]
#[case::still_bad("collision-volume", "dood", "not seen", "collisions", "bad")]
fn grades_follow_outcomes(
    #[case] property: &str,
    #[case] pattern: &str,
    #[case] outcome: &str,
    #[case] aspect: &str,
    #[case] grade: &str,
) {
    let found = reported(&with("pattern", pattern, property, outcome));
    let row = found.pattern(pattern);
    match aspect {
        "job" => assert_eq!(row["job"], outcome),
        aspect => assert_eq!(row[&format!("{aspect}_grade")], grade),
    }
}

/// What is damaged is said, and concluded of by nobody.
#[rstest]
#[case::no_word(row("pattern", "dind", "cache", "somewhat", ""), "pattern dind, cache: somewhat")]
#[case::no_pattern(row("pattern", "dinner", "job", "works", ""), "pattern dinner, job: works")]
#[case::no_property(row("pattern", "dind", "taste", "good", ""), "pattern dind, taste: good")]
#[case::no_list(
    row("pattern", "dind", "isolation", "files ghosts", ""),
    "pattern dind, isolation: files ghosts"
)]
#[case::empty(row("pattern", "dind", "daemons", "", ""), "pattern dind, daemons: ")]
#[case::escape(row("escape", "dind", "device", "maybe", ""), "escape dind, device: maybe")]
#[case::no_subject(row("escape", "", "device", "refused", ""), "escape , device: refused")]
#[case::client(row("transport", "plain", "version", "ok", ""), "transport plain, version: ok")]
#[case::hostile(row("hostile", "x", "plugin", "served", ""), "hostile x, plugin: served")]
#[case::legitimate(row("legitimate", "x", "plugin", "", ""), "legitimate x, plugin: ")]
#[case::count(row("plugin", "1000 at 32", "lost", "few", ""), "plugin 1000 at 32, lost: few")]
#[case::daemonless(row("daemonless", "x", "build", "yes", ""), "daemonless x, build: yes")]
#[case::no_engine(row("hostile", "x", "somewhere", "refused", ""), "hostile x, somewhere: refused")]
#[case::not_weighed(
    Trial { bytes: Some(5), ..row("memory", "dind", "9", "failed", "") },
    "memory dind, 9: failed"
)]
#[case::no_bytes(row("memory", "dind", "9", "ok", ""), "memory dind, 9: ok")]
#[case::no_number(row("memory", "dind", "ninth", "ok", ""), "memory dind, ninth: ok")]
fn a_row_that_cannot_be_read_is_said(#[case] stranger: Trial, #[case] words: &str) {
    let mut harmed = rows();
    harmed.push(stranger);
    let (sound, harmed) = (whole(), reported(&harmed));
    let note = "Rows that this program cannot read, and of which nothing is concluded: ";
    assert!(!sound.page.contains(note));
    assert!(harmed.page.contains(&format!("{note}{words}")), "{}", harmed.page);
    assert!(harmed.told.contains(&format!("not read: {words}")), "{}", harmed.told);
    assert_eq!(sound.patterns, harmed.patterns);
    assert_eq!(sound.claims, harmed.claims);
}

/// A run that was resumed looks again.
#[test]
fn the_last_look_counts() {
    let mut rows = rows();
    rows.push(row("pattern", "dind", "cache", "kept", ""));
    rows.push(Trial { bytes: Some(999_000_000), ..row("memory", "dind", "8", "ok", "") });
    let found = reported(&rows);
    let dind = found.pattern("dind");
    assert_eq!([&*dind["cache"], &*dind["memory_n"]], ["kept", "8"]);
    assert!(dind["memory_range"].ends_with("to 999000000"), "{dind:?}");
}

/// Five pods have a range and no interval, six have one.
#[rstest]
#[case(5, "", "120.3 MB; range 120.1 to 120.5, n 5: too few for an interval")]
#[case(6, "120100000", "120.4 MB; 120.1 to 120.6, n 6")]
fn few_pods_have_no_interval(#[case] pods: u64, #[case] low: &str, #[case] words: &str) {
    let others = rows().into_iter().filter(|row| row.table != "memory");
    let all = others.chain(PATTERNS.iter().flat_map(|name| made::memory(name, pods)));
    let found = reported(&all.collect::<Vec<_>>());
    let dind = found.pattern("dind");
    assert_eq!(dind["memory_low"], low);
    assert_eq!(dind["memory_n"], pods.to_string());
    let memory = line(&found.page, "| memory, idle |");
    assert!(memory[1].starts_with(words), "{memory:?}");
    let verdicts = found.verdicts("B6");
    assert_eq!(verdicts.len(), if low.is_empty() { 1 } else { 3 }, "{verdicts:?}");
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
#[case::job_fails("pattern", "daemonless", "job", "fails", "daemonless", "never", "sidecar")]
#[case::job_unseen("pattern", "daemonless", "job", "not seen", "daemonless", "open", "sidecar")]
#[case::way_out(
    "escape",
    "sidecar",
    "bind-root",
    "reaches the node",
    "sidecar",
    "trusted jobs only",
    "daemonless"
)]
#[case::way_unseen("escape", "sidecar", "bind-root", "not seen", "sidecar", "open", "daemonless")]
#[case::no_disk("escape", "sidecar", "device", "not without root", "sidecar", "open", "daemonless")]
#[case::inside(
    "escape",
    "sidecar",
    "bind-root",
    "stays inside",
    "sidecar",
    "take",
    "sidecar, daemonless"
)]
// What is left to who has the engine is a risk, and no escape path of the agent's own.
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
    let found = reported(&with(table, subject, step, outcome));
    assert_eq!(found.pattern(pattern)["stand"], stand);
    let a23 = found.claim("A23", "5 patterns");
    assert_eq!([&*a23.here, &*a23.answer], ["answered", answer]);
    let named: Vec<String> = answer.split(", ").map(|name| format!("`{name}`")).collect();
    let lead = format!("must not expose its node: {}. That is", named.join(", "));
    assert!(found.page.contains(&lead), "{}", found.page);
    let row = line(&found.page, &format!("| `{pattern}`; "));
    let sign = match stand {
        "take" => "● For untrusted jobs",
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
    let found = reported(&rows);
    assert_eq!(found.claim("A23", "5 patterns").answer, "none");
    let words = "No pattern runs the job and closes every escape path that was tried.";
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
    let found = reported(&rows);
    let told = format!("| `{rule}` | 1 | x |");
    assert!(found.page.contains(&told), "{}", found.page);
}

/// Facts are of the rows that they were derived of, and the same whenever they are derived.
#[test]
fn facts_are_the_same_again() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    made::run(&run, &rows(), 0);
    let program = env!("CARGO_BIN_EXE_sidecar");
    let text = || serde_json::to_string(&synthetic::derived(program, &run)).expect("JSON");
    assert!(text() == text(), "other facts the second time");
}

/// Whoever writes a row, a word of it that the program itself writes is one that it reads.
#[rstest]
#[case::more("agent-privilege", "more", "privilege", "bad")]
#[case::more_engine("engine-privilege", "more", "privilege", "mixed")]
fn a_word_that_is_written_is_read(
    #[case] property: &str,
    #[case] outcome: &str,
    #[case] aspect: &str,
    #[case] grade: &str,
) {
    let found = reported(&with("pattern", "sidecar", property, outcome));
    assert_eq!(found.pattern("sidecar")[&format!("{aspect}_grade")], grade);
    let told = line(&found.page, "| privilege handed over |");
    assert!(told[3].contains("more than the default; "), "{told:?}");
}

//! What patterns that give a pod an engine say of the claims, and the ledger of it.

use std::fs;

use measure::Trial;
use rstest::rstest;

use crate::ledger::{checked, json, ledger, paths, verdict, workspace};
use crate::pods::{self, line, reported, row, rows, whole, with};

/// Without what was seen of one property.
fn without(table: &str, subject: &str, step: &str) -> Vec<Trial> {
    let is_it = |row: &Trial| [&*row.table, &*row.subject, &*row.step] == [table, subject, step];
    rows().into_iter().filter(|row| !is_it(row)).collect()
}

/// Of each claim: what makes it so, what is contrary to it, and what leaves it open.
#[rstest]
#[case::b1("B1", "dind", "pattern", "dind", "job", "fails")]
#[case::b4("B4", "dind", "pattern", "dind", "without-privilege", "works")]
#[case::b5_cache("B5", "dood", "pattern", "dood", "cache", "lost")]
#[case::b5_store("B5", "dood", "pattern", "dood", "storage-volume", "vfs")]
#[case::b6("B6", "dood", "pattern", "dood", "daemons", "dockerd")]
#[case::b7_group("B7", "dood", "pattern", "dood", "group-of-the-socket", "not enough")]
#[case::b7_privilege("B7", "dood", "pattern", "dood", "agent-privilege", "full")]
#[case::b8("B8", "dood", "escape", "dood", "privileged-root-mount", "refused")]
#[case::b9("B9", "dood", "pattern", "dood", "socket-missing", "works")]
#[case::b10_names("B10", "dood", "pattern", "dood", "collision-container", "none")]
#[case::b10_volumes("B10", "dood", "pattern", "dood", "collision-volume", "none")]
#[case::b11_dood(
    "B11",
    "processor time, dood",
    "pattern",
    "dood",
    "accounting",
    "counted"
)]
#[case::b11_dind(
    "B11",
    "processor time, dind and sidecar",
    "pattern",
    "dind",
    "accounting",
    "missed"
)]
#[case::b12_job("B12", "sidecar", "pattern", "sidecar", "job", "fails")]
#[case::b12_tcp(
    "B12",
    "sidecar",
    "transport",
    "right certificate",
    "version",
    "refused"
)]
#[case::b13_with(
    "B13",
    "a privileged container",
    "escape",
    "sidecar",
    "privileged-root-mount",
    "stays inside"
)]
#[case::b13_without(
    "B13",
    "a privileged container",
    "escape",
    "sidecar-open",
    "privileged-root-mount",
    "refused"
)]
#[case::b14_privilege(
    "B14",
    "sidecar, with the plugin",
    "pattern",
    "sidecar",
    "agent-privilege",
    "full"
)]
#[case::b14_paths(
    "B14",
    "sidecar, with the plugin",
    "pattern",
    "sidecar",
    "node-paths",
    "/"
)]
#[case::b14_sees(
    "B14",
    "sidecar, with the plugin",
    "pattern",
    "sidecar",
    "isolation",
    "processes"
)]
#[case::b14_way(
    "B14",
    "sidecar, with the plugin",
    "escape",
    "sidecar",
    "device",
    "reaches the node"
)]
#[case::b15_cache("B15", "cache of a sidecar", "pattern", "sidecar", "cache", "kept")]
#[case::b15_store(
    "B15",
    "store of a sidecar",
    "pattern",
    "sidecar",
    "storage-layer",
    "overlay2"
)]
#[case::b16_full(
    "B16",
    "sidecar",
    "pattern",
    "sidecar",
    "engine-privilege",
    "no engine"
)]
#[case::b16_needs("B16", "sidecar", "pattern", "sidecar", "without-privilege", "works")]
#[case::b17_job(
    "B17",
    "daemonless: privilege and the node",
    "pattern",
    "daemonless",
    "job",
    "fails"
)]
#[case::b17_way(
    "B17",
    "daemonless: privilege and the node",
    "escape",
    "daemonless",
    "own-container",
    "reaches the node"
)]
#[case::b17_daemon(
    "B17",
    "daemonless: privilege and the node",
    "pattern",
    "daemonless",
    "daemons",
    "dockerd"
)]
#[case::b17_counted(
    "B17",
    "daemonless: accounting",
    "pattern",
    "daemonless",
    "accounting",
    "missed"
)]
fn claims_are_judged(
    #[case] id: &str,
    #[case] of: &str,
    #[case] table: &str,
    #[case] subject: &str,
    #[case] step: &str,
    #[case] contrary: &str,
) {
    let verdict = |rows: &[Trial]| reported(rows, 0).claim(id, of)["claim_verdict"].clone();
    assert_eq!(whole().claim(id, of)["claim_verdict"], "consistent here");
    assert_eq!(
        verdict(&with(table, subject, step, contrary)),
        "not reproduced here"
    );
    assert_eq!(
        verdict(&with(table, subject, step, "not seen")),
        "not measured here"
    );
}

/// Without the row a claim of several is open, and one of that row alone is none.
#[test]
fn what_has_no_row_confirms_nothing() {
    let found = reported(&without("transport", "right certificate", "version"), 0);
    assert_eq!(found.verdicts("B12"), ["sidecar: not measured here"]);
    let found = reported(&without("pattern", "dind", "job"), 0);
    assert!(found.verdicts("B1").is_empty());
    let found = reported(&[row("pattern", "dind", "cache", "lost", "")], 0);
    let of: Vec<&str> = found.claims.iter().map(|row| &*row["id"]).collect();
    assert_eq!(of, ["A23"]);
    assert_eq!(found.verdicts("A23"), ["1 patterns: not measured here"]);
    assert!(
        found
            .page
            .contains("No advice: of no pattern was enough seen.")
    );
}

#[test]
fn claims_of_other_shapes_are_judged() {
    let found = whole();
    for (id, expected) in [
        (
            "B6",
            &[
                "dood: consistent here",
                "memory of a pod: dood and dind: consistent here",
                "memory of a pod: dood and sidecar: consistent here",
            ][..],
        ),
        (
            "B13",
            &[
                "a privileged container: consistent here",
                "hostile and legitimate requests: consistent here",
            ],
        ),
        // Without the plugin the agent has the node by the engine's devices.
        (
            "B14",
            &[
                "sidecar, with the plugin: consistent here",
                "sidecar-open, without it: not reproduced here",
            ],
        ),
        (
            "B17",
            &[
                "daemonless: privilege and the node: consistent here",
                "daemonless: the cache: not reproduced here",
                "daemonless: accounting: consistent here",
            ],
        ),
        ("C5", &["bodies that a plugin is given: consistent here"]),
        // Of the placement alone nothing is confirmed.
        (
            "C8",
            &[
                "placement, dind: inconclusive here",
                "placement, sidecar: inconclusive here",
            ],
        ),
    ] {
        assert_eq!(found.verdicts(id), expected);
    }
    let c8 = &found.claim("C8", "placement, dind")["seen"];
    let words = "dind accounting-host-cgroupns: missed; the limit itself was not seen";
    assert_eq!(c8, words);
    let b14 = &found.claim("B14", "sidecar, with the plugin")["seen"];
    let words = "0 of 6 ways out of sidecar reach the node; sidecar engine-taken-over: reaches";
    assert!(b14.contains(words), "{b14}");
    let c5 = &found.claim("C5", "bodies that a plugin is given")["seen"];
    let words = "the plugin was not given the body of 2 of 8 hostile requests, and refused them; \
         without the plugin the daemon does 1 of these: privileged behind 1 MiB";
    assert_eq!(c5, words);
    let within = reported(
        &with("pattern", "dind", "accounting-host-cgroupns", "counted"),
        0,
    );
    assert_eq!(
        within.verdicts("C8")[0],
        "placement, dind: not reproduced here"
    );
}

#[rstest]
#[case::one_allowed("hostile", "bind of /", "allowed", "not reproduced here")]
#[case::one_unseen("hostile", "bind of /", "not seen", "not measured here")]
#[case::useless("legitimate", "docker pull", "refused", "inconclusive here")]
fn requests_are_judged(
    #[case] table: &str,
    #[case] name: &str,
    #[case] outcome: &str,
    #[case] expected: &str,
) {
    let found = reported(&with(table, name, "plugin", outcome), 0);
    let row = found.claim("B13", "hostile and legitimate requests");
    assert_eq!(row["claim_verdict"], expected);
    let cells = line(&found.page, &format!("| {name} |"));
    let sign = if outcome == "not seen" { '–' } else { '■' };
    assert!(cells[2].starts_with(sign), "{cells:?}");
}

/// Where the daemon hands over every body that it has, it has not that hole. Whether it has one that
/// the plugin was not given, only an engine without the plugin tells.
#[rstest]
#[case::all_handed_over("plugin", "body-missing", "not reproduced here")]
#[case::not_done("without plugin", "201", "not reproduced here")]
#[case::not_known("without plugin", "", "inconclusive here")]
fn a_body_that_is_not_handed_over_is_judged(
    #[case] step: &str,
    #[case] reason: &str,
    #[case] expected: &str,
) {
    let mut rows = rows();
    rows.retain_mut(|row| {
        let is_it = row.table == "hostile" && row.step == step;
        if is_it && row.reason == reason && step == "without plugin" {
            row.outcome = "rejected by the daemon".to_owned();
            return true;
        }
        !is_it || (!reason.is_empty() && row.reason != reason)
    });
    let found = reported(&rows, 0);
    let expected = format!("bodies that a plugin is given: {expected}");
    assert_eq!(found.verdicts("C5"), [expected]);
}

/// Pods that take about as much decide nothing; of those that take more the claim is wrong.
#[rstest]
#[case::alike(0, "inconclusive here")]
#[case::more(90_000_000, "not reproduced here")]
fn memory_is_judged_by_intervals(#[case] more: u64, #[case] expected: &str) {
    let mut rows = rows();
    let others = pods::memory("dind", 8);
    let own = rows
        .iter_mut()
        .filter(|row| row.table == "memory" && row.subject == "dood");
    for (row, other) in own.zip(others) {
        row.bytes = other.bytes.map(|bytes| bytes + more);
    }
    let found = reported(&rows, 0);
    let row = found.claim("B6", "memory of a pod: dood and dind");
    assert_eq!(row["claim_verdict"], expected);
}

#[test]
fn the_ledger_takes_further_evidence_where_it_is() {
    let place = workspace();
    let found = json(&ledger(place.path(), &["--json"]));
    let absent = found["absent"].as_array().expect("a list");
    let sidecar = absent.iter().find(|record| record["of"] == "sidecar");
    assert_eq!(sidecar.expect("absent")["remedy"], "cargo xtask sidecar");
    let not_covered = found["not_covered"].as_array().expect("a list");
    let has = |id: &str| not_covered.iter().any(|claim| claim["id"] == id);
    for id in ["A23", "B1", "B12", "B13", "B14", "B16", "B17", "C5"] {
        assert!(has(id), "{id}");
    }
    let reference = place.path().join("results/reference/sidecar");
    pods::run(&reference, &rows(), 0);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(paths(&found), ["results/reference/sidecar"]);
    for (id, expected) in [
        ("B1", "confirmed: "),
        ("B12", "confirmed: "),
        ("B13", "confirmed: "),
        ("B16", "confirmed: "),
        ("C5", "confirmed: "),
        (
            "A23",
            "answered: which pattern runs the job and does not expose the node? sidecar, daemonless (1 of 1)",
        ),
        (
            "B14",
            "depends: consistent here: sidecar, with the plugin; not reproduced here: sidecar-open, without it",
        ),
        // What checks hold is not confirmed without them, whatever a run has seen besides.
        ("B4", "not-yet: checks: no record; sidecar: confirmed"),
        ("B11", "not-yet: checks: no record; sidecar: confirmed"),
        ("C8", "not-yet: no record"),
        (
            "B15",
            "not-yet: storage-driver, cache-sharing: no record; sidecar: confirmed",
        ),
    ] {
        assert_eq!(verdict(&found, id), expected, "{id}");
    }
    let claims = found["claims"].as_array().expect("a list");
    let c8 = claims.iter().find(|claim| claim["id"] == "C8").expect("C8");
    let told = c8["points"].to_string();
    assert!(told.contains("the limit itself was not seen"), "{told}");
}

/// What the checks see and what the run sees, together: neither hides the other.
#[rstest]
#[case::agree("", "", "B4", "confirmed: ")]
#[case::contrary(
    "without-privilege",
    "works",
    "B4",
    "depends: checks: confirmed; sidecar: refuted: dind"
)]
#[case::undecided("without-privilege", "not seen", "B4", "confirmed: ")]
fn checks_and_run_are_held_together(
    #[case] step: &str,
    #[case] outcome: &str,
    #[case] id: &str,
    #[case] expected: &str,
) {
    let place = checked(|_| {});
    let rows = match step {
        "" => rows(),
        step => with("pattern", "dind", step, outcome),
    };
    pods::run(&place.path().join("results/reference/sidecar"), &rows, 0);
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(verdict(&found, id), expected);
    // Without a run of its own the checks' verdict is what it was.
    fs::remove_dir_all(place.path().join("results/reference/sidecar")).expect("removed");
    let found = json(&ledger(place.path(), &["--json"]));
    assert_eq!(verdict(&found, id), "confirmed: ");
}

/// Limits that this machine could not look at are still not looked at.
#[test]
fn a_run_does_not_stand_in_for_limits() {
    let place = checked(|row| {
        let limits = ["pids-limit", "memory-limit-shared-cgroupns"];
        if limits.contains(&&*row.property) {
            row.seen = String::new();
            row.detail = "no such controller".to_owned();
        }
    });
    pods::run(&place.path().join("results/reference/sidecar"), &rows(), 0);
    let found = json(&ledger(place.path(), &["--json"]));
    let limits = "not-yet: checks: pids-limit (dood): no such controller; sidecar: confirmed";
    assert_eq!(verdict(&found, "B11"), limits);
    let limit = "not-yet: memory-limit-shared-cgroupns (dind): no such controller";
    assert_eq!(verdict(&found, "C8"), limit);
}

//! What patterns say of the claims.

use measure::Trial;
use rstest::rstest;

use crate::made::{self, row, rows, with};
use crate::said::{line, reported, whole};

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
#[case::b11_dood("B11", "processor time, dood", "pattern", "dood", "accounting", "counted")]
#[case::b11_dind(
    "B11",
    "processor time, dind and sidecar",
    "pattern",
    "dind",
    "accounting",
    "missed"
)]
#[case::b12_job("B12", "sidecar", "pattern", "sidecar", "job", "fails")]
#[case::b12_tcp("B12", "sidecar", "transport", "right certificate", "version", "refused")]
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
#[case::b14_paths("B14", "sidecar, with the plugin", "pattern", "sidecar", "node-paths", "/")]
#[case::b14_sees("B14", "sidecar, with the plugin", "pattern", "sidecar", "isolation", "processes")]
#[case::b14_way(
    "B14",
    "sidecar, with the plugin",
    "escape",
    "sidecar",
    "device",
    "reaches the node"
)]
#[case::b15_cache("B15", "cache of a sidecar", "pattern", "sidecar", "cache", "kept")]
#[case::b15_store("B15", "store of a sidecar", "pattern", "sidecar", "storage-layer", "overlay2")]
#[case::b16_full("B16", "sidecar", "pattern", "sidecar", "engine-privilege", "no engine")]
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
    let verdict = |rows: &[Trial]| reported(rows).claim(id, of).here.clone();
    assert_eq!(whole().claim(id, of).here, "consistent");
    assert_eq!(verdict(&with(table, subject, step, contrary)), "not_reproduced");
    for unseen in ["not seen", "not without root"] {
        assert_eq!(verdict(&with(table, subject, step, unseen)), "not_measured");
    }
}

/// Without the row a claim of several is open, and one of that row alone is none.
#[test]
fn what_has_no_row_confirms_nothing() {
    let found = reported(&without("transport", "right certificate", "version"));
    assert_eq!(found.verdicts("B12"), ["sidecar: not_measured"]);
    let found = reported(&without("pattern", "dind", "job"));
    assert!(found.verdicts("B1").is_empty());
    let found = reported(&[row("pattern", "dind", "cache", "lost", "")]);
    let of: Vec<&str> = found.claims.iter().map(|row| &*row.id).collect();
    assert_eq!(of, ["A23"]);
    assert_eq!(found.verdicts("A23"), ["1 patterns: not_measured"]);
    assert!(found.page.contains("No advice: of no pattern was enough seen."));
}

#[test]
fn claims_of_other_shapes_are_judged() {
    let found = whole();
    for (id, expected) in [
        (
            "B6",
            &[
                "dood: consistent",
                "memory of a pod: dood and dind: consistent",
                "memory of a pod: dood and sidecar: consistent",
            ][..],
        ),
        (
            "B13",
            &["a privileged container: consistent", "hostile and legitimate requests: consistent"],
        ),
        // Without the plugin the agent has the node by the engine's devices.
        (
            "B14",
            &["sidecar, with the plugin: consistent", "sidecar-open, without it: not_reproduced"],
        ),
        (
            "B17",
            &[
                "daemonless: privilege and the node: consistent",
                "daemonless: the cache: not_reproduced",
                "daemonless: accounting: consistent",
            ],
        ),
        ("C5", &["bodies that a plugin is given: consistent"]),
        // Of the placement alone nothing is confirmed.
        ("C8", &["placement, dind: inconclusive", "placement, sidecar: inconclusive"]),
    ] {
        assert_eq!(found.verdicts(id), expected);
    }
    let c8 = &found.claim("C8", "placement, dind").seen;
    let words = "dind accounting-host-cgroupns: missed; the limit itself was not seen";
    assert_eq!(c8, words);
    let b14 = &found.claim("B14", "sidecar, with the plugin").seen;
    let words = "0 of 6 escape paths of sidecar reach the node; sidecar engine-taken-over: reaches";
    assert!(b14.contains(words), "{b14}");
    let c5 = &found.claim("C5", "bodies that a plugin is given").seen;
    let words = "the plugin was not given the body of 2 of 8 hostile requests, and refused them; \
         without the plugin the daemon does 1 of these: privileged behind 1 MiB";
    assert_eq!(c5, words);
    let within = reported(&with("pattern", "dind", "accounting-host-cgroupns", "counted"));
    assert_eq!(within.verdicts("C8")[0], "placement, dind: not_reproduced");
}

#[rstest]
#[case::one_allowed("hostile", "bind of /", "allowed", "not_reproduced")]
#[case::one_unseen("hostile", "bind of /", "not seen", "not_measured")]
#[case::useless("legitimate", "docker pull", "refused", "inconclusive")]
fn requests_are_judged(
    #[case] table: &str,
    #[case] name: &str,
    #[case] outcome: &str,
    #[case] expected: &str,
) {
    let found = reported(&with(table, name, "plugin", outcome));
    let row = found.claim("B13", "hostile and legitimate requests");
    assert_eq!(row.here, expected);
    let cells = line(&found.page, &format!("| {name} |"));
    let sign = if outcome == "not seen" { '–' } else { '■' };
    assert!(cells[2].starts_with(sign), "{cells:?}");
}

/// Where the daemon hands over every body that it has, it has not that hole. Whether it has one that
/// the plugin was not given, only an engine without the plugin tells.
#[rstest]
#[case::all_handed_over("plugin", "body-missing", "not_reproduced")]
#[case::not_done("without plugin", "201", "not_reproduced")]
#[case::not_known("without plugin", "", "inconclusive")]
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
    let found = reported(&rows);
    let expected = format!("bodies that a plugin is given: {expected}");
    assert_eq!(found.verdicts("C5"), [expected]);
}

/// Pods that take about as much decide nothing; of those that take more the claim is wrong.
#[rstest]
#[case::alike(0, "inconclusive")]
#[case::more(90_000_000, "not_reproduced")]
fn memory_is_judged_by_intervals(#[case] more: u64, #[case] expected: &str) {
    let mut rows = rows();
    let others = made::memory("dind", 8);
    let own = rows.iter_mut().filter(|row| row.table == "memory" && row.subject == "dood");
    for (row, other) in own.zip(others) {
        row.bytes = other.bytes.map(|bytes| bytes + more);
    }
    let found = reported(&rows);
    let row = found.claim("B6", "memory of a pod: dood and dind");
    assert_eq!(row.here, expected);
}

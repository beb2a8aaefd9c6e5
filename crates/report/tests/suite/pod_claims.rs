//! What runs of the patterns of a pod's engine say, beside other records, in the ledger.

use std::fs;
use std::path::Path;

use facts::{Claim, Here};
use rstest::rstest;

use crate::facts::{claim, says};
use crate::ledger::{checked, json, ledger, paths, verdict, workspace};

/// Of a run in which all went as it usually does; of B4 something else.
fn run(place: &Path, b4: Here) {
    let mut claims = vec![Claim {
        says: "which pattern runs the job and does not expose the node?".into(),
        answer: "sidecar, daemonless".into(),
        ..claim("A23", "5 patterns", Here::Answered)
    }];
    for id in ["B1", "B11", "B12", "B13", "B15", "B16", "B17", "C5"] {
        claims.push(claim(id, "all", Here::Consistent));
    }
    claims.extend([
        claim("B4", "dind", b4),
        claim("B14", "sidecar, with the plugin", Here::Consistent),
        claim("B14", "sidecar-open, without it", Here::NotReproduced),
        Claim {
            seen: "the limit itself was not seen".to_owned(),
            ..claim("C8", "placement, dind", Here::Inconclusive)
        },
    ]);
    says(&place.join("results/reference/sidecar"), "sidecar", claims);
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
    run(place.path(), Here::Consistent);
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
        ("B15", "not-yet: storage-driver, cache-sharing: no record; sidecar: confirmed"),
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
#[case::agree(Here::Consistent, "confirmed: ")]
#[case::contrary(Here::NotReproduced, "depends: checks: confirmed; sidecar: refuted: dind")]
#[case::undecided(Here::NotMeasured, "confirmed: ")]
fn checks_and_run_are_held_together(#[case] here: Here, #[case] expected: &str) {
    let (place, id) = (checked(|_| {}), "B4");
    run(place.path(), here);
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
    run(place.path(), Here::Consistent);
    let found = json(&ledger(place.path(), &["--json"]));
    let limits = "not-yet: checks: pids-limit (dood): no such controller; sidecar: confirmed";
    assert_eq!(verdict(&found, "B11"), limits);
    let limit = "not-yet: memory-limit-shared-cgroupns (dind): no such controller";
    assert_eq!(verdict(&found, "C8"), limit);
}

//! Patterns that give a pod an engine: the comparison, tables, advice, claims, the figure.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use measure::Trial;
use rstest::rstest;

use crate::ledger::{json, ledger, paths, verdict, workspace};
use crate::pods::{self, PATTERNS, memory, row, rows, with};
use crate::support::*;

type Row = BTreeMap<String, String>;

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

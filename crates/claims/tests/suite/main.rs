//! The claims about isolation, siblings and privilege, looked at on real engines.
//!
//! One test for each property, with a case for each cell of its row in `tables/expected.csv` and for
//! each of its rows in `tables/mutations.csv`: a set-up that is deliberately wrong, which has to be
//! rejected. What each sees goes into `target/claims/GENERATION.csv`, from which `cargo xtask claims`
//! makes the ledger.

mod integration;
mod look;
mod pattern;
mod processes;
mod properties;
mod recording;
mod scene;
mod suite;
mod tables;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: only a process with a single thread can join namespaces.
    if let Some(code) = integration::child() {
        return code;
    }
    lab_test::run(lab_test::overlapping(), |test, why| {
        suite::suite().unseen(test, why);
    })
}

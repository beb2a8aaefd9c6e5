//! The lab's properties, on real engines.
//!
//! Each test starts what it needs and shares nothing it changes. What the documents claim of patterns
//! of nesting is looked at by the suite of `crates/claims`.

mod client;
mod confinement;
mod filters;
mod harness;
mod mishaps;
mod side_by_side;
mod tutorial;

use std::process::ExitCode;

use harness::{Test, ensure, test};
use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let tests = [
        client::tests(),
        confinement::tests(),
        filters::tests(),
        mishaps::tests(),
        side_by_side::tests(),
        tutorial::tests(),
    ];
    harness::run(&Arguments::from_args(), tests.into_iter().flatten())
}

/// A fresh lab.
fn lab() -> miette::Result<lab::Lab> {
    lab::Lab::start(&lab::Options::default())
}

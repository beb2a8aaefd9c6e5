//! The lab's properties, on real engines.
//!
//! Each test starts what it needs and shares nothing it changes. A name that begins with claim ids
//! (`a1_a4_…`) is evidence for them.

mod claims;
mod client;
mod confinement;
mod filters;
mod harness;
mod integration;
mod mishaps;
mod side_by_side;
mod tutorial;

use std::process::ExitCode;

use harness::{Test, ensure, test};
use libtest_mimic::Arguments;

fn main() -> ExitCode {
    // Before anything else: only a process with a single thread can join namespaces.
    if let Some(code) = integration::child() {
        return code;
    }
    let tests = [
        claims::tests(),
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

//! The lab's properties, on real engines.
//!
//! Each test starts what it needs and shares nothing it changes. What the machine lacks is shown as
//! ignored, with the reason in place of the test's kind; `MATRYOSHKA_REQUIRE_LAB=1` (CI) turns that
//! into a failure. A name that begins with claim ids (`a1_a4_…`) is evidence for them.

mod claims;
mod client;
mod confinement;
mod mishaps;
mod tutorial;

use std::process::ExitCode;

use lab::{Found, Kind};
use libtest_mimic::{Arguments, Failed, Trial};

type Outcome = Result<(), Failed>;

fn main() -> ExitCode {
    let lacking = lacking();
    let required = std::env::var_os("MATRYOSHKA_REQUIRE_LAB").is_some();
    let trials = [
        claims::tests(),
        client::tests(),
        confinement::tests(),
        mishaps::tests(),
        tutorial::tests(),
    ];
    let trials = trials
        .into_iter()
        .flatten()
        .map(|(name, test)| match &lacking {
            Some(reason) if required => {
                let reason = format!("this machine can't: {reason}");
                Trial::test(name, move || Err(Failed::from(reason)))
            }
            Some(reason) => Trial::test(name, test)
                .with_ignored_flag(true)
                .with_kind(reason),
            None => Trial::test(name, test),
        });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// A test and its name.
type Test = (String, Box<dyn FnOnce() -> Outcome + Send>);

fn test(
    name: impl Into<String>,
    body: impl FnOnce() -> miette::Result<()> + Send + 'static,
) -> Test {
    let body = move || body().map_err(|report| Failed::from(format!("{report:?}")));
    (name.into(), Box::new(body))
}

/// What this machine lacks for a lab.
fn lacking() -> Option<String> {
    let checks = lab::preflight(Kind::User);
    checks.into_iter().find_map(|check| match check.found {
        Found::Ready(_) => None,
        Found::Missing { why, .. } => Some(format!("needs {}: {why}", check.what)),
    })
}

/// A fresh lab.
fn lab() -> miette::Result<lab::Lab> {
    lab::Lab::start(&lab::Options::default())
}

/// Fails a test with what was found.
macro_rules! ensure {
    ($condition:expr, $($found:tt)+) => {
        if !$condition {
            return Err(miette::miette!("{}: {}", stringify!($condition), format!($($found)+)));
        }
    };
}
use ensure;

//! Tests that decide at run time whether this machine can run them. Shared by the test programs
//! that need real engines.

use std::process::ExitCode;

use lab::{Found, Kind};
use libtest_mimic::{Arguments, Failed, Trial};

/// A test.
pub(crate) struct Test {
    name: String,
    /// What this machine lacks for it, though it can run a lab.
    pub(crate) lacks: Option<String>,
    body: Box<dyn FnOnce() -> Result<(), Failed> + Send>,
}

pub(crate) fn test(
    name: impl Into<String>,
    body: impl FnOnce() -> miette::Result<()> + Send + 'static,
) -> Test {
    let body = move || body().map_err(|report| Failed::from(format!("{report:?}")));
    Test {
        name: name.into(),
        lacks: None,
        body: Box::new(body),
    }
}

/// Runs the tests; what the machine lacks is shown as ignored, with the reason in place of the
/// test's kind. `MATRYOSHKA_REQUIRE_LAB=1` (CI) turns that into a failure.
pub(crate) fn run(arguments: &Arguments, tests: impl IntoIterator<Item = Test>) -> ExitCode {
    let lacking = lacking();
    let required = std::env::var_os("MATRYOSHKA_REQUIRE_LAB").is_some();
    let trials = tests
        .into_iter()
        .map(|Test { name, lacks, body }| match (&lacking, lacks) {
            (Some(reason), _) if required => {
                let reason = format!("this machine can't: {reason}");
                Trial::test(name, move || Err(Failed::from(reason)))
            }
            (Some(reason), _) => Trial::test(name, body)
                .with_ignored_flag(true)
                .with_kind(reason),
            (None, Some(reason)) => Trial::test(name, body)
                .with_ignored_flag(true)
                .with_kind(reason),
            (None, None) => Trial::test(name, body),
        });
    libtest_mimic::run(arguments, trials.collect()).exit_code()
}

/// What this machine lacks for a lab.
fn lacking() -> Option<String> {
    let checks = lab::preflight(Kind::User);
    let missing = checks.into_iter().find_map(|check| match check.found {
        Found::Ready(_) => None,
        Found::Missing { why, .. } => Some(format!("needs {}: {why}", check.what)),
    });
    // Neither in the cache nor to be fetched.
    missing.or_else(|| {
        lab::Bundle::get()
            .err()
            .map(|report| format!("needs engines: {report}"))
    })
}

/// Fails a test with what was found.
macro_rules! ensure {
    ($condition:expr, $($found:tt)+) => {
        if !$condition {
            return Err(miette::miette!("{}: {}", stringify!($condition), format!($($found)+)));
        }
    };
}
pub(crate) use ensure;

//! Tests that decide at run time whether this machine can run them. Shared by the test programs
//! that need real engines.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use lab::{Found, Generation, Kind};
use libtest_mimic::{Arguments, Failed, Trial};
use miette::{Result, miette};

/// Names the generation of engines that tests run on which are of none in particular.
const GENERATION: &str = "MATRYOSHKA_GENERATION";

/// A test, and what it needs.
pub(crate) struct Test {
    pub(crate) name: String,
    /// The kinds of labs that it starts.
    pub(crate) kinds: &'static [Kind],
    /// What this machine lacks for it, though it can run a lab.
    pub(crate) lacks: Option<String>,
    pub(crate) body: Body,
}

type Body = Box<dyn FnOnce() -> Result<(), Failed> + Send>;

/// A test in a lab of the default kind and the chosen generation.
pub(crate) fn test(
    name: impl Into<String>,
    body: impl FnOnce() -> Result<()> + Send + 'static,
) -> Test {
    Test {
        name: name.into(),
        kinds: &[Kind::User],
        lacks: None,
        body: Box::new(move || body().map_err(|report| Failed::from(format!("{report:?}")))),
    }
}

/// The generation that was chosen for this run of the tests.
pub(crate) fn generation() -> Result<Generation> {
    match std::env::var(GENERATION) {
        Ok(name) => name.parse().map_err(|why| miette!("{GENERATION}: {why}")),
        Err(_) => Ok(Generation::default()),
    }
}

/// Runs the tests; what the machine lacks is shown as ignored, with the reason in place of the
/// test's kind. `MATRYOSHKA_REQUIRE_LAB=1` (CI) turns a lack of what every lab needs into a failure,
/// but not that of what only some machines can have ([`Test::lacks`]).
pub(crate) fn run(arguments: &Arguments, tests: impl IntoIterator<Item = Test>) -> ExitCode {
    let chosen = match generation() {
        Ok(generation) => generation,
        Err(report) => {
            let _ = writeln!(std::io::stderr(), "{report:?}");
            return ExitCode::FAILURE;
        }
    };
    let required = std::env::var_os("MATRYOSHKA_REQUIRE_LAB").is_some();
    let mut asked = BTreeMap::new();
    let mut lacks = |kind, generation| -> Option<String> {
        let answer = asked.entry((kind, generation));
        answer.or_insert_with(|| lacking(kind, generation)).clone()
    };
    let trials = tests.into_iter().map(|test| {
        let (name, body) = (test.name.clone(), test.body);
        let trial = Trial::test(test.name, move || timed(&name, body));
        // What does not run needs nothing: another generation's engines would be fetched for it.
        if !arguments.ignored && arguments.is_filtered_out(&trial) {
            return trial;
        }
        let mut kinds = test.kinds.iter();
        let own = test.lacks;
        match kinds.find_map(|&kind| lacks(kind, chosen)) {
            Some(reason) if required => {
                let reason = format!("this machine can't: {reason}");
                Trial::test(trial.name(), move || Err(Failed::from(reason)))
            }
            Some(reason) => trial.with_ignored_flag(true).with_kind(reason),
            None => match own {
                Some(reason) => trial.with_ignored_flag(true).with_kind(reason),
                None => trial,
            },
        }
    });
    let trials = trials.collect();
    libtest_mimic::run(arguments, trials).exit_code()
}

/// Adds a test's time to the file that `cargo xtask ci` names: the seconds, then package, program and
/// test.
fn timed(name: &str, body: Body) -> Result<(), Failed> {
    let began = Instant::now();
    let done = body();
    let seconds = began.elapsed().as_secs_f64();
    if let Some(times) = std::env::var_os("MATRYOSHKA_TEST_TIMES") {
        let file = File::options().create(true).append(true).open(times);
        // One write a line: other programs may append as well.
        let (package, program) = (env!("CARGO_PKG_NAME"), env!("CARGO_CRATE_NAME"));
        let line = format!("{seconds:.2} {package} {program}: {name}\n");
        file.and_then(|mut file| file.write_all(line.as_bytes()))?;
    }
    done
}

/// What this machine lacks for a lab of this kind and generation.
pub(crate) fn lacking(kind: Kind, generation: Generation) -> Option<String> {
    let checks = lab::preflight(kind, generation);
    let missing = checks.into_iter().find_map(|check| match check.found {
        Found::Ready(_) => None,
        Found::Missing { why, .. } => Some(format!("needs {}: {why}", check.what)),
    });
    // Neither in the cache nor to be fetched.
    missing.or_else(|| {
        lab::Bundle::get(generation).err().map(|report| {
            let chain: Vec<String> = report.chain().map(ToString::to_string).collect();
            format!("needs engines: {}", chain.join(": "))
        })
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

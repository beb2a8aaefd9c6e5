//! What tests on real engines share. For tests only.
//!
//! A test is a function, alone or as rstest has it, with cases and fixtures:
//!
//! ```no_run
//! #[lab_test::test]
//! fn a_lab_has_a_name() -> miette::Result<()> {
//!     let lab = lab::Lab::start(&lab_test::options()?)?;
//!     lab_test::ensure!(!lab.id().is_empty(), "{}", lab.id());
//!     Ok(())
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     lab_test::run(lab_test::overlapping(), |_, _| {})
//! }
//! ```
//!
//! **Why an attribute and a harness of our own.** Whether a machine can run a test is known when it runs:
//! a build script would have to try it again for every build, and what cargo has kept of its answer is
//! wrong as soon as the privileges change. The standard harness ignores only what was to be ignored
//! when it was compiled. So a program of tests says `harness = false`, libtest-mimic speaks the standard
//! command line (`cargo test NAME`, nextest and editors know no difference), and what the machine lacks
//! is shown as ignored, with the reason.

mod kept;
mod machine;
pub mod need;
mod own;
mod part;
mod run;

use std::fs::File;
use std::io::Write;
use std::num::NonZero;
use std::process::ExitCode;
use std::time::Instant;

#[doc(hidden)]
pub use ::miette;
use ::miette::{Report, Result, miette};
pub use inventory::submit;
pub use kept::{Kept, words};
pub use lab_test_macros::test;
use libtest_mimic::{Arguments, Failed, Trial};
pub use machine::Machine;
pub use need::is_patient;
use need::{Lack, Needs};
pub use own::{OwnEngines, Who};
pub use part::killed;
pub use run::{Cut, Run};

/// Names the generation of engines that tests run on which are of none in particular.
const GENERATION: &str = "MATRYOSHKA_GENERATION";

/// A test of this program.
pub struct Test {
    /// Module path and function.
    pub path: &'static str,
    /// Where it is written: file and line.
    pub place: (&'static str, u32),
    /// What it needs besides or instead of a lab of the default kind.
    pub needs: &'static [fn() -> need::Need],
    /// Runs it.
    pub run: fn() -> Result<()>,
}

inventory::collect!(Test);

impl Test {
    /// Its name, as the standard harness would have it: without the program's.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.split_once("::").map_or(self.path, |(_, name)| name)
    }
}

/// All tests of this program, in the order in which they are written.
#[must_use]
pub fn tests() -> Vec<&'static Test> {
    let mut tests: Vec<&Test> = inventory::iter::<Test>().collect();
    tests.sort_by_key(|test| (test.place, test.path));
    tests
}

/// What a test may return.
pub trait Done {
    /// Whether it failed, and why.
    fn done(self) -> Result<()>;
}

impl Done for () {
    fn done(self) -> Result<()> {
        Ok(())
    }
}

impl Done for Result<()> {
    fn done(self) -> Result<()> {
        self
    }
}

/// The generation that was chosen for this run of the tests.
pub fn generation() -> Result<lab::Generation> {
    match std::env::var(GENERATION) {
        Ok(name) => name.parse().map_err(|why| miette!("{GENERATION}: {why}")),
        Err(_) => Ok(lab::Generation::default()),
    }
}

/// The default lab, of that generation. Whatever was pulled on this machine, tests see stand-ins.
pub fn options() -> Result<lab::Options> {
    let images = Some(lab::Images::StandIns);
    Ok(lab::Options { generation: generation()?, images, ..lab::Options::default() })
}

/// How many tests to run at once that spend half of their time waiting for an engine.
#[must_use]
pub fn overlapping() -> usize {
    2 * std::thread::available_parallelism().map_or(2, NonZero::get)
}

/// Runs this program's tests, at most so many at once. What the machine lacks is shown as ignored, with
/// the reason in place of the test's kind.
///
/// `MATRYOSHKA_REQUIRE_LAB=1` (CI) turns a lack of what every lab needs into a failure, but not that of
/// what only some machines can have. Of a test with such a lack, that would run otherwise, `unseen` is
/// told the name and the reason.
pub fn run(threads: usize, unseen: impl Fn(&str, &str)) -> ExitCode {
    let mut arguments = Arguments::from_args();
    // What an ordinary user lacks for it is why a test is ignored.
    let _ = lab::become_root();
    let wanted = arguments.test_threads.unwrap_or(threads);
    arguments.test_threads = Some(wanted.min(threads));
    let mut needs = match generation() {
        Ok(chosen) => Needs::of(chosen),
        Err(report) => {
            let _ = writeln!(std::io::stderr(), "{report:?}");
            return ExitCode::FAILURE;
        }
    };
    let required = std::env::var_os("MATRYOSHKA_REQUIRE_LAB").is_some();
    let trials = tests().into_iter().map(|test| {
        let trial = Trial::test(test.name(), || timed(test));
        // What does not run needs nothing: another generation's engines would be fetched for it.
        if !arguments.ignored && arguments.is_filtered_out(&trial) {
            return trial;
        }
        let why = match needs.lacking(test.needs) {
            None => return trial,
            Some(Lack::Lab(why)) if required => {
                let why = format!("this machine can't: {why}");
                return Trial::test(test.name(), move || Err(Failed::from(why)));
            }
            Some(Lack::Lab(why)) => why,
            Some(Lack::Further(why)) => {
                if !arguments.list {
                    unseen(test.name(), &why);
                }
                why
            }
        };
        let trial = trial.with_ignored_flag(true);
        // A list has names only: whoever asks for it runs tests by them.
        if arguments.list {
            return trial;
        }
        trial.with_kind(why)
    });
    let trials = trials.collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Adds a test's time to the file that `cargo xtask ci` names: the seconds, then package, program and
/// test.
fn timed(test: &Test) -> Result<(), Failed> {
    let began = Instant::now();
    let done = (test.run)().map_err(|report: Report| Failed::from(format!("{report:?}")));
    let seconds = began.elapsed().as_secs_f64();
    if let Some(times) = std::env::var_os("MATRYOSHKA_TEST_TIMES") {
        let file = File::options().create(true).append(true).open(times);
        // Cargo names it; one write a line: other programs may append as well.
        let package = std::env::var("CARGO_PKG_NAME").unwrap_or_default();
        let program = test.path.split("::").next().unwrap_or_default();
        let line = format!("{seconds:.2} {package} {program}: {}\n", test.name());
        file.and_then(|mut file| file.write_all(line.as_bytes()))?;
    }
    done
}

/// Fails a test with what was found.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($found:tt)+) => {
        if !$condition {
            let found = format!($($found)+);
            return Err($crate::miette::miette!("{}: {found}", stringify!($condition)));
        }
    };
}

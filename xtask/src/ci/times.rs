//! Which tests take long, and what those say that fail.
//!
//! The stable libtest has no time of a test, only of a program; the harness of the tests on real
//! engines, which take nearly all of the time, writes one a test into a file that is named to it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use miette::{IntoDiagnostic, Result, miette};
use program::say;

use super::succeeds;

/// Names that file; a line is seconds, a space and the test's name, which begins with that of its
/// program.
const TIMES: &str = "MATRYOSHKA_TEST_TIMES";

/// How many are shown.
const SHOWN: usize = 20;

/// The tests of a whole run.
pub(super) struct Tests {
    times: PathBuf,
    programs: Programs,
}

/// What cargo ran.
#[derive(Default)]
struct Programs {
    seconds: BTreeMap<String, f64>,
    /// The one that runs now.
    current: String,
    /// What failed tests said, which stands between the two lines `failures:` of a program.
    failures: Vec<String>,
    in_failures: bool,
}

impl Programs {
    /// A line of cargo's, or of the program that it runs.
    fn note(&mut self, line: &str) {
        if let Some(name) = begun(line) {
            self.current = name;
        }
        if line == "failures:" {
            self.in_failures ^= true;
        } else if line.starts_with("test result: ") {
            self.in_failures = false;
        } else if self.in_failures && !line.trim().is_empty() {
            self.failures.push(format!("{}: {line}", self.current));
        }
        if let Some(seconds) = ended(line) {
            *self.seconds.entry(self.current.clone()).or_default() += seconds;
        }
    }
}

impl Tests {
    pub(super) fn new(times: PathBuf) -> Self {
        let programs = Programs::default();
        Self { times, programs }
    }

    /// Runs `cargo test` and shows what it says, its two streams in the order in which they come.
    pub(super) fn run(&mut self, mut cargo: Command) -> Result<bool> {
        let (output, its_end) = std::io::pipe().into_diagnostic()?;
        cargo.stdout(its_end.try_clone().into_diagnostic()?);
        cargo.stderr(its_end).env(TIMES, &self.times);
        let programs = &mut self.programs;
        thread::scope(|scope| {
            let shown = scope.spawn(|| show(output, programs));
            let succeeded = succeeds(&mut cargo);
            // It holds the pipe's other end.
            drop(cargo);
            let shown = shown.join();
            shown.map_err(|_| miette!("the tests' output can't be shown"))??;
            succeeded
        })
    }

    /// What failed tests said: at the end of a long log, where it is looked for.
    pub(super) fn failures(&self) -> &[String] {
        &self.programs.failures
    }

    /// The slowest ones as a table.
    pub(super) fn slowest(&self) -> String {
        let times = fs::read_to_string(&self.times).unwrap_or_default();
        let mut rows: Vec<(f64, &str)> = times
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(seconds, name)| Some((seconds.parse().ok()?, name)))
            .collect();
        // A program whose tests have times of their own is not one more test.
        let apart = |program: &&str| !rows.iter().any(|(_, name)| name.starts_with(*program));
        let whole: Vec<&str> =
            self.programs.seconds.keys().map(String::as_str).filter(apart).collect();
        rows.extend(whole.into_iter().map(|name| (self.programs.seconds[name], name)));
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        let lines = rows.iter().take(SHOWN);
        let lines = lines.map(|(seconds, name)| format!("{seconds:>8.1} s  {name}"));
        let head = format!("the slowest {SHOWN} tests, or programs of tests:");
        std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
    }
}

/// Hands each line on.
fn show(output: impl std::io::Read, programs: &mut Programs) -> Result<()> {
    for line in BufReader::new(output).split(b'\n') {
        let line = String::from_utf8_lossy(&line.into_diagnostic()?).into_owned();
        programs.note(&line);
        say(line)?;
    }
    Ok(())
}

/// The program that cargo says it runs, by package and name: `suite` is the name of many.
fn begun(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(package) = line.strip_prefix("Doc-tests ") {
        return Some(format!("doc tests of {package}"));
    }
    let (_, file) = line.strip_prefix("Running ")?.split_once(" (")?;
    let file = file.strip_suffix(')')?;
    let name = file.rsplit('/').next()?.rsplit_once('-')?.0;
    // Rustc's list of what it was made of: the program, a colon, the sources, in the package's folder.
    let made_of = fs::read_to_string(format!("{file}.d")).unwrap_or_default();
    let source = made_of.lines().next()?.split(' ').nth(1)?;
    let package = source.split(['/']).take_while(|part| !["src", "tests"].contains(part));
    Some(format!("{} {name}", package.last()?))
}

/// The seconds in `test result: ok. … finished in 1.25s`.
fn ended(line: &str) -> Option<f64> {
    line.strip_prefix("test result: ")?;
    let (_, seconds) = line.rsplit_once("finished in ")?;
    seconds.strip_suffix('s')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_failed_test_said_is_kept() {
        let mut programs = Programs { current: "lab suite".to_owned(), ..Programs::default() };
        let said = "test a ... FAILED\n\nfailures:\n\n---- a ----\nthe engine's words\n\n\n\
                    failures:\n    a\n\ntest result: FAILED. 1 passed; 1 failed\n\
                    test b ... ok\n\ntest result: ok. 1 passed; finished in 1.00s\n";
        said.lines().for_each(|line| programs.note(line));
        assert_eq!(programs.failures, ["lab suite: ---- a ----", "lab suite: the engine's words"]);
    }

    #[test]
    fn the_slowest_come_first_and_none_twice() {
        let place = tempfile::tempdir().expect("a folder");
        let mut tests = Tests::new(place.path().join("times"));
        let program = place.path().join("suite-0");
        let made_of = format!("{}: crates/lab/tests/suite/main.rs\n", program.display());
        fs::write(place.path().join("suite-0.d"), made_of).expect("a file");
        let said = "     Running tests/suite/main.rs (PROGRAM)\n\
                    test result: ok. 2 passed; 0 failed; finished in 9.00s\n   \
                    Doc-tests measure\n\
                    test result: FAILED. 0 passed; 1 failed; finished in 2.50s\n";
        let said = said.replace("PROGRAM", program.to_str().expect("UTF-8"));
        said.lines().for_each(|line| tests.programs.note(line));
        fs::write(&tests.times, "4.1 lab suite: a\n1 lab suite: b\n").expect("a file");
        let table = tests.slowest();
        let rows: Vec<&str> = table.lines().skip(1).map(str::trim).collect();
        let expected =
            ["4.1 s  lab suite: a", "2.5 s  doc tests of measure", "1.0 s  lab suite: b"];
        assert_eq!(rows, expected);
    }
}

//! What CI runs, and anyone before a push.

mod times;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use miette::{IntoDiagnostic, Result, miette};
use program::say;
use xshell::cmd;

use crate::programs::Programs;
use crate::{exp4, process};
use times::Tests;

/// Turns "this machine can't run that test" into a failure.
const REQUIRE: &str = "MATRYOSHKA_REQUIRE_LAB";

/// Chooses the engines that tests run on.
const GENERATION: &str = "MATRYOSHKA_GENERATION";

/// The generations whose engines are held against the claims beside the default one's.
const GENERATIONS: [&str; 2] = ["bookworm", "forky"];

/// What a run of experiment 4 leaves, and a test of its content.
type Test = fn(&[u8]) -> bool;
const LEFT: &[(&str, Test)] = &[
    ("startup/samples.csv", |text| lines(text) > 12 * 10),
    ("cpu/samples.csv", |text| lines(text) > 15 * 10),
    ("startup/manifest.json", |text| {
        contains(text, "\"status\": \"complete\"")
    }),
    ("cpu/manifest.json", |text| {
        contains(text, "\"status\": \"complete\"")
    }),
    ("summary.csv", |text| lines(text) == 1 + 12 + 15),
    ("ratios.csv", |text| lines(text) > 10),
    ("exp4_nested.csv", |text| {
        contains(text, "method,metric,rep,value") && lines(text) == 1 + 2 * 5 * 10
    }),
    ("exp4_nested.png", |bytes| bytes.starts_with(b"\x89PNG")),
    ("parts.csv", |text| lines(text) > 2),
    ("claims.csv", |text| contains(text, "A15")),
    ("report.md", |text| contains(text, "dind/docker")),
    ("report.html", |text| contains(text, "</html>")),
    ("forest.svg", |text| contains(text, "</svg>")),
    ("order.svg", |text| contains(text, "</svg>")),
    ("figure.svg", |text| contains(text, "</svg>")),
    ("figure.png", |bytes| {
        bytes.starts_with(b"\x89PNG") && bytes.len() > 20_000
    }),
];

pub(crate) fn run(programs: &Programs) -> Result<ExitCode> {
    let shell = programs.shell();
    shell.change_dir(programs.root());
    shell.set_var(REQUIRE, "1");
    let place = tempfile::tempdir().into_diagnostic()?;
    let mut tests = Tests::new(place.path().join("times"));
    let mut failed = Vec::new();
    let mut step = |name: String, done: Result<bool>| {
        if let Err(report) = &done {
            program::complain(report);
        }
        if !matches!(done, Ok(true)) {
            failed.push(name);
        }
    };
    // Each says what it finds, whatever the others found.
    for line in [
        cmd!(shell, "cargo fmt --all --check"),
        cmd!(
            shell,
            "cargo clippy --workspace --all-targets --locked -- -D warnings"
        ),
    ] {
        step(line.to_string(), succeeds(&mut line.into()));
    }
    let all = cmd!(shell, "cargo test --workspace --locked --no-fail-fast");
    step(all.to_string(), tests.run(all.into()));
    // The default generation has had its turn with the rest.
    for generation in GENERATIONS {
        let claims = cmd!(
            shell,
            "cargo test --package claims --test suite --locked --no-fail-fast"
        );
        let name = format!("{claims} ({generation})");
        step(name, tests.run(claims.env(GENERATION, generation).into()));
    }
    let out = place.path().join("exp4");
    let run = exp4::quick(programs, &out).and_then(|()| check(&out));
    step("exp4 --quick".to_owned(), run.map(|()| true));
    say(tests.slowest())?;
    if failed.is_empty() {
        say("ci: all is well")?;
        return Ok(ExitCode::SUCCESS);
    }
    say(format!("ci: failed: {}", failed.join(", ")))?;
    Ok(ExitCode::FAILURE)
}

fn succeeds(command: &mut Command) -> Result<bool> {
    Ok(process::tied(command)? == 0)
}

fn check(out: &Path) -> Result<()> {
    for (name, test) in LEFT {
        let path = out.join(name);
        let content = fs::read(&path).into_diagnostic()?;
        if !test(&content) {
            return Err(miette!("{} is not what a run leaves", path.display()));
        }
    }
    for part in ["startup", "cpu"] {
        let samples = fs::read_to_string(out.join(part).join("samples.csv")).into_diagnostic()?;
        if samples.lines().skip(1).any(|row| !row.ends_with(',')) {
            return Err(miette!("a sample of {part} failed:\n{samples}"));
        }
    }
    Ok(())
}

fn lines(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .count()
}

fn contains(text: &[u8], part: &str) -> bool {
    String::from_utf8_lossy(text).contains(part)
}

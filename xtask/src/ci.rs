//! What CI runs, and anyone before a push.

mod times;

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use miette::{IntoDiagnostic, Result, miette};
use program::say;
use serde_json::Value;
use xshell::cmd;

use crate::experiments::Whole;
use crate::process;
use crate::programs::Programs;
use crate::run::quick;
use crate::selfbench::manifest;
use times::Tests;

/// Turns "this machine can't run that test" into a failure.
const REQUIRE: &str = "MATRYOSHKA_REQUIRE_LAB";

/// Runs the tests that take long, too.
const SLOW: &str = "MATRYOSHKA_SLOW_TESTS";

/// Chooses the engines that tests run on.
const GENERATION: &str = "MATRYOSHKA_GENERATION";

/// The generations whose engines are held against the claims beside the default one's.
const GENERATIONS: [&str; 2] = ["bookworm", "forky"];

/// What a whole run leaves beside its parts and the tables that [`check`] counts, and a test of its
/// content.
type Test = fn(&[u8]) -> bool;
const LEFT: &[(&str, Test)] = &[
    ("ratios.csv", |text| lines(text) > 10),
    ("exp4_nested.png", |bytes| bytes.starts_with(b"\x89PNG")),
    ("parts.csv", |text| lines(text) > 2),
    ("claims.csv", |text| contains(text, "A15")),
    ("report.md", |text| contains(text, "dind/docker")),
    ("report.html", |text| contains(text, "</html>")),
    ("forest.svg", |text| contains(text, "</svg>")),
    ("order.svg", |text| contains(text, "</svg>")),
    ("figure.svg", |text| contains(text, "</svg>")),
    ("figure.png", |bytes| bytes.starts_with(b"\x89PNG") && bytes.len() > 20_000),
];

pub(crate) fn run(programs: &Programs, wholes: &[Whole]) -> Result<ExitCode> {
    let shell = programs.shell();
    shell.change_dir(programs.root());
    shell.set_var(REQUIRE, "1");
    shell.set_var(SLOW, "1");
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
        cmd!(shell, "cargo clippy --workspace --all-targets --locked -- -D warnings"),
    ] {
        step(line.to_string(), succeeds(&mut line.into()));
    }
    let all = cmd!(shell, "cargo test --workspace --locked --no-fail-fast");
    step(all.to_string(), tests.run(all.into()));
    // The default generation has had its turn with the rest.
    for generation in GENERATIONS {
        let claims =
            cmd!(shell, "cargo test --package claims --test suite --locked --no-fail-fast");
        let name = format!("{claims} ({generation})");
        step(name, tests.run(claims.env(GENERATION, generation).into()));
    }
    for whole in wholes {
        let out = place.path().join(&whole.name);
        let run = quick(programs, whole, &out).and_then(|()| check(whole, &out));
        step(format!("{} --quick", whole.name), run.map(|()| true));
    }
    say(tests.slowest())?;
    tests.failures().iter().try_for_each(say)?;
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

fn check(whole: &Whole, out: &Path) -> Result<()> {
    let read = |name: &str| fs::read(out.join(name)).into_diagnostic();
    let refused = |name: &str| miette!("{} is not what a run leaves", out.join(name).display());
    for (name, test) in LEFT {
        if !test(&read(name)?) {
            return Err(refused(name));
        }
    }
    let (mut arms, mut published) = (0, 0);
    for part in &whole.parts {
        let manifest = manifest(&out.join(part))?;
        let declared = manifest["arms"].as_array().map_or(&[][..], Vec::as_slice);
        let is_published = |arm: &&Value| arm["method"] != "";
        let blocks = usize::try_from(manifest["blocks"].as_u64().unwrap_or(0)).into_diagnostic()?;
        arms += declared.len();
        published += declared.iter().filter(is_published).count() * blocks;
        let name = format!("{part}/samples.csv");
        let samples = String::from_utf8(read(&name)?).into_diagnostic()?;
        let failed: Vec<&str> = samples.lines().skip(1).filter(|row| !row.ends_with(',')).collect();
        if !failed.is_empty() {
            return Err(miette!("samples of {part} failed:\n{}", failed.join("\n")));
        }
        // Those of warm-up blocks, too.
        let is_whole = samples.lines().count() > 1 + declared.len() * blocks;
        if manifest["status"] != "complete" || declared.is_empty() || !is_whole {
            return Err(refused(&name));
        }
    }
    for (name, rows) in [("summary.csv", arms), ("exp4_nested.csv", published)] {
        if lines(&read(name)?) != 1 + rows {
            return Err(refused(name));
        }
    }
    Ok(())
}

fn lines(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count()
}

fn contains(text: &[u8], part: &str) -> bool {
    String::from_utf8_lossy(text).contains(part)
}

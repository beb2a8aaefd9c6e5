//! How fast the lab itself is: a table to read, against limits to keep.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use comfy_table::Table;
use miette::{IntoDiagnostic, Result, miette};
use serde_json::Value;
use xshell::cmd;

use crate::experiments::Whole;
use crate::programs::Programs;
use crate::run::quick;

/// Warm bring-ups, of which the median is shown.
const REPEATS: usize = 5;

/// Rounds of hyperfine and probe in turn, and starts in each.
const ROUNDS: usize = 5;
const STARTS: &str = "200";

/// What `lab bring-up` prints, what it means, and its limit warm.
const STEPS: &[(&str, &str, &str, f64)] = &[
    ("lab_docker_ms", "warm: Docker at level 1 answers", "ms", 2500.0),
    ("dind_ms", "from there: Docker at level 2, alpine in it", "ms", 3000.0),
    ("podman_nested_ms", "from level 1: Podman at level 2, alpine in it", "ms", 3000.0),
    ("docker_3_ms", "warm: Docker at level 3, alpine in it", "ms", 10_000.0),
    ("podman_3_ms", "warm: Podman at level 3, alpine in it", "ms", 10_000.0),
    ("end_ms", "tear-down of all that", "ms", f64::INFINITY),
    ("probe_bytes", "size of the probe", "bytes", 2e6),
    ("probe_peak_bytes", "most resident memory of a probe at any level", "bytes", 4e6),
];

pub(crate) fn run(programs: &Programs, wholes: &[Whole]) -> Result<ExitCode> {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header(["what", "measured", "limit", "kept"]);
    let mut row = |what: &str, unit: &str, value: f64, limit: f64| {
        let number = |x: f64| {
            if x < 10.0 { format!("{x:.3} {unit}") } else { format!("{x:.0} {unit}") }
        };
        let (limit, kept) = if limit.is_finite() {
            (number(limit), if value <= limit { "yes" } else { "no" })
        } else {
            ("none".to_owned(), "")
        };
        table.add_row([what, &number(value), &limit, kept]);
    };

    let cold = bring_up_cold(programs)?;
    row("cold: bundle fetched and made, Docker at level 1 answers", "ms", cold, 45_000.0);
    if let Some(other) = mmdebstrap(programs) {
        row("cold against mmdebstrap of the same packages", "x", cold / other, 0.5);
    } else {
        program::note!("mmdebstrap is not installed: not compared");
    }
    let warm: Vec<Value> = (0..REPEATS).map(|_| bring_up(programs)).collect::<Result<_>>()?;
    for (key, what, unit, limit) in STEPS {
        let values = warm.iter().filter_map(|value| value[*key].as_f64()).collect();
        row(&format!("{what} (median of {REPEATS})"), unit, median(values), *limit);
    }
    match against_hyperfine(programs)? {
        Some(ratio) => row("start of /bin/true: probe against hyperfine -N", "x", ratio, 1.10),
        None => program::note!("hyperfine is not installed: not compared"),
    }
    let results = tempfile::tempdir().into_diagnostic()?;
    for whole in wholes {
        let out = results.path().join(&whole.name);
        let began = Instant::now();
        quick(programs, whole, &out)?;
        let seconds = began.elapsed().as_secs_f64();
        row(&format!("{} --quick, warm", whole.name), "s", seconds, 100.0);
        for part in &whole.parts {
            let manifest = manifest(&out.join(part))?;
            let outside = 1.0 - manifest["inside_share"].as_f64().unwrap_or(0.0);
            let what = format!("{part}: share of the time outside samples");
            row(&what, "", outside, 0.1);
        }
    }
    program::say(table).map(|()| ExitCode::SUCCESS)
}

/// What a run says of itself.
pub(crate) fn manifest(run: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(run.join("manifest.json")).into_diagnostic()?;
    serde_json::from_str(&text).into_diagnostic()
}

fn bring_up(programs: &Programs) -> Result<Value> {
    let text = programs.output("lab", &["bring-up"])?;
    serde_json::from_str(&text).into_diagnostic()
}

/// With a cache of its own that is empty, in ms.
fn bring_up_cold(programs: &Programs) -> Result<f64> {
    let home = directory_on_disk(programs)?;
    let _there = programs.shell().push_env("XDG_CACHE_HOME", home.path());
    let value = bring_up(programs)?;
    value["lab_docker_ms"].as_f64().ok_or_else(|| miette!("bring-up printed no time"))
}

/// Beside what is built, not in a temporary directory, which may be memory.
fn directory_on_disk(programs: &Programs) -> Result<tempfile::TempDir> {
    tempfile::tempdir_in(programs.root().join("target")).into_diagnostic()
}

/// What mmdebstrap needs for the packages of the lock, in ms.
fn mmdebstrap(programs: &Programs) -> Option<f64> {
    let shell = programs.shell();
    cmd!(shell, "mmdebstrap --version").quiet().ignore_stderr().read().ok()?;
    let lock = std::fs::read_to_string(programs.root().join("crates/lab/lock/trixie-amd64.csv"));
    let lock = lock.ok()?;
    let names: Vec<&str> = lock.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    let include = format!("--include={}", names.join(","));
    let home = directory_on_disk(programs).ok()?;
    let target = home.path().join("root");
    let mirror = programs.output("lab", &["mirror"]).ok()?;
    let began = Instant::now();
    cmd!(shell, "mmdebstrap --quiet --variant=essential {include} trixie {target} {mirror}")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .ok()?;
    Some(began.elapsed().as_secs_f64() * 1000.0)
}

/// Ratio of medians of the same program's start, rounds in turn; the median round.
fn against_hyperfine(programs: &Programs) -> Result<Option<f64>> {
    let shell = programs.shell();
    if cmd!(shell, "hyperfine --version").quiet().ignore_stderr().read().is_err() {
        return Ok(None);
    }
    let home = tempfile::tempdir().into_diagnostic()?;
    let json = home.path().join("hyperfine.json");
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        cmd!(
            shell,
            "hyperfine -N --style none --warmup 20 --runs {STARTS} --export-json {json} /bin/true"
        )
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .into_diagnostic()?;
        let text = std::fs::read_to_string(&json).into_diagnostic()?;
        let theirs: Value = serde_json::from_str(&text).into_diagnostic()?;
        let theirs = theirs["results"][0]["median"].as_f64().unwrap_or(f64::NAN);
        let ours = programs.output("lab", &["probe", "spawn", STARTS, "/bin/true"])?;
        let ours = ours.lines().filter_map(|line| {
            let answer: Value = serde_json::from_str(line).ok()?;
            Some(answer["spawned"]["wall_ns"].as_f64()? / 1e9)
        });
        ratios.push(median(ours.collect()) / theirs);
    }
    Ok(Some(median(ratios)))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

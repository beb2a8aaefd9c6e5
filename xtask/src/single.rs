//! One experiment or simulation, then its report.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use miette::Result;
use program::say;

use crate::programs::{Programs, exit_code};

/// With one of these nothing is left that a report could be made of.
const NO_RUN: [&str; 5] = ["--help", "-h", "--list", "--verify", "--explain"];

/// Runs an experiment with these flags, which are its own, and makes its report; also of what an
/// interrupted or failed run has kept.
pub(crate) fn run(programs: &Programs, name: &str, mut args: Vec<String>) -> Result<ExitCode> {
    let flag = |arg: &String| arg.split('=').next().unwrap_or_default().to_owned();
    if args.iter().any(|arg| NO_RUN.contains(&&*flag(arg))) {
        return programs.forward(name, &args);
    }
    let out = named(&args).unwrap_or_else(|| {
        let fresh = fresh_folder(name);
        args.push(format!("--out={}", fresh.display()));
        fresh
    });
    let before = has_rows(&out);
    let code = programs.status_aside(name, &args)?;
    // What lay there before is not this run's, which then was refused.
    if before || !has_rows(&out) {
        return Ok(exit_code(code));
    }
    let mut report = vec![out.clone().into_os_string()];
    let json = args.iter().any(|arg| arg == "--json");
    report.extend(json.then(|| "--json".into()));
    let reported = programs.status("report", &report)?;
    if !json {
        say(format!("run: {}", out.display()))?;
    }
    Ok(exit_code(if code == 0 { reported } else { code }))
}

/// Where a simulation goes that names no folder.
const COVERAGE: &str = "results/coverage";

/// Runs the simulation with these flags, which are its own, and draws what it leaves; also when a
/// criterion is not met, which its exit code says.
pub(crate) fn coverage(programs: &Programs, args: &[String]) -> Result<ExitCode> {
    let out = named(args).unwrap_or_else(|| COVERAGE.into());
    let before = judged(&out);
    let code = programs.status("coverage", args)?;
    // What lay there before is drawn already, or is not this simulation's (which then was refused).
    if judged(&out) == before {
        return Ok(exit_code(code));
    }
    let drawn = programs.status("report", &["coverage".into(), out.into_os_string()])?;
    Ok(exit_code(if code == 0 { drawn } else { code }))
}

/// When a simulation wrote the last of its files there.
fn judged(folder: &Path) -> Option<SystemTime> {
    let file = std::fs::metadata(folder.join("criteria.csv")).ok()?;
    file.modified().ok()
}

/// Whether a run has left something that a report can be made of: samples, or trials.
pub(crate) fn has_rows(run: &Path) -> bool {
    ["samples.csv", "trials.csv"].iter().any(|file| {
        let rows = std::fs::read_to_string(run.join(file));
        rows.is_ok_and(|rows| rows.lines().nth(1).is_some())
    })
}

/// The folder that the flags name.
fn named(args: &[String]) -> Option<PathBuf> {
    let after = |(index, arg): (usize, &String)| match arg.as_str() {
        "--out" => args.get(index + 1).map(PathBuf::from),
        _ => arg.strip_prefix("--out=").map(PathBuf::from),
    };
    args.iter().enumerate().find_map(after)
}

/// `results/NAME/<UTC time>-<six hexadecimal digits>`.
pub(crate) fn fresh_folder(name: &str) -> PathBuf {
    let stamp = jiff::Timestamp::now()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let id = RandomState::new().build_hasher().finish() & 0xff_ffff;
    PathBuf::from(format!("results/{name}/{stamp}-{id:06x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_named_is_found() {
        for (args, folder) in [
            (&["--quick", "--out", "x"][..], Some("x")),
            (&["--out=y"], Some("y")),
            (&["--quick"], None),
            (&["--out"], None),
        ] {
            let args: Vec<String> = args.iter().map(ToString::to_string).collect();
            assert_eq!(named(&args), folder.map(PathBuf::from), "{args:?}");
        }
    }
}

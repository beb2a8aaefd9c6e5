//! The tutorial's experiment 4: the two experiments that it is made of, then one report.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use miette::{Result, Severity, miette};
use program::say;

use crate::programs::{Programs, exit_code};
use crate::single::{fresh_folder, has_rows};

/// Flags of both experiments.
#[derive(Args, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct Flags {
    /// Take 10 measured blocks instead of 30, without the arms that only take results apart
    #[arg(long)]
    quick: bool,
    /// Measured blocks a session: how often each arm is sampled
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    blocks: Option<String>,
    /// Fresh labs, one after the other; a word about the machine and not one boot of a lab needs 6
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    sessions: Option<String>,
    /// Take blocks until each primary ratio is known within PCT per cent
    #[arg(long, value_name = "PCT", allow_hyphen_values = true)]
    precision: Option<String>,
    /// Take no further block after so much measuring in either experiment (90s, 10m, 1h)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    budget: Option<String>,
    /// Seed of the order within blocks; random and recorded when absent
    #[arg(long, value_name = "N")]
    seed: Option<String>,
    /// Measure only these arms, separated by commas (see --list)
    #[arg(long, value_name = "LIST")]
    arms: Option<String>,
    /// Folder of this run, new or empty (default: results/exp4/TIME-ID)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The engines, by the release of Debian that they are of
    #[arg(long, value_name = "NAME")]
    generation: Option<String>,
    /// With a user namespace (root inside has no power outside) or without
    #[arg(long, value_name = "user|root")]
    sandbox: Option<String>,
    /// Take one block without warm-up, only to check that every arm works
    #[arg(long)]
    verify: bool,
    /// Print the arms and end
    #[arg(long)]
    list: bool,
    /// Print the tables as JSON
    #[arg(long)]
    json: bool,
    /// Language of the page
    #[arg(long, value_name = "LANG", value_parser = ["en", "es"])]
    lang: Option<String>,
}

const EXPERIMENTS: [&str; 2] = ["startup", "cpu"];

impl Flags {
    /// The report's arguments for a run.
    fn report(&self, run: &Path) -> Vec<OsString> {
        let json = self.json.then(|| "--json".into());
        let lang = self.lang.iter().map(|lang| format!("--lang={lang}").into());
        std::iter::once(run.into())
            .chain(json)
            .chain(lang)
            .collect()
    }

    /// Handed on as they are: the experiments know what is valid.
    fn forwarded(&self) -> Vec<String> {
        let switches = [("--quick", self.quick), ("--verify", self.verify)];
        let values = [
            ("--blocks", &self.blocks),
            ("--sessions", &self.sessions),
            ("--precision", &self.precision),
            ("--budget", &self.budget),
            ("--seed", &self.seed),
            ("--generation", &self.generation),
            ("--sandbox", &self.sandbox),
        ];
        let switches = switches.into_iter().filter(|(_, on)| *on);
        let values = values
            .into_iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")));
        switches
            .map(|(name, _)| name.to_owned())
            .chain(values)
            .collect()
    }
}

/// Runs both experiments and the report; the tutorial's own two files go into `tutorial`.
pub(crate) fn run(programs: &Programs, flags: &Flags, tutorial: &Path) -> Result<ExitCode> {
    if flags.list {
        for name in EXPERIMENTS {
            say(format!("{name}:"))?;
            let code = programs.status(name, &["--list"])?;
            if code != 0 {
                return Ok(exit_code(code));
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    let out = flags.out.clone().unwrap_or_else(|| fresh_folder("exp4"));
    let parts = parts(programs, flags)?;
    for (name, arms) in &parts {
        let part = out.join(name);
        let mut args = flags.forwarded();
        args.extend(arms.iter().map(|arms| format!("--arms={arms}")));
        args.push(format!("--out={}", part.display()));
        let before = has_rows(&part);
        let code = programs.status_aside(name, &args)?;
        if code != 0 {
            // What was taken can still be looked at; what lay there before is another run's.
            if !before && has_rows(&part) {
                programs.status("report", &flags.report(&part))?;
            }
            return Ok(exit_code(code));
        }
    }
    // A page of its own for a single part; the tutorial's files are of a whole run.
    let run = match parts.as_slice() {
        [(only, _)] => out.join(only),
        _ => out,
    };
    let mut args = flags.report(&run);
    if flags.arms.is_none() && !flags.verify {
        args.extend(["--tutorial".into(), tutorial.into()]);
    }
    let code = programs.status("report", &args)?;
    if code == 0 && !flags.json {
        say(format!("run: {}", run.display()))?;
    }
    Ok(exit_code(code))
}

/// The experiments to run, and which of their arms if not all.
fn parts(programs: &Programs, flags: &Flags) -> Result<Vec<(&'static str, Option<String>)>> {
    let Some(wanted) = &flags.arms else {
        return Ok(EXPERIMENTS.iter().map(|name| (*name, None)).collect());
    };
    let mut unknown: Vec<&str> = wanted.split(',').collect();
    let mut parts = Vec::new();
    for name in EXPERIMENTS {
        let list = programs.output(name, &["--list"])?;
        let known: Vec<&str> = list
            .lines()
            .filter_map(|line| line.split(' ').next())
            .collect();
        let mine: Vec<&str> = wanted
            .split(',')
            .filter(|arm| known.contains(arm))
            .collect();
        unknown.retain(|arm| !known.contains(arm));
        if !mine.is_empty() {
            parts.push((name, Some(mine.join(","))));
        }
    }
    match unknown.first() {
        None => Ok(parts),
        Some(arm) => Err(miette!(
            severity = Severity::Advice,
            help = "`cargo xtask exp4 --list` names them all",
            "neither experiment has such an arm"
        )
        .wrap_err(format!("there is no arm `{arm}`"))),
    }
}

/// The quick run of `ci` and `selfbench`, everything into a folder that is given.
pub(crate) fn quick(programs: &Programs, out: &Path) -> Result<()> {
    let flags = Flags {
        quick: true,
        out: Some(out.to_owned()),
        ..Flags::default()
    };
    let code = run(programs, &flags, out)?;
    if code == ExitCode::SUCCESS {
        Ok(())
    } else {
        Err(miette!("exp4 --quick failed"))
    }
}

//! The tutorial's experiment 4: the two experiments that it is made of, then one report.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use miette::{IntoDiagnostic, Result};

use crate::programs::{Programs, exit_code};

/// Flags of both experiments.
#[derive(Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct Flags {
    /// Take 10 measured blocks instead of 30
    #[arg(long)]
    quick: bool,
    /// Measured blocks: how often each arm is sampled
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    blocks: Option<String>,
    /// Seed of the order within blocks; random and recorded when absent
    #[arg(long, value_name = "N")]
    seed: Option<String>,
    /// Measure only these arms, separated by commas (see --list)
    #[arg(long, value_name = "LIST")]
    arms: Option<String>,
    /// Folder of this run, new or empty (default: results/exp4/TIME-ID)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
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
}

const EXPERIMENTS: [&str; 2] = ["startup", "cpu"];

impl Flags {
    /// Handed on as they are: the experiments know what is valid.
    fn forwarded(&self) -> Vec<String> {
        let switches = [
            ("--quick", self.quick),
            ("--verify", self.verify),
            ("--list", self.list),
        ];
        let values = [
            ("--blocks", &self.blocks),
            ("--seed", &self.seed),
            ("--arms", &self.arms),
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

pub(crate) fn run(programs: &Programs, flags: &Flags) -> Result<ExitCode> {
    let forwarded = flags.forwarded();
    if flags.list {
        for name in EXPERIMENTS {
            println!("{name}:");
            programs.status(name, &forwarded)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let out = flags.out.clone().unwrap_or_else(fresh_folder);
    for name in EXPERIMENTS {
        let part = out.join(name);
        let mut args = forwarded.clone();
        args.push(format!("--out={}", part.display()));
        let code = programs.status(name, &args)?;
        if code != 0 {
            // What was taken can still be looked at.
            if part.join("samples.csv").exists() {
                programs.status("report", &[&part])?;
            }
            return Ok(exit_code(code));
        }
    }
    let mut args = vec![out.into_os_string()];
    // The tutorial's own files are of a whole run.
    if flags.arms.is_none() && !flags.verify {
        args.extend(["--tutorial".into(), "results".into()]);
    }
    if flags.json {
        args.push("--json".into());
    }
    let code = programs.status("report", &args)?;
    if code == 0 && !flags.json {
        println!("run: {}", args[0].display());
    }
    Ok(exit_code(code))
}

/// `results/exp4/<UTC time>-<six hexadecimal digits>`.
fn fresh_folder() -> PathBuf {
    let stamp = jiff::Timestamp::now()
        .strftime("%Y%m%dT%H%M%SZ")
        .to_string();
    let id = RandomState::new().build_hasher().finish() & 0xff_ffff;
    PathBuf::from(format!("results/exp4/{stamp}-{id:06x}"))
}

/// The quick run of CI, into a folder that is given.
pub(crate) fn quick(programs: &Programs, out: &std::path::Path) -> Result<()> {
    let flags = Flags {
        quick: true,
        blocks: None,
        seed: None,
        arms: None,
        out: Some(out.to_owned()),
        sandbox: None,
        verify: false,
        list: false,
        json: false,
    };
    let code = run(programs, &flags)?;
    if code == ExitCode::SUCCESS {
        Ok(())
    } else {
        Err(std::io::Error::other("exp4 --quick failed")).into_diagnostic()
    }
}

//! The flags that every experiment shares.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use crate::arm::{Arm, DefaultBlocks};
use crate::manifest::Stopping;
use crate::plan::{Blocks, WARMUP_BLOCKS};
use program::{beside, usage};

/// Where an adaptive stop gives up.
const MOST_BLOCKS: u32 = 1000;
/// More are no run, but a slip of the keyboard or of a file.
pub(crate) const BLOCKS_AT_ALL: u32 = 100_000;
const QUICK_BLOCKS: u32 = 10;
/// What company does to an arm is looked for across sessions, each of which has a lab for every arm.
const COMPANY_BLOCKS: u32 = 5;
/// From so many on, sessions carry an interval of 95 %.
const MACHINE_SESSIONS: u32 = 6;
const QUICK_WARMUP_BLOCKS: u32 = 1;

/// The flags that every experiment shares; flattened into its command line.
///
/// [`RunArgs::conduct`] carries them out.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct RunArgs {
    /// Take 10 measured blocks, without the arms that only take results apart
    #[arg(long)]
    pub quick: bool,

    /// Measured blocks a session with every arm: how often each is sampled at least. With --precision
    /// or --budget all blocks have every arm, and are at most so many
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    #[arg(conflicts_with = "quick", allow_negative_numbers = true)]
    pub blocks: Option<u32>,

    /// Blocks after them that have the arms of primary ratios only (none with --blocks unless said)
    #[arg(long, value_name = "N", value_parser = blocks_at_all)]
    #[arg(conflicts_with_all = ["quick", "precision", "budget"], allow_negative_numbers = true)]
    pub primary_blocks: Option<u32>,

    /// Ask of each arm if its time depends on the others: each session takes it in a lab that it has
    /// alone, and in one with all of them, 5 blocks each unless --blocks says more (6 sessions unless
    /// said)
    #[arg(long, conflicts_with_all = ["quick", "primary_blocks", "precision", "budget", "verify"])]
    pub company: bool,

    /// Fresh labs, one after the other, 1 unless said; an interval across them needs at least 6
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    #[arg(allow_negative_numbers = true)]
    pub sessions: Option<u32>,

    /// In each session, take blocks until each primary ratio is known within PCT per cent there
    /// (intervals that hold at every look; given up after 20 blocks without a reading of one)
    #[arg(long, value_name = "PCT", value_parser = percent, conflicts_with = "quick")]
    #[arg(allow_negative_numbers = true)]
    pub precision: Option<f64>,

    /// Take no further block after so much measuring, all sessions together (90s, 10m, 1h)
    #[arg(long, value_name = "TIME", value_parser = seconds, conflicts_with = "quick")]
    pub budget: Option<u64>,

    /// Seed of the order within blocks; random and recorded when absent
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Measure only these arms, separated by commas (see --list)
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub arms: Vec<String>,

    /// Folder of this run, new or empty (default: results/EXPERIMENT/TIME-ID below the current folder)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,

    /// Print the arms, one a line, and end
    #[arg(long)]
    pub list: bool,

    /// Take one block without warm-up, only to check that every arm works
    #[arg(long, conflicts_with_all = ["quick", "blocks", "primary_blocks", "sessions", "precision", "budget"])]
    pub verify: bool,

    /// Print the outcome on stdout as JSON
    #[arg(long)]
    pub json: bool,
}

impl RunArgs {
    /// Sessions of this run.
    #[must_use]
    pub fn sessions(&self) -> u32 {
        self.sessions.unwrap_or(if self.company { MACHINE_SESSIONS } else { 1 })
    }

    /// Measured blocks of a session of this run, at most, where it has these by default.
    pub(crate) fn blocks(&self, default: DefaultBlocks) -> Blocks {
        let (full, primary) = match (self.blocks, self.stopping()) {
            _ if self.verify => (1, 0),
            _ if self.quick => (QUICK_BLOCKS, 0),
            (blocks, _) if self.company => (blocks.unwrap_or(COMPANY_BLOCKS), 0),
            (Some(full), Stopping::Fixed) => (full, self.primary_blocks.unwrap_or(0)),
            (None, Stopping::Fixed) => {
                (default.full, self.primary_blocks.unwrap_or(default.primary))
            }
            (Some(full), Stopping::Adaptive { .. }) => (full, 0),
            (None, Stopping::Adaptive { .. }) => (default.full, MOST_BLOCKS - default.full),
        };
        Blocks { warmup: self.warmup_blocks(), full, primary }
    }

    /// When a session's measuring ends.
    pub(crate) fn stopping(&self) -> Stopping {
        if self.precision.is_none() && self.budget.is_none() {
            return Stopping::Fixed;
        }
        Stopping::Adaptive { precision_pct: self.precision, budget_s: self.budget }
    }

    /// Blocks before them that are flagged and left out.
    fn warmup_blocks(&self) -> u32 {
        match (self.verify, self.quick) {
            (true, _) => 0,
            (false, true) => QUICK_WARMUP_BLOCKS,
            (false, false) => WARMUP_BLOCKS,
        }
    }

    /// The declared arms that `--arms` leaves, in the order of their declaration; without
    /// `--arms`, a quick run leaves out those that only take a result apart.
    ///
    /// Fails (usage) on a name that no arm has.
    pub fn select(&self, arms: &'static [Arm]) -> miette::Result<Vec<&'static Arm>> {
        let unknown = self.arms.iter().find(|name| arms.iter().all(|arm| arm.name != **name));
        if let Some(name) = unknown {
            let names: Vec<&str> = arms.iter().map(|arm| arm.name).collect();
            return Err(usage(
                format!("there is no arm `{name}`"),
                "`--arms` takes names of this experiment's arms, separated by commas",
                format!("choose from: {}", names.join(", ")),
            ));
        }
        let wanted = |arm: &&Arm| {
            let named = self.arms.iter().any(|name| name == arm.name);
            named || self.arms.is_empty() && !(self.quick && arm.detail)
        };
        Ok(arms.iter().filter(wanted).collect())
    }
}

/// What `--list` prints, on a terminal of so many columns or elsewhere.
pub(crate) fn list(arms: &[Arm], columns: Option<usize>) -> String {
    let width = arms.iter().map(|arm| arm.name.len()).max().unwrap_or(0);
    let mut lines = String::new();
    for arm in arms {
        let name = format!("{:width$}  ", arm.name);
        let _ = writeln!(lines, "{}", beside(&name, arm.about, columns));
    }
    lines
}

fn at_least_one(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("at least one is needed".to_owned()),
        Ok(number) if number > BLOCKS_AT_ALL => Err(format!("at most {BLOCKS_AT_ALL} are taken")),
        Ok(number) => Ok(number),
        Err(error) => Err(error.to_string()),
    }
}

fn blocks_at_all(text: &str) -> Result<u32, String> {
    if text == "0" { Ok(0) } else { at_least_one(text) }
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(percent) if percent > 0.0 && percent.is_finite() => Ok(percent),
        _ => Err("a number of per cent above 0 is needed".to_owned()),
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    let time: jiff::SignedDuration =
        text.parse().map_err(|_| "a number with its unit is needed: 90s, 10m, 1h or 1h 30m")?;
    match u64::try_from(time.as_secs()) {
        Ok(seconds) if seconds > 0 => Ok(seconds),
        _ => Err("at least a second is needed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::Observer;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        run: RunArgs,
    }

    const fn arm(name: &'static str, method: &'static str) -> Arm {
        let about = "an arm of the tests";
        Arm::new("time", name, Observer::Inside, 0, about).of_method(method)
    }

    const ARMS: &[Arm] = &[arm("one", "x"), arm("second", ""), arm("third", "")];

    fn parse(args: &[&str]) -> Result<RunArgs, clap::Error> {
        Cli::try_parse_from(std::iter::once("x").chain(args.iter().copied())).map(|cli| cli.run)
    }

    #[test]
    fn the_number_of_blocks() {
        const DEFAULT: DefaultBlocks = DefaultBlocks { full: 12, primary: 40 };
        for (args, blocks) in [
            (&[][..], (2, 12, 40)),
            (&["--quick"], (1, 10, 0)),
            (&["--blocks", "3"], (2, 3, 0)),
            (&["--blocks", "3", "--primary-blocks", "7"], (2, 3, 7)),
            (&["--primary-blocks", "0"], (2, 12, 0)),
            (&["--verify"], (0, 1, 0)),
            (&["--precision", "2"], (2, 12, 988)),
            (&["--budget", "1m", "--blocks", "40"], (2, 40, 0)),
            (&["--company"], (2, 5, 0)),
            (&["--company", "--blocks", "9"], (2, 9, 0)),
        ] {
            let Blocks { warmup, full, primary } = parse(args).expect("parses").blocks(DEFAULT);
            assert_eq!((warmup, full, primary), blocks, "{args:?}");
        }
    }

    #[test]
    fn the_number_of_sessions() {
        for (args, sessions) in [
            (&[][..], 1),
            (&["--sessions", "3"], 3),
            (&["--company"], 6),
            (&["--company", "--sessions", "7"], 7),
        ] {
            assert_eq!(parse(args).expect("parses").sessions(), sessions, "{args:?}");
        }
    }

    #[test]
    fn wrong_usage_is_refused() {
        for (args, text) in [
            (&["--blocks", "0"][..], "at least one is needed"),
            (&["--sessions", "0"], "at least one is needed"),
            (&["--blocks", "4294967295"], "at most 100000"),
            (&["--precision", "0"], "above 0"),
            (&["--precision", "-3"], "above 0"),
            (&["--precision", "NaN"], "above 0"),
            (&["--budget", "0s"], "at least a second"),
            (&["--budget", "soon"], "90s, 10m, 1h"),
            (&["--budget", "5"], "90s, 10m, 1h"),
            (&["--budget", "1h", "--quick"], "cannot be used with"),
            (&["--primary-blocks", "9", "--quick"], "cannot be used with"),
            (&["--primary-blocks", "100001"], "at most 100000"),
            (&["--company", "--verify"], "cannot be used with"),
            (&["--blocks", "3", "--quick"], "cannot be used with"),
            (&["--verify", "--quick"], "cannot be used with"),
        ] {
            let error = parse(args).expect_err("refused");
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn arms_are_chosen_by_name_in_declared_order() {
        let names = |args: &[&str]| -> Vec<&str> {
            let chosen = parse(args).expect("parses").select(ARMS).expect("known");
            chosen.iter().map(|arm| arm.name).collect()
        };
        assert_eq!(names(&[]), ["one", "second", "third"]);
        assert_eq!(names(&["--arms", "third,one,third"]), ["one", "third"]);

        let error = parse(&["--arms", "one,secnod"]).expect("parses").select(ARMS);
        let error = error.expect_err("unknown");
        assert!(error.to_string().contains("secnod"));
        assert_eq!(error.severity(), Some(miette::Severity::Advice));
        assert!(error.help().expect("a remedy").to_string().contains("one, second, third"));
    }

    #[test]
    fn the_list_has_one_line_an_arm() {
        assert_eq!(
            list(&ARMS[..2], None),
            "one     an arm of the tests\nsecond  an arm of the tests\n"
        );
        assert_eq!(list(&ARMS[..1], Some(16)), "one  an arm of\n     the tests\n");
    }

    #[test]
    fn a_quick_run_leaves_details_out_unless_they_are_named() {
        const DETAIL: Arm = Arm { detail: true, ..arm("detail", "") };
        const ARMS: &[Arm] = &[arm("one", ""), DETAIL];
        for (args, names) in [
            (&["--quick"][..], &["one"][..]),
            (&[], &["one", "detail"]),
            (&["--quick", "--arms", "detail"], &["detail"]),
        ] {
            let chosen = parse(args).expect("parses").select(ARMS).expect("known");
            assert!(chosen.iter().map(|arm| arm.name).eq(names.iter().copied()));
        }
    }

    #[test]
    fn a_budget_is_a_time() {
        for (text, s) in [("90s", 90), ("10m", 600), ("1h 30m", 5400)] {
            assert_eq!(parse(&["--budget", text]).expect("parses").budget, Some(s));
        }
    }
}

//! The flags that every experiment shares.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use crate::arm::{Arm, Contrast};
use crate::exit::{failure, usage};
use crate::plan::WARMUP_BLOCKS;

const DEFAULT_BLOCKS: u32 = 30;
const QUICK_BLOCKS: u32 = 10;
const QUICK_WARMUP_BLOCKS: u32 = 1;

/// The flags that every experiment shares; flattened into its command line.
///
/// [`RunArgs::conduct`] carries them out.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub struct RunArgs {
    /// Take 10 measured blocks instead of 30
    #[arg(long)]
    pub quick: bool,

    /// Measured blocks: how often each arm is sampled
    #[arg(long, value_name = "N", default_value_t = DEFAULT_BLOCKS, value_parser = blocks)]
    #[arg(conflicts_with = "quick")]
    pub blocks: u32,

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
    #[arg(long, conflicts_with_all = ["quick", "blocks"])]
    pub verify: bool,

    /// Print the outcome on stdout as JSON
    #[arg(long)]
    pub json: bool,
}

impl RunArgs {
    /// Measured blocks of this run.
    #[must_use]
    pub fn measured_blocks(&self) -> u32 {
        match (self.verify, self.quick) {
            (true, _) => 1,
            (false, true) => QUICK_BLOCKS,
            (false, false) => self.blocks,
        }
    }

    /// Blocks before them that are flagged and left out.
    pub(crate) fn warmup_blocks(&self) -> u32 {
        match (self.verify, self.quick) {
            (true, _) => 0,
            (false, true) => QUICK_WARMUP_BLOCKS,
            (false, false) => WARMUP_BLOCKS,
        }
    }

    /// The declared arms that `--arms` leaves, in the order of their declaration.
    ///
    /// Fails (usage) on a name that no arm has.
    pub(crate) fn select(&self, arms: &'static [Arm]) -> miette::Result<Vec<&'static Arm>> {
        let unknown = self
            .arms
            .iter()
            .find(|name| arms.iter().all(|arm| arm.name != **name));
        if let Some(name) = unknown {
            let names: Vec<&str> = arms.iter().map(|arm| arm.name).collect();
            return Err(usage(
                format!("there is no arm `{name}`"),
                "`--arms` takes names of this experiment's arms, separated by commas",
                format!("choose from: {}", names.join(", ")),
            ));
        }
        let wanted = |arm: &&Arm| self.arms.is_empty() || self.arms.iter().any(|n| n == arm.name);
        Ok(arms.iter().filter(wanted).collect())
    }
}

/// What `--list` prints.
pub(crate) fn list(arms: &[Arm]) -> String {
    let width = arms.iter().map(|arm| arm.name.len()).max().unwrap_or(0);
    let mut lines = String::new();
    for arm in arms {
        let _ = writeln!(lines, "{:width$}  {}", arm.name, arm.about);
    }
    lines
}

/// Refuses a declaration that the record could not be read back from.
pub(crate) fn check_declaration(arms: &[Arm], contrasts: &[Contrast]) -> miette::Result<()> {
    let wrong = |why: String| {
        failure(
            "the experiment's declaration is wrong",
            why,
            "mend ARMS or CONTRASTS in its source",
        )
    };
    for (index, arm) in arms.iter().enumerate() {
        for earlier in &arms[..index] {
            if arm.name == earlier.name {
                return Err(wrong(format!("two arms are called `{}`", arm.name)));
            }
            let same_method = arm.method == earlier.method && arm.metric == earlier.metric;
            if same_method && !arm.method.is_empty() {
                return Err(wrong(format!(
                    "`{}` and `{}` stand for the same published method `{}`",
                    earlier.name, arm.name, arm.method
                )));
            }
        }
    }
    for contrast in contrasts {
        for side in [contrast.numerator, contrast.denominator] {
            if arms.iter().all(|arm| arm.name != side) {
                return Err(wrong(format!("`{}` names no arm: `{side}`", contrast.name)));
            }
        }
    }
    Ok(())
}

fn blocks(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("a run needs at least one measured block".to_owned()),
        Ok(blocks) => Ok(blocks),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::{Metric, Observer};
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        run: RunArgs,
    }

    const fn arm(name: &'static str, method: &'static str) -> Arm {
        let about = "an arm of the tests";
        Arm {
            name,
            metric: Metric::Cpu,
            method,
            observer: Observer::Inside,
            level: 0,
            about,
        }
    }

    const ARMS: &[Arm] = &[arm("one", "x"), arm("second", ""), arm("third", "")];

    fn parse(args: &[&str]) -> Result<RunArgs, clap::Error> {
        Cli::try_parse_from(std::iter::once("x").chain(args.iter().copied())).map(|cli| cli.run)
    }

    #[test]
    fn the_number_of_blocks() {
        for (args, blocks) in [
            (&[][..], 30),
            (&["--quick"], 10),
            (&["--blocks", "3"], 3),
            (&["--verify"], 1),
        ] {
            assert_eq!(
                parse(args).expect("parses").measured_blocks(),
                blocks,
                "{args:?}"
            );
        }
    }

    #[test]
    fn wrong_usage_is_refused() {
        for (args, text) in [
            (&["--blocks", "0"][..], "at least one measured block"),
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

        let error = parse(&["--arms", "one,secnod"])
            .expect("parses")
            .select(ARMS);
        let error = error.expect_err("unknown");
        assert!(error.to_string().contains("secnod"));
        assert_eq!(error.severity(), Some(miette::Severity::Advice));
        assert!(
            error
                .help()
                .expect("a remedy")
                .to_string()
                .contains("one, second, third")
        );
    }

    #[test]
    fn the_list_has_one_line_an_arm() {
        assert_eq!(
            list(&ARMS[..2]),
            "one     an arm of the tests\nsecond  an arm of the tests\n"
        );
    }

    #[test]
    fn declarations_are_checked() {
        let contrast = |denominator| Contrast {
            name: "c",
            numerator: "one",
            denominator,
            primary: true,
            about: "",
        };
        assert!(check_declaration(ARMS, &[contrast("second")]).is_ok());
        for (arms, contrasts) in [
            (&[arm("one", ""), arm("one", "")][..], &[][..]),
            (&[arm("one", "x"), arm("two", "x")], &[]),
            (ARMS, &[contrast("fourth")]),
        ] {
            assert!(check_declaration(arms, contrasts).is_err());
        }
    }
}

//! The ledger of claims: what the documents claim, what was seen, and what becomes of each claim.
//! All of it is made of records; no verdict is typed.

mod page;
mod splice;
mod terminal;

use std::fs;
use std::path::{Path, PathBuf};

use claims::{Ledger, Records, Wanted, evaluate, reference_checks};
use clap::Args;
use measure::{failure, say, usage, write_atomically};
use miette::IntoDiagnostic;

use crate::visible;

/// What has numbers of records in its prose, and a part of the ledger between marks.
const README: &str = "README.md";
const FINDINGS: &str = "results/findings.md";
const LEDGER: &str = "ledger.md";

/// Hold every claim against what checks and runs have seen
///
/// Reads the suite's records (target/claims, or `$CARGO_TARGET_DIR/claims`) and the newest complete
/// run of each experiment below results/; where there is none, the committed ones below
/// results/reference. Exit codes: 0 whatever becomes of the claims; 1 a check was not as expected,
/// or a file can't be read or written; 2 DIR is no workspace.
#[derive(Args)]
pub(crate) struct ClaimsArgs {
    /// Read the committed records, whatever was run here
    #[arg(long)]
    reference: bool,

    /// Only the checks of one generation of engines
    #[arg(long, value_name = "NAME", value_parser = claims::GENERATIONS)]
    generation: Option<String>,

    /// Print the ledger on stdout as JSON
    #[arg(long)]
    json: bool,

    /// Write the ledger of the committed records (its counts into README.md, the claims not fully
    /// confirmed into results/findings.md, all of it into results/reference/claims/ledger.md), and
    /// every number that a mark in those two pages takes from a record
    #[arg(long, conflicts_with_all = ["generation", "json"])]
    readme: bool,

    /// Folder with results/ and README.md (default: the workspace that this program was built from)
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

pub(crate) fn claims(args: &ClaimsArgs) -> miette::Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = args.root.as_deref().unwrap_or(&workspace);
    let root = root.canonicalize().map_err(|error| no_workspace(root, &error.to_string()))?;
    if !root.join("results").is_dir() {
        return Err(no_workspace(&root, "it has no folder `results`"));
    }
    // Of another workspace nobody knows but what lies there.
    let target = std::env::var_os("CARGO_TARGET_DIR").filter(|_| args.root.is_none());
    let target = target.map_or_else(|| root.join("target"), PathBuf::from);
    let records = Records::open(&Wanted {
        root: &root,
        own_checks: &target.join("claims"),
        reference_only: args.reference || args.readme,
        generation: args.generation.as_deref(),
    })?;
    let ledger = evaluate(&records);
    if args.readme {
        write(&root, &ledger)?;
        return judge(&ledger);
    }
    if args.json {
        visible::json(&ledger)?;
    } else {
        visible::say(&terminal::write(&ledger))?;
    }
    judge(&ledger)
}

/// A check that was not as expected is a failure, whatever it means for the claims.
fn judge(ledger: &Ledger) -> miette::Result<()> {
    let [first, rest @ ..] = &ledger.not_as_expected[..] else {
        return Ok(());
    };
    let more = match rest.len() {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    Err(failure(
        format!("{} of the checks were not as expected", rest.len() + 1),
        format!(
            "{} ({}) under {}: expected {}, seen {}{more}",
            first.property, first.pattern, first.generation, first.expected, first.seen
        ),
        "the table `Not as expected` has each of them with its evidence",
    ))
}

fn write(root: &Path, ledger: &Ledger) -> miette::Result<()> {
    let folder = reference_checks(root);
    let mutations = page::mutations(&folder)?;
    let pages =
        [(root.join(README), page::counts(ledger)), (root.join(FINDINGS), page::open(ledger))];
    let mut written = vec![(folder.join(LEDGER), page::full(ledger, mutations))];
    for (path, part) in pages {
        let text = fs::read_to_string(&path).map_err(|error| {
            failure(
                format!("{} can't be read", path.display()),
                error.to_string(),
                "name the folder that README.md and results/ lie in with `--root DIR`",
            )
        })?;
        let text = page::between_marks(&text, &part).map_err(|why| {
            failure(
                format!("{} lacks the marks for the ledger", path.display()),
                why,
                format!("put both lines in: `{}` and `{}`", page::BEGIN, page::END),
            )
        })?;
        let text = splice::fill(&path, &text, &root.join("results"))?;
        written.push((path, text));
    }
    fs::create_dir_all(&folder).into_diagnostic()?;
    for (path, content) in written {
        write_atomically(&path, content.as_bytes())?;
        say(format!("wrote {}", path.display()))?;
    }
    Ok(())
}

fn no_workspace(root: &Path, why: &str) -> miette::Report {
    usage(
        format!("{} is not the folder of a workspace", root.display()),
        why,
        "name the folder that README.md and results/ lie in, or omit `--root`",
    )
}

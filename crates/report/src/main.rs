//! From raw samples to tables, figures and pages. Reads runs and writes derived files beside them;
//! every one of them can be rebuilt, byte for byte, from the raw samples.

mod analysis;
mod compare;
mod figure;
mod language;
mod ledger;
mod merge;
mod page;
mod simulated;
mod tables;
mod tutorial;
mod visible;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use measure::{usage, write_atomically};

use crate::analysis::Analysis;
use crate::figure::{Files, Kind};
use facts::Lang;
use facts::Runs;
use facts::Sheet;

/// Rebuild the tables, figures and page of a run from its raw samples, compare two runs or several with
/// the published figures, merge those of several machines, or hold every claim against the records
///
/// Writes summary.csv, ratios.csv, parts.csv, claims.csv, growth.csv (where a run has series) and the
/// tables that its experiment has left in facts.json; the figures that there is something for, each as
/// .svg and .png; report.md and report.html; all into the run's folder. Prints the tables. With
/// `--lang es` the page and the figures are report.es.md, figure.es.svg and so on. Of a folder that a simulation has
/// filled, the page and the figure that its facts.json describes, under the simulation's name.
/// Exit codes: 0 done; 1 a file can't be read or written; 2 RUN is no run, or says too little.
#[derive(Parser)]
#[command(name = "report", args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    report: Option<ReportArgs>,
}

/// What the program does beside a report.
#[derive(Subcommand)]
enum Other {
    Compare(compare::CompareArgs),
    Merge(merge::MergeArgs),
    Claims(ledger::ClaimsArgs),
}

#[derive(Args)]
struct ReportArgs {
    /// Folder of a run (samples.csv and manifest.json), or one with two such folders, startup and
    /// cpu, as experiment 4 leaves it
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Language of the page and the figures
    #[arg(long, value_enum, default_value_t = Lang::En)]
    lang: Lang,

    /// Also write the tutorial's own two files (the samples and the figure of experiment 4) there
    #[arg(long, value_name = "DIR")]
    tutorial: Option<PathBuf>,

    /// Print the numbers on stdout as JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    measure::main(|| match Cli::parse() {
        Cli { other: Some(Other::Compare(args)), .. } => compare::compare(&args),
        Cli { other: Some(Other::Merge(args)), .. } => merge::merge(&args),
        Cli { other: Some(Other::Claims(args)), .. } => ledger::claims(&args),
        Cli { report: Some(args), .. } => report(&args),
        Cli { .. } => Err(usage(
            "no run is named",
            "a report is made of a run's folder",
            "name one: `report RUN`, or two: `report compare BASE NEW`",
        )),
    })
}

fn report(cli: &ReportArgs) -> miette::Result<()> {
    if let Some(sheet) = Sheet::read(&cli.run)? {
        return show(&sheet, cli);
    }
    let runs = Runs::open(&cli.run)?;
    let analysis = Analysis::of(&runs)?;
    let figures = figure::draw(&runs, &analysis, cli.lang)?;
    let page = page::write(&runs, &analysis, &figures, cli.lang)?;
    let mut derived = vec![
        ("summary.csv".to_owned(), tables::summary_csv(&analysis)?),
        ("ratios.csv".to_owned(), tables::ratios_csv(&analysis)?),
        ("parts.csv".to_owned(), tables::parts_csv(&analysis)?),
        ("claims.csv".to_owned(), tables::claims_csv(&analysis)?),
        (cli.lang.file("report", "md"), page.markdown.into_bytes()),
        (cli.lang.file("report", "html"), page.html.into_bytes()),
    ];
    let growth = tables::growth_csv(&analysis)?;
    derived.extend(growth.map(|table| ("growth.csv".to_owned(), table)));
    for facts in analysis.facts() {
        let tables = facts.tables.iter();
        derived.extend(tables.map(|(name, table)| (name.clone(), table.clone().into_bytes())));
    }
    if let Some(folder) = &cli.tutorial {
        let samples = figures.iter().find(|figure| figure.kind == Kind::Samples);
        let png = samples.map_or(&[][..], |figure| &figure.png);
        tutorial::write(folder, &runs, png)?;
    }
    for figure in figures {
        derived.push((cli.lang.file(&figure.name, "svg"), figure.svg.into_bytes()));
        derived.push((cli.lang.file(&figure.name, "png"), figure.png));
    }
    write_all(&cli.run, &derived)?;
    if cli.json {
        visible::json(&analysis)?;
    } else {
        visible::say(&tables::terminal(&runs, &analysis))?;
    }
    Ok(())
}

/// The page and the figure of what is no run.
fn show(sheet: &Sheet, cli: &ReportArgs) -> miette::Result<()> {
    if cli.lang != Lang::En || cli.tutorial.is_some() {
        return Err(usage(
            "this folder holds no run",
            "what a simulation says is one page, in English",
            "omit `--lang` and `--tutorial`",
        ));
    }
    let Files { svg, png } = figure::files(&sheet.experiment, sheet)?;
    let [page, vector, pixels] =
        ["md", "svg", "png"].map(|ending| cli.lang.file(&sheet.experiment, ending));
    let text = page::of_sheet(sheet, &pixels);
    write_all(
        &cli.run,
        &[(vector, svg.into_bytes()), (pixels, png), (page.clone(), text.into_bytes())],
    )?;
    if cli.json {
        visible::json(sheet)
    } else {
        visible::say(&format!("wrote {}", cli.run.join(page).display()))
    }
}

fn write_all(folder: &Path, files: &[(String, Vec<u8>)]) -> miette::Result<()> {
    files.iter().try_for_each(|(name, content)| write_atomically(&folder.join(name), content))
}

//! The simulation of coverage as a figure and a page. What is required, and whether it was found, is
//! the simulation's own word: here it is only read and shown.

mod figure;
mod page;
mod read;
mod scene;

use std::path::PathBuf;

use clap::Args;
use measure::{say, write_atomically};

use crate::coverage::read::Simulation;
use crate::figure::Files;

/// Name of the figure's files, without their endings.
const STEM: &str = "coverage";

/// Draw the simulation of coverage and write its page
///
/// Reads coverage.csv and criteria.csv, which the program `coverage` wrote, and writes coverage.svg,
/// coverage.png and coverage.md beside them. Exit codes: 0 done, whatever the criteria say; 1 a file
/// can't be read or written, or is damaged; 2 DIR is no such folder.
#[derive(Args)]
pub(crate) struct CoverageArgs {
    /// Folder of a simulation
    #[arg(value_name = "DIR", default_value = "results/coverage")]
    folder: PathBuf,
}

pub(crate) fn coverage(args: &CoverageArgs) -> miette::Result<()> {
    let simulation = Simulation::open(&args.folder)?;
    let Files { svg, png } = crate::figure::files(STEM, &scene::Scene::of(&simulation))?;
    let page = args.folder.join(format!("{STEM}.md"));
    for (path, content) in [
        (args.folder.join(format!("{STEM}.svg")), svg.into_bytes()),
        (args.folder.join(format!("{STEM}.png")), png),
        (page.clone(), page::write(&simulation).into_bytes()),
    ] {
        write_atomically(&path, &content)?;
    }
    say(format!("wrote {}", page.display()))?;
    Ok(())
}

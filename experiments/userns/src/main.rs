//! What does the user namespace around a lab cost or save?

mod arms;
mod reading;
mod side;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use lab::{Generation, Kind, Lab, Options};
use measure::{Run, SampleError};
use miette::Result;
use serde_json::json;

use arms::{EXPERIMENT, ROWS};
use side::Side;

/// The same starts in two labs that live side by side: one in a user namespace, one without
#[derive(Parser)]
#[command(name = "userns")]
struct Cli {
    #[command(flatten)]
    run: measure::RunArgs,

    /// The engines, by the release of Debian that they are of
    #[arg(long, value_name = "NAME", default_value_t)]
    generation: Generation,
}

impl Cli {
    /// A lab of this kind.
    fn options(&self, sandbox: Kind) -> Options {
        Options { generation: self.generation, sandbox, ..Options::default() }
            .until(measure::interrupted)
    }
}

fn main() -> ExitCode {
    facts::main(
        &[],
        |_| Ok(reading::facts()),
        || {
            let cli = Cli::parse();
            let labs = [Kind::User, Kind::Root].map(|kind| cli.options(kind));
            let able = || bench::preflight(&[&labs[0], &labs[1]]);
            cli.run.conduct(&EXPERIMENT, able, |run| experiment(run, &cli))
        },
    )
}

fn experiment(run: &mut Run, cli: &Cli) -> Result<()> {
    let began = Instant::now();
    let (user, root) =
        (Lab::start(&cli.options(Kind::User))?, Lab::start(&cli.options(Kind::Root))?);
    let held = session(run, &user, &root, began);
    user.blamed(root.blamed(held))
}

fn session(run: &mut Run, user: &Lab, root: &Lab, began: Instant) -> Result<()> {
    let lab_ms = began.elapsed().as_millis();
    let wanted = |name: &str| run.arms().iter().any(|arm| arm.name == name);
    let rows: Vec<_> = ROWS.iter().filter(|row| wanted(row.0)).collect();
    let mut sides = [Side::new(user, &rows)?, Side::new(root, &rows)?];
    let mut nests = Vec::new();
    for side in &sides {
        nests.extend(side.describe()?);
    }
    run.session(json!({
        "lab": user.describe(),
        "lab_root": root.describe(),
        "stand_ins": user.stand_ins(),
        "nests": nests,
        "setup": { "lab_ms": lab_ms, "all_ms": began.elapsed().as_millis() },
    }))?;
    run.measure(|arm| {
        let row = ROWS.iter().find(|row| row.0 == arm.name);
        let row = row.ok_or_else(|| SampleError::Fatal("no such arm".to_owned()))?;
        let side = sides.iter_mut().find(|side| side.kind() == row.1);
        let side = side.ok_or_else(|| SampleError::Fatal("no such lab".to_owned()))?;
        side.take(row.2, row.3, arm.observer)
    })
}

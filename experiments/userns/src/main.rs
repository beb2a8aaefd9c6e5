//! What does the user namespace around a lab cost or save?

mod arms;
mod guest;
mod reading;
mod side;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use lab::{Generation, Images, Kind, Lab, Options};
use measure::{Run, SampleError};
use miette::Result;
use serde_json::json;

use arms::Row;
use guest::Guest;
use side::Side;

/// The same starts in two labs that live side by side: one in a user namespace, one without; and in one of
/// an ordinary user, if you name one
#[derive(Parser)]
#[command(name = "userns")]
struct Cli {
    #[command(flatten)]
    run: measure::RunArgs,
    #[command(flatten)]
    _engines: bench::LabsOnly,

    /// The engines, by the release of Debian that they are of
    #[arg(long, value_name = "NAME", default_value_t)]
    generation: Generation,

    /// Also in a lab of this ordinary user of the machine: arms `-rootless`
    #[arg(long, value_name = "USER")]
    rootless: Option<String>,

    /// In that user's program: the arms that it takes
    #[arg(long, value_name = "ARMS", value_delimiter = ',', hide = true)]
    serve: Option<Vec<String>>,
}

impl Cli {
    /// A lab of this kind.
    fn options(&self, sandbox: Kind) -> Options {
        // What was pulled is one user's, and the labs of two must not differ in their images.
        let images = Some(Images::StandIns);
        Options { generation: self.generation, sandbox, images, ..Options::default() }
            .until(measure::interrupted)
    }
}

fn main() -> ExitCode {
    facts::main(
        &[],
        |evidence| Ok(reading::facts(&evidence.record)),
        || {
            let cli = Cli::parse();
            if let Some(names) = &cli.serve {
                let names: Vec<String> =
                    names.iter().filter(|name| !name.is_empty()).cloned().collect();
                return guest::serve(&cli.options(Kind::Rootless), &names);
            }
            let user = cli.rootless.as_deref();
            let labs = [Kind::User, Kind::Root].map(|kind| cli.options(kind));
            let able = || {
                let kept = bench::preflight(&[&labs[0], &labs[1]])?;
                user.map_or(Ok(()), |user| guest::require(user, cli.generation))?;
                Ok(kept)
            };
            let declared = arms::experiment(user.is_some());
            cli.run.conduct(&declared, able, |run| experiment(run, &cli))
        },
    )
}

fn experiment(run: &mut Run, cli: &Cli) -> Result<()> {
    let began = Instant::now();
    let (user, root) =
        (Lab::start(&cli.options(Kind::User))?, Lab::start(&cli.options(Kind::Root))?);
    let guests = rows(run).filter(|row| row.1 == Kind::Rootless);
    let guests: Vec<&str> = guests.map(|row| row.0).collect();
    let guest = cli.rootless.as_deref().filter(|_| !guests.is_empty());
    let guest = guest.map(|user| Guest::start(user, cli.generation, &guests)).transpose()?;
    let held = session(run, &user, &root, guest, began);
    user.blamed(root.blamed(held))
}

/// Those that this run takes.
fn rows(run: &Run) -> impl Iterator<Item = &'static Row> {
    let wanted: Vec<&str> = run.arms().iter().map(|arm| arm.name).collect();
    arms::rows().filter(move |row| wanted.contains(&row.0))
}

fn session(
    run: &mut Run,
    user: &Lab,
    root: &Lab,
    mut guest: Option<Guest>,
    began: Instant,
) -> Result<()> {
    let lab_ms = began.elapsed().as_millis();
    let rows: Vec<&Row> = rows(run).collect();
    let mut sides = [Side::new(user, &rows)?, Side::new(root, &rows)?];
    let mut nests = Vec::new();
    for side in &sides {
        nests.extend(side.describe()?);
    }
    nests.extend(guest.iter().flat_map(|guest| guest.nests.clone()));
    let mut described = json!({
        "lab": user.describe(),
        "lab_root": root.describe(),
        "stand_ins": user.stand_ins(),
        "nests": nests,
        "setup": { "lab_ms": lab_ms, "all_ms": began.elapsed().as_millis() },
    });
    if let Some(guest) = &guest {
        described["lab_rootless"] = guest.lab.clone();
    }
    run.session(described)?;
    run.measure(|arm| {
        let row = rows.iter().find(|row| row.0 == arm.name);
        let row = row.ok_or_else(|| SampleError::Fatal("no such arm".to_owned()))?;
        if let (Kind::Rootless, Some(guest)) = (row.1, &mut guest) {
            return guest.take(arm.name);
        }
        let side = sides.iter_mut().find(|side| side.kind() == row.1);
        let side = side.ok_or_else(|| SampleError::Fatal("no such lab".to_owned()))?;
        side.take(row.2, row.3, arm.observer)
    })
}

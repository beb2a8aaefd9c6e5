//! The flags of an experiment that tries subjects once, on the engines of several generations.

use std::path::PathBuf;

use clap::Args;
use lab::{Generation, Images, Kind, Options};
use measure::Trial;

use crate::once::is_named;

/// Which engines, and what of an earlier run is taken over.
#[derive(Debug, Args)]
pub struct Generations {
    /// The engines, by the release of Debian that they are of; may be given several times (default:
    /// all, with --quick trixie). Costs are measured on the only one, or on trixie
    #[arg(id = "generations", long = "generation", value_name = "NAME")]
    named: Vec<Generation>,

    /// With a user namespace (`user`: root inside has no power outside) or without (`root`: as a rootful
    /// engine), both root's; or in one that an ordinary user has made (`rootless`)
    #[arg(long, value_name = "KIND", default_value_t = Kind::here())]
    sandbox: Kind,

    /// Only stand-ins, or only images that were pulled (`lab pull`); otherwise those that were pulled, and
    /// stand-ins for the rest
    #[arg(long, value_name = "WHICH")]
    images: Option<Images>,

    /// Only what is tried once, without what it costs
    #[arg(long, conflicts_with_all = ["arms", "blocks", "precision", "budget", "sessions", "verify"])]
    pub no_cost: bool,

    /// Take over what an earlier run with the same engines has finished
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,

    /// Of what --resume takes over, try again what has these words in its name; may be given several
    /// times
    #[arg(long, value_name = "WORDS", requires = "resume")]
    again: Vec<String>,
}

impl Generations {
    /// All that were asked for, in their order; without a wish all, in a quick run the default.
    #[must_use]
    pub fn wanted(&self, is_quick: bool) -> Vec<Generation> {
        let mut wanted = match self.named[..] {
            [] if is_quick => vec![Generation::default()],
            [] => Generation::ALL.to_vec(),
            _ => self.named.clone(),
        };
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// Which one of them is measured.
    #[must_use]
    pub fn priced(wanted: &[Generation]) -> Generation {
        if let [only] = *wanted { only } else { Generation::default() }
    }

    /// A lab of this one, whose waits end with the run.
    #[must_use]
    pub fn options(&self, generation: Generation) -> Options {
        Options {
            generation,
            sandbox: self.sandbox,
            images: self.images,
            cancelled: Some(measure::interrupted),
            ..Options::default()
        }
    }

    /// Of an earlier run's rows those of these subjects that are not to be tried again.
    pub fn retain<S: ToString>(&self, rows: &mut Vec<Trial>, subjects: &[S]) {
        let subjects: Vec<String> = subjects.iter().map(ToString::to_string).collect();
        rows.retain(|row| subjects.contains(&row.subject) && !is_named(&row.subject, &self.again));
    }
}

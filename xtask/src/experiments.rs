//! What there is to run: found in the workspace, listed nowhere.
//!
//! An experiment is a package below `experiments/` with a program; its description is the question
//! that it answers. Its `[package.metadata.matryoshka]` may make it a part of a whole, which runs its
//! parts one after the other and reports them together.

use std::path::Path;

use cargo_metadata::{MetadataCommand, Package};
use miette::{IntoDiagnostic, Result};

/// A package with a program.
pub(crate) struct Experiment {
    pub(crate) name: String,
    /// One line of help.
    pub(crate) question: String,
    part_of: Option<PartOf>,
}

/// `part-of = { whole = "NAME", place = 1, about = "…" }`; the first part says what the whole is about.
struct PartOf {
    whole: String,
    place: u64,
    about: String,
}

/// Several experiments as one.
pub(crate) struct Whole {
    pub(crate) name: String,
    /// One line of help.
    pub(crate) about: String,
    /// In the order in which they run.
    pub(crate) parts: Vec<String>,
}

/// All of a workspace, by name.
pub(crate) struct Experiments {
    pub(crate) all: Vec<Experiment>,
    pub(crate) wholes: Vec<Whole>,
}

impl Experiments {
    /// Asks cargo; fails where it can't tell.
    pub(crate) fn find(root: &Path) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .no_deps()
            .exec()
            .into_diagnostic()?;
        let is_experiment = |package: &&Package| {
            let is_there = package.manifest_path.starts_with(root.join("experiments"));
            is_there && package.targets.iter().any(cargo_metadata::Target::is_bin)
        };
        let found = metadata.packages.iter().filter(is_experiment);
        let mut all: Vec<Experiment> = found.map(Experiment::of).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        let wholes = wholes(&all);
        Ok(Self { all, wholes })
    }

    pub(crate) fn whole(&self, name: &str) -> Option<&Whole> {
        self.wholes.iter().find(|whole| whole.name == name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.all.iter().any(|experiment| experiment.name == name)
    }
}

impl Experiment {
    fn of(package: &Package) -> Self {
        let part_of = &package.metadata["matryoshka"]["part-of"];
        let text = |key: &str| part_of[key].as_str().unwrap_or_default().to_owned();
        Self {
            name: package.name.to_string(),
            question: package.description.clone().unwrap_or_default(),
            part_of: part_of["place"].as_u64().map(|place| PartOf {
                whole: text("whole"),
                place,
                about: text("about"),
            }),
        }
    }
}

fn wholes(all: &[Experiment]) -> Vec<Whole> {
    let parts = all.iter().filter_map(|part| Some((part.part_of.as_ref()?, &part.name)));
    let mut parts: Vec<(&PartOf, &String)> = parts.collect();
    parts.sort_by_key(|(part_of, _)| (&part_of.whole, part_of.place));
    let wholes = parts.chunk_by(|a, b| a.0.whole == b.0.whole);
    let whole = |parts: &[(&PartOf, &String)]| Whole {
        name: parts[0].0.whole.clone(),
        about: parts[0].0.about.clone(),
        parts: parts.iter().map(|(_, name)| (*name).clone()).collect(),
    };
    wholes.map(whole).collect()
}

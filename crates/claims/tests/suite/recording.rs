//! What the suite has seen, with where and of what.

use std::path::Path;
use std::sync::OnceLock;

use claims::{Expected, Mutation, Recorder, Seen};
use miette::{IntoDiagnostic, Result};

use crate::look::Observation;
use crate::scene::Scene;
use lab_test::words;

/// The record of this run.
pub(crate) struct Recording {
    generation: String,
    seen: Recorder,
    mutations: Recorder,
    revision: OnceLock<String>,
    engines: OnceLock<String>,
}

impl Recording {
    pub(crate) fn new(generation: lab::Generation) -> Self {
        let generation = generation.to_string();
        // target/claims; below the current folder where the suite was carried to another machine.
        let built = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let target = built.parent().filter(|target| target.exists()).unwrap_or(Path::new("."));
        let folder = target.join("claims");
        Self {
            seen: Recorder::new(&folder, &generation),
            mutations: Recorder::new(&folder, &format!("{generation}-mutations")),
            generation,
            revision: OnceLock::new(),
            engines: OnceLock::new(),
        }
    }

    pub(crate) fn generation(&self) -> &str {
        &self.generation
    }

    /// Asks the engines for their versions, once; what they say goes into every row.
    pub(crate) fn ask_engines(&self, node: &Scene) {
        self.engines.get_or_init(|| versions(node).unwrap_or_default());
    }

    /// A look at a cell; one without an outcome where this machine can't look.
    pub(crate) fn append(&self, cell: &Expected, seen: &Result<Observation>) -> Result<()> {
        let (property, pattern) = (&*cell.property, cell.pattern);
        let name = [&*claims_of(property, pattern), property, pattern].join("::");
        self.seen.append(&self.row(&name, cell, seen)).into_diagnostic()
    }

    /// A look at a wrong set-up in a cell's place.
    pub(crate) fn append_mutation(
        &self,
        cell: &Expected,
        row: &Mutation,
        seen: &Result<Observation>,
    ) -> Result<()> {
        let name = ["mutation", &row.property, &row.pattern, &row.set_up].join("::");
        let row_seen = Seen {
            // What was really looked at.
            pattern: row.set_up.clone(),
            ..self.row(&name, cell, seen)
        };
        self.mutations.append(&row_seen).into_diagnostic()
    }

    fn row(&self, name: &str, cell: &Expected, seen: &Result<Observation>) -> Seen {
        let (outcome, detail) = match seen {
            Ok(sight) => (sight.outcome.clone(), sight.detail.clone()),
            Err(report) => (claims::FAILED.to_owned(), words(report)),
        };
        Seen {
            when: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            revision: self.revision.get_or_init(|| measure::Tool::read().word()).clone(),
            generation: self.generation.clone(),
            engines: self.engines.get().cloned().unwrap_or_default(),
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            sandbox: lab::Kind::here().to_string(),
            test: name.replace('-', "_"),
            property: cell.property.clone(),
            pattern: cell.pattern.to_owned(),
            expected: cell.outcome.clone(),
            seen: outcome,
            detail,
            machine: String::new(),
        }
    }
}

/// `docker 26.1.5+dfsg1, podman 5.4.2`, of the node.
fn versions(scene: &Scene) -> Result<String> {
    let node = scene.node()?;
    let docker = node.output(&["docker", "version", "--format", "{{.Server.Version}}"])?;
    let podman = node.output(&["podman", "--version"])?;
    let podman = podman.split_whitespace().last().unwrap_or_default();
    Ok(format!("docker {}, podman {podman}", docker.trim()))
}

/// Which claims speak of a cell: with the property and the pattern the name of a look.
fn claims_of(property: &str, pattern: &str) -> String {
    let says = claims::says();
    let ids = says.iter().filter(|says| says.property == property && says.pattern == pattern);
    let ids: Vec<String> = ids.map(|says| says.claim.to_lowercase()).collect();
    if ids.is_empty() { "unclaimed".to_owned() } else { ids.join("_") }
}

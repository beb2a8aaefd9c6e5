//! The properties: each a function that looks at a pattern and says what it sees.
//!
//! A look never judges: what is expected is in the tables.

mod client;
mod control;
mod images;
mod jobs;
mod lifetime;
mod limits;
mod lists;
mod node;
mod parentage;
mod paths;
mod privilege;

use lab::{Level, Output};
use miette::{Result, miette};

use crate::scene::Scene;

/// What a look has seen.
#[derive(Clone, Debug)]
pub(crate) struct Sight {
    /// In the tables' words.
    pub(crate) outcome: String,
    /// What it is concluded from: an engine's own words, a path, a number.
    pub(crate) detail: String,
}

impl Sight {
    pub(crate) fn new(outcome: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail: String = detail.into();
        Self {
            outcome: outcome.into(),
            detail: detail.trim().to_owned(),
        }
    }
}

/// One property, written once, looked at under every pattern that it applies to.
pub(crate) struct Property {
    /// Its name in the tables.
    pub(crate) name: &'static str,
    /// What it looks at.
    pub(crate) look: fn(&Scene) -> Result<Sight>,
    /// The controller of control groups without which nothing can be seen; "" for none.
    pub(crate) controller: &'static str,
}

const fn property(name: &'static str, look: fn(&Scene) -> Result<Sight>) -> Property {
    Property {
        name,
        look,
        controller: "",
    }
}

const fn limit(
    name: &'static str,
    controller: &'static str,
    look: fn(&Scene) -> Result<Sight>,
) -> Property {
    Property {
        name,
        look,
        controller,
    }
}

/// In the order of the table of expectations.
pub(crate) static PROPERTIES: &[Property] = &[
    property("engine", images::engine),
    property("image-outward", |s| lists::outward(s, &lists::IMAGE)),
    property("image-inward", |s| lists::inward(s, &lists::IMAGE)),
    property("image-removal", images::removal),
    property("second-pull", images::second_pull),
    property("container-outward", |s| {
        lists::outward(s, &lists::CONTAINER)
    }),
    property("container-inward", |s| lists::inward(s, &lists::CONTAINER)),
    property("network-outward", |s| lists::outward(s, &lists::NETWORK)),
    property("network-inward", |s| lists::inward(s, &lists::NETWORK)),
    property("volume-outward", |s| lists::outward(s, &lists::VOLUME)),
    property("volume-inward", |s| lists::inward(s, &lists::VOLUME)),
    property("parent-by-processes", parentage::by_processes),
    property("parent-by-control-group", parentage::by_control_group),
    property("parent-by-namespaces", parentage::by_namespaces),
    property("own-namespaces", parentage::own_namespaces),
    property("daemon-ready", privilege::daemon_ready),
    property("without-privilege", privilege::without),
    property("with-devices", privilege::with_devices),
    property("with-capabilities", privilege::with_capabilities),
    property("group-of-the-socket", privilege::group_of_the_socket),
    property("read-only-socket", privilege::read_only_socket),
    property("socket-missing", node::socket_missing),
    property("escape", node::escape),
    property("control", control::control),
    property("name-collision", jobs::name_collision),
    property("volume-collision", jobs::volume_collision),
    property("next-job", jobs::next_job),
    property("bind-mount", paths::bind_mount),
    property("missing-path", paths::missing_path),
    property("outlives", lifetime::outlives),
    property("pause", lifetime::pause),
    property("processor-time", limits::processor_time),
    property(
        "processor-time-shared-cgroupns",
        limits::processor_time_shared,
    ),
    limit("pids-limit", "pids", limits::pids),
    limit("memory-limit", "memory", limits::memory),
    limit(
        "memory-limit-shared-cgroupns",
        "memory",
        limits::memory_shared,
    ),
    limit("cpu-limit", "cpu", limits::cpu),
    property("daemons", limits::daemons),
    property("engine-processes", limits::engine_processes),
    property("integration-test", client::in_the_job),
    property("integration-test-own-network", client::with_its_own_network),
    property("integration-test-from-the-node", client::on_the_node),
];

/// A property by its name.
pub(crate) fn named(name: &str) -> Option<&'static Property> {
    PROPERTIES.iter().find(|property| property.name == name)
}

/// The text among these that an engine refused something with.
///
/// A command that fails for any other reason has not been refused, and proves nothing.
fn refused(output: &Output, texts: &[&'static str]) -> Result<&'static str> {
    let said = format!("{}{}", output.stderr, output.stdout);
    let known = texts.iter().find(|text| said.contains(**text));
    known.copied().ok_or_else(|| {
        miette!(
            "it failed, but not with one of {texts:?}: exit code {}, {said}",
            output.code
        )
    })
}

/// The line of a text that holds these words.
fn line_with(text: &str, words: &str) -> String {
    let line = text.lines().find(|line| line.contains(words));
    line.unwrap_or(words).trim().to_owned()
}

/// Runs an engine's command somewhere.
fn engine(level: &Level, engine: lab::Engine, argv: &[&str]) -> Result<Output> {
    level.run(&[&[engine.program()], argv].concat())
}

/// The same for a command that has to succeed.
fn must(level: &Level, engine: lab::Engine, argv: &[&str]) -> Result<String> {
    level.output(&[&[engine.program()], argv].concat())
}

//! What leads engines to the lab's registry that do not know of it: images that were pulled are told by the
//! flags of their containers, and names of further registries are written to the configuration.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use miette::Result;
use serde_json::Value;

use super::{ADDRESS, AWAY, Engine, REGISTRIES, REGISTRY_NAME};
use crate::error::Explain;
use crate::held::Held;
use crate::nest::Layer;

/// Has the names of further registries than the usual ones lead to the lab's own.
pub(super) fn lead_here(etc: &Path, names: &[String]) -> io::Result<()> {
    let others: Vec<&String> =
        names.iter().filter(|name| !registries().any(|known| known == *name)).collect();
    if others.is_empty() {
        return Ok(());
    }
    let (hosts, podman) = (etc.join("hosts"), etc.join("containers/registries.conf"));
    let (mut lines, mut tables) = (fs::read_to_string(&hosts)?, fs::read_to_string(&podman)?);
    let docker = etc.join("docker/daemon.json");
    let mut daemon: Value = serde_json::from_slice(&fs::read(&docker)?)?;
    for name in others {
        let _ = writeln!(lines, "{ADDRESS} {name}");
        let _ = writeln!(
            tables,
            "\n[[registry]]\nprefix = \"{name}\"\nlocation = \"{REGISTRY_NAME}/{name}\"\ninsecure = true"
        );
        if let Some(insecure) = daemon["insecure-registries"].as_array_mut() {
            insecure.push(format!("http://{name}").into());
        }
    }
    fs::write(hosts, lines)?;
    fs::write(podman, tables)?;
    fs::write(docker, serde_json::to_vec_pretty(&daemon)?)
}

/// Where every level has what leads engines to the lab's registry, for images that do not know of it.
const HANDED_ON: &str = "/opt/matryoshka/engines";

/// Puts that there.
pub(crate) fn hand_on(etc: &Path, tools: &Path) -> Result<()> {
    let folder = tools.join("engines");
    let copied = || -> io::Result<()> {
        fs::create_dir(&folder)?;
        fs::copy(etc.join("docker/daemon.json"), folder.join("daemon.json"))?;
        fs::copy(etc.join("containers/registries.conf"), folder.join("registries.conf"))?;
        fs::write(folder.join("away.env"), AWAY)
    };
    copied().explain("the engines' configuration can't be written", "free some disk space")
}

/// The names of registries that always lead to the lab's own.
pub(crate) fn registries() -> impl Iterator<Item = &'static str> {
    REGISTRIES.split_whitespace().skip(1)
}

/// The flags by which the container of an engine knows of the lab's registry, where its image does not.
pub(crate) fn lead_to_registry(held: &Held, inner: Layer, image: &str) -> Vec<String> {
    let is_published = held.published.contains(image);
    let has_more = held.registries.len() > registries().count();
    if inner.socket || !(is_published || has_more) {
        return Vec::new();
    }
    let (file, place) = match inner.engine {
        Engine::Docker => ("daemon.json", "docker/daemon.json"),
        Engine::Podman => ("registries.conf", "containers/registries.conf"),
    };
    let mut flags = Vec::new();
    if !inner.like_outer.contains(&place) {
        flags.push(format!("--volume={HANDED_ON}/{file}:/etc/{place}:ro"));
    }
    if inner.engine == Engine::Docker {
        flags.extend(held.registries.iter().map(|name| format!("--add-host={name}:{ADDRESS}")));
        // A stand-in's entry point has the daemon know of it, and nobody else.
        flags.extend(is_published.then(|| format!("--env-file={HANDED_ON}/away.env")));
    }
    flags
}

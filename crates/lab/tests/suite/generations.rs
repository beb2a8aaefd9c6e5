//! The chosen generation of engines is what it says, at each level.

use lab::{Engine, Generation, Lab, Layer};
use lab_test::ensure;
use miette::{Result, miette};
use serde_json::Value;

use crate::lab;

/// A generation, with how the versions of its engines begin.
const VERSIONS: [(Generation, &str, &str); 3] = [
    (Generation::Bookworm, "20.10.", "4.3."),
    (Generation::Trixie, "26.1.", "5.4."),
    (Generation::Forky, "28.5.", "5.8."),
];

const DOCKER: Layer = Layer::own(Engine::Docker);
const PODMAN: Layer = Layer::own(Engine::Podman);

/// With namespaces, network and storage as at level 0, and not as its image has them.
const PODMAN_MATCHED: Layer =
    PODMAN.like_outer(&["containers/containers.conf", "containers/storage.conf"]);

/// Those in which each engine is around and inside; all others are in the suite of `crates/claims`.
const CHAINS: [(&str, [Layer; 2]); 3] = [
    ("docker_in_docker", [DOCKER, DOCKER]),
    ("podman_in_podman", [PODMAN, PODMAN]),
    ("podman_matched_in_podman", [PODMAN, PODMAN_MATCHED]),
];

/// What an engine stores images with by default, in every generation.
const STORAGE: [(Engine, &str); 2] = [(Engine::Docker, "overlay2"), (Engine::Podman, "overlay")];

/// All chains in one lab: bringing a lab up costs more than a nest.
#[lab_test::test]
#[needs(device("/dev/fuse"))]
fn generation_is_what_it_says() -> Result<()> {
    let chosen = lab_test::generation()?;
    let lab = lab()?;
    let suite = lab.describe()["suite"].clone();
    ensure!(suite == chosen.to_string(), "{suite}");
    let versions = VERSIONS.iter().find(|(generation, ..)| *generation == chosen);
    let (_, docker, podman) = *versions.ok_or_else(|| miette!("{chosen} has no versions here"))?;
    let mut broken = Vec::new();
    for (name, chain) in &CHAINS {
        if let Err(report) = nests(&lab, [docker, podman], chain) {
            broken.push(format!("{name}: {report}"));
        }
    }
    ensure!(broken.is_empty(), "\n{}", broken.join("\n"));
    Ok(())
}

fn nests(lab: &Lab, versions: [&str; 2], chain: &[Layer]) -> Result<()> {
    let nest = lab.nest(chain)?;
    let run = [nest.engine().program(), "run", "--rm", "alpine", "echo", "ok"];
    let said = nest.innermost().run(&run)?;
    ensure!(said.success() && said.stdout == "ok\n", "{said:?}");
    // What is known of it would otherwise be taken for a part of what a container says.
    ensure!(said.stderr.is_empty(), "{said:?}");
    if chain[0].engine == Engine::Podman {
        // 3: set, and not one that changes with who is on it.
        let set = nest.levels()[0].run(&["cat", "/sys/class/net/podman0/addr_assign_type"])?;
        ensure!(set.stdout == "3\n", "the bridge's address stays: {set:?}");
    }
    let described = nest.describe()?;
    for (layer, level) in chain.iter().zip(levels(&described)) {
        let version = versions[usize::from(layer.engine == Engine::Podman)];
        let found = level["version"].as_str().unwrap_or_default();
        ensure!(found.starts_with(version), "{level}");
        let storage = STORAGE.iter().find(|(engine, _)| *engine == layer.engine);
        ensure!(storage.is_some_and(|(_, driver)| level["storage_driver"] == *driver), "{level}");
        // A record without it is refused by the report.
        ensure!(layer.engine == Engine::Podman || level["containerd"] != "", "{level}");
    }
    Ok(())
}

fn levels(described: &Value) -> &[Value] {
    described["levels"].as_array().map_or(&[], Vec::as_slice)
}

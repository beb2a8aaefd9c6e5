//! The patterns of nesting, as values.

use lab::{Engine, Layer};

/// A way for a job's container to have an engine.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// Its name in the tables.
    pub(crate) name: &'static str,
    /// The node's engine, then that of the job's container.
    pub(crate) layers: [Layer; 2],
    /// Engines of a node that has none of its own choosing: where the pattern meets what it needs
    /// not being there.
    pub(crate) foreign_node: &'static [Engine],
}

/// Configuration that the published Podman image has, and an engine at level 0 has not.
const LIKE_LEVEL_0: &[&str] = &["containers/containers.conf", "containers/storage.conf"];

const fn own(name: &'static str, outer: Engine, inner: Engine) -> Pattern {
    of(name, outer, Layer::own(inner))
}

const fn of(name: &'static str, outer: Engine, inner: Layer) -> Pattern {
    Pattern { name, layers: [Layer::own(outer), inner], foreign_node: &[Engine::Podman] }
}

/// In the order of the table's columns.
pub(crate) static PATTERNS: [Pattern; 6] = [
    // The tutorial's first form.
    own("dind", Engine::Docker, Engine::Docker),
    // Its second: Docker out of Docker, through the mounted socket.
    of("dood", Engine::Docker, Layer::mounted_socket()),
    // Its third, with the image as it is published.
    own("podman-nested", Engine::Podman, Engine::Podman),
    // The same with the namespaces, groups and storage that a Podman at level 0 gives.
    of("podman-matched", Engine::Podman, Layer::own(Engine::Podman).like_outer(LIKE_LEVEL_0)),
    own("docker-in-podman", Engine::Podman, Engine::Docker),
    own("podman-in-docker", Engine::Docker, Engine::Podman),
];

/// Patterns that are set up wrong, for the table of mutations.
pub(crate) static WRONG: [Pattern; 7] = [
    // Docker in Docker whose client was pointed at the node's daemon.
    of(
        "dind-on-the-nodes-socket",
        Engine::Docker,
        Layer::own(Engine::Docker).with(&[
            "--volume",
            "/var/run/docker.sock:/run/node.sock",
            "--env",
            "DOCKER_HOST=unix:///run/node.sock",
        ]),
    ),
    // Podman in Podman that was given the node's store.
    of(
        "podman-on-the-nodes-store",
        Engine::Podman,
        Layer::own(Engine::Podman).like_outer(LIKE_LEVEL_0).with(&[
            "--volume",
            "/var/lib/containers:/var/lib/containers",
            "--volume",
            "/run/containers:/run/containers",
            "--pid",
            "host",
        ]),
    ),
    // Privilege that came in by another door.
    of(
        "dind-privileged-by-its-flags",
        Engine::Docker,
        Layer::own(Engine::Docker).with(&["--privileged"]),
    ),
    // A member of no group that may use the socket.
    of(
        "dood-of-a-stranger",
        Engine::Docker,
        Layer::mounted_socket().with(&["--user", "1000:1000"]),
    ),
    // A job of root, whom the socket's group does not matter to.
    of("dood-of-root", Engine::Docker, Layer::mounted_socket().with(&["--user", "0:0"])),
    // A node that has Docker after all.
    Pattern {
        name: "dood-where-docker-is",
        layers: [Layer::own(Engine::Docker), Layer::mounted_socket()],
        foreign_node: &[Engine::Docker, Engine::Podman],
    },
    // What the tutorial says that it needs, forgotten.
    of("dind-without-privilege", Engine::Docker, Layer::own(Engine::Docker).unprivileged()),
];

/// A pattern by its name, right or wrong.
pub(crate) fn named(name: &str) -> &'static Pattern {
    let found = PATTERNS.iter().chain(&WRONG);
    let mut found = found.filter(|pattern| pattern.name == name);
    found.next().expect("the tables name patterns that exist")
}

//! The arms as data: what is measured, where, and what is held against what.

use lab::{Engine, Layer};
use measure::{Arm, Contrast, Experiment, Metric, Observer, Part};

/// What one sample does in the container at the end of the chain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// The published way: the place's own `sha256sum` over `/dev/urandom`, entered by `exec`.
    Published,
    /// The probe's SHA-256 over generated input, by its own clock.
    Controlled,
    /// Nothing: what it costs to get there and back.
    Hop,
}

const BARE: &[Layer] = &[];
const DOCKER: &[Layer] = &[Layer::own(Engine::Docker)];
const DIND: &[Layer] = &[Layer::own(Engine::Docker), Layer::own(Engine::Docker)];
const PODMAN: &[Layer] = &[Layer::own(Engine::Podman)];
const NESTED: &[Layer] = &[Layer::own(Engine::Podman), Layer::own(Engine::Podman)];

/// Arm, chain of engines around it, what it does there.
pub(crate) const WORKS: &[(&str, &[Layer], Work)] = &[
    ("bare", BARE, Work::Published),
    ("docker", DOCKER, Work::Published),
    ("docker-again", DOCKER, Work::Published),
    ("dind", DIND, Work::Published),
    ("podman", PODMAN, Work::Published),
    ("podman-nested", NESTED, Work::Published),
    ("bare-self", BARE, Work::Controlled),
    ("docker-self", DOCKER, Work::Controlled),
    ("dind-self", DIND, Work::Controlled),
    ("podman-self", PODMAN, Work::Controlled),
    ("podman-nested-self", NESTED, Work::Controlled),
    ("docker-hop", DOCKER, Work::Hop),
    ("dind-hop", DIND, Work::Hop),
    ("podman-hop", PODMAN, Work::Hop),
    ("podman-nested-hop", NESTED, Work::Hop),
];

const fn arm(
    name: &'static str,
    method: &'static str,
    observer: Observer,
    level: u8,
    about: &'static str,
) -> Arm {
    Arm {
        name,
        metric: Metric::Cpu,
        method,
        observer,
        level,
        operations: 1,
        detail: false,
        about,
    }
}

use Observer::{Outside, OwnClock};

pub(crate) const EXPERIMENT: Experiment = Experiment {
    name: "cpu",
    arms: ARMS,
    contrasts: CONTRASTS,
    parts: PARTS,
};

const PARTS: &[Part] = &[];

const ARMS: &[Arm] = &[
    arm(
        "bare",
        "bare",
        Outside,
        0,
        "GNU sha256sum of 50 MiB of /dev/urandom, no container",
    ),
    arm(
        "docker",
        "docker",
        Outside,
        1,
        "busybox sha256sum of the same, by docker exec",
    ),
    arm(
        "docker-again",
        "",
        Outside,
        1,
        "the same under another name (A/A)",
    ),
    arm("dind", "dind", Outside, 2, "the same by docker exec twice"),
    arm("podman", "podman", Outside, 1, "the same by podman exec"),
    arm(
        "podman-nested",
        "podman-nested",
        Outside,
        2,
        "the same by podman exec twice",
    ),
    arm(
        "bare-self",
        "",
        OwnClock,
        0,
        "the probe's SHA-256 of 50 MiB, by its own clock",
    ),
    arm("docker-self", "", OwnClock, 1, "the same in Docker"),
    arm("dind-self", "", OwnClock, 2, "the same in Docker in Docker"),
    arm("podman-self", "", OwnClock, 1, "the same in Podman"),
    arm(
        "podman-nested-self",
        "",
        OwnClock,
        2,
        "the same in Podman in Podman",
    ),
    arm("docker-hop", "", Outside, 1, "docker exec … true"),
    arm(
        "dind-hop",
        "",
        Outside,
        2,
        "docker exec … docker exec … true",
    ),
    arm("podman-hop", "", Outside, 1, "podman exec … true"),
    arm(
        "podman-nested-hop",
        "",
        Outside,
        2,
        "podman exec … podman exec … true",
    ),
];

const CONTRASTS: &[Contrast] = &[
    Contrast::primary("docker/bare", "docker", "bare", "published as +15 % (A17)"),
    Contrast::primary("dind/bare", "dind", "bare", "published as +24 % (A17)"),
    Contrast::primary("podman/bare", "podman", "bare", "published as +21 % (A17)"),
    Contrast::primary(
        "podman-nested/bare",
        "podman-nested",
        "bare",
        "published as +49 % (A17)",
    ),
    Contrast::primary(
        "docker-self/bare-self",
        "docker-self",
        "bare-self",
        "same program, no hop",
    ),
    Contrast::primary(
        "dind-self/bare-self",
        "dind-self",
        "bare-self",
        "same program, no hop",
    ),
    Contrast::primary(
        "podman-self/bare-self",
        "podman-self",
        "bare-self",
        "same program, no hop",
    ),
    Contrast::primary(
        "podman-nested-self/bare-self",
        "podman-nested-self",
        "bare-self",
        "same program, no hop",
    ),
    Contrast::exploratory(
        "docker-again/docker",
        "docker-again",
        "docker",
        "A/A: should contain 1",
    ),
];

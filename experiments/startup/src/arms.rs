//! The arms as data: what is measured, where, and what is held against what.

use facts::STARTUP;
use lab::{Engine, Layer};
use measure::{Arm, Contrast, DefaultBlocks, Experiment, Observer, Part};

/// What one sample does.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// The program alone.
    Echo,
    /// A container that runs the same program, on a network in this state.
    Run(Network),
    /// Nothing, one `exec` further in.
    Hop,
}

/// In which state a container's network is when it starts.
#[derive(Clone, Copy)]
pub(crate) enum Network {
    /// The engine's default, with a container that stays on it.
    Warm,
    /// The same with nobody on it: Podman makes a bridge and its rules for the first container, and
    /// takes them away after the last; Docker's bridge stays.
    Cold,
    /// `--network=none`.
    None,
}

use Network::{Cold, Warm};

const DOCKER: &[Layer] = &[Layer::own(Engine::Docker)];
const DIND: &[Layer] = &[Layer::own(Engine::Docker), Layer::own(Engine::Docker)];
const DOOD: &[Layer] = &[Layer::own(Engine::Docker), Layer::mounted_socket()];
const PODMAN: &[Layer] = &[Layer::own(Engine::Podman)];
const NESTED: &[Layer] = &[Layer::own(Engine::Podman), Layer::own(Engine::Podman)];

/// What the published image of Podman does otherwise than Podman at level 0: its inner containers
/// get no namespaces and no control group of their own (`containers.conf`), and their layers are
/// mounted through FUSE (`storage.conf`).
const NAMESPACES: &str = "containers/containers.conf";
const STORAGE: &str = "containers/storage.conf";
const NESTED_NAMESPACES: &[Layer] =
    &[Layer::own(Engine::Podman), Layer::own(Engine::Podman).like_outer(&[NAMESPACES])];
const NESTED_MATCHED: &[Layer] =
    &[Layer::own(Engine::Podman), Layer::own(Engine::Podman).like_outer(&[NAMESPACES, STORAGE])];

/// Arm, chain of engines, what it does at the innermost one.
pub(crate) const CHAINS: &[(&str, &[Layer], Step)] = &[
    ("bare", &[], Step::Echo),
    ("docker", DOCKER, Step::Run(Warm)),
    ("docker-again", DOCKER, Step::Run(Warm)),
    ("docker-cold", DOCKER, Step::Run(Cold)),
    ("docker-none", DOCKER, Step::Run(Network::None)),
    ("dind", DIND, Step::Run(Warm)),
    ("dind-inside", DIND, Step::Run(Warm)),
    ("dind-cold-inside", DIND, Step::Run(Cold)),
    ("dind-none-inside", DIND, Step::Run(Network::None)),
    ("dood", DOOD, Step::Run(Warm)),
    ("dood-inside", DOOD, Step::Run(Warm)),
    ("docker-hop", DIND, Step::Hop),
    ("podman", PODMAN, Step::Run(Warm)),
    ("podman-cold", PODMAN, Step::Run(Cold)),
    ("podman-none", PODMAN, Step::Run(Network::None)),
    ("podman-nested", NESTED, Step::Run(Warm)),
    ("podman-nested-inside", NESTED, Step::Run(Warm)),
    ("podman-hop", NESTED, Step::Hop),
    ("podman-namespaces-inside", NESTED_NAMESPACES, Step::Run(Warm)),
    ("podman-matched-inside", NESTED_MATCHED, Step::Run(Warm)),
    ("podman-matched-cold-inside", NESTED_MATCHED, Step::Run(Cold)),
    ("podman-matched-none-inside", NESTED_MATCHED, Step::Run(Network::None)),
];

/// `method`: the published arm that it repeats, or empty.
const fn arm(
    name: &'static str,
    method: &'static str,
    observer: Observer,
    level: u8,
    about: &'static str,
) -> Arm {
    Arm::new(STARTUP.name(), name, observer, level, about).of_method(method)
}

/// The same arm as one that only takes a result apart.
const fn detail(mut arm: Arm) -> Arm {
    arm.detail = true;
    arm
}

use Observer::{Inside, Outside};

pub(crate) const EXPERIMENT: Experiment = Experiment {
    name: "startup",
    arms: ARMS,
    contrasts: CONTRASTS,
    parts: PARTS,
    series: &[],
    blocks: DefaultBlocks { full: 9, primary: 42 },
    settled_ms: bench::SETTLED_MS,
};

const PARTS: &[Part] = &[
    Part {
        of: "dind/docker",
        due: "hop",
        plus: &["dind"],
        minus: &["dind-inside"],
        about: "timed through docker exec, against next to the inner client",
    },
    Part {
        of: "dind/docker",
        due: "nesting",
        plus: &["dind-inside"],
        minus: &["docker"],
        about: "next to the inner client, against next to the outer one",
    },
    Part {
        of: "podman-nested/podman",
        due: "hop",
        plus: &["podman-nested"],
        minus: &["podman-nested-inside"],
        about: "timed through podman exec, against next to the inner Podman",
    },
    Part {
        of: "podman-nested/podman",
        due: "namespaces",
        plus: &["podman-nested-inside"],
        minus: &["podman-namespaces-inside"],
        about: "the image's setting, no namespaces and no control group, against level 1's",
    },
    Part {
        of: "podman-nested/podman",
        due: "storage",
        plus: &["podman-namespaces-inside"],
        minus: &["podman-matched-inside"],
        about: "the image's setting, overlay through FUSE, against level 1's",
    },
    Part {
        of: "podman-nested/podman",
        due: "nesting",
        plus: &["podman-matched-inside"],
        minus: &["podman"],
        about: "the same configuration one level further in",
    },
    Part {
        of: "dind-cold-inside/docker",
        due: "network",
        plus: &["dind-cold-inside"],
        minus: &["dind-inside"],
        about: "nobody on the inner network, against a container that stays there",
    },
    Part {
        of: "dind-cold-inside/docker",
        due: "nesting",
        plus: &["dind-inside"],
        minus: &["docker"],
        about: "next to the inner client, against next to the outer one",
    },
    Part {
        of: "podman-matched-cold-inside/podman",
        due: "network",
        plus: &["podman-matched-cold-inside"],
        minus: &["podman-matched-inside"],
        about: "nobody on the inner network, against a container that stays there",
    },
    Part {
        of: "podman-matched-cold-inside/podman",
        due: "nesting",
        plus: &["podman-matched-inside"],
        minus: &["podman"],
        about: "the same configuration one level further in",
    },
];

const ARMS: &[Arm] = &[
    arm("bare", "bare", Outside, 0, "echo at level 0, no container"),
    arm("docker", "docker", Outside, 1, "docker run at level 0"),
    arm("docker-again", "", Outside, 1, "the same under another name (A/A)"),
    arm("dind", "dind", Outside, 2, "docker run in Docker in Docker, through docker exec"),
    arm("dind-inside", "", Inside, 2, "the same, timed next to the inner client"),
    arm("dood", "", Outside, 1, "docker run through a mounted socket, through docker exec"),
    arm("dood-inside", "", Inside, 1, "the same, timed next to the client in the container"),
    arm("docker-hop", "", Outside, 1, "docker exec … true: the hop alone"),
    arm("podman", "podman", Outside, 1, "podman run at level 0"),
    arm("podman-nested", "podman-nested", Outside, 2, "podman run in Podman, through podman exec"),
    arm("podman-nested-inside", "", Inside, 2, "the same, timed next to the inner Podman"),
    arm("podman-hop", "", Outside, 1, "podman exec … true: the hop alone"),
    detail(arm(
        "podman-namespaces-inside",
        "",
        Inside,
        2,
        "as podman-nested-inside, with namespaces and control group as level 1 has them",
    )),
    detail(arm(
        "podman-matched-inside",
        "",
        Inside,
        2,
        "the same with level 1's storage, too: configured as Podman at level 0",
    )),
    detail(arm(
        "docker-cold",
        "",
        Outside,
        1,
        "docker run at level 0, on a network with nobody on it",
    )),
    detail(arm("dind-cold-inside", "", Inside, 2, "dind-inside, on a network with nobody on it")),
    detail(arm(
        "podman-cold",
        "",
        Outside,
        1,
        "podman run at level 0, on a network with nobody on it",
    )),
    detail(arm(
        "podman-matched-cold-inside",
        "",
        Inside,
        2,
        "podman-matched-inside, on a network with nobody on it",
    )),
    detail(arm("docker-none", "", Outside, 1, "docker run at level 0, without a network")),
    detail(arm("dind-none-inside", "", Inside, 2, "dind-inside, without a network")),
    detail(arm("podman-none", "", Outside, 1, "podman run at level 0, without a network")),
    detail(arm(
        "podman-matched-none-inside",
        "",
        Inside,
        2,
        "podman-matched-inside, without a network",
    )),
];

const CONTRASTS: &[Contrast] = &[
    Contrast::primary("dind/docker", "published as +8 % (A15)"),
    Contrast::primary("podman-nested/podman", "published as +45 % (A15)"),
    Contrast::primary("dind-inside/docker", "the same without the hop"),
    Contrast::primary("podman-nested-inside/podman", "the same without the hop"),
    Contrast::exploratory("dood-inside/docker", "the mounted socket (A9)"),
    Contrast::exploratory("podman-nested/docker", "who is faster (A16)"),
    Contrast::exploratory("docker-hop/docker", "the hop as a part of a start"),
    Contrast::exploratory("podman-hop/podman", "the hop as a part of a start"),
    Contrast::exploratory(
        "podman-matched-inside/podman",
        "nesting alone: the same work one level further in",
    ),
    Contrast::exploratory(
        "podman-matched-inside/podman-nested-inside",
        "what the published image saves by doing less",
    ),
    Contrast::exploratory(
        "podman-matched-cold-inside/podman-cold",
        "nesting alone, networks empty",
    ),
    Contrast::exploratory("podman-matched-none-inside/podman-none", "nesting alone, no networks"),
    Contrast::exploratory("dind-cold-inside/docker-cold", "nesting alone, networks empty"),
    Contrast::exploratory("dind-none-inside/docker-none", "nesting alone, no networks"),
    Contrast::exploratory("podman-cold/podman", "the network's first container"),
    Contrast::exploratory(
        "podman-matched-cold-inside/podman-matched-inside",
        "the network's first container, one level further in",
    ),
    Contrast::exploratory("docker-cold/docker", "the network's first container"),
    Contrast::exploratory(
        "dind-cold-inside/dind-inside",
        "the network's first container, one level further in",
    ),
    Contrast::exploratory("podman/podman-none", "the network as a part of a start"),
    Contrast::exploratory("docker/docker-none", "the network as a part of a start"),
    Contrast::exploratory(
        "podman-matched-cold-inside/podman",
        "unlike with unlike: the inner network empty, the outer not",
    ),
    Contrast::exploratory(
        "dind-cold-inside/docker",
        "unlike with unlike: the inner network empty, the outer not",
    ),
    Contrast::exploratory("docker-again/docker", "A/A: should contain 1"),
];

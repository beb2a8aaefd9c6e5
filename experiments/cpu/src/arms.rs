//! The arms as data: what is measured, where, and what is held against what.

use facts::CPU;
use lab::{Engine, Layer};
use measure::{Arm, Contrast, DefaultBlocks, Experiment, Observer, Part};

/// What one sample does in the container at the end of the chain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A shell's line that feeds a `sha256sum`.
    Pipe(&'static Pipe),
    /// The probe's SHA-256 over generated input, by its own clock.
    Controlled,
    /// Nothing: what it costs to get there and back.
    Hop,
}

/// Input and program of a line; `PROBE` in it is the probe's path.
#[derive(PartialEq, Eq)]
pub(crate) struct Pipe {
    pub(crate) shell: &'static [&'static str],
    pub(crate) line: &'static str,
    /// Whether the input, and so the digest, is known; else it is random.
    pub(crate) known: bool,
}

const SH: &[&str] = &["sh", "-c"];
const BUSYBOX_SH: &[&str] = &["busybox", "sh", "-c"];

/// The published line: whatever programs the place has, GNU's at level 0 and busybox's in `alpine`.
const PUBLISHED: Work = Work::Pipe(&Pipe {
    shell: SH,
    line: "head -c 52428800 /dev/urandom | sha256sum",
    known: false,
});
/// The same with input out of memory.
const MEMORY: Work =
    Work::Pipe(&Pipe { shell: SH, line: "PROBE feed 50 | sha256sum", known: true });
/// The published line with busybox's programs, wherever that is.
const BUSYBOX: Work = Work::Pipe(&Pipe {
    shell: BUSYBOX_SH,
    line: "busybox head -c 52428800 /dev/urandom | busybox sha256sum",
    known: false,
});
/// Of these, only the one that hashes; the other feeds it.
const BUSYBOX_SUM: Work = Work::Pipe(&Pipe {
    shell: SH,
    line: "head -c 52428800 /dev/urandom | busybox sha256sum",
    known: false,
});
const BUSYBOX_MEMORY: Work =
    Work::Pipe(&Pipe { shell: BUSYBOX_SH, line: "PROBE feed 50 | busybox sha256sum", known: true });
/// The published line with our program.
const OURS: Work = Work::Pipe(&Pipe {
    shell: SH,
    line: "head -c 52428800 /dev/urandom | PROBE sha256sum",
    known: false,
});

const BARE: &[Layer] = &[];
const DOCKER: &[Layer] = &[Layer::own(Engine::Docker)];
const DIND: &[Layer] = &[Layer::own(Engine::Docker), Layer::own(Engine::Docker)];
const PODMAN: &[Layer] = &[Layer::own(Engine::Podman)];
const NESTED: &[Layer] = &[Layer::own(Engine::Podman), Layer::own(Engine::Podman)];

/// Arm, chain of engines around it, what it does there.
pub(crate) const WORKS: &[(&str, &[Layer], Work)] = &[
    ("bare", BARE, PUBLISHED),
    ("docker", DOCKER, PUBLISHED),
    ("docker-again", DOCKER, PUBLISHED),
    ("dind", DIND, PUBLISHED),
    ("podman", PODMAN, PUBLISHED),
    ("podman-nested", NESTED, PUBLISHED),
    ("bare-self", BARE, Work::Controlled),
    ("docker-self", DOCKER, Work::Controlled),
    ("dind-self", DIND, Work::Controlled),
    ("podman-self", PODMAN, Work::Controlled),
    ("podman-nested-self", NESTED, Work::Controlled),
    ("docker-hop", DOCKER, Work::Hop),
    ("dind-hop", DIND, Work::Hop),
    ("podman-hop", PODMAN, Work::Hop),
    ("podman-nested-hop", NESTED, Work::Hop),
    ("bare-busybox", BARE, BUSYBOX),
    ("bare-busybox-sum", BARE, BUSYBOX_SUM),
    ("bare-ours", BARE, OURS),
    ("bare-memory", BARE, MEMORY),
    ("bare-busybox-memory", BARE, BUSYBOX_MEMORY),
    ("docker-inside", DOCKER, PUBLISHED),
    ("dind-inside", DIND, PUBLISHED),
    ("podman-inside", PODMAN, PUBLISHED),
    ("podman-nested-inside", NESTED, PUBLISHED),
    ("docker-inside-memory", DOCKER, MEMORY),
    ("dind-inside-memory", DIND, MEMORY),
    ("podman-inside-memory", PODMAN, MEMORY),
    ("podman-nested-inside-memory", NESTED, MEMORY),
];

/// `method`: the published arm that it repeats, or empty.
const fn arm(
    name: &'static str,
    method: &'static str,
    observer: Observer,
    level: u8,
    about: &'static str,
) -> Arm {
    Arm::new(CPU.name(), name, observer, level, about).of_method(method)
}

/// An arm that only takes a result apart.
const fn detail(name: &'static str, observer: Observer, level: u8, about: &'static str) -> Arm {
    Arm { detail: true, ..arm(name, "", observer, level, about) }
}

use Observer::{Inside, Outside, OwnClock};

pub(crate) const EXPERIMENT: Experiment = Experiment {
    name: "cpu",
    arms: ARMS,
    contrasts: CONTRASTS,
    parts: PARTS,
    series: &[],
    blocks: DefaultBlocks { full: 12, primary: 48 },
    settled_ms: bench::SETTLED_MS,
};

const HOP: &str = "timed at level 0 through exec, against in the container";
const PROGRAM: &str = "busybox's sha256sum against GNU's, both fed by GNU's head at level 0";
const FEEDER: &str =
    "busybox's shell and head for GNU's, both feeding busybox's sha256sum at level 0";
const INPUT: &str =
    "what head from /dev/urandom costs more than the probe from memory, there against at level 0";
const NESTING: &str = "one program over memory, in the container against at level 0";

const PARTS: &[Part] = &[
    Part {
        of: "docker/bare",
        due: "hop",
        plus: &["docker"],
        minus: &["docker-inside"],
        about: HOP,
    },
    Part {
        of: "docker/bare",
        due: "program",
        plus: &["bare-busybox-sum"],
        minus: &["bare"],
        about: PROGRAM,
    },
    Part {
        of: "docker/bare",
        due: "feeder",
        plus: &["bare-busybox"],
        minus: &["bare-busybox-sum"],
        about: FEEDER,
    },
    Part {
        of: "docker/bare",
        due: "input",
        plus: &["docker-inside", "bare-busybox-memory"],
        minus: &["docker-inside-memory", "bare-busybox"],
        about: INPUT,
    },
    Part {
        of: "docker/bare",
        due: "nesting",
        plus: &["docker-inside-memory"],
        minus: &["bare-busybox-memory"],
        about: NESTING,
    },
    Part { of: "dind/bare", due: "hop", plus: &["dind"], minus: &["dind-inside"], about: HOP },
    Part {
        of: "dind/bare",
        due: "program",
        plus: &["bare-busybox-sum"],
        minus: &["bare"],
        about: PROGRAM,
    },
    Part {
        of: "dind/bare",
        due: "feeder",
        plus: &["bare-busybox"],
        minus: &["bare-busybox-sum"],
        about: FEEDER,
    },
    Part {
        of: "dind/bare",
        due: "input",
        plus: &["dind-inside", "bare-busybox-memory"],
        minus: &["dind-inside-memory", "bare-busybox"],
        about: INPUT,
    },
    Part {
        of: "dind/bare",
        due: "nesting",
        plus: &["dind-inside-memory"],
        minus: &["bare-busybox-memory"],
        about: NESTING,
    },
    Part {
        of: "podman/bare",
        due: "hop",
        plus: &["podman"],
        minus: &["podman-inside"],
        about: HOP,
    },
    Part {
        of: "podman/bare",
        due: "program",
        plus: &["bare-busybox-sum"],
        minus: &["bare"],
        about: PROGRAM,
    },
    Part {
        of: "podman/bare",
        due: "feeder",
        plus: &["bare-busybox"],
        minus: &["bare-busybox-sum"],
        about: FEEDER,
    },
    Part {
        of: "podman/bare",
        due: "input",
        plus: &["podman-inside", "bare-busybox-memory"],
        minus: &["podman-inside-memory", "bare-busybox"],
        about: INPUT,
    },
    Part {
        of: "podman/bare",
        due: "nesting",
        plus: &["podman-inside-memory"],
        minus: &["bare-busybox-memory"],
        about: NESTING,
    },
    Part {
        of: "podman-nested/bare",
        due: "hop",
        plus: &["podman-nested"],
        minus: &["podman-nested-inside"],
        about: HOP,
    },
    Part {
        of: "podman-nested/bare",
        due: "program",
        plus: &["bare-busybox-sum"],
        minus: &["bare"],
        about: PROGRAM,
    },
    Part {
        of: "podman-nested/bare",
        due: "feeder",
        plus: &["bare-busybox"],
        minus: &["bare-busybox-sum"],
        about: FEEDER,
    },
    Part {
        of: "podman-nested/bare",
        due: "input",
        plus: &["podman-nested-inside", "bare-busybox-memory"],
        minus: &["podman-nested-inside-memory", "bare-busybox"],
        about: INPUT,
    },
    Part {
        of: "podman-nested/bare",
        due: "nesting",
        plus: &["podman-nested-inside-memory"],
        minus: &["bare-busybox-memory"],
        about: NESTING,
    },
];

const ARMS: &[Arm] = &[
    arm("bare", "bare", Outside, 0, "GNU sha256sum of 50 MiB of /dev/urandom, no container"),
    arm("docker", "docker", Outside, 1, "busybox sha256sum of the same, by docker exec"),
    arm("docker-again", "", Outside, 1, "the same under another name (A/A)"),
    arm("dind", "dind", Outside, 2, "the same by docker exec twice"),
    arm("podman", "podman", Outside, 1, "the same by podman exec"),
    arm("podman-nested", "podman-nested", Outside, 2, "the same by podman exec twice"),
    arm("bare-self", "", OwnClock, 0, "the probe's SHA-256 of 50 MiB, by its own clock"),
    arm("docker-self", "", OwnClock, 1, "the same in Docker"),
    arm("dind-self", "", OwnClock, 2, "the same in Docker in Docker"),
    arm("podman-self", "", OwnClock, 1, "the same in Podman"),
    arm("podman-nested-self", "", OwnClock, 2, "the same in Podman in Podman"),
    arm("docker-hop", "", Outside, 1, "docker exec … true"),
    arm("dind-hop", "", Outside, 2, "docker exec … docker exec … true"),
    arm("podman-hop", "", Outside, 1, "podman exec … true"),
    arm("podman-nested-hop", "", Outside, 2, "podman exec … podman exec … true"),
    detail("bare-busybox", Outside, 0, "as bare, with busybox's programs"),
    detail("bare-busybox-sum", Outside, 0, "as bare, with busybox's sha256sum, fed by GNU's head"),
    detail("bare-ours", Outside, 0, "as bare, with the probe for sha256sum"),
    detail("bare-memory", Outside, 0, "as bare, with input out of memory"),
    detail("bare-busybox-memory", Outside, 0, "as bare-busybox, with input out of memory"),
    detail("docker-inside", Inside, 1, "as docker, timed in the container: no hop"),
    detail("dind-inside", Inside, 2, "as dind, timed in the container: no hop"),
    detail("podman-inside", Inside, 1, "as podman, timed in the container: no hop"),
    detail("podman-nested-inside", Inside, 2, "as podman-nested, timed in the container: no hop"),
    detail("docker-inside-memory", Inside, 1, "as docker-inside, with input out of memory"),
    detail("dind-inside-memory", Inside, 2, "as dind-inside, with input out of memory"),
    detail("podman-inside-memory", Inside, 1, "as podman-inside, with input out of memory"),
    detail(
        "podman-nested-inside-memory",
        Inside,
        2,
        "as podman-nested-inside, with input out of memory",
    ),
];

const CONTRASTS: &[Contrast] = &[
    Contrast::primary("docker/bare", "published as +15 % (A17)"),
    Contrast::primary("dind/bare", "published as +24 % (A17)"),
    Contrast::primary("podman/bare", "published as +21 % (A17)"),
    Contrast::primary("podman-nested/bare", "published as +49 % (A17)"),
    Contrast::primary("docker-self/bare-self", "same program, no hop"),
    Contrast::primary("dind-self/bare-self", "same program, no hop"),
    Contrast::primary("podman-self/bare-self", "same program, no hop"),
    Contrast::primary("podman-nested-self/bare-self", "same program, no hop"),
    Contrast::exploratory("bare-busybox/bare", "busybox's programs against GNU's, no container"),
    Contrast::exploratory(
        "bare-busybox-sum/bare",
        "busybox's sha256sum against GNU's, no container",
    ),
    Contrast::exploratory("bare-ours/bare", "the probe's SHA-256 against GNU's, no container"),
    Contrast::exploratory(
        "bare-memory/bare",
        "input out of memory against /dev/urandom, no container",
    ),
    Contrast::exploratory(
        "docker-inside-memory/bare-busybox-memory",
        "busybox over memory, no hop: what one level costs it",
    ),
    Contrast::exploratory("dind-inside-memory/bare-busybox-memory", "the same, two levels"),
    Contrast::exploratory(
        "podman-inside-memory/bare-busybox-memory",
        "the same, one level of Podman",
    ),
    Contrast::exploratory(
        "podman-nested-inside-memory/bare-busybox-memory",
        "the same, two levels of Podman",
    ),
    Contrast::exploratory("docker-again/docker", "A/A: should contain 1"),
];

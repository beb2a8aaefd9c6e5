//! The arms as data: six operations at eleven places, and what is held against what.
//!
//! An arm's name is `OPERATION-PLACE`.

use facts::SYSCALL;
use lab::{Engine, Layer, Operation};
use measure::{Arm, Contrast, DefaultBlocks, Experiment, Observer};

/// What the kernel is asked for, under the name that begins an arm's.
pub(crate) const OPERATIONS: &[(&str, Operation)] = &[
    ("getppid", Operation::Getppid),
    ("urandom", Operation::Urandom),
    ("open-stat", Operation::OpenStat),
    ("fork-exec", Operation::ForkExec),
    ("ping-pong", Operation::PingPong),
    ("page-fault", Operation::PageFault),
];

/// The container at the end of a chain of engines, under the name that ends an arm's.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) chain: &'static [Layer],
    /// Whether it has the engine's system call filter.
    pub(crate) filter: bool,
}

const DOCKER: &[Layer] = &[Layer::own(Engine::Docker)];
const DIND: &[Layer] = &[Layer::own(Engine::Docker), Layer::own(Engine::Docker)];
const PODMAN: &[Layer] = &[Layer::own(Engine::Podman)];
const NESTED: &[Layer] = &[Layer::own(Engine::Podman), Layer::own(Engine::Podman)];
/// The inner Podman configured as that of level 0: namespaces, a control group and an overlay of
/// the kernel's for its containers, as at level 1.
const MATCHED: &[Layer] = &[
    Layer::own(Engine::Podman),
    Layer::own(Engine::Podman)
        .like_outer(&["containers/containers.conf", "containers/storage.conf"]),
];

pub(crate) const PLACES: &[Place] = &[
    place("bare", &[]),
    place("docker", DOCKER),
    place("docker-again", DOCKER),
    unconfined("docker-unconfined", DOCKER),
    place("dind", DIND),
    unconfined("dind-unconfined", DIND),
    place("podman", PODMAN),
    unconfined("podman-unconfined", PODMAN),
    place("podman-matched", MATCHED),
    place("podman-nested", NESTED),
    unconfined("podman-nested-unconfined", NESTED),
];

const fn place(name: &'static str, chain: &'static [Layer]) -> Place {
    Place { name, chain, filter: true }
}

const fn unconfined(name: &'static str, chain: &'static [Layer]) -> Place {
    Place { filter: false, ..place(name, chain) }
}

const fn arm(name: &'static str, level: u8, operations: u32, about: &'static str) -> Arm {
    Arm {
        name,
        metric: SYSCALL.name(),
        method: "",
        observer: Observer::OwnClock,
        level,
        operations,
        detail: false,
        about,
    }
}

/// One operation at every place.
macro_rules! everywhere {
    ($operation:literal, $times:literal, $about:literal) => {
        everywhere! { $operation, $times, $about:
            "bare" 0 "no container",
            "docker" 1 "in Docker",
            "docker-again" 1 "in another container of the same kind (A/A)",
            "docker-unconfined" 1 "in Docker, without its system call filter",
            "dind" 2 "in Docker in Docker",
            "dind-unconfined" 2 "in Docker in Docker, without the filter",
            "podman" 1 "in Podman",
            "podman-unconfined" 1 "in Podman, without its system call filter",
            "podman-matched" 2 "in Podman in Podman, configured as the outer one",
            "podman-nested" 2 "in Podman in Podman",
            "podman-nested-unconfined" 2 "in Podman in Podman, without the filter",
        }
    };
    ($operation:literal, $times:literal, $about:literal:
     $($place:literal $level:literal $where:literal,)+) => {
        [$(arm(
            concat!($operation, "-", $place),
            $level,
            $times,
            concat!($about, ", ", $where),
        )),+]
    };
}

/// What one operation's arms answer.
macro_rules! questions {
    ($operation:literal) => {
        questions! { $operation:
            primary "dind" "docker" "level 2 against level 1 (A18)",
            primary "podman-matched" "podman" "level 2 against level 1 (A18)",
            exploratory "podman-nested" "podman" "the same of the published image",
            exploratory "docker" "bare" "the first level",
            exploratory "podman" "bare" "the first level",
            exploratory "docker" "docker-unconfined" "the filter alone",
            exploratory "dind" "dind-unconfined" "the filter alone, a level further in",
            exploratory "podman" "podman-unconfined" "the filter alone",
            exploratory "podman-nested" "podman-nested-unconfined"
                "the filter alone, a level further in",
            exploratory "docker-again" "docker" "A/A: should contain 1",
        }
    };
    ($operation:literal: $($kind:ident $above:literal $below:literal $about:literal,)+) => {
        [$(Contrast::$kind(
            concat!($operation, "-", $above, "/", $operation, "-", $below),
            $about,
        )),+]
    };
}

pub(crate) const EXPERIMENT: Experiment = Experiment {
    name: "syscalls",
    arms: ARMS.as_flattened(),
    contrasts: CONTRASTS.as_flattened(),
    parts: &[],
    series: &[],
    blocks: DefaultBlocks::USUAL,
    settled_ms: bench::SETTLED_MS,
};

/// So many times that a sample takes 2 to 4 ms where no file system in user space is asked: long
/// against the clock, and within the slice that the scheduler gives a process on a busy core.
const ARMS: &[[Arm; PLACES.len()]] = &[
    everywhere!("getppid", 15_000, "getppid()"),
    everywhere!("urandom", 5_000, "read of 64 bytes of /dev/urandom"),
    everywhere!("open-stat", 500, "stat, open and close of /etc/passwd"),
    everywhere!("fork-exec", 6, "start of a static program, to its end"),
    everywhere!("ping-pong", 500, "a byte to another process and back"),
    everywhere!("page-fault", 1_280, "first write to a page of memory"),
];

const CONTRASTS: &[[Contrast; 10]] = &[
    questions!("getppid"),
    questions!("urandom"),
    questions!("open-stat"),
    questions!("fork-exec"),
    questions!("ping-pong"),
    questions!("page-fault"),
];

/// What an arm's name says.
pub(crate) fn read(name: &str) -> Option<(Operation, &'static Place)> {
    OPERATIONS.iter().find_map(|(operation, kind)| {
        let rest = name.strip_prefix(operation)?.strip_prefix('-')?;
        let place = PLACES.iter().find(|place| place.name == rest)?;
        Some((*kind, place))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_at_every_place() {
        let mut read: Vec<_> = EXPERIMENT
            .arms
            .iter()
            .map(|arm| {
                let (operation, place) = read(arm.name).expect("a name of both");
                assert_eq!(usize::from(arm.level), place.chain.len(), "{}", arm.name);
                (format!("{operation:?}"), place.name)
            })
            .collect();
        read.sort();
        read.dedup();
        assert_eq!(read.len(), OPERATIONS.len() * PLACES.len());
    }

    #[test]
    fn a_contrast_is_of_one_operation() {
        for contrast in EXPERIMENT.contrasts {
            let operation = |name| read(name).expect("a name of both").0;
            assert_eq!(
                operation(contrast.numerator),
                operation(contrast.denominator),
                "{}",
                contrast.name
            );
        }
    }
}

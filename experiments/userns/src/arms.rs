//! The arms as data: what is measured, in which of the two labs, and what is held against what.
//!
//! An arm's name is `THING-KIND`, where the kind is that of its lab.

use facts::{CPU, STARTUP};
use lab::{Engine, Kind, Layer};
use measure::{Arm, Contrast, DefaultBlocks, Experiment, Observer};

/// What one sample does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A program alone, at level 0.
    Echo,
    /// A container of the innermost engine that runs the same program.
    Run,
    /// Nothing, one `exec` into the container of the innermost engine.
    Hop,
    /// The probe's hashing, at level 0.
    Hash,
}

impl Step {
    /// As it is typed at the innermost engine, which is of this name.
    pub(crate) fn argv(self, engine: &'static str) -> Vec<&'static str> {
        match self {
            Self::Echo => vec!["echo", "ok"],
            Self::Run => vec![engine, "run", "--rm", "alpine", "echo", "ok"],
            Self::Hop => vec!["true"],
            Self::Hash => Vec::new(),
        }
    }

    /// What it must print.
    pub(crate) fn prints(self) -> &'static str {
        match self {
            Self::Echo | Self::Run => "ok\n",
            Self::Hop | Self::Hash => "",
        }
    }
}

const BARE: &[Layer] = &[];
const DOCKER: &[Layer] = &[Layer::own(Engine::Docker)];
const DIND: &[Layer] = &[Layer::own(Engine::Docker), Layer::own(Engine::Docker)];
const PODMAN: &[Layer] = &[Layer::own(Engine::Podman)];

/// Arm, its lab's kind, chain of engines, what it does there.
pub(crate) type Row = (&'static str, Kind, &'static [Layer], Step);

/// Those that every run may have.
const ROWS: &[Row] = &[
    ("bare-user", Kind::User, BARE, Step::Echo),
    ("bare-root", Kind::Root, BARE, Step::Echo),
    ("docker-user", Kind::User, DOCKER, Step::Run),
    ("docker-user-again", Kind::User, DOCKER, Step::Run),
    ("docker-root", Kind::Root, DOCKER, Step::Run),
    ("podman-user", Kind::User, PODMAN, Step::Run),
    ("podman-root", Kind::Root, PODMAN, Step::Run),
    ("dind-inside-user", Kind::User, DIND, Step::Run),
    ("dind-inside-root", Kind::Root, DIND, Step::Run),
    ("docker-hop-user", Kind::User, DIND, Step::Hop),
    ("docker-hop-root", Kind::Root, DIND, Step::Hop),
    ("hash-user", Kind::User, BARE, Step::Hash),
    ("hash-root", Kind::Root, BARE, Step::Hash),
];

/// Those of a run that has a lab of an ordinary user besides.
const USERS_ROWS: &[Row] = &[
    ("docker-rootless", Kind::Rootless, DOCKER, Step::Run),
    ("podman-rootless", Kind::Rootless, PODMAN, Step::Run),
    ("dind-inside-rootless", Kind::Rootless, DIND, Step::Run),
    ("hash-rootless", Kind::Rootless, BARE, Step::Hash),
];

pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(USERS_ROWS)
}

const fn arm(name: &'static str, observer: Observer, level: u8, about: &'static str) -> Arm {
    Arm::new(STARTUP.name(), name, observer, level, about)
}

const fn hash(name: &'static str, about: &'static str) -> Arm {
    Arm { metric: CPU.name(), ..arm(name, OwnClock, 0, about) }
}

use Observer::{Inside, Outside, OwnClock};

const EXPERIMENT: Experiment = Experiment {
    name: "userns",
    arms: ARMS,
    contrasts: CONTRASTS,
    parts: &[],
    series: &[],
    blocks: DefaultBlocks::USUAL,
    settled_ms: bench::SETTLED_MS,
};

/// With the lab of an ordinary user besides, or without.
pub(crate) fn experiment(with_user: bool) -> Experiment {
    if !with_user {
        return EXPERIMENT;
    }
    let arms: Vec<Arm> = ARMS.iter().chain(USERS_ARMS).cloned().collect();
    let contrasts: Vec<Contrast> = CONTRASTS.iter().chain(USERS_CONTRASTS).cloned().collect();
    Experiment { arms: arms.leak(), contrasts: contrasts.leak(), ..EXPERIMENT }
}

/// From where an arm is looked at.
pub(crate) fn observer(name: &str) -> Observer {
    let arm = ARMS.iter().chain(USERS_ARMS).find(|arm| arm.name == name);
    arm.map_or(Outside, |arm| arm.observer)
}

const ARMS: &[Arm] = &[
    arm("bare-user", Outside, 0, "echo at level 0, no container"),
    arm("bare-root", Outside, 0, "the same without user namespace"),
    arm("docker-user", Outside, 1, "docker run at level 0"),
    arm("docker-user-again", Outside, 1, "the same under another name (A/A)"),
    arm("docker-root", Outside, 1, "the same without user namespace"),
    arm("podman-user", Outside, 1, "podman run at level 0"),
    arm("podman-root", Outside, 1, "the same without user namespace"),
    arm(
        "dind-inside-user",
        Inside,
        2,
        "docker run in Docker in Docker, timed next to the inner client",
    ),
    arm("dind-inside-root", Inside, 2, "the same without user namespace"),
    arm("docker-hop-user", Outside, 1, "docker exec … true: the hop alone"),
    arm("docker-hop-root", Outside, 1, "the same without user namespace"),
    hash("hash-user", "the probe's SHA-256 of 50 MiB, by its own clock"),
    hash("hash-root", "the same without user namespace"),
];

const CONTRASTS: &[Contrast] = &[
    Contrast::primary("docker-user/docker-root", "one start of Docker"),
    Contrast::primary("podman-user/podman-root", "one start of Podman"),
    Contrast::primary("dind-inside-user/dind-inside-root", "one start a level further in"),
    Contrast::exploratory("bare-user/bare-root", "a start without engine"),
    Contrast::exploratory("docker-hop-user/docker-hop-root", "an exec into a container"),
    Contrast::exploratory("hash-user/hash-root", "work that asks the kernel for nothing"),
    Contrast::exploratory("docker-user-again/docker-user", "A/A: should contain 1"),
];

const USERS_ARMS: &[Arm] = &[
    arm("docker-rootless", Outside, 1, "docker run at level 0 of an ordinary user's lab"),
    arm("podman-rootless", Outside, 1, "podman run at level 0 of an ordinary user's lab"),
    arm(
        "dind-inside-rootless",
        Inside,
        2,
        "docker run in Docker in Docker of an ordinary user's lab",
    ),
    hash("hash-rootless", "the same hashing in an ordinary user's lab"),
];

const USERS_CONTRASTS: &[Contrast] = &[
    Contrast::primary("docker-rootless/docker-user", "one start of Docker"),
    Contrast::primary("podman-rootless/podman-user", "one start of Podman"),
    Contrast::primary("dind-inside-rootless/dind-inside-user", "one start a level further in"),
    Contrast::exploratory("hash-rootless/hash-user", "work that asks the kernel for nothing"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arm_has_a_row_of_its_lab_and_level() {
        let names = |kind| {
            let rows = rows().filter(move |row| row.1 == kind);
            rows.map(|row| row.0)
        };
        assert!(names(Kind::User).all(|name| name.contains("-user")));
        assert!(names(Kind::Root).all(|name| name.ends_with("-root")));
        assert!(names(Kind::Rootless).all(|name| name.ends_with("-rootless")));
        let with_user = experiment(true);
        for (arm, row) in with_user.arms.iter().zip(rows()) {
            assert_eq!(arm.name, row.0);
            let container = usize::from(row.3 == Step::Run);
            let expected = row.2.len().saturating_sub(1) + container;
            assert_eq!(usize::from(arm.level), expected, "{}", arm.name);
        }
        assert_eq!(with_user.arms.len(), rows().count());
        assert_eq!(ARMS.len(), ROWS.len());
    }

    #[test]
    fn a_contrast_is_of_one_thing_in_two_labs() {
        let row = |name| rows().find(|row| row.0 == name).expect("a row");
        for contrast in experiment(true).contrasts {
            let (above, below) = (row(contrast.numerator), row(contrast.denominator));
            assert!(above.2 == below.2 && above.3 == below.3, "{}", contrast.name);
        }
    }
}

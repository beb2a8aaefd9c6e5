//! Generations of engines: one release of the distribution each, and what differs between them.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde::Serialize;

/// The engines of one release of Debian.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Generation {
    /// Debian 12.
    Bookworm,
    /// Debian 13.
    #[default]
    Trixie,
    /// Debian 14, not released yet.
    Forky,
}

impl Generation {
    /// Oldest first.
    pub const ALL: [Self; 3] = [Self::Bookworm, Self::Trixie, Self::Forky];

    pub(crate) const fn release(self) -> &'static Release {
        match self {
            Self::Bookworm => &BOOKWORM,
            Self::Trixie => &TRIXIE,
            Self::Forky => &FORKY,
        }
    }
}

impl ValueEnum for Generation {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let Release { suite, engines, .. } = self.release();
        Some(PossibleValue::new(suite).help(engines))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.release().suite)
    }
}

impl FromStr for Generation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.map(|generation| generation.to_string());
        <Self as ValueEnum>::from_str(text, false)
            .map_err(|_| format!("no generation `{text}`: there are {}", known.join(", ")))
    }
}

/// What differs between generations.
pub(crate) struct Release {
    /// The distribution's name for it.
    pub(crate) suite: &'static str,
    /// What was pinned when this source was committed: name, version, size, SHA-256, path.
    pub(crate) lock: &'static str,
    /// Its engines, for a reader.
    pub(crate) engines: &'static str,
    /// Whether its Docker gives a privileged container every capability that the kernel knows,
    /// also those that it does not have itself, which the kernel refuses.
    pub(crate) every_capability: bool,
    /// Whether its Docker goes without control groups only below `RootlessKit`: in its rootless mode its
    /// bridges ask that which ports it forwards.
    pub(crate) every_cgroup: bool,
    /// The devices that inner engines need and that its Docker, in a user namespace, gives a
    /// privileged container only when asked to.
    pub(crate) devices: &'static [&'static str],
    /// What its Podman has to be told, as a line of `[containers]` in `containers.conf(5)`, where a
    /// lab's control group has no controllers.
    pub(crate) podman_without_controllers: &'static str,
    /// What it has instead of a package of `PACKAGES` in `bundle/recipe.rs`: one or several of
    /// another name, or none where another package holds the same.
    pub(crate) instead: &'static [(&'static str, &'static [&'static str])],
    /// The configuration of its containerd at level 0.
    pub(crate) containerd: &'static str,
    /// The day of the release, which its images carry: a build date would change their digests.
    pub(crate) day: &'static str,
}

/// containerd's configuration before version 2.
pub(crate) const CONTAINERD_1: &str = include_str!("engine/containerd-1.toml");
/// The same from version 2 on, whose plugins have other names.
pub(crate) const CONTAINERD_2: &str = include_str!("engine/containerd-2.toml");

const BOOKWORM: Release = Release {
    suite: "bookworm",
    lock: include_str!("../lock/bookworm-amd64.csv"),
    engines: "Docker 20.10, Podman 4.3",
    every_capability: true,
    every_cgroup: false,
    // For storage through FUSE.
    devices: &["/dev/fuse"],
    // It would try to hand none on to a group of conmon's own, which the kernel refuses, and warn
    // of that at every start.
    podman_without_controllers: "cgroups = \"no-conmon\"\n",
    instead: &[
        // The client is in docker.io.
        ("docker-cli", &[]),
        // The release has none.
        ("docker-buildx", &[]),
        // Its is of before there were plugins, in Python.
        ("docker-compose", &[]),
        // This Podman asks for another program.
        ("passt", &["slirp4netns"]),
    ],
    containerd: CONTAINERD_1,
    day: "2023-06-10",
};

const TRIXIE: Release = Release {
    suite: "trixie",
    lock: include_str!("../lock/trixie-amd64.csv"),
    engines: "Docker 26.1, Podman 5.4",
    every_capability: false,
    every_cgroup: false,
    devices: &[],
    podman_without_controllers: "",
    instead: &[],
    containerd: CONTAINERD_1,
    day: "2025-08-09",
};

const FORKY: Release = Release {
    suite: "forky",
    lock: include_str!("../lock/forky-amd64.csv"),
    engines: "Docker 28.5, Podman 5.8",
    every_capability: false,
    every_cgroup: true,
    devices: &[],
    podman_without_controllers: "",
    instead: &[],
    containerd: CONTAINERD_2,
    // It has not been released yet: the day of its lock.
    day: "2026-11-22",
};

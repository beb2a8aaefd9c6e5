//! The set-ups: which engine is where, what it sees of control groups, and which remedy is tried.

use std::fmt;

use lab::{Engine, Layer};
use serde::Serialize;

/// Who starts what is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Nobody: a container of Docker itself, to hold the others against.
    Docker,
    /// The same of Podman.
    Podman,
    /// A daemon of its own.
    Dind,
    /// Podman in the published image, whose containers are in no control group of their own.
    PodmanNested,
    /// Podman in it, configured as Podman at level 0 is.
    PodmanMatched,
    /// The daemon outside, through its mounted socket.
    Dood,
}

/// What the outer container sees of control groups (`--cgroupns`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Namespace {
    Private,
    Host,
}

/// What is done so that limits hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    None,
    /// The container's own processes go to a leaf below its group, which hands its controllers down.
    Leaf,
    /// The same, and the container sees its own group as the root of all (a bind mount).
    Delegated,
    /// What is inside is started with `--cgroup-parent=` the outer container's group.
    Parent,
    /// Both.
    ParentLeaf,
    /// The limit is that of a group around the container (`--cgroup-parent` of the outer one).
    Pod,
    /// The same, and what is inside is started with that group as its parent, too.
    PodParent,
}

impl Pattern {
    pub(crate) const ALL: [Self; 6] = [
        Self::Docker,
        Self::Podman,
        Self::Dind,
        Self::PodmanNested,
        Self::PodmanMatched,
        Self::Dood,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Dind => "dind",
            Self::PodmanNested => "podman-nested",
            Self::PodmanMatched => "podman-matched",
            Self::Dood => "dood",
        }
    }

    /// The engine that starts the outer container.
    pub(crate) const fn outer(self) -> Engine {
        match self {
            Self::Docker | Self::Dind | Self::Dood => Engine::Docker,
            Self::Podman | Self::PodmanNested | Self::PodmanMatched => Engine::Podman,
        }
    }

    /// What carries the inner engine, where there is one.
    pub(crate) const fn layer(self) -> Option<Layer> {
        match self {
            Self::Docker | Self::Podman => None,
            Self::Dind => Some(Layer::own(Engine::Docker)),
            Self::PodmanNested => Some(Layer::own(Engine::Podman)),
            Self::PodmanMatched => {
                Some(Layer::own(Engine::Podman).like_outer(&["containers/containers.conf"]))
            }
            Self::Dood => Some(Layer::mounted_socket()),
        }
    }

    /// With which namespace the outer limits do not bound what is inside, so that remedies are tried:
    /// with the socket the container's own view makes no difference.
    const fn unbound(self) -> Option<Namespace> {
        match self {
            Self::Dind | Self::PodmanMatched => Some(Namespace::Host),
            Self::Dood => Some(Namespace::Private),
            Self::Docker | Self::Podman | Self::PodmanNested => None,
        }
    }
}

impl Namespace {
    pub(crate) const ALL: [Self; 2] = [Self::Private, Self::Host];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Host => "host",
        }
    }

    pub(crate) const fn flag(self) -> &'static str {
        match self {
            Self::Private => "--cgroupns=private",
            Self::Host => "--cgroupns=host",
        }
    }
}

impl Remedy {
    pub(crate) const ALL: [Self; 7] = [
        Self::None,
        Self::Leaf,
        Self::Delegated,
        Self::Parent,
        Self::ParentLeaf,
        Self::Pod,
        Self::PodParent,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Leaf => "leaf",
            Self::Delegated => "delegated",
            Self::Parent => "parent",
            Self::ParentLeaf => "parent-leaf",
            Self::Pod => "pod",
            Self::PodParent => "pod-parent",
        }
    }

    pub(crate) const fn has_leaf(self) -> bool {
        matches!(self, Self::Leaf | Self::Delegated | Self::ParentLeaf)
    }

    pub(crate) const fn has_pod(self) -> bool {
        matches!(self, Self::Pod | Self::PodParent)
    }

    /// Whether the inner container is given a parent: the group that has the limits.
    pub(crate) const fn has_parent(self) -> bool {
        matches!(self, Self::Parent | Self::ParentLeaf | Self::PodParent)
    }
}

/// One set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub(crate) struct Setup {
    pub(crate) pattern: Pattern,
    pub(crate) namespace: Namespace,
    pub(crate) remedy: Remedy,
}

impl Setup {
    /// All that are tried, each pattern's without a remedy first.
    pub(crate) fn all() -> Vec<Self> {
        let of = |pattern: Pattern| {
            let plain = Namespace::ALL.map(|namespace| (namespace, Remedy::None));
            let unbound = pattern.unbound().into_iter();
            let tried = unbound.flat_map(|namespace| Remedy::ALL.map(|of| (namespace, of)));
            let all = plain.into_iter().chain(tried.filter(|(_, remedy)| *remedy != Remedy::None));
            all.map(move |(namespace, remedy)| Self { pattern, namespace, remedy })
        };
        Pattern::ALL.into_iter().flat_map(of).collect()
    }

    /// Whether a quick run tries it: the pain and one remedy.
    pub(crate) fn is_quick(self) -> bool {
        self.pattern == Pattern::Dind && matches!(self.remedy, Remedy::None | Remedy::ParentLeaf)
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        let words: Vec<&str> = name.split(' ').collect();
        let [pattern, namespace, remedy] = words[..] else {
            return None;
        };
        Some(Self {
            pattern: Pattern::ALL.into_iter().find(|one| one.name() == pattern)?,
            namespace: Namespace::ALL.into_iter().find(|one| one.name() == namespace)?,
            remedy: Remedy::ALL.into_iter().find(|one| one.name() == remedy)?,
        })
    }
}

impl From<Setup> for String {
    fn from(setup: Setup) -> Self {
        setup.to_string()
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pattern, namespace, remedy } = self;
        write!(f, "{} {} {}", pattern.name(), namespace.name(), remedy.name())
    }
}

//! The ways of sharing, as data.

use lab::{Engine, Generation, Layer};

use Generation::{Bookworm, Forky, Trixie};

/// A way in which two jobs' engines share what they keep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) engine: Engine,
    pub(crate) generations: &'static [Generation],
    pub(crate) hand: Hand,
    /// What each engine's container has mounted at its store and below it.
    pub(crate) mounts: &'static [Mount],
    /// Whether one engine's images are meant to be on the other's list.
    pub(crate) one_list: bool,
    /// The daemon's arguments, where it is Docker.
    arguments: &'static [&'static str],
    /// How a job pulls and builds there.
    pub(crate) tools: Tools,
    /// Further flags of the containers.
    flags: &'static [&'static str],
    /// What Podman has of level 0's configuration instead of its image's: so it works without FUSE,
    /// and with namespaces.
    like_outer: &'static [&'static str],
}

/// How the second engine comes to what the first one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hand {
    /// Both at once.
    Live,
    /// Both at once, after an engine that has filled what they share, and ended.
    LiveAfterFiller,
    /// Both at once, each on a copy of a store that an engine has filled before it ended.
    LiveOnCopies,
    /// After the first one was stopped in order.
    Stopped,
    /// After the first one was killed at work.
    Killed,
    /// A copy of the device as a loss of power leaves it.
    PowerCut,
    /// A copy that `cp -a` made while the first one worked.
    Copied,
    /// An engine of the next generation, after a clean stop; then the first one again.
    NextGeneration,
}

/// One mount of an engine's container.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mount {
    pub(crate) whose: Whose,
    /// Below the store; "" for the store itself, an absolute path for elsewhere.
    pub(crate) at: &'static str,
    /// Who may only read it.
    pub(crate) read_only: ReadOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Own,
    Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadOnly {
    Nobody,
    /// The second engine.
    Second,
    /// Both; who fills it before may write.
    Both,
}

/// Scripts of a job. Their arguments: the engine's program, the image's name, its base, the name and
/// the content of the file that it adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tools {
    pub(crate) pull: &'static str,
    pub(crate) build: &'static str,
}

/// What an engine does by itself. The file has always the same time, so that the same content makes
/// the same layer in both jobs, as it does for two jobs of one pipeline.
const PLAIN: Tools = Tools {
    pull: r#""$1" pull --quiet "$3" && "$1" tag "$3" "$2""#,
    build: r#"d=$(mktemp -d) && cd "$d" && mkdir made && printf %s "$5" > "made/$4" || exit
chmod 755 made && chmod 644 "made/$4" && touch -d @0 "made/$4" made || exit
printf 'FROM %s\nCOPY made /made\n' "$3" > Dockerfile
DOCKER_BUILDKIT=0 "$1" build --quiet --tag "$2" . ; code=$?
cd / && rm -rf "$d"; exit $code"#,
};

/// What a job builds is saved in an archive that another one loads instead of pulling.
const ARCHIVE: Tools = Tools {
    pull: r#"if [ -e "/cache/$3.tar" ]
then "$1" load --quiet --input "/cache/$3.tar"
else "$1" pull --quiet "$3" && "$1" save --output "/cache/$3.tar" "$3"
fi && "$1" tag "$3" "$2""#,
    build: PLAIN.build,
};

/// Builds through buildx, whose cache is a folder that all jobs read and write.
const BUILDX: Tools = Tools {
    pull: PLAIN.pull,
    build: r#"d=$(mktemp -d) && cd "$d" && mkdir made && printf %s "$5" > "made/$4" || exit
chmod 755 made && chmod 644 "made/$4" && touch -d @0 "made/$4" made || exit
printf 'FROM %s\nCOPY made /made\n' "$3" > Dockerfile
from=; [ -e /cache/index.json ] && from=--cache-from=type=local,src=/cache
"$1" buildx build --quiet $from --cache-to type=local,dest=/cache,mode=max --load --tag "$2" . ; code=$?
cd / && rm -rf "$d"; exit $code"#,
};

/// Builds with Buildah, which keeps the layer of each step (`--layers`) in the shared store.
const BUILDAH: Tools = Tools {
    pull: PLAIN.pull,
    build: r#"d=$(mktemp -d) && cd "$d" && mkdir made && printf %s "$5" > "made/$4" || exit
chmod 755 made && chmod 644 "made/$4" && touch -d @0 "made/$4" made || exit
printf 'FROM %s\nCOPY made /made\n' "$3" > Dockerfile
buildah build --layers --quiet --tag "$2" . ; code=$?
cd / && rm -rf "$d"; exit $code"#,
};

const ALL: &[Generation] = &[Bookworm, Trixie, Forky];

const fn own(at: &'static str) -> Mount {
    Mount {
        whose: Whose::Own,
        at,
        read_only: ReadOnly::Nobody,
    }
}

const fn common(at: &'static str) -> Mount {
    Mount {
        whose: Whose::Common,
        ..own(at)
    }
}

const fn read_only(at: &'static str, read_only: ReadOnly) -> Mount {
    Mount {
        read_only,
        ..common(at)
    }
}

const WHOLE: &[Mount] = &[common("")];

/// Two Dockers at once on one whole store.
const DOCKER: Way = Way {
    name: "whole",
    engine: Engine::Docker,
    generations: ALL,
    hand: Hand::Live,
    mounts: WHOLE,
    one_list: true,
    arguments: &[],
    tools: PLAIN,
    flags: &[],
    like_outer: &[],
};

/// A Docker whose images are in its containerd's store.
const CONTAINERD: Way = Way {
    generations: &[Forky],
    arguments: &[
        "--feature=containerd-snapshotter",
        "--storage-driver=overlayfs",
    ],
    ..DOCKER
};

const PODMAN: Way = Way {
    name: "podman-whole",
    engine: Engine::Podman,
    like_outer: &["containers/storage.conf", CONTAINERS],
    ..DOCKER
};

const CONTAINERS: &str = "containers/containers.conf";

const SNAPSHOTS: &str = "containerd/daemon/io.containerd.snapshotter.v1.overlayfs";
const CONTENT: &str = "containerd/daemon/io.containerd.content.v1.content";

/// buildx is a plugin of the client.
pub(crate) const PLUGINS: &str =
    "--volume=/usr/libexec/docker/cli-plugins:/usr/libexec/docker/cli-plugins:ro";

/// Buildah beside Podman.
pub(crate) const BUILDAH_PROGRAM: &str = "--volume=/usr/bin/buildah:/usr/bin/buildah:ro";

/// A configuration that has Docker keep its images in its containerd's store, which buildx needs to
/// export a cache.
pub(crate) const CONTAINERD_STORE: &str =
    "--volume=/etc/docker/containerd-store.json:/etc/docker/daemon.json:ro";

/// A configuration that names the registry which keeps what it has fetched.
pub(crate) const PULL_THROUGH: &str =
    "--volume=/etc/docker/pull-through.json:/etc/docker/daemon.json:ro";

/// A configuration that names a second store, which is only read.
pub(crate) const ADDITIONAL: &str =
    "--volume=/etc/containers/additional.conf:/etc/containers/storage.conf:ro";

/// The mount of a cache outside of the store.
pub(crate) const CACHE: &str = "/cache";

pub(crate) const WAYS: &[Way] = &[
    DOCKER,
    Way {
        name: "whole-own-containerd",
        mounts: &[common(""), own("containerd")],
        ..DOCKER
    },
    Way {
        name: "whole-read-only",
        mounts: &[read_only("", ReadOnly::Second)],
        ..DOCKER
    },
    Way {
        name: "after-stop",
        hand: Hand::Stopped,
        ..DOCKER
    },
    Way {
        name: "after-kill",
        hand: Hand::Killed,
        ..DOCKER
    },
    Way {
        name: "after-power-cut",
        hand: Hand::PowerCut,
        ..DOCKER
    },
    Way {
        name: "copied-live",
        hand: Hand::Copied,
        ..DOCKER
    },
    Way {
        name: "next-generation",
        hand: Hand::NextGeneration,
        ..DOCKER
    },
    Way {
        name: "image",
        mounts: &[own(""), common("image")],
        ..DOCKER
    },
    Way {
        name: "layers",
        mounts: &[own(""), common("overlay2")],
        one_list: false,
        ..DOCKER
    },
    Way {
        name: "image-and-layers",
        mounts: &[own(""), common("image"), common("overlay2")],
        ..DOCKER
    },
    Way {
        name: "image-and-layers-read-only",
        mounts: &[
            own(""),
            read_only("image", ReadOnly::Second),
            read_only("overlay2", ReadOnly::Second),
        ],
        ..DOCKER
    },
    Way {
        name: "snapshots",
        mounts: &[own(""), common(SNAPSHOTS)],
        one_list: false,
        ..CONTAINERD
    },
    Way {
        name: "snapshots-and-content",
        mounts: &[own(""), common(SNAPSHOTS), common(CONTENT)],
        one_list: false,
        ..CONTAINERD
    },
    PODMAN,
    Way {
        name: "podman-whole-and-locks",
        mounts: &[
            common(""),
            common("/run/containers"),
            common("/run/libpod"),
            common("/dev/shm"),
        ],
        ..PODMAN
    },
    // What is known to be meant for it.
    Way {
        name: "pull-through",
        mounts: &[own("")],
        one_list: false,
        flags: &[PULL_THROUGH],
        ..DOCKER
    },
    Way {
        name: "copy-of-filled",
        hand: Hand::LiveOnCopies,
        mounts: &[own("")],
        one_list: false,
        ..DOCKER
    },
    Way {
        name: "archive",
        mounts: &[own(""), common(CACHE)],
        one_list: false,
        tools: ARCHIVE,
        ..DOCKER
    },
    Way {
        name: "buildx-cache",
        // Docker 20.10 has no buildx in its release.
        generations: &[Trixie, Forky],
        mounts: &[own(""), common(CACHE)],
        one_list: false,
        tools: BUILDX,
        flags: &[PLUGINS, CONTAINERD_STORE],
        ..DOCKER
    },
    Way {
        name: "additional-store",
        hand: Hand::LiveAfterFiller,
        mounts: &[own(""), read_only("/srv/store", ReadOnly::Both)],
        one_list: false,
        flags: &[ADDITIONAL],
        like_outer: &[CONTAINERS],
        ..PODMAN
    },
    Way {
        name: "buildah-layers",
        tools: BUILDAH,
        flags: &[BUILDAH_PROGRAM],
        ..PODMAN
    },
];

impl Way {
    /// The engine's container, without its mounts.
    pub(crate) fn layer(&self) -> Layer {
        let layer = Layer::own(self.engine).with(self.flags);
        match self.engine {
            Engine::Docker => layer.daemon_with(self.arguments),
            // As at level 0, and not as its image has it: without FUSE, and with namespaces.
            Engine::Podman => layer.like_outer(self.like_outer),
        }
    }

    /// The engine that fills what both only read or have copies of: one like theirs, but with that
    /// for a store.
    pub(crate) fn filler(&self) -> Layer {
        let usual = if self.engine == Engine::Podman {
            PODMAN
        } else {
            DOCKER
        };
        usual.layer()
    }

    /// The store in its container.
    pub(crate) fn store(&self) -> &'static str {
        match self.engine {
            Engine::Docker => "/var/lib/docker",
            Engine::Podman => "/var/lib/containers",
        }
    }

    /// Whether both engines run at once.
    pub(crate) fn is_live(&self) -> bool {
        let live = [Hand::Live, Hand::LiveAfterFiller, Hand::LiveOnCopies];
        live.contains(&self.hand)
    }
}

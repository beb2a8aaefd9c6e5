//! What each stand-in is made of, as data.

use serde::Serialize;

use crate::bundle::PACKET_FILTER_LINKS;
use crate::engine::{AWAY, REGISTRIES};
use crate::generation::{CONTAINERD_1, CONTAINERD_2, Generation};

/// What one stand-in is made of.
#[derive(Serialize)]
pub(super) struct Recipe {
    /// Name in the registry: with the host that clients put before it, if that is not Docker Hub.
    pub(super) repository: &'static str,
    pub(super) tag: &'static str,
    /// The image it stands for, as a user writes it.
    pub(super) stands_for: &'static str,
    /// What tags of it have before a version.
    pub(super) prefix: &'static str,
    /// The version that they name.
    pub(super) version: Version,
    /// What they have behind a version, or instead of one; the first is what it is called by.
    pub(super) variants: &'static [&'static str],
    /// On top of the user land that all share, one layer a group, each with the libraries that it
    /// needs: an engine fetches some layers while it unpacks others, and keeps what it has. As in
    /// `trees` and in the targets of `links`, `*` stands for any name in the bundle: a path with a
    /// version in it fits every version.
    pub(super) programs: &'static [&'static [&'static str]],
    /// Whole directories of the bundle. They, the files and the links are the last layer.
    pub(super) trees: &'static [&'static str],
    /// Path, mode, content.
    pub(super) files: &'static [(&'static str, u32, &'static str)],
    /// Path, target.
    pub(super) links: &'static [&'static [(&'static str, &'static str)]],
    /// Folders that an ordinary user has, with all that is in them: path, id.
    pub(super) homes: &'static [(&'static str, u32)],
    /// Programs that have a capability of their own, and are not set-user-id: path, its number.
    pub(super) capabilities: &'static [(&'static str, u32)],
    pub(super) entrypoint: &'static [&'static str],
    pub(super) command: &'static [&'static str],
    pub(super) volumes: &'static [&'static str],
    pub(super) environment: &'static [&'static str],
    /// What a client publishes when it asks for all ports.
    pub(super) ports: &'static [&'static str],
    /// What `stop` sends; empty for the engine's own choice.
    pub(super) stop_signal: &'static str,
}

/// What the version in a tag is of.
#[derive(Serialize)]
pub(super) enum Version {
    /// This package: its major version.
    Of(&'static str),
    /// Nothing that is in the image: tags of this major version are answered to.
    Any(&'static str),
}

/// The user land alone.
pub(super) const PLAIN: Recipe = Recipe {
    repository: "",
    tag: "latest",
    stands_for: "",
    prefix: "",
    version: Version::Any(""),
    variants: &[""],
    programs: &[],
    trees: &[],
    files: &[],
    links: &[],
    homes: &[],
    capabilities: &[],
    entrypoint: &[],
    command: &[],
    volumes: &[],
    environment: &[],
    ports: &[],
    stop_signal: "",
};

const DOCKER_CLIENT: &[&str] = &["usr/bin/docker"];

pub(super) const RECIPES: &[Recipe] = &[
    Recipe {
        repository: "library/alpine",
        tag: "latest",
        stands_for: "alpine",
        version: Version::Any("3"),
        variants: &["", "edge"],
        programs: &[],
        trees: &[],
        files: &[],
        links: &[],
        entrypoint: &[],
        command: &["/bin/sh"],
        volumes: &[],
        environment: &[],
        ..PLAIN
    },
    Recipe {
        repository: "library/docker",
        tag: "cli",
        stands_for: "docker:cli",
        version: Version::Of("docker.io"),
        variants: &["cli"],
        programs: &[DOCKER_CLIENT],
        trees: &[],
        files: &[(
            "usr/local/bin/docker-entrypoint.sh",
            0o755,
            include_str!("docker-entrypoint.sh"),
        )],
        links: &[],
        entrypoint: &["docker-entrypoint.sh"],
        command: &["sh"],
        volumes: &[],
        environment: &[],
        ..PLAIN
    },
    Recipe {
        repository: "library/docker",
        tag: "dind",
        stands_for: "docker:dind",
        version: Version::Of("docker.io"),
        variants: &["dind", ""],
        programs: &[
            DOCKER_CLIENT,
            &["usr/bin/containerd", "usr/bin/containerd-shim-runc-v2", "usr/sbin/runc"],
            &[
                "usr/sbin/dockerd",
                "usr/sbin/docker-proxy",
                "usr/bin/tini-static",
                "usr/sbin/xtables-nft-multi",
            ],
        ],
        trees: XTABLES,
        files: &[
            ("usr/local/bin/docker-entrypoint.sh", 0o755, include_str!("docker-entrypoint.sh")),
            ("usr/local/bin/dockerd-entrypoint.sh", 0o755, include_str!("dockerd-entrypoint.sh")),
            ("etc/docker/daemon.json", 0o644, include_str!("../engine/daemon.json")),
            ("etc/docker/away.env", 0o644, AWAY),
            ("etc/docker/registries.hosts", 0o644, REGISTRIES),
        ],
        links: &[&[("usr/bin/docker-init", "tini-static")], PACKET_FILTER_LINKS],
        entrypoint: &["dockerd-entrypoint.sh"],
        command: &[],
        volumes: &["/var/lib/docker"],
        environment: &[],
        ..PLAIN
    },
    Recipe {
        repository: "quay.io/podman/stable",
        tag: "latest",
        stands_for: "quay.io/podman/stable",
        prefix: "v",
        version: Version::Of("podman"),
        programs: &[
            &["usr/bin/podman"],
            &[
                "usr/bin/crun",
                "usr/bin/conmon",
                "usr/bin/catatonit",
                "usr/bin/fuse-overlayfs",
                "usr/bin/fusermount3",
                "usr/bin/newuidmap",
                "usr/bin/newgidmap",
                "usr/bin/bash",
                "usr/sbin/nft",
                "usr/lib/podman/netavark",
                "usr/lib/podman/aardvark-dns",
            ],
        ],
        trees: &["usr/share/containers"],
        files: &[
            (
                "etc/passwd",
                0o644,
                concat!(
                    "root:x:0:0:root:/root:/bin/bash\n",
                    "nobody:x:65534:65534:nobody:/:/sbin/nologin\n",
                    "podman:x:1000:1000::/home/podman:/bin/bash\n",
                ),
            ),
            ("etc/group", 0o644, "root:x:0:\ntty:x:5:\nnobody:x:65534:\npodman:x:1000:\n"),
            ("etc/subuid", 0o644, "podman:1:999\npodman:1001:64535\n"),
            ("etc/subgid", 0o644, "podman:1:999\npodman:1001:64535\n"),
            ("etc/containers/policy.json", 0o644, include_str!("../engine/policy.json")),
            ("etc/containers/registries.conf", 0o644, include_str!("../engine/registries.conf")),
            ("etc/containers/storage.conf", 0o644, include_str!("podman-storage.conf")),
            ("etc/containers/containers.conf", 0o644, include_str!("podman-containers.conf")),
            (
                "home/podman/.config/containers/containers.conf",
                0o644,
                include_str!("podman-user-containers.conf"),
            ),
            (
                "home/podman/.config/containers/storage.conf",
                0o644,
                include_str!("user-storage.conf"),
            ),
        ],
        links: &[&[("usr/libexec/podman/catatonit", "../../bin/catatonit")]],
        homes: &[("home/podman", 1000), ("home/podman/.local/share/containers", 1000)],
        capabilities: MAPPERS,
        entrypoint: &[],
        command: &["/bin/bash"],
        volumes: &["/var/lib/containers", "/home/podman/.local/share/containers"],
        environment: &["_CONTAINERS_USERNS_CONFIGURED=", "BUILDAH_ISOLATION=chroot"],
        ..PLAIN
    },
    Recipe {
        repository: "quay.io/buildah/stable",
        stands_for: "quay.io/buildah/stable",
        prefix: "v",
        version: Version::Of("buildah"),
        programs: &[
            &["usr/bin/buildah"],
            &[
                "usr/bin/crun",
                "usr/bin/fuse-overlayfs",
                "usr/bin/fusermount3",
                "usr/bin/newuidmap",
                "usr/bin/newgidmap",
                "usr/bin/bash",
                "usr/sbin/nft",
                "usr/lib/podman/netavark",
                "usr/lib/podman/aardvark-dns",
            ],
        ],
        trees: &["usr/share/containers"],
        files: &[
            (
                "etc/passwd",
                0o644,
                concat!(
                    "root:x:0:0:root:/root:/bin/bash\n",
                    "nobody:x:65534:65534:nobody:/:/sbin/nologin\n",
                    "build:x:1000:1000::/home/build:/bin/bash\n",
                ),
            ),
            ("etc/group", 0o644, "root:x:0:\ntty:x:5:\nnobody:x:65534:\nbuild:x:1000:\n"),
            ("etc/subuid", 0o644, "build:1:999\nbuild:1001:64535\n"),
            ("etc/subgid", 0o644, "build:1:999\nbuild:1001:64535\n"),
            ("etc/containers/policy.json", 0o644, include_str!("../engine/policy.json")),
            ("etc/containers/registries.conf", 0o644, include_str!("../engine/registries.conf")),
            // Not as the published image: without the empty store that users may mount images on.
            ("etc/containers/storage.conf", 0o644, include_str!("podman-storage.conf")),
            ("etc/containers/containers.conf", 0o644, include_str!("buildah-containers.conf")),
            (
                "home/build/.config/containers/storage.conf",
                0o644,
                include_str!("user-storage.conf"),
            ),
        ],
        homes: &[("home/build", 1000), ("home/build/.local/share/containers", 1000)],
        capabilities: MAPPERS,
        command: &["/bin/bash"],
        volumes: &["/var/lib/containers", "/home/build/.local/share/containers"],
        environment: &["BUILDAH_ISOLATION=chroot"],
        ..PLAIN
    },
    Recipe {
        repository: "library/postgres",
        stands_for: "postgres",
        version: Version::Of("postgresql"),
        programs: &[
            &["usr/lib/postgresql/*/bin/postgres"],
            &[
                "usr/lib/postgresql/*/bin/createdb",
                "usr/lib/postgresql/*/bin/initdb",
                "usr/lib/postgresql/*/bin/pg_ctl",
                "usr/lib/postgresql/*/bin/pg_isready",
                "usr/lib/postgresql/*/bin/psql",
                "usr/bin/setpriv",
            ],
        ],
        trees: &["usr/lib/postgresql/*/lib", "usr/share/postgresql/*", "usr/share/zoneinfo/Etc"],
        files: &[
            ("usr/local/bin/docker-entrypoint.sh", 0o755, include_str!("postgres-entrypoint.sh")),
            (
                "etc/passwd",
                0o644,
                concat!(
                    "root:x:0:0:root:/root:/bin/sh\n",
                    "postgres:x:999:999::/var/lib/postgresql:/bin/sh\n",
                    "nobody:x:65534:65534:nobody:/:/sbin/nologin\n",
                ),
            ),
            ("etc/group", 0o644, "root:x:0:\ntty:x:5:\npostgres:x:999:\nnobody:x:65534:\n"),
        ],
        links: &[
            &[("usr/share/zoneinfo/UTC", "Etc/UTC")],
            &[
                ("usr/bin/pg_isready", "/usr/lib/postgresql/*/bin/pg_isready"),
                ("usr/bin/psql", "/usr/lib/postgresql/*/bin/psql"),
            ],
        ],
        entrypoint: &["docker-entrypoint.sh"],
        command: &["postgres"],
        volumes: &["/var/lib/postgresql/data"],
        environment: &["PGDATA=/var/lib/postgresql/data"],
        ports: &["5432/tcp"],
        // The default would wait for clients to go.
        stop_signal: "SIGINT",
        ..PLAIN
    },
    Recipe {
        repository: "library/redis",
        stands_for: "redis",
        version: Version::Of("redis-server"),
        programs: &[&["usr/bin/redis-server", "usr/bin/redis-cli", "usr/bin/setpriv"]],
        files: &[
            ("usr/local/bin/docker-entrypoint.sh", 0o755, include_str!("redis-entrypoint.sh")),
            (
                "etc/passwd",
                0o644,
                concat!(
                    "root:x:0:0:root:/root:/bin/sh\n",
                    "redis:x:999:999::/data:/sbin/nologin\n",
                    "nobody:x:65534:65534:nobody:/:/sbin/nologin\n",
                ),
            ),
            ("etc/group", 0o644, "root:x:0:\ntty:x:5:\nredis:x:999:\nnobody:x:65534:\n"),
        ],
        entrypoint: &["docker-entrypoint.sh"],
        command: &["redis-server"],
        volumes: &["/data"],
        ports: &["6379/tcp"],
        ..PLAIN
    },
];

/// What a stand-in has besides in some generations only; in its last layer.
#[derive(Serialize)]
pub(super) struct Besides {
    pub(super) generations: &'static [Generation],
    pub(super) stands_for: &'static str,
    pub(super) programs: &'static [&'static str],
    pub(super) trees: &'static [&'static str],
    /// Path, mode, content.
    pub(super) files: &'static [(&'static str, u32, &'static str)],
    pub(super) links: &'static [(&'static str, &'static str)],
}

pub(super) const BESIDES: &[Besides] = &[
    Besides {
        generations: &[Generation::Bookworm, Generation::Trixie],
        stands_for: "docker:dind",
        programs: &[],
        trees: &[],
        files: &[("etc/containerd/config.toml", 0o644, CONTAINERD_1)],
        links: &[],
    },
    Besides {
        generations: &[Generation::Forky],
        stands_for: "docker:dind",
        programs: &[],
        trees: &[],
        files: &[("etc/containerd/config.toml", 0o644, CONTAINERD_2)],
        links: &[],
    },
    // This netavark makes its packet rules by iptables, later ones by nft.
    Besides {
        generations: &[Generation::Bookworm],
        stands_for: "quay.io/podman/stable",
        programs: &["usr/sbin/xtables-nft-multi", "usr/bin/slirp4netns"],
        trees: XTABLES,
        files: &[],
        links: PACKET_FILTER_LINKS,
    },
    Besides {
        generations: &[Generation::Trixie, Generation::Forky],
        stands_for: "quay.io/podman/stable",
        programs: &["usr/bin/passt", "usr/bin/pasta"],
        trees: &[],
        files: &[],
        links: &[],
    },
    Besides {
        generations: &[Generation::Bookworm],
        stands_for: "quay.io/buildah/stable",
        programs: &["usr/sbin/xtables-nft-multi", "usr/bin/slirp4netns"],
        trees: XTABLES,
        files: &[],
        links: PACKET_FILTER_LINKS,
    },
    Besides {
        generations: &[Generation::Trixie, Generation::Forky],
        stands_for: "quay.io/buildah/stable",
        programs: &["usr/bin/passt", "usr/bin/pasta"],
        trees: &[],
        files: &[],
        links: &[],
    },
];

/// The programs that map the ids of a user namespace, with `CAP_SETUID` and `CAP_SETGID`: Fedora, of
/// which the published images are, gives them these capabilities, where Debian's are set-user-id.
const MAPPERS: &[(&str, u32)] = &[("usr/bin/newuidmap", 7), ("usr/bin/newgidmap", 6)];

/// The extensions of iptables, by architecture.
const XTABLES: &[&str] = &["usr/lib/x86_64-linux-gnu/xtables", "usr/lib/aarch64-linux-gnu/xtables"];

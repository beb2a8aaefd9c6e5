//! What each stand-in is made of, as data.

use serde::Serialize;

use crate::bundle::PACKET_FILTER_LINKS;
use crate::generation::{CONTAINERD_1, CONTAINERD_2, Generation};

/// What one stand-in is made of.
#[derive(Serialize)]
pub(super) struct Recipe {
    /// Name in the registry, without the host that clients put before it.
    pub(super) repository: &'static str,
    pub(super) tag: &'static str,
    /// The image it stands for, as a user writes it.
    pub(super) stands_for: &'static str,
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
    pub(super) entrypoint: &'static [&'static str],
    pub(super) command: &'static [&'static str],
    pub(super) volumes: &'static [&'static str],
    pub(super) environment: &'static [&'static str],
    /// What a client publishes when it asks for all ports.
    pub(super) ports: &'static [&'static str],
    /// What `stop` sends; empty for the engine's own choice.
    pub(super) stop_signal: &'static str,
}

/// The user land alone.
const PLAIN: Recipe = Recipe {
    repository: "",
    tag: "latest",
    stands_for: "",
    programs: &[],
    trees: &[],
    files: &[],
    links: &[],
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
        programs: &[
            DOCKER_CLIENT,
            &[
                "usr/bin/containerd",
                "usr/bin/containerd-shim-runc-v2",
                "usr/sbin/runc",
            ],
            &[
                "usr/sbin/dockerd",
                "usr/sbin/docker-proxy",
                "usr/bin/tini-static",
                "usr/sbin/xtables-nft-multi",
            ],
        ],
        trees: XTABLES,
        files: &[
            (
                "usr/local/bin/docker-entrypoint.sh",
                0o755,
                include_str!("docker-entrypoint.sh"),
            ),
            (
                "usr/local/bin/dockerd-entrypoint.sh",
                0o755,
                include_str!("dockerd-entrypoint.sh"),
            ),
            (
                "etc/docker/daemon.json",
                0o644,
                include_str!("../engine/daemon.json"),
            ),
        ],
        links: &[
            &[("usr/bin/docker-init", "tini-static")],
            PACKET_FILTER_LINKS,
        ],
        entrypoint: &["dockerd-entrypoint.sh"],
        command: &[],
        volumes: &["/var/lib/docker"],
        environment: &[],
        ..PLAIN
    },
    Recipe {
        repository: "podman/stable",
        tag: "latest",
        stands_for: "quay.io/podman/stable",
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
                "etc/containers/policy.json",
                0o644,
                include_str!("../engine/policy.json"),
            ),
            (
                "etc/containers/registries.conf",
                0o644,
                include_str!("../engine/registries.conf"),
            ),
            (
                "etc/containers/storage.conf",
                0o644,
                include_str!("podman-storage.conf"),
            ),
            (
                "etc/containers/containers.conf",
                0o644,
                include_str!("podman-containers.conf"),
            ),
        ],
        links: &[&[("usr/libexec/podman/catatonit", "../../bin/catatonit")]],
        entrypoint: &[],
        command: &["/bin/bash"],
        volumes: &["/var/lib/containers"],
        environment: &["_CONTAINERS_USERNS_CONFIGURED=", "BUILDAH_ISOLATION=chroot"],
        ..PLAIN
    },
    Recipe {
        repository: "library/postgres",
        stands_for: "postgres",
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
        trees: &[
            "usr/lib/postgresql/*/lib",
            "usr/share/postgresql/*",
            "usr/share/zoneinfo/Etc",
        ],
        files: &[
            (
                "usr/local/bin/docker-entrypoint.sh",
                0o755,
                include_str!("postgres-entrypoint.sh"),
            ),
            (
                "etc/passwd",
                0o644,
                concat!(
                    "root:x:0:0:root:/root:/bin/sh\n",
                    "postgres:x:999:999::/var/lib/postgresql:/bin/sh\n",
                    "nobody:x:65534:65534:nobody:/:/sbin/nologin\n",
                ),
            ),
            (
                "etc/group",
                0o644,
                "root:x:0:\ntty:x:5:\npostgres:x:999:\nnobody:x:65534:\n",
            ),
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
        programs: &[&[
            "usr/bin/redis-server",
            "usr/bin/redis-cli",
            "usr/bin/setpriv",
        ]],
        files: &[
            (
                "usr/local/bin/docker-entrypoint.sh",
                0o755,
                include_str!("redis-entrypoint.sh"),
            ),
            (
                "etc/passwd",
                0o644,
                concat!(
                    "root:x:0:0:root:/root:/bin/sh\n",
                    "redis:x:999:999::/data:/sbin/nologin\n",
                    "nobody:x:65534:65534:nobody:/:/sbin/nologin\n",
                ),
            ),
            (
                "etc/group",
                0o644,
                "root:x:0:\ntty:x:5:\nredis:x:999:\nnobody:x:65534:\n",
            ),
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
];

/// The extensions of iptables, by architecture.
const XTABLES: &[&str] = &[
    "usr/lib/x86_64-linux-gnu/xtables",
    "usr/lib/aarch64-linux-gnu/xtables",
];

/// What all stand-ins share, besides busybox.
pub(super) const BASE_FILES: &[(&str, u32, &str)] = &[
    (
        "etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
    ),
    (
        "etc/group",
        0o644,
        "root:x:0:\ntty:x:5:\ndocker:x:999:\nnobody:x:65534:\n",
    ),
    ("etc/subuid", 0o644, "root:1:65535\n"),
    ("etc/subgid", 0o644, "root:1:65535\n"),
    (
        "etc/nsswitch.conf",
        0o644,
        "passwd: files\ngroup: files\nhosts: files dns\n",
    ),
    (
        "etc/os-release",
        0o644,
        "NAME=\"Matryoshka stand-in\"\nID=matryoshka\nPRETTY_NAME=\"Matryoshka stand-in of Debian packages\"\n",
    ),
];

pub(super) const BASE_DIRECTORIES: &[&str] = &[
    "etc",
    "dev",
    "home",
    "mnt",
    "opt",
    "proc",
    "root",
    "run",
    "srv",
    "sys",
    "tmp",
    "usr",
    "usr/bin",
    "usr/lib",
    "usr/lib64",
    "usr/local",
    "usr/local/bin",
    "usr/sbin",
    "var",
    "var/cache",
    "var/lib",
    "var/log",
    "var/tmp",
];

pub(super) const BASE_LINKS: &[(&str, &str)] = &[
    ("bin", "usr/bin"),
    ("sbin", "usr/sbin"),
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
    ("var/run", "/run"),
];

pub(super) const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

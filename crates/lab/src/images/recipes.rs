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
    /// The image it stands for, as the tutorial writes it.
    pub(super) stands_for: &'static str,
    /// On top of the user land that all share, one layer a group, each with the libraries that it
    /// needs: an engine fetches some layers while it unpacks others, and keeps what it has.
    pub(super) programs: &'static [&'static [&'static str]],
    /// Whole directories of the bundle. They, the files and the links are the last layer.
    pub(super) trees: &'static [&'static str],
    /// Path, mode, content.
    pub(super) files: &'static [(&'static str, u32, &'static str)],
    pub(super) links: &'static [&'static [(&'static str, &'static str)]],
    pub(super) entrypoint: &'static [&'static str],
    pub(super) command: &'static [&'static str],
    pub(super) volumes: &'static [&'static str],
    pub(super) environment: &'static [&'static str],
}

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
        programs: &["usr/sbin/xtables-nft-multi"],
        trees: XTABLES,
        files: &[],
        links: PACKET_FILTER_LINKS,
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

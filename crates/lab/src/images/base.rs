//! What all stand-ins share.

/// Besides busybox: path, mode, content.
pub(super) const BASE_FILES: &[(&str, u32, &str)] = &[
    (
        "etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
    ),
    ("etc/group", 0o644, "root:x:0:\ntty:x:5:\ndocker:x:999:\nnobody:x:65534:\n"),
    ("etc/subuid", 0o644, "root:1:65535\n"),
    ("etc/subgid", 0o644, "root:1:65535\n"),
    ("usr/sbin/apk", 0o755, include_str!("apk.sh")),
    ("etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nhosts: files dns\n"),
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

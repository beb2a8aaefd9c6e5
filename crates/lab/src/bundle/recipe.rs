//! What packages it takes, and what their maintainer scripts would have done.
//!
//! Unpacking runs no maintainer script: these are the few effects that the engines need.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use miette::Result;

use crate::error::{Explain, failure};
use crate::generation::Generation;

/// Changes with every change of this file's effects, so that old bundles are not mistaken for new.
pub(crate) const VERSION: &str = "recipe 9";

/// What is asked of every generation's distribution, but for its `instead`; the rest follows by
/// dependency.
const PACKAGES: &[&str] = &[
    // Engines and what they start.
    "docker.io",
    "docker-cli",
    "podman",
    "crun",
    "fuse-overlayfs",
    "netavark",
    "aardvark-dns",
    // Builders that keep a cache of their own.
    "docker-buildx",
    "buildah",
    // Several containers by one file.
    "docker-compose",
    // What copies images.
    "skopeo",
    "iptables",
    "nftables",
    "catatonit",
    "uidmap",
    // What Podman has its network through where it lacks privilege.
    "passt",
    "iproute2",
    // Services that integration tests start.
    "postgresql",
    "redis-server",
    // File systems to put under an engine's store.
    "btrfs-progs",
    "e2fsprogs",
    "xfsprogs",
    // A registry that keeps what it has fetched.
    "docker-registry",
    // The user land of the images.
    "busybox-static",
    // Users and groups.
    "base-passwd",
    // What scripts expect at level 0.
    "bash",
    "bc",
    "coreutils",
    "curl",
    "dash",
    // `which`.
    "debianutils",
    "diffutils",
    "findutils",
    "gawk",
    "grep",
    "gzip",
    "hostname",
    "libc-bin",
    "procps",
    "sed",
    "tar",
    "time",
    "util-linux",
];

/// The same for one generation.
pub(super) fn packages(generation: Generation) -> Vec<&'static str> {
    let instead = generation.release().instead;
    let mut packages = Vec::new();
    for package in PACKAGES {
        match instead.iter().find(|(name, _)| name == package) {
            Some((_, others)) => packages.extend(*others),
            None => packages.push(*package),
        }
    }
    packages
}

/// What the resolution brings along and nothing in a bundle uses: name, reason. In a name `*` stands
/// for anything, so that the table fits other versions, too.
const LEFT_OUT: &[(&str, &str)] = &[
    ("libllvm*", "PostgreSQL's compiler for long queries; without it they are interpreted"),
    ("libz3-*", "a part of libllvm"),
    (
        "postgresql-common*",
        "Debian's scripts around many clusters; an image has one and its own entry point",
    ),
    ("postgresql-client-common", "the same for clients"),
    ("perl*", "the language of these scripts"),
    ("libperl*", "the same"),
    ("lib*-perl", "the same"),
    ("libgdbm*", "a part of perl"),
    ("locales", "the servers run in the C locale"),
    ("libc-l10n", "a part of locales"),
    ("ssl-cert", "a certificate that a maintainer script makes"),
    ("openssl", "the program that makes it"),
    ("ucf", "asks about changed configuration files"),
    ("sensible-utils", "a part of ucf"),
    ("python3*", "the language of xfsprogs' online scrub"),
    ("libpython3*", "the same"),
    ("media-types", "a part of python3"),
    ("libexpat1", "the same"),
    ("libnsl2", "the same"),
    ("libdbus-1-3", "for the same scrub"),
    ("libreiserfscore*", "for conversions into btrfs"),
    ("logsave", "for checks at boot"),
    ("dpkg", "asked for by maintainer scripts only"),
];

/// Whether a package that was resolved is one to do without.
pub(super) fn leaves_out(package: &str) -> bool {
    LEFT_OUT.iter().any(|(name, _)| fits(name, package))
}

/// Whether a pattern, in which one `*` stands for anything, means this name.
#[must_use]
pub fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((head, tail)) => {
            let rest = name.strip_prefix(head);
            rest.is_some_and(|rest| rest.ends_with(tail))
        }
        None => name == pattern,
    }
}

/// Links that maintainer scripts make (`update-alternatives` and diversions): link, target.
const LINKS: &[(&str, &str)] =
    &[("usr/bin/sh", "dash"), ("usr/bin/awk", "gawk"), ("usr/bin/which", "which.debianutils")];

/// The same for the programs that daemons call to make packet rules.
pub(crate) const PACKET_FILTER_LINKS: &[(&str, &str)] = &[
    ("usr/sbin/iptables", "xtables-nft-multi"),
    ("usr/sbin/iptables-save", "xtables-nft-multi"),
    ("usr/sbin/iptables-restore", "xtables-nft-multi"),
    ("usr/sbin/ip6tables", "xtables-nft-multi"),
    ("usr/sbin/ip6tables-save", "xtables-nft-multi"),
    ("usr/sbin/ip6tables-restore", "xtables-nft-multi"),
];

/// Files that maintainer scripts write, and one that the tutorial has: path, content.
const FILES: &[(&str, &str)] = &[
    (
        "etc/hosts",
        concat!("127.0.0.1 localhost\n::1 localhost\n", include_str!("../engine/registries.hosts")),
    ),
    // Nobody listens there, and the kernel says so at once. Without a name server Docker would
    // give its containers one of the internet's and every look-up would wait for it.
    ("etc/resolv.conf", "nameserver 10.99.0.1\noptions timeout:1 attempts:1\n"),
    ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    ("etc/subuid", "root:1:65535\n"),
    ("etc/subgid", "root:1:65535\n"),
    // A shell finds it by its name: `bash exp4_nested.sh`.
    ("usr/bin/exp4_nested.sh", include_str!("exp4_nested.sh")),
];

/// Makes an unpacked set of packages one that runs.
pub(super) fn finish(root: &Path) -> Result<()> {
    let remedy = "free some disk space in the cache directory";
    for (link, target) in LINKS.iter().chain(PACKET_FILTER_LINKS) {
        let link = root.join(link);
        if fs::symlink_metadata(&link).is_err() {
            symlink(target, &link).explain(format!("{} can't be made", link.display()), remedy)?;
        }
    }
    for (file, content) in FILES {
        let file = root.join(file);
        fs::write(&file, content)
            .explain(format!("{} can't be written", file.display()), remedy)?;
    }
    for (name, extra) in [("passwd", ""), ("group", "docker:x:999:\n")] {
        let master = root.join(format!("usr/share/base-passwd/{name}.master"));
        let text = fs::read_to_string(&master).explain(
            format!("{} can't be read", master.display()),
            "run `cargo xtask lab clean`",
        )?;
        fs::write(root.join("etc").join(name), text.replace(":*:", ":x:") + extra)
            .explain(format!("/etc/{name} can't be written"), remedy)?;
    }
    let cache = Command::new("ldconfig").arg("-r").arg(root).output();
    match cache {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(failure(
            "the bundle's library cache can't be made",
            String::from_utf8_lossy(&output.stderr),
            "check that `ldconfig` of this machine works",
        )),
        Err(why) => Err(failure(
            "the bundle's library cache can't be made",
            why,
            "install libc-bin (ldconfig) and put /sbin into PATH",
        )),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_generation_has_its_own_packages_instead() {
        let packages = packages(Generation::Bookworm);
        assert!(!packages.contains(&"docker-cli"), "{packages:?}");
        assert!(packages.contains(&"slirp4netns"), "{packages:?}");
    }

    #[test]
    fn only_what_is_asked_for_is_replaced() {
        for generation in Generation::ALL {
            for (name, _) in generation.release().instead {
                assert!(PACKAGES.contains(name), "{generation}: {name}");
            }
        }
    }

    #[rstest]
    #[case::exactly("ucf", "ucf", true)]
    #[case::nothing_more("ucf", "ucf2", false)]
    #[case::any_version("libllvm*", "libllvm19", true)]
    #[case::in_the_middle("lib*-perl", "libjson-perl", true)]
    #[case::head_and_tail_apart("ab*ba", "aba", false)]
    #[case::all("*", "17", true)]
    fn a_pattern_means_names(#[case] pattern: &str, #[case] name: &str, #[case] means: bool) {
        assert_eq!(fits(pattern, name), means);
    }

    #[test]
    fn what_is_asked_for_is_not_left_out() {
        for package in PACKAGES {
            assert!(!leaves_out(package), "{package}");
        }
    }
}

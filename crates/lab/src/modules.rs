//! Kernel modules that engines need and that a sandbox can't load.

use std::path::Path;
use std::process::{Command, Stdio};

/// What Docker and Podman ask the kernel for. A rootful engine loads them itself.
///
/// Not `br_netfilter`: once loaded, it passes what crosses the machine's own bridges through its packet
/// filter, and stays. Published ports, bridges and nested engines of all generations were tried to
/// work without; what Docker asks it for, `--icc=false` and no userland proxy, was not.
const MODULES: &[&str] = &[
    "overlay",
    "fuse",
    "tun",
    "veth",
    "bridge",
    "nf_tables",
    "nf_nat",
    "nft_compat",
    "nft_chain_nat",
    "nft_ct",
    "nft_fib_inet",
    "nft_masq",
    "nft_nat",
    "xt_addrtype",
    "xt_conntrack",
    "xt_MASQUERADE",
];

/// Loads those that are modules on this machine; what is built in or unknown is passed over, and
/// an engine that lacks one says so.
pub(crate) fn load() {
    ask_for(MODULES);
}

/// Whether the kernel has this file system, built in or as a module.
#[must_use]
pub fn has_filesystem(name: &str) -> bool {
    let is_known = || {
        let known = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
        known.lines().any(|line| line.split('\t').nth(1) == Some(name))
    };
    is_known() || {
        ask_for(&[name]);
        is_known()
    }
}

fn ask_for(modules: &[&str]) {
    if !Path::new("/proc/modules").exists() {
        return;
    }
    let _ = Command::new("modprobe")
        .args(["--quiet", "--all"])
        .args(modules)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

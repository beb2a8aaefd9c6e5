//! The engines at level 0: their configuration and Docker's daemon.

mod lead;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use miette::Result;
use program::patient;
use serde::Serialize;

use crate::error::Explain;
use crate::generation::Generation;
use crate::held::Held;
use crate::inside::Folder;
use crate::service::{Service, docker_answers, grpc_answers};
use lead::lead_here;
pub(crate) use lead::{hand_on, lead_to_registry, registries};

/// The registry's address: on the loopback device of the lab's network namespace, so that every
/// nested bridge routes to it, at every level.
pub(crate) const REGISTRY: &str = "10.99.0.1/32";

/// The same without its mask.
pub(crate) const ADDRESS: &str = "10.99.0.1";

/// Where the registry listens, as engines write it before an image's name.
pub(crate) const REGISTRY_NAME: &str = "10.99.0.1:5000";

/// The registry's program, and the folder of the folders of images that it serves. As the name of the process nobody
/// else's is: a published registry's is `registry`.
pub(crate) const SERVER: &str = "/opt/matryoshka/lab-registry";
pub(crate) const IMAGES: &str = "/srv/registry";

/// Gives each bridge, whose address is its lowest port's, the one that it has for good. Netavark does so
/// itself since 1.9 (containers/netavark#833); before, the gateway's address changes with any container
/// that comes or goes, and whoever knew the old one reaches nothing for up to a minute and a half. One that
/// goes meanwhile needs none.
pub(crate) const KEEP_ADDRESSES: &str = r#"command -v ip > /dev/null || exit 0
for at in /sys/class/net/*/bridge; do
    at=${at%/bridge}
    if [ "$(cat "$at/addr_assign_type")" = 1 ]; then
        ip link set dev "${at##*/}" address "$(cat "$at/address")" || ! [ -d "$at" ]
    fi
done
"#;

/// How long a daemon may take to answer: seconds on an idle machine, more on a loaded one.
pub(crate) const DAEMON_DEADLINE: Duration = Duration::from_secs(60);

/// A container engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Docker: a daemon and its client.
    Docker,
    /// Podman: no daemon.
    Podman,
}

impl Engine {
    /// Name of its client program.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }

    /// The image that carries this engine one level further in.
    #[must_use]
    pub const fn image(self) -> &'static str {
        match self {
            Self::Docker => "docker:dind",
            Self::Podman => "quay.io/podman/stable",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program())
    }
}

/// Configuration of all generations' engines at level 0: path below `/etc`, content.
const CONFIGURATION: &[(&str, &str)] = &[
    ("docker/daemon.json", include_str!("daemon.json")),
    ("containers/policy.json", include_str!("policy.json")),
    ("containers/registries.conf", include_str!("registries.conf")),
    ("containers/storage.conf", include_str!("storage.conf")),
    ("containers/containers.conf", include_str!("containers.conf")),
];

/// What tells Docker's daemon that it may make no control groups. Without `RootlessKit` around it, whose
/// variable it looks for, nothing else of it changes but what only the machine's root may ask for.
pub(crate) const WITHOUT_CGROUPS: &str = "--rootless";

/// Writes the engines' configuration into a sandbox's `/etc`.
///
/// `controllers` are those of the lab's control group, if it has one. Podman's default asks for a limit
/// of processes, and crun stops where it can't be set.
pub(crate) fn configure(
    etc: &Path,
    generation: Generation,
    controllers: Option<&str>,
    registries: &[String],
) -> Result<()> {
    let without_group = controllers.is_none();
    let controllers = controllers.unwrap_or_default();
    let mut told = String::from("[containers]\n");
    if !controllers.split_whitespace().any(|name| name == "pids") {
        told += "pids_limit = 0\n";
    }
    if without_group {
        told += "cgroups = \"disabled\"\n";
    } else if controllers.trim().is_empty() {
        told += generation.release().podman_without_controllers;
    }
    let containerd = ("containerd/config.toml", generation.release().containerd);
    for (path, content) in CONFIGURATION.iter().chain([&containerd]) {
        let file = etc.join(path);
        let mut content = (*content).to_owned();
        if path.ends_with("/containers.conf") {
            content = content.replace("[containers]\n", &told);
        }
        let what = || format!("{} can't be written", file.display());
        let remedy = "free some disk space in the cache directory";
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).explain(what(), remedy)?;
        }
        fs::write(&file, content).explain(what(), remedy)?;
    }
    lead_here(etc, registries)
        .explain("the engines' configuration can't be written", "report this with the image's name")
}

/// What Docker's daemon has in its environment, as lines of a shell's (`docker run --env-file` reads them, too).
pub(crate) const AWAY: &str = include_str!("away.env");

/// Names of registries that lead to the lab's own, as lines of `/etc/hosts`. The daemon's configuration
/// says that these speak plain HTTP, and Podman's that they are there.
pub(crate) const REGISTRIES: &str = include_str!("registries.hosts");

/// Starts the registry. Whether it listens is asked of the kernel's table of the sandbox's sockets,
/// because its address can be reached from inside only.
pub(crate) fn start_registry(held: &Held, images: &[PathBuf]) -> Result<Arc<Service>> {
    /// 10.99.0.1:5000 in state LISTEN, as `proc_pid_net(5)` writes it.
    const LISTENS: &str = "0100630A:1388 00000000:0000 0A";
    // The last address is the one that is looked for.
    let images: Vec<_> = images.iter().map(|folder| folder.to_string_lossy()).collect();
    let mut argv = vec![SERVER];
    argv.extend(images.iter().map(|folder| &**folder));
    argv.extend(["--", "10.99.0.1:80", REGISTRY_NAME]);
    let network = early(held, "proc/1/net")?;
    Service::start(held, "registry", &argv, move || {
        network.read_near("tcp").is_ok_and(|table| table.contains(LISTENS))
    })
}

/// Starts Docker at level 0 and waits until its API answers: containerd and the daemon, as two
/// services, as the distribution runs them.
pub(crate) fn start_docker(held: &Held) -> Result<()> {
    let (run, argv) = (early(held, "run")?, ["/usr/bin/containerd"]);
    let answers = move || grpc_answers(run.connect_near("containerd/containerd.sock"));
    let containerd = Service::start(held, "containerd", &argv, answers)?;
    // A daemon that finds nobody there yet tries again only after a second.
    containerd.wait_ready(held, patient(DAEMON_DEADLINE))?;
    let mut argv = vec!["/usr/bin/env"];
    argv.extend(AWAY.lines().filter(|line| !line.starts_with('#')));
    argv.extend(["/usr/sbin/dockerd", "--containerd=/run/containerd/containerd.sock"]);
    if !held.has_cgroup() {
        argv.push(WITHOUT_CGROUPS);
    }
    let run = early(held, "run")?;
    let answers = move || docker_answers(run.connect_near("docker.sock"));
    let daemon = Service::start(held, "dockerd", &argv, answers)?;
    daemon.wait_ready(held, patient(DAEMON_DEADLINE))
}

/// A folder of the inside as it is before anybody is in there who could mount something over it.
fn early(held: &Held, path: &str) -> Result<Folder> {
    let folder = held.root().and_then(|root| root.folder(path));
    folder.explain(format!("/{path} of the lab can't be opened"), "start it again")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each engine and each level is told by files of its own.
    #[test]
    fn all_configurations_lead_to_the_registry() {
        let (daemon, podman) = (include_str!("daemon.json"), include_str!("registries.conf"));
        let (_, names) = REGISTRIES.trim().split_once(' ').expect("an address and names");
        for name in names.split(' ') {
            assert!(daemon.contains(&format!("\"http://{name}\"")), "{name}");
            let there = format!("prefix = \"{name}\"\nlocation = \"{REGISTRY_NAME}/{name}\"\n");
            assert!(podman.contains(&there), "{name}");
        }
        for containers in [
            include_str!("containers.conf"),
            include_str!("../images/podman-containers.conf"),
            include_str!("../images/buildah-containers.conf"),
        ] {
            for line in AWAY.lines().filter(|line| !line.starts_with('#')) {
                assert!(containers.contains(&format!("\"{line}\",\n")), "{line}");
            }
            assert!(containers.contains("\nhttp_proxy = false\n"), "{containers}");
        }
    }
}

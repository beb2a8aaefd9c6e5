//! The patterns, as data.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::grants;

/// One way to give a CI job in a pod an engine, or to do without.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) name: &'static str,
    /// For readers, English and Spanish: in a few words, and in a sentence.
    pub(crate) short: [&'static str; 2],
    pub(crate) is: [&'static str; 2],
    /// Its manifest, as a cluster takes it.
    pub(crate) manifest: &'static str,
    /// What else the node's Podman is told to play it as a kubelet would: flags of `podman kube play`.
    pub(crate) kubelet: &'static [&'static str],
    /// Whether its costs are measured, too.
    pub(crate) is_priced: bool,
    /// The pod's name in it.
    pub(crate) pod: &'static str,
    /// Where jobs are done.
    pub(crate) agent: &'static str,
    /// Where the engine runs: the node's for `None`.
    pub(crate) engine: Option<&'static str>,
    /// How the agent is called.
    pub(crate) program: &'static [&'static str],
    /// The client that commands the engine from there, and what it is asked.
    pub(crate) client: Client,
    /// What to replace in the manifest, and by what, so that the engine's store lies on its
    /// container's own layer.
    pub(crate) on_layer: Option<(&'static str, &'static str)>,
}

impl Pattern {
    /// What its manifest says where a container has every privilege.
    pub(crate) const PRIVILEGED: &str = "privileged: true";

    /// Whether a container of it has every privilege.
    pub(crate) fn is_privileged(&self) -> bool {
        self.manifest.contains(Self::PRIVILEGED)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether the agent speaks to a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// Docker's.
    Docker,
    /// None: Buildah does it itself.
    Buildah,
}

const AGENT: &[&str] = &["agent"];

/// Engine and agent in one privileged container.
pub(crate) const DIND: Pattern = Pattern {
    name: "dind",
    short: ["engine and agent in one container", "motor y agente en un contenedor"],
    is: [
        "one privileged container with engine and agent in one image",
        "un contenedor privilegiado con motor y agente en una sola imagen",
    ],
    manifest: include_str!("../k8s/dind.yaml"),
    kubelet: &[],
    is_priced: true,
    pod: "ci-dind",
    agent: "agent",
    engine: Some("agent"),
    program: AGENT,
    client: Client::Docker,
    on_layer: Some((
        "      securityContext:\n",
        "      args: [--data-root=/srv/docker]\n      securityContext:\n",
    )),
};

/// The same without privilege, in a user namespace of the pod's own.
pub(crate) const DIND_USERNS: Pattern = Pattern {
    name: "dind-userns",
    short: [
        "the same in the pod's own user namespace",
        "lo mismo en un espacio de nombres de usuario propio",
    ],
    is: [
        "engine and agent in one container that is not privileged, in a user namespace of the pod's own, with the grants that Docker can't do without",
        "motor y agente en un contenedor sin privilegio, en un espacio de nombres de usuario propio del pod, con los permisos sin los que Docker no puede",
    ],
    manifest: include_str!("../k8s/dind-userns.yaml"),
    kubelet: &[grants::IDS],
    is_priced: false,
    pod: "ci-dind-userns",
    ..DIND
};

/// The node's engine, through its socket.
pub(crate) const DOOD: Pattern = Pattern {
    name: "dood",
    short: ["the node's socket", "el socket del nodo"],
    is: [
        "the agent has the node's Docker socket, as an ordinary user of the socket's group",
        "el agente tiene el socket de Docker del nodo, como usuario corriente del grupo del socket",
    ],
    manifest: include_str!("../k8s/dood.yaml"),
    pod: "ci-dood",
    engine: None,
    on_layer: None,
    ..DIND
};

/// An engine beside the agent, over TLS, behind a plugin.
pub(crate) const SIDECAR: Pattern = Pattern {
    name: "sidecar",
    short: ["engine beside the agent, TLS, plugin", "motor junto al agente, TLS, plugin"],
    is: [
        "the agent and a privileged engine in one pod, over TLS with client certificates, behind an authorization plugin",
        "el agente y un motor privilegiado en un pod, por TLS con certificados de cliente, tras un plugin de autorización",
    ],
    manifest: include_str!("../k8s/sidecar.yaml"),
    pod: "ci-sidecar",
    engine: Some("engine"),
    on_layer: Some((
        "        - dockerd\n",
        "        - dockerd\n        - --data-root=/srv/docker\n",
    )),
    ..DIND
};

/// The same over plain TCP without a plugin, to show the risk.
pub(crate) const SIDECAR_OPEN: Pattern = Pattern {
    name: "sidecar-open",
    short: ["the same, plain and without a plugin", "lo mismo, sin TLS ni plugin"],
    is: [
        "the same over plain TCP without TLS and plugin; it is there only to show the risk",
        "lo mismo por TCP sin TLS ni plugin; está solo para mostrar el riesgo",
    ],
    manifest: include_str!("../risk/sidecar-open.yaml"),
    pod: "ci-sidecar-open",
    ..SIDECAR
};

/// Buildah without a daemon or privilege, the database beside it in the pod.
pub(crate) const DAEMONLESS: Pattern = Pattern {
    name: "daemonless",
    short: ["Buildah, no engine", "Buildah, sin motor"],
    is: [
        "Buildah without root and with chroot isolation in a pod without privilege; the database is a container of the pod",
        "Buildah sin root y con aislamiento chroot en un pod sin privilegio; la base de datos es un contenedor del pod",
    ],
    manifest: include_str!("../k8s/daemonless.yaml"),
    pod: "ci-daemonless",
    engine: None,
    program: &["sh", "/agent/agent"],
    client: Client::Buildah,
    on_layer: None,
    ..DIND
};

pub(crate) const PATTERNS: [&Pattern; 6] =
    [&DIND, &DOOD, &SIDECAR, &SIDECAR_OPEN, &DAEMONLESS, &DIND_USERNS];

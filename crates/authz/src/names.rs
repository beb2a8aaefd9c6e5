//! Names of namespaces and networks.

use crate::policy::Policy;
use crate::rule::{Refusal, Rule, quoted};

/// A namespace of the container's own: empty, or one of `own`.
pub(crate) fn namespace(
    policy: &Policy,
    key: &str,
    mode: &str,
    own: &[&str],
) -> Result<(), Refusal> {
    if mode.is_empty() || own.contains(&mode) {
        Ok(())
    } else if mode.starts_with("container:") {
        container(policy, key, mode)
    } else {
        // Not only `host`: what is not known may come to mean it.
        let what = format!("{key} is {}", quoted(mode));
        Err(Refusal::new(Rule::HostNamespace, what))
    }
}

/// What a container's network is.
pub(crate) fn network_mode(policy: &Policy, mode: &str) -> Result<(), Refusal> {
    if mode.is_empty() {
        Ok(())
    } else if mode.starts_with("container:") {
        container(policy, "NetworkMode", mode)
    } else {
        network(mode)
    }
}

/// A network by its name.
///
/// The daemon takes an ID, and the beginning of one, for a name, so that hexadecimal digits may be
/// the network called `host`, whose ID nobody knows here. Docker 26.1.5 gives such a container a
/// namespace of its own with `lo` alone (tried); of other versions that is not known.
pub(crate) fn network(name: &str) -> Result<(), Refusal> {
    if name == "host" {
        return Err(Refusal::new(Rule::HostNamespace, "the network is the host's"));
    }
    if !plain(name) || name.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Refusal::new(Rule::NetworkId, quoted(name)));
    }
    Ok(())
}

/// A name as the daemon restricts them (moby `daemon/names/names.go`).
pub(crate) fn plain(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(inner)
}

fn container(policy: &Policy, key: &str, mode: &str) -> Result<(), Refusal> {
    if policy.join_containers {
        Ok(())
    } else {
        let what = format!("{key} is {}", quoted(mode));
        Err(Refusal::new(Rule::ContainerNamespace, what))
    }
}

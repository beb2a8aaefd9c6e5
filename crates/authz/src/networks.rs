//! Networks: what is made, and what a container is connected to.

use crate::json::Json;
use crate::keys::{Keys, listed, object, sysctl};
use crate::names;
use crate::policy::Policy;
use crate::rule::{Refusal, Rule, quoted};

/// `POST /networks/create` (moby `api/types/network/create_request.go`).
const NETWORK: Keys = Keys {
    free: "Name CheckDuplicate Scope EnableIPv4 EnableIPv6 Internal Attachable Ingress ConfigOnly \
           ConfigFrom Labels",
    judged: &[("Driver", driver), ("IPAM", ipam), ("Options", options)],
};

const IPAM: Keys = Keys { free: "Options Config", judged: &[("Driver", ipam_driver)] };

/// `POST /networks/NAME/connect`.
const CONNECT: Keys = Keys { free: "Container", judged: &[("EndpointConfig", endpoint)] };

/// `NetworkingConfig` of `POST /containers/create`.
const CONFIG: Keys = Keys { free: "", judged: &[("EndpointsConfig", endpoints)] };

/// An endpoint (moby `api/types/network/endpoint.go`). What it says of addresses the daemon takes or
/// writes over; an ID it prefers to the network's name.
const ENDPOINT: Keys = Keys {
    free: "IPAMConfig Links Aliases MacAddress GwPriority EndpointID Gateway IPAddress IPPrefixLen \
           IPv6Gateway GlobalIPv6Address GlobalIPv6PrefixLen DNSNames",
    judged: &[("NetworkID", network_id), ("DriverOpts", endpoint_options)],
};

/// The option that names a bridge of the host.
const BRIDGE: &str = "com.docker.network.bridge.name";

/// The option of an endpoint that sets sysctls: `NAME=VALUE,...`.
const SYSCTLS: &str = "com.docker.network.endpoint.sysctls";

pub(crate) fn create(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&NETWORK], what, value)
}

pub(crate) fn connect(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&CONNECT], what, value)
}

pub(crate) fn config(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&CONFIG], what, value)
}

fn driver(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    listed(Rule::NetworkDriver, &policy.network_drivers, value, key)
}

fn ipam(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&IPAM], what, value)
}

fn ipam_driver(policy: &Policy, _: &str, value: &Json) -> Result<(), Refusal> {
    let key = "IPAM's Driver";
    listed(Rule::NetworkDriver, &policy.ipam_drivers, value, key)
}

fn options(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    for (name, value) in value.map(key)? {
        if name == BRIDGE {
            listed(Rule::HostBridge, &policy.bridges, value, name)?;
        } else {
            known_option(policy, name)?;
        }
    }
    Ok(())
}

fn endpoint_options(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    for (name, value) in value.map(key)? {
        if name == SYSCTLS {
            for setting in value.text(name)?.split(',') {
                sysctl(policy, setting.split('=').next().unwrap_or_default())?;
            }
        } else {
            known_option(policy, name)?;
        }
    }
    Ok(())
}

fn known_option(policy: &Policy, name: &String) -> Result<(), Refusal> {
    if policy.network_options.contains(name) {
        Ok(())
    } else {
        Err(Refusal::new(Rule::NetworkOptions, quoted(name)))
    }
}

/// Networks by name.
fn endpoints(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    for (name, settings) in value.map(key)? {
        names::network(name)?;
        if *settings != Json::Null {
            endpoint(policy, name, settings)?;
        }
    }
    Ok(())
}

fn endpoint(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&ENDPOINT], what, value)
}

fn network_id(_: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    if value.text(key)?.is_empty() {
        Ok(())
    } else {
        Err(Refusal::new(Rule::NetworkId, format!("{key} is set")))
    }
}

//! The daemon's side of a create request: which forbidden setting it would run with.
//!
//! Written from the daemon's source, not from the plugin's tables, for a policy without bind roots.

use std::collections::BTreeMap;

use crate::go_json::{Go, decode, fields, inner, last};

type Fields = BTreeMap<String, Vec<Go>>;

/// The first forbidden setting with which a daemon would create a container from this body.
pub(crate) fn forbidden(body: &[u8]) -> Option<String> {
    let top = decode(body)?;
    let top = fields(&[&top]);
    // Old daemons read the host configuration from the upper level when there is no inner one.
    let inner_one = inner(&top, "HostConfig");
    by_host_config(&inner_one)
        .or_else(|| by_host_config(&top).filter(|_| inner_one.is_empty()))
        .or_else(|| by_endpoints(&inner(&top, "NetworkingConfig")))
}

fn by_host_config(host: &Fields) -> Option<String> {
    let text = |name: &str| match last(host, name) {
        Some(Go::Text(text)) => text.as_str(),
        _ => "",
    };
    let texts = |name: &str| match last(host, name) {
        Some(Go::List(list)) => list.iter().filter_map(as_text).collect(),
        _ => Vec::new(),
    };
    let full = |name: &str| match last(host, name) {
        Some(Go::List(list)) => !list.is_empty(),
        Some(Go::Object(pairs)) => !pairs.is_empty(),
        _ => false,
    };
    if matches!(last(host, "Privileged"), Some(Go::Bool(true))) {
        return Some("Privileged".to_owned());
    }
    for name in ["PidMode", "IpcMode", "UTSMode", "UsernsMode", "NetworkMode", "CgroupnsMode"] {
        let mode = text(name);
        if mode == "host" || mode.starts_with("container:") {
            return Some(format!("{name}={mode}"));
        }
    }
    for name in ["Devices", "DeviceRequests", "DeviceCgroupRules", "VolumesFrom", "Annotations"] {
        if full(name) {
            return Some(name.to_owned());
        }
    }
    for name in ["MaskedPaths", "ReadonlyPaths"] {
        if matches!(last(host, name), Some(Go::List(_))) {
            return Some(name.to_owned());
        }
    }
    if !text("CgroupParent").is_empty() || text("Cgroup").starts_with("container:") {
        return Some("CgroupParent".to_owned());
    }
    let capability = texts("CapAdd").into_iter().find(|name| {
        // strings.ToUpper, and the prefix that may be missing.
        let name = name.to_uppercase();
        let name = name.strip_prefix("CAP_").unwrap_or(&name);
        matches!(name, "ALL" | "SYS_ADMIN" | "SYS_PTRACE" | "SYS_MODULE" | "NET_ADMIN" | "BPF")
    });
    if let Some(name) = capability {
        return Some(format!("CapAdd {name}"));
    }
    let options = texts("SecurityOpt");
    if let Some(option) = options.iter().find(|o| o.contains("unconfined") || o.contains("disable"))
    {
        return Some(format!("SecurityOpt {option}"));
    }
    if let Some(bind) = texts("Binds").into_iter().find(|b| b.starts_with('/') && b.contains(':')) {
        return Some(format!("Binds {bind}"));
    }
    let Some(Go::List(mounts)) = last(host, "Mounts") else {
        return None;
    };
    mounts.iter().find_map(by_mount)
}

fn by_mount(mount: &Go) -> Option<String> {
    let mount = fields(&[mount]);
    let kind = last(&mount, "Type").and_then(as_text).unwrap_or_default();
    if kind == "bind" {
        return Some("Mounts bind".to_owned());
    }
    let config = inner(&inner(&mount, "VolumeOptions"), "DriverConfig");
    let Some(Go::Object(options)) = last(&config, "Options") else {
        return None;
    };
    // The keys of a map are not folded; of equal ones the last counts.
    let last = options.iter().rfind(|(key, _)| key == "device");
    let device = last.and_then(|(_, value)| as_text(value)).unwrap_or_default();
    (kind == "volume" && device.starts_with('/')).then(|| format!("Mounts volume of {device}"))
}

fn by_endpoints(networking: &Fields) -> Option<String> {
    let Some(Go::Object(endpoints)) = last(networking, "EndpointsConfig") else {
        return None;
    };
    endpoints.iter().find_map(|(name, settings)| {
        let settings = fields(&[settings]);
        let id = last(&settings, "NetworkID").and_then(as_text);
        let named = name == "host" || id.is_some_and(|id| !id.is_empty());
        named.then(|| format!("EndpointsConfig {name} {id:?}"))
    })
}

fn as_text(value: &Go) -> Option<&str> {
    match value {
        Go::Text(text) => Some(text),
        _ => None,
    }
}

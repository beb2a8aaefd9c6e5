//! Bodies: every key that the API knows, and what judges its value.
//!
//! The daemon's decoder folds the case of keys (also K, the Kelvin sign, and ſ, the long s), takes
//! the last of equal ones and passes over unknown ones. Here a key is spelled exactly and known, or
//! the body is refused; so a new key of a new daemon has to be judged before it is let through.
//! A null leaves the daemon's default in place whatever the key, and is passed over.

use crate::call::HAND_OVER_LIMIT;
use crate::json::Json;
use crate::mounts;
use crate::names;
use crate::networks;
use crate::policy::Policy;
use crate::rule::{Refusal, Rule, quoted};

/// Judges the value of a key.
pub(crate) type Check = fn(&Policy, &str, &Json) -> Result<(), Refusal>;

/// The keys of an object.
pub(crate) struct Keys {
    /// Those whose value reaches nothing of the host's, whatever it is.
    pub(crate) free: &'static str,
    /// Those whose value is judged.
    pub(crate) judged: &'static [(&'static str, Check)],
}

/// `POST /containers/create` (moby `api/types/container/config.go`, `create_request.go`). Daemons
/// before 28 read a host configuration also from this level, which is why its keys are not here.
const CREATE: Keys = Keys {
    free: "Hostname Domainname User AttachStdin AttachStdout AttachStderr ExposedPorts Tty \
           OpenStdin StdinOnce Env Cmd Healthcheck ArgsEscaped Image Volumes WorkingDir \
           Entrypoint NetworkDisabled MacAddress OnBuild Labels StopSignal StopTimeout Shell",
    judged: &[
        // docker-py sends this one here too.
        ("Runtime", runtime),
        ("HostConfig", host_config),
        ("NetworkingConfig", networks::config),
    ],
};

/// `HostConfig` (moby `api/types/container/hostconfig.go`), but for its `Resources`.
const HOST_CONFIG: Keys = Keys {
    free: "ContainerIDFile PortBindings RestartPolicy AutoRemove ConsoleSize CapDrop Dns \
           DnsOptions DnsSearch ExtraHosts GroupAdd Links OomScoreAdj PublishAllPorts \
           ReadonlyRootfs StorageOpt Tmpfs ShmSize Isolation Init",
    judged: &[
        ("Binds", mounts::binds),
        ("LogConfig", log_config),
        ("NetworkMode", network_mode),
        ("VolumeDriver", mounts::driver),
        ("VolumesFrom", volumes_from),
        ("Annotations", annotations),
        ("CapAdd", capabilities),
        ("CgroupnsMode", cgroup_namespace),
        ("IpcMode", ipc_mode),
        ("Cgroup", cgroup),
        ("PidMode", namespace),
        ("Privileged", privileged),
        ("SecurityOpt", security_options),
        ("UTSMode", namespace),
        ("UsernsMode", namespace),
        ("Sysctls", sysctls),
        ("Runtime", runtime),
        ("Mounts", mounts::mounts),
        ("MaskedPaths", masked_paths),
        ("ReadonlyPaths", masked_paths),
    ],
};

/// `Resources`, which `POST /containers/NAME/update` takes too.
const RESOURCES: Keys = Keys {
    free: "CpuShares Memory NanoCpus BlkioWeight BlkioWeightDevice BlkioDeviceReadBps \
           BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps CpuPeriod CpuQuota \
           CpuRealtimePeriod CpuRealtimeRuntime CpusetCpus CpusetMems KernelMemory \
           KernelMemoryTCP MemoryReservation MemorySwap MemorySwappiness OomKillDisable \
           PidsLimit Ulimits CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth",
    judged: &[
        ("CgroupParent", cgroup_parent),
        ("Devices", devices),
        ("DeviceCgroupRules", no_devices),
        ("DeviceRequests", no_devices),
    ],
};

/// What `update` takes besides.
const UPDATE: Keys = Keys { free: "RestartPolicy", judged: &[] };

/// `POST /containers/NAME/exec`; `Container` and the small `detachKeys` are docker-py's.
const EXEC: Keys = Keys {
    free: "User Tty ConsoleSize AttachStdin AttachStderr AttachStdout Detach DetachKeys \
           detachKeys Env WorkingDir Cmd Container",
    judged: &[("Privileged", privileged_exec)],
};

/// `POST /volumes/create` (moby `api/types/volume/create_options.go`).
const VOLUME: Keys = Keys {
    free: "Name Labels",
    judged: &[
        ("Driver", mounts::driver),
        ("DriverOpts", mounts::options),
        ("ClusterVolumeSpec", swarm),
    ],
};

/// Judges the body of a call that its body decides.
pub(crate) fn body(policy: &Policy, body: &[u8], check: Check) -> Result<(), Refusal> {
    if body.is_empty() {
        return Err(Refusal::new(Rule::BodyMissing, "there is no body to judge"));
    }
    if body.len() >= HAND_OVER_LIMIT {
        let what = format!("{} bytes", body.len());
        return Err(Refusal::new(Rule::BodyTooLarge, what));
    }
    check(policy, "the body", &Json::read(body)?)
}

pub(crate) fn create(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&CREATE], what, value)
}

pub(crate) fn update(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&RESOURCES, &UPDATE], what, value)
}

pub(crate) fn exec(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&EXEC], what, value)
}

pub(crate) fn volume(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&VOLUME], what, value)
}

/// A body that says nothing.
pub(crate) fn nothing(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[], what, value)
}

fn host_config(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    object(policy, &[&HOST_CONFIG, &RESOURCES], what, value)
}

/// An object whose keys are those of `tables`.
pub(crate) fn object(
    policy: &Policy,
    tables: &[&Keys],
    what: &str,
    value: &Json,
) -> Result<(), Refusal> {
    for (key, value) in value.map(what)? {
        if *value == Json::Null {
            continue;
        }
        let mut judged = tables.iter().flat_map(|table| table.judged);
        let free = || tables.iter().flat_map(|table| table.free.split_whitespace());
        if let Some((_, check)) = judged.clone().find(|(name, _)| name == key) {
            check(policy, key, value)?;
        } else if !free().any(|name| name == key) {
            let alike = judged.find(|(name, _)| folded(name) == folded(key));
            let alike = alike.map(|(name, _)| *name);
            let alike = alike.or_else(|| free().find(|name| folded(name) == folded(key)));
            return Err(match alike {
                Some(name) => Refusal::new(
                    Rule::KeySpelling,
                    format!("{} in {what} counts as {name}", quoted(key)),
                ),
                None => Refusal::new(Rule::UnknownKey, format!("{} in {what}", quoted(key))),
            });
        }
    }
    Ok(())
}

/// As Go folds: `foldName` in `encoding/json/fold.go`.
fn folded(key: &str) -> String {
    let fold = |c: char| match c {
        '\u{212a}' => 'k',
        '\u{17f}' => 's',
        c => c.to_ascii_lowercase(),
    };
    key.chars().map(fold).collect()
}

/// A text that is empty or on a list of the policy's.
pub(crate) fn listed(rule: Rule, list: &[String], value: &Json, key: &str) -> Result<(), Refusal> {
    let text = value.text(key)?;
    if text.is_empty() || list.iter().any(|known| known == text) {
        Ok(())
    } else {
        Err(Refusal::new(rule, format!("{key} is {}", quoted(text))))
    }
}

fn privileged(_: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    unset(Rule::Privileged, key, value)
}

fn privileged_exec(_: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    unset(Rule::PrivilegedExec, key, value)
}

fn unset(rule: Rule, key: &str, value: &Json) -> Result<(), Refusal> {
    if value.boolean(key)? { Err(Refusal::new(rule, format!("{key} is set"))) } else { Ok(()) }
}

fn capabilities(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    for name in value.list(key)? {
        // The daemon takes any case, with and without prefix.
        let plain = name.text(key)?.to_ascii_uppercase();
        let plain = plain.strip_prefix("CAP_").unwrap_or(&plain);
        if !policy.capabilities.iter().any(|known| known == plain) {
            return Err(Refusal::new(Rule::Capabilities, quoted(plain)));
        }
    }
    Ok(())
}

fn network_mode(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    names::network_mode(policy, value.text(key)?)
}

fn ipc_mode(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    names::namespace(policy, key, value.text(key)?, &["none", "private", "shareable"])
}

fn cgroup_namespace(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    names::namespace(policy, key, value.text(key)?, &["private"])
}

fn namespace(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    names::namespace(policy, key, value.text(key)?, &[])
}

fn cgroup(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    names::namespace(policy, key, value.text(key)?, &[])
}

fn log_config(policy: &Policy, what: &str, value: &Json) -> Result<(), Refusal> {
    const KEYS: Keys = Keys { free: "Config", judged: &[("Type", log_driver)] };
    object(policy, &[&KEYS], what, value)
}

fn log_driver(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    listed(Rule::LogDriver, &policy.log_drivers, value, key)
}

fn runtime(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    listed(Rule::Runtime, &policy.runtimes, value, key)
}

fn cgroup_parent(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    listed(Rule::CgroupParent, &policy.cgroup_parents, value, key)
}

fn security_options(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    for option in value.list(key)? {
        listed(Rule::SecurityOptions, &policy.security_options, option, key)?;
    }
    Ok(())
}

fn annotations(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    for (name, _) in value.map(key)? {
        if !policy.annotations.contains(name) {
            return Err(Refusal::new(Rule::Annotations, quoted(name)));
        }
    }
    Ok(())
}

fn sysctls(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    let mut names = value.map(key)?.iter().map(|(name, _)| name);
    names.try_for_each(|name| sysctl(policy, name))
}

/// runc makes slashes of a name's dots and writes below `/proc/sys`.
pub(crate) fn sysctl(policy: &Policy, name: &str) -> Result<(), Refusal> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let known = |entry: &String| match entry.strip_suffix('.') {
        Some(_) => name.starts_with(entry.as_str()),
        None => name == entry,
    };
    if name.bytes().all(plain) && policy.sysctls.iter().any(known) {
        Ok(())
    } else {
        Err(Refusal::new(Rule::Sysctls, quoted(name)))
    }
}

/// Any list replaces the daemon's own, an empty one (`systempaths=unconfined`) all of it.
fn masked_paths(_: &Policy, key: &str, _: &Json) -> Result<(), Refusal> {
    Err(Refusal::new(Rule::MaskedPaths, format!("{key} is set")))
}

fn devices(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    const DEVICE: Keys =
        Keys { free: "PathInContainer CgroupPermissions", judged: &[("PathOnHost", device)] };
    for entry in value.list(key)? {
        object(policy, &[&DEVICE], key, entry)?;
    }
    Ok(())
}

fn device(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    listed(Rule::Devices, &policy.devices, value, key)
}

fn no_devices(_: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    if value.list(key)?.is_empty() {
        Ok(())
    } else {
        Err(Refusal::new(Rule::Devices, format!("{key} is not empty")))
    }
}

fn volumes_from(policy: &Policy, key: &str, value: &Json) -> Result<(), Refusal> {
    if policy.volumes_from || value.list(key)?.is_empty() {
        Ok(())
    } else {
        Err(Refusal::new(Rule::VolumesFrom, format!("{key} is not empty")))
    }
}

fn swarm(_: &Policy, key: &str, _: &Json) -> Result<(), Refusal> {
    Err(Refusal::new(Rule::Swarm, format!("{key} is set")))
}

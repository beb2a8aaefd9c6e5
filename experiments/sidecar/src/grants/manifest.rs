//! A pod with some grants, as a manifest and a profile. JSON is YAML.

use serde_json::{Value, json};

use super::Grant::{self, Call, Capability, Device, Group, Leaf, NoFilter, WholeProc};

/// The pod's only container.
pub(super) const CONTAINER: &str = "engine";

/// Where a kubelet, and Podman, look for profiles.
pub(super) const PROFILES: &str = "/var/lib/kubelet/seccomp";

/// The pod. `profile`: under the filter of that name instead of the runtime's.
pub(super) fn of(name: &str, grants: &[Grant], profile: bool) -> Value {
    let has = |grant: Grant| grants.contains(&grant);
    let capabilities = grants.iter().filter_map(|grant| match grant {
        Capability(name) => Some(*name),
        _ => None,
    });
    let mut security = json!({
        "capabilities": { "drop": ["ALL"], "add": capabilities.collect::<Vec<_>>() },
    });
    if has(WholeProc) {
        security["procMount"] = json!("Unmasked");
    }
    let mut script = Vec::new();
    if has(Group) {
        script.push(WRITABLE);
    }
    script.push(if has(Leaf) {
        "exec dockerd-entrypoint.sh"
    } else {
        "exec dockerd --host=unix:///var/run/docker.sock"
    });
    let mut mounts = vec![json!({ "name": name, "mountPath": "/var/lib/docker" })];
    let mut volumes = vec![json!({ "name": name, "emptyDir": {} })];
    let devices = grants.iter().filter_map(|grant| match grant {
        Device(path) => Some(path),
        _ => None,
    });
    for (number, path) in devices.enumerate() {
        let name = format!("device-{number}");
        mounts.push(json!({ "name": name, "mountPath": path }));
        volumes.push(json!({ "name": name, "hostPath": { "path": path, "type": "CharDevice" } }));
    }
    // Podman reads what Kubernetes had before `seccompProfile`.
    let filter = format!("container.seccomp.security.alpha.kubernetes.io/{CONTAINER}");
    let mut annotations = json!({});
    if has(NoFilter) {
        annotations[filter] = json!("unconfined");
    } else if profile {
        annotations[filter] = json!(format!("localhost/{name}.json"));
    }
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name, "annotations": annotations },
        "spec": {
            "hostUsers": false,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "containers": [{
                "name": CONTAINER,
                "image": "docker:dind",
                "command": ["sh", "-c", script.join("\n")],
                "securityContext": security,
                "volumeMounts": mounts,
            }],
            "volumes": volumes,
        },
    })
}

/// A filter, and the calls that are granted besides.
pub(super) fn profile(filter: &Value, grants: &[Grant]) -> Value {
    let calls = grants.iter().filter_map(|grant| match grant {
        Call(name) => Some(*name),
        _ => None,
    });
    let mut filter = filter.clone();
    let calls: Vec<&str> = calls.collect();
    if let (false, Some(rules)) = (calls.is_empty(), filter["syscalls"].as_array_mut()) {
        rules.push(json!({ "names": calls, "action": "SCMP_ACT_ALLOW" }));
    }
    filter
}

/// Of a pod that is not privileged the control group is mounted read-only, though it is its own.
pub(super) const WRITABLE: &str = "mount -o remount,bind,rw,nosuid,nodev,noexec /sys/fs/cgroup";

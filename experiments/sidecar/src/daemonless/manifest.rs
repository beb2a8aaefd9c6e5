//! A set-up as a manifest. JSON is YAML.

use serde_json::{Value, json};

use super::{Builder, MANIFEST, Power, SetUp, Setting};

/// The name of its pod and of its map of files.
const NAME: &str = "ci-daemonless";

/// The agent's steps by Podman.
const PODMAN_STEPS: &str = include_str!("podman.sh");

impl SetUp {
    /// The manifest's files, those of this set-up, and its pod.
    pub(super) fn manifest(&self, pod: &str) -> String {
        let files = MANIFEST.split("\n---\n").next().unwrap_or_default();
        let files = files.replace(&format!("name: {NAME}\n"), &format!("name: {pod}\n"));
        let more = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": { "name": format!("{pod}-more") },
            "data": { "podman": PODMAN_STEPS, "containers.conf": self.containers_conf },
        });
        format!("{files}\n---\n{more}\n---\n{}\n", self.pod(pod))
    }

    fn pod(&self, name: &str) -> Value {
        let (image, home) = match self.builder {
            Builder::Buildah => ("quay.io/buildah/stable", "/home/build/.local/share/containers"),
            Builder::Podman => ("quay.io/podman/stable", "/home/podman/.local/share/containers"),
        };
        let store = if self.is_root { "/var/lib/containers" } else { home };
        let mut environment = self.environment.to_vec();
        if self.builder == Builder::Podman {
            environment.push(("STEPS", "/more/podman"));
        }
        if !self.containers_conf.is_empty() {
            environment.push(("CONTAINERS_CONF_OVERRIDE", "/more/containers.conf"));
        }
        let environment =
            environment.iter().map(|(name, value)| json!({ "name": name, "value": value }));
        // Of Podman 5.4's pods at once all those have one emptyDir that give it the same name.
        let volume = format!("{name}-store");
        let mut mounts = vec![
            json!({ "name": "agent", "mountPath": "/agent" }),
            json!({ "name": "more", "mountPath": "/more" }),
            json!({ "name": volume, "mountPath": store }),
        ];
        let mut volumes = vec![
            json!({ "name": "agent", "configMap": { "name": name } }),
            json!({ "name": "more", "configMap": { "name": format!("{name}-more") } }),
            json!({ "name": volume, "emptyDir": {} }),
        ];
        for (number, device) in self.devices.iter().enumerate() {
            let name = format!("device-{number}");
            mounts.push(json!({ "name": name, "mountPath": device }));
            volumes.push(
                json!({ "name": name, "hostPath": { "path": device, "type": "CharDevice" } }),
            );
        }
        let mut containers = vec![json!({
            "name": "agent",
            "image": image,
            "command": ["sh", "/agent/agent", "wait"],
            "env": environment.collect::<Vec<Value>>(),
            "securityContext": self.security(),
            "volumeMounts": mounts,
        })];
        // Podman's job starts one itself.
        if self.builder == Builder::Buildah {
            containers.push(json!({
                "name": "database",
                "image": "postgres",
                "env": [{ "name": "POSTGRES_PASSWORD", "value": "job" }],
            }));
        }
        let mut annotations = json!({});
        if self.has(Setting::NoFilter) {
            // Podman reads what Kubernetes had before `seccompProfile`.
            annotations["container.seccomp.security.alpha.kubernetes.io/agent"] =
                json!("unconfined");
        }
        json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": { "name": name, "annotations": annotations },
            "spec": { "terminationGracePeriodSeconds": 1, "containers": containers, "volumes": volumes },
        })
    }

    fn has(&self, setting: Setting) -> bool {
        self.settings.contains(&setting)
    }

    fn security(&self) -> Value {
        let id = if self.is_root { 0 } else { 1000 };
        let mut context = json!({
            "runAsUser": id,
            "runAsGroup": id,
            "allowPrivilegeEscalation": !self.has(Setting::NoEscalation),
        });
        match self.power {
            Power::Only(capabilities) => {
                context["capabilities"] = json!({ "drop": ["ALL"], "add": capabilities });
            }
            Power::Default => {}
            Power::Privileged => context["privileged"] = json!(true),
        }
        if self.has(Setting::NoFilter) {
            context["seccompProfile"] = json!({ "type": "Unconfined" });
        }
        if self.has(Setting::WholeProc) {
            context["procMount"] = json!("Unmasked");
        }
        context
    }
}

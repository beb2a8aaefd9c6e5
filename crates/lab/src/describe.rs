//! What a lab and its engines really are, for a run's manifest: asked of them, not assumed.

use miette::Result;
use registry::StandIn;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::error::Explain;
use crate::images::{self, StandInTag, Storage};
use crate::level::Level;
use crate::nest::Nest;
use crate::pulled::Record;
use crate::start::Lab;

/// What is kept of `docker info`: our name, JSON pointer.
const DOCKER: &[(&str, &str)] = &[
    ("version", "/ServerVersion"),
    ("storage_driver", "/Driver"),
    ("storage_status", "/DriverStatus"),
    ("logging_driver", "/LoggingDriver"),
    ("cgroup_driver", "/CgroupDriver"),
    ("cgroup_version", "/CgroupVersion"),
    ("oci_runtime", "/DefaultRuntime"),
    ("containerd", "/ContainerdCommit/ID"),
    ("runc", "/RuncCommit/ID"),
    ("init", "/InitCommit/ID"),
    ("security", "/SecurityOptions"),
    ("live_restore", "/LiveRestoreEnabled"),
    ("memory_limit", "/MemoryLimit"),
];

/// The same of `podman info`.
const PODMAN: &[(&str, &str)] = &[
    ("version", "/version/Version"),
    ("storage_driver", "/store/graphDriverName"),
    ("storage_options", "/store/graphOptions"),
    ("storage_status", "/store/graphStatus"),
    ("logging_driver", "/host/logDriver"),
    ("cgroup_driver", "/host/cgroupManager"),
    ("cgroup_version", "/host/cgroupVersion"),
    ("cgroup_controllers", "/host/cgroupControllers"),
    ("oci_runtime", "/host/ociRuntime/name"),
    ("oci_runtime_version", "/host/ociRuntime/version"),
    ("conmon", "/host/conmon/version"),
    ("network_backend", "/host/networkBackend"),
    ("security", "/host/security"),
];

/// Prints the version of the containerd that a daemon uses.
const CONTAINERD_VERSION: &[&str] = &[
    "docker",
    "version",
    "--format",
    r#"{{range .Server.Components}}{{if eq .Name "containerd"}}{{.Version}}{{end}}{{end}}"#,
];

impl Lab {
    /// The session's part that all nests share.
    #[must_use]
    pub fn describe(&self) -> Value {
        let packages: Vec<String> = self
            .bundle()
            .packages
            .iter()
            .map(|package| format!("{} {}", package.name, package.version))
            .collect();
        json!({
            "id": self.id(),
            "sandbox": self.sandbox(),
            "suite": self.bundle().generation,
            "bundle": self.bundle().key,
            "bundle_pinned": self.bundle().pinned,
            "packages": packages,
            "images": self.images(),
            // A factor that can't be read has been refused before there was a lab.
            "patience": program::patience().unwrap_or(1.0),
        })
    }

    /// What its numbers are held apart by: labs of two kinds, or with control groups and without, are not
    /// the same place.
    #[must_use]
    pub fn sandbox(&self) -> String {
        let kind = self.kind();
        if self.has_cgroup() { kind.to_string() } else { format!("{kind}, no control groups") }
    }

    /// Whether it has a control group, below which its containers have theirs.
    #[must_use]
    pub fn has_cgroup(&self) -> bool {
        self.held.has_cgroup()
    }

    /// What a person is told who opens a shell in it: what is served, the engines, how to leave. Each is the
    /// head of a line and its text.
    #[must_use]
    pub fn greeting(&self) -> [(&'static str, String); 3] {
        let bundle = self.bundle();
        let served = images::stand_ins(bundle).images;
        let served: Vec<String> = served.iter().map(StandIn::shown).collect();
        let stand_ins = format!(
            "{}, for all tags of these versions: stand-ins made of Debian packages, not the published images",
            served.join(", ")
        );
        let pulled: Vec<&str> = self.held.published.iter().map(String::as_str).collect();
        let pulled = format!("{}, as they were pulled", pulled.join(", "));
        let images = match (self.pulled.is_empty(), self.stand_ins.is_some()) {
            (true, _) => stand_ins,
            (false, true) => format!("{pulled}; besides {stand_ins}"),
            (false, false) => pulled,
        };
        // Without what the distribution has added to it.
        let version = |name| {
            let version = bundle.version(name);
            version.split(['+', '-', '~']).next().unwrap_or_default()
        };
        let (docker, podman) = (version("docker.io"), version("podman"));
        [
            (
                "images:  ",
                format!("{images}. There is no network: `lab pull` or `docker load` brings others"),
            ),
            ("engines: ", format!("Docker {docker}, Podman {podman} ({})", bundle.generation)),
            ("leave:   ", "exit, or Ctrl-D: the lab ends, and what is in it goes".to_owned()),
        ]
    }

    /// The images that it serves: name, digest, whether it is the published one, and then where it was
    /// copied from.
    fn images(&self) -> Vec<Value> {
        let pulled = self.pulled.iter().map(|image| {
            let Record { name, digest, source, .. } = &image.record;
            let name = name.to_string();
            json!({ "name": name, "digest": digest, "published": true, "source": source })
        });
        let stand_ins = self.stand_ins.iter().flat_map(|folder| {
            let storage = Storage { root: folder.clone() };
            images::tags().filter(|of| !self.is_pulled(of)).map(move |of| {
                let digest = storage.tagged(of.repository, of.tag);
                json!({ "name": of.stands_for, "digest": digest, "published": false })
            })
        });
        pulled.chain(stand_ins).collect()
    }

    /// Whether the published image is served in the place of a stand-in.
    fn is_pulled(&self, stand_in: &StandInTag) -> bool {
        self.pulled.iter().any(|image| {
            let name = &image.record.name;
            name.repository() == stand_in.repository && name.tag() == Some(stand_in.tag)
        })
    }

    /// Names of the images that stand in for published ones.
    #[must_use]
    pub fn stand_ins(&self) -> Vec<&'static str> {
        let served = self.stand_ins.iter().flat_map(|_| images::tags());
        served.filter(|of| !self.is_pulled(of)).map(|of| of.stands_for).collect()
    }
}

impl Nest<'_> {
    /// The engines of each level, as they describe themselves.
    pub fn describe(&self) -> Result<Value> {
        let mut levels = Vec::new();
        let mut outer: Option<(&Level, Engine)> = None;
        for (level, layer) in self.levels().iter().zip(self.layers()) {
            let (fields, format, configuration) = match layer.engine {
                Engine::Docker => (DOCKER, "{{json .}}", "/etc/docker/daemon.json"),
                Engine::Podman => (PODMAN, "json", "/etc/containers/containers.conf"),
            };
            // A mounted socket is the outer daemon's, with the outer's configuration.
            let configuration = if layer.socket { "/dev/null" } else { configuration };
            // The machine's own may hold what is nobody else's business; a real image may have none.
            let configuration = match level.zero().machine() {
                None => level.output(&["cat", configuration])?,
                Some(_) if level.machine().is_some() => String::new(),
                Some(_) => level.run(&["cat", configuration])?.stdout,
            };
            let text = level.output(&[layer.engine.program(), "info", "--format", format])?;
            let info: Value = serde_json::from_str(&text).explain(
                format!("{} describes itself in no known way", layer.engine),
                "report this with the engine's version",
            )?;
            let mut described = json!({
                "level": level.depth(),
                "engine": layer.engine,
                "image": (level.depth() > 0 && !layer.socket).then(|| layer.engine.image()),
                "socket_of_outer": layer.socket,
                "privileged": level.depth() > 0 && layer.privileged,
                // What the engine was told, which decides network, namespaces and groups of its
                // containers: the published Podman image shares most of them with the outer one.
                "configuration": configuration.lines().map(str::trim)
                    .filter(|line| !line.is_empty() && !line.starts_with('#')).collect::<Vec<_>>(),
            });
            for (name, pointer) in fields {
                described[*name] = info.pointer(pointer).cloned().unwrap_or(Value::Null);
            }
            // A daemon names the commit that its containerd was built from, if that knows it.
            if described["containerd"] == "" {
                described["containerd"] = level.output(CONTAINERD_VERSION)?.trim().into();
            }
            if let (Some((outer, engine)), false) = (outer, layer.socket) {
                described["image_digest"] = digest(outer, engine, layer.engine.image())?.into();
            }
            levels.push(described);
            outer = Some((level, layer.engine));
        }
        let alpine = digest(self.innermost(), self.engine(), "alpine")?;
        Ok(json!({ "levels": levels, "alpine": alpine }))
    }
}

/// Under which digest an engine at a level has an image.
fn digest(level: &Level, engine: Engine, image: &str) -> Result<String> {
    let format = match level.zero().machine() {
        None => "{{index .RepoDigests 0}}",
        // What was loaded from an archive has none.
        Some(_) => "{{if .RepoDigests}}{{index .RepoDigests 0}}{{else}}{{.Id}}{{end}}",
    };
    let argv = [engine.program(), "image", "inspect", "--format", format, image];
    Ok(level.output(&argv)?.trim().to_owned())
}

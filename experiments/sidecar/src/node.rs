//! The node: level 0 of a lab, where Podman plays the kubelet's part and Docker is the engine whose
//! socket can be mounted.

use std::path::Path;

use bench::once;
use lab::{Disk, Engine, FileSystem, Lab, Level, NoDisk, Options, Output};
use miette::{Result, miette};

use crate::pattern::Pattern;
use crate::tls::{self, Certificates};

/// What an image is built of: path below `images/`, its mode, its content.
struct Image {
    tag: &'static str,
    files: &'static [(&'static str, &'static [u8])],
}

macro_rules! file {
    ($path:literal) => {
        ($path, include_bytes!(concat!("../images/", $path)))
    };
}

/// In the order in which they build on each other.
const IMAGES: [Image; 3] = [
    Image {
        tag: "registry.example/matryoshka/ci-agent:1",
        files: &[file!("agent/Dockerfile"), file!("agent/agent"), file!("agent/job/Dockerfile")],
    },
    Image {
        tag: "registry.example/matryoshka/ci-dind:1",
        files: &[file!("dind/Dockerfile"), file!("dind/dind")],
    },
    Image {
        tag: "registry.example/matryoshka/ci-engine:1",
        files: &[
            file!("engine/Dockerfile"),
            file!("engine/engine"),
            file!("engine/policy.toml"),
            ("engine/authz", crate::plugin::PROGRAM),
        ],
    },
];

/// Where the files lie that images are built of.
const IMAGE_SOURCES: &str = "/var/tmp/images";

/// The node's own disk, whose device every privileged container gets.
const DISK: Disk = Disk {
    name: "node-disk",
    filesystem: "ext4",
    make: &["mkfs.ext4", "-q"],
    options: "",
    bytes: 64 << 20,
};

/// What is not to be read: how it begins, so that it is found on a device.
pub(crate) const SECRET: &str = "secret-of-the-node-";

/// The addresses of pods: Podman's own choice for `kube play`.
const PODS: &str = "10.89.0.0/16";

/// Podman's network of pods, which the first of them makes.
pub(crate) const POD_NETWORK: &str = "podman-default-kube-network";

/// A container of the node that is nobody's business.
pub(crate) const SERVICE: &str = "service-of-the-node";

/// A lab that is a node.
pub(crate) struct Node {
    pub(crate) lab: Lab,
    pub(crate) certificates: Certificates,
    /// What is on its disk, or in its folder where it has no disk of its own.
    pub(crate) secret: String,
    /// The secret's file.
    pub(crate) secret_file: String,
    /// The disk's device; where there is none, why.
    pub(crate) device: Result<String, String>,
    _disk: FileSystem,
}

impl Node {
    /// Starts one: images built, the disk and its secret there. Its Docker is not started yet.
    pub(crate) fn start(options: &Options) -> Result<Self> {
        let lab = Lab::start(options)?;
        lab.engine(Engine::Podman)?;
        let disk = lab.disk_or_folder(&DISK).map_err(|why| miette!("{why}"))?;
        let device = match lab.device(&disk) {
            Ok(device) => Ok(device),
            Err(NoDisk::NotWithoutRoot(why)) => Err(why),
            Err(why) => return Err(miette!("{why}")),
        };
        let secret_file = format!("{}/secret", disk.folder());
        let secret = format!("{SECRET}{}", lab.id());
        let script = r#"umask 077; echo "$2" > "$1" && sync "$1""#;
        lab.level0().output(&["sh", "-c", script, "sh", &secret_file, &secret])?;
        let node = Self {
            certificates: Certificates::make()?,
            secret,
            secret_file,
            device,
            _disk: disk,
            lab,
        };
        let furnished = node.build_images().and_then(|()| node.keep_secrets());
        node.lab.blamed(furnished)?;
        Ok(node)
    }

    /// Docker beside Podman, as on a node whose runtime it is, with a service of the node in it.
    pub(crate) fn start_docker(&self) -> Result<()> {
        self.lab.engine(Engine::Docker)?;
        // Docker lets nothing be forwarded but for its own bridges. On a cluster's node the network
        // plugin opens that for pods (the CNI plugin `firewall`).
        let between_pods = ["iptables", "--insert", "DOCKER-USER", "--source", PODS];
        let accept = ["--destination", PODS, "--jump", "ACCEPT"];
        self.level().output(&[&between_pods[..], &accept].concat())?;
        let run = ["docker", "run", "--detach", "--name", SERVICE, "alpine"];
        let argv = [&run[..], &["sleep", "infinity"]].concat();
        self.level().output(&argv).map(drop)
    }

    pub(crate) fn level(&self) -> Level<'_> {
        self.lab.level0()
    }

    fn build_images(&self) -> Result<()> {
        for image in &IMAGES {
            for (path, content) in image.files {
                self.write(&format!("{IMAGE_SOURCES}/{path}"), content)?;
            }
            let folder = image.files[0].0.split('/').next().unwrap_or_default();
            let folder = format!("{IMAGE_SOURCES}/{folder}");
            self.level().output(&["podman", "build", "--quiet", "--tag", image.tag, &folder])?;
        }
        Ok(())
    }

    /// Files come with the modes of a checkout in which each may be run.
    fn write(&self, path: &str, content: &[u8]) -> Result<()> {
        let root = self.level().root();
        let written = root.and_then(|root| root.write(path, content, 0o755));
        written.map_err(|why| miette!("{path}: {why}"))
    }

    fn keep_secrets(&self) -> Result<()> {
        let (node, certificates) = (self.level(), &self.certificates);
        let clients = [
            ("right", &certificates.client),
            ("foreign", &certificates.foreign),
            ("expired", &certificates.expired),
        ];
        for (name, bundle) in clients {
            bundle.write(&node, name)?;
        }
        let file = format!("{}/secrets.yaml", tls::FOLDER);
        tls::write_private(&node, Path::new(&file), &certificates.secrets())?;
        node.output(&["podman", "kube", "play", &file]).map(drop)
    }

    /// A pod of this pattern, played; `suffix` makes its name another one, `change` its manifest.
    pub(crate) fn play<'node>(
        &'node self,
        pattern: &'static Pattern,
        suffix: &str,
        change: impl Fn(String) -> String,
    ) -> Result<Pod<'node>> {
        let pod = self.prepare(pattern, suffix, change)?;
        let play = ["podman", "kube", "play"];
        self.level().output(&[&play, pattern.kubelet, &[&pod.file]].concat())?;
        Ok(pod)
    }

    /// The same, not played yet: its manifest is there.
    pub(crate) fn prepare<'node>(
        &'node self,
        pattern: &'static Pattern,
        suffix: &str,
        change: impl Fn(String) -> String,
    ) -> Result<Pod<'node>> {
        let name = format!("{}{suffix}", pattern.pod);
        // Two pods' empty folders are two on a cluster. Podman keeps them as volumes of their plain
        // names, so that two pods would have one between them.
        let stores = ["engine-store", "build-store"].map(|own| (own, format!("{name}-{own}")));
        let names = stores.into_iter().chain([(pattern.pod, name.clone())]);
        let manifest = names.fold(pattern.manifest.to_owned(), |manifest, (own, its)| {
            manifest.replace(&format!(" name: {own}\n"), &format!(" name: {its}\n"))
        });
        let file = format!("/var/tmp/{name}.yaml");
        self.write(&file, change(manifest).as_bytes())?;
        Ok(Pod { node: self, pattern, name, file })
    }
}

/// As a manifest is.
pub(crate) fn as_it_is(manifest: String) -> String {
    manifest
}

/// A pod on a node. Dropping it takes it away.
pub(crate) struct Pod<'node> {
    pub(crate) node: &'node Node,
    pub(crate) pattern: &'static Pattern,
    pub(crate) name: String,
    /// Its manifest at level 0.
    pub(crate) file: String,
}

impl<'node> Pod<'node> {
    /// Another pod of the pattern, beside this one.
    pub(crate) fn another(
        &self,
        suffix: &str,
        change: impl Fn(String) -> String,
    ) -> Result<Pod<'node>> {
        self.node.play(self.pattern, suffix, change)
    }

    /// One of its containers, as the node's engine names it.
    pub(crate) fn container(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    /// The agent's container.
    pub(crate) fn agent(&self) -> String {
        self.container(self.pattern.agent)
    }

    /// What the CI server asks of the agent, as a command at level 0.
    pub(crate) fn asked(&self, args: &[&str]) -> Vec<String> {
        let agent = self.agent();
        let command = [&["podman", "exec", &agent][..], self.pattern.program, args].concat();
        command.iter().map(ToString::to_string).collect()
    }

    /// Runs a command in the agent's container, as the agent.
    pub(crate) fn run(&self, argv: &[&str]) -> Result<Output> {
        self.run_in(&self.agent(), argv)
    }

    /// The same in one of its containers.
    pub(crate) fn run_in(&self, container: &str, argv: &[&str]) -> Result<Output> {
        self.node.level().run(&[&["podman", "exec", container], argv].concat())
    }

    /// The output of such a command, which must succeed.
    pub(crate) fn output(&self, argv: &[&str]) -> Result<String> {
        let agent = self.agent();
        self.node.level().output(&[&["podman", "exec", &agent][..], argv].concat())
    }

    /// Waits until the agent can do a job.
    pub(crate) fn ready(&self) -> Result<()> {
        self.ask(&["ready"]).map(drop)
    }

    /// Has the agent do something; its report.
    pub(crate) fn ask(&self, args: &[&str]) -> Result<String> {
        let command = self.asked(args);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let output = self.node.level().run(&command)?;
        if output.success() {
            return Ok(output.stdout);
        }
        let logs = once::complaints(&self.logs());
        Err(miette!("{}{}{logs}", output.stdout, output.stderr))
    }

    /// The end of what the engine's container wrote.
    pub(crate) fn logs(&self) -> String {
        let Some(engine) = self.pattern.engine else {
            return String::new();
        };
        let engine = self.container(engine);
        let argv = ["podman", "logs", "--tail", "20", &engine];
        self.node
            .level()
            .run(&argv)
            .map_or_else(|report| measure::one_line(&report), |logs| logs.stdout + &logs.stderr)
    }

    /// What Podman says of it by a template.
    pub(crate) fn inspect(&self, format: &str) -> Result<String> {
        let argv = ["podman", "pod", "inspect", "--format", format, &self.name];
        self.node.level().output(&argv).map(|said| said.trim().to_owned())
    }

    /// What Podman says of one of its containers by a template.
    pub(crate) fn inspect_container(&self, name: &str, format: &str) -> Result<String> {
        let container = self.container(name);
        let argv = ["podman", "inspect", "--format", format, &container];
        self.node.level().output(&argv).map(|said| said.trim().to_owned())
    }
}

impl Drop for Pod<'_> {
    fn drop(&mut self) {
        let argv = ["podman", "pod", "rm", "--force", "--time", "0", "--ignore", &self.name];
        let _ = self.node.level().run(&argv);
    }
}

//! Stand-ins for the images that the tutorial names, made of the bundle's own files and served by
//! a registry inside the lab.
//!
//! They are not the published images: same names, same programs in the distribution's builds, and
//! entry points that do what the originals' do. Each says so in its labels.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use miette::Result;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::bundle::{Bundle, PACKET_FILTER_LINKS};
use crate::cache;
use crate::error::failure;

/// Changes with every change of what the stand-ins hold.
const VERSION: &str = "images 5";

/// What one stand-in is made of.
struct Recipe {
    /// Name in the registry, without the host that clients put before it.
    repository: &'static str,
    tag: &'static str,
    /// The image it stands for, as the tutorial writes it.
    stands_for: &'static str,
    /// On top of the user land that all share, one layer a group, each with the libraries that it
    /// needs: an engine fetches some layers while it unpacks others, and keeps what it has.
    programs: &'static [&'static [&'static str]],
    /// Whole directories of the bundle. They, the files and the links are the last layer.
    trees: &'static [&'static str],
    /// Path, mode, content.
    files: &'static [(&'static str, u32, &'static str)],
    links: &'static [&'static [(&'static str, &'static str)]],
    entrypoint: &'static [&'static str],
    command: &'static [&'static str],
    volumes: &'static [&'static str],
    environment: &'static [&'static str],
}

const DOCKER_CLIENT: &[&str] = &["usr/bin/docker"];

const RECIPES: &[Recipe] = &[
    Recipe {
        repository: "library/alpine",
        tag: "latest",
        stands_for: "alpine",
        programs: &[],
        trees: &[],
        files: &[],
        links: &[],
        entrypoint: &[],
        command: &["/bin/sh"],
        volumes: &[],
        environment: &[],
    },
    Recipe {
        repository: "library/docker",
        tag: "cli",
        stands_for: "docker:cli",
        programs: &[DOCKER_CLIENT],
        trees: &[],
        files: &[(
            "usr/local/bin/docker-entrypoint.sh",
            0o755,
            include_str!("images/docker-entrypoint.sh"),
        )],
        links: &[],
        entrypoint: &["docker-entrypoint.sh"],
        command: &["sh"],
        volumes: &[],
        environment: &[],
    },
    Recipe {
        repository: "library/docker",
        tag: "dind",
        stands_for: "docker:dind",
        programs: &[
            DOCKER_CLIENT,
            &[
                "usr/bin/containerd",
                "usr/bin/containerd-shim-runc-v2",
                "usr/sbin/runc",
            ],
            &[
                "usr/sbin/dockerd",
                "usr/sbin/docker-proxy",
                "usr/bin/tini-static",
                "usr/sbin/xtables-nft-multi",
            ],
        ],
        trees: &[
            "usr/lib/x86_64-linux-gnu/xtables",
            "usr/lib/aarch64-linux-gnu/xtables",
        ],
        files: &[
            (
                "usr/local/bin/docker-entrypoint.sh",
                0o755,
                include_str!("images/docker-entrypoint.sh"),
            ),
            (
                "usr/local/bin/dockerd-entrypoint.sh",
                0o755,
                include_str!("images/dockerd-entrypoint.sh"),
            ),
            (
                "etc/containerd/config.toml",
                0o644,
                include_str!("images/dind-containerd.toml"),
            ),
            (
                "etc/docker/daemon.json",
                0o644,
                include_str!("engine/daemon.json"),
            ),
        ],
        links: &[
            &[("usr/bin/docker-init", "tini-static")],
            PACKET_FILTER_LINKS,
        ],
        entrypoint: &["dockerd-entrypoint.sh"],
        command: &[],
        volumes: &["/var/lib/docker"],
        environment: &[],
    },
    Recipe {
        repository: "podman/stable",
        tag: "latest",
        stands_for: "quay.io/podman/stable",
        programs: &[
            &["usr/bin/podman"],
            &[
                "usr/bin/crun",
                "usr/bin/conmon",
                "usr/bin/catatonit",
                "usr/bin/fuse-overlayfs",
                "usr/bin/fusermount3",
                "usr/bin/newuidmap",
                "usr/bin/newgidmap",
                "usr/bin/bash",
                "usr/sbin/nft",
                "usr/lib/podman/netavark",
                "usr/lib/podman/aardvark-dns",
            ],
        ],
        trees: &["usr/share/containers"],
        files: &[
            (
                "etc/containers/policy.json",
                0o644,
                include_str!("engine/policy.json"),
            ),
            (
                "etc/containers/registries.conf",
                0o644,
                include_str!("engine/registries.conf"),
            ),
            (
                "etc/containers/storage.conf",
                0o644,
                include_str!("images/podman-storage.conf"),
            ),
            (
                "etc/containers/containers.conf",
                0o644,
                include_str!("images/podman-containers.conf"),
            ),
        ],
        links: &[&[("usr/libexec/podman/catatonit", "../../bin/catatonit")]],
        entrypoint: &[],
        command: &["/bin/bash"],
        volumes: &["/var/lib/containers"],
        environment: &["_CONTAINERS_USERNS_CONFIGURED=", "BUILDAH_ISOLATION=chroot"],
    },
];

/// What all stand-ins share, besides busybox.
const BASE_FILES: &[(&str, u32, &str)] = &[
    (
        "etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
    ),
    (
        "etc/group",
        0o644,
        "root:x:0:\ntty:x:5:\ndocker:x:999:\nnobody:x:65534:\n",
    ),
    ("etc/subuid", 0o644, "root:1:65535\n"),
    ("etc/subgid", 0o644, "root:1:65535\n"),
    (
        "etc/nsswitch.conf",
        0o644,
        "passwd: files\ngroup: files\nhosts: files dns\n",
    ),
    (
        "etc/os-release",
        0o644,
        "NAME=\"Matryoshka stand-in\"\nID=matryoshka\nPRETTY_NAME=\"Matryoshka stand-in of Debian packages\"\n",
    ),
];

const BASE_DIRECTORIES: &[&str] = &[
    "etc",
    "dev",
    "home",
    "mnt",
    "opt",
    "proc",
    "root",
    "run",
    "srv",
    "sys",
    "tmp",
    "usr",
    "usr/bin",
    "usr/lib",
    "usr/lib64",
    "usr/local",
    "usr/local/bin",
    "usr/sbin",
    "var",
    "var/cache",
    "var/lib",
    "var/log",
    "var/tmp",
];

const BASE_LINKS: &[(&str, &str)] = &[
    ("bin", "usr/bin"),
    ("sbin", "usr/sbin"),
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
    ("var/run", "/run"),
];

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The published images that the stand-ins stand for.
pub(crate) fn names() -> Vec<&'static str> {
    RECIPES.iter().map(|recipe| recipe.stands_for).collect()
}

/// The registry's storage directory with all stand-ins made of this bundle.
pub(crate) fn get(bundle: &Bundle) -> Result<PathBuf> {
    let mut hasher = Sha256::new();
    hasher.update(VERSION);
    hasher.update(&bundle.key);
    for recipe in RECIPES {
        for (_, _, content) in recipe.files {
            hasher.update(content);
        }
    }
    let key = base16ct::lower::encode_string(&hasher.finalize())[..32].to_owned();
    cache::make_once(&cache::root()?.join("images"), &key, |dir| {
        make_all(
            bundle,
            &Storage {
                root: dir.to_owned(),
            },
        )
        .map_err(|why| {
            failure(
                "the stand-in images can't be made",
                why,
                "free some disk space in the cache directory, or `cargo xtask lab clean`",
            )
        })
    })
}

fn make_all(bundle: &Bundle, storage: &Storage) -> io::Result<()> {
    let base = base_layer(bundle, storage)?;
    for recipe in RECIPES {
        let mut layers = vec![base.clone()];
        layers.extend(own_layers(bundle, recipe, storage)?);
        let mut environment = vec![PATH.to_owned()];
        environment.extend(recipe.environment.iter().map(ToString::to_string));
        let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
        let volumes: BTreeMap<_, _> = recipe
            .volumes
            .iter()
            .map(|path| (path, json!({})))
            .collect();
        let config = storage.put_json(&json!({
            "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
            "os": "linux",
            // The day of the release that the bundle is of: a build date would change the digest.
            "created": "2025-08-09T00:00:00Z",
            "config": {
                "Env": environment,
                "Entrypoint": (!recipe.entrypoint.is_empty()).then_some(recipe.entrypoint),
                "Cmd": (!recipe.command.is_empty()).then_some(recipe.command),
                "Volumes": (!volumes.is_empty()).then_some(volumes),
                "Labels": {
                    "org.opencontainers.image.title": format!("stand-in for {}", recipe.stands_for),
                    "org.opencontainers.image.description":
                        "Not the published image: made of distribution packages by Matryoshka",
                    "matryoshka.stands-for": recipe.stands_for,
                    "matryoshka.bundle": bundle.key,
                },
            },
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        }))?;
        let blob = |kind: &str, blob: &Blob| {
            json!({
                "mediaType": format!("application/vnd.oci.image.{kind}"),
                "digest": blob.digest,
                "size": blob.size,
            })
        };
        // Layers are left uncompressed: they are read from memory, and every level unpacks them.
        let listed: Vec<Value> = layers
            .iter()
            .map(|layer| blob("layer.v1.tar", layer))
            .collect();
        let manifest = storage.put_json(&json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": blob("config.v1+json", &config),
            "layers": listed,
        }))?;
        layers.push(config);
        storage.tag(recipe, &manifest, &layers)?;
    }
    Ok(())
}

/// busybox with all its applets and the few files that any program looks for.
fn base_layer(bundle: &Bundle, storage: &Storage) -> io::Result<Blob> {
    let mut layer = Layer::new(storage)?;
    for dir in BASE_DIRECTORIES {
        layer.directory(dir)?;
    }
    for (link, target) in BASE_LINKS {
        layer.link(link, target)?;
    }
    let busybox = bundle.path.join("usr/bin/busybox");
    layer.program("usr/bin/busybox", &busybox)?;
    // The bundle's busybox is static: it runs on the machine as it is.
    let applets = Command::new(&busybox).arg("--list").output()?;
    for applet in String::from_utf8_lossy(&applets.stdout).lines() {
        if applet != "busybox" {
            layer.link(&format!("usr/bin/{applet}"), "busybox")?;
        }
    }
    for (path, mode, content) in BASE_FILES {
        layer.file(path, *mode, content.as_bytes())?;
    }
    layer.finish()
}

fn own_layers(bundle: &Bundle, recipe: &Recipe, storage: &Storage) -> io::Result<Vec<Blob>> {
    let mut layers = Vec::new();
    let mut there = BTreeSet::new();
    let mut add = |layer: &mut Layer, programs: &[PathBuf]| -> io::Result<()> {
        let mut files: BTreeSet<PathBuf> = programs.iter().cloned().collect();
        files.extend(libraries(bundle, programs)?);
        for file in files {
            if there.insert(file.clone()) {
                layer.program(&file.to_string_lossy(), &bundle.path.join(&file))?;
            }
        }
        Ok(())
    };
    for group in recipe.programs {
        let mut layer = Layer::new(storage)?;
        let programs: Vec<PathBuf> = group.iter().map(PathBuf::from).collect();
        add(&mut layer, &programs)?;
        layers.push(layer.finish()?);
    }
    if recipe.files.is_empty() && recipe.trees.is_empty() && recipe.links.is_empty() {
        return Ok(layers);
    }
    let mut layer = Layer::new(storage)?;
    for tree in recipe.trees {
        let files = cache::list_files(&bundle.path.join(tree));
        let files: Vec<PathBuf> = files
            .iter()
            .map(|(file, _)| Path::new(tree).join(file))
            .collect();
        add(&mut layer, &files)?;
    }
    for (path, mode, content) in recipe.files {
        layer.file(path, *mode, content.as_bytes())?;
    }
    for (link, target) in recipe.links.iter().copied().flatten() {
        layer.link(link, target)?;
    }
    layers.push(layer.finish()?);
    Ok(layers)
}

/// The shared libraries that the programs need, and those that these need, as paths in the bundle.
fn libraries(bundle: &Bundle, programs: &[PathBuf]) -> io::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut queue: Vec<PathBuf> = programs.to_vec();
    while let Some(file) = queue.pop() {
        // A library's link is in the image, and so must be what it points to.
        if let Ok(target) = fs::read_link(bundle.path.join(&file))
            && let Some(dir) = file.parent()
        {
            let target = plain(&dir.join(target));
            if found.insert(target.clone()) {
                queue.push(target);
            }
            continue;
        }
        let bytes = fs::read(bundle.path.join(&file))?;
        let Ok(elf) = goblin::elf::Elf::parse(&bytes) else {
            continue;
        };
        for name in elf
            .libraries
            .iter()
            .copied()
            .chain(elf.interpreter.map(base_name))
        {
            let library = LIBRARY_DIRECTORIES
                .iter()
                .map(|dir| Path::new(dir).join(name))
                .find(|path| bundle.path.join(path).exists())
                .ok_or_else(|| {
                    io::Error::other(format!(
                        "{} needs {name}, not in the bundle",
                        file.display()
                    ))
                })?;
            if found.insert(library.clone()) {
                queue.push(library);
            }
        }
    }
    Ok(found)
}

/// The same path without `..`; links in a bundle never leave it.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

const LIBRARY_DIRECTORIES: &[&str] = &[
    "usr/lib64",
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "usr/lib",
];

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A content-addressed piece of an image.
#[derive(Clone)]
struct Blob {
    digest: String,
    size: u64,
}

/// The storage layout of docker-registry's `filesystem` driver (distribution,
/// `registry/storage/paths.go`).
struct Storage {
    root: PathBuf,
}

impl Storage {
    fn base(&self) -> PathBuf {
        self.root.join("docker/registry/v2")
    }

    fn repository(&self, name: &str) -> PathBuf {
        self.base().join("repositories").join(name)
    }

    fn put_json(&self, value: &impl Serialize) -> io::Result<Blob> {
        let mut writer = BlobWriter::new(self)?;
        writer.write_all(&serde_json::to_vec(value)?)?;
        writer.finish()
    }

    fn tag(&self, recipe: &Recipe, manifest: &Blob, layers: &[Blob]) -> io::Result<()> {
        let repository = self.repository(recipe.repository);
        let hex = |blob: &Blob| blob.digest.trim_start_matches("sha256:").to_owned();
        let mut links = vec![
            (
                format!("_manifests/revisions/sha256/{}", hex(manifest)),
                manifest,
            ),
            (format!("_manifests/tags/{}/current", recipe.tag), manifest),
            (
                format!(
                    "_manifests/tags/{}/index/sha256/{}",
                    recipe.tag,
                    hex(manifest)
                ),
                manifest,
            ),
        ];
        links.extend(
            layers
                .iter()
                .map(|blob| (format!("_layers/sha256/{}", hex(blob)), blob)),
        );
        for (dir, blob) in links {
            let dir = repository.join(dir);
            fs::create_dir_all(&dir)?;
            fs::write(dir.join("link"), &blob.digest)?;
        }
        Ok(())
    }
}

/// A blob while it is written; its name is known when it is complete.
struct BlobWriter {
    base: PathBuf,
    file: tempfile::NamedTempFile,
    hasher: Sha256,
    size: u64,
}

impl BlobWriter {
    fn new(storage: &Storage) -> io::Result<Self> {
        Ok(Self {
            base: storage.base(),
            file: tempfile::NamedTempFile::new_in(&storage.root)?,
            hasher: Sha256::new(),
            size: 0,
        })
    }

    fn finish(self) -> io::Result<Blob> {
        let hex = base16ct::lower::encode_string(&self.hasher.finalize());
        let dir = self.base.join("blobs/sha256").join(&hex[..2]).join(&hex);
        fs::create_dir_all(&dir)?;
        let file = self.file.persist(dir.join("data"))?;
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
        Ok(Blob {
            digest: format!("sha256:{hex}"),
            size: self.size,
        })
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        self.size += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A layer while it is written. The same files give the same bytes: no times, owners or chance.
struct Layer(tar::Builder<io::BufWriter<BlobWriter>>);

impl Layer {
    fn new(storage: &Storage) -> io::Result<Self> {
        let writer = io::BufWriter::with_capacity(1 << 20, BlobWriter::new(storage)?);
        Ok(Self(tar::Builder::new(writer)))
    }

    fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header
    }

    fn directory(&mut self, path: &str) -> io::Result<()> {
        let mode = if path.ends_with("tmp") { 0o1777 } else { 0o755 };
        let mut header = Self::header(tar::EntryType::Directory, mode, 0);
        self.0
            .append_data(&mut header, format!("{path}/"), io::empty())
    }

    fn link(&mut self, path: &str, target: &str) -> io::Result<()> {
        let mut header = Self::header(tar::EntryType::Symlink, 0o777, 0);
        self.0.append_link(&mut header, path, target)
    }

    fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        let mut header = Self::header(tar::EntryType::Regular, mode, content.len() as u64);
        self.0.append_data(&mut header, path, content)
    }

    fn program(&mut self, path: &str, source: &Path) -> io::Result<()> {
        if let Ok(target) = fs::read_link(source) {
            return self.link(path, &target.to_string_lossy());
        }
        let file = File::open(source)
            .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", source.display())))?;
        let meta = file.metadata()?;
        let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions());
        let mut header = Self::header(tar::EntryType::Regular, mode & 0o7777, meta.len());
        self.0.append_data(&mut header, path, file)
    }

    fn finish(self) -> io::Result<Blob> {
        let writer = self.0.into_inner()?;
        writer
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?
            .finish()
    }
}

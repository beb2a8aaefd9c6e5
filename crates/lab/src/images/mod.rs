//! Stand-ins for the images that the tutorial names and for the services that integration tests
//! start, made of the bundle's own files and served by a registry inside the lab.
//!
//! They are not the published images: same names, same programs in the distribution's builds, and
//! entry points that do what the originals' do. Each says so in its labels.

mod base;
mod recipes;
mod storage;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use miette::Result;
use registry::{STAND_INS, StandIn, StandIns};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::bundle::{Bundle, MERGED, fits};
use crate::engine::WITHOUT_CGROUPS;
use crate::error::failure;
use crate::generation::Generation;
use crate::{cache, whole};
use base::{BASE_DIRECTORIES, BASE_FILES, BASE_LINKS, PATH};
use recipes::{BESIDES, PLAIN, RECIPES, Recipe, Version};
use storage::Layer;
pub(crate) use storage::{Blob, Storage};

/// Changes with every change of how the stand-ins are made; what they hold is part of the key.
const VERSION: &str = "images 11";

/// In `dockerd-entrypoint.sh`.
const STARTS_DAEMON: &str = r#"exec docker-init -- "$@""#;

/// This machine's architecture, as images name it.
pub(crate) const ARCHITECTURE: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };

/// A stand-in: where it is in a registry, and the published image that it stands for.
pub(crate) struct StandInTag {
    pub(crate) repository: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) stands_for: &'static str,
}

/// All stand-ins.
pub(crate) fn tags() -> impl Iterator<Item = StandInTag> {
    RECIPES.iter().map(|recipe| {
        let Recipe { repository, tag, stands_for, .. } = recipe;
        StandInTag { repository, tag, stands_for }
    })
}

/// The same for the registry, and for who says what a lab serves: which tags each answers to.
pub(crate) fn stand_ins(bundle: &Bundle) -> StandIns {
    let images = RECIPES.iter().map(|recipe| {
        let major = match recipe.version {
            Version::Any(major) => major,
            Version::Of(package) => major(bundle.version(package)),
        };
        let name = recipe.stands_for.split(':').next().unwrap_or_default();
        StandIn {
            repository: recipe.repository.to_owned(),
            tag: recipe.tag.to_owned(),
            name: name.to_owned(),
            prefix: recipe.prefix.to_owned(),
            major: major.to_owned(),
            variants: recipe.variants.iter().map(ToString::to_string).collect(),
        }
    });
    let others = Generation::ALL.into_iter().filter(|other| *other != bundle.generation);
    let others = others.map(|other| (other.to_string(), other.release().engines.to_owned()));
    StandIns {
        suite: bundle.generation.to_string(),
        others: others.collect(),
        images: images.collect(),
    }
}

/// The first number of a version of Debian's, which begins with an epoch or not (`deb-version(7)`).
fn major(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_, version)| version);
    version.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default()
}

/// The registry's storage directory with all stand-ins made of this bundle. Where labs have no control
/// groups, the one with Docker's daemon tells it so.
pub(crate) fn get(bundle: &Bundle, has_cgroups: bool) -> Result<PathBuf> {
    let mut hasher = Sha256::new();
    hasher.update(VERSION);
    hasher.update(&bundle.key);
    hasher.update(bundle.generation.release().day);
    let base = (BASE_FILES, BASE_DIRECTORIES, BASE_LINKS);
    let recipes = serde_json::to_vec(&(RECIPES, BESIDES, base));
    hasher.update(recipes.unwrap_or_default());
    let stand_ins = stand_ins(bundle);
    hasher.update(serde_json::to_vec(&stand_ins).unwrap_or_default());
    if !has_cgroups {
        hasher.update(WITHOUT_CGROUPS);
    }
    let key = base16ct::lower::encode_string(&hasher.finalize())[..32].to_owned();
    let images = cache::root()?.join("images");
    cache::make_once(&images, &key, "making images again", |dir| {
        let made = make_all(bundle, has_cgroups, &Storage { root: dir.to_owned() });
        let text = serde_json::to_vec(&stand_ins).unwrap_or_default();
        made.and_then(|()| fs::write(dir.join(STAND_INS), text)).map_err(|why| {
            failure(
                "the stand-in images can't be made",
                why,
                "free some disk space in the cache directory, or `cargo xtask lab clean`",
            )
        })
    })
}

fn make_all(bundle: &Bundle, has_cgroups: bool, storage: &Storage) -> io::Result<()> {
    let base = base_layer(bundle, storage)?;
    for recipe in RECIPES {
        let mut layers = vec![base.clone()];
        layers.extend(own_layers(bundle, recipe, has_cgroups, storage)?);
        let mut environment = vec![PATH.to_owned()];
        environment.extend(recipe.environment.iter().map(ToString::to_string));
        let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
        let created = format!("{}T00:00:00Z", bundle.generation.release().day);
        // One entry a layer: builders of Podman before version 5 count them.
        let history: Vec<Value> = layers
            .iter()
            .map(|_| json!({ "created": created, "created_by": "matryoshka" }))
            .collect();
        // Sets, as the image configuration has them (OCI image-spec, config.md).
        let set = |names: &[&str]| -> Option<Value> {
            let set: BTreeMap<_, _> = names.iter().map(|name| (*name, json!({}))).collect();
            (!set.is_empty()).then(|| json!(set))
        };
        let config = storage.put_json(&json!({
            "architecture": ARCHITECTURE,
            "os": "linux",
            "created": created,
            "history": history,
            "config": {
                "Env": environment,
                "Entrypoint": (!recipe.entrypoint.is_empty()).then_some(recipe.entrypoint),
                "Cmd": (!recipe.command.is_empty()).then_some(recipe.command),
                "Volumes": set(recipe.volumes),
                "ExposedPorts": set(recipe.ports),
                "StopSignal": (!recipe.stop_signal.is_empty()).then_some(recipe.stop_signal),
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
        let listed: Vec<Value> = layers.iter().map(|layer| blob("layer.v1.tar", layer)).collect();
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
    let mut layer = Layer::new(storage, &PLAIN)?;
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

fn own_layers(
    bundle: &Bundle,
    recipe: &'static Recipe,
    has_cgroups: bool,
    storage: &Storage,
) -> io::Result<Vec<Blob>> {
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
        let mut layer = Layer::new(storage, recipe)?;
        let mut programs = Vec::new();
        for program in *group {
            programs.extend(find(bundle, program)?);
        }
        add(&mut layer, &programs)?;
        layers.push(layer.finish()?);
    }
    let besides = BESIDES.iter().filter(|besides| {
        besides.stands_for == recipe.stands_for && besides.generations.contains(&bundle.generation)
    });
    let besides: Vec<_> = besides.collect();
    let is_all = recipe.files.is_empty() && recipe.trees.is_empty() && recipe.links.is_empty();
    if is_all && besides.is_empty() {
        return Ok(layers);
    }
    let mut layer = Layer::new(storage, recipe)?;
    for program in besides.iter().flat_map(|besides| besides.programs) {
        add(&mut layer, &[program.into()])?;
    }
    let trees = besides.iter().flat_map(|besides| besides.trees);
    for pattern in recipe.trees.iter().chain(trees) {
        // One without `*` may be another architecture's.
        let trees = find(bundle, pattern)?.into_iter();
        for tree in trees.filter(|tree| bundle.path.join(tree).exists()) {
            let there = whole::walk(&bundle.path.join(&tree))?;
            let files = there.iter().filter(|(_, meta)| !meta.is_dir());
            let files: Vec<PathBuf> = files.map(|(file, _)| tree.join(file)).collect();
            add(&mut layer, &files)?;
        }
    }
    for (home, _) in recipe.homes {
        layer.directory(home)?;
    }
    let files = besides.iter().flat_map(|besides| besides.files);
    for (path, mode, content) in recipe.files.iter().chain(files) {
        let mut content = (*content).to_owned();
        if !has_cgroups {
            // The one line with which an entry point starts the daemon.
            content = content.replace(STARTS_DAEMON, &format!("{STARTS_DAEMON} {WITHOUT_CGROUPS}"));
        }
        layer.file(path, *mode, content.as_bytes())?;
    }
    let links = besides.iter().flat_map(|besides| besides.links);
    for (link, target) in recipe.links.iter().copied().flatten().chain(links) {
        match target.strip_prefix('/') {
            Some(pattern) => {
                for target in find(bundle, pattern)? {
                    layer.link(link, &Path::new("/").join(target).to_string_lossy())?;
                }
            }
            None => layer.link(link, target)?,
        }
    }
    layers.push(layer.finish()?);
    Ok(layers)
}

/// What a recipe's path means in this bundle. One without `*` means itself, there or not.
fn find(bundle: &Bundle, pattern: &str) -> io::Result<Vec<PathBuf>> {
    if !pattern.contains('*') {
        return Ok(vec![pattern.into()]);
    }
    let mut found = vec![PathBuf::new()];
    for wanted in pattern.split('/') {
        let mut next = Vec::new();
        for dir in found {
            for entry in fs::read_dir(bundle.path.join(&dir)).into_iter().flatten() {
                let name = entry?.file_name();
                if name.to_str().is_some_and(|name| fits(wanted, name)) {
                    next.push(dir.join(name));
                }
            }
        }
        found = next;
    }
    if found.is_empty() {
        return Err(io::Error::other(format!("{pattern}: not in the bundle")));
    }
    // The order of a directory is chance.
    found.sort();
    Ok(found)
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
            let target = followed(dir, &target);
            if found.insert(target.clone()) {
                queue.push(target);
            }
            continue;
        }
        let bytes = fs::read(bundle.path.join(&file))?;
        let Ok(elf) = goblin::elf::Elf::parse(&bytes) else {
            continue;
        };
        for name in elf.libraries.iter().copied().chain(elf.interpreter.map(base_name)) {
            let library = LIBRARY_DIRECTORIES
                .iter()
                .map(|dir| Path::new(dir).join(name))
                .find(|path| bundle.path.join(path).exists())
                .ok_or_else(|| {
                    io::Error::other(format!("{} needs {name}, not in the bundle", file.display()))
                })?;
            if found.insert(library.clone()) {
                queue.push(library);
            }
        }
    }
    Ok(found)
}

/// Where a link in this directory leads, without `..`; links in a bundle never leave it.
fn followed(dir: &Path, target: &Path) -> PathBuf {
    let mut followed = match target.strip_prefix("/") {
        Err(_) => dir.to_owned(),
        // As the sandbox and the images have it, where the root links these into `usr`.
        Ok(target) if MERGED.iter().any(|name| target.starts_with(name)) => "usr".into(),
        Ok(_) => PathBuf::new(),
    };
    for part in target.components() {
        match part {
            Component::ParentDir => {
                followed.pop();
            }
            Component::RootDir => {}
            other => followed.push(other),
        }
    }
    followed
}

const LIBRARY_DIRECTORIES: &[&str] =
    &["usr/lib64", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib"];

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("26.1.5+dfsg1-9+b9", "26")]
    #[case::epoch("5:8.0.2-3", "8")]
    #[case::one_number("17+278", "17")]
    fn a_version_has_a_major_one(#[case] version: &str, #[case] expected: &str) {
        assert_eq!(major(version), expected);
    }

    #[rstest]
    #[case::beside("usr/lib", "libc.so.6", "usr/lib/libc.so.6")]
    #[case::above("usr/libexec/podman", "../../bin/catatonit", "usr/bin/catatonit")]
    #[case::from_the_root("usr/lib64", "/lib/x/ld.so", "usr/lib/x/ld.so")]
    #[case::from_the_root_plainly("usr/bin", "/usr/sbin/nft", "usr/sbin/nft")]
    #[case::no_merged_name("usr/bin", "/libexec/x", "libexec/x")]
    fn a_link_is_followed_in_the_bundle(
        #[case] dir: &str,
        #[case] target: &str,
        #[case] expected: &str,
    ) {
        let found = followed(Path::new(dir), Path::new(target));
        assert_eq!(found, Path::new(expected));
    }
}

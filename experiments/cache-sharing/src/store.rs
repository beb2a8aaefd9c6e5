//! A look at a store's own files: whether they parse, are what their names say, and agree.
//!
//! Docker's graph store: moby's `image/fs.go`, `layer/filestore.go` and `daemon/graphdriver/overlay2`.
//! containerd's content store: its `docs/content-flow.md`. Podman's: `docs/containers-storage.md` of
//! containers/storage.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lab::Folder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::finding::{Class, Finding};

/// Where one engine has its images and its layers, as level 0 names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// `image/overlay2`, or `storage` of Podman.
    pub(crate) images: PathBuf,
    /// `overlay2`, or `storage/overlay` of Podman.
    pub(crate) layers: PathBuf,
    /// The images of a store that it reads besides its own.
    pub(crate) besides: Option<PathBuf>,
}

/// Reads an engine's images, and those that it has besides: what owns folders of layers.
pub(crate) type Read = fn(&Folder, &Path, Option<&Path>, &mut Vec<Finding>) -> Owned;

/// What is wrong, in any of the stores of several engines that may have folders in common. `root` is
/// level 0's: what is below it is the inside's, links included.
pub(crate) fn audit(root: &Folder, places: &[Places], read: Read) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut of_layers: BTreeMap<&Path, Owned> = BTreeMap::new();
    let mut looked: BTreeSet<&Path> = BTreeSet::new();
    for Places { images, layers, besides } in places {
        let mut own = Vec::new();
        let owned = read(root, images, besides.as_deref(), &mut own);
        if looked.insert(images) {
            findings.extend(own);
        }
        let there = folders(root, layers);
        for (layer, owner) in &owned {
            if !there.contains(layer) {
                let text = format!("the layer of {owner} has no folder ({})", short(layer));
                findings.push(Finding { class: Class::Corrupt, text });
            }
        }
        of_layers.entry(layers).or_default().extend(owned);
    }
    for (layers, owned) in of_layers {
        let owned: BTreeSet<&String> = owned.iter().map(|(layer, _)| layer).collect();
        let there = folders(root, layers);
        let alone: Vec<&String> = there.iter().filter(|layer| !owned.contains(layer)).collect();
        if !alone.is_empty() {
            let text = format!("{} layers that nothing refers to", alone.len());
            findings.push(Finding { class: Class::Leaks, text });
        }
    }
    findings.sort_by(|a, b| (b.class, &a.text).cmp(&(a.class, &b.text)));
    findings.dedup();
    findings
}

/// Folders of layers, each with what refers to it.
pub(crate) type Owned = Vec<(String, String)>;

/// A name that is short enough for a row.
fn short(name: &str) -> &str {
    name.get(..12).unwrap_or(name)
}

fn names(root: &Folder, folder: &Path) -> Vec<String> {
    let names = root.names(folder).unwrap_or_default();
    let mut names: Vec<String> =
        names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Folders beside those of layers: their short names, and what is under way.
const OTHERS: [&str; 3] = ["l", "staging", "tempdirs"];

fn folders(root: &Folder, layers: &Path) -> BTreeSet<String> {
    let is_layer =
        |name: &String| !OTHERS.contains(&&**name) && root.folder(layers.join(name)).is_ok();
    names(root, layers).into_iter().filter(is_layer).collect()
}

fn corrupt(findings: &mut Vec<Finding>, text: String) {
    findings.push(Finding { class: Class::Corrupt, text });
}

fn parsed<T: DeserializeOwned + Default>(
    root: &Folder,
    file: &Path,
    findings: &mut Vec<Finding>,
) -> T {
    // What was never written is empty.
    let Ok(text) = root.read(file) else {
        return T::default();
    };
    serde_json::from_slice(&text).unwrap_or_else(|why| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        corrupt(findings, format!("{name} can't be read: {why}"));
        T::default()
    })
}

#[derive(Default, Deserialize)]
struct Repositories {
    #[serde(rename = "Repositories", default)]
    repositories: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
struct Configuration {
    #[serde(default)]
    rootfs: Rootfs,
}

#[derive(Default, Deserialize)]
struct Rootfs {
    #[serde(default)]
    diff_ids: Vec<String>,
}

/// How files begin that are not whole yet.
const UNFINISHED: &str = ".tmp-";

/// `image/overlay2` of a Docker.
pub(crate) fn docker(
    root: &Folder,
    images: &Path,
    _: Option<&Path>,
    findings: &mut Vec<Finding>,
) -> Owned {
    let layers = images.join("layerdb/sha256");
    let mut owned = Owned::new();
    let mut by_folder: BTreeMap<String, String> = BTreeMap::new();
    let chains: BTreeSet<String> = names(root, &layers).into_iter().collect();
    for chain in &chains {
        let Ok(folder) = root.read_to_string(layers.join(chain).join("cache-id")) else {
            corrupt(findings, format!("layer {} names no folder", short(chain)));
            continue;
        };
        if let Some(other) = by_folder.insert(folder.clone(), chain.clone()) {
            let (one, two) = (short(chain), short(&other));
            corrupt(findings, format!("layers {one} and {two} have one folder"));
        }
        owned.push((folder, format!("layer {}", short(chain))));
        let parent = root.read_to_string(layers.join(chain).join("parent"));
        if let Ok(parent) = parent
            && !chains.contains(parent.trim_start_matches("sha256:"))
        {
            let text = format!("the layer below layer {} is gone", short(chain));
            corrupt(findings, text);
        }
    }
    let content = images.join("imagedb/content/sha256");
    for image in names(root, &content) {
        // Written aside and renamed when it is whole (moby's `pkg/ioutils`): left by who was killed.
        if image.starts_with(UNFINISHED) {
            findings.push(Finding {
                class: Class::Leaks,
                text: "an image that was not written to its end".to_owned(),
            });
            continue;
        }
        let file = content.join(&image);
        let bytes = root.read(&file).unwrap_or_default();
        if base16ct::lower::encode_string(&Sha256::digest(&bytes)) != image {
            let text = format!("image {} is not what its name says", short(&image));
            corrupt(findings, text);
            continue;
        }
        let configuration: Configuration = parsed(root, &file, findings);
        let mut chain = String::new();
        for diff in &configuration.rootfs.diff_ids {
            // image-spec, "Layer ChainID".
            chain = if chain.is_empty() {
                diff.clone()
            } else {
                let both = Sha256::digest(format!("{chain} {diff}"));
                format!("sha256:{}", base16ct::lower::encode_string(&both))
            };
            if !chains.contains(chain.trim_start_matches("sha256:")) {
                let text = format!("image {} lacks a layer", short(&image));
                corrupt(findings, text);
                break;
            }
        }
    }
    let repositories: Repositories = parsed(root, &images.join("repositories.json"), findings);
    for (name, image) in repositories.repositories.values().flatten() {
        let image = image.trim_start_matches("sha256:");
        if !root.has(content.join(image)) {
            corrupt(findings, format!("{name} names an image that is gone"));
        }
    }
    let mounts = images.join("layerdb/mounts");
    for container in names(root, &mounts) {
        for part in ["mount-id", "init-id"] {
            if let Ok(folder) = root.read_to_string(mounts.join(&container).join(part)) {
                owned.push((folder, format!("container {}", short(&container))));
            }
        }
    }
    owned
}

#[derive(Default, Deserialize)]
struct PodmanLayer {
    id: String,
    #[serde(default)]
    parent: String,
}

#[derive(Default, Deserialize)]
struct PodmanImage {
    id: String,
    #[serde(default)]
    layer: String,
}

/// `storage` of a Podman.
pub(crate) fn podman(
    root: &Folder,
    storage: &Path,
    besides: Option<&Path>,
    findings: &mut Vec<Finding>,
) -> Owned {
    let mut layers_of = |storage: &Path| {
        let lists = ["layers.json", "volatile-layers.json"];
        let lists = lists.map(|list| storage.join("overlay-layers").join(list));
        let layers = lists.iter().flat_map(|list| parsed::<Vec<PodmanLayer>>(root, list, findings));
        layers.collect::<Vec<_>>()
    };
    let layers = layers_of(storage);
    let other = besides.map(layers_of).unwrap_or_default();
    let known = layers.iter().chain(&other);
    let known: BTreeSet<&str> = known.map(|layer| &*layer.id).collect();
    for layer in &layers {
        if !layer.parent.is_empty() && !known.contains(&*layer.parent) {
            let text = format!("the layer below layer {} is gone", short(&layer.id));
            corrupt(findings, text);
        }
    }
    let images: Vec<PodmanImage> =
        parsed(root, &storage.join("overlay-images/images.json"), findings);
    for image in &images {
        if !image.layer.is_empty() && !known.contains(&*image.layer) {
            let text = format!("image {} lacks a layer", short(&image.id));
            corrupt(findings, text);
        }
    }
    let owned = layers.iter();
    let owned = owned.map(|layer| (layer.id.clone(), format!("layer {}", short(&layer.id))));
    owned.collect()
}

/// The blobs of a containerd: each is what its name says.
pub(crate) fn blobs(root: &Folder, content: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    let folder = content.join("blobs/sha256");
    for blob in names(root, &folder) {
        let bytes = root.read(folder.join(&blob)).unwrap_or_default();
        if base16ct::lower::encode_string(&Sha256::digest(&bytes)) != blob {
            let text = format!("blob {} is not what its name says", short(&blob));
            corrupt(&mut findings, text);
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn machine() -> Folder {
        Folder::of_machine(Path::new("/")).expect("opened")
    }

    /// A store with one image of two layers.
    fn store(root: &Path) -> Places {
        let places =
            Places { images: root.join("image"), layers: root.join("overlay2"), besides: None };
        let second = Sha256::digest("sha256:one sha256:two");
        let second = base16ct::lower::encode_string(&second);
        let layers = places.images.join("layerdb/sha256");
        for (chain, folder) in [("one", "folder-1"), (&*second, "folder-2")] {
            fs::create_dir_all(layers.join(chain)).expect("made");
            fs::write(layers.join(chain).join("cache-id"), folder).expect("written");
            fs::create_dir_all(places.layers.join(folder)).expect("made");
        }
        fs::write(layers.join(&second).join("parent"), "sha256:one").expect("written");
        fs::create_dir_all(places.layers.join("l")).expect("made");
        let text = r#"{"rootfs":{"diff_ids":["sha256:one","sha256:two"]}}"#;
        let image = base16ct::lower::encode_string(&Sha256::digest(text));
        let content = places.images.join("imagedb/content/sha256");
        fs::create_dir_all(&content).expect("made");
        fs::write(content.join(&image), text).expect("written");
        let repositories = format!(r#"{{"Repositories":{{"x":{{"x:latest":"sha256:{image}"}}}}}}"#);
        fs::write(places.images.join("repositories.json"), repositories).expect("written");
        places
    }

    fn found(change: impl FnOnce(&Places)) -> Vec<String> {
        let root = tempfile::tempdir().expect("a folder");
        let places = store(root.path());
        change(&places);
        let findings = audit(&machine(), &[places.clone(), places], docker);
        findings.into_iter().map(|Finding { class, text }| format!("{class}: {text}")).collect()
    }

    #[test]
    fn a_whole_store_has_nothing_wrong() {
        assert!(found(|_| ()).is_empty());
    }

    #[test]
    fn a_folder_that_is_gone_is_missed() {
        let found = found(|places| {
            fs::remove_dir(places.layers.join("folder-1")).expect("removed");
        });
        assert_eq!(found, ["corrupt: the layer of layer one has no folder (folder-1)"]);
    }

    #[test]
    fn a_layer_that_is_gone_is_missed_by_its_image_and_the_layer_above() {
        let found = found(|places| {
            fs::remove_dir_all(places.images.join("layerdb/sha256/one")).expect("removed");
        });
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[2].starts_with("leaks: 1 layers"), "{found:?}");
    }

    #[test]
    fn a_torn_file_is_named() {
        let found = found(|places| {
            fs::write(places.images.join("repositories.json"), "{\"Repo").expect("written");
        });
        assert!(found[0].contains("repositories.json can't be read"), "{found:?}");
    }

    #[test]
    fn two_layers_of_one_folder_are_named() {
        let found = found(|places| {
            let one = places.images.join("layerdb/sha256/one/cache-id");
            fs::write(one, "folder-2").expect("written");
        });
        assert!(found[0].contains("have one folder"), "{found:?}");
    }

    #[test]
    fn an_image_that_was_changed_is_named() {
        let found = found(|places| {
            let content = places.images.join("imagedb/content/sha256");
            let image = names(&machine(), &content).remove(0);
            fs::write(content.join(image), "{}").expect("written");
        });
        assert!(found[0].contains("is not what its name says"), "{found:?}");
    }

    #[test]
    fn what_was_not_written_to_its_end_is_only_left_over() {
        let found = found(|places| {
            let content = places.images.join("imagedb/content/sha256");
            fs::write(content.join(".tmp-1"), "{").expect("written");
        });
        assert_eq!(found, ["leaks: an image that was not written to its end"]);
    }

    #[test]
    fn a_podman_store_that_lost_a_layer_is_corrupt() {
        let root = tempfile::tempdir().expect("a folder");
        let storage = root.path().join("storage");
        for folder in ["overlay-layers", "overlay-images", "overlay/b", "overlay/c"] {
            fs::create_dir_all(storage.join(folder)).expect("made");
        }
        let layers = r#"[{"id":"b","parent":"a"}]"#;
        fs::write(storage.join("overlay-layers/layers.json"), layers).expect("written");
        let images = r#"[{"id":"i","layer":"a"}]"#;
        fs::write(storage.join("overlay-images/images.json"), images).expect("written");
        let places = Places { layers: storage.join("overlay"), images: storage, besides: None };
        let found = audit(&machine(), &[places], podman);
        let texts: Vec<&str> = found.iter().map(|finding| &*finding.text).collect();
        assert_eq!(
            texts,
            [
                "image i lacks a layer",
                "the layer below layer b is gone",
                "1 layers that nothing refers to"
            ]
        );
    }

    #[test]
    fn a_blob_that_is_not_what_its_name_says_is_named() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join("blobs/sha256");
        fs::create_dir_all(&folder).expect("made");
        let good = base16ct::lower::encode_string(&Sha256::digest("good"));
        fs::write(folder.join(good), "good").expect("written");
        assert!(blobs(&machine(), root.path()).is_empty());
        fs::write(folder.join("0123456789abcdef"), "bad").expect("written");
        assert_eq!(blobs(&machine(), root.path()).len(), 1);
    }
}

//! Folders of images in the storage layout of `docker-registry`'s `filesystem` driver (distribution,
//! `registry/storage/paths.go`), read only.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use registry::{STAND_INS, StandIns, refusal};
use serde_json::Value;

/// Where Docker Hub is asked, and what its names are called by. Its images have no registry in the path.
const HUB: &[&str] = &["docker.io", "index.docker.io", "registry-1.docker.io"];

/// The folders that are served, the first one first.
pub(crate) struct Store {
    roots: Vec<PathBuf>,
    /// The stand-ins, and which folder has them.
    stand_ins: Option<(PathBuf, StandIns)>,
}

/// A manifest as it is served.
pub(crate) struct Manifest {
    pub(crate) digest: String,
    pub(crate) kind: String,
    pub(crate) text: Vec<u8>,
}

impl Store {
    pub(crate) fn open(roots: Vec<PathBuf>) -> Result<Self, String> {
        let mut stand_ins = None;
        for root in &roots {
            let file = root.join(STAND_INS);
            // One without is a folder of images that are what they are called.
            if let Ok(text) = fs::read(&file) {
                let read = serde_json::from_slice(&text);
                let read = read.map_err(|why| format!("{}: {why}", file.display()))?;
                stand_ins = Some((root.clone(), read));
            }
        }
        Ok(Self { roots, stand_ins })
    }

    /// What a tag or a digest of a repository means: first as it is, then by the rule for stand-ins.
    /// `registry` is whom the question was meant for, if it was not for this one.
    pub(crate) fn manifest(
        &self,
        registry: Option<&str>,
        name: &str,
        reference: &str,
    ) -> Option<Manifest> {
        let names = names(registry, name)?;
        let found = self
            .roots
            .iter()
            .find_map(|root| names.iter().find_map(|name| exact(root, name, reference)));
        found.or_else(|| {
            // Not the image that has that name and tag in another folder: it is no stand-in.
            let (root, stand_ins) = self.stand_ins.as_ref()?;
            let mut meant = names.iter().filter_map(|name| stand_ins.find(name, reference));
            meant.find_map(|image| exact(root, &image.repository, &image.tag))
        })
    }

    /// A blob and its size, of whatever image.
    pub(crate) fn blob(&self, digest: &str) -> Option<(File, u64)> {
        self.roots.iter().find_map(|root| {
            let file = File::open(blob(root, digest)?).ok()?;
            let size = file.metadata().ok()?.len();
            Some((file, size))
        })
    }

    /// The tags that a repository has in the folders.
    pub(crate) fn tags(&self, registry: Option<&str>, name: &str) -> Vec<String> {
        let names = names(registry, name).unwrap_or_default();
        let mut tags: Vec<String> = self
            .roots
            .iter()
            .flat_map(|root| names.iter().map(|name| base(root).join("repositories").join(name)))
            .flat_map(|repository| entries(&repository.join("_manifests/tags")))
            .collect();
        tags.sort();
        tags.dedup();
        tags
    }

    /// What is said of anything that is not served.
    pub(crate) fn refusal(&self) -> String {
        let others = self.roots.iter().filter(|root| !root.join(STAND_INS).exists());
        let mut names = Vec::new();
        for root in others {
            let repositories = base(root).join("repositories");
            collect(&repositories, "", &mut names);
        }
        refusal(self.stand_ins.as_ref().map(|(_, stand_ins)| stand_ins), &names)
    }
}

/// What a folder has under exactly this name and tag or digest.
fn exact(root: &Path, repository: &str, reference: &str) -> Option<Manifest> {
    let link = match hexadecimal(reference) {
        Some(hex) => format!("_manifests/revisions/sha256/{hex}/link"),
        None if is_tag(reference) => format!("_manifests/tags/{reference}/current/link"),
        None => return None,
    };
    let link = base(root).join("repositories").join(repository).join(link);
    let digest = fs::read_to_string(link).ok()?.trim().to_owned();
    let text = fs::read(blob(root, &digest)?).ok()?;
    let kind = kind(&text);
    Some(Manifest { digest, kind, text })
}

/// The repositories that a name can be in: that of another registry than Docker Hub's begins with that
/// registry. Engines that are told so write it there, others into the question's host.
fn names(registry: Option<&str>, name: &str) -> Option<Vec<String>> {
    let is_part = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        part.bytes().all(is_plain) && part.starts_with(|first: char| first.is_ascii_alphanumeric())
    };
    if !name.split('/').all(is_part) {
        return None;
    }
    let (registry, name) = match name.split_once('/') {
        Some((first, rest)) if registry.is_none() && first.contains('.') => (Some(first), rest),
        _ => (registry, name),
    };
    let registry = registry.filter(|registry| !HUB.contains(registry));
    Some(match registry {
        Some(registry) => vec![format!("{registry}/{name}")],
        None => vec![name.to_owned()],
    })
}

/// Names of images below a folder of repositories, with their tags, as users write them.
fn collect(folder: &Path, name: &str, found: &mut Vec<String>) {
    for tag in entries(&folder.join("_manifests/tags")) {
        found.push(format!("{}:{tag}", name.strip_prefix("library/").unwrap_or(name)));
    }
    for entry in entries(folder).into_iter().filter(|entry| !entry.starts_with('_')) {
        let inner = if name.is_empty() { entry.clone() } else { format!("{name}/{entry}") };
        collect(&folder.join(entry), &inner, found);
    }
}

/// What is in a folder, in order; nothing if there is none.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

fn base(root: &Path) -> PathBuf {
    root.join("docker/registry/v2")
}

fn blob(root: &Path, digest: &str) -> Option<PathBuf> {
    let hex = hexadecimal(digest)?;
    Some(base(root).join("blobs/sha256").join(&hex[..2]).join(hex).join("data"))
}

/// What is behind `sha256:` of a digest.
fn hexadecimal(digest: &str) -> Option<&str> {
    let hex = digest.strip_prefix("sha256:")?;
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (hex.len() == 64 && hex.bytes().all(is_hex)).then_some(hex)
}

fn is_tag(tag: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !tag.starts_with(['.', '-']) && tag.bytes().all(is_plain)
}

/// What a manifest says that it is. One of the OCI's need not say it.
fn kind(text: &[u8]) -> String {
    let manifest: Value = serde_json::from_slice(text).unwrap_or_default();
    let kind = manifest["mediaType"].as_str().unwrap_or(if manifest["manifests"].is_array() {
        "application/vnd.oci.image.index.v1+json"
    } else {
        "application/vnd.oci.image.manifest.v1+json"
    });
    kind.to_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// A folder in which a repository has this tag for a manifest that says so.
    fn put(root: &Path, repository: &str, tag: &str, text: &str) {
        let hex = format!("{:0>64}", text.len());
        let manifests = base(root).join("repositories").join(repository).join("_manifests");
        for link in [format!("tags/{tag}/current"), format!("revisions/sha256/{hex}")] {
            fs::create_dir_all(manifests.join(&link)).expect("a folder");
            fs::write(manifests.join(link).join("link"), format!("sha256:{hex}")).expect("a link");
        }
        let file = blob(root, &format!("sha256:{hex}")).expect("a digest");
        fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        fs::write(file, text).expect("a blob");
    }

    /// Images of one's own, and one stand-in.
    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().expect("a directory");
        let (own, stand_ins) = (dir.path().join("own"), dir.path().join("stand-ins"));
        put(&own, "library/alpine", "3.20", r#""own""#);
        put(&own, "library/alpine", "latest", r#""own latest""#);
        put(&own, "ghcr.io/me/tool", "1", r#"{"manifests":[]}"#);
        put(&stand_ins, "library/alpine", "latest", r#""stand-in""#);
        put(&stand_ins, "quay.io/podman/stable", "latest", r#""of Podman""#);
        let told = r#"{"suite":"trixie","others":[],"images":[{"repository":"library/alpine",
            "tag":"latest","name":"alpine","prefix":"","major":"3","variants":[""]}]}"#;
        fs::write(stand_ins.join(STAND_INS), told).expect("what they are");
        let store = Store::open(vec![own, stand_ins]).expect("folders");
        (dir, store)
    }

    #[rstest]
    #[case::of_the_first_folder(None, "library/alpine", "3.20", Some(r#""own""#))]
    #[case::under_the_stand_ins_tag(None, "library/alpine", "latest", Some(r#""own latest""#))]
    #[case::by_the_rule(None, "library/alpine", "3.21", Some(r#""stand-in""#))]
    #[case::by_no_rule(None, "library/alpine", "2", None)]
    #[case::as_docker_hub(Some("docker.io"), "library/alpine", "3.20", Some(r#""own""#))]
    #[case::registry_in_the_path(None, "quay.io/podman/stable", "latest", Some(r#""of Podman""#))]
    #[case::registry_as_host(Some("quay.io"), "podman/stable", "latest", Some(r#""of Podman""#))]
    #[case::of_another_registry(Some("ghcr.io"), "podman/stable", "latest", None)]
    #[case::of_docker_hub(None, "podman/stable", "latest", None)]
    #[case::not_of_docker_hub(Some("quay.io"), "library/alpine", "latest", None)]
    #[case::outside(None, "../repositories/library/alpine", "latest", None)]
    #[case::outside_by_a_tag(None, "library/alpine", "..", None)]
    fn a_name_and_a_tag_mean(
        #[case] registry: Option<&str>,
        #[case] name: &str,
        #[case] tag: &str,
        #[case] expected: Option<&str>,
    ) {
        let (_dir, store) = store();
        let found = store.manifest(registry, name, tag).map(|manifest| manifest.text);
        assert_eq!(found.as_deref(), expected.map(str::as_bytes));
    }

    #[test]
    fn a_digest_is_its_repositorys() {
        let (_dir, store) = store();
        let tool = store.manifest(Some("ghcr.io"), "me/tool", "1").expect("an image");
        assert_eq!(tool.kind, "application/vnd.oci.image.index.v1+json");
        assert!(store.manifest(None, "ghcr.io/me/tool", &tool.digest).is_some());
        assert!(store.manifest(None, "library/alpine", &tool.digest).is_none());
    }

    #[test]
    fn a_refusal_has_all_folders() {
        let (_dir, store) = store();
        let served = "it serves alpine:3, alpine:3.20, alpine:latest, ghcr.io/me/tool:1; ";
        assert!(store.refusal().contains(served), "{}", store.refusal());
    }
}

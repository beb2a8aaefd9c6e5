//! An image as it was copied: held against its digests, then put where a lab's registry has images.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::Result;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::name::{Name, is_digest};
use super::skopeo::ROOM;
use crate::error::{Explain, failure};
use crate::images::{ARCHITECTURE, Blob, Storage};
use crate::whole;

/// Manifests that today's engines take, and the configurations of those that are images of containers.
const MANIFESTS: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
const CONFIGURATIONS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

const AGAIN: &str = "start it again; if it stays so, copy it from elsewhere";

/// Something that a manifest names.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(rename = "mediaType")]
    kind: Option<String>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
}

/// For what an image of an index, or a configuration, is made.
#[derive(Deserialize)]
struct Platform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

impl Platform {
    fn is_ours(&self) -> bool {
        self.os == "linux" && self.architecture == ARCHITECTURE
    }

    fn shown(&self) -> String {
        format!("{}/{}", self.os, self.architecture)
    }
}

/// An image that was copied.
pub(super) struct Image {
    folder: PathBuf,
    manifest: Vec<u8>,
    index: Option<Vec<u8>>,
    /// Its configuration and layers.
    blobs: Vec<Blob>,
}

/// The digest of a text.
pub(super) fn digest(text: &[u8]) -> String {
    format!("sha256:{}", base16ct::lower::encode_string(&Sha256::digest(text)))
}

/// Whether a manifest is an index of several; then this machine's platform is in it, or it is an error.
pub(super) fn is_index(image: &str, text: &[u8]) -> Result<bool> {
    #[derive(Deserialize)]
    struct Entry {
        platform: Option<Platform>,
    }
    #[derive(Deserialize)]
    struct Index {
        manifests: Option<Vec<Entry>>,
    }
    let index: Index = serde_json::from_slice(text)
        .explain(format!("the manifest of {image} can't be read"), AGAIN)?;
    let Some(manifests) = index.manifests else {
        return Ok(false);
    };
    // One without may be for any; so are signatures and the like, which say that they are for none.
    let platforms: Vec<Platform> =
        manifests.into_iter().filter_map(|entry| entry.platform).collect();
    if platforms.is_empty() || platforms.iter().any(Platform::is_ours) {
        return Ok(true);
    }
    let there: BTreeSet<String> = platforms.iter().map(Platform::shown).collect();
    let there: Vec<String> =
        there.into_iter().filter(|platform| platform != "unknown/unknown").collect();
    Err(not_ours(image, &format!("it is for {}", there.join(", "))))
}

fn not_ours(image: &str, why: &str) -> miette::Report {
    failure(
        format!("{image} is not there for this machine's platform, linux/{ARCHITECTURE}"),
        why,
        "take another image or tag that is",
    )
}

impl Image {
    /// What is in a folder as `dir:` has it, if all of it is what its digests say; `index` is what it was
    /// chosen from.
    pub(super) fn of(image: &str, folder: &Path, index: Option<Vec<u8>>) -> Result<Self> {
        let text = fs::read(folder.join("manifest.json"));
        let text = text.explain(format!("{image} has come without a manifest"), AGAIN)?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .explain(format!("the manifest of {image} can't be read"), AGAIN)?;
        let kind = manifest.kind.as_deref().unwrap_or(MANIFESTS[0]);
        let (true, Some(config)) = (MANIFESTS.contains(&kind), manifest.config) else {
            return Err(failure(
                format!("{image} is of a form that engines do not take any more"),
                format!("its manifest is {kind}"),
                "take a newer one, or have an engine make it anew: docker pull, docker push",
            ));
        };
        if !CONFIGURATIONS.contains(&&*config.media_type) {
            return Err(failure(
                format!("{image} is no image of a container"),
                format!("what it holds is {}", config.media_type),
                "name an image that `docker run` takes",
            ));
        }
        let named = index.as_ref().map(|index| String::from_utf8_lossy(index).into_owned());
        let own = digest(&text);
        if !named.is_none_or(|index| index.contains(&own)) {
            let why = format!("its manifest {own} is not in the index that it was chosen from");
            return Err(failure(format!("{image} is not what its digests say"), why, AGAIN));
        }
        let mut blobs: Vec<Blob> = Vec::new();
        for part in std::iter::once(&config).chain(&manifest.layers) {
            if blobs.iter().any(|blob| blob.digest == part.digest) {
                continue;
            }
            whole_part(folder, part).map_err(|why| {
                failure(format!("{image} is not what its digests say"), why, AGAIN)
            })?;
            blobs.push(Blob { digest: part.digest.clone(), size: part.size });
        }
        let what = || format!("the configuration of {image} can't be read");
        let config = fs::read(path_of(folder, &config.digest)).explain(what(), AGAIN)?;
        let made_for: Platform = serde_json::from_slice(&config).explain(what(), AGAIN)?;
        if !made_for.is_ours() {
            return Err(not_ours(image, &format!("it is for {}", made_for.shown())));
        }
        Ok(Self { folder: folder.to_owned(), manifest: text, index, blobs })
    }

    /// The digest that its name means: that of the index, where it has one.
    pub(super) fn digest(&self) -> String {
        digest(self.index.as_ref().unwrap_or(&self.manifest))
    }

    /// Moves it into an empty folder, in the layout that registries serve, under this name.
    pub(super) fn put(&self, root: &Path, name: &Name) -> Result<()> {
        let storage = Storage { root: root.to_owned() };
        let moved = || -> io::Result<()> {
            for blob in &self.blobs {
                storage.adopt(&path_of(&self.folder, &blob.digest), blob)?;
            }
            let mut manifests = vec![storage.put(&self.manifest)?];
            if let Some(index) = &self.index {
                // Last is what the tag means.
                manifests.push(storage.put(index)?);
            }
            storage.link(&name.repository(), name.tag(), &manifests, &self.blobs)
        };
        moved().explain(format!("{name} can't be put into the cache"), ROOM)
    }
}

/// A blob in a folder of `dir:`.
fn path_of(folder: &Path, digest: &str) -> PathBuf {
    folder.join(digest.trim_start_matches("sha256:"))
}

/// Whether a part has come whole; why not.
fn whole_part(folder: &Path, part: &Descriptor) -> Result<(), String> {
    let Descriptor { digest, size, .. } = part;
    if !is_digest(digest) {
        return Err(format!("{digest} is no digest that engines know, which is sha256"));
    }
    let path = path_of(folder, digest);
    let named = |why: io::Error| format!("{digest}: {why}");
    let there = fs::metadata(&path).map_err(named)?.len();
    if there != *size {
        return Err(format!("{digest} has {there} bytes instead of {size}"));
    }
    let found = whole::digest(&path).map_err(named)?;
    if digest.ends_with(&found) { Ok(()) } else { Err(format!("{digest} is sha256:{found}")) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn index(platforms: &[(&str, &str)]) -> Vec<u8> {
        let entry = |(os, architecture): &(&str, &str)| json!({ "platform": { "os": os, "architecture": architecture } });
        let manifests: Vec<Value> = platforms.iter().map(entry).collect();
        json!({ "manifests": manifests }).to_string().into_bytes()
    }

    #[rstest]
    #[case::both(&[("linux", "s390x"), ("linux", ARCHITECTURE)], true)]
    #[case::another(&[("linux", "s390x"), ("unknown", "unknown")], false)]
    #[case::windows(&[("windows", ARCHITECTURE)], false)]
    fn an_index_has_this_machines_platform(#[case] there: &[(&str, &str)], #[case] ours: bool) {
        let found = is_index("x", &index(there));
        assert_eq!(found.as_ref().ok(), ours.then_some(&true));
        if let Err(report) = found {
            let said = program::one_line(&report);
            assert!(said.contains(there[0].0) && !said.contains("unknown"), "{said}");
        }
    }

    #[test]
    fn one_image_is_no_index() {
        assert_eq!(is_index("x", br#"{"config":{},"layers":[]}"#).ok(), Some(false));
        assert!(is_index("x", b"<html>").is_err());
    }
}

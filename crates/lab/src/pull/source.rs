//! Where images are copied from, as a user says it and as skopeo wants it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use miette::Result;
use serde::Deserialize;
use serde_json::Value;

use super::name::Name;
use crate::error::usage;

/// A kind of source, by what stands before its colon (containers-transports(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Registry,
    DockerArchive,
    OciArchive,
    OciFolder,
    Folder,
    Docker,
    Podman,
}

const TRANSPORTS: [(&str, Transport); 7] = [
    ("docker://", Transport::Registry),
    ("docker-archive:", Transport::DockerArchive),
    ("oci-archive:", Transport::OciArchive),
    ("oci:", Transport::OciFolder),
    ("dir:", Transport::Folder),
    ("docker-daemon:", Transport::Docker),
    ("containers-storage:", Transport::Podman),
];

/// An image that is to be pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// As the user wrote it.
    pub(super) said: String,
    pub(super) transport: Transport,
    /// As skopeo takes it.
    pub(super) reference: String,
    /// Under which name a lab serves it.
    pub(super) name: Name,
    /// Of a registry's, the name that it has there.
    pub(super) original: Option<Name>,
}

impl Source {
    /// What a user means, perhaps under another name.
    pub(super) fn parse(said: &str, given: Option<&Name>) -> Result<Self> {
        let found = TRANSPORTS.iter().find_map(|(prefix, transport)| {
            said.strip_prefix(prefix).map(|rest| (*prefix, *transport, rest))
        });
        let (prefix, transport, rest) = found.unwrap_or(("", Transport::Registry, said));
        let no_name = |why: String| {
            let remedy = if Path::new(said).exists() {
                "say what it is: docker-archive:FILE, oci-archive:FILE, oci:FOLDER or dir:FOLDER"
            } else {
                "write it as for `docker pull`: alpine:3.20, quay.io/podman/stable"
            };
            usage(format!("`{said}` is no image"), why, remedy)
        };
        let parsed = |text: &str| Name::parse(text).map_err(no_name);
        let (own, reference, original) = match transport {
            Transport::Registry => {
                let name = parsed(rest)?;
                (Some(name.clone()), name.in_registry(), Some(name))
            }
            Transport::Docker => {
                let name = parsed(rest)?;
                let reference = format!("{prefix}{}", name.in_engine());
                (Some(name), reference, None)
            }
            Transport::Podman => {
                // Another store than the machine's own stands in brackets before it.
                let (store, text) = match rest.split_once(']') {
                    Some((store, text)) => (format!("{store}]"), text),
                    None => (String::new(), rest),
                };
                let name = parsed(text)?;
                let reference = format!("{prefix}{store}{}", name.in_engine());
                (Some(name), reference, None)
            }
            Transport::Folder => (None, said.to_owned(), None),
            Transport::DockerArchive | Transport::OciArchive | Transport::OciFolder => {
                let (path, inner) = match rest.split_once(':') {
                    Some((path, inner)) => (path, Some(inner)),
                    None => (rest, None),
                };
                if given.is_some() {
                    (None, said.to_owned(), None)
                } else {
                    let names = names_in(transport, Path::new(path));
                    let own = own_name(said, names, inner)?;
                    (Some(own), said.to_owned(), None)
                }
            }
        };
        let name = given.cloned().or(own).ok_or_else(|| {
            let why = "nothing in it says what it is called";
            usage(format!("`{said}` has no name"), why, "say one: --as NAME")
        })?;
        if !name.is_servable() {
            return Err(usage(
                format!("no engine in a lab can ask for `{name}`"),
                "the registry in it is an address, has a port, or is the engine's own machine",
                "say under which name labs serve it: --as NAME",
            ));
        }
        Ok(Self { said: said.to_owned(), transport, reference, name, original })
    }

    /// Whether it can hold an image for several platforms. Engines have one of their own.
    pub(super) fn may_be_index(&self) -> bool {
        self.keeps_digests()
    }

    /// Whether copying leaves the image as it is, byte for byte: an engine has unpacked its layers, and
    /// what it hands out is packed anew.
    pub(super) fn keeps_digests(&self) -> bool {
        !matches!(self.transport, Transport::Docker | Transport::Podman | Transport::DockerArchive)
    }
}

/// What an archive with these names in it is called by itself, or what is said of it behind its path.
fn own_name(said: &str, names: io::Result<Vec<String>>, inner: Option<&str>) -> Result<Name> {
    let what = format!("`{said}` does not say which image it is");
    let remedy = "say under which name labs serve it: --as NAME";
    // What can't be read is for skopeo to say.
    let names = match (inner, names) {
        (Some(inner), Ok(names)) => {
            let fits = |name: &&String| *name == inner || name.ends_with(&format!(":{inner}"));
            names
                .iter()
                .find(fits)
                .map_or_else(|| vec![inner.to_owned()], |name| vec![name.clone()])
        }
        (Some(inner), Err(_)) => vec![inner.to_owned()],
        (None, names) => names.map_err(|why| {
            usage(format!("`{said}` can't be read"), why, "name an archive or folder that is there; of a compressed one, say its name: --as NAME")
        })?,
    };
    match names.as_slice() {
        [one] => Name::parse(one).map_err(|why| usage(what, format!("{one}: {why}"), remedy)),
        [] => Err(usage(what, "there is no name in it", remedy)),
        many => {
            let remedy = "name one of them behind the path: FILE:NAME";
            Err(usage(what, format!("it has {}", many.join(", ")), remedy))
        }
    }
}

/// The names of images in an archive or a layout.
fn names_in(transport: Transport, path: &Path) -> io::Result<Vec<String>> {
    if transport == Transport::DockerArchive {
        #[derive(Deserialize)]
        struct Image {
            #[serde(rename = "RepoTags")]
            names: Option<Vec<String>>,
        }
        let images: Vec<Image> = serde_json::from_slice(&entry(path, "manifest.json")?)?;
        return Ok(images.into_iter().flat_map(|image| image.names.unwrap_or_default()).collect());
    }
    let text = match transport {
        Transport::OciFolder => fs::read(path.join("index.json"))?,
        _ => entry(path, "index.json")?,
    };
    let index: Value = serde_json::from_slice(&text)?;
    let manifests = index["manifests"].as_array().into_iter().flatten();
    // Docker writes the name in full beside the tag that the layout asks for.
    let names = manifests.filter_map(|manifest| {
        let said = |key: &str| Some(manifest["annotations"][key].as_str()?.to_owned());
        said("io.containerd.image.name").or_else(|| said("org.opencontainers.image.ref.name"))
    });
    Ok(names.collect())
}

/// A file in an archive.
fn entry(archive: &Path, name: &str) -> io::Result<Vec<u8>> {
    let mut archive = tar::Archive::new(File::open(archive)?);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path: PathBuf =
            entry.path()?.components().filter(|part| part.as_os_str() != ".").collect();
        if path == Path::new(name) {
            let mut text = Vec::new();
            entry.read_to_end(&mut text)?;
            return Ok(text);
        }
    }
    Err(io::Error::other(format!("there is no {name} in it")))
}

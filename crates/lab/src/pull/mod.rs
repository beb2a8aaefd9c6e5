//! Published images, copied into the cache through the machine's own network and credentials.
//!
//! skopeo copies into a folder that is nobody's yet. What is there is held against its digests, moved into
//! the layout that a lab's registry serves, sealed, and only then recorded: at any point before, an
//! end leaves what the next start sweeps.

mod image;
mod name;
mod skopeo;
mod source;

use std::path::Path;

use miette::Result;
use sha2::{Digest, Sha256};

use crate::bundle::Bundle;
use crate::error::{Explain, failure, usage};
use crate::generation::Generation;
use crate::images::ARCHITECTURE;
use crate::pulled::{self, FOLDER, PulledImage, Record};
use crate::{cache, labs, whole};
use image::Image;
pub(crate) use name::Name;
use skopeo::{ROOM, Skopeo};
use source::Source;

/// Changes with every change of what is in an image's folder.
const VERSION: &str = "pulled 1";

/// Copies images into the cache, by the skopeo of these engines. `given` is another name for the one
/// that there is; `told` hears of each as it is there. `cancelled` ends it with an error.
pub fn pull(
    sources: &[String],
    given: Option<&str>,
    generation: Generation,
    cancelled: fn() -> bool,
    mut told: impl FnMut(&PulledImage) -> Result<()>,
) -> Result<()> {
    let given = given.map(named).transpose()?;
    if given.is_some() && sources.len() != 1 {
        return Err(usage(
            "--as names one image",
            format!("there are {}", sources.len()),
            "pull them one by one",
        ));
    }
    let sources: Vec<Source> =
        sources.iter().map(|said| Source::parse(said, given.as_ref())).collect::<Result<_>>()?;
    let bundle = Bundle::get(generation)?;
    let root = cache::root()?;
    for source in &sources {
        let Source { said, name, .. } = source;
        if *said == name.to_string() {
            program::note!("pulling {said}");
        } else {
            program::note!("pulling {said} as {name}");
        }
        told(&one(&root, &bundle, source, cancelled)?)?;
    }
    Ok(())
}

fn named(text: &str) -> Result<Name> {
    let what =
        |why| usage(format!("`{text}` is no name of an image"), why, "write it as alpine:3.20");
    let name = Name::parse(text).map_err(what)?;
    if name.digest().is_some() {
        return Err(what("its digest is its own".to_owned()));
    }
    Ok(name)
}

fn one(
    root: &Path,
    bundle: &Bundle,
    source: &Source,
    cancelled: fn() -> bool,
) -> Result<PulledImage> {
    let pulled = root.join(FOLDER);
    // Kept only by whoever is done; what was left is swept with everything else that was.
    let scratch = tempfile::Builder::new()
        .prefix(cache::UNFINISHED)
        .tempdir_in(&pulled)
        .explain(format!("{} can't be written", pulled.display()), ROOM)?;
    let skopeo = Skopeo::new(bundle, scratch.path(), cancelled);
    let (said, name) = (&source.said, &source.name);
    let is_local = source.original.as_ref().is_some_and(Name::is_local);
    let mut reference = source.reference.clone();
    let mut index = None;
    if source.may_be_index() {
        let manifest = skopeo.manifest(&reference, is_local)?;
        let manifest = manifest.map_err(|refusal| refusal.explain(said))?;
        let digest = image::digest(&manifest);
        let key = key(name, &digest);
        if whole::is_sealed(&cache::place(&pulled, &key)) {
            return published(root, source, digest, key, scratch.path());
        }
        if let Some(original) = &source.original {
            reference = original.pinned(&digest);
        }
        index = image::is_index(said, &manifest)?.then_some(manifest);
    }
    let folder = scratch.path().join("copy");
    let copied = skopeo.copy(&reference, &folder, is_local, source.keeps_digests())?;
    copied.map_err(|refusal| refusal.explain(said))?;
    let image = Image::of(said, &folder, index)?;
    let digest = image.digest();
    let key = key(name, &digest);
    cache::make_once(&pulled, &key, "copying it again", |dir| image.put(dir, name))?;
    published(root, source, digest, key, scratch.path())
}

/// What names the folder of an image.
fn key(name: &Name, digest: &str) -> String {
    let key = Sha256::digest(format!("{VERSION} {ARCHITECTURE} {name} {digest}"));
    base16ct::lower::encode_string(&key)[..32].to_owned()
}

fn published(
    root: &Path,
    source: &Source,
    digest: String,
    key: String,
    scratch: &Path,
) -> Result<PulledImage> {
    let (said, name) = (&source.said, &source.name);
    let bytes = labs::size(&cache::place(&root.join(FOLDER), &key));
    let pulled = jiff::Timestamp::now().to_string();
    let record = Record { name: name.clone(), digest, source: said.clone(), bytes, pulled, key };
    if pulled::publish(root, &record, scratch)? {
        return Ok(record.shown(Vec::new()));
    }
    let why = format!("somebody has removed {name} meanwhile");
    Err(failure(format!("{said} is not there"), why, "pull it again"))
}

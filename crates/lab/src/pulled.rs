//! The images that were pulled, as the cache has them and labs serve them.
//!
//! ```text
//! pulled/sealed-<key>/   one image under one name, in the layout that a registry serves
//! pulled/name-<hash>     what it is called and where it comes from; written last, read first
//! ```
//! A lab locks the folders that it serves, so that nobody takes one away from it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use miette::Result;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Explain, failure, usage};
use crate::labs::{self, Running};
use crate::pull::Name;
use crate::{cache, engine, whole};

/// The folder of the cache.
pub(crate) const FOLDER: &str = "pulled";

/// How the name of a record begins.
const RECORD: &str = "name-";

const ROOM: &str = "free some disk space, or set XDG_CACHE_HOME to a directory that can be written";

/// Which images a lab serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Images {
    /// None that were pulled.
    StandIns,
    /// None but those that were pulled.
    Pulled,
}

/// What is known of an image that was pulled.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: Name,
    pub(crate) digest: String,
    pub(crate) source: String,
    pub(crate) bytes: u64,
    /// When it came (RFC 3339).
    pub(crate) pulled: String,
    /// That of its folder.
    pub(crate) key: String,
}

/// An image that was pulled.
#[derive(Clone, Debug)]
pub struct PulledImage {
    /// What labs serve it as, as short as users write it.
    pub name: String,
    /// The digest that this name means: of an index, where it was chosen from one.
    pub digest: String,
    /// Where it was copied from, as the user wrote it.
    pub source: String,
    /// Its size in bytes, compressed as it came.
    pub bytes: u64,
    /// The labs that have it now.
    pub used_by: Vec<String>,
}

impl Record {
    pub(crate) fn folder(&self, root: &Path) -> PathBuf {
        cache::place(&root.join(FOLDER), &self.key)
    }

    pub(crate) fn shown(self, used_by: Vec<String>) -> PulledImage {
        let Self { name, digest, source, bytes, .. } = self;
        PulledImage { name: name.to_string(), digest, source, bytes, used_by }
    }
}

/// Where the record of a name is.
pub(crate) fn record_of(root: &Path, name: &Name) -> PathBuf {
    root.join(FOLDER).join(file_of(name))
}

fn file_of(name: &Name) -> String {
    let hash = base16ct::lower::encode_string(&Sha256::digest(name.to_string()));
    format!("{RECORD}{}", &hash[..32])
}

/// The right to change which images there are.
pub(crate) fn lock(root: &Path) -> Result<cache::Lock> {
    cache::lock(&root.join(FOLDER).join(".lock"))
}

/// All of them, in the order of their names.
pub(crate) fn records(root: &Path) -> Vec<Record> {
    let entries = fs::read_dir(root.join(FOLDER)).into_iter().flatten().flatten();
    let is_record = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(RECORD);
    let mut found: Vec<Record> = entries
        .filter(is_record)
        .filter_map(|entry| {
            read(&entry.path()).map_err(|why| say_damaged(&entry.path(), &why)).ok()
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn read(path: &Path) -> std::result::Result<Record, String> {
    let text = fs::read(path).map_err(|why| why.to_string())?;
    let record: Record = serde_json::from_slice(&text).map_err(|why| why.to_string())?;
    // Its key becomes a part of a path, and its name one of engines' configuration.
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_key = record.key.len() == 32 && record.key.bytes().all(is_hex);
    let is_name = Name::parse(&record.name.to_string()).is_ok_and(|name| name == record.name);
    let is_digest = Name::parse(&format!("x@{}", record.digest)).is_ok();
    if is_key
        && is_name
        && is_digest
        && path.file_name() == Some(OsStr::new(&file_of(&record.name)))
    {
        Ok(record)
    } else {
        Err("it is not as a pull has written it; remove it".to_owned())
    }
}

fn say_damaged(path: &Path, why: &str) {
    program::note!("the cache is damaged: an image is not served: {}: {why}", path.display());
}

/// An image that a lab serves, whose folder stays as long as this value.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) record: Record,
    pub(crate) folder: PathBuf,
    _lock: File,
}

/// Those that a lab is to serve, whole ones only.
pub(crate) fn hold(wanted: Option<Images>) -> Result<Vec<Served>> {
    if wanted == Some(Images::StandIns) {
        return Ok(Vec::new());
    }
    let root = cache::root()?;
    let _lock = lock(&root)?;
    let mut served = Vec::new();
    for record in records(&root) {
        let folder = record.folder(&root);
        let held = || -> std::result::Result<File, String> {
            let file = File::open(&folder).map_err(|why| why.to_string())?;
            file.lock_shared().map_err(|why| why.to_string())?;
            if !whole::is_sealed(&folder) {
                whole::verify(&folder)?;
            }
            Ok(file)
        };
        match held() {
            Ok(file) => served.push(Served { record, folder, _lock: file }),
            Err(why) => program::note!(
                "the cache is damaged: {} is not served: {why}; pull it again: cargo xtask lab pull {}",
                record.name,
                record.source
            ),
        }
    }
    if wanted == Some(Images::Pulled) && served.is_empty() {
        return Err(usage(
            "there are no images but stand-ins",
            "none was pulled",
            "pull some: cargo xtask lab pull alpine docker:dind quay.io/podman/stable; or leave out \
             --images",
        ));
    }
    Ok(served)
}

/// The registries whose names lead to the lab's own: the usual ones, and those of images that were pulled.
pub(crate) fn registries(pulled: &[Served]) -> Vec<String> {
    let of_pulled = pulled.iter().filter_map(|image| image.record.name.registry());
    let mut registries: Vec<String> = engine::registries().map(str::to_owned).collect();
    for registry in of_pulled {
        if !registries.iter().any(|known| known == registry) {
            registries.push(registry.to_owned());
        }
    }
    registries
}

/// The images that were pulled, and which labs have them.
pub fn pulled() -> Result<Vec<PulledImage>> {
    let root = cache::root()?;
    let running = labs::status()?.running;
    let used = |record: Record| {
        let used_by = users(&running, &record.folder(&root));
        record.shown(used_by)
    };
    Ok(records(&root).into_iter().map(used).collect())
}

/// The labs that serve a folder.
fn users(running: &[Running], folder: &Path) -> Vec<String> {
    let has = |lab: &&Running| {
        lab.spec().is_ok_and(|spec| spec.shares.iter().any(|share| share.source == folder))
    };
    running.iter().filter(has).map(|lab| lab.label().to_owned()).collect()
}

/// Removes images that were pulled; none if a lab has one of them. How many bytes that frees.
pub fn remove(names: &[String]) -> Result<u64> {
    let root = cache::root()?;
    let _lock = lock(&root)?;
    let records = records(&root);
    let mut chosen = Vec::new();
    for text in names {
        let found = Name::parse(text).ok();
        let found = found.and_then(|name| records.iter().find(|record| record.name == name));
        let Some(record) = found else {
            let there: Vec<String> = records.iter().map(|record| record.name.to_string()).collect();
            let why = if there.is_empty() {
                "none was pulled".to_owned()
            } else {
                format!("there are {}", there.join(", "))
            };
            let what = format!("no image {text} was pulled");
            return Err(usage(what, why, "see `cargo xtask lab images`"));
        };
        let folder = record.folder(&root);
        chosen.push((record, Alone::of(&folder, &record.name)?));
    }
    let mut freed = 0;
    for (record, alone) in chosen {
        // Without a record it is nobody's, however this ends.
        let path = record_of(&root, &record.name);
        let what = || format!("{} can't be removed", path.display());
        match fs::remove_file(&path) {
            // Named twice.
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => continue,
            done => done.explain(what(), "see who owns it")?,
        }
        freed += alone.remove()?;
    }
    Ok(freed)
}

/// The folder of an image, which no lab serves as long as this value is there.
struct Alone(PathBuf, Option<File>);

impl Alone {
    fn of(folder: &Path, name: &Name) -> Result<Self> {
        // Damaged, as one that is not there is, it can go.
        let file = File::open(folder).ok();
        if file.as_ref().is_some_and(|file| file.try_lock().is_err()) {
            let running = labs::status()?.running;
            let labs = users(&running, folder);
            let why = match labs.as_slice() {
                [] => "a lab that starts or ends has it".to_owned(),
                labs => format!("lab {} serves it", labs.join(", ")),
            };
            return Err(failure(format!("{name} is in use"), why, "end that lab first"));
        }
        Ok(Self(folder.to_owned(), file))
    }

    fn remove(self) -> Result<u64> {
        let Self(folder, _file) = self;
        let freed = labs::size(&folder);
        labs::remove(&folder)?;
        Ok(freed)
    }
}

/// Says that there is an image, whose folder is in its place; what its name meant before goes, or stays
/// as long as a lab has it. False if somebody has removed the folder meanwhile.
pub(crate) fn publish(root: &Path, record: &Record, scratch: &Path) -> Result<bool> {
    let _lock = lock(root)?;
    if !record.folder(root).exists() {
        return Ok(false);
    }
    let path = record_of(root, &record.name);
    let what = || format!("{} can't be written", path.display());
    let before = read(&path).ok();
    let file = scratch.join("record");
    let text = serde_json::to_vec_pretty(record).explain(what(), "report this")?;
    fs::write(&file, text).explain(what(), ROOM)?;
    fs::rename(&file, &path).explain(what(), ROOM)?;
    if let Some(before) = before.filter(|before| before.key != record.key)
        && let Ok(alone) = Alone::of(&before.folder(root), &before.name)
    {
        alone.remove()?;
    }
    Ok(true)
}

/// Removes folders that no record names. Only where nobody uses the cache: who pulls makes the folder
/// first.
pub(crate) fn sweep(root: &Path) {
    let known: BTreeSet<PathBuf> = records(root).iter().map(|record| record.folder(root)).collect();
    for folder in labs::directories(&root.join(FOLDER)) {
        if !known.contains(&folder) {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

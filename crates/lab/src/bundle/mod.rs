//! The engines, out of distribution packages, unpacked once and shared by every lab.

mod packages;
mod recipe;
mod unpack;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use miette::Result;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cache;
use crate::error::Explain;
use crate::generation::Generation;

pub use packages::Package;
pub(crate) use packages::machine_apt;
pub(crate) use recipe::{PACKET_FILTER_LINKS, fits};
pub(crate) use unpack::MERGED;

/// Name of the record inside a bundle.
const RECORD: &str = "bundle.json";

/// A complete bundle.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The generation of its engines.
    pub generation: Generation,
    /// Where it is unpacked.
    pub path: PathBuf,
    /// SHA-256 over the names, versions and digests of its packages and over the recipe.
    pub key: String,
    /// The packages that are really in it, which need not be those of the lock.
    pub packages: Vec<Package>,
    /// Whether these are the packages of the lock.
    pub pinned: bool,
}

#[derive(Serialize, Deserialize)]
struct Record {
    packages: Vec<Package>,
    pinned: bool,
}

impl Bundle {
    /// The bundle of the generation's lock, out of the cache or made now; if the mirror no longer
    /// has what the lock pins, one of the newest packages, which is said on standard error.
    pub fn get(generation: Generation) -> Result<Self> {
        cache::keep()?;
        let cache = cache::root()?;
        let locked = packages::parse_lock(generation.release().lock)?;
        if packages::architecture() == packages::LOCKED_ARCHITECTURE {
            let key = key(&locked);
            if let Ok(bundle) = open(generation, &cache.join("bundles").join(&key), &key) {
                return Ok(bundle);
            }
            let users = packages::keep(&cache)?;
            match packages::fetch(&cache, &locked) {
                Ok(()) => return assemble(generation, &cache, &users, &key, &locked, true),
                Err(packages::Missing::Versions(names)) => packages::say_newer(&names),
                Err(packages::Missing::Other(report)) => return Err(report),
            }
        } else {
            program::note!("the lock is for another architecture: taking the newest packages");
        }
        let newest = packages::resolve(generation)?;
        let key = key(&newest);
        packages::say_changes(&locked, &newest);
        if let Ok(bundle) = open(generation, &cache.join("bundles").join(&key), &key) {
            return Ok(bundle);
        }
        let users = packages::keep(&cache)?;
        match packages::fetch(&cache, &newest) {
            Ok(()) => assemble(generation, &cache, &users, &key, &newest, false),
            Err(missing) => Err(missing.into_report()),
        }
    }
}

/// The text of a lock that pins what the mirror has now.
pub(crate) fn lock(generation: Generation) -> Result<String> {
    packages::write_lock(packages::resolve(generation)?)
}

/// Whether the bundle of the generation's lock needs no mirror any more.
pub(crate) fn is_cached(generation: Generation, cache: &Path) -> bool {
    let locked = packages::parse_lock(generation.release().lock).map(|packages| key(&packages));
    locked.is_ok_and(|key| cache::is_whole(&cache.join("bundles").join(key)).is_ok())
}

/// Digest that names a bundle.
fn key(packages: &[Package]) -> String {
    let mut lines: Vec<String> = packages
        .iter()
        .map(|p| format!("{} {} {}\n", p.name, p.version, p.sha256))
        .collect();
    lines.sort();
    let mut hasher = Sha256::new();
    for line in &lines {
        hasher.update(line);
    }
    hasher.update(recipe::VERSION);
    base16ct::lower::encode_string(&hasher.finalize())[..32].to_owned()
}

fn assemble(
    generation: Generation,
    cache: &Path,
    users: &File,
    key: &str,
    packages: &[Package],
    pinned: bool,
) -> Result<Bundle> {
    let path = cache::make_once(&cache.join("bundles"), key, |dir| {
        unpack::all(cache, packages, dir)?;
        recipe::finish(dir)?;
        let record = Record {
            packages: packages.to_owned(),
            pinned,
        };
        let text = serde_json::to_vec(&record).unwrap_or_default();
        fs::write(dir.join(RECORD), text).explain(
            "the bundle's record can't be written",
            "free some disk space in the cache directory",
        )
    })?;
    packages::remove(users, cache);
    open(generation, &path, key).explain(
        format!("the bundle {} is not whole", path.display()),
        "run `cargo xtask lab clean` and try again",
    )
}

fn open(generation: Generation, path: &Path, key: &str) -> std::result::Result<Bundle, String> {
    cache::is_whole(path)?;
    let text = fs::read(path.join(RECORD)).map_err(|e| format!("{RECORD}: {e}"))?;
    let record: Record = serde_json::from_slice(&text).map_err(|e| format!("{RECORD}: {e}"))?;
    Ok(Bundle {
        generation,
        path: path.to_owned(),
        key: key.to_owned(),
        packages: record.packages,
        pinned: record.pinned,
    })
}

//! The engines, out of distribution packages, unpacked once and shared by every lab.

mod apt;
mod packages;
mod recipe;
mod unpack;

use std::fs;
use std::path::{Path, PathBuf};

use miette::Result;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Explain;
use crate::generation::Generation;
use crate::{cache, whole};
use packages::Missing;

pub(crate) use apt::machine_apt;
pub use packages::Package;
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
            match made(generation, &cache, &locked, true) {
                Err(Missing::Versions(names)) => packages::say_newer(&names),
                done => return done.map_err(Missing::into_report),
            }
        } else {
            program::note!("the lock is for another architecture: taking the newest packages");
        }
        let newest = packages::resolve(generation)?;
        packages::say_changes(&locked, &newest);
        made(generation, &cache, &newest, false).map_err(Missing::into_report)
    }
}

/// The text of a lock that pins what the mirror has now.
pub(crate) fn lock(generation: Generation) -> Result<String> {
    packages::write_lock(packages::resolve(generation)?)
}

/// Whether the bundle of the generation's lock was made, and so probably needs no mirror any more.
pub(crate) fn is_cached(generation: Generation, cache: &Path) -> bool {
    locked(generation, cache).is_ok_and(|path| path.exists())
}

/// What is damaged in the bundle of the generation's lock, if it was made, all of it being read. The
/// next lab makes a damaged one anew.
pub(crate) fn verify(generation: Generation) -> Option<std::result::Result<(), String>> {
    let path = locked(generation, &cache::root().ok()?).ok()?;
    path.exists().then(|| whole::verify(&path))
}

fn locked(generation: Generation, cache: &Path) -> Result<PathBuf> {
    let packages = packages::parse_lock(generation.release().lock)?;
    Ok(cache::place(&cache.join("bundles"), &key(&packages)))
}

/// Digest that names a bundle.
fn key(packages: &[Package]) -> String {
    let mut lines: Vec<String> =
        packages.iter().map(|p| format!("{} {} {}\n", p.name, p.version, p.sha256)).collect();
    lines.sort();
    let mut hasher = Sha256::new();
    for line in &lines {
        hasher.update(line);
    }
    hasher.update(recipe::VERSION);
    base16ct::lower::encode_string(&hasher.finalize())[..32].to_owned()
}

/// The bundle of these packages, out of the cache or made now.
fn made(
    generation: Generation,
    cache: &Path,
    packages: &[Package],
    pinned: bool,
) -> std::result::Result<Bundle, Missing> {
    let remedy = "free some disk space in the cache directory";
    let key = key(packages);
    let mut fetched = None;
    let path = cache::make_once(&cache.join("bundles"), &key, "fetching again", |dir| {
        fetched = Some(packages::fetch(cache, packages)?);
        unpack::all(cache, packages, dir)?;
        recipe::finish(dir)?;
        let record = Record { packages: packages.to_owned(), pinned };
        let text = serde_json::to_vec(&record).unwrap_or_default();
        let written = fs::write(dir.join(RECORD), text);
        Ok::<_, Missing>(written.explain("the bundle's record can't be written", remedy)?)
    })?;
    if let Some(fetched) = fetched {
        // They are in the bundle now.
        for package in packages {
            let _ = fs::remove_file(packages::cached(cache, package));
        }
        drop(fetched);
    }
    let record = fs::read(path.join(RECORD)).map_err(|why| why.to_string());
    let record =
        record.and_then(|text| serde_json::from_slice(&text).map_err(|why| why.to_string()));
    let record: Record = record.explain(
        format!("{} can't be read", path.join(RECORD).display()),
        "run `cargo xtask lab clean` and try again",
    )?;
    Ok(Bundle { generation, path, key, packages: record.packages, pinned: record.pinned })
}

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
use crate::{cache, images, whole};
use packages::Missing;

pub(crate) use apt::machine_apt;
pub use packages::Package;
pub(crate) use recipe::PACKET_FILTER_LINKS;
pub use recipe::fits;
pub(crate) use unpack::MERGED;

/// Name of the record inside a bundle.
const RECORD: &str = "bundle.json";

/// A complete bundle.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The release that its packages are of.
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

/// Packages that are unpacked together, and what makes of them something that runs.
///
/// The engines of a lab are one; whatever else is to run without being installed is another.
#[derive(Clone, Debug)]
pub struct Set {
    /// What it is, for a reader.
    pub name: &'static str,
    /// The release of the distribution that it is taken from.
    pub release: Generation,
    /// What is asked for; the rest follows by dependency.
    pub packages: Vec<&'static str>,
    /// Whether a package that the dependencies bring is one to do without.
    pub leaves_out: fn(&str) -> bool,
    /// What was pinned: name, version, size, SHA-256, path.
    pub lock: &'static str,
    /// Changes with every change of what `finish` does.
    pub recipe: &'static str,
    /// What maintainer scripts would have done, which are never run.
    pub finish: fn(&Path) -> Result<()>,
}

impl Set {
    /// The engines of a generation.
    #[must_use]
    pub fn engines(generation: Generation) -> Self {
        Self {
            name: "engines",
            release: generation,
            packages: recipe::packages(generation),
            leaves_out: recipe::leaves_out,
            lock: generation.release().lock,
            recipe: recipe::VERSION,
            finish: recipe::finish,
        }
    }

    /// The text of a lock that pins what the mirror has now.
    pub fn new_lock(&self) -> Result<String> {
        packages::write_lock(packages::resolve(self)?)
    }

    /// Digest that names a bundle of these packages.
    fn key(&self, packages: &[Package]) -> String {
        let mut lines: Vec<String> =
            packages.iter().map(|p| format!("{} {} {}\n", p.name, p.version, p.sha256)).collect();
        lines.sort();
        let mut hasher = Sha256::new();
        for line in &lines {
            hasher.update(line);
        }
        hasher.update(self.recipe);
        base16ct::lower::encode_string(&hasher.finalize())[..32].to_owned()
    }
}

#[derive(Serialize, Deserialize)]
struct Record {
    packages: Vec<Package>,
    pinned: bool,
}

impl Bundle {
    /// The engines of a generation.
    pub fn get(generation: Generation) -> Result<Self> {
        Self::of(&Set::engines(generation))
    }

    /// The bundle of a set's lock, out of the cache or made now; if the mirror no longer has what the
    /// lock pins, one of the newest packages, which is said on standard error.
    pub fn of(set: &Set) -> Result<Self> {
        cache::keep()?;
        let cache = cache::root()?;
        let locked = packages::parse_lock(set.lock)?;
        if packages::architecture() == packages::LOCKED_ARCHITECTURE {
            match made(set, &cache, &locked, true) {
                Err(Missing::Versions(names)) => packages::say_newer(&names),
                done => return done.map_err(Missing::into_report),
            }
        } else {
            program::note!("the lock is for another architecture: taking the newest packages");
        }
        let newest = packages::resolve(set)?;
        packages::say_changes(&locked, &newest);
        made(set, &cache, &newest, false).map_err(Missing::into_report)
    }

    /// What is made of this bundle by a recipe, which changes with every change of what `make` does:
    /// a folder, out of the cache or filled now.
    pub fn derived(&self, recipe: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let digest = Sha256::digest(format!("{} {recipe}", self.key));
        let key = base16ct::lower::encode_string(&digest)[..32].to_owned();
        cache::make_once(&cache::root()?.join("bundles"), &key, "making it again", make)
    }

    /// The version of a package that is in it; empty if there is none of this name.
    #[must_use]
    pub fn version(&self, name: &str) -> &str {
        let package = self.packages.iter().find(|package| package.name == name);
        package.map_or("", |package| &package.version)
    }

    /// The folder of the stand-in images that are made of these engines, for labs with control groups
    /// or without.
    pub fn images(&self, groups: bool) -> Result<PathBuf> {
        images::get(self, groups)
    }
}

/// The packages of a folder of bundles; none of one that is made of another bundle.
pub(crate) fn made_of(path: &Path) -> Vec<Package> {
    let text = fs::read(path.join(RECORD)).unwrap_or_default();
    serde_json::from_slice::<Record>(&text).map(|record| record.packages).unwrap_or_default()
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
    let set = Set::engines(generation);
    let packages = packages::parse_lock(set.lock)?;
    Ok(cache::place(&cache.join("bundles"), &set.key(&packages)))
}

/// The bundle of these packages, out of the cache or made now.
fn made(
    set: &Set,
    cache: &Path,
    packages: &[Package],
    pinned: bool,
) -> std::result::Result<Bundle, Missing> {
    let remedy = "free some disk space in the cache directory";
    let key = set.key(packages);
    let mut fetched = None;
    let path = cache::make_once(&cache.join("bundles"), &key, "fetching again", |dir| {
        fetched = Some(packages::fetch(cache, packages)?);
        unpack::all(cache, packages, dir, set.name)?;
        (set.finish)(dir)?;
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
    Ok(Bundle {
        generation: set.release,
        path,
        key,
        packages: record.packages,
        pinned: record.pinned,
    })
}

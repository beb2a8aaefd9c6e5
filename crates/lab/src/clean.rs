//! Emptying the cache.

use std::collections::BTreeMap;

use miette::Result;

use crate::error::failure;
use crate::labs::{directories, remove, running, size, sweep};
use crate::pulled::{self, FOLDER};
use crate::{bundle, cache};

/// What emptying the cache removes, and what it takes to fill it again, in bytes.
#[derive(Clone, Debug)]
pub struct Cost {
    /// All that goes.
    pub bytes: u64,
    /// Packages that were fetched for it.
    pub packages: u64,
    /// Images that were pulled.
    pub pulled: u64,
    /// What these are called.
    pub images: Vec<String>,
}

/// What [`clean`] costs.
pub fn cost_of_clean() -> Result<Cost> {
    let cache = cache::root()?;
    let mut packages = BTreeMap::new();
    for bundle in directories(&cache.join("bundles")) {
        let made_of = bundle::made_of(&bundle).into_iter();
        packages.extend(made_of.map(|package| (package.sha256, package.size)));
    }
    let images = pulled::records(&cache);
    Ok(Cost {
        bytes: EMPTIED.iter().map(|kind| size(&cache.join(kind))).sum(),
        packages: packages.into_values().fold(0, u64::saturating_add),
        pulled: images.iter().map(|image| image.bytes).fold(0, u64::saturating_add),
        images: images.iter().map(|image| image.name.to_string()).collect(),
    })
}

/// The folders of the cache that are emptied.
const EMPTIED: [&str; 4] = ["bundles", "images", "packages", FOLDER];

/// Empties the cache and takes away dead labs. Refused while anything uses the cache.
/// Returns how many bytes were freed.
pub fn clean() -> Result<u64> {
    let cache = cache::root()?;
    let labs = cache.join("labs");
    let _lock = cache::lock(&labs.join(".lock"))?;
    sweep(&labs);
    let users = cache::users(&cache)?;
    if users.try_lock().is_err() {
        let why = match running(&labs).first() {
            Some(lab) => format!("lab {} of process {} lives", lab.id, lab.owner),
            None => "a process is making a bundle or pulling images".to_owned(),
        };
        let remedy = "wait for its end or end that process";
        return Err(failure("the cache is in use", why, remedy));
    }
    let mut freed = 0;
    for kind in EMPTIED {
        let dir = cache.join(kind);
        freed += size(&dir);
        remove(&dir)?;
    }
    Ok(freed)
}

//! Which packages, from where: the lock, the machine's own apt, the mirror.

use std::fs;
use std::path::{Path, PathBuf};

use miette::{Report, Result};
use serde::{Deserialize, Serialize};

use super::Set;
use super::apt::{MIRROR_VARIABLE, PrivateRoot, complaints, machine_apt, mortal, run};
use crate::error::{Explain, failure};
use crate::{cache, whole};

/// The architecture that the lock was made on.
pub(crate) const LOCKED_ARCHITECTURE: &str = "x86_64";

/// One package, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Name in the distribution.
    pub name: String,
    /// Version in the distribution.
    pub version: String,
    /// Size of the archive in bytes.
    pub size: u64,
    /// SHA-256 of the archive, in hexadecimal.
    pub sha256: String,
    /// Path of the archive below the mirror.
    pub path: String,
}

/// What could not be fetched.
pub(super) enum Missing {
    /// The mirror answers, but no longer has these versions.
    Versions(Vec<String>),
    /// Anything else.
    Other(Report),
}

impl From<Report> for Missing {
    fn from(report: Report) -> Self {
        Self::Other(report)
    }
}

impl Missing {
    pub(super) fn into_report(self) -> Report {
        match self {
            Self::Other(report) => report,
            Self::Versions(names) => failure(
                "packages can't be fetched",
                format!("the mirror lists but does not have {}", names.join(", ")),
                "try again later: the mirror is being updated",
            ),
        }
    }
}

/// The kernel's name for this architecture, as Rust has it.
pub(super) fn architecture() -> &'static str {
    std::env::consts::ARCH
}

/// Reads a lock, a table with a header.
pub(super) fn parse_lock(text: &str) -> Result<Vec<Package>> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<std::result::Result<_, _>>()
        .explain("the lock can't be read", "make it anew: `cargo xtask lab lock`")
}

/// Writes a lock, sorted so that two of them can be compared line by line.
pub(super) fn write_lock(mut packages: Vec<Package>) -> Result<String> {
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    let mut table = csv::Writer::from_writer(Vec::new());
    for package in &packages {
        table.serialize(package).explain("the lock can't be written", "report this")?;
    }
    let bytes = table.into_inner().explain("the lock can't be written", "report this")?;
    String::from_utf8(bytes).explain("the lock can't be written", "report this")
}

/// Where a fetched archive is kept until it is unpacked.
pub(super) fn cached(cache: &Path, package: &Package) -> PathBuf {
    cache.join("packages").join(&package.sha256)
}

/// The newest packages that the mirror has, with all that they depend on.
pub(super) fn resolve(set: &Set) -> Result<Vec<Package>> {
    let mirror = machine_apt()?;
    let cache = cache::root()?;
    let _lock = lock(&cache)?;
    let root = PrivateRoot::new(&cache, &mirror, set.release)?;
    let updated = root.apt(&["update", "-qq"])?;
    // It succeeds, with warnings, when nothing can be reached: what counts is that a list came.
    if !updated.status.success() || !root.has_lists() {
        let complaint = complaints(&updated);
        return Err(failure(
            format!("the mirror's list of {} packages can't be fetched", set.release),
            complaint,
            format!("check the network and apt's sources, or name a mirror in {MIRROR_VARIABLE}"),
        ));
    }
    let mut args = vec!["install", "--print-uris", "-qq", "-o", "Acquire::ForceHash=SHA256"];
    args.extend(&set.packages);
    let resolved = root.apt(&args)?;
    if !resolved.status.success() {
        return Err(failure(
            format!("the packages can't be resolved in {}", set.release),
            complaints(&resolved),
            "report this: the package set no longer fits the distribution",
        ));
    }
    let text = String::from_utf8_lossy(&resolved.stdout).into_owned();
    let packages: Option<Vec<Package>> =
        text.lines().map(|line| parse_uri_line(line, &mirror)).collect();
    let needed = packages.map(|mut list| {
        list.retain(|package| !(set.leaves_out)(&package.name));
        list
    });
    needed.filter(|list| !list.is_empty()).ok_or_else(|| {
        failure(
            "apt's answer was not understood",
            text.lines().next().unwrap_or("it was empty"),
            "report this with the version of apt",
        )
    })
}

/// `'URI' name_version_arch.deb SIZE SHA256:HEX`, as `--print-uris` prints it.
fn parse_uri_line(line: &str, mirror: &str) -> Option<Package> {
    let mut fields = line.split_whitespace();
    let uri = fields.next()?.trim_matches('\'');
    let mut file = fields.next()?.split('_');
    let (name, version) = (file.next()?, file.next()?);
    Some(Package {
        name: name.to_owned(),
        version: version.replace("%3a", ":"),
        size: fields.next()?.parse().ok()?,
        sha256: fields.next()?.strip_prefix("SHA256:")?.to_owned(),
        path: uri.strip_prefix(mirror)?.trim_start_matches('/').to_owned(),
    })
}

/// Brings every package into the cache; those that are there already are not fetched again. They
/// stay as long as the lock that is returned is held: whoever is done with his removes them, and
/// generations have some in common.
pub(super) fn fetch(
    cache: &Path,
    packages: &[Package],
) -> std::result::Result<cache::Lock, Missing> {
    let lock = lock(cache)?;
    let wanted: Vec<&Package> =
        packages.iter().filter(|package| !is_there(cache, package)).collect();
    if wanted.is_empty() {
        return Ok(lock);
    }
    let mirror = machine_apt()?;
    let remedy = "free some disk space in the cache directory";
    let partial = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempdir_in(cache.join("packages"))
        .explain("packages can't be written", remedy)?;
    let bytes: u64 = wanted.iter().map(|package| package.size).sum();
    program::note!("fetching {} packages, {} MB", wanted.len(), bytes / 1_000_000);

    // apt's own downloader: it knows the machine's proxy and keeps one connection open.
    let mut helper = mortal("/usr/lib/apt/apt-helper");
    helper.args(["-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=30"]);
    helper.args(["-o", "Acquire::https::Timeout=30", "-o", "APT::Sandbox::User=root"]);
    helper.arg("download-file");
    for package in &wanted {
        helper
            .arg(format!("{mirror}/{}", package.path))
            .arg(partial.path().join(&package.sha256))
            .arg(format!("SHA256:{}", package.sha256));
    }
    let output = run(&mut helper)?;
    let mut missing = Vec::new();
    for package in &wanted {
        let fetched = partial.path().join(&package.sha256);
        match fs::metadata(&fetched) {
            Ok(meta) if meta.len() == package.size => {
                fs::rename(&fetched, cached(cache, package))
                    .explain("a package can't be put into the cache", remedy)?;
            }
            _ => missing.push(package.name.clone()),
        }
    }
    if missing.is_empty() {
        return Ok(lock);
    }
    let complaint = complaints(&output);
    if complaint.contains("404  Not Found") {
        return Err(Missing::Versions(missing));
    }
    let mended = REMEDIES.iter().find(|(sign, ..)| complaint.contains(sign));
    let (what, remedy) = mended.map_or(UNREACHABLE, |(_, what, remedy)| (*what, *remedy));
    let what = format!("{} of {} packages {what}", missing.len(), packages.len());
    Err(Missing::Other(failure(what, complaint, remedy)))
}

/// Whether a package was fetched before, and is what was fetched then.
fn is_there(cache: &Path, package: &Package) -> bool {
    let archive = cached(cache, package);
    if !archive.exists() {
        return false;
    }
    let is_whole = whole::digest(&archive).is_ok_and(|digest| digest == package.sha256);
    if !is_whole {
        let archive = archive.display();
        program::note!("the cache is damaged: fetching again: {archive} is not what was fetched");
    }
    is_whole
}

/// How names of directories begin that die with the process that made them, or are swept.
pub(super) const UNFINISHED: &str = ".unfinished-";

/// The right to fetch, in a directory without what a killed process left there.
fn lock(cache: &Path) -> Result<cache::Lock> {
    let packages = cache.join("packages");
    let lock = cache::lock(&packages.join(".lock"))?;
    cache::remove_all(&packages, UNFINISHED);
    Ok(lock)
}

/// What apt's complaint contains, what that means for the packages, what to do.
const REMEDIES: &[(&str, &str, &str)] = &[
    (
        "Hash Sum mismatch",
        "are not what was pinned",
        "check the mirror and any proxy between: what they deliver has another SHA-256",
    ),
    (
        "No space left on device",
        "found no room",
        "free some disk space in the cache directory, or set XDG_CACHE_HOME to another",
    ),
];

/// The same for any other complaint.
const UNREACHABLE: (&str, &str) = (
    "can't be fetched",
    "check the network and apt's sources; what was fetched is kept for the next try",
);

/// Says which pinned versions the mirror no longer has.
pub(super) fn say_newer(names: &[String]) {
    program::note!(
        "warning: the mirror no longer has the pinned version of {}\n\
         warning: going on with the newest packages; the manifest names what is really used",
        names.join(", ")
    );
}

/// Says what differs between the lock and what is used instead.
pub(super) fn say_changes(locked: &[Package], used: &[Package]) {
    for package in used {
        let pinned = locked.iter().find(|other| other.name == package.name);
        if pinned.is_none_or(|pinned| pinned.version != package.version) {
            let before = pinned.map_or("not pinned", |pinned| &pinned.version);
            program::note!("warning: {}: {before} -> {}", package.name, package.version);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::generation::Generation;

    #[test]
    fn a_uri_line_is_a_package() {
        let line = "'http://mirror/debian/pool/main/t/tini/tini_0.19%3a1_amd64.deb' \
                    tini_1%3a0.19-3_amd64.deb 280384 SHA256:00ff";
        let package = parse_uri_line(line, "http://mirror/debian").expect("it is one");
        assert_eq!(package.name, "tini");
        assert_eq!(package.version, "1:0.19-3");
        assert_eq!(package.path, "pool/main/t/tini/tini_0.19%3a1_amd64.deb");
        assert_eq!((package.size, package.sha256.as_str()), (280_384, "00ff"));
        assert_eq!(parse_uri_line(line, "http://other"), None);
    }

    /// A cache with one package in it.
    fn fetched() -> (tempfile::TempDir, Package) {
        let cache = tempfile::tempdir().expect("a directory");
        // Of its name.
        let sha256 = "bc4a71180870f7945155fbb02f4b0a2e3faa2a62d6d31b7039013055ed19869a";
        let package = Package {
            name: "package".to_owned(),
            version: "1".to_owned(),
            size: 7,
            sha256: sha256.to_owned(),
            path: String::new(),
        };
        fs::create_dir(cache.path().join("packages")).expect("a directory");
        fs::write(cached(cache.path(), &package), "package").expect("a file");
        (cache, package)
    }

    #[test]
    fn packages_stay_while_another_builder_has_them() {
        let (cache, package) = fetched();
        let packages = std::slice::from_ref(&package);
        let first = fetch(cache.path(), packages).ok();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| fetch(cache.path(), packages).is_ok());
            std::thread::sleep(std::time::Duration::from_millis(100));
            assert!(!second.is_finished(), "it would remove them in the end");
            drop(first);
            assert!(second.join().expect("no panic"));
        });
    }

    #[test]
    fn a_damaged_package_does_not_count_as_fetched() {
        let (cache, package) = fetched();
        assert!(is_there(cache.path(), &package));
        fs::write(cached(cache.path(), &package), "damaged").expect("a file");
        assert!(!is_there(cache.path(), &package));
    }

    #[rstest]
    #[case(Generation::Bookworm)]
    #[case(Generation::Trixie)]
    #[case(Generation::Forky)]
    fn a_lock_is_a_set_of_engines(#[case] generation: Generation) {
        let locked = parse_lock(generation.release().lock).expect("the lock is readable");
        for name in ["docker.io", "podman", "runc", "crun", "busybox-static"] {
            assert!(locked.iter().any(|package| package.name == name), "{name}");
        }
        assert!(locked.iter().all(|package| package.sha256.len() == 64));
    }
}

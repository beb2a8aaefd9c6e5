//! Out of package archives into one directory.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use miette::Result;

use super::apt::mortal;
use super::packages::{Package, cached};
use super::recipe;
use crate::error::{Explain, failure};
use crate::whole;

/// What no engine and no image reads; `*` stands for any name.
const LEFT_OUT: &[&str] = &[
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/bash-completion",
    "usr/libexec/podman/podman-testing",
    // For the compiler of long queries, whose library is left out. PostgreSQL looks whether the
    // module is there before it loads it.
    "usr/lib/postgresql/*/lib/bitcode",
    "usr/lib/postgresql/*/lib/llvmjit.so",
    "usr/lib/postgresql/*/lib/llvmjit_types.bc",
    "usr/lib/postgresql/*/lib/pgxs",
    "usr/share/postgresql/*/man",
];

/// Names in the root that a merged-`/usr` distribution links into `usr`.
pub(crate) const MERGED: &[&str] = &["bin", "sbin", "lib", "lib64"];

/// Unpacks all packages into `root`, as many at once as the machine has processors.
pub(super) fn all(cache: &Path, packages: &[Package], root: &Path, name: &str) -> Result<()> {
    for dir in ["usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc"] {
        let dir = root.join(dir);
        fs::create_dir_all(&dir).explain(
            format!("{} can't be made", dir.display()),
            "free some disk space in the cache directory",
        )?;
    }
    // The largest first, so that no processor is left with one at the end.
    let mut queue: Vec<&Package> = packages.iter().collect();
    queue.sort_by_key(|package| std::cmp::Reverse(package.size));
    let progress = ProgressBar::new(queue.len() as u64);
    progress.set_message(format!("unpacking the {name}"));
    progress.set_style(
        ProgressStyle::with_template("{msg} {bar:40} {pos}/{len}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(None);
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(package) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(report) = one(&cached(cache, package), package, root) {
                        next.store(queue.len(), Ordering::Relaxed);
                        if let Ok(mut failed) = failed.lock() {
                            failed.get_or_insert(report);
                        }
                    }
                    progress.inc(1);
                }
            });
        }
    });
    progress.finish_and_clear();
    match failed.into_inner() {
        Ok(Some(report)) => Err(report),
        _ => Ok(()),
    }
}

fn one(archive: &Path, package: &Package, root: &Path) -> Result<()> {
    verify(archive, package)?;
    let what = || format!("package {} {} can't be unpacked", package.name, package.version);
    let remedy = "free some disk space in the cache directory, or `cargo xtask lab clean`";
    let mut child = mortal("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(archive)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .explain(what(), "install dpkg")?;
    let unpacked = match child.stdout.take() {
        Some(stream) => untar(stream, root),
        None => Err(io::Error::other("no output")),
    };
    let output = child.wait_with_output().explain(what(), remedy)?;
    unpacked.explain(what(), remedy)?;
    if output.status.success() {
        Ok(())
    } else {
        Err(failure(what(), String::from_utf8_lossy(&output.stderr), remedy))
    }
}

/// The bytes that are unpacked are the bytes that were pinned.
fn verify(archive: &Path, package: &Package) -> Result<()> {
    let remedy = "run again to fetch it anew";
    let what = || format!("package {} can't be read from the cache", package.name);
    let found = whole::digest(archive).explain(what(), remedy)?;
    if found == package.sha256 {
        return Ok(());
    }
    let _ = fs::remove_file(archive);
    Err(failure(
        format!("package {} {} is not what was pinned", package.name, package.version),
        format!("its SHA-256 is {found}, not {}", package.sha256),
        remedy,
    ))
}

fn untar(stream: impl Read, root: &Path) -> io::Result<()> {
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let Some(path) = place(&entry.path()?) else {
            continue;
        };
        let target = root.join(&path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        match entry.header().entry_type() {
            tar::EntryType::Directory => fs::create_dir_all(&target)?,
            tar::EntryType::Link => {
                let original = entry.link_name()?.and_then(|name| place(&name));
                let original = original.ok_or_else(|| io::Error::other("hard link to nowhere"))?;
                fs::hard_link(root.join(original), &target)?;
            }
            _ => {
                entry.set_preserve_permissions(true);
                entry.set_preserve_mtime(false);
                entry.unpack(&target)?;
            }
        }
    }
    // To the end, or dpkg-deb would die of a closed pipe.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok(())
}

/// Where an entry of a package goes in a bundle: below `usr`, `etc` or `boot`, or nowhere.
fn place(entry: &Path) -> Option<PathBuf> {
    let mut parts = entry.components().filter(|part| *part != Component::CurDir);
    let mut path = PathBuf::new();
    let first = parts.next()?.as_os_str().to_str()?.to_owned();
    let merged = MERGED.contains(&first.as_str());
    match first.as_str() {
        "usr" | "etc" | "boot" => {}
        _ if merged => path.push("usr"),
        _ => return None,
    }
    path.push(first);
    for part in parts {
        match part {
            Component::Normal(name) => path.push(name),
            _ => return None,
        }
    }
    // The merging links themselves are made by the sandbox.
    let is_link = merged && path.components().count() == 2;
    let left_out = LEFT_OUT.iter().any(|pattern| lies_in(&path, pattern));
    (!left_out && !is_link).then_some(path)
}

/// Whether a path is what the pattern means or lies below it.
fn lies_in(path: &Path, pattern: &str) -> bool {
    let mut names = path.components();
    Path::new(pattern).components().all(|wanted| {
        let wanted = wanted.as_os_str().to_str();
        let name = names.next().and_then(|name| name.as_os_str().to_str());
        wanted.zip(name).is_some_and(|(wanted, name)| recipe::fits(wanted, name))
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::usr("./usr/bin/docker", Some("usr/bin/docker"))]
    #[case::merged("./lib/x.so", Some("usr/lib/x.so"))]
    #[case::the_merging_link("./bin", None)]
    #[case::the_merged_directory("./usr/bin", Some("usr/bin"))]
    #[case::configuration("./etc/docker", Some("etc/docker"))]
    #[case::documentation("./usr/share/doc/x", None)]
    #[case::any_version("./usr/lib/postgresql/17/lib/bitcode/x.bc", None)]
    #[case::beside_it("./usr/lib/postgresql/17/lib/x.so", Some("usr/lib/postgresql/17/lib/x.so"))]
    #[case::state("./var/lib/x", None)]
    #[case::escape("./usr/../../x", None)]
    #[case::root("./", None)]
    fn an_entry_has_its_place(#[case] entry: &str, #[case] expected: Option<&str>) {
        assert_eq!(place(Path::new(entry)), expected.map(PathBuf::from));
    }
}

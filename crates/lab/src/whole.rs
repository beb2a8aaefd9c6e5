//! Whether a thing in the cache is as it was made.
//!
//! Its *list* has the mode, owner and content of everything in it. To hold all of that against the
//! list takes as long as reading it. So whoever has done so leaves a *seal*: one digest over what the
//! file system says of every file, in which the inode and the time of its last change stand. Only
//! the kernel sets that time, at any change of content, mode, owner or links, so under an unbroken
//! seal is what was held against the list; a broken one only means that it has to be done again (a
//! copy of a cache has other inodes).

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const LIST: &str = ".list.json";
const SEAL: &str = ".seal";

/// What was made, or what is there now.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// Below the thing's directory; empty for that itself.
    path: PathBuf,
    /// With the kind of file, as in `st_mode`.
    mode: u32,
    owner: (u32, u32),
    /// SHA-256 of a file's bytes, or where a link leads.
    content: String,
}

/// Lists and seals what was made.
pub(crate) fn complete(root: &Path) -> io::Result<()> {
    let list = serde_json::to_vec(&entries(root)?)?;
    fs::write(root.join(LIST), list)?;
    fs::write(root.join(SEAL), seal(root)?)
}

/// Nothing in it has changed since it was held against its list: known in milliseconds.
pub(crate) fn is_sealed(root: &Path) -> bool {
    match (fs::read(root.join(SEAL)), seal(root)) {
        (Ok(before), Ok(now)) => before == now.as_bytes(),
        _ => false,
    }
}

/// Holds everything in it against its list and seals it anew; or what differs.
pub(crate) fn verify(root: &Path) -> Result<(), String> {
    let list =
        || -> io::Result<Vec<Entry>> { Ok(serde_json::from_slice(&fs::read(root.join(LIST))?)?) };
    // Before anything is read: what changes meanwhile breaks it.
    let now = seal(root).map_err(|why| why.to_string());
    let made = list().map_err(|why| format!("{LIST}: {why}"));
    let found = made.and_then(|made| {
        let there = entries(root).map_err(|why| why.to_string())?;
        differences(&made, &there)
    });
    // If either fails, the next one reads everything again.
    let _ = match (&found, now) {
        (Ok(()), Ok(now)) => fs::write(root.join(SEAL), now),
        _ => fs::remove_file(root.join(SEAL)),
    };
    found
}

fn seal(root: &Path) -> io::Result<String> {
    let mut text = Vec::new();
    for (path, meta) in walk(root)? {
        if path == Path::new(SEAL) {
            continue;
        }
        text.extend(path.as_os_str().as_bytes());
        text.push(0);
        for id in [meta.mode(), meta.uid(), meta.gid()] {
            text.extend(id.to_le_bytes());
        }
        // What changes in a directory is walked itself.
        if !meta.is_dir() {
            text.extend(meta.ino().to_le_bytes());
            for time in [meta.ctime(), meta.ctime_nsec()] {
                text.extend(time.to_le_bytes());
            }
        }
    }
    Ok(base16ct::lower::encode_string(&Sha256::digest(&text)))
}

fn entries(root: &Path) -> io::Result<Vec<Entry>> {
    let mut found = walk(root)?;
    found.retain(|(path, _)| ![LIST, SEAL].map(Path::new).contains(&path.as_path()));
    let next = AtomicUsize::new(0);
    let entries = Mutex::new(Vec::new());
    let work = || -> io::Result<()> {
        while let Some((path, meta)) = found.get(next.fetch_add(1, Ordering::Relaxed)) {
            let named = |why: io::Error| {
                next.store(found.len(), Ordering::Relaxed);
                io::Error::other(format!("{}: {why}", path.display()))
            };
            let entry = Entry {
                path: path.clone(),
                mode: meta.mode(),
                owner: (meta.uid(), meta.gid()),
                content: content(&root.join(path), meta).map_err(named)?,
            };
            let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
            entries.push(entry);
        }
        Ok(())
    };
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let ends = workers.into_iter().map(|worker| {
            let end = worker.join();
            end.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        ends.collect::<io::Result<Vec<()>>>()
    })?;
    let mut entries = entries.into_inner().unwrap_or_else(PoisonError::into_inner);
    entries.sort_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
    Ok(entries)
}

fn content(path: &Path, meta: &Metadata) -> io::Result<String> {
    if meta.is_symlink() {
        let target = fs::read_link(path)?.into_os_string().into_vec();
        Ok(String::from_utf8_lossy(&target).into_owned())
    } else if meta.is_file() {
        digest(path)
    } else {
        // A directory, or what was never made: a pipe is not to be read.
        Ok(String::new())
    }
}

/// SHA-256 of a file, in hexadecimal.
pub(crate) fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
    }
    Ok(base16ct::lower::encode_string(&hasher.finalize()))
}

/// The first of what differs, and how many more there are. Both lists are in the order of paths.
fn differences(made: &[Entry], there: &[Entry]) -> Result<(), String> {
    let (mut made, mut there) = (made.iter().peekable(), there.iter().peekable());
    let mut found = Vec::new();
    loop {
        let order = match (made.peek(), there.peek()) {
            (None, None) => break,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(made), Some(there)) => made.path.as_os_str().cmp(there.path.as_os_str()),
        };
        let made = (order.is_le()).then(|| made.next()).flatten();
        let there = (order.is_ge()).then(|| there.next()).flatten();
        let (path, how) = match (made, there) {
            (Some(made), None) => (&made.path, "is missing".to_owned()),
            (None, Some(there)) => (&there.path, "was not made".to_owned()),
            (Some(made), Some(there)) if made.mode != there.mode => {
                let how = format!("has mode {:o} instead of {:o}", there.mode, made.mode);
                (&made.path, how)
            }
            (Some(made), Some(there)) if made.owner != there.owner => {
                let ((uid, gid), (was, and)) = (there.owner, made.owner);
                let how = format!("belongs to {uid}:{gid} instead of {was}:{and}");
                (&made.path, how)
            }
            (Some(made), Some(there)) if made.content != there.content => {
                (&made.path, "is not what was made".to_owned())
            }
            _ => continue,
        };
        let path = Some(path.as_path()).filter(|path| *path != Path::new(""));
        found.push(format!("{} {how}", path.unwrap_or(Path::new(".")).display()));
    }
    match found.as_slice() {
        [] => Ok(()),
        [one] => Err(one.clone()),
        [first, rest @ ..] => Err(format!("{first} (and {} more)", rest.len())),
    }
}

/// Everything below a directory, and that itself, by paths below it; always in the same order.
pub(crate) fn walk(root: &Path) -> io::Result<Vec<(PathBuf, Metadata)>> {
    let mut found = vec![(PathBuf::new(), fs::metadata(root)?)];
    let mut next = 0;
    // Each directory that is found is looked into in its turn.
    while let Some((dir, meta)) = found.get(next) {
        next += 1;
        if !meta.is_dir() {
            continue;
        }
        let named = |why| io::Error::other(format!("{}: {why}", dir.display()));
        let entries: io::Result<Vec<_>> = fs::read_dir(root.join(dir)).map_err(named)?.collect();
        let mut entries = entries?;
        entries.sort_by_cached_key(fs::DirEntry::file_name);
        let dir = dir.clone();
        for entry in entries {
            found.push((dir.join(entry.file_name()), entry.metadata()?));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileExt, PermissionsExt, symlink};

    use rstest::rstest;

    use super::*;

    const PROGRAM: &str = "usr/bin/program";

    /// A thing as `make_once` leaves it, and its clock in the next tick, so that a change is one.
    fn made() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path();
        fs::create_dir_all(root.join("usr/bin")).expect("a directory");
        fs::create_dir(root.join("etc")).expect("a directory");
        fs::write(root.join(PROGRAM), "program").expect("a file");
        symlink("program", root.join("usr/bin/link")).expect("a link");
        for (path, mode) in [("etc", 0o755), (PROGRAM, 0o644)] {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(root.join(path), mode).expect("it is ours");
        }
        complete(root).expect("it is listed");
        let clock = tempfile::NamedTempFile::new_in(root.parent().expect("it has one"));
        let clock = clock.expect("a file");
        let time = |path: &Path| {
            let meta = fs::symlink_metadata(path).expect("it is there");
            (meta.ctime(), meta.ctime_nsec())
        };
        while time(clock.path()) <= time(&root.join(SEAL)) {
            fs::write(clock.path(), "tick").expect("a file");
        }
        dir
    }

    fn same_size_and_time(root: &Path) -> io::Result<()> {
        let file = File::options().write(true).open(root.join(PROGRAM))?;
        let before = file.metadata()?.modified()?;
        file.write_all_at(b"evil", 0)?;
        file.set_modified(before)
    }

    fn another_target(root: &Path) -> io::Result<()> {
        let link = root.join("usr/bin/link");
        fs::remove_file(&link)?;
        symlink("progran", link)
    }

    #[rstest]
    #[case::content(same_size_and_time, "usr/bin/program is not what was made")]
    #[case::truncated(
        |root: &Path| fs::write(root.join(PROGRAM), "pro"),
        "usr/bin/program is not what was made"
    )]
    #[case::extra_file(
        |root: &Path| fs::write(root.join("usr/bin/evil"), ""),
        "usr/bin/evil was not made"
    )]
    #[case::extra_directory(|root: &Path| fs::create_dir(root.join("lib")), "lib was not made")]
    #[case::missing(
        |root: &Path| fs::remove_file(root.join(PROGRAM)),
        "usr/bin/program is missing"
    )]
    #[case::mode(
        |root: &Path| fs::set_permissions(root.join(PROGRAM), fs::Permissions::from_mode(0o4755)),
        "usr/bin/program has mode 104755 instead of 100644"
    )]
    #[case::mode_of_a_directory(
        |root: &Path| fs::set_permissions(root.join("etc"), fs::Permissions::from_mode(0o700)),
        "etc has mode 40700 instead of 40755"
    )]
    #[case::link(another_target, "usr/bin/link is not what was made")]
    #[case::list(|root: &Path| fs::write(root.join(LIST), "[]"), ". was not made (and 5 more)")]
    #[case::no_list(|root: &Path| fs::remove_file(root.join(LIST)), LIST)]
    fn damage_is_found_and_named(
        #[case] damage: fn(&Path) -> io::Result<()>,
        #[case] expected: &str,
    ) {
        let dir = made();
        assert!(is_sealed(dir.path()));
        damage(dir.path()).expect("it can be damaged");
        assert!(!is_sealed(dir.path()));
        let found = verify(dir.path()).expect_err("it is damaged");
        assert!(found.contains(expected), "{found}");
        assert!(!is_sealed(dir.path()));
    }

    #[test]
    fn what_lies_under_an_unbroken_seal_is_found_by_reading() {
        let dir = made();
        same_size_and_time(dir.path()).expect("it can be damaged");
        // As if the disk had lost it: the file system says what it said before.
        fs::write(dir.path().join(SEAL), seal(dir.path()).expect("it has one")).expect("written");
        assert!(is_sealed(dir.path()));
        verify(dir.path()).expect_err("it is damaged");
        assert!(!is_sealed(dir.path()), "the next lab must look");
    }

    #[test]
    fn a_copy_is_as_good_once_it_was_read() {
        let dir = made();
        let copy = tempfile::tempdir().expect("a directory");
        let copied = std::process::Command::new("cp")
            .arg("--archive")
            .args([&dir.path().join("."), copy.path()])
            .status();
        assert!(copied.expect("cp runs").success());
        assert!(!is_sealed(copy.path()), "it has other inodes");
        assert_eq!(verify(copy.path()), Ok(()));
        assert!(is_sealed(copy.path()));
    }
}

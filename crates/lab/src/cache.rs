//! Where things that outlive a run are kept, and how processes keep out of each other's way there.
//!
//! ```text
//! <XDG cache>/matryoshka/
//!   bundles/<key>/       unpacked engines; complete or not there
//!   images/<key>/        the registry's storage with the stand-in images
//!   packages/<sha256>    packages fetched for a bundle that is not complete yet
//!   labs/<id>/           one running lab each
//! ```
//! All checkouts of all branches share it. Things are made under a temporary name and renamed, so
//! that an interruption at any point leaves nothing that looks complete.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use etcetera::BaseStrategy;
use miette::Result;

use crate::error::{Explain, failure};

/// Names and sizes of all files of a made thing; written last, so that its presence means that
/// all is there.
const RECORD: &str = ".whole.json";

const ROOM: &str = "free some disk space, or set XDG_CACHE_HOME to a directory that can be written";

/// The cache directory of this project, made if missing.
pub(crate) fn root() -> Result<PathBuf> {
    let base = etcetera::choose_base_strategy()
        .explain("no cache directory", "set HOME or XDG_CACHE_HOME")?;
    let root = base.cache_dir().join("matryoshka");
    for dir in ["bundles", "images", "packages", "labs"] {
        let dir = root.join(dir);
        fs::create_dir_all(&dir)
            .explain(format!("the cache {} can't be made", dir.display()), ROOM)?;
    }
    Ok(root)
}

/// Holds the lock of one thing in the cache while it lives. The kernel releases it with the
/// process, so none is ever left behind.
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

/// How long another process may take to make something: a download over a slow line, at worst.
const LOCK_DEADLINE: Duration = Duration::from_secs(20 * 60);

/// Waits for the lock of `path`, saying so once if another process has it.
pub(crate) fn lock(path: &Path) -> Result<Lock> {
    let what = || format!("the lock {} can't be taken", path.display());
    let file = File::create(path).explain(what(), ROOM)?;
    let deadline = Instant::now() + LOCK_DEADLINE;
    let mut said = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock(file)),
            Err(TryLockError::Error(why)) => return Err(failure(what(), why, ROOM)),
            Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                let why = format!("another process has it for {} s", LOCK_DEADLINE.as_secs());
                return Err(failure(
                    what(),
                    why,
                    "end that process (`cargo xtask lab status`)",
                ));
            }
            Err(TryLockError::WouldBlock) => {}
        }
        if !said {
            program::note!(
                "waiting for another process that works on {}",
                path.display()
            );
            said = true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Keeps the cache from being emptied while this process lives: many may use it at once.
pub(crate) fn keep() -> Result<()> {
    static LOCK: OnceLock<File> = OnceLock::new();
    if LOCK.get().is_none() {
        let file = users(&root()?)?;
        file.lock_shared()
            .explain("the cache can't be kept", ROOM)?;
        let _ = LOCK.set(file);
    }
    Ok(())
}

/// The lock that users of the cache share; whoever gets it alone may empty the cache.
pub(crate) fn users(root: &Path) -> Result<File> {
    let path = root.join(".users");
    File::create(&path).explain(format!("{} can't be written", path.display()), ROOM)
}

/// Makes `<parent>/<key>` by `make`, which fills an empty directory, unless it is there whole
/// already. Of two processes that want the same thing, one makes it and the other waits.
pub(crate) fn make_once(
    parent: &Path,
    key: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let path = parent.join(key);
    if is_whole(&path).is_ok() {
        return Ok(path);
    }
    let _lock = lock(&parent.join(format!("{key}.lock")))?;
    match is_whole(&path) {
        Ok(()) => return Ok(path),
        Err(why) if path.exists() => {
            program::note!("{} is damaged ({why}); making it anew", path.display());
            fs::remove_dir_all(&path)
                .explain(format!("{} can't be removed", path.display()), ROOM)?;
        }
        Err(_) => {}
    }
    // Left by makers that were killed; nobody else makes this key while the lock is held.
    let prefix = format!(".{key}-");
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let unfinished = tempfile::Builder::new()
        .prefix(&prefix)
        .tempdir_in(parent)
        .explain(format!("{} can't be written", parent.display()), ROOM)?;
    make(unfinished.path())?;
    open_up(unfinished.path()).explain(format!("{} can't be opened up", path.display()), ROOM)?;
    let what = || format!("{} can't be completed", path.display());
    let record = serde_json::to_vec(&list_files(unfinished.path())).explain(what(), ROOM)?;
    fs::write(unfinished.path().join(RECORD), record).explain(what(), ROOM)?;
    // mkdtemp gives mode 700; what is inside must be visible to every id of a sandbox.
    fs::set_permissions(unfinished.path(), fs::Permissions::from_mode(0o755))
        .explain(what(), ROOM)?;
    fs::rename(unfinished.path(), &path).explain(what(), ROOM)?;
    let _ = unfinished.keep();
    Ok(path)
}

/// Lets every id read what is below `root`, however strict this process's file mode mask is: the
/// ids of a sandbox are others than the maker's.
pub(crate) fn open_up(root: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        if meta.is_symlink() {
            continue;
        }
        if meta.is_dir() {
            open_up(&entry.path())?;
        }
        let mode = meta.permissions().mode();
        let wanted = if mode & 0o100 == 0 { 0o644 } else { 0o755 };
        if mode & wanted != wanted {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode | wanted))?;
        }
    }
    Ok(())
}

/// Every file that was made is there in its size: finds a truncated cache in milliseconds.
pub(crate) fn is_whole(path: &Path) -> std::result::Result<(), String> {
    let record = fs::read(path.join(RECORD)).map_err(|e| format!("{RECORD}: {e}"))?;
    let files: Vec<(PathBuf, u64)> =
        serde_json::from_slice(&record).map_err(|e| format!("{RECORD}: {e}"))?;
    for (file, size) in &files {
        let there = fs::symlink_metadata(path.join(file)).map(|meta| meta.len());
        if there.as_ref().ok() != Some(size) {
            return Err(format!("{} is not as it was made", file.display()));
        }
    }
    Ok(())
}

/// Every file and link below `root` with its size.
pub(crate) fn list_files(root: &Path) -> Vec<(PathBuf, u64)> {
    let mut files = Vec::new();
    let mut dirs = vec![root.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                dirs.push(entry.path());
            } else if let Ok(path) = entry.path().strip_prefix(root) {
                files.push((path.to_owned(), meta.len()));
            }
        }
    }
    files.sort();
    files
}

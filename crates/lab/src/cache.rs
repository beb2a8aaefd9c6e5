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
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use miette::Result;

use crate::error::{Explain, failure};

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

/// Waits for the lock of `path`, saying so once if another process has it.
pub(crate) fn lock(path: &Path) -> Result<Lock> {
    let what = || format!("the lock {} can't be taken", path.display());
    let file = File::create(path).explain(what(), ROOM)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!(
                "waiting for another process that works on {}",
                path.display()
            );
            file.lock().explain(what(), ROOM)?;
        }
        Err(TryLockError::Error(why)) => return Err(failure(what(), why, ROOM)),
    }
    Ok(Lock(file))
}

/// Makes `<parent>/<key>` by `make`, which fills an empty directory, unless it is there already.
/// Of two processes that want the same thing, one makes it and the other waits.
pub(crate) fn make_once(
    parent: &Path,
    key: &str,
    is_whole: impl Fn(&Path) -> std::result::Result<(), String>,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let path = parent.join(key);
    if path.exists() && is_whole(&path).is_ok() {
        return Ok(path);
    }
    let _lock = lock(&parent.join(format!("{key}.lock")))?;
    if path.exists() {
        match is_whole(&path) {
            Ok(()) => return Ok(path),
            Err(why) => {
                eprintln!("{} is damaged ({why}); making it anew", path.display());
                fs::remove_dir_all(&path)
                    .explain(format!("{} can't be removed", path.display()), ROOM)?;
            }
        }
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
    fs::rename(unfinished.path(), &path)
        .explain(format!("{} can't be completed", path.display()), ROOM)?;
    let _ = unfinished.keep();
    // mkdtemp gives mode 700; what is inside must be visible to every id of a sandbox.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&path, open)
        .explain(format!("{} can't be opened up", path.display()), ROOM)?;
    Ok(path)
}

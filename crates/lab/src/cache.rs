//! Where things that outlive a run are kept, and how processes keep out of each other's way there.
//!
//! ```text
//! <XDG cache>/matryoshka/
//!   bundles/sealed-<key>/  unpacked engines; complete or not there
//!   images/sealed-<key>/   the registry's storage with the stand-in images
//!   pulled/                published images, see `pulled.rs`
//!   packages/<sha256>      packages fetched for a bundle that is not complete yet
//!   labs/<id>/             one running lab each
//!   machine/<id>/          one run on the machine's own engines each
//! ```
//! All checkouts of all branches share it. Things are made under a temporary name and renamed, so
//! that an interruption at any point leaves nothing that looks complete.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use etcetera::BaseStrategy;
use miette::{Report, Result};
use program::patient;

use crate::error::{Explain, failure};
use crate::{pulled, whole};

const ROOM: &str = "free some disk space, or set XDG_CACHE_HOME to a directory that can be written";

/// The kinds of things that are made once.
const MADE: [&str; 3] = ["bundles", "images", pulled::FOLDER];

/// The folders of a cache. Those of checkouts from before images were pulled have all but the last.
const FOLDERS: [&str; 5] = [MADE[0], MADE[1], "packages", "labs", MADE[2]];

/// The cache directory of this project, made if missing.
pub(crate) fn root() -> Result<PathBuf> {
    let root = place_of_cache()?;
    for dir in FOLDERS {
        let dir = root.join(dir);
        fs::create_dir_all(&dir)
            .explain(format!("the cache {} can't be made", dir.display()), ROOM)?;
    }
    Ok(root)
}

/// Whether it and its folders can be written to, found by trying; or which can't.
pub(crate) fn is_writable(root: &Path) -> std::result::Result<(), String> {
    for folder in std::iter::once("").chain(FOLDERS) {
        let folder = root.join(folder);
        tempfile::tempfile_in(&folder)
            .map_err(|why| format!("{} can't be written to: {why}", folder.display()))?;
    }
    Ok(())
}

/// Where the cache is: a folder of this name.
const NAME: &str = "matryoshka";

/// Whether it is there or not.
pub(crate) fn place_of_cache() -> Result<PathBuf> {
    let base = etcetera::choose_base_strategy()
        .explain("no cache directory", "set HOME or XDG_CACHE_HOME")?;
    let dir = base.cache_dir();
    // Which folder that is depends on where one is, also for who writes to one of them.
    if dir.is_relative() {
        let home = base.home_dir().display();
        return Err(failure(
            "no cache directory",
            format!("HOME is {home}, which is no absolute path"),
            "set HOME or XDG_CACHE_HOME to an absolute path",
        ));
    }
    Ok(dir.join(NAME))
}

/// Where this process has its cache, and where others may have theirs: in the home that the
/// environment says or the machine's list of users does.
pub(crate) fn places() -> Result<Vec<PathBuf>> {
    let in_home = |home: PathBuf| home.join(".cache").join(NAME);
    let own = rustix::process::getuid().as_raw().to_string();
    let users = fs::read("/etc/passwd").unwrap_or_default();
    let users = String::from_utf8_lossy(&users).into_owned();
    let homes = users.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let place = in_home(PathBuf::from(fields.get(5)?));
        // One that is not there yet can only be made by who may hold labs.
        (fields[2] == own || is_cache(&place)).then_some(place)
    });
    let said = etcetera::home_dir().ok().map(in_home);
    let others = said.into_iter().chain(homes);
    let places = [place_of_cache()?].into_iter().chain(others);
    Ok(places.filter(|place| place.is_absolute()).collect())
}

/// Whether this is a cache, of whatever process.
pub(crate) fn is_cache(dir: &Path) -> bool {
    let has = |folder: &&str| dir.join(folder).is_dir();
    dir.ends_with(NAME) && FOLDERS[..4].iter().all(has)
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
    let deadline = Instant::now() + patient(LOCK_DEADLINE);
    let mut said = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock(file)),
            Err(TryLockError::Error(why)) => return Err(failure(what(), why, ROOM)),
            Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                let why =
                    format!("another process has it for {} s", patient(LOCK_DEADLINE).as_secs());
                return Err(failure(what(), why, "end that process (`cargo xtask lab status`)"));
            }
            Err(TryLockError::WouldBlock) => {}
        }
        if !said {
            program::note!("waiting for another process that works on {}", path.display());
            said = true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Keeps the cache from being emptied while this process lives: many may use it at once.
pub(crate) fn keep() -> Result<()> {
    static LOCK: OnceLock<File> = OnceLock::new();
    if LOCK.get().is_none() {
        let root = root()?;
        let file = users(&root)?;
        if file.try_lock().is_ok() {
            remove_left(&root);
        }
        file.lock_shared().explain("the cache can't be kept", ROOM)?;
        let _ = LOCK.set(file);
    }
    Ok(())
}

/// The lock that users of the cache share; whoever gets it alone may empty the cache.
pub(crate) fn users(root: &Path) -> Result<File> {
    let path = root.join(".users");
    File::create(&path).explain(format!("{} can't be written", path.display()), ROOM)
}

/// How the name of a damaged thing begins: a lab may still run on it, so it stays until nobody uses
/// the cache.
const ASIDE: &str = ".damaged-";

/// How the name of a thing begins that is being made. Makers keep the cache, so where nobody does, what
/// is called so was left by one that was killed.
pub(crate) const UNFINISHED: &str = ".sealed-";

/// What nobody uses or makes any more, where nobody uses the cache.
fn remove_left(root: &Path) {
    for kind in MADE {
        for prefix in [ASIDE, UNFINISHED] {
            remove_all(&root.join(kind), prefix);
        }
    }
    pulled::sweep(root);
}

/// Removes what is left in `parent` under names that begin so.
pub(crate) fn remove_all(parent: &Path, prefix: &str) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Where a thing is that is made once. Checkouts from before things were listed and sealed share
/// the cache, and take what has no list of theirs for damaged: the name keeps them apart.
pub(crate) fn place(parent: &Path, key: &str) -> PathBuf {
    parent.join(format!("sealed-{key}"))
}

/// Makes a thing by `make`, which fills an empty directory, unless it is there whole already; one
/// that is damaged is made `again`, which says how. Of two processes that want the same thing, one
/// makes it and the other waits.
pub(crate) fn make_once<E: From<Report>>(
    parent: &Path,
    key: &str,
    again: &str,
    make: impl FnOnce(&Path) -> std::result::Result<(), E>,
) -> std::result::Result<PathBuf, E> {
    let path = place(parent, key);
    if whole::is_sealed(&path) {
        return Ok(path);
    }
    let _lock = lock(&parent.join(format!("{key}.lock")))?;
    if whole::is_sealed(&path) {
        return Ok(path);
    }
    if path.exists() {
        match whole::verify(&path) {
            Ok(()) => return Ok(path),
            Err(why) => program::note!("the cache is damaged: {again}: {}: {why}", path.display()),
        }
    }
    // Left by makers that were killed; nobody else makes this key while the lock is held.
    let prefix = format!("{UNFINISHED}{key}-");
    remove_all(parent, &prefix);
    let unfinished = tempfile::Builder::new()
        .prefix(&prefix)
        .tempdir_in(parent)
        .explain(format!("{} can't be written", parent.display()), ROOM)?;
    make(unfinished.path())?;
    open_up(unfinished.path()).explain(format!("{} can't be opened up", path.display()), ROOM)?;
    let what = || format!("{} can't be completed", path.display());
    // mkdtemp gives mode 700; what is inside must be visible to every id of a sandbox.
    fs::set_permissions(unfinished.path(), fs::Permissions::from_mode(0o755))
        .explain(what(), ROOM)?;
    whole::complete(unfinished.path()).explain(what(), ROOM)?;
    if path.exists() {
        let aside = parent.join(format!("{ASIDE}{key}-{:08x}", rand::random::<u32>()));
        fs::rename(&path, aside).explain(what(), ROOM)?;
    }
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn make(parent: &Path, makers: &AtomicUsize) -> Result<PathBuf> {
        make_once(parent, "key", "making again", |dir| {
            makers.fetch_add(1, Ordering::Relaxed);
            fs::write(dir.join("file"), "made").explain("a file", "none")
        })
    }

    #[test]
    fn of_many_who_want_a_thing_one_makes_it() {
        let parent = tempfile::tempdir().expect("a directory");
        let makers = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| make(parent.path(), &makers).expect("it is made"));
            }
        });
        assert_eq!(makers.into_inner(), 1);
    }

    #[test]
    fn a_damaged_thing_is_made_again_beside_those_who_still_use_it() {
        let parent = tempfile::tempdir().expect("a directory");
        let makers = AtomicUsize::new(0);
        let path = make(parent.path(), &makers).expect("it is made");
        let mut file = File::options().append(true).open(path.join("file")).expect("open");
        file.write_all(b" and damaged").expect("written");
        let user = File::open(&path).expect("a directory");
        assert_eq!(make(parent.path(), &makers).expect("again"), path);
        let read = |path: PathBuf| fs::read_to_string(path).expect("it is there");
        assert_eq!(read(path.join("file")), "made");
        let shown = PathBuf::from(format!("/proc/self/fd/{}", user.as_raw_fd()));
        assert_eq!(read(shown.join("file")), "made and damaged");
        remove_all(parent.path(), ASIDE);
        let left = fs::read_dir(parent.path()).expect("a directory").flatten();
        let left = left.filter(|entry| entry.path().is_dir());
        assert_eq!(left.count(), 1);
        assert_eq!(makers.into_inner(), 2);
    }
}

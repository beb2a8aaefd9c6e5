//! The labs of this machine: where each has its state, which live, what a dead one left.
//!
//! A lab's log file doubles as the sign that it lives: the owner locks it and the monitor inherits
//! that lock, so it is free exactly when both are gone. Only then may another process take away
//! what is left, which is something only if both were killed at once, or the owner before it had a
//! monitor.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use miette::Result;
use program::patient;
use sandbox::{ID_COUNT, ID_RANGES, Kind, Spec, range_of};

use crate::error::{Explain, failure, unsupported};
use crate::pulled::FOLDER;
use crate::{cache, programs};

const LOG: &str = "monitor.log";
const OWNER: &str = "owner";

/// The name that its owner gave it.
const NAME: &str = "name";

/// What its sandbox is made of.
pub(crate) const SPEC: &str = "spec.json";

/// Its first process, of a lab that can be joined.
const INIT: &str = "init";

/// How long the last processes of a lab may take to die that has just ended.
const CGROUP_PATIENCE: Duration = Duration::from_secs(10);

/// And of one that had ended before: whoever wants a new lab waits meanwhile.
const SWEEP_PATIENCE: Duration = Duration::from_secs(2);

/// How long a lab's name is at most.
const MOST_NAME: usize = 32;

/// How many ranges of ids are tried.
const MOST_CLAIMS: u32 = 1000;

/// A control group of an ordinary user's, as systemd grants a session one, made by root. It goes with
/// this, also if this is killed; if its monitor is, too, with the next lab of root's.
pub struct UserGroup {
    path: PathBuf,
    monitor: duct::Handle,
    lifeline: Option<io::PipeWriter>,
    _lock: File,
}

impl UserGroup {
    /// One that the user of this id may divide.
    pub fn new(user: u32) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let tree = sandbox::cgroup2_mount().ok_or(io::ErrorKind::NotFound)?;
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = tree.join(format!("{GROUP}user-{}-{next}", std::process::id()));
        let lock = sandbox::make_cgroup(&path)?;
        let (read, write) = io::pipe()?;
        let program = programs::sandbox().map_err(|why| io::Error::other(why.to_string()))?;
        let monitor = duct::cmd(program, [OsStr::new("group"), path.as_os_str()])
            .stdin_file(read)
            .stdout_null()
            .unchecked()
            .start()?;
        let group = Self { path, monitor, lifeline: Some(write), _lock: lock };
        for file in ["", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"] {
            chown(group.path().join(file), Some(user), Some(user))?;
        }
        Ok(group)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for UserGroup {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.monitor.wait_timeout(patient(CGROUP_PATIENCE));
        // What a monitor that was killed itself has left.
        if let Err(why) = sandbox::remove_cgroup(&self.path, patient(CGROUP_PATIENCE)) {
            program::note!("warning: {} can't be removed: {why}", self.path.display());
        }
    }
}

/// A new lab's own places.
pub(crate) struct Place {
    range: u32,
    pub(crate) id: String,
    /// On a real file system, because the engines' stores are below it.
    pub(crate) state: PathBuf,
    /// `None` for a user who may make none.
    pub(crate) cgroup: Option<PathBuf>,
    /// Locked while the lab lives.
    pub(crate) log: File,
    /// The same, for who has another cache.
    _group: Option<File>,
}

/// A name whose range of ids no other lab of this machine has, in whatever cache, with its control
/// group: as long as that is there, which is as long as something lives in it, it is taken.
fn claim(tree: &Path) -> io::Result<(u32, String, File)> {
    for _ in 0..MOST_CLAIMS {
        let range = rand::random_range(ID_RANGES);
        let name = sandbox::name(range, rand::random());
        let path = tree.join(format!("{GROUP}{name}"));
        let group = sandbox::make_cgroup(&path)?;
        // Of two that want the same one at once, the later one sees the other; at worst, both.
        let groups = directories(tree).into_iter();
        let names = groups.filter_map(|path| file_name(&path).strip_prefix(GROUP).map(range_of));
        if names.filter(|taken| *taken == Some(range)).count() == 1 {
            return Ok((range, name, group));
        }
        fs::remove_dir(path)?;
    }
    Err(io::Error::other("no range of ids is free"))
}

/// A name that no other lab of this cache has. The range in it is nobody's ids: a lab without a control
/// group is an ordinary user's, who has others.
fn claim_in_cache(labs: &Path) -> io::Result<(u32, String)> {
    let taken: Vec<_> =
        directories(labs).iter().filter_map(|lab| range_of(&file_name(lab))).collect();
    let mut drawn = (0..MOST_CLAIMS).map(|_| rand::random_range(ID_RANGES));
    let range = drawn.find(|range| !taken.contains(range));
    let range = range.ok_or_else(|| io::Error::other("no range of ids is free"))?;
    Ok((range, sandbox::name(range, rand::random())))
}

impl Place {
    /// Takes away what dead labs left, then makes room for a new one, which may have a name.
    pub(crate) fn new(name: Option<&str>) -> Result<Self> {
        let labs = cache::root()?.join("labs");
        // So that no other process mistakes this lab for a dead one before its log is locked.
        let _lock = cache::lock(&labs.join(".lock"))?;
        sweep(&labs);
        if let Some((name, lab)) = name.and_then(|name| Some((name, called(running(&labs), name)?)))
        {
            return Err(failure(
                format!("the name {name} is taken"),
                format!("lab {} of process {} has it", lab.id, lab.owner),
                format!("take another one, or join that lab: --in {name}"),
            ));
        }
        let remedy = "free some disk space in the cache directory";
        let what = "a new lab has no folder";
        let tree = sandbox::cgroup_tree();
        let (range, id, group) = match &tree {
            Some(tree) => {
                let (range, id, group) = claim(tree).explain(
                    format!("a control group can't be made in {}", tree.display()),
                    "if they can't be written to, as in a container, start that one with --privileged",
                )?;
                (range, id, Some(group))
            }
            None if sandbox::is_rootless() => {
                let (range, id) = claim_in_cache(&labs).explain(what, remedy)?;
                (range, id, None)
            }
            None => {
                return Err(unsupported(
                    "there is no cgroup v2 tree",
                    "no cgroup2 file system is mounted",
                    "mount one: mount -t cgroup2 none /sys/fs/cgroup/unified",
                ));
            }
        };
        let state = labs.join(&id);
        fs::create_dir(&state).explain(what, remedy)?;
        let log = File::options().create_new(true).append(true).open(state.join(LOG));
        let log = log.explain(what, remedy)?;
        let place = Self {
            cgroup: tree.map(|tree| tree.join(format!("{GROUP}{id}"))),
            range,
            id,
            state,
            log,
            _group: group,
        };
        place.log.try_lock().explain(what, remedy)?;
        let command: Vec<String> = std::env::args().collect();
        let owner = format!("{} {}\n", std::process::id(), command.join(" "));
        fs::write(place.state.join(OWNER), owner).explain(what, remedy)?;
        if let Some(name) = name {
            fs::write(place.state.join(NAME), name).explain(what, remedy)?;
        }
        Ok(place)
    }

    /// Lets others join.
    pub(crate) fn publish(&self, init: &str) -> io::Result<()> {
        fs::write(self.state.join(INIT), init)
    }

    /// What the lab's root is on the machine.
    pub(crate) fn root(&self, kind: Kind) -> u32 {
        match kind {
            Kind::User => self.range * ID_COUNT,
            Kind::Root | Kind::Rootless => 0,
        }
    }

    /// What the monitor complained of.
    pub(crate) fn last_lines(&self) -> String {
        let text = fs::read_to_string(self.state.join(LOG)).unwrap_or_default();
        if text.trim().is_empty() { "the monitor died without a word".to_owned() } else { text }
    }
}

impl Drop for Place {
    /// Nothing is there any more if a monitor has done its work; something is if none was started.
    fn drop(&mut self) {
        if let Err(report) =
            take_away(self.cgroup.as_deref(), &self.state, patient(CGROUP_PATIENCE))
        {
            warn(&report);
        }
    }
}

/// Removes a lab's control group and files, if they are still there.
fn take_away(cgroup: Option<&Path>, state: &Path, patience: Duration) -> Result<()> {
    if let Some(cgroup) = cgroup {
        sandbox::remove_cgroup(cgroup, patience).explain(
            format!("the control group {} can't be removed", cgroup.display()),
            "look for processes in it: cat cgroup.procs",
        )?;
    }
    remove(state)
}

pub(crate) fn remove(folder: &Path) -> Result<()> {
    let what = || format!("{} can't be removed", folder.display());
    sandbox::remove_tree(folder).explain(what(), "remove it by hand")
}

/// What a lab's control group is called, before the lab's name.
const GROUP: &str = "matryoshka-";

/// Takes away every lab whose log nobody holds, and every group that no lab has.
pub(crate) fn sweep(labs: &Path) {
    let tree = sandbox::cgroup_tree();
    for state in directories(labs) {
        let is_dead = match File::open(state.join(LOG)) {
            Ok(log) => log.try_lock().is_ok(),
            Err(_) => true,
        };
        if is_dead {
            let name = format!("{GROUP}{}", file_name(&state));
            let cgroup = tree.as_ref().map(|tree| tree.join(name));
            if let Err(report) = take_away(cgroup.as_deref(), &state, patient(SWEEP_PATIENCE)) {
                warn(&report);
            }
        }
    }
    for group in tree.as_deref().map(directories).unwrap_or_default() {
        let name = file_name(&group);
        // One with files in another cache may live: that is asked of the group itself.
        let is_alone = |lab: &str| !labs.join(lab).exists();
        if name.strip_prefix(GROUP).is_some_and(is_alone)
            && let Err(why) = sandbox::sweep_cgroup(&group)
            && why.kind() != io::ErrorKind::NotFound
        {
            program::note!("warning: {} can't be removed: {why}", group.display());
        }
    }
}

fn warn(report: &miette::Report) {
    program::note!("warning: {}", program::one_line(report));
}

pub(crate) fn directories(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

/// A lab that lives.
#[derive(Clone, Debug)]
pub struct Running {
    /// What tells it from all others; also its host name.
    pub id: String,
    /// The name that its owner gave it.
    pub name: Option<String>,
    state: PathBuf,
    /// Process id and command line of its owner.
    pub owner: String,
    /// How long it has lived.
    pub age: Duration,
}

impl Running {
    /// What its user calls it.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_ref().unwrap_or(&self.id)
    }

    /// The mark of its first process, once it can be joined.
    pub(crate) fn init(&self) -> Option<String> {
        fs::read_to_string(self.state.join(INIT)).ok()
    }

    /// What it was made of.
    pub(crate) fn spec(&self) -> io::Result<Spec> {
        let text = fs::read(self.state.join(SPEC))?;
        Ok(serde_json::from_slice(&text)?)
    }
}

/// What there is of this project on this machine.
#[derive(Clone, Debug)]
pub struct Status {
    /// Labs that live now.
    pub running: Vec<Running>,
    /// The cache directory.
    pub cache: PathBuf,
}

/// Lists running labs.
pub fn status() -> Result<Status> {
    let cache = cache::root()?;
    let labs = cache.join("labs");
    let running = {
        // Looking means locking for a moment, which must not be mistaken for a lab that lives.
        let _lock = cache::lock(&labs.join(".lock"))?;
        running(&labs)
    };
    Ok(Status { running, cache })
}

impl Status {
    /// Cached things and their sizes in bytes.
    #[must_use]
    pub fn cached(&self) -> Vec<(PathBuf, u64)> {
        let kinds = ["bundles", "images", FOLDER];
        let mut cached: Vec<PathBuf> =
            kinds.iter().flat_map(|kind| directories(&self.cache.join(kind))).collect();
        cached.push(self.cache.join("packages"));
        cached.into_iter().map(|path| (path.clone(), size(&path))).collect()
    }
}

pub(crate) fn running(labs: &Path) -> Vec<Running> {
    let mut running = Vec::new();
    for state in directories(labs) {
        let Ok(log) = File::open(state.join(LOG)) else {
            continue;
        };
        if !matches!(log.try_lock(), Err(TryLockError::WouldBlock)) {
            continue;
        }
        let started = log.metadata().and_then(|meta| meta.created());
        let started = started.unwrap_or_else(|_| SystemTime::now());
        let owner = fs::read_to_string(state.join(OWNER)).unwrap_or_default();
        running.push(Running {
            id: file_name(&state),
            name: fs::read_to_string(state.join(NAME)).ok(),
            owner: owner.trim().to_owned(),
            age: started.elapsed().unwrap_or_default(),
            state,
        });
    }
    running
}

/// What a lab can be called; why something else can't be.
pub fn named(text: &str) -> std::result::Result<String, String> {
    let is_part = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit();
    let is_name = text.starts_with(is_part)
        && text.len() <= MOST_NAME
        && text.chars().all(|sign| is_part(sign) || "-_.".contains(sign));
    if !is_name {
        return Err(format!(
            "a name has 1 to {MOST_NAME} of a-z, 0-9, - _ and . and begins with a letter or digit"
        ));
    }
    if range_of(text).is_some() {
        return Err("labs without a name are called like that".to_owned());
    }
    Ok(text.to_owned())
}

fn called(labs: Vec<Running>, name: &str) -> Option<Running> {
    labs.into_iter().find(|lab| lab.id == name || lab.name.as_deref() == Some(name))
}

/// The running lab of that name, or the only one.
pub(crate) fn find(wanted: Option<&str>) -> Result<Running> {
    let labs = cache::place_of_cache()?.join("labs");
    // Before the lock, which is that user's too.
    for state in directories(&labs) {
        let (id, name) = (file_name(&state), fs::read_to_string(state.join(NAME)));
        let is_it =
            wanted.is_none_or(|wanted| id == wanted || name.is_ok_and(|name| name == wanted));
        let own = rustix::process::geteuid().as_raw();
        let user = fs::symlink_metadata(&state).map_or(own, |found| found.uid());
        if is_it && user != own {
            return Err(failure(
                format!("lab {} belongs to another user", wanted.unwrap_or(&id)),
                format!("it is of the user with id {user}, and nobody else may join it"),
                "join it as that user, or start one of your own",
            ));
        }
    }
    let mut running = status()?.running;
    // Those that can be joined: an experiment's can't.
    let names: Vec<&str> =
        running.iter().filter(|lab| lab.init().is_some()).map(Running::label).collect();
    let why = if names.is_empty() {
        "none that can be joined is running".to_owned()
    } else {
        format!("running: {}", names.join(", "))
    };
    let (what, found) = match wanted {
        Some(name) => (format!("there is no lab {name}"), called(running, name)),
        None if running.len() == 1 => (String::new(), running.pop()),
        None => ("it is not said which lab to join".to_owned(), None),
    };
    let remedy = "join one: --in NAME, or start one: cargo xtask lab shell --name NAME";
    found.ok_or_else(|| failure(what, why, remedy))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The unit of `st_blocks`, whatever the file system's own is.
const BLOCK: u64 = 512;

pub(crate) fn size(path: &Path) -> u64 {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return 0;
    };
    if !meta.is_dir() {
        // What it takes: a disk of a machine says to be larger than what was written to it.
        return meta.blocks() * BLOCK;
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_that_no_lab_has_by_itself() {
        for name in ["a", "7", "dev", "my-lab_2.0", &"n".repeat(MOST_NAME)] {
            assert_eq!(named(name).as_deref(), Ok(name));
        }
        let own = sandbox::name(ID_RANGES.start, 7);
        for text in ["", "-x", ".x", "A", "ö", "a b", "a/b", "..", &"n".repeat(MOST_NAME + 1), &own]
        {
            assert!(named(text).is_err(), "{text}");
        }
    }
}

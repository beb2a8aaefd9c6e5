//! Takes away what a sandbox leaves on the machine, whatever the inside has made of it.
//!
//! The inside can nest folders without end, give them paths that no system call takes, and lock
//! them. So nothing is named by more than one name at a time, and the way back up is `..`: a few
//! descriptors are open at any depth. No link is followed and no mount entered.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, IFlags, Mode, OFlags, ResolveFlags, fstat, ioctl_getflags,
    ioctl_setflags, openat, openat2, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::ioctl::{Opcode, Setter, ioctl, opcode};
use rustix::process::{Pid, Signal, kill_process};

use crate::fuse;

/// How a folder is opened that is to be emptied.
const FOLDER: OFlags = OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// How long a folder is emptied again and again in which somebody makes files meanwhile: a process of
/// another sandbox may have got hold of it.
const TREE_PATIENCE: Duration = Duration::from_secs(2);

/// Removes a folder with everything below it, if it is there.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    let deadline = Instant::now() + TREE_PATIENCE;
    loop {
        match remove(path, unlink) {
            Err(why)
                if why.kind() == io::ErrorKind::DirectoryNotEmpty && Instant::now() < deadline => {}
            done => return done,
        }
    }
}

/// Removes a control group with everything below it, killing what still runs in it.
///
/// Waits at most `patience` for the kernel to let go of the last process.
pub fn remove_cgroup(path: &Path, patience: Duration) -> io::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    kill_cgroup(path);
    let deadline = Instant::now() + patience;
    let mut overdue = Instant::now() + OVERDUE.min(patience / 2);
    loop {
        match remove_groups(path) {
            Ok(()) => return Ok(()),
            Err(e) if Instant::now() > deadline => return Err(e),
            Err(_) if Instant::now() > overdue => {
                end_cgroup(path);
                overdue += OVERDUE;
            }
            Err(_) => wait_until_empty(path, deadline),
        }
    }
}

/// After which something keeps a process that was killed from dying.
const OVERDUE: Duration = Duration::from_secs(1);

/// Kills what runs in a control group and below it, also what waits for a file system that one of
/// them serves.
pub fn end_cgroup(path: &Path) {
    kill_cgroup(path);
    // Where that fails there is no such file system: it needs the same module.
    let _ = fuse::abort(path);
}

/// Kills what runs in a control group and below it.
fn kill_cgroup(path: &Path) {
    if fs::write(path.join("cgroup.kill"), "1").is_ok() {
        return;
    }
    // Before Linux 5.14. What is in other groups below is in init's PID namespace, and dies with it.
    let leaf = fs::read_to_string(path.join(crate::LEAF).join("cgroup.procs"));
    for process in leaf.unwrap_or_default().lines() {
        if let Some(process) = process.parse().ok().and_then(Pid::from_raw) {
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

/// Makes a lab's control group, if it is not there yet. As long as what is returned is open,
/// [`sweep_cgroup`] knows that somebody has it, whose processes may not be in it yet.
pub fn make_cgroup(path: &Path) -> io::Result<File> {
    loop {
        fs::create_dir_all(path)?;
        let made = File::open(path).and_then(|group| group.lock_shared().map(|()| group));
        // Who swept between the two steps had the lock, and the group is gone.
        match made {
            Ok(group) if is_there(&group, path)? => return Ok(group),
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
}

fn is_there(group: &File, path: &Path) -> io::Result<bool> {
    match rustix::fs::stat(path) {
        Ok(found) => Ok((found.st_dev, found.st_ino) == identity(group)?),
        Err(Errno::NOENT) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// Removes a lab's control group that nobody has and nobody lives in; any other stays.
pub fn sweep_cgroup(path: &Path) -> io::Result<()> {
    let group = File::open(path)?;
    if group.try_lock().is_err() {
        return Ok(());
    }
    // The whole tree below it: cgroups(7).
    let events = fs::read_to_string(path.join("cgroup.events"))?;
    if events.lines().any(|line| line == "populated 0") {
        remove_groups(path)?;
    }
    Ok(())
}

fn remove_groups(path: &Path) -> io::Result<()> {
    // The files of a group are the kernel's, and go with it.
    remove(path, |_, _| Ok(()))
}

/// Waits for `cgroup.events` to change, which the kernel signals as `POLLPRI`.
fn wait_until_empty(path: &Path, deadline: Instant) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let Ok(mut events) = File::open(path.join("cgroup.events")) else {
        return;
    };
    let mut text = String::new();
    let _ = io::Read::read_to_string(&mut events, &mut text);
    // A group can be refused for a moment after its last process is gone: look again soon.
    let left = deadline.saturating_duration_since(Instant::now());
    let left = left.min(Duration::from_millis(20));
    let timeout = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
    let _ = poll(&mut [PollFd::new(&events, PollFlags::PRI)], Some(&timeout));
}

type Done<T> = rustix::io::Result<T>;

/// What becomes of a file in a folder that is emptied.
type OfFiles = fn(&OwnedFd, &CString) -> Done<()>;

fn remove(path: &Path, of_files: OfFiles) -> io::Result<()> {
    let top = match openat(CWD, path, FOLDER, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(()),
        top => top?,
    };
    empty(top, of_files)?;
    match fs::remove_dir(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// A folder on the way down.
struct Folder {
    identity: (u64, u64),
    /// Folders in it that are still there; the last one is the one that is being emptied.
    left: Vec<CString>,
}

fn empty(top: OwnedFd, of_files: OfFiles) -> Done<()> {
    let mut here = top;
    let mut way = vec![enter(&here, of_files)?];
    while let Some(folder) = way.last_mut() {
        if let Some(name) = folder.left.last() {
            match step_down(&here, name) {
                Ok(inside) => {
                    way.push(enter(&inside, of_files)?);
                    here = inside;
                }
                Err(Errno::NOENT) => drop(folder.left.pop()),
                Err(e) => return Err(e),
            }
            continue;
        }
        way.pop();
        let Some(above) = way.last_mut() else {
            return Ok(());
        };
        here = openat(&here, c"..", FOLDER, Mode::empty())?;
        // Moved meanwhile: what is above now is none of ours.
        if identity(&here)? != above.identity {
            return Err(Errno::XDEV);
        }
        if let Some(name) = above.left.pop() {
            remove_entry(&here, &name, AtFlags::REMOVEDIR)?;
        }
    }
    Ok(())
}

fn step_down(folder: &OwnedFd, name: &CString) -> Done<OwnedFd> {
    let here = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    openat2(folder, name, FOLDER, Mode::empty(), here)
}

/// Rids a folder of all but its folders.
fn enter(folder: &OwnedFd, of_files: OfFiles) -> Done<Folder> {
    let identity = identity(folder)?;
    if identity.1 == SUBVOLUME {
        make_writable(folder);
    }
    let mut left = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_owned();
        if [c".", c".."].contains(&&*name) {
            continue;
        }
        let kind = match entry.file_type() {
            // Not every file system says it.
            FileType::Unknown => kind_of(folder, &name)?,
            kind => kind,
        };
        if kind == FileType::Directory {
            left.push(name);
        } else {
            of_files(folder, &name)?;
        }
    }
    Ok(Folder { identity, left })
}

/// The number of a subvolume's own folder (`BTRFS_FIRST_FREE_OBJECTID`, btrfs-ioctl(3)).
const SUBVOLUME: u64 = 256;

/// Lets a subvolume be emptied that was said to be only read. On any other file system it does
/// nothing; if it fails, the removal fails and says why.
fn make_writable(folder: &OwnedFd) {
    /// `BTRFS_IOC_SUBVOL_SETFLAGS`.
    const SET_FLAGS: Opcode = opcode::write::<u64>(0x94, 26);
    #[expect(unsafe_code, reason = "rustix has no ioctl of btrfs")]
    // SAFETY: the kernel reads the flags, of the size that the number says, and writes nothing.
    unsafe {
        let _ = ioctl(folder, Setter::<SET_FLAGS, u64>::new(0));
    }
}

fn kind_of(folder: &OwnedFd, name: &CString) -> Done<FileType> {
    let found = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(found.st_mode))
}

fn identity(folder: impl AsFd) -> Done<(u64, u64)> {
    fstat(folder).map(|found| (found.st_dev, found.st_ino))
}

fn unlink(folder: &OwnedFd, name: &CString) -> Done<()> {
    remove_entry(folder, name, AtFlags::empty())
}

fn remove_entry(folder: &OwnedFd, name: &CString, flags: AtFlags) -> Done<()> {
    match unlinkat(folder, name, flags) {
        Err(Errno::NOENT) => Ok(()),
        Err(Errno::PERM) => {
            unlock(folder);
            // Only these have what locks them (chattr(1)), and opening them does nothing else.
            if let FileType::RegularFile | FileType::Directory = kind_of(folder, name)? {
                let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC;
                openat(folder, name, flags, Mode::empty()).map(|file| unlock(&file))?;
            }
            unlinkat(folder, name, flags)
        }
        done => done,
    }
}

/// Lets a file or folder be removed, or removed from, that was said to stay as it is or only to
/// grow. If that fails, the removal fails again and says why.
fn unlock(file: &OwnedFd) {
    if let Ok(flags) = ioctl_getflags(file) {
        let _ = ioctl_setflags(file, flags - (IFlags::IMMUTABLE | IFlags::APPEND));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_in_which_somebody_still_makes_files() {
        let top = std::env::temp_dir().join(format!("sandbox-remove-{}", std::process::id()));
        let inner = top.join("inner");
        fs::create_dir_all(&inner).expect("made");
        let files: Vec<_> = (0..1000).map(|n| inner.join(n.to_string())).collect();
        for file in &files {
            File::create(file).expect("made");
        }
        let folder = File::open(&top).expect("opened");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // By then the outer folder has been emptied.
                while files.iter().step_by(100).all(|file| file.exists()) {}
                let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
                openat(&folder, "late", flags, Mode::RUSR).expect("made");
            });
            remove_tree(&top).expect("removed");
        });
        assert!(!top.exists());
    }
}

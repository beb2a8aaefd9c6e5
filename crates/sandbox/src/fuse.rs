//! Ends file systems whose server is a process of the sandbox.
//!
//! A process that waits for an answer of such a server can't be killed, and the server may be that
//! very process: dying, it touches memory that lies in a file of its own. Only the connection itself
//! can be ended (Documentation/filesystems/fuse, "Aborting a filesystem connection").

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, Mode, OFlags, openat, statat};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};

use crate::{ID_COUNT, range_of};

/// All connections of the sandbox with this control group.
///
/// A user namespace has made them for one of its own ids, wherever they are mounted, if anywhere. Of a
/// sandbox without one, those are found that are mounted where its processes are.
pub(crate) fn abort(cgroup: &Path) -> io::Result<()> {
    // Mounted nowhere, so that nobody else sees it.
    let context = fsopen("fusectl", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_create(&context)?;
    let flags = FsMountFlags::FSMOUNT_CLOEXEC;
    let control = fsmount(&context, flags, MountAttrFlags::empty())?;
    let name = cgroup.file_name().unwrap_or_default().to_string_lossy();
    let range = name.rsplit('-').next().and_then(range_of);
    let mounted = mounted(&name);
    for entry in Dir::new(openat(&control, ".", OFlags::DIRECTORY, Mode::empty())?)? {
        let entry = entry?;
        let connection = entry.file_name().to_string_lossy();
        // One that has ended by itself meanwhile is not there.
        let Ok(found) = statat(&control, &*connection, AtFlags::empty()) else {
            continue;
        };
        let is_in_range = range == Some(found.st_uid / ID_COUNT);
        if is_in_range || mounted.contains(&*connection) {
            let file = format!("{connection}/abort");
            if let Ok(file) = openat(&control, file, OFlags::WRONLY, Mode::empty()) {
                let _ = rustix::io::write(file, b"1");
            }
        }
    }
    Ok(())
}

/// The numbers of the connections that processes of this control group have mounted.
fn mounted(cgroup: &str) -> BTreeSet<String> {
    let mut theirs = BTreeSet::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let groups = fs::read_to_string(process.path().join("cgroup")).unwrap_or_default();
        if groups.contains(cgroup) {
            theirs.extend(connections(&process.path()));
        }
    }
    // What the machine has mounted itself may be shown inside, and is not the sandbox's.
    &theirs - &connections(Path::new("/proc/self"))
}

/// The numbers of the connections behind what a process has mounted (`proc_pid_mountinfo(5)`).
fn connections(process: &Path) -> BTreeSet<String> {
    let mounts = fs::read_to_string(process.join("mountinfo")).unwrap_or_default();
    let found = mounts.lines().filter_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let kind = right.split(' ').next()?;
        let is_fuse = kind.starts_with("fuse") && kind != "fusectl";
        let device = left.split(' ').nth(2)?;
        is_fuse.then(|| device.strip_prefix("0:").map(str::to_owned))?
    });
    found.collect()
}

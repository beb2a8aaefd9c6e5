//! Ends file systems whose server is a process of the sandbox.
//!
//! A process that waits for an answer of such a server can't be killed, and the server may be that
//! very process: dying, it touches memory that lies in a file of its own. Only the connection itself
//! can be ended (Documentation/filesystems/fuse, "Aborting a filesystem connection").

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::tree::STAGE;

/// Of all that is mounted where processes of this control group are.
pub(crate) fn abort(cgroup: &Path) {
    let name = cgroup.file_name().unwrap_or_default().to_string_lossy();
    // What the machine has mounted itself may be shown inside, and is not the sandbox's.
    let ours = connections(Path::new("/proc/self"));
    let mut theirs = BTreeSet::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let groups = fs::read_to_string(process.path().join("cgroup")).unwrap_or_default();
        if groups.contains(&*name) {
            theirs.extend(connections(&process.path()));
        }
    }
    let no_flags = MountFlags::empty();
    if theirs.is_subset(&ours) || mount("none", STAGE, "fusectl", no_flags, None).is_err() {
        return;
    }
    for connection in theirs.difference(&ours) {
        // One that has ended by itself meanwhile is not there.
        let _ = fs::write(Path::new(STAGE).join(connection).join("abort"), "1");
    }
    let _ = unmount(STAGE, UnmountFlags::DETACH);
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

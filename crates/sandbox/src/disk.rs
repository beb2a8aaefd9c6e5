//! Puts a file system that lies in a file of the machine into a sandbox that runs:
//! `disk INIT FILE KIND OPTIONS TARGET`.
//!
//! The root of a user namespace may mount no ext4, xfs or btrfs: the machine's root does it outside
//! and hands the mount over. It belongs to the sandbox's mount namespace alone and ends with it; so
//! does the loop device, which mount(8) asks the kernel to clear when nobody uses it any more.

use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Command, ExitCode};

use rustix::fs::CWD;
use rustix::mount::{MoveMountFlags, OpenTreeFlags, move_mount, open_tree};
use rustix::thread::{ThreadNameSpaceType, UnshareFlags, move_into_thread_name_spaces};

use crate::enter::{find, root_id};
use crate::{Fault, Result, Step, sys, tree};

/// Where it is mounted for a moment, in this process's own mount namespace.
const PLACE: &str = tree::STAGE;

pub(crate) fn main(args: impl Iterator<Item = String>) -> ExitCode {
    let args: Vec<String> = args.collect();
    match hand_over(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Fault { step, why }) => {
            complain!("{step}: {why}");
            ExitCode::FAILURE
        }
    }
}

fn hand_over(args: &[String]) -> Result<()> {
    let [init, file, kind, options, target] = args else {
        return Err("INIT FILE KIND OPTIONS TARGET expected").step(|| "arguments".into());
    };
    let (init, handle) = find(init)?;
    let root = root_id(init)?;

    sys::unshare(UnshareFlags::NEWNS).step(|| "own mount namespace".into())?;
    tree::detach_from_machine()?;
    let mount = Command::new("mount")
        .args(["-t", kind, "-o", &format!("loop,{options}"), file, PLACE])
        .output()
        .step(|| "start mount(8)".into())?;
    if !mount.status.success() {
        let words = String::from_utf8_lossy(&mount.stderr);
        return Err(words.trim()).step(|| "mount".into());
    }
    let made = || -> std::io::Result<()> {
        fs::set_permissions(PLACE, fs::Permissions::from_mode(0o755))?;
        chown(PLACE, Some(root), Some(root))
    };
    made().step(|| "hand the file system's root over".into())?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let mounted = open_tree(CWD, PLACE, flags).step(|| format!("take {PLACE}"))?;

    // From here on paths are the inside's, links of its own included. They can't lead out: the root
    // directory is the sandbox's by now, and the kernel mounts only in the namespace that one is in.
    move_into_thread_name_spaces(handle.as_fd(), ThreadNameSpaceType::MOUNT)
        .step(|| "enter the sandbox".into())?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(&mounted, "", CWD, target.as_str(), flags).step(|| format!("mount {target}"))
}

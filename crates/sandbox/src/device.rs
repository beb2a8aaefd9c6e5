//! Puts a device of the machine into a sandbox that runs: `device INIT MAJOR MINOR TARGET`.
//!
//! The root of a user namespace can make no device (`mknod(2)`): the machine's root makes the node
//! outside and hands it over. It belongs to the sandbox's mount namespace alone and ends with it.

use std::os::fd::AsFd;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::ExitCode;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use rustix::mount::{MountFlags, MoveMountFlags, OpenTreeFlags, mount, move_mount, open_tree};
use rustix::thread::{ThreadNameSpaceType, UnshareFlags, move_into_thread_name_spaces};

use crate::enter::{find, root_id};
use crate::{Fault, Result, Step, sys, tree};

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
    let [init, major, minor, target] = args else {
        return Err("INIT MAJOR MINOR TARGET expected").step(|| "arguments".into());
    };
    let number = |text: &String| text.parse::<u32>().step(|| text.clone());
    let device = makedev(number(major)?, number(minor)?);
    let (init, handle) = find(init)?;
    let root = root_id(init)?;

    sys::unshare(UnshareFlags::NEWNS).step(|| "own mount namespace".into())?;
    tree::detach_from_machine()?;
    // On one that a user namespace has mounted, no device can be opened.
    mount("none", tree::STAGE, "tmpfs", MountFlags::NOEXEC, None)
        .step(|| "a place for the node".into())?;
    let node = Path::new(tree::STAGE).join("node");
    let owner = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, &node, FileType::BlockDevice, owner, device).step(|| "make the node".into())?;
    chown(&node, Some(root), Some(root)).step(|| "hand the node over".into())?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let node = open_tree(CWD, &node, flags).step(|| "take the node".into())?;

    // From here on paths are the inside's, links of its own included. They can't lead out: the root
    // directory is the sandbox's by now, and the kernel mounts only in the namespace that one is in.
    move_into_thread_name_spaces(handle.as_fd(), ThreadNameSpaceType::MOUNT)
        .step(|| "enter the sandbox".into())?;
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(&node, "", CWD, target.as_str(), flags).step(|| format!("mount {target}"))
}

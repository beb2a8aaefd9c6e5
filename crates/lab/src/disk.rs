//! File systems of a lab's own, each in a file, to put under an engine's store.

use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::path::Path;

use sandbox::{ID_BASE, Kind};

use crate::modules;
use crate::start::Lab;

/// A file system to be made.
#[derive(Clone, Copy, Debug)]
pub struct Disk {
    /// Its folder at level 0 is `/mnt/NAME`.
    pub name: &'static str,
    /// As `/proc/filesystems` calls it.
    pub filesystem: &'static str,
    /// The command line that makes it in a file, whose path is added.
    pub make: &'static [&'static str],
    /// Options of its mount, separated by commas (`mount(8)`).
    pub options: &'static str,
    /// Its size in bytes; the file takes only what is written.
    pub bytes: u64,
}

/// Why a file system is not there, in the words of what refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoDisk {
    /// The kernel does not have it, or not this form of it.
    NotOnThisKernel(String),
    /// It takes a loop device, and this machine gives none.
    NotWithoutRoot(String),
    /// The tool that makes it refused.
    NotMade(String),
}

impl fmt::Display for NoDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::NotOnThisKernel(why) | Self::NotWithoutRoot(why) | Self::NotMade(why)) = self;
        f.write_str(why)
    }
}

/// What mount(8) says where there is no loop device for it.
const NO_LOOP: &[&str] = &["failed to setup loop device", "find an unused loop device"];

impl Lab {
    /// Makes a file system and mounts it at level 0: its folder there. It goes with the lab, or when
    /// it is unmounted.
    pub fn disk(&self, disk: &Disk) -> Result<String, NoDisk> {
        if !modules::has_filesystem(disk.filesystem) {
            let why = format!("/proc/filesystems has no {}", disk.filesystem);
            return Err(NoDisk::NotOnThisKernel(why));
        }
        // The same file, as the machine and as the lab names it.
        let name = format!("tmp/{}.img", disk.name);
        let (outside, inside) = (
            self.held.state().join("var").join(&name),
            format!("/var/{name}"),
        );
        let sized = File::create_new(&outside).and_then(|file| file.set_len(disk.bytes));
        let sized = sized.and_then(|()| match self.kind() {
            Kind::User => chown(&outside, Some(ID_BASE), Some(ID_BASE)),
            Kind::Root => Ok(()),
        });
        sized.map_err(|why| NoDisk::NotMade(format!("{inside}: {why}")))?;
        let target = format!("/mnt/{}", disk.name);
        let attached = self
            .make(disk, &inside, &target)
            .and_then(|()| self.mount(disk, &outside, target.clone()));
        // What is mounted stays; nobody in the lab can write past the file system any more.
        let _ = fs::remove_file(&outside);
        attached
    }

    fn make(&self, disk: &Disk, file: &str, target: &str) -> Result<(), NoDisk> {
        // The folder, too: the machine's root has no id in the lab's own memory file systems.
        for argv in [&[disk.make, &[file]].concat(), &vec!["mkdir", target]] {
            match self.level0().run(argv) {
                Ok(output) if output.success() => {}
                Ok(output) => return Err(NoDisk::NotMade(output.stderr.trim().to_owned())),
                Err(report) => return Err(NoDisk::NotMade(report.to_string())),
            }
        }
        Ok(())
    }

    fn mount(&self, disk: &Disk, file: &Path, target: String) -> Result<String, NoDisk> {
        let handed = self
            .held
            .hand_over(file, disk.filesystem, disk.options, &target);
        let without_loop = |why: &String| NO_LOOP.iter().any(|words| why.contains(words));
        handed.map(|()| target).map_err(|why| {
            if without_loop(&why) {
                NoDisk::NotWithoutRoot(why)
            } else {
                NoDisk::NotOnThisKernel(why)
            }
        })
    }
}

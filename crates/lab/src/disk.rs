//! File systems of a lab's own, each in a file, to put under an engine's store.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use duct::cmd;
use program::patient;
use rustix::fs::{SeekFrom, ioctl_ficlone, seek};
use rustix::io::Errno;

use crate::held::Kind;
use crate::modules;
use crate::start::Lab;

/// A file system to be made.
#[derive(Clone, Copy, Debug)]
pub struct Disk {
    /// Its folder at level 0 is `/mnt/NAME`.
    pub name: &'static str,
    /// As `/proc/filesystems` calls it.
    pub filesystem: &'static str,
    /// The command line that makes it in a file, whose path is added: a program of the lab's
    /// packages.
    pub make: &'static [&'static str],
    /// Options of its mount, separated by commas (`mount(8)`).
    pub options: &'static str,
    /// Its size in bytes; the file takes only what is written.
    pub bytes: u64,
}

/// A file system that a lab has, or a folder of its own storage in the place of one.
#[derive(Debug)]
pub struct FileSystem {
    folder: String,
    /// `None` of a folder.
    own: Option<Own>,
}

/// What makes it a file system of its own. While this value is there, so is its device.
#[derive(Debug)]
struct Own {
    /// What is on its device. The inside never had the file, so that nobody in the lab can write
    /// past the file system, nor have the machine mount what he wrote.
    image: File,
    /// Its loop device, held: the inside can unmount the file system, and then the device of that
    /// number would soon be somebody else's.
    device: File,
}

impl FileSystem {
    /// Its folder at level 0.
    #[must_use]
    pub fn folder(&self) -> &str {
        &self.folder
    }

    fn own(&self) -> Result<&Own, NoDisk> {
        self.own.as_ref().ok_or_else(|| NoDisk::NotWithoutRoot(ROOTS_ALONE.to_owned()))
    }
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

/// Who sets up a loop device (`LOOP_CTL_GET_FREE` asks for the machine's `CAP_SYS_ADMIN`).
const ROOTS_ALONE: &str = "a loop device is set up by the machine's root alone";

/// How long making one may take, on a loaded machine.
const MAKE_DEADLINE: Duration = Duration::from_secs(120);

/// What mount(8) says where there is no loop device for it.
const NO_LOOP: &[&str] = &["failed to setup loop device", "find an unused loop device"];

impl Lab {
    /// Makes a file system and mounts it at level 0. It goes when it is dropped and either unmounted
    /// or its lab gone.
    pub fn disk(&self, disk: &Disk) -> Result<FileSystem, NoDisk> {
        self.disk_of(disk, |_, file| self.make(disk, file))
    }

    /// The same, but in a lab of an ordinary user, who can have none, a folder of the lab's own storage.
    pub fn disk_or_folder(&self, disk: &Disk) -> Result<FileSystem, NoDisk> {
        if self.kind() != Kind::Rootless {
            return self.disk(disk);
        }
        let folder = format!("/var/lib/{}", disk.name);
        self.does(&["mkdir", &folder])?;
        Ok(FileSystem { folder, own: None })
    }

    /// Takes it away.
    pub fn clear(&self, of: FileSystem) -> Result<(), NoDisk> {
        let FileSystem { folder, own } = of;
        let script = match own {
            Some(_) => "umount --lazy $1 && rmdir $1",
            None => "rm -rf $1",
        };
        let cleared = self.does(&["sh", "-c", script, "sh", &folder]);
        // Its device, which it has until it is unmounted.
        drop(own);
        cleared
    }

    /// A file system with what another one, of any lab of the same kind, has on its device at this
    /// moment: what a loss of power would leave of it. It is made by nothing else: `make` of the
    /// disk is not asked.
    pub fn disk_after_power_cut(&self, of: &FileSystem, disk: &Disk) -> Result<FileSystem, NoDisk> {
        self.disk_of(disk, |image, _| {
            let own = of.own()?;
            copy_of_a_moment(&own.image, image)
                .map_err(|why| NoDisk::NotMade(format!("{}: {why}", disk.name)))
        })
    }

    /// The device that a file system lies on (of one that has one: ext4, xfs), as a node at level 0:
    /// what a machine has of its own disk, and what an engine hands to every privileged container.
    /// Its path.
    pub fn device(&self, of: &FileSystem) -> Result<String, NoDisk> {
        let not_made = |why: &dyn fmt::Display| NoDisk::NotMade(why.to_string());
        let device = of.own()?.device.metadata().map_err(|why| not_made(&why))?.rdev();
        let name = of.folder.trim_start_matches("/mnt/");
        let node = format!("/dev/{name}");
        self.does(&["touch", &node])?;
        let handed = self.held.hand_over_device(device, &node);
        handed.map_err(|why| not_made(&why))?;
        Ok(node)
    }

    fn disk_of(
        &self,
        disk: &Disk,
        write: impl FnOnce(&File, &Path) -> Result<(), NoDisk>,
    ) -> Result<FileSystem, NoDisk> {
        if self.kind() == Kind::Rootless {
            return Err(NoDisk::NotWithoutRoot(ROOTS_ALONE.to_owned()));
        }
        if !modules::has_filesystem(disk.filesystem) {
            let why = format!("/proc/filesystems has no {}", disk.filesystem);
            return Err(NoDisk::NotOnThisKernel(why));
        }
        let not_made = |why: io::Error| NoDisk::NotMade(format!("{}: {why}", disk.name));
        // Beside what the inside sees of the lab's files.
        let file = self.held.state().join(format!("{}.img", disk.name));
        let made = || -> io::Result<File> {
            let mut options = File::options();
            let image = options.read(true).write(true).create_new(true).open(&file)?;
            image.set_len(disk.bytes)?;
            Ok(image)
        };
        let image = made().map_err(not_made)?;
        let folder = format!("/mnt/{}", disk.name);
        let attached = write(&image, &file)
            // By the lab's own root: the machine's has no id in the lab's memory file systems.
            .and_then(|()| self.does(&["mkdir", &folder]))
            .and_then(|()| self.mount(disk, &file, &folder))
            .and_then(|()| loop_device(&file).map_err(not_made));
        // What is mounted stays.
        let _ = fs::remove_file(&file);
        attached.map(|device| FileSystem { folder, own: Some(Own { image, device }) })
    }

    /// Makes it on the machine, where the inside has no hand in it, by the lab's own packages.
    fn make(&self, disk: &Disk, file: &Path) -> Result<(), NoDisk> {
        let not_made = |why: &dyn fmt::Display| NoDisk::NotMade(why.to_string());
        let bundle = &self.bundle().path;
        let [program, flags @ ..] = disk.make else {
            return Err(not_made(&"no program makes it"));
        };
        let (loader, libraries) = loader(bundle).map_err(|why| not_made(&why))?;
        let mut line: Vec<OsString> = vec!["--library-path".into(), libraries.into()];
        line.push(bundle.join("usr/sbin").join(program).into());
        line.extend(flags.iter().map(Into::into));
        // By its name alone: refusals quote it, and records keep refusals.
        line.extend(file.file_name().map(OsString::from));
        let started = cmd(loader, line)
            .dir(self.held.state())
            .env("MKE2FS_CONFIG", bundle.join("etc/mke2fs.conf"))
            .env("LC_ALL", "C.UTF-8")
            .stdin_null()
            .stdout_null()
            .stderr_capture()
            .unchecked()
            .start()
            .map_err(|why| not_made(&why))?;
        if let Ok(None) = started.wait_timeout(patient(MAKE_DEADLINE)) {
            let _ = started.kill();
            let seconds = patient(MAKE_DEADLINE).as_secs();
            return Err(not_made(&format!("{program}: no end after {seconds} s")));
        }
        let output = started.into_output().map_err(|why| not_made(&why))?;
        if output.status.success() {
            return Ok(());
        }
        Err(not_made(&String::from_utf8_lossy(&output.stderr).trim()))
    }

    fn does(&self, argv: &[&str]) -> Result<(), NoDisk> {
        match self.level0().run(argv) {
            Ok(output) if output.success() => Ok(()),
            Ok(output) => Err(NoDisk::NotMade(output.stderr.trim().to_owned())),
            Err(report) => Err(NoDisk::NotMade(program::one_line(&report))),
        }
    }

    fn mount(&self, disk: &Disk, file: &Path, target: &str) -> Result<(), NoDisk> {
        let handed = self.held.hand_over(file, disk.filesystem, disk.options, target);
        let without_loop = |why: &String| NO_LOOP.iter().any(|words| why.contains(words));
        handed.map_err(|why| {
            if without_loop(&why) {
                NoDisk::NotWithoutRoot(why)
            } else {
                NoDisk::NotOnThisKernel(why)
            }
        })
    }
}

/// What starts a program of a bundle where its libraries are not, and where they are (ld.so(8)).
pub(crate) fn loader(bundle: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let libraries = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    for folder in ["usr/lib64", "usr/lib"] {
        for entry in fs::read_dir(bundle.join(folder)).into_iter().flatten() {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("ld-linux") {
                return Ok((entry.path(), bundle.join(libraries)));
            }
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "no ld-linux in the bundle"))
}

/// The loop device that lies on this file.
fn loop_device(file: &Path) -> io::Result<File> {
    for device in fs::read_dir("/sys/block")?.flatten() {
        let lies_on = || fs::read_to_string(device.path().join("loop/backing_file"));
        let is_it = || lies_on().is_ok_and(|name| Path::new(name.trim_end()) == file);
        if !is_it() {
            continue;
        }
        let opened = File::open(Path::new("/dev").join(device.file_name()))?;
        // From here on it stays what it is, if it still is that.
        if is_it() {
            return Ok(opened);
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// How often a file that is written to meanwhile is copied until it holds still for a moment.
const TRIES: u32 = 50;

/// How much of it is compared at once.
const CHUNK: usize = 1 << 20;

/// Copies a file that somebody else writes to, as it is at one moment. Where the file system can
/// share blocks, the kernel does it; elsewhere until nothing differs any more: then nothing was
/// written between the end of one pass and the beginning of the next.
fn copy_of_a_moment(from: &File, to: &File) -> io::Result<()> {
    if ioctl_ficlone(to, from).is_ok() {
        return Ok(());
    }
    for _ in 0..TRIES {
        if !catch_up(from, to)? {
            return Ok(());
        }
    }
    let why = "it was written to all the time";
    Err(io::Error::new(io::ErrorKind::ResourceBusy, why))
}

/// Copies what differs, but for what the file has no block of; whether anything did.
fn catch_up(from: &File, to: &File) -> io::Result<bool> {
    let (mut new, mut old) = (vec![0; CHUNK], vec![0; CHUNK]);
    let (mut position, mut differed) = (0, false);
    loop {
        position = match seek(from, SeekFrom::Data(position)) {
            Ok(data) => data,
            // Nothing but a hole until its end.
            Err(Errno::NXIO) => return Ok(differed),
            Err(why) => return Err(why.into()),
        };
        let end = seek(from, SeekFrom::Hole(position))?;
        while position < end {
            let length = usize::try_from(end - position).unwrap_or(CHUNK).min(CHUNK);
            let (new, old) = (&mut new[..length], &mut old[..length]);
            from.read_exact_at(new, position)?;
            to.read_exact_at(old, position)?;
            if new != old {
                to.write_all_at(new, position)?;
                differed = true;
            }
            position += length as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_the_same_bytes_and_no_more_blocks_than_it_needs() {
        let (from, to) =
            (tempfile::tempfile().expect("a file"), tempfile::tempfile().expect("another"));
        for file in [&from, &to] {
            file.set_len(64 << 20).expect("sized");
        }
        from.write_all_at(b"near", 0).expect("written");
        from.write_all_at(b"far", 40 << 20).expect("written");
        assert!(catch_up(&from, &to).expect("copied"));
        assert!(!catch_up(&from, &to).expect("compared"));
        from.write_all_at(b"more", 20 << 20).expect("written");
        copy_of_a_moment(&from, &to).expect("copied");
        let mut read = [0; 4];
        to.read_exact_at(&mut read, 20 << 20).expect("read");
        assert_eq!(&read, b"more");
        let blocks = |file: &File| {
            use std::os::unix::fs::MetadataExt;
            file.metadata().expect("there").blocks()
        };
        assert!(blocks(&to) * 512 < 8 << 20, "{}", blocks(&to));
    }
}

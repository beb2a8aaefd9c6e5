//! Disks: file systems that are filled from an archive as it is made, without root and without mounting.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};

use miette::Result;
use program::failure;
use tar::{Builder, EntryType, Header};

use crate::sets::program_of;

const ROOM: &str = "free some disk space in the cache directory";

/// Sizes are limits: what is not written takes no room.
pub(crate) const SIZE: &str = "16G";

/// What is put on a disk.
pub(crate) struct Content(Builder<ChildStdin>);

/// Fills a new disk in this file by the `mke2fs` among these tools.
pub(crate) fn make(
    tools: &Path,
    file: &File,
    put: impl FnOnce(&mut Content) -> io::Result<()>,
) -> Result<()> {
    let what = "a machine's disk can't be made";
    let explain = |why: io::Error| failure(what, why.to_string(), ROOM);
    let mut mke2fs = program_of(tools, "usr/sbin/mke2fs", None);
    // No journal: a disk never outlives a machine that has written to it.
    mke2fs.args(["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-E", "nodiscard"]);
    mke2fs.args(["-d", "-"]).arg(path_of(file)).arg(SIZE);
    let mut child: Child = mke2fs
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(explain)?;
    let filled = child.stdin.take().ok_or_else(|| io::Error::other("no input"));
    let filled = filled.and_then(|stdin| {
        let mut content = Content(Builder::new(stdin));
        put(&mut content)?;
        content.0.into_inner().map(drop)
    });
    let output = child.wait_with_output().map_err(explain)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(failure(what, format!("mke2fs: {said}"), ROOM));
    }
    filled.map_err(explain)
}

/// How another program of this process's opens a file that may have no name.
pub(crate) fn path_of(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()))
}

impl Content {
    /// A folder.
    pub(crate) fn folder(&mut self, path: &str, owner: u32) -> io::Result<()> {
        let mut header = header(EntryType::Directory, 0o755, owner);
        self.0.append_data(&mut header, path, io::empty())
    }

    /// A file.
    pub(crate) fn file(&mut self, path: &str, mode: u32, text: &[u8]) -> io::Result<()> {
        let mut header = header(EntryType::Regular, mode, 0);
        header.set_size(text.len() as u64);
        self.0.append_data(&mut header, path, text)
    }

    /// A file of this machine.
    pub(crate) fn copy(&mut self, path: &str, from: &Path) -> io::Result<()> {
        self.entry(Path::new(path), from, &fs::metadata(from)?, 0)
    }

    /// A tree of this machine, all of it this owner's, but for entries of the names that are left out.
    pub(crate) fn tree(
        &mut self,
        to: &str,
        from: &Path,
        owner: u32,
        left_out: &[&str],
    ) -> io::Result<()> {
        let mut next = vec![PathBuf::new()];
        while let Some(folder) = next.pop() {
            for entry in fs::read_dir(from.join(&folder))? {
                let entry = entry?;
                let path = folder.join(entry.file_name());
                if left_out.iter().any(|name| path == Path::new(name)) {
                    continue;
                }
                let meta = entry.metadata()?;
                self.entry(&Path::new(to).join(&path), &entry.path(), &meta, owner)?;
                if meta.is_dir() {
                    next.push(path);
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, to: &Path, from: &Path, meta: &Metadata, owner: u32) -> io::Result<()> {
        let kind = match meta {
            _ if meta.is_dir() => EntryType::Directory,
            _ if meta.is_symlink() => EntryType::Symlink,
            _ if meta.is_file() => EntryType::Regular,
            _ => return Err(io::Error::other(format!("{}: no file", from.display()))),
        };
        let mut header = header(kind, meta.mode() & 0o7777, owner);
        if meta.is_symlink() {
            let target = fs::read_link(from)?;
            return self.0.append_link(&mut header, to, target);
        }
        if meta.is_dir() {
            return self.0.append_data(&mut header, to, io::empty());
        }
        header.set_size(meta.len());
        let file = File::open(from)?;
        self.0.append_data(&mut header, to, file)
    }
}

fn header(kind: EntryType, mode: u32, owner: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(owner.into());
    header.set_gid(owner.into());
    header.set_size(0);
    header.set_mtime(0);
    header
}

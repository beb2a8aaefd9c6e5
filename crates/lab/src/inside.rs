//! What this process, the machine's root, may do with a path of the inside.
//!
//! Whoever is root in a lab plants links and mounts where he likes: followed on the machine, a link to
//! `/etc` is the machine's own. So no path of the inside is ever joined to another one here. A
//! folder of the inside is a descriptor, and paths are resolved from it as if it were `/`
//! (`RESOLVE_IN_ROOT`, openat2(2)). A level's own root is found by the kernel's word alone: through
//! the machine's `/proc`, by the number that a process has on the machine.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    Advice, AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, chownat, fchmod, mkdirat,
    open, openat, openat2, readlinkat, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::Pid;

/// What is read of a file at most: one of the inside may have no end.
const MOST_BYTES: u64 = 256 << 20;

/// How often a path is resolved again that changed meanwhile (`EAGAIN`, openat2(2)).
const TRIES: u32 = 100;

const HANDLE: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);

/// A process of a lab, by its directory in the machine's `/proc`: nobody else ever gets that.
#[derive(Debug)]
pub(crate) struct Process(OwnedFd);

impl Process {
    fn of_machine(number: i32) -> io::Result<Self> {
        let flags = HANDLE | OFlags::DIRECTORY;
        Ok(Self(open(format!("/proc/{number}"), flags, Mode::empty())?))
    }

    /// The one that has this number on the machine, if it is in the lab with this control group.
    pub(crate) fn of_group(lab: &str, number: i32) -> io::Result<Self> {
        let process = Self::of_machine(number)?;
        // A process that has died leaves its number free for a stranger.
        let groups = fs::read_to_string(process.path().join("cgroup"))?;
        if groups.contains(lab) {
            return Ok(process);
        }
        Err(Errno::SRCH.into())
    }

    /// The same, if it or who has started it is in this PID namespace. A namespace within has its own
    /// name, and is made by a process of the one around.
    pub(crate) fn of_space(space: &Path, number: i32) -> io::Result<Self> {
        let process = Self::of_machine(number)?;
        let mut at = number;
        while sandbox::space_of(numbered(at)?)? != space {
            at = parent(at)?;
        }
        Ok(process)
    }

    /// The same, if that one has started it.
    pub(crate) fn of_parent(starter: u32, number: i32) -> io::Result<Self> {
        let process = Self::of_machine(number)?;
        if parent(number)?.cast_unsigned() == starter {
            return Ok(process);
        }
        Err(Errno::SRCH.into())
    }

    /// The one with this mark ([`sandbox::mark`]).
    pub(crate) fn marked(by: &str) -> io::Result<Self> {
        let process = Self::of_machine(sandbox::marked(by)?)?;
        // Again, once its directory is there.
        sandbox::marked(by).map(|_| process)
    }

    /// Its directory, as this process and its children can reach it. What is in it is the kernel's,
    /// but what its links lead to is not.
    pub(crate) fn path(&self) -> PathBuf {
        let (own, handle) = (std::process::id(), self.0.as_raw_fd());
        PathBuf::from(format!("/proc/{own}/fd/{handle}"))
    }

    /// Its root directory by now; an error once it is dead.
    pub(crate) fn root(&self) -> io::Result<Folder> {
        // The kernel's own link, which takes no path.
        let root = openat(&self.0, "root", HANDLE | OFlags::DIRECTORY, Mode::empty())?;
        Ok(Folder(root))
    }
}

/// A folder of the inside. Paths in it are resolved as if it were the root directory, absolute links
/// included, and never lead out of it.
#[derive(Debug)]
pub struct Folder(OwnedFd);

impl Folder {
    /// A folder of the machine.
    pub fn of_machine(path: &Path) -> io::Result<Self> {
        let folder = open(path, HANDLE | OFlags::DIRECTORY, Mode::empty())?;
        Ok(Self(folder))
    }

    fn resolve(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        self.resolve_so(path, flags, ResolveFlags::empty())
    }

    fn resolve_so(&self, path: &Path, flags: OFlags, more: ResolveFlags) -> io::Result<OwnedFd> {
        let how = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | more;
        let mut tries = 0;
        loop {
            match openat2(&self.0, path, flags, Mode::empty(), how) {
                Err(Errno::AGAIN) if tries < TRIES => tries += 1,
                done => return Ok(done?),
            }
        }
    }

    /// A folder in it.
    pub fn folder(&self, path: impl AsRef<Path>) -> io::Result<Self> {
        let handle = self.resolve(path.as_ref(), HANDLE | OFlags::DIRECTORY)?;
        Ok(Self(handle))
    }

    /// What `stat(2)` says of a path, links followed.
    pub fn metadata(&self, path: impl AsRef<Path>) -> io::Result<fs::Metadata> {
        File::from(self.resolve(path.as_ref(), HANDLE)?).metadata()
    }

    /// Whether there is such a path.
    #[must_use]
    pub fn has(&self, path: impl AsRef<Path>) -> bool {
        self.resolve(path.as_ref(), HANDLE).is_ok()
    }

    /// A file's content.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let handle = File::from(self.resolve(path.as_ref(), HANDLE)?);
        // Of anything else, opening it may wait without end, or do something.
        if !handle.metadata()?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut bytes = Vec::new();
        let file = File::open(near(&handle))?;
        file.take(MOST_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The same as text.
    pub fn read_to_string(&self, path: impl AsRef<Path>) -> io::Result<String> {
        let text = String::from_utf8(self.read(path)?);
        text.map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))
    }

    /// Where a link leads to, also one of the kernel's in `/proc`.
    pub fn read_link(&self, path: impl AsRef<Path>) -> io::Result<PathBuf> {
        let link = self.resolve(path.as_ref(), HANDLE | OFlags::NOFOLLOW)?;
        let target = readlinkat(&link, "", Vec::new())?;
        Ok(OsString::from_vec(target.into_bytes()).into())
    }

    /// What is in a folder, with what `lstat(2)` says of it. What goes meanwhile is left out.
    pub fn entries(&self, path: impl AsRef<Path>) -> io::Result<Vec<(OsString, Stat)>> {
        let folder = self.folder(path)?;
        let mut entries = Vec::new();
        for name in folder.names(".")? {
            match statat(&folder.0, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(found) => entries.push((name, found)),
                Err(Errno::NOENT | Errno::SRCH) => {}
                Err(why) => return Err(why.into()),
            }
        }
        Ok(entries)
    }

    /// The names in a folder.
    pub fn names(&self, path: impl AsRef<Path>) -> io::Result<Vec<OsString>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut names = Vec::new();
        for entry in Dir::new(self.resolve(path.as_ref(), flags)?)? {
            let entry = entry?;
            let name = entry.file_name();
            if ![c".", c".."].contains(&name) {
                names.push(OsString::from_vec(name.to_bytes().to_vec()));
            }
        }
        Ok(names)
    }

    /// This folder itself, for what only an open one can be asked.
    pub fn open(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(File::from(openat(&self.0, ".", flags, Mode::empty())?))
    }

    /// Asks the kernel to forget what it holds in memory of the files below, on this folder's own file
    /// system: all that is written already and that no program runs from. What is gone meanwhile, or
    /// is no plain file, is passed by.
    pub(crate) fn evict(&self) -> io::Result<()> {
        let device = rustix::fs::fstat(&self.0)?.st_dev;
        let mut folders = vec![PathBuf::from(".")];
        while let Some(folder) = folders.pop() {
            for (name, found) in self.entries(&folder).unwrap_or_default() {
                if found.st_dev != device {
                    continue;
                }
                match FileType::from_raw_mode(found.st_mode) {
                    FileType::Directory => folders.push(folder.join(name)),
                    FileType::RegularFile => self.evict_file(&folder.join(name)),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn evict_file(&self, path: &Path) {
        let Ok(handle) = self.resolve(path, HANDLE | OFlags::NOFOLLOW).map(File::from) else {
            return;
        };
        // Of anything but a file, opening it may wait without end, or do something.
        if handle.metadata().is_ok_and(|found| found.is_file())
            && let Ok(file) = File::open(near(&handle))
        {
            let _ = rustix::fs::fadvise(&file, 0, None, Advice::DontNeed);
        }
    }

    /// Connects to a socket. Its path may be longer than a socket's address (unix(7)).
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<UnixStream> {
        let socket = File::from(self.resolve(path.as_ref(), HANDLE)?);
        UnixStream::connect(near(&socket))
    }

    /// The same on this folder's own file system: one of user space that somebody has mounted on the way
    /// need never answer, and whoever waits for it can't be killed. An ordinary user's lab is one in whose
    /// file systems the user's processes may wait (`fuse_allow_current_process` in fs/fuse/dir.c).
    pub fn connect_near(&self, path: impl AsRef<Path>) -> io::Result<UnixStream> {
        let socket = self.resolve_so(path.as_ref(), HANDLE, ResolveFlags::NO_XDEV)?;
        UnixStream::connect(near(&File::from(socket)))
    }

    /// A file's content, on this folder's own file system.
    pub fn read_near(&self, path: impl AsRef<Path>) -> io::Result<String> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = self.resolve_so(path.as_ref(), flags, ResolveFlags::NO_XDEV)?;
        let mut text = String::new();
        File::from(file).take(MOST_BYTES).read_to_string(&mut text)?;
        Ok(text)
    }

    /// Writes a file of this mode anew, with the folders to it, as this folder's owner: level 0's
    /// root, for level 0's root directory.
    pub fn write(&self, path: impl AsRef<Path>, content: &[u8], mode: u32) -> io::Result<()> {
        let (folder, name) = self.make_way(path.as_ref())?;
        match unlinkat(&folder.0, &name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(why) => return Err(why.into()),
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mut file = File::from(openat(&folder.0, &name, flags, Mode::RUSR | Mode::WUSR)?);
        self.give(&file, "")?;
        file.write_all(content)?;
        // What was asked for, whatever this process's mask is.
        fchmod(&file, Mode::from_raw_mode(mode))?;
        Ok(())
    }

    /// The folder of a path, made if need be, and the last part of the path.
    fn make_way(&self, path: &Path) -> io::Result<(Self, OsString)> {
        let mut parts: Vec<OsString> = Vec::new();
        for part in path.components() {
            match part {
                Component::Normal(part) => parts.push(part.to_owned()),
                Component::RootDir | Component::CurDir => {}
                _ => return Err(io::ErrorKind::InvalidInput.into()),
            }
        }
        let name = parts.pop().ok_or(io::ErrorKind::InvalidInput)?;
        let (mut way, mut folder) = (PathBuf::new(), self.folder(".")?);
        for part in parts {
            way.push(&part);
            folder = match self.folder(&way) {
                Err(why) if why.kind() == io::ErrorKind::NotFound => {
                    mkdirat(&folder.0, &part, Mode::from_raw_mode(0o755))?;
                    self.give(&folder.0, &part)?;
                    self.folder(&way)?
                }
                there => there?,
            };
        }
        Ok((folder, name))
    }

    /// Makes something its owner's.
    fn give(&self, folder: impl std::os::fd::AsFd, name: impl AsRef<Path>) -> io::Result<()> {
        let owner = rustix::fs::fstat(&self.0)?;
        let (user, group) = (owner.st_uid, owner.st_gid);
        chownat(
            folder,
            name.as_ref(),
            Some(rustix::fs::Uid::from_raw(user)),
            Some(rustix::fs::Gid::from_raw(group)),
            AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW,
        )?;
        Ok(())
    }
}

fn numbered(process: i32) -> io::Result<Pid> {
    Pid::from_raw(process).ok_or_else(|| Errno::SRCH.into())
}

/// Who has started a process, or has taken it over from who did.
fn parent(process: i32) -> io::Result<i32> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let number = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    number.and_then(|number| number.trim().parse().ok()).ok_or_else(|| Errno::SRCH.into())
}

/// A path to what this process holds a handle on.
fn near(handle: &File) -> PathBuf {
    Path::new("/proc/self/fd").join(handle.as_raw_fd().to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use rustix::fs::CWD;

    use super::*;

    /// A machine with a secret beside the folder that is the inside, and in there ways to it.
    fn planted() -> (tempfile::TempDir, Folder) {
        let machine = tempfile::tempdir().expect("a folder");
        let (secret, inside) = (machine.path().join("secret"), machine.path().join("inside"));
        for folder in [&secret, &inside, &inside.join("own")] {
            fs::create_dir(folder).expect("made");
        }
        fs::write(secret.join("file"), "secret").expect("written");
        fs::write(inside.join("own/file"), "own").expect("written");
        symlink(&secret, inside.join("absolute")).expect("linked");
        symlink("../../secret", inside.join("own/relative")).expect("linked");
        symlink("/proc/self/fd/0/../../../../..", inside.join("magic")).expect("linked");
        symlink("/own", inside.join("fine")).expect("linked");
        let folder = Folder::of_machine(&inside).expect("opened");
        (machine, folder)
    }

    #[test]
    fn no_link_leads_out() {
        let (machine, folder) = planted();
        for way in ["absolute", "own/relative", "../secret", "own/../../secret", "magic"] {
            let path = Path::new(way).join("file");
            assert!(!folder.has(&path), "{way}");
            assert!(folder.metadata(&path).is_err(), "{way}");
            assert!(folder.read(&path).is_err(), "{way}");
            assert!(folder.entries(way).is_err(), "{way}");
            assert!(folder.connect(&path).is_err(), "{way}");
            let _ = folder.write(path, b"broken", 0o644);
        }
        let secret = machine.path().join("secret");
        let names: Vec<_> = fs::read_dir(&secret).expect("read").flatten().collect();
        assert_eq!(names.len(), 1);
        let text = fs::read_to_string(secret.join("file")).expect("read");
        assert_eq!(text, "secret");
    }

    #[test]
    fn links_within_are_followed() {
        let (_machine, folder) = planted();
        assert_eq!(folder.read_to_string("/fine/file").expect("read"), "own");
        let link = folder.read_link("fine").expect("read");
        assert_eq!(link, Path::new("/own"));
        let mut names = folder.names("fine").expect("read");
        names.sort();
        assert_eq!(names, ["file", "relative"]);
    }

    #[test]
    fn what_is_written_is_there_and_the_owners() {
        let (machine, folder) = planted();
        folder.write("/a/b/file", b"long", 0o600).expect("written");
        folder.write("/a/b/file", b"new", 0o755).expect("written");
        let file = machine.path().join("inside/a/b/file");
        assert_eq!(fs::read_to_string(&file).expect("read"), "new");
        let found = fs::metadata(&file).expect("there");
        assert_eq!(found.permissions().mode() & 0o7777, 0o755);
        let owner = folder.metadata(".").expect("there").uid();
        assert_eq!(found.uid(), owner);
        folder.write("/own", b"", 0o644).expect_err("a folder");
    }

    #[test]
    fn a_pipe_or_device_is_no_file_to_read() {
        let (machine, folder) = planted();
        let pipe = machine.path().join("inside/pipe");
        rustix::fs::mknodat(CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR, 0).expect("made");
        let why = folder.read("pipe").expect_err("a pipe");
        assert_eq!(why.kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_socket_is_reached_by_a_long_path() {
        let (machine, folder) = planted();
        let long = "long/".repeat(40);
        let place = machine.path().join("inside").join(&long);
        fs::create_dir_all(&place).expect("made");
        let socket = machine.path().join("inside/socket");
        let listener = UnixListener::bind(&socket).expect("bound");
        fs::rename(&socket, place.join("socket")).expect("moved");
        folder.connect(long + "socket").expect("connected");
        listener.accept().expect("accepted");
    }
}

//! The file system of a sandbox.
//!
//! The monitor *stages* what comes from the machine, because only it can read and map it: mounts
//! below a tmpfs over `/tmp`, in the monitor's own mount namespace. init then *builds* the root
//! from the stage, because only what it mounts itself belongs to its user namespace.

use std::fs::{self, File};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode};
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount,
    mount_bind, mount_change, move_mount, open_tree, unmount,
};
use sandbox::{DEVICES, Kind, Spec};

use crate::{Result, Step, sys};

/// Any directory that exists everywhere and that an unprivileged id can reach.
pub(crate) const STAGE: &str = "/tmp";

/// `link -> target` in the root of a merged-`/usr` distribution, and in `/dev`.
const LINKS: &[(&str, &str)] = &[
    ("bin", "usr/bin"),
    ("sbin", "usr/sbin"),
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
    ("dev/ptmx", "pts/ptmx"),
    ("dev/fd", "/proc/self/fd"),
    ("dev/stdin", "/proc/self/fd/0"),
    ("dev/stdout", "/proc/self/fd/1"),
    ("dev/stderr", "/proc/self/fd/2"),
];

/// Directories made in the empty root.
const DIRECTORIES: &[&str] = &[
    "usr", "etc", "var", "proc", "sys", "run", "tmp", "dev", "root", "home", "mnt", "opt", "srv",
    "media",
];

/// Lets no mount of ours reach the machine. The other way stays open: what the machine unmounts is
/// not kept busy by a sandbox.
pub(crate) fn detach_from_machine() -> Result<()> {
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)
        .step(|| "detach mounts from the machine's".into())
}

/// Takes the stage away again, in the monitor.
pub(crate) fn unstage() {
    // Fails if it was never mounted, which is as good.
    let _ = unmount(STAGE, UnmountFlags::DETACH);
}

/// What of the machine becomes what in the sandbox: (source, name on the stage, writable, mapped).
///
/// `etc` and `var` are made for this sandbox and already carry its ids; the bundle and the shares
/// carry the machine's, and are seen through an id mapping.
fn sources(spec: &Spec) -> Vec<(std::path::PathBuf, String, bool, bool)> {
    let mut sources = vec![
        (spec.bundle.join("usr"), "usr".into(), false, true),
        (spec.state.join("etc"), "etc".into(), true, false),
        (spec.state.join("var"), "var".into(), true, false),
    ];
    for (n, share) in spec.shares.iter().enumerate() {
        let name = format!("share-{n}");
        sources.push((share.source.clone(), name, share.writable, true));
    }
    sources
}

/// In the monitor: puts what comes from the machine where init can reach it.
pub(crate) fn stage(spec: &Spec, mapping: Option<BorrowedFd<'_>>) -> Result<()> {
    let mut mounts = Vec::new();
    for (source, name, writable, mapped) in sources(spec) {
        let what = || format!("take {} into the sandbox", source.display());
        let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
        let tree = open_tree(CWD, &source, flags).step(what)?;
        let mapping = mapping.filter(|_| mapped);
        // The machine sees what is written to a share, so nothing there may act inside as root's.
        let harmless = name.starts_with("share");
        sys::set_mount(tree.as_fd(), !writable, harmless, mapping).step(what)?;
        mounts.push((tree, name));
    }
    // Only now: a source may lie below the stage.
    special("tmpfs", Path::new(STAGE), MountFlags::NOSUID, "mode=755")?;
    for (tree, name) in mounts {
        let target = Path::new(STAGE).join(name);
        make_dir(&target)?;
        move_mount(&tree, "", CWD, &target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
            .step(|| format!("mount {}", target.display()))?;
    }
    make_devices(spec)?;
    make_dir(&Path::new(STAGE).join("root"))
}

/// Device nodes of the sandbox's own, which only the machine's root can make: they belong to the
/// sandbox's root, so that nothing in it depends on the modes of the machine's nodes. An ordinary user's
/// sandbox has the machine's, with their modes.
fn make_devices(spec: &Spec) -> Result<()> {
    let stage = Path::new(STAGE).join("dev");
    make_dir(&stage.join("net"))?;
    let there = |name: &&str| Path::new("/dev").join(name).exists();
    for (name, major, minor) in DEVICES.iter().filter(|(name, ..)| there(name)) {
        let node = stage.join(name);
        let what = || format!("make {}", node.display());
        if spec.kind == Kind::Rootless {
            File::create(&node).step(what)?;
            bind(&Path::new("/dev").join(name), &node)?;
            continue;
        }
        let device = rustix::fs::makedev(*major, *minor);
        rustix::fs::mknodat(
            CWD,
            &node,
            FileType::CharacterDevice,
            Mode::from_raw_mode(0o666),
            device,
        )
        .step(what)?;
        // mknod(2) takes the umask off the mode.
        fs::set_permissions(&node, fs::Permissions::from_mode(0o666)).step(what)?;
        std::os::unix::fs::chown(&node, Some(spec.root), Some(spec.root)).step(what)?;
    }
    Ok(())
}

/// In init: builds the root from the stage and enters it; the machine's root is gone after that.
pub(crate) fn build(spec: &Spec) -> Result<()> {
    let root = Path::new(STAGE).join("root");
    tmpfs(&root, "mode=755")?;
    for dir in DIRECTORIES {
        make_dir(&root.join(dir))?;
    }
    for name in ["usr", "etc", "var"] {
        bind(&Path::new(STAGE).join(name), &root.join(name))?;
    }
    let kernel = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    // Both are refused where the machine's own are partly covered (as in a container), because a
    // fresh one would uncover them: mount_too_revealing() in the kernel's fs/namespace.c.
    special("proc", &root.join("proc"), kernel, "")?;
    special("sysfs", &root.join("sys"), kernel, "")?;
    special("cgroup2", &root.join("sys/fs/cgroup"), kernel, "")?;
    tmpfs(&root.join("run"), "mode=755")?;
    tmpfs(&root.join("tmp"), "mode=1777")?;
    devices(&root.join("dev"))?;
    for (link, target) in LINKS {
        symlink(target, root.join(link)).step(|| format!("link {link}"))?;
    }
    fs::set_permissions(root.join("root"), fs::Permissions::from_mode(0o700))
        .step(|| "protect /root".into())?;
    for (n, share) in spec.shares.iter().enumerate() {
        let inside = share.target.strip_prefix("/").unwrap_or(&share.target);
        let target = root.join(inside);
        make_dir(&target)?;
        bind(&Path::new(STAGE).join(format!("share-{n}")), &target)?;
    }
    enter(&root)
}

/// `pivot_root(2)`, never `chroot(2)`: a runtime that joins this mount namespace later would land
/// in the machine's root, which `chroot` leaves in place.
fn enter(root: &Path) -> Result<()> {
    std::env::set_current_dir(root).step(|| "enter the new root".into())?;
    rustix::process::pivot_root(".", ".").step(|| "pivot into the new root".into())?;
    unmount(".", UnmountFlags::DETACH).step(|| "let go of the machine's root".into())?;
    std::env::set_current_dir("/").step(|| "enter the new root".into())?;
    // Engines expect the root to be shared, as an init system leaves it.
    mount_change("/", MountPropagationFlags::SHARED | MountPropagationFlags::REC)
        .step(|| "share mounts among the levels".into())
}

/// A `/dev` with nothing of the machine but the harmless character devices.
///
/// Mode 755: in a sticky world-writable directory the kernel refuses to open another owner's file
/// with `O_CREAT` (sysctl `fs.protected_regular`).
fn devices(dev: &Path) -> Result<()> {
    tmpfs(dev, "mode=755")?;
    for dir in ["pts", "shm", "mqueue", "net"] {
        make_dir(&dev.join(dir))?;
    }
    for (name, ..) in DEVICES {
        let node = Path::new(STAGE).join("dev").join(name);
        match fs::symlink_metadata(&node) {
            Ok(_) => {}
            // The machine has no such device.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e).step(|| format!("see {}", node.display())),
        }
        let target = dev.join(name);
        File::create(&target).step(|| format!("make {}", target.display()))?;
        bind(&node, &target)?;
    }
    let quiet = MountFlags::NOSUID | MountFlags::NOEXEC;
    special("devpts", &dev.join("pts"), quiet, "newinstance,ptmxmode=0666,mode=0620")?;
    special("mqueue", &dev.join("mqueue"), quiet, "")?;
    tmpfs(&dev.join("shm"), "mode=1777")
}

fn make_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).step(|| format!("make {}", path.display()))
}

fn bind(source: &Path, target: &Path) -> Result<()> {
    mount_bind(source, target).step(|| format!("bind {} to {}", source.display(), target.display()))
}

fn tmpfs(target: &Path, options: &str) -> Result<()> {
    special("tmpfs", target, MountFlags::NOSUID | MountFlags::NODEV, options)
}

fn special(kind: &str, target: &Path, flags: MountFlags, options: &str) -> Result<()> {
    let options = std::ffi::CString::new(options).step(|| "mount options".into())?;
    mount(kind, target, kind, flags, Some(options.as_c_str()))
        .step(|| format!("mount {kind} on {}", target.display()))
}

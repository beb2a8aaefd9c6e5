//! What is unpacked: the emulator with its tools, and the releases that machines run.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use lab::{Generation, Set, fits};
use miette::Result;
use program::failure;

use crate::machines::{USER, USER_ID};

const ROOM: &str = "free some disk space in the cache directory";

/// The emulator and what makes disks.
pub(crate) fn tools() -> Set {
    Set {
        name: "emulator",
        release: Generation::Trixie,
        // mke2fs reads archives by libarchive, busybox is the initial RAM disk's program.
        packages: vec!["qemu-system-x86", "e2fsprogs", "libarchive13t64", "busybox-static"],
        leaves_out: |name| fits("openssl-provider*", name) || fits("*-backgrounds", name),
        lock: include_str!("../lock/tools-amd64.csv"),
        recipe: "tools 1",
        finish: |_| Ok(()),
    }
}

/// A release as a machine runs it.
pub(crate) fn guest(release: Generation) -> Set {
    let packages = [
        "linux-image-cloud-amd64",
        "systemd",
        "systemd-sysv",
        "udev",
        "dbus",
        "dbus-user-session",
        "libpam-systemd",
        "libpam-modules",
        "base-files",
        "base-passwd",
        "apparmor",
        "apt",
        "bash",
        "coreutils",
        "dash",
        "dpkg",
        "findutils",
        "fuse3",
        "grep",
        "gzip",
        "hostname",
        "iproute2",
        "kmod",
        "libc-bin",
        "login",
        "mount",
        "passwd",
        "procps",
        "sed",
        "tar",
        "uidmap",
        "util-linux",
    ];
    Set {
        name: "machine's release",
        release,
        packages: packages.into(),
        // For the making of an initial RAM disk, which is made otherwise here.
        leaves_out: |name| {
            let all = ["initramfs-tools*", "klibc*", "libklibc", "dracut*", "cpio", "linux-base"];
            all.into_iter().any(|pattern| fits(pattern, name))
        },
        lock: match release {
            Generation::Bookworm => include_str!("../lock/bookworm-amd64.csv"),
            Generation::Trixie => include_str!("../lock/trixie-amd64.csv"),
            Generation::Forky => include_str!("../lock/forky-amd64.csv"),
        },
        recipe: "guest 5",
        finish,
    }
}

/// Folders of a root file system that no package's part of a bundle brings.
const FOLDERS: [&str; 10] =
    ["dev", "home", "proc", "root", "run", "srv/cache", "srv/programs", "sys", "tmp", "var/log"];

/// Links: the merging ones, what `update-alternatives` would make, what of systemd is enabled.
const LINKS: &[(&str, &str)] = &[
    ("bin", "usr/bin"),
    ("sbin", "usr/sbin"),
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
    ("var/run", "/run"),
    ("usr/bin/sh", "dash"),
    ("usr/bin/awk", "mawk"),
    (
        "etc/systemd/system/sysinit.target.wants/apparmor.service",
        "/usr/lib/systemd/system/apparmor.service",
    ),
    ("etc/systemd/system/multi-user.target.wants/command.service", "../command.service"),
];

/// Files that maintainer scripts write: path, content.
const FILES: &[(&str, &str)] = &[
    ("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
    // Made anew at each boot, and no sign of a first one.
    ("etc/machine-id", ""),
    // What systemd would bring up to date at a first boot, which takes longer than all the rest.
    ("etc/.updated", ""),
    ("var/.updated", ""),
    ("etc/systemd/system/command.service", include_str!("guest/command.service")),
    // As where somebody is logged in: systemd hands the processor's controller down where one is weighted.
    ("etc/systemd/system/system.slice.d/weight.conf", "[Slice]\nCPUWeight=100\n"),
    ("etc/pam.d/matryoshka", SESSION),
    ("etc/pam.d/systemd-user", SESSION),
    // Where all others look first.
    ("etc/pam.d/other", SESSION),
];

/// A session as logind knows it, of a user who is asked nothing.
const SESSION: &str = "auth required pam_permit.so\naccount required pam_permit.so\n\
                       session required pam_permit.so\nsession optional pam_systemd.so\n";

fn finish(root: &Path) -> Result<()> {
    filled(root).map_err(|why| {
        failure("a machine's root file system can't be made", why.to_string(), ROOM)
    })?;
    let version = kernel_version(root)?;
    // Which modules need which.
    let mut depmod = program_of(root, "usr/bin/kmod", Some("depmod"));
    succeeds(depmod.arg("-b").arg(root).arg(version))
}

fn filled(root: &Path) -> io::Result<()> {
    for folder in FOLDERS {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777))?;
    for (link, target) in LINKS {
        let link = root.join(link);
        if let Some(folder) = link.parent() {
            fs::create_dir_all(folder)?;
        }
        if fs::symlink_metadata(&link).is_err() {
            symlink(target, link)?;
        }
    }
    // A machine loads the profiles that it is made with, and no others.
    for entry in fs::read_dir(root.join("etc/apparmor.d"))? {
        let path = entry?.path();
        if path.is_file() {
            fs::remove_file(path)?;
        }
    }
    for (file, content) in FILES {
        let file = root.join(file);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, content)?;
    }
    let me = format!("{USER}:x:{USER_ID}:{USER_ID}:{USER}:/home/{USER}:/bin/bash\n");
    let bus = "messagebus:x:900:900::/nonexistent:/usr/sbin/nologin\n";
    let master = |name| fs::read_to_string(root.join("usr/share/base-passwd").join(name));
    let users = master("passwd.master")?.replace(":*:", ":x:") + bus + &me;
    let shadows: String = users
        .lines()
        .filter_map(|line| Some(format!("{}:*:20000:0:99999:7:::\n", line.split_once(':')?.0)))
        .collect();
    let groups = master("group.master")?.replace(":*:", ":x:")
        + &format!("messagebus:x:900:\n{USER}:x:{USER_ID}:\n");
    let ranges = format!("{USER}:100000:65536\n");
    let files = [
        ("passwd", users, 0o644),
        ("group", groups, 0o644),
        ("shadow", shadows, 0o600),
        ("subuid", ranges.clone(), 0o644),
        ("subgid", ranges, 0o644),
    ];
    for (name, content, mode) in files {
        let file = root.join("etc").join(name);
        fs::write(&file, content)?;
        fs::set_permissions(file, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// The version of the kernel in a root file system.
pub(crate) fn kernel_version(root: &Path) -> Result<String> {
    let modules = root.join("usr/lib/modules");
    let names = fs::read_dir(&modules).into_iter().flatten().flatten();
    let mut names = names.filter_map(|entry| entry.file_name().into_string().ok());
    names.next().ok_or_else(|| {
        let why = format!("{} has none", modules.display());
        failure("a machine's release has no kernel", why, "make its lock anew")
    })
}

/// The kernel itself: beside its modules, or where releases before Debian 14 have it.
pub(crate) fn kernel(root: &Path, version: &str) -> Result<PathBuf> {
    let beside = root.join("usr/lib/modules").join(version).join("vmlinuz");
    let places = [beside, root.join("boot").join(format!("vmlinuz-{version}"))];
    places.into_iter().find(|place| place.exists()).ok_or_else(|| {
        let why = format!("there is none of version {version}");
        failure("a machine's release has no kernel", why, "make its lock anew")
    })
}

/// A program of an unpacked set, which runs on its own libraries whatever this machine has.
pub(crate) fn program_of(root: &Path, program: &str, called: Option<&str>) -> Command {
    let mut command = Command::new(root.join("usr/lib64/ld-linux-x86-64.so.2"));
    command.arg("--library-path").arg(root.join("usr/lib/x86_64-linux-gnu"));
    if let Some(called) = called {
        command.args(["--argv0", called]);
    }
    command.arg(root.join(program));
    command
}

/// Runs a command that has to succeed and whose words matter only if it does not.
pub(crate) fn succeeds(command: &mut Command) -> Result<()> {
    let what = format!("{} failed", command_line(command));
    let output = command.output().map_err(|why| failure(&*what, why.to_string(), ROOM))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let why = if said.is_empty() { output.status.to_string() } else { said };
    Err(failure(what, why, ROOM))
}

fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}

/// The modules without which a machine of this release has no disks and no channels, in the order in
/// which they are loaded; compressed or not. What is built into the kernel is none.
pub(crate) fn first_modules(root: &Path, version: &str) -> io::Result<Vec<PathBuf>> {
    const WANTED: [&str; 5] = ["virtio_pci", "virtio_blk", "virtio_console", "virtio_rng", "ext4"];
    let modules = root.join("usr/lib/modules").join(version);
    let table = fs::read_to_string(modules.join("modules.dep"))?;
    let mut found: Vec<&str> = Vec::new();
    for wanted in WANTED {
        let is_it = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            name.split('.').next().is_some_and(|name| name.replace('-', "_") == wanted)
        };
        let line = table.lines().find_map(|line| line.split_once(':').filter(|of| is_it(of.0)));
        let Some((path, needs)) = line else {
            continue;
        };
        // What it needs is listed with the first to load last.
        for path in needs.split_whitespace().rev().chain([path]) {
            if !found.contains(&path) {
                found.push(path);
            }
        }
    }
    Ok(found.into_iter().map(|path| modules.join(path)).collect())
}

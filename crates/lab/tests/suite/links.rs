//! Whoever is root inside plants links where the machine's root looks: nothing of the machine is read,
//! made, handed in or connected to by them.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use lab::{Disk, Engine, Lab};
use lab_test::ensure;
use miette::{IntoDiagnostic, Result};

use crate::lab;

const DISK: Disk = Disk {
    name: "planted",
    filesystem: "ext4",
    make: &["mkfs.ext4", "-q"],
    options: "",
    bytes: 64 << 20,
};

/// A folder of the machine that the inside should never reach.
fn of_the_machine() -> Result<tempfile::TempDir> {
    tempfile::tempdir().into_diagnostic()
}

/// As root inside, with a path of the machine as `$1`.
fn plant(lab: &Lab, script: &str, machine: &Path) -> Result<()> {
    let machine = machine.display().to_string();
    let argv = ["sh", "-e", "-c", script, "sh", &machine];
    lab.level0().output(&argv).map(drop)
}

/// Where a disk's file used to be made; it must not matter what the inside makes of any folder.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_disks_file() -> Result<()> {
    let machine = of_the_machine()?;
    let before = fs::metadata(machine.path()).into_diagnostic()?;
    let lab = lab()?;
    let script = r#"rm -r /var/tmp && ln -s "$1" /var/tmp; ln -s "$1" /var/disks"#;
    plant(&lab, script, machine.path())?;
    let made = lab.disk(&DISK);
    let after = fs::metadata(machine.path()).into_diagnostic()?;
    ensure!(
        before.modified().into_diagnostic()? == after.modified().into_diagnostic()?,
        "a file came and went in a folder of the machine: {made:?}"
    );
    ensure!(made.is_ok(), "{made:?}");
    Ok(())
}

/// The device of a disk is that of the disk, whatever is at its folder by now: a link to the
/// machine's root, and one of the lab's own folders, which the machine's disk lies under.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_disks_device() -> Result<()> {
    let lab = lab()?;
    let machine = fs::metadata("/").into_diagnostic()?.dev();
    for (name, script) in [
        ("linked", "umount /mnt/linked; rmdir /mnt/linked; ln -s / /mnt/linked"),
        ("bound", "umount /mnt/bound; mount --bind /usr /mnt/bound"),
    ] {
        let disk = lab.disk(&Disk { name, ..DISK });
        let disk = disk.map_err(|why| miette::miette!("{why}"))?;
        plant(&lab, script, Path::new("/"))?;
        let Ok(node) = lab.device(&disk) else {
            continue;
        };
        let numbers = lab.level0().output(&["stat", "-c", "%t %T", &node])?;
        let of =
            |device| format!("{:x} {:x}", rustix::fs::major(device), rustix::fs::minor(device));
        ensure!(numbers.trim() != of(machine), "{name}: {node} is the machine's own disk");
        ensure!(numbers.starts_with("7 "), "{name}: no loop device: {numbers}");
    }
    Ok(())
}

/// While daemons start, their sockets are asked again and again.
#[lab_test::test]
fn a_daemons_socket() -> Result<()> {
    let machine = of_the_machine()?;
    let socket = machine.path().join("socket");
    let listener = UnixListener::bind(&socket).into_diagnostic()?;
    listener.set_nonblocking(true).into_diagnostic()?;
    let lab = lab()?;
    let script = r#"mkdir -p /run/containerd
        ln -s "$1" /run/containerd/containerd.sock; ln -s "$1" /run/docker.sock"#;
    plant(&lab, script, &socket)?;
    lab.engine(Engine::Docker)?;
    let connected = listener.accept();
    ensure!(
        connected.as_ref().is_err_and(|why| why.kind() == io::ErrorKind::WouldBlock),
        "a socket of the machine was connected to"
    );
    Ok(())
}

/// What is at `/proc` inside need not be the kernel's.
#[lab_test::test]
fn a_covered_proc() -> Result<()> {
    let machine = of_the_machine()?;
    fs::write(machine.path().join("comm"), "lab-registry\n").into_diagnostic()?;
    fs::write(machine.path().join("io"), "wchar: 12345\n").into_diagnostic()?;
    let lab = lab()?;
    let script = r#"mount -t tmpfs none /proc; mkdir /proc/1
        ln -s "$1/comm" /proc/1/comm; ln -s "$1/io" /proc/1/io"#;
    plant(&lab, script, machine.path())?;
    let sent = lab.registry_sent_bytes();
    ensure!(sent.is_err(), "files of the machine were read: {sent:?}");
    Ok(())
}

/// Nor is it true what an engine says of its container.
#[lab_test::test]
fn a_levels_process() -> Result<()> {
    let lab = lab()?;
    let script = r"printf '#!/bin/sh\necho 1\n' > /tmp/docker; chmod 755 /tmp/docker
        mount --bind /tmp/docker /usr/bin/docker
        mount -t tmpfs none /proc; mkdir /proc/1
        ln -s /proc/self/ns /proc/1/ns; ln -s / /proc/1/root";
    plant(&lab, script, Path::new("/"))?;
    let level = lab.level0().inside(Engine::Docker, "planted", false)?;
    let process = level.process_directory().into_diagnostic()?;
    let theirs = fs::read_link(process.join("ns/net")).into_diagnostic()?;
    let ours = fs::read_link("/proc/self/ns/net").into_diagnostic()?;
    ensure!(theirs != ours, "a level has the machine's own namespaces");
    let root = level.root().into_diagnostic()?;
    let id = root.read_to_string("etc/hostname").into_diagnostic()?;
    ensure!(id.trim() == lab.id(), "a level has another root: {id}");
    Ok(())
}

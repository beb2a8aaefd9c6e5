//! File systems of a lab's own.

use std::fs;

use lab::{Disk, Engine, Kind, Layer, NoDisk};
use lab_test::ensure;
use miette::{IntoDiagnostic, Result};
use rstest::rstest;

use crate::{lab, lab_of};

const EXT4: Disk = Disk {
    name: "ext4",
    filesystem: "ext4",
    make: &["mkfs.ext4", "-q"],
    options: "",
    bytes: 256 << 20,
};
const XFS: Disk = Disk {
    name: "xfs",
    filesystem: "xfs",
    make: &["mkfs.xfs", "-q"],
    options: "",
    bytes: 512 << 20,
};
const BTRFS: Disk = Disk {
    name: "btrfs",
    filesystem: "btrfs",
    make: &["mkfs.btrfs", "-q"],
    options: "",
    bytes: 512 << 20,
};

/// The file system is what it was asked to be, root's of the lab, and an engine's store can be on it.
#[rstest]
#[needs(filesystem("ext4"))]
#[case::ext4(EXT4)]
#[needs(filesystem("xfs"))]
#[case::xfs(XFS)]
#[needs(filesystem("btrfs"))]
#[case::btrfs(BTRFS)]
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn disk_under_a_store(#[case] disk: Disk) -> Result<()> {
    let lab = lab()?;
    let disk_of_lab = lab.disk(&disk).map_err(|why| miette::miette!("{why}"))?;
    let place = disk_of_lab.folder();
    let found = lab.level0().output(&["stat", "-f", "-c", "%T", place])?;
    ensure!(found.contains(disk.filesystem) || found.contains("ext2/ext3"), "{found}");
    let store = format!("{place}:/var/lib/docker");
    let flags: &'static [&'static str] = vec!["--volume", &*store.leak()].leak();
    let nest = lab.nest(&[Layer::own(Engine::Docker), Layer::own(Engine::Docker).with(flags)])?;
    let said = nest.innermost().output(&["docker", "run", "--rm", "alpine", "echo", "on it"])?;
    ensure!(said == "on it\n", "{said}");
    let store = lab.level0().output(&["ls", place])?;
    ensure!(store.contains("image"), "{store}");
    Ok(())
}

/// Whoever has the device reads what is on the disk, whatever is mounted where: level 0 and a
/// privileged container, no other.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_disks_device_is_the_disk() -> Result<()> {
    const SECRET: &str = "nobody-else-writes-this";
    let lab = lab()?;
    let disk = lab.disk(&EXT4).map_err(|why| miette::miette!("{why}"))?;
    let script = format!("echo {SECRET} > $1/file && sync $1/file");
    let level = lab.level0();
    level.output(&["sh", "-c", &script, "sh", disk.folder()])?;
    let device = lab.device(&disk).map_err(|why| miette::miette!("{why}"))?;
    let read = ["grep", "-a", "-c", "-m", "1", SECRET, &device];
    let own = level.output(&read)?;
    ensure!(own == "1\n", "{own}");
    for engine in [Engine::Docker, Engine::Podman] {
        let nest = lab.nest(&[engine])?;
        let privileged = nest.privileged_leaf()?.output(&read)?;
        ensure!(privileged == "1\n", "{engine}: {privileged}");
        let plain = nest.leaf()?.run(&read)?;
        ensure!(!plain.success(), "{engine}: {plain:?}");
    }
    Ok(())
}

#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_disk_that_is_not_to_be_had_says_why() -> Result<()> {
    let lab = lab()?;
    let unknown = Disk { name: "zfs", filesystem: "no-such-fs", ..EXT4 };
    let found = lab.disk(&unknown);
    ensure!(
        matches!(&found, Err(NoDisk::NotOnThisKernel(why)) if why.contains("no-such-fs")),
        "{found:?}"
    );
    let small = Disk { name: "small", bytes: 1 << 20, ..XFS };
    let found = lab.disk(&small);
    ensure!(matches!(&found, Err(NoDisk::NotMade(why)) if !why.is_empty()), "{found:?}");
    let wrong = Disk { name: "wrong", filesystem: "xfs", ..EXT4 };
    let found = lab.disk(&wrong);
    ensure!(
        matches!(&found, Err(NoDisk::NotOnThisKernel(why)) if why.contains("mount")),
        "{found:?}"
    );
    let made = lab.disk(&EXT4);
    ensure!(made.is_ok(), "{made:?}");
    Ok(())
}

/// What was written and synced is on the copy; what is written to the original later is not.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_loss_of_power_keeps_what_was_synced() -> Result<()> {
    let lab = lab()?;
    let named = |name| Disk { name, ..EXT4 };
    let failed = |why: NoDisk| miette::miette!("{why}");
    let before = lab.disk(&named("in-use")).map_err(failed)?;
    let script = "echo kept > $1/kept && sync $1/kept";
    let shell = |script: &str, folder: &str| {
        let argv = ["sh", "-c", script, "sh", folder];
        lab.level0().output(&argv)
    };
    shell(script, before.folder())?;
    let after = lab.disk_after_power_cut(&before, &named("cut"));
    let after = after.map_err(failed)?;
    shell("echo late > $1/late && sync $1/late", before.folder())?;
    let found = shell("cat $1/kept && ls $1", after.folder())?;
    ensure!(found.starts_with("kept\n") && !found.contains("late"), "{found}");
    Ok(())
}

/// Its loop device is there while the lab is, and not any more when that is gone.
#[lab_test::test]
#[needs(lab(lab::Kind::User))]
fn a_disk_goes_with_its_lab() -> Result<()> {
    let lab = lab_of(Kind::User)?;
    let id = lab.id().to_owned();
    lab.disk(&EXT4).map_err(|why| miette::miette!("{why}"))?;
    let devices = loop_devices(&id)?;
    ensure!(devices == 1, "{devices}");
    drop(lab);
    let end = std::time::Instant::now() + program::patient(std::time::Duration::from_secs(10));
    while loop_devices(&id)? > 0 {
        ensure!(std::time::Instant::now() < end, "a loop device outlives its lab");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    Ok(())
}

/// How many loop devices have a file of this lab.
fn loop_devices(lab: &str) -> Result<usize> {
    let devices = fs::read_dir("/sys/block").into_diagnostic()?.flatten();
    let of_lab = devices.filter(|device| {
        let file = fs::read_to_string(device.path().join("loop/backing_file"));
        file.is_ok_and(|file| file.contains(lab))
    });
    Ok(of_lab.count())
}

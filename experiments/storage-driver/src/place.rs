//! What may lie underneath an engine's store.

use lab::{Disk, Engine, Lab, Layer, NoDisk};
use miette::Result;

use crate::kernel::Kernel;

const GIB: u64 = 1 << 30;

/// What lies underneath.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) lies: Lies,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Lies {
    /// The engine's usual volume, on the file system that the lab's own files are on.
    Volume,
    /// The upper folder of the overlay that the engine's container runs on.
    Layer,
    /// Memory.
    Tmpfs,
    /// A file system of its own, on a loop device.
    Disk(Disk),
}

/// Usual ones first.
pub(crate) const PLACES: &[Place] = &[
    Place { name: "volume", lies: Lies::Volume },
    Place { name: "layer", lies: Lies::Layer },
    Place { name: "tmpfs", lies: Lies::Tmpfs },
    disk("xfs", "xfs", &["mkfs.xfs", "-q"], ""),
    disk(
        "btrfs",
        "btrfs",
        &["mkfs.btrfs", "-q"],
        // Without it only the machine's root may remove a subvolume, which an engine does whenever it
        // removes a layer (`btrfs(5)`).
        "user_subvol_rm_allowed",
    ),
    disk("ext4-no-filetype", "ext4", &["mkfs.ext4", "-q", "-O", "^filetype"], ""),
    disk(
        "xfs-no-dtype",
        "xfs",
        // Folder entries without a type: only the older form of the file system can be so.
        &["mkfs.xfs", "-q", "-m", "crc=0", "-n", "ftype=0"],
        "",
    ),
];

const fn disk(
    name: &'static str,
    filesystem: &'static str,
    make: &'static [&'static str],
    options: &'static str,
) -> Place {
    Place { name, lies: Lies::Disk(Disk { name, filesystem, make, options, bytes: 6 * GIB }) }
}

/// A place for one cell.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    lies: Lies,
    /// What is mounted at level 0 for it; `None` where the engine has its own.
    folder: Option<String>,
}

/// What a place says that is not there: in a word or two, and in the refuser's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) outcome: &'static str,
    pub(crate) reason: String,
}

impl Ground {
    /// Makes it in a lab. A file system is made anew under this name, so that nothing in it is of
    /// anybody else.
    pub(crate) fn make(lab: &Lab, place: Place, name: &str) -> Result<Result<Self, Missing>> {
        let name = text(name.to_owned());
        let folder = match place.lies {
            Lies::Volume | Lies::Layer => None,
            Lies::Tmpfs => {
                // A mount of level 0's, as a folder in memory that an orchestrator hands out: it
                // outlives the container.
                let folder = format!("/mnt/{name}");
                let script = "mkdir $1 && mount -t tmpfs -o mode=755 tmpfs $1";
                lab.level0().output(&["sh", "-c", script, "sh", &folder])?;
                Some(folder)
            }
            Lies::Disk(disk) => {
                let mut kernel = Kernel::from_now();
                match lab.disk(&Disk { name, ..disk }) {
                    Ok(disk) => Some(disk.folder().to_owned()),
                    Err(why) => {
                        let outcome = match why {
                            NoDisk::NotOnThisKernel(_) => "not on this kernel",
                            NoDisk::NotWithoutRoot(_) => "not without root",
                            NoDisk::NotMade(_) => "not made",
                        };
                        let reason = kernel.beside(why.to_string());
                        return Ok(Err(Missing { outcome, reason }));
                    }
                }
            }
        };
        let lies = place.lies;
        Ok(Ok(Self { lies, folder }))
    }

    /// A layer with its store there; and the store's path in its container.
    pub(crate) fn under(&self, layer: Layer) -> (Layer, &'static str) {
        let usual = match layer.engine {
            Engine::Docker => "/var/lib/docker",
            Engine::Podman => "/var/lib/containers",
        };
        if let Some(folder) = &self.folder {
            let mount = text(format!("{folder}:{usual}"));
            let flags = [layer.flags, &["--volume", mount]].concat();
            return (layer.with(flags.leak()), usual);
        }
        match (self.lies, layer.engine) {
            (Lies::Layer, Engine::Docker) => {
                // The image declares a volume for the usual one.
                let arguments = [layer.arguments, &["--data-root=/srv/docker"]].concat();
                (layer.daemon_with(arguments.leak()), "/srv/docker")
            }
            (Lies::Layer, Engine::Podman) => {
                let flags = [layer.flags, &["--image-volume=ignore"]].concat();
                (layer.with(flags.leak()), usual)
            }
            _ => (layer, usual),
        }
    }

    /// Takes it away. Where an engine that died holds it, it goes with the lab.
    pub(crate) fn clear(self, lab: &Lab) -> Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let script = "umount --lazy $1 && rmdir $1";
        let argv = ["sh", "-c", script, "sh", folder];
        lab.level0().output(&argv).map(drop)
    }

    /// The file system of its own, if it is one; its path at level 0.
    pub(crate) fn alone(&self) -> Option<&str> {
        self.folder.as_deref()
    }
}

/// What a layer holds lives as long as the program.
fn text(text: String) -> &'static str {
    text.leak()
}

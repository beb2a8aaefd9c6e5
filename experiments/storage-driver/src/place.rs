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

pub(crate) const PLACES: &[Place] = &[
    Place {
        name: "volume",
        lies: Lies::Volume,
    },
    Place {
        name: "layer",
        lies: Lies::Layer,
    },
    Place {
        name: "tmpfs",
        lies: Lies::Tmpfs,
    },
    disk("xfs", "xfs", &["mkfs.xfs", "-q"], ""),
    disk(
        "xfs-no-dtype",
        "xfs",
        // Folder entries without a type: only the older form of the file system can be so.
        &["mkfs.xfs", "-q", "-m", "crc=0", "-n", "ftype=0"],
        "",
    ),
    disk(
        "ext4-no-filetype",
        "ext4",
        &["mkfs.ext4", "-q", "-O", "^filetype"],
        "",
    ),
    disk(
        "btrfs",
        "btrfs",
        &["mkfs.btrfs", "-q"],
        // Without it only the machine's root may remove a subvolume, which an engine does whenever it
        // removes a layer (`btrfs(5)`).
        "user_subvol_rm_allowed",
    ),
];

const fn disk(
    name: &'static str,
    filesystem: &'static str,
    make: &'static [&'static str],
    options: &'static str,
) -> Place {
    Place {
        name,
        lies: Lies::Disk(Disk {
            name,
            filesystem,
            make,
            options,
            bytes: 6 * GIB,
        }),
    }
}

/// A place that a lab has, or why it has not: the outcome of that and its words.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) place: Place,
    /// The folder at level 0 below which stores may be; `None` where the engine has its own.
    folder: Option<String>,
}

/// What a place says that is not there: in a word or two, and in the refuser's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) outcome: &'static str,
    pub(crate) reason: String,
}

impl Ground {
    /// Makes it in a lab.
    pub(crate) fn prepare(lab: &Lab, place: Place) -> Result<Result<Self, Missing>> {
        let folder = match place.lies {
            Lies::Volume | Lies::Layer => None,
            Lies::Tmpfs => {
                // A mount of level 0's, as a folder in memory that an orchestrator hands out: it
                // outlives the container.
                let script = "mkdir /mnt/tmpfs && mount -t tmpfs -o mode=755 tmpfs /mnt/tmpfs";
                lab.level0().output(&["sh", "-c", script])?;
                Some("/mnt/tmpfs".to_owned())
            }
            Lies::Disk(disk) => {
                let mut kernel = Kernel::from_now();
                match lab.disk(&disk) {
                    Ok(folder) => Some(folder),
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
        Ok(Ok(Self { place, folder }))
    }

    /// A layer with its store there, in a folder of this name; and the store's path in its container.
    pub(crate) fn under(
        &self,
        lab: &Lab,
        layer: Layer,
        name: &str,
    ) -> Result<(Layer, &'static str)> {
        let usual = match layer.engine {
            Engine::Docker => "/var/lib/docker",
            Engine::Podman => "/var/lib/containers",
        };
        if let Some(folder) = &self.folder {
            let folder = format!("{folder}/{name}");
            lab.level0().output(&["mkdir", &folder])?;
            let flags = [
                layer.flags,
                leak(["--volume", text(format!("{folder}:{usual}"))]),
            ];
            return Ok((layer.with(flags.concat().leak()), usual));
        }
        Ok(match (self.place.lies, layer.engine) {
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
        })
    }

    /// Takes a store's folder away.
    pub(crate) fn clear(&self, lab: &Lab, name: &str) -> Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let folder = format!("{folder}/{name}");
        lab.level0().output(&["rm", "-rf", &folder]).map(drop)
    }

    /// Whether nothing but one store at a time writes to this file system, and its path at level 0.
    pub(crate) fn alone(&self) -> Option<&str> {
        self.folder.as_deref()
    }
}

/// What a layer holds lives as long as the program.
fn text(text: String) -> &'static str {
    text.leak()
}

fn leak<const N: usize>(list: [&'static str; N]) -> &'static [&'static str] {
    list.to_vec().leak()
}

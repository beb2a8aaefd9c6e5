//! The drivers, as an engine is asked for them.

use lab::{Engine, Generation, Lab, Layer};
use miette::Result;

use Generation::{Bookworm, Forky, Trixie};

/// A way to ask an engine for a driver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Driver {
    pub(crate) engine: Engine,
    pub(crate) name: &'static str,
    /// What the engine calls it once it runs; empty where the choice is its own.
    pub(crate) called: &'static str,
    /// In which generations it is tried.
    pub(crate) generations: &'static [Generation],
    /// The daemon's arguments, where it is Docker.
    arguments: &'static [&'static str],
    /// Whether its image has the program `fuse-overlayfs` besides, as a user adds it.
    with_fuse: bool,
    /// The file of its configuration, where it is Podman: `storage.conf(5)`.
    configuration: &'static str,
    /// Whether it deviates from POSIX where the kernel's overlay documentation says so.
    pub(crate) overlays: bool,
}

const ALL: &[Generation] = &[Bookworm, Trixie, Forky];

const DOCKER: Driver = Driver {
    engine: Engine::Docker,
    name: "automatic",
    called: "",
    generations: ALL,
    arguments: &[],
    with_fuse: false,
    configuration: "",
    overlays: true,
};

const PODMAN: Driver = Driver { engine: Engine::Podman, called: "overlay", ..DOCKER };

/// Podman's overlay, where `fuse-overlayfs` mounts it.
pub(crate) const THROUGH_FUSE: &str = "overlay-fuse";

/// Docker with its containerd's snapshotters for a store.
const SNAPSHOTTER: Driver = Driver { generations: &[Forky], ..DOCKER };

/// The feature that makes Docker keep its images in containerd's store (`dockerd(8)`).
const FEATURE: &str = "--feature=containerd-snapshotter";

pub(crate) const DRIVERS: &[Driver] = &[
    DOCKER,
    Driver { name: "automatic-with-fuse", with_fuse: true, ..DOCKER },
    Driver {
        name: "overlay2",
        called: "overlay2",
        arguments: &["--storage-driver=overlay2"],
        ..DOCKER
    },
    Driver {
        name: "fuse-overlayfs",
        called: "fuse-overlayfs",
        arguments: &["--storage-driver=fuse-overlayfs"],
        with_fuse: true,
        ..DOCKER
    },
    Driver {
        name: "vfs",
        called: "vfs",
        arguments: &["--storage-driver=vfs"],
        overlays: false,
        ..DOCKER
    },
    Driver {
        name: "btrfs",
        called: "btrfs",
        arguments: &["--storage-driver=btrfs"],
        overlays: false,
        ..DOCKER
    },
    Driver {
        name: "snapshotter-overlayfs",
        called: "overlayfs",
        arguments: &[FEATURE, "--storage-driver=overlayfs"],
        ..SNAPSHOTTER
    },
    Driver {
        name: "snapshotter-native",
        called: "native",
        arguments: &[FEATURE, "--storage-driver=native"],
        overlays: false,
        ..SNAPSHOTTER
    },
    Driver {
        name: "snapshotter-fuse-overlayfs",
        called: "fuse-overlayfs",
        arguments: &[FEATURE, "--storage-driver=fuse-overlayfs"],
        with_fuse: true,
        ..SNAPSHOTTER
    },
    Driver {
        name: "snapshotter-btrfs",
        called: "btrfs",
        arguments: &[FEATURE, "--storage-driver=btrfs"],
        overlays: false,
        ..SNAPSHOTTER
    },
    // The graph driver's name, as an old `DOCKER_DRIVER=overlay2` gives it.
    Driver {
        name: "snapshotter-overlay2",
        called: "overlay2",
        arguments: &[FEATURE, "--storage-driver=overlay2"],
        ..SNAPSHOTTER
    },
    Driver {
        name: "overlay",
        configuration: "driver = \"overlay\"\n\n[storage.options.overlay]\nmountopt = \"nodev\"\n",
        ..PODMAN
    },
    // As the published image has it.
    Driver { name: "overlay-fuse", called: THROUGH_FUSE, ..PODMAN },
    Driver {
        name: "vfs",
        called: "vfs",
        configuration: "driver = \"vfs\"\n",
        overlays: false,
        ..PODMAN
    },
];

/// Docker's image with the program.
const WITH_FUSE: &str = "dind:with-fuse-overlayfs";

/// Derives that image from the usual one, of level 0's own files: what `apk add fuse-overlayfs` is.
const DERIVE: &str = r"mkdir -p /var/tmp/with-fuse && cd /var/tmp/with-fuse
tar -C / -cf files.tar usr/bin/fuse-overlayfs usr/bin/fusermount3 $(cd / && ls usr/lib/*/libfuse3.so*)
printf 'FROM docker:dind\nADD files.tar /\n' > Dockerfile
DOCKER_BUILDKIT=0 docker build --quiet --tag ";

/// What all drivers need of level 0.
pub(crate) fn prepare(lab: &Lab) -> Result<()> {
    let level = lab.level0();
    for driver in DRIVERS.iter().filter(|driver| !driver.configuration.is_empty()) {
        let write = format!("cat > {} <<'END'\n{}END\n", driver.file(), driver.text());
        level.output(&["sh", "-c", &write])?;
    }
    lab.engine(Engine::Docker)?;
    lab.engine(Engine::Podman)?;
    let derive = format!("{DERIVE}{WITH_FUSE} .");
    level.output(&["sh", "-c", &derive]).map(drop)
}

impl Driver {
    /// The layer whose engine is asked for this driver.
    pub(crate) fn layer(&self) -> Layer {
        let layer = Layer::own(self.engine);
        let layer = match (self.engine, self.configuration) {
            (Engine::Docker, _) => layer.daemon_with(self.arguments),
            (Engine::Podman, "") => layer,
            (Engine::Podman, _) => {
                let mount = format!("{}:/etc/containers/storage.conf:ro", self.file());
                layer.with(vec!["--volume", &*mount.leak()].leak())
            }
        };
        if self.with_fuse { layer.of_image(WITH_FUSE) } else { layer }
    }

    /// Its configuration at level 0.
    fn file(&self) -> String {
        format!("/etc/containers/storage-{}.conf", self.name)
    }

    fn text(&self) -> String {
        format!(
            "[storage]\nrunroot = \"/run/containers/storage\"\n\
             graphroot = \"/var/lib/containers/storage\"\n{}",
            self.configuration
        )
    }
}

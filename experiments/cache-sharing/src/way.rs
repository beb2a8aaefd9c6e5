//! The ways of sharing, as data.

use lab::{Engine, Generation, Layer};

use crate::tools::{ARCHIVE, BUILDAH, BUILDX, PLAIN, Tools};

use Generation::{Bookworm, Forky, Trixie};

/// A way in which two jobs' engines share what they keep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharingMode {
    pub(crate) name: &'static str,
    /// What is shared, and how.
    pub(crate) about: Said,
    /// What to do with it where it holds.
    pub(crate) take: Said,
    pub(crate) engine: Engine,
    pub(crate) generations: &'static [Generation],
    pub(crate) hand: Hand,
    /// What each engine's container has mounted at its store and below it.
    pub(crate) mounts: &'static [Mount],
    /// Whether one engine's images are meant to be on the other's list.
    pub(crate) one_list: bool,
    /// The daemon's arguments, where it is Docker.
    arguments: &'static [&'static str],
    /// How a job pulls and builds there.
    pub(crate) tools: Tools,
    /// Further flags of the containers.
    flags: &'static [&'static str],
    /// What Podman has of level 0's configuration instead of its image's: so it works without FUSE,
    /// and with namespaces.
    like_outer: &'static [&'static str],
}

/// A text in the languages of a page: English, Spanish.
pub(crate) type Said = [&'static str; 2];

/// What two engines have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// A whole store, both at once.
    Store,
    /// Parts of one, both at once.
    Parts,
    /// A whole store, one after the other.
    InTurn,
    /// Something that is meant to be shared.
    Meant,
}

/// How the second engine comes to what the first one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hand {
    /// Both at once.
    Live,
    /// Both at once, after an engine that has filled what they share, and ended.
    LiveAfterFiller,
    /// Both at once, each on a copy of a store that an engine has filled before it ended.
    LiveOnCopies,
    /// After the first one was stopped in order.
    Stopped,
    /// After the first one was killed at work.
    Killed,
    /// A copy of the device as a loss of power leaves it.
    PowerCut,
    /// A copy that `cp -a` made while the first one worked.
    Copied,
    /// An engine of the next generation, after a clean stop; then the first one again.
    NextGeneration,
}

/// One mount of an engine's container.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mount {
    pub(crate) whose: Whose,
    /// Below the store; "" for the store itself, an absolute path for elsewhere.
    pub(crate) at: &'static str,
    /// Who may only read it.
    pub(crate) read_only: ReadOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Own,
    Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadOnly {
    Nobody,
    /// The second engine.
    Second,
    /// Both; who fills it before may write.
    Both,
}

const ALL: &[Generation] = &[Bookworm, Trixie, Forky];

const fn own(at: &'static str) -> Mount {
    Mount { whose: Whose::Own, at, read_only: ReadOnly::Nobody }
}

const fn common(at: &'static str) -> Mount {
    Mount { whose: Whose::Common, ..own(at) }
}

const fn read_only(at: &'static str, read_only: ReadOnly) -> Mount {
    Mount { read_only, ..common(at) }
}

const WHOLE: &[Mount] = &[common("")];

/// Two Dockers at once on one whole store.
pub(crate) const DOCKER: SharingMode = SharingMode {
    name: "whole",
    about: ["two daemons on one /var/lib/docker", "dos demonios sobre un mismo /var/lib/docker"],
    take: ["Give each engine a store of its own.", "Dé a cada motor un almacén propio."],
    engine: Engine::Docker,
    generations: ALL,
    hand: Hand::Live,
    mounts: WHOLE,
    one_list: true,
    arguments: &[],
    tools: PLAIN,
    flags: &[],
    like_outer: &[],
};

/// A Docker whose images are in its containerd's store.
const CONTAINERD: SharingMode = SharingMode {
    generations: &[Forky],
    arguments: &["--feature=containerd-snapshotter", "--storage-driver=overlayfs"],
    ..DOCKER
};

const PODMAN: SharingMode = SharingMode {
    name: "podman-whole",
    about: [
        "two Podmans on one /var/lib/containers",
        "dos Podman sobre un mismo /var/lib/containers",
    ],
    take: [
        "Mount the whole /var/lib/containers, and nothing less.",
        "Monte /var/lib/containers entero, y nada menos.",
    ],
    engine: Engine::Podman,
    like_outer: &["containers/storage.conf", CONTAINERS],
    ..DOCKER
};

const CONTAINERS: &str = "containers/containers.conf";

const SNAPSHOTS: &str = "containerd/daemon/io.containerd.snapshotter.v1.overlayfs";
const CONTENT: &str = "containerd/daemon/io.containerd.content.v1.content";

/// buildx is a plugin of the client.
pub(crate) const PLUGINS: &str =
    "--volume=/usr/libexec/docker/cli-plugins:/usr/libexec/docker/cli-plugins:ro";

/// Buildah beside Podman.
pub(crate) const BUILDAH_PROGRAM: &str = "--volume=/usr/bin/buildah:/usr/bin/buildah:ro";

/// A configuration that has Docker keep its images in its containerd's store, which buildx needs to
/// export a cache.
pub(crate) const CONTAINERD_STORE: &str =
    "--volume=/etc/docker/containerd-store.json:/etc/docker/daemon.json:ro";

/// A configuration that names the registry which keeps what it has fetched.
pub(crate) const PULL_THROUGH: &str =
    "--volume=/etc/docker/pull-through.json:/etc/docker/daemon.json:ro";

/// A configuration that names a second store, which is only read.
pub(crate) const ADDITIONAL: &str =
    "--volume=/etc/containers/additional.conf:/etc/containers/storage.conf:ro";

/// The mount of a cache outside of the store.
pub(crate) const CACHE: &str = "/cache";

/// What is to be done with parts of a store.
const PIN: Said = [
    "Pin the engines' version, or give each a whole store of its own.",
    "Fije la versión de los motores, o dé a cada uno un almacén entero propio.",
];

/// What is to be done after an end without a stop.
const OUTLIVES: Said = [
    "What was acknowledged outlives it; what was under way must be done again.",
    "Lo confirmado sobrevive; lo que estaba en marcha hay que repetirlo.",
];

#[rustfmt::skip]
pub(crate) const WAYS: &[SharingMode] = &[
    DOCKER,
    SharingMode {
        name: "whole-own-containerd",
        about: ["the same, each with a containerd folder of its own",
            "lo mismo, cada uno con su propia carpeta containerd"],
        mounts: &[common(""), own("containerd")],
        ..DOCKER
    },
    SharingMode {
        name: "whole-read-only",
        about: ["the same, the second daemon may only read it", "lo mismo, el segundo demonio solo puede leerlo"],
        take: ["The second engine can use what is there, and keep nothing.",
            "El segundo motor puede usar lo que hay, y no guardar nada."],
        mounts: &[read_only("", ReadOnly::Second)],
        ..DOCKER
    },
    SharingMode {
        name: "after-stop",
        about: ["the store of a daemon that was stopped", "el almacén de un demonio que se detuvo"],
        take: ["Stop the engine and wait for its end before the next one starts.",
            "Detenga el motor y espere a que acabe antes de arrancar el siguiente."],
        hand: Hand::Stopped,
        ..DOCKER
    },
    SharingMode {
        name: "after-kill",
        about: ["the store of a daemon that was killed at work",
            "el almacén de un demonio que se mató mientras trabajaba"],
        take: OUTLIVES,
        hand: Hand::Killed,
        ..DOCKER
    },
    SharingMode {
        name: "after-power-cut",
        about: ["the store as a loss of power leaves it", "el almacén tal como lo deja un corte de corriente"],
        take: OUTLIVES,
        hand: Hand::PowerCut,
        ..DOCKER
    },
    SharingMode {
        name: "copied-live",
        about: ["a copy that was made while a daemon worked on the store",
            "una copia hecha mientras un demonio trabajaba en el almacén"],
        take: ["Stop the engine before copying.", "Detenga el motor antes de copiar."],
        hand: Hand::Copied,
        ..DOCKER
    },
    SharingMode {
        name: "next-generation",
        about: ["the store of another generation, and back again", "el almacén de otra generación, y vuelta atrás"],
        take: ["Keep a copy for the way back.", "Guarde una copia para la vuelta."],
        hand: Hand::NextGeneration,
        ..DOCKER
    },
    SharingMode {
        name: "image",
        about: ["the folder image in common", "la carpeta image en común"],
        take: PIN,
        mounts: &[own(""), common("image")],
        ..DOCKER
    },
    SharingMode {
        name: "layers",
        about: ["the layers (overlay2) in common", "las capas (overlay2) en común"],
        take: PIN,
        mounts: &[own(""), common("overlay2")],
        one_list: false,
        ..DOCKER
    },
    SharingMode {
        name: "image-and-layers",
        about: ["image and layers in common", "image y las capas en común"],
        take: PIN,
        mounts: &[own(""), common("image"), common("overlay2")],
        ..DOCKER
    },
    SharingMode {
        name: "image-and-layers-read-only",
        about: ["image and layers in common, the second daemon may only read them",
            "image y las capas en común, el segundo demonio solo puede leerlas"],
        take: PIN,
        mounts: &[
            own(""),
            read_only("image", ReadOnly::Second),
            read_only("overlay2", ReadOnly::Second),
        ],
        ..DOCKER
    },
    SharingMode {
        name: "snapshots",
        about: ["containerd's snapshots in common", "las instantáneas de containerd en común"],
        take: PIN,
        mounts: &[own(""), common(SNAPSHOTS)],
        one_list: false,
        ..CONTAINERD
    },
    SharingMode {
        name: "snapshots-and-content",
        about: ["containerd's snapshots and content in common",
            "las instantáneas y el contenido de containerd en común"],
        take: PIN,
        mounts: &[own(""), common(SNAPSHOTS), common(CONTENT)],
        one_list: false,
        ..CONTAINERD
    },
    PODMAN,
    SharingMode {
        name: "podman-whole-and-locks",
        about: ["the same, and the folders of Podman's locks in common",
            "lo mismo, y en común las carpetas de los cerrojos de Podman"],
        take: ["Mount the store together with the folders of the locks.",
            "Monte el almacén junto con las carpetas de los cerrojos."],
        mounts: &[
            common(""),
            common("/run/containers"),
            common("/run/libpod"),
            common("/dev/shm"),
        ],
        ..PODMAN
    },
    // What is known to be meant for it.
    SharingMode {
        name: "pull-through",
        about: ["a registry near by that keeps what it has fetched",
            "un registro cercano que guarda lo que ha traído"],
        take: ["Name it as a mirror to every engine; what is built stays with its job.",
            "Nómbrelo como espejo en cada motor; lo construido se queda en su trabajo."],
        mounts: &[own("")],
        one_list: false,
        flags: &[PULL_THROUGH],
        ..DOCKER
    },
    SharingMode {
        name: "archive",
        about: ["an archive of images, to be loaded instead of pulling",
            "un archivo de imágenes, que se carga en lugar de descargar"],
        take: ["Let one job write the archive, and all others only load it.",
            "Que un trabajo escriba el archivo y los demás solo lo carguen."],
        mounts: &[own(""), common(CACHE)],
        one_list: false,
        tools: ARCHIVE,
        ..DOCKER
    },
    SharingMode {
        name: "copy-of-filled",
        about: ["a copy of a store that an engine has filled and left",
            "una copia de un almacén que un motor llenó y dejó"],
        take: ["Fill a store once, stop its engine, and give each job a copy that shares blocks (`cp --reflink`).",
            "Llene un almacén una vez, detenga su motor y dé a cada trabajo una copia que comparta bloques (`cp --reflink`)."],
        hand: Hand::LiveOnCopies,
        mounts: &[own("")],
        one_list: false,
        ..DOCKER
    },
    SharingMode {
        name: "buildx-cache",
        about: ["a folder for buildx's cache, which all jobs read and write",
            "una carpeta para la caché de buildx, que todos los trabajos leen y escriben"],
        take: ["Name the folder in `--cache-from` and `--cache-to`; it needs containerd's store of images.",
            "Nombre la carpeta en `--cache-from` y `--cache-to`; necesita el almacén de imágenes de containerd."],
        // Docker 20.10 has no buildx in its release.
        generations: &[Trixie, Forky],
        mounts: &[own(""), common(CACHE)],
        one_list: false,
        tools: BUILDX,
        flags: &[PLUGINS, CONTAINERD_STORE],
        ..DOCKER
    },
    SharingMode {
        name: "additional-store",
        about: ["a filled store beside its own, which it only reads",
            "un almacén lleno junto al propio, que solo lee"],
        take: ["Fill it once, and name it in `additionalimagestores`, mounted read-only.",
            "Llénelo una vez y nómbrelo en `additionalimagestores`, montado solo para leer."],
        hand: Hand::LiveAfterFiller,
        mounts: &[own(""), read_only("/srv/store", ReadOnly::Both)],
        one_list: false,
        flags: &[ADDITIONAL],
        like_outer: &[CONTAINERS],
        ..PODMAN
    },
    SharingMode {
        name: "buildah-layers",
        about: ["Buildah's layers in one store", "las capas de Buildah en un mismo almacén"],
        take: ["Build with `--layers` in one store for all jobs.",
            "Construya con `--layers` en un almacén para todos los trabajos."],
        tools: BUILDAH,
        flags: &[BUILDAH_PROGRAM],
        ..PODMAN
    },
];

/// A way by its name.
pub(crate) fn named(name: &str) -> Option<&'static SharingMode> {
    WAYS.iter().find(|way| way.name == name)
}

impl SharingMode {
    pub(crate) fn group(&self) -> Group {
        let is_plain = self.tools == PLAIN && self.flags.is_empty() && self.hand == Hand::Live;
        let mut store = self.mounts.iter().filter(|mount| mount.at.is_empty());
        if !self.is_live() {
            Group::InTurn
        } else if !is_plain {
            Group::Meant
        } else if store.all(|mount| mount.whose == Whose::Common) {
            Group::Store
        } else {
            Group::Parts
        }
    }

    /// Whether who made the engine says that it holds: without that, no damage is luck.
    pub(crate) fn is_promised(&self) -> bool {
        match self.group() {
            Group::Store => self.engine == Engine::Podman,
            Group::Parts => false,
            Group::InTurn => [Hand::Stopped, Hand::Killed, Hand::PowerCut].contains(&self.hand),
            Group::Meant => true,
        }
    }

    /// The engine's container, without its mounts.
    pub(crate) fn layer(&self) -> Layer {
        let layer = Layer::own(self.engine).with(self.flags);
        match self.engine {
            Engine::Docker => layer.daemon_with(self.arguments),
            // As at level 0, and not as its image has it: without FUSE, and with namespaces.
            Engine::Podman => layer.like_outer(self.like_outer),
        }
    }

    /// The engine that fills what both only read or have copies of: one like theirs, but with that
    /// for a store.
    pub(crate) fn filler(&self) -> Layer {
        let usual = if self.engine == Engine::Podman { PODMAN } else { DOCKER };
        usual.layer()
    }

    /// The store in its container.
    pub(crate) fn store(&self) -> &'static str {
        match self.engine {
            Engine::Docker => "/var/lib/docker",
            Engine::Podman => "/var/lib/containers",
        }
    }

    /// Whether both engines run at once.
    pub(crate) fn is_live(&self) -> bool {
        let live = [Hand::Live, Hand::LiveAfterFiller, Hand::LiveOnCopies];
        live.contains(&self.hand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_says_what_it_is() {
        for (index, way) in WAYS.iter().enumerate() {
            for language in [0, 1] {
                let same = |other: &SharingMode| other.about[language] == way.about[language];
                assert_eq!(WAYS.iter().position(same), Some(index), "{}", way.name);
            }
        }
    }

    /// What is shared as a whole, in parts, in turn, and as it is meant, is told by how it is shared.
    #[test]
    fn groups_are_those_of_the_readme() {
        let of = |group| {
            let ways = WAYS.iter().filter(move |way| way.group() == group);
            ways.map(|way| way.name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            [Group::Store, Group::Parts, Group::InTurn].map(of),
            [
                "whole whole-own-containerd whole-read-only podman-whole podman-whole-and-locks",
                "image layers image-and-layers image-and-layers-read-only snapshots snapshots-and-content",
                "after-stop after-kill after-power-cut copied-live next-generation",
            ]
        );
    }
}

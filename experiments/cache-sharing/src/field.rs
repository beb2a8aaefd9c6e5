//! What the ways need besides the engines: a lab of each generation, furnished.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bench::once::Labs;
use lab::{Disk, FileSystem, Generation, Lab, NoDisk, Options};
use miette::{Result, miette};

use crate::finding::Class;
use crate::operation::BASES;
use crate::side::{self, Bases};

/// Labs in which ways are tried, and what is in their registries.
pub(crate) struct TestBed<'a> {
    pub(crate) labs: Labs<'a>,
    bases: Mutex<BTreeMap<Generation, Bases>>,
}

impl<'a> TestBed<'a> {
    pub(crate) fn new(labs: Labs<'a>) -> Self {
        let bases = Mutex::default();
        Self { labs, bases }
    }

    /// A lab, and the digests of what its registry has.
    pub(crate) fn get(&self, generation: Generation) -> Result<(Arc<Lab>, Bases)> {
        let lab = self.labs.get(generation)?;
        let mut known = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bases) = known.get(&generation) {
            return Ok((lab, bases.clone()));
        }
        let bases = side::bases(&lab)?;
        known.insert(generation, bases.clone());
        Ok((lab, bases))
    }
}

/// Where the registry is that keeps what it has fetched from the lab's own.
const PULL_THROUGH: &str = "10.99.0.1:5001";

/// Its configuration, a daemon's that asks it, one's whose images are in its containerd's store, and a
/// Podman's with a second store (`docker-registry`'s own
/// documentation, "Registry as a pull through cache"; `dockerd(8)`; `containers-storage.conf(5)`).
const FILES: [(&str, &str); 4] = [
    (
        "/etc/docker/pull-through.yml",
        "version: 0.1
log:
  level: warn
storage:
  filesystem:
    rootdirectory: /var/lib/pull-through
http:
  addr: 10.99.0.1:5001
proxy:
  remoteurl: http://10.99.0.1:5000
",
    ),
    (
        "/etc/docker/pull-through.json",
        r#"{
  "registry-mirrors": ["http://10.99.0.1:5001"],
  "insecure-registries": ["10.99.0.1:5001", "10.99.0.1:5000"]
}
"#,
    ),
    (
        "/etc/docker/containerd-store.json",
        r#"{
  "features": { "containerd-snapshotter": true },
  "storage-driver": "overlayfs",
  "registry-mirrors": ["http://10.99.0.1:5000"],
  "insecure-registries": ["10.99.0.1:5000"]
}
"#,
    ),
    (
        "/etc/containers/additional.conf",
        r#"[storage]
driver = "overlay"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"

[storage.options]
additionalimagestores = ["/srv/store/storage"]
"#,
    ),
];

/// A second registry of another name, so that what the first one sends can be told from it.
const START: &str = r#"cp /usr/bin/docker-registry /var/tmp/pull-through || exit
/var/tmp/pull-through serve /etc/docker/pull-through.yml > /var/log/pull-through.log 2>&1 &
tries=0
until wget -q -O /dev/null "http://$1/v2/"; do
    tries=$((tries + 1)); [ $tries -lt 500 ] || exit 1; sleep 0.02
done"#;

/// A lab with everything that the ways of its generation need.
pub(crate) fn start(options: &Options) -> Result<Lab> {
    let lab = Lab::start(options)?;
    lab.blamed(pull_images(&lab))?;
    Ok(lab)
}

fn pull_images(lab: &Lab) -> Result<()> {
    lab.engine(lab::Engine::Docker)?;
    let level = lab.level0();
    for (file, content) in FILES {
        let write = r#"printf %s "$2" > "$1""#;
        level.output(&["sh", "-c", write, "sh", file, content])?;
    }
    level.output(&["busybox", "sh", "-c", START, "sh", PULL_THROUGH])?;
    for base in BASES {
        level.output(&["docker", "pull", "--quiet", base])?;
    }
    Ok(())
}

/// What one file system of a trial may take, of which it has three at most: four trials at once stay
/// below 4 GB. They take about 50 MB.
const BYTES: u64 = 320 << 20;

/// A file system for one trial: all damage stays in it.
pub(crate) fn disk(name: &str) -> Disk {
    Disk {
        // It lives as long as the program: a few dozen bytes a trial.
        name: name.to_owned().leak(),
        filesystem: "ext4",
        make: &["mkfs.ext4", "-q"],
        options: "",
        bytes: BYTES,
    }
}

/// Takes it away.
pub(crate) fn clear(lab: &Lab, disk: FileSystem) -> Result<()> {
    lab.clear(disk).map_err(|why| miette!("{why}"))
}

/// Why there is none, and in the refuser's words.
pub(crate) fn missing(why: &NoDisk) -> (Class, String) {
    let class = match why {
        NoDisk::NotOnThisKernel(_) => Class::NotOnKernel,
        NoDisk::NotWithoutRoot(_) => Class::NotWithoutRoot,
        NoDisk::NotMade(_) => Class::NotMade,
    };
    (class, why.to_string())
}

//! What a sandbox is made of, shared by the program that holds it and by whoever asks for one.
//!
//! A sandbox is three processes of the one static program in this crate. The **monitor** stays on
//! the machine, builds the sandbox, waits for its end and takes everything away. **init** is PID 1
//! inside: it reaps, and when it dies the kernel kills whatever else is in its PID namespace.
//! **enter** runs one command inside. They are a program of their own because namespaces can only
//! be created and joined by a process with a single thread, which no test runner is.
//!
//! The monitor reads the *lifeline*, a pipe on its standard input, and never writes to it. However
//! the owner ends (return, panic, `kill -9`), the kernel closes the pipe and the monitor acts.

mod fuse;
mod remove;

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rustix::fs::{Access, access};
use serde::{Deserialize, Serialize};

pub use remove::{end_cgroup, make_cgroup, remove_cgroup, remove_tree, sweep_cgroup};

/// The ranges of ids that sandboxes have, each one of its own: the upper halves of the ids that 0 to
/// 65535 of a user namespace are mapped to. What the kernel counts and shows by owner (keys, processes,
/// file systems in user space) is so no other sandbox's.
///
/// Above what `useradd`, `/etc/subuid`, systemd (up to 0x6fffffff) and SSSD (up to 2000200000) hand
/// out, so that no file or process of the machine belongs to an id of a sandbox.
pub const ID_RANGES: Range<u32> = 0x7800..0x7fff;

/// How many ids a sandbox has; 65534 (`nobody`) must be among them.
pub const ID_COUNT: u32 = 0x1_0000;

/// The character devices of a sandbox: name, major, minor
/// (Documentation/admin-guide/devices.txt). One that the machine lacks is left out.
pub const DEVICES: &[(&str, u32, u32)] = &[
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
    ("fuse", 10, 229),
    ("net/tun", 10, 200),
];

/// A sandbox's name: its range of ids, and what tells it from others that have had the range.
#[must_use]
pub fn name(range: u32, tag: u16) -> String {
    format!("m{range:04x}{tag:04x}")
}

/// The range in a sandbox's name.
#[must_use]
pub fn range_of(name: &str) -> Option<u32> {
    let digits = name.strip_prefix('m').filter(|digits| digits.len() == 8)?;
    let range = u32::from_str_radix(digits.get(..4)?, 16).ok()?;
    ID_RANGES.contains(&range).then_some(range)
}

/// Whether root inside is root outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A user namespace with mapped ids: root inside has no power over the machine.
    User,
    /// The same namespaces without the user namespace: what a rootful engine on a machine has,
    /// and a privileged container in it is as strong as root.
    Root,
    /// A user namespace that an ordinary user has made: root inside is that user, and every other id one
    /// of the user's subordinate ids (`subuid(5)`).
    Rootless,
}

impl Kind {
    /// The kind of this process: an ordinary user's labs are rootless.
    #[must_use]
    pub fn here() -> Self {
        if is_rootless() { Self::Rootless } else { Self::User }
    }
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Root => "root",
            Self::Rootless => "rootless",
        })
    }
}

/// The environment's word that the sandbox's program has made its process root of a user's namespace; its
/// value is that user's id.
pub const ROOTLESS: &str = "MATRYOSHKA_ROOTLESS";

/// Whether this process is an ordinary user's, or root of the namespace of one.
#[must_use]
pub fn is_rootless() -> bool {
    if !rustix::process::geteuid().is_root() {
        return true;
    }
    // The machine's root stays root, whatever its environment says.
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let is_machines = map.split_whitespace().take(2).all(|id| id == "0");
    std::env::var_os(ROOTLESS).is_some() && !is_machines
}

/// Whether this process's user namespace has this id.
#[must_use]
pub fn has_id(id: u32) -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.lines().any(|line| {
        let numbers = line.split_whitespace().map_while(|number| number.parse::<u32>().ok());
        match numbers.collect::<Vec<_>>()[..] {
            [first, _, count] => id >= first && id - first < count,
            _ => false,
        }
    })
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "user" => Ok(Self::User),
            "root" => Ok(Self::Root),
            "rootless" => Ok(Self::Rootless),
            _ => Err("user, root or rootless".to_owned()),
        }
    }
}

/// A directory of the machine that is visible inside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Share {
    /// Absolute path on the machine.
    pub source: PathBuf,
    /// Absolute path inside.
    pub target: PathBuf,
    /// Whether it can be written to from inside.
    pub writable: bool,
}

/// What the monitor is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Spec {
    /// Name of the sandbox; also its host name.
    pub id: String,
    /// With or without a user namespace.
    pub kind: Kind,
    /// What root inside is on the machine.
    pub root: u32,
    /// Directory of this sandbox on a real file system; the monitor removes it at the end.
    /// Its `etc` and `var` become those of the sandbox.
    pub state: PathBuf,
    /// The bundle; its `usr` becomes the sandbox's, read-only.
    pub bundle: PathBuf,
    /// The sandbox's control group, made by the owner ([`make_cgroup`]) and removed by the monitor.
    /// `None`: this user may make none, and the sandbox's processes stay in the user's.
    pub cgroup: Option<PathBuf>,
    /// What else of the machine is visible inside.
    pub shares: Vec<Share>,
}

/// What the monitor answers on its standard output, one line of JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// The sandbox stands; `init` is its PID 1, as the machine numbers it.
    Ready {
        /// Process id on the machine.
        init: i32,
    },
    /// It could not be built.
    Failed {
        /// The step that failed.
        step: String,
        /// The kernel's reason.
        why: String,
    },
}

/// The label of what a run makes with the machine's own engines: the run's name.
pub const RUN: &str = "matryoshka.run";

/// The label of a volume that stands for an image that a run has pulled: the image's name.
pub const PULLED: &str = "matryoshka.pulled";

/// A process's number and when it has started, by which it is told from whoever has the number later.
pub fn mark(number: i32) -> io::Result<String> {
    let stat = fs::read_to_string(format!("/proc/{number}/stat"))?;
    // The second field, in brackets, may hold anything; this is the 22nd (proc_pid_stat(5)).
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let started = fields.split_whitespace().nth(19).ok_or(io::ErrorKind::InvalidData)?;
    Ok(format!("{number}@{started}"))
}

/// The number of the process with this mark; an error once another one may have it.
pub fn marked(by: &str) -> io::Result<i32> {
    let number = by.split('@').next().and_then(|number| number.parse().ok());
    let number = number.filter(|number| mark(*number).is_ok_and(|now| now == by));
    number.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it has died"))
}

/// The control group of the processes that are in no container, below [`Spec::cgroup`].
///
/// cgroup v2 allows no processes in a group that hands controllers to its children
/// (Documentation/admin-guide/cgroup-v2.rst, "No Internal Process Constraint").
pub const LEAF: &str = "lab";

/// A process's PID namespace, as the kernel's links name it: as long as that lives, no other has the name.
pub fn space_of(process: rustix::process::Pid) -> io::Result<PathBuf> {
    fs::read_link(format!("/proc/{}/ns/pid", process.as_raw_nonzero()))
}

/// Where the machine's cgroup v2 tree is mounted, if it has one: pure v2 and hybrid machines do.
#[must_use]
pub fn cgroup2_mount() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    mounts.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let is_cgroup2 = right.starts_with("cgroup2 ");
        is_cgroup2.then(|| left.split(' ').nth(4).map(PathBuf::from))?
    })
}

/// The group below which this process makes those of labs: the whole tree for the machine's root, its own
/// group for an ordinary user, who may have no other. `None` of a user who may not make any there.
#[must_use]
pub fn cgroup_tree() -> Option<PathBuf> {
    let mount = cgroup2_mount()?;
    if !is_rootless() {
        return Some(mount);
    }
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let own = mount.join(own);
    let tree = if own.ends_with(OWNERS) { own.parent()?.to_owned() } else { own };
    let may_write = |path: &Path| access(path, Access::WRITE_OK).is_ok();
    (may_write(&tree) && may_write(&tree.join("cgroup.procs"))).then_some(tree)
}

/// In an ordinary user's group, the one of the processes that have labs: as [`LEAF`] in a lab's.
pub const OWNERS: &str = "owners";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_start() {
        let own = i32::try_from(std::process::id()).expect("a number");
        let by = mark(own).expect("it runs");
        assert_eq!(marked(&by).ok(), Some(own));
        // As one has it that has started at another time.
        assert!(marked(&format!("{by}0")).is_err());
        assert!(marked(&own.to_string()).is_err() && marked("").is_err());
    }

    #[test]
    fn a_name_holds_its_range() {
        for range in ID_RANGES {
            assert_eq!(range_of(&name(range, 0xabcd)), Some(range));
            // As ids of two halves, without the sign.
            assert!(i32::try_from(range * ID_COUNT + (ID_COUNT - 1)).is_ok());
        }
        for name in ["", "m7800", "m70610000", "m7fff0000", "x78000000", "m780000001", "mé800000"]
        {
            assert_eq!(range_of(name), None, "{name}");
        }
    }
}

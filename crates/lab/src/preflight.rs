//! What this machine can run, found by trying.

use std::fs;
use std::path::{Path, PathBuf};

use miette::Result;
use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::thread::{CapabilitySet, capabilities, capability_is_in_bounding_set};
use sandbox::DEVICES;

use crate::error::unsupported;
use crate::generation::Generation;
use crate::held::Kind;
use crate::{bundle, cache, rootless};

/// One thing that a lab needs, and whether this machine has it.
#[derive(Clone, Debug)]
pub struct Check {
    /// What is needed.
    pub what: String,
    /// What was found, or why it is missing and what to do.
    pub found: Found,
}

/// Outcome of a check.
#[derive(Clone, Debug)]
pub enum Found {
    /// It is there.
    Ready(String),
    /// It is not.
    Missing {
        /// The reason.
        why: String,
        /// What to do about it.
        remedy: String,
    },
}

/// The kinds of root's labs.
const KINDS: [Kind; 2] = [Kind::User, Kind::Root];

/// Everything that a lab of this kind and generation needs of the machine.
#[must_use]
pub fn preflight(kind: Kind, generation: Generation) -> Vec<Check> {
    let mut checks = any_engines(kind, generation);
    if checks.iter().all(Check::is_ready) {
        checks.push(able(kind, generation, format!("generation {generation}")));
    }
    checks
}

impl Check {
    /// Whether it is there.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self.found, Found::Ready(_))
    }
}

/// What it needs whatever its engines ask for.
fn any_engines(kind: Kind, generation: Generation) -> Vec<Check> {
    let standing = match kind {
        Kind::Rootless => standing(),
        Kind::User | Kind::Root => check(
            "root",
            privilege(kind),
            "outside of any user namespace: leave --sandbox out, then an ordinary user's labs are \
             `rootless`; or run as root: sudo env \
             \"PATH=$PATH\" \"HOME=$HOME\" cargo xtask ...",
        ),
    };
    let has_standing = standing.is_ready();
    let mut checks = vec![
        check("limits that are large enough", limits(), program::RAISE_LIMIT),
        standing,
        check(
            "a cache directory for engines and their stores",
            cache_directory(),
            "set XDG_CACHE_HOME to a directory on a real file system (in a container: a volume)",
        ),
        check("tools", tools(), "run on Debian or a derivative"),
        check(
            "engines",
            engines(generation),
            "run apt-get update, add a Debian mirror to apt's sources, or name one in MATRYOSHKA_MIRROR",
        ),
    ];
    if !has_standing {
        // Whoever lacks that is refused everything else for no other reason.
        return checks;
    }
    // An ordinary user's labs go on without.
    if kind != Kind::Rootless || sandbox::cgroup_tree().is_some() {
        checks.push(check(
            "cgroup v2",
            cgroup2(),
            "mount one: mount -t cgroup2 none /sys/fs/cgroup/unified",
        ));
    }
    checks.push(check("overlay file system", overlay(), "load it as root: modprobe overlay"));
    if kind == Kind::User {
        checks.push(check(
            "user namespaces",
            user_namespaces(),
            "allow them: sysctl user.max_user_namespaces=10000; or use --sandbox root",
        ));
    }
    checks
}

/// An ordinary user's, found by trying.
fn standing() -> Check {
    let found = match rootless::ready() {
        Ok(told) => Found::Ready(told),
        Err(report) => {
            let remedy = report.help().map(|help| help.to_string());
            Found::Missing {
                why: report.chain().skip(1).map(ToString::to_string).collect::<Vec<_>>().join(": "),
                remedy: remedy.unwrap_or_default(),
            }
        }
    };
    Check { what: "an ordinary user's namespaces".to_owned(), found }
}

/// Devices of a sandbox that only some nests need: the module of its driver, and what for.
const OPTIONAL: [(&str, &str, &str); 2] = [
    ("fuse", "fuse", "the store of Podman in Podman as its published image has it"),
    ("net/tun", "tun", "Pasta's networks, as of Podman in Podman"),
];

/// Devices that are missing here; the other generations in that kind of sandbox; and any generation in
/// the other kind, where that makes a difference.
#[must_use]
pub fn alternatives(kind: Kind, chosen: Generation) -> Vec<Check> {
    let mut checks: Vec<Check> = OPTIONAL.iter().filter_map(device).collect();
    for generation in Generation::ALL {
        let here = able(kind, generation, format!("generation {generation}"));
        let expected = here.is_ready();
        if generation != chosen {
            checks.push(here);
        }
        let others = KINDS.iter().filter(|other| kind != Kind::Rootless && **other != kind);
        let others = others.map(|other| {
            let what = format!("generation {generation} with --sandbox {other}");
            able(*other, generation, what)
        });
        checks.extend(others.filter(|check| check.is_ready() != expected));
    }
    checks
}

fn device(&(name, module, needed_for): &(&str, &str, &str)) -> Option<Check> {
    let (_, major, minor) = DEVICES.iter().find(|(of_sandbox, ..)| *of_sandbox == name)?;
    let path = format!("/dev/{name}");
    let is_open = access(&path, Access::READ_OK | Access::WRITE_OK);
    let (why, remedy) = match is_open {
        Ok(()) => return None,
        Err(Errno::NOENT) => {
            let made = format!(
                "modprobe {module}; [ -e {path} ] || mknod -m 666 {path} c {major} {minor}"
            );
            ("it is not there".to_owned(), made)
        }
        Err(why) => (why.to_string(), format!("chmod 666 {path}")),
    };
    let found = Found::Missing { why, remedy: format!("as root: {remedy}") };
    Some(Check { what: format!("{path} for {needed_for}"), found })
}

/// An error where Podman as its published image has it, with a store by FUSE, would start no container.
pub(crate) fn require_fuse() -> Result<()> {
    let missing = OPTIONAL.iter().filter(|(name, ..)| *name == "fuse").find_map(device);
    match missing.map(|check| check.found) {
        Some(Found::Missing { why, remedy }) => Err(unsupported(
            "Podman in a container is not available on this machine",
            format!("its image keeps containers by /dev/fuse: {why}"),
            format!("{remedy}; or leave it out: --arms"),
        )),
        _ => Ok(()),
    }
}

/// The first thing that is missing, as an error.
pub(crate) fn require(kind: Kind, generation: Generation) -> Result<()> {
    program::patience()?;
    for Check { what, found } in any_engines(kind, generation) {
        if let Found::Missing { why, remedy } = found {
            return Err(unsupported(format!("no lab without {what}"), why, remedy));
        }
    }
    match able(kind, generation, format!("generation {generation}")) {
        Check { what, found: Found::Missing { why, remedy } } => {
            Err(unsupported(format!("no lab of {what}"), why, remedy))
        }
        _ => Ok(()),
    }
}

fn check(
    what: impl Into<String>,
    found: std::result::Result<String, String>,
    remedy: &'static str,
) -> Check {
    let found = match found {
        Ok(found) => Found::Ready(found),
        Err(why) => Found::Missing { why, remedy: remedy.to_owned() },
    };
    Check { what: what.into(), found }
}

/// Whether a generation's engines can do here what they are asked for.
fn able(kind: Kind, generation: Generation, what: String) -> Check {
    let release = generation.release();
    // In a user namespace of its own, root has them all.
    let lacking = if release.every_capability && kind == Kind::Root {
        lacking_capabilities()
    } else {
        Vec::new()
    };
    if kind == Kind::Rootless
        && !goes_without_cgroups(generation)
        && sandbox::cgroup_tree().is_none()
    {
        let why = "without control groups its Docker starts only below RootlessKit, whose API its \
                   bridges ask which ports are forwarded";
        let remedy = format!("use another --generation, or {}", rootless::SESSION);
        return Check { what, found: Found::Missing { why: why.to_owned(), remedy } };
    }
    let found = if lacking.is_empty() {
        Ok(release.engines.to_owned())
    } else {
        Err(format!(
            "its Docker gives a privileged container every capability of the kernel, and this \
             machine's bounding set lacks {}",
            lacking.join(", ")
        ))
    };
    check(what, found, "use --sandbox user, or another --generation")
}

/// Whether a generation's engines do without control groups.
#[must_use]
pub fn goes_without_cgroups(generation: Generation) -> bool {
    !generation.release().every_cgroup
}

/// The capabilities that the kernel knows and that no process started from here can get.
fn lacking_capabilities() -> Vec<String> {
    CapabilitySet::all()
        .iter_names()
        .filter(|(_, capability)| matches!(capability_is_in_bounding_set(*capability), Ok(false)))
        .map(|(name, _)| format!("CAP_{name}"))
        .collect()
}

/// Those that whoever started this program has set (`ulimit`).
fn limits() -> std::result::Result<String, String> {
    program::limits()
        .map(|()| "stack and size of files".to_owned())
        .map_err(|report| program::one_line(&report))
}

/// Mounts and namespaces need `CAP_SYS_ADMIN`, which root in a plain container lacks.
fn privilege(kind: Kind) -> std::result::Result<String, String> {
    if sandbox::is_rootless() {
        return Err("this is an ordinary user".to_owned());
    }
    if kind == Kind::User && !sandbox::has_id(sandbox::ID_RANGES.end * sandbox::ID_COUNT - 1) {
        return Err("this is root of a user namespace that lacks the ids of labs".to_owned());
    }
    let capabilities = capabilities(None).map_err(|e| e.to_string())?;
    if capabilities.effective.contains(CapabilitySet::SYS_ADMIN) {
        Ok("with CAP_SYS_ADMIN".to_owned())
    } else {
        Err("root without CAP_SYS_ADMIN, as in an unprivileged container".to_owned())
    }
}

/// The file that says which controllers the control groups of labs can have, in cgroup v2; `None` where
/// there is no such tree.
#[must_use]
pub fn handed_down() -> Option<PathBuf> {
    sandbox::cgroup_tree().map(|tree| tree.join("cgroup.subtree_control"))
}

/// The controllers that the control groups of a lab's containers can have, in cgroup v2.
#[must_use]
pub fn controllers() -> Vec<String> {
    let names = handed_down().and_then(|file| fs::read_to_string(file).ok());
    let names = names.unwrap_or_default();
    names.split_whitespace().map(str::to_owned).collect()
}

fn cgroup2() -> std::result::Result<String, String> {
    let mount = sandbox::cgroup_tree().ok_or("no cgroup2 file system is mounted")?;
    let controllers = fs::read_to_string(mount.join("cgroup.subtree_control"))
        .map_err(|e| format!("{}: {e}", mount.display()))?;
    let controllers = match controllers.trim() {
        "" => "no controllers: no limits, accounting from /proc",
        some => some,
    };
    Ok(format!("{} ({controllers})", mount.display()))
}

/// Asked of the kernel, which loads a module if it has the file system as one.
fn overlay() -> std::result::Result<String, String> {
    use rustix::io::Errno;
    match rustix::mount::fsopen("overlay", rustix::mount::FsOpenFlags::FSOPEN_CLOEXEC) {
        Ok(_) => Ok("in the kernel".to_owned()),
        // Only root may ask; whether that is missing is another check.
        Err(Errno::PERM) => {
            let known = fs::read_to_string("/proc/filesystems").unwrap_or_default();
            let is_there = known.lines().any(|line| line.ends_with("\toverlay"));
            Ok(if is_there { "in the kernel" } else { "not known: only root can ask the kernel" }
                .to_owned())
        }
        Err(why) => Err(why.to_string()),
    }
}

/// An engine's store lies below it, and overlay mounts do not stack on an overlay's upper layer.
fn cache_directory() -> std::result::Result<String, String> {
    /// `OVERLAYFS_SUPER_MAGIC` and `NFS_SUPER_MAGIC` in linux/magic.h.
    const REFUSED: [(i64, &str); 2] = [
        (0x794c_7630, "an overlay file system"),
        (0x6969, "NFS, which knows no ids of a namespace"),
    ];
    let cache = cache::root().map_err(|report| program::one_line(&report))?;
    cache::is_writable(&cache)?;
    let found = rustix::fs::statfs(&cache).map_err(|e| format!("{}: {e}", cache.display()))?;
    let free_mb = found.f_bavail * u64::try_from(found.f_bsize).unwrap_or(0) / 1_000_000;
    if let Some((_, kind)) = REFUSED.iter().find(|(kind, _)| *kind == found.f_type) {
        return Err(format!("{} lies on {kind}", cache.display()));
    }
    let flags = rustix::fs::statvfs(&cache).map_err(|e| format!("{}: {e}", cache.display()))?;
    if flags.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC) {
        return Err(format!("{} is mounted noexec: nothing in it may run", cache.display()));
    }
    Ok(format!("{} ({free_mb} MB free)", cache.display()))
}

fn tools() -> std::result::Result<String, String> {
    // An ordinary user's path has no /usr/sbin, but root's has.
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    let found = |name: &str| std::env::split_paths(&path).any(|dir| dir.join(name).exists());
    let needed = ["apt-get", "apt-config", "dpkg-deb", "ldconfig", "setpriv"];
    let mut missing: Vec<&str> = needed.into_iter().filter(|name| !found(name)).collect();
    if !Path::new("/usr/lib/apt/apt-helper").exists() {
        missing.push("apt-helper");
    }
    if missing.is_empty() {
        Ok("apt, dpkg, ldconfig, setpriv".to_owned())
    } else {
        Err(format!("not found: {}", missing.join(", ")))
    }
}

/// A filled cache needs no mirror.
fn engines(generation: Generation) -> std::result::Result<String, String> {
    let cache = cache::root().map_err(|report| program::one_line(&report))?;
    if bundle::is_cached(generation, &cache) {
        return Ok("in the cache".to_owned());
    }
    bundle::machine_apt()
        .map(|_| "to be fetched through the machine's apt".to_owned())
        .map_err(|report| program::one_line(&report))
}

fn user_namespaces() -> std::result::Result<String, String> {
    let limit = fs::read_to_string("/proc/sys/user/max_user_namespaces")
        .map_err(|_| "this kernel has no user namespaces".to_owned())?;
    match limit.trim() {
        "0" => Err("user.max_user_namespaces is 0".to_owned()),
        limit => Ok(format!("up to {limit}")),
    }
}

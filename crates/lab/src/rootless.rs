//! A lab of an ordinary user: its program becomes root of a user namespace, in which everything else goes
//! on as root's does.
//!
//! That takes ids besides the user's own, which `/etc/subuid` and `/etc/subgid` grant. For limits and
//! accounting it takes a control group that the user may divide, which systemd grants; where there is none
//! the lab goes on without. Root inside is the user on the machine: what keeps the
//! lab from the user's files is that none but the shared folder is mounted in it.

use std::env;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miette::{Report, Result};
use sandbox::{ID_COUNT, OWNERS, ROOTLESS, cgroup_tree};

use crate::error::{failure, unsupported};
use crate::programs;

/// Set where systemd has given this process a control group of its own.
const SCOPE: &str = "MATRYOSHKA_SCOPE";

/// Where an ordinary user's path does not lead.
const ADMINS: [&str; 2] = ["/usr/sbin", "/sbin"];

const WHAT: &str = "no lab for an ordinary user";

/// Goes on as root of a user namespace where this process is an ordinary user's, by starting its program
/// again with the same arguments; nothing where it is root's. Before anything that must not happen twice.
///
/// # Errors
///
/// What the user or the machine lacks for it, with the command that mends it.
pub fn become_root() -> Result<()> {
    if rustix::process::geteuid().is_root() {
        if sandbox::is_rootless() {
            divide_group();
        }
        return Ok(());
    }
    let again = Again::found()?;
    // Each returns only if it fails.
    let why = match again.group() {
        Group::Systemds => again.in_a_scope().exec(),
        group => {
            again.tried()?;
            if let Group::None(why) = group {
                program::note!(
                    "no control groups in this lab: {why}; for one of your own {SESSION} ({WITHOUT})"
                );
            }
            again.as_root(&again.program)?.exec()
        }
    };
    Err(not_again(why))
}

fn not_again(why: std::io::Error) -> Report {
    let what = "this program can't be started again for an ordinary user";
    failure(what, why, "see `cargo xtask doctor`")
}

/// Goes on where an ordinary user's process can get from to the control groups of that user's labs: one
/// may only move between groups below one that one may divide (cgroups(7), "Delegation").
pub(crate) fn reach_groups() -> Result<()> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let again = Again::found()?;
    match again.group() {
        Group::Own => Ok(()),
        Group::Systemds => Err(not_again(again.in_a_scope().exec())),
        Group::None(why) => {
            Err(unsupported("the lab's control groups can't be reached from here", why, SESSION))
        }
    }
}

/// What an ordinary user lacks for a lab; where nothing is missing, who it is and what labs have.
pub(crate) fn ready() -> Result<String> {
    let told = |user: u32, lack: Option<String>| match lack {
        None => format!("user {user} may make them, with ids and control groups"),
        Some(why) => format!(
            "user {user} may make them, with ids and without control groups: {why}; for some {SESSION}"
        ),
    };
    if rustix::process::geteuid().is_root() {
        let user = env::var(ROOTLESS).ok().and_then(|user| user.parse().ok());
        let is_one = sandbox::is_rootless() && sandbox::has_id(ID_COUNT - 1);
        let lack = cgroup_tree().is_none().then(|| NOT_GRANTED.to_owned());
        return user.filter(|_| is_one).map(|user| told(user, lack)).ok_or_else(|| {
            unsupported(
                "no lab of an ordinary user",
                "this is root, and not of a namespace that a lab has made for a user",
                "leave --sandbox out, or start it as an ordinary user",
            )
        });
    }
    let again = Again::found()?;
    again.tried()?;
    let lack = match again.group() {
        Group::None(why) => Some(why),
        Group::Own | Group::Systemds => None,
    };
    Ok(told(rustix::process::getuid().as_raw(), lack))
}

/// Makes the process's control group one that can be divided: whoever is in it goes to one below, and
/// what it may hand down is handed down. Nothing where others are in it.
fn divide_group() {
    let Some(tree) = cgroup_tree() else {
        return;
    };
    let read = |file| fs::read_to_string(tree.join(file)).unwrap_or_default();
    let controllers = read("cgroup.controllers");
    let own = std::process::id().to_string();
    if controllers.trim().is_empty() || read("cgroup.procs").trim() != own {
        return;
    }
    let owners = tree.join(OWNERS);
    // Where one of these is refused, the lab has no limits, which its description says.
    let _ = fs::create_dir(&owners);
    if fs::write(owners.join("cgroup.procs"), own).is_ok() {
        for name in controllers.split_whitespace() {
            let _ = fs::write(tree.join("cgroup.subtree_control"), format!("+{name}"));
        }
    }
}

/// Below which control group this program's labs have theirs.
enum Group {
    /// This process's.
    Own,
    /// One that systemd makes for it.
    Systemds,
    /// They have none, and this is why.
    None(String),
}

const NOT_GRANTED: &str = "this user may not divide the one that it is in";

/// What gives a user's programs a control group.
pub(crate) const SESSION: &str = "log in as that user (ssh, machinectl shell; su and sudo make no session), or as root: \
     loginctl enable-linger USER, and set XDG_RUNTIME_DIR=/run/user/UID";

/// What labs without control groups do without.
const WITHOUT: &str =
    "without them: no limits, no processor time of a whole lab, and Docker in its rootless mode";

/// How this program is started again.
struct Again {
    program: PathBuf,
    path: std::ffi::OsString,
    mappers: [PathBuf; 2],
    ranges: [u32; 2],
}

impl Again {
    fn found() -> Result<Self> {
        let mut path = env::var_os("PATH").unwrap_or_default();
        for dir in ADMINS {
            if !env::split_paths(&path).any(|known| known == Path::new(dir)) {
                path.push(":");
                path.push(dir);
            }
        }
        let mapper = |name: &str| {
            let found =
                env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.exists());
            found.ok_or_else(|| {
                unsupported(
                    WHAT,
                    format!("{name} is not installed, which maps its ids"),
                    "as root: apt-get install uidmap",
                )
            })
        };
        let mappers = [mapper("newuidmap")?, mapper("newgidmap")?];
        let ranges = [range("/etc/subuid")?, range("/etc/subgid")?];
        let program = env::current_exe()
            .map_err(|why| failure("this program can't be found", why, "mount /proc"))?;
        Ok(Self { program, path, mappers, ranges })
    }

    /// This command line, with that program in a user namespace.
    fn as_root(&self, program: &Path) -> Result<Command> {
        let ([uids, gids], [of_users, of_groups]) = (self.ranges, &self.mappers);
        let mut command = Command::new(programs::sandbox()?);
        let name = env::args_os().next().unwrap_or_default();
        command.arg("rootless").arg(of_users).arg(uids.to_string()).arg(of_groups);
        command.arg(gids.to_string()).arg(name).arg(program).args(env::args_os().skip(1));
        command.env("PATH", &self.path);
        // Asked for as root inside it would be root's.
        if env::var_os("HOME").is_none_or(|home| home.is_empty())
            && let Ok(home) = etcetera::home_dir()
        {
            command.env("HOME", home);
        }
        Ok(command)
    }

    /// A namespace was made, for a program that does nothing: what is refused is only found by trying.
    fn tried(&self) -> Result<()> {
        let tried = self.as_root(Path::new("/bin/true"))?.stdin(Stdio::null()).output();
        let why = match tried {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) => String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "),
            Err(why) => why.to_string(),
        };
        let set = RESTRICTIONS.iter().find(|(file, value, _)| {
            let set = fs::read_to_string(file).unwrap_or_default();
            set.trim() == *value
        });
        let remedy = match (set, profile()) {
            (Some((_, _, remedy)), _) => (*remedy).to_owned(),
            // Only a security module refuses with these words.
            (None, Some(name)) if why.contains("ermission denied") => format!(
                "as root: give AppArmor's profile `{name}` the rule `userns,` and load it again by \
                 apparmor_parser --replace, or start it as root"
            ),
            (None, _) => "see if a security module or a container around this refuses user \
                          namespaces, or start it as root"
                .to_owned(),
        };
        Err(unsupported(WHAT, format!("no user namespace: {why}"), remedy))
    }

    fn group(&self) -> Group {
        if cgroup_tree().is_some() {
            return Group::Own;
        }
        if env::var_os(SCOPE).is_some() {
            return Group::None("systemd's can't be written to".to_owned());
        }
        let tried = scope().arg("true").stdin(Stdio::null()).env("PATH", &self.path).output();
        match tried {
            Ok(output) if output.status.success() => Group::Systemds,
            Ok(output) => {
                let words = String::from_utf8_lossy(&output.stderr);
                Group::None(words.trim().replace('\n', "; "))
            }
            Err(why) => Group::None(format!("systemd-run: {why}")),
        }
    }

    /// This command line, in a control group of systemd's.
    fn in_a_scope(&self) -> Command {
        let mut command = scope();
        command.arg(&self.program).args(env::args_os().skip(1));
        command.env("PATH", &self.path).env(SCOPE, "1");
        command
    }
}

/// What forbids user namespaces, by what it is set to, and how that is undone.
const RESTRICTIONS: &[(&str, &str, &str)] = &[
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0 (then any program may make \
         them, from which flaws of the kernel are easier to reach), or start it as root",
    ),
    ("/proc/sys/user/max_user_namespaces", "0", "as root: sysctl user.max_user_namespaces=10000"),
    (
        "/proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "as root: sysctl kernel.unprivileged_userns_clone=1",
    ),
];

/// The security profile that this program is under (`AppArmor`).
fn profile() -> Option<String> {
    let text = fs::read_to_string("/proc/self/attr/apparmor/current").ok()?;
    let name = text.trim().strip_suffix(" (enforce)")?;
    Some(name.to_owned())
}

fn scope() -> Command {
    let mut command = Command::new("systemd-run");
    command.args(["--user", "--scope", "--quiet", "--property=Delegate=yes", "--"]);
    command
}

/// The first id of the user's range in such a file (`subuid(5)`): lines of a name or id, the first id and
/// how many there are.
fn range(file: &str) -> Result<u32> {
    let id = rustix::process::getuid().as_raw().to_string();
    // Users are not in /etc/passwd only.
    let name = Command::new("id").arg("-un").env("PATH", "/usr/bin:/bin").output();
    let name = name.map(|said| said.stdout).unwrap_or_default();
    let name = String::from_utf8_lossy(&name).trim().to_owned();
    let name = if name.is_empty() { id.clone() } else { name };
    let granted = fs::read(file).unwrap_or_default();
    first_of(&String::from_utf8_lossy(&granted), &[&name, &id]).ok_or_else(|| {
        unsupported(
            WHAT,
            format!("{file} has no {} ids for {name}", ID_COUNT - 1),
            format!(
                "as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {name} (any \
                 range that no other line of {file} has)"
            ),
        )
    })
}

fn first_of(granted: &str, names: &[&str]) -> Option<u32> {
    granted.lines().find_map(|line| {
        let [name, first, count] = line.split(':').collect::<Vec<_>>()[..] else {
            return None;
        };
        let is_enough = names.contains(&name) && count.trim().parse::<u32>().ok()? >= ID_COUNT - 1;
        is_enough.then(|| first.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_that_is_large_enough_and_the_users() {
        let granted = "# ids\nother:1:65536\nme:5:10\nme:100000:65536\n1000:200000:65535\n";
        assert_eq!(first_of(granted, &["me", "7"]), Some(100_000));
        assert_eq!(first_of(granted, &["nobody", "1000"]), Some(200_000));
        assert_eq!(first_of(granted, &["you", "8"]), None);
        assert_eq!(first_of("me:100000\nme::65536\nme:1:-1", &["me"]), None);
    }
}

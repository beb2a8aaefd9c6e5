//! Paths of the host: where they lead, and whether a container may have that.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};

use crate::policy::Policy;
use crate::rule::{Refusal, Rule, quoted};

/// Whether a bind mount of `path` is within the policy.
pub(crate) fn may_mount(policy: &Policy, path: &Path) -> Result<(), Refusal> {
    let named = quoted(&path.to_string_lossy());
    let refused = |rule, why: &str| Err(Refusal::new(rule, format!("{named} {why}")));
    if !path.is_absolute() {
        return refused(Rule::BindRoots, "is not an absolute path");
    }
    // The daemon cleans a path as a text before the kernel sees it: LINK/../x becomes x beside the
    // link (moby `linux_parser.go`, `path.Clean`), where the kernel goes to the link's target first.
    let clean = cleaned(path);
    let leads = resolved(&clean);
    let guarded = |end: &Path| {
        let protects = |known: &PathBuf| {
            let known = resolved(known).unwrap_or_else(|_| cleaned(known));
            known.starts_with(end) || end.starts_with(&known)
        };
        policy.protected_paths.iter().any(protects)
    };
    if guarded(&clean) {
        return refused(Rule::DaemonSocket, "holds or is what belongs to the daemon");
    }
    let end = match (leads, resolved(path)) {
        (Ok(end), Ok(same)) if end == same => end,
        (Ok(_), Ok(_)) => return refused(Rule::BindRoots, "leads to two places"),
        (Err(e), _) | (_, Err(e)) => {
            return refused(Rule::BindRoots, &format!("cannot be resolved: {e}"));
        }
    };
    if guarded(&end) {
        return refused(Rule::DaemonSocket, "leads to what belongs to the daemon");
    }
    let below = |root: &PathBuf| resolved(root).is_ok_and(|root| end.starts_with(root));
    if policy.bind_roots.iter().any(below) {
        Ok(())
    } else {
        refused(Rule::BindRoots, "leads to no place below a listed root")
    }
}

/// Where the kernel gets to by `path`.
///
/// Not by a magic link (`/proc/self/cwd`), which leads the daemon to another place than this
/// process; `openat2` refuses these (`RESOLVE_NO_MAGICLINKS`).
pub(crate) fn resolved(path: &Path) -> io::Result<PathBuf> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let file = openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS)?;
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// The path as Go's `path.Clean` makes it.
fn cleaned(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::ParentDir => {
                clean.pop();
            }
            Component::Normal(name) => clean.push(name),
            _ => {}
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::policy::DEFAULT_POLICY;

    /// A root that is listed, beside one that is not, in a directory that goes with the test.
    fn policy(dir: &Path) -> Policy {
        let mut policy = Policy::read(DEFAULT_POLICY).expect("the default policy");
        for name in ["open/d/e/f", "shut", "daemon"] {
            fs::create_dir_all(dir.join(name)).expect("a directory");
        }
        policy.bind_roots = vec![dir.join("open"), dir.join("daemon")];
        policy.protected_paths.push(dir.join("daemon/sock"));
        policy
    }

    fn rule(policy: &Policy, path: &Path) -> Option<Rule> {
        may_mount(policy, path).err().map(|refusal| refusal.rule)
    }

    #[test]
    fn what_is_below_a_root_may_be_mounted() {
        let dir = tempfile::tempdir().expect("a directory");
        let policy = policy(dir.path());
        symlink(dir.path().join("open/d"), dir.path().join("way")).expect("a link");
        for path in ["open", "open/", "open/d", "open/d/../d", "way", "shut/../open"] {
            assert_eq!(rule(&policy, &dir.path().join(path)), None, "{path}");
        }
    }

    #[test]
    fn what_leads_elsewhere_may_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let policy = policy(dir.path());
        let link = |to: &Path, at: &str| symlink(to, dir.path().join(at)).expect("a link");
        link(&dir.path().join("shut"), "open/out");
        link(Path::new("/proc/self/cwd"), "open/cwd");
        link(&dir.path().join("open/d/e/f"), "open/deep");
        // By the kernel open/d/e/f/../../../../shut, which is there; by the text `shut`.
        fs::create_dir_all(dir.path().join("open/shut")).expect("a directory");
        let paths = [
            "",
            "shut",
            "open/..",
            "open/../shut",
            "open/out",
            "open/out/../shut",
            "open/cwd",
            "open/deep/../../../../open/shut",
            "open/missing",
            "openly",
        ];
        fs::create_dir_all(dir.path().join("openly")).expect("a directory");
        for path in paths {
            let found = rule(&policy, &dir.path().join(path));
            let roots = matches!(found, Some(Rule::BindRoots));
            let guarded = path.is_empty() || path == "open/..";
            assert!(roots || guarded && found == Some(Rule::DaemonSocket), "{path}: {found:?}");
        }
        assert_eq!(rule(&policy, Path::new("relative")), Some(Rule::BindRoots));
        assert_eq!(rule(&policy, Path::new("/proc/self/root")), Some(Rule::BindRoots));
    }

    #[test]
    fn the_daemon_is_guarded_even_below_a_root() {
        let dir = tempfile::tempdir().expect("a directory");
        let policy = policy(dir.path());
        fs::write(dir.path().join("daemon/sock"), "").expect("a file");
        symlink(dir.path().join("daemon"), dir.path().join("open/d/sly")).expect("a link");
        for path in ["daemon", "daemon/sock", "open/d/sly", "open/d/sly/sock", "open/../daemon"] {
            let found = rule(&policy, &dir.path().join(path));
            assert_eq!(found, Some(Rule::DaemonSocket), "{path}");
        }
    }
}

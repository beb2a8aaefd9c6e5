//! What else differs between places than their level, for the record.

use std::fs;

use lab::Level;
use miette::{IntoDiagnostic, Result, WrapErr};
use serde_json::{Value, json};

/// Filters, control groups and file system around what is started here. On the machine's own engines
/// (`is_hidden`) nobody can look at a place's groups from outside.
pub(crate) fn of(level: &Level, is_hidden: bool) -> Result<Value> {
    let status = level.output(&["cat", "/proc/self/status"])?;
    // Read from outside, because a place's own control group namespace hides what is above. It is
    // that of its first process.
    let groups = || {
        let groups = level.process_directory().and_then(|process| {
            // The kernel's own word: no path of the inside.
            fs::read_to_string(process.join("cgroup"))
        });
        let what = "the control group of a place's first process can't be read";
        groups.into_diagnostic().wrap_err(what)
    };
    let groups = if is_hidden { None } else { Some(groups()?) };
    let mounts = level.output(&["cat", "/proc/self/mountinfo"])?;
    let filters = status.lines().find_map(|line| line.strip_prefix("Seccomp_filters:"));
    Ok(json!({
        "level": level.depth(),
        // Since Linux 5.9 (proc_pid_status(5)).
        "seccomp_filters": filters.and_then(|count| count.trim().parse::<u32>().ok()),
        "cgroup_depth": groups.and_then(|groups| depth(&groups)),
        "file_system": file_system(&mounts, "/etc/passwd"),
    }))
}

/// How many groups of the v2 tree a process is in, without its root (`cgroups(7)`: the line of
/// hierarchy 0 in `/proc/PID/cgroup`).
fn depth(groups: &str) -> Option<usize> {
    let path = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    Some(path.split('/').filter(|name| !name.is_empty()).count())
}

/// Type of the file system that a file lies on: that of the longest mount point above it
/// (`proc_pid_mountinfo(5)`).
fn file_system(mounts: &str, file: &str) -> Option<String> {
    let above = |point: &str| {
        let rest = file.strip_prefix(point.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let rows = mounts.lines().filter_map(|line| {
        let (mount, source) = line.split_once(" - ")?;
        Some((mount.split(' ').nth(4)?, source.split(' ').next()?))
    });
    let mut found: Option<(&str, &str)> = None;
    for (point, kind) in rows {
        // Of two at the same point, the later one lies on top.
        if above(point) && found.is_none_or(|(best, _)| point.len() >= best.len()) {
            found = Some((point, kind));
        }
    }
    found.map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_the_v2_tree_are_counted() {
        assert_eq!(depth("2:cpu:/a/b/c\n0::/lab/docker/1f\n"), Some(3));
        assert_eq!(depth("0::/\n"), Some(0));
        assert_eq!(depth("2:cpu:/a\n"), None);
    }

    #[test]
    fn the_nearest_mount_above_a_file_holds_it() {
        let mounts = "1 0 0:1 / / rw - overlay overlay rw\n\
                      2 1 8:1 /x /etc/hosts rw - ext4 /dev/a rw\n\
                      3 1 8:1 /x /srv rw - ext4 /dev/a rw\n\
                      4 3 0:5 / /srv rw - tmpfs tmpfs rw";
        let on = |file| file_system(mounts, file);
        assert_eq!(on("/etc/passwd").as_deref(), Some("overlay"));
        assert_eq!(on("/etc/hosts").as_deref(), Some("ext4"));
        assert_eq!(on("/srv/file").as_deref(), Some("tmpfs"));
        assert_eq!(on("/srvfile").as_deref(), Some("overlay"));
    }
}

//! Whose something is that was made with the machine's own engines: labels that say it, and what dead
//! owners have left.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use sandbox::RUN;
use serde_json::Value;

/// The owner's process, by its mark ([`sandbox::mark`]).
const OWNER: &str = "matryoshka.owner";

/// The boot of the machine that it is of (`random(4)`, `boot_id`).
const BOOT: &str = "matryoshka.boot";

/// The PID namespace that it has this number in.
const SPACE: &str = "matryoshka.space";

/// Flags that label whatever is made with an engine as this process's.
pub(super) fn flags(run: &str) -> Vec<String> {
    let mine = Mine::now();
    let labels = [(RUN, run), (OWNER, &mine.owner), (BOOT, &mine.boot), (SPACE, &mine.space)];
    labels.iter().map(|(name, value)| format!("--label={name}={value}")).collect()
}

/// What tells this process from every other one.
struct Mine {
    owner: String,
    boot: String,
    space: String,
}

impl Mine {
    fn now() -> Self {
        let own = i32::try_from(std::process::id()).unwrap_or_default();
        let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        Self {
            owner: sandbox::mark(own).unwrap_or_default(),
            boot: boot(),
            space: space.to_string_lossy().into_owned(),
        }
    }
}

fn boot() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    boot.trim().to_owned()
}

/// The run that these labels name, if its owner is dead. Of an owner that can't be judged from here, in
/// another PID namespace or, of an engine elsewhere, on another machine, nobody knows: it may live.
pub(super) fn of_dead(labels: &BTreeMap<String, String>, is_elsewhere: bool) -> Option<&str> {
    let [run, owner, boot, space] =
        [RUN, OWNER, BOOT, SPACE].map(|name| labels.get(name).map(String::as_str));
    let (run, owner, boot, space) = (run?, owner?, boot?, space?);
    let mine = Mine::now();
    let is_dead = if boot == mine.boot {
        space == mine.space && !lives(owner)
    } else {
        !is_elsewhere && !boot.is_empty()
    };
    // It becomes a part of a path.
    (is_dead && is_name(run)).then_some(run)
}

/// Whether a process with this mark may live. One of another user's may not be seen
/// (`hidepid`, `proc(5)`), and is there all the same.
fn lives(mark: &str) -> bool {
    if sandbox::marked(mark).is_ok() {
        return true;
    }
    let number = mark.split('@').next().and_then(|number| number.parse().ok());
    let Some(process) = number.and_then(Pid::from_raw) else {
        // No mark of ours: nobody's to take away.
        return true;
    };
    let is_seen = Path::new("/proc").join(process.as_raw_nonzero().to_string()).exists();
    !is_seen && test_kill_process(process) == Err(Errno::PERM)
}

/// Whether this is the name of a run.
pub(super) fn is_name(run: &str) -> bool {
    let digits = run.strip_prefix('h');
    digits.is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The labels of things, as `inspect` prints them one a line.
pub(super) fn read(lines: &str) -> Vec<BTreeMap<String, String>> {
    let read = |line: &str| -> Option<BTreeMap<String, String>> {
        let labels: Value = serde_json::from_str(line).ok()?;
        let labels = labels.as_object()?.iter();
        Some(labels.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect())
    };
    lines.lines().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn labels(changes: &[(&str, &str)]) -> BTreeMap<String, String> {
        let flags = flags("h0123abcd");
        let pairs = flags.iter().filter_map(|flag| flag.strip_prefix("--label=")?.split_once('='));
        let others = changes.iter().copied();
        pairs.chain(others).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[rstest]
    #[case::a_living_owner(&[], false, false)]
    #[case::a_process_that_is_gone(&[(OWNER, "999999999@1")], false, true)]
    #[case::another_one_with_its_number(&[(OWNER, "1@999999999999")], false, true)]
    #[case::another_boot(&[(BOOT, "other")], false, true)]
    #[case::of_another_machine_maybe(&[(BOOT, "other")], true, false)]
    #[case::of_another_namespace(&[(OWNER, "999999999@1"), (SPACE, "pid:[1]")], false, false)]
    #[case::without_a_mark(&[(OWNER, "me")], false, false)]
    #[case::no_name_of_a_run(&[(OWNER, "999999999@1"), (RUN, "../x")], false, false)]
    fn only_what_is_surely_dead_is(
        #[case] changes: &[(&str, &str)],
        #[case] is_elsewhere: bool,
        #[case] is_dead: bool,
    ) {
        let labels = labels(changes);
        assert_eq!(of_dead(&labels, is_elsewhere).is_some(), is_dead);
    }

    #[test]
    fn what_lacks_a_label_is_nobodys() {
        let mut labels = labels(&[(OWNER, "999999999@1")]);
        assert_eq!(of_dead(&labels, false), Some("h0123abcd"));
        labels.remove(BOOT);
        assert_eq!(of_dead(&labels, false), None);
    }
}

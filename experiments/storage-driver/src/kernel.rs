//! What the kernel says of file systems while something is tried.

use std::os::fd::OwnedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{Mode, OFlags, SeekFrom, open, seek};
use rustix::io::{Errno, read};

/// Whose messages are kept: how they begin, after the time.
const SPEAKERS: &[&str] =
    &["overlayfs", "overlay:", "fuse", "XFS", "BTRFS", "EXT4-fs", "tmpfs", "erofs"];

/// What every mount says that works, and every engine in a user namespace that tries a mount without
/// `userxattr` first.
const CHATTER: &[&str] = &[
    "failed to set xattr on upper",
    "...falling back to",
    "try mounting with 'userxattr' option",
    "mounted filesystem",
    "Mounting V",
    "Ending clean mount",
    "Unmounting Filesystem",
    "unmounting filesystem",
    "first mount of filesystem",
    "last unmount of filesystem",
    "using crc32c",
    "enabling",
    "turning on",
    "checking UUID tree",
    "using free-space-tree",
    "devid 1 transid",
];

/// The kernel's log from now on (`/dev/kmsg`, Documentation/ABI/testing/dev-kmsg). Where it may not
/// be read, it stays silent. Only one at a time listens, so that what is said is of what that one
/// does: whatever is short is done while listening.
pub(crate) struct Kernel {
    log: Option<OwnedFd>,
    _alone: MutexGuard<'static, ()>,
}

impl Kernel {
    /// Waits until nobody else listens.
    pub(crate) fn from_now() -> Self {
        static ONE: Mutex<()> = Mutex::new(());
        let alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let log = open("/dev/kmsg", flags, Mode::empty()).ok();
        let log = log.filter(|log| seek(log, SeekFrom::End(0)).is_ok());
        Self { log, _alone: alone }
    }

    /// A refusal's words with what the kernel has said meanwhile.
    pub(crate) fn beside(&mut self, words: String) -> String {
        let said = self.said().into_iter();
        let said = said.map(|line| format!("\nkernel: {line}"));
        words + &said.collect::<String>()
    }

    /// What it has said since, each thing once.
    fn said(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        let Some(log) = &self.log else { return said };
        // A record is one read, and at most so long (CONSOLE_EXT_LOG_MAX).
        let mut record = [0; 8192];
        loop {
            match read(log, &mut record) {
                Ok(0) | Err(Errno::AGAIN) => return said,
                Ok(length) => {
                    let line = message(&String::from_utf8_lossy(&record[..length]));
                    said.extend(line.filter(|line| !said.contains(line)));
                }
                // Older records were written over meanwhile: the next read goes on behind them.
                Err(Errno::PIPE | Errno::INTR) => {}
                Err(_) => return said,
            }
        }
    }
}

/// A record's message, if it is of a file system and worth keeping.
fn message(record: &str) -> Option<String> {
    let (_, text) = record.split_once(';')?;
    let text = text.lines().next()?.trim();
    let is_kept = SPEAKERS.iter().any(|speaker| text.starts_with(speaker))
        && !CHATTER.iter().any(|chatter| text.contains(chatter));
    is_kept.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(
        "4,1,2,-;overlayfs: upper fs needs to support d_type.\n SUBSYSTEM=x\n",
        Some("overlayfs: upper fs needs to support d_type.")
    )]
    #[case("6,1,2,-;XFS (loop0): Mounting V5 Filesystem 00\n", None)]
    #[case("6,1,2,-;docker0: port 1(veth) entered blocking state\n", None)]
    #[case("no record", None)]
    fn messages_of_file_systems_are_kept(#[case] record: &str, #[case] kept: Option<&str>) {
        assert_eq!(message(record).as_deref(), kept);
    }
}

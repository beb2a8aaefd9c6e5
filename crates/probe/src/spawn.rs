//! Starting a command and timing it, as lean as `posix_spawn(3)` allows.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::MemfdFlags;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use rustix::time::ClockId;
use serde::{Deserialize, Serialize};

use crate::hash::now_ns;

/// How much of a stream is kept: what a sample needs for its check or its reason.
const KEPT_BYTES: u64 = 16 * 1024;

/// One command, from `posix_spawn(3)` to the return of `wait4(2)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spawned {
    /// Monotonic time in ns.
    pub wall_ns: u64,
    /// CPU time of the command and its waited-for children, user and system, in ns. A container's
    /// processes are the engine's children and not in it.
    pub cpu_ns: u64,
    /// How it ended.
    pub exit: Exit,
    /// The end of its standard output.
    pub stdout: String,
    /// The end of its standard error.
    pub stderr: String,
}

impl Spawned {
    /// Whether it ended in time with exit code 0.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.exit == Exit::Code(0)
    }

    /// Whether it succeeded and its standard output is exactly this.
    #[must_use]
    pub fn printed(&self, expected: &str) -> bool {
        self.succeeded() && self.stdout == expected
    }

    /// Why it is no good, in one line: how it ended and what it said last.
    #[must_use]
    pub fn complaint(&self) -> String {
        let said = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        let end = match self.exit {
            Exit::Code(code) => format!("exit code {code}"),
            Exit::Signal(signal) => format!("killed by signal {signal}"),
            Exit::Deadline => "killed at its deadline".to_owned(),
        };
        let last: Vec<&str> = said.trim().lines().rev().take(3).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        // An engine can lose what a container printed.
        let last =
            if last.is_empty() { "nothing was printed".to_owned() } else { last.join(" | ") };
        format!("{end}: {last}")
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// It returned this code.
    Code(i32),
    /// This signal killed it.
    Signal(i32),
    /// It was killed because its deadline passed.
    Deadline,
}

/// Runs a command and times it; the command's standard input is empty.
///
/// Its output goes to memory files: nothing has to be drained while the clock runs, and a command
/// that writes much is not held up by a full pipe.
pub fn spawn(command_line: &[String], deadline: Duration) -> io::Result<Spawned> {
    let [program, args @ ..] = command_line else {
        return Err(io::Error::other("no command given"));
    };
    // std leaves posix_spawn for fork when it has to search a changed PATH, and a search is not
    // part of what is timed.
    let path = find(program).ok_or_else(|| io::Error::other(format!("{program}: not found")))?;
    let (stdout, stderr) = (memory_file("stdout")?, memory_file("stderr")?);
    let mut command = Command::new(path);
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?)
        // So that a deadline ends the command's own children too.
        .process_group(0);

    let start = now_ns(ClockId::Monotonic);
    let child = command.spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("no process id"))?;
    let handle = pidfd_open(pid, PidfdFlags::empty())?;
    let in_time = wait_until(&handle, deadline)?;
    if !in_time {
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let (status, cpu_ns) = reap(pid)?;
    let wall_ns = now_ns(ClockId::Monotonic) - start;

    let exit = if !in_time {
        Exit::Deadline
    } else if libc::WIFSIGNALED(status) {
        Exit::Signal(libc::WTERMSIG(status))
    } else {
        Exit::Code(libc::WEXITSTATUS(status))
    };
    Ok(Spawned { wall_ns, cpu_ns, exit, stdout: tail(stdout)?, stderr: tail(stderr)? })
}

/// Whether the process ended before the deadline.
fn wait_until(handle: &OwnedFd, deadline: Duration) -> io::Result<bool> {
    let end = now_ns(ClockId::Monotonic) + u64::try_from(deadline.as_nanos()).unwrap_or(u64::MAX);
    loop {
        let left = Duration::from_nanos(end.saturating_sub(now_ns(ClockId::Monotonic)));
        let timeout = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(handle, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(true),
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Waits for that very child: its wait status and CPU time in ns.
pub(crate) fn reap(pid: Pid) -> io::Result<(i32, u64)> {
    let mut status = 0;
    #[expect(unsafe_code, reason = "std and rustix wait without the child's resource usage")]
    // SAFETY: both out-pointers are to live, correctly typed variables; zeroed is a valid rusage.
    let (result, usage) = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        let pid = pid.as_raw_nonzero().get();
        let result = libc::wait4(pid, &raw mut status, 0, &raw mut usage);
        (result, usage)
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let ns = |time: libc::timeval| time.tv_sec * 1_000_000_000 + time.tv_usec * 1_000;
    let cpu = ns(usage.ru_utime) + ns(usage.ru_stime);
    Ok((status, u64::try_from(cpu).unwrap_or_default()))
}

/// The program's absolute path.
fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(program.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}

fn memory_file(name: &str) -> io::Result<File> {
    Ok(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC)?.into())
}

fn tail(mut file: File) -> io::Result<String> {
    let length = file.metadata()?.len();
    file.seek(io::SeekFrom::Start(length.saturating_sub(KEPT_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn run(script: &str, deadline: Duration) -> Spawned {
        let argv = ["sh", "-c", script].map(String::from);
        spawn(&argv, deadline).expect("sh starts")
    }

    #[rstest]
    #[case::success("exit 0", Exit::Code(0))]
    #[case::failure("exit 3", Exit::Code(3))]
    #[case::signal("kill -9 $$", Exit::Signal(9))]
    fn exit_is_told(#[case] script: &str, #[case] exit: Exit) {
        assert_eq!(run(script, Duration::from_secs(30)).exit, exit);
    }

    #[test]
    fn streams_are_kept_apart() {
        let spawned = run("echo out; echo err >&2", Duration::from_secs(30));
        assert_eq!(spawned.stdout, "out\n");
        assert_eq!(spawned.stderr, "err\n");
    }

    #[test]
    fn much_output_neither_blocks_nor_is_kept() {
        let spawned =
            run("head -c 3000000 /dev/zero | tr '\\0' x; echo end", Duration::from_secs(30));
        assert_eq!(spawned.exit, Exit::Code(0));
        assert!(spawned.stdout.ends_with("xend\n"));
        assert_eq!(spawned.stdout.len() as u64, KEPT_BYTES);
    }

    #[test]
    fn deadline_ends_the_command_and_its_children() {
        let spawned = run("sleep 1000 & echo $!; wait", Duration::from_millis(200));
        assert_eq!(spawned.exit, Exit::Deadline);
        let child = spawned.stdout.trim();
        let running = || {
            let stat = std::fs::read_to_string(format!("/proc/{child}/stat"));
            stat.is_ok_and(|stat| !stat.contains(") Z "))
        };
        // SIGKILL is delivered when the child is next scheduled.
        let patience = std::time::Instant::now() + Duration::from_secs(10);
        while running() {
            assert!(std::time::Instant::now() < patience, "{child} still runs");
            std::thread::yield_now();
        }
    }

    #[test]
    fn cpu_time_is_the_childs() {
        let spawned =
            run("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done", Duration::from_secs(60));
        assert!(spawned.cpu_ns > 1_000_000, "{spawned:?}");
        assert!(spawned.wall_ns > 1_000_000, "{spawned:?}");
    }

    #[test]
    fn missing_program_is_said_before_the_clock_starts() {
        let argv = [String::from("no-such-program-here")];
        let error = spawn(&argv, Duration::from_secs(1)).expect_err("it is not there");
        assert!(error.to_string().contains("not found"));
    }
}

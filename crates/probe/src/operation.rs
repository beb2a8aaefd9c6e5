//! Operations of the kernel, each asked for many times over and timed by the asking process.
//!
//! After "lmbench: Portable Tools for Performance Analysis" (L. `McVoy`, C. Staelin, USENIX 1996): its
//! `lat_syscall null`, `read` and `open`, `lat_proc exec`, `lat_ctx` and `lat_pagefault`.

use std::cell::Cell;
use std::ffi::CStr;
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::mm::{Advice, MapFlags, ProtFlags};
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use rustix::time::ClockId;
use serde::{Deserialize, Serialize};

use crate::hash::now_ns;
use crate::spawn::reap;

/// How much of `/dev/urandom` one operation reads: little, so that the way into the kernel and
/// back weighs against the making of the numbers.
const RANDOM_BYTES: usize = 64;

/// A file that every root file system has, and no engine mounts anything over: it lies on the
/// container's own file system. No part of its path is a link.
const FILE: &CStr = c"/etc/passwd";

/// How many pages are mapped at a time: enough for `mmap` and `munmap` to weigh little, few
/// enough for the probe to stay small.
const PAGES: u32 = 128;

/// How long the probe rests before it begins. A request comes through more programs the deeper it
/// goes, and of one engine more than of another; they are done by then, and the clock starts after
/// a wake-up by the same timer everywhere.
const REST: Duration = Duration::from_millis(2);

/// The mode in which the probe ends at once.
pub const NOTHING: &str = "nothing";

/// The mode in which the probe returns each byte that it is sent.
pub const ECHO: &str = "echo";

/// Something that the kernel does when asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// `getppid(2)`: into the kernel and back. Nothing answers it without (`vdso(7)`).
    Getppid,
    /// `read(2)` of 64 bytes from an open `/dev/urandom` (`urandom(4)`).
    Urandom,
    /// `stat(2)` of `/etc/passwd`, then `open(2)` for reading and `close(2)`: the path is
    /// resolved twice.
    OpenStat,
    /// `posix_spawn(3)` of the probe itself in a mode that ends at once, and `wait4(2)`. The
    /// file is the same one at every level.
    ForkExec,
    /// One byte through a pipe to another process and one byte back through a second pipe:
    /// both processes wait for each other, so two switches.
    PingPong,
    /// The first write to a page of anonymous memory (`mmap(2)`), of the base size: huge pages are
    /// refused (`MADV_NOHUGEPAGE`, `madvise(2)`). Mapping and unmapping, once in 128 pages, is part
    /// of it.
    PageFault,
}

/// How long an operation took, all its times together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operated {
    /// Monotonic time of the loop, in ns.
    pub wall_ns: u64,
    /// CPU time in the loop, user and system, of this process and of those that the operation is
    /// made of, in ns.
    pub cpu_ns: u64,
}

/// Does an operation so many times, and once more before the clock starts.
///
/// All of it stays on the core that the probe is on when asked, the other processes of `ForkExec`
/// and `PingPong` too: nothing is moved meanwhile, and no core has to be woken.
pub fn operate(operation: Operation, times: u32) -> io::Result<Operated> {
    if times == 0 {
        return Err(io::Error::other("no operation was asked for"));
    }
    std::thread::sleep(REST);
    let _pinned = Pinned::here()?;
    match operation {
        Operation::Getppid => timed(times, ALONE, |times| {
            for _ in 0..times {
                black_box(rustix::process::getppid());
            }
            Ok(())
        }),
        Operation::Urandom => {
            let file = File::open("/dev/urandom")?;
            timed(times, ALONE, |times| read(&file, times))
        }
        Operation::OpenStat => timed(times, ALONE, |times| open_stat(FILE, times)),
        Operation::ForkExec => {
            let program = std::env::current_exe()?;
            let children_ns = Cell::new(0);
            timed(
                times,
                || Ok(children_ns.get()),
                |times| {
                    for _ in 0..times {
                        children_ns.set(children_ns.get() + start(&program)?);
                    }
                    Ok(())
                },
            )
        }
        Operation::PingPong => {
            let partner = Partner::start()?;
            timed(times, || partner.cpu_ns(), |times| partner.play(times))
        }
        Operation::PageFault => timed(times, ALONE, touch),
    }
}

/// The CPU time of no other process.
const ALONE: fn() -> io::Result<u64> = || Ok(0);

/// Does the work once, then so many times by the clock. `others_ns` is the CPU time so far of the
/// other processes that are part of it.
fn timed(
    times: u32,
    others_ns: impl Fn() -> io::Result<u64>,
    mut work: impl FnMut(u32) -> io::Result<()>,
) -> io::Result<Operated> {
    // What is only there after the first time (a cached path, a partner that listens) is there.
    work(1)?;
    let others = others_ns()?;
    let (wall, cpu) = (now_ns(ClockId::Monotonic), now_ns(ClockId::ProcessCPUTime));
    work(times)?;
    let wall_ns = now_ns(ClockId::Monotonic) - wall;
    let cpu_ns = now_ns(ClockId::ProcessCPUTime) - cpu;
    Ok(Operated { wall_ns, cpu_ns: cpu_ns + others_ns()? - others })
}

fn read(file: &File, times: u32) -> io::Result<()> {
    let mut buffer = [0_u8; RANDOM_BYTES];
    for _ in 0..times {
        let length = rustix::io::read(file, &mut buffer)?;
        if length != RANDOM_BYTES {
            return Err(io::Error::other(format!("only {length} random bytes")));
        }
    }
    Ok(())
}

fn open_stat(path: &CStr, times: u32) -> io::Result<()> {
    let named = |e: rustix::io::Errno| io::Error::other(format!("{}: {e}", path.to_string_lossy()));
    for _ in 0..times {
        black_box(rustix::fs::stat(path).map_err(named)?);
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        drop(rustix::fs::open(path, flags, Mode::empty()).map_err(named)?);
    }
    Ok(())
}

/// Starts the program in its shortest mode and waits for its end: its CPU time in ns.
fn start(program: &Path) -> io::Result<u64> {
    let child = Command::new(program).arg(NOTHING).spawn()?;
    match reap(process_id(&child)?)? {
        (0, cpu_ns) => Ok(cpu_ns),
        (status, _) => {
            Err(io::Error::other(format!("{} {NOTHING}: wait status {status}", program.display())))
        }
    }
}

fn process_id(child: &Child) -> io::Result<Pid> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::other("no process id"))
}

/// Writes to so many new pages. At most [`PAGES`] are there at once.
fn touch(times: u32) -> io::Result<()> {
    let size = rustix::param::page_size();
    let mut left = times;
    while left > 0 {
        let pages = left.min(PAGES);
        left -= pages;
        let length = pages as usize * size;
        #[expect(unsafe_code, reason = "rustix marks mapping and unmapping as unsafe")]
        // SAFETY: the kernel chooses an address that nothing else has; what is written lies within
        // the mapping, through its own pointer, and nothing keeps that pointer past `munmap`.
        unsafe {
            let (access, kind) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
            let start = rustix::mm::mmap_anonymous(std::ptr::null_mut(), length, access, kind)?;
            // Without effect, and an error, where the kernel has no huge pages.
            let _ = rustix::mm::madvise(start, length, Advice::LinuxNoHugepage);
            for page in 0..pages as usize {
                start.cast::<u8>().add(page * size).write_volatile(1);
            }
            rustix::mm::munmap(start, length)?;
        }
    }
    Ok(())
}

/// Another process that returns each byte.
struct Partner {
    child: Child,
    to: ChildStdin,
    from: ChildStdout,
    clock: libc::clockid_t,
}

impl Partner {
    fn start() -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(ECHO)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (to, from) = pipes.ok_or_else(|| io::Error::other("no pipes"))?;
        let mut partner = Self { child, to, from, clock: 0 };
        let pid = process_id(&partner.child)?.as_raw_nonzero().get();
        #[expect(unsafe_code, reason = "rustix has no clock of another process")]
        // SAFETY: the out-pointer is to a live variable of that type.
        let result = unsafe { libc::clock_getcpuclockid(pid, &raw mut partner.clock) };
        match result {
            0 => Ok(partner),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }

    fn play(&self, times: u32) -> io::Result<()> {
        let mut byte = [0];
        for _ in 0..times {
            rustix::io::write(&self.to, &[1])?;
            if rustix::io::read(&self.from, &mut byte)? == 0 {
                return Err(io::Error::other("the other process has ended"));
            }
        }
        Ok(())
    }

    /// CPU time of the partner so far, in ns.
    fn cpu_ns(&self) -> io::Result<u64> {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        #[expect(unsafe_code, reason = "rustix reads only clocks that it has a name for")]
        // SAFETY: the out-pointer is to a live variable of that type.
        let result = unsafe { libc::clock_gettime(self.clock, &raw mut time) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let ns = time.tv_sec * 1_000_000_000 + time.tv_nsec;
        Ok(u64::try_from(ns).unwrap_or_default())
    }
}

impl Drop for Partner {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The partner's part: returns each byte until the other side is closed.
pub fn echo() -> io::Result<()> {
    let (stdin, stdout) = (io::stdin(), io::stdout());
    let (from, to) = (stdin.as_fd(), stdout.as_fd());
    let mut byte = [0];
    while rustix::io::read(from, &mut byte)? != 0 {
        rustix::io::write(to, &byte)?;
    }
    Ok(())
}

/// Keeps this process, and what it starts, on one core while it lives.
struct Pinned {
    before: CpuSet,
}

impl Pinned {
    fn here() -> io::Result<Self> {
        let before = sched_getaffinity(None)?;
        let mut here = CpuSet::new();
        here.set(sched_getcpu());
        sched_setaffinity(None, &here)?;
        Ok(Self { before })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let _ = sched_setaffinity(None, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_an_error_that_names_it() {
        let error = open_stat(c"/etc/no-such-file", 1).expect_err("it is not there");
        assert!(error.to_string().contains("/etc/no-such-file"), "{error}");
    }

    #[test]
    fn a_program_that_fails_is_an_error() {
        let error = start(Path::new("/bin/false")).expect_err("it failed");
        assert!(error.to_string().contains("/bin/false"), "{error}");
    }

    #[test]
    fn nothing_is_no_operation() {
        assert!(operate(Operation::Getppid, 0).is_err());
    }

    #[test]
    fn the_probe_may_run_everywhere_again_afterwards() {
        let before = sched_getaffinity(None).expect("it has one");
        operate(Operation::PageFault, 300).expect("it is done");
        assert_eq!(sched_getaffinity(None).expect("it has one"), before);
    }
}

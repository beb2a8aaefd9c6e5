//! The system calls that need `unsafe`: each is wrapped once, here.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::process::Pid;

/// In which process `clone` returned.
pub(crate) enum Side {
    Parent(Pid),
    Child,
}

/// `fork(2)` into new namespaces (`clone(2)` with `CLONE_NEW*` flags; 0 for a plain fork).
pub(crate) fn fork_into(namespaces: libc::c_int) -> io::Result<Side> {
    let flags = libc::c_long::from(namespaces | libc::SIGCHLD);
    #[expect(
        unsafe_code,
        reason = "no safe wrapper forks into namespaces; a null stack makes clone behave as fork, \
                  and this program has one thread, so the child's memory is consistent"
    )]
    // SAFETY: see the reason above; all pointer arguments are null, which clone allows.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Side::Child),
        pid => {
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            pid.map(Side::Parent).ok_or_else(|| io::Error::other("clone returned no process id"))
        }
    }
}

/// Moves this process into new namespaces (`unshare(2)`).
pub(crate) fn unshare(namespaces: rustix::thread::UnshareFlags) -> rustix::io::Result<()> {
    #[expect(
        unsafe_code,
        reason = "rustix marks unshare unsafe for programs with threads; this one has a single one"
    )]
    // SAFETY: single-threaded, so no other thread relies on the shared state.
    unsafe {
        rustix::thread::unshare_unsafe(namespaces)
    }
}

/// Makes a detached mount read-only, or without the effect of set-user-id files and devices, or
/// gives it the id mapping of a user namespace (`mount_setattr(2)`, Linux 5.12). What the machine
/// mounts below it from then on is not seen through it.
pub(crate) fn set_mount(
    mount: BorrowedFd<'_>,
    read_only: bool,
    harmless: bool,
    mapping: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let mut attributes =
        libc::mount_attr { attr_set: 0, attr_clr: 0, propagation: libc::MS_PRIVATE, userns_fd: 0 };
    if read_only {
        attributes.attr_set |= libc::MOUNT_ATTR_RDONLY;
    }
    if harmless {
        attributes.attr_set |= libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
    }
    if let Some(namespace) = mapping {
        attributes.attr_set |= libc::MOUNT_ATTR_IDMAP;
        attributes.userns_fd = u64::try_from(namespace.as_raw_fd()).map_err(io::Error::other)?;
    }
    #[expect(unsafe_code, reason = "rustix has no mount_setattr")]
    // SAFETY: the path is a valid C string, the attributes outlive the call, the size is theirs.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Leaves the caller's session keyring for an empty one of its own, where the kernel has keys: a
/// process in the sandbox must not possess the keys of whoever started it.
pub(crate) fn leave_keyring() {
    const JOIN_SESSION_KEYRING: libc::c_int = 1;
    #[expect(unsafe_code, reason = "rustix has no keyctl")]
    // SAFETY: a null name asks for a new anonymous keyring; no memory is touched.
    unsafe {
        libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, std::ptr::null::<libc::c_char>());
    }
}

/// Installs a system call filter for this process and all its descendants.
///
/// Without `no_new_privs`, which would take the effect from set-user-id programs; so it takes
/// `CAP_SYS_ADMIN` in this process's user namespace (`seccomp(2)`).
pub(crate) fn install(filter: &[seccompiler::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog {
        len: libc::c_ushort::try_from(filter.len()).map_err(io::Error::other)?,
        filter: filter.as_ptr().cast_mut().cast(),
    };
    #[expect(unsafe_code, reason = "rustix installs no filters, seccompiler sets no_new_privs")]
    // SAFETY: the program and its instructions, which have the kernel's layout, outlive the call.
    let result = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Ignores a signal for the rest of this process's life.
pub(crate) fn ignore(signal: libc::c_int) {
    #[expect(unsafe_code, reason = "rustix does not change signal dispositions")]
    // SAFETY: SIG_IGN installs no handler, so there is no code that must be async-signal-safe.
    unsafe {
        libc::signal(signal, libc::SIG_IGN);
    }
}

/// Signals that are blocked, so that none is missed between two waits.
pub(crate) struct Signals(libc::sigset_t);

impl Signals {
    pub(crate) fn block(signals: &[libc::c_int]) -> Self {
        #[expect(unsafe_code, reason = "rustix has no sigprocmask")]
        // SAFETY: sigemptyset initialises the set before anything reads it.
        unsafe {
            let mut set = std::mem::zeroed::<libc::sigset_t>();
            libc::sigemptyset(&raw mut set);
            for signal in signals {
                libc::sigaddset(&raw mut set, *signal);
            }
            libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
            Self(set)
        }
    }

    /// For a program that is to be executed: it would inherit what is blocked.
    pub(crate) fn unblock(&self) {
        #[expect(unsafe_code, reason = "rustix has no sigprocmask")]
        // SAFETY: the set was initialised in `block`.
        unsafe {
            libc::sigprocmask(libc::SIG_UNBLOCK, &raw const self.0, std::ptr::null_mut());
        }
    }

    /// The next one of them.
    pub(crate) fn wait(&self) -> libc::c_int {
        #[expect(unsafe_code, reason = "rustix has no sigwaitinfo")]
        // SAFETY: the set was initialised in `block`; a null siginfo is allowed.
        unsafe {
            libc::sigwaitinfo(&raw const self.0, std::ptr::null_mut())
        }
    }
}

/// Closes everything but the standard streams: whatever else this program was started with is
/// somebody's of the machine, and must not be found inside.
pub(crate) fn close_the_rest() -> io::Result<()> {
    #[expect(unsafe_code, reason = "rustix has no close_range")]
    // SAFETY: called before this program has opened anything.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

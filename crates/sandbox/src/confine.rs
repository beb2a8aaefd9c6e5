//! What namespaces leave open.
//!
//! **Sockets of the family `AF_VSOCK`** reach the hypervisor, and through it whatever listens there,
//! from any network namespace (`vsock(7)`): the family is refused to everything in a sandbox.
//! `io_uring` can make sockets past such a filter, so it is absent too; no engine uses it.
//!
//! **Terminals.** `TIOCSTI` puts characters into a terminal as if they were typed, and `TIOCLINUX`
//! pastes on a console (`ioctl_tty(2)`): a terminal of the machine would run them as its user. None
//! comes inside (below), and both calls are refused besides.
//!
//! **Keys** belong to a user of the machine, whatever namespaces its processes are in: root of an ordinary
//! user's sandbox, who is that user, could read and replace those of its keyring (`keyrings(7)`). It has
//! no calls for them. Other sandboxes have ids of their own, or root's.
//!
//! **Descriptors** hold what they were opened for, whatever the namespaces say. Nothing that this
//! program is started with but its standard streams comes inside (`sys::close_the_rest`), and those
//! are, for each process that is put there from outside:
//!
//! | process | streams | why harmless |
//! |---|---|---|
//! | init | `/dev/null`, opened by itself | a device of nobody; the lifeline and the log are the monitor's alone |
//! | the command of `lab exec` and `lab shell`, also of who joins | pipes of the caller's, or a terminal of the sandbox's own instance of `devpts` | the caller copies bytes between these and its own streams, whatever those are: a terminal, a socket, a folder, a file opened for appending |
//! | daemons at level 0 | `/dev/null`; a log that is opened for writing | the log is a file of this lab's state, which ends with it; its owner reads its last part as text and follows nothing in it |
//! | agents | pipes, `/dev/null` | what comes out is parsed as lines of JSON |
//! | other commands | `/dev/null`, pipes | what comes out is text |
//!
//! A pipe has no name that leads elsewhere, and who opens it again by `/proc/self/fd` gets the same
//! pipe. Of a device's descriptor only `ioctl` and its data can be had, and `/dev/null` has neither.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use crate::{Result, Step, sys};

/// For this process and all that it starts; with the user's keys if root inside is no user of its own.
pub(crate) fn confine(is_users: bool) -> Result<()> {
    sys::leave_keyring();
    let what = || "install the filter of system calls".to_owned();
    // As where the kernel lacks them, which engines are used to.
    let mut lacking = vec![IO_URING_SETUP];
    if is_users {
        lacking.extend(KEYS);
    }
    for (rules, errno) in [
        (vsock().step(what)?, libc::EAFNOSUPPORT),
        (lacking.into_iter().flat_map(|call| both(call, &[])).collect(), libc::ENOSYS),
        (terminals().step(what)?, libc::EPERM),
    ] {
        let errno = u32::try_from(errno).step(what)?;
        let filter = SeccompFilter::new(
            rules,
            SeccompAction::Allow,
            SeccompAction::Errno(errno),
            std::env::consts::ARCH.try_into().step(what)?,
        );
        let program: BpfProgram = filter.step(what)?.try_into().step(what)?;
        sys::install(&program).step(what)?;
    }
    Ok(())
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Made<T> = std::result::Result<T, seccompiler::BackendError>;

/// A system call's number, and the one that it has in the x32 ABI of x86-64, where that has one of
/// its own (`syscall_64.tbl` in arch/x86).
type Call = (i64, i64);
const SOCKET: Call = (libc::SYS_socket, libc::SYS_socket);
const IOCTL: Call = (libc::SYS_ioctl, 514);
const IO_URING_SETUP: Call = (libc::SYS_io_uring_setup, libc::SYS_io_uring_setup);
const KEYS: [Call; 3] = [
    (libc::SYS_add_key, libc::SYS_add_key),
    (libc::SYS_request_key, libc::SYS_request_key),
    (libc::SYS_keyctl, libc::SYS_keyctl),
];

/// The same rules for a call in both ABIs of a 64-bit kernel, whose filter sees one architecture.
fn both((call, x32): Call, rules: &[SeccompRule]) -> [(i64, Vec<SeccompRule>); 2] {
    /// `__X32_SYSCALL_BIT` in asm/unistd.h; no other architecture has a call of such a number.
    const X32: i64 = 0x4000_0000;
    [(call, rules.to_vec()), (X32 | x32, rules.to_vec())]
}

/// A rule that holds if an argument's lower half, which is all that these calls read, is this.
fn if_argument(index: u8, value: u64) -> Made<SeccompRule> {
    let is_it = SeccompCondition::new(index, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)?;
    SeccompRule::new(vec![is_it])
}

/// `socket(AF_VSOCK, …)`.
fn vsock() -> Made<Rules> {
    let family = u64::from(libc::AF_VSOCK.unsigned_abs());
    Ok(both(SOCKET, &[if_argument(0, family)?]).into())
}

/// `ioctl(…, TIOCSTI, …)` and `ioctl(…, TIOCLINUX, …)`.
fn terminals() -> Made<Rules> {
    let rules = [libc::TIOCSTI, libc::TIOCLINUX].map(|request| if_argument(1, request));
    let rules = rules.into_iter().collect::<Made<Vec<_>>>()?;
    Ok(both(IOCTL, &rules).into())
}

//! What namespaces leave open.
//!
//! Sockets of the family `AF_VSOCK` reach the hypervisor, and through it whatever listens there,
//! from any network namespace (`vsock(7)`): the family is refused to everything in a sandbox.
//! `io_uring` can make sockets past such a filter, so it is absent too; no engine uses it.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use crate::{Result, Step, sys};

/// For this process and all that it starts.
pub(crate) fn confine() -> Result<()> {
    sys::leave_keyring();
    let what = || "refuse sockets to the hypervisor".to_owned();
    for (rules, errno) in [
        (vsock().step(what)?, libc::EAFNOSUPPORT),
        (io_uring(), libc::ENOSYS),
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

/// `socket(AF_VSOCK, …)`.
fn vsock() -> std::result::Result<Rules, seccompiler::BackendError> {
    let family = u64::from(libc::AF_VSOCK.unsigned_abs());
    let is_vsock = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, family)?;
    let rule = SeccompRule::new(vec![is_vsock])?;
    Ok(BTreeMap::from([(libc::SYS_socket, vec![rule])]))
}

/// `io_uring_setup`, whatever its arguments.
fn io_uring() -> Rules {
    BTreeMap::from([(libc::SYS_io_uring_setup, Vec::new())])
}

//! Makes a pseudo-terminal of a sandbox's own: `terminal INIT`.
//!
//! Both its ends go, in one message, to whoever holds the other end of the socket on standard
//! input. It is made inside and by the sandbox's root, so that it has a name there (`tty(1)`) and an
//! owner who may open it by that name.

use std::os::fd::AsFd;
use std::process::ExitCode;

use rustix::io::IoSlice;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::enter::{find, has_own_user_namespace};
use crate::{Fault, Result, Step, init};

pub(crate) fn main(init: &str) -> ExitCode {
    match make(init) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Fault { step, why }) => {
            complain!("{step}: {why}");
            ExitCode::FAILURE
        }
    }
}

fn make(init: &str) -> Result<()> {
    let (init, handle) = find(init)?;
    let mut spaces = ThreadNameSpaceType::MOUNT;
    let is_mapped = has_own_user_namespace(init).step(|| "look at the sandbox".into())?;
    if is_mapped {
        spaces |= ThreadNameSpaceType::USER;
    }
    move_into_thread_name_spaces(handle.as_fd(), spaces).step(|| "enter the sandbox".into())?;
    if is_mapped {
        init::become_root()?;
    }
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = openpt(flags).step(|| "open /dev/ptmx".into())?;
    grantpt(&ours).and_then(|()| unlockpt(&ours)).step(|| "unlock the terminal".into())?;
    let theirs = ioctl_tiocgptpeer(&ours, flags).step(|| "open the terminal".into())?;

    let ends = [ours.as_fd(), theirs.as_fd()];
    let mut space = [const { std::mem::MaybeUninit::uninit() }; rustix::cmsg_space!(ScmRights(2))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    message.push(SendAncillaryMessage::ScmRights(&ends));
    sendmsg(rustix::stdio::stdin(), &[IoSlice::new(b"t")], &mut message, SendFlags::empty())
        .step(|| "hand the terminal over".into())?;
    Ok(())
}

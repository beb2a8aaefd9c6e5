//! One run measures at a time on a machine: two would measure each other.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use program::failure;
use rustix::net::sockopt::socket_peercred;

/// Name in the kernel's space of abstract sockets (`unix(7)`): it vanishes with its holder.
const NAME: &str = "matryoshka-measures";

/// Says that this process measures, for as long as the value lives; fails if another one does.
pub fn lock_exclusive() -> miette::Result<UnixListener> {
    SocketAddr::from_abstract_name(NAME).and_then(|name| UnixListener::bind_addr(&name)).map_err(
        |why| {
            let why = match why.kind() {
                std::io::ErrorKind::AddrInUse => {
                    let holder =
                        holder().map_or_else(String::new, |pid| format!("process {pid}: "));
                    format!("{holder}two runs at once would measure each other")
                }
                _ => why.to_string(),
            };
            failure("another run measures on this machine", why, "wait for its end, or end it")
        },
    )
}

/// The process that measures, whosever it is.
fn holder() -> Option<i32> {
    let name = SocketAddr::from_abstract_name(NAME).ok()?;
    let stream = UnixStream::connect_addr(&name).ok()?;
    Some(socket_peercred(&stream).ok()?.pid.as_raw_nonzero().get())
}

//! One run measures at a time on a machine: two would measure each other.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use program::failure;

/// Name in the kernel's space of abstract sockets (`unix(7)`): it vanishes with its holder.
const NAME: &str = "matryoshka-measures";

/// Says that this process measures, for as long as the value lives; fails if another one does.
pub fn lock_exclusive() -> miette::Result<UnixListener> {
    SocketAddr::from_abstract_name(NAME).and_then(|name| UnixListener::bind_addr(&name)).map_err(
        |why| {
            let why = match why.kind() {
                std::io::ErrorKind::AddrInUse => "two runs at once would measure each other".into(),
                _ => why.to_string(),
            };
            failure(
                "another run measures on this machine",
                why,
                "wait for its end, or end it (`cargo xtask lab status` names its process)",
            )
        },
    )
}

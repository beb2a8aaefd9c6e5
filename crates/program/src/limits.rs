//! Limits of a process (`getrlimit(2)`) that are too small for the work.

use miette::Result;
use rustix::process::{Resource, getrlimit};

use crate::exit::unsupported;

const MIB: u64 = 1 << 20;

/// What is limited, what it takes in bytes, and how the shell's `ulimit` says it.
const NEEDED: [(Resource, u64, &str); 2] = [
    (Resource::Stack, MIB, "the stack (ulimit -s)"),
    // Engines, packages, disks of a lab.
    (Resource::Fsize, 16 * 1024 * MIB, "the size of a file (ulimit -f)"),
];

/// What to do about a limit that is too small.
pub const RAISE_LIMIT: &str = "raise it (ulimit -s 8192, ulimit -f unlimited), in a new shell if that \
                               is refused";

/// An error that names the first limit below which no lab works.
pub fn limits() -> Result<()> {
    NEEDED.iter().try_for_each(check)
}

/// The same for the stack alone, without which no program of ours gets anywhere.
pub(crate) fn stack() -> Result<()> {
    check(&NEEDED[0])
}

fn check(&(resource, needed, what): &(Resource, u64, &str)) -> Result<()> {
    match getrlimit(resource).current {
        Some(limit) if limit < needed => Err(unsupported(
            format!("the limit of {what} is too small"),
            format!("it is {} KiB, and it takes {}", limit >> 10, needed >> 10),
            RAISE_LIMIT,
        )),
        _ => Ok(()),
    }
}

//! The program of a sandbox: `sandbox hold SPEC`, `sandbox group PATH`, `sandbox enter …`, `sandbox terminal …`,
//! `sandbox find …`, `sandbox disk …`, `sandbox device …`, `sandbox rootless …`, and of the machine's own
//! engines `sandbox tied …` and `sandbox reap …`.
//!
//! Nobody types these by hand: the `lab` crate carries this program inside itself and runs it.

/// Says what failed on standard error. Whether anybody reads it ends nothing: the monitor has to take
/// its sandbox away.
macro_rules! complain {
    ($($text:tt)+) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)+);
    }};
}

mod confine;
mod device;
mod disk;
mod enter;
mod find;
mod hold;
mod init;
mod reap;
mod rootless;
mod sys;
mod terminal;
mod tied;
mod tree;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// A step that failed and the kernel's reason.
#[derive(Debug)]
pub(crate) struct Fault {
    step: String,
    why: String,
}

pub(crate) type Result<T> = std::result::Result<T, Fault>;

/// Names the step that an error belongs to.
pub(crate) trait Step<T> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: std::fmt::Display> Step<T> for std::result::Result<T, E> {
    fn step(self, step: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|why| Fault { step: step(), why: why.to_string() })
    }
}

fn main() -> ExitCode {
    if let Err(why) = sys::close_the_rest() {
        complain!("sandbox: close what it was started with: {why}");
        return ExitCode::FAILURE;
    }
    let args = std::env::args_os().skip(1).map(OsString::into_string);
    // A word that another one takes the place of would name another file.
    let args: std::result::Result<Vec<String>, OsString> = args.collect();
    let mut args = match args {
        Ok(args) => args.into_iter(),
        Err(arg) => {
            complain!("sandbox: {} is not UTF-8", arg.display());
            return ExitCode::from(2);
        }
    };
    match args.next().as_deref() {
        Some("hold") => hold::main(&args.next().unwrap_or_default()),
        Some("group") => hold::group(Path::new(&args.next().unwrap_or_default())),
        Some("enter") => enter::main(args),
        Some("terminal") => terminal::main(&args.next().unwrap_or_default()),
        Some("find") => find::main(args),
        Some("disk") => disk::main(args),
        Some("device") => device::main(args),
        Some("rootless") => rootless::main(args),
        Some("tied") => tied::main(args),
        Some("reap") => reap::main(args),
        _ => {
            complain!(
                "usage: sandbox hold SPEC | sandbox group PATH | sandbox enter INIT GROUP DIR fg|bg COMMAND [ARG…] | \
                 sandbox terminal INIT | sandbox find NAMESPACE NUMBER | \
                 sandbox disk INIT FILE KIND OPTIONS TARGET | sandbox device INIT MAJOR MINOR TARGET | \
                 sandbox rootless NEWUIDMAP UIDS NEWGIDMAP GIDS NAME COMMAND [ARG…] | \
                 sandbox tied OWNER COMMAND [ARG…] | sandbox reap RUN FOLDER CLIENT…"
            );
            ExitCode::from(2)
        }
    }
}

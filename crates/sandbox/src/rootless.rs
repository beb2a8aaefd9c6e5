//! Becomes root of a user namespace and goes on as another program:
//! `rootless NEWUIDMAP UIDS NEWGIDMAP GIDS NAME COMMAND [ARG…]`, where `UIDS` and `GIDS` are the first of
//! the user's subordinate ids.
//!
//! Id 0 inside is the user, 1 to 65535 are the subordinate ids, which only the two set-user-id programs
//! may map (`newuidmap(1)`). The process stays the same one, so that whoever started it still has it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};

use rustix::process::{
    WaitOptions, parent_process_death_signal, set_parent_process_death_signal, waitpid,
};
use rustix::thread::UnshareFlags;
use sandbox::{ID_COUNT, ROOTLESS};

use crate::sys::{self, Side};
use crate::{Fault, Result, Step, hold, init, tree};

/// Exit code where the namespace could not be made, as `env(1)` has it for what it could not run.
const NOT_MADE: u8 = 125;

pub(crate) fn main(args: impl Iterator<Item = String>) -> ExitCode {
    let args: Vec<String> = args.collect();
    // Returns only if it fails.
    let Err(Fault { step, why }) = become_root(&args);
    complain!("{step}: {why}");
    ExitCode::from(NOT_MADE)
}

fn become_root(args: &[String]) -> Result<std::convert::Infallible> {
    let [of_users, uids, of_groups, gids, name, program, rest @ ..] = args else {
        return Err("NEWUIDMAP UIDS NEWGIDMAP GIDS NAME COMMAND expected")
            .step(|| "arguments".into());
    };
    let user = (rustix::process::getuid(), rustix::process::getgid());
    let own = rustix::process::getpid();
    let dies_with = parent_process_death_signal().step(|| "read the signal".into())?;
    let (mut go_read, mut go_write) = hold::pipe()?;
    let mapper = match sys::fork_into(0).step(|| "fork".into())? {
        Side::Child => {
            drop(go_write);
            // Nothing comes where the namespace could not be made.
            let go = go_read.read_exact(&mut [0]);
            let (uid, gid) = (user.0.as_raw(), user.1.as_raw());
            let is_mapped =
                go.is_ok() && map(of_users, own, uid, uids) && map(of_groups, own, gid, gids);
            std::process::exit(i32::from(!is_mapped));
        }
        Side::Parent(mapper) => mapper,
    };
    drop::<File>(go_read);
    sys::unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)
        .step(|| "make a user namespace".into())?;
    go_write.write_all(b"g").step(|| "have ids mapped".into())?;
    let ended = waitpid(Some(mapper), WaitOptions::empty()).step(|| "have ids mapped".into())?;
    if ended.is_none_or(|(_, status)| status.exit_status() != Some(0)) {
        // Its own words are on standard error.
        return Err("refused").step(|| "have ids mapped".into());
    }
    init::become_root()?;
    tree::detach_from_machine()?;
    // The change of ids clears it (prctl(2)).
    set_parent_process_death_signal(dies_with).step(|| "die with the parent".into())?;
    let user = user.0.as_raw().to_string();
    let why = Command::new(program).arg0(name).args(rest).env(ROOTLESS, user).exec();
    Err(why).step(|| program.clone())
}

/// Maps 0 to the user's id and the rest to the subordinate ones; what refuses says why on standard error.
fn map(program: &str, process: rustix::process::Pid, user: u32, first: &str) -> bool {
    let (process, user) = (process.as_raw_nonzero().to_string(), user.to_string());
    let rest = (ID_COUNT - 1).to_string();
    let mapped = Command::new(program)
        .args([&process, "0", &user, "1", "1", first, &rest])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    match mapped {
        Ok(status) => status.success(),
        Err(why) => {
            complain!("{program}: {why}");
            false
        }
    }
}

//! PID 1 of a sandbox: finishes the sandbox from inside, then reaps.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;

use rustix::process::{Signal, WaitOptions};
use rustix::thread::{Gid, Uid, UnshareFlags};
use sandbox::{Kind, LEAF, Spec, Word};

use crate::confine::confine;
use crate::{Result, Step, sys, tree};

/// Never returns: when this process ends, everything in its PID namespace is killed.
pub(crate) fn main(spec: &Spec, go: File, mut done: File) -> ! {
    let children = sys::Signals::block(&[libc::SIGCHLD]);
    let word = match begin(spec, go) {
        Ok(()) => Word::Ready { init: 1 },
        Err(fault) => Word::Failed { step: fault.step, why: fault.why },
    };
    // A monitor that is gone can't read this: then there is nobody to live for.
    let said = serde_json::to_vec(&word).is_ok_and(|text| done.write_all(&text).is_ok());
    drop(done);
    if !said || matches!(word, Word::Failed { .. }) {
        std::process::exit(1);
    }
    loop {
        while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
        children.wait();
    }
}

fn begin(spec: &Spec, mut go: File) -> Result<()> {
    // Neither the lifeline nor the log of the machine may be found in /proc/1/fd.
    let null = File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .step(|| "open /dev/null".into())?;
    rustix::stdio::dup2_stdin(&null).step(|| "detach standard input".into())?;
    rustix::stdio::dup2_stdout(&null).step(|| "detach standard output".into())?;
    rustix::stdio::dup2_stderr(&null).step(|| "detach standard error".into())?;
    drop(null);

    go.read_exact(&mut [0]).step(|| "wait for the monitor".into())?;
    drop(go);
    if spec.kind != Kind::Root {
        become_root()?;
    }
    // After the change of ids, which clears it (prctl(2)).
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .step(|| "die with the monitor".into())?;

    sys::unshare(UnshareFlags::NEWCGROUP | UnshareFlags::NEWNS)
        .step(|| "own cgroup and mount namespace".into())?;
    if let Some(cgroup) = &spec.cgroup {
        let procs = cgroup.join(LEAF).join("cgroup.procs");
        fs::write(&procs, "0").step(|| format!("write {}", procs.display()))?;
        hand_down(cgroup)?;
    }
    tree::build(spec)?;
    rustix::system::sethostname(spec.id.as_bytes()).step(|| "set the host name".into())?;
    confine(spec.kind == Kind::Rootless)
}

/// Gives the controllers of a group to its children, as an init system does for its services.
///
/// An engine takes what it finds in its own group for what the kernel can: Docker's daemon drops
/// limits of swap where that group has no `memory.swap.max`.
fn hand_down(group: &Path) -> Result<()> {
    let from = group.join("cgroup.controllers");
    let controllers = fs::read_to_string(&from).step(|| format!("read {}", from.display()))?;
    let to = group.join("cgroup.subtree_control");
    for name in controllers.split_whitespace() {
        fs::write(&to, format!("+{name}")).step(|| format!("hand down {name}"))?;
    }
    Ok(())
}

/// Takes the ids 0 of the user namespace; before that this process has the unmapped overflow ids.
pub(crate) fn become_root() -> Result<()> {
    rustix::thread::set_thread_groups(&[]).step(|| "drop groups".into())?;
    let (uid, gid) = (Uid::ROOT, Gid::ROOT);
    rustix::thread::set_thread_res_gid(gid, gid, gid).step(|| "become group 0".into())?;
    rustix::thread::set_thread_res_uid(uid, uid, uid).step(|| "become user 0".into())
}

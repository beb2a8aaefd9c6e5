//! The monitor: builds a sandbox, waits for its end, takes everything away.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, pidfd_open, pidfd_send_signal,
    waitid,
};
use rustix::thread::UnshareFlags;
use sandbox::{ID_COUNT, Kind, LEAF, Spec, Word, end_cgroup, remove_cgroup, remove_tree, space_of};

use crate::sys::{self, Side};
use crate::{Result, Step, init, tree};

/// How long the kernel may take to let go of a control group whose processes are dead.
const CGROUP_PATIENCE: Duration = Duration::from_secs(10);

/// How long everything in a sandbox may take to die, on a loaded machine.
const END_PATIENCE: Duration = Duration::from_secs(40);

/// After which something keeps it from dying.
const PACE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

pub(crate) fn main(spec: &str) -> ExitCode {
    follow_the_lifeline_only();
    // What is staged must be visible to every id of the sandbox, however strict the owner's mask.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let spec = match read_spec(spec) {
        Ok(spec) => spec,
        Err(fault) => {
            complain!("{}: {}", fault.step, fault.why);
            return ExitCode::from(2);
        }
    };
    let built = build(&spec);
    let word = match &built {
        Ok(built) => Word::Ready { init: built.init.as_raw_nonzero().get() },
        Err(fault) => Word::Failed { step: fault.step.clone(), why: fault.why.clone() },
    };
    say(&word);
    if let Ok(built) = &built {
        supervise(&built.handle, &built.whole);
    }
    let mut clean = true;
    if let Some(cgroup) = &spec.cgroup
        && let Err(e) = remove_cgroup(cgroup, CGROUP_PATIENCE)
    {
        complain!("{}: {e}", cgroup.display());
        clean = false;
    }
    // The owner may still want the daemons' logs: the files go when it does.
    wait_for_lifeline();
    if let Err(e) = remove_tree(&spec.state) {
        complain!("{}: {e}", spec.state.display());
        clean = false;
    }
    if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The monitor of a control group without a sandbox: it goes with its owner, however that ends.
pub(crate) fn group(path: &Path) -> ExitCode {
    follow_the_lifeline_only();
    wait_for_lifeline();
    match remove_cgroup(path, CGROUP_PATIENCE) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            complain!("{}: {e}", path.display());
            ExitCode::FAILURE
        }
    }
}

/// Ctrl-C and a closed terminal are the owner's business.
fn follow_the_lifeline_only() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGPIPE] {
        sys::ignore(signal);
    }
    let _ = rustix::process::setsid();
}

fn read_spec(path: &str) -> Result<Spec> {
    let text = fs::read(path).step(|| format!("read {path}"))?;
    serde_json::from_slice(&text).step(|| format!("understand {path}"))
}

fn say(word: &Word) {
    let mut out = io::stdout().lock();
    if let Ok(text) = serde_json::to_string(word) {
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }
}

/// A sandbox that stands.
struct Built {
    init: Pid,
    handle: OwnedFd,
    whole: Whole,
    /// Held as long as this process lives; see [`sandbox::sweep_cgroup`].
    _group: Option<File>,
}

/// By what everybody in a sandbox is found, also who was entered from outside.
enum Whole {
    Group(PathBuf),
    /// Its PID namespace, as the kernel's links name it.
    Space(PathBuf),
}

impl Whole {
    /// Kills them.
    fn end(&self) {
        let space = match self {
            Self::Group(group) => return end_cgroup(group),
            Self::Space(space) => space,
        };
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let number = process.file_name().to_string_lossy().parse().ok();
            let children = fs::read_link(process.path().join("ns/pid_for_children"));
            if let (Some(process), true) =
                (number.and_then(Pid::from_raw), children.is_ok_and(|own| own == *space))
            {
                let _ = kill_process(process, Signal::KILL);
            }
        }
    }
}

fn build(spec: &Spec) -> Result<Built> {
    let group = spec.cgroup.as_deref().map(|group| take_cgroup(group, spec.root)).transpose()?;
    // Mounts made from here on are this process's and its children's only.
    sys::unshare(UnshareFlags::NEWNS).step(|| "own mount namespace".into())?;
    tree::detach_from_machine()?;

    let (go_read, go_write) = pipe()?;
    let (done_read, done_write) = pipe()?;
    let mut namespaces =
        libc::CLONE_NEWPID | libc::CLONE_NEWNET | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    if spec.kind != Kind::Root {
        namespaces |= libc::CLONE_NEWUSER;
    }
    let init = match sys::fork_into(namespaces).step(|| "new namespaces".into())? {
        Side::Child => {
            // The group's lock is the monitor's alone.
            drop((go_write, done_read, group));
            init::main(spec, go_read, done_write);
        }
        Side::Parent(init) => init,
    };
    drop((go_read, done_write));
    // From here on init dies with this process, or with this function's failure.
    let handle = pidfd_open(init, PidfdFlags::empty()).step(|| "handle on init".into())?;
    let whole = match &spec.cgroup {
        Some(cgroup) => Whole::Group(cgroup.clone()),
        None => Whole::Space(space_of(init).step(|| "look at init".into())?),
    };
    let built = build_around(spec, init, go_write, done_read);
    // init has its own copy; here the stage would hide what lies below it on the machine.
    tree::unstage();
    if built.is_err() {
        end(&handle, &whole);
    }
    built.map(|()| Built { init, handle, whole, _group: group })
}

fn build_around(spec: &Spec, init: Pid, mut go: File, mut done: File) -> Result<()> {
    let pid = init.as_raw_nonzero();
    let mut mapping = None;
    if spec.kind != Kind::Root {
        let range = match spec.kind {
            // As in the namespace around, of which a line has to lie in one line.
            Kind::Rootless => format!("0 0 1\n1 1 {}\n", ID_COUNT - 1),
            _ => format!("0 {} {ID_COUNT}\n", spec.root),
        };
        for map in ["uid_map", "gid_map"] {
            let path = format!("/proc/{pid}/{map}");
            fs::write(&path, &range).step(|| format!("write {path}"))?;
        }
    }
    if spec.kind == Kind::User {
        let path = format!("/proc/{pid}/ns/user");
        mapping = Some(File::open(&path).step(|| format!("open {path}"))?);
    }
    // init makes its cgroup namespace while it is in this group, which so becomes its root.
    if let Some(cgroup) = &spec.cgroup {
        fs::write(cgroup.join("cgroup.procs"), pid.to_string())
            .step(|| format!("put init into {}", cgroup.display()))?;
    }
    tree::stage(spec, mapping.as_ref().map(AsFd::as_fd))?;

    go.write_all(b"g").step(|| "start init".into())?;
    drop(go);
    let mut answer = String::new();
    done.read_to_string(&mut answer).step(|| "hear from init".into())?;
    match serde_json::from_str(&answer) {
        Ok(Word::Ready { .. }) => Ok(()),
        Ok(Word::Failed { step, why }) => Err(crate::Fault { step, why }),
        Err(_) => Err("init died before it was ready").step(|| "start init".into()),
    }
}

/// Readies the sandbox's group: in it, a leaf for processes that are in no container.
fn take_cgroup(cgroup: &Path, root: u32) -> Result<File> {
    let leaf = cgroup.join(LEAF);
    let what = || format!("make {}", leaf.display());
    let group = sandbox::make_cgroup(cgroup).step(what)?;
    fs::create_dir(&leaf).step(what)?;
    // Delegation as in Documentation/admin-guide/cgroup-v2.rst: the directory and these files.
    for group in [cgroup, &leaf] {
        for file in ["", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"] {
            let path = group.join(file);
            chown(&path, Some(root), Some(root))
                .step(|| format!("hand over {}", path.display()))?;
        }
    }
    Ok(group)
}

/// Returns when init is dead, which it is when the owner is gone.
fn supervise(init: &OwnedFd, whole: &Whole) {
    let lifeline = io::stdin();
    loop {
        let mut events = [PollFd::new(&lifeline, PollFlags::IN), PollFd::new(init, PollFlags::IN)];
        match poll(&mut events, None) {
            Ok(_) if events.iter().all(|e| e.revents().is_empty()) => {}
            Ok(_) => break,
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => {
                complain!("poll: {e}");
                break;
            }
        }
    }
    end(init, whole);
}

/// Kills init and all that is in the sandbox. That init can be waited for means that its whole PID
/// namespace is dead: the kernel reaps everything else in it first (`pid_namespaces(7)`). Of that,
/// whoever was entered from outside is reaped out there, by a parent who may be stopped: then the
/// parents are killed too, which are of the sandbox and not in the namespace. (Not at once: the
/// machine's own init would have to reap for them, which not every one does soon.)
fn end(init: &OwnedFd, whole: &Whole) {
    let deadline = Instant::now() + END_PATIENCE;
    let _ = pidfd_send_signal(init, Signal::KILL);
    loop {
        let mut events = [PollFd::new(init, PollFlags::IN)];
        if !matches!(poll(&mut events, Some(&PACE)), Ok(0) | Err(_)) {
            break;
        }
        if Instant::now() > deadline {
            complain!("init does not die");
            return;
        }
        whole.end();
    }
    let _ = waitid(WaitId::PidFd(init.as_fd()), WaitIdOptions::EXITED);
}

/// Blocks until the owner has closed its end.
fn wait_for_lifeline() {
    let mut buffer = [0_u8; 64];
    let mut lifeline = io::stdin().lock();
    while matches!(lifeline.read(&mut buffer), Ok(n) if n > 0) {}
}

pub(crate) fn pipe() -> Result<(File, File)> {
    let (read, write) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).step(|| "pipe to init".into())?;
    Ok((read.into(), write.into()))
}

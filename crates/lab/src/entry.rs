//! The way into a sandbox that runs, for its owner and for whoever joins it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use duct::{Expression, cmd};
use miette::Result;
use rustix::io::IoSliceMut;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use crate::inside::Process;
use crate::programs;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Who gets signals like that of Ctrl-C.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    /// The command, of whom starts it or from a terminal of the sandbox's own.
    Foreground,
    /// Not the command.
    Background,
}

pub(crate) struct Entry {
    /// Init's mark ([`sandbox::mark`]).
    init: String,
    process: Arc<Process>,
    /// Where commands are put: `-` if the sandbox has no control group.
    group: PathBuf,
}

impl Entry {
    /// By init, which is this process, into a sandbox with this control group.
    pub(crate) fn new(init: String, process: Process, cgroup: Option<&Path>) -> Self {
        let group = cgroup.map_or_else(|| "-".into(), |cgroup| cgroup.join(sandbox::LEAF));
        Self { init, process: Arc::new(process), group }
    }

    /// The same by init's mark, into a sandbox of another process's.
    pub(crate) fn of_another(init: String, cgroup: Option<&Path>) -> io::Result<Self> {
        let process = Process::marked(&init)?;
        // One that is dead has none, and is still there until it has been waited for.
        process.root()?;
        Ok(Self::new(init, process, cgroup))
    }

    pub(crate) fn init(&self) -> &str {
        &self.init
    }

    /// Its first process.
    pub(crate) const fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// A new terminal of the sandbox's own: our end, and the one for a command.
    pub(crate) fn terminal(&self) -> std::result::Result<(OwnedFd, OwnedFd), String> {
        let not_made = |why: &dyn std::fmt::Display| why.to_string();
        let (to, from) = UnixStream::pair().map_err(|why| not_made(&why))?;
        self.put("terminal", &[], Some(to.into()))?;
        let mut space = [const { MaybeUninit::uninit() }; rustix::cmsg_space!(ScmRights(2))];
        let mut received = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
        let mut word = [0];
        recvmsg(&from, &mut [IoSliceMut::new(&mut word)], &mut received, flags)
            .map_err(|why| not_made(&why))?;
        let mut ends = received.drain().flat_map(|message| match message {
            RecvAncillaryMessage::ScmRights(ends) => ends.collect(),
            _ => Vec::new(),
        });
        let both = ends.next().zip(ends.next());
        both.ok_or_else(|| "its ends were not handed over".to_owned())
    }

    /// Has the sandbox's program put something into it.
    pub(crate) fn put(
        &self,
        what: &str,
        args: &[&str],
        answer: Option<OwnedFd>,
    ) -> std::result::Result<(), String> {
        ask(&[&[what, &self.init][..], args].concat(), answer).map(drop)
    }

    /// A command at level 0. It dies with the sandbox; in the foreground also with who starts it.
    pub(crate) fn command<S: AsRef<str>>(
        &self,
        ground: Ground,
        dir: &Path,
        argv: &[S],
    ) -> Result<Expression> {
        let ground = if ground == Ground::Foreground { "fg" } else { "bg" };
        let mut line: Vec<OsString> = vec![
            "enter".into(),
            self.init.clone().into(),
            self.group.clone().into(),
            dir.into(),
            ground.into(),
        ];
        line.extend(argv.iter().map(|arg| arg.as_ref().into()));
        Ok(cmd(programs::sandbox()?, line).full_env(environment()).unchecked())
    }
}

/// Has the sandbox's program do something, which may answer on a socket; what it printed, or its
/// words of refusal.
pub(crate) fn ask(line: &[&str], answer: Option<OwnedFd>) -> std::result::Result<String, String> {
    let program = programs::sandbox().map_err(|report| report.to_string())?;
    let command = cmd(program, line);
    let command = match answer {
        Some(socket) => command.stdin_file(socket),
        None => command.stdin_null(),
    };
    let output = command
        .stdout_capture()
        .stderr_capture()
        .unchecked()
        .run()
        .map_err(|why| why.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

/// The same for every command, whatever the caller's own environment is.
fn environment() -> BTreeMap<String, OsString> {
    let mut variables: BTreeMap<String, OsString> = [
        ("PATH", PATH),
        ("HOME", "/root"),
        ("USER", "root"),
        ("LANG", "C.UTF-8"),
        // Layers on their way into Docker's store: in memory, they are written to disk once only. A
        // folder of its own, because the daemon shuts it to everybody else.
        ("DOCKER_TMPDIR", "/tmp/docker"),
        // Podman would otherwise take root of a user namespace for a user and re-map it.
        ("_CONTAINERS_USERNS_CONFIGURED", ""),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.into()))
    .collect();
    if let Some(terminal) = std::env::var_os("TERM") {
        variables.insert("TERM".into(), terminal);
    }
    variables
}

//! A sandbox that this process holds: it ends when the value is dropped or the process dies.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use duct::{Expression, cmd};
use miette::Result;
use program::patient;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sandbox::{Share, Spec, Word};

pub use sandbox::Kind;

use crate::entry::{Entry, Ground, ask};
use crate::error::{Explain, failure};
use crate::inside::{Folder, Process};
use crate::labs::{Place, SPEC};
use crate::programs;
use crate::service::{Service, ending};

/// How long the kernel may take to make the namespaces and mounts.
const BUILD_DEADLINE: Duration = Duration::from_secs(20);

/// How long the end of everything in a sandbox may take: a loaded machine, many mounts.
const END_DEADLINE: Duration = Duration::from_secs(60);

/// How long what an engine does after it has answered may take.
const REST_DEADLINE: Duration = Duration::from_secs(2);

/// How often it is looked at meanwhile.
const REST_PACE: Duration = Duration::from_millis(1);

/// What to do about a step of the sandbox that the kernel refused, by how the step begins.
const REMEDIES: &[(&str, &str)] = &[
    (
        "take ",
        "that file system can't be shown under other ids (it takes Linux 5.12 and ext4, xfs or \
         btrfs): use a folder on one that can, set XDG_CACHE_HOME to one, or --sandbox root",
    ),
    (
        "new namespaces",
        "allow user namespaces: sysctl user.max_user_namespaces=10000; or use --sandbox root",
    ),
    (
        "mount proc",
        "the machine's /proc is partly covered, as in a container: start that one with \
         --privileged",
    ),
    (
        "mount sysfs",
        "the machine's /sys is partly covered, as in a container: start that one with \
         --privileged",
    ),
];

pub(crate) struct Held {
    /// The images in it that are the published ones, as users write their names.
    pub(crate) published: BTreeSet<String>,
    /// The registries whose names lead to its own.
    pub(crate) registries: Vec<String>,
    place: Place,
    spec: Spec,
    /// `None` as long as init is not ready.
    entry: Option<Entry>,
    /// Init's PID namespace, by which a sandbox without a control group is known.
    space: PathBuf,
    monitor: duct::Handle,
    /// Those of its level 0, which no command does without for long.
    daemons: Mutex<Vec<Arc<Service>>>,
    /// What ran in it when it last was at rest.
    at_rest: Mutex<Option<BTreeSet<i32>>>,
    /// Our end of the monitor's standard input; never written to.
    lifeline: Option<std::io::PipeWriter>,
    cancelled: fn() -> bool,
}

impl Held {
    /// Starts a sandbox on this bundle. Its `etc` and `var` must have been filled in `place`.
    pub(crate) fn start(
        place: Place,
        kind: Kind,
        bundle: &Path,
        shares: Vec<Share>,
        cancelled: fn() -> bool,
    ) -> Result<Self> {
        let remedy = "see `cargo xtask doctor`; free some disk space in the cache directory";
        let what = "the sandbox can't be started";
        let spec = Spec {
            id: place.id.clone(),
            kind,
            root: place.root(kind),
            state: place.state.clone(),
            bundle: bundle.to_owned(),
            cgroup: place.cgroup.clone(),
            shares,
        };
        let file = place.state.join(SPEC);
        let text = serde_json::to_vec_pretty(&spec).explain(what, remedy)?;
        fs::write(&file, text).explain(what, remedy)?;
        let (life_read, life_write) = std::io::pipe().explain(what, remedy)?;
        let (word_read, word_write) = std::io::pipe().explain(what, remedy)?;
        let log = place.log.try_clone().explain(what, remedy)?;
        let labs = place.state.parent().unwrap_or(&place.state);
        let monitor = cmd(programs::sandbox()?, ["hold", &format!("{}/{SPEC}", place.id)])
            // Init is a copy of it, whose words whoever is root inside can read: no path of this machine
            // is among them.
            .dir(labs)
            .stdin_file(life_read)
            .stdout_file(word_write)
            // The log is also the lock that says that this lab lives; see `labs`.
            .stderr_file(log)
            // Nor is anything of its environment.
            .full_env(std::iter::empty::<(&str, &str)>())
            .unchecked()
            .start()
            .explain(what, remedy)?;
        let mut held = Self {
            published: BTreeSet::new(),
            registries: Vec::new(),
            place,
            spec,
            entry: None,
            space: PathBuf::new(),
            monitor,
            daemons: Mutex::default(),
            at_rest: Mutex::default(),
            lifeline: Some(life_write),
            cancelled,
        };
        // On failure `held` is dropped, which ends the monitor.
        match hear(word_read) {
            Some(Word::Ready { init }) => {
                let process = held.first(init).explain(what, remedy)?;
                held.space = fs::read_link(process.path().join("ns/pid")).explain(what, remedy)?;
                let init = sandbox::mark(init).explain(what, remedy)?;
                held.entry = Some(Entry::new(init, process, held.spec.cgroup.as_deref()));
                Ok(held)
            }
            Some(Word::Failed { step, why }) => {
                let remedy = REMEDIES.iter().find(|(sign, _)| step.starts_with(sign));
                let remedy = remedy.map_or("see `cargo xtask doctor`", |(_, remedy)| remedy);
                Err(failure(what, format!("{step}: {why}"), remedy))
            }
            None => {
                // It has said nothing and may live; what has closed the pipe is its end.
                let ended = held.monitor.wait_timeout(Duration::from_secs(1));
                let how = match ended {
                    Ok(Some(output)) => ending(output.status),
                    _ => format!("does not answer after {} s", patient(BUILD_DEADLINE).as_secs()),
                };
                let why = format!("the monitor {how}: {}", held.place.last_lines());
                Err(failure(what, why, "see `cargo xtask doctor`"))
            }
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.spec.id
    }

    /// Whether the user has asked for the end while something is being waited for.
    pub(crate) fn cancelled(&self) -> bool {
        (self.cancelled)()
    }

    pub(crate) fn kind(&self) -> Kind {
        self.spec.kind
    }

    pub(crate) fn watch(&self, daemon: &Arc<Service>) {
        let mut daemons = self.daemons.lock().unwrap_or_else(PoisonError::into_inner);
        daemons.push(Arc::clone(daemon));
    }

    /// The daemons of level 0 that were started, whatever has become of them.
    pub(crate) fn daemons(&self) -> Vec<Arc<Service>> {
        let daemons = self.daemons.lock().unwrap_or_else(PoisonError::into_inner);
        daemons.clone()
    }

    /// Asks them all at once: what there is to say of some.
    pub(crate) fn ask_daemons(&self, ask: fn(&Service) -> Option<String>) -> Vec<String> {
        let daemons = self.daemons();
        std::thread::scope(|scope| {
            let asked = daemons.iter().map(|daemon| scope.spawn(|| ask(daemon)));
            let asked: Vec<_> = asked.collect();
            let answers = asked.into_iter().map(ScopedJoinHandle::join);
            answers.filter_map(|answer| answer.ok().flatten()).collect()
        })
    }

    pub(crate) fn has_lost_a_daemon(&self) -> bool {
        self.daemons().iter().any(|daemon| daemon.ended().is_some())
    }

    pub(crate) fn has_monitor(&self) -> bool {
        matches!(self.monitor.try_wait(), Ok(None))
    }

    /// What of the sandbox itself has died, and how where that can be known.
    pub(crate) fn exit_reason(&self) -> Option<String> {
        // Init dies with its monitor, and after it.
        match self.monitor.try_wait() {
            Ok(Some(output)) => {
                let (how, log) = (ending(output.status), self.place.last_lines());
                Some(format!("the monitor {how}: {log}"))
            }
            Err(why) => Some(format!("the monitor can't be waited for: {why}")),
            // Its root goes before it kills what else is in the sandbox (`do_exit` in kernel/exit.c).
            Ok(None) if self.root().is_ok() => None,
            Ok(None) => Some("init, the sandbox's first process, has died".to_owned()),
        }
    }

    pub(crate) fn state(&self) -> &Path {
        &self.spec.state
    }

    /// Its first process.
    pub(crate) fn first_process(&self) -> Option<&Arc<Process>> {
        self.entry.as_ref().map(Entry::process)
    }

    /// The way in, for commands.
    pub(crate) fn entry(&self) -> io::Result<&Entry> {
        self.entry.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Lets others come in by [`join`](crate::join()).
    pub(crate) fn publish(&self) -> io::Result<()> {
        self.place.publish(self.entry()?.init())
    }

    /// The sandbox's root directory; an error once it has died.
    pub(crate) fn root(&self) -> io::Result<Folder> {
        self.entry()?.process().root()
    }

    /// Whether it has a control group of its own.
    pub(crate) fn has_cgroup(&self) -> bool {
        self.spec.cgroup.is_some()
    }

    fn first(&self, init: i32) -> io::Result<Process> {
        if self.has_cgroup() {
            return Process::of_group(&self.spec.id, init);
        }
        let monitor = self.monitor.pids().first().copied();
        Process::of_parent(monitor.unwrap_or_default(), init)
    }

    fn process_of(&self, number: i32) -> io::Result<Arc<Process>> {
        let process = if self.has_cgroup() {
            Process::of_group(&self.spec.id, number)
        } else {
            Process::of_space(&self.space, number)
        };
        process.map(Arc::new)
    }

    /// The process that has this number in the PID namespace of that one.
    pub(crate) fn find(&self, around: &Process, number: u32) -> io::Result<Arc<Process>> {
        let namespace = around.path().join("ns/pid").display().to_string();
        let found = ask(&["find", &namespace, &number.to_string()], None);
        let found = found.map_err(io::Error::other)?;
        self.process_of(found.trim().parse().map_err(io::Error::other)?)
    }

    /// Mounts a file system that lies in a file of the machine at level 0; if that fails, why. It
    /// ends with the sandbox, and its loop device with it.
    pub(crate) fn hand_over(
        &self,
        file: &Path,
        filesystem: &str,
        options: &str,
        target: &str,
    ) -> std::result::Result<(), String> {
        let file = file.to_string_lossy();
        self.put("disk", &[&file, filesystem, options, target])
    }

    /// Puts a block device of the machine into the sandbox, as a node on this file; the words of what
    /// refused.
    pub(crate) fn hand_over_device(
        &self,
        device: u64,
        target: &str,
    ) -> std::result::Result<(), String> {
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        self.put("device", &[&major.to_string(), &minor.to_string(), target])
    }

    fn put(&self, what: &str, args: &[&str]) -> std::result::Result<(), String> {
        self.entry().map_err(|why| why.to_string())?.put(what, args, None)
    }

    /// What its control group, if it has one, has taken of the processors, in ns.
    pub(crate) fn cpu_ns(&self) -> Option<u64> {
        let counted = fs::read_to_string(self.spec.cgroup.as_ref()?.join("cpu.stat")).ok()?;
        let usage = counted.lines().find_map(|line| line.strip_prefix("usage_usec "))?;
        Some(usage.parse::<u64>().ok()? * 1_000)
    }

    /// What its processes have in memory, in bytes.
    pub(crate) fn memory_bytes(&self) -> io::Result<u64> {
        let (proc, processes) = (self.proc()?, self.processes()?);
        let kilobytes = processes.into_iter().filter_map(|number| {
            // One may have ended.
            let rollup = proc.read_to_string(format!("{number}/smaps_rollup")).ok()?;
            let set = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            set.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        });
        Ok(kilobytes.sum::<u64>() * 1_024)
    }

    /// The `/proc` that numbers its processes as [`Held::processes`] does: the machine's, or of a sandbox
    /// without a control group its own.
    fn proc(&self) -> io::Result<Folder> {
        if self.has_cgroup() {
            return Folder::of_machine(Path::new("/proc"));
        }
        self.root()?.folder("proc")
    }

    /// Waits until nothing is in it that was not there when it last was at rest; what
    /// stays longer than the deadline belongs to it from then on. The first time, what was written for
    /// it is put on the disk before.
    pub(crate) fn rest(&self) {
        let mut at_rest = self.at_rest.lock().unwrap_or_else(PoisonError::into_inner);
        if at_rest.is_none() {
            // Where that fails, so will whatever is asked of it next.
            let _ = File::open(&self.spec.state).map(rustix::fs::syncfs);
        }
        let deadline = Instant::now() + patient(REST_DEADLINE);
        loop {
            let processes = self.processes().unwrap_or_default();
            let known = at_rest.as_ref().is_none_or(|known| processes.is_subset(known));
            if known || Instant::now() > deadline {
                *at_rest = Some(processes);
                return;
            }
            std::thread::sleep(REST_PACE);
        }
    }

    /// Its processes: those of its control group, as the machine numbers them, or those of its PID
    /// namespace, as it numbers them itself.
    fn processes(&self) -> io::Result<BTreeSet<i32>> {
        let Some(cgroup) = &self.spec.cgroup else {
            let names = self.proc()?.names(".")?;
            return Ok(names.iter().filter_map(|name| name.to_str()?.parse().ok()).collect());
        };
        let mut found = BTreeSet::new();
        let mut groups = vec![cgroup.clone()];
        while let Some(group) = groups.pop() {
            // Groups and processes end between two looks.
            let processes = match fs::read_to_string(group.join("cgroup.procs")) {
                Err(why) if group == *cgroup => return Err(why),
                processes => processes.unwrap_or_default(),
            };
            found.extend(processes.lines().filter_map(|process| process.parse::<i32>().ok()));
            let entries = fs::read_dir(&group).into_iter().flatten().flatten();
            let is_group = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
            groups.extend(entries.filter(is_group).map(|entry| entry.path()));
        }
        Ok(found)
    }

    /// A command at level 0. It dies with the sandbox.
    pub(crate) fn command<S: AsRef<str>>(&self, dir: &Path, argv: &[S]) -> Result<Expression> {
        let entry = self.entry().explain("the lab can't be entered", "start it again")?;
        entry.command(Ground::Background, dir, argv)
    }
}

/// The monitor's one line, if it comes in time.
fn hear(word: std::io::PipeReader) -> Option<Word> {
    let timeout =
        Timespec { tv_sec: i64::try_from(patient(BUILD_DEADLINE).as_secs()).ok()?, tv_nsec: 0 };
    let readable = loop {
        match poll(&mut [PollFd::new(&word, PollFlags::IN)], Some(&timeout)) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other.ok()?,
        }
    };
    if readable == 0 {
        return None;
    }
    let mut line = String::new();
    BufReader::new(word).read_line(&mut line).ok()?;
    serde_json::from_str(&line).ok()
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        match self.monitor.wait_timeout(patient(END_DEADLINE)) {
            Ok(Some(_)) => {}
            _ => {
                let _ = self.monitor.kill();
            }
        }
        // `place` takes away what a monitor that was killed itself has left.
    }
}

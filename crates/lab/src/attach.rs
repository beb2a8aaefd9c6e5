//! A command at level 0 with the caller's streams. They are relayed: nothing that the machine has
//! opened comes inside, and a terminal that the command gets is one of the sandbox's own. The lab's
//! first command and those of who joins are attached in the same way.

use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, spawn};

use miette::Result;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{fstat, makedev};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpgrp, kill_current_process_group, kill_process, waitid,
};
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{
    OptionalActions, Termios, isatty, tcgetattr, tcgetpgrp, tcgetwinsize, tcsetattr, tcsetwinsize,
};
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::Signals;

use crate::entry::{Entry, Ground};
use crate::error::{Explain, failure};
use crate::service::{Service, cancelled};
use crate::start::Lab;

const REMEDY: &str = "see `cargo xtask doctor`";

/// How often a command's owner in the background looks whether the terminal is its own again.
const PACE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// A lab as whoever runs a command in it has it.
pub(crate) trait Host: Sized {
    fn entry(&self) -> io::Result<&Entry>;

    /// Whether the user has asked for the end before the command runs.
    fn is_cancelled(&self) -> bool;

    /// Whether somebody is there who ends what is in the lab.
    fn is_held(&self) -> bool;

    /// Lets go of the lab when the command has ended; by itself, or because that was asked for. What
    /// then is the outcome in place of the command's exit code, if the lab has died.
    fn let_go(self, by_itself: bool) -> Option<Result<i32>>;
}

impl Host for Lab {
    fn entry(&self) -> io::Result<&Entry> {
        self.held.entry()
    }

    fn is_cancelled(&self) -> bool {
        self.held.cancelled()
    }

    fn is_held(&self) -> bool {
        self.held.has_monitor()
    }

    fn let_go(self, by_itself: bool) -> Option<Result<i32>> {
        // Nothing comes back that has died; what the command did after that says nothing of the lab.
        let dead = self.held.exit_reason();
        if dead.is_none() && by_itself {
            for exit_reason in self.held.ask_daemons(Service::last_end) {
                program::note!("warning: {exit_reason}");
            }
        }
        // Whatever else the command has started ends with the lab.
        drop(self);
        Some(Err(failure("the lab has died", dead?, "start it again")))
    }
}

impl Lab {
    /// Runs a command at level 0 with this process's own streams and terminal, ends the lab, and
    /// returns the command's exit code; 128 and the number of a signal that asked for the end.
    /// Meanwhile others may [`join`](crate::join()).
    ///
    /// Of a standard input that is no terminal, more may be read than the command reads.
    pub fn attach(self, dir: &Path, argv: &[String]) -> Result<i32> {
        let remedy = "free some disk space in the cache directory";
        self.held.publish().explain("the lab can't be opened to others", remedy)?;
        attach(self, dir, argv)
    }
}

/// Runs a command with this process's own streams and terminal, and lets go of the lab.
pub(crate) fn attach(host: impl Host, dir: &Path, argv: &[String]) -> Result<i32> {
    let what = "the command can't be started";
    let wanted = [SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH];
    let signals = Signals::new(wanted).explain(what, REMEDY)?;
    let has_ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        let has_ended = Arc::clone(&has_ended);
        register_conditional_default(signal, has_ended).explain(what, REMEDY)?;
    }
    if host.is_cancelled() {
        return Err(cancelled("the command's turn"));
    }
    let entry = host.entry().explain(what, REMEDY)?;
    let (terminal, theirs) = Terminal::of_caller(entry)?.unzip();
    let (streams, mut relays) = relays(terminal.as_ref(), theirs).explain(what, REMEDY)?;
    let [stdin, stdout, stderr] = streams;
    // Nothing of it stays here: what the command has no more open must come to an end.
    let handle = entry
        .command(Ground::Foreground, dir, argv)?
        .stdin_file(stdin)
        .stdout_file(stdout)
        .stderr_file(stderr)
        .start()
        .explain(what, REMEDY)?;

    let (is_over, end) = io::pipe().explain(what, REMEDY)?;
    let is_over = Arc::new(is_over);
    let outputs = std::mem::take(&mut relays.outputs).into_iter();
    let outputs: Vec<JoinHandle<io::Result<()>>> = outputs
        .map(|(from, to)| {
            let is_over = Arc::clone(&is_over);
            spawn(move || relay_output(from, to, &is_over))
        })
        .collect();
    let stop = relays.start_input().explain(what, REMEDY)?;
    let ended = follow(&host, &handle, signals, terminal.as_deref());
    drop(stop);
    let dead = host.let_go(matches!(ended, Ok(Ended::Itself(_))));
    drop(end);
    // Who reads what it wrote may take any time, and nothing but this process is left to end.
    has_ended.store(true, Ordering::SeqCst);
    let code = match ended.explain("the command is lost", REMEDY)? {
        Ended::Itself(code) => code,
        // Nobody may be there any more to read what it wrote.
        Ended::By(signal) => return Ok(128 + signal),
    };
    if let Some(outcome) = dead {
        return outcome;
    }
    let relayed: Vec<_> = outputs.into_iter().map(JoinHandle::join).collect();
    let lost = relayed.into_iter().find_map(|relayed| relayed.ok()?.err());
    let lost = lost.map(|why| {
        failure(
            "not all that the command wrote has arrived",
            why,
            "free some disk space, or have it written elsewhere",
        )
    });
    match lost {
        Some(why) if code == 0 => Err(why),
        Some(why) => {
            // The command's code tells more: it may have ended of this.
            program::complain(&why);
            Ok(code)
        }
        None => Ok(code),
    }
}

/// How a command came to its end.
enum Ended {
    Itself(i32),
    By(i32),
}

/// Passes on what happens on this side until the command has ended, or is to.
fn follow(
    host: &impl Host,
    handle: &duct::Handle,
    mut signals: Signals,
    terminal: Option<&Terminal>,
) -> io::Result<Ended> {
    let pid = handle.pids().first().copied();
    let pid = pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    let pid = pid.ok_or_else(|| io::Error::other("it has no process"))?;
    let give_back = || terminal.map(Terminal::give_back);
    let go_on = || {
        terminal.map(Terminal::take);
        let _ = kill_process(pid, Signal::CONT);
    };
    terminal.map(Terminal::take);
    for signal in signals.forever() {
        match signal {
            SIGCHLD => {
                let ended = handle.try_wait();
                if matches!(ended, Ok(None)) {
                    // What the command itself dies of may keep it from that for ever.
                    if !host.is_held() {
                        give_back();
                        return Ok(Ended::Itself(1));
                    }
                    // Where nobody types, nobody is there either to continue what is stopped here.
                    if has_stopped(pid) && terminal.is_some_and(Terminal::is_ours) {
                        give_back();
                        // With all that the user has started in one line. Where there is no shell
                        // to continue it, nothing stops, and the command goes on.
                        let _ = kill_current_process_group(Signal::TSTP);
                        go_on();
                    }
                    continue;
                }
                give_back();
                let code = ended?.and_then(|output| output.status.code());
                return Ok(Ended::Itself(code.unwrap_or(1)));
            }
            SIGCONT => go_on(),
            SIGWINCH => drop(terminal.map(Terminal::resize)),
            SIGINT => drop(kill_process(pid, Signal::INT)),
            SIGQUIT => drop(kill_process(pid, Signal::QUIT)),
            signal => {
                give_back();
                return Ok(Ended::By(signal));
            }
        }
    }
    Err(io::Error::other("no signals come any more"))
}

fn has_stopped(pid: Pid) -> bool {
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
    matches!(waitid(WaitId::Pid(pid), options), Ok(Some(_)))
}

/// The caller's terminal, and the end of the command's own one that is ours.
struct Terminal {
    callers: OwnedFd,
    ours: OwnedFd,
    /// How the caller's was.
    before: Termios,
    /// Whether what is typed there is for the command.
    is_input: bool,
}

impl Terminal {
    /// Where one of the caller's streams is a terminal: that, and the command's end of its own.
    fn of_caller(entry: &Entry) -> Result<Option<(Arc<Self>, OwnedFd)>> {
        let what = "the command can't have a terminal";
        // The first one is for writing.
        let streams = [stdout(), stderr(), stdin()];
        let Some(callers) = streams.into_iter().find(|stream| isatty(stream)) else {
            return Ok(None);
        };
        let (ours, theirs) = entry.terminal().explain(what, REMEDY)?;
        let before = tcgetattr(callers).explain(what, REMEDY)?;
        // The same keys, the same encoding.
        tcsetattr(&theirs, OptionalActions::Now, &before).explain(what, REMEDY)?;
        let terminal = Self {
            callers: callers.try_clone_to_owned().explain(what, REMEDY)?,
            ours,
            before,
            is_input: is_one_terminal(stdin(), callers),
        };
        terminal.resize();
        Ok(Some((Arc::new(terminal), theirs)))
    }

    /// Every key is the command's, Ctrl-C too.
    fn take(&self) {
        if self.is_ours() {
            let mut raw = self.before.clone();
            raw.make_raw();
            let _ = tcsetattr(&self.callers, OptionalActions::Now, &raw);
        }
        self.resize();
    }

    fn give_back(&self) {
        // Who is in the background and does this is stopped.
        if self.is_ours() {
            let _ = tcsetattr(&self.callers, OptionalActions::Now, &self.before);
        }
    }

    fn resize(&self) {
        if let Ok(size) = tcgetwinsize(&self.callers) {
            let _ = tcsetwinsize(&self.ours, size);
        }
    }

    /// Whether what is typed there now is for the command.
    fn is_ours(&self) -> bool {
        self.is_input && self.is_foreground()
    }

    fn is_foreground(&self) -> bool {
        tcgetpgrp(&self.callers) == Ok(getpgrp())
    }
}

/// What is to be copied while a command runs.
struct Relays {
    /// Where the caller's standard input goes.
    input: Option<File>,
    outputs: Vec<(File, File)>,
    /// The terminal that the input comes from, if it is one.
    keyboard: Option<Arc<Terminal>>,
}

/// The three streams of a command, and what is to be copied between them and the caller's.
fn relays(
    terminal: Option<&Arc<Terminal>>,
    theirs: Option<OwnedFd>,
) -> io::Result<([OwnedFd; 3], Relays)> {
    let mut relays = Relays {
        input: None,
        outputs: Vec::new(),
        keyboard: terminal.filter(|terminal| terminal.is_input).cloned(),
    };
    let on_terminal = |callers: BorrowedFd| match (&theirs, terminal) {
        (Some(theirs), Some(terminal)) if is_one_terminal(callers, terminal.callers.as_fd()) => {
            theirs.try_clone().map(Some)
        }
        _ => Ok(None),
    };
    if let Some(terminal) = terminal {
        let (from, to) = (terminal.ours.try_clone()?, terminal.callers.try_clone()?);
        relays.outputs.push((from.into(), to.into()));
    }
    let input = if let Some(end) = on_terminal(stdin())? {
        relays.input = terminal.map(|t| t.ours.try_clone()).transpose()?.map(File::from);
        end
    } else {
        let (from, to) = io::pipe()?;
        relays.input = Some(OwnedFd::from(to).into());
        from.into()
    };
    let mut piped = |callers: BorrowedFd| -> io::Result<OwnedFd> {
        let (from, to) = io::pipe()?;
        let callers = callers.try_clone_to_owned()?;
        relays.outputs.push((OwnedFd::from(from).into(), callers.into()));
        Ok(to.into())
    };
    let output = match on_terminal(stdout())? {
        Some(end) => end,
        None => piped(stdout())?,
    };
    let errors = match on_terminal(stderr())? {
        Some(end) => end,
        // In the order in which both were written.
        None if is_same(stdout(), stderr()) => output.try_clone()?,
        None => piped(stderr())?,
    };
    // Only the command's own descriptors keep it open, so that its end is seen.
    drop(theirs);
    Ok(([input, output, errors], relays))
}

fn is_same(one: BorrowedFd, other: BorrowedFd) -> bool {
    let id = |file| fstat(file).map(|found| (found.st_dev, found.st_ino));
    matches!((id(one), id(other)), (Ok(one), Ok(other)) if one == other)
}

/// Whether both are the same terminal. `/dev/tty` is another name of the process's own one.
fn is_one_terminal(one: BorrowedFd, other: BorrowedFd) -> bool {
    let device = |file| fstat(file).map(|found| found.st_rdev);
    let (Ok(first), Ok(second)) = (device(one), device(other)) else {
        return false;
    };
    let own = makedev(5, 0);
    isatty(one) && isatty(other) && (first == second || [first, second].contains(&own))
}

impl Relays {
    /// Until what is returned is dropped.
    fn start_input(self) -> io::Result<OwnedFd> {
        let (stopped, stop) = io::pipe()?;
        if let Some(to) = self.input {
            spawn(move || relay_input(&stopped, to, self.keyboard.as_deref()));
        }
        Ok(stop.into())
    }
}

/// To the end of both: what the caller no longer reads, the command can't write any more. When the
/// lab is over, what has been written is all: a stream may have been passed on, through a socket in
/// the shared folder, to somebody who lives.
fn relay_output(mut from: File, mut to: File, is_over: &PipeReader) -> io::Result<()> {
    // More than a pipe or a terminal holds (`F_SETPIPE_SZ`, fcntl(2)).
    let mut left: usize = 1 << 20;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let mut events = [PollFd::new(&from, PollFlags::IN), PollFd::new(is_over, PollFlags::IN)];
        if poll(&mut events, None).is_err() {
            continue;
        }
        let is_over = !events[1].revents().is_empty();
        if is_over && (events[0].revents().is_empty() || left == 0) {
            return Ok(());
        }
        // A terminal whose other end nobody has open gives an error instead of an end.
        let length = match from.read(&mut buffer) {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => return Ok(()),
            Ok(length) => length,
        };
        if is_over {
            left = left.saturating_sub(length);
        }
        match write_all(&mut to, &buffer[..length]) {
            Err(why) if why.kind() != io::ErrorKind::BrokenPipe => return Err(why),
            Err(_) => return Ok(()),
            Ok(()) => {}
        }
    }
}

/// Waits for room, also where the caller has said that its stream must not.
fn write_all(to: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(length) => bytes = &bytes[length..],
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => {
                let _ = poll(&mut [PollFd::new(to, PollFlags::OUT)], None);
            }
            Err(why) => return Err(why),
        }
    }
    Ok(())
}

fn relay_input(stopped: &PipeReader, mut to: File, terminal: Option<&Terminal>) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let mut events =
            [PollFd::from_borrowed_fd(stdin(), PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        let polled = poll(&mut events, None);
        if !events[1].revents().is_empty() {
            return;
        }
        if matches!(polled, Err(Errno::INTR)) {
            continue;
        }
        if terminal.is_some_and(|terminal| !terminal.is_foreground()) {
            // What is typed now is somebody else's.
            let _ = poll(&mut [PollFd::new(stopped, PollFlags::IN)], Some(&PACE));
            continue;
        }
        match rustix::io::read(stdin(), &mut buffer) {
            // A terminal that has gone.
            Ok(0) | Err(Errno::IO) => return,
            Ok(length) => {
                if to.write_all(&buffer[..length]).is_err() {
                    return;
                }
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(why) => {
                program::note!("standard input: {why}");
                return;
            }
        }
    }
}

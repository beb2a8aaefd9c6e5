//! The plugin killed in the middle of a request: nothing is done until it is back.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use lab::Level;
use measure::Trial;
use miette::{Result, ensure, miette};

use super::request::{Answer, Daemon, Outcome};
use crate::words::{self, PLUGIN, Word};

/// Let through by every policy.
const HARMLESS: &[u8] = b"GET /containers/json HTTP/1.0\r\n\r\n";

/// Refused by every one.
const HOSTILE: &[u8] = b"POST /containers/create HTTP/1.0\r\nContent-Type: application/json\r\n\
    Content-Length: 46\r\n\r\n{\"Image\":\"a\",\"HostConfig\":{\"Privileged\":true}}";

/// The step of a plugin that was started again.
pub(crate) const BACK: &str = "when it is back";

/// How long a request must have hung to be sure that it hangs: it takes a few milliseconds.
const HANGS: Duration = Duration::from_millis(500);

/// How long what starts the plugin again may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn kill(
    level: &Level,
    daemon: &Daemon,
    row: &mut dyn FnMut(Trial) -> Result<()>,
) -> Result<()> {
    let plugin = found(level)?.ok_or_else(|| miette!("the plugin does not run"))?;
    // First what would start it again.
    signal(level, "STOP", plugin.parent)?;
    signal(level, "STOP", plugin.pid)?;
    let gone = while_gone(level, daemon, plugin.pid);
    signal(level, "CONT", plugin.parent)?;
    let (middle, later) = gone?;
    row(trial("in the middle", &middle))?;
    row(trial("while it is gone", &later))?;
    let end = Instant::now() + PATIENCE;
    while found(level)?.is_none_or(|now| now.pid == plugin.pid) {
        ensure!(Instant::now() < end, "the plugin was not started again");
        thread::sleep(Duration::from_millis(20));
    }
    // The daemon looks for it again at a pace of its own.
    let back = daemon.send(HARMLESS);
    let hostile = daemon.ask(HOSTILE)?;
    row(match hostile {
        Outcome::Refused(_) => trial(BACK, &back),
        outcome => Trial {
            outcome: Word::Wrong.into(),
            reason: format!("a hostile request: {outcome:?}"),
            ..trial(BACK, &back)
        },
    })
}

type Answers = (io::Result<Answer>, io::Result<Answer>);

/// What becomes of a request that hangs in the plugin when it is killed, and of a later one.
fn while_gone(level: &Level, daemon: &Daemon, plugin: u32) -> Result<Answers> {
    thread::scope(|scope| {
        let middle = scope.spawn(|| daemon.send(HARMLESS));
        thread::sleep(HANGS);
        let hung = !middle.is_finished();
        signal(level, "KILL", plugin)?;
        ensure!(hung, "a request did not hang in a plugin that was stopped");
        let later = daemon.send(HARMLESS);
        let middle = middle.join().map_err(|_| miette!("a client panicked"))?;
        Ok((middle, later))
    })
}

fn trial(step: &str, answer: &io::Result<Answer>) -> Trial {
    let (outcome, reason) = match answer {
        Ok(answer) if answer.is_served() => (Word::Served, String::new()),
        Ok(answer) => (Word::Refused, answer.words()),
        Err(e) => (Word::Lost, e.to_string()),
    };
    words::row(PLUGIN, "killed in the middle", step, outcome, reason)
}

/// A process of the engine's container, by its own numbers.
struct Process {
    pid: u32,
    parent: u32,
}

/// The plugin that runs, if one does.
fn found(level: &Level) -> Result<Option<Process>> {
    let failed = |e: io::Error| miette!("the engine's processes can't be seen: {e}");
    let proc = level.root().and_then(|root| root.folder("proc"));
    let proc = proc.map_err(failed)?;
    let processes = proc.names(".").map_err(failed)?;
    let mut plugins = processes.iter().filter_map(|name| {
        let pid: u32 = name.to_str()?.parse().ok()?;
        let stat = proc.read_to_string(format!("{pid}/stat")).ok()?;
        // proc_pid_stat(5): number (name) state parent ...
        let (name, rest) = stat.split_once('(')?.1.split_once(") ")?;
        let mut rest = rest.split(' ');
        let alive = rest.next()? != "Z";
        let parent = rest.next()?.parse().ok()?;
        (name == "authz" && alive).then_some(Process { pid, parent })
    });
    Ok(plugins.next())
}

fn signal(level: &Level, name: &str, pid: u32) -> Result<()> {
    let script = format!("kill -{name} {pid}");
    level.output(&["sh", "-c", &script]).map(drop)
}

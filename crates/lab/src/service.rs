//! Daemons at level 0: started, asked until they answer, ended with the sandbox.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use miette::Result;

use crate::error::{Explain, failure};
use crate::held::{Ground, Held};
use crate::inside::Folder;

/// Between two questions to a daemon that does not answer yet.
const PACE: Duration = Duration::from_millis(10);

/// How much of a daemon's log goes into an error.
const LAST_LINES: usize = 12;

/// A daemon whose output goes to a log.
pub(crate) struct Service {
    name: &'static str,
    handle: duct::Handle,
    log: PathBuf,
}

impl Service {
    pub(crate) fn start(held: &Held, name: &'static str, argv: &[&str]) -> Result<Self> {
        let what = format!("{name} can't be started");
        let remedy = "free some disk space in the cache directory";
        let log = held.state().join(format!("{name}.log"));
        let file = fs::File::create(&log).explain(&what, remedy)?;
        let handle = held
            .command(Ground::Back, Path::new("/"), argv)?
            .stdin_null()
            .stderr_to_stdout()
            .stdout_file(file)
            .start()
            .explain(&what, remedy)?;
        Ok(Self { name, handle, log })
    }

    /// Asks until the daemon answers; it dying meanwhile, or the deadline, is an error that holds
    /// its last lines.
    pub(crate) fn wait_ready(
        &self,
        held: &Held,
        deadline: Duration,
        ready: impl FnMut() -> bool,
    ) -> Result<()> {
        let died = |pace| matches!(self.handle.wait_timeout(pace), Ok(Some(_)) | Err(_));
        wait_until(held, self.name, deadline, died, ready, || self.last_lines())
    }

    /// Its name, and the end of what it wrote.
    pub(crate) fn last_words(&self) -> String {
        format!("{}: {}", self.name, self.last_lines())
    }

    /// The end of what it wrote.
    pub(crate) fn last_lines(&self) -> String {
        last_lines(&fs::read_to_string(&self.log).unwrap_or_default())
    }

    /// Its name and last lines, if it is no longer there.
    pub(crate) fn obituary(&self) -> Option<String> {
        let dead = !matches!(self.handle.try_wait(), Ok(None));
        dead.then(|| format!("{} has died: {}", self.name, self.last_lines()))
    }
}

/// Asks `ready` again and again; `died` paces the questions by waiting that long for an end.
/// Anything but readiness is an error about `name`, with its last lines.
pub(crate) fn wait_until(
    held: &Held,
    name: &str,
    deadline: Duration,
    died: impl Fn(Duration) -> bool,
    mut ready: impl FnMut() -> bool,
    last_lines: impl Fn() -> String,
) -> Result<()> {
    let end = Instant::now() + deadline;
    while !ready() {
        if died(PACE) {
            return Err(failure(
                format!("{name} died while it started"),
                last_lines(),
                "its last lines say why; see `cargo xtask doctor`",
            ));
        }
        if Instant::now() > end {
            return Err(failure(
                format!("{name} does not answer after {} s", deadline.as_secs()),
                last_lines(),
                "look for a loaded machine or a full disk; see `cargo xtask doctor`",
            ));
        }
        if held.cancelled() {
            return Err(cancelled(name));
        }
    }
    Ok(())
}

/// The user has asked for the end while something was waited for.
pub(crate) fn cancelled(what: &str) -> miette::Report {
    failure(
        format!("interrupted while waiting for {what}"),
        "a signal came",
        "start it again",
    )
}

pub(crate) fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.len().saturating_sub(LAST_LINES);
    if lines.is_empty() {
        "(it wrote nothing)".to_owned()
    } else {
        lines[last..].join("\n")
    }
}

/// Whether a Docker daemon answers that has this root directory (`GET /_ping`, Docker Engine API).
pub(crate) fn docker_answers(root: io::Result<Folder>) -> bool {
    let ask = || -> io::Result<String> {
        let mut stream = root?.connect("run/docker.sock")?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET /_ping HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(1 << 16).read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.ends_with("OK"))
}

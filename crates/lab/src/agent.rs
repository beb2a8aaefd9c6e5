//! A probe that runs at some level and does as it is asked.

use std::fmt::Display;
use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::time::{Duration, Instant};

use miette::Result;
use probe::{Answer, Hashed, Operated, Operation, Request, Spawned};
use program::patient;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::{Explain, Refused, failure};
use crate::level::{NOT_BEGUN, STARTS, says_not_begun};

/// What the way to an agent and back may take, beyond what was asked of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// The other end of a probe's standard streams. Dropping it ends the probe.
pub struct Agent {
    command: duct::Expression,
    streams: Streams,
    level: usize,
    /// How often it may still be started, where an engine says that it could not begin it.
    starts_left: u32,
}

struct Streams {
    to: PipeWriter,
    from: PipeReader,
    handle: duct::Handle,
}

/// Why there is no answer.
enum Silent {
    /// An engine has said that it could not begin the probe.
    NotBegun,
    /// Anything else.
    Other(String),
}

impl Agent {
    pub(crate) fn start(command: duct::Expression, level: usize) -> Result<Self> {
        let streams = Streams::open(&command, level)?;
        Ok(Self { command, streams, level, starts_left: STARTS - 1 })
    }

    /// Starts a command next to the agent and times it. That the command failed is no error here:
    /// the answer tells.
    pub fn spawn<S: AsRef<str>>(&mut self, argv: &[S], deadline: Duration) -> Result<Spawned> {
        let request = Request::Spawn {
            argv: argv.iter().map(|arg| arg.as_ref().to_owned()).collect(),
            deadline_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
        };
        match self.ask(&request, deadline + patient(PATIENCE))? {
            Answer::Spawned(spawned) => Ok(spawned),
            other => Err(self.refused(&other)),
        }
    }

    /// Hashes so many MiB of the generated input; see [`probe::hash`].
    pub fn hash(&mut self, mebibytes: u32, deadline: Duration) -> Result<Hashed> {
        match self.ask(&Request::Hash { mebibytes }, deadline)? {
            Answer::Hashed(hashed) => Ok(hashed),
            other => Err(self.refused(&other)),
        }
    }

    /// Has the kernel do something so many times; see [`Operation`].
    pub fn operate(
        &mut self,
        operation: Operation,
        times: u32,
        deadline: Duration,
    ) -> Result<Operated> {
        match self.ask(&Request::Operate { operation, times }, deadline)? {
            Answer::Operated(operated) => Ok(operated),
            other => Err(self.refused(&other)),
        }
    }

    /// Peak resident memory of the agent in bytes.
    pub fn peak_bytes(&mut self) -> Result<u64> {
        match self.ask(&Request::Vitals, patient(PATIENCE))? {
            Answer::Vitals { peak_bytes } => Ok(peak_bytes),
            other => Err(self.refused(&other)),
        }
    }

    fn ask(&mut self, request: &Request, deadline: Duration) -> Result<Answer> {
        let what = format!("the probe at level {} does not answer", self.level);
        let remedy = "the container around it or its daemon may have died";
        loop {
            match self.streams.ask(request, deadline) {
                Ok(answer) => {
                    self.starts_left = 0;
                    return Ok(answer);
                }
                Err(Silent::NotBegun) if self.starts_left > 0 => {
                    self.starts_left -= 1;
                    self.streams = Streams::open(&self.command, self.level)?;
                }
                Err(Silent::NotBegun) => return Err(failure(what, NOT_BEGUN, remedy)),
                Err(Silent::Other(why)) => return Err(failure(what, why, remedy)),
            }
        }
    }

    fn refused(&self, answer: &Answer) -> miette::Report {
        match answer {
            Answer::Failed { why } => Refused::new(self.level, why.clone()).into(),
            other => failure(
                format!("the probe at level {} is out of step", self.level),
                format!("an answer to another question: {other:?}"),
                "report this as a bug",
            ),
        }
    }
}

impl Streams {
    fn open(command: &duct::Expression, level: usize) -> Result<Self> {
        let what = format!("the probe can't be started at level {level}");
        let remedy = "see `cargo xtask doctor`";
        let (in_read, to) = std::io::pipe().explain(&what, remedy)?;
        let (from, out_write) = std::io::pipe().explain(&what, remedy)?;
        let handle = command
            .stdin_file(in_read)
            .stdout_file(out_write)
            .stderr_null()
            .start()
            .explain(&what, remedy)?;
        Ok(Self { to, from, handle })
    }

    fn ask(
        &mut self,
        request: &Request,
        deadline: Duration,
    ) -> std::result::Result<Answer, Silent> {
        let other = |why: &dyn Display| Silent::Other(why.to_string());
        let mut line = serde_json::to_vec(request).map_err(|why| other(&why))?;
        line.push(b'\n');
        match self.to.write_all(&line) {
            // It has ended, and may have said why.
            Err(why) if why.kind() == ErrorKind::BrokenPipe => {}
            written => written.map_err(|why| other(&why))?,
        }
        let end = Instant::now() + deadline;
        line.clear();
        // An answer is one line, and none is left over from before.
        while line.last() != Some(&b'\n') {
            let left = end.saturating_duration_since(Instant::now());
            let timeout = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            };
            match poll(&mut [PollFd::new(&self.from, PollFlags::IN)], Some(&timeout)) {
                Err(rustix::io::Errno::INTR) => continue,
                Ok(0) => return Err(other(&format!("nothing after {} s", deadline.as_secs()))),
                ready => ready.map_err(|why| other(&why))?,
            };
            let mut part = [0; 4096];
            match self.from.read(&mut part).map_err(|why| other(&why))? {
                0 if line.is_empty() => return Err(other(&"it has ended")),
                0 => break,
                count => line.extend_from_slice(&part[..count]),
            }
        }
        if says_not_begun(&String::from_utf8_lossy(&line)) {
            return Err(Silent::NotBegun);
        }
        serde_json::from_slice(&line).map_err(|why| other(&why))
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        let _ = self.handle.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks a probe that is this script, which notes in the file `turns` that it has begun.
    fn ask(script: &str) -> (Result<u64>, String) {
        let place = tempfile::tempdir().expect("a folder");
        let command = duct::cmd!("sh", "-c", script).dir(place.path()).unchecked();
        let mut agent = Agent::start(command, 1).expect("it starts");
        let answer = agent.peak_bytes();
        let turns = std::fs::read_to_string(place.path().join("turns")).expect("it has begun");
        (answer, turns)
    }

    const REFUSED: &str = "OCI runtime exec failed: exec failed: unable to start container process: \
                           waiting for init preliminary setup: read init-p: connection reset by peer";

    #[test]
    fn what_has_not_begun_is_started_again() {
        let answer = r#"{"vitals":{"peak_bytes":7}}"#;
        let script = format!(
            "echo x >>turns; [ $(wc -l <turns) = 2 ] || {{ echo '{REFUSED}: unknown'; exit 126; }}; \
             read -r _; echo '{answer}'"
        );
        let (answer, turns) = ask(&script);
        assert_eq!((answer.expect("the second answers"), turns.lines().count()), (7, 2));
    }

    #[test]
    fn what_has_begun_is_not() {
        let (answer, turns) = ask("echo x >>turns; read -r _");
        let why = format!("{:?}", answer.expect_err("it has ended"));
        assert!(why.contains("it has ended") && turns.lines().count() == 1, "{why} {turns}");
        let (answer, turns) = ask(&format!("echo x >>turns; echo '{REFUSED}'"));
        assert!(answer.is_err() && turns.lines().count() == 3, "{turns}");
    }
}

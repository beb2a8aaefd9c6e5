//! A probe that runs at some level and does as it is asked.

use std::fmt::Display;
use std::io::{BufRead, BufReader, ErrorKind, PipeReader, PipeWriter, Write};
use std::time::Duration;

use miette::Result;
use probe::{Answer, Hashed, Operated, Operation, Request, Spawned};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::{Explain, Refused, failure};
use crate::level::STARTS;

/// What the way to an agent and back may take, beyond what was asked of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// The other end of a probe's standard streams. Dropping it ends the probe.
pub struct Agent {
    command: duct::Expression,
    streams: Streams,
    level: usize,
    /// How often it may still be started, if it ends before its first answer: an engine can fail to
    /// begin it.
    starts_left: u32,
}

struct Streams {
    to: PipeWriter,
    from: BufReader<PipeReader>,
    handle: duct::Handle,
}

/// Why there is no answer.
enum Silent {
    /// There is nobody any more who could.
    Ended,
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
        match self.ask(&request, deadline + PATIENCE)? {
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
        match self.ask(&Request::Vitals, PATIENCE)? {
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
                Err(Silent::Ended) if self.starts_left > 0 => {
                    self.starts_left -= 1;
                    self.streams = Streams::open(&self.command, self.level)?;
                }
                Err(Silent::Ended) => return Err(failure(what, "it has ended", remedy)),
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
        Ok(Self { to, from: BufReader::new(from), handle })
    }

    fn ask(
        &mut self,
        request: &Request,
        deadline: Duration,
    ) -> std::result::Result<Answer, Silent> {
        let other = |why: &dyn Display| Silent::Other(why.to_string());
        let mut line = serde_json::to_string(request).map_err(|why| other(&why))?;
        line.push('\n');
        match self.to.write_all(line.as_bytes()) {
            Err(why) if why.kind() == ErrorKind::BrokenPipe => return Err(Silent::Ended),
            written => written.map_err(|why| other(&why))?,
        }
        let timeout = Timespec {
            tv_sec: i64::try_from(deadline.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: deadline.subsec_nanos().into(),
        };
        // An answer is one line, and none is left over from before.
        let ready = loop {
            let mut events = [PollFd::new(self.from.get_ref(), PollFlags::IN)];
            match poll(&mut events, Some(&timeout)) {
                Err(rustix::io::Errno::INTR) => {}
                ready => break ready.map_err(|why| other(&why))?,
            }
        };
        if ready == 0 {
            return Err(other(&format!("nothing after {} s", deadline.as_secs())));
        }
        line.clear();
        self.from.read_line(&mut line).map_err(|why| other(&why))?;
        if line.is_empty() {
            return Err(Silent::Ended);
        }
        serde_json::from_str(&line).map_err(|why| other(&why))
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        let _ = self.handle.kill();
    }
}

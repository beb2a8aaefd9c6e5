//! A probe that runs at some level and does as it is asked.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::time::Duration;

use miette::Result;
use probe::{Answer, Hashed, Operated, Operation, Request, Spawned};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::error::{Explain, Refused, failure};

/// What the way to an agent and back may take, beyond what was asked of it.
const PATIENCE: Duration = Duration::from_secs(20);

/// The other end of a probe's standard streams. Dropping it ends the probe.
pub struct Agent {
    to: PipeWriter,
    from: BufReader<PipeReader>,
    handle: duct::Handle,
    level: usize,
}

impl Agent {
    pub(crate) fn start(command: &duct::Expression, level: usize) -> Result<Self> {
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
        Ok(Self { to, from: BufReader::new(from), handle, level })
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
        let mut line = serde_json::to_string(request).explain(&what, remedy)?;
        line.push('\n');
        self.to.write_all(line.as_bytes()).explain(&what, remedy)?;
        let timeout = Timespec {
            tv_sec: i64::try_from(deadline.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: deadline.subsec_nanos().into(),
        };
        // An answer is one line, and none is left over from before.
        let ready = loop {
            let mut events = [PollFd::new(self.from.get_ref(), PollFlags::IN)];
            match poll(&mut events, Some(&timeout)) {
                Err(rustix::io::Errno::INTR) => {}
                other => break other.explain(&what, remedy)?,
            }
        };
        if ready == 0 {
            let why = format!("nothing after {} s", deadline.as_secs());
            return Err(failure(what, why, remedy));
        }
        line.clear();
        self.from.read_line(&mut line).explain(&what, remedy)?;
        if line.is_empty() {
            return Err(failure(what, "it has ended", remedy));
        }
        serde_json::from_str(&line).explain(&what, remedy)
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

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.handle.kill();
    }
}

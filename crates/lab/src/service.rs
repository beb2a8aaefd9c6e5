//! Daemons at level 0: started, asked until they answer, ended with the sandbox.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use miette::Result;
use program::patient;
use signal_hook::low_level::signal_name;

use crate::error::{Explain, failure};
use crate::held::Held;
use crate::zero::Zero;

/// Between two questions to a daemon that does not answer yet.
const PACE: Duration = Duration::from_millis(10);

/// How long one that has answered before may take to answer again, on a loaded machine.
const ANSWER_DEADLINE: Duration = Duration::from_secs(20);

/// How long one question may take of that: then it is put again.
const QUESTION_DEADLINE: Duration = Duration::from_secs(2);

/// How much of a daemon's log goes into an error.
const LAST_LINES: usize = 12;

/// Asks a daemon something that only a living one answers.
type Question = Box<dyn Fn() -> bool + Send + Sync>;

/// A daemon whose output goes to a log.
pub(crate) struct Service {
    name: &'static str,
    handle: duct::Handle,
    log: PathBuf,
    answers: Question,
}

impl Service {
    pub(crate) fn start(
        held: &Held,
        name: &'static str,
        argv: &[&str],
        answers: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Arc<Self>> {
        let what = format!("{name} can't be started");
        let remedy = "free some disk space in the cache directory";
        let log = held.state().join(format!("{name}.log"));
        let file = fs::File::create(&log).explain(&what, remedy)?;
        let handle = held
            .command(Path::new("/"), argv)?
            .stdin_null()
            .stderr_to_stdout()
            .stdout_file(file)
            .start()
            .explain(&what, remedy)?;
        let service = Arc::new(Self { name, handle, log, answers: Box::new(answers) });
        held.watch(&service);
        Ok(service)
    }

    /// Asks until the daemon answers; it dying meanwhile, or the deadline, is an error that holds
    /// its last lines.
    pub(crate) fn wait_ready(&self, held: &Held, deadline: Duration) -> Result<()> {
        let died = |pace| matches!(self.handle.wait_timeout(pace), Ok(Some(_)) | Err(_));
        let said = || match self.ended() {
            Some(how) => format!("it {how}: {}", self.last_lines()),
            None => self.last_lines(),
        };
        wait_until(Zero::Lab(held), self.name, deadline, died, &self.answers, said)
    }

    /// Its name, and the end of what it wrote.
    pub(crate) fn last_words(&self) -> String {
        format!("{}: {}", self.name, self.last_lines())
    }

    /// The end of what it wrote.
    pub(crate) fn last_lines(&self) -> String {
        last_lines(&end_of(&self.log).unwrap_or_default())
    }

    /// Its name, how it ended and its last lines, if it no longer answers.
    pub(crate) fn exit_reason(&self) -> Option<String> {
        let how = self.ask(patient(ANSWER_DEADLINE)).err()?.unwrap_or_else(|| {
            let seconds = patient(ANSWER_DEADLINE).as_secs();
            format!("does not answer after {seconds} s")
        });
        Some(format!("{} {how}: {}", self.name, self.last_lines()))
    }

    /// The same for whoever needs it no more: only if it has ended.
    pub(crate) fn last_end(&self) -> Option<String> {
        let how = self.ask(patient(QUESTION_DEADLINE)).err()??;
        Some(format!("{} {how}: {}", self.name, self.last_lines()))
    }

    /// Whether it answers; if not, how it ended, if it has.
    ///
    /// It is asked: what it did for others may have failed before it can be waited for, because its
    /// sockets close before that.
    fn ask(&self, patience: Duration) -> std::result::Result<(), Option<String>> {
        let end = Instant::now() + patience;
        loop {
            if let Some(how) = self.ended() {
                return Err(Some(how));
            }
            if (self.answers)() {
                return Ok(());
            }
            if Instant::now() > end {
                return Err(None);
            }
            let _ = self.handle.wait_timeout(PACE);
        }
    }

    /// How it ended, if it has. That is noticed a moment later than what it did to others.
    pub(crate) fn ended(&self) -> Option<String> {
        match self.handle.try_wait() {
            Ok(None) => None,
            Ok(Some(output)) => Some(ending(output.status)),
            Err(why) => Some(format!("can't be waited for: {why}")),
        }
    }
}

/// What ended a process, or a command that was entered: of that one `sandbox enter` says as a shell
/// does, 128 and the signal's number.
pub(crate) fn ending(status: ExitStatus) -> String {
    let code = status.code().unwrap_or_default();
    let passed_on = Some(code - 128).filter(|number| signal_name(*number).is_some());
    let Some(number) = status.signal().or(passed_on) else {
        return format!("ended with exit code {code}");
    };
    let name = signal_name(number).map(|name| format!(" ({name})"));
    format!("was ended by signal {number}{}", name.unwrap_or_default())
}

/// Asks `ready` again and again; `died` paces the questions by waiting that long for an end.
/// Anything but readiness is an error about `name`, with its last lines.
pub(crate) fn wait_until(
    zero: Zero<'_>,
    name: &str,
    deadline: Duration,
    died: impl Fn(Duration) -> bool,
    ready: impl Fn() -> bool,
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
        if zero.cancelled() {
            return Err(cancelled(name));
        }
        if zero.has_lost_a_daemon() {
            return Err(lost(format!("{name} does not answer")));
        }
    }
    Ok(())
}

/// Something was given up, because what it needs has died.
pub(crate) fn lost(what: String) -> miette::Report {
    failure(what, "a daemon of the lab has died", "start it again")
}

/// The user has asked for the end while something was waited for.
pub(crate) fn cancelled(what: &str) -> miette::Report {
    failure(format!("interrupted while waiting for {what}"), "a signal came", "start it again")
}

/// The end of a log as text. Whoever wrote it may have written anything, and any amount.
fn end_of(log: &Path) -> io::Result<String> {
    const MOST_BYTES: u64 = 1 << 16;
    let mut file = fs::File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST_BYTES)))?;
    let mut end = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut end)?;
    Ok(String::from_utf8_lossy(&end).into_owned())
}

pub(crate) fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.len().saturating_sub(LAST_LINES);
    if lines.is_empty() { "(it wrote nothing)".to_owned() } else { lines[last..].join("\n") }
}

/// Whether a Docker daemon answers that has this root directory (`GET /_ping`, Docker Engine API).
pub(crate) fn docker_answers(socket: io::Result<UnixStream>) -> bool {
    let ask = || -> io::Result<String> {
        let stream = asked(socket?, b"GET /_ping HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(1 << 16).read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.ends_with("OK"))
}

/// Whether a server of gRPC answers on this socket, as containerd is: with a frame of settings to a
/// client's preface and settings (RFC 9113, 3.4). That somebody listens would not do: a connection to
/// one that is ending may still be made.
pub(crate) fn grpc_answers(socket: io::Result<UnixStream>) -> bool {
    const SETTINGS: u8 = 4;
    const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let ask = || -> io::Result<u8> {
        let mut head = [0; 9];
        asked(socket?, HELLO)?.read_exact(&mut head)?;
        Ok(head[3])
    };
    ask().is_ok_and(|kind| kind == SETTINGS)
}

/// A connection to a socket of the inside, once this was written on it.
fn asked(mut stream: UnixStream, question: &[u8]) -> io::Result<UnixStream> {
    stream.set_read_timeout(Some(patient(QUESTION_DEADLINE)))?;
    stream.set_write_timeout(Some(patient(QUESTION_DEADLINE)))?;
    stream.write_all(question)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::killed(9, "was ended by signal 9 (SIGKILL)")]
    #[case::passed_on(137 << 8, "was ended by signal 9 (SIGKILL)")]
    #[case::without_a_name(64, "was ended by signal 64")]
    #[case::by_itself(1 << 8, "ended with exit code 1")]
    #[case::no_signal(255 << 8, "ended with exit code 255")]
    fn an_end_is_named(#[case] status: i32, #[case] how: &str) {
        assert_eq!(ending(ExitStatus::from_raw(status)), how);
    }
}

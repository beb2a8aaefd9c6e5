//! Requests as bytes on a daemon's socket, as no client would send them, and what is answered.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use authz::cases::{Case, Framing};
use lab::{Folder, Level};
use miette::{Result, miette};
use serde_json::Value;

use crate::words::Word;

/// How long an answer may take: a daemon looks for a plugin that is gone for half a minute.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long an answer may pause once its head is there.
const PAUSE: Duration = Duration::from_millis(300);

/// The version of the API that the tables speak.
const TABLES: &str = "1.50";

/// A daemon, by its socket.
pub(super) struct Daemon {
    /// The folder of its socket.
    folder: Folder,
    /// The version of the API that is spoken to it: the tables', or an older daemon's own.
    version: String,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// By the plugin; its rule.
    Refused(String),
    /// By the daemon itself, before or after it asked the plugin; its words.
    Rejected(String),
    /// Done; the status of the answer.
    Allowed(String),
}

impl Outcome {
    pub(super) fn words(&self) -> (Word, &str) {
        match self {
            Self::Refused(rule) => (Word::Refused, rule),
            Self::Rejected(words) => (Word::Rejected, words),
            Self::Allowed(words) => (Word::Allowed, words),
        }
    }
}

impl Daemon {
    /// The one at this level.
    pub(super) fn find(level: &Level) -> Result<Self> {
        let failed = |e: io::Error| miette!("a daemon's socket can't be reached: {e}");
        let folder = level.root().and_then(|root| root.folder("run"));
        let mut daemon = Self { folder: folder.map_err(failed)?, version: String::new() };
        let answer = daemon.send(b"GET /version HTTP/1.0\r\n\r\n").map_err(failed)?;
        let body: Value = serde_json::from_str(&answer.body)
            .map_err(|e| miette!("a daemon's version can't be read: {e}: {}", answer.body))?;
        let own = body["ApiVersion"].as_str().unwrap_or_default();
        let minor = |version: &str| version.strip_prefix("1.").and_then(|n| n.parse().ok());
        let older = minor(own).unwrap_or(0_u32) < minor(TABLES).unwrap_or(0);
        daemon.version = String::from(if older { own } else { TABLES });
        Ok(daemon)
    }

    /// A case as a client would send it; none if it is no request.
    pub(super) fn request(&self, case: &Case) -> Option<Vec<u8>> {
        let body = case.sent()?;
        let path = match case.path.strip_prefix(&format!("/v{TABLES}/")) {
            Some(rest) => format!("/v{}/{rest}", self.version),
            None => case.path.clone(),
        };
        let mut head = vec![format!("{} {path} HTTP/1.1", case.method), "Host: docker".to_owned()];
        let headers = case.headers.iter();
        head.extend(headers.map(|(name, value)| format!("{name}: {value}")));
        if !body.is_empty() && !case.headers.contains_key("Content-Type") {
            head.push("Content-Type: application/json".to_owned());
        }
        // One that is upgraded says itself what becomes of the connection.
        let upgraded = case.headers.contains_key("Upgrade");
        let end = if upgraded { "Upgrade" } else { "close" };
        head.push(format!("Connection: {end}"));
        head.push(match case.framing {
            Framing::Length => format!("Content-Length: {}", body.len()),
            Framing::Zero => "Content-Length: 0".to_owned(),
            Framing::Chunked => "Transfer-Encoding: chunked".to_owned(),
        });
        let body = if case.framing == Framing::Chunked {
            let size = format!("{:x}\r\n", body.len());
            [size.as_bytes(), &body, b"\r\n0\r\n\r\n"].concat()
        } else {
            body
        };
        let head = head.join("\r\n") + "\r\n\r\n";
        Some([head.as_bytes(), &body].concat())
    }

    /// What a request comes to. An error: the daemon did not answer.
    pub(super) fn ask(&self, request: &[u8]) -> Result<Outcome> {
        let answer = self.send(request).map_err(|e| {
            let line = String::from_utf8_lossy(&request[..request.len().min(100)]).into_owned();
            miette!("no answer to {line:?}: {e}")
        })?;
        Ok(answer.outcome())
    }

    pub(super) fn send(&self, request: &[u8]) -> io::Result<Answer> {
        let mut stream = self.folder.connect("docker.sock")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        // It may answer, and close, before it has read all.
        let sent = stream.write_all(request);
        let answer = Answer::read(&mut stream);
        match (answer, sent) {
            (Ok(answer), _) => Ok(answer),
            (Err(_), Err(e)) | (Err(e), Ok(())) => Err(e),
        }
    }
}

/// A daemon's answer.
pub(super) struct Answer {
    status: u16,
    body: String,
}

impl Answer {
    /// Reads until the other side closes, or has nothing more to say: some answers never end.
    fn read(stream: &mut UnixStream) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let mut piece = [0; 1 << 14];
        let end = Instant::now() + PATIENCE;
        let mut answer = None;
        loop {
            let read = loop {
                match stream.read(&mut piece) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    read => break read,
                }
            };
            match (read, answer) {
                (Ok(0), None) => return Err(io::ErrorKind::UnexpectedEof.into()),
                (Err(e), None) => return Err(e),
                // What it said before it closed with something unread is there.
                (Ok(0) | Err(_), Some(answer)) => return Ok(answer),
                (Ok(count), _) => bytes.extend_from_slice(&piece[..count]),
            }
            answer = Self::of(&bytes)?;
            if answer.is_some() {
                stream.set_read_timeout(Some(PAUSE))?;
                if Instant::now() > end {
                    stream.shutdown(Shutdown::Both)?;
                }
            }
        }
    }

    /// What is there of an answer, once its head is whole.
    fn of(bytes: &[u8]) -> io::Result<Option<Self>> {
        let text = String::from_utf8_lossy(bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            return Ok(None);
        };
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let body = body.to_owned();
        Ok(Some(Self { status, body }))
    }

    fn outcome(&self) -> Outcome {
        const RULE: &str = "refused by rule ";
        // What is left of a message in chunks is enough.
        let said = self.body.split("\"message\":\"").nth(1);
        let said = said.unwrap_or(&self.body).trim_end_matches(['"', '}', '\n']);
        let words: String = said.chars().take(200).collect();
        let words = format!("{} {}", self.status, words.trim());
        match self.status {
            // Started already.
            101 | 200..300 | 304 => Outcome::Allowed(self.status.to_string()),
            403 if said.contains("authorization denied by plugin") => {
                let rule = said.split(RULE).nth(1).and_then(|rest| rest.split(':').next());
                Outcome::Refused(rule.unwrap_or("without a rule").to_owned())
            }
            _ => Outcome::Rejected(words),
        }
    }

    /// Whether the request was served.
    pub(super) fn is_served(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Status and words, in one line.
    pub(super) fn words(&self) -> String {
        let line: String = self.body.split(['\n', '\r']).collect::<Vec<_>>().join(" ");
        let line: String = line.chars().take(300).collect();
        format!("{} {}", self.status, line.trim())
    }
}

//! The program on its socket, as a daemon speaks to it: and as none should.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::create_message;

/// A running plugin, killed with its test.
struct Plugin {
    child: Child,
    socket: PathBuf,
}

impl Plugin {
    fn start(place: &Path) -> Self {
        let socket = place.join("plugins/x.sock");
        let child = program(&socket).stderr(Stdio::null()).spawn();
        let plugin = Self { child: child.expect("the program starts"), socket };
        let end = Instant::now() + Duration::from_secs(20);
        while UnixStream::connect(&plugin.socket).is_err() {
            assert!(Instant::now() < end, "the plugin does not serve");
            thread::sleep(Duration::from_millis(5));
        }
        plugin
    }

    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.socket).expect("a connection");
        let patience = Some(Duration::from_secs(60));
        stream.set_read_timeout(patience).expect("a time limit");
        stream
    }

    /// One call on a connection of its own.
    fn call(&self, path: &str, body: &[u8]) -> (u16, Value) {
        let stream = self.connect();
        send(&stream, path, body);
        answer(&mut BufReader::new(&stream)).expect("an answer")
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(socket: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authz"));
    command.arg("--socket").arg(socket);
    command
}

fn send(mut stream: &UnixStream, path: &str, body: &[u8]) {
    let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body].concat()).expect("a request");
}

/// Status and JSON of one answer; nothing if the other side has ended.
fn answer(stream: &mut impl BufRead) -> Option<(u16, Value)> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|&size| size > 0)?;
    let status = line.split(' ').nth(1)?.parse().expect("a status");
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        if line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':').expect("a header");
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

const REQUEST: &str = "/AuthZPlugin.AuthZReq";
const HARMLESS: &[u8] = br#"{"Image":"a","HostConfig":{"Privileged":false}}"#;
const HOSTILE: &[u8] = br#"{"Image":"a","HostConfig":{"Privileged":true}}"#;

fn allowed(answer: &(u16, Value)) -> bool {
    answer.0 == 200 && answer.1["Allow"] == Value::Bool(true)
}

fn refused(answer: &(u16, Value)) -> bool {
    let said = answer.1["Msg"].as_str().is_some_and(|text| !text.is_empty());
    answer.0 == 200 && answer.1["Allow"] == Value::Bool(false) && said
}

#[test]
fn it_speaks_the_plugin_protocol() {
    let place = tempfile::tempdir().expect("a directory");
    let plugin = Plugin::start(place.path());
    let (status, activated) = plugin.call("/Plugin.Activate", b"");
    assert_eq!((status, &activated["Implements"][0]), (200, &"authz".into()));
    assert!(allowed(&plugin.call(REQUEST, &create_message(HARMLESS))));
    let answer = plugin.call(REQUEST, &create_message(HOSTILE));
    assert!(refused(&answer), "{answer:?}");
    assert!(answer.1["Msg"].as_str().is_some_and(|text| text.contains("rule privileged")));
    assert!(allowed(&plugin.call("/AuthZPlugin.AuthZRes", &create_message(HOSTILE))));
    assert_eq!(plugin.call("/AuthZPlugin.Other", b"{}").0, 404);
    let mode = fs::metadata(&plugin.socket).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn of_a_thousand_requests_at_32_at_once_none_is_lost_and_none_wrong() {
    let place = tempfile::tempdir().expect("a directory");
    let plugin = Plugin::start(place.path());
    let right: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..32)
            .map(|client| {
                let plugin = &plugin;
                scope.spawn(move || {
                    // Half keep their connection, as the daemon does, half take a new one each time.
                    let kept = plugin.connect();
                    let mut reader = BufReader::new(&kept);
                    let share = (client..1000).step_by(32);
                    share
                        .filter(|number| {
                            let hostile = number % 3 == 0;
                            let message = create_message(if hostile { HOSTILE } else { HARMLESS });
                            let answer = if client % 2 == 0 {
                                send(&kept, REQUEST, &message);
                                answer(&mut reader).expect("an answer")
                            } else {
                                plugin.call(REQUEST, &message)
                            };
                            if hostile { refused(&answer) } else { allowed(&answer) }
                        })
                        .count()
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("a client")).sum()
    });
    assert_eq!(right, 1000);
}

#[test]
fn requests_that_break_off_are_never_let_through_and_harm_no_other() {
    let place = tempfile::tempdir().expect("a directory");
    let plugin = Plugin::start(place.path());
    let message = create_message(HARMLESS);
    let head =
        format!("POST {REQUEST} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", message.len());
    let whole = [head.as_bytes(), &message].concat();
    for length in (0..whole.len()).step_by(7) {
        let mut stream = plugin.connect();
        stream.write_all(&whole[..length]).expect("a part");
        stream.shutdown(std::net::Shutdown::Write).expect("an end");
        let answer = answer(&mut BufReader::new(&stream));
        assert!(!answer.as_ref().is_some_and(allowed), "{length}: {answer:?}");
    }
    assert!(allowed(&plugin.call(REQUEST, &message)));
}

#[test]
fn bodies_that_are_huge_chunked_or_empty() {
    let place = tempfile::tempdir().expect("a directory");
    let plugin = Plugin::start(place.path());
    // The largest body that a daemon hands over, and one beyond.
    let mut body = HARMLESS.to_vec();
    body.resize((1 << 20) - 1, b' ');
    assert!(allowed(&plugin.call(REQUEST, &create_message(&body))));
    body.push(b' ');
    assert!(refused(&plugin.call(REQUEST, &create_message(&body))));
    // None, or not the whole of it.
    assert!(refused(&plugin.call(REQUEST, b"")));
    assert!(refused(&plugin.call(REQUEST, &create_message(b""))));
    let message = create_message(HARMLESS);
    assert!(refused(&plugin.call(REQUEST, &message[..message.len() - 1])));
    // In chunks: the same message, or one whose last chunk does not come.
    let chunked = |ends: bool| {
        let mut stream = plugin.connect();
        let head =
            format!("POST {REQUEST} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("a head");
        for piece in message.chunks(10) {
            let piece = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
            stream.write_all(&piece).expect("a chunk");
        }
        if ends {
            stream.write_all(b"0\r\n\r\n").expect("the last chunk");
        } else {
            stream.shutdown(std::net::Shutdown::Write).expect("an end");
        }
        answer(&mut BufReader::new(&stream))
    };
    assert!(allowed(&chunked(true).expect("an answer")));
    assert!(!chunked(false).as_ref().is_some_and(allowed));
    // Without end: it stops reading, says no, and serves on.
    let mut stream = plugin.connect();
    let head = format!("POST {REQUEST} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("a head");
    let piece = vec![b' '; 1 << 16];
    while stream.write_all(&piece).is_ok() {
        stream.set_write_timeout(Some(Duration::from_secs(1))).expect("a time limit");
    }
    let answer = answer(&mut BufReader::new(&stream));
    assert!(!answer.as_ref().is_some_and(allowed), "{answer:?}");
    assert!(allowed(&plugin.call(REQUEST, &message)));
}

#[test]
fn killed_in_the_middle_it_answers_nothing() {
    let place = tempfile::tempdir().expect("a directory");
    let mut plugin = Plugin::start(place.path());
    let message = create_message(HARMLESS);
    let mut stream = plugin.connect();
    let head =
        format!("POST {REQUEST} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", message.len());
    stream.write_all(head.as_bytes()).expect("a head");
    stream.write_all(&message[..20]).expect("a part");
    plugin.child.kill().expect("a signal");
    plugin.child.wait().expect("an end");
    let _ = stream.write_all(&message[20..]);
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.is_empty());
    // Its socket is left, and the next one takes its place.
    assert!(plugin.socket.exists());
    let next = Plugin::start(place.path());
    assert!(allowed(&next.call(REQUEST, &message)));
}

#[test]
fn on_sigterm_it_ends_well_and_takes_its_socket_away() {
    let place = tempfile::tempdir().expect("a directory");
    let mut plugin = Plugin::start(place.path());
    let pid = rustix::process::Pid::from_child(&plugin.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
    let status = plugin.child.wait().expect("an end");
    assert!(status.success(), "{status}");
    assert!(!plugin.socket.exists());
}

/// A program that is to end by itself.
fn ended(command: &mut Command) -> Output {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the program starts");
    let end = Instant::now() + Duration::from_secs(20);
    while child.try_wait().expect("a state").is_none() {
        if Instant::now() > end {
            let _ = child.kill();
            panic!("it goes on, but should have ended");
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().expect("its output")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn it_takes_nobodys_place_and_no_half_a_policy() {
    let place = tempfile::tempdir().expect("a directory");
    let plugin = Plugin::start(place.path());
    let second = ended(&mut program(&plugin.socket));
    assert_eq!(second.status.code(), Some(1));
    assert!(said(&second).contains("another plugin serves there"), "{}", said(&second));
    let file = place.path().join("file");
    fs::write(&file, "precious").expect("a file");
    assert_eq!(ended(&mut program(&file)).status.code(), Some(1));
    assert_eq!(fs::read_to_string(&file).expect("the file"), "precious");
    let socket = place.path().join("y.sock");
    let with = |policy: &Path| ended(program(&socket).arg("--policy").arg(policy));
    assert_eq!(with(&place.path().join("missing")).status.code(), Some(1));
    assert_eq!(with(&file).status.code(), Some(1));
    assert!(!socket.exists());
    let usage = ended(program(&socket).arg("--polcy"));
    assert_eq!(usage.status.code(), Some(2));
    let printed = ended(program(&socket).arg("--print-policy"));
    assert_eq!(printed.stdout, authz::DEFAULT_POLICY.as_bytes());
}

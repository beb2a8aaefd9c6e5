//! The plugin protocol: HTTP on a unix socket
//! (<https://docs.docker.com/engine/extend/plugins_authorization/>).
//!
//! A thread for each connection: a decision looks at the host's file system, which can hang, and
//! must then hang only itself. The daemon waits, and refuses when no answer comes.

use std::convert::Infallible;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use authz::{Call, Policy, Refusal};
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use miette::Result;
use rustix::fs::Mode;
use rustix::process::umask;
use serde_json::json;
use smol::future::or;
use smol::{Async, Timer, block_on};
use smol_hyper::rt::FuturesIo;

use crate::failure;

/// The largest message that is read: a body below 1 MiB in base64, and headers (Go's server takes
/// 1 MiB), of which JSON may make six bytes each.
const LARGEST: usize = 8 << 20;

/// How long the rest of a message may take that has begun.
const PATIENCE: Duration = Duration::from_secs(30);

/// A socket that is served, and removed in the end.
pub(crate) struct Socket(PathBuf);

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Serves on `path` from now on.
pub(crate) fn start(path: &Path, policy: Policy) -> Result<Socket> {
    let what = || format!("{} cannot be served", path.display());
    let failed = |e: io::Error| failure(what(), &e, "run it as root, or name another --socket");
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    clear(path).map_err(failed)?;
    // Only the daemon's user may ask, from the first moment on.
    let before = umask(Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(path);
    umask(before);
    let listener = listener.map_err(failed)?;
    let socket = Socket(path.to_owned());
    thread::spawn(move || accept(&listener, &Arc::new(policy)));
    Ok(socket)
}

/// Takes away what a killed plugin left, and nothing else.
fn clear(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::other("there is a file that is not a socket"));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(io::Error::other("another plugin serves there")),
        Err(e) if e.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(e) => Err(e),
    }
}

fn accept(listener: &UnixListener, policy: &Arc<Policy>) {
    for stream in listener.incoming() {
        let policy = Arc::clone(policy);
        let served = stream.and_then(|stream| {
            thread::Builder::new().spawn(move || {
                if let Err(e) = connection(stream, &policy) {
                    complain!("a connection broke off: {e}");
                }
            })
        });
        if let Err(e) = served {
            // No descriptor or no thread left: both come back when connections end.
            complain!("a connection cannot be served: {e}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn connection(stream: UnixStream, policy: &Policy) -> std::result::Result<(), String> {
    let stream = Async::new(stream).map_err(|e| e.to_string())?;
    let service = service_fn(|request| async {
        Ok::<_, Infallible>(response(answer(policy, request).await))
    });
    let served = http1::Builder::new().serve_connection(FuturesIo::new(stream), service);
    block_on(served).map_err(|e| e.to_string())
}

/// Status and JSON of an answer.
async fn answer(policy: &Policy, request: Request<Incoming>) -> (StatusCode, serde_json::Value) {
    if request.method() != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, json!({ "Err": "POST" }));
    }
    match request.uri().path() {
        "/Plugin.Activate" => (StatusCode::OK, json!({ "Implements": ["authz"] })),
        "/AuthZPlugin.AuthZReq" => match message(request).await {
            Ok(message) => (StatusCode::OK, judged(policy, &message)),
            // The daemon refuses on any status but 200 as well; this one it can show.
            Err(why) => (StatusCode::OK, refused(&format!("not decided: {why}"))),
        },
        // What was done is done: refusing its answer undoes nothing. The message is read, so that
        // the connection stays in step, as far as it goes.
        "/AuthZPlugin.AuthZRes" => {
            let _ = message(request).await;
            (StatusCode::OK, json!({ "Allow": true, "Msg": "", "Err": "" }))
        }
        _ => (StatusCode::NOT_FOUND, json!({ "Err": "no such call" })),
    }
}

fn response((status, body): (StatusCode, serde_json::Value)) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
}

/// The whole body, or why there is none: too large, too slow, broken off.
async fn message(request: Request<Incoming>) -> std::result::Result<Bytes, String> {
    let whole = async {
        let collected = Limited::new(request.into_body(), LARGEST).collect().await;
        collected.map(Collected::to_bytes).map_err(|e| e.to_string())
    };
    let late = async {
        Timer::after(PATIENCE).await;
        Err("the message did not come in time".to_owned())
    };
    or(whole, late).await
}

fn judged(policy: &Policy, message: &[u8]) -> serde_json::Value {
    let call = Call::read(message);
    let verdict = call.as_ref().map_err(Refusal::clone);
    match verdict.and_then(|call| authz::decide(policy, call)) {
        Ok(()) => json!({ "Allow": true, "Msg": "", "Err": "" }),
        Err(refusal) => {
            let call = call.unwrap_or_default();
            let uri: String = call.uri.chars().take(200).collect();
            let Call { user, method, .. } = call;
            let rule = refusal.rule.name();
            complain!("{rule}: {user:?} {method:?} {uri:?}: {}", refusal.what);
            refused(&refusal.to_string())
        }
    }
}

fn refused(why: &str) -> serde_json::Value {
    json!({ "Allow": false, "Msg": why, "Err": "" })
}

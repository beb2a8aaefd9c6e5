//! The protocol (OCI distribution specification), as far as pulling goes.
//!
//! A thread for each connection: files are read as they are sent.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http_body_util::{Either, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use hyper::http::response::Builder;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use smol::stream::{self, Iter};
use smol::{Async, block_on};
use smol_hyper::rt::FuturesIo;

use crate::store::{Manifest, Store};

/// How much of a file is read at a time.
const CHUNK: usize = 256 << 10;

type Body = Either<Full<Bytes>, StreamBody<Iter<Chunks>>>;

/// Serves on all of these addresses, for ever. Who finds the last one open finds all of them so.
pub(crate) fn serve(store: Store, addresses: &[String]) -> Result<Infallible, String> {
    let store = Arc::new(store);
    let mut threads = Vec::new();
    for address in addresses {
        let listener = TcpListener::bind(address).map_err(|why| format!("{address}: {why}"))?;
        complain!("serving on {address}");
        let store = Arc::clone(&store);
        threads.push(thread::spawn(move || accept(&listener, &store)));
    }
    for thread in threads {
        let _ = thread.join();
    }
    Err("it has stopped serving".to_owned())
}

fn accept(listener: &TcpListener, store: &Arc<Store>) {
    for stream in listener.incoming() {
        let store = Arc::clone(store);
        let served = stream.and_then(|stream| {
            // Who goes away in the middle is no news: engines do.
            thread::Builder::new().spawn(move || connection(stream, &store).unwrap_or_default())
        });
        if let Err(why) = served {
            // No descriptor or no thread left: both come back when connections end.
            complain!("a connection cannot be served: {why}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn connection(stream: TcpStream, store: &Store) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // As a file it is written to by `write`, which the kernel counts for the process, and not by `send`.
    let stream = Async::new(File::from(OwnedFd::from(stream)))?;
    let service = service_fn(|request| async move { Ok::<_, Infallible>(answer(store, &request)) });
    let served = http1::Builder::new().serve_connection(FuturesIo::new(stream), service);
    block_on(served).map_err(io::Error::other)
}

fn answer(store: &Store, request: &Request<Incoming>) -> Response<Body> {
    let path = request.uri().path();
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let Some(path) = path.strip_prefix("/v2/").filter(|_| reads) else {
        let is_a_change = path.starts_with("/v2/") && request.method() != Method::CONNECT;
        return if is_a_change {
            error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "this registry is read-only")
        } else {
            refused(store)
        };
    };
    let registry = registry(request);
    if path.is_empty() {
        return told(Response::builder(), "application/json", b"{}".to_vec());
    }
    let (rest, last) = path.rsplit_once('/').unwrap_or_default();
    match rest.rsplit_once('/') {
        Some((name, "manifests")) => {
            store.manifest(registry, name, last).map_or_else(|| refused(store), manifest)
        }
        Some((_, "blobs")) => match store.blob(last) {
            Some((file, size)) => blob(file, size, last),
            None => error(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "there is no such blob"),
        },
        Some((name, "tags")) if last == "list" => {
            let tags = json!({ "name": name, "tags": store.tags(registry, name) });
            told(Response::builder(), "application/json", tags.to_string().into_bytes())
        }
        _ => refused(store),
    }
}

/// The registry that a question is meant for, if it is another one that has its name in the lab.
fn registry(request: &Request<Incoming>) -> Option<&str> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().host().or(host)?;
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    (name.parse::<IpAddr>().is_err() && name.contains('.')).then_some(name)
}

fn manifest(Manifest { digest, kind, text }: Manifest) -> Response<Body> {
    told(Response::builder().header("Docker-Content-Digest", digest), &kind, text)
}

fn blob(file: File, size: u64, digest: &str) -> Response<Body> {
    let response = Response::builder()
        .header("Docker-Content-Digest", digest)
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CONTENT_LENGTH, size);
    sent(response, Either::Right(StreamBody::new(stream::iter(Chunks(file)))))
}

/// What there is instead. Not "not found": `BuildKit` says nothing but that of it. It also goes into the
/// status line, which is all that `BuildKit`, and whoever wanted a proxy to another registry, shows of it.
fn refused(store: &Store) -> Response<Body> {
    let refusal = store.refusal();
    let mut response = error(StatusCode::FORBIDDEN, "MANIFEST_UNKNOWN", &refusal);
    if let Ok(phrase) = ReasonPhrase::try_from(refusal.into_bytes()) {
        response.extensions_mut().insert(phrase);
    }
    response
}

fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let errors = json!({ "errors": [{ "code": code, "message": message }] });
    let response = Response::builder().status(status);
    told(response, "application/json", errors.to_string().into_bytes())
}

fn told(response: Builder, kind: &str, text: Vec<u8>) -> Response<Body> {
    sent(response.header(CONTENT_TYPE, kind), Either::Left(Full::new(text.into())))
}

fn sent(response: Builder, body: Body) -> Response<Body> {
    let response = response.header("Docker-Distribution-Api-Version", "registry/2.0").body(body);
    // A manifest's kind that is no header.
    response.unwrap_or_else(|why| {
        let mut response = Response::new(Either::Left(Full::new(why.to_string().into())));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

/// A file as it is read.
struct Chunks(File);

impl Iterator for Chunks {
    type Item = io::Result<Frame<Bytes>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut chunk = Vec::with_capacity(CHUNK);
        match self.0.by_ref().take(CHUNK as u64).read_to_end(&mut chunk) {
            Ok(0) => None,
            Ok(_) => Some(Ok(Frame::data(chunk.into()))),
            Err(why) => Some(Err(why)),
        }
    }
}

//! Images as others publish them, which no stand-in is, and a registry that serves them or breaks.
//!
//! What breaks does so below HTTP: a server that is made well does not stop in the middle of an answer.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use lab_test::generation;
use miette::{IntoDiagnostic, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// This machine's architecture, and one that it is not of, as images name them.
pub(crate) const OURS: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
pub(crate) const ANOTHER: &str = "s390x";

pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", base16ct::lower::encode_string(&Sha256::digest(bytes)))
}

/// What a manifest and its parts are written as.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// The OCI's, its layer packed by zstd.
    Oci,
    /// Docker's, its layer as it is.
    Docker,
}

/// An image whose entry point says who it is.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) manifest: Vec<u8>,
    pub(crate) index: Option<Vec<u8>>,
    pub(crate) config: Vec<u8>,
    /// As they are packed, and before.
    pub(crate) layers: Vec<Vec<u8>>,
    tars: Vec<Vec<u8>>,
    form: Form,
}

impl Image {
    /// What is run in it is told of by `SAYS: ` and then done.
    pub(crate) fn new(form: Form, says: &str, architecture: &str) -> Result<Self> {
        let entry = format!("#!/bin/sh\necho \"{says}: $*\"\nexec \"$@\"\n");
        let files = [("entry", entry.into_bytes())];
        let config = json!({ "Entrypoint": ["/entry"], "Env": ["PATH=/bin"] });
        Ok(Self::of(form, architecture, vec![tar(&files)?], &config))
    }

    /// One of these layers and this configuration.
    pub(crate) fn of(form: Form, architecture: &str, tars: Vec<Vec<u8>>, config: &Value) -> Self {
        let history = tars.iter().map(|_| json!({ "created_by": "somebody else" }));
        let diff_ids = tars.iter().map(|tar| digest(tar));
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "config": config,
            "rootfs": { "type": "layers", "diff_ids": diff_ids.collect::<Vec<_>>() },
            "history": history.collect::<Vec<_>>(),
        });
        let config = config.to_string().into_bytes();
        let docker = "application/vnd.docker";
        let (kind, of_config, of_layer) = match form {
            Form::Oci => (
                "application/vnd.oci.image.manifest.v1+json".to_owned(),
                "application/vnd.oci.image.config.v1+json".to_owned(),
                "application/vnd.oci.image.layer.v1.tar+zstd".to_owned(),
            ),
            Form::Docker => (
                format!("{docker}.distribution.manifest.v2+json"),
                format!("{docker}.container.image.v1+json"),
                format!("{docker}.image.rootfs.diff.tar"),
            ),
        };
        let part = |kind: &str, bytes: &[u8]| json!({ "mediaType": kind, "digest": digest(bytes), "size": bytes.len() });
        let layers: Vec<Vec<u8>> = match form {
            Form::Oci => tars.iter().map(|tar| zstd(tar)).collect(),
            Form::Docker => tars.clone(),
        };
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": kind,
            "config": part(&of_config, &config),
            "layers": layers.iter().map(|layer| part(&of_layer, layer)).collect::<Vec<_>>(),
        });
        let manifest = manifest.to_string().into_bytes();
        Self { manifest, index: None, config, layers, tars, form }
    }

    /// The same in an index, with the others, none of which is for this machine.
    pub(crate) fn in_an_index(mut self, platforms: &[&str]) -> Self {
        let entries: Vec<Value> = platforms
            .iter()
            .map(|architecture| {
                let other = format!("{architecture} has another").into_bytes();
                let manifest = if *architecture == OURS { &self.manifest } else { &other };
                json!({
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": digest(manifest),
                    "size": manifest.len(),
                    "platform": { "os": "linux", "architecture": architecture },
                })
            })
            .collect();
        let kind = "application/vnd.oci.image.index.v1+json";
        let index = json!({ "schemaVersion": 2, "mediaType": kind, "manifests": entries });
        self.index = Some(index.to_string().into_bytes());
        self
    }

    /// The same with another text in its manifest.
    pub(crate) fn with(mut self, from: &str, to: &str) -> Self {
        let text = String::from_utf8_lossy(&self.manifest).replace(from, to);
        self.manifest = text.into_bytes();
        self
    }

    /// What its name means.
    pub(crate) fn top(&self) -> &[u8] {
        self.index.as_ref().unwrap_or(&self.manifest)
    }

    /// As `docker save` writes it.
    pub(crate) fn docker_archive(&self, names: &[&str]) -> Result<Vec<u8>> {
        let manifest =
            json!([{ "Config": "config.json", "RepoTags": names, "Layers": ["layer/layer.tar"] }]);
        archive(&[
            ("config.json", self.config.clone()),
            ("layer/layer.tar", self.tars[0].clone()),
            ("manifest.json", manifest.to_string().into_bytes()),
        ])
    }

    /// The files of a layout of the OCI's, by their names in it.
    pub(crate) fn layout(&self, name: &str) -> Vec<(String, Vec<u8>)> {
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let index = json!({ "schemaVersion": 2, "manifests": [{
            "mediaType": kind,
            "digest": digest(&self.manifest),
            "size": self.manifest.len(),
            "annotations": { "org.opencontainers.image.ref.name": name },
        }] });
        let blob = |bytes: &Vec<u8>| {
            let name = digest(bytes).replace(':', "/");
            (format!("blobs/{name}"), bytes.clone())
        };
        let mut files = vec![
            ("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()),
            ("index.json".to_owned(), index.to_string().into_bytes()),
        ];
        files.extend([&self.manifest, &self.config].into_iter().chain(&self.layers).map(blob));
        files
    }

    fn kind(&self, is_index: bool) -> &'static str {
        match (is_index, self.form) {
            (true, _) => "application/vnd.oci.image.index.v1+json",
            (false, Form::Oci) => "application/vnd.oci.image.manifest.v1+json",
            (false, Form::Docker) => "application/vnd.docker.distribution.manifest.v2+json",
        }
    }
}

/// An archive of plain files.
pub(crate) fn archive(files: &[(&str, Vec<u8>)]) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    add(&mut archive, files)?;
    archive.into_inner().into_diagnostic()
}

fn add(archive: &mut tar::Builder<Vec<u8>>, files: &[(&str, Vec<u8>)]) -> Result<()> {
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        archive.append_data(&mut header, path, content.as_slice()).into_diagnostic()?;
    }
    Ok(())
}

/// A layer with a small user land and these files.
pub(crate) fn tar(files: &[(&str, Vec<u8>)]) -> Result<Vec<u8>> {
    let busybox = lab::Bundle::get(generation()?)?.path.join("usr/bin/busybox");
    let mut archive = tar::Builder::new(Vec::new());
    add(&mut archive, &[("bin/busybox", std::fs::read(busybox).into_diagnostic()?)])?;
    add(&mut archive, files)?;
    for applet in ["sh", "sleep", "cat", "true", "echo"] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        let path = format!("bin/{applet}");
        archive.append_link(&mut header, path, "busybox").into_diagnostic()?;
    }
    archive.into_inner().into_diagnostic()
}

/// A frame of blocks that are as they were (RFC 8878): whoever reads it must know zstd.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 128 << 10;
    // Magic number; no size, no checksum; a window of 1 MiB.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 10 << 3];
    let mut blocks = bytes.chunks(BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let is_last = usize::from(blocks.peek().is_none());
        frame.extend(&(block.len() << 3 | is_last).to_le_bytes()[..3]);
        frame.extend(block);
    }
    frame
}

/// The user whom a registry that refuses knows, with his password, as both are sent and kept.
pub(crate) const ME: &str = "bWU6c2VjcmV0";

/// What is wrong with a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    /// Layers are shorter.
    Truncates,
    /// One byte of a layer is another.
    Damages,
    /// It goes away in the middle of a layer.
    Dies,
    /// It stays there and says nothing more.
    Hangs,
    /// It knows nobody but `me`, whose password is `secret`.
    Refuses,
}

/// One on the loopback device, until it is dropped.
pub(crate) struct Registry {
    pub(crate) address: SocketAddr,
    shelf: Arc<Shelf>,
    accepting: Option<JoinHandle<()>>,
}

struct Shelf {
    images: Mutex<BTreeMap<String, Image>>,
    fault: Fault,
    /// What was asked for.
    asked: Mutex<Vec<String>>,
    ended: AtomicBool,
}

impl Registry {
    pub(crate) fn start(fault: Fault) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").into_diagnostic()?;
        let address = listener.local_addr().into_diagnostic()?;
        let shelf = Arc::new(Shelf {
            images: Mutex::default(),
            fault,
            asked: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let shared = Arc::clone(&shelf);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.ended.load(Ordering::SeqCst) {
                    break;
                }
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || stream.and_then(|stream| shared.answer(stream)));
            }
        });
        Ok(Self { address, shelf, accepting: Some(accepting) })
    }

    /// Serves an image under a name, as `library/alpine:3.20`.
    pub(crate) fn put(&self, name: &str, image: Image) {
        if let Ok(mut images) = self.shelf.images.lock() {
            images.insert(name.to_owned(), image);
        }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.shelf.asked.lock().map(|asked| asked.clone()).unwrap_or_default()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.shelf.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Shelf {
    fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        let mut is_me = false;
        while let Some(line) = lines.next().transpose()?.filter(|line| !line.is_empty()) {
            is_me |= line == format!("Authorization: Basic {ME}");
        }
        if let Ok(mut asked) = self.asked.lock() {
            asked.push(request.clone());
        }
        let mut words = request.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let path = path.trim_start_matches("/v2/");
        let mut told = |status: &str, kind: &str, body: &[u8], sent: usize| -> io::Result<()> {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
                 WWW-Authenticate: Basic realm=\"none\"\r\nConnection: close\r\n\r\n"
            )?;
            let sent = if method == "HEAD" { 0 } else { sent };
            stream.write_all(&body[..sent])?;
            stream.flush()
        };
        let json = "application/json";
        if self.fault == Fault::Refuses && !is_me {
            let body = br#"{"errors":[{"code":"UNAUTHORIZED","message":"who is it"}]}"#;
            return told("401 Unauthorized", json, body, body.len());
        }
        if path.is_empty() {
            return told("200 OK", json, b"{}", 2);
        }
        let found = self.find(path);
        let Some((kind, mut body, is_layer)) = found else {
            let body = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
            return told("404 Not Found", json, body, body.len());
        };
        let half = body.len() / 2;
        let mut sent = body.len();
        match self.fault {
            _ if !is_layer => {}
            Fault::Truncates => {
                body.truncate(half);
                sent = half;
            }
            Fault::Damages => body[half] ^= 1,
            Fault::Dies | Fault::Hangs => sent = half,
            Fault::Nothing | Fault::Refuses => {}
        }
        told("200 OK", kind, &body, sent)?;
        while is_layer && self.fault == Fault::Hangs && !self.ended.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Kind and bytes of what is at a path, and whether it is a layer.
    fn find(&self, path: &str) -> Option<(&'static str, Vec<u8>, bool)> {
        let images = self.images.lock().ok()?;
        if let Some((name, reference)) = path.split_once("/manifests/") {
            let of_name = images.iter().filter(|(key, _)| {
                key.rsplit_once(':').is_some_and(|(repository, _)| repository == name)
            });
            let mut texts = of_name.filter_map(|(key, image)| {
                let own = (&image.manifest, image.kind(false));
                let top = image.index.iter().map(|index| (index, image.kind(true)));
                let is_tag = key.ends_with(&format!(":{reference}"));
                let all: Vec<_> = top.chain([own]).collect();
                // A tag means the first, a digest any.
                let found = all
                    .into_iter()
                    .enumerate()
                    .find(|(n, (text, _))| (is_tag && *n == 0) || digest(text) == reference);
                found.map(|(_, found)| found)
            });
            return texts.next().map(|(text, kind)| (kind, text.clone(), false));
        }
        let (_, wanted) = path.split_once("/blobs/")?;
        let mut blobs = images.values().flat_map(|image| {
            let layers = image.layers.iter().map(|layer| (layer, true));
            layers.chain([(&image.config, false)])
        });
        let (bytes, is_layer) = blobs.find(|(bytes, _)| digest(bytes) == wanted)?;
        Some(("application/octet-stream", bytes.clone(), is_layer))
    }
}

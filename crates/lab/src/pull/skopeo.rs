//! skopeo, out of the bundle, run on the machine: with its network, its credentials and what its
//! administrator has said of registries (`/etc/containers`, `~/.config/containers`, `~/.docker`).

use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use duct::{Expression, cmd};
use miette::{Report, Result};
use program::patient;

use crate::bundle::Bundle;
use crate::disk::loader;
use crate::error::{Explain, failure, unsupported, usage};
use crate::labs::size;

/// How long a question may take that a registry answers at once.
const ASK_DEADLINE: Duration = Duration::from_secs(60);

/// How long nothing may come of what is copied: an engine first packs what it hands out.
const STALL_DEADLINE: Duration = Duration::from_secs(120);

/// How often it is looked at meanwhile.
const PACE: Duration = Duration::from_millis(50);

/// How many times as often what has come is not counted.
const COUNTS: u32 = 20;

/// Where people have a policy on signatures (containers-policy.json(5)); where none is, all is accepted.
const POLICIES: [&str; 2] = ["/etc/containers/policy.json", ".config/containers/policy.json"];
const POLICY: &str = include_str!("../engine/policy.json");

pub(super) struct Skopeo<'a> {
    bundle: &'a Path,
    /// Where it may write.
    folder: &'a Path,
    cancelled: fn() -> bool,
}

/// Why it could not, in its own words.
pub(super) struct Refusal(String);

impl<'a> Skopeo<'a> {
    pub(super) fn new(bundle: &'a Bundle, folder: &'a Path, cancelled: fn() -> bool) -> Self {
        Self { bundle: &bundle.path, folder, cancelled }
    }

    /// The manifest or index that an image has, byte for byte.
    pub(super) fn manifest(&self, image: &str, is_local: bool) -> Result<Result<Vec<u8>, Refusal>> {
        let mut args = vec!["inspect".to_owned(), "--raw".to_owned()];
        args.extend(is_local.then(|| "--tls-verify=false".to_owned()));
        args.extend(daemon(image).map(|host| format!("--daemon-host={host}")));
        args.push(image.to_owned());
        self.run(&self.command(args, false)?.stdout_capture(), ASK_DEADLINE)
    }

    /// Copies an image of this machine's platform into a new folder, as `dir:` has it.
    pub(super) fn copy(
        &self,
        image: &str,
        folder: &Path,
        is_local: bool,
        keeps_digests: bool,
    ) -> Result<Result<(), Refusal>> {
        let mut args = vec!["copy".to_owned()];
        args.extend(keeps_digests.then(|| "--preserve-digests".to_owned()));
        args.extend(is_local.then(|| "--src-tls-verify=false".to_owned()));
        args.extend(daemon(image).map(|host| format!("--src-daemon-host={host}")));
        args.push("--remove-signatures".to_owned());
        args.push(image.to_owned());
        args.push(format!("dir:{}", folder.display()));
        let is_of_podman = image.starts_with(PODMAN);
        if is_of_podman {
            has_store(image)?;
        }
        let command = self.command(args, is_of_podman)?;
        // Its bars, where somebody sees them.
        let stderr = io::stderr();
        let command = if stderr.is_terminal() {
            let stderr = stderr.as_fd().try_clone_to_owned();
            command.stdout_file(stderr.explain("progress can't be shown", "start it again")?)
        } else {
            command.stdout_null()
        };
        Ok(self.run(&command, STALL_DEADLINE)?.map(drop))
    }

    fn command(&self, args: Vec<String>, is_of_podman: bool) -> Result<Expression> {
        let what = "skopeo can't be started";
        let remedy = "run `cargo xtask doctor`, which looks at the engines in the cache";
        let (loader, libraries) = loader(self.bundle).explain(what, remedy)?;
        let skopeo = self.bundle.join("usr/bin/skopeo");
        if !skopeo.exists() {
            let why = "these engines have none";
            return Err(failure(what, why, "take the usual ones: leave --generation out"));
        }
        let home = etcetera::home_dir().unwrap_or_default();
        let has_policy = POLICIES.iter().any(|policy| home.join(policy).exists());
        // Whoever opens Podman's store mounts something there, which goes with a namespace of its own.
        let mut line: Vec<OsString> = if is_of_podman {
            ["unshare", "--mount", "sh", "-c", HIDES_CACHES, "sh"].map(OsString::from).into()
        } else {
            Vec::new()
        };
        // Dies with the thread that starts it, and so with this process.
        line.extend(["setpriv", "--pdeathsig", "KILL"].map(OsString::from));
        line.push(loader.into_os_string());
        line.extend(["--library-path".into(), libraries.into_os_string()]);
        line.extend(["--argv0".into(), "skopeo".into(), skopeo.into_os_string()]);
        line.extend(["--tmpdir".into(), self.folder.as_os_str().to_owned()]);
        if !has_policy {
            let policy = self.folder.join("policy.json");
            fs::write(&policy, POLICY).explain(what, ROOM)?;
            line.extend(["--policy".into(), policy.into_os_string()]);
        }
        line.extend(args.into_iter().map(Into::into));
        // The machine's modules for names are made for its own C library.
        let program = line.remove(0);
        let command = cmd(program, line).stdin_null().env("GODEBUG", "netdns=go");
        self.without_a_trace(command, is_of_podman).explain(what, ROOM)
    }

    /// What it would write to the machine besides, it writes to the folder: a cache of digests, which
    /// root's is in `/var/lib/containers`. It takes another user's place for that, and so has to be told
    /// where root's logins are.
    fn without_a_trace(&self, command: Expression, is_of_podman: bool) -> io::Result<Expression> {
        const USER: &str = "_CONTAINERS_ROOTLESS_UID";
        let (data, runtime) = (self.folder.join("data"), self.folder.join("runtime"));
        // Root of a namespace is that user outside, whose store this is.
        let user = std::env::var(sandbox::ROOTLESS).ok();
        let command = match &user {
            Some(user) => command.env(USER, user).env("_CONTAINERS_USERNS_CONFIGURED", "done"),
            None if is_of_podman => return Ok(command),
            None => command.env(USER, "1"),
        };
        let command = if is_of_podman { command } else { command.env("XDG_DATA_HOME", data) };
        if std::env::var_os("XDG_RUNTIME_DIR").is_some() || user.is_some() {
            return Ok(command);
        }
        let link = runtime.join("containers");
        if !link.is_symlink() {
            fs::create_dir(&runtime)?;
            symlink("/run/containers/0", link)?;
        }
        Ok(command.env("XDG_RUNTIME_DIR", runtime))
    }

    fn run(&self, command: &Expression, stall: Duration) -> Result<Result<Vec<u8>, Refusal>> {
        let what = "skopeo can't be run";
        let remedy = "install util-linux, which has setpriv";
        let started = command.stderr_capture().unchecked().start().explain(what, remedy)?;
        let (mut last, mut end, mut turn) = (0, Instant::now() + patient(stall), 0);
        loop {
            if started.wait_timeout(PACE).explain(what, remedy)?.is_some() {
                break;
            }
            turn += 1;
            if turn % COUNTS == 0 {
                let now = size(self.folder);
                if now != last {
                    (last, end) = (now, Instant::now() + patient(stall));
                }
            }
            let is_late = Instant::now() > end;
            if is_late || (self.cancelled)() {
                let _ = started.kill();
                let _ = started.wait();
                if is_late {
                    let why = format!("nothing has come for {} s", patient(stall).as_secs());
                    return Ok(Err(Refusal(why)));
                }
                return Err(failure(
                    "interrupted",
                    "a signal arrived",
                    "start it again; what was copied so far is gone",
                ));
            }
        }
        let output = started.into_output().explain(what, remedy)?;
        if output.status.success() {
            return Ok(Ok(output.stdout));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let words = last_words(&said);
        let words = if words.is_empty() { output.status.to_string() } else { words };
        Ok(Err(Refusal(words)))
    }
}

/// What stands before the name of an image in Podman's store.
const PODMAN: &str = "containers-storage:";

/// Podman's caches of digests are beside its stores: what would be written there is not to stay.
const HIDES_CACHES: &str = r#"for at in /var/lib "${XDG_DATA_HOME:-$HOME/.local/share}"; do
    [ ! -d "$at/containers/cache" ] || mount -t tmpfs none "$at/containers/cache" || exit
done
exec "$@""#;

/// Where that store is, or what says that it is elsewhere: of root, and of users in their homes.
const STORES: [&str; 4] = [
    "/var/lib/containers/storage",
    "/etc/containers/storage.conf",
    ".local/share/containers/storage",
    ".config/containers/storage.conf",
];

/// An error where there is none: it would be made.
fn has_store(image: &str) -> Result<()> {
    let home = etcetera::home_dir().unwrap_or_default();
    if image.starts_with(&format!("{PODMAN}[")) || STORES.iter().any(|at| home.join(at).exists()) {
        return Ok(());
    }
    let why = format!("there is neither {} nor one in {}", STORES[0], home.display());
    Err(unsupported("this machine's Podman has no images", why, "see `podman images`"))
}

/// The daemon that Docker's client would ask, if the environment says another than the usual one.
fn daemon(image: &str) -> Option<String> {
    let host = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty())?;
    image.starts_with("docker-daemon:").then_some(host)
}

/// What it gave up with (`time=… level=fatal msg="…"`), as text.
fn last_words(said: &str) -> String {
    let line = said.lines().rfind(|line| line.contains("level=fatal"));
    let message = line.and_then(|line| line.split_once(" msg="));
    let Some((_, message)) = message else {
        return said.trim().to_owned();
    };
    // Written as Go quotes, of which JSON has the marks that occur.
    serde_json::from_str(message).unwrap_or_else(|_| message.trim_matches('"').to_owned())
}

pub(super) const ROOM: &str =
    "free some disk space, or set XDG_CACHE_HOME to a directory that has some";

/// How such an error is made: by what is to blame.
type Made = fn(String, String, String) -> Report;

/// What its words contain, what that means for the image, what to do.
const REFUSALS: &[(&[&str], Made, &str, &str)] = &[
    (&["no space left on device"], failure, "found no room", ROOM),
    (
        &["no image found in"],
        failure,
        "is not there for this machine's platform",
        "take another one: `skopeo inspect --raw` shows which platforms an image is for",
    ),
    (
        &["toomanyrequests"],
        failure,
        "was refused by its registry for now",
        "wait, or log in on this machine: docker login REGISTRY",
    ),
    (
        &["unauthorized", "authentication required", "denied", "invalid username/password"],
        failure,
        "is refused by its registry, or is not there",
        "check the name; if it takes an account, log in on this machine first: docker login REGISTRY, \
         or podman login REGISTRY",
    ),
    (
        &["manifest unknown", "name unknown", "NAME_UNKNOWN", "404", "reading manifest"],
        failure,
        "is not in its registry",
        "check the name and the tag",
    ),
    (
        &["Digest did not match", "did not match expected", "does not match", "doesn't match"],
        failure,
        "is not what its digests say",
        "what came is damaged or another thing: try again, or copy it from elsewhere",
    ),
    (
        &[
            "nothing has come for",
            "unexpected EOF",
            "connection reset",
            "EOF",
            "happened during read",
        ],
        failure,
        "has come in part only",
        "start it again; see if the source and the network work",
    ),
    (
        &["x509:", "gave HTTP response to HTTPS", "tls:"],
        failure,
        "can't be fetched safely",
        "put the registry's certificate into /etc/containers/certs.d/REGISTRY/ca.crt, or write \
         `insecure = true` for it into /etc/containers/registries.conf",
    ),
    (
        &["Cannot connect to the Docker daemon", "docker.sock"],
        unsupported,
        "can't be had from this machine's Docker",
        "start it, or say where it is (DOCKER_HOST), and see that you may use it: docker version",
    ),
    (
        &["pinging container registry", "dial tcp", "no such host", "i/o timeout", "lookup "],
        failure,
        "can't be fetched: its registry is out of reach",
        "check the network and HTTPS_PROXY; without a network, copy an archive: docker-archive:FILE",
    ),
    (
        &["No such image", "does not resolve to an image ID", "reference does not", "not known"],
        failure,
        "is not in this machine's engine",
        "see `docker images` or `podman images`",
    ),
    (
        &["no such file or directory", "file not found", "no descriptor found", "not found"],
        usage,
        "is not there",
        "name a file or folder that is there, and an image that is in it",
    ),
];

impl Refusal {
    /// What that means for an image.
    pub(super) fn explain(&self, image: &str) -> Report {
        let Self(words) = self;
        let is_it = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
        let known = REFUSALS.iter().find(|(signs, ..)| is_it(signs));
        let (made, means, remedy): (Made, _, _) = known.map_or(
            (failure as Made, "can't be copied", "see that its source is what it is said to be"),
            |(_, made, means, remedy)| (*made, *means, *remedy),
        );
        made(format!("{image} {means}"), words.clone(), remedy.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_told_without_their_marks() {
        let said = "time=\"2026\" level=warning msg=\"x\"\n\
                    time=\"2026\" level=fatal msg=\"parsing \\\"x\\\": dial tcp\"\n";
        assert_eq!(last_words(said), "parsing \"x\": dial tcp");
        assert_eq!(last_words("panic: x\n"), "panic: x");
    }
}

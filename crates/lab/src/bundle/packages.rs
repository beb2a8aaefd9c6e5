//! Which packages, from where: the lock, the machine's own apt, the mirror.
//!
//! The machine's apt is only asked: it works on a private root, so its lists, status and archives
//! are neither read nor written. Its configuration counts (mirror, proxy, keys).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use miette::{Report, Result};
use serde::{Deserialize, Serialize};

use super::recipe;
use crate::cache;
use crate::error::{Explain, failure, unsupported};
use crate::generation::Generation;

/// Names the mirror when apt's configuration has none that carries Debian.
pub(crate) const MIRROR_VARIABLE: &str = "MATRYOSHKA_MIRROR";

/// The architecture that the lock was made on.
pub(crate) const LOCKED_ARCHITECTURE: &str = "x86_64";

/// Debian's names for its releases, by which a mirror of it is told from others.
const RELEASES: &[&str] = &[
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "sid",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
];

/// One package, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Name in the distribution.
    pub name: String,
    /// Version in the distribution.
    pub version: String,
    /// Size of the archive in bytes.
    pub size: u64,
    /// SHA-256 of the archive, in hexadecimal.
    pub sha256: String,
    /// Path of the archive below the mirror.
    pub path: String,
}

/// What could not be fetched.
pub(super) enum Missing {
    /// The mirror answers, but no longer has these versions.
    Versions(Vec<String>),
    /// Anything else.
    Other(Report),
}

impl Missing {
    pub(super) fn into_report(self) -> Report {
        match self {
            Self::Other(report) => report,
            Self::Versions(names) => failure(
                "packages can't be fetched",
                format!("the mirror lists but does not have {}", names.join(", ")),
                "try again later: the mirror is being updated",
            ),
        }
    }
}

/// The kernel's name for this architecture, as Rust has it.
pub(super) fn architecture() -> &'static str {
    std::env::consts::ARCH
}

/// Reads a lock, a table with a header.
pub(super) fn parse_lock(text: &str) -> Result<Vec<Package>> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<std::result::Result<_, _>>()
        .explain(
            "the lock can't be read",
            "make it anew: `cargo xtask lab lock`",
        )
}

/// Writes a lock, sorted so that two of them can be compared line by line.
pub(super) fn write_lock(mut packages: Vec<Package>) -> Result<String> {
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    let mut table = csv::Writer::from_writer(Vec::new());
    for package in &packages {
        table
            .serialize(package)
            .explain("the lock can't be written", "report this")?;
    }
    let bytes = table
        .into_inner()
        .explain("the lock can't be written", "report this")?;
    String::from_utf8(bytes).explain("the lock can't be written", "report this")
}

/// Where a fetched archive is kept until it is unpacked.
pub(super) fn cached(cache: &Path, package: &Package) -> PathBuf {
    cache.join("packages").join(&package.sha256)
}

/// apt is there; and where its configuration says that Debian is to be had.
pub(crate) fn machine_apt() -> Result<String> {
    if let Ok(mirror) = std::env::var(MIRROR_VARIABLE) {
        return Ok(mirror.trim_end_matches('/').to_owned());
    }
    let sources = Command::new("apt-get")
        .args([
            "indextargets",
            "--format",
            "$(SITE) $(RELEASE) $(ORIGIN)",
            "Created-By: Packages",
        ])
        .output();
    let sources = sources.map_err(|why| {
        unsupported(
            "there is no apt to fetch the engines with",
            format!("apt-get: {why}"),
            "run on Debian or a derivative, or in a privileged container of one",
        )
    })?;
    let text = String::from_utf8_lossy(&sources.stdout).into_owned();
    let candidates: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .filter(|fields| {
            fields
                .get(1)
                .is_some_and(|release| RELEASES.contains(release))
        })
        .collect();
    // The origin is known once lists were fetched; others publish under Debian's release names too.
    let known = candidates
        .iter()
        .find(|fields| fields.get(2) == Some(&"Debian"));
    let debian = known
        .or(candidates.first())
        .map(|fields| fields[0].to_owned());
    debian.ok_or_else(|| {
        unsupported(
            "apt knows no mirror of Debian",
            "none of its sources carries a Debian release",
            format!(
                "run `apt-get update`; if that changes nothing, add one to apt's sources, or name one \
                 in {MIRROR_VARIABLE}"
            ),
        )
    })
}

/// The newest packages that the mirror has, with all that they depend on.
pub(super) fn resolve(generation: Generation) -> Result<Vec<Package>> {
    let mirror = machine_apt()?;
    let cache = cache::root()?;
    let _lock = lock(&cache)?;
    let root = PrivateRoot::new(&cache, &mirror, generation)?;
    let updated = root.apt(&["update", "-qq"])?;
    // It succeeds, with warnings, when nothing can be reached: what counts is that a list came.
    if !updated.status.success() || !root.has_lists() {
        let complaint = complaints(&updated);
        return Err(failure(
            format!("the mirror's list of {generation} packages can't be fetched"),
            complaint,
            format!("check the network and apt's sources, or name a mirror in {MIRROR_VARIABLE}"),
        ));
    }
    let mut args = vec![
        "install",
        "--print-uris",
        "-qq",
        "-o",
        "Acquire::ForceHash=SHA256",
    ];
    args.extend(recipe::packages(generation));
    let resolved = root.apt(&args)?;
    if !resolved.status.success() {
        return Err(failure(
            format!("the packages can't be resolved in {generation}"),
            complaints(&resolved),
            "report this: the package set no longer fits the distribution",
        ));
    }
    let text = String::from_utf8_lossy(&resolved.stdout).into_owned();
    let packages: Option<Vec<Package>> = text
        .lines()
        .map(|line| parse_uri_line(line, &mirror))
        .collect();
    let needed = packages.map(|mut list| {
        list.retain(|package| !recipe::leaves_out(&package.name));
        list
    });
    needed.filter(|list| !list.is_empty()).ok_or_else(|| {
        failure(
            "apt's answer was not understood",
            text.lines().next().unwrap_or("it was empty"),
            "report this with the version of apt",
        )
    })
}

/// `'URI' name_version_arch.deb SIZE SHA256:HEX`, as `--print-uris` prints it.
fn parse_uri_line(line: &str, mirror: &str) -> Option<Package> {
    let mut fields = line.split_whitespace();
    let uri = fields.next()?.trim_matches('\'');
    let mut file = fields.next()?.split('_');
    let (name, version) = (file.next()?, file.next()?);
    Some(Package {
        name: name.to_owned(),
        version: version.replace("%3a", ":"),
        size: fields.next()?.parse().ok()?,
        sha256: fields.next()?.strip_prefix("SHA256:")?.to_owned(),
        path: uri.strip_prefix(mirror)?.trim_start_matches('/').to_owned(),
    })
}

/// Brings every package into the cache; those that are there already are not fetched again.
pub(super) fn fetch(cache: &Path, packages: &[Package]) -> std::result::Result<(), Missing> {
    // One at a time: a second builder finds everything there, and what a killed one left is swept.
    let _lock = lock(cache).map_err(Missing::Other)?;
    let wanted: Vec<&Package> = packages
        .iter()
        .filter(|package| {
            let there = fs::metadata(cached(cache, package)).map(|meta| meta.len());
            there.ok() != Some(package.size)
        })
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let mirror = machine_apt().map_err(Missing::Other)?;
    let remedy = "free some disk space in the cache directory";
    let partial = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempdir_in(cache.join("packages"))
        .explain("packages can't be written", remedy)
        .map_err(Missing::Other)?;
    let bytes: u64 = wanted.iter().map(|package| package.size).sum();
    program::note!(
        "fetching {} packages, {} MB",
        wanted.len(),
        bytes / 1_000_000
    );

    // apt's own downloader: it knows the machine's proxy and keeps one connection open.
    let mut helper = mortal("/usr/lib/apt/apt-helper");
    helper.args([
        "-o",
        "Acquire::Retries=2",
        "-o",
        "Acquire::http::Timeout=30",
    ]);
    helper.args([
        "-o",
        "Acquire::https::Timeout=30",
        "-o",
        "APT::Sandbox::User=root",
    ]);
    helper.arg("download-file");
    for package in &wanted {
        helper
            .arg(format!("{mirror}/{}", package.path))
            .arg(partial.path().join(&package.sha256))
            .arg(format!("SHA256:{}", package.sha256));
    }
    let output = run(&mut helper).map_err(Missing::Other)?;
    let mut missing = Vec::new();
    for package in &wanted {
        let fetched = partial.path().join(&package.sha256);
        match fs::metadata(&fetched) {
            Ok(meta) if meta.len() == package.size => {
                fs::rename(&fetched, cached(cache, package))
                    .explain("a package can't be put into the cache", remedy)
                    .map_err(Missing::Other)?;
            }
            _ => missing.push(package.name.clone()),
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let complaint = complaints(&output);
    if complaint.contains("404  Not Found") {
        return Err(Missing::Versions(missing));
    }
    let mended = REMEDIES.iter().find(|(sign, ..)| complaint.contains(sign));
    let (what, remedy) = mended.map_or(UNREACHABLE, |(_, what, remedy)| (*what, *remedy));
    let what = format!("{} of {} packages {what}", missing.len(), packages.len());
    Err(Missing::Other(failure(what, complaint, remedy)))
}

/// How names of directories begin that die with the process that made them, or are swept.
const UNFINISHED: &str = ".unfinished-";

/// Keeps what is fetched while this lives: another builder may want the same packages.
pub(super) fn keep(cache: &Path) -> Result<File> {
    let path = cache.join("packages/.users");
    let what = || format!("{} can't be locked", path.display());
    let remedy = "free some disk space in the cache directory";
    let users = File::create(&path).explain(what(), remedy)?;
    users.lock_shared().explain(what(), remedy)?;
    Ok(users)
}

/// Removes what was fetched, which is in a bundle now, unless another builder still wants it: then the
/// last of them does.
pub(super) fn remove(users: &File, cache: &Path) {
    if users.try_lock().is_err() {
        return;
    }
    let packages = fs::read_dir(cache.join("packages"));
    for package in packages.into_iter().flatten().flatten() {
        if !package.file_name().to_string_lossy().starts_with('.') {
            let _ = fs::remove_file(package.path());
        }
    }
}

/// The right to fetch, in a directory without what a killed process left there.
fn lock(cache: &Path) -> Result<cache::Lock> {
    let packages = cache.join("packages");
    let lock = cache::lock(&packages.join(".lock"))?;
    for entry in fs::read_dir(&packages).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(lock)
}

/// What apt's complaint contains, what that means for the packages, what to do.
const REMEDIES: &[(&str, &str, &str)] = &[
    (
        "Hash Sum mismatch",
        "are not what was pinned",
        "check the mirror and any proxy between: what they deliver has another SHA-256",
    ),
    (
        "No space left on device",
        "found no room",
        "free some disk space in the cache directory, or set XDG_CACHE_HOME to another",
    ),
];

/// The same for any other complaint.
const UNREACHABLE: (&str, &str) = (
    "can't be fetched",
    "check the network and apt's sources; what was fetched is kept for the next try",
);

/// Says which pinned versions the mirror no longer has.
pub(super) fn say_newer(names: &[String]) {
    program::note!(
        "warning: the mirror no longer has the pinned version of {}\n\
         warning: going on with the newest packages; the manifest names what is really used",
        names.join(", ")
    );
}

/// Says what differs between the lock and what is used instead.
pub(super) fn say_changes(locked: &[Package], used: &[Package]) {
    for package in used {
        let pinned = locked.iter().find(|other| other.name == package.name);
        if pinned.is_none_or(|pinned| pinned.version != package.version) {
            let before = pinned.map_or("not pinned", |pinned| &pinned.version);
            program::note!("warning: {}: {before} -> {}", package.name, package.version);
        }
    }
}

/// An apt configuration of our own, whose state lives and dies with this value.
struct PrivateRoot(tempfile::TempDir);

impl PrivateRoot {
    fn new(cache: &Path, mirror: &str, suite: Generation) -> Result<Self> {
        let remedy = "free some disk space in the cache directory";
        let dir = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(cache.join("packages"))
            .explain("apt's private root can't be made", remedy)?;
        let path = dir.path();
        for sub in [
            "lists/partial",
            "archives/partial",
            "state",
            "cache",
            "parts",
        ] {
            fs::create_dir_all(path.join(sub)).explain("apt's private root", remedy)?;
        }
        let root = path.display();
        let keyring = Path::new("/usr/share/keyrings/debian-archive-keyring.gpg");
        let signed_by = if keyring.exists() {
            format!("[signed-by={}] ", keyring.display())
        } else {
            String::new()
        };
        let files = [
            ("status", String::new()),
            (
                "sources.list",
                format!("deb {signed_by}{mirror} {suite} main\n"),
            ),
            (
                "apt.conf",
                // Of the machine's own configuration only how to fetch: its hooks must not run here.
                acquire_settings()?
                    + &format!(
                        "Dir::Etc::main \"{root}/main\";\n\
                     Dir::Etc::parts \"{root}/parts\";\n\
                     Dir::State \"{root}/state\";\n\
                     Dir::State::lists \"{root}/lists\";\n\
                     Dir::State::status \"{root}/status\";\n\
                     Dir::Cache \"{root}/cache\";\n\
                     Dir::Cache::archives \"{root}/archives\";\n\
                     Dir::Etc::sourcelist \"{root}/sources.list\";\n\
                     Dir::Etc::sourceparts \"-\";\n\
                     APT::Install-Recommends \"false\";\n\
                     APT::Sandbox::User \"root\";\n"
                    ),
            ),
        ];
        for (name, content) in files {
            fs::write(path.join(name), content).explain("apt's private root", remedy)?;
        }
        Ok(Self(dir))
    }

    fn has_lists(&self) -> bool {
        let lists = fs::read_dir(self.0.path().join("lists"))
            .into_iter()
            .flatten()
            .flatten();
        lists
            .into_iter()
            .any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
    }

    fn apt(&self, args: &[&str]) -> Result<Output> {
        run(mortal("apt-get")
            .env("APT_CONFIG", self.0.path().join("apt.conf"))
            .args(args))
    }
}

/// Proxy, retries and the like, in apt's own syntax.
fn acquire_settings() -> Result<String> {
    let dump = run(Command::new("apt-config").args(["dump", "Acquire"]))?;
    let text = String::from_utf8_lossy(&dump.stdout).into_owned();
    let settings = text
        .lines()
        .filter(|line| line.starts_with("Acquire::") && !line.starts_with("Acquire::IndexTargets"));
    Ok(settings.collect::<Vec<_>>().join("\n") + "\n")
}

/// A command that dies with the thread that started it, and so with this process, however that
/// ends.
pub(super) fn mortal(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", program]);
    command
}

fn run(command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).output().map_err(|why| {
        unsupported(
            "there is no apt to fetch the engines with",
            format!("{program}: {why}"),
            "run on Debian or a derivative, or in a privileged container of one",
        )
    })
}

/// What apt complains of, without its progress: the first error and how many more there are.
fn complaints(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let kind =
        |kind: &str| -> Vec<&str> { text.lines().filter(|line| line.starts_with(kind)).collect() };
    // Warnings only where nothing worse is said: `update` merely warns when nothing is reached.
    let errors = kind("E: ");
    let lines = if errors.is_empty() {
        kind("W: ")
    } else {
        errors
    };
    match lines.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_last_builder_removes_what_was_fetched() {
        let cache = tempfile::tempdir().expect("a folder");
        fs::create_dir(cache.path().join("packages")).expect("made");
        let package = cache.path().join("packages/00ff");
        fs::write(&package, "fetched").expect("written");
        let builders = [keep(cache.path()), keep(cache.path())];
        let [first, waiting] = builders.map(|users| users.expect("kept"));
        remove(&first, cache.path());
        assert!(package.exists());
        drop(first);
        remove(&waiting, cache.path());
        assert!(!package.exists());
    }

    #[test]
    fn a_uri_line_is_a_package() {
        let line = "'http://mirror/debian/pool/main/t/tini/tini_0.19%3a1_amd64.deb' \
                    tini_1%3a0.19-3_amd64.deb 280384 SHA256:00ff";
        let package = parse_uri_line(line, "http://mirror/debian").expect("it is one");
        assert_eq!(package.name, "tini");
        assert_eq!(package.version, "1:0.19-3");
        assert_eq!(package.path, "pool/main/t/tini/tini_0.19%3a1_amd64.deb");
        assert_eq!((package.size, package.sha256.as_str()), (280_384, "00ff"));
        assert_eq!(parse_uri_line(line, "http://other"), None);
    }

    #[rstest]
    #[case(Generation::Bookworm)]
    #[case(Generation::Trixie)]
    #[case(Generation::Forky)]
    fn a_lock_is_a_set_of_engines(#[case] generation: Generation) {
        let locked = parse_lock(generation.release().lock).expect("the lock is readable");
        for name in ["docker.io", "podman", "runc", "crun", "busybox-static"] {
            assert!(locked.iter().any(|package| package.name == name), "{name}");
        }
        assert!(locked.iter().all(|package| package.sha256.len() == 64));
    }
}

//! The machine's own apt. It is only asked: it works on a private root, so its lists, status and
//! archives are neither read nor written. Its configuration counts (mirror, proxy, keys).

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use miette::Result;

use super::packages::UNFINISHED;
use crate::error::{Explain, unsupported};
use crate::generation::Generation;

/// Names the mirror when apt's configuration has none that carries Debian.
pub(crate) const MIRROR_VARIABLE: &str = "MATRYOSHKA_MIRROR";

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

/// apt is there; and where its configuration says that Debian is to be had.
pub(crate) fn machine_apt() -> Result<String> {
    if let Ok(mirror) = std::env::var(MIRROR_VARIABLE) {
        return Ok(mirror.trim_end_matches('/').to_owned());
    }
    let sources = Command::new("apt-get")
        .args(["indextargets", "--format", "$(SITE) $(RELEASE) $(ORIGIN)", "Created-By: Packages"])
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
        .filter(|fields| fields.get(1).is_some_and(|release| RELEASES.contains(release)))
        .collect();
    // The origin is known once lists were fetched; others publish under Debian's release names too.
    let known = candidates.iter().find(|fields| fields.get(2) == Some(&"Debian"));
    let debian = known.or(candidates.first()).map(|fields| fields[0].to_owned());
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

/// An apt configuration of our own, whose state lives and dies with this value.
pub(super) struct PrivateRoot(tempfile::TempDir);

impl PrivateRoot {
    pub(super) fn new(cache: &Path, mirror: &str, suite: Generation) -> Result<Self> {
        let remedy = "free some disk space in the cache directory";
        let dir = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempdir_in(cache.join("packages"))
            .explain("apt's private root can't be made", remedy)?;
        let path = dir.path();
        for sub in ["lists/partial", "archives/partial", "state", "cache", "parts"] {
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
            ("sources.list", format!("deb {signed_by}{mirror} {suite} main\n")),
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

    pub(super) fn has_lists(&self) -> bool {
        let lists = fs::read_dir(self.0.path().join("lists")).into_iter().flatten().flatten();
        lists.into_iter().any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
    }

    pub(super) fn apt(&self, args: &[&str]) -> Result<Output> {
        run(mortal("apt-get").env("APT_CONFIG", self.0.path().join("apt.conf")).args(args))
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

pub(super) fn run(command: &mut Command) -> Result<Output> {
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
pub(super) fn complaints(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let kind =
        |kind: &str| -> Vec<&str> { text.lines().filter(|line| line.starts_with(kind)).collect() };
    // Warnings only where nothing worse is said: `update` merely warns when nothing is reached.
    let errors = kind("E: ");
    let lines = if errors.is_empty() { kind("W: ") } else { errors };
    match lines.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

//! Which engines the machine has of its own, found by asking them; nothing is made and nothing changed.

use std::io::ErrorKind;
use std::time::Duration;

use miette::Result;
use program::patient;
use serde_json::Value;

use crate::engine::Engine;
use crate::error::unsupported;
use crate::nest::Layer;
use crate::preflight;

/// How long an engine may take to say what it is.
const DEADLINE: Duration = Duration::from_secs(20);

/// What is needed of Docker's API: that of Docker 20.10, the oldest that was tried.
const DOCKER_API: [u32; 2] = [1, 41];

/// What is needed of Podman: the oldest that was tried.
const PODMAN: [u32; 2] = [4, 3];

/// Why something can't be had of the machine's own engines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// What can't be had.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do about it.
    pub remedy: String,
}

impl Lack {
    fn new(what: &str, why: impl Into<String>, remedy: &str) -> Self {
        Self { what: what.to_owned(), why: why.into(), remedy: remedy.to_owned() }
    }

    /// The same of one thing by its name.
    #[must_use]
    pub fn of(&self, name: &str) -> Self {
        let what = match &*self.what {
            UNAVAILABLE => format!("`{name}` is {UNAVAILABLE}"),
            what => what.to_owned(),
        };
        Self { what, ..self.clone() }
    }

    /// As an error: this machine can't.
    #[must_use]
    pub fn report(&self) -> miette::Report {
        unsupported(&self.what, &self.why, &self.remedy)
    }
}

/// An engine that answers.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub(crate) engine: Engine,
    pub(crate) version: String,
    /// Of Docker: of its API.
    pub(crate) api: Option<String>,
    /// How its client reaches it: `unix`, `tcp`, `ssh`; of Podman `none` where it has no service.
    pub(crate) way: String,
    /// Of a Docker that is reached by a socket, where that is.
    pub(crate) socket: Option<String>,
    pub(crate) is_rootless: bool,
    /// Whether it maps the users of its containers to others (`userns-remap`).
    pub(crate) is_remapped: bool,
    /// Containers on its default network, which are somebody else's.
    pub(crate) has_company: bool,
}

impl Own {
    /// Whether its containers may be on another machine, which sees no folder of this one.
    pub(crate) fn is_elsewhere(&self) -> bool {
        !["unix", "none"].contains(&self.way.as_str())
    }
}

/// What something takes of level 0 and of what is nested in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// The engines, from level 0 on.
    pub chain: &'static [Layer],
    /// Whether nobody may be on the default network of the engine that it commands.
    pub empty_network: bool,
    /// A program of level 0.
    pub program: Option<&'static str>,
}

/// The machine's own engines.
#[derive(Clone, Debug)]
pub struct Found {
    pub(crate) docker: std::result::Result<Own, Lack>,
    pub(crate) podman: std::result::Result<Own, Lack>,
}

impl Found {
    /// Asks for both.
    ///
    /// # Errors
    ///
    /// Where none can be used: what keeps the first one that is there from it.
    pub fn ask() -> Result<Self> {
        let (docker, podman) = std::thread::scope(|scope| {
            let docker = scope.spawn(docker);
            let podman = podman();
            (docker.join(), podman)
        });
        let docker = docker.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let (docker, podman) = match (docker, podman) {
            (Err(None), Err(None)) => {
                let both = Lack::new(
                    "this machine has no engines of its own",
                    "there is neither a program docker nor a program podman in PATH",
                    "install one (apt install docker.io, or podman), or leave --engines host out",
                );
                return Err(both.report());
            }
            (docker, podman) => {
                let absent = |engine: &str| {
                    let what = format!("{engine} is not available on this machine");
                    let why = format!("there is no program {} in PATH", engine.to_lowercase());
                    let remedy =
                        format!("install it, or leave out what needs it: --arms; or {LAB}");
                    Lack { what, why, remedy }
                };
                let docker = docker.map_err(|lack| lack.unwrap_or_else(|| absent("Docker")));
                let podman = podman.map_err(|lack| lack.unwrap_or_else(|| absent("Podman")));
                (docker, podman)
            }
        };
        match (&docker, &podman) {
            (Err(lack), Err(other)) => {
                // The one that is there says more than the one that is not.
                let is_there = |lack: &&Lack| !lack.why.starts_with("there is no program");
                Err([lack, other].into_iter().find(is_there).unwrap_or(lack).report())
            }
            _ => Ok(Self { docker, podman }),
        }
    }

    pub(crate) fn of(&self, engine: Engine) -> std::result::Result<&Own, &Lack> {
        match engine {
            Engine::Docker => self.docker.as_ref(),
            Engine::Podman => self.podman.as_ref(),
        }
    }

    /// Those that can be used.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Own> {
        [&self.docker, &self.podman].into_iter().flatten()
    }

    /// What keeps this from being had here, if anything does.
    #[must_use]
    pub fn lacks(&self, needs: &Needs) -> Option<Lack> {
        if let Some(program) = needs.program
            && !is_program(program)
        {
            let why = format!("there is no program {program} in PATH");
            return Some(Lack::new(UNAVAILABLE, why, &format!("install it, or {LAB}")));
        }
        let (first, inner) = needs.chain.split_first()?;
        let own = match self.of(first.engine) {
            Ok(own) => own,
            Err(lack) => return Some(lack.clone()),
        };
        let lack = |why: &str, remedy: &str| Some(Lack::new(UNAVAILABLE, why, remedy));
        if inner.iter().any(|layer| !layer.like_outer.is_empty()) {
            let why = "it takes the configuration of level 0 from files, which a lab has";
            return lack(why, LAB);
        }
        if own.is_remapped && inner.iter().any(|layer| layer.privileged) {
            let why = "its daemon maps users to others (userns-remap) and starts no privileged \
                       container";
            return lack(why, &format!("leave it out: --arms; or {LAB}"));
        }
        let has_podman_inside = inner.iter().any(|layer| layer.engine == Engine::Podman);
        if has_podman_inside
            && !own.is_elsewhere()
            && let Err(report) = preflight::require_fuse()
        {
            let why: Vec<String> = report.chain().skip(1).map(ToString::to_string).collect();
            let help = report.help().map(|help| help.to_string());
            return lack(&why.join(": "), &help.unwrap_or_default());
        }
        let is_own = inner.iter().all(|layer| layer.socket);
        if needs.empty_network && is_own {
            if own.is_rootless && own.engine == Engine::Podman {
                return lack("a rootless Podman gives containers no common network", LAB);
            }
            if own.has_company {
                let why = "containers that are not this run's are on its default network, and stay \
                           there";
                return lack(why, &format!("end them, or {LAB}"));
            }
        }
        None
    }
}

const UNAVAILABLE: &str = "not available on the machine's own engines";
const LAB: &str = "measure a lab's: leave --engines host out";

fn is_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(name).is_file())
}

/// What a command printed, and what it complained of; `None` where there is no such program.
pub(super) fn ask(argv: &[&str]) -> std::result::Result<Option<(String, String)>, String> {
    let started = duct::cmd(argv[0], &argv[1..])
        .stdin_null()
        .stdout_capture()
        .stderr_capture()
        .unchecked()
        .start();
    let handle = match started {
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        started => started.map_err(|why| why.to_string())?,
    };
    match handle.wait_timeout(patient(DEADLINE)) {
        Ok(Some(output)) => {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
            Ok(Some((text(&output.stdout), text(&output.stderr))))
        }
        Ok(None) => {
            let _ = handle.kill();
            Err(format!("no answer after {} s", patient(DEADLINE).as_secs()))
        }
        Err(why) => Err(why.to_string()),
    }
}

/// An answer in JSON.
fn json(argv: &[&str]) -> Option<Value> {
    let (said, _) = ask(argv).ok()??;
    serde_json::from_str(&said).ok()
}

fn docker() -> std::result::Result<Own, Option<Lack>> {
    let silent = |why: String| {
        let remedy = "start it: systemctl start docker; if DOCKER_HOST or a context says where it \
                      is, see that it can be reached from here";
        Some(Lack::new("this machine's Docker does not answer", why, remedy))
    };
    let asked = ask(&["docker", "version", "--format", "{{json .}}"]).map_err(silent)?;
    let (said, complained) = asked.ok_or(None)?;
    let version: Value = serde_json::from_str(&said).unwrap_or_default();
    let server = &version["Server"];
    let last = complained.lines().last().unwrap_or_default().to_owned();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let components = server["Components"].as_array().into_iter().flatten();
    let mut names = components.filter_map(|component| component["Name"].as_str());
    // Podman by the name of Docker's client writes this one otherwise.
    let is_podman = version["Client"]["APIVersion"].is_string();
    if is_podman || names.any(|name| name.contains("Podman")) {
        let why = "the program docker speaks to Podman here";
        let remedy = "measure it as Podman: --arms with its names; or install Docker";
        return Err(Some(Lack::new("Docker is not available on this machine", why, remedy)));
    }
    let Some(of_server) = text(&server["Version"]) else {
        return Err(refused(&complained, last).map_or_else(silent, Some));
    };
    let api = text(&server["ApiVersion"]).unwrap_or_default();
    if is_older(&api, DOCKER_API) {
        return Err(Some(too_old("Docker", &of_server, &api)));
    }
    let info = json(&["docker", "info", "--format", "{{json .}}"]).unwrap_or_default();
    let options = info["SecurityOptions"].as_array().into_iter().flatten();
    let options: Vec<&str> = options.filter_map(Value::as_str).collect();
    let has = |name: &str| options.iter().any(|option| option.contains(&format!("name={name}")));
    let place = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"];
    let place = ask(&place).ok().flatten().map(|(place, _)| place).unwrap_or_default();
    let (way, path) = place.split_once("://").unwrap_or(("unix", "/var/run/docker.sock"));
    Ok(Own {
        engine: Engine::Docker,
        version: of_server,
        api: Some(api),
        way: way.to_owned(),
        socket: (way == "unix").then(|| path.to_owned()),
        is_rootless: has("rootless"),
        // What it says where it does begins so, and nothing else does.
        is_remapped: has("user"),
        has_company: has_company("docker", "bridge"),
    })
}

/// Why Docker's client has nothing of a server to tell: what keeps it from it, or an error that it is not
/// there.
fn refused(complained: &str, last: String) -> std::result::Result<Lack, String> {
    if complained.contains("permission denied") {
        let remedy = "become a member of its group and log in again (usermod -aG docker USER, as \
                      root); or run this as root";
        return Ok(Lack::new("this machine's Docker may not be used", last, remedy));
    }
    if complained.contains("Minimum supported API") || complained.contains("is too new") {
        let remedy = "bring client and daemon to versions that know each other";
        return Ok(Lack::new("this machine's Docker is too old", last, remedy));
    }
    Err(if last.is_empty() { "it has said nothing".to_owned() } else { last })
}

fn podman() -> std::result::Result<Own, Option<Lack>> {
    let silent = |why: String| {
        let remedy = "see what `podman info` says, as the user who runs this";
        Some(Lack::new("this machine's Podman does not answer", why, remedy))
    };
    let asked = ask(&["podman", "info", "--format", "json"]).map_err(silent)?;
    let (said, complained) = asked.ok_or(None)?;
    let info: Value = serde_json::from_str(&said).unwrap_or_default();
    let version = info["version"]["Version"].as_str();
    let Some(version) = version.map(str::to_owned) else {
        let last = complained.lines().last().unwrap_or("it has said nothing");
        return Err(silent(last.to_owned()));
    };
    if is_older(&version, PODMAN) {
        return Err(Some(too_old("Podman", &version, &version)));
    }
    let is_rootless = info["host"]["security"]["rootless"].as_bool().unwrap_or(false);
    let is_remote = info["host"]["serviceIsRemote"].as_bool().unwrap_or(false);
    Ok(Own {
        engine: Engine::Podman,
        version,
        api: None,
        way: if is_remote { "remote" } else { "none" }.to_owned(),
        socket: None,
        is_rootless,
        is_remapped: false,
        has_company: !is_rootless && has_company("podman", "podman"),
    })
}

fn too_old(engine: &str, version: &str, found: &str) -> Lack {
    let needed = if engine == "Docker" { DOCKER_API } else { PODMAN };
    let [major, minor] = needed;
    let of = if engine == "Docker" { "an API" } else { "a version" };
    Lack::new(
        &format!("this machine's {engine} is too old"),
        format!("{engine} {version} has {of} of {found}, and {major}.{minor} is needed"),
        "bring it up to date, or leave it out: --arms",
    )
}

/// Whether a version is below this one. One that is no version is not.
fn is_older(version: &str, needed: [u32; 2]) -> bool {
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    let found = [numbers.next(), numbers.next()];
    matches!(found, [Some(major), Some(minor)] if [major, minor] < needed)
}

/// Whether containers run on an engine's default network.
fn has_company(program: &str, network: &str) -> bool {
    let filter = format!("network={network}");
    let containers = ask(&[program, "ps", "--quiet", "--filter", &filter]).ok().flatten();
    containers.is_some_and(|(containers, _)| !containers.is_empty())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::older("1.40", true)]
    #[case::same("1.41", false)]
    #[case::newer("2.0", false)]
    #[case::two_digits("1.9", true)]
    #[case::no_version("", false)]
    fn a_version_is_held_against_what_is_needed(#[case] version: &str, #[case] older: bool) {
        assert_eq!(is_older(version, DOCKER_API), older);
    }
}

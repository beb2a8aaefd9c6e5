//! The machine with its own engines, as level 0: nothing of their configuration is changed, and of what is
//! made with them nothing stays.
//!
//! Everything has a label with the run's name. A process of a session of its own, the *reaper*, takes away
//! what has it as soon as the run's owner is gone, however that ended: it reads a lifeline as a lab's
//! monitor does (`sandbox reap`). What a reaper that was killed itself has left, the next run finds by
//! labels that name a dead owner. Nothing is ever chosen by anything but a label.

mod found;
mod images;
mod label;
mod reaper;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use duct::{Expression, cmd};
use miette::Result;
use program::patient;
use serde_json::{Map, Value, json};

pub use found::{Found, Lack, Needs};
use images::Image;
use reaper::Reaper;

use crate::engine::Engine;
use crate::engines::{self, Engines};
use crate::error::{Explain, failure};
use crate::generation::Generation;
use crate::level::Level;
use crate::nest::{Layer, Nest};
use crate::start::Lab;
use crate::zero::Zero;
use crate::{cache, programs};

/// How long what an engine does after it has answered may take.
const REST_DEADLINE: Duration = Duration::from_secs(2);

/// How often it is looked at meanwhile.
const REST_PACE: Duration = Duration::from_millis(2);

/// Programs that an engine starts for a container, as `/proc/PID/comm` cuts them off: they are there for
/// a moment, or as long as it.
const HELPERS: [&str; 12] = [
    "aardvark-dns",
    "conmon",
    "containerd-shim",
    "crun",
    "docker-init",
    "docker-proxy",
    "fuse-overlayfs",
    "netavark",
    "pasta",
    "podman",
    "runc",
    "slirp4netns",
];

/// The machine's own engines, in use by one run. Dropping it removes what the run has made with them.
pub struct Machine {
    id: String,
    found: Found,
    /// The folder of the probe.
    tools: String,
    labels: Vec<String>,
    /// Engines whose containers see no folder of this machine: they get a copy of the probe.
    copied: Mutex<BTreeSet<Engine>>,
    images: Mutex<Vec<Image>>,
    /// What engines ran when they last were at rest.
    at_rest: Mutex<Option<BTreeSet<i32>>>,
    cancelled: fn() -> bool,
    /// Held for its end.
    _reaper: Reaper,
}

impl Machine {
    /// Takes away what dead runs have left, and begins one.
    pub fn start(found: &Found, cancelled: fn() -> bool) -> Result<Self> {
        let folders = cache::root()?.join("machine");
        let remedy = "free some disk space in the cache directory";
        let what = "a run on the machine's own engines has no folder";
        fs::create_dir_all(&folders).explain(what, remedy)?;
        reaper::sweep(found, &folders);
        let id = format!("h{:08x}", rand::random::<u32>());
        let labels = label::flags(&id);
        let folder = folders.join(&id);
        // Before there is anything in it, so that whatever becomes of this, somebody takes it away.
        let reaper = Reaper::start(&id, &folder, found)?;
        let made = || -> std::io::Result<()> {
            fs::create_dir(&folder)?;
            fs::write(folder.join(reaper::OWNER), labels.join("\n"))?;
            let probe = folder.join("probe");
            fs::write(&probe, programs::PROBE)?;
            // Whoever a container's root is.
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
            fs::set_permissions(&probe, fs::Permissions::from_mode(0o755))
        };
        made().explain(what, remedy)?;
        Ok(Self {
            found: found.clone(),
            tools: utf8(folder)?,
            labels,
            copied: Mutex::new(BTreeSet::new()),
            images: Mutex::default(),
            at_rest: Mutex::default(),
            cancelled,
            _reaper: reaper,
            id,
        })
    }

    /// A command that somebody waits for: it ends with this thread, and no terminal's Ctrl-C is for it.
    #[expect(clippy::unused_self, reason = "only a run on these engines has such commands")]
    pub(crate) fn command<S: AsRef<str>>(&self, argv: &[S]) -> Result<Expression> {
        let owner = std::process::id().to_string();
        let line = ["tied", &owner].into_iter().chain(argv.iter().map(AsRef::as_ref));
        Ok(cmd(programs::sandbox()?, line).unchecked())
    }

    /// One that ends with its standard input.
    pub(crate) fn agent<S: AsRef<str>>(argv: &[S]) -> Expression {
        let mut line = argv.iter().map(|arg| arg.as_ref().to_owned());
        let program = line.next().unwrap_or_default();
        // A terminal's Ctrl-C is not for it.
        let apart = |command: &mut std::process::Command| {
            command.process_group(0);
            Ok(())
        };
        cmd(program, line).unchecked().before_spawn(apart)
    }

    pub(crate) fn cancelled(&self) -> bool {
        (self.cancelled)()
    }

    pub(crate) fn tools(&self) -> &str {
        &self.tools
    }

    pub(crate) fn socket(&self) -> &str {
        let own = self.found.docker.as_ref().ok();
        own.and_then(|own| own.socket.as_deref()).unwrap_or("/var/run/docker.sock")
    }

    pub(crate) fn name(&self, name: &str) -> String {
        format!("matryoshka-{}-{name}", self.id)
    }

    pub(crate) fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Rootless Podman gives each container a network of its own.
    pub(crate) fn has_network(&self, engine: Engine) -> bool {
        let own = self.found.of(engine);
        own.is_ok_and(|own| !(own.is_rootless && engine == Engine::Podman))
    }

    pub(crate) fn copies(&self, engine: Engine) -> bool {
        let copied = self.copied.lock().unwrap_or_else(PoisonError::into_inner);
        copied.contains(&engine)
    }

    fn zero(&self) -> Zero<'_> {
        Zero::Machine(self)
    }

    fn engine_gone(&self) -> Option<(Engine, String)> {
        self.found.all().find_map(|own| {
            let format = match own.engine {
                Engine::Docker => "{{.Server.Version}}",
                Engine::Podman => "{{.Client.Version}}",
            };
            let asked = found::ask(&[own.engine.program(), "version", "--format", format]);
            let why = match asked {
                Ok(Some((version, _))) if !version.is_empty() => return None,
                Ok(None) => "its program is gone".to_owned(),
                Ok(Some((_, why))) | Err(why) => why,
            };
            Some((own.engine, why))
        })
    }

    /// What is to be made, before anything is.
    fn announce(&self, chains: &[&[Layer]], absent: &[(Engine, &str)]) {
        let named = |own: &found::Own| format!("{} {}", title(own.engine), own.version);
        let engines: Vec<String> = self.found.all().map(named).collect();
        let engines = engines.join(" and ");
        program::note!("run {} uses the machine's own {engines}. It makes:", self.id);
        for own in self.found.all() {
            let mine = chains.iter().filter(|chain| chain[0].engine == own.engine);
            let mut carriers: Vec<String> = Vec::new();
            for layer in mine.clone().flat_map(|chain| chain.iter().skip(1)) {
                let with = match (layer.socket, layer.privileged) {
                    (true, _) => "with Docker's socket",
                    (false, true) => "privileged",
                    (false, false) => "unprivileged",
                };
                let carrier = format!("{} ({with})", layer.carrier());
                if !carriers.contains(&carrier) {
                    carriers.push(carrier);
                }
            }
            if mine.clone().next().is_none() {
                continue;
            }
            let all: Vec<String> = ["alpine".to_owned()].into_iter().chain(carriers).collect();
            let engine = title(own.engine);
            let images = all.join(", ");
            let pattern = self.name("*");
            program::note!(
                "  {engine}: containers of {images}, with their volumes; those that stay for a while are \
                 called {pattern}"
            );
        }
        for (engine, image) in absent {
            program::note!(
                "  {}: the image {image}, which is not there and is pulled, and a volume that stands for it",
                title(*engine)
            );
        }
        program::note!(
            "  All of it has the label {}={} and is removed when the run ends. Nothing of the engines' \
             configuration is changed.",
            sandbox::RUN,
            self.id
        );
    }
}

fn title(engine: Engine) -> &'static str {
    match engine {
        Engine::Docker => "Docker",
        Engine::Podman => "Podman",
    }
}

fn utf8(path: PathBuf) -> Result<String> {
    path.into_os_string().into_string().map_err(|path| {
        let why = format!("{} is not UTF-8", path.display());
        failure("the cache has no usable path", why, "set XDG_CACHE_HOME to a path that is")
    })
}

impl Engines for Machine {
    fn level0(&self) -> Level<'_> {
        Level::at_zero(self.zero())
    }

    fn nests<'chain>(
        &self,
        chains: &[&'chain [Layer]],
    ) -> Result<BTreeMap<&'chain [Layer], Nest<'_>>> {
        let chains: BTreeSet<&[Layer]> =
            chains.iter().copied().filter(|chain| !chain.is_empty()).collect();
        let chains: Vec<&[Layer]> = chains.into_iter().collect();
        for chain in &chains {
            self.found.of(chain[0].engine).map_err(Lack::report)?;
        }
        let needed = images::needed(&chains);
        let absent: Vec<_> = needed
            .iter()
            .copied()
            .filter(|(engine, image)| !self.has_image(*engine, image))
            .collect();
        self.announce(&chains, &absent);
        self.pull(&absent)?;
        self.note_images(&needed, &absent)?;
        for engine in needed.iter().map(|(engine, _)| *engine).collect::<BTreeSet<_>>() {
            self.try_out(engine)?;
        }
        let nest = |chain| Nest::build(self.level0(), Generation::default(), chain);
        engines::nests(
            chains.iter().copied(),
            |chain| self.blame_all(nest(chain).map_err(|why| refused(chain, why))),
            |done| self.blame_all(done),
        )
    }

    fn exit_reason(&self) -> Option<String> {
        let (engine, why) = self.engine_gone()?;
        Some(format!("the machine's {} no longer answers: {why}", title(engine)))
    }

    fn blame(&self, report: miette::Report) -> miette::Report {
        if self.cancelled() {
            return report;
        }
        match self.engine_gone() {
            None => report,
            Some((engine, why)) => failure(
                format!("the machine's {} no longer answers", title(engine)),
                why,
                "look after it, and start this again",
            ),
        }
    }

    fn rest(&self) {
        let mut at_rest = self.at_rest.lock().unwrap_or_else(PoisonError::into_inner);
        let deadline = Instant::now() + patient(REST_DEADLINE);
        loop {
            let helpers = helpers();
            let known = at_rest.as_ref().is_none_or(|known| helpers.is_subset(known));
            if known || Instant::now() > deadline {
                *at_rest = Some(helpers);
                return;
            }
            std::thread::sleep(REST_PACE);
        }
    }

    fn cpu_ns(&self) -> Option<u64> {
        None
    }

    fn session(&self) -> Map<String, Value> {
        let engines: Vec<Value> = self
            .found
            .all()
            .map(|own| {
                json!({
                    "engine": own.engine,
                    "version": own.version,
                    "api": own.api,
                    "reached_by": own.way,
                    "rootless": own.is_rootless,
                    "probe": if self.copies(own.engine) { "copied" } else { "mounted" },
                })
            })
            .collect();
        let images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        let host = json!({
            "id": self.id,
            "engines": engines,
            "images": *images,
            // A factor that can't be read has been refused before.
            "patience": program::patience().unwrap_or(1.0),
        });
        let parts = [("engines", json!("host")), ("host", host), ("stand_ins", json!([]))];
        parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect()
    }

    fn lab(&self) -> Option<&Lab> {
        None
    }
}

impl Machine {
    fn blame_all<T>(&self, done: Result<T>) -> Result<T> {
        (self as &dyn Engines).blamed(done)
    }
}

/// What can't be nested here is not available; it says so, and how to do without.
fn refused(chain: &[Layer], report: miette::Report) -> miette::Report {
    if chain.len() < 2 || report.severity().is_some() {
        return report;
    }
    let names: Vec<&str> = chain.iter().rev().map(|layer| title(layer.engine)).collect();
    let why: Vec<String> = report.chain().map(ToString::to_string).collect();
    crate::error::unsupported(
        format!("{} is not available on the machine's own engines", names.join(" in ")),
        why.join(": "),
        "leave it out: --arms; or measure a lab's: leave --engines host out",
    )
}

/// The processes that engines have started for containers, of all that can be seen.
fn helpers() -> BTreeSet<i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let helper = |entry: fs::DirEntry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        HELPERS.iter().any(|helper| name.starts_with(helper)).then_some(number)
    };
    processes.filter_map(helper).collect()
}

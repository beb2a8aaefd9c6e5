//! A lab: a sandbox with engines and a registry in it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use miette::Result;
use program::patient;
use sandbox::Share;

use crate::bundle::Bundle;
use crate::engine::{self, Engine};
use crate::engines::{self, Engines};
use crate::error::{Explain, failure};
use crate::generation::Generation;
use crate::held::{Held, Kind};
use crate::inside::Folder;
use crate::labs::Place;
use crate::level::{Level, TOOLS};
use crate::nest::{Layer, Nest};
use crate::pulled::{self, Images, Served};
use crate::service::Service;
use crate::zero::Zero;
use crate::{apart, cache, modules, preflight, programs, rootless};

/// How a lab is to be; also the flags that all programs share.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The engines, by the release of Debian that they are of
    #[arg(long, value_name = "NAME", default_value_t)]
    pub generation: Generation,

    /// With a user namespace (`user`: root inside has no power outside) or without (`root`: as a rootful
    /// engine), both root's; or in one that an ordinary user has made (`rootless`)
    #[arg(long, value_name = "KIND", default_value_t = Kind::here())]
    pub sandbox: Kind,

    /// Only stand-ins, or only images that were pulled (`lab pull`); otherwise those that were pulled, and
    /// stand-ins for the rest
    #[arg(long, value_name = "WHICH")]
    pub images: Option<Images>,

    /// A directory of the machine that is visible and writable inside, under its own path.
    #[arg(skip)]
    pub share: Option<PathBuf>,

    /// What it is called, where others are to [`join`](crate::join()) it by a name: one that is
    /// [`named`](crate::named) so.
    #[arg(skip)]
    pub name: Option<String>,

    /// Looked at while something is being waited for: true ends the wait with an error.
    #[arg(skip)]
    pub cancelled: Option<fn() -> bool>,
}

impl Options {
    /// An error that says what this machine lacks for such a lab, if it lacks anything. An ordinary
    /// user's program becomes root of a user namespace here ([`become_root`](crate::become_root)).
    pub fn require(&self) -> Result<()> {
        if self.sandbox == Kind::Rootless {
            rootless::become_root()?;
        }
        preflight::require(self.sandbox, self.generation)
    }

    /// The same, with every wait ended by an error once `cancelled` says so.
    #[must_use]
    pub fn until(&self, cancelled: fn() -> bool) -> Self {
        Self { cancelled: Some(cancelled), ..self.clone() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            generation: Generation::default(),
            sandbox: Kind::here(),
            images: None,
            share: None,
            name: None,
            cancelled: None,
        }
    }
}

/// Why something is no good for a sample, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentError {
    /// Only this one: the next may be good.
    Sample(String),
    /// The lab or a part of it is dead: whatever is sampled from here on fails in the same way.
    Lab(String),
}

/// A running lab. Dropping it ends everything in it and removes what it had on disk.
pub struct Lab {
    /// Whether Docker's daemon has answered. Locked while it starts.
    docker: Mutex<bool>,
    registry: Arc<Service>,
    pub(crate) held: Held,
    bundle: Bundle,
    /// The folder of stand-ins, if they are served.
    pub(crate) stand_ins: Option<PathBuf>,
    /// The images that were pulled and are served.
    pub(crate) pulled: Vec<Served>,
}

impl Lab {
    /// Starts a lab: bundle and images out of the cache or made now, sandbox, registry.
    pub fn start(options: &Options) -> Result<Self> {
        if let Some(dir) = &options.share {
            apart::require(dir)?;
        }
        options.require()?;
        cache::keep()?;
        modules::load();
        let bundle = Bundle::get(options.generation)?;
        let pulled = pulled::hold(options.images)?;
        let stand_ins = (options.images != Some(Images::Pulled))
            .then(|| bundle.images(sandbox::cgroup_tree().is_some()))
            .transpose()?;
        let place = Place::new(options.name.as_deref())?;
        let registries = pulled::registries(&pulled);
        prepare(&place, &bundle, options.sandbox, &registries)?;
        let tools = place.state.join("tools");
        let mut shares = vec![Share { source: tools, target: TOOLS.into(), writable: false }];
        // Of two with the same name the first one's is served.
        let folders = pulled.iter().map(|image| &image.folder).chain(&stand_ins).enumerate();
        shares.extend(folders.map(|(n, folder)| Share {
            source: folder.clone(),
            target: Path::new(engine::IMAGES).join(n.to_string()),
            writable: false,
        }));
        let folders: Vec<PathBuf> = shares[1..].iter().map(|share| share.target.clone()).collect();
        if let Some(dir) = &options.share {
            shares.push(Share { source: dir.clone(), target: dir.clone(), writable: true });
        }
        let cancelled = options.cancelled.unwrap_or(|| false);
        let mut held = Held::start(place, options.sandbox, &bundle.path, shares, cancelled)?;
        held.published = pulled.iter().map(|image| image.record.name.to_string()).collect();
        held.registries = registries;
        up(&held)?;
        Ok(Self {
            docker: Mutex::new(false),
            registry: engine::start_registry(&held, &folders)?,
            held,
            bundle,
            stand_ins,
            pulled,
        })
    }

    /// Its name, which is also its host name.
    #[must_use]
    pub fn id(&self) -> &str {
        self.held.id()
    }

    /// With or without a user namespace.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.held.kind()
    }

    /// The packages it runs.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The environment around all containers.
    #[must_use]
    pub fn level0(&self) -> Level<'_> {
        Level::at_zero(Zero::Lab(&self.held))
    }

    /// Makes sure that an engine at level 0 works: Docker's daemon answers, the registry is up.
    pub fn engine(&self, engine: Engine) -> Result<()> {
        let started = || {
            let mut docker = self.docker.lock().unwrap_or_else(PoisonError::into_inner);
            if engine == Engine::Docker && !*docker {
                engine::start_docker(&self.held)?;
                *docker = true;
            }
            Ok(())
        };
        let deadline = patient(engine::DAEMON_DEADLINE);
        let ready = started().and_then(|()| self.registry.wait_ready(&self.held, deadline));
        self.blamed(ready)
    }

    /// Nests engines: the first at level 0, each further one in a container of the one before.
    /// The last one has the image `alpine`.
    pub fn nest<L: Into<Layer> + Copy>(&self, chain: &[L]) -> Result<Nest<'_>> {
        let layers: Vec<Layer> = chain.iter().map(|&layer| layer.into()).collect();
        if let Some(first) = layers.first() {
            self.engine(first.engine)?;
        }
        self.blamed(Nest::build(self.level0(), self.bundle.generation, &layers))
    }

    /// Builds a nest for each different chain that is not empty; those with different engines at
    /// level 0 side by side. On the default network of the engine that each commands one container
    /// stays, and no other of them is there.
    pub fn nests<'chain>(
        &self,
        chains: impl IntoIterator<Item = &'chain [Layer]>,
    ) -> Result<BTreeMap<&'chain [Layer], Nest<'_>>> {
        engines::nests(chains, |chain| self.nest(chain), |done| self.blamed(done))
    }

    /// Whether what an agent did is good for a sample; if not, whether any later one can be.
    pub fn check<T>(
        &self,
        done: Result<T>,
        good: impl FnOnce(&T) -> std::result::Result<(), String>,
    ) -> std::result::Result<T, AgentError> {
        (self as &dyn Engines).check(done, good)
    }

    /// What a complaint of something that an engine did is about: this one thing, or the lab.
    #[must_use]
    pub fn agent_error(&self, complaint: String) -> AgentError {
        (self as &dyn Engines).agent_error(complaint)
    }

    /// How many bytes the registry has sent so far, with what little else it writes
    /// (`wchar` in `proc_pid_io(5)`).
    pub fn registry_sent_bytes(&self) -> Result<u64> {
        let name = engine::SERVER.rsplit('/').next();
        let what = "what the registry has sent can't be read";
        let remedy = "see `cargo xtask doctor`";
        let proc = self.held.root().and_then(|root| root.folder("proc"));
        let proc = proc.explain(what, remedy)?;
        let processes = proc.names(".").explain(what, remedy)?;
        let mut sent = processes.iter().filter_map(|process| {
            let read = |file| proc.read_to_string(Path::new(process).join(file)).ok();
            (Some(read("comm")?.trim()) == name).then_some(())?;
            let io = read("io")?;
            let wchar = io.lines().find_map(|line| line.strip_prefix("wchar: "))?;
            wchar.parse().ok()
        });
        let none = || failure(what, "it does not run", remedy);
        sent.next().ok_or_else(none)
    }

    /// The ends of what the daemons at level 0 wrote.
    #[must_use]
    pub fn last_lines(&self) -> String {
        let daemons = self.held.daemons();
        let said: Vec<String> = daemons.iter().map(|daemon| daemon.last_words()).collect();
        said.join("\n")
    }

    /// What has died that should not have, with how it ended and its last lines.
    ///
    /// Everything that was started is asked and has to answer. Nothing that has died comes back, so
    /// that whatever was done in the lab before this finds nothing was done in one that lived.
    #[must_use]
    pub fn exit_reason(&self) -> Option<String> {
        // One that just starts need not answer yet.
        let starting = self.docker.lock().unwrap_or_else(PoisonError::into_inner);
        drop(starting);
        let dead = self.held.ask_daemons(Service::exit_reason);
        // Asked last: daemons die with the sandbox, and then it is what has died.
        let sandbox = self.held.exit_reason();
        sandbox.or_else(|| (!dead.is_empty()).then(|| dead.join("\n")))
    }

    /// CPU time (user and system) that everything in the lab has taken since it started, in ns, what
    /// has ended included: of its control group. `None` where the kernel does not say.
    #[must_use]
    pub fn cpu_ns(&self) -> Option<u64> {
        self.held.cpu_ns()
    }

    /// Waits until what its engines do after they have answered is done: Podman's client returns before
    /// the program that clears up after the container, and whatever is started meanwhile shares
    /// processors and locks with that. The first time, it also has the kernel write to the disk what
    /// making the lab has left in memory: as long as that has not happened, Podman's starts in a
    /// container were seen to take more processor time.
    pub fn rest(&self) {
        self.held.rest();
    }

    /// What its processes have in memory, in bytes: the sum of their proportional sets
    /// (`proc_pid_smaps(5)`), in which a page that several share counts once.
    ///
    /// # Errors
    ///
    /// Where its control group can't be read.
    pub fn memory_bytes(&self) -> Result<u64> {
        self.held.memory_bytes().explain(
            "the memory of the lab can't be read",
            "it may have died: `cargo xtask lab status` says so",
        )
    }

    /// Has the kernel forget what it holds in memory of its files, programs and stores alike, but for
    /// what is running: what comes next reads them from the disk, as after a boot.
    ///
    /// # Errors
    ///
    /// Where its folders can't be read.
    pub fn evict_files(&self) -> Result<()> {
        let forget = |folder: &Path| Folder::of_machine(folder).and_then(|folder| folder.evict());
        let both = forget(&self.bundle.path).and_then(|()| forget(self.held.state()));
        both.explain(
            "the lab's files can't be evicted",
            "`cargo xtask lab status` says if it lives",
        )
    }

    /// An error that says what has died, if something has.
    pub fn alive(&self) -> Result<()> {
        self.exit_reason().map_or(Ok(()), |exit_reason| Err(self.died(&exit_reason)))
    }

    fn died(&self, exit_reason: &str) -> miette::Report {
        let what = format!("lab {} has died", self.id());
        let remedy = if exit_reason.contains(FULL) {
            ROOM
        } else {
            "its last lines say why; start it again"
        };
        failure(what, exit_reason, remedy)
    }

    /// What came of something that was done in the lab; where that has died, an error says so.
    pub fn blamed<T>(&self, done: Result<T>) -> Result<T> {
        done.map_err(|report| {
            let Some(exit_reason) = self.exit_reason() else {
                return self.without_room(report);
            };
            let first = exit_reason.lines().next().unwrap_or_default();
            let is_said = report.chain().any(|words| words.to_string().contains(first));
            if is_said { report } else { self.died(&exit_reason) }
        })
    }

    /// The same, with what a daemon of level 0 says of a full disk: Docker then asks the next registry
    /// for an image, and what becomes of that is all that its client is told.
    fn without_room(&self, report: miette::Report) -> miette::Report {
        let said = self.last_lines();
        let line = said.lines().rfind(|line| line.contains(FULL));
        let Some(line) = line.filter(|_| !report.chain().any(|why| why.to_string().contains(FULL)))
        else {
            return report;
        };
        let why: Vec<String> = report.chain().skip(1).map(ToString::to_string).collect();
        failure(report.to_string(), format!("{line}\n{}", why.join(": ")), ROOM)
    }
}

/// What the kernel says of a full disk, as programs of every language pass it on.
const FULL: &str = "o space left on device";

/// And what mends it.
const ROOM: &str = "free some disk space in the cache directory";

/// Starts a sandbox without engines and ends it again: whether this machine can, by trying.
pub fn trial(kind: Kind) -> Result<()> {
    let remedy = ROOM;
    let place = Place::new(None)?;
    let bundle = place.state.join("bundle");
    for dir in [bundle.join("usr"), place.state.join("etc"), place.state.join("var")] {
        fs::create_dir_all(&dir).explain(format!("{} can't be made", dir.display()), remedy)?;
    }
    cache::open_up(&place.state).explain("a trial can't be made", remedy)?;
    Held::start(place, kind, &bundle, Vec::new(), || false).map(drop)
}

/// Fills the directories of a new lab.
fn prepare(place: &Place, bundle: &Bundle, kind: Kind, registries: &[String]) -> Result<()> {
    let remedy = ROOM;
    let made = || -> std::io::Result<()> {
        let (etc, var, tools) =
            (place.state.join("etc"), place.state.join("var"), place.state.join("tools"));
        copy(&bundle.path.join("etc"), &etc)?;
        fs::write(etc.join("hostname"), format!("{}\n", place.id))?;
        for dir in ["lib", "log", "cache", "tmp", "spool"] {
            fs::create_dir_all(var.join(dir))?;
        }
        fs::set_permissions(var.join("tmp"), fs::Permissions::from_mode(0o1777))?;
        symlink("/run", var.join("run"))?;
        fs::create_dir(&tools)?;
        for (name, program) in [("probe", programs::PROBE), ("lab-registry", programs::REGISTRY)] {
            fs::write(tools.join(name), program)?;
            fs::set_permissions(tools.join(name), fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    };
    made().explain("a lab's files can't be made", remedy)?;
    let controllers = place.cgroup.as_ref().map(|_| preflight::controllers().join(" "));
    let etc = place.state.join("etc");
    engine::configure(&etc, bundle.generation, controllers.as_deref(), registries)?;
    engine::hand_on(&etc, &place.state.join("tools"))?;
    cache::open_up(&place.state).explain("a lab's files can't be opened up", remedy)?;
    let root = place.root(kind);
    for dir in ["etc", "var"] {
        own(&place.state.join(dir), root).explain("a lab's files can't be handed over", remedy)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Gives files to the lab's root.
fn own(path: &Path, root: u32) -> std::io::Result<()> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_dir() {
        for entry in fs::read_dir(path)? {
            own(&entry?.path(), root)?;
        }
        return chown(path, Some(root), Some(root));
    }
    lchown(path, Some(root), Some(root))
}

/// Brings up the loopback device with the registry's address. There is no other device, and no
/// route to the outside.
fn up(held: &Held) -> Result<()> {
    let script = format!("ip link set lo up && ip address add {} dev lo", engine::REGISTRY);
    let output = held
        .command(Path::new("/"), &["/bin/sh", "-c", &script])?
        .stdin_null()
        .stderr_to_stdout()
        .stdout_capture()
        .run();
    let what = "the lab's network can't be set up";
    let output = output.explain(what, "see `cargo xtask doctor`")?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stdout).into_owned();
    Err(failure(what, why, "see `cargo xtask doctor`"))
}

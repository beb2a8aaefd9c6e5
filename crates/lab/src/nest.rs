//! Engines inside engines.

use std::fmt::Write;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use miette::Result;
use program::{failure, patient};
use serde::Serialize;

use crate::engine::{Engine, KEEP_ADDRESSES, REGISTRY_NAME, lead_to_registry};
use crate::generation::Generation;
use crate::level::{Level, TOOLS};
use crate::machine::Machine;
use crate::preflight;
use crate::service::{docker_answers, last_lines, wait_until};

/// How long an inner daemon may take: it unpacks nothing, but shares the machine with all others.
const INNER_DEADLINE: Duration = Duration::from_secs(60);

/// How one level of a chain gets its engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Layer {
    /// Which engine.
    pub engine: Engine,
    /// Whether it is the engine of the level before, reached through its mounted socket (Docker
    /// only), instead of one of its own.
    pub socket: bool,
    /// Whether its container is privileged. The first layer has no container.
    pub privileged: bool,
    /// Files below `/etc` that it has from the level before instead of from its image.
    pub like_outer: &'static [&'static str],
    /// Further flags of the `run` that starts its container, as `docker-run(1)` has them.
    pub flags: &'static [&'static str],
    /// Whether its container is on a network of its own, whose addresses are not those of the
    /// network around: an engine that takes the same ones loses what is answered from outside.
    pub own_network: bool,
    /// Arguments after its image's name: for Docker, the daemon's own (`dockerd(8)`).
    pub arguments: &'static [&'static str],
    /// The image that carries it, where that is not the usual one of its engine.
    pub image: Option<&'static str>,
}

impl Layer {
    /// The image of the container that carries it.
    pub(crate) fn carrier(self) -> &'static str {
        match (self.image, self.socket) {
            (Some(image), _) => image,
            (None, true) => "docker:cli",
            (None, false) => self.engine.image(),
        }
    }

    /// An engine of its own, in a privileged container where it is not the outermost.
    #[must_use]
    pub const fn own(engine: Engine) -> Self {
        Self {
            engine,
            socket: false,
            privileged: true,
            like_outer: &[],
            flags: &[],
            own_network: false,
            arguments: &[],
            image: None,
        }
    }

    /// Docker's client with the outer daemon's socket mounted.
    #[must_use]
    pub const fn mounted_socket() -> Self {
        Self {
            engine: Engine::Docker,
            socket: true,
            privileged: false,
            like_outer: &[],
            flags: &[],
            own_network: false,
            arguments: &[],
            image: None,
        }
    }

    /// The same layer without privilege.
    #[must_use]
    pub const fn unprivileged(mut self) -> Self {
        self.privileged = false;
        self
    }

    /// The same layer with these files below `/etc` as the level before has them. The published
    /// Podman image is configured for less work than an engine at level 0 does; this undoes it.
    #[must_use]
    pub const fn like_outer(mut self, files: &'static [&'static str]) -> Self {
        self.like_outer = files;
        self
    }

    /// The same layer, its container started with these flags besides.
    #[must_use]
    pub const fn with(mut self, flags: &'static [&'static str]) -> Self {
        self.flags = flags;
        self
    }

    /// The same layer, its container on a network of its own.
    #[must_use]
    pub const fn on_own_network(mut self) -> Self {
        self.own_network = true;
        self
    }

    /// The same layer, out of another image, which the level around has.
    #[must_use]
    pub const fn of_image(mut self, image: &'static str) -> Self {
        self.image = Some(image);
        self
    }

    /// The same layer, its daemon started with these arguments besides.
    #[must_use]
    pub const fn daemon_with(mut self, arguments: &'static [&'static str]) -> Self {
        self.arguments = arguments;
        self
    }
}

impl From<Engine> for Layer {
    fn from(engine: Engine) -> Self {
        Self::own(engine)
    }
}

/// A chain of engines, each but the first in a container of the one before.
#[derive(Clone)]
pub struct Nest<'lab> {
    generation: Generation,
    layers: Vec<Layer>,
    levels: Vec<Level<'lab>>,
    /// The container that stays on the default network of its innermost engine, if one does.
    resident: Option<String>,
}

impl<'lab> Nest<'lab> {
    pub(crate) fn build(
        outermost: Level<'lab>,
        generation: Generation,
        layers: &[Layer],
    ) -> Result<Self> {
        let (first, rest) = layers.split_at(1.min(layers.len()));
        let mut nest =
            Self { generation, layers: first.to_vec(), levels: vec![outermost], resident: None };
        rest.iter().try_for_each(|layer| nest.step(*layer))?;
        nest.pull_images()?;
        Ok(nest)
    }

    /// One level further in, with the image `alpine` there, too. Where that fails, the nest is as
    /// it was.
    pub fn push_level(&mut self, layer: impl Into<Layer>) -> Result<()> {
        self.step(layer.into())?;
        let pulled = self.pull_images();
        if pulled.is_err() {
            let inside = self.levels.pop();
            self.layers.pop();
            if let Some(inside) = inside {
                discard(self.innermost(), self.engine(), inside.container());
            }
        }
        pulled
    }

    /// One level further in, its engine's store still empty.
    pub fn deepen_empty(&mut self, layer: impl Into<Layer>) -> Result<()> {
        self.step(layer.into())
    }

    /// Stops the innermost level's container in order and starts it again, and waits for its engine
    /// as if it were new. What was entered in there is gone. Where that fails, the level is as it
    /// was left.
    pub fn restart(&mut self) -> Result<()> {
        let ([.., around, inside], [.., outer, inner]) = (&self.levels[..], &self.layers[..])
        else {
            return Ok(());
        };
        let (container, outer) = (inside.container().to_owned(), outer.engine);
        // Podman's container has nothing in it that would listen.
        let patience = if inner.socket || inner.engine == Engine::Podman { "0" } else { "20" };
        around.set_up(&[outer.program(), "stop", "--time", patience, &container])?;
        around.set_up(&[outer.program(), "start", &container])?;
        let again = around.inside(outer, &container, inner.privileged)?;
        if inner.engine == Engine::Docker && !inner.socket {
            wait_for_daemon(around, &again, outer, &container)?;
        }
        self.levels.pop();
        self.levels.push(again);
        Ok(())
    }

    /// Takes the innermost level away, with the container that it was in and that one's volumes.
    pub fn pop_level(&mut self) -> Result<()> {
        if let ([.., around, inside], [.., outer, _]) = (&self.levels[..], &self.layers[..]) {
            around.remove(outer.engine, inside.container())?;
            self.levels.pop();
            self.layers.pop();
        }
        Ok(())
    }

    fn step(&mut self, layer: Layer) -> Result<()> {
        let inside = step(self.innermost(), self.generation, self.engine(), layer)?;
        self.layers.push(layer);
        self.levels.push(inside);
        Ok(())
    }

    fn pull_images(&self) -> Result<()> {
        if let Some(machine) = self.innermost().zero().machine() {
            return machine.provide(self.innermost(), self.engine(), "alpine");
        }
        let pull = [self.engine().program(), "pull", "--quiet", "alpine"];
        self.innermost().set_up(&pull).map(drop)
    }

    /// The chain that this is.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The innermost engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.layers.last().map_or(Engine::Docker, |layer| layer.engine)
    }

    /// The environments, outermost first: level 0, then one inside each engine container.
    #[must_use]
    pub fn levels(&self) -> &[Level<'lab>] {
        &self.levels
    }

    /// Where the innermost engine is commanded from; containers it starts are one level deeper,
    /// unless its socket is that of an outer one.
    #[must_use]
    pub fn innermost(&self) -> &Level<'lab> {
        // `build` always puts level 0 there.
        &self.levels[self.levels.len() - 1]
    }

    /// Flags of a `run` of its innermost engine that say whose a container is: of the machine's own
    /// engines; none in a lab.
    #[must_use]
    pub fn labels(&self) -> &'lab [String] {
        self.innermost().zero().labels()
    }

    /// Its layers up to the one whose engine the innermost level commands.
    pub(crate) fn of_engine(&self) -> &[Layer] {
        let own = self.layers.iter().rposition(|layer| !layer.socket).map_or(0, |own| own + 1);
        &self.layers[..own]
    }

    /// Takes the containers that carry its levels off the default networks that they were started
    /// on: the first container on Podman's makes its bridge and rules, and every further one does
    /// not, so a start must not depend on how many nests there are.
    pub(crate) fn leave_networks(&self) -> Result<()> {
        for (layers, levels) in self.layers.windows(2).zip(self.levels.windows(2)) {
            let ([outer, inner], [around, inside]) = (layers, levels) else {
                continue;
            };
            if !inner.own_network && around.zero().has_network(outer.engine) {
                network(around, outer.engine, "disconnect", inside.container())?;
            }
        }
        Ok(())
    }

    /// Has a container stay on the innermost engine's default network: as a rule some container is
    /// there when another one starts. It may be there already, of another nest.
    pub(crate) fn keep_resident(&mut self, known: Option<&str>) -> Result<&str> {
        let container = if let Some(known) = known {
            known.to_owned()
        } else {
            let (engine, level) = (self.engine(), self.innermost());
            let container = name(level, "resident");
            let mut line = vec![engine.program(), "run", "--detach", "--name", &container];
            line.extend(level.zero().labels().iter().map(String::as_str));
            line.extend(["alpine", "sleep", "infinity"]);
            level.start(engine, &container, &line)?;
            container
        };
        Ok(self.resident.insert(container))
    }

    /// Does something while nobody is on the innermost engine's default network, which has one
    /// container that stays otherwise: Podman's then has no bridge. Of nests of [`Lab::nests`] only.
    ///
    /// # Errors
    ///
    /// Where the container can't be taken off the network, or does not get back on it.
    ///
    /// [`Lab::nests`]: crate::Lab::nests
    pub fn without_resident<T>(&self, what: impl FnOnce() -> T) -> Result<T> {
        let Some(resident) = &self.resident else {
            return Err(failure(
                "a network can't be left by who stays on it",
                "no container stays there",
                "take the nest of `Lab::nests`",
            ));
        };
        network(self.innermost(), self.engine(), "disconnect", resident)?;
        let done = what();
        network(self.innermost(), self.engine(), "connect", resident)?;
        Ok(done)
    }

    /// Starts a plain `alpine` container of the innermost engine that stays, and enters it.
    pub fn leaf(&self) -> Result<Level<'lab>> {
        self.stay(&[])
    }

    /// The same with `--privileged`.
    pub fn privileged_leaf(&self) -> Result<Level<'lab>> {
        self.stay(&["--privileged"])
    }

    /// The same as [`Nest::leaf`], without the system call filter that the engine gives its
    /// containers (`--security-opt seccomp=unconfined`, in `docker-run(1)` and `podman-run(1)`).
    /// What is around the engine keeps its own.
    pub fn unconfined_leaf(&self) -> Result<Level<'lab>> {
        self.stay(&["--security-opt", "seccomp=unconfined"])
    }

    /// The ends of what the engines' daemons inside it wrote.
    #[must_use]
    pub fn last_lines(&self) -> String {
        let inner = self.layers.windows(2).zip(self.levels.windows(2));
        let mut said = String::new();
        for (layers, levels) in inner {
            let ([outer, _], [around, inside]) = (layers, levels) else {
                continue;
            };
            let container = inside.container();
            let lines = logs(around, outer.engine, container);
            let _ = writeln!(said, "{container}: {lines}");
        }
        said
    }

    fn stay(&self, flags: &[&str]) -> Result<Level<'lab>> {
        let (engine, level) = (self.engine(), self.innermost());
        let container = name(level, "leaf");
        let mut argv = vec![engine.program(), "run", "--detach", "--name", &container];
        let around = around(level, engine);
        argv.extend(around.iter().map(String::as_str));
        argv.extend(flags);
        argv.extend(["alpine", "sleep", "infinity"]);
        start(level, engine, &container, &argv)?;
        // Never joined: a leaf is what it is by its limits.
        level.inside(engine, &container, false)
    }
}

/// Names are unique in a process, so that many nests live in one lab.
fn name(level: &Level, kind: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let mut name = kind.to_owned();
    let _ = write!(name, "-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    level.zero().name(name)
}

/// Flags of a container that has the probe: whose it is, and the probe's folder.
fn around(level: &Level, engine: Engine) -> Vec<String> {
    let mut flags = level.zero().labels().to_vec();
    let machine = level.machine();
    if machine.is_some_and(|machine| machine.copies(engine)) {
        return flags;
    }
    let tools = machine.map_or(TOOLS, Machine::tools);
    flags.extend(["--volume".to_owned(), format!("{tools}:{TOOLS}:ro")]);
    flags
}

/// Starts one that stays, with these flags.
fn start(level: &Level, engine: Engine, container: &str, argv: &[&str]) -> Result<()> {
    match level.machine() {
        Some(machine) if machine.copies(engine) => {
            machine.start_with_probe(level, engine, container, argv, false)
        }
        _ => level.start(engine, container, argv),
    }
}

/// Where Docker's daemon listens, if nobody says otherwise.
const SOCKET: &str = "/var/run/docker.sock";

/// What says how Podman keeps its store, below `/etc`: its image has FUSE for it, level 0 has not.
const STORE: &str = "containers/storage.conf";

/// One level further in: a container of `outer` that carries `inner`.
fn step<'lab>(
    level: &Level<'lab>,
    generation: Generation,
    outer: Engine,
    inner: Layer,
) -> Result<Level<'lab>> {
    if inner.engine == Engine::Podman && !inner.like_outer.contains(&STORE) {
        preflight::require_fuse()?;
    }
    let container = name(level, inner.engine.program());
    let mut argv = vec![outer.program(), "run", "--detach", "--name", &container];
    let around = around(level, outer);
    argv.extend(around.iter().map(String::as_str));
    if inner.privileged {
        argv.push("--privileged");
        if outer == Engine::Docker {
            let devices = generation.release().devices.iter();
            // The machine may lack one: then only what needs it fails.
            let root = level.root();
            let there = |device: &&&str| root.as_ref().is_ok_and(|root| root.has(device));
            argv.extend(devices.filter(there).flat_map(|device| ["--device", device]));
        }
    }
    let files: Vec<String> =
        inner.like_outer.iter().map(|file| format!("/etc/{file}:/etc/{file}:ro")).collect();
    argv.extend(files.iter().flat_map(|file| ["--volume", file]));
    let image = inner.carrier();
    let held = level.zero().held();
    let led = held.map_or_else(Vec::new, |held| lead_to_registry(held, inner, image));
    argv.extend(led.iter().map(String::as_str));
    argv.extend(inner.flags);
    let network = name(level, "network");
    if inner.own_network {
        let subnet = format!("--subnet={}", subnet());
        let mut create = vec![outer.program(), "network", "create", &subnet];
        create.extend(level.zero().labels().iter().map(String::as_str));
        create.push(&network);
        level.set_up(&create)?;
        argv.extend(["--network", &network]);
    }
    let socket = level.machine().map_or(SOCKET, Machine::socket);
    let socket = format!("{socket}:{SOCKET}");
    match (inner.engine, inner.socket) {
        (Engine::Docker, true) => {
            argv.extend(["--volume", &socket, image, "sleep", "infinity"]);
        }
        (Engine::Docker, false) => {
            argv.push(image);
            argv.extend(inner.arguments);
        }
        (Engine::Podman, _) => argv.extend([image, "sleep", "infinity"]),
    }
    match level.zero().machine() {
        Some(machine) => machine.provide(level, outer, image)?,
        None if outer == Engine::Docker => fetch(level, image)?,
        None => {}
    }
    let started = || -> Result<Level<'lab>> {
        start(level, outer, &container, &argv)?;
        // The machine's own devices are none of this one's.
        if outer == Engine::Podman && level.machine().is_none() {
            level.set_up(&["sh", "-c", KEEP_ADDRESSES])?;
        }
        let inside = level.inside(outer, &container, inner.privileged)?;
        if inner.engine == Engine::Docker && !inner.socket {
            wait_for_daemon(level, &inside, outer, &container)?;
        }
        Ok(inside)
    };
    let started = started();
    if started.is_err() {
        // What it said is in the error; what is left of it would lie there as long as the lab lives.
        discard(level, outer, &container);
        if inner.own_network {
            let _ = level.set_up(&[outer.program(), "network", "rm", &network]);
        }
    }
    started
}

/// A range of addresses that no default network of an engine has, and no other of this process that
/// is likely to be near.
fn subnet() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let second = 100 + NEXT.fetch_add(1, Ordering::Relaxed) % 100;
    format!("10.{second}.0.0/16")
}

/// Connects a container to its engine's default network, or disconnects it.
fn network(level: &Level, engine: Engine, what: &str, container: &str) -> Result<()> {
    let default = match engine {
        Engine::Docker => "bridge",
        Engine::Podman => "podman",
    };
    level.set_up(&[engine.program(), "network", what, default, container]).map(drop)
}

/// Takes a container away that did not become a level.
fn discard(level: &Level, engine: Engine, container: &str) {
    let _ = level.remove(engine, container);
}

/// Gets Docker an image that is not of Docker Hub: of no other does it ask a mirror.
fn fetch(level: &Level, image: &str) -> Result<()> {
    if !image.starts_with("quay.io/") {
        return Ok(());
    }
    let there = format!("{REGISTRY_NAME}/{image}");
    level.set_up(&["docker", "pull", "--quiet", &there])?;
    level.set_up(&["docker", "tag", &there, image]).map(drop)
}

fn wait_for_daemon(level: &Level, inside: &Level, outer: Engine, container: &str) -> Result<()> {
    // A root that a program of the sandbox mounted (fuse-overlayfs) is closed to whoever is outside
    // of its user namespace: there the question is put inside.
    let first = inside.root().and_then(|root| root.metadata("proc"));
    let is_closed = first.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
        || level.zero().machine().is_some();
    let died = |pace: Duration| {
        // Nothing tells the end of another level's process: look for it at the same pace.
        std::thread::sleep(pace);
        if is_closed {
            let running = [outer.program(), "inspect", "--format", "{{.State.Running}}"];
            let running = level.set_up(&[&running[..], &[container]].concat());
            return running.is_ok_and(|running| running.trim() != "true");
        }
        inside.root().is_err()
    };
    let name = format!("the daemon in container {container}");
    let ready = || {
        if is_closed {
            return inside.set_up(&["docker", "version"]).is_ok();
        }
        docker_answers(inside.root().and_then(|root| root.connect("run/docker.sock")))
    };
    wait_until(level.zero(), &name, patient(INNER_DEADLINE), died, ready, || {
        logs(level, outer, container)
    })
}

/// The end of what a container wrote.
fn logs(level: &Level, engine: Engine, container: &str) -> String {
    match level.run_joined(&[engine.program(), "logs", container]) {
        Ok(logs) => last_lines(&(logs.stdout + &logs.stderr)),
        Err(report) => program::one_line(&report),
    }
}

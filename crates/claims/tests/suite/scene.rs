//! Where a look takes place: one lab for all, and in it the jobs of each pattern.
//!
//! Looks run side by side and in any order. What they make has a name of its own; whoever stops,
//! fills or counts something has a job to itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use lab::{Engine, Lab, Layer, Level, Nest, Options};
use lab_test::{Kept, words};
use miette::{Report, Result, miette};

use crate::look::lists::Exchanges;
use crate::look::parentage::{Started, start};
use crate::pattern::Pattern;

/// A job that many looks use, and how long its engine took to be ready.
pub(crate) struct Job {
    pub(crate) nest: Nest<'static>,
    pub(crate) ready_after: Duration,
    /// What it and its node list of what each has made.
    pub(crate) exchanges: Exchanges,
    started: Kept<Started>,
}

impl Job {
    /// A container that it has started and that stays.
    pub(crate) fn started(&self, scene: &Scene) -> Result<&Started> {
        self.started.get(|| start(scene, &self.nest, &[]))
    }
}

/// The lab, which starts when it is first asked for, and the jobs in it. The lab ends with this
/// program.
pub(crate) struct Stage {
    options: Options,
    lab: Kept<Lab>,
    /// The job of each pattern that looks share.
    shared: Mutex<BTreeMap<&'static str, Arc<Kept<Arc<Job>>>>>,
    /// Jobs that nobody uses at the moment and that are as they were built.
    idle: Mutex<BTreeMap<&'static str, Vec<Nest<'static>>>>,
    /// Held by many that publish ports on the node, or by one that expects none there.
    ports: RwLock<()>,
}

impl Stage {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            lab: Kept::default(),
            shared: Mutex::default(),
            idle: Mutex::default(),
            ports: RwLock::default(),
        }
    }

    pub(crate) fn scene(&'static self, pattern: &'static Pattern) -> Scene {
        Scene { stage: self, pattern }
    }

    fn lab(&self) -> Result<&Lab> {
        self.lab.get(|| {
            let lab = Lab::start(&self.options)?;
            lab.engine(Engine::Docker)?;
            // The image that looks give a name to or start.
            for engine in [Engine::Docker, Engine::Podman] {
                let pull = [engine.program(), "pull", "--quiet", "alpine"];
                lab.level0().output(&pull)?;
            }
            Ok(lab)
        })
    }
}

/// What a look has to work with.
pub(crate) struct Scene {
    stage: &'static Stage,
    pub(crate) pattern: &'static Pattern,
}

impl Scene {
    pub(crate) fn lab(&self) -> Result<&'static Lab> {
        self.stage.lab()
    }

    pub(crate) fn options(&self) -> &Options {
        &self.stage.options
    }

    /// The node: level 0.
    pub(crate) fn node(&self) -> Result<Level<'static>> {
        Ok(self.lab()?.level0())
    }

    /// The node's engine.
    pub(crate) fn outer(&self) -> Engine {
        self.pattern.layers[0].engine
    }

    /// The job's engine.
    pub(crate) fn inner(&self) -> Engine {
        self.pattern.layers[1].engine
    }

    /// While this is held, ports of the node are used.
    pub(crate) fn ports_that_are_published(&self) -> RwLockReadGuard<'static, ()> {
        let ports = self.stage.ports.read();
        ports.unwrap_or_else(PoisonError::into_inner)
    }

    /// While this is held, none is.
    pub(crate) fn ports_that_nobody_has(&self) -> RwLockWriteGuard<'static, ()> {
        let ports = self.stage.ports.write();
        ports.unwrap_or_else(PoisonError::into_inner)
    }

    /// The job that looks share.
    pub(crate) fn job(&self) -> Result<Arc<Job>> {
        let slot = {
            let mut shared = locked(&self.stage.shared);
            let slot = shared.entry(self.pattern.name);
            Arc::clone(slot.or_default())
        };
        let job = slot.get(|| {
            let lab = self.lab()?;
            let began = Instant::now();
            let nest = lab.nest(&self.pattern.layers)?;
            Ok(Arc::new(Job {
                nest,
                ready_after: began.elapsed(),
                exchanges: Exchanges::default(),
                started: Kept::default(),
            }))
        });
        job.cloned()
    }

    /// A job of another layer than the pattern's, for this look alone; gone afterwards.
    pub(crate) fn own_job<T>(
        &self,
        change: impl FnOnce(Layer) -> Layer,
        look: impl FnOnce(&Nest<'static>) -> Result<T>,
    ) -> Result<T> {
        let [outer, inner] = self.pattern.layers;
        let nest = self.lab()?.nest(&[outer, change(inner)])?;
        gone_after(&nest, look)
    }

    /// A job as the pattern has it, for this look alone, that may leave it as it likes; gone
    /// afterwards.
    pub(crate) fn last_job<T>(&self, look: impl FnOnce(&Nest<'static>) -> Result<T>) -> Result<T> {
        gone_after(&self.idle_job()?, look)
    }

    /// The same for a look that leaves it as it was: another look may have it afterwards.
    pub(crate) fn quiet_job<T>(&self, look: impl FnOnce(&Nest<'static>) -> Result<T>) -> Result<T> {
        self.left_idle(self.idle_job()?, look)
    }

    /// The same with a job that comes to the node now and in which nothing was done.
    pub(crate) fn next_job<T>(&self, look: impl FnOnce(&Nest<'static>) -> Result<T>) -> Result<T> {
        self.left_idle(self.lab()?.nest(&self.pattern.layers)?, look)
    }

    fn idle_job(&self) -> Result<Nest<'static>> {
        let known = locked(&self.stage.idle).get_mut(self.pattern.name).and_then(Vec::pop);
        known.map_or_else(|| self.lab()?.nest(&self.pattern.layers), Ok)
    }

    fn left_idle<T>(
        &self,
        nest: Nest<'static>,
        look: impl FnOnce(&Nest<'static>) -> Result<T>,
    ) -> Result<T> {
        let looked = look(&nest).map_err(|report| with_last_lines(&report, &nest));
        if looked.is_ok() {
            let mut idle = locked(&self.stage.idle);
            idle.entry(self.pattern.name).or_default().push(nest);
        } else {
            let _ = remove(&nest);
        }
        looked
    }

    /// Runs an engine's command on the node.
    pub(crate) fn on_node(&self, argv: &[&str]) -> Result<String> {
        let argv = [&[self.outer().program()], argv].concat();
        self.node()?.output(&argv)
    }
}

fn gone_after<T>(
    nest: &Nest<'static>,
    look: impl FnOnce(&Nest<'static>) -> Result<T>,
) -> Result<T> {
    let looked = look(nest).map_err(|report| with_last_lines(&report, nest));
    // It may be what the look has ended.
    let _ = remove(nest);
    looked
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes a job's container from its node, with the volumes that are its own.
fn remove(nest: &Nest) -> Result<()> {
    let (node, engine) = (&nest.levels()[0], nest.layers()[0].engine);
    let container = nest.levels()[1].container();
    let argv = [engine.program(), "rm", "--force", "--volumes", container];
    node.output(&[&argv[..], at_once(engine)].concat()).map(drop)
}

/// Removes a container of an engine, without waiting for it to end by itself.
pub(crate) fn remove_container(level: &Level, engine: Engine, name: &str) -> Result<()> {
    let argv = [&[engine.program()], &*removal(engine, name)].concat();
    level.output(&argv).map(drop)
}

/// The arguments that do it.
pub(crate) fn removal(engine: Engine, name: &str) -> Vec<&str> {
    [&["rm", "--force", name], at_once(engine)].concat()
}

/// Podman gives a container ten seconds to end by itself even when it is removed by force.
fn at_once(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Docker => &[],
        Engine::Podman => &["--time=0"],
    }
}

/// An error together with the last words of the engines that it is about.
fn with_last_lines(report: &Report, nest: &Nest) -> Report {
    miette!("{}\nlast lines of the job's engine:\n{}", words(report), nest.last_lines())
}

/// A name that nothing else in this lab has.
pub(crate) fn unique(kind: &str) -> String {
    format!("{kind}-{}", number())
}

/// A number that nothing else in this process has.
pub(crate) fn number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

//! Where a look takes place: one lab for all, and in it the jobs of each pattern.
//!
//! Looks run side by side and in any order. What they make has a name of its own; whoever stops,
//! fills or counts something has a job of its own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use lab::{Engine, Lab, Layer, Level, Nest, Options};
use miette::{Report, Result, miette};

use crate::pattern::Pattern;

/// A lab that starts when it is first asked for.
pub(crate) struct Shared {
    options: Options,
    lab: OnceLock<Result<Lab, String>>,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            options,
            lab: OnceLock::new(),
        }
    }

    pub(crate) fn lab(&self) -> Result<&Lab> {
        let lab = self.lab.get_or_init(|| {
            let lab = Lab::start(&self.options).and_then(|lab| {
                lab.engine(Engine::Docker)?;
                // The image that looks give a name to or start.
                for engine in [Engine::Docker, Engine::Podman] {
                    let pull = [engine.program(), "pull", "--quiet", "alpine"];
                    lab.level0().output(&pull)?;
                }
                Ok(lab)
            });
            lab.map_err(|report| words(&report))
        });
        lab.as_ref().map_err(|why| miette!("{why}"))
    }
}

/// A job that many looks use, and how long its engine took to be ready.
pub(crate) struct Job<'lab> {
    pub(crate) nest: Nest<'lab>,
    pub(crate) ready_after: Duration,
}

type Slot<'lab> = Arc<OnceLock<Result<Arc<Job<'lab>>, String>>>;

/// The jobs that live as long as the lab.
pub(crate) struct Jobs<'lab> {
    shared: &'lab Shared,
    built: Mutex<BTreeMap<(&'static str, Which), Slot<'lab>>>,
    /// Jobs that nobody uses at the moment and that are as they were built.
    idle: Mutex<BTreeMap<&'static str, Vec<Nest<'lab>>>>,
}

/// Two jobs of a pattern, on one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    First,
    Second,
}

impl<'lab> Jobs<'lab> {
    pub(crate) fn new(shared: &'lab Shared) -> Self {
        Self {
            shared,
            built: Mutex::default(),
            idle: Mutex::default(),
        }
    }

    pub(crate) fn scene(&self, pattern: &'static Pattern) -> Scene<'_, 'lab> {
        Scene {
            jobs: self,
            pattern,
        }
    }

    fn get(&self, pattern: &'static Pattern, which: Which) -> Result<Arc<Job<'lab>>> {
        let slot = {
            let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(built.entry((pattern.name, which)).or_default())
        };
        let job = slot.get_or_init(|| {
            let build = || -> Result<Arc<Job<'lab>>> {
                let lab = self.shared.lab()?;
                let began = Instant::now();
                let nest = lab.nest(&pattern.layers)?;
                let ready_after = began.elapsed();
                Ok(Arc::new(Job { nest, ready_after }))
            };
            build().map_err(|report| words(&report))
        });
        job.clone().map_err(|why| miette!("{why}"))
    }
}

/// What a look has to work with.
pub(crate) struct Scene<'a, 'lab> {
    jobs: &'a Jobs<'lab>,
    pub(crate) pattern: &'static Pattern,
}

impl<'lab> Scene<'_, 'lab> {
    pub(crate) fn lab(&self) -> Result<&'lab Lab> {
        self.jobs.shared.lab()
    }

    pub(crate) fn options(&self) -> &Options {
        &self.jobs.shared.options
    }

    /// The node: level 0.
    pub(crate) fn node(&self) -> Result<Level<'lab>> {
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

    /// The job that looks share.
    pub(crate) fn job(&self) -> Result<Arc<Job<'lab>>> {
        self.jobs.get(self.pattern, Which::First)
    }

    /// Another job of the same pattern on the same node, shared too.
    pub(crate) fn other_job(&self) -> Result<Arc<Job<'lab>>> {
        self.jobs.get(self.pattern, Which::Second)
    }

    /// A job for this look alone, whose layer may differ from the pattern's; gone afterwards.
    pub(crate) fn own_job<T>(
        &self,
        change: impl FnOnce(Layer) -> Layer,
        look: impl FnOnce(&Nest<'lab>) -> Result<T>,
    ) -> Result<T> {
        let [outer, inner] = self.pattern.layers;
        let nest = self.lab()?.nest(&[outer, change(inner)])?;
        let looked = look(&nest);
        let looked = looked.map_err(|report| with_last_lines(&report, &nest));
        // It may be what the look has ended.
        let _ = remove(&nest);
        looked
    }

    /// A job for this look alone while it lasts, as the pattern has it. The look leaves it as it
    /// was; after one that fails it is gone.
    pub(crate) fn quiet_job<T>(&self, look: impl FnOnce(&Nest<'lab>) -> Result<T>) -> Result<T> {
        let idle = || {
            let idle = self.jobs.idle.lock();
            idle.unwrap_or_else(PoisonError::into_inner)
        };
        let known = idle().entry(self.pattern.name).or_default().pop();
        let nest = match known {
            Some(nest) => nest,
            None => self.lab()?.nest(&self.pattern.layers)?,
        };
        let looked = look(&nest).map_err(|report| with_last_lines(&report, &nest));
        if looked.is_ok() {
            idle().entry(self.pattern.name).or_default().push(nest);
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

/// Removes a job's container from its node, with the volumes that are its own.
pub(crate) fn remove(nest: &Nest) -> Result<()> {
    let (node, engine) = (&nest.levels()[0], nest.layers()[0].engine);
    let container = nest.levels()[1].container();
    let argv = [engine.program(), "rm", "--force", "--volumes", container];
    node.output(&[&argv[..], at_once(engine)].concat())
        .map(drop)
}

/// Removes a container of an engine, without waiting for it to end by itself.
pub(crate) fn remove_container(level: &Level, engine: Engine, name: &str) -> Result<()> {
    let argv = [engine.program(), "rm", "--force", name];
    level
        .output(&[&argv[..], at_once(engine)].concat())
        .map(drop)
}

/// Podman gives a container ten seconds to end by itself even when it is removed by force.
fn at_once(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Docker => &[],
        Engine::Podman => &["--time=0"],
    }
}

/// An error in one line: what, and why.
pub(crate) fn words(report: &Report) -> String {
    let chain: Vec<String> = report.chain().map(ToString::to_string).collect();
    chain.join(": ")
}

/// An error together with the last words of the engines that it is about.
pub(crate) fn with_last_lines(report: &Report, nest: &Nest) -> Report {
    miette!(
        "{}\nlast lines of the job's engine:\n{}",
        words(report),
        nest.last_lines()
    )
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

//! What a fallback costs: the same work on every driver and place that works.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use bench::once::{error_chain, outcome};
use facts::{Metric, STARTUP, Unit};
use lab::{Agent, Engine, Generation, Lab};
use measure::{Arm, Contrast, DefaultBlocks, Experiment, Observer, Reading, SampleError, Trial};
use miette::Result;

use crate::cell::{Bench, Cell};
use crate::job::{BUILD, FILES, IMAGE, MANY, UNWRITE, WRITE};
use crate::place::Ground;

/// What one sample does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// A container of the job's image.
    Start,
    /// The job's image, out of an archive.
    Unpack,
    /// One large file, in a container that runs.
    Write,
    /// Many small ones.
    Files,
}

/// Time until an image out of an archive is in an engine's store.
static UNPACK_TIME: Metric =
    Metric::new("unpack", Unit::Seconds, ["Unpacking an image", "Desempaquetar una imagen"]);
/// Time until a large file is written and on its device.
static WRITE_TIME: Metric = Metric::new(
    "write",
    Unit::Milliseconds,
    ["Writing a large file", "Escribir un fichero grande"],
);
/// Time of making, listing and removing many small files.
pub(crate) static FILES_TIME: Metric =
    Metric::new("files", Unit::Milliseconds, ["Many small files", "Muchos ficheros pequeños"]);
/// What no other experiment measures.
pub(crate) static OWN: [&Metric; 3] = [&UNPACK_TIME, &WRITE_TIME, &FILES_TIME];

pub(crate) static WORKS: &[(Work, &str, &Metric, &str)] = &[
    (Work::Start, "start", &STARTUP, "a container of an image with 30 layers, start to end"),
    (Work::Unpack, "unpack", &UNPACK_TIME, "that image out of an archive into the store"),
    (Work::Write, "write", &WRITE_TIME, "64 MiB to a container's own layer, and to the device"),
    (
        Work::Files,
        "files",
        &FILES_TIME,
        "10,000 small files in a container's own layer: made, listed, removed",
    ),
];

/// What a cell's costs are held against, by engine.
pub(crate) const REFERENCES: [(Engine, &str, &str); 2] =
    [(Engine::Docker, "overlay2", "volume"), (Engine::Podman, "overlay", "volume")];

/// What a quick run measures: cells as `ENGINE-DRIVER-PLACE`. Many files take too long for it.
const QUICK: &[&str] =
    &["docker-overlay2-volume", "docker-fuse-overlayfs-volume", "docker-vfs-volume"];
const QUICK_WORKS: &[Work] = &[Work::Start, Work::Write];

/// What is asked of a driver first.
const FIRST_WORKS: &[Work] = &[Work::Start, Work::Files];

/// The questions: above the line, below it, of which work.
const PRIMARY: &[(&str, &str, &[Work])] = &[
    ("docker-fuse-overlayfs-volume", "docker-overlay2-volume", FIRST_WORKS),
    ("docker-vfs-volume", "docker-overlay2-volume", FIRST_WORKS),
    (
        // Is vfs always the slowest (claim C7)?
        "docker-vfs-volume",
        "docker-fuse-overlayfs-volume",
        &[Work::Start, Work::Unpack, Work::Write, Work::Files],
    ),
];

/// An arm's cell and work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    name: &'static str,
    cell: Cell,
    work: Work,
}

/// What is declared before anything is known: every cell whose driver has a name.
pub(crate) struct Declared {
    pub(crate) experiment: Experiment,
    rows: Vec<Row>,
}

fn short(cell: &Cell) -> String {
    let (engine, driver) = (cell.driver.engine, cell.driver.name);
    format!("{engine}-{driver}-{}", cell.place.name)
}

pub(crate) fn declare(cells: &[Cell], generation: Generation) -> Declared {
    let (mut arms, mut rows, mut contrasts) = (Vec::new(), Vec::new(), Vec::new());
    let is_asked_for =
        |cell: &&Cell| cell.generation == generation && !cell.driver.called.is_empty();
    for cell in cells.iter().filter(is_asked_for) {
        for (work, word, metric, about) in WORKS {
            let name: &'static str = format!("{}-{word}", short(cell)).leak();
            let is_quick = QUICK.contains(&&*short(cell)) && QUICK_WORKS.contains(work);
            arms.push(Arm {
                name,
                metric: metric.name(),
                method: "",
                observer: Observer::Inside,
                level: if matches!(work, Work::Start) { 2 } else { 1 },
                operations: 1,
                detail: !is_quick,
                about,
            });
            rows.push(Row { name, cell: *cell, work: *work });
        }
    }
    let names: Vec<&'static str> = arms.iter().map(|arm: &Arm| arm.name).collect();
    let find = |name: &str| names.iter().copied().find(|known| *known == name);
    let mut ratio = |above: Option<&'static str>, below: Option<&'static str>, primary: bool| {
        let (Some(numerator), Some(denominator)) = (above, below) else {
            return;
        };
        let name = format!("{numerator}/{denominator}");
        if numerator == denominator || contrasts.iter().any(|c: &Contrast| c.name == name) {
            return;
        }
        let about = "what the one costs, in units of the other";
        contrasts.push(Contrast::between(numerator, denominator, primary, about));
    };
    for (above, below, works) in PRIMARY {
        for (_, word, ..) in WORKS.iter().filter(|(work, ..)| works.contains(work)) {
            let (above, below) = (format!("{above}-{word}"), format!("{below}-{word}"));
            ratio(find(&above), find(&below), true);
        }
    }
    for row in &rows {
        let word = row.name.rsplit('-').next().unwrap_or_default();
        let of_engine = |(engine, ..): &&(Engine, &str, &str)| *engine == row.cell.driver.engine;
        if let Some((engine, driver, place)) = REFERENCES.iter().find(of_engine) {
            let below = format!("{engine}-{driver}-{place}-{word}");
            ratio(Some(row.name), find(&below), false);
        }
    }
    Declared {
        experiment: Experiment {
            name: "storage-driver",
            arms: arms.leak(),
            contrasts: contrasts.leak(),
            parts: &[],
            series: &[],
            blocks: DefaultBlocks::USUAL,
            settled_ms: bench::SETTLED_MS,
        },
        rows,
    }
}

/// Which cells have come to their end, with the driver that they asked for.
fn works(cell: &Cell, matrix: &[Trial]) -> bool {
    let subject = cell.to_string();
    let said = |step: &str| {
        let mut rows = matrix.iter();
        let row = rows.find(|row| row.subject == subject && row.step == step);
        row.map(|row| row.outcome.as_str())
    };
    said("disk") == Some("ok") && said("driver") == Some(cell.driver.called)
}

/// Where the archive of the job's image is, at level 0 and at the next one.
const ARCHIVE: &str = "/var/tmp/job";

/// Everything that samples are taken with.
pub(crate) struct Costs<'lab> {
    lab: &'lab Lab,
    rows: Vec<Row>,
    places: BTreeMap<String, Result<Place<'lab>, String>>,
}

/// A working cell, with its engine up and a container that stays.
struct Place<'lab> {
    bench: Bench<'lab>,
    beside: Agent,
    within: Agent,
}

impl Declared {
    /// Whether there is something to sample for an arm.
    pub(crate) fn is_there(&self, arm: &Arm, matrix: &[Trial]) -> bool {
        let row = self.rows.iter().find(|row| row.name == arm.name);
        row.is_some_and(|row| works(&row.cell, matrix))
    }

    /// Starts the engine of each cell that has an arm.
    pub(crate) fn set_up<'lab>(
        &self,
        lab: &'lab Lab,
        arms: &[&'static Arm],
    ) -> Result<Costs<'lab>> {
        archive(lab)?;
        let wanted = |row: &&Row| arms.iter().any(|arm| arm.name == row.name);
        let rows: Vec<Row> = self.rows.iter().filter(wanted).copied().collect();
        let mut places = BTreeMap::new();
        for row in &rows {
            let name = short(&row.cell);
            let folder = format!("cost-{name}");
            if let Entry::Vacant(place) = places.entry(name) {
                place.insert(outcome(lab, Place::start(lab, &row.cell, &folder))?);
            }
        }
        Ok(Costs { lab, rows, places })
    }
}

/// Builds the job's image at level 0 and keeps it in a file.
fn archive(lab: &Lab) -> Result<()> {
    let level = lab.level0();
    level.output(&["docker", "pull", "--quiet", "alpine"])?;
    level.output(&["sh", "-c", BUILD, "sh", "docker"])?;
    let save = format!("mkdir -p {ARCHIVE} && docker save --output {ARCHIVE}/job.tar {IMAGE}");
    level.output(&["sh", "-c", &save]).map(drop)
}

impl<'lab> Place<'lab> {
    fn start(lab: &'lab Lab, cell: &Cell, name: &str) -> Result<Self> {
        let ground = Ground::make(lab, *cell.place, name)?;
        let ground = ground.map_err(|missing| miette::miette!("{}", missing.reason))?;
        let mount = format!("{ARCHIVE}:{ARCHIVE}:ro");
        let bench = Bench::start(lab, cell, &ground, &["--volume", &mount])?;
        let level = bench.nest.innermost();
        let program = bench.nest.engine().program();
        level.output(&[program, "pull", "--quiet", "alpine"])?;
        level.output(&[program, "load", "--input", &format!("{ARCHIVE}/job.tar")])?;
        let leaf = bench.nest.leaf()?;
        Ok(Self { beside: level.agent()?, within: leaf.agent()?, bench })
    }
}

impl Costs<'_> {
    pub(crate) fn take(&mut self, arm: &Arm) -> Result<Reading, SampleError> {
        let row = self.rows.iter().find(|row| row.name == arm.name);
        let row = row.ok_or_else(|| SampleError::Fatal("no such arm".to_owned()))?;
        let place = self.places.get_mut(&short(&row.cell));
        let place = place.ok_or_else(|| SampleError::Fatal("no such place".to_owned()))?;
        let place = place.as_mut().map_err(|why| SampleError::Sample(why.clone()))?;
        let program = place.bench.nest.engine().program();
        let lab = self.lab;
        match row.work {
            Work::Start => {
                let start = [program, "run", "--rm", IMAGE, "echo", "ok"];
                let good = |did: &lab::Spawned| did.printed("ok\n");
                bench::spawn(lab, &mut place.beside, &start, good)
            }
            Work::Unpack => {
                let level = place.bench.nest.innermost();
                let removed = level.output(&[program, "rmi", "--force", IMAGE]);
                let mishap = |report| bench::sample_error(lab.agent_error(error_chain(&report)));
                removed.map_err(mishap)?;
                let archive = format!("{ARCHIVE}/job.tar");
                let load = [program, "load", "--input", &archive];
                let good = |did: &lab::Spawned| did.succeeded();
                bench::spawn(lab, &mut place.beside, &load, good)
            }
            Work::Write => {
                let write = ["sh", "-c", WRITE];
                let good = |did: &lab::Spawned| did.succeeded();
                let reading = bench::spawn(lab, &mut place.within, &write, good)?;
                let unwrite = ["sh", "-c", UNWRITE];
                bench::spawn(lab, &mut place.within, &unwrite, good)?;
                Ok(reading)
            }
            Work::Files => {
                let files = ["sh", "-c", FILES];
                let good = |did: &lab::Spawned| did.printed(MANY);
                bench::spawn(lab, &mut place.within, &files, good)
            }
        }
    }
}

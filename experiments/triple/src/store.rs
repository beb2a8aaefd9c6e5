//! What multiplies is the store: the same image at each level, by each way that it can get there.

use std::time::Instant;

use bench::once::error_chain;
use lab::{Engine, Lab, Layer, Level, Nest, Options};
use measure::{Run, Trial};
use miette::{Context, IntoDiagnostic, Result};
use serde_json::json;

use crate::{REFUSED, WORKS};

/// Tables of trials: what a level's store grew by, and what the registry sent meanwhile. A subject is
/// `WAY, ENGINE`, a step `level N` and how.
pub(crate) const TABLE: &str = "store";
pub(crate) const PULLED: &str = "pulled";

/// The image that every level is to have: the largest of the lab's.
const IMAGE: &str = "postgres";

const DOCKER: Layer = Layer::own(Engine::Docker);
const PODMAN: Layer = Layer::own(Engine::Podman)
    .like_outer(&["containers/containers.conf", "containers/storage.conf"])
    .on_own_network();

/// The store of the level around, and what that one has from further out, read-only.
const SHARED: &str = "/var/lib/shared";
const FROM_LEVEL_1: &[&str] = &["--volume=/var/lib/containers/storage:/var/lib/shared:ro"];
const FROM_FURTHER_OUT: &[&str] = &["--volume=/var/lib/shared:/var/lib/shared:ro"];

/// Where a store is: on the volume, without the volumes in which the next level has its own.
const fn store(engine: Engine) -> &'static str {
    match engine {
        Engine::Docker => "var/lib/docker",
        Engine::Podman => "var/lib/containers/storage",
    }
}

/// A run of its own.
pub(crate) fn alone(run: &mut Run, options: &Options) -> Result<()> {
    let lab = Lab::start(options)?;
    let nest = lab.nest(&[DOCKER, DOCKER, DOCKER]);
    let described = nest.and_then(|nest| nest.describe());
    run.session(json!({
        "lab": lab.describe(),
        "stand_ins": lab.stand_ins(),
        "nests": [lab.blamed(described)?],
    }))?;
    drop(lab);
    weigh(run, options)
}

/// Each way in a lab of its own, as trials of a session that is described already.
pub(crate) fn weigh(run: &mut Run, options: &Options) -> Result<()> {
    type Way = fn(&mut Scale) -> Result<()>;
    let ways: [(&str, Way); 4] = [
        ("pull, docker", |scale| pulled_and_loaded(scale, DOCKER)),
        ("pull, podman", |scale| pulled_and_loaded(scale, PODMAN)),
        ("additional store, podman", additional_store),
        ("pre-filled volume, docker", filled_volume),
    ];
    for (subject, way) in ways {
        let lab = Lab::start(options)?;
        lab.engine(Engine::Podman)?;
        let gone = way(&mut Scale { run, lab: &lab });
        // A way that can't be gone to its end is a row, like a step that is refused.
        if let Err(report) = gone {
            if measure::interrupted() {
                return Err(report);
            }
            let row = Trial {
                table: TABLE.to_owned(),
                subject: subject.to_owned(),
                step: "the rest".to_owned(),
                outcome: REFUSED.to_owned(),
                reason: error_chain(&report),
                ..Trial::default()
            };
            run.record_trial(row, || lab.alive())?;
        }
    }
    Ok(())
}

/// What weighs a step: time, disk, and what the registry sent.
struct Scale<'a, 'lab> {
    run: &'a mut Run,
    lab: &'lab Lab,
}

impl Scale<'_, '_> {
    /// Does something, and records what it took of a folder and of the registry. A refusal is a row.
    fn step(
        &mut self,
        subject: &str,
        step: &str,
        (level, folder): (&Level, &str),
        work: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let taken = || {
            // What is only in memory is not on disk yet.
            rustix::fs::sync();
            let bytes = level.root().and_then(|root| {
                let folder = root.folder(folder)?;
                bench::disk::bytes(&folder, &["volumes"])
            });
            let bytes = bytes.into_diagnostic();
            bytes.wrap_err_with(|| format!("{folder} can't be weighed"))
        };
        let (before, sent) = (taken()?, self.lab.registry_sent_bytes()?);
        let began = Instant::now();
        let worked = work();
        let wall_ns = u64::try_from(began.elapsed().as_nanos()).ok();
        let (after, sent) = (taken()?, self.lab.registry_sent_bytes()? - sent);
        let reason = worked.as_ref().err().map(error_chain).unwrap_or_default();
        let outcome = if worked.is_ok() { WORKS } else { REFUSED };
        let row = |table: &str, bytes| Trial {
            table: table.to_owned(),
            subject: subject.to_owned(),
            step: step.to_owned(),
            outcome: outcome.to_owned(),
            reason: reason.clone(),
            wall_ns,
            bytes: worked.is_ok().then_some(bytes),
            ..Trial::default()
        };
        for row in [row(TABLE, after.saturating_sub(before)), row(PULLED, sent)] {
            self.run.record_trial(row, || self.lab.alive())?;
        }
        measure::note!("{subject}, {step}: {outcome} {reason}");
        Ok(())
    }
}

/// The levels of a chain with their engines' stores.
fn stores<'a, 'lab>(nest: &'a Nest<'lab>) -> impl Iterator<Item = (&'a Level<'lab>, Engine)> {
    let layers = nest.layers().iter().map(|layer| layer.engine);
    nest.levels().iter().zip(layers)
}

/// Fetched by each level from the registry, once more, and handed down by `save` and `load`.
fn pulled_and_loaded(scale: &mut Scale, layer: Layer) -> Result<()> {
    let nest = scale.lab.nest(&[Layer::own(layer.engine), layer, layer])?;
    let program = layer.engine.program();
    let run = format!("{program} run --rm --pull=never {IMAGE} true");
    let pull = format!("{program} pull --quiet {IMAGE} && {run}");
    let subject = format!("pull, {program}");
    for (depth, (level, engine)) in stores(&nest).enumerate() {
        for state in ["cold", "warm"] {
            let step = format!("level {} {state}", depth + 1);
            scale.step(&subject, &step, (level, store(engine)), || {
                level.output(&["sh", "-c", &pull]).map(drop)
            })?;
        }
    }
    let subject = format!("save and load, {program}");
    for (depth, pair) in nest.levels().windows(2).enumerate() {
        let [around, inside] = pair else { continue };
        inside.output(&[program, "rmi", "--force", IMAGE])?;
        let line = format!(
            "{program} save {IMAGE} | {program} exec --interactive {} {program} load",
            inside.container()
        );
        let step = format!("level {} cold", depth + 2);
        let within = (inside, store(layer.engine));
        scale.step(&subject, &step, within, || {
            around.output(&["sh", "-c", &line])?;
            inside.output(&["sh", "-c", &run]).map(drop)
        })?;
    }
    Ok(())
}

/// Podman's additional image store: the outer store, read-only, at every level.
fn additional_store(scale: &mut Scale) -> Result<()> {
    let layers =
        [Layer::own(Engine::Podman), PODMAN.with(FROM_LEVEL_1), PODMAN.with(FROM_FURTHER_OUT)];
    let nest = scale.lab.nest(&layers)?;
    let outermost = &nest.levels()[0];
    let subject = "additional store, podman";
    let at = (outermost, store(Engine::Podman));
    let pull = format!("podman pull --quiet {IMAGE} && podman run --rm --pull=never {IMAGE} true");
    scale.step(subject, "level 1 cold", at, || outermost.output(&["sh", "-c", &pull]).map(drop))?;
    let option = format!("--storage-opt=additionalimagestore={SHARED}");
    for (depth, level) in nest.levels().iter().enumerate().skip(1) {
        let run = ["podman", &option, "run", "--rm", "--pull=never", IMAGE, "true"];
        for state in ["cold", "warm"] {
            let step = format!("level {} {state}", depth + 1);
            scale.step(subject, &step, (level, store(Engine::Podman)), || {
                level.output(&run).map(drop)
            })?;
        }
    }
    Ok(())
}

/// A volume that a Docker which is gone has filled: given to the next one, or copied for it. Only
/// one daemon at a time may have it. Starting and stopping the daemons is in no step.
fn filled_volume(scale: &mut Scale) -> Result<()> {
    const VOLUMES: &str = "var/lib/docker/volumes";
    let nest = scale.lab.nest(&[DOCKER, DOCKER])?;
    let subject = "pre-filled volume, docker";
    let run = format!("docker run --rm --pull=never {IMAGE} true");
    let pull = format!("docker pull --quiet {IMAGE} && {run}");
    for (depth, around) in nest.levels().iter().enumerate() {
        let level = depth + 2;
        let (filled, copied) = (format!("filled-{depth}"), format!("copied-{depth}"));
        around.output(&["docker", "pull", "--quiet", "docker:dind"])?;
        // Volumes of the level are what is weighed here.
        let at = (around, VOLUMES);
        for (state, work) in [("cold", &pull), ("warm", &run)] {
            let job = Job::start(around, &filled)?;
            let step = format!("level {level} {state}");
            scale.step(subject, &step, at, || job.exec(work))?;
            job.end()?;
        }
        around.output(&["docker", "volume", "create", &copied])?;
        let copy = format!("cd /{VOLUMES} && cp -a {filled}/. {copied}/");
        let step = format!("level {level} copied for another job");
        scale.step(subject, &step, at, || around.output(&["sh", "-c", &copy]).map(drop))?;
        // It is of use only if a daemon takes it.
        let job = Job::start(around, &copied)?;
        job.exec(&run)?;
        job.end()?;
    }
    Ok(())
}

/// A Docker in a container at a level, with a named volume for its store.
struct Job<'a, 'lab> {
    around: &'a Level<'lab>,
    name: String,
}

impl<'a, 'lab> Job<'a, 'lab> {
    /// Starts it and waits until it answers.
    fn start(around: &'a Level<'lab>, volume: &str) -> Result<Self> {
        /// Asks for at most half a minute.
        const READY: &str = "i=0; until docker info > /dev/null 2>&1; do \
                             i=$((i+1)); [ $i -lt 600 ] || exit 1; sleep 0.05; done";
        let name = format!("job-{volume}");
        let mount = format!("{volume}:/var/lib/docker");
        let flags = ["--detach", "--privileged", "--name", &name, "--volume", &mount];
        let argv = [&["docker", "run"], &flags[..], &["docker:dind"]].concat();
        around.output(&argv)?;
        let job = Self { around, name };
        job.exec(READY)?;
        Ok(job)
    }

    fn exec(&self, script: &str) -> Result<()> {
        let argv = ["docker", "exec", &self.name, "sh", "-c", script];
        self.around.output(&argv).map(drop)
    }

    /// Stops it in order, so that its store is whole.
    fn end(self) -> Result<()> {
        self.around.output(&["docker", "stop", &self.name])?;
        self.around.output(&["docker", "rm", &self.name]).map(drop)
    }
}

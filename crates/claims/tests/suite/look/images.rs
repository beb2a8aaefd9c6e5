//! Whose engine and whose images.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lab::{Engine, Level};
use miette::Result;

use super::{Observation, engine as run, line_with, must, refused};
use crate::scene::{Scene, unique};

/// Is the job's engine one of its own, with a store of its own?
pub(crate) fn engine(scene: &Scene) -> Result<Observation> {
    let job = scene.job()?;
    let outside = identity(&scene.node()?, scene.outer())?;
    let inside = identity(job.nest.innermost(), scene.inner())?;
    let outcome = if outside == inside { "the outer's" } else { "its own" };
    Ok(Observation::new(outcome, format!("node: {outside}; job: {inside}")))
}

/// What tells an engine from any other: Docker has an identity, Podman is its store.
fn identity(level: &Level, engine: Engine) -> Result<String> {
    match engine {
        Engine::Docker => must(level, engine, &["info", "--format", "{{.ID}}"]),
        Engine::Podman => {
            let root = must(level, engine, &["info", "--format", "{{.Store.GraphRoot}}"])?;
            // Device and file number: the same for one directory, however it is mounted.
            level.output(&["stat", "-c", "%d:%i", &format!("{}/", root.trim())])
        }
    }
    .map(|text| text.trim().to_owned())
}

/// The same image on both sides, removed outside: has the job still got it?
pub(crate) fn removal(scene: &Scene) -> Result<Observation> {
    let job = scene.job()?;
    let (inner, name) = (job.nest.innermost(), unique("image"));
    let tag = ["tag", "alpine", &name];
    {
        let _alone = naming();
        scene.on_node(&tag)?;
        must(inner, scene.inner(), &tag)?;
        scene.on_node(&["rmi", &name])?;
    }
    let after = run(inner, scene.inner(), &["run", "--rm", "--pull=never", &name, "echo", "here"])?;
    if after.success() {
        let _alone = naming();
        must(inner, scene.inner(), &["rmi", &name])?;
        return Ok(Observation::new("kept", after.stdout));
    }
    let words = refused(&after, NO_IMAGE)?;
    Ok(Observation::new("gone", line_with(&after.stderr, words)))
}

/// While this is held, nobody else gives an image a name or takes one away. Podman before 4.8 reads all
/// names of an image, changes the list and writes it back, so that of two that do so at once one is lost
/// (containers/common#1700).
pub(super) fn naming() -> MutexGuard<'static, ()> {
    static NAMING: Mutex<()> = Mutex::new(());
    NAMING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What an engine says that does not have an image and may not pull it.
const NO_IMAGE: &[&str] = &["No such image", "image not known", "Unable to find image"];

/// The node has pulled an image: must the job pull it again? Nobody else in a job uses this one.
pub(crate) fn second_pull(scene: &Scene) -> Result<Observation> {
    const IMAGE: &str = "docker:cli";
    let job = scene.job()?;
    scene.on_node(&["pull", "--quiet", IMAGE])?;
    let run_it = ["run", "--rm", "--pull=never", "--entrypoint=echo", IMAGE, "here"];
    let without = run(job.nest.innermost(), scene.inner(), &run_it)?;
    if without.success() {
        return Ok(Observation::new("not needed", without.stdout));
    }
    let words = refused(&without, NO_IMAGE)?;
    Ok(Observation::new("needed", line_with(&without.stderr, words)))
}

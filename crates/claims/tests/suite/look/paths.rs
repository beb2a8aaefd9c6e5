//! Whose path it is that a job mounts.

use lab_test::ensure;
use miette::{Result, miette};

use super::{Observation, engine};
use crate::scene::{Scene, unique};

/// What the container's own script ends with, and no engine.
const OF_THE_JOB: i32 = 45;
const OF_THE_NODE: i32 = 46;

/// A directory of this name is on both sides: which one does `-v` take?
pub(crate) fn bind_mount(scene: &Scene) -> Result<Observation> {
    let job = scene.job()?;
    let dir = format!("/var/tmp/{}", unique("work"));
    let write = |whose: &str| format!("mkdir -p {dir} && echo {whose} > {dir}/file");
    scene.node()?.output(&["sh", "-c", &write("of the node")])?;
    job.nest.innermost().output(&["sh", "-c", &write("of the job")])?;
    let mount = format!("{dir}:/work");
    // By its exit code, as in `volume_collision`.
    let script = format!(
        "case $(cat /work/file) in \
         'of the job') exit {OF_THE_JOB} ;; 'of the node') exit {OF_THE_NODE} ;; esac"
    );
    let look = ["run", "--rm", "--volume", &mount, "alpine", "sh", "-c", &script];
    let read = engine(job.nest.innermost(), scene.inner(), &look)?;
    let outcome = match read.code {
        OF_THE_JOB => "the caller's files",
        OF_THE_NODE => "the daemon's files",
        _ => return Err(miette!("neither: {read:?}")),
    };
    Ok(Observation::new(outcome, mount))
}

/// A path that is nowhere: what becomes of it?
pub(crate) fn missing_path(scene: &Scene) -> Result<Observation> {
    let job = scene.job()?;
    let dir = format!("/var/tmp/{}", unique("missing"));
    let mount = format!("{dir}:/work");
    let list = ["run", "--rm", "--volume", &mount, "alpine", "ls", "-A", "/work"];
    let list = engine(job.nest.innermost(), scene.inner(), &list)?;
    if !list.success() {
        let words = format!("statfs {dir}: no such file or directory");
        ensure!(list.stderr.contains(&words), "{list:?}");
        return Ok(Observation::new("refused", words));
    }
    ensure!(list.stdout.is_empty(), "{list:?}");
    let is_there = |script: &str| ["test", "-d", script].map(str::to_owned);
    let probe = is_there(&dir);
    let probe: Vec<&str> = probe.iter().map(String::as_str).collect();
    let at_job = job.nest.innermost().run(&probe)?.success();
    let at_node = scene.node()?.run(&probe)?.success();
    let outcome = match (at_job, at_node) {
        (true, false) => "made empty at the caller's",
        (false, true) => "made empty at the daemon's",
        both => return Err(miette!("made at job and node: {both:?}")),
    };
    Ok(Observation::new(outcome, dir))
}

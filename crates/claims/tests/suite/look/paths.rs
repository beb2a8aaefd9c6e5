//! Whose path it is that a job mounts.

use miette::{Result, miette};

use super::{Sight, engine, must};
use crate::harness::ensure;
use crate::scene::{Scene, unique};

/// A directory of this name is on both sides: which one does `-v` take?
pub(crate) fn bind_mount(scene: &Scene) -> Result<Sight> {
    let job = scene.job()?;
    let dir = format!("/var/tmp/{}", unique("work"));
    let write = |whose: &str| format!("mkdir -p {dir} && echo {whose} > {dir}/file");
    scene.node()?.output(&["sh", "-c", &write("of the node")])?;
    job.nest
        .innermost()
        .output(&["sh", "-c", &write("of the job")])?;
    let mount = format!("{dir}:/work");
    let read = [
        "run",
        "--rm",
        "--volume",
        &mount,
        "alpine",
        "cat",
        "/work/file",
    ];
    let read = must(job.nest.innermost(), scene.inner(), &read)?;
    let outcome = match read.trim() {
        "of the job" => "the caller's files",
        "of the node" => "the daemon's files",
        other => return Err(miette!("neither: {other}")),
    };
    Ok(Sight::new(outcome, read))
}

/// A path that is nowhere: what becomes of it?
pub(crate) fn missing_path(scene: &Scene) -> Result<Sight> {
    let job = scene.job()?;
    let dir = format!("/var/tmp/{}", unique("missing"));
    let mount = format!("{dir}:/work");
    let list = [
        "run", "--rm", "--volume", &mount, "alpine", "ls", "-A", "/work",
    ];
    let list = engine(job.nest.innermost(), scene.inner(), &list)?;
    if !list.success() {
        let words = format!("statfs {dir}: no such file or directory");
        ensure!(list.stderr.contains(&words), "{list:?}");
        return Ok(Sight::new("refused", words));
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
    Ok(Sight::new(outcome, dir))
}

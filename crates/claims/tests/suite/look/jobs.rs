//! Two jobs on one node: what of the one meets the other.

use lab_test::ensure;
use miette::Result;

use super::lists::{ALL, Made, lists};
use super::{Observation, engine, line_with, must, refused};
use crate::scene::{Scene, remove_container, unique};

/// Both call a container the same.
pub(crate) fn name_collision(scene: &Scene) -> Result<Observation> {
    let first = scene.job()?;
    let name = unique("database");
    let argv = ["create", "--name", &name, "alpine", "true"];
    scene.quiet_job(|second| {
        must(first.nest.innermost(), scene.inner(), &argv)?;
        let again = engine(second.innermost(), scene.inner(), &argv)?;
        remove_container(first.nest.innermost(), scene.inner(), &name)?;
        if again.success() {
            remove_container(second.innermost(), scene.inner(), &name)?;
            return Ok(Observation::new("none", "both have it"));
        }
        let words = refused(&again, &["is already in use"])?;
        Ok(Observation::new("conflict", line_with(&again.stderr, words)))
    })
}

/// What the container's own script ends with, and no engine.
const NOT_THERE: i32 = 45;

/// Both call a volume the same: does the second find what the first has put there?
pub(crate) fn volume_collision(scene: &Scene) -> Result<Observation> {
    let first = scene.job()?;
    let volume = unique("data");
    let mount = format!("{volume}:/data");
    let run = ["run", "--rm", "--volume", &mount, "alpine", "sh", "-c"];
    let write = [&run[..], &["echo of the first job > /data/file"]].concat();
    scene.quiet_job(|second| {
        must(first.nest.innermost(), scene.inner(), &write)?;
        // By its exit code, not by its words: an engine under load may lose the last of them, of a
        // container that ends at once.
        let look = format!("test -e /data/file || exit {NOT_THERE}; cat /data/file");
        let read = [&run[..], &[&look]].concat();
        let read = engine(second.innermost(), scene.inner(), &read)?;
        let remove = ["volume", "rm", &volume];
        must(first.nest.innermost(), scene.inner(), &remove)?;
        if read.success() {
            return Ok(Observation::new("the other's data", read.stdout));
        }
        must(second.innermost(), scene.inner(), &remove)?;
        ensure!(read.code == NOT_THERE, "{read:?}");
        Ok(Observation::new("none", "its volume of that name is empty"))
    })
}

/// What of one job the next one finds, that comes to the node after it.
pub(crate) fn next_job(scene: &Scene) -> Result<Observation> {
    let first = scene.job()?;
    let made = Made::new(first.nest.innermost(), scene.inner(), ALL)?;
    let listed = scene.next_job(|next| lists(next.innermost(), scene.inner(), ALL));
    made.remove()?;
    let found = made.found_on(&listed?);
    let outcome = if found.is_empty() { "nothing".to_owned() } else { found.join(" ") };
    Ok(Observation::new(outcome, "of container, image, network and volume"))
}

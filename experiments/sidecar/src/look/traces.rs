//! What jobs leave to each other, and what an engine's store lies on.

use std::time::{Duration, Instant};

use miette::{Result, miette};

use super::Observation;
use crate::node::{Pod, as_it_is};
use crate::pattern::Client;
use crate::words::Word;

/// A pod that is looked at, and others of its pattern that several looks have in common: an engine
/// that comes up is most of what a look takes.
pub(super) struct Pods<'node> {
    pub(super) pod: Pod<'node>,
    /// Beside it.
    other: Option<Pod<'node>>,
    /// Played after that one was taken away.
    later: Option<Pod<'node>>,
}

impl<'node> Pods<'node> {
    pub(super) fn new(pod: Pod<'node>) -> Self {
        Self { pod, other: None, later: None }
    }

    /// The pod and the one beside it.
    fn two(&mut self) -> Result<(&Pod<'node>, &Pod<'node>)> {
        ready(&mut self.other, &self.pod, "-other").map(|other| (&self.pod, other))
    }

    /// One that has been there while no other one was, but for the first.
    fn later(&mut self) -> Result<&Pod<'node>> {
        self.other = None;
        ready(&mut self.later, &self.pod, "-later")
    }
}

/// The pod that is kept here, ready; played first if there is none.
fn ready<'kept, 'node>(
    kept: &'kept mut Option<Pod<'node>>,
    pod: &Pod<'node>,
    suffix: &str,
) -> Result<&'kept Pod<'node>> {
    let another = match kept.take() {
        Some(another) => another,
        None => pod.another(suffix, as_it_is)?,
    };
    let another = kept.insert(another);
    another.ready()?;
    Ok(another)
}

/// Names that only these looks give: what two pods' jobs call alike, and what one leaves.
const SAME: &str = "same-name";
const LEFT: &str = "left-behind";

/// A job that does not clean up leaves one of each.
const LEAVE: &str = r#"docker volume create "$1" > /dev/null && docker network create "$1" > /dev/null &&
    docker run --detach --name "$1" --volume "$1:/data" alpine sleep infinity > /dev/null &&
    docker tag alpine "$1""#;

const REMOVE: &str =
    r#"docker rm --force "$1"; docker network rm "$1"; docker volume rm "$1"; docker rmi "$1""#;

/// Kind, and the command that lists it.
const LISTS: [(Word, &[&str]); 4] = [
    (Word::Container, &["docker", "ps", "--all", "--format", "{{.Names}}"]),
    (Word::Image, &["docker", "images", "--format", "{{.Repository}}"]),
    (Word::Network, &["docker", "network", "ls", "--format", "{{.Name}}"]),
    (Word::Volume, &["docker", "volume", "ls", "--format", "{{.Name}}"]),
];

/// What does a later pod's agent find of an earlier pod's job?
pub(super) fn next_pod(pods: &mut Pods) -> Result<Option<Observation>> {
    if pods.pod.pattern.client != Client::Docker {
        return Ok(None);
    }
    let (_, earlier) = pods.two()?;
    earlier.output(&["sh", "-c", LEAVE, "sh", LEFT])?;
    let later = pods.later()?;
    let mut found = Vec::new();
    for (kind, list) in LISTS {
        if later.output(list)?.lines().any(|line| line == LEFT) {
            found.push(kind.name());
        }
    }
    // On an engine that pods share it would lie in the way.
    later.run(&["sh", "-c", REMOVE, "sh", LEFT])?;
    let outcome = if found.is_empty() { Word::Nothing.into() } else { found.join(" ") };
    Ok(Some(Observation::new(outcome, "after the pod that left it was taken away")))
}

/// Does a new pod find what an earlier pod's job has fetched? The pod that asks has done one.
pub(super) fn cache(pods: &mut Pods) -> Result<Option<Observation>> {
    let ask: &[&str] = match pods.pod.pattern.client {
        Client::Docker => &["docker", "images", "--format", "{{.Repository}}"],
        Client::Buildah => &["buildah", "images", "--format", "{{.Name}}"],
    };
    let is_there = |images: &str| images.lines().any(|name| name.ends_with("redis"));
    let images = pods.pod.output(ask)?;
    if !is_there(&images) {
        return Err(miette!("the job's own pod does not have its image: {images}"));
    }
    let images = pods.later()?.output(ask)?;
    let outcome = if is_there(&images) { Word::Kept } else { Word::Lost };
    let images: Vec<&str> = images.lines().collect();
    Ok(Some(Observation::new(outcome, format!("images in a new pod: {}", images.join(" ")))))
}

const DRIVER: [&str; 4] = ["docker", "info", "--format", "{{.Driver}}"];

/// Which storage driver does the engine take on the pod's volume?
pub(super) fn storage_volume(pod: &Pod) -> Result<Option<Observation>> {
    let observation = match (pod.pattern.client, pod.pattern.engine) {
        (Client::Docker, Some(_)) => {
            Observation::new(pod.output(&DRIVER)?.trim(), "on the pod's emptyDir")
        }
        (Client::Docker, None) => {
            Observation::new(Word::TheNodes, format!("{} on the node", pod.output(&DRIVER)?.trim()))
        }
        (Client::Buildah, _) => {
            let ask = ["buildah", "info", "--format", "{{.store.GraphDriverName}}"];
            Observation::new(pod.output(&ask)?.trim(), "on the pod's emptyDir")
        }
    };
    Ok(Some(observation))
}

/// And which on its container's own layer?
pub(super) fn storage_layer(pod: &Pod) -> Result<Option<Observation>> {
    let Some((ours, theirs)) = pod.pattern.on_layer else {
        return Ok(None);
    };
    let on_layer = pod.another("-layer", |text| text.replacen(ours, theirs, 1))?;
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let driver = on_layer.run(&DRIVER)?;
        if driver.success() && !driver.stdout.trim().is_empty() {
            return Ok(Some(Observation::new(driver.stdout.trim(), "the engine's own choice")));
        }
        let logs = on_layer.logs();
        if let Some(words) = logs.lines().find(|line| line.contains("failed to start daemon")) {
            return Ok(Some(Observation::new(Word::Refused, words)));
        }
        if Instant::now() > end {
            return Err(miette!("neither up nor refused within 30 s: {logs}"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Two pods' jobs give a container the same name.
pub(super) fn collision_container(pods: &mut Pods) -> Result<Option<Observation>> {
    if pods.pod.pattern.client != Client::Docker {
        return Ok(None);
    }
    let (pod, other) = pods.two()?;
    let run = ["docker", "run", "--detach", "--name", SAME, "alpine", "sleep", "infinity"];
    pod.output(&run)?;
    let second = other.run(&run)?;
    pod.output(&["docker", "rm", "--force", SAME])?;
    let observation = match second.success() {
        true => Observation::new(Word::None, "both run"),
        false if second.stderr.contains("is already in use") => {
            Observation::new(Word::Conflict, second.stderr.trim())
        }
        false => return Err(miette!("{}", second.stderr.trim())),
    };
    Ok(Some(observation))
}

/// Two pods' jobs give a volume the same name.
pub(super) fn collision_volume(pods: &mut Pods) -> Result<Option<Observation>> {
    if pods.pod.pattern.client != Client::Docker {
        return Ok(None);
    }
    let (pod, other) = pods.two()?;
    let volume = format!("{SAME}:/data");
    let run = |pod: &Pod, script: &str| {
        pod.output(&["docker", "run", "--rm", "--volume", &volume, "alpine", "sh", "-c", script])
    };
    run(pod, "echo first > /data/file")?;
    let found = run(other, "cat /data/file 2>/dev/null; true")?;
    pod.output(&["docker", "volume", "rm", SAME])?;
    let outcome = if found.trim() == "first" { Word::Shared } else { Word::None };
    Ok(Some(Observation::new(outcome, format!("the second found `{}`", found.trim()))))
}

//! What a job can do to a container that it has not started.

use lab::{Engine, Level};
use miette::{Result, miette};

use super::{Observation, engine, line_with, must, refused};
use crate::scene::{Scene, remove_container, unique};

/// A thing to do to a container; `@` stands for its name.
struct Verb {
    name: &'static str,
    argv: &'static [&'static str],
    /// What then is to be seen from the node.
    done: fn(&Node, said: &str) -> Result<bool>,
}

/// The foreign container, from the node.
struct Node<'a> {
    level: &'a Level<'a>,
    engine: Engine,
    container: &'a str,
}

impl Node<'_> {
    fn is_running(&self) -> Result<bool> {
        let argv = ["inspect", "--format", "{{.State.Running}}", self.container];
        Ok(must(self.level, self.engine, &argv)?.trim() == "true")
    }

    fn is_there(&self) -> Result<bool> {
        let list = must(self.level, self.engine, &["ps", "--all", "--format", "{{.Names}}"])?;
        Ok(list.lines().any(|name| name == self.container))
    }
}

/// In an order in which each still finds the container.
const VERBS: [Verb; 4] = [
    Verb {
        name: "logs",
        argv: &["logs", "@"],
        done: |_, said| Ok(said.contains("written by the foreign container")),
    },
    Verb {
        name: "exec",
        argv: &["exec", "@", "cat", "/proc/1/cmdline"],
        done: |_, said| Ok(said.contains("sleep")),
    },
    Verb {
        name: "stop",
        argv: &["stop", "--time=0", "@"],
        done: |node, _| Ok(!node.is_running()?),
    },
    Verb { name: "remove", argv: &["rm", "@"], done: |node, _| Ok(!node.is_there()?) },
];

/// What engines say of a container that they do not have.
const NO_CONTAINER: &[&str] =
    &["No such container", "no such container", "no container with name or ID"];

/// What of it works on a container that the node's engine has started.
pub(crate) fn control(scene: &Scene) -> Result<Observation> {
    let job = scene.job()?;
    let (level, name) = (scene.node()?, unique("foreign"));
    let script = "echo written by the foreign container; exec sleep infinity";
    scene.on_node(&["run", "--detach", "--name", &name, "alpine", "sh", "-c", script])?;
    let node = Node { level: &level, engine: scene.outer(), container: &name };
    let (mut granted, mut words) = (Vec::new(), String::new());
    for verb in &VERBS {
        let argv: Vec<&str> =
            verb.argv.iter().map(|arg| if *arg == "@" { &name } else { *arg }).collect();
        let tried = engine(job.nest.innermost(), scene.inner(), &argv)?;
        if tried.success() && (verb.done)(&node, &tried.stdout)? {
            granted.push(verb.name);
        } else if tried.success() {
            return Err(miette!("{} succeeded and did nothing: {tried:?}", verb.name));
        } else {
            words = line_with(&tried.stderr, refused(&tried, NO_CONTAINER)?);
        }
    }
    if node.is_there()? {
        remove_container(&level, scene.outer(), &name)?;
    }
    let outcome = if granted.is_empty() { "none".to_owned() } else { granted.join(" ") };
    Ok(Observation::new(outcome, words))
}

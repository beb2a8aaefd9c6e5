//! Who is on whose list: images, containers, networks, volumes.

use lab::{Engine, Level};
use miette::Result;

use super::{Sight, must};
use crate::scene::{Scene, remove_container, unique};
use lab_test::ensure;

/// Something that engines make and list.
pub(crate) struct Thing {
    kind: &'static str,
    /// Makes one; `@` stands for its name.
    make: &'static [&'static str],
    list: &'static [&'static str],
    /// Removes it; empty for containers, which each engine removes in its own way.
    remove: &'static [&'static str],
}

pub(crate) const IMAGE: Thing = Thing {
    kind: "image",
    make: &["tag", "alpine", "@"],
    list: &["images", "--format", "{{.Repository}}"],
    remove: &["rmi", "@"],
};

pub(crate) const CONTAINER: Thing = Thing {
    kind: "container",
    make: &[
        "run", "--detach", "--name", "@", "alpine", "sleep", "infinity",
    ],
    list: &["ps", "--format", "{{.Names}}"],
    remove: &[],
};

pub(crate) const NETWORK: Thing = Thing {
    kind: "network",
    make: &["network", "create", "@"],
    list: &["network", "ls", "--format", "{{.Name}}"],
    remove: &["network", "rm", "@"],
};

pub(crate) const VOLUME: Thing = Thing {
    kind: "volume",
    make: &["volume", "create", "@"],
    list: &["volume", "ls", "--format", "{{.Name}}"],
    remove: &["volume", "rm", "@"],
};

/// All of them.
pub(crate) const THINGS: [&Thing; 4] = [&CONTAINER, &IMAGE, &NETWORK, &VOLUME];

impl Thing {
    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Makes one of a new name.
    pub(crate) fn make(&self, level: &Level, engine: Engine) -> Result<String> {
        let name = unique(self.kind);
        must(level, engine, &filled(self.make, &name))?;
        Ok(name)
    }

    pub(crate) fn list(&self, level: &Level, engine: Engine) -> Result<Vec<String>> {
        let list = must(level, engine, self.list)?;
        Ok(list.lines().map(str::to_owned).collect())
    }

    pub(crate) fn remove(&self, level: &Level, engine: Engine, name: &str) -> Result<()> {
        if self.remove.is_empty() {
            return remove_container(level, engine, name);
        }
        must(level, engine, &filled(self.remove, name)).map(drop)
    }
}

fn filled<'a>(argv: &[&'a str], name: &'a str) -> Vec<&'a str> {
    let fill = |arg: &&'a str| if *arg == "@" { name } else { *arg };
    argv.iter().map(fill).collect()
}

/// Podman puts a host before the names of images.
pub(crate) fn holds(list: &[String], name: &str) -> bool {
    list.iter()
        .any(|entry| entry == name || entry.ends_with(&format!("/{name}")))
}

/// Made by the job: does the node's engine list it?
pub(crate) fn outward(scene: &Scene, thing: &Thing) -> Result<Sight> {
    let job = scene.job()?;
    let maker = (job.nest.innermost(), scene.inner());
    seen(thing, maker, (&scene.node()?, scene.outer()))
}

/// Made by the node's engine: does the job list it?
pub(crate) fn inward(scene: &Scene, thing: &Thing) -> Result<Sight> {
    let job = scene.job()?;
    let node = scene.node()?;
    let viewer = (job.nest.innermost(), scene.inner());
    seen(thing, (&node, scene.outer()), viewer)
}

type Side<'a, 'lab> = (&'a Level<'lab>, Engine);

fn seen(thing: &Thing, maker: Side, viewer: Side) -> Result<Sight> {
    let name = thing.make(maker.0, maker.1)?;
    // Or nothing would be shown by another's not listing it.
    let own = thing.list(maker.0, maker.1);
    let list = thing.list(viewer.0, viewer.1);
    thing.remove(maker.0, maker.1, &name)?;
    let (own, list) = (own?, list?);
    ensure!(holds(&own, &name), "{name}: {own:?}");
    let outcome = if holds(&list, &name) {
        "listed"
    } else {
        "hidden"
    };
    Ok(Sight::new(
        outcome,
        format!("{} on the other side: {}", thing.kind, list.join(" ")),
    ))
}

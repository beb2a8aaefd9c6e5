//! Who is on whose list: images, containers, networks, volumes.

use lab::{Engine, Level};
use lab_test::{Kept, ensure};
use miette::{Result, miette};

use super::Observation;
use super::images::naming;
use crate::scene::{Scene, removal, unique};

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
    make: &["run", "--detach", "--name", "@", "alpine", "sleep", "infinity"],
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

/// Things that are made and listed together.
type Things = &'static [&'static Thing];

/// All of them.
pub(crate) const ALL: Things = &[&CONTAINER, &IMAGE, &NETWORK, &VOLUME];

/// What runs, apart from what does not: an engine that was set up wrong may have an image and not be
/// able to start a container.
const APART: [Things; 2] = [&[&CONTAINER], &[&IMAGE, &NETWORK, &VOLUME]];

/// One of each, made at a level by its engine.
pub(crate) struct Made<'a> {
    level: &'a Level<'static>,
    engine: Engine,
    things: Things,
    names: Vec<String>,
}

impl<'a> Made<'a> {
    pub(crate) fn new(level: &'a Level<'static>, engine: Engine, things: Things) -> Result<Self> {
        let names: Vec<String> = things.iter().map(|thing| unique(thing.kind)).collect();
        let commands = things.iter().zip(&names);
        let commands = commands.map(|(thing, name)| filled(thing.make, name));
        script(level, engine, commands)?;
        Ok(Self { level, engine, things, names })
    }

    /// Which of them are on these lists.
    pub(crate) fn found_on(&self, lists: &[Vec<String>]) -> Vec<&'static str> {
        let things = self.things.iter().zip(&self.names).zip(lists);
        let found = things.filter(|((_, name), list)| holds(list, name));
        found.map(|((thing, _), _)| thing.kind).collect()
    }

    pub(crate) fn remove(&self) -> Result<()> {
        let commands = self.things.iter().zip(&self.names).map(|(thing, name)| {
            if thing.remove.is_empty() {
                removal(self.engine, name)
            } else {
                filled(thing.remove, name)
            }
        });
        script(self.level, self.engine, commands).map(drop)
    }
}

/// What an engine lists, of each thing.
pub(crate) fn lists(level: &Level, engine: Engine, things: Things) -> Result<Vec<Vec<String>>> {
    let commands = things.iter().map(|thing| thing.list.to_vec());
    let said = script(level, engine, commands)?;
    let lists = said.split(END).take(things.len());
    Ok(lists.map(|list| list.lines().map(str::to_owned).collect()).collect())
}

/// What stands after each command's output.
const END: &str = "--\n";

/// Runs commands of an engine, which all have to succeed, by one way into the level.
fn script<'a>(
    level: &Level,
    engine: Engine,
    commands: impl Iterator<Item = Vec<&'a str>>,
) -> Result<String> {
    let line = |argv: Vec<&str>| {
        let words = std::iter::once(engine.program()).chain(argv);
        let words: Vec<String> = words.map(|word| format!("'{word}'")).collect();
        format!("{} && echo --", words.join(" "))
    };
    let lines: Vec<String> = commands.map(line).collect();
    level.output(&["sh", "-c", &lines.join(" && ")])
}

fn filled<'a>(argv: &[&'a str], name: &'a str) -> Vec<&'a str> {
    let fill = |arg: &&'a str| if *arg == "@" { name } else { *arg };
    argv.iter().map(fill).collect()
}

/// Podman puts a host before the names of images.
fn holds(list: &[String], name: &str) -> bool {
    list.iter().any(|entry| entry == name || entry.ends_with(&format!("/{name}")))
}

/// Things that one side made, and what both sides listed then.
struct Side {
    names: Vec<String>,
    own: Vec<Vec<String>>,
    other: Vec<Vec<String>>,
}

/// What is made by a job, and by its node, and listed on both sides: all properties of lists look at
/// it.
struct Exchange {
    outward: Side,
    inward: Side,
}

impl Exchange {
    fn new(scene: &Scene, job: &Level<'static>, things: Things) -> Result<Self> {
        let node = scene.node()?;
        let (by_job, by_node) = {
            let _alone = naming();
            let by_job = Made::new(job, scene.inner(), things)?;
            (by_job, Made::new(&node, scene.outer(), things)?)
        };
        let at_job = lists(job, scene.inner(), things);
        let at_node = lists(&node, scene.outer(), things);
        {
            let _alone = naming();
            by_job.remove()?;
            by_node.remove()?;
        }
        let (at_job, at_node) = (at_job?, at_node?);
        Ok(Self {
            outward: Side { names: by_job.names, own: at_job.clone(), other: at_node.clone() },
            inward: Side { names: by_node.names, own: at_node, other: at_job },
        })
    }
}

/// Those of a job.
#[derive(Default)]
pub(crate) struct Exchanges([Kept<Exchange>; APART.len()]);

/// Made by the job: does the node's engine list it?
pub(crate) fn outward(scene: &Scene, thing: &Thing) -> Result<Observation> {
    seen(scene, thing, |exchange| &exchange.outward)
}

/// Made by the node's engine: does the job list it?
pub(crate) fn inward(scene: &Scene, thing: &Thing) -> Result<Observation> {
    seen(scene, thing, |exchange| &exchange.inward)
}

fn seen(scene: &Scene, thing: &Thing, side: fn(&Exchange) -> &Side) -> Result<Observation> {
    let job = scene.job()?;
    let place = |things: Things| things.iter().position(|one| one.kind == thing.kind);
    let mut groups = APART.into_iter().zip(&job.exchanges.0);
    let found = groups.find_map(|(things, kept)| Some((place(things)?, things, kept)));
    let (place, things, kept) = found.ok_or_else(|| miette!("nobody lists a {}", thing.kind))?;
    let exchange = kept.get(|| Exchange::new(scene, job.nest.innermost(), things))?;
    let side = side(exchange);
    let (name, own, list) = (&side.names[place], &side.own[place], &side.other[place]);
    // Or nothing would be shown by another's not listing it.
    ensure!(holds(own, name), "{name}: {own:?}");
    let outcome = if holds(list, name) { "listed" } else { "hidden" };
    Ok(Observation::new(outcome, format!("{} on the other side: {}", thing.kind, list.join(" "))))
}

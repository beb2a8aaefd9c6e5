//! The ways that are known, as the experiment calls them.

use ::claims::GENERATIONS;

/// What two engines have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// A whole store, both at once.
    Store,
    /// Parts of one, both at once.
    Parts,
    /// A whole store, one after the other.
    InTurn,
    /// Something that is meant to be shared.
    Meant,
}

/// Both engines on one directory at once.
pub(crate) const WHOLE: &str = "whole";

/// Who says that a way holds: without that, no damage is luck.
const ITS_MAKERS: bool = true;
const NOBODY: bool = false;

/// In the order of the tables.
pub(crate) const WAYS: [(&str, Group, bool); 22] = [
    (WHOLE, Group::Store, NOBODY),
    ("whole-own-containerd", Group::Store, NOBODY),
    ("whole-read-only", Group::Store, NOBODY),
    ("podman-whole", Group::Store, ITS_MAKERS),
    ("podman-whole-and-locks", Group::Store, ITS_MAKERS),
    ("image", Group::Parts, NOBODY),
    ("layers", Group::Parts, NOBODY),
    ("image-and-layers", Group::Parts, NOBODY),
    ("image-and-layers-read-only", Group::Parts, NOBODY),
    ("snapshots", Group::Parts, NOBODY),
    ("snapshots-and-content", Group::Parts, NOBODY),
    ("after-stop", Group::InTurn, ITS_MAKERS),
    ("after-kill", Group::InTurn, ITS_MAKERS),
    ("after-power-cut", Group::InTurn, ITS_MAKERS),
    ("copied-live", Group::InTurn, NOBODY),
    ("next-generation", Group::InTurn, NOBODY),
    ("pull-through", Group::Meant, ITS_MAKERS),
    ("archive", Group::Meant, ITS_MAKERS),
    ("copy-of-filled", Group::Meant, ITS_MAKERS),
    ("buildx-cache", Group::Meant, ITS_MAKERS),
    ("additional-store", Group::Meant, ITS_MAKERS),
    ("buildah-layers", Group::Meant, ITS_MAKERS),
];

fn place(way: &str) -> Option<usize> {
    WAYS.iter().position(|(name, ..)| *name == way)
}

/// `None` of a way that this program does not know.
pub(crate) fn group(way: &str) -> Option<Group> {
    place(way).map(|place| WAYS[place].1)
}

/// Whether it is meant to hold by who made the engine.
pub(super) fn is_promised(way: &str) -> bool {
    place(way).is_some_and(|place| WAYS[place].2)
}

/// Unknown ones last.
pub(super) fn rank(way: &str) -> usize {
    place(way).unwrap_or(WAYS.len())
}

/// Oldest first, unknown ones last.
pub(super) fn age(generation: &str) -> usize {
    let mut known = GENERATIONS.iter();
    let age = known.position(|name| *name == generation);
    age.unwrap_or(GENERATIONS.len())
}

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

/// In the order of the tables.
pub(crate) const WAYS: [(&str, Group); 22] = [
    (WHOLE, Group::Store),
    ("whole-own-containerd", Group::Store),
    ("whole-read-only", Group::Store),
    ("podman-whole", Group::Store),
    ("podman-whole-and-locks", Group::Store),
    ("image", Group::Parts),
    ("layers", Group::Parts),
    ("image-and-layers", Group::Parts),
    ("image-and-layers-read-only", Group::Parts),
    ("snapshots", Group::Parts),
    ("snapshots-and-content", Group::Parts),
    ("after-stop", Group::InTurn),
    ("after-kill", Group::InTurn),
    ("after-power-cut", Group::InTurn),
    ("copied-live", Group::InTurn),
    ("next-generation", Group::InTurn),
    ("pull-through", Group::Meant),
    ("archive", Group::Meant),
    ("copy-of-filled", Group::Meant),
    ("buildx-cache", Group::Meant),
    ("additional-store", Group::Meant),
    ("buildah-layers", Group::Meant),
];

fn place(way: &str) -> Option<usize> {
    WAYS.iter().position(|(name, _)| *name == way)
}

/// `None` of a way that this program does not know.
pub(crate) fn group(way: &str) -> Option<Group> {
    place(way).map(|place| WAYS[place].1)
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

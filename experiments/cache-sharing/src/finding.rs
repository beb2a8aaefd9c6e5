//! What an oracle finds, and how bad it is.

use std::fmt;

use facts::document::Tone;
use facts::{Ending, Fill};
use serde::Serialize;

/// What became of what was shared: up to `Corrupt` as the oracle says it, the mildest first; then why
/// it said nothing. In the order of [`CLASSES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "&'static str")]
pub(crate) enum Class {
    /// Everything acknowledged is there, for whom it is meant to be.
    Safe,
    /// Files are left that nobody refers to any more.
    Leaks,
    /// One engine does not see what the other was told is done.
    StaleView,
    /// What an engine of its own would have done was refused.
    JobsFail,
    /// The second engine does not start.
    Refused,
    /// An image that an engine said it had is gone, for the one that was told so.
    Lost,
    /// There, and not what it was; or the store's own files contradict each other.
    Corrupt,
    /// Its rows have no end.
    Unfinished,
    NotOnKernel,
    NotWithoutRoot,
    NotMade,
}

/// Each with its name in records, how it looks, and its word and meaning for readers.
#[rustfmt::skip]
pub(crate) static CLASSES: [(Class, Ending); 11] = [
    (Class::Safe, Ending::new("safe", "●", Fill::Plain, Tone::Yes, ["safe", "segura"],
        ["all that an engine said is done is there, for whom it is meant",
            "todo lo que un motor dio por hecho está, para quien debe estar"])),
    (Class::Leaks, Ending::new("leaks", "○", Fill::Edged, Tone::Yes, ["leaks", "deja restos"],
        ["the same, and files are left that nobody refers to any more",
            "lo mismo, y quedan ficheros a los que ya nadie se refiere"])),
    (Class::StaleView, Ending::new("stale view", "◐", Fill::Edged, Tone::Mixed, ["stale view", "vista anticuada"],
        ["one engine does not see what the other was told is done",
            "un motor no ve lo que al otro se le dio por hecho"])),
    (Class::JobsFail, Ending::new("jobs fail", "△", Fill::Hatched, Tone::Mixed, ["jobs fail", "fallan trabajos"],
        ["an engine of its own would have done what was refused",
            "un motor propio habría hecho lo que se rechazó"])),
    (Class::Refused, Ending::new("refused", "■", Fill::Hatched, Tone::Mixed, ["refused", "rechazado"],
        ["an engine does not start; nothing is lost, and nothing shared",
            "un motor no arranca; ni se pierde ni se comparte nada"])),
    (Class::Lost, Ending::new("lost acknowledged data", "◆", Fill::Red, Tone::No,
        ["lost acknowledged data", "pierde datos confirmados"],
        ["an image that an engine said it had is gone", "falta una imagen que un motor dijo tener"])),
    (Class::Corrupt, Ending::new("corrupt", "✖", Fill::Black, Tone::No, ["corrupt", "corrupto"],
        ["image or store are not what they were, or an engine starts no more",
            "imagen o almacén no son los que eran, o un motor ya no arranca"])),
    (Class::Unfinished, Ending::new("not finished", "…", Fill::Dashed, Tone::Open, ["not finished", "sin acabar"],
        ["the run was interrupted, and nothing is concluded of it",
            "la ejecución se interrumpió, y no se concluye nada"])),
    (Class::NotOnKernel, Ending::new("not on this kernel", "–", Fill::Empty, Tone::Missing,
        ["not on this kernel", "no en este núcleo"],
        ["there was no place for the store, which says nothing of the way",
            "no hubo lugar para el almacén, y eso no dice nada de la manera"])),
    (Class::NotWithoutRoot, Ending::new("not without root", "–", Fill::Empty, Tone::Missing,
        ["not without root", "no sin root"],
        ["a place for the store needs the machine's root", "un lugar para el almacén necesita el root de la máquina"])),
    (Class::NotMade, Ending::new("not made", "–", Fill::Empty, Tone::Missing, ["not made", "no se pudo hacer"],
        ["a place for the store could not be made", "no se pudo hacer un lugar para el almacén"])),
];

impl Class {
    /// Of its name in records.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let mut known = CLASSES.iter();
        let (class, _) = known.find(|(_, ending)| ending.name == name)?;
        Some(*class)
    }

    pub(crate) fn ending(self) -> &'static Ending {
        &CLASSES[self as usize].1
    }

    /// The oracle has said something.
    pub(crate) fn is_told(self) -> bool {
        self <= Self::Corrupt
    }

    /// Everything acknowledged is there, and everything that was asked for was done.
    pub(crate) fn holds(self) -> bool {
        self <= Self::Leaks
    }

    /// Whether acknowledged data was damaged.
    pub(crate) fn is_damage(self) -> bool {
        matches!(self, Self::Lost | Self::Corrupt)
    }
}

impl From<Class> for &'static str {
    fn from(class: Class) -> Self {
        class.ending().name
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.ending().name)
    }
}

/// One thing that is not as it was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) class: Class,
    pub(crate) text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.text)
    }
}

/// The worst of them.
pub(crate) fn worst(findings: &[Finding]) -> Class {
    let classes = findings.iter().map(|finding| finding.class);
    classes.max().unwrap_or(Class::Safe)
}

/// The texts of all, the worst first.
pub(crate) fn texts(findings: &[Finding]) -> String {
    let mut findings: Vec<&Finding> = findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.class));
    let texts = findings.iter().map(ToString::to_string);
    texts.collect::<Vec<_>>().join("\n")
}

/// What joins the lines of a reason in a record.
pub(crate) const JOINT: &str = " | ";

/// [`texts`], read back from a record. An engine's words have bars of their own: what does not begin
/// with a class belongs to the finding before it.
pub(crate) fn findings(reason: &str) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for part in reason.split(JOINT) {
        let begun = part.split_once(": ");
        let begun = begun.and_then(|(class, text)| {
            Some((Class::of(class).filter(|class| class.is_told())?, text))
        });
        match (begun, found.last_mut()) {
            (Some((class, text)), _) => found.push(Finding { class, text: text.to_owned() }),
            (None, Some(last)) => last.text.extend([JOINT, part]),
            (None, None) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_in_the_order_of_their_table() {
        for (index, (class, ending)) in CLASSES.iter().enumerate() {
            assert_eq!(*class as usize, index, "{}", ending.name);
        }
    }
}

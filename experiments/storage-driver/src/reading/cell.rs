//! One cell: a driver of an engine of a generation on a place, derived from the rows of its steps.

use std::fmt;

use facts::document::Tone;
use facts::{Ending, Fill};
use fingerprints::{Fingerprint, explain};
use measure::Trial;
use serde::Serialize;

use crate::driver::{DRIVERS, THROUGH_FUSE};

const OK: &str = "ok";
const FAILED: &str = "failed";

/// Drivers that leave the choice to the engine begin so, and what it chooses where nothing is in the
/// way. Older daemons ask first for the driver of the file system itself.
const AUTOMATIC: &str = "automatic";
const FIRST_CHOICES: [&str; 3] = ["overlay2", "overlayfs", "overlay"];

/// Which cell it is: `trixie docker overlay2 volume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Name {
    pub(super) generation: String,
    pub(super) engine: String,
    pub(super) driver: String,
    pub(super) place: String,
}

/// What became of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cell {
    pub(super) name: Name,
    pub(super) class: Class,
    /// The step that failed, or after which there is none.
    pub(super) step: Option<String>,
    /// The driver that the engine says it has chosen.
    pub(super) chosen: Option<String>,
    /// The file system below it, as the engine calls it.
    pub(super) backing: String,
    /// What the engine or the kernel said of why it is not as it should be.
    pub(super) words: String,
    /// `check: what was seen`.
    pub(super) deviations: Vec<String>,
    /// What the layers take in the store.
    pub(super) disk_bytes: Option<u64>,
    /// Classes of earlier tries of the same cell that say something else.
    pub(super) otherwise: Vec<Class>,
}

/// Derived from the rows, never recorded. In the order of [`CLASSES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "&'static str")]
pub(super) enum Class {
    Works,
    /// It works, but a file system made so does not do all that POSIX asks.
    Deviates,
    /// Left to itself, the engine took another driver than its first choice.
    FallsBack,
    /// One was named, and the engine took another.
    Another,
    /// The daemon is up, and something after that fails.
    Late,
    /// The daemon does not start.
    Refused,
    /// Its rows end without a failure.
    Unfinished,
    NotOnKernel,
    NotWithoutRoot,
    NotMade,
}

/// Each with its name in files, how it looks, and its word and meaning for readers.
#[rustfmt::skip]
pub(super) static CLASSES: [Ending; 10] = [
    Ending::new("works", "●", Fill::Plain, Tone::Yes, ["works", "funciona"],
        ["every step, with the driver asked for or the first choice",
            "todos los pasos, con el controlador pedido o el preferido"]),
    Ending::new("deviates", "◐", Fill::Edged, Tone::Mixed, ["deviates", "se desvía"],
        ["works, but does not do all that POSIX asks",
            "funciona, pero no hace todo lo que pide POSIX"]),
    Ending::new("falls back", "◑", Fill::Hatched, Tone::Mixed, ["falls back", "recurre a otro"],
        ["left to itself, it took another driver than overlay", "sin pedírselo, tomó uno que no es overlay"]),
    Ending::new("another driver", "◇", Fill::Hatched, Tone::Mixed, ["another driver", "otro controlador"],
        ["one was asked for by name, another taken", "se pidió uno por su nombre y tomó otro"]),
    Ending::new("late failure", "▲", Fill::Red, Tone::No, ["fails late", "falla tarde"],
        ["the daemon starts, a later step fails: its answer proves nothing",
            "el demonio arranca y falla un paso posterior: que conteste no prueba nada"]),
    Ending::new("refused", "■", Fill::Black, Tone::No, ["refused", "rechazado"],
        ["the daemon does not start", "el demonio no arranca"]),
    Ending::new("not finished", "…", Fill::Dashed, Tone::Open, ["not finished", "sin acabar"],
        ["interrupted: nothing is concluded of it", "interrumpida: no se concluye nada"]),
    Ending::new("not on this kernel", "–", Fill::Empty, Tone::Missing, ["not on this kernel", "no en este núcleo"],
        ["the place could not be had, which says nothing of the driver",
            "no se pudo tener el lugar, y eso no dice nada del controlador"]),
    Ending::new("not without root", "–", Fill::Empty, Tone::Missing, ["not without root", "no sin root"],
        ["the place needs the machine's root", "el lugar necesita el root de la máquina"]),
    Ending::new("not made", "–", Fill::Empty, Tone::Missing, ["not made", "no se pudo hacer"],
        ["the place could not be made", "el lugar no se pudo hacer"]),
];

impl Name {
    pub(super) fn of(subject: &str) -> Option<Self> {
        let words: Vec<String> = subject.split_whitespace().map(str::to_owned).collect();
        let [generation, engine, driver, place] = <[String; 4]>::try_from(words).ok()?;
        Some(Self { generation, engine, driver, place })
    }

    pub(super) fn words(&self) -> [&str; 4] {
        [&self.generation, &self.engine, &self.driver, &self.place]
    }

    /// Whether the engine chooses.
    pub(super) fn is_automatic(&self) -> bool {
        self.driver.starts_with(AUTOMATIC)
    }

    /// Whether the engine took what it was asked for, or its first choice.
    fn is_met_by(&self, chosen: &str) -> bool {
        if self.is_automatic() {
            return FIRST_CHOICES.contains(&chosen) || self.place == chosen;
        }
        let mut drivers = DRIVERS.iter();
        let known = drivers
            .find(|driver| driver.name == self.driver && driver.engine.to_string() == self.engine);
        // Older records have the name that the engine gives it.
        let as_fuse =
            self.driver == THROUGH_FUSE && ["overlay", "fuse-overlayfs"].contains(&chosen);
        self.driver == chosen || as_fuse || known.is_some_and(|driver| driver.called == chosen)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}

impl From<Class> for &'static str {
    fn from(class: Class) -> Self {
        CLASSES[class as usize].name
    }
}

impl Class {
    /// The name in files.
    pub(super) fn name(self) -> &'static str {
        self.into()
    }

    /// The driver that was meant works there.
    pub(super) fn fits(self) -> bool {
        self <= Self::Deviates
    }

    /// Nothing works there with this driver.
    pub(super) fn fails(self) -> bool {
        matches!(self, Self::Late | Self::Refused)
    }

    /// It was tried until something could be said of it.
    pub(super) fn is_told(self) -> bool {
        self <= Self::Refused
    }
}

impl Cell {
    pub(super) fn of(name: Name, rows: &[&Trial]) -> Self {
        let row = |step: &str| rows.iter().rev().find(|row| row.step == step);
        let failed = rows.iter().find(|row| row.outcome == FAILED);
        let chosen = row("driver").filter(|row| row.outcome != FAILED);
        let met = chosen.is_none_or(|row| name.is_met_by(&row.outcome));
        let deviates = row("posix").filter(|row| row.outcome == "deviates");
        let class = match (row("place").map(|row| &*row.outcome), failed) {
            (Some("not on this kernel"), _) => Class::NotOnKernel,
            (Some("not without root"), _) => Class::NotWithoutRoot,
            (Some(place), _) if place != OK => Class::NotMade,
            (_, Some(failed)) if failed.step == "starts" => Class::Refused,
            (_, Some(_)) => Class::Late,
            _ if row("disk").is_none() => Class::Unfinished,
            _ if !met && name.is_automatic() => Class::FallsBack,
            _ if !met => Class::Another,
            _ if deviates.is_some() => Class::Deviates,
            _ => Class::Works,
        };
        let step = match class {
            Class::Late | Class::Refused => failed,
            Class::Unfinished => rows.last(),
            _ => None,
        };
        // What an engine says of a driver that it did not take it says when it starts.
        let telling = match class {
            Class::Late | Class::Refused => failed,
            Class::FallsBack | Class::Another => row("starts"),
            Class::NotOnKernel | Class::NotWithoutRoot | Class::NotMade => row("place"),
            _ => None,
        };
        let lines = |reason: &str| -> Vec<String> {
            let lines = reason.split(" | ").map(|line| line.trim().to_owned());
            lines.filter(|line| !line.is_empty()).collect()
        };
        Self {
            class,
            step: step.map(|row| row.step.clone()),
            chosen: chosen.map(|row| row.outcome.clone()),
            backing: chosen.map_or_else(String::new, |row| row.reason.clone()),
            words: telling.map_or_else(String::new, |row| row.reason.clone()),
            deviations: deviates.map_or_else(Vec::new, |row| lines(&row.reason)),
            disk_bytes: row("disk").and_then(|row| row.bytes),
            otherwise: Vec::new(),
            name,
        }
    }

    /// What the engine took, where that is not just what it was asked for.
    pub(super) fn surprising(&self) -> Option<&String> {
        let tells = self.name.is_automatic() || !self.class.fits();
        self.chosen.as_ref().filter(|_| tells)
    }

    /// The most exact of what is known of its words, and the line that says it; else the first line.
    pub(super) fn known(&self) -> (Option<&'static Fingerprint>, &str) {
        match explain(&self.words).first() {
            Some(found) => (Some(found.fingerprint), found.line),
            None => (None, self.words.split(" | ").next().unwrap_or_default()),
        }
    }
}

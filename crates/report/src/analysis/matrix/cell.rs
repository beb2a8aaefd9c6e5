//! One cell: a driver of an engine of a generation on a place, tried step by step.

use std::fmt;

use fingerprints::{Fingerprint, explain};
use measure::Trial;
use serde::Serialize;

use super::super::trials::rows;
use super::MATRIX;

/// What every step says that went as it should.
const OK: &str = "ok";
const FAILED: &str = "failed";
const DEVIATES: &str = "deviates";

/// The steps whose rows are read by name; the others only fail or don't.
const PLACE: &str = "place";
const STARTS: &str = "starts";
const DRIVER: &str = "driver";
const POSIX: &str = "posix";
/// The last one: a cell that has it was tried to its end.
const DISK: &str = "disk";

/// Outcomes of a place that is not there, and their classes; any other outcome is the last one's.
const NO_PLACE: [(&str, Class); 3] = [
    ("not on this kernel", Class::NotOnKernel),
    ("not without root", Class::NotWithoutRoot),
    ("not made", Class::NotMade),
];

/// Drivers that leave the choice to the engine begin so, and what it chooses where nothing is in the
/// way.
const AUTOMATIC: &str = "automatic";
const FIRST_CHOICES: [&str; 3] = ["overlay2", "overlayfs", "overlay"];

/// How Docker's drivers are called that are snapshotters of containerd.
const SNAPSHOTTER: &str = "snapshotter-";

/// Drivers whose engine calls them otherwise than the matrix does.
const CALLED: [(&str, &str); 2] = [
    ("overlay-fuse", "overlay"),
    ("overlay-fuse", "fuse-overlayfs"),
];

/// Which cell it is: `trixie docker overlay2 volume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Name {
    pub(crate) generation: String,
    pub(crate) engine: String,
    pub(crate) driver: String,
    pub(crate) place: String,
}

/// What became of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) name: Name,
    pub(crate) class: Class,
    /// The step that failed, or after which there is none.
    pub(crate) step: Option<String>,
    /// The driver that the engine says it has chosen.
    pub(crate) chosen: Option<String>,
    /// The file system below it, as the engine calls it.
    pub(crate) backing: String,
    /// What the engine or the kernel said of why it is not as it should be.
    pub(crate) words: String,
    /// `check: what was seen`.
    pub(crate) deviations: Vec<String>,
    /// What the layers take in the store.
    pub(crate) disk_bytes: Option<u64>,
    /// Classes of earlier tries of the same cell that say something else.
    pub(crate) otherwise: Vec<Class>,
}

/// Derived from the rows, never recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Class {
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

/// Cells that fail, or fall back, by what is known of their words.
pub(crate) struct Failures<'a> {
    /// `None`: nothing is known of them.
    pub(crate) fingerprint: Option<&'static Fingerprint>,
    pub(crate) cells: Vec<&'a Cell>,
    /// The line that is known, or the first one; of the first cell.
    pub(crate) words: &'a str,
}

impl Name {
    fn of(subject: &str) -> Option<Self> {
        let words: Vec<&str> = subject.split_whitespace().collect();
        let [generation, engine, driver, place] = words[..] else {
            return None;
        };
        let [generation, engine, driver, place] =
            [generation, engine, driver, place].map(str::to_owned);
        Some(Self {
            generation,
            engine,
            driver,
            place,
        })
    }

    pub(crate) fn words(&self) -> [&str; 4] {
        [&self.generation, &self.engine, &self.driver, &self.place]
    }

    /// Whether the engine chooses.
    pub(crate) fn is_automatic(&self) -> bool {
        self.driver.starts_with(AUTOMATIC)
    }

    /// Whether the engine took what it was asked for, or its first choice.
    fn is_met_by(&self, chosen: &str) -> bool {
        if self.is_automatic() {
            // Older daemons ask first for the driver of the file system itself.
            return FIRST_CHOICES.contains(&chosen) || self.place == chosen;
        }
        let asked = self.driver.strip_prefix(SNAPSHOTTER);
        asked.unwrap_or(&self.driver) == chosen || CALLED.contains(&(&self.driver, chosen))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}

impl Class {
    pub(crate) const ALL: [Self; 10] = [
        Self::Works,
        Self::Deviates,
        Self::FallsBack,
        Self::Another,
        Self::Late,
        Self::Refused,
        Self::Unfinished,
        Self::NotOnKernel,
        Self::NotWithoutRoot,
        Self::NotMade,
    ];

    /// The name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Deviates => "deviates",
            Self::FallsBack => "falls back",
            Self::Another => "another driver",
            Self::Late => "late failure",
            Self::Refused => "refused",
            Self::Unfinished => "not finished",
            Self::NotOnKernel => "not on this kernel",
            Self::NotWithoutRoot => "not without root",
            Self::NotMade => "not made",
        }
    }

    /// The driver that was meant works there.
    pub(crate) fn fits(self) -> bool {
        matches!(self, Self::Works | Self::Deviates)
    }

    /// It also does what POSIX asks: nothing is wrong in silence.
    pub(crate) fn is_faithful(self) -> bool {
        self == Self::Works
    }

    /// Nothing works there with this driver.
    pub(crate) fn fails(self) -> bool {
        matches!(self, Self::Late | Self::Refused)
    }

    /// It was tried until something could be said of it.
    pub(crate) fn is_told(self) -> bool {
        self <= Self::Refused
    }
}

impl Cell {
    fn of(name: Name, rows: &[&Trial]) -> Self {
        let row = |step: &str| rows.iter().rev().find(|row| row.step == step);
        let failed = rows.iter().find(|row| row.outcome == FAILED);
        let chosen = row(DRIVER).filter(|row| row.outcome != FAILED);
        let met = chosen.is_none_or(|row| name.is_met_by(&row.outcome));
        let deviates = row(POSIX).filter(|row| row.outcome == DEVIATES);
        let class = match (row(PLACE), failed) {
            (Some(place), _) if place.outcome != OK => no_place(&place.outcome),
            (_, Some(failed)) if failed.step == STARTS => Class::Refused,
            (_, Some(_)) => Class::Late,
            _ if row(DISK).is_none() => Class::Unfinished,
            _ if !met && name.is_automatic() => Class::FallsBack,
            _ if !met => Class::Another,
            _ if deviates.is_some() => Class::Deviates,
            _ => Class::Works,
        };
        let step = match class {
            Class::Late | Class::Refused => failed.map(|row| row.step.clone()),
            Class::Unfinished => rows.last().map(|row| row.step.clone()),
            _ => None,
        };
        // What an engine says of a driver that it did not take it says when it starts.
        let telling = match class {
            Class::Late | Class::Refused => failed,
            Class::FallsBack | Class::Another => row(STARTS),
            Class::NotOnKernel | Class::NotWithoutRoot | Class::NotMade => row(PLACE),
            _ => None,
        };
        Self {
            class,
            step,
            chosen: chosen.map(|row| row.outcome.clone()),
            backing: chosen.map_or_else(String::new, |row| row.reason.clone()),
            words: telling.map_or_else(String::new, |row| row.reason.clone()),
            deviations: deviates.map_or_else(Vec::new, |row| lines(&row.reason).collect()),
            disk_bytes: row(DISK).and_then(|row| row.bytes),
            otherwise: Vec::new(),
            name,
        }
    }

    /// The most exact of what is known of its words, and the line that says it; else the first line.
    pub(crate) fn known(&self) -> (Option<&'static Fingerprint>, &str) {
        match explain(&self.words).first() {
            Some(found) => (Some(found.fingerprint), found.line),
            None => (None, self.words.split(" | ").next().unwrap_or_default()),
        }
    }
}

fn no_place(outcome: &str) -> Class {
    let known = NO_PLACE.iter().find(|(words, _)| *words == outcome);
    known.map_or(Class::NotMade, |(_, class)| *class)
}

fn lines(reason: &str) -> impl Iterator<Item = String> {
    let lines = reason.split(" | ").map(|line| line.trim().to_owned());
    lines.filter(|line| !line.is_empty())
}

/// The cells, and the subjects that are none. A cell that was tried again, as a resumed run does, is
/// what its last try came to that reached an end; what others came to is kept beside it.
pub(super) fn cells(trials: &[Trial]) -> (Vec<Cell>, Vec<String>) {
    let mut tries: Vec<(Name, Vec<Vec<&Trial>>)> = Vec::new();
    let mut strangers: Vec<String> = Vec::new();
    for row in rows(trials, MATRIX) {
        let Some(name) = Name::of(&row.subject) else {
            if !strangers.contains(&row.subject) {
                strangers.push(row.subject.clone());
            }
            continue;
        };
        let index = tries.iter().position(|(known, _)| *known == name);
        let index = index.unwrap_or_else(|| {
            tries.push((name, Vec::new()));
            tries.len() - 1
        });
        let of_cell = &mut tries[index].1;
        match of_cell.last_mut() {
            Some(last) if row.step != PLACE && last[0].session == row.session => last.push(row),
            _ => of_cell.push(vec![row]),
        }
    }
    let cell = |(name, tries): (Name, Vec<Vec<&Trial>>)| {
        let mut all: Vec<Cell> = tries
            .iter()
            .map(|rows| Cell::of(name.clone(), rows))
            .collect();
        let ended = all.iter().rposition(|cell| cell.class != Class::Unfinished);
        let mut decisive = all.remove(ended.unwrap_or(all.len() - 1));
        all.retain(|other| other.class != decisive.class && other.class != Class::Unfinished);
        decisive.otherwise = all.into_iter().map(|other| other.class).collect();
        decisive
    };
    (tries.into_iter().map(cell).collect(), strangers)
}

impl super::Matrix {
    /// Known ones first, the most frequent of them first.
    pub(crate) fn failures(&self) -> Vec<Failures<'_>> {
        let mut groups: Vec<Failures> = Vec::new();
        for cell in &self.cells {
            let (fingerprint, words) = cell.known();
            let is_one = cell.class.fails()
                || (matches!(cell.class, Class::FallsBack | Class::Another) && !words.is_empty());
            if !is_one {
                continue;
            }
            let same = |group: &&mut Failures| match (group.fingerprint, fingerprint) {
                (Some(one), Some(other)) => one.id == other.id,
                // Of unknown words each has a row of its own.
                (None, None) => group.words == words,
                _ => false,
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.cells.push(cell),
                None => groups.push(Failures {
                    fingerprint,
                    cells: vec![cell],
                    words,
                }),
            }
        }
        groups.sort_by_key(|group| {
            let count = std::cmp::Reverse(group.cells.len());
            (group.fingerprint.is_none(), count)
        });
        groups
    }
}

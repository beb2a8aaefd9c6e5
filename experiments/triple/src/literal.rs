//! The tutorial's own line for level 3, and what takes it apart.
//!
//! In a Podman at level 1 it starts a Podman at level 2, which starts `alpine` at level 3: both are
//! gone afterwards, so that level 2 begins with an empty store each time. The published image
//! declares a volume for its store, and so has one here, without a name.

use std::time::Duration;

use lab::{Agent, Engine, Lab, Layer, Nest, Spawned};
use measure::Part;
use miette::Result;

/// What the line is held against: the same start where all engines and images are ready.
pub(crate) const PREPARED: &str = "start-podman-podman-podman";

/// One way of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// As the tutorial has it, no image there.
    Whole,
    /// With the image of level 2 there.
    OuterThere,
    /// With a store for level 2 that has `alpine`.
    BothThere,
    /// Only the container at level 2, with nothing to do.
    EngineOnly,
    /// The same, its Podman listing the volumes of a new store.
    StoreNew,
    /// The same with a store that is there.
    StoreThere,
}

const RUN: &[&str] = &["podman", "run", "--privileged", "--rm"];
const IMAGE: &str = "quay.io/podman/stable";
const HELD: &[&str] = &["--volume", "held:/var/lib/containers"];
const INNER: &[&str] = &["podman", "run", "--rm", "alpine", "echo", "nivel 3"];
const LIST: &[&str] = &["podman", "volume", "ls", "--quiet"];

const FETCH: &str = "podman image exists quay.io/podman/stable || \
                     podman pull --quiet quay.io/podman/stable";

/// What only prepares a sample may take so long.
const PREPARATION: Duration = Duration::from_secs(60);

impl Line {
    pub(crate) const ALL: [Self; 6] = [
        Self::Whole,
        Self::OuterThere,
        Self::BothThere,
        Self::EngineOnly,
        Self::StoreNew,
        Self::StoreThere,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Whole => "literal",
            Self::OuterThere => "literal-outer-there",
            Self::BothThere => "literal-both-there",
            Self::EngineOnly => "engine-only",
            Self::StoreNew => "store-new",
            Self::StoreThere => "store-there",
        }
    }

    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Whole => "the tutorial's line for level 3, its images pulled anew",
            Self::OuterThere => "the same, with the image of level 2 there",
            Self::BothThere => "the same, with a store for level 2 that has alpine",
            Self::EngineOnly => "only the container at level 2, with a store and nothing to do",
            Self::StoreNew => "the same, its Podman listing the volumes of a new store",
            Self::StoreThere => "the same, with the store that is there",
        }
    }

    pub(crate) const fn level(self) -> u8 {
        match self {
            Self::Whole | Self::OuterThere | Self::BothThere => 3,
            Self::EngineOnly | Self::StoreNew | Self::StoreThere => 2,
        }
    }

    /// The command at level 1.
    pub(crate) fn argv(self) -> Vec<&'static str> {
        let (store, work): (&[&str], &[&str]) = match self {
            Self::Whole | Self::OuterThere => (&[], INNER),
            Self::BothThere => (HELD, INNER),
            Self::EngineOnly => (HELD, &["true"]),
            Self::StoreNew => (&[], LIST),
            Self::StoreThere => (HELD, LIST),
        };
        [RUN, store, &[IMAGE], work].concat()
    }

    /// What it must end its output with.
    pub(crate) const fn prints(self) -> &'static str {
        match self.level() {
            3 => "nivel 3\n",
            _ => "",
        }
    }
}

/// Where the line is typed: the Podman at level 1, with no image in it.
pub(crate) struct Bench<'lab> {
    pub(crate) nest: Nest<'lab>,
    beside: Agent,
}

impl<'lab> Bench<'lab> {
    pub(crate) fn new(lab: &'lab Lab) -> Result<Self> {
        let nest = lab.nest(&[Layer::own(Engine::Podman), Layer::own(Engine::Podman)])?;
        let fill = [RUN, HELD, &[IMAGE], &["podman", "pull", "--quiet", "alpine"]].concat();
        nest.innermost().output(&fill)?;
        // A layer of it is one of level 2's image.
        nest.innermost().output(&["podman", "rmi", "alpine"])?;
        let beside = nest.innermost().agent()?;
        Ok(Self { nest, beside })
    }

    /// Brings the store of level 1 into the state that the line begins with. What the command said
    /// tells whether it is.
    pub(crate) fn prepare(&mut self, line: Line) -> Result<Spawned> {
        let argv: &[&str] = match line {
            Line::Whole => &["podman", "rmi", "--force", "--ignore", IMAGE],
            _ => &["sh", "-c", FETCH],
        };
        self.beside.spawn(argv, PREPARATION)
    }
}

const fn part(
    of: &'static str,
    due: &'static str,
    plus: &'static [&'static str],
    minus: &'static [&'static str],
    about: &'static str,
) -> Part {
    Part { of, due, plus, minus, about }
}

/// Where the line's time goes, of the contrast of this name: what each step adds to the one before.
pub(crate) fn parts(of: &'static str) -> [Part; 5] {
    const WHOLE: &str = Line::Whole.name();
    const OUTER: &str = Line::OuterThere.name();
    const BOTH: &str = Line::BothThere.name();
    const ENGINE: &str = Line::EngineOnly.name();
    const NEW: &str = Line::StoreNew.name();
    const THERE: &str = Line::StoreThere.name();
    [
        part(of, "outer pull", &[WHOLE], &[OUTER], "the image of level 2 is fetched, or is there"),
        part(
            of,
            "inner pull",
            &[OUTER, THERE],
            &[BOTH, NEW],
            "alpine is fetched at level 2, or is there; less the set-up of a store",
        ),
        part(
            of,
            "storage set-up",
            &[NEW],
            &[THERE],
            "a new volume and Podman's first command on it, against one that is there",
        ),
        part(of, "level 2's container", &[ENGINE], &[], "which the prepared way has already"),
        part(
            of,
            "level 3's container",
            &[BOTH],
            &[ENGINE, PREPARED],
            "opened store and start in the line, against the start of the prepared way, one hop more",
        ),
    ]
}

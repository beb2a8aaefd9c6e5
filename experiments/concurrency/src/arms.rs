//! The arms as data: so many starts at once, at each set-up.

use std::fmt;

use facts::STARTUP;
use facts::Text;
use lab::{Engine, Layer};
use measure::{Arm, Contrast, DefaultBlocks, Experiment, Observer};

/// An engine, and where it is.
#[derive(Debug)]
pub(crate) struct SetUp {
    pub(crate) name: &'static str,
    pub(crate) chain: &'static [Layer],
    /// How many container boundaries are around what is started.
    level: u8,
    pub(crate) about: Text,
}

const DOCKER: Layer = Layer::own(Engine::Docker);
const PODMAN: Layer = Layer::own(Engine::Podman);

pub(crate) static SET_UPS: [SetUp; 5] = [
    set_up("docker", &[DOCKER], 1, "Docker", "Docker"),
    set_up("dind", &[DOCKER, DOCKER], 2, "Docker in Docker", "Docker en Docker"),
    set_up("dood", &[DOCKER, Layer::mounted_socket()], 1, "a mounted socket", "un socket montado"),
    set_up("podman", &[PODMAN], 1, "Podman", "Podman"),
    set_up("podman-nested", &[PODMAN, PODMAN], 2, "Podman in Podman", "Podman en Podman"),
];

const fn set_up(
    name: &'static str,
    chain: &'static [Layer],
    level: u8,
    english: &'static str,
    spanish: &'static str,
) -> SetUp {
    SetUp { name, chain, level, about: Text::new(english, spanish) }
}

/// How many at once.
pub(crate) const COUNTS: [usize; 5] = [1, 2, 4, 8, CROWD];
pub(crate) const CROWD: usize = 16;
/// What a quick run has of them.
const QUICK: [usize; 2] = [1, 8];

/// Each start's own time is looked at so many times, in rows of this table.
pub(crate) const ROUNDS: u32 = 3;
pub(crate) const TABLE: &str = "starts";

/// So many starts at once at a set-up; `dind-8`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Burst {
    pub(crate) set_up: &'static SetUp,
    pub(crate) starts: usize,
}

impl fmt::Display for Burst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.set_up.name, self.starts)
    }
}

impl Burst {
    pub(crate) fn of(arm: &str) -> Option<Self> {
        Self::all().find(|burst| burst.to_string() == arm)
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let of = |set_up| COUNTS.into_iter().map(move |starts| Self { set_up, starts });
        SET_UPS.iter().flat_map(of)
    }
}

fn forever(text: String) -> &'static str {
    text.leak()
}

pub(crate) fn experiment() -> Experiment {
    let arm = |burst: Burst| Arm {
        name: forever(burst.to_string()),
        metric: STARTUP.name(),
        method: "",
        observer: Observer::Outside,
        level: burst.set_up.level,
        operations: 1,
        detail: !QUICK.contains(&burst.starts),
        about: forever(match burst.starts {
            1 => format!("one start next to {}", burst.set_up.about.en),
            many => format!("{many} starts at once next to {}, to the last", burst.set_up.about.en),
        }),
    };
    let mut contrasts = Vec::new();
    for burst in Burst::all() {
        let of = |name: &str, starts: usize| format!("{name}-{starts}");
        let name = burst.set_up.name;
        let mut ratio = |below: String, primary: bool, about| {
            let above = of(name, burst.starts);
            contrasts.push(Contrast::between(&above, &below, primary, about));
        };
        if burst.starts > 1 {
            let primary = burst.starts == 8 && burst.set_up.chain.len() == 1;
            ratio(of(name, 1), primary, "what so many cost, in units of one");
        }
        let outer = match name {
            "dind" | "dood" => "docker",
            "podman-nested" => "podman",
            _ => continue,
        };
        ratio(
            of(outer, burst.starts),
            burst.starts == 8,
            "the same, against next to the outer engine",
        );
    }
    Experiment {
        name: env!("CARGO_PKG_NAME"),
        arms: Burst::all().map(arm).collect::<Vec<_>>().leak(),
        contrasts: contrasts.leak(),
        parts: &[],
        series: &[],
        blocks: DefaultBlocks::USUAL,
        settled_ms: bench::SETTLED_MS,
    }
}

//! A synthetic run whose arms have levels, and one that has only trials.

use std::path::Path;

use facts::{CPU, STARTUP, SYSCALL};
use measure::{Arm, Contrast, Experiment, Observer, SampleError, Series, Trial};

use synthetic::take;

use crate::support::arm;

/// Chains of three, and what a start takes at each level, in ms.
const CHAINS: [(&[&str], [u64; 3]); 4] = [
    // The same time a level.
    (&["docker", "docker-docker", "docker-docker-docker"], [300, 400, 500]),
    // The same factor a level.
    (&["podman", "podman-podman", "podman-podman-podman"], [160, 240, 360]),
    (&["podman", "podman-matched", "podman-matched-matched"], [160, 300, 440]),
    // A jump.
    (&["docker", "docker-podman", "docker-podman-docker"], [300, 360, 900]),
];

/// What the tests make lives as long as they do.
fn forever(text: String) -> &'static str {
    text.leak()
}

fn list<T>(items: Vec<T>) -> &'static [T] {
    items.leak()
}

/// Arms with their times in ns, and everything else that is declared.
pub(crate) struct Nested {
    pub(crate) experiment: Experiment,
    times: Vec<(&'static str, u64)>,
    /// A sample that takes ten times as long: of which arm, and which of its samples.
    pub(crate) long: Option<(&'static str, u64)>,
}

impl Nested {
    pub(crate) fn new() -> Self {
        let mut arms: Vec<Arm> = Vec::new();
        let mut times = Vec::new();
        let mut add = |name: &str, metric, observer, level: usize, ns: u64| {
            if arms.iter().any(|arm| arm.name == name) {
                return;
            }
            let name = forever(name.to_owned());
            arms.push(Arm {
                observer,
                operations: if metric == SYSCALL.name() { 1_000 } else { 1 },
                ..arm(metric, name, "", u8::try_from(level).expect("a level"))
            });
            times.push((name, ns));
        };
        let (outside, own) = (Observer::Outside, Observer::OwnClock);
        for (chain, starts) in CHAINS {
            for ((place, level), ms) in chain.iter().zip(1..).zip(starts) {
                let (name, ns) = (format!("start-{place}"), ms * 1_000_000);
                add(&name, STARTUP.name(), outside, level, ns);
                let name = format!("sha256-{place}");
                add(&name, CPU.name(), own, level, 310_000_000);
                let name = format!("getppid-{place}");
                add(&name, SYSCALL.name(), own, level, 250_000);
            }
        }
        Self {
            experiment: Experiment {
                name: "test",
                arms: list(arms),
                contrasts: contrasts(),
                parts: &[],
                series: series(),
                blocks: measure::DefaultBlocks::USUAL,
                settled_ms: 0,
            },
            times,
            long: None,
        }
    }

    /// A time around that of the arm: a factor that all arms of a block share, and noise. Of a
    /// third level it is above in one block and below in the next, so that no interval misses by
    /// chance; of the others it is next to nothing.
    fn sample(&self, arm: &Arm, times: u64) -> u64 {
        let found = self.times.iter().find(|(known, _)| *known == arm.name);
        let is_long = self.long == Some((arm.name, times));
        let ns = found.expect("an arm").1 * if is_long { 10 } else { 1 };
        let salt: u64 = arm.name.bytes().map(u64::from).sum();
        // From 0.2 to 1 per cent.
        let noise = ns * (200 + (times * 7_919 + salt * 31) % 800) / 100_000;
        let shared = ns + ns * (times % 5) / 50;
        match (arm.level, times % 2) {
            (3, 0) => shared + noise,
            (3, _) => shared - noise,
            _ => shared + noise / 20,
        }
    }

    /// Takes a run of it. The closure may refuse a sample.
    pub(crate) fn run(&self, out: &Path, args: &[&str], refuse: impl Fn(&str, u64) -> bool) {
        let session = serde_json::json!({ "stand_ins": ["alpine"] });
        take(out, args, &self.experiment, &session, &[], |arm, times| {
            if refuse(arm.name, times) {
                return Err(SampleError::Sample("no third level".to_owned()));
            }
            Ok(self.sample(arm, times))
        });
    }
}

fn contrasts() -> &'static [Contrast] {
    let contrast = |(chain, _): (&[&str], _)| {
        let [above, below] = [2, 1].map(|index| format!("start-{}", chain[index]));
        Contrast::between(&above, &below, true, "a level more")
    };
    list(CHAINS.map(contrast).to_vec())
}

fn series() -> &'static [Series] {
    let series = |(chain, _): (&[&str], _)| {
        ["start", "sha256", "getppid"].map(|work| {
            let arms = chain.iter().map(|place| forever(format!("{work}-{place}")));
            let arms = list(arms.collect());
            Series { name: arms[2], arms, about: "one more level" }
        })
    };
    list(CHAINS.map(series).concat())
}

/// Takes a run that has only trials.
pub(crate) fn tried(out: &Path, rows: &[Trial]) {
    let session = serde_json::json!({ "stand_ins": [] });
    take(out, &[], &Experiment::of_trials("test"), &session, rows, |_, _| unreachable!("no arm"));
}

//! A synthetic run of the experiment that goes to the third level, and one that goes deeper.

use std::path::Path;

use facts::{CPU, STARTUP};
use measure::{Arm, Contrast, Experiment, Observer, SampleError, Series, Trial};
use synthetic::{session, take, trial};

/// Chains of three, and what a start takes at each level, in ms: outside, and inside.
pub(crate) const CHAINS: [(&[&str], [u64; 3], [u64; 3]); 4] = [
    // The same time a level; the same again.
    (&["docker", "docker-docker", "docker-docker-docker"], [300, 400, 500], [300, 350, 400]),
    // The same factor a level.
    (&["podman", "podman-podman", "podman-podman-podman"], [160, 240, 360], [160, 200, 250]),
    (&["podman", "podman-matched", "podman-matched-matched"], [160, 300, 440], [160, 240, 320]),
    // A jump.
    (&["docker", "docker-podman", "docker-podman-docker"], [300, 360, 900], [300, 330, 720]),
];

/// What the tests make lives as long as they do.
fn forever(text: String) -> &'static str {
    text.leak()
}

fn list<T>(items: Vec<T>) -> &'static [T] {
    items.leak()
}

/// Arms with their times in ns, and everything else that is declared.
pub(crate) struct Triple {
    pub(crate) experiment: Experiment,
    times: Vec<(&'static str, u64)>,
    /// A sample that takes ten times as long: of which arm, and which of its samples.
    pub(crate) long: Option<(&'static str, u64)>,
}

impl Triple {
    pub(crate) fn new() -> Self {
        let mut arms: Vec<Arm> = Vec::new();
        let mut times = Vec::new();
        let mut add = |name: &str, metric, observer, level: usize, ns: u64| {
            if arms.iter().any(|arm| arm.name == name) {
                return;
            }
            let name = forever(name.to_owned());
            arms.push(Arm::new(metric, name, observer, u8::try_from(level).expect("a level"), ""));
            times.push((name, ns));
        };
        let (outside, inside, own) = (Observer::Outside, Observer::Inside, Observer::OwnClock);
        let (startup, cpu) = (STARTUP.name(), CPU.name());
        add("start-bare", startup, outside, 0, 600_000);
        add("start-docker-again", startup, outside, 1, 300_000_000);
        for (chain, starts, starts_inside) in CHAINS {
            for (index, place) in chain.iter().enumerate() {
                let (level, hops) = (index + 1, index as u64 + 1);
                let ms = |ms: u64| ms * 1_000_000;
                add(&format!("start-{place}"), startup, outside, level, ms(starts[index]));
                if level > 1 {
                    let name = format!("start-{place}-inside");
                    add(&name, startup, inside, level, ms(starts_inside[index]));
                }
                add(&format!("hop-{place}"), startup, outside, level, ms(hops * 60));
                add(&format!("sha256-{place}"), cpu, own, level, ms(310));
                let through = format!("sha256-{place}-outside");
                add(&through, cpu, outside, level, ms(310 + hops * 60));
                add(&format!("sha256-{place}-inside"), cpu, inside, level, ms(312));
            }
        }
        Self {
            experiment: Experiment {
                name: "triple",
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
        take(out, args, &self.experiment, &described(), &store(), |arm, times| {
            if refuse(arm.name, times) {
                return Err(SampleError::Sample("no third level".to_owned()));
            }
            Ok(self.sample(arm, times))
        });
    }
}

fn contrasts() -> &'static [Contrast] {
    let mut found = Vec::new();
    let mut add = |above: String, below: String, primary: bool| {
        found.push(Contrast::between(&above, &below, primary, "a level more"));
    };
    for (chain, ..) in CHAINS {
        let [first, second, third] = [0, 1, 2].map(|index: usize| chain[index]);
        let mixed = first == "docker" && second == "docker-podman";
        let inside = |place: &str| format!("start-{place}-inside");
        add(inside(third), inside(second), !mixed);
        for work in ["start", "sha256"] {
            add(format!("{work}-{third}"), format!("{work}-{second}"), false);
            add(format!("{work}-{second}"), format!("{work}-{first}"), false);
        }
    }
    add("start-docker-again".to_owned(), "start-docker".to_owned(), false);
    list(found)
}

fn series() -> &'static [Series] {
    let mut found = Vec::new();
    for (chain, ..) in CHAINS {
        let mut add = |of: &dyn Fn(&str) -> String| {
            let arms: Vec<&'static str> = chain.iter().map(|place| forever(of(place))).collect();
            found.push(Series { name: arms[2], arms: list(arms), about: "one more level" });
        };
        add(&|place| format!("start-{place}"));
        add(&|place| {
            let inside = if place.contains('-') { "-inside" } else { "" };
            format!("start-{place}{inside}")
        });
        add(&|place| format!("sha256-{place}"));
        add(&|place| format!("sha256-{place}-outside"));
    }
    list(found)
}

fn described() -> serde_json::Value {
    serde_json::json!({ "stand_ins": ["alpine"], "nests": session()["nests"] })
}

/// What the default run tries beside its samples.
fn store() -> Vec<Trial> {
    let mut rows = Vec::new();
    for (index, way) in (1..).zip(["pull, docker", "load, docker", "additional store, podman"]) {
        for (step, cold) in [("level 2 cold", 4), ("level 2 warm", 1), ("level 3 cold", 5)] {
            rows.push(Trial {
                wall_ns: Some(index * cold * 500_000_000),
                bytes: Some(index * cold * 1_500_000),
                ..trial("store", way, step, "works")
            });
            rows.push(Trial { bytes: Some(cold * 800_000), ..trial("pulled", way, step, "works") });
        }
    }
    rows
}

/// How a depth run ends on its volumes: the deepest level, and the words of what refuses the next.
pub(crate) const CLONE: (u32, &str) = (31, "clone: no space left on device");
pub(crate) const OVERLAY: &str = "overlayfs: maximum fs stacking depth exceeded";

/// What a depth run tries that ends so.
pub(crate) fn depths((deepest, words): (u32, &str)) -> Vec<Trial> {
    let mut rows = Vec::new();
    for (engine, ms) in [("docker", 1_800), ("podman", 600), ("podman-matched", 900)] {
        for (place, deepest, words) in [
            ("a volume", deepest, words),
            ("the container's layer", 1, OVERLAY),
            ("tmpfs", deepest / 2, ""),
        ] {
            rows.extend(depth(&format!("{engine} on {place}"), deepest, ms));
            if !words.is_empty() {
                rows.push(refused(&format!("{engine} on {place}"), deepest + 1, words));
            }
        }
    }
    for (name, from, value) in [
        ("PID namespaces within each other", "the kernel", "32"),
        ("overlay mounts on overlay mounts", "the kernel", "3"),
        ("max_mnt_namespaces", "/proc/sys/user", "62845"),
    ] {
        rows.push(trial("limits", name, from, value));
    }
    rows
}

/// Levels that work, each 40 ms slower than the one before.
pub(crate) fn depth(subject: &str, deepest: u32, ms: u64) -> Vec<Trial> {
    let level = |level: u32| {
        let wall_ns = Some((ms + u64::from(level) * 40) * 1_000_000);
        let up = Trial {
            wall_ns,
            bytes: Some(40_000_000 + u64::from(level) * 10_000),
            ..trial("depth", subject, &level.to_string(), "works")
        };
        let start = Trial {
            wall_ns: wall_ns.map(|ns| ns / 4),
            ..trial("depth-start", subject, &level.to_string(), "works")
        };
        [up, start]
    };
    (1..=deepest).flat_map(level).collect()
}

pub(crate) fn refused(subject: &str, level: u32, words: &str) -> Trial {
    Trial { reason: words.to_owned(), ..trial("depth", subject, &level.to_string(), "refused") }
}

/// Takes a run that has only trials; each session tries all of them.
pub(crate) fn tried(out: &Path, rows: &[Trial], sessions: &str) {
    let experiment = Experiment::of_trials("triple");
    let none = |_: &Arm, _| unreachable!("no arm");
    take(out, &["--sessions", sessions], &experiment, &described(), rows, none);
}

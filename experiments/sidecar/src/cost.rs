//! What each pattern costs: until its engine answers, a first job, the next one; and what a plugin
//! adds to one call.

use std::time::Duration;

use bench::once::error_chain;
use facts::{JOB, Metric, STARTUP, Unit};
use lab::Agent;
use measure::{Arm, Contrast, DefaultBlocks, Experiment, Observer, Reading, SampleError, Trial};
use miette::Result;

use crate::look::resident_bytes;
use crate::node::{Node, POD_NETWORK, Pod, as_it_is};
use crate::pattern::{PATTERNS, Pattern};
use crate::plugin::Plugin;
use crate::words::{MEMORY, Word, row};

pub(crate) const NAME: &str = "sidecar";

/// What is timed of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Start,
    First,
    Again,
}

/// Time of one call of an engine's API by its client.
pub(crate) static CALL: Metric = Metric::new(
    "call",
    Unit::Milliseconds,
    ["One call of an engine's API", "Una llamada a la API de un motor"],
);

/// A part, how its arm is called, what it is, whether a quick run takes it, and its name for readers.
pub(crate) struct Timed {
    part: Part,
    pub(crate) name: &'static str,
    pub(crate) metric: &'static str,
    is_quick: bool,
    about: &'static str,
    pub(crate) title: [&'static str; 2],
}

pub(crate) const TIMES: [Timed; 3] = [
    Timed {
        part: Part::Start,
        name: "start",
        metric: STARTUP.name(),
        is_quick: true,
        about: "from `podman kube play` until the agent's engine answers",
        title: ["start-up", "arranque"],
    },
    Timed {
        part: Part::First,
        name: "first",
        metric: JOB.name(),
        is_quick: false,
        about: "a job, the first one of its pod",
        title: ["first job", "primer trabajo"],
    },
    Timed {
        part: Part::Again,
        name: AGAIN,
        metric: JOB.name(),
        is_quick: false,
        about: "a job, after others of the same pod",
        title: ["next job", "trabajo siguiente"],
    },
];
pub(crate) const AGAIN: &str = "again";

impl Timed {
    /// The arm of a pattern.
    pub(crate) fn arm(&self, pattern: &Pattern) -> String {
        format!("{}-{}", pattern.name, self.name)
    }
}

/// Patterns of a quick run.
pub(crate) const QUICK: [&str; 3] = ["dind", "dood", "sidecar"];

/// The arms that differ by the plugin alone.
pub(crate) const PS: [(&str, &str); 2] = [
    ("ps-open", "`docker ps`, of an engine without a plugin"),
    ("ps-plugin", "`docker ps`, of an engine that asks the plugin"),
];

/// What is asked of these times. The others are beside it.
const PRIMARY: [(&str, &str); 6] = [
    ("dind-again", "dood-again"),
    ("sidecar-again", "dood-again"),
    ("sidecar-first", "dood-first"),
    ("sidecar-start", "dood-start"),
    ("daemonless-again", "dood-again"),
    ("ps-plugin", "ps-open"),
];

const BESIDES: [(&str, &str); 5] = [
    ("dind-start", "dood-start"),
    ("dind-first", "dood-first"),
    ("sidecar-open-again", "dood-again"),
    ("sidecar-again", "sidecar-open-again"),
    ("daemonless-first", "dood-first"),
];

/// The arms of these patterns.
pub(crate) fn experiment(patterns: &[&'static Pattern]) -> Experiment {
    let mut arms = Vec::new();
    for pattern in PATTERNS {
        for timed in TIMES {
            if !pattern.is_priced || !patterns.iter().any(|wanted| wanted.name == pattern.name) {
                continue;
            }
            let name: &'static str = timed.arm(pattern).leak();
            arms.push(Arm {
                name,
                metric: timed.metric,
                method: "",
                observer: Observer::Outside,
                level: 1,
                operations: 1,
                detail: !timed.is_quick || !QUICK.contains(&pattern.name),
                about: timed.about,
            });
        }
    }
    arms.extend(PS.map(|(name, about)| Arm::new(CALL.name(), name, Observer::Inside, 1, about)));
    let is_there = |name: &str| arms.iter().any(|arm| arm.name == name);
    let mut contrasts = Vec::new();
    for (pairs, primary) in [(&PRIMARY[..], true), (&BESIDES[..], false)] {
        let pairs = pairs.iter().filter(|(above, below)| is_there(above) && is_there(below));
        let about = "how long it takes, in units of the other";
        contrasts
            .extend(pairs.map(|(above, below)| Contrast::between(above, below, primary, about)));
    }
    Experiment {
        name: NAME,
        arms: arms.leak(),
        contrasts: contrasts.leak(),
        parts: &[],
        series: &[],
        blocks: DefaultBlocks::USUAL,
        settled_ms: bench::SETTLED_MS,
    }
}

/// When a job is given up.
const DEADLINE: Duration = Duration::from_secs(120);

/// Everything that samples are taken with.
pub(crate) struct Costs<'node> {
    node: &'node Node,
    /// Holds the clock, at level 0.
    clock: Agent,
    /// Pods whose jobs find what the one before has left.
    warm: Vec<Pod<'node>>,
    plugin: Plugin<'node>,
    /// Told after the measuring, so that nothing is written within it.
    memory: Vec<Trial>,
    jobs: u32,
}

impl<'node> Costs<'node> {
    pub(crate) fn set_up(
        node: &'node Node,
        plugin: Plugin<'node>,
        arms: &[&'static Arm],
    ) -> Result<Self> {
        // Podman makes a network's bridge and rules for the first pod on it. A node has others as a
        // rule; here a pod's start must not depend on which of the patterns are in the run.
        let level = node.level();
        level.output(&["podman", "network", "create", "--ignore", POD_NETWORK])?;
        let network = format!("--network={POD_NETWORK}");
        let stays = ["podman", "run", "--detach", &network, "alpine", "sleep", "infinity"];
        level.output(&stays)?;
        let mut warm = Vec::new();
        for pattern in PATTERNS {
            let wanted = |part: &str| {
                let name = format!("{}-{part}", pattern.name);
                arms.iter().any(|arm| arm.name == name)
            };
            // The node's engine has what the patterns' jobs before have fetched; so that it is the
            // same in each session, also for who asks for its first job only.
            if wanted(AGAIN) || (pattern.engine.is_none() && wanted("first")) {
                let pod = node.play(pattern, "-warm", as_it_is)?;
                pod.ready()?;
                pod.ask(&["job", "before"])?;
                warm.push(pod);
            }
        }
        Ok(Self { node, clock: node.level().agent()?, warm, plugin, memory: Vec::new(), jobs: 0 })
    }

    /// One sample.
    pub(crate) fn take(&mut self, arm: &Arm) -> Result<Reading, SampleError> {
        // Until the last pod is gone; those that a sample begins with are not there yet.
        self.node.lab.rest();
        if PS.iter().any(|(name, _)| *name == arm.name) {
            return self.plugin.ps(arm.name == "ps-plugin");
        }
        for pattern in PATTERNS {
            for timed in TIMES {
                if arm.name == timed.arm(pattern) {
                    return self.take_part(pattern, timed.part);
                }
            }
        }
        Err(SampleError::Fatal("no such arm".to_owned()))
    }

    fn take_part(&mut self, pattern: &'static Pattern, part: Part) -> Result<Reading, SampleError> {
        self.jobs += 1;
        let text = format!("job-{}", self.jobs);
        let lab = &self.node.lab;
        let failed = |report| bench::sample_error(lab.agent_error(error_chain(&report)));
        match part {
            Part::Start => {
                let pod = self.node.prepare(pattern, "-fresh", as_it_is).map_err(failed)?;
                let mut argv = vec!["sh".to_owned(), "-c".to_owned(), START.to_owned()];
                argv.extend(["sh".to_owned(), pod.file.clone()]);
                argv.extend(pod.asked(&["ready"]));
                self.timed(&argv)
            }
            Part::First => {
                let pod = self.node.play(pattern, "-fresh", as_it_is).map_err(failed)?;
                pod.ready().map_err(failed)?;
                let reading = self.timed(&pod.asked(&["job", &text]))?;
                // By its control group.
                let is_there = lab.has_cgroup();
                let bytes = is_there.then(|| resident_bytes(&pod)).transpose().map_err(failed)?;
                self.remember(pattern, bytes);
                Ok(reading)
            }
            Part::Again => {
                let pod = self.warm.iter().find(|pod| pod.pattern.name == pattern.name);
                let pod = pod.ok_or_else(|| SampleError::Fatal("no warm pod".to_owned()))?;
                let argv = pod.asked(&["job", &text]);
                self.timed(&argv)
            }
        }
    }

    fn timed(&mut self, argv: &[String]) -> Result<Reading, SampleError> {
        let spawned = self.clock.spawn(argv, DEADLINE);
        let spawned = self.node.lab.check(spawned, |spawned| {
            let good = spawned.succeeded();
            good.then_some(()).ok_or_else(|| spawned.complaint())
        });
        let spawned = spawned.map_err(bench::sample_error)?;
        Ok(Reading {
            wall_ns: spawned.wall_ns,
            // The engine's work is not the client's.
            cpu_ns: None,
            whole_cpu_ns: None,
        })
    }

    fn remember(&mut self, pattern: &Pattern, bytes: Option<u64>) {
        let before = self.memory.iter().filter(|row| row.subject == pattern.name);
        let step = (before.count() + 1).to_string();
        let (outcome, why) = match bytes {
            Some(_) => (Word::Ok, ""),
            None => (Word::NotSeen, "the pod has no control group of its own"),
        };
        self.memory.push(Trial { bytes, ..row(MEMORY, pattern.name, &step, outcome, why) });
    }

    /// What pods had in memory, each after its first job.
    pub(crate) fn into_memory(self) -> Vec<Trial> {
        self.memory
    }
}

/// Plays a manifest and waits until the agent can do a job.
const START: &str = r#"podman kube play "$1" > /dev/null && shift && exec "$@""#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_is_there() {
        let experiment = experiment(&PATTERNS);
        let is_there = |name: &str| experiment.arms.iter().any(|arm| arm.name == name);
        for (above, below) in PRIMARY.iter().chain(&BESIDES) {
            assert!(is_there(above) && is_there(below), "{above}/{below}");
        }
    }
}

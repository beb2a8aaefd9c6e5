//! The arms, made of the chains that are asked for: `WHAT-PLACE`, and who holds the clock where
//! that is not the first thing one thinks of (`-inside`, `-outside`).

use std::collections::BTreeSet;

use facts::{CPU, STARTUP, SYSCALL};
use lab::Operation;
use measure::{Arm, Contrast, DefaultBlocks, Experiment, Observer, Part, Series};

use crate::chain::Chain;
use crate::literal::{Line, PREPARED};

/// The chains of a run that names none. A quick run takes those that are marked.
pub(crate) const CHAINS: &[(&str, bool)] = &[
    ("docker/docker/docker", true),
    ("podman/podman/podman", true),
    ("podman/matched/matched", false),
    ("docker/podman/docker", false),
];

/// Fewer levels are nothing to hold a prediction against (rule 8).
const LEVELS: usize = 3;

/// What one sample does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Work {
    /// A container of the place's innermost engine; at level 0 the program alone.
    Start,
    /// Nothing, in a container that runs there.
    Hop,
    /// The probe's SHA-256, by its own clock.
    Hash,
    /// Busybox's SHA-256 of the same input, by who waits for it.
    Pipe,
    /// Something of the kernel, so many times.
    Operate(Operation),
    /// A part of the tutorial's literal line.
    Literal(Line),
}

/// One arm with what it takes to sample it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) work: Work,
    pub(crate) place: &'static str,
}

/// An experiment made of chains.
pub(crate) struct Declared {
    pub(crate) experiment: Experiment,
    pub(crate) rows: &'static [Row],
}

/// What the kernel is asked for, how often in a sample, and in words. Numbers as in the experiment
/// on system calls: some milliseconds each.
const OPERATIONS: &[(&str, Operation, u32, &str)] = &[
    ("getppid", Operation::Getppid, 15_000, "getppid()"),
    ("urandom", Operation::Urandom, 5_000, "read of 64 bytes of /dev/urandom"),
    ("open-stat", Operation::OpenStat, 500, "stat, open and close of /etc/passwd"),
    ("fork-exec", Operation::ForkExec, 6, "start of a static program, to its end"),
    ("ping-pong", Operation::PingPong, 500, "a byte to another process and back"),
    ("page-fault", Operation::PageFault, 1_280, "first write to a page of memory"),
];

/// Collects declarations. What a program declares lives as long as it does, so texts are leaked
/// once and for all.
#[derive(Default)]
struct Maker {
    arms: Vec<Arm>,
    rows: Vec<Row>,
    contrasts: Vec<Contrast>,
    parts: Vec<Part>,
    series: Vec<Series>,
    known: BTreeSet<&'static str>,
}

fn text(text: impl Into<String>) -> &'static str {
    text.into().leak()
}

/// The arms of these chains; `quick` says of which a quick run takes the starts and the hashes.
pub(crate) fn declare(chains: &[(Chain, bool)]) -> Declared {
    let mut maker = Maker::default();
    for (chain, quick) in chains {
        for level in 0..=chain.levels() {
            maker.place(chain, level, *quick);
        }
    }
    if let Some((first, _)) = chains.first() {
        maker.again(&first.place(1));
    }
    for (chain, _) in chains {
        maker.questions(chain);
    }
    maker.literal();
    Declared {
        experiment: Experiment {
            name: "triple",
            arms: maker.arms.leak(),
            contrasts: maker.contrasts.leak(),
            parts: maker.parts.leak(),
            series: maker.series.leak(),
            blocks: DefaultBlocks { full: 20, primary: 40 },
            settled_ms: bench::SETTLED_MS,
        },
        rows: maker.rows.leak(),
    }
}

impl Maker {
    /// Chains share their outer parts: a place is declared once.
    fn arm(&mut self, arm: Arm, work: Work, place: &'static str) {
        if self.known.insert(arm.name) {
            self.rows.push(Row { name: arm.name, work, place });
            self.arms.push(arm);
        }
    }

    fn place(&mut self, chain: &Chain, level: usize, quick: bool) {
        use Observer::{Inside, Outside, OwnClock};
        let place = text(chain.place(level));
        let about = chain.about(level);
        let depth = u8::try_from(level).unwrap_or(u8::MAX);
        let mut add = |name: String, metric, observer, operations, detail, what: &str, work| {
            let arm = Arm {
                name: text(name),
                metric,
                method: "",
                observer,
                level: depth,
                operations,
                detail,
                about: text(format!("{what}: {about}")),
            };
            self.arm(arm, work, place);
        };
        let (start, inside) = match level {
            0 => ("echo", ""),
            _ => ("start of a container", "the same, next to its engine"),
        };
        let name = format!("start-{place}");
        add(name, STARTUP.name(), Outside, 1, !quick, start, Work::Start);
        if level > 1 {
            let name = format!("start-{place}-inside");
            add(name, STARTUP.name(), Inside, 1, !quick, inside, Work::Start);
        }
        if level > 0 {
            let (name, what) = (format!("hop-{place}"), "exec … true, through all hops");
            add(name, STARTUP.name(), Outside, 1, true, what, Work::Hop);
        }
        let what = "SHA-256 of 50 MiB by the probe";
        let name = format!("sha256-{place}");
        add(name, CPU.name(), OwnClock, 1, !quick, what, Work::Hash);
        let what = "busybox's sha256sum of the same, through all hops";
        let name = format!("sha256-{place}-outside");
        add(name, CPU.name(), Outside, 1, true, what, Work::Pipe);
        if level > 0 {
            let what = "the same, timed in the container";
            let name = format!("sha256-{place}-inside");
            add(name, CPU.name(), Inside, 1, true, what, Work::Pipe);
        }
        for (operation, kind, times, what) in OPERATIONS {
            let (name, work) = (format!("{operation}-{place}"), Work::Operate(*kind));
            add(name, SYSCALL.name(), OwnClock, *times, true, what, work);
        }
    }

    /// The same thing twice under two names (A/A).
    fn again(&mut self, place: &str) {
        let (name, of) = (text(format!("start-{place}-again")), text(format!("start-{place}")));
        let arm = self.arms.iter().find(|arm| arm.name == of).cloned();
        if let Some(arm) = arm {
            let about = "the same under another name (A/A)";
            self.arm(Arm { name, about, ..arm }, Work::Start, text(place));
            self.contrasts.push(Contrast::between(name, of, false, "A/A: should contain 1"));
        }
    }

    /// Each level against the one around it, and what predicts the last one.
    fn questions(&mut self, chain: &Chain) {
        let last = chain.levels();
        let outside = |what: &str, level| format!("{what}-{}", chain.place(level));
        let inside = |level: usize| match level {
            // Next to the engine at level 0 is outside.
            1 => outside("start", 1),
            _ => format!("start-{}-inside", chain.place(level)),
        };
        let hashed = |level| format!("sha256-{}-outside", chain.place(level));
        for level in 2..=last {
            let about = format!("level {level} against level {}", level - 1);
            let primary = level == last && last >= LEVELS;
            self.contrast(&inside(level), &inside(level - 1), &about, primary);
            let (above, below) = (outside("start", level), outside("start", level - 1));
            self.contrast(&above, &below, &format!("{about}, through all hops"), false);
        }
        for level in 1..=last {
            let about = format!("level {level} against level {}", level - 1);
            let (above, below) = (outside("sha256", level), outside("sha256", level - 1));
            self.contrast(&above, &below, &about, false);
        }
        if last < LEVELS || !chain.is_of_one_engine() {
            return;
        }
        let climb = |name: &dyn Fn(usize) -> String| -> Vec<&'static str> {
            (1..=last).map(|level| text(name(level))).collect()
        };
        let mut all: Vec<(Vec<&'static str>, &'static str)> = vec![
            (climb(&inside), "a start, next to its engine"),
            (climb(&|level| outside("start", level)), "a start, through all hops"),
            (climb(&|level| outside("sha256", level)), "SHA-256, by its own clock"),
            (climb(&hashed), "sha256sum, through all hops"),
        ];
        for (operation, _, _, about) in OPERATIONS {
            all.push((climb(&|level| outside(operation, level)), about));
        }
        for (arms, about) in all {
            let name = arms[last - 1];
            if self.series.iter().all(|series| series.name != name) {
                let arms = arms.leak();
                self.series.push(Series { name, arms, about });
            }
        }
    }

    fn contrast(&mut self, above: &str, below: &str, about: &str, primary: bool) {
        let contrast = Contrast::between(above, below, primary, text(about));
        let known = self.contrasts.iter_mut();
        match known.into_iter().find(|known| known.name == contrast.name) {
            // The outer part of one chain may be the whole of another.
            Some(known) => known.primary |= primary,
            None => self.contrasts.push(contrast),
        }
    }

    /// The tutorial's line beside the prepared way, where that is measured.
    fn literal(&mut self) {
        if !self.known.contains(PREPARED) {
            return;
        }
        for line in Line::ALL {
            let arm = Arm {
                name: line.name(),
                metric: STARTUP.name(),
                method: "",
                observer: Observer::Outside,
                level: line.level(),
                operations: 1,
                detail: true,
                about: line.about(),
            };
            self.arm(arm, Work::Literal(line), "podman");
        }
        let whole = Line::Whole.name();
        let about = "the line as the tutorial has it, against engines that are ready";
        let contrast = Contrast::between(whole, PREPARED, false, about);
        self.parts.extend(crate::literal::parts(contrast.name));
        self.contrasts.push(contrast);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(chains: &[&str]) -> Declared {
        let chain = |text: &&str| (text.parse().expect("a chain"), true);
        declare(&chains.iter().map(chain).collect::<Vec<_>>())
    }

    #[test]
    fn chains_share_their_outer_parts() {
        let both = declared(&["docker/docker/docker", "docker/podman/docker"]).experiment;
        let starts = |name: &str| both.arms.iter().filter(|arm| arm.name == name).count();
        assert_eq!(starts("start-docker"), 1);
        assert_eq!(starts("start-docker-podman-docker"), 1);
        // Of a mixed chain no level predicts another.
        let series: Vec<&str> = both.series.iter().map(|series| series.arms[0]).collect();
        assert_eq!(series.iter().filter(|first| **first == "start-docker").count(), 2);
    }

    #[test]
    fn the_last_level_is_the_question() {
        let deep = declared(&["docker/docker/docker/docker"]).experiment;
        let primary = deep.contrasts.iter().filter(|contrast| contrast.primary);
        let primary: Vec<&str> = primary.map(|contrast| contrast.name).collect();
        let (above, below) = ("docker-docker-docker-docker", "docker-docker-docker");
        assert_eq!(primary, [format!("start-{above}-inside/start-{below}-inside")]);
        let series = deep.series.iter().find(|s| s.name.starts_with("sha256"));
        assert_eq!(series.expect("one").arms.len(), 4);
    }

    #[test]
    fn two_levels_hold_nothing_out() {
        let two = declared(&["podman/docker"]).experiment;
        assert!(two.series.is_empty());
        assert!(two.contrasts.iter().all(|contrast| !contrast.primary));
        assert!(two.parts.is_empty());
    }

    #[test]
    fn the_literal_line_goes_with_three_podmans() {
        let with = declared(&["podman/podman/podman"]);
        let literal = |row: &&Row| matches!(row.work, Work::Literal(_));
        assert_eq!(with.rows.iter().filter(literal).count(), Line::ALL.len());
        let due: Vec<&str> = with.experiment.parts.iter().map(|part| part.due).collect();
        assert_eq!(due.len(), 5);
        let without = declared(&["docker/docker/docker"]);
        assert_eq!(without.rows.iter().filter(literal).count(), 0);
    }
}

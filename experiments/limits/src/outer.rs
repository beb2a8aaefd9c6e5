//! The outer container of a set-up: started with its limits, what is inside started and watched.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bench::once::{error_chain, succeeded};
use lab::{Engine, Lab, Level, Nest, Output, patient};
use miette::{Result, miette};

use crate::setup::{Remedy, Setup};

/// What the limited group may have. What is tried is far on the other side of each: [`FILL`] takes half
/// as much again, [`SPAWN`] a third more beside the engine's own, and a busy loop five times as much.
const MEMORY: &str = "400m";
const MEMORY_BYTES: u64 = 400 << 20;
const PROCESSES: u32 = 150;
const PROCESSORS: &str = "0.2";
const PROCESSORS_QUOTA: &str = "20000 100000";
/// More than a busy loop takes: no limit.
const ALL_PROCESSORS: &str = "1";

/// A buffer of 600 MB, filled by blocks: busybox's `head` goes byte by byte.
const FILL: &str = "dd if=/dev/zero bs=1M count=600 2> /dev/null | tail -c 600m | wc -c | \
                    grep 629145600 && echo reached";

/// The shell ends where it can't fork; it says so.
const SPAWN: &str = "i=0; while [ $i -lt 200 ]; do sleep 60 > /dev/null 2>&1 & i=$((i+1)); done; \
                     echo reached";

/// Holds so many bytes in memory, then has a process that is named so, and keeps a processor busy.
pub(crate) const HELD_BYTES: u64 = 150 << 20;
const BUSY: &str = "dd if=/dev/zero bs=1M count=150 2> /dev/null | tail -c 150m | \
                    { dd of=/dev/null bs=1 count=1 2> /dev/null; \
                    exec sh -c 'while :; do sleep 9; done' \"held-$0\"; } & \
                    while :; do :; done";

/// Moves the container's processes to a leaf below its group, of which the first one is a member, and
/// has that group hand its controllers down. New processes can appear between the two steps. With a word
/// more, the container then sees its own group as the root of all.
const LEAF: &str = r#"at=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/1/cgroup)
mkdir -p "$at/leaf" || exit 1
tries=0
until {
    while read -r process; do echo "$process" > "$at/leaf/cgroup.procs"; done < "$at/cgroup.procs"
    sed -e 's/ / +/g' -e 's/^/+/' < "$at/cgroup.controllers" > "$at/cgroup.subtree_control"
} 2> /tmp/why; do
    tries=$((tries + 1))
    if [ "$tries" -ge 100 ]; then
        cat /tmp/why >&2
        exit 1
    fi
done
[ "$1" = leaf ] || mount --bind "$at" /sys/fs/cgroup
"#;

/// How long something may take to be seen.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const PACE: Duration = Duration::from_millis(100);

/// A name that nothing else of this process has.
fn unique(kind: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("{kind}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// An outer container whose limits are set.
pub(crate) struct Outer<'lab> {
    lab: &'lab Lab,
    setup: Setup,
    /// The engine outside and, where there is one, that in the container.
    nest: Nest<'lab>,
    /// Its name.
    container: String,
    /// The container's group, and the one that has the limits, as level 0 names them.
    pub(crate) group: String,
    pub(crate) limited: String,
}

/// A process that keeps a processor busy, in a container that also holds memory.
pub(crate) struct Busy {
    /// Its last word, which is also its container's name, where it has one of its own.
    mark: String,
    /// As level 0 numbers it.
    process: u32,
}

impl<'lab> Outer<'lab> {
    /// Starts it, by the engine outside; an error is that of the set-up.
    pub(crate) fn start(lab: &'lab Lab, mut nest: Nest<'lab>, setup: Setup) -> Result<Self> {
        let engine = setup.pattern.outer();
        let mut flags: Vec<String> = vec![setup.namespace.flag().to_owned()];
        let pod = setup.remedy.has_pod().then(|| unique("/pod"));
        if let Some(pod) = &pod {
            make_pod(&lab.level0(), pod)?;
            flags.push(format!("--cgroup-parent={pod}"));
        } else {
            let (memory, processes) = (MEMORY, PROCESSES);
            flags.push(format!("--memory={memory}"));
            flags.push(format!("--memory-swap={memory}"));
            flags.push(format!("--pids-limit={processes}"));
        }
        let is_ready = Self::begin(&mut nest, setup, flags).and_then(|container| {
            let group = group_of(&lab.level0(), engine, &container)?;
            let limited = pod.clone().unwrap_or_else(|| group.clone());
            Ok((container, group, limited))
        });
        let (container, group, limited) = match is_ready {
            Ok(ready) => ready,
            Err(report) => {
                if let Some(pod) = &pod {
                    let _ = remove_pod(&lab.level0(), pod);
                }
                return Err(report);
            }
        };
        Ok(Self { lab, setup, nest, container, group, limited })
    }

    /// The container's name.
    fn begin(nest: &mut Nest, setup: Setup, mut flags: Vec<String>) -> Result<String> {
        if let Some(layer) = setup.pattern.layer() {
            // Only root with all its capabilities may write to the container's own groups.
            if layer.socket && setup.remedy.has_leaf() {
                flags.push("--privileged".to_owned());
            }
            // A layer's flags stay until the program ends.
            let flags: Vec<&'static str> = flags.into_iter().map(|flag| &*flag.leak()).collect();
            nest.push_level(layer.with(flags.leak()))?;
            return Ok(nest.innermost().container().to_owned());
        }
        let container = unique("outer");
        let (engine, level) = (nest.engine(), nest.innermost());
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let run = [engine.program(), "run", "--detach", "--name", &container];
        level.output(&[&run[..], &flags, &["alpine", "sleep", "infinity"]].concat())?;
        Ok(container)
    }

    /// Does what the remedy asks of the container itself.
    pub(crate) fn remedy(&self) -> Result<(), String> {
        let how = match self.setup.remedy {
            remedy if !remedy.has_leaf() => return Ok(()),
            Remedy::Delegated => "delegated",
            _ => "leaf",
        };
        let done = self.nest.innermost().run(&["sh", "-c", LEAF, "sh", how]);
        succeeded(done).map(drop)
    }

    /// Takes all of it away.
    pub(crate) fn clear(mut self) -> Result<()> {
        let level0 = self.lab.level0();
        if self.setup.pattern.layer().is_some() {
            self.nest.pop_level()?;
        } else {
            level0.remove(self.setup.pattern.outer(), &self.container)?;
        }
        if self.setup.remedy.has_pod() { remove_pod(&level0, &self.limited) } else { Ok(()) }
    }

    /// The `run` of the inner engine, up to its flags.
    fn run_line(&self, how: &[&str]) -> Vec<String> {
        let mut line = vec![self.nest.engine().program().to_owned(), "run".to_owned()];
        line.extend(how.iter().map(ToString::to_string));
        if self.setup.remedy.has_parent() {
            line.push(format!("--cgroup-parent={}", self.limited));
        }
        line.push("alpine".to_owned());
        line
    }

    /// Runs a script inside: in a container of the inner engine or, where there is none, in the outer
    /// one.
    fn inside(&self, script: &str) -> Result<Output> {
        let shell = ["sh", "-c", script];
        if self.setup.pattern.layer().is_none() {
            let exec = [self.nest.engine().program(), "exec", &self.container];
            return self.nest.innermost().run(&[&exec[..], &shell].concat());
        }
        let line = self.run_line(&["--rm"]);
        let line: Vec<&str> = line.iter().map(String::as_str).chain(shell).collect();
        self.nest.innermost().run(&line)
    }

    /// Has a container inside hold memory and keep a processor busy.
    pub(crate) fn busy(&self) -> Result<Busy, String> {
        let mark = unique("busy");
        let shell = ["sh", "-c", BUSY, &mark];
        let line = if self.setup.pattern.layer().is_none() {
            let exec = [self.nest.engine().program(), "exec", "--detach", &self.container];
            exec.map(str::to_owned).to_vec()
        } else {
            self.run_line(&["--detach", "--name", &mark])
        };
        let line: Vec<&str> = line.iter().map(String::as_str).chain(shell).collect();
        succeeded(self.nest.innermost().run(&line))?;
        // Until memory is held, others have its words for a moment.
        let process = self.process(&format!("held-{mark}")).and_then(|_| self.process(&mark));
        let process = process.map_err(|report| error_chain(&report))?;
        Ok(Busy { mark, process })
    }

    /// Ends it.
    pub(crate) fn rest(&self, busy: &Busy) -> Result<()> {
        if self.setup.pattern.layer().is_none() {
            // What holds the memory is named after it, too.
            let processes = format!("{}$", busy.mark);
            return self.level0(&["pkill", "-9", "-f", &processes]).map(drop);
        }
        self.nest.innermost().remove(self.nest.engine(), &busy.mark)
    }

    /// The process whose last word this is, as level 0 numbers it.
    fn process(&self, last: &str) -> Result<u32> {
        let line = format!(" {last}$");
        let end = Instant::now() + patient(PATIENCE);
        loop {
            let found = self.lab.level0().run(&["pgrep", "-f", &line])?;
            // The innermost is the youngest: what started it has the same words for a moment.
            let youngest = found.stdout.lines().filter_map(|line| line.parse().ok()).max();
            if let Some(process) = youngest {
                return Ok(process);
            }
            if Instant::now() > end {
                return Err(miette!("no process `… {last}` is to be seen at level 0"));
            }
            std::thread::sleep(PACE);
        }
    }

    fn level0(&self, argv: &[&str]) -> Result<String> {
        self.lab.level0().output(argv)
    }

    /// The group of a busy process, as level 0 names it.
    pub(crate) fn group_of(&self, busy: &Busy) -> Result<String> {
        cgroup(&self.lab.level0(), busy.process)
    }

    /// A file of a group.
    fn of_group(&self, group: &str, file: &str, key: &str) -> Result<u64> {
        let text = self.level0(&["cat", &format!("/sys/fs/cgroup{group}/{file}")])?;
        let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        let value = value.and_then(|value| value.trim().parse().ok());
        value.ok_or_else(|| miette!("{group}/{file} has no {key}"))
    }

    /// What the limited group is charged for memory that is no file's, in bytes. Files' pages are
    /// charged to whoever has read them first.
    pub(crate) fn charged_memory(&self) -> Result<u64> {
        self.of_group(&self.limited, "memory.stat", "anon")
    }

    /// What the limited group is charged for processor time.
    pub(crate) fn charged_cpu(&self) -> Result<Duration> {
        self.of_group(&self.limited, "cpu.stat", "usage_usec").map(Duration::from_micros)
    }

    /// What a busy process has used of processors.
    pub(crate) fn used(&self, busy: &Busy) -> Result<Duration> {
        /// `USER_HZ`, on every architecture of Linux.
        const TICK: Duration = Duration::from_millis(10);
        let gone = || miette!("the busy process is gone");
        let stat = self.level0(&["cat", &format!("/proc/{}/stat", busy.process)])?;
        // The name is in brackets and may hold anything.
        let (_, fields) = stat.rsplit_once(')').ok_or_else(gone)?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
        let ticks = ticks(11).zip(ticks(12)).ok_or_else(gone)?;
        Ok(TICK * (ticks.0 + ticks.1))
    }

    /// Limits the processors of the limited group, or ends that limit.
    pub(crate) fn limit_processors(&self, is_limited: bool) -> Result<()> {
        if self.setup.remedy.has_pod() {
            let quota = if is_limited { PROCESSORS_QUOTA } else { "max 100000" };
            let write = r#"echo "$1" > "/sys/fs/cgroup$2/cpu.max""#;
            return self.level0(&["sh", "-c", write, "sh", quota, &self.limited]).map(drop);
        }
        let processors = if is_limited { PROCESSORS } else { ALL_PROCESSORS };
        let engine = self.setup.pattern.outer().program();
        let flag = format!("--cpus={processors}");
        self.level0(&[engine, "update", &flag, &self.container]).map(drop)
    }

    /// Fills more memory than there may be.
    pub(crate) fn fill(&self) -> Result<Output> {
        self.inside(FILL)
    }

    /// Starts more processes than there may be.
    pub(crate) fn spawn(&self) -> Result<Output> {
        self.inside(SPAWN)
    }
}

/// The control group of a process, as level 0 names it.
fn cgroup(level0: &Level, process: u32) -> Result<String> {
    let file = format!("/proc/{process}/cgroup");
    let group = level0.output(&["sed", "-n", "s/^0:://p", &file])?;
    Ok(group.trim().to_owned())
}

/// The group that an engine has made for a container, as level 0 names it: its first process may have
/// moved to one below.
fn group_of(level0: &Level, engine: Engine, container: &str) -> Result<String> {
    let format = "{{.Id}} {{.State.Pid}}";
    let told = level0.output(&[engine.program(), "inspect", "--format", format, container])?;
    let unknown = || miette!("{container} has no first process: {told}");
    let (id, process) = told.trim().split_once(' ').ok_or_else(unknown)?;
    let group = cgroup(level0, process.parse().map_err(|_| unknown())?)?;
    let mut path = String::new();
    for part in group.split('/').skip(1) {
        path = format!("{path}/{part}");
        if part.contains(id) {
            return Ok(path);
        }
    }
    Err(miette!("{container} is no part of {group}"))
}

/// A group with the limits, in which containers are started, as a pod's is.
fn make_pod(level0: &Level, pod: &str) -> Result<()> {
    let make = r#"at=/sys/fs/cgroup$1 && mkdir "$at" && echo "$2" > "$at/memory.max" &&
        { [ ! -e "$at/memory.swap.max" ] || echo 0 > "$at/memory.swap.max"; } &&
        echo "$3" > "$at/pids.max""#;
    let (memory, processes) = (MEMORY_BYTES.to_string(), PROCESSES.to_string());
    level0.output(&["sh", "-c", make, "sh", pod, &memory, &processes]).map(drop)
}

/// With what engines have left in it: groups without processes.
fn remove_pod(level0: &Level, pod: &str) -> Result<()> {
    let remove = r#"find "/sys/fs/cgroup$1" -depth -type d -exec rmdir {} \;"#;
    level0.output(&["sh", "-c", remove, "sh", pod]).map(drop)
}

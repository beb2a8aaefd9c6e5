//! Resources: what the group of the job's container counts and limits of what it has started, and
//! what the pattern itself takes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lab::{Layer, Level, Nest};
use lab_test::ensure;
use miette::{Result, miette};

use super::parentage::{Started, first_process, group_of_job, start};
use super::{Observation, engine, must};
use crate::processes::{self, Process, at, group_file, within};
use crate::scene::{Scene, number, remove_container, unique};

/// Clock ticks in a second, on every architecture of Linux (`USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;

/// Has the job start a container that keeps a processor busy.
pub(crate) fn burn(scene: &Scene, nest: &Nest) -> Result<Started> {
    let (name, mark) = (unique("busy"), format!("mark-{}", number()));
    let argv =
        ["run", "--detach", "--name", &name, "alpine", "sh", "-c", "while :; do :; done", &mark];
    must(nest.innermost(), nest.engine(), &argv)?;
    let process = processes::wait_for(&scene.node()?, "sh", &mark)?;
    Ok(Started { name, process })
}

/// Processor time that a busy process has used; an error when it is gone.
pub(crate) fn ticks(node: &Level, busy: &Started) -> Result<u64> {
    let now = processes::one(node, busy.process.pid);
    let now = now.filter(|now| now.argv == busy.process.argv);
    let now = now.ok_or_else(|| miette!("the busy process of {} is gone", busy.name))?;
    Ok(now.ticks)
}

/// Does the group of the job's container count the processor time of what the job has started?
/// `cpu.stat` has it in every group of cgroup v2, whatever controllers there are.
pub(crate) fn processor_time(scene: &Scene) -> Result<Observation> {
    scene.quiet_job(|nest| count(scene, nest))
}

/// The same where the job's container has the node's view of control groups, as a privileged pod of
/// Kubernetes has.
pub(crate) fn processor_time_shared(scene: &Scene) -> Result<Observation> {
    let shared_view = |layer: Layer| layer.with(&["--cgroupns=host"]);
    scene.own_job(shared_view, |nest| count(scene, nest))
}

fn count(scene: &Scene, nest: &Nest) -> Result<Observation> {
    const SHARE: u64 = 2;
    let (lab, node) = (scene.lab()?, scene.node()?);
    let group = group_of_job(scene, nest, &first_process(scene, nest)?)?;
    let counted = || -> Result<u64> {
        let text = group_file(&node, lab.id(), &group, "cpu.stat")?;
        let usage = text.lines().find_map(|line| line.strip_prefix("usage_usec "));
        usage.and_then(|usec| usec.parse().ok()).ok_or_else(|| miette!("no usage in {text}"))
    };
    let busy = burn(scene, nest)?;
    let used = || ticks(&node, &busy);
    let (before, start) = (counted()?, used()?);
    let burnt = within(Duration::from_secs(60), || match used() {
        Ok(now) if now - start < TICKS_PER_SECOND => None,
        other => Some(other.map(|now| now - start)),
    });
    let after = counted()?;
    remove_container(nest.innermost(), scene.inner(), &busy.name)?;
    let burnt =
        burnt.ok_or_else(|| miette!("it burnt no second of processor time in a minute"))??;
    let (burnt_usec, counted) = (burnt * 1_000_000 / TICKS_PER_SECOND, after - before);
    // Nearly all of it, or next to nothing: the engine's own work is far below a second.
    let outcome = if counted >= burnt_usec / SHARE { "counted" } else { "missed" };
    let detail = format!("{} ms burnt, {} ms counted", burnt_usec / 1000, counted / 1000);
    Ok(Observation::new(outcome, detail))
}

/// Is a limit on the job's container a limit on what it starts?
fn limited(
    scene: &Scene,
    change: fn(Layer) -> Layer,
    script: &str,
    stopped: fn(&lab::Output) -> bool,
) -> Result<Observation> {
    scene.own_job(change, |nest| {
        let argv = ["run", "--rm", "alpine", "sh", "-c", script];
        let tried = engine(nest.innermost(), scene.inner(), &argv)?;
        let said = format!("exit code {}: {}{}", tried.code, tried.stdout, tried.stderr);
        match (tried.stdout.contains("reached"), stopped(&tried)) {
            (true, false) => Ok(Observation::new("outside", said)),
            (false, true) => Ok(Observation::new("inside", said)),
            _ => Err(miette!("neither stopped by the limit nor through: {said}")),
        }
    })
}

/// Two hundred processes under a limit of 150, of which the engine itself takes some.
pub(crate) fn pids(scene: &Scene) -> Result<Observation> {
    let script = "i=0; while [ $i -lt 200 ]; do sleep 60 & i=$((i+1)); done; echo reached";
    limited(
        scene,
        |layer| layer.with(&["--pids-limit=150"]),
        script,
        |tried| tried.stderr.contains("Resource temporarily unavailable"),
    )
}

const MEMORY: &[&str] = &["--memory=400m", "--memory-swap=400m"];
const MEMORY_SHARED: &[&str] = &["--memory=400m", "--memory-swap=400m", "--cgroupns=host"];

/// A buffer of 600 MB under a limit of 400, filled by blocks: busybox's `head` goes byte by byte.
const FILL: &str = "dd if=/dev/zero bs=1M count=600 2>/dev/null | tail -c 600m | wc -c | \
                    grep 629145600 && echo reached";

/// The kernel has killed a part of it, and the shell says so, or the shell itself.
fn killed(tried: &lab::Output) -> bool {
    const BY_SIGKILL: i32 = 128 + 9;
    tried.code == BY_SIGKILL || tried.stderr.contains("Killed")
}

pub(crate) fn memory(scene: &Scene) -> Result<Observation> {
    limited(scene, |layer| layer.with(MEMORY), FILL, killed)
}

/// As [`processor_time_shared`].
pub(crate) fn memory_shared(scene: &Scene) -> Result<Observation> {
    limited(scene, |layer| layer.with(MEMORY_SHARED), FILL, killed)
}

/// A fifth of a processor: a busy loop of a second of processor time takes five by the clock.
pub(crate) fn cpu(scene: &Scene) -> Result<Observation> {
    scene.own_job(
        |layer| layer.with(&["--cpus=0.2"]),
        |nest| {
            let node = scene.node()?;
            let busy = burn(scene, nest)?;
            let used = || ticks(&node, &busy);
            let (start, began) = (used()?, std::time::Instant::now());
            // Nothing is waited for: this is the time over which the share is taken.
            std::thread::sleep(Duration::from_secs(4));
            let (ticks, elapsed) = (used()? - start, began.elapsed());
            remove_container(nest.innermost(), scene.inner(), &busy.name)?;
            let share = ticks as f64 / TICKS_PER_SECOND as f64 / elapsed.as_secs_f64();
            // Between a fifth and a whole processor there is room for a loaded machine.
            ensure!(ticks > 0, "it did not run at all");
            let outcome = if share < 0.3 { "inside" } else { "outside" };
            Ok(Observation::new(outcome, format!("{share:.2} of a processor")))
        },
    )
}

/// Programs that are engines, or parts of one.
const ENGINES: &[&str] =
    &["dockerd", "containerd", "containerd-shim", "podman", "conmon", "docker-proxy"];

/// Which parts of an engine run in the job's container while it runs nothing, and what memory they
/// take.
pub(crate) fn daemons(scene: &Scene) -> Result<Observation> {
    scene.next_job(|nest| {
        let run = ["run", "--rm", "alpine", "true"];
        must(nest.innermost(), scene.inner(), &run)?;
        let all = settled(nest)?;
        let mb = |bytes: u64| bytes / 1_000_000;
        let level = &nest.levels()[1];
        let resident = |process: &Process| processes::resident_bytes(level, process.pid);
        let whole: u64 = all.iter().map(resident).sum();
        let parts = all.iter().filter(|process| is_engine(process));
        let parts: Vec<String> = parts
            .clone()
            .map(|process| format!("{} {} MB", process.name, mb(resident(process))))
            .collect();
        let names: BTreeSet<&str> = all
            .iter()
            .filter(|process| is_engine(process))
            .map(|process| process.name.as_str())
            .collect();
        let detail = format!("whole container {} MB resident; {}", mb(whole), parts.join(", "));
        Ok(Observation::new(listed(names), detail.trim_end_matches("; ")))
    })
}

/// Which parts of an engine run in the job's container beside two containers that it has started,
/// and how many of each.
pub(crate) fn engine_processes(scene: &Scene) -> Result<Observation> {
    scene.quiet_job(|nest| {
        let two = [start(scene, nest, &[])?, start(scene, nest, &[])?];
        let all = settled(nest)?;
        for started in &two {
            remove_container(nest.innermost(), scene.inner(), &started.name)?;
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for process in all.iter().filter(|process| is_engine(process)) {
            *counts.entry(&process.name).or_default() += 1;
        }
        let counts = counts.iter().map(|(name, count)| format!("{name} {count}"));
        Ok(Observation::new(listed(counts), ""))
    })
}

fn is_engine(process: &Process) -> bool {
    ENGINES.iter().any(|engine| process.name.starts_with(engine))
}

fn listed<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
    if words.is_empty() {
        return "none".to_owned();
    }
    words.join(" ")
}

/// The processes in the job's container, once those that clean up after a command are gone.
fn settled(nest: &Nest) -> Result<Vec<Process>> {
    /// So many equal looks, [`within`]'s pace apart, are no chance.
    const LOOKS: u32 = 10;
    let engines = |all: &[Process]| -> Vec<u32> {
        let engines = all.iter().filter(|process| is_engine(process));
        engines.map(|process| process.pid).collect()
    };
    let (mut last, mut same) = (Vec::new(), 0);
    let settled = within(Duration::from_secs(15), || {
        let all = at(&nest.levels()[1]);
        same = if engines(&all) == last { same + 1 } else { 0 };
        last = engines(&all);
        (same >= LOOKS).then_some(all)
    });
    settled.ok_or_else(|| miette!("the engine's processes in the job's container do not settle"))
}

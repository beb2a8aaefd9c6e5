//! What is tried once a session, beside the samples: starts from nothing, and what a start takes of
//! the machine's memory.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use lab::Lab;
use measure::{Arm, Reading, Run, SampleError, Trial};
use miette::Result;

/// The table of starts from nothing.
pub(crate) const FIRST: &str = "first start";

/// The table of memory.
pub(crate) const MEMORY: &str = "memory";

/// Steps of it: what is there already, and what is added.
pub(crate) const BEFORE: &str = "before";
pub(crate) const MORE: &str = "more, at most";

const OK: &str = "ok";
const FAILED: &str = "failed";

/// How often memory is looked at during a start.
const PACE: Duration = Duration::from_millis(5);

/// From nothing: programs and stores are on the disk only. Of a nested engine the line begins with
/// its container, waits for its daemon and has the inner image fetched.
const FIRSTS: &[(&str, &str)] = &[
    ("docker", "docker run --rm alpine echo ok"),
    (
        "dind",
        "docker run --detach --name first --privileged docker:dind > /dev/null
         until docker exec first docker version > /dev/null 2>&1; do sleep 0.05; done
         docker exec first docker run --rm alpine echo ok",
    ),
    ("podman", "podman run --rm alpine echo ok"),
    (
        "podman-nested",
        "podman run --detach --name first --privileged quay.io/podman/stable sleep infinity > /dev/null
         podman exec first podman run --rm alpine echo ok",
    ),
];

/// What takes the lines' containers away.
const CLEAN: &str = "docker rm --force --volumes first; podman rm --force --volumes --time=0 first";

/// Each once, where the arms of its name are in the run.
pub(crate) fn first_starts(run: &mut Run, lab: &Lab) -> Result<()> {
    let mut agent = lab.level0().agent()?;
    for (arm, line) in FIRSTS {
        if !run.arms().iter().any(|known| known.name == *arm) {
            continue;
        }
        lab.evict_files()?;
        let started =
            bench::spawn(lab, &mut agent, &["sh", "-c", line], |spawned| spawned.printed("ok\n"));
        lab.level0().run(&["sh", "-c", CLEAN])?;
        let (wall_ns, reason) = match started {
            Ok(reading) => (Some(reading.wall_ns), String::new()),
            Err(SampleError::Sample(why) | SampleError::Fatal(why)) => (None, why),
        };
        let row = Trial { wall_ns, ..row(FIRST, arm, "from nothing", reason) };
        run.record_trial(row, || lab.alive())?;
    }
    Ok(())
}

/// What the lab has in memory before a start of each arm of a container, and at most during it.
pub(crate) fn memory(
    run: &mut Run,
    lab: &Lab,
    mut take: impl FnMut(&Arm) -> Result<Reading, SampleError>,
    is_start: impl Fn(&Arm) -> bool,
) -> Result<()> {
    let arms: Vec<&'static Arm> = run.arms().to_vec();
    for arm in arms.into_iter().filter(|arm| is_start(arm)) {
        lab.rest();
        let before = lab.memory_bytes()?;
        let (is_over, most) = (AtomicBool::new(false), AtomicU64::new(before));
        let taken = scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    most.fetch_max(lab.memory_bytes().unwrap_or_default(), Ordering::Relaxed);
                    sleep(PACE);
                }
            });
            let taken = take(arm);
            is_over.store(true, Ordering::Relaxed);
            taken
        });
        let reason = match taken {
            Ok(_) => String::new(),
            Err(SampleError::Sample(why) | SampleError::Fatal(why)) => why,
        };
        let most = most.into_inner();
        for (step, bytes) in [(BEFORE, before), (MORE, most - before)] {
            let row = row(MEMORY, arm.name, step, reason.clone());
            run.record_trial(Trial { bytes: Some(bytes), ..row }, || lab.alive())?;
        }
    }
    Ok(())
}

fn row(table: &str, subject: &str, step: &str, reason: String) -> Trial {
    let outcome = if reason.is_empty() { OK } else { FAILED };
    Trial {
        table: table.to_owned(),
        subject: subject.to_owned(),
        step: step.to_owned(),
        outcome: outcome.to_owned(),
        reason,
        ..Trial::default()
    }
}

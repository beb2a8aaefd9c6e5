//! One set-up, limit after limit. Whatever is said of one is of something that was done.

use std::time::{Duration, Instant};

use bench::once::{complaints, outcome};
use lab::{Lab, Nest, Output, patient};
use measure::Trial;
use miette::Result;

use crate::outer::{Busy, HELD_BYTES, Outer};
use crate::setup::Setup;

/// The table of trials.
pub(crate) const TABLE: &str = "bounds";

/// What is tried of each, in the order in which pages show it.
pub(crate) const STARTS: &str = "starts";
pub(crate) const MEMORY: &str = "memory";
pub(crate) const PIDS: &str = "pids";
pub(crate) const CPU: &str = "cpu";
pub(crate) const CHARGED_MEMORY: &str = "charged-memory";
pub(crate) const CHARGED_CPU: &str = "charged-cpu";
pub(crate) const PLACE: &str = "place";

/// Outcomes. A limit that did not bound is `outside`.
pub(crate) const OK: &str = "ok";
pub(crate) const FAILED: &str = "failed";
pub(crate) const INSIDE: &str = "inside";
pub(crate) const OUTSIDE: &str = "outside";
pub(crate) const COUNTED: &str = "counted";
pub(crate) const MISSED: &str = "missed";

/// Where the inner container's group is, as level 0 sees both.
const OWN: &str = "own";
const BELOW: &str = "below";
const BESIDE: &str = "beside";

/// Over how much time a share of a processor is taken, and how much work a charge is looked for in.
const WATCHED: Duration = Duration::from_secs(8);
const WORK: Duration = Duration::from_secs(3);
/// How long that work may take.
const WORK_DEADLINE: Duration = Duration::from_secs(60);
const PACE: Duration = Duration::from_millis(250);

/// A fifth of a processor was allowed; a busy loop takes one, or what a loaded machine leaves of it.
/// Between the two nothing is said.
const BOUND: f64 = 0.3;
const UNBOUND: f64 = 0.45;

/// All of what was used is charged, or nothing but what the engine itself does meanwhile.
const CHARGED: f64 = 0.75;
const UNCHARGED: f64 = 0.4;

/// What was seen, and what it was seen by; or why nothing was.
type Seen = Result<(&'static str, String), String>;

/// Whether a set-up has no row after this one.
pub(crate) fn is_end(row: &Trial) -> bool {
    row.step == PIDS || row.step == STARTS && row.outcome == FAILED
}

/// Takes a set-up through all limits, with the engine outside; each is a row. Its error is that of the lab, or of the record.
pub(crate) fn run(
    lab: &Lab,
    outside: Nest,
    setup: Setup,
    row: &mut dyn FnMut(Trial) -> Result<()>,
) -> Result<()> {
    let mut record = |step: &str, seen: Seen| {
        let (outcome, reason) = seen.unwrap_or_else(|why| (FAILED, why));
        row(Trial {
            table: TABLE.to_owned(),
            subject: setup.to_string(),
            step: step.to_owned(),
            outcome: outcome.to_owned(),
            reason,
            ..Trial::default()
        })
    };
    let outer = match outcome(lab, Outer::start(lab, outside, setup))? {
        Ok(outer) => outer,
        Err(why) => return record(STARTS, Err(complaints(&why))),
    };
    let told = tried(lab, &outer, &mut record);
    told.and(outer.clear())
}

fn tried(lab: &Lab, outer: &Outer, record: &mut dyn FnMut(&str, Seen) -> Result<()>) -> Result<()> {
    let ready = outer.remedy();
    let before = outer.charged_memory()?;
    let started = ready.and_then(|()| outer.busy());
    let busy = match started {
        Ok(busy) => busy,
        Err(why) => return record(STARTS, Err(why)),
    };
    record(STARTS, Ok((OK, String::new())))?;
    let mut look =
        |step: &str, seen: Result<(&'static str, String)>| record(step, outcome(lab, seen)?);
    look(PLACE, place(outer, &busy))?;
    look(CHARGED_MEMORY, charged_memory(outer, before))?;
    look(CHARGED_CPU, charged_cpu(outer, &busy))?;
    look(CPU, share(outer, &busy))?;
    // Beside one that does not end, the others would have less.
    let ended = outcome(lab, outer.rest(&busy))?;
    let mut look = |step: &str, done: &dyn Fn() -> Result<(&'static str, String)>| {
        let seen = ended.clone().map_or_else(|why| Ok(Err(why)), |()| outcome(lab, done()));
        record(step, seen?)
    };
    look(MEMORY, &|| outer.fill().and_then(|done| bounded(&done, is_killed(&done))))?;
    look(PIDS, &|| outer.spawn().and_then(|done| bounded(&done, is_refused(&done))))
}

/// Between what was allowed and what was not, or neither.
fn neither(why: String) -> miette::Report {
    measure::failure(
        "neither the one nor the other",
        why,
        "try it on a machine that is less loaded",
    )
}

fn bounded(done: &Output, is_stopped: bool) -> Result<(&'static str, String)> {
    let said = format!("{}\n{}", done.stdout, done.stderr);
    let said: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &said[said.len().saturating_sub(3)..];
    let said = format!("exit code {}: {}", done.code, last.join("\n"));
    match (done.stdout.contains("reached"), is_stopped) {
        (true, false) => Ok((OUTSIDE, said)),
        (false, true) => Ok((INSIDE, said)),
        _ => Err(neither(said)),
    }
}

/// The kernel has killed a part of it, and the shell says so, or the shell itself.
fn is_killed(done: &Output) -> bool {
    const BY_SIGKILL: i32 = 128 + 9;
    done.code == BY_SIGKILL || done.stderr.contains("Killed")
}

fn is_refused(done: &Output) -> bool {
    done.stderr.contains("Resource temporarily unavailable")
}

/// Where the inner container's group is.
fn place(outer: &Outer, busy: &Busy) -> Result<(&'static str, String)> {
    let group = outer.group_of(busy)?;
    let word = match group.strip_prefix(&outer.limited) {
        Some("") => OWN,
        Some(rest) if rest.starts_with('/') => BELOW,
        _ => BESIDE,
    };
    let mut told = group;
    for (name, of) in [("OUTER", &outer.group), ("LIMITED", &outer.limited)] {
        told = told.replace(&**of, name);
    }
    Ok((word, shortened(&told)))
}

/// A path of groups without the ids of containers.
fn shortened(path: &str) -> String {
    let part = |part: &str| {
        let is_id =
            part.len() >= 64 && part[part.len() - 64..].bytes().all(|b| b.is_ascii_hexdigit());
        if is_id { format!("{}ID", &part[..part.len() - 64]) } else { part.to_owned() }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn charged(of: f64, what: String) -> Result<(&'static str, String)> {
    match of {
        of if of >= CHARGED => Ok((COUNTED, what)),
        of if of <= UNCHARGED => Ok((MISSED, what)),
        _ => Err(neither(what)),
    }
}

/// Is the limited group charged for what the inner container holds in memory?
fn charged_memory(outer: &Outer, before: u64) -> Result<(&'static str, String)> {
    let counted = outer.charged_memory()?.saturating_sub(before);
    let mib = |bytes: u64| bytes >> 20;
    let what = format!("{} MiB held, {} MiB charged", mib(HELD_BYTES), mib(counted));
    charged(counted as f64 / HELD_BYTES as f64, what)
}

/// Is it charged for processor time?
fn charged_cpu(outer: &Outer, busy: &Busy) -> Result<(&'static str, String)> {
    let (counted, used) = (outer.charged_cpu()?, outer.used(busy)?);
    let end = Instant::now() + patient(WORK_DEADLINE);
    loop {
        let worked = outer.used(busy)?.saturating_sub(used);
        if worked >= WORK {
            let counted = outer.charged_cpu()?.saturating_sub(counted);
            let (worked, counted) = (worked.as_secs_f64(), counted.as_secs_f64());
            let what = format!("{worked:.1} s used, {counted:.1} s charged");
            return charged(counted / worked, what);
        }
        if Instant::now() > end {
            return Err(neither(format!("it used only {} ms of processors", worked.as_millis())));
        }
        std::thread::sleep(PACE);
    }
}

/// What share of a processor the busy loop gets where the limited group may have a fifth.
fn share(outer: &Outer, busy: &Busy) -> Result<(&'static str, String)> {
    outer.limit_processors(true)?;
    let share = || -> Result<f64> {
        let (start, began) = (outer.used(busy)?, Instant::now());
        // Nothing is waited for: this is the time over which the share is taken.
        std::thread::sleep(WATCHED);
        let used = outer.used(busy)?.saturating_sub(start);
        Ok(used.as_secs_f64() / began.elapsed().as_secs_f64())
    };
    let share = share();
    outer.limit_processors(false)?;
    let share = share?;
    let what = format!("{share:.2} of a processor");
    match share {
        share if share > 0.0 && share <= BOUND => Ok((INSIDE, what)),
        share if share >= UNBOUND => Ok((OUTSIDE, what)),
        _ => Err(neither(what)),
    }
}

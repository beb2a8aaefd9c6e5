//! What a pattern hands over, isolates and leaves, looked at from the node: each property once.

mod escape;
mod privilege;
mod resources;
mod traces;

use bench::once::words;
use measure::Trial;
use miette::{Result, miette};

use crate::node::{Node, Pod, as_it_is};
use crate::pattern::Pattern;

use traces::Pods;

pub(crate) use resources::resident_bytes;

/// The table of `trials.csv`.
const TABLE: &str = "pattern";

/// What was seen: a word or two, and what stands behind it.
struct Sight {
    outcome: String,
    reason: String,
}

impl Sight {
    fn new(outcome: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            outcome: outcome.into(),
            reason: reason.into(),
        }
    }
}

/// What a property is looked at by, given a pod that is ready; `None` where the pattern has no such
/// property.
enum Look {
    Pod(fn(&Pod) -> Result<Option<Sight>>),
    Between(fn(&mut Pods) -> Result<Option<Sight>>),
}

/// In an order in which no look disturbs the next.
const LOOKS: [(&str, Look); 14] = [
    ("agent-privilege", Look::Pod(privilege::agent)),
    ("engine-privilege", Look::Pod(privilege::engine)),
    ("node-paths", Look::Pod(privilege::node_paths)),
    ("daemons", Look::Pod(resources::daemons)),
    ("storage-volume", Look::Pod(traces::storage_volume)),
    ("accounting", Look::Pod(resources::accounting)),
    (
        "collision-container",
        Look::Between(traces::collision_container),
    ),
    ("collision-volume", Look::Between(traces::collision_volume)),
    ("next-pod", Look::Between(traces::next_pod)),
    ("cache", Look::Between(traces::cache)),
    (
        "group-of-the-socket",
        Look::Pod(privilege::group_of_the_socket),
    ),
    ("without-privilege", Look::Pod(privilege::without)),
    ("storage-layer", Look::Pod(traces::storage_layer)),
    (
        "accounting-host-cgroupns",
        Look::Pod(resources::accounting_host),
    ),
];

/// What a quick run looks at besides the job and the escapes.
const QUICK: [&str; 4] = [
    "agent-privilege",
    "engine-privilege",
    "node-paths",
    "accounting",
];

/// Has a pattern's agent do a job, goes every way out, and looks at every property, a row each.
pub(crate) fn all(
    node: &Node,
    pattern: &'static Pattern,
    is_quick: bool,
    row: &mut dyn FnMut(Trial) -> Result<()>,
) -> Result<()> {
    let pod = node.play(pattern, "", as_it_is)?;
    let job = pod.ready().and_then(|()| pod.ask(&["job", "first"]));
    let is_able = job.is_ok();
    let report = job.map(|report| Some(Sight::new("works", report.trim())));
    let report = report.or_else(|report| Ok(Some(Sight::new("fails", words(&report)))));
    tell(row, TABLE, pattern, "job", report)?;
    if !is_able {
        return Ok(());
    }
    escape::all(&pod, row)?;
    let mut pods = Pods::new(pod);
    for (step, look) in LOOKS {
        if is_quick && !QUICK.contains(&step) {
            continue;
        }
        if measure::interrupted() {
            return Err(miette!("interrupted"));
        }
        let seen = match look {
            Look::Pod(look) => look(&pods.pod),
            Look::Between(look) => look(&mut pods),
        };
        tell(row, TABLE, pattern, step, seen)?;
    }
    Ok(())
}

/// Does a pod get a socket on a node whose Docker has not been started?
pub(crate) fn socket_missing(
    node: &Node,
    pattern: &'static Pattern,
    row: &mut dyn FnMut(Trial) -> Result<()>,
) -> Result<()> {
    let seen = match node.play(pattern, "", as_it_is) {
        Ok(pod) => pod
            .ready()
            .map(|()| Some(Sight::new("works", "an engine answers"))),
        Err(report) if words(&report).contains("stat /var/run/docker.sock") => {
            Ok(Some(Sight::new("refused", words(&report))))
        }
        Err(report) => Err(report),
    };
    tell(row, TABLE, pattern, "socket-missing", seen)
}

/// A row of what was seen; what could not be looked at is a row, too.
fn tell(
    row: &mut dyn FnMut(Trial) -> Result<()>,
    table: &str,
    pattern: &Pattern,
    step: &str,
    seen: Result<Option<Sight>>,
) -> Result<()> {
    let sight = match seen {
        Ok(None) => return Ok(()),
        Ok(Some(sight)) => sight,
        Err(report) => Sight::new(NOT_SEEN, words(&report)),
    };
    let said = format!("{}: {step}: {}", pattern.name, sight.outcome);
    row(Trial {
        table: table.to_owned(),
        subject: pattern.name.to_owned(),
        step: step.to_owned(),
        outcome: sight.outcome,
        reason: sight.reason,
        ..Trial::default()
    })?;
    measure::note!("{said}");
    Ok(())
}

const NOT_SEEN: &str = "not seen";

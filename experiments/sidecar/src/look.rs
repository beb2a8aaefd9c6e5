//! What a pattern hands over, isolates and leaves, looked at from the node: each property once.

mod escape;
mod privilege;
mod resources;
mod traces;

use bench::once::error_chain as said;
use measure::Trial;
use miette::{Result, miette};

use crate::node::{Node, Pod, as_it_is};
use crate::pattern::Pattern;
use crate::words::{self, PATTERN, Property, Word};

use traces::Pods;

pub(crate) use escape::{ESCAPES, TAKEN_OVER};
pub(crate) use resources::resident_bytes;

/// What was seen: a word or two, and what stands behind it.
struct Observation {
    outcome: String,
    reason: String,
}

impl Observation {
    fn new(outcome: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { outcome: outcome.into(), reason: reason.into() }
    }
}

/// What a property is looked at by, given a pod that is ready; `None` where the pattern has no such
/// property.
enum Check {
    Pod(fn(&Pod) -> Result<Option<Observation>>),
    Between(fn(&mut Pods) -> Result<Option<Observation>>),
}

/// In an order in which no look disturbs the next.
const LOOKS: [(Property, Check); 14] = [
    (Property::AgentPrivilege, Check::Pod(privilege::agent)),
    (Property::EnginePrivilege, Check::Pod(privilege::engine)),
    (Property::NodePaths, Check::Pod(privilege::node_paths)),
    (Property::Daemons, Check::Pod(resources::daemons)),
    (Property::StorageVolume, Check::Pod(traces::storage_volume)),
    (Property::Accounting, Check::Pod(resources::accounting)),
    (Property::CollisionContainer, Check::Between(traces::collision_container)),
    (Property::CollisionVolume, Check::Between(traces::collision_volume)),
    (Property::NextPod, Check::Between(traces::next_pod)),
    (Property::Cache, Check::Between(traces::cache)),
    (Property::Group, Check::Pod(privilege::group_of_the_socket)),
    (Property::WithoutPrivilege, Check::Pod(privilege::without)),
    (Property::StorageLayer, Check::Pod(traces::storage_layer)),
    (Property::AccountingHost, Check::Pod(resources::accounting_host)),
];

/// What a quick run looks at besides the job and the escapes.
const QUICK: [Property; 4] = [
    Property::AgentPrivilege,
    Property::EnginePrivilege,
    Property::NodePaths,
    Property::Accounting,
];

/// Has a pattern's agent do a job, tries every escape path, and looks at every property, a row each.
pub(crate) fn all(
    node: &Node,
    pattern: &'static Pattern,
    is_quick: bool,
    row: &mut dyn FnMut(Trial) -> Result<()>,
) -> Result<()> {
    let pod = node.play(pattern, "", as_it_is)?;
    let job = pod.ready().and_then(|()| pod.ask(&["job", "first"]));
    let is_able = job.is_ok();
    let report = job.map(|report| Some(Observation::new(Word::Works, report.trim())));
    let report = report.or_else(|report| Ok(Some(Observation::new(Word::Fails, said(&report)))));
    tell(row, PATTERN, pattern, Property::Job.name(), report)?;
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
            Check::Pod(look) => look(&pods.pod),
            Check::Between(look) => look(&mut pods),
        };
        tell(row, PATTERN, pattern, step.name(), seen)?;
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
        Ok(pod) => pod.ready().map(|()| Some(Observation::new(Word::Works, "an engine answers"))),
        Err(report) if said(&report).contains("stat /var/run/docker.sock") => {
            Ok(Some(Observation::new(Word::Refused, said(&report))))
        }
        Err(report) => Err(report),
    };
    tell(row, PATTERN, pattern, Property::SocketMissing.name(), seen)
}

/// A row of what was seen; what could not be looked at is a row, too.
fn tell(
    row: &mut dyn FnMut(Trial) -> Result<()>,
    table: &str,
    pattern: &Pattern,
    step: &str,
    seen: Result<Option<Observation>>,
) -> Result<()> {
    let observation = match seen {
        Ok(None) => return Ok(()),
        Ok(Some(observation)) => observation,
        Err(report) => Observation::new(Word::NotSeen, said(&report)),
    };
    let outcome = observation.outcome;
    row(words::row(table, pattern.name, step, &*outcome, observation.reason))?;
    measure::note!("{}: {step}: {outcome}", pattern.name);
    Ok(())
}

//! What patterns are compared by, and how each stands. A grade is derived from the rows; one that
//! could not be looked at is no good one.

use serde::Serialize;

use super::{Look, Sidecar};

/// A row of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Aspect {
    /// Whether it does the work.
    Job,
    /// What is handed over to the pod.
    Privilege,
    /// Whether its agent comes out of it.
    Escape,
    /// What of the node the agent sees.
    Isolation,
    Cache,
    /// Whether the place of its store decides.
    Storage,
    Accounting,
    /// Whether two pods' jobs get in each other's way.
    Collisions,
}

/// How a pattern stands in an aspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grade {
    Good,
    /// Good in one way and bad in another, or at a price.
    Mixed,
    Bad,
    /// Something could not be looked at, and what was seen does not decide.
    Unseen,
}

impl Aspect {
    pub(crate) const ALL: [Self; 8] = [
        Self::Job,
        Self::Privilege,
        Self::Escape,
        Self::Isolation,
        Self::Cache,
        Self::Storage,
        Self::Accounting,
        Self::Collisions,
    ];

    /// The name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Job => "job",
            Self::Privilege => "privilege",
            Self::Escape => "escape",
            Self::Isolation => "isolation",
            Self::Cache => "cache",
            Self::Storage => "storage",
            Self::Accounting => "accounting",
            Self::Collisions => "collisions",
        }
    }
}

impl Grade {
    /// The name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Mixed => "mixed",
            Self::Bad => "bad",
            Self::Unseen => "not seen",
        }
    }
}

impl Sidecar {
    /// `None` of an aspect that a pattern has no row of.
    pub(crate) fn grade(&self, pattern: &str, aspect: Aspect) -> Option<Grade> {
        let property = |name: &str| self.property(pattern, name);
        let one = |name: &str, good: &str, otherwise: Grade| {
            let look = property(name)?;
            Some(match look.outcome.as_deref() {
                None => Grade::Unseen,
                Some(outcome) if outcome == good => Grade::Good,
                Some(_) => otherwise,
            })
        };
        match aspect {
            Aspect::Job => one("job", "works", Grade::Bad),
            Aspect::Privilege => {
                privilege(property("agent-privilege"), property("engine-privilege"))
            }
            Aspect::Escape => self.escape_grade(pattern),
            Aspect::Isolation => {
                let seen = one("isolation", "none of the node", Grade::Bad)?;
                // Something of the node is mounted, though nothing of it was seen through that.
                let mounted = one("node-paths", "none", Grade::Mixed);
                Some(match (seen, mounted) {
                    (Grade::Good, Some(mounted)) => mounted,
                    _ => seen,
                })
            }
            Aspect::Cache => one("cache", "kept", Grade::Mixed),
            Aspect::Storage => storage(property("storage-volume"), property("storage-layer")),
            Aspect::Accounting => {
                let own = one("accounting", "counted", Grade::Bad)?;
                let hosts = one("accounting-host-cgroupns", "counted", Grade::Mixed);
                Some(match (own, hosts) {
                    (Grade::Good, Some(hosts)) => hosts,
                    _ => own,
                })
            }
            Aspect::Collisions => {
                let both = ["collision-container", "collision-volume"];
                worst(
                    both.into_iter()
                        .filter_map(|name| one(name, "none", Grade::Bad)),
                )
            }
        }
    }

    fn escape_grade(&self, pattern: &str) -> Option<Grade> {
        let own = self.escapes(pattern);
        let taken_over = self.taken_over(pattern);
        if own.is_empty() && taken_over.is_none() {
            return None;
        }
        let reaches = |look: &&Look| look.is(REACHES);
        Some(if own.iter().any(reaches) {
            Grade::Bad
        } else if own.is_empty() || own.iter().any(|look| look.outcome.is_none()) {
            Grade::Unseen
        } else if taken_over.is_some_and(|look| reaches(&look)) {
            Grade::Mixed
        } else {
            Grade::Good
        })
    }
}

/// A way out that is one.
pub(crate) const REACHES: &str = "reaches the node";

fn privilege(agent: Option<&Look>, engine: Option<&Look>) -> Option<Grade> {
    let [agent_is, engine_is] =
        [agent, engine].map(|look| look.and_then(|look| look.outcome.as_deref()));
    match (agent_is, engine_is) {
        (Some("full"), _) => Some(Grade::Bad),
        (Some(_), Some("full" | "the node's")) => Some(Grade::Mixed),
        (Some(_), Some(_)) => Some(Grade::Good),
        _ if agent.is_none() && engine.is_none() => None,
        _ => Some(Grade::Unseen),
    }
}

/// Where its own layer will not do, the store needs a volume.
fn storage(volume: Option<&Look>, layer: Option<&Look>) -> Option<Grade> {
    let [volume_is, layer_is] =
        [volume, layer].map(|look| look.and_then(|look| look.outcome.as_deref()));
    match (volume_is, layer_is) {
        (Some("refused"), _) => Some(Grade::Bad),
        (Some(on_volume), Some(on_layer)) if on_volume != on_layer => Some(Grade::Mixed),
        (Some(_), Some(_)) => Some(Grade::Good),
        // A store that is nobody's own has one place only.
        (Some(_), None) if layer.is_none() => Some(Grade::Good),
        _ if volume.is_none() && layer.is_none() => None,
        _ => Some(Grade::Unseen),
    }
}

fn worst(grades: impl Iterator<Item = Grade>) -> Option<Grade> {
    let grades: Vec<Grade> = grades.collect();
    let order = [Grade::Bad, Grade::Unseen, Grade::Mixed, Grade::Good];
    order.into_iter().find(|grade| grades.contains(grade))
}

//! Claims that are held by rows which must have the claimed outcome, all of them. What could not be
//! looked at leaves a claim open.

use super::{DAEMONLESS, DIND, DOOD, OPEN, SIDECAR, blank, told};
use crate::analysis::sidecar::{Look, REACHES, Sidecar};
use crate::language::Texts;
use facts::Claim;
use facts::Here;

/// What a claim needs.
enum Need {
    /// One of these outcomes of a property.
    Property(&'static str, &'static str, &'static [&'static str]),
    /// One of these outcomes of a way out.
    Escape(&'static str, &'static str, &'static [&'static str]),
    /// What becomes of a client.
    Client(&'static str, &'static str),
    /// None of the ways that a pattern's agent has tried reaches the node.
    NoWayOut(&'static str),
}

/// One row of the table of claims.
struct Rule {
    id: &'static str,
    statement: fn(&Texts) -> &'static str,
    of: &'static str,
    says: &'static str,
    needs: &'static [Need],
}

/// The agent has no privilege.
const ORDINARY: &[&str] = &["none", "default"];

const RULES: [Rule; 19] = [
    Rule {
        id: "B1",
        statement: |t| t.claim_b1,
        of: DIND,
        says: "the job works",
        needs: &[Need::Property(DIND, "job", &["works"])],
    },
    Rule {
        id: "B4",
        statement: |t| t.claim_b4,
        of: DIND,
        says: "the same pod without privilege is refused",
        needs: &[Need::Property(DIND, "without-privilege", &["refused"])],
    },
    Rule {
        id: "B5",
        statement: |t| t.claim_b5,
        of: DOOD,
        says: "a new pod finds the layers, and the store is the node's",
        needs: &[
            Need::Property(DOOD, "cache", &["kept"]),
            Need::Property(DOOD, "storage-volume", &["the node's"]),
        ],
    },
    Rule {
        id: "B6",
        statement: |t| t.claim_b6,
        of: DOOD,
        says: "the pod brings no daemon",
        needs: &[Need::Property(DOOD, "daemons", &["none"])],
    },
    Rule {
        id: "B7",
        statement: |t| t.claim_b7,
        of: DOOD,
        says: "an ordinary user of the socket's group is enough",
        needs: &[
            Need::Property(DOOD, "group-of-the-socket", &["enough"]),
            Need::Property(DOOD, "agent-privilege", ORDINARY),
        ],
    },
    Rule {
        id: "B8",
        statement: |t| t.claim_b8,
        of: DOOD,
        says: "a privileged container reads the node's secret",
        needs: &[Need::Escape(DOOD, "privileged-root-mount", &[REACHES])],
    },
    Rule {
        id: "B9",
        statement: |t| t.claim_b9,
        of: DOOD,
        says: "without the socket the pod is refused",
        needs: &[Need::Property(DOOD, "socket-missing", &["refused"])],
    },
    Rule {
        id: "B10",
        statement: |t| t.claim_b10,
        of: DOOD,
        says: "names of containers conflict, volumes are shared",
        needs: &[
            Need::Property(DOOD, "collision-container", &["conflict"]),
            Need::Property(DOOD, "collision-volume", &["shared"]),
        ],
    },
    Rule {
        id: "B11",
        statement: |t| t.claim_b11,
        of: "processor time, dood",
        says: "the pod's control group misses the job's container",
        needs: &[Need::Property(DOOD, "accounting", &["missed"])],
    },
    Rule {
        id: "B11",
        statement: |t| t.claim_b11,
        of: "processor time, dind and sidecar",
        says: "the pod's control group counts the job's container",
        needs: &[
            Need::Property(DIND, "accounting", &["counted"]),
            Need::Property(SIDECAR, "accounting", &["counted"]),
        ],
    },
    Rule {
        id: "B12",
        statement: |t| t.claim_b12,
        of: SIDECAR,
        says: "the job works, and the client with the right certificate is served",
        needs: &[
            Need::Property(SIDECAR, "job", &["works"]),
            Need::Client("right certificate", "served"),
        ],
    },
    Rule {
        id: "B13",
        statement: |t| t.claim_b13,
        of: "a privileged container",
        says: "refused with the plugin, not without",
        needs: &[
            Need::Escape(SIDECAR, "privileged-root-mount", &["refused"]),
            Need::Escape(OPEN, "privileged-root-mount", &[REACHES, "stays inside"]),
        ],
    },
    Rule {
        id: "B14",
        statement: |t| t.claim_b14,
        of: "sidecar, with the plugin",
        says: "an ordinary agent, nothing of the node mounted or seen, no way out",
        needs: &[
            Need::Property(SIDECAR, "agent-privilege", ORDINARY),
            Need::Property(SIDECAR, "node-paths", &["none"]),
            Need::Property(SIDECAR, "isolation", &["none of the node"]),
            Need::NoWayOut(SIDECAR),
        ],
    },
    Rule {
        id: "B14",
        statement: |t| t.claim_b14,
        of: "sidecar-open, without it",
        says: "the same without the plugin",
        needs: &[
            Need::Property(OPEN, "node-paths", &["none"]),
            Need::Property(OPEN, "isolation", &["none of the node"]),
            Need::NoWayOut(OPEN),
        ],
    },
    Rule {
        id: "B15",
        statement: |t| t.claim_b15_cache,
        of: "cache of a sidecar",
        says: "a new pod finds no layers",
        needs: &[Need::Property(SIDECAR, "cache", &["lost"])],
    },
    Rule {
        id: "B16",
        statement: |t| t.claim_b16,
        of: SIDECAR,
        says: "the engine's container has every privilege, and is refused without",
        needs: &[
            Need::Property(SIDECAR, "engine-privilege", &["full"]),
            Need::Property(SIDECAR, "without-privilege", &["refused"]),
        ],
    },
    Rule {
        id: "B17",
        statement: |t| t.claim_b17,
        of: "daemonless: privilege and the node",
        says: "the job works without privilege, daemon or way out",
        needs: &[
            Need::Property(DAEMONLESS, "job", &["works"]),
            Need::Property(DAEMONLESS, "agent-privilege", ORDINARY),
            Need::Property(DAEMONLESS, "engine-privilege", &["no engine"]),
            Need::Property(DAEMONLESS, "daemons", &["none"]),
            Need::Property(DAEMONLESS, "isolation", &["none of the node"]),
            Need::NoWayOut(DAEMONLESS),
        ],
    },
    Rule {
        id: "B17",
        statement: |t| t.claim_b17,
        of: "daemonless: the cache",
        says: "a new pod finds the layers",
        needs: &[Need::Property(DAEMONLESS, "cache", &["kept"])],
    },
    Rule {
        id: "B17",
        statement: |t| t.claim_b17,
        of: "daemonless: accounting",
        says: "the job's work is counted",
        needs: &[Need::Property(DAEMONLESS, "accounting", &["counted"])],
    },
];

pub(super) fn of(sidecar: &Sidecar) -> Vec<Claim> {
    let held = RULES.iter().filter_map(|rule| held(rule, sidecar));
    held.collect()
}

impl Need {
    /// Its rows, and whether an outcome is the needed one.
    fn looks<'a>(&self, sidecar: &'a Sidecar) -> Vec<(&'a Look, bool)> {
        let one = |look: Option<&'a Look>, one_of: &[&str]| {
            let is = |look: &Look| one_of.iter().any(|outcome| look.is(outcome));
            look.map(|look| (look, is(look))).into_iter().collect()
        };
        match self {
            Self::Property(pattern, property, one_of) => {
                one(sidecar.property(pattern, property), one_of)
            }
            Self::Escape(pattern, way, one_of) => one(sidecar.escape(pattern, way), one_of),
            Self::Client(client, outcome) => one(sidecar.client(client), &[outcome]),
            Self::NoWayOut(pattern) => {
                let looks = sidecar.escapes(pattern).into_iter();
                looks.map(|look| (look, !look.is(REACHES))).collect()
            }
        }
    }

    /// What was seen of it; ways out together.
    fn told(&self, sidecar: &Sidecar) -> Vec<String> {
        let looks = self.looks(sidecar);
        let Self::NoWayOut(pattern) = self else {
            return looks.into_iter().map(|(look, _)| told(look)).collect();
        };
        if looks.is_empty() {
            return Vec::new();
        }
        let of = |outcome: Option<&str>| -> Vec<&str> {
            let of_it = looks
                .iter()
                .filter(|(look, _)| look.outcome.as_deref() == outcome);
            of_it.map(|(look, _)| &*look.step).collect()
        };
        let (reach, unseen) = (of(Some(REACHES)), of(None));
        let mut seen = vec![format!(
            "{} of {} ways out of {pattern} reach the node",
            reach.len(),
            looks.len()
        )];
        for (what, ways) in [("by", reach), ("not seen:", unseen)] {
            if !ways.is_empty() {
                seen.push(format!("{what} {}", ways.join(", ")));
            }
        }
        let taken_over = sidecar.taken_over(pattern).map(told);
        seen.into_iter().chain(taken_over).collect()
    }
}

/// `None` where a run has no row of it.
fn held(rule: &Rule, sidecar: &Sidecar) -> Option<Claim> {
    let of = |need: &Need| need.looks(sidecar);
    let needs: Vec<Vec<(&Look, bool)>> = rule.needs.iter().map(of).collect();
    let looks = || needs.iter().flatten();
    looks().next()?;
    let is_seen = |look: &Look| look.outcome.is_some();
    let here = if looks().any(|(look, holds)| is_seen(look) && !holds) {
        Here::NotReproduced
    } else if needs.iter().any(Vec::is_empty) || !looks().all(|(look, _)| is_seen(look)) {
        Here::NotMeasured
    } else {
        Here::Consistent
    };
    let told: Vec<String> = rule
        .needs
        .iter()
        .flat_map(|need| need.told(sidecar))
        .collect();
    Some(Claim {
        here,
        seen: told.join("; "),
        ..blank(rule.id, rule.statement, None, rule.of.to_owned(), rule.says)
    })
}

#[cfg(test)]
mod tests {
    use super::super::IDS;
    use super::*;
    use crate::analysis::sidecar::PATTERNS;

    #[test]
    fn every_rule_is_of_a_listed_claim_and_of_known_patterns() {
        for rule in &RULES {
            assert!(IDS.contains(&rule.id), "{}", rule.id);
            for need in rule.needs {
                let pattern = match need {
                    Need::Property(pattern, ..)
                    | Need::Escape(pattern, ..)
                    | Need::NoWayOut(pattern) => pattern,
                    Need::Client(..) => continue,
                };
                assert!(PATTERNS.contains(pattern), "{} {pattern}", rule.id);
            }
        }
    }
}

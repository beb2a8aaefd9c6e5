//! Claims about the patterns that give a pod an engine. Most of them are held by rows that must have
//! the claimed outcome, all of them; what could not be looked at leaves a claim open.

use std::borrow::Cow;

use super::Claim;
use crate::analysis::sidecar::{Look, Memory, REACHES, REFERENCE, Sidecar, Stand};
use crate::analysis::verdict::Here;
use crate::language::Texts;

pub(super) const IDS: [&str; 18] = [
    "A23", "B1", "B4", "B5", "B6", "B7", "B8", "B9", "B10", "B11", "B12", "B13", "B14", "B15",
    "B16", "B17", "C5", "C8",
];

const DIND: &str = "dind";
const DOOD: &str = "dood";
const SIDECAR: &str = "sidecar";
const OPEN: &str = "sidecar-open";
const DAEMONLESS: &str = "daemonless";

/// The rule of a refusal for want of a body that the daemon has and did not hand over.
const BODY_MISSING: &str = "body-missing";

/// How long words of what refused are told.
const SHORT: usize = 80;

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
        of: "daemonless: accounting and collisions",
        says: "the job's work is counted, names do not collide",
        needs: &[
            Need::Property(DAEMONLESS, "accounting", &["counted"]),
            Need::Property(DAEMONLESS, "collision-container", &["none"]),
            Need::Property(DAEMONLESS, "collision-volume", &["none"]),
        ],
    },
];

pub(super) fn of(sidecar: &Sidecar) -> Vec<Claim> {
    let rules = RULES.iter().filter_map(|rule| held(rule, sidecar));
    let mut claims: Vec<Claim> = rules.collect();
    claims.extend(choice(sidecar));
    claims.extend(
        [DIND, SIDECAR]
            .iter()
            .filter_map(|below| memory(sidecar, below)),
    );
    claims.extend(requests(sidecar));
    claims.extend(storage(sidecar));
    claims.extend(bodies(sidecar));
    claims.extend(
        [DIND, SIDECAR]
            .iter()
            .filter_map(|name| placement(sidecar, name)),
    );
    // In the order of the ledger, the rows of a claim together.
    claims.sort_by_key(|claim| IDS.iter().position(|id| *id == claim.id));
    claims
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
        ..Claim::blank(rule.id, rule.statement, None, rule.of.to_owned(), rule.says)
    })
}

/// `sidecar job: works`; of what could not be looked at, why.
fn told(look: &Look) -> String {
    let outcome = look.outcome.as_deref().unwrap_or("not seen");
    let told = format!("{} {}: {outcome}", look.subject, look.step);
    if look.words.is_empty() {
        return told;
    }
    let words = look.words.replace('\n', " ");
    match words.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{told} ({} ...)", words[..end].trim_end()),
        None => format!("{told} ({words})"),
    }
}

/// A23: a question, whose answer is the patterns that run the job and do not expose the node.
fn choice(sidecar: &Sidecar) -> Option<Claim> {
    if sidecar.patterns.is_empty() {
        return None;
    }
    let take = sidecar.to_take();
    let all: Vec<_> = sidecar
        .patterns
        .iter()
        .map(|pattern| sidecar.advice(pattern))
        .collect();
    let is_decided = all.iter().any(|advice| advice.stand != Stand::Open);
    let here = if is_decided {
        Here::Answered
    } else {
        Here::NotMeasured
    };
    let told: Vec<String> = all
        .iter()
        .map(|advice| {
            let why = match advice.stand {
                Stand::Take => "the job works, no way out".to_owned(),
                Stand::Trusted => format!("reaches the node by {}", advice.ways.join(", ")),
                Stand::Never => "the job fails".to_owned(),
                Stand::Open => "not all was seen".to_owned(),
            };
            let overhead: Vec<String> = advice
                .overhead
                .iter()
                .filter_map(|(word, ratio)| Some(format!("{word} x{:.2}", ratio.estimate?.value)))
                .collect();
            match overhead.is_empty() {
                true => format!("{}: {why}", advice.pattern),
                false => format!(
                    "{}: {why} ({} of {REFERENCE})",
                    advice.pattern,
                    overhead.join(", ")
                ),
            }
        })
        .collect();
    let answer = match (is_decided, take.is_empty()) {
        (false, _) => Cow::Borrowed(""),
        (true, true) => Cow::Borrowed("none"),
        (true, false) => Cow::Owned(take.join(", ")),
    };
    Some(Claim {
        here,
        seen: told.join("; "),
        answer,
        ..Claim::blank(
            "A23",
            |t| t.claim_a23,
            None,
            format!("{} patterns", sidecar.patterns.len()),
            "which pattern runs the job and does not expose the node?",
        )
    })
}

/// B6: its second half, "so it uses fewer resources", by the memory of pods. The node's own daemon is
/// the node's. Of too few pods for an interval nothing is held.
fn memory(sidecar: &Sidecar, other: &str) -> Option<Claim> {
    let [own, others] = [sidecar.memory(DOOD)?, sidecar.memory(other)?];
    let interval = |memory: &Memory| memory.estimate?.interval;
    let (least, most) = (interval(own)?, interval(others)?);
    let here = if least.overlaps(most) {
        Here::Inconclusive
    } else if least.high < most.low {
        Here::Consistent
    } else {
        Here::NotReproduced
    };
    let told = |memory: &Memory| {
        let median = memory.estimate.map_or(f64::NAN, |found| found.value) / 1e6;
        let [least, most] = [memory.least / 1e6, memory.most / 1e6];
        let n = memory.n;
        format!(
            "{} {median:.1} MB ({least:.1} to {most:.1}, n {n})",
            memory.pattern
        )
    };
    Some(Claim {
        here,
        seen: format!("{}; {}", told(own), told(others)),
        ..Claim::blank(
            "B6",
            |t| t.claim_b6,
            None,
            format!("memory of a pod: {DOOD} and {other}"),
            "less memory, by intervals that have nothing in common",
        )
    })
}

/// B13: of all that was sent, and not at the price of refusing everything.
fn requests(sidecar: &Sidecar) -> Option<Claim> {
    let hostile: Vec<&Look> = sidecar.hostile().collect();
    let legitimate: Vec<&Look> = sidecar.legitimate().collect();
    if hostile.is_empty() && legitimate.is_empty() {
        return None;
    }
    let count =
        |looks: &[&Look], outcome: &str| looks.iter().filter(|look| look.is(outcome)).count();
    let passed: Vec<&str> = hostile
        .iter()
        .filter(|look| look.is("allowed"))
        .map(|look| &*look.subject)
        .collect();
    let all = [&hostile, &legitimate].map(Vec::len);
    let allowed = count(&legitimate, "allowed");
    let is_unseen = hostile
        .iter()
        .chain(&legitimate)
        .any(|look| look.outcome.is_none());
    let here = if !passed.is_empty() {
        Here::NotReproduced
    } else if all.contains(&0) || is_unseen {
        Here::NotMeasured
    } else if allowed < all[1] {
        Here::Inconclusive
    } else {
        Here::Consistent
    };
    let mut seen = format!(
        "of {} hostile requests {} refused, {} rejected by the daemon; of {} legitimate ones {allowed} \
         allowed",
        all[0],
        count(&hostile, "refused"),
        count(&hostile, "rejected by the daemon"),
        all[1],
    );
    if !passed.is_empty() {
        seen += &format!("; allowed: {}", passed.join(", "));
    }
    Some(Claim {
        here,
        seen,
        ..Claim::blank(
            "B13",
            |t| t.claim_b13,
            None,
            "hostile and legitimate requests".to_owned(),
            "no hostile request is allowed, every legitimate one is",
        )
    })
}

/// B15: its storage half. Without a volume the engine takes another driver, or none.
fn storage(sidecar: &Sidecar) -> Option<Claim> {
    let looks = ["storage-volume", "storage-layer"].map(|name| sidecar.property(SIDECAR, name));
    let told: Vec<String> = looks.iter().flatten().map(|look| told(look)).collect();
    let outcomes = looks.map(|look| look.and_then(|look| look.outcome.as_deref()));
    let here = match outcomes {
        [Some(volume), Some(layer)] if volume != layer => Here::Consistent,
        [Some(_), Some(_)] => Here::NotReproduced,
        _ => Here::NotMeasured,
    };
    (!told.is_empty()).then(|| Claim {
        here,
        seen: told.join("; "),
        ..Claim::blank(
            "B15",
            |t| t.claim_b15,
            None,
            "store of a sidecar".to_owned(),
            "another driver, or none, where the store has no volume",
        )
    })
}

/// C5: a request that the plugin refused because the daemon had not handed its body over would have
/// got past one that judges what it is given. Where every body was handed over, this daemon has not
/// that hole.
fn bodies(sidecar: &Sidecar) -> Option<Claim> {
    let hostile: Vec<&Look> = sidecar.hostile().collect();
    if hostile.is_empty() {
        return None;
    }
    let of_rule = |look: &&&Look| look.is("refused") && look.rule() == BODY_MISSING;
    let missing: Vec<&str> = hostile
        .iter()
        .filter(of_rule)
        .map(|look| &*look.subject)
        .collect();
    let (here, seen) = if missing.is_empty() {
        let seen = format!("of {} hostile requests none lacked its body", hostile.len());
        (Here::NotReproduced, seen)
    } else {
        let seen = format!(
            "{} of {} hostile requests came without their body and were refused for it: {}",
            missing.len(),
            hostile.len(),
            missing.join(", ")
        );
        (Here::Consistent, seen)
    };
    Some(Claim {
        here,
        seen,
        ..Claim::blank(
            "C5",
            |t| t.claim_c5,
            None,
            "bodies that a plugin is given".to_owned(),
            "a body that decides is not handed over",
        )
    })
}

/// C8: where the job's container lies with the node's control group namespace, as Kubernetes gives it
/// to privileged containers. That it lies beside its pod is what the claim needs and not what it
/// says: no limit was seen. Within its pod, no limit of the pod is escaped.
fn placement(sidecar: &Sidecar, pattern: &str) -> Option<Claim> {
    let look = sidecar.property(pattern, "accounting-host-cgroupns")?;
    let here = match look.outcome.as_deref() {
        Some("missed") => Here::Inconclusive,
        Some(_) => Here::NotReproduced,
        None => Here::NotMeasured,
    };
    Some(Claim {
        here,
        seen: format!("{}; the limit itself was not seen", told(look)),
        ..Claim::blank(
            "C8",
            |t| t.claim_c8,
            None,
            format!("placement, {pattern}"),
            "the job's container lies outside its pod's control group, and so of its limit",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::sidecar::PATTERNS;

    #[test]
    fn every_rule_is_of_a_listed_claim_and_of_known_patterns() {
        for rule in &RULES {
            assert!(IDS.contains(&rule.id), "{}", rule.id);
            for need in rule.needs {
                let pattern = match need {
                    Need::Property(pattern, ..) | Need::Escape(pattern, ..) => pattern,
                    Need::NoWayOut(pattern) => pattern,
                    Need::Client(..) => continue,
                };
                assert!(PATTERNS.contains(pattern), "{} {pattern}", rule.id);
            }
        }
    }
}

//! Claims about patterns. Most need rows that must have the claimed outcome, all of them; what could not
//! be looked at leaves a claim open. The others are of a shape of their own.

use std::borrow::Cow;

use authz::Rule;
use claims::stated;
use facts::{Claim, Here};

use super::advice::Stand;
use super::cost::Memory;
use super::{Check, REFERENCE, Sidecar, count, subjects};
use crate::pattern::{DAEMONLESS, DIND, DOOD, Pattern, SIDECAR, SIDECAR_OPEN as OPEN};
use crate::transport::{RIGHT, VERSION};
use crate::words::{
    ESCAPE, GUARDED, HOSTILE, LEGITIMATE, Property as P, TRANSPORT, UNGUARDED, Word as W,
};

/// How long words of what refused are told.
const SHORT: usize = 80;

/// What a claim needs.
enum Need {
    /// One of these outcomes of a property.
    Is(Pattern, P, &'static [W]),
    /// One of these outcomes of an escape path.
    EscapeVector(Pattern, &'static str, &'static [W]),
    /// The client with the right certificate is served.
    Served,
    /// None of the ways that a pattern's agent has tried reaches the node.
    NoWayOut(Pattern),
}
use Need::{EscapeVector, Is, NoWayOut, Served};

/// The agent has no privilege.
const ORDINARY: &[W] = &[W::None, W::Default];

const MOUNT: &str = "privileged-root-mount";

/// Claim, what is looked at, what is claimed of it, what that needs.
#[rustfmt::skip]
static RULES: [(&str, &str, &str, &[Need]); 19] = [
    ("B1", DIND.name, "the job works", &[Is(DIND, P::Job, &[W::Works])]),
    ("B4", DIND.name, "the same pod without privilege is refused",
        &[Is(DIND, P::WithoutPrivilege, &[W::Refused])]),
    ("B5", DOOD.name, "a new pod finds the layers, and the store is the node's",
        &[Is(DOOD, P::Cache, &[W::Kept]), Is(DOOD, P::StorageVolume, &[W::TheNodes])]),
    ("B6", DOOD.name, "the pod brings no daemon", &[Is(DOOD, P::Daemons, &[W::None])]),
    ("B7", DOOD.name, "an ordinary user of the socket's group is enough",
        &[Is(DOOD, P::Group, &[W::Enough]), Is(DOOD, P::AgentPrivilege, ORDINARY)]),
    ("B8", DOOD.name, "a privileged container reads the node's secret", &[EscapeVector(DOOD, MOUNT, &[W::Reaches])]),
    ("B9", DOOD.name, "without the socket the pod is refused", &[Is(DOOD, P::SocketMissing, &[W::Refused])]),
    ("B10", DOOD.name, "names of containers conflict, volumes are shared",
        &[Is(DOOD, P::CollisionContainer, &[W::Conflict]), Is(DOOD, P::CollisionVolume, &[W::Shared])]),
    ("B11 run", "processor time, dood", "the pod's control group misses the job's container",
        &[Is(DOOD, P::Accounting, &[W::Missed])]),
    ("B11 run", "processor time, dind and sidecar", "the pod's control group counts the job's container",
        &[Is(DIND, P::Accounting, &[W::Counted]), Is(SIDECAR, P::Accounting, &[W::Counted])]),
    ("B12", SIDECAR.name, "the job works, and the client with the right certificate is served",
        &[Is(SIDECAR, P::Job, &[W::Works]), Served]),
    ("B13", "a privileged container", "refused with the plugin, not without",
        &[EscapeVector(SIDECAR, MOUNT, &[W::Refused]), EscapeVector(OPEN, MOUNT, &[W::Reaches, W::Inside])]),
    ("B14", "sidecar, with the plugin", "an ordinary agent, nothing of the node mounted or seen, no escape path",
        &[Is(SIDECAR, P::AgentPrivilege, ORDINARY), Is(SIDECAR, P::NodePaths, &[W::None]),
          Is(SIDECAR, P::Isolation, &[W::NoneOfTheNode]), NoWayOut(SIDECAR)]),
    ("B14", "sidecar-open, without it", "the same without the plugin",
        &[Is(OPEN, P::NodePaths, &[W::None]), Is(OPEN, P::Isolation, &[W::NoneOfTheNode]), NoWayOut(OPEN)]),
    ("B15 cache", "cache of a sidecar", "a new pod finds no layers", &[Is(SIDECAR, P::Cache, &[W::Lost])]),
    ("B16", SIDECAR.name, "the engine's container has every privilege, and is refused without",
        &[Is(SIDECAR, P::EnginePrivilege, &[W::Full]), Is(SIDECAR, P::WithoutPrivilege, &[W::Refused])]),
    ("B17", "daemonless: privilege and the node", "the job works without privilege, daemon or escape path",
        &[Is(DAEMONLESS, P::Job, &[W::Works]), Is(DAEMONLESS, P::AgentPrivilege, ORDINARY),
          Is(DAEMONLESS, P::EnginePrivilege, &[W::NoEngine]), Is(DAEMONLESS, P::Daemons, &[W::None]),
          Is(DAEMONLESS, P::Isolation, &[W::NoneOfTheNode]), NoWayOut(DAEMONLESS)]),
    ("B17", "daemonless: the cache", "a new pod finds the layers", &[Is(DAEMONLESS, P::Cache, &[W::Kept])]),
    ("B17", "daemonless: accounting", "the job's work is counted",
        &[Is(DAEMONLESS, P::Accounting, &[W::Counted])]),
];

pub(super) fn of(sidecar: &Sidecar) -> Vec<Claim> {
    let held = RULES.iter().filter_map(|rule| held(rule, sidecar));
    let mut claims: Vec<Claim> = held.collect();
    claims.extend(choice(sidecar));
    let beside = [DIND, SIDECAR];
    claims.extend(beside.iter().filter_map(|other| memory(sidecar, other)));
    claims.extend(requests(sidecar));
    claims.extend(storage(sidecar));
    claims.extend(bodies(sidecar));
    claims.extend(beside.iter().filter_map(|name| placement(sidecar, name)));
    // The rows of a claim together.
    let order = claims::claims();
    claims.sort_by_key(|claim| order.iter().position(|known| known.id == claim.id));
    claims
}

/// A row of a claim.
fn claim(name: &str, of: &str, says: &'static str, here: Here, seen: String) -> Claim {
    Claim { here, seen, ..Claim::blank(stated(name), None, of.to_owned(), says) }
}

/// `sidecar job: works`; of what could not be looked at, why.
fn told(look: &Check) -> String {
    let told = format!("{} {}: {}", look.subject, look.step, look.name());
    if look.words.is_empty() {
        return told;
    }
    let words = look.words.replace('\n', " ");
    match words.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{told} ({} ...)", words[..end].trim_end()),
        None => format!("{told} ({words})"),
    }
}

impl Need {
    /// Its rows, and whether an outcome is the needed one.
    fn looks<'a>(&self, sidecar: &'a Sidecar) -> Vec<(&'a Check, bool)> {
        let (look, one_of): (_, &[W]) = match self {
            Is(pattern, property, one_of) => (sidecar.property(pattern, *property), one_of),
            EscapeVector(pattern, way, one_of) => (sidecar.look(ESCAPE, pattern.name, way), one_of),
            Served => (sidecar.look(TRANSPORT, RIGHT, VERSION), &[W::Served]),
            NoWayOut(pattern) => {
                let looks = sidecar.escapes(pattern).into_iter();
                return looks.map(|look| (look, !look.is(W::Reaches))).collect();
            }
        };
        let is = |look: &Check| one_of.iter().any(|word| look.is(*word));
        look.map(|look| (look, is(look))).into_iter().collect()
    }

    /// What was seen of it; escape paths together.
    fn told(&self, sidecar: &Sidecar) -> Vec<String> {
        let looks = self.looks(sidecar);
        let NoWayOut(pattern) = self else {
            return looks.into_iter().map(|(look, _)| told(look)).collect();
        };
        if looks.is_empty() {
            return Vec::new();
        }
        let reach = sidecar.ways_that(pattern, W::Reaches);
        let unseen = sidecar.ways_unseen(pattern);
        let (count, all) = (reach.len(), looks.len());
        let mut seen = vec![format!("{count} of {all} escape paths of {pattern} reach the node")];
        for (what, ways) in [("by", reach), ("not seen:", unseen)] {
            if !ways.is_empty() {
                seen.push(format!("{what} {}", ways.join(", ")));
            }
        }
        seen.extend(sidecar.taken_over(pattern).map(told));
        seen
    }
}

/// `None` where a run has no row of it.
fn held(rule: &(&'static str, &str, &'static str, &[Need]), sidecar: &Sidecar) -> Option<Claim> {
    let (id, of, says, needs) = rule;
    let looks: Vec<Vec<(&Check, bool)>> = needs.iter().map(|need| need.looks(sidecar)).collect();
    let all = || looks.iter().flatten();
    all().next()?;
    let here = if all().any(|(look, holds)| look.outcome.is_some() && !holds) {
        Here::NotReproduced
    } else if looks.iter().any(Vec::is_empty) || all().any(|(look, _)| look.outcome.is_none()) {
        Here::NotMeasured
    } else {
        Here::Consistent
    };
    let told: Vec<String> = needs.iter().flat_map(|need| need.told(sidecar)).collect();
    Some(claim(id, of, says, here, told.join("; ")))
}

/// A23: a question, whose answer is the patterns that run the job and do not expose the node.
fn choice(sidecar: &Sidecar) -> Option<Claim> {
    if sidecar.patterns.is_empty() {
        return None;
    }
    let told = |pattern: &&'static Pattern| {
        let why = match sidecar.stand(pattern) {
            Stand::Take => "the job works, no escape path".to_owned(),
            Stand::Trusted => {
                let ways = sidecar.ways_that(pattern, W::Reaches);
                format!("reaches the node by {}", ways.join(", "))
            }
            Stand::Never => "the job fails".to_owned(),
            Stand::Open => "not all was seen".to_owned(),
        };
        let overhead = sidecar.overhead(pattern).into_iter();
        let overhead = overhead.filter_map(|(word, ratio)| Some((word, ratio?.estimate?.value)));
        let overhead: Vec<String> =
            overhead.map(|(word, ratio)| format!("{word} x{ratio:.2}")).collect();
        match &overhead[..] {
            [] => format!("{pattern}: {why}"),
            some => format!("{pattern}: {why} ({} of {REFERENCE})", some.join(", ")),
        }
    };
    let mut patterns = sidecar.patterns.iter();
    let is_decided = patterns.any(|pattern| sidecar.stand(pattern) != Stand::Open);
    let take = sidecar.to_take();
    let (here, answer) = match (is_decided, take.is_empty()) {
        (false, _) => (Here::NotMeasured, Cow::Borrowed("")),
        (true, true) => (Here::Answered, Cow::Borrowed("none")),
        (true, false) => (Here::Answered, Cow::Owned(take.join(", "))),
    };
    let seen: Vec<String> = sidecar.patterns.iter().map(told).collect();
    let of = format!("{} patterns", sidecar.patterns.len());
    let says = "which pattern runs the job and does not expose the node?";
    Some(Claim { answer, ..claim("A23", &of, says, here, seen.join("; ")) })
}

/// B6: its second half, "so it uses fewer resources", by the memory of pods. The node's own daemon is
/// the node's. Of too few pods for an interval nothing is held.
fn memory(sidecar: &Sidecar, other: &Pattern) -> Option<Claim> {
    let [own, others] = [sidecar.memory(&DOOD)?, sidecar.memory(other)?];
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
        let median = memory.estimate.map_or(f64::NAN, |found| found.value);
        let [median, least, most] = [median, memory.least, memory.most].map(|bytes| bytes / 1e6);
        let (pattern, n) = (memory.pattern, memory.n);
        format!("{pattern} {median:.1} MB ({least:.1} to {most:.1}, n {n})")
    };
    let of = format!("memory of a pod: {DOOD} and {other}");
    let says = "less memory, by intervals that have nothing in common";
    Some(claim("B6", &of, says, here, format!("{}; {}", told(own), told(others))))
}

/// B13: of all that was sent, and not at the price of refusing everything.
fn requests(sidecar: &Sidecar) -> Option<Claim> {
    let (hostile, legitimate) = (sidecar.hostile(GUARDED), sidecar.table(LEGITIMATE));
    let all = [hostile.len(), legitimate.len()];
    if all == [0, 0] {
        return None;
    }
    let passed = subjects(&hostile, |look| look.is(W::Allowed));
    let allowed = count(&legitimate, W::Allowed);
    let mut both = hostile.iter().chain(&legitimate);
    let is_unseen = both.any(|look| look.outcome.is_none());
    let here = if !passed.is_empty() {
        Here::NotReproduced
    } else if all.contains(&0) || is_unseen {
        Here::NotMeasured
    } else if allowed < all[1] {
        Here::Inconclusive
    } else {
        Here::Consistent
    };
    let [refused, rejected] = [W::Refused, W::Rejected].map(|word| count(&hostile, word));
    let mut seen = vec![format!(
        "of {} hostile requests {refused} refused, {rejected} rejected by the daemon; of {} \
         legitimate ones {allowed} allowed",
        all[0], all[1],
    )];
    let done = sidecar.done_unguarded();
    seen.extend(done.map(|done| format!("without the plugin {done} hostile ones are done")));
    if !passed.is_empty() {
        seen.push(format!("allowed: {}", passed.join(", ")));
    }
    let says = "no hostile request is allowed, every legitimate one is";
    Some(claim("B13", "hostile and legitimate requests", says, here, seen.join("; ")))
}

/// B15: its storage half. Without a volume the engine takes another driver, or none.
fn storage(sidecar: &Sidecar) -> Option<Claim> {
    let looks = [P::StorageVolume, P::StorageLayer].map(|name| sidecar.property(&SIDECAR, name));
    let told: Vec<String> = looks.iter().flatten().map(|look| told(look)).collect();
    let here = match looks.map(|look| look.and_then(|look| look.outcome.as_deref())) {
        [Some(volume), Some(layer)] if volume != layer => Here::Consistent,
        [Some(_), Some(_)] => Here::NotReproduced,
        _ => Here::NotMeasured,
    };
    let says = "another driver, or none, where the store has no volume";
    (!told.is_empty())
        .then(|| claim("B15 storage", "store of a sidecar", says, here, told.join("; ")))
}

/// C5: a request that the plugin refused because it was not given the body, and that the daemon does
/// where nobody asks: the daemon has a body that it does not hand over, and who judges by what they
/// are given are got past. Where there is none, this daemon has not that hole.
fn bodies(sidecar: &Sidecar) -> Option<Claim> {
    let hostile = sidecar.hostile(GUARDED);
    if hostile.is_empty() {
        return None;
    }
    let is_of_rule = |look: &Check| look.is(W::Refused) && look.rule() == Rule::BodyMissing.name();
    let missing = subjects(&hostile, is_of_rule);
    let unguarded = |request: &str| {
        let look = sidecar.look(HOSTILE, request, UNGUARDED);
        look.and_then(|look| look.outcome.as_deref())
    };
    let mut done = missing.clone();
    done.retain(|request| unguarded(request) == Some(W::Allowed.name()));
    let here = if !done.is_empty() {
        Here::Consistent
    } else if missing.iter().any(|request| unguarded(request).is_none()) {
        // Of a request without a body, too, the plugin is given none.
        Here::Inconclusive
    } else {
        Here::NotReproduced
    };
    let (refused, all) = (missing.len(), hostile.len());
    let mut seen = vec![format!(
        "the plugin was not given the body of {refused} of {all} hostile requests, and refused them"
    )];
    if !done.is_empty() {
        let (count, names) = (done.len(), done.join(", "));
        seen.push(format!("without the plugin the daemon does {count} of these: {names}"));
    }
    let says = "the daemon does what a body says that it did not hand over";
    Some(claim("C5", "bodies that a plugin is given", says, here, seen.join("; ")))
}

/// C8: where the job's container lies with the node's control group namespace, as Kubernetes gives it
/// to privileged containers. That it lies beside its pod is what the claim needs and not what it
/// says: no limit was seen. Within its pod, no limit of the pod is escaped.
fn placement(sidecar: &Sidecar, pattern: &Pattern) -> Option<Claim> {
    let look = sidecar.property(pattern, P::AccountingHost)?;
    let here = match look.outcome {
        Some(_) if look.is(W::Missed) => Here::Inconclusive,
        Some(_) => Here::NotReproduced,
        None => Here::NotMeasured,
    };
    let of = format!("placement, {pattern}");
    let says = "the job's container lies outside its pod's control group, and so of its limit";
    let seen = format!("{}; the limit itself was not seen", told(look));
    Some(claim("C8 place", &of, says, here, seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_of_a_stated_claim_and_of_known_ways() {
        for (name, _, _, needs) in &RULES {
            assert!(!stated(name).statement.es.is_empty(), "{name}");
            for need in *needs {
                if let EscapeVector(_, way, _) = need {
                    assert!(crate::look::ESCAPES.iter().any(|known| known.name == *way), "{way}");
                }
            }
        }
    }
}

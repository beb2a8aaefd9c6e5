//! Claims about the patterns that give a pod an engine: those of [a table](rules), and those of
//! another shape.

mod rules;

use std::borrow::Cow;

use super::blank;
use crate::analysis::sidecar::{Look, Memory, REFERENCE, Sidecar, Stand};
use facts::Claim;
use facts::Here;

const DIND: &str = "dind";
const DOOD: &str = "dood";
const SIDECAR: &str = "sidecar";
const OPEN: &str = "sidecar-open";
const DAEMONLESS: &str = "daemonless";

/// The rule of a refusal for want of a body that the daemon has and did not hand over.
const BODY_MISSING: &str = "body-missing";

/// How long words of what refused are told.
const SHORT: usize = 80;

const IDS: [&str; 18] = [
    "A23", "B1", "B4", "B5", "B6", "B7", "B8", "B9", "B10", "B11", "B12", "B13", "B14", "B15",
    "B16", "B17", "C5", "C8",
];

pub(super) fn of(sidecar: &Sidecar) -> Vec<Claim> {
    let mut claims = rules::of(sidecar);
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
            if overhead.is_empty() {
                return format!("{}: {why}", advice.pattern);
            }
            let overhead = overhead.join(", ");
            format!("{}: {why} ({overhead} of {REFERENCE})", advice.pattern)
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
        ..blank(
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
        ..blank(
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
    if let Some(done) = sidecar.done_unguarded() {
        seen = format!("{seen}; without the plugin {done} hostile ones are done");
    }
    if !passed.is_empty() {
        seen = format!("{seen}; allowed: {}", passed.join(", "));
    }
    Some(Claim {
        here,
        seen,
        ..blank(
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
        ..blank(
            "B15",
            |t| t.claim_b15,
            None,
            "store of a sidecar".to_owned(),
            "another driver, or none, where the store has no volume",
        )
    })
}

/// C5: a request that the plugin refused because it was not given the body, and that the daemon does
/// where nobody asks: the daemon has a body that it does not hand over, and who judges by what they
/// are given are got past. Where there is none, this daemon has not that hole.
fn bodies(sidecar: &Sidecar) -> Option<Claim> {
    let hostile: Vec<&Look> = sidecar.hostile().collect();
    if hostile.is_empty() {
        return None;
    }
    let of_rule = |look: &&&Look| look.is("refused") && look.rule() == BODY_MISSING;
    let missing: Vec<&Look> = hostile.iter().filter(of_rule).copied().collect();
    let unguarded = |look: &Look| sidecar.unguarded(&look.subject)?.outcome.as_deref();
    let done: Vec<&str> = missing
        .iter()
        .filter(|look| unguarded(look) == Some("allowed"))
        .map(|look| &*look.subject)
        .collect();
    let here = if !done.is_empty() {
        Here::Consistent
    } else if missing.iter().any(|look| unguarded(look).is_none()) {
        // Of a request without a body, too, the plugin is given none.
        Here::Inconclusive
    } else {
        Here::NotReproduced
    };
    let mut seen = format!(
        "the plugin was not given the body of {} of {} hostile requests, and refused them",
        missing.len(),
        hostile.len()
    );
    if !done.is_empty() {
        let (count, names) = (done.len(), done.join(", "));
        seen = format!("{seen}; without the plugin the daemon does {count} of these: {names}");
    }
    Some(Claim {
        here,
        seen,
        ..blank(
            "C5",
            |t| t.claim_c5,
            None,
            "bodies that a plugin is given".to_owned(),
            "the daemon does what a body says that it did not hand over",
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
        ..blank(
            "C8",
            |t| t.claim_c8,
            None,
            format!("placement, {pattern}"),
            "the job's container lies outside its pod's control group, and so of its limit",
        )
    })
}

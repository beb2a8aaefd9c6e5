//! Claims about a third level and what is deeper: a chain that works, questions without a published
//! answer, and what ends the depth.

use measure::Metric;
use measure::stats::Model;

use super::{blank, find};
use crate::analysis::depth::{Depth, LIMITS};
use crate::analysis::{Comparison, Evidence, Place, SeriesSummary, Way};
use crate::language::Texts;
use facts::Claim;
use facts::Here;
use facts::Record;
use facts::Table;
use facts::trials::rows;

/// The chain that A19 is about, and the one that it is held against: names of arms.
const THREE_DEEP: [(&str, &str); 2] = [
    ("start-podman-podman-podman", "start-podman-podman"),
    (
        "start-podman-podman-podman-inside",
        "start-podman-podman-inside",
    ),
];

/// What is asked, in the order of the tutorial.
const GROWTH: &str = "additive or multiplicative?";
const CPU: &str = "does CPU accumulate more than startup?";
const ENGINE: &str = "which engine nests cheaper?";

/// Answers that depend on what "cheaper" is.
pub(crate) const DOCKER_BY_FACTOR: &str = "Docker by factor, Podman in time";
pub(crate) const PODMAN_BY_FACTOR: &str = "Podman by factor, Docker in time";

/// How subjects of a depth run end.
const VOLUME: &str = " on a volume";
const LAYER: &str = " on the container's layer";

/// Limits that are claimed, as the experiment names those that it tried, and their values.
const CLAIMED: [(&str, &str); 3] = [
    ("PID namespaces within each other", "32"),
    ("user namespaces within each other", "32"),
    ("overlay mounts on overlay mounts", "2"),
];

pub(super) fn of(record: &Record, evidence: &Evidence, published: &Table) -> Vec<Claim> {
    let mut claims = three_deep(record, evidence, published);
    claims.extend(questions(evidence));
    claims.extend(depths(record, evidence.depth));
    claims
}

/// A19: it works where every sample of it has a reading.
fn three_deep(record: &Record, evidence: &Evidence, published: &Table) -> Vec<Claim> {
    let row = |pair: &(&'static str, &'static str)| {
        let ratio = find(record, evidence.ratios, published, Metric::Startup, *pair)?;
        let taken = record.measured(pair.0).count();
        let worked = record.measured(pair.0).filter(|row| row.wall_ns.is_some());
        let worked = worked.count();
        Some(Claim {
            ours: ratio.decisive,
            pairs: ratio.pairs,
            primary: ratio.primary,
            by_itself: ratio.by_itself,
            verdict: ratio.verdict,
            here: match worked {
                _ if taken == 0 => Here::NotMeasured,
                0 => Here::NotReproduced,
                all if all == taken => Here::Consistent,
                _ => Here::Inconclusive,
            },
            seen: format!("{worked} of {taken} samples work"),
            ..blank(
                "A19",
                |t| t.claim_a19,
                Some(Metric::Startup),
                ratio.contrast.clone(),
                "every sample works",
            )
        })
    };
    THREE_DEEP.iter().filter_map(row).collect()
}

/// A21. A question that the run has no arms for is a row that says so, where it has those of
/// another.
fn questions(evidence: &Evidence) -> Vec<Claim> {
    let startup = evidence
        .growth
        .iter()
        .filter(|series| series.metric == Metric::Startup && Place::of(&series.series).is_some());
    let growth: Vec<Claim> = startup.map(of_series).collect();
    if growth.is_empty() {
        return Vec::new();
    }
    let mut claims = growth;
    let asked: [Asked; 2] = [
        (
            &evidence.answers.accumulation,
            |t| t.claim_a21_cpu,
            CPU,
            |held| match held.less() {
                Way::First => "no",
                Way::Second => "yes",
                Way::Alike => "the same",
                Way::Open => "",
            },
        ),
        (
            &evidence.answers.engines,
            |t| t.claim_a21_engine,
            ENGINE,
            // A small factor of a long start may be more time than a large one of a short start.
            |held| match (held.less(), held.less_time()) {
                (Way::First, Way::Second) => DOCKER_BY_FACTOR,
                (Way::Second, Way::First) => PODMAN_BY_FACTOR,
                (Way::First, _) => "Docker",
                (Way::Second, _) => "Podman",
                (Way::Alike, _) => "the same",
                (Way::Open, _) => "",
            },
        ),
    ];
    for (comparisons, statement, says, answer) in asked {
        claims.extend(
            comparisons
                .iter()
                .map(|held| of_comparison(held, statement, says, answer(held))),
        );
        if comparisons.is_empty() {
            let of = "the run has no arms for it".to_owned();
            claims.push(blank("A21", statement, None, of, says));
        }
    }
    claims
}

type Statement = fn(&Texts) -> &'static str;

/// Comparisons, the question that they answer, and the answer of each in a word.
type Asked<'a> = (
    &'a [Comparison],
    Statement,
    &'static str,
    fn(&Comparison) -> &'static str,
);

fn of_series(series: &SeriesSummary) -> Claim {
    let answer = match series.model {
        Some(Model::Additive) => "additive",
        Some(Model::Multiplicative) => "multiplicative",
        Some(Model::Neither) => "neither",
        Some(Model::Both) | None => "",
    };
    Claim {
        here: match series.model {
            None => Here::NotMeasured,
            // Both may be no growth, or too little of it to tell: either way it answers nothing.
            Some(Model::Both) => Here::Inconclusive,
            Some(_) => Here::Answered,
        },
        pairs: series.blocks,
        growth: series.additive.zip(series.multiplicative),
        answer: answer.into(),
        ..blank(
            "A21",
            |t| t.claim_a21_growth,
            Some(series.metric),
            series.series.clone(),
            GROWTH,
        )
    }
}

fn of_comparison(
    held: &Comparison,
    statement: Statement,
    says: &'static str,
    answer: &'static str,
) -> Claim {
    let here = match held.ratio {
        None => Here::NotMeasured,
        Some(_) if !answer.is_empty() => Here::Answered,
        Some(ratio) if ratio.interval.is_none() => Here::NotMeasured,
        Some(_) => Here::Inconclusive,
    };
    Claim {
        ours: held.ratio,
        pairs: held.pairs,
        verdict: held.verdict,
        here,
        answer: answer.into(),
        ..blank(
            "A21",
            statement,
            Some(held.first.metric),
            format!("{} / {}", held.first.series, held.second.series),
            says,
        )
    }
}

/// C6: what ends the depth on a volume and on a layer, and the limits that were read.
fn depths(record: &Record, depth: &[Depth]) -> Vec<Claim> {
    let blank = |statement: Statement, of: String, says: &'static str| {
        blank("C6", statement, None, of, says)
    };
    let mut claims = Vec::new();
    for subject in depth {
        let (engine, here, row) = if let Some(engine) = ends(&subject.subject, VOLUME) {
            let row = blank(
                |t| t.claim_c6_volume,
                subject.subject.clone(),
                "not refused by storage",
            );
            (engine, on_a_volume as Judge, row)
        } else if let Some(engine) = ends(&subject.subject, LAYER) {
            let row = blank(
                |t| t.claim_c6_layer,
                subject.subject.clone(),
                "refused by storage, and earlier",
            );
            (engine, on_the_layer as Judge, row)
        } else {
            continue;
        };
        let other = |ending: &str| {
            let mut others = depth.iter();
            others.find(|other| ends(&other.subject, ending) == Some(engine))
        };
        claims.push(Claim {
            here: here(subject, other(VOLUME), other(LAYER)),
            seen: seen(subject),
            ..row
        });
    }
    if claims.is_empty() {
        return claims;
    }
    claims.extend(rows(&record.trials, LIMITS).filter_map(|limit| {
        let (_, value) = CLAIMED.iter().find(|(name, _)| *name == limit.subject)?;
        Some(Claim {
            here: if limit.outcome.trim() == *value {
                Here::Consistent
            } else {
                Here::NotReproduced
            },
            seen: limit.outcome.clone(),
            ..blank(|t| t.claim_c6_limit, limit.subject.clone(), value)
        })
    }));
    claims
}

type Judge = fn(&Depth, Option<&Depth>, Option<&Depth>) -> Here;

fn on_a_volume(subject: &Depth, _: Option<&Depth>, layer: Option<&Depth>) -> Here {
    match &subject.refusal {
        Some(refusal) if refusal.reason.trim().is_empty() => Here::Inconclusive,
        Some(refusal) if is_of_storage(&refusal.reason) => Here::NotReproduced,
        Some(_) => Here::Consistent,
        // It ended where the run did. That storage does not bound it is known as far as that,
        // which says something only beyond where the layer was refused.
        None if subject.deepest > layer.and_then(|layer| layer.deepest) && layer.is_some() => {
            Here::Consistent
        }
        None => Here::Inconclusive,
    }
}

fn on_the_layer(subject: &Depth, volume: Option<&Depth>, _: Option<&Depth>) -> Here {
    let Some(volume) = volume else {
        return Here::Inconclusive;
    };
    match &subject.refusal {
        Some(refusal) if refusal.reason.trim().is_empty() => Here::Inconclusive,
        Some(refusal) if is_of_storage(&refusal.reason) && subject.deepest < volume.deepest => {
            Here::Consistent
        }
        Some(_) => Here::NotReproduced,
        None if subject.deepest >= volume.deepest => Here::NotReproduced,
        None => Here::Inconclusive,
    }
}

/// The subject's engine, where it ends so.
fn ends<'a>(subject: &'a str, ending: &str) -> Option<&'a str> {
    let (engine, rest) = subject.split_once(ending)?;
    // A session's number may follow.
    (rest.is_empty() || rest.starts_with(" (")).then_some(engine)
}

fn seen(depth: &Depth) -> String {
    let works = depth.deepest.map_or("no level works".to_owned(), |level| {
        format!("works down to level {level}")
    });
    match &depth.refusal {
        Some(refusal) => format!(
            "{works}; level {} refused: {}",
            refusal.level, refusal.reason
        ),
        None => format!("{works}; none deeper was tried"),
    }
}

/// Whether the words are those of a storage limit. The kernel says "no space left on device" of
/// namespaces that are too deep as well, and then what could not be made is named.
fn is_of_storage(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if has(&["overlay", "stacking depth", "graphdriver", "storage driver"]) {
        return true;
    }
    has(&["no space left", "disk quota"])
        && !has(&[
            "clone",
            "unshare",
            "namespace",
            "nsexec",
            "fork",
            "max_pid",
            "max_user",
        ])
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::analysis::depth::Refusal;

    #[rstest]
    #[case("overlayfs: maximum fs stacking depth exceeded", true)]
    #[case("failed to mount overlay: invalid argument", true)]
    #[case("write /var/lib/x: no space left on device", true)]
    #[case("clone: No space left on device", false)]
    #[case("unshare failed: No space left on device", false)]
    #[case(
        "nsexec[12]: failed to unshare namespaces: no space left on device",
        false
    )]
    #[case("cannot allocate memory", false)]
    fn storage_is_known_by_its_words(#[case] reason: &str, #[case] is: bool) {
        assert_eq!(is_of_storage(reason), is);
    }

    fn depth(deepest: u32, refused: Option<&str>) -> Depth {
        Depth {
            subject: String::new(),
            levels: Vec::new(),
            deepest: Some(deepest),
            refusal: refused.map(|reason| Refusal {
                level: deepest + 1,
                reason: reason.to_owned(),
            }),
            median_ns: None,
            last_to_first_third: None,
        }
    }

    #[rstest]
    #[case::as_claimed((31, Some("clone: no space left on device")), (1, Some("overlay")), Here::Consistent, Here::Consistent)]
    #[case::storage_everywhere((5, Some("overlay")), (1, Some("overlay")), Here::NotReproduced, Here::Consistent)]
    #[case::not_deep_enough((4, None), (4, None), Here::Inconclusive, Here::NotReproduced)]
    #[case::deeper_than_the_layer((4, None), (1, Some("overlay")), Here::Consistent, Here::Consistent)]
    #[case::the_layer_goes_as_deep((4, Some("clone")), (4, Some("clone")), Here::Consistent, Here::NotReproduced)]
    #[case::no_words((4, Some("")), (1, Some(" ")), Here::Inconclusive, Here::Inconclusive)]
    fn depths_are_judged(
        #[case] volume: (u32, Option<&str>),
        #[case] layer: (u32, Option<&str>),
        #[case] of_volume: Here,
        #[case] of_layer: Here,
    ) {
        let [volume, layer] = [volume, layer].map(|(deepest, refused)| depth(deepest, refused));
        assert_eq!(on_a_volume(&volume, None, Some(&layer)), of_volume);
        assert_eq!(on_the_layer(&layer, Some(&volume), None), of_layer);
    }

    #[test]
    fn a_subject_is_its_engine_and_where_its_store_lies() {
        assert_eq!(ends("docker on a volume", VOLUME), Some("docker"));
        assert_eq!(
            ends("podman-matched on a volume (2)", VOLUME),
            Some("podman-matched")
        );
        assert_eq!(ends("docker on tmpfs", VOLUME), None);
    }
}

//! What the published text claims, as data, and what a run says of it.

mod nesting;

pub(crate) use nesting::{DOCKER_BY_FACTOR, PODMAN_BY_FACTOR};

use measure::Metric;

use crate::analysis::{Evidence, RatioSummary, between, ratio_of_ratios};
use crate::language::{Texted as _, Texts};
use facts::Record;
use facts::Table;
use facts::{Claim, Lang, Text};
use facts::{Here, Source};

/// One claim of the ledger.
struct Definition {
    id: &'static str,
    metric: Metric,
    statement: fn(&Texts) -> &'static str,
    kind: Kind,
}

/// Names of the arms above and below the line.
type Pair = (&'static str, &'static str);

/// How a claim is held against a run.
enum Kind {
    /// The ratio is the published one.
    Ratio(Pair),
    /// The ratio is below 1.
    Below(Pair),
    /// There is no difference.
    Same(Pair),
    /// The first ratio is larger than the second.
    Larger(Pair, Pair),
    /// Every primary ratio of an arm at level 2 to one at level 1 is above 1.
    SecondLevel,
}

/// In the order of the ledger.
const CLAIMS: [Definition; 11] = [
    claim(
        "A9",
        Metric::Startup,
        |t| t.claim_a9,
        Kind::Same(("dood-inside", "docker")),
    ),
    claim(
        "A14",
        Metric::Startup,
        |t| t.claim_a14_dind,
        Kind::Larger(("dind", "docker"), ("podman-nested", "podman")),
    ),
    claim(
        "A14",
        Metric::Startup,
        |t| t.claim_a14_socket,
        Kind::Larger(("podman-nested", "podman"), ("dood", "docker")),
    ),
    claim(
        "A15",
        Metric::Startup,
        |t| t.claim_a15_dind,
        Kind::Ratio(("dind", "docker")),
    ),
    claim(
        "A15",
        Metric::Startup,
        |t| t.claim_a15_podman,
        Kind::Ratio(("podman-nested", "podman")),
    ),
    claim(
        "A16",
        Metric::Startup,
        |t| t.claim_a16,
        Kind::Below(("podman-nested", "docker")),
    ),
    claim(
        "A17",
        Metric::Cpu,
        |t| t.claim_a17_docker,
        Kind::Ratio(("docker", "bare")),
    ),
    claim(
        "A17",
        Metric::Cpu,
        |t| t.claim_a17_dind,
        Kind::Ratio(("dind", "bare")),
    ),
    claim(
        "A17",
        Metric::Cpu,
        |t| t.claim_a17_podman,
        Kind::Ratio(("podman", "bare")),
    ),
    claim(
        "A17",
        Metric::Cpu,
        |t| t.claim_a17_nested,
        Kind::Ratio(("podman-nested", "bare")),
    ),
    claim("A18", Metric::Syscall, |t| t.claim_a18, Kind::SecondLevel),
];

/// A row of which nothing was measured yet.
fn blank(
    id: &'static str,
    statement: fn(&Texts) -> &'static str,
    metric: Option<Metric>,
    of: String,
    says: &'static str,
) -> Claim {
    let [english, spanish] = Lang::ALL.map(|lang| statement(lang.texts()));
    Claim::blank(id, Text::new(english, spanish), metric, of, says)
}

const fn claim(
    id: &'static str,
    metric: Metric,
    statement: fn(&Texts) -> &'static str,
    kind: Kind,
) -> Definition {
    Definition {
        id,
        metric,
        statement,
        kind,
    }
}

/// The claims that this run's arms and trials can speak of.
pub(crate) fn of(record: &Record, evidence: &Evidence, published: &Table) -> Vec<Claim> {
    CLAIMS
        .iter()
        .flat_map(|claim| held_against(claim, record, evidence.ratios, published))
        .chain(nesting::of(record, evidence, published))
        .collect()
}

impl Kind {
    /// What is claimed of the ratio.
    fn says(&self) -> &'static str {
        match self {
            Self::Ratio(_) => "as published",
            Self::Below(_) => "below 1",
            Self::Same(_) => "no difference",
            Self::Larger(..) | Self::SecondLevel => "above 1",
        }
    }
}

fn held_against(
    claim: &Definition,
    record: &Record,
    ratios: &[RatioSummary],
    published: &Table,
) -> Vec<Claim> {
    let ratio = |pair: Pair| find(record, ratios, published, claim.metric, pair);
    match claim.kind {
        Kind::Ratio(pair) => {
            let row = ratio(pair).map(|ratio| {
                let here = ratio.here.unwrap_or(Here::NotMeasured);
                of_one(claim, &ratio, here)
            });
            row.into_iter().collect()
        }
        Kind::Below(pair) => {
            let row = ratio(pair).map(|ratio| {
                of_one(
                    claim,
                    &ratio,
                    Here::of_below(ratio.interval(), ratio.verdict),
                )
            });
            row.into_iter().collect()
        }
        Kind::Same(pair) => {
            let row = ratio(pair).map(|ratio| {
                of_one(
                    claim,
                    &ratio,
                    Here::of_same(ratio.interval(), ratio.verdict),
                )
            });
            row.into_iter().collect()
        }
        Kind::Larger(first, second) => ratio(first)
            .zip(ratio(second))
            .map(|(first, second)| of_two(claim, record, &first, &second))
            .into_iter()
            .collect(),
        Kind::SecondLevel => {
            let level = |name: &str| record.arm(name).map(|arm| arm.level);
            ratios
                .iter()
                // The published image of Podman does less at level 2, and is not what is claimed.
                .filter(|ratio| ratio.metric == claim.metric && ratio.primary)
                .filter(|ratio| {
                    level(&ratio.numerator) == Some(2) && level(&ratio.denominator) == Some(1)
                })
                .map(|ratio| {
                    of_one(
                        claim,
                        ratio,
                        Here::of_above(ratio.interval(), ratio.verdict),
                    )
                })
                .collect()
        }
    }
}

/// The declared contrast of these arms, or the same as an exploratory one; `None` where the run
/// has no such arms.
fn find(
    record: &Record,
    ratios: &[RatioSummary],
    published: &Table,
    metric: Metric,
    (numerator, denominator): Pair,
) -> Option<RatioSummary> {
    if [numerator, denominator]
        .iter()
        .any(|name| record.arm(name).is_none_or(|arm| arm.metric != metric))
    {
        return None;
    }
    between(record, ratios, published, numerator, denominator)
}

fn of_one(claim: &Definition, ratio: &RatioSummary, here: Here) -> Claim {
    Claim {
        published: ratio.published,
        ours: ratio.decisive,
        pairs: ratio.pairs,
        primary: ratio.primary,
        by_itself: ratio.by_itself,
        verdict: ratio.verdict,
        here,
        source: ratio
            .published
            .map_or(Source::NoNumber, |published| published.source),
        ..blank(
            claim.id,
            claim.statement,
            Some(claim.metric),
            ratio.contrast.clone(),
            claim.kind.says(),
        )
    }
}

/// Of the ratio of two ratios, in the blocks that have all four readings.
fn of_two(
    claim: &Definition,
    record: &Record,
    first: &RatioSummary,
    second: &RatioSummary,
) -> Claim {
    let held = ratio_of_ratios(record, first, second);
    Claim {
        ours: held.estimate,
        pairs: held.pairs,
        verdict: held.verdict,
        here: Here::of_above(held.estimate.and_then(|found| found.interval), held.verdict),
        ..blank(
            claim.id,
            claim.statement,
            Some(claim.metric),
            format!("({}) / ({})", first.contrast, second.contrast),
            claim.kind.says(),
        )
    }
}

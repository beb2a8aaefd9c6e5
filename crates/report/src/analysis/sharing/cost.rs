//! What a way costs: the same job with it, over the same job with nothing and with a store of its
//! own from before; and what it moves and leaves.

use measure::{Metric, Trial};
use serde::Serialize;

use crate::analysis::{Estimate, RatioSummary};
use facts::Record;
use facts::Table;
use facts::trials::rows;
use facts::{Ratio, between};

/// Its table of trials.
pub(super) const MOVED: &str = "moved";

const FAILED: &str = "failed";

/// An arm of the experiment.
struct Known {
    name: &'static str,
    /// The way that it is the cost of.
    way: Option<&'static str>,
    /// The same job with an empty store, and with the store of an earlier one that nobody else uses.
    cold: Option<&'static str>,
    warm: Option<&'static str>,
}

const fn known(
    name: &'static str,
    way: Option<&'static str>,
    cold: Option<&'static str>,
    warm: Option<&'static str>,
) -> Known {
    Known {
        name,
        way,
        cold,
        warm,
    }
}

/// Arms of an empty store, and of a filled one that is used by nobody else.
pub(crate) const DOCKER_COLD: &str = "docker-cold";
pub(crate) const DOCKER_WARM: &str = "docker-warm";
const BUILDX_COLD: &str = "docker-buildx-cold";
const PODMAN_COLD: &str = "podman-cold";
const PODMAN_WARM: &str = "podman-warm";

const ARMS: [Known; 11] = [
    known(DOCKER_COLD, None, None, None),
    known(DOCKER_WARM, None, Some(DOCKER_COLD), None),
    known(
        "docker-pull-through",
        Some("pull-through"),
        Some(DOCKER_COLD),
        Some(DOCKER_WARM),
    ),
    known(
        "docker-archive",
        Some("archive"),
        Some(DOCKER_COLD),
        Some(DOCKER_WARM),
    ),
    known(
        "docker-copy",
        Some("copy-of-filled"),
        Some(DOCKER_COLD),
        Some(DOCKER_WARM),
    ),
    known(BUILDX_COLD, None, Some(DOCKER_COLD), None),
    known(
        "docker-buildx-cache",
        Some("buildx-cache"),
        Some(BUILDX_COLD),
        Some(DOCKER_WARM),
    ),
    known(PODMAN_COLD, None, None, None),
    known(PODMAN_WARM, None, Some(PODMAN_COLD), None),
    known(
        "podman-additional-store",
        Some("additional-store"),
        Some(PODMAN_COLD),
        Some(PODMAN_WARM),
    ),
    known(
        "buildah-layers",
        Some("buildah-layers"),
        Some(PODMAN_COLD),
        Some(PODMAN_WARM),
    ),
];

/// Of one arm.
#[derive(Serialize)]
pub(crate) struct ArmCost {
    pub(crate) arm: &'static str,
    pub(crate) way: Option<&'static str>,
    /// How long a job takes, in ns.
    pub(crate) median: Option<Estimate>,
    pub(crate) to_cold: Option<Ratio>,
    pub(crate) to_warm: Option<Ratio>,
    pub(crate) moved: Moved,
    /// Why it was not measured: what the job said.
    pub(crate) failed: Option<String>,
}

/// Bytes of one job; of several sessions, in the last one.
#[derive(Default, Serialize)]
pub(crate) struct Moved {
    /// Into the job's container.
    pub(crate) network: Option<u64>,
    /// Out of the lab's registry.
    pub(crate) upstream: Option<u64>,
    /// In its store afterwards.
    pub(crate) disk: Option<u64>,
    /// In what it shares.
    pub(crate) shared: Option<u64>,
}

/// Arms that the run has, or has tried, in the order of the table.
pub(super) fn costs(record: &Record, all: &[RatioSummary], published: &Table) -> Vec<ArmCost> {
    let tried: Vec<&Trial> = rows(&record.trials, MOVED).collect();
    let of = |known: &Known| {
        let arm = record
            .arm(known.name)
            .filter(|arm| arm.metric == Metric::Job);
        let of_it = || tried.iter().filter(|row| row.subject == known.name);
        if arm.is_none() && of_it().next().is_none() {
            return None;
        }
        let bytes = |step: &str| {
            let mut of_step = of_it().rev().filter(|row| row.step == step);
            of_step.find_map(|row| row.bytes)
        };
        let over = |below: Option<&'static str>| {
            between(record, all, published, known.name, below?).map(Ratio::from)
        };
        let failed = of_it().next_back().filter(|row| row.outcome == FAILED);
        Some(ArmCost {
            arm: known.name,
            way: known.way,
            median: arm.and_then(|arm| facts::summarise(record, arm, published).median),
            to_cold: over(known.cold),
            to_warm: over(known.warm),
            moved: Moved {
                network: bytes("network"),
                upstream: bytes("upstream"),
                disk: bytes("disk"),
                shared: bytes("shared"),
            },
            failed: failed.map(|row| row.reason.clone()),
        })
    };
    ARMS.iter().filter_map(of).collect()
}

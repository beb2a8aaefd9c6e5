//! What a run says of published claims, where the experiment does not say it itself.

mod sharing;
mod sidecar;

use measure::Metric;

use crate::analysis::Evidence;
use crate::language::{Texted as _, Texts};
use facts::{Claim, Lang, Text};

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

/// The claims that this run's trials can speak of.
pub(crate) fn of(evidence: &Evidence) -> Vec<Claim> {
    let sharing = evidence.sharing.iter();
    let sharing = sharing.flat_map(|sharing| sharing::of(sharing));
    let sidecar = evidence.sidecar.iter();
    sharing
        .chain(sidecar.flat_map(|sidecar| sidecar::of(sidecar)))
        .collect()
}

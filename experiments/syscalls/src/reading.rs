//! What a run says of published claims.

use claims::stated;
use facts::{Claim, Evidence, Facts, Is, RatioSummary, leads};

/// The facts of a run: of A18, every primary ratio of an arm at level 2 to one at level 1. (The
/// published image of Podman does less at level 2, and is not what is claimed.)
pub(crate) fn facts(evidence: &Evidence) -> Facts {
    let level = |arm: &str| evidence.arm(arm).map(|arm| arm.level);
    let is_second = |ratio: &&RatioSummary| {
        ratio.primary && [level(&ratio.numerator), level(&ratio.denominator)] == [Some(2), Some(1)]
    };
    let claim = |ratio| Claim::of_ratio(stated("A18"), Is::Above, ratio);
    Facts {
        claims: evidence.ratios.iter().filter(is_second).map(claim).collect(),
        leads: leads(&LEADS),
        ..Facts::default()
    }
}

const GETPPID: [&str; 2] = ["for a system call (getppid)", "en una llamada al sistema (getppid)"];

/// What the page opens with.
#[rustfmt::skip]
const LEADS: [(&str, [[&str; 2]; 3]); 3] = [
    ("getppid-dind/getppid-docker",
        [["Docker in Docker", "Docker en Docker"], ["Docker"; 2], GETPPID]),
    ("getppid-podman-matched/getppid-podman",
        [["Podman in Podman", "Podman en Podman"], ["Podman"; 2], GETPPID]),
    ("fork-exec-dind/fork-exec-docker",
        [["Docker in Docker", "Docker en Docker"], ["Docker"; 2], ["to start a program", "en arrancar un programa"]]),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_claim_is_of_every_operation() {
        let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference/syscalls");
        let evidence = facts::Evidence::open(&run, &[]).expect("read");
        let claims = super::facts(&evidence).claims;
        // Of six operations, at Docker in Docker and at Podman configured as the one around it.
        assert!(claims.len() == 12 && claims.len() < evidence.ratios.len());
    }
}

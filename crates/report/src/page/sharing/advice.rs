//! One line of advice a way, as a table; what was seen decides which half of it is told.

use crate::analysis::sharing::{Advice, Group, Sharing, Stand, group};
use crate::language::{Lang, SharingTexts, Texted as _, fill};
use facts::document::{Cell, Piece, Tone};

type Text = fn(&SharingTexts) -> &'static str;

/// Of each way: what it is, and what to do with it where it is safe.
const LINES: [(&str, Text, Text); 22] = [
    ("whole", |t| t.is_whole, |t| t.take_whole),
    (
        "whole-own-containerd",
        |t| t.is_whole_own_containerd,
        |t| t.take_whole,
    ),
    (
        "whole-read-only",
        |t| t.is_whole_read_only,
        |t| t.take_whole_read_only,
    ),
    (
        "podman-whole",
        |t| t.is_podman_whole,
        |t| t.take_podman_whole,
    ),
    (
        "podman-whole-and-locks",
        |t| t.is_podman_whole_and_locks,
        |t| t.take_podman_whole_and_locks,
    ),
    ("image", |t| t.is_image, |t| t.take_parts),
    ("layers", |t| t.is_layers, |t| t.take_parts),
    (
        "image-and-layers",
        |t| t.is_image_and_layers,
        |t| t.take_parts,
    ),
    (
        "image-and-layers-read-only",
        |t| t.is_image_and_layers_read_only,
        |t| t.take_parts,
    ),
    ("snapshots", |t| t.is_snapshots, |t| t.take_parts),
    (
        "snapshots-and-content",
        |t| t.is_snapshots_and_content,
        |t| t.take_parts,
    ),
    ("after-stop", |t| t.is_after_stop, |t| t.take_after_stop),
    ("after-kill", |t| t.is_after_kill, |t| t.take_after_kill),
    (
        "after-power-cut",
        |t| t.is_after_power_cut,
        |t| t.take_after_kill,
    ),
    ("copied-live", |t| t.is_copied_live, |t| t.take_copied_live),
    (
        "next-generation",
        |t| t.is_next_generation,
        |t| t.take_next_generation,
    ),
    (
        "pull-through",
        |t| t.is_pull_through,
        |t| t.take_pull_through,
    ),
    ("archive", |t| t.is_archive, |t| t.take_archive),
    (
        "copy-of-filled",
        |t| t.is_copy_of_filled,
        |t| t.take_copy_of_filled,
    ),
    (
        "buildx-cache",
        |t| t.is_buildx_cache,
        |t| t.take_buildx_cache,
    ),
    (
        "additional-store",
        |t| t.is_additional_store,
        |t| t.take_additional_store,
    ),
    (
        "buildah-layers",
        |t| t.is_buildah_layers,
        |t| t.take_buildah_layers,
    ),
];

fn line(way: &str) -> Option<&'static (&'static str, Text, Text)> {
    LINES.iter().find(|(name, ..)| *name == way)
}

/// What it is, in a few words; nothing of one that is not known.
pub(super) fn is(way: &str, lang: Lang) -> &'static str {
    line(way).map_or("", |(_, is, _)| is(lang.sharing()))
}

/// What to do where a way is not safe. It names no other way, which may be no better.
fn instead(way: &str, t: &SharingTexts) -> &'static str {
    match group(way) {
        Some(Group::Store) | None => t.instead_store,
        Some(Group::Parts) => t.instead_parts,
        Some(Group::InTurn) => t.instead_in_turn,
        Some(Group::Meant) => t.instead_meant,
    }
}

pub(super) fn advice(advice: &Advice, lang: Lang) -> Cell {
    let t = lang.sharing();
    let Some((_, _, take)) = line(advice.way) else {
        return Cell::new(t.not_known).tone(Tone::Missing);
    };
    let (template, text, tone) = match advice.stand {
        Stand::Take => (t.stand_take, take(t), Tone::Yes),
        Stand::Slow => (t.stand_slow, "", Tone::Mixed),
        Stand::Unpromised => (t.stand_unpromised, take(t), Tone::Mixed),
        Stand::Avoid => (t.stand_avoid, instead(advice.way, t), Tone::Mixed),
        Stand::Never => (t.stand_never, instead(advice.way, t), Tone::No),
        Stand::Open => (t.stand_open, "", Tone::Missing),
    };
    let mut told = fill(
        template,
        &[
            ("generations", &advice.generations.join(", ")),
            ("line", &text),
        ],
    );
    let holds = [Stand::Take, Stand::Slow, Stand::Unpromised];
    if !advice.leaks.is_empty() && holds.contains(&advice.stand) {
        let generations = advice.leaks.join(", ");
        told += &fill(t.leaks_in, &[("generations", &generations)]);
    }
    Cell::new(told).tone(tone)
}

/// Of each engine the safe way that costs least; nothing where no cost was measured.
pub(super) fn cheapest(sharing: &Sharing, lang: Lang) -> Option<Piece> {
    let t = lang.sharing();
    if sharing.costs.iter().all(|cost| cost.to_cold.is_none()) {
        return None;
    }
    let found = sharing.cheapest();
    if found.is_empty() {
        return Some(Piece::Paragraph(t.cheapest_none.to_owned()));
    }
    let of = |advice: &Advice| {
        let cost = lang.number(advice.cost.unwrap_or(f64::NAN), 2);
        fill(
            t.cheapest_of,
            &[
                ("engine", &advice.engine),
                ("way", &advice.way),
                ("cost", &cost),
            ],
        )
    };
    let ways: Vec<String> = found.iter().map(of).collect();
    let told = fill(t.cheapest, &[("ways", &ways.join("; "))]);
    Some(Piece::Paragraph(told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::sharing::WAYS;

    #[test]
    fn every_way_has_a_line() {
        let [known, told] = [WAYS.map(|(way, ..)| way), LINES.map(|(way, ..)| way)];
        assert_eq!(known, told);
    }
}

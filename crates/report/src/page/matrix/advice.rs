//! What follows from the cells, in sentences: whether vfs is the slowest, and three lines for who
//! has to choose.

use super::super::document::Piece;
use super::super::phrases;
use super::place;
use crate::analysis::matrix::{self, Duel, First, Matrix, Mount, Pin, Slower};
use crate::language::{Lang, fill};
use crate::published::unit;

/// C7, with its numbers; nothing where neither driver was measured.
pub(super) fn duels(matrix: &Matrix, lang: Lang) -> Vec<Piece> {
    let t = lang.matrix();
    if matrix.duels.is_empty() {
        return Vec::new();
    }
    let of = |slower: Slower| {
        let duels = matrix.duels.iter();
        duels.filter(move |duel| duel.slower == slower)
    };
    let list = |slower: Slower| {
        let named: Vec<&str> = of(slower)
            .map(|duel| unit(duel.metric).heading(lang))
            .collect();
        if named.is_empty() {
            t.duel_none.to_owned()
        } else {
            named.join(", ")
        }
    };
    let [vfs, fuse] = [Slower::Vfs, Slower::Fuse].map(|slower| of(slower).count());
    let template = match (vfs, fuse) {
        (0, 0) => t.duel_open,
        (_, 0) => t.duel_yes,
        _ => t.duel_no,
    };
    let answer = fill(
        template,
        &[
            ("vfs", &vfs),
            ("metrics", &matrix.duels.len()),
            ("vfs_list", &list(Slower::Vfs)),
            ("fuse_list", &list(Slower::Fuse)),
        ],
    );
    let ratio = |duel: &Duel| {
        let mut told = fill(
            t.duel_ratio,
            &[
                ("metric", &unit(duel.metric).heading(lang)),
                ("ratio", &phrases::estimate(duel.estimate, 3, lang)),
            ],
        );
        if let Some(driver) = &duel.slowest {
            told += &fill(
                t.duel_slowest,
                &[("drivers", &duel.drivers), ("driver", driver)],
            );
        }
        told
    };
    vec![
        Piece::Heading(3, t.duel_title.to_owned()),
        Piece::Paragraph(answer),
        Piece::List(matrix.duels.iter().map(ratio).collect()),
    ]
}

/// Nothing where no cell was tried to an end.
pub(super) fn advice(matrix: &Matrix, lang: Lang) -> Vec<Piece> {
    let t = lang.matrix();
    let Some(advice) = matrix::advice(matrix) else {
        return Vec::new();
    };
    let mut lines: Vec<String> = advice
        .mount
        .iter()
        .map(|advice| mount(advice, lang))
        .collect();
    let pins: Vec<String> = advice.pins.iter().map(|advice| pin(advice, lang)).collect();
    if !pins.is_empty() {
        let template = if advice.pins.iter().any(|pin| pin.cost.is_some()) {
            t.advice_pins_cost
        } else {
            t.advice_pins
        };
        lines.push(fill(template, &[("pins", &pins.join("; "))]));
    }
    lines.push(match &advice.first {
        Some(advice) => first(advice, lang),
        None => t.advice_first_none.to_owned(),
    });
    vec![
        Piece::Heading(3, t.advice_title.to_owned()),
        Piece::List(lines),
    ]
}

fn mount(advice: &Mount, lang: Lang) -> String {
    let t = lang.matrix();
    let place_name = place(&advice.place, lang);
    let is_layer = advice.place == matrix::LAYER;
    let template = if is_layer {
        t.advice_layer
    } else {
        t.advice_mount
    };
    let counts = |template: &str, place: &str, count: matrix::Count| {
        let values: [(&str, &dyn std::fmt::Display); 3] = [
            ("fits", &count.fits),
            ("tried", &count.tried),
            ("place", &place),
        ];
        fill(template, &values)
    };
    let mut told = counts(template, &place_name, advice.count);
    if let Some(layer) = advice.layer.filter(|_| !is_layer) {
        told += &counts(t.advice_against_layer, "", layer);
    }
    if let Some((place, count)) = &advice.worst {
        told += &counts(t.advice_worst, place, *count);
    }
    told
}

fn pin(advice: &Pin, lang: Lang) -> String {
    let t = lang.matrix();
    let place = place(&advice.place, lang);
    let Some(driver) = &advice.driver else {
        return fill(
            t.advice_pin_none,
            &[
                ("engine", &advice.engine),
                ("place", &place),
                ("tried", &advice.count.tried),
            ],
        );
    };
    let mut details = vec![fill(
        t.advice_pin_fits,
        &[("fits", &advice.count.fits), ("tried", &advice.count.tried)],
    )];
    match advice.cost {
        Some(cost) => {
            let cost = lang.number(cost, 2);
            details.push(fill(t.advice_pin_cost, &[("cost", &cost)]));
            if advice.equals > 1 {
                details.push(fill(t.advice_pin_equals, &[("count", &advice.equals)]));
            }
        }
        None => details.push(t.advice_pin_no_cost.to_owned()),
    }
    if let Some(disk) = advice.disk {
        let disk = lang.number(disk, 2);
        details.push(fill(t.advice_pin_disk, &[("disk", &disk)]));
    }
    fill(
        t.advice_pin,
        &[
            ("engine", &advice.engine),
            ("place", &place),
            ("driver", driver),
            ("details", &details.join(", ")),
        ],
    )
}

fn first(advice: &First, lang: Lang) -> String {
    let t = lang.matrix();
    let mut told = match advice.common {
        Some(common) if common.unasked > 0 => fill(
            t.advice_first_unasked,
            &[
                ("unasked", &common.unasked),
                ("failing", &advice.failing),
                ("fingerprint", &common.fingerprint.id),
            ],
        ),
        Some(common) => fill(
            t.advice_first_known,
            &[
                ("drivers", &common.drivers),
                ("known", &common.cells),
                ("failing", &advice.failing),
                ("fingerprint", &common.fingerprint.id),
            ],
        ),
        None => fill(t.advice_first_unknown, &[("failing", &advice.failing)]),
    };
    let (name, count) = &advice.place;
    told += &fill(
        t.advice_first_place,
        &[("count", count), ("place", &place(name, lang))],
    );
    if advice.late > 0 {
        told += &fill(t.advice_first_late, &[("late", &advice.late)]);
    }
    told.push('.');
    if let Some(common) = advice.common {
        let known = common.fingerprint;
        // What a language has no words for is in the table of failures, marked as English.
        let sentences = [&known.cause, &known.remedy].map(|text| lang.of_experiment(text));
        if sentences.iter().all(|(_, is_english)| !is_english) {
            let sentences = sentences.map(|(text, _)| text);
            told = format!("{told} {}", sentences.join(" "));
        }
    }
    told
}

//! Numbers as a reader sees them.

use crate::claim::{Additive, Claim, Predicted};
use crate::document::Cell;
use crate::estimate::{Estimate, Range};
use crate::language::Lang;
use crate::metric::{Unit, decimals};
use crate::ratios::Ratio;
use crate::{term, text};

/// `low to high`.
pub fn range(range: Range, decimals: usize, lang: Lang) -> String {
    let [low, high] = [range.low, range.high].map(|end| lang.number(end, decimals));
    text!(lang; "{low} to {high}"; "{low} a {high}")
}

/// Where too few values are there for an interval.
pub fn no_interval(lang: Lang) -> &'static str {
    term!(lang; "no interval"; "sin intervalo")
}

/// A range, or that there is none.
pub fn interval(interval: Option<Range>, decimals: usize, lang: Lang) -> String {
    interval.map_or_else(|| no_interval(lang).to_owned(), |found| range(found, decimals, lang))
}

/// An estimate with its interval, in one line.
pub fn estimate(estimate: Option<Estimate>, decimals: usize, lang: Lang) -> String {
    estimate.map_or_else(
        || "–".to_owned(),
        |found| {
            let value = lang.number(found.value, decimals);
            format!("{value} ({})", interval(found.interval, decimals, lang))
        },
    )
}

/// A time in ns that may be negative, with its interval, in a unit.
pub fn in_unit(of: Option<Estimate>, unit: Unit, lang: Lang) -> String {
    let of = of.map(|found| found.map(|ns| ns / unit.ns()));
    let size = of.map_or(0.0, |found| found.value.abs());
    estimate(of, decimals(size), lang).replace('-', "−")
}

/// Observed over predicted with its interval, in one line.
pub fn predicted(model: Predicted, lang: Lang) -> String {
    let interval = interval(model.interval, 3, lang);
    format!("{} ({interval})", lang.number(model.ratio, 3))
}

/// What was seen of a claim's row, where a ratio does not say it; in English, as files have it.
pub fn seen(claim: &Claim) -> String {
    match claim.growth {
        Some(growth) => predictions(growth, claim.pairs, Lang::En),
        None => claim.seen.clone(),
    }
}

/// The same of adding, or in how many of the series' blocks it is impossible.
pub fn added(additive: Additive, blocks: usize, lang: Lang) -> String {
    match additive {
        Additive::Predicted(model) => predicted(model, lang),
        Additive::Impossible { impossible_blocks } => {
            text!(lang; "impossible in {impossible_blocks} of {blocks} blocks";
                "imposible en {impossible_blocks} de {blocks} bloques")
        }
    }
}

/// Observed over predicted, by both models, of a series of so many blocks.
pub fn predictions(growth: (Additive, Predicted), blocks: usize, lang: Lang) -> String {
    let (additive, multiplicative) = (added(growth.0, blocks, lang), predicted(growth.1, lang));
    text!(lang; "observed / predicted: additive {additive}, multiplicative {multiplicative}";
        "observado / predicho: aditivo {additive}, multiplicativo {multiplicative}")
}

/// Who held the clock, by the name in files.
pub fn observer(name: &str, lang: Lang) -> &'static str {
    match name {
        "outside" => term!(lang; "timed from outside"; "cronometrado desde fuera"),
        "inside" => term!(lang; "timed beside the command"; "cronometrado junto a la orden"),
        _ => term!(lang; "by its own clock"; "con su propio reloj"),
    }
}

/// A ratio with its interval below; a star where it was a question before the run.
pub fn ratio_cell(ratio: Option<&Ratio>, lang: Lang) -> Cell {
    let found = ratio.and_then(|ratio| Some((ratio.estimate?, ratio.primary)));
    found.map_or_else(
        || Cell::new("–"),
        |(estimate, primary)| {
            let star = if primary { " *" } else { "" };
            let cell = Cell::new(format!("{}{star}", lang.number(estimate.value, 2)));
            cell.below(interval(estimate.interval, 2, lang))
        },
    )
}

/// An engine may say a lot.
const SHORT: usize = 180;

/// An engine's own words are no markup of ours, and only their beginning fits a table.
pub fn short(words: &str) -> String {
    let words = words.replace('`', "'");
    match words.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{} ...", words[..end].trim_end()),
        None if words.is_empty() => "–".to_owned(),
        None => words,
    }
}

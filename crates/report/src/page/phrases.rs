//! Numbers and verdicts as a reader sees them.

pub(crate) use facts::phrases::{estimate, in_unit, observer, predicted, range};

use crate::analysis::{Estimate, Predicted, Scope};
use crate::language::{Lang, Texted as _, fill};
use facts::Claim;
use facts::document::{Cell, Tone};
use facts::{Here, Source, Verdict};

/// A share as per cent.
pub(crate) fn percent(share: f64, decimals: usize, lang: Lang) -> String {
    format!("{} %", lang.number(share * 100.0, decimals))
}

/// A coverage. Never rounded up to what it is not.
pub(crate) fn coverage(share: f64, lang: Lang) -> String {
    percent((share * 1_000.0).floor() / 1_000.0, 1, lang)
}

/// A share as per cent, with its sign.
pub(crate) fn signed_pct(share: f64, lang: Lang) -> String {
    // What rounds to nothing has no sign.
    let share = if (share * 1_000.0).round() == 0.0 {
        0.0
    } else {
        share
    };
    let sign = if share > 0.0 { "+" } else { "" };
    format!("{sign}{} %", lang.number(share * 100.0, 1)).replace('-', "−")
}

/// A share with its interval.
pub(crate) fn share(estimate: Option<Estimate>, lang: Lang) -> String {
    let Some(estimate) = estimate else {
        return "–".to_owned();
    };
    let value = signed_pct(estimate.value, lang);
    match estimate.interval {
        Some(interval) => {
            let text = range(interval.map(|share| share * 100.0), 1, lang).replace('-', "−");
            format!("{value} ({text})")
        }
        None => format!("{value} ({})", lang.texts().no_interval_short),
    }
}

/// A p-value, to two digits that mean something.
pub(crate) fn p_value(p: f64, lang: Lang) -> String {
    if p < 0.0001 {
        format!("< {}", lang.number(0.0001, 4))
    } else {
        lang.number(p, if p < 0.1 { 4 } else { 2 })
    }
}

pub(crate) fn verdict(verdict: Verdict, by_itself: bool, margin_pct: f64, lang: Lang) -> String {
    let t = lang.texts();
    let template = match verdict {
        Verdict::Different => t.verdict_different,
        Verdict::DifferentEquivalent => t.verdict_both,
        Verdict::Equivalent => t.verdict_equivalent,
        Verdict::Inconclusive => t.verdict_inconclusive,
        Verdict::NoInterval => t.verdict_no_interval,
        Verdict::NoReading => t.verdict_no_reading,
    };
    let words = fill(template, &[("margin", &lang.trimmed(margin_pct))]);
    if by_itself && verdict.is_statement() {
        fill(t.verdict_by_itself, &[("verdict", &words)])
    } else {
        words
    }
}

pub(crate) fn verdict_cell(of: Verdict, by_itself: bool, margin_pct: f64, lang: Lang) -> Cell {
    Cell::new(verdict(of, by_itself, margin_pct, lang)).tone(match of {
        Verdict::Different => Tone::No,
        Verdict::DifferentEquivalent | Verdict::Equivalent => Tone::Yes,
        Verdict::Inconclusive => Tone::Open,
        Verdict::NoInterval | Verdict::NoReading => Tone::Missing,
    })
}

pub(crate) fn here_cell(here: Here, lang: Lang) -> Cell {
    let t = lang.texts();
    let (text, tone) = match here {
        Here::Consistent => (t.here_consistent, Tone::Yes),
        Here::NotReproduced => (t.here_not_reproduced, Tone::No),
        Here::Inconclusive => (t.here_inconclusive, Tone::Open),
        Here::NotMeasured => (t.here_not_measured, Tone::Missing),
        Here::Answered => (t.here_answered, Tone::Yes),
    };
    Cell::new(text).tone(tone)
}

pub(crate) fn source(source: Source, lang: Lang) -> &'static str {
    let t = lang.texts();
    match source {
        Source::Sign => t.source_sign,
        Source::CannotResolve => t.source_cannot,
        Source::NoNumber => t.source_no_number,
    }
}

/// What a row answers, of a question; empty of a claim, and where nothing was decided.
pub(crate) fn answer(claim: &Claim, lang: Lang) -> String {
    let told = claim.told.as_ref().map(|told| told.of(lang));
    match (told, &*claim.answer) {
        (Some(told), _) => told.to_owned(),
        (None, "none") => lang.pick("none", "ninguno").to_owned(),
        (None, answer) => answer.to_owned(),
    }
}

/// What was seen of a claim's row, where a ratio does not say it; in English, as files have it.
pub(crate) fn seen(claim: &Claim) -> String {
    match claim.growth {
        Some(growth) => predictions(growth, Lang::En),
        None => claim.seen.clone(),
    }
}

/// Observed over predicted, by both models.
pub(crate) fn predictions(
    (additive, multiplicative): (Predicted, Predicted),
    lang: Lang,
) -> String {
    let [additive, multiplicative] = [additive, multiplicative].map(|model| predicted(model, lang));
    fill(
        lang.levels().both_predictions,
        &[("additive", &additive), ("multiplicative", &multiplicative)],
    )
}

/// What a number speaks for.
pub(crate) fn scope(scope: Scope, sessions: usize, lang: Lang) -> String {
    let t = lang.texts();
    match scope {
        Scope::Boot => t.scope_boot.to_owned(),
        Scope::Sessions => fill(t.scope_sessions, &[("count", &sessions)]),
        Scope::Machine => fill(t.scope_machine, &[("count", &sessions)]),
    }
}

/// The estimate and, below it, its interval with n and coverage.
pub(crate) fn estimate_cell(estimate: Option<Estimate>, pairs: usize, lang: Lang) -> Cell {
    let t = lang.texts();
    let Some(estimate) = estimate else {
        return Cell::new(t.no_reading).tone(Tone::Missing);
    };
    let value = Cell::new(lang.number(estimate.value, 3));
    let (template, n) = match estimate.scope {
        Scope::Machine => (t.sessions_coverage, estimate.n),
        Scope::Boot | Scope::Sessions => (t.n_coverage, pairs),
    };
    match estimate.interval {
        Some(interval) => value.below(range(interval, 3, lang)).below(fill(
            template,
            &[
                ("n", &n),
                ("pairs", &pairs),
                ("coverage", &coverage(interval.coverage, lang)),
            ],
        )),
        None => value.below(fill(t.no_interval_n, &[("n", &pairs)])),
    }
}

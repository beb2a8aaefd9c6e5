//! Numbers and verdicts as a reader sees them.

pub(crate) use facts::phrases::{added, estimate, in_unit, interval, observer, predicted, range};

use crate::analysis::{Estimate, Scope};
use crate::language::fill;
use facts::Claim;
use facts::Lang;
use facts::Unit;
use facts::decimals;
use facts::document::{Cell, Tone};
use facts::{Here, Source, Verdict};
use facts::{term, text};

/// What startup and CPU are together.
pub(crate) fn exp4(lang: Lang) -> &'static str {
    term!(lang; "Experiment 4: what nesting a container costs";
        "Experimento 4: lo que cuesta anidar un contenedor")
}

/// A share as per cent.
pub(crate) fn percent(share: f64, decimals: usize, lang: Lang) -> String {
    format!("{} %", lang.number(share * 100.0, decimals))
}

/// A coverage. Nothing is certain: what is less than 100 % is not shown as that.
pub(crate) fn coverage(share: f64, lang: Lang) -> String {
    percent(if share < 1.0 { share.min(0.999) } else { share }, 1, lang)
}

/// A share as per cent, with its sign.
pub(crate) fn signed_pct(share: f64, lang: Lang) -> String {
    // What rounds to nothing has no sign.
    let share = if (share * 1_000.0).round() == 0.0 { 0.0 } else { share };
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
        None => format!("{value} ({})", term!(lang; "no interval"; "sin intervalo")),
    }
}

/// A time, or a difference of two, as a reader sees it.
pub(crate) struct Time {
    /// With its unit.
    pub(crate) value: String,
    /// In the same unit, with as many decimals.
    pub(crate) interval: Option<String>,
}

impl Time {
    /// Of ns, in a unit, with as many decimals as what is farthest from 0 has.
    pub(crate) fn of(ns: Estimate, unit: Unit, decimals: fn(f64) -> usize, lang: Lang) -> Self {
        let found = ns.map(|ns| ns / unit.ns());
        let decimals = decimals(farthest(found));
        let value = lang.number(found.value, decimals).replace('-', "−");
        Self {
            value: format!("{value} {}", unit.symbol()),
            interval: found.interval.map(|ends| range(ends, decimals, lang).replace('-', "−")),
        }
    }

    /// With a sign before what is more than nothing.
    pub(crate) fn signed(self) -> Self {
        let digits = self.value.trim_start_matches(['0', '.', ',']);
        let is_more = digits.starts_with(|first: char| first.is_ascii_digit());
        Self { value: if is_more { format!("+{}", self.value) } else { self.value }, ..self }
    }

    /// `70 ms [50 to 90]`
    pub(crate) fn bracketed(&self, lang: Lang) -> String {
        match &self.interval {
            Some(interval) => format!("{} [{interval}]", self.value),
            None => format!("{} ({})", self.value, facts::phrases::no_interval(lang)),
        }
    }

    /// `70 ms (50 to 90)`
    pub(crate) fn with_interval(&self, lang: Lang) -> String {
        let interval = self.interval.as_deref();
        format!("{} ({})", self.value, interval.unwrap_or(facts::phrases::no_interval(lang)))
    }
}

/// Decimals of a number that is to be remembered: two digits, and one more where the first is a 1, of
/// which one less would be too much.
pub(crate) fn memorable(size: f64) -> usize {
    match size {
        ..0.2 => 3,
        ..2.0 => 2,
        ..20.0 => 1,
        _ => 0,
    }
}

/// What of an estimate is farthest from 0.
fn farthest(of: Estimate) -> f64 {
    let ends = of.interval.map_or([0.0; 2], |range| [range.low, range.high]);
    ends.iter().fold(of.value.abs(), |farthest, end| farthest.max(end.abs()))
}

/// The unit in which an estimate in ns has numbers of a handy size.
pub(crate) fn unit(of: Estimate) -> Unit {
    Unit::fitting(farthest(of))
}

/// A time in a table that has no interval, with its sign.
pub(crate) fn signed_time(ns: f64, unit: Unit, lang: Lang) -> String {
    let alone = Estimate { value: ns, interval: None, alpha: 1.0, scope: Scope::Boot, n: 0 };
    Time::of(alone, unit, decimals, lang).signed().value
}

/// A difference of times in a table, in a unit of its own size.
pub(crate) fn difference(ns: Estimate, lang: Lang) -> Time {
    Time::of(ns, unit(ns), decimals, lang).signed()
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
    let template = match verdict {
        Verdict::Different => term!(lang; "different"; "diferente"),
        Verdict::DifferentEquivalent => term!(lang; "different, yet equivalent within {margin} %";
            "diferente, aunque equivalente dentro del {margin} %"),
        Verdict::Equivalent => {
            term!(lang; "equivalent within {margin} %"; "equivalente dentro del {margin} %")
        }
        Verdict::Inconclusive => term!(lang; "inconclusive"; "no concluyente"),
        Verdict::NoInterval => term!(lang; "inconclusive: too few blocks for an interval";
            "no concluyente: faltan bloques para un intervalo"),
        Verdict::NoReading => {
            term!(lang; "no block with both readings"; "ningún bloque con ambas lecturas")
        }
    };
    let words = fill(template, &[("margin", &lang.trimmed(margin_pct))]);
    if by_itself && verdict.is_statement() {
        text!(lang; "{verdict} (by itself)"; "{verdict} (por sí solo)", verdict = words)
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
    let (text, tone) = match here {
        Here::Consistent => (term!(lang; "consistent here"; "compatible con lo medido"), Tone::Yes),
        Here::NotReproduced => {
            (term!(lang; "not reproduced here"; "no se reproduce aquí"), Tone::No)
        }
        Here::Inconclusive => (term!(lang; "inconclusive here"; "sin decidir aquí"), Tone::Open),
        Here::NotMeasured => (term!(lang; "not measured here"; "no medido aquí"), Tone::Missing),
        Here::Answered => (term!(lang; "answered here"; "respondido aquí"), Tone::Yes),
    };
    Cell::new(text).tone(tone)
}

pub(crate) fn source(source: Source, lang: Lang) -> &'static str {
    match source {
        Source::Sign => term!(lang; "the source can carry the sign, no percentage";
            "la fuente da para el signo, no para un porcentaje"),
        Source::CannotResolve => {
            term!(lang; "the source cannot resolve it"; "la fuente no permite resolverlo")
        }
        Source::NoNumber => term!(lang; "no number published"; "sin cifra publicada"),
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

/// What a number speaks for.
pub(crate) fn scope(scope: Scope, sessions: usize, lang: Lang) -> String {
    match scope {
        Scope::Boot => {
            term!(lang; "for one session only, on this boot of this machine: another session may differ";
            "para una sola sesión, en este arranque de esta máquina: otra sesión puede ser distinta")
            .to_owned()
        }
        Scope::Sessions => {
            text!(lang; "for these {count} sessions only, all on this boot of this machine: below six there is no interval across sessions";
            "solo para estas {count} sesiones, todas de este arranque de esta máquina: con menos de seis no existe un intervalo entre sesiones", count = sessions)
        }
        Scope::Machine => text!(lang; "for this boot of this machine, as far as {count} sessions of it can tell; of other boots and machines it says nothing";
            "para este arranque de esta máquina, hasta donde alcanzan {count} sesiones; de otros arranques y máquinas no dice nada", count = sessions),
    }
}

/// The estimate and, below it, its interval with n and coverage.
pub(crate) fn estimate_cell(estimate: Option<Estimate>, pairs: usize, lang: Lang) -> Cell {
    let Some(estimate) = estimate else {
        return Cell::new(term!(lang; "no reading"; "sin lecturas")).tone(Tone::Missing);
    };
    let value = Cell::new(lang.number(estimate.value, 3));
    let (template, n) = match estimate.scope {
        Scope::Machine => (
            term!(lang; "{n} sessions ({pairs} blocks), coverage {coverage}";
            "{n} sesiones ({pairs} bloques), cobertura {coverage}"),
            estimate.n,
        ),
        Scope::Boot | Scope::Sessions => {
            (term!(lang; "n = {n}, coverage {coverage}"; "n = {n}, cobertura {coverage}"), pairs)
        }
    };
    match estimate.interval {
        Some(interval) => value.below(range(interval, 3, lang)).below(fill(
            template,
            &[("n", &n), ("pairs", &pairs), ("coverage", &coverage(interval.coverage, lang))],
        )),
        None => value.below(
            text!(lang; "no interval exists; n = {n}"; "no existe intervalo; n = {n}", n = pairs),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown([value, low, high]: [f64; 3], decimals: fn(f64) -> usize) -> String {
        let interval = Some(facts::Range { low, high, coverage: 0.95 });
        let found = Estimate { value, interval, alpha: 0.05, scope: Scope::Boot, n: 30 };
        Time::of(found, unit(found), decimals, Lang::En).signed().bracketed(Lang::En)
    }

    #[test]
    fn a_time_has_the_unit_of_its_size_and_one_number_of_decimals() {
        for (of, remembered, in_a_table) in [
            ([76.6e6, 50.1e6, 88.4e6], "+77 ms [50 to 88]", "+76.6 ms [50.1 to 88.4]"),
            ([0.34e6, -4.5e6, 11.96e6], "+0.3 ms [−4.5 to 12.0]", "+0.3 ms [−4.5 to 12.0]"),
            (
                [-0.175e6, -0.205e6, -0.103e6],
                "−175 µs [−205 to −103]",
                "−175.0 µs [−205.0 to −103.0]",
            ),
            ([0.947e9, 0.888e9, 1.065e9], "+0.95 s [0.89 to 1.07]", "+0.95 s [0.89 to 1.07]"),
            ([-0.4, -4.0, 11.0], "0.000 µs [−0.004 to 0.011]", "0.000 µs [−0.004 to 0.011]"),
            ([0.0, 0.0, 0.0], "0.000 µs [0.000 to 0.000]", "0.000 µs [0.000 to 0.000]"),
        ] {
            assert_eq!(shown(of, memorable), remembered);
            assert_eq!(shown(of, decimals), in_a_table);
        }
    }

    #[test]
    fn a_coverage_is_rounded_as_every_number_and_never_certain() {
        for (share, text) in
            [(0.96875, "96.9 %"), (0.9, "90.0 %"), (0.99997, "99.9 %"), (1.0, "100.0 %")]
        {
            assert_eq!(coverage(share, Lang::En), text);
        }
    }
}

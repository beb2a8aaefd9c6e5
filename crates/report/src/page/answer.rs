//! What a page opens with: at most three sentences that a reader can repeat, times before ratios.

use facts::{Estimate, Facts, Lang, Lead, Range, RatioSummary, Record, Runs, Unit, Verdict};
use facts::{term, text};

use super::phrases::{self, Time};
use crate::analysis::{Analysis, Breakdown, PartSummary, RunAnalysis};

/// Sentences of a page.
const MOST: usize = 3;

/// Parts of a sentence.
const PARTS: usize = 4;

/// The sentences, plain but for names between backticks. A later run of the page keeps room for one.
pub(crate) fn answer(runs: &Runs, analysis: &Analysis, lang: Lang) -> Vec<String> {
    let mut sentences = Vec::new();
    for (index, (record, run)) in runs.records.iter().zip(&analysis.runs).enumerate() {
        let later = runs.records.len() - index - 1;
        let room = MOST.saturating_sub(sentences.len() + later);
        if record.manifest.company {
            sentences.push(company(record, run, lang));
            continue;
        }
        let page = run.facts.as_ref().and_then(|facts| facts.pages.get(&lang));
        let own = page.into_iter().flat_map(|page| page.answer.iter().cloned());
        let contrasts = leading(run)
            .into_iter()
            .map(|(ratio, lead)| Contrast { ratio, lead, record, run, analysis, lang }.sentence());
        sentences.extend(own.chain(contrasts.flatten()).take(room));
    }
    sentences
}

/// What becomes of arms in company of all others.
fn company(record: &Record, run: &RunAnalysis, lang: Lang) -> String {
    let of = |is: fn(Verdict) -> bool| {
        let ratios = run.ratios.iter().filter(move |ratio| is(ratio.verdict));
        let names = ratios.map(|ratio| format!("`{}`", ratio.denominator));
        names.collect::<Vec<_>>()
    };
    let different = of(Verdict::is_different);
    let equivalent = of(Verdict::is_equivalent).len();
    let (all, margin) = (run.ratios.len(), lang.trimmed(record.manifest.margin_pct));
    let open = of(|verdict| !verdict.is_statement()).len();
    let which = match &different[..] {
        [] => String::new(),
        names => format!(" ({})", names.join(", ")),
    };
    text!(lang; "Of {all} arms, {different} found to take another time alone in a lab than in company of the others{which}; {equivalent} found to take the same within {margin} %; of {open} it is not decided.";
        "De {all} brazos se ve en {different} que tardan otro tiempo solos en un laboratorio que en compañía de los demás{which}; en {equivalent}, que tardan lo mismo dentro del {margin} %; de {open} no está decidido.", different = different.len())
}

/// The contrasts that the experiment leads with, as far as the run has them. Else those of the first
/// kind that it has: primary ones, others, controls.
fn leading(run: &RunAnalysis) -> Vec<(&RatioSummary, Option<&Lead>)> {
    let known = || run.ratios.iter().filter(|ratio| ratio.difference.is_some());
    let leads = run.facts.as_ref().map_or(&[][..], |facts: &Facts| &facts.leads);
    let found = leads.iter().filter_map(|lead| {
        let ratio = known().find(|ratio| ratio.contrast == lead.contrast)?;
        Some((ratio, Some(lead)))
    });
    let found: Vec<_> = found.collect();
    if !found.is_empty() {
        return found;
    }
    let kinds: [fn(&&RatioSummary) -> bool; 3] =
        [|ratio| ratio.primary, |ratio| !ratio.control, |_| true];
    let kinds = kinds.into_iter().map(|is| known().filter(is).map(|ratio| (ratio, None)));
    kinds.map(Iterator::collect).find(|of: &Vec<_>| !of.is_empty()).unwrap_or_default()
}

/// One that is told, and what is known of it.
struct Contrast<'a> {
    ratio: &'a RatioSummary,
    lead: Option<&'a Lead>,
    record: &'a Record,
    run: &'a RunAnalysis,
    analysis: &'a Analysis,
    lang: Lang,
}

impl Contrast<'_> {
    fn sentence(&self) -> Option<String> {
        let lang = self.lang;
        let (found, times) = (self.ratio.difference?, self.times()?);
        let (above, below, doing) = self.words();
        let margin = lang.trimmed(self.record.manifest.margin_pct);
        let unit = phrases::unit(found);
        let signed = || {
            let difference = self.time(found, unit).signed().bracketed(lang);
            match self.below() {
                Some(all) => text!(lang; "{difference} of {all}"; "{difference} de {all}"),
                None => difference,
            }
        };
        let sentence = match self.ratio.verdict {
            Verdict::NoReading => return None,
            Verdict::Different | Verdict::DifferentEquivalent => {
                let is_less = found.value < 0.0;
                let amount = self.time(if is_less { turned(found) } else { found }, unit);
                let amount = amount.bracketed(lang);
                let more = if is_less {
                    term!(lang; "less"; "menos")
                } else {
                    term!(lang; "longer"; "más")
                };
                let yet = match self.ratio.verdict {
                    Verdict::DifferentEquivalent => {
                        text!(lang; ", yet equivalent within {margin} %";
                        ", aunque equivalente dentro del {margin} %")
                    }
                    _ => String::new(),
                };
                let parts = self.parts(unit, is_less);
                text!(lang; "{above} takes {amount} {more}{doing} than {below} ({times}{yet}){parts}.";
                    "{above} tarda {amount} {more}{doing} que {below} ({times}{yet}){parts}.")
            }
            Verdict::Equivalent => {
                let signed = signed();
                text!(lang; "{above} takes the same time{doing} as {below}, within {margin} %: {signed} ({times}).";
                    "{above} tarda lo mismo{doing} que {below}, dentro del {margin} %: {signed} ({times}).")
            }
            Verdict::Inconclusive | Verdict::NoInterval => {
                let signed = signed();
                text!(lang; "whether {above} takes longer{doing} than {below} is not decided: {signed} ({times}).";
                    "no está decidido si {above} tarda más{doing} que {below}: {signed} ({times}).")
            }
        };
        // Who has no words of its experiment's has at least what is measured.
        Some(match self.lead {
            Some(_) => capitalised(&sentence),
            None => format!("{}: {sentence}", self.ratio.metric.heading(lang)),
        })
    }

    /// What stands above the line, below it, and what both do, which begins with a space.
    fn words(&self) -> (String, String, String) {
        let lang = self.lang;
        if let Some(lead) = self.lead {
            let [above, below] = [&lead.above, &lead.below].map(|of| of.of(lang).to_owned());
            return (above, below, format!(" {}", lead.doing.of(lang)));
        }
        let [above, below] =
            [&self.ratio.numerator, &self.ratio.denominator].map(|arm| format!("`{arm}`"));
        let each = term!(lang; " for an operation"; " por operación");
        (above, below, if self.ratio.metric.of_operations { each } else { "" }.to_owned())
    }

    /// `1.23 times`
    fn times(&self) -> Option<String> {
        let lang = self.lang;
        let ratio = lang.number(self.ratio.estimate()?, 2);
        Some(text!(lang; "{ratio} times"; "{ratio} veces"))
    }

    fn time(&self, ns: Estimate, unit: Unit) -> Time {
        Time::of(ns, unit, phrases::memorable, self.lang)
    }

    /// The time below the line.
    fn below(&self) -> Option<String> {
        let arm = self.run.arms.iter().find(|arm| arm.arm == self.ratio.denominator)?;
        let median = Estimate { interval: None, ..arm.median? };
        Some(self.time(median, phrases::unit(median)).value)
    }

    /// Where the difference goes: the largest parts, in the order of their declaration.
    fn parts(&self, unit: Unit, is_less: bool) -> String {
        let is_of = |of: &&Breakdown| of.contrast == self.ratio.contrast;
        let parts = self.run.parts.iter().find(is_of).map_or(&[][..], |of| &of.parts);
        let mut known: Vec<(&PartSummary, Estimate)> =
            parts.iter().filter_map(|part| Some((part, part.ns?))).collect();
        let mut sizes: Vec<f64> = known.iter().map(|(_, ns)| ns.value.abs()).collect();
        sizes.sort_by(|one, other| other.total_cmp(one));
        if let Some(least) = sizes.get(PARTS - 1) {
            known.retain(|(_, ns)| ns.value.abs() >= *least);
        }
        let part = |(index, (part, ns)): (usize, &(&PartSummary, Estimate))| {
            let lang = self.lang;
            let due = self.analysis.words(&part.due, lang).0;
            let time = self.time(if is_less { turned(*ns) } else { *ns }, unit).bracketed(lang);
            match index {
                0 => text!(lang; ": {due} is {time} of it"; ": {due} supone {time} de ello"),
                _ => format!(", {due} {time}"),
            }
        };
        known.iter().enumerate().map(part).collect()
    }
}

/// The other way round.
fn turned(of: Estimate) -> Estimate {
    let turned = |range: Range| Range { low: -range.high, high: -range.low, ..range };
    Estimate { value: -of.value, interval: of.interval.map(turned), ..of }
}

fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    let first = characters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(characters).collect()
}

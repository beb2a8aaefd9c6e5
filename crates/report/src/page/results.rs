//! Sections 1 to 4: claims, ratios, samples, parts.

use super::Source;
use super::phrases;
use crate::analysis::{ArmSummary, PartSummary, RatioSummary, Scope};
use crate::figure::Kind;
use crate::language::{Lang, Texted as _, fill};
use facts::Claim;
use facts::Here;
use facts::document::{Cell, Fit, Piece, Table, Tone, numbers, words};
use facts::unit;

pub(super) fn claims(source: &Source) -> Vec<Piece> {
    let (lang, t) = (source.lang, source.lang.texts());
    let mut pieces = vec![Piece::Heading(2, t.section_claims.to_owned())];
    let margin = source.margin();
    let row = |claim: &Claim| {
        let published = match claim.published {
            Some(published) => Cell::new(lang.number(published.value, 3))
                .below(fill(
                    t.published_range_n,
                    &[
                        ("range", &phrases::range(published.range(), 3, lang)),
                        ("n", &published.n),
                    ],
                ))
                .below(phrases::source(claim.source, lang)),
            None => Cell::new(phrases::source(claim.source, lang)),
        };
        let family = if claim.primary {
            t.primary_short
        } else {
            t.exploratory_short
        };
        let mut here = phrases::here_cell(claim.here, lang);
        if !claim.answer.is_empty() {
            here = here.below(phrases::answer(claim, lang));
        }
        let own = phrases::verdict(claim.verdict, claim.by_itself, margin, lang);
        vec![
            Cell::new(&*claim.id).below(format!("`{}`", claim.of)),
            Cell::new(claim.statement.of(lang)),
            published,
            ours(claim, lang),
            if claim.is_of_ratio() {
                here.below(own).below(family)
            } else {
                here
            },
        ]
    };
    let rows: Vec<Vec<Cell>> = source
        .analysis
        .runs
        .iter()
        .flat_map(|run| &run.claims)
        .map(row)
        .collect();
    pieces.push(Piece::Paragraph(source.scope_sentence()));
    if rows.is_empty() {
        pieces.push(Piece::Paragraph(t.no_claims.to_owned()));
        return pieces;
    }
    pieces.push(Piece::Table(Table {
        caption: t.claims_caption.to_owned(),
        columns: vec![
            words(t.column_claim),
            words(t.column_statement),
            words(t.column_published),
            words(t.column_ours),
            words(t.column_verdict),
        ],
        rows,
        fit: Fit::Cards,
    }));
    // They are about ratios.
    if !source.has_arms() {
        return pieces;
    }
    let mut definitions = [
        t.define_consistent,
        t.define_not_reproduced,
        t.define_inconclusive_here,
        t.define_direction,
        t.define_source,
        t.define_range,
    ]
    .map(str::to_owned)
    .to_vec();
    let mut claims = source.analysis.runs.iter().flat_map(|run| &run.claims);
    if claims.any(|claim| claim.here == Here::Answered) {
        definitions.push(lang.levels().define_answered.to_owned());
    }
    pieces.push(Piece::Details(
        t.verdicts_title.to_owned(),
        vec![Piece::List(definitions)],
    ));
    pieces
}

/// The number, or what was seen in its place.
fn ours(claim: &Claim, lang: Lang) -> Cell {
    if let Some(growth) = claim.growth {
        return Cell::new(phrases::predictions(growth, lang));
    }
    let seen = claim.seen.replace('`', "'");
    match (claim.metric, seen.is_empty()) {
        (None, _) => Cell::new(seen).english(),
        (Some(_), true) => phrases::estimate_cell(claim.ours, claim.pairs, lang),
        (Some(_), false) => phrases::estimate_cell(claim.ours, claim.pairs, lang)
            .below(seen)
            .english(),
    }
}

pub(super) fn ratios(source: &Source) -> Vec<Piece> {
    if !source.has_arms() {
        return Vec::new();
    }
    let (lang, t) = (source.lang, source.lang.texts());
    let mut pieces = vec![Piece::Heading(2, t.section_ratios.to_owned())];
    if source.analysis.ratios().next().is_none() {
        pieces.push(Piece::Paragraph(t.no_ratios.to_owned()));
        return pieces;
    }
    pieces.extend(source.figure(Kind::Forest));
    let margin = source.margin();
    let several = source.analysis.runs.len() > 1;
    let row = |ratio: &RatioSummary| {
        let mut name = Cell::new(format!("`{}`", ratio.contrast));
        let family = if ratio.primary {
            t.primary_short
        } else {
            t.exploratory_short
        };
        name = name.below(if several {
            format!("{}; {family}", unit(ratio.metric).heading(lang))
        } else {
            family.to_owned()
        });
        let number = |value: Option<f64>| {
            value.map_or_else(|| Cell::new("–"), |value| Cell::new(lang.number(value, 3)))
        };
        let mut of_medians = number(ratio.ratio_of_medians);
        if let Some(bootstrap) = ratio.bootstrap {
            of_medians = of_medians.below(phrases::range(bootstrap, 3, lang));
        }
        let mut verdict = phrases::verdict_cell(ratio.verdict, ratio.by_itself, margin, lang);
        if let (true, Some(narrow)) = (ratio.verdict.is_equivalent(), ratio.narrow) {
            verdict = verdict.below(fill(
                t.equivalence_interval,
                &[
                    ("coverage", &phrases::coverage(narrow.coverage, lang)),
                    ("interval", &phrases::range(narrow, 3, lang)),
                ],
            ));
        }
        vec![
            name,
            number(ratio.estimate()),
            match ratio.interval() {
                Some(range) => Cell::new(phrases::range(range, 3, lang)),
                None => Cell::new(t.none_exists).tone(Tone::Missing),
            },
            ratio.interval().map_or_else(
                || Cell::new("–"),
                |range| Cell::new(phrases::coverage(range.coverage, lang)),
            ),
            match ratio.scope() {
                Scope::Machine => Cell::new(ratio.pairs.to_string())
                    .below(fill(t.in_sessions, &[("count", &ratio.sessions)])),
                Scope::Boot | Scope::Sessions => Cell::new(ratio.pairs.to_string()),
            },
            of_medians,
            ratio
                .holm_p
                .map_or_else(|| Cell::new("–"), |p| Cell::new(phrases::p_value(p, lang))),
            verdict,
        ]
    };
    let table = |ratios: &mut dyn Iterator<Item = &RatioSummary>| {
        Piece::Table(Table {
            caption: t.ratios_caption.to_owned(),
            columns: vec![
                words(t.column_ratio),
                numbers(t.column_estimate),
                numbers(t.column_interval),
                numbers(t.column_coverage),
                numbers(t.column_blocks),
                numbers(t.column_of_medians),
                numbers(t.column_holm),
                words(t.column_verdict),
            ],
            rows: ratios.map(row).collect(),
            fit: Fit::Scroll,
        })
    };
    if source.analysis.shown_ratios().next().is_some() {
        pieces.push(table(&mut source.analysis.shown_ratios()));
    }
    let folded = source.analysis.folded_ratios().count();
    if folded > 0 {
        pieces.push(Piece::Details(
            fill(t.ratios_folded, &[("count", &folded)]),
            vec![table(&mut source.analysis.folded_ratios())],
        ));
    }
    pieces.extend(sessions(source));
    pieces.push(Piece::Paragraph(fill(
        t.ratios_note,
        &[("margin", &lang.trimmed(margin))],
    )));
    pieces
}

/// Each session's estimate, where there are several.
fn sessions(source: &Source) -> Option<Piece> {
    let (lang, t) = (source.lang, source.lang.texts());
    let several: Vec<&RatioSummary> = source
        .analysis
        .ratios()
        .filter(|ratio| ratio.sessions > 1 && ratio.primary)
        .collect();
    if several.is_empty() {
        return None;
    }
    let row = |ratio: &&RatioSummary| {
        let each = ratio
            .by_session
            .values()
            .map(|estimate| lang.number(estimate.value, 3));
        let pooled = ratio.pooled.map_or_else(
            || Cell::new("–"),
            |pooled| phrases::estimate_cell(Some(pooled), ratio.pairs, lang),
        );
        vec![
            Cell::new(format!("`{}`", ratio.contrast)),
            Cell::new(each.collect::<Vec<_>>().join(" · ")),
            Cell::new(match ratio.scope() {
                Scope::Machine => phrases::estimate_cell(ratio.decisive, ratio.sessions, lang).text,
                _ => t.none_exists.to_owned(),
            }),
            pooled,
        ]
    };
    Some(Piece::Table(Table {
        caption: t.sessions_caption.to_owned(),
        columns: vec![
            words(t.column_ratio),
            words(t.column_by_session),
            numbers(t.column_across),
            words(t.column_pooled),
        ],
        rows: several.iter().map(row).collect(),
        fit: Fit::Cards,
    }))
}

pub(super) fn samples(source: &Source) -> Vec<Piece> {
    if !source.has_arms() {
        return Vec::new();
    }
    let (lang, t) = (source.lang, source.lang.texts());
    let mut pieces = vec![Piece::Heading(2, t.section_samples.to_owned())];
    pieces.extend(source.figure(Kind::Samples));
    let row = |arm: &ArmSummary| {
        let unit = unit(arm.metric);
        let amount = |ns: f64| format!("{} {}", unit.amount(ns, lang), unit.symbol());
        let published = arm.published.map(|published| {
            let localise = |value: f64| lang.localise(&value.to_string());
            Cell::new(format!("{} {}", localise(published.median), unit.symbol())).below(fill(
                t.range,
                &[
                    ("low", &localise(published.low)),
                    ("high", &localise(published.high)),
                ],
            ))
        });
        let interval = arm.median.and_then(|median| median.interval);
        vec![
            Cell::new(format!("`{}`", arm.arm)).below(fill(
                t.level_observer,
                &[
                    ("level", &arm.level),
                    ("observer", &phrases::observer(arm.observer, lang)),
                ],
            )),
            published.unwrap_or_else(|| Cell::new("–")),
            match arm.median {
                Some(median) => Cell::new(amount(median.value)),
                None => Cell::new(t.no_reading).tone(Tone::Missing),
            },
            match interval {
                Some(range) => Cell::new(fill(
                    t.range,
                    &[
                        ("low", &unit.amount(range.low, lang)),
                        ("high", &unit.amount(range.high, lang)),
                    ],
                )),
                None => Cell::new(t.none_exists).tone(Tone::Missing),
            },
            interval.map_or_else(
                || Cell::new("–"),
                |range| Cell::new(phrases::coverage(range.coverage, lang)),
            ),
            Cell::new(arm.n.to_string()),
            Cell::new(arm.failures.to_string()).tone(if arm.failures > 0 {
                Tone::No
            } else {
                Tone::Plain
            }),
        ]
    };
    let table = |arms: &mut dyn Iterator<Item = &ArmSummary>| {
        Piece::Table(Table {
            caption: t.arms_caption.to_owned(),
            columns: vec![
                words(t.column_arm),
                numbers(t.column_published),
                numbers(t.column_median),
                numbers(t.column_interval),
                numbers(t.column_coverage),
                numbers("n"),
                numbers(t.column_failed),
            ],
            rows: arms.map(row).collect(),
            fit: Fit::Scroll,
        })
    };
    if source.analysis.shown_arms().next().is_some() {
        pieces.push(table(&mut source.analysis.shown_arms()));
    }
    let folded = source.analysis.folded_arms().count();
    if folded > 0 {
        pieces.push(Piece::Details(
            fill(t.arms_folded, &[("count", &folded)]),
            vec![table(&mut source.analysis.folded_arms())],
        ));
    }
    pieces.push(Piece::Paragraph(t.arms_note.to_owned()));
    pieces.push(arms_about(source));
    pieces
}

/// What each arm is, of all of them.
fn arms_about(source: &Source) -> Piece {
    let t = source.lang.texts();
    let rows: Vec<Vec<Cell>> = source
        .analysis
        .arms()
        .map(|arm| {
            vec![
                Cell::new(format!("`{}`", arm.arm)),
                about(&arm.about, None, source),
            ]
        })
        .collect();
    Piece::Details(
        t.arms_about.to_owned(),
        vec![Piece::Table(Table {
            caption: t.arms_about_caption.to_owned(),
            columns: vec![words(t.column_arm), words(t.column_about)],
            rows,
            fit: Fit::Narrow,
        })],
    )
}

pub(super) fn parts(source: &Source) -> Vec<Piece> {
    if !source.has_arms() {
        return Vec::new();
    }
    let (lang, t) = (source.lang, source.lang.texts());
    let mut pieces = vec![Piece::Heading(2, t.section_parts.to_owned())];
    let breakdowns = || source.analysis.runs.iter().flat_map(|run| &run.parts);
    if breakdowns().next().is_none() {
        pieces.push(Piece::Paragraph(t.no_parts.to_owned()));
        return pieces;
    }
    pieces.extend(source.figure(Kind::Parts));
    let mut rows = Vec::new();
    for breakdown in breakdowns() {
        let of = Cell::new(format!("`{}`", breakdown.contrast))
            .below(unit(breakdown.metric).heading(lang));
        let cells = |name: Cell, share: String, coverage: Option<f64>, what: Cell| {
            vec![
                name,
                Cell::new(share),
                coverage.map_or_else(
                    || Cell::new("–"),
                    |share| Cell::new(phrases::coverage(share, lang)),
                ),
                Cell::new(breakdown.blocks.to_string()),
                what,
            ]
        };
        let coverage =
            |estimate: Option<crate::analysis::Estimate>| Some(estimate?.interval?.coverage);
        rows.push(cells(
            of,
            phrases::share(breakdown.whole, lang),
            coverage(breakdown.whole),
            Cell::new(t.whole_about),
        ));
        for part in &breakdown.parts {
            rows.push(cells(
                Cell::new(source.analysis.words(&part.due, lang).0),
                phrases::share(part.share, lang),
                coverage(part.share),
                about(&part.about, Some(difference(part)), source),
            ));
        }
        if let Some(remainder) = breakdown.remainder {
            rows.push(cells(
                Cell::new(t.remainder),
                phrases::signed_pct(remainder, lang),
                None,
                Cell::new(t.remainder_about),
            ));
        }
    }
    pieces.push(Piece::Table(Table {
        caption: t.parts_caption.to_owned(),
        columns: vec![
            words(t.column_due),
            numbers(t.column_share),
            numbers(t.column_coverage),
            numbers(t.column_blocks),
            words(t.column_about),
        ],
        rows,
        fit: Fit::Cards,
    }));
    pieces.push(Piece::Paragraph(t.parts_note.to_owned()));
    pieces
}

/// An experiment's own words, below what they are about where there is such a thing.
fn about(words: &str, of: Option<String>, source: &Source) -> Cell {
    let (words, is_english) = source.analysis.words(words, source.lang);
    let cell = match of {
        Some(of) => Cell::new(of).below(words),
        None => Cell::new(words),
    };
    if is_english { cell.english() } else { cell }
}

/// `dind` − `dind-inside`.
fn difference(part: &PartSummary) -> String {
    let names = |list: &[String]| {
        let names: Vec<String> = list.iter().map(|name| format!("`{name}`")).collect();
        names.join(" + ")
    };
    match part.minus.split_first() {
        None => names(&part.plus),
        Some((one, [])) => format!("{} − `{one}`", names(&part.plus)),
        Some(_) => format!("{} − ({})", names(&part.plus), names(&part.minus)),
    }
}

impl Source<'_> {
    /// Delta in per cent; experiments of one folder share it.
    pub(super) fn margin(&self) -> f64 {
        self.runs.records[0].manifest.margin_pct
    }

    /// Whether anything was measured: a run may have trials alone.
    pub(super) fn has_arms(&self) -> bool {
        self.analysis.arms().next().is_some()
    }

    /// What every number of the page speaks for.
    fn scope_sentence(&self) -> String {
        let (lang, t) = (self.lang, self.lang.texts());
        let sessions = self
            .runs
            .records
            .iter()
            .map(|record| record.manifest.sessions.len())
            .max();
        let scopes = self.analysis.ratios().map(RatioSummary::scope);
        let scope = scopes.max_by_key(|scope| match scope {
            Scope::Boot => 0,
            Scope::Sessions => 1,
            Scope::Machine => 2,
        });
        let scope = phrases::scope(scope.unwrap_or(Scope::Boot), sessions.unwrap_or(1), lang);
        fill(t.scope_sentence, &[("scope", &scope)])
    }
}

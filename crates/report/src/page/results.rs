//! Sections 1 to 4: claims, ratios, samples, parts.

use super::phrases::{self, Time};
use super::{Estimand, Source};
use crate::analysis::{ArmSummary, Estimate, PartSummary, RatioSummary, Scope};
use crate::figure::Kind;
use facts::Claim;
use facts::Here;
use facts::Lang;
use facts::document::{Cell, Fit, Piece, Table, Tone, numbers, words};
use facts::{term, text};

pub(super) fn claims(source: &Source) -> Vec<Piece> {
    let lang = source.lang;
    let mut pieces = vec![Piece::Heading(
        2,
        term!(lang; "What was claimed, and what was found here";
        "Lo que se afirmaba y lo que se ha encontrado aquí")
        .to_owned(),
    )];
    let margin = source.margin();
    let row = |claim: &Claim| {
        let published = match claim.published {
            Some(published) => Cell::new(lang.number(published.value, 3))
                .below(text!(lang; "range {range}, n = {n}";
                    "rango de {range}, n = {n}", range = phrases::range(published.range(), 3, lang), n = published.n))
                .below(phrases::source(claim.source, lang)),
            None => Cell::new(phrases::source(claim.source, lang)),
        };
        let family = if claim.primary {
            term!(lang; "primary"; "principal")
        } else {
            term!(lang; "exploratory"; "exploratorio")
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
            if claim.is_of_ratio() { here.below(own).below(family) } else { here },
        ]
    };
    let rows: Vec<Vec<Cell>> =
        source.analysis.runs.iter().flat_map(|run| &run.claims).map(row).collect();
    pieces.push(Piece::Paragraph(source.scope_sentence()));
    if rows.is_empty() {
        pieces.push(Piece::Paragraph(term!(lang; "None of the ledger's published claims is about what this run measured.";
            "Ninguna de las afirmaciones publicadas del registro trata de lo que mide esta ejecución.").to_owned()));
        return pieces;
    }
    pieces.push(Piece::Table(Table {
        caption: term!(lang; "Published claims against this run";
            "Las afirmaciones publicadas frente a esta ejecución")
        .to_owned(),
        columns: vec![
            words(term!(lang; "claim"; "afirmación")),
            words(term!(lang; "what it says"; "qué dice")),
            words(term!(lang; "published"; "publicado")),
            words(term!(lang; "ours"; "nuestro")),
            words(term!(lang; "verdict"; "veredicto")),
        ],
        rows,
        fit: Fit::Cards,
    }));
    // They are about ratios.
    if !source.has_arms() {
        return pieces;
    }
    let mut definitions = verdicts_on_published(lang).map(str::to_owned).to_vec();
    definitions.insert(3, term!(lang; "Claims without a number: of “more” and “less” the interval must lie on that side of 1; “nothing” needs equivalence within the margin, for which a missing difference is not enough. A ranking compares two ratios within each block.";
            "Afirmaciones sin cifra: un «más» o un «menos» exige que el intervalo quede a ese lado del 1; un «nada» exige equivalencia dentro del margen, y para eso no basta con no ver diferencia. Un orden compara dos cocientes dentro de cada bloque.").to_owned());
    let mut claims = source.analysis.runs.iter().flat_map(|run| &run.claims);
    if claims.any(|claim| claim.here == Here::Answered) {
        definitions.push(term!(lang; "Answered here: a question to which nothing was published, and which our interval decides. What the answer is stands below. Inconclusive here: it excludes neither answer.";
            "Respondido aquí: una pregunta para la que no hay nada publicado y que nuestro intervalo decide. La respuesta está debajo. Sin decidir aquí: no excluye ninguna de las respuestas.").to_owned());
    }
    pieces.push(Piece::Details(
        term!(lang; "What the verdicts mean"; "Qué significan los veredictos").to_owned(),
        vec![Piece::List(definitions)],
    ));
    pieces
}

/// What a verdict on a published ratio means, and what the published range is.
pub(crate) fn verdicts_on_published(lang: Lang) -> [&'static str; 5] {
    [
        term!(lang; "Consistent here: our interval overlaps the published range. An overlap is weak evidence, so our interval must exclude 1 as well.";
            "Compatible con lo medido: nuestro intervalo se solapa con el rango publicado. Un solapamiento prueba poco; por eso nuestro intervalo tiene que excluir además el 1."),
        term!(lang; "Not reproduced here: our interval and the published range have no value in common. It speaks of this machine and these versions, not of the published ones.";
            "No se reproduce aquí: nuestro intervalo y el rango publicado no comparten ningún valor. Habla de esta máquina y de estas versiones, no de las publicadas."),
        term!(lang; "Inconclusive here: our interval excludes neither the claim nor that there is no effect.";
            "Sin decidir aquí: nuestro intervalo no excluye ni la afirmación ni que no haya efecto."),
        term!(lang; "The source itself: no 95 % interval exists for n = 4 (from the smallest to the largest of four values covers a median with 87.5 %). Where the ranges of its two arms are apart it can carry a sign; where they overlap, the source cannot resolve it.";
            "La propia fuente: con n = 4 no existe un intervalo del 95 % (del menor al mayor de cuatro valores se cubre la mediana con un 87,5 %). Si los rangos de sus dos brazos no se tocan, la fuente da para un signo; si se solapan, no permite resolverlo."),
        term!(lang; "The published range of a ratio goes from the smallest repetition above the line over the largest below it, to the largest over the smallest. It is a range and no interval: it has no coverage.";
            "El rango publicado de un cociente va de la menor repetición del numerador entre la mayor del denominador a la mayor entre la menor. Es un rango, no un intervalo: no tiene cobertura."),
    ]
}

/// The number, or what was seen in its place.
fn ours(claim: &Claim, lang: Lang) -> Cell {
    if let Some(growth) = claim.growth {
        return Cell::new(facts::phrases::predictions(growth, claim.pairs, lang));
    }
    let seen = claim.seen.replace('`', "'");
    match (&claim.metric, seen.is_empty()) {
        (None, _) => Cell::new(seen).english(),
        (Some(_), true) => phrases::estimate_cell(claim.ours, claim.pairs, lang),
        (Some(_), false) => {
            phrases::estimate_cell(claim.ours, claim.pairs, lang).below(seen).english()
        }
    }
}

pub(super) fn ratios(source: &Source) -> Vec<Piece> {
    if !source.has_arms() {
        return Vec::new();
    }
    let lang = source.lang;
    let mut pieces = vec![Piece::Heading(2, term!(lang; "The ratios"; "Los cocientes").to_owned())];
    if source.analysis.ratios().next().is_none() {
        pieces.push(Piece::Paragraph(
            term!(lang; "This run has no two arms that are held against each other.";
            "En esta ejecución no hay dos brazos que se comparen entre sí.")
            .to_owned(),
        ));
        return pieces;
    }
    pieces.extend(source.figure(Kind::Forest));
    let margin = source.margin();
    let row = |ratio: &RatioSummary| ratio_row(ratio, source);
    let estimand = Estimand::of(source.runs, lang);
    let table = |ratios: &mut dyn Iterator<Item = &RatioSummary>| {
        Piece::Table(Table {
            caption: estimand.caption.to_owned(),
            columns: vec![
                words(term!(lang; "contrast"; "comparación")),
                numbers(term!(lang; "difference"; "diferencia")),
                numbers(term!(lang; "ratio"; "cociente")),
                numbers(term!(lang; "its interval"; "su intervalo")),
                numbers(term!(lang; "coverage"; "cobertura")),
                numbers(term!(lang; "blocks"; "bloques")),
                numbers(term!(lang; "ratio of medians (bootstrap 95 %)";
                    "cociente de medianas (bootstrap 95 %)")),
                numbers(term!(lang; "p (Holm)"; "p (Holm)")),
                words(term!(lang; "verdict"; "veredicto")),
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
            text!(lang; "The other {count} ratios, which are exploratory";
                "Los otros {count} cocientes, que son exploratorios", count = folded),
            vec![table(&mut source.analysis.folded_ratios())],
        ));
    }
    pieces.extend(sessions(source));
    let what = estimand.of_ratios;
    pieces.push(Piece::Paragraph(text!(lang; "{what}; both intervals are by one rule. The ratio's decides: different when it does not hold 1; equivalent when the narrower one (the thick beam of the figure) lies within {margin} % of 1. That a difference is not seen does not say that there is none. The ratio of the medians, with its bootstrap over whole blocks, is there for comparison.";
        "{what}; ambos intervalos siguen una misma regla. Decide el del cociente: diferente si no contiene el 1; equivalente si el más estrecho (la barra gruesa de la figura) queda a menos de un {margin} % del 1. No ver una diferencia no quiere decir que no la haya. El cociente de medianas, con su bootstrap por bloques enteros, figura solo como comparación.", margin = lang.trimmed(margin))));
    pieces
}

/// One ratio, with all that is said of it.
fn ratio_row(ratio: &RatioSummary, source: &Source) -> Vec<Cell> {
    let (lang, margin) = (source.lang, source.margin());
    let several = source.analysis.runs.len() > 1;
    let mut name = Cell::new(format!("`{}`", ratio.contrast));
    let family = if ratio.primary {
        term!(lang; "primary"; "principal")
    } else {
        term!(lang; "exploratory"; "exploratorio")
    };
    name = name.below(if several {
        format!("{}; {family}", ratio.metric.heading(lang))
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
        verdict = verdict.below(text!(lang; "by its {coverage} interval, {interval}";
                "por su intervalo del {coverage}, de {interval}", coverage = phrases::coverage(narrow.coverage, lang), interval = phrases::range(narrow, 3, lang)));
    }
    vec![
        name,
        difference_cell(ratio.difference, |ns| phrases::difference(ns, lang)),
        number(ratio.estimate()),
        match ratio.interval() {
            Some(range) => Cell::new(phrases::range(range, 3, lang)),
            None => Cell::new(term!(lang; "none exists"; "no existe")).tone(Tone::Missing),
        },
        ratio.interval().map_or_else(
            || Cell::new("–"),
            |range| Cell::new(phrases::coverage(range.coverage, lang)),
        ),
        match ratio.scope() {
            Scope::Machine => Cell::new(ratio.pairs.to_string())
                .below(text!(lang; "in {count} sessions";
                        "en {count} sesiones", count = ratio.sessions)),
            Scope::Boot | Scope::Sessions => Cell::new(ratio.pairs.to_string()),
        },
        of_medians,
        ratio.holm_p.map_or_else(|| Cell::new("–"), |p| Cell::new(phrases::p_value(p, lang))),
        verdict,
    ]
}

/// A time with its interval below.
fn difference_cell(ns: Option<Estimate>, show: impl Fn(Estimate) -> Time) -> Cell {
    let Some(Time { value, interval }) = ns.map(show) else {
        return Cell::new("–");
    };
    interval.into_iter().fold(Cell::new(value), Cell::below)
}

/// Each session's estimate, where there are several.
fn sessions(source: &Source) -> Option<Piece> {
    let lang = source.lang;
    let several: Vec<&RatioSummary> =
        source.analysis.ratios().filter(|ratio| ratio.sessions > 1 && ratio.primary).collect();
    if several.is_empty() {
        return None;
    }
    let row = |ratio: &&RatioSummary| {
        let each = ratio.by_session.values().map(|estimate| lang.number(estimate.value, 3));
        let pooled = ratio.pooled.map_or_else(
            || Cell::new("–"),
            |pooled| phrases::estimate_cell(Some(pooled), ratio.pairs, lang),
        );
        vec![
            Cell::new(format!("`{}`", ratio.contrast)),
            Cell::new(each.collect::<Vec<_>>().join(" · ")),
            Cell::new(match ratio.scope() {
                Scope::Machine => phrases::estimate_cell(ratio.decisive, ratio.sessions, lang).text,
                _ => term!(lang; "none exists"; "no existe").to_owned(),
            }),
            pooled,
        ]
    };
    Some(Piece::Table(Table {
        caption: term!(lang; "Primary ratios, session by session";
            "Los cocientes principales, sesión a sesión")
        .to_owned(),
        columns: vec![
            words(term!(lang; "ratio"; "cociente")),
            words(term!(lang; "each session"; "cada sesión")),
            numbers(term!(lang; "across sessions"; "entre sesiones")),
            words(term!(lang; "all blocks together (these sessions only)";
                "todos los bloques juntos (solo estas sesiones)")),
        ],
        rows: several.iter().map(row).collect(),
        fit: Fit::Cards,
    }))
}

pub(super) fn samples(source: &Source) -> Vec<Piece> {
    if !source.has_arms() {
        return Vec::new();
    }
    let lang = source.lang;
    let mut pieces = vec![Piece::Heading(2, term!(lang; "The medians"; "Las medianas").to_owned())];
    let row = |arm: &ArmSummary| {
        let metric = &arm.metric;
        let amount = |ns: f64| format!("{} {}", metric.amount(ns, lang), metric.unit.symbol());
        let published = arm.published.map(|published| {
            let localise = |value: f64| lang.localise(&value.to_string());
            Cell::new(format!("{} {}", localise(published.median), metric.unit.symbol()))
                .below(text!(lang; "{low} to {high}";
                "{low} a {high}", low = localise(published.low), high = localise(published.high)))
        });
        let interval = arm.median.and_then(|median| median.interval);
        vec![
            Cell::new(format!("`{}`", arm.arm)).below(text!(lang; "level {level}, {observer}";
                "nivel {level}, {observer}", level = arm.level, observer = phrases::observer(arm.observer, lang))),
            published.unwrap_or_else(|| Cell::new("–")),
            match arm.median {
                Some(median) => Cell::new(amount(median.value)),
                None => Cell::new(term!(lang; "no reading"; "sin lecturas")).tone(Tone::Missing),
            },
            match interval {
                Some(range) => Cell::new(text!(lang; "{low} to {high}";
                    "{low} a {high}", low = metric.amount(range.low, lang), high = metric.amount(range.high, lang))),
                None => Cell::new(term!(lang; "none exists"; "no existe")).tone(Tone::Missing),
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
            caption:
                term!(lang; "Medians of the measured samples"; "Medianas de las muestras medidas")
                    .to_owned(),
            columns: vec![
                words(term!(lang; "arm"; "brazo")),
                numbers(term!(lang; "published"; "publicado")),
                numbers(term!(lang; "median"; "mediana")),
                numbers(term!(lang; "interval"; "intervalo")),
                numbers(term!(lang; "coverage"; "cobertura")),
                numbers("n"),
                numbers(term!(lang; "failed"; "fallidas")),
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
            text!(lang; "The other {count} arms, which only exploratory ratios are made of";
                "Los otros {count} brazos, de los que solo se hacen cocientes exploratorios", count = folded),
            vec![table(&mut source.analysis.folded_arms())],
        ));
    }
    pieces.push(Piece::Paragraph(Estimand::of(source.runs, lang).drift.to_owned()));
    pieces.push(arms_about(source));
    pieces
}

/// What each arm is, of all of them.
fn arms_about(source: &Source) -> Piece {
    let lang = source.lang;
    let rows: Vec<Vec<Cell>> = source
        .analysis
        .arms()
        .map(|arm| vec![Cell::new(format!("`{}`", arm.arm)), about(&arm.about, None, source)])
        .collect();
    Piece::Details(
        term!(lang; "What each arm is"; "Qué es cada brazo").to_owned(),
        vec![Piece::Table(Table {
            caption: term!(lang; "Arms, in the experiment's own words";
                "Los brazos, con las palabras del propio experimento")
            .to_owned(),
            columns: vec![
                words(term!(lang; "arm"; "brazo")),
                words(term!(lang; "what it is"; "qué es")),
            ],
            rows,
            fit: Fit::Narrow,
        })],
    )
}

pub(super) fn parts(source: &Source) -> Vec<Piece> {
    if !source.has_arms() {
        return Vec::new();
    }
    let lang = source.lang;
    let mut pieces = vec![Piece::Heading(
        2,
        term!(lang; "Where each percentage goes"; "De dónde sale cada porcentaje").to_owned(),
    )];
    let breakdowns = || source.analysis.runs.iter().flat_map(|run| &run.parts);
    if breakdowns().next().is_none() {
        pieces.push(Piece::Paragraph(
            term!(lang; "No ratio of this run is taken apart.";
            "Ningún cociente de esta ejecución se descompone.")
            .to_owned(),
        ));
        return pieces;
    }
    pieces.extend(source.figure(Kind::Parts));
    let mut rows = Vec::new();
    for breakdown in breakdowns() {
        let of =
            Cell::new(format!("`{}`", breakdown.contrast)).below(breakdown.metric.heading(lang));
        // One unit for all of a contrast, so that its parts can be held against each other.
        let unit = breakdown.whole_ns.map_or(breakdown.metric.unit, phrases::unit);
        let time = |ns: Estimate| Time::of(ns, unit, facts::decimals, lang).signed();
        let cells = |name: Cell, ns: Option<Estimate>, share: Option<Estimate>, what: Cell| {
            let coverage = share.and_then(|share| share.interval);
            vec![
                name,
                difference_cell(ns, time),
                Cell::new(phrases::share(share, lang)),
                Cell::or_dash(coverage.map(|range| phrases::coverage(range.coverage, lang))),
                Cell::new(breakdown.blocks.to_string()),
                what,
            ]
        };
        let what = term!(lang; "the difference, and what the ratio exceeds 1 by"; "la diferencia, y lo que el cociente pasa de 1");
        rows.push(cells(of, breakdown.whole_ns, breakdown.whole, Cell::new(what)));
        for part in &breakdown.parts {
            rows.push(cells(
                Cell::new(source.analysis.words(&part.due, lang).0),
                part.ns,
                part.share,
                about(&part.about, Some(difference(part)), source),
            ));
        }
        if let Some((share, ns)) = breakdown.remainder.zip(breakdown.remainder_ns) {
            rows.push(vec![
                Cell::new(term!(lang; "remainder"; "resto")),
                Cell::new(phrases::signed_time(ns, unit, lang)),
                Cell::new(phrases::signed_pct(share, lang)),
                Cell::new("–"),
                Cell::new(breakdown.blocks.to_string()),
                Cell::new(term!(lang; "medians do not add up"; "las medianas no se suman")),
            ]);
        }
    }
    pieces.push(Piece::Table(Table {
        caption:
            term!(lang; "Time, and the share of the reading below the line, in the same block";
            "Tiempo, y proporción de la lectura del denominador, en el mismo bloque")
            .to_owned(),
        columns: vec![
            words(term!(lang; "due to"; "se debe a")),
            numbers(term!(lang; "time"; "tiempo")),
            numbers(term!(lang; "share"; "parte")),
            numbers(term!(lang; "coverage"; "cobertura")),
            numbers(term!(lang; "blocks"; "bloques")),
            words(term!(lang; "what it is"; "qué es")),
        ],
        rows,
        fit: Fit::Cards,
    }));
    pieces.push(Piece::Paragraph(term!(lang; "In every block the parts add up to the whole; their medians need not, and the remainder says by how much. A part may be negative: then what it stands for made level 2 cheaper. Each interval has 95 % or more by itself.";
        "En cada bloque las partes suman el total; sus medianas no tienen por qué, y el resto dice en cuánto se quedan. Una parte puede ser negativa: lo que representa abarató el nivel 2. Cada intervalo tiene por sí solo un 95 % o más.").to_owned()));
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
        let lang = self.lang;
        let sessions = self.runs.records.iter().map(|record| record.manifest.sessions.len()).max();
        let scopes = self.analysis.ratios().map(RatioSummary::scope);
        let scope = scopes.max_by_key(|scope| match scope {
            Scope::Boot => 0,
            Scope::Sessions => 1,
            Scope::Machine => 2,
        });
        let scope = phrases::scope(scope.unwrap_or(Scope::Boot), sessions.unwrap_or(1), lang);
        text!(lang; "Everything below holds {scope}."; "Todo lo que sigue vale {scope}.")
    }
}

//! The section on what grows with the level: which model it follows.

use facts::{term, text};
use measure::stats::Model;

use super::{Source, phrases};
use crate::analysis::{Additive, Predicted, SeriesSummary};
use crate::figure::Kind;
use facts::Lang;
use facts::document::{Cell, Fit, Piece, Table, Tone, numbers, words};

/// Nothing for a run without a series.
pub(super) fn growth(source: &Source) -> Vec<Piece> {
    let lang = source.lang;
    let series: Vec<&SeriesSummary> = source.analysis.growth().collect();
    if series.is_empty() {
        return Vec::new();
    }
    let mut pieces = vec![
        Piece::Heading(2, term!(lang; "Additive or multiplicative?"; "¿Aditivo o multiplicativo?").to_owned()),
        Piece::Paragraph(term!(lang; "Within each block both models are fitted to the lower levels and predict the last one, which they were not shown. Additive: every level adds the same time. Multiplicative: every level costs the same factor. A model holds where the interval of observed over predicted contains 1. Each interval has 95 % or more by itself; of twenty, one may miss.";
            "En cada bloque ambos modelos se ajustan a los niveles inferiores y predicen el último, que no se les ha enseñado. Aditivo: cada nivel suma el mismo tiempo. Multiplicativo: cada nivel cuesta el mismo factor. Un modelo se cumple si el intervalo de lo observado entre lo predicho contiene el 1. Cada intervalo tiene por sí solo un 95 % o más; de veinte, uno puede fallar.").to_owned()),
    ];
    pieces.extend(source.figure(Kind::Levels));
    let (calls, first): (Vec<&SeriesSummary>, Vec<&SeriesSummary>) =
        series.iter().partition(|of| of.metric.of_operations);
    if !first.is_empty() {
        pieces.push(table(&first, lang));
    }
    pieces.push(Piece::Paragraph(term!(lang; "“Both predictions hold” means that these data can't tell the two models apart: they predict nearly the same when a level costs little, and noise hides the rest. It does not mean that nothing grows; what a level adds stands in the table. “Both fail” means that the last level costs another amount than either model says: the cost of a level itself changes with the depth.";
        "«Se cumplen ambas» significa que estos datos no distinguen los dos modelos: predicen casi lo mismo cuando un nivel cuesta poco, y el ruido tapa el resto. No significa que nada crezca; lo que suma un nivel está en la tabla. «Fallan ambas» significa que el último nivel cuesta otra cosa que lo que dice cualquiera de los dos modelos: lo que cuesta un nivel cambia con la profundidad.").to_owned()));
    if series.iter().any(|series| series.impossible_blocks().is_some()) {
        pieces.push(Piece::Paragraph(term!(lang; "“Impossible” means that the lower levels fall so steeply in these blocks that adding the same step once more gives no positive time. Nothing observed can be divided by that, so only the other model is judged, and in all blocks.";
            "«Imposible» significa que en esos bloques los niveles inferiores bajan tanto que sumar el mismo paso una vez más no da un tiempo positivo. Nada observado se puede dividir por eso, así que solo se juzga el otro modelo, y en todos los bloques.").to_owned()));
    }
    let sessions = series.iter().map(|series| series.sessions).max();
    if let Some(sessions) = sessions.filter(|count| *count > 1) {
        pieces.push(Piece::Paragraph(text!(lang; "Blocks of all {sessions} sessions are taken together, since the rule works within blocks: these numbers speak for these sessions only.";
            "Los bloques de las {sessions} sesiones se toman juntos, porque la regla trabaja dentro de cada bloque: estas cifras valen solo para estas sesiones.")));
    }
    if !calls.is_empty() {
        pieces.push(Piece::Details(
            term!(lang; "The figure has the series of startup and CPU; those of system calls are in the table only.";
                "La figura lleva las series de arranque y de CPU; las de llamadas al sistema solo están en la tabla.").to_owned(),
            vec![table(&calls, lang)],
        ));
    }
    pieces
}

fn table(series: &[&SeriesSummary], lang: Lang) -> Piece {
    Piece::Table(Table {
        caption: term!(lang; "The last level of each series, predicted from the levels before it";
            "El último nivel de cada serie, predicho a partir de los anteriores")
        .to_owned(),
        columns: vec![
            words(term!(lang; "series"; "serie")),
            words(term!(lang; "medians, level by level"; "medianas, nivel a nivel")),
            numbers(term!(lang; "last level, observed"; "último nivel, observado")),
            numbers(
                term!(lang; "predicted by adding the same time"; "predicho sumando el mismo tiempo"),
            ),
            numbers(term!(lang; "predicted by the same factor"; "predicho con el mismo factor")),
            numbers(term!(lang; "blocks"; "bloques")),
            words(term!(lang; "verdict"; "veredicto")),
        ],
        rows: series.iter().map(|series| row(series, lang)).collect(),
        fit: Fit::Cards,
    })
}

fn row(series: &SeriesSummary, lang: Lang) -> Vec<Cell> {
    let medians = series.levels.iter().map(|level| {
        let amount = amount(series, level.median.map(|median| median.value), lang);
        text!(lang; "level {level}: {amount}"; "nivel {level}: {amount}", level = level.level)
    });
    let observed = series.held_out().and_then(|level| level.median);
    let mut observed_cell = Cell::new(amount(series, observed.map(|found| found.value), lang));
    if let Some(range) = observed.and_then(|found| found.interval) {
        let ends = [range.low, range.high].map(|ns| series.metric.amount(ns, lang));
        observed_cell = observed_cell
            .below(text!(lang; "{low} to {high}"; "{low} a {high}", low = ends[0], high = ends[1]));
    }
    let predicted = |model: Option<Predicted>| match model {
        Some(model) => Cell::new(amount(series, Some(model.last_level_ns), lang))
            .below(text!(lang; "observed / predicted {ratio}";
            "observado / predicho {ratio}", ratio = phrases::predicted(model, lang))),
        None => Cell::new("–").tone(Tone::Missing),
    };
    let step =
        text!(lang; "a level adds {step}"; "un nivel suma {step}", step = step(series, lang));
    vec![
        Cell::new(format!("`{}`", series.series)).below(format!(
            "{}, {}",
            series.metric.heading(lang),
            phrases::observer(series.observer, lang)
        )),
        Cell::new(medians.collect::<Vec<_>>().join(" · ")).below(step),
        observed_cell,
        match series.additive {
            Some(of @ Additive::Impossible { .. }) => {
                Cell::new(phrases::added(of, series.blocks, lang))
            }
            of => predicted(of.and_then(Additive::predicted)),
        },
        predicted(series.multiplicative),
        Cell::new(series.blocks.to_string()),
        model_cell(series, lang),
    ]
}

fn model_cell(series: &SeriesSummary, lang: Lang) -> Cell {
    let (text, tone) = match series.model {
        Some(Model::Additive) => (term!(lang; "additive"; "aditivo"), Tone::Yes),
        Some(Model::Multiplicative) => (term!(lang; "multiplicative"; "multiplicativo"), Tone::Yes),
        Some(Model::Both) => (
            term!(lang; "can't tell: both predictions hold";
            "no se puede saber: se cumplen ambas predicciones"),
            Tone::Open,
        ),
        Some(Model::Neither) => (
            term!(lang; "neither: both predictions fail"; "ninguno: fallan ambas predicciones"),
            Tone::No,
        ),
        None if series.holds_alone() == Some(true) => (
            term!(lang; "can't tell: adding is impossible in some blocks; the same factor holds";
            "no se puede saber: sumar es imposible en algunos bloques; el mismo factor se cumple"),
            Tone::Open,
        ),
        None if series.holds_alone() == Some(false) => (
            term!(lang; "not multiplicative: the same factor fails; adding is impossible in some blocks";
            "no es multiplicativo: el mismo factor falla; sumar es imposible en algunos bloques"),
            Tone::No,
        ),
        None => (
            term!(lang; "too few blocks for an interval"; "faltan bloques para un intervalo"),
            Tone::Missing,
        ),
    };
    Cell::new(text).tone(tone)
}

fn amount(series: &SeriesSummary, ns: Option<f64>, lang: Lang) -> String {
    let metric = &series.metric;
    ns.map_or_else(
        || "–".to_owned(),
        |ns| format!("{} {}", metric.amount(ns, lang), metric.unit.symbol()),
    )
}

/// What a level adds, with its interval and unit.
fn step(series: &SeriesSummary, lang: Lang) -> String {
    let symbol = series.metric.unit.symbol();
    format!("{} {symbol}", phrases::in_unit(series.step, series.metric.unit, lang))
}

//! `report.md` and `report.html`: the run on one page, in the order that the method gives.

mod answer;
mod effort;
mod environment;
mod estimand;
mod growth;
mod html;
pub(crate) mod markdown;
mod method;
mod order;
pub(crate) mod phrases;
mod results;
mod trials;

use crate::analysis::Analysis;
use crate::figure::{Figure, Kind};
use crate::language::fill;
use facts::Lang;
use facts::Runs;
use facts::Sheet;
use facts::document::{Document, Piece};
use facts::{term, text};

pub(crate) use answer::answer;
pub(crate) use environment::warnings;
pub(crate) use estimand::Estimand;
pub(crate) use method::chosen_arms;
pub(crate) use results::verdicts_on_published;

/// The page in both forms.
pub(crate) struct Page {
    pub(crate) markdown: String,
    pub(crate) html: String,
}

/// A figure with what the page says of it.
struct PageFigure {
    kind: Kind,
    /// Name of its PNG file.
    file: String,
    wide: String,
    narrow: String,
    /// For who can't see it.
    alternative: String,
    caption: String,
}

/// What the sections are made of.
struct Source<'a> {
    runs: &'a Runs,
    analysis: &'a Analysis,
    lang: Lang,
    figures: &'a [PageFigure],
}

pub(crate) fn write(
    runs: &Runs,
    analysis: &Analysis,
    figures: &[Figure],
    lang: Lang,
) -> miette::Result<Page> {
    let is_tall = figures.iter().any(|figure| figure.kind == Kind::Samples && figure.is_tall);
    let figures: Vec<PageFigure> =
        figures.iter().map(|figure| page_figure(figure, analysis, lang)).collect();
    let source = Source { runs, analysis, lang, figures: &figures };
    let mut pieces: Vec<Piece> =
        environment::warnings(runs, lang).into_iter().map(Piece::Note).collect();
    let answer = answer(runs, analysis, lang);
    pieces.extend((!answer.is_empty()).then_some(Piece::List(answer)));
    // A picture of many screens comes after the contents.
    let of_all = term!(lang; "Every sample"; "Todas las muestras");
    pieces.extend(is_tall.then(|| Piece::heading(2, of_all)));
    pieces.extend(source.figure(Kind::Samples));
    for section in [
        results::claims,
        |source: &Source| of_facts(source, |page| &page.section),
        results::ratios,
        growth::growth,
        |source: &Source| of_facts(source, |page| &page.of_samples),
        results::samples,
        effort::effort,
        results::parts,
        trials::trials,
        |source: &Source| of_facts(source, |page| &page.of_trials),
        order::order,
    ] {
        pieces.extend(section(&source));
    }
    pieces.extend(method::method(&source)?);
    let document =
        Document { title: title(runs, lang), lead: environment::lead(runs, lang), pieces };
    let images: Vec<(&str, &str)> =
        figures.iter().map(|figure| (figure.alternative.as_str(), figure.file.as_str())).collect();
    Ok(Page {
        markdown: markdown::write(&document, &images),
        html: html::write(&document, &figures, lang),
    })
}

/// What is no run, as Markdown; its figure lies in `file`.
pub(crate) fn of_sheet(sheet: &Sheet, file: &str) -> String {
    let Sheet { title, lead, pieces, figure, .. } = sheet;
    let (title, lead, pieces) = (title.clone(), lead.clone(), pieces.clone());
    markdown::write(&Document { title, lead, pieces }, &[(&figure.alternative, file)])
}

/// A page with at most one figure, the first one, as HTML: its drawings (wide and narrow), what it shows
/// in words, and what stands below it.
pub(crate) fn with_figure(
    document: &Document,
    figure: Option<([String; 2], [String; 2])>,
) -> String {
    let figure = figure.map(|([wide, narrow], [alternative, caption])| PageFigure {
        kind: Kind::Forest,
        file: String::new(),
        wide,
        narrow,
        alternative,
        caption,
    });
    html::write(document, figure.as_slice(), Lang::En)
}

/// What experiments themselves say in one part of their pages.
fn of_facts(source: &Source, part: fn(&facts::Page) -> &[Piece]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut figures = 0;
    for page in source.analysis.pages(source.lang) {
        pieces.extend(placed(source, part(page), figures));
        figures += page.figures().count();
    }
    pieces
}

/// Pieces whose figures are counted from this one on, as the whole page counts them.
fn placed(source: &Source, pieces: &[Piece], from: usize) -> Vec<Piece> {
    let place = |piece: &Piece| match piece {
        Piece::Figure(index) => source.figure(Kind::Own(from + index)),
        Piece::Details(summary, inner) => {
            Some(Piece::Details(summary.clone(), placed(source, inner, from)))
        }
        other => Some(other.clone()),
    };
    pieces.iter().filter_map(place).collect()
}

fn title(runs: &Runs, lang: Lang) -> String {
    if runs.exp4 {
        phrases::exp4(lang).to_owned()
    } else {
        text!(lang; "Experiment `{experiment}`";
            "Experimento `{experiment}`", experiment = runs.records[0].manifest.experiment)
    }
}

/// What a figure shows, in words: the numbers are in the table beside it.
fn page_figure(figure: &Figure, analysis: &Analysis, lang: Lang) -> PageFigure {
    let (alternative, caption) = match figure.kind {
        Kind::Samples => (
            term!(lang; "Every sample of {arms} arms as a dot, with each median and its interval. The numbers are in the table of medians.";
            "Todas las muestras de {arms} brazos como puntos, con cada mediana y su intervalo. Las cifras están en la tabla de medianas."),
            term!(lang; "Dots are samples, none left out; the bar is the median, the beam its interval. A hollow diamond is a published median with the range of its four repetitions.";
            "Los puntos son muestras, sin omitir ninguna; la barra es la mediana y el bigote su intervalo. Un rombo hueco es una mediana publicada con el rango de sus cuatro repeticiones."),
        ),
        Kind::Forest => (
            term!(lang; "{ratios} ratios with their intervals on one axis around 1; {different} of them are different from 1. The numbers are in the table that follows.";
            "{ratios} cocientes con sus intervalos sobre un mismo eje en torno a 1; {different} de ellos son diferentes de 1. Las cifras están en la tabla que sigue."),
            term!(lang; "The line is 1, the band the margin of equivalence. Hollow diamonds are published ratios with the range that four repetitions span, which is no interval.";
            "La línea es el 1 y la franja el margen de equivalencia. Los rombos huecos son cocientes publicados con el rango que abarcan cuatro repeticiones, que no es un intervalo."),
        ),
        Kind::Parts => (
            term!(lang; "{breakdowns} ratios taken apart into bars that stack up to the whole. The numbers are in the table that follows.";
            "{breakdowns} cocientes descompuestos en barras que se apilan hasta el total. Las cifras están en la tabla que sigue."),
            term!(lang; "Each bar begins where the one before it ended. Hatched bars go backwards. Beams are intervals of the part at whose end they stand.";
            "Cada barra empieza donde acaba la anterior. Las rayadas van hacia atrás. Los bigotes son intervalos de la parte en cuyo extremo están."),
        ),
        Kind::Order => (
            term!(lang; "Every reading relative to its arm's median over {blocks} blocks in the order in which they were taken; {flagged} blocks are flagged.";
            "Todas las lecturas respecto de la mediana de su brazo a lo largo de {blocks} bloques, en el orden en que se tomaron; {flagged} bloques están marcados."),
            term!(lang; "1 is the median of the arm in its session. Short bars are the blocks' slowness; shaded blocks are flagged.";
            "1 es la mediana del brazo en su sesión. Las barras cortas son la lentitud de cada bloque; los bloques sombreados están marcados."),
        ),
        Kind::Levels => (
            term!(lang; "{series} series over levels, a panel each: every sample, medians with intervals, and the lines of both models up to the level that was held out. The numbers are in the table that follows.";
            "{series} series nivel a nivel, un recuadro cada una: todas las muestras, las medianas con sus intervalos y las líneas de ambos modelos hasta el nivel apartado. Las cifras están en la tabla que sigue."),
            term!(lang; "A row has one axis, so that its panels can be held against each other. Both lines are fitted to the lower levels and end where they predict the last one: solid adds the same time, dashed the same factor.";
            "Cada fila tiene un mismo eje, para que sus recuadros se puedan comparar. Ambas líneas se ajustan a los niveles inferiores y acaban donde predicen el último: la continua suma el mismo tiempo, la discontinua el mismo factor."),
        ),
        Kind::Own(index) => {
            let mut own = analysis.pages(lang).flat_map(facts::Page::figures);
            own.nth(index).unwrap_or_default()
        }
    };
    let blocks = || analysis.runs.iter().flat_map(|run| &run.sensitivity.blocks);
    let breakdowns: usize = analysis.runs.iter().map(|run| run.parts.len()).sum();
    let alternative = fill(
        alternative,
        &[
            ("arms", &analysis.shown_arms().count()),
            ("ratios", &analysis.shown_ratios().count()),
            (
                "different",
                &analysis.shown_ratios().filter(|ratio| ratio.verdict.is_different()).count(),
            ),
            ("breakdowns", &breakdowns),
            ("series", &crate::figure::drawn_series(analysis).count()),
            ("blocks", &blocks().count()),
            ("flagged", &blocks().filter(|block| !block.flags.is_empty()).count()),
        ],
    );
    PageFigure {
        kind: figure.kind,
        file: lang.file(&figure.name, "png"),
        wide: figure.wide_in_page.clone(),
        narrow: figure.narrow_in_page.clone(),
        alternative,
        caption: caption.to_owned(),
    }
}

impl Source<'_> {
    fn figure(&self, kind: Kind) -> Option<Piece> {
        let index = self.figures.iter().position(|figure| figure.kind == kind)?;
        Some(Piece::Figure(index))
    }
}

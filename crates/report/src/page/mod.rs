//! `report.md` and `report.html`: the run on one page, in the order that the method gives.

mod environment;
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
use crate::language::{Lang, Texted as _, fill};
use facts::Runs;
use facts::document::{Document, Piece};

pub(crate) use environment::warnings;

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
    let figures: Vec<PageFigure> = figures
        .iter()
        .map(|figure| page_figure(figure, analysis, lang))
        .collect();
    let source = Source {
        runs,
        analysis,
        lang,
        figures: &figures,
    };
    let mut pieces: Vec<Piece> = environment::warnings(runs, lang)
        .into_iter()
        .map(Piece::Note)
        .collect();
    for section in [
        results::claims,
        |source: &Source| of_facts(source, |page| &page.section),
        results::ratios,
        growth::growth,
        |source: &Source| of_facts(source, |page| &page.of_samples),
        results::samples,
        results::parts,
        trials::trials,
        |source: &Source| of_facts(source, |page| &page.of_trials),
        order::order,
    ] {
        pieces.extend(section(&source));
    }
    pieces.extend(method::method(&source)?);
    let document = Document {
        title: title(runs, lang),
        lead: environment::lead(runs, lang),
        pieces,
    };
    let images: Vec<(&str, &str)> = figures
        .iter()
        .map(|figure| (figure.alternative.as_str(), figure.file.as_str()))
        .collect();
    Ok(Page {
        markdown: markdown::write(&document, &images),
        html: html::write(&document, &figures, lang),
    })
}

/// What experiments themselves say in one part of their pages.
fn of_facts(source: &Source, part: fn(&facts::Page) -> &[Piece]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut figures = 0;
    for page in source.analysis.pages(source.lang) {
        pieces.extend(part(page).iter().filter_map(|piece| match piece {
            Piece::Figure(index) => source.figure(Kind::Own(figures + index)),
            other => Some(other.clone()),
        }));
        figures += page.figures().count();
    }
    pieces
}

fn title(runs: &Runs, lang: Lang) -> String {
    let t = lang.texts();
    if runs.exp4 {
        t.title_exp4.to_owned()
    } else {
        fill(
            t.title,
            &[("experiment", &runs.records[0].manifest.experiment)],
        )
    }
}

/// What a figure shows, in words: the numbers are in the table beside it.
fn page_figure(figure: &Figure, analysis: &Analysis, lang: Lang) -> PageFigure {
    let (t, l) = (lang.texts(), lang.levels());
    let (alternative, caption) = match figure.kind {
        Kind::Samples => (t.alt_samples, t.caption_samples),
        Kind::Forest => (t.alt_forest, t.caption_forest),
        Kind::Parts => (t.alt_parts, t.caption_parts),
        Kind::Order => (t.alt_order, t.caption_order),
        Kind::Levels => (l.alt_levels, l.caption_levels),
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
                &analysis
                    .shown_ratios()
                    .filter(|ratio| ratio.verdict.is_different())
                    .count(),
            ),
            ("breakdowns", &breakdowns),
            ("series", &crate::figure::drawn_series(analysis).count()),
            ("blocks", &blocks().count()),
            (
                "flagged",
                &blocks().filter(|block| !block.flags.is_empty()).count(),
            ),
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

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
        facts_section,
        results::ratios,
        growth::growth,
        growth::answers,
        results::samples,
        results::parts,
        trials::trials,
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

/// What the experiment itself says. Its figures come before any other of a grid.
fn facts_section(source: &Source) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut grids = 0;
    for facts in source.analysis.facts() {
        let Some(page) = facts.pages.get(&source.lang) else {
            continue;
        };
        pieces.extend(page.section.iter().filter_map(|piece| match piece {
            Piece::Figure(index) => source.figure(Kind::Grid(grids + index)),
            other => Some(other.clone()),
        }));
        grids += page.grids.len();
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
    let depths: usize = analysis.runs.iter().map(|run| run.depth.len()).sum();
    let (alternative, caption) = match figure.kind {
        Kind::Samples => (t.alt_samples, t.caption_samples),
        Kind::Forest => (t.alt_forest, t.caption_forest),
        Kind::Parts => (t.alt_parts, t.caption_parts),
        Kind::Order => (t.alt_order, t.caption_order),
        Kind::Levels => (l.alt_levels, l.caption_levels),
        Kind::Depth => (l.alt_depth, l.caption_depth),
        Kind::Grid(index) => {
            let grids = analysis.facts().filter_map(|facts| facts.pages.get(&lang));
            let mut grids = grids.flat_map(|page| &page.grids).skip(index);
            grids
                .next()
                .map_or(("", ""), |grid| (&grid.alternative, &grid.caption))
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
            ("subjects", &depths),
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

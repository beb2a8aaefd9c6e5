//! The figures, each in several drawings by the same code: as files of their own (SVG and PNG), and
//! for the page a wide SVG and a narrow one for phones. Shape, lightness, hatching and words tell marks apart, never the hue
//! alone.

pub(crate) mod canvas;
mod columns;
mod confrontation;
mod forest;
mod grid;
mod legend;
mod levels;
mod order;
mod outcomes;
mod parts;
mod rows;
mod scene;
mod strips;

use std::sync::Once;

use measure::failure;
use plotters::prelude::{BitMapBackend, DrawingBackend, IntoDrawingArea, SVGBackend};
use plotters::style::{FontStyle, register_font};

use crate::analysis::Analysis;
use crate::figure::canvas::{Canvas, Drawn, FONT};
use facts::Lang;
use facts::Runs;

pub(crate) use canvas::PALETTE;
pub(crate) use confrontation::{Confrontation, ConfrontedRow, Line, Panel};
pub(crate) use forest::title as panel_title;
pub(crate) use levels::drawn as drawn_series;

/// A figure in all its drawings.
pub(crate) struct Figure {
    pub(crate) kind: Kind,
    /// Of its files, without their endings.
    pub(crate) name: String,
    pub(crate) svg: String,
    pub(crate) png: Vec<u8>,
    pub(crate) wide_in_page: String,
    pub(crate) narrow_in_page: String,
    /// Higher than wide: more than a screen.
    pub(crate) is_tall: bool,
}

/// Which figure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Every sample, medians, published values.
    Samples,
    /// Every ratio on one axis.
    Forest,
    /// Where an excess goes.
    Parts,
    /// Readings in the order in which they were taken.
    Order,
    /// What grows with the level, and what both models say of it.
    Levels,
    /// Of the experiment's own figures the one with this index.
    Own(usize),
}

/// The page that a figure is drawn for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// In pixels.
    pub(crate) width: i32,
    /// Names above their rows.
    pub(crate) narrow: bool,
    /// With its own title: a page has one already.
    pub(crate) titled: bool,
}

const WIDE: Frame = Frame { width: 1640, narrow: false, titled: true };
const IN_PAGE: Frame = Frame { titled: false, ..WIDE };
const NARROW: Frame = Frame { width: 820, narrow: true, titled: false };

/// A figure that stands by itself.
pub(crate) struct Files {
    pub(crate) svg: String,
    pub(crate) png: Vec<u8>,
}

/// What can be drawn into a frame.
pub(crate) trait Picture {
    /// Pixels of the whole figure.
    fn width(&self, frame: Frame) -> i32 {
        frame.width
    }

    fn height(&self, frame: Frame) -> i32;
    fn paint<B: DrawingBackend>(&self, canvas: &Canvas<B>, frame: Frame) -> Drawn<B>;
}

impl Kind {
    /// The name of its files, without their endings.
    pub(crate) fn stem(self) -> &'static str {
        match self {
            Kind::Samples => "figure",
            Kind::Forest => "forest",
            Kind::Parts => "parts",
            Kind::Order => "order",
            Kind::Levels => "levels",
            Kind::Own(_) => "",
        }
    }
}

/// The figures that this record has something for, in the order of the page.
pub(crate) fn draw(runs: &Runs, analysis: &Analysis, lang: Lang) -> miette::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if let Some(forest) = forest::Forest::of(runs, analysis, lang) {
        figures.push(render(Kind::Forest, &forest)?);
    }
    if let Some(levels) = levels::grid(analysis, lang) {
        figures.push(render(Kind::Levels, &levels)?);
    }
    let mut own = (0..).map(Kind::Own);
    for page in analysis.pages(lang) {
        for (grid, kind) in page.grids.iter().zip(&mut own) {
            figures.push(render_as(kind, &grid.name, &outcomes::Outcomes(grid, lang))?);
        }
        for (levels, kind) in page.levels.iter().zip(&mut own) {
            figures.push(render_as(kind, &levels.name, &grid::Grid::of(levels, lang))?);
        }
    }
    if analysis.shown_arms().next().is_some() {
        figures.push(render(Kind::Samples, &scene::Scene::of(runs, analysis, lang))?);
    }
    if let Some(parts) = parts::Waterfall::of(analysis, lang) {
        figures.push(render(Kind::Parts, &parts)?);
    }
    if let Some(order) = order::Order::of(runs, analysis, lang) {
        figures.push(render(Kind::Order, &order)?);
    }
    Ok(figures)
}

fn render(kind: Kind, picture: &impl Picture) -> miette::Result<Figure> {
    render_as(kind, kind.stem(), picture)
}

fn render_as(kind: Kind, name: &str, picture: &impl Picture) -> miette::Result<Figure> {
    let Files { svg, png } = files(name, picture)?;
    let (width, height) = size(picture, IN_PAGE);
    let [wide_in_page, narrow_in_page] = in_page(name, picture)?;
    Ok(Figure {
        kind,
        name: name.to_owned(),
        svg,
        png,
        wide_in_page,
        narrow_in_page,
        is_tall: height > width,
    })
}

/// Draws a picture for a page: wide, and narrow for phones.
pub(crate) fn in_page(name: &str, picture: &impl Picture) -> miette::Result<[String; 2]> {
    load_fonts();
    let drawn = |frame| to_svg(picture, frame).map_err(|error| not_drawn(name, error));
    Ok([drawn(IN_PAGE)?, drawn(NARROW)?])
}

/// Draws a picture as files of their own.
pub(crate) fn files(name: &str, picture: &impl Picture) -> miette::Result<Files> {
    load_fonts();
    let failed = |error: String| not_drawn(name, error);
    let (width, height) = size(picture, WIDE);
    let mut pixels = vec![0; width as usize * height as usize * 3];
    paint(BitMapBackend::with_buffer(&mut pixels, (width, height)), picture, WIDE)
        .map_err(|error| failed(error.to_string()))?;
    Ok(Files {
        svg: to_svg(picture, WIDE).map_err(failed)?,
        png: to_png(&pixels, width, height).map_err(|error| failed(error.to_string()))?,
    })
}

fn to_svg(picture: &impl Picture, frame: Frame) -> Result<String, String> {
    let mut svg = String::new();
    let backend = SVGBackend::with_string(&mut svg, size(picture, frame));
    paint(backend, picture, frame).map_err(|error| error.to_string())?;
    Ok(svg)
}

fn not_drawn(name: &str, error: String) -> miette::Report {
    failure(format!("the figure `{name}` can't be drawn"), error, "report this as a bug")
}

fn size(picture: &impl Picture, frame: Frame) -> (u32, u32) {
    let (width, height) = (picture.width(frame), picture.height(frame));
    (width.unsigned_abs(), height.unsigned_abs())
}

fn paint<B: DrawingBackend>(backend: B, picture: &impl Picture, frame: Frame) -> Drawn<B> {
    let area = backend.into_drawing_area();
    picture.paint(&Canvas::new(&area)?, frame)?;
    area.present()
}

fn to_png(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}

/// A bare machine has no fonts, so the program brings its own. (The result is for fonts that are
/// none; drawing says so if it ever matters.)
fn load_fonts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = register_font(FONT, FontStyle::Normal, dejavu::sans::regular());
        let _ = register_font(FONT, FontStyle::Bold, dejavu::sans::bold());
    });
}

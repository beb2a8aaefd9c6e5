//! `figure.svg` and `figure.png`: every sample, each median with its interval, and what was
//! published. Shape and lightness tell the marks apart, never the hue alone.

mod canvas;
mod columns;
mod rows;
mod scene;

use std::sync::Once;

use measure::failure;
use plotters::prelude::{BitMapBackend, DrawingBackend, IntoDrawingArea, SVGBackend};
use plotters::style::{FontStyle, register_font};

use crate::analysis::Analysis;
use crate::figure::canvas::{Canvas, Drawn, FONT};
use crate::figure::scene::Scene;
use crate::record::Runs;

/// A figure in both formats, drawn by the same code.
pub(crate) struct Figure {
    pub(crate) svg: String,
    pub(crate) png: Vec<u8>,
}

/// Draws the figure of a report.
pub(crate) fn draw(runs: &Runs, analysis: &Analysis) -> miette::Result<Figure> {
    load_fonts();
    let scene = Scene::of(runs, analysis);
    let (width, height) = if runs.exp4 {
        columns::SIZE
    } else {
        rows::size(&scene)
    };

    let mut svg = String::new();
    paint(
        SVGBackend::with_string(&mut svg, (width, height)),
        &scene,
        runs.exp4,
    )
    .map_err(|error| not_drawn(&error))?;

    let mut pixels = vec![0; width as usize * height as usize * 3];
    paint(
        BitMapBackend::with_buffer(&mut pixels, (width, height)),
        &scene,
        runs.exp4,
    )
    .map_err(|error| not_drawn(&error))?;
    let png = to_png(&pixels, width, height).map_err(|error| not_drawn(&error))?;
    Ok(Figure { svg, png })
}

fn paint<B: DrawingBackend>(backend: B, scene: &Scene, exp4: bool) -> Drawn<B> {
    let area = backend.into_drawing_area();
    let canvas = Canvas::new(&area)?;
    if exp4 {
        columns::paint(&canvas, scene)?;
    } else {
        rows::paint(&canvas, scene)?;
    }
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

fn not_drawn(error: &dyn std::fmt::Display) -> miette::Report {
    failure(
        "the figure can't be drawn",
        error.to_string(),
        "report this as a bug",
    )
}

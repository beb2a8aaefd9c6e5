//! `coverage.svg` and `coverage.png`. Shape tells the marks apart, never a hue: all is grey.

mod canvas;
mod panel;
mod scene;

use std::sync::Once;

use measure::failure;
use plotters::prelude::{BitMapBackend, DrawingBackend, IntoDrawingArea, SVGBackend};
use plotters::style::{FontStyle, register_font};

use crate::figure::canvas::{Canvas, Drawn, FONT};
use crate::figure::scene::Scene;
use crate::simulate::Outcome;

/// A figure in both formats, drawn by the same code.
pub(crate) struct Figure {
    pub(crate) svg: String,
    pub(crate) png: Vec<u8>,
}

/// Draws coverage per number of blocks, rule by rule.
pub(crate) fn draw(outcomes: &[Outcome], replicates: u32, seed: u64) -> miette::Result<Figure> {
    load_fonts();
    let scene = Scene::new(outcomes, replicates, seed);
    let (width, height) = panel::SIZE;

    let mut svg = String::new();
    paint(SVGBackend::with_string(&mut svg, (width, height)), &scene)
        .map_err(|error| not_drawn(&error))?;

    let mut pixels = vec![0; width as usize * height as usize * 3];
    paint(
        BitMapBackend::with_buffer(&mut pixels, (width, height)),
        &scene,
    )
    .map_err(|error| not_drawn(&error))?;
    let png = to_png(&pixels, width, height).map_err(|error| not_drawn(&error))?;
    Ok(Figure { svg, png })
}

fn paint<B: DrawingBackend>(backend: B, scene: &Scene) -> Drawn<B> {
    let area = backend.into_drawing_area();
    panel::paint(&Canvas::new(&area)?, scene)?;
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

/// A bare machine has no fonts, so the program brings its own.
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

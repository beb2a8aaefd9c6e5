//! Marks, texts and axes in pixels, on any backend.

use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{
    Circle, Color, DrawingArea, DrawingBackend, FontDesc, FontFamily, FontStyle, IntoTextStyle,
    PathElement, Polygon, RGBAColor, RGBColor, Rectangle, ShapeStyle, Text, TextStyle, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::published::Published;

/// Found first under its own name; a viewer of the SVG that lacks it takes one of the others.
pub(crate) const FONT: &str = "DejaVu Sans, Verdana, sans-serif";

// Their lightness falls from grid over samples and published to ink, so that grey is enough.
pub(crate) const INK: RGBColor = RGBColor(20, 20, 20);
pub(crate) const PUBLISHED: RGBColor = RGBColor(166, 66, 0);
pub(crate) const QUIET: RGBColor = RGBColor(90, 90, 90);
const SAMPLE: RGBColor = RGBColor(86, 160, 211);
const SAMPLE_EDGE: RGBColor = RGBColor(30, 100, 150);
const GRID: RGBColor = RGBColor(222, 222, 222);

/// Wider than a median's bar, so that a sample below it can still be seen.
const SAMPLE_RADIUS: i32 = 7;

pub(crate) type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;
pub(crate) type Point = (i32, i32);

/// Which way values grow: up the page, or along it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    Up,
    Right,
}

/// A linear axis that begins at 0: values to pixels.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) growth: Growth,
    /// Pixel of 0.
    pub(crate) zero: i32,
    /// Pixels from 0 to `max`.
    pub(crate) length: i32,
    pub(crate) max: f64,
}

/// A text's size in pixels, weight, colour and which point of it is placed.
#[derive(Clone, Copy)]
pub(crate) struct Font {
    pub(crate) size: i32,
    pub(crate) bold: bool,
    pub(crate) color: RGBColor,
    pub(crate) anchor: HPos,
}

pub(crate) struct Canvas<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
}

impl Axis {
    #[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
    pub(crate) fn pixel(&self, value: f64) -> i32 {
        let offset = (value / self.max * f64::from(self.length)).round() as i32;
        match self.growth {
            Growth::Up => self.zero - offset,
            Growth::Right => self.zero + offset,
        }
    }

    /// The point of a value at a place across the axis.
    fn point(&self, value: f64, across: i32) -> Point {
        match self.growth {
            Growth::Up => (across, self.pixel(value)),
            Growth::Right => (self.pixel(value), across),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few ticks"
    )]
    /// Round values with their labels, five to ten of them, 0 first.
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        let rough = self.max / 5.0;
        let power = rough.log10().floor();
        let digit = [5.0, 2.0, 1.0]
            .into_iter()
            .find(|d| d * 10_f64.powf(power) <= rough * 1.0001);
        let step = digit.unwrap_or(1.0) * 10_f64.powf(power);
        let decimals = (-power).max(0.0) as usize;
        let count = (self.max / step * 1.0001).floor() as u32;
        (0..=count)
            .map(|index| f64::from(index) * step)
            .map(|value| (value, format!("{value:.decimals$}")))
            .collect()
    }
}

impl Font {
    pub(crate) const fn new(size: i32, color: RGBColor) -> Self {
        Self {
            size,
            bold: false,
            color,
            anchor: HPos::Left,
        }
    }

    pub(crate) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) const fn centered(self) -> Self {
        Self {
            anchor: HPos::Center,
            ..self
        }
    }

    pub(crate) const fn right(self) -> Self {
        Self {
            anchor: HPos::Right,
            ..self
        }
    }

    fn style(self) -> TextStyle<'static> {
        let weight = if self.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        // Not `FontDesc::style`, which keeps the glyphs of the weight it had.
        let font = FontDesc::new(FontFamily::Name(FONT), f64::from(self.size), weight);
        font.color(&self.color)
            .pos(Pos::new(self.anchor, VPos::Center))
    }
}

impl<'a, B: DrawingBackend> Canvas<'a, B> {
    /// An empty white page.
    pub(crate) fn new(
        area: &'a DrawingArea<B, Shift>,
    ) -> Result<Self, DrawingAreaErrorKind<B::ErrorType>> {
        area.fill(&WHITE)?;
        Ok(Self { area })
    }

    /// A line of text, centred vertically on `at`.
    pub(crate) fn text(&self, text: &str, at: Point, font: Font) -> Drawn<B> {
        self.area
            .draw(&Text::new(text.to_owned(), at, font.style()))
    }

    /// Width of a text in pixels.
    pub(crate) fn width(&self, text: &str, font: Font) -> i32 {
        let style = font.style().into_text_style(self.area);
        self.area
            .estimate_text_size(text, &style)
            .map_or(0, |(width, _)| i32::try_from(width).unwrap_or(0))
    }

    pub(crate) fn grid_line(&self, from: Point, to: Point) -> Drawn<B> {
        self.line(from, to, GRID.to_rgba(), 2)
    }

    pub(crate) fn axis_line(&self, from: Point, to: Point) -> Drawn<B> {
        self.line(from, to, QUIET.to_rgba(), 3)
    }

    /// Every sample of a strip, spread over `spread` pixels to both sides of `across`.
    pub(crate) fn strip(&self, axis: &Axis, values: &[f64], across: i32, spread: i32) -> Drawn<B> {
        for (index, value) in values.iter().enumerate() {
            let at = axis.point(*value, across + jitter(index, spread));
            self.area
                .draw(&Circle::new(at, SAMPLE_RADIUS, SAMPLE.mix(0.45).filled()))?;
            self.area.draw(&Circle::new(
                at,
                SAMPLE_RADIUS,
                stroke(SAMPLE_EDGE.mix(0.6), 1),
            ))?;
        }
        Ok(())
    }

    /// A median as a thick bar across the strip, its interval as a thin beam with caps.
    pub(crate) fn median(
        &self,
        axis: &Axis,
        median: f64,
        interval: Option<(f64, f64)>,
        across: i32,
        reach: i32,
    ) -> Drawn<B> {
        // White below black keeps the marks apart from the samples they lie on.
        for (color, extra) in [(WHITE.mix(0.8), 2), (INK.to_rgba(), 0)] {
            if let Some((low, high)) = interval {
                self.line(
                    axis.point(low, across),
                    axis.point(high, across),
                    color,
                    4 + extra,
                )?;
                for end in [low, high] {
                    let cap = reach * 2 / 5;
                    let (from, to) = (axis.point(end, across - cap), axis.point(end, across + cap));
                    self.line(from, to, color, 3 + extra)?;
                }
            }
            let (from, to) = (
                axis.point(median, across - reach),
                axis.point(median, across + reach),
            );
            self.line(from, to, color, 5 + extra)?;
        }
        Ok(())
    }

    /// A published median as a hollow diamond on the line of its range.
    pub(crate) fn published(&self, axis: &Axis, published: Published, across: i32) -> Drawn<B> {
        let Published {
            median, low, high, ..
        } = published;
        let color = PUBLISHED.to_rgba();
        self.line(axis.point(low, across), axis.point(high, across), color, 3)?;
        for end in [low, high] {
            self.line(
                axis.point(end, across - 6),
                axis.point(end, across + 6),
                color,
                3,
            )?;
        }
        let (x, y) = axis.point(median, across);
        // Two filled shapes: a closed line of this width has a blunt corner where it ends.
        for (color, radius) in [(color, 14), (WHITE.to_rgba(), 8)] {
            let corners = vec![
                (x, y - radius),
                (x + radius, y),
                (x, y + radius),
                (x - radius, y),
            ];
            self.area.draw(&Polygon::new(corners, color.filled()))?;
        }
        Ok(())
    }

    /// A box of plain white, for a text that lies on a grid.
    pub(crate) fn blank(&self, from: Point, to: Point) -> Drawn<B> {
        self.area
            .draw(&Rectangle::new([from, to], WHITE.mix(0.8).filled()))
    }

    fn line(&self, from: Point, to: Point, color: RGBAColor, width: u32) -> Drawn<B> {
        self.area
            .draw(&PathElement::new(vec![from, to], stroke(color, width)))
    }
}

fn stroke(color: RGBAColor, width: u32) -> ShapeStyle {
    ShapeStyle {
        color,
        filled: false,
        stroke_width: width,
    }
}

/// The same place for the same sample in every drawing: multiples of the golden ratio fill an
/// interval evenly, whatever their number.
#[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
fn jitter(index: usize, spread: i32) -> i32 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let unit = ((index as f64 + 1.0) * GOLDEN).fract();
    ((2.0 * unit - 1.0) * f64::from(spread)).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(max: f64) -> Axis {
        Axis {
            growth: Growth::Up,
            zero: 900,
            length: 800,
            max,
        }
    }

    #[test]
    fn ticks_are_round_and_begin_at_zero() {
        for (max, labels) in [
            (
                390.0,
                &["0", "50", "100", "150", "200", "250", "300", "350"][..],
            ),
            (
                0.82,
                &[
                    "0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8",
                ],
            ),
            (5.0, &["0", "1", "2", "3", "4", "5"]),
            (0.055, &["0.00", "0.01", "0.02", "0.03", "0.04", "0.05"]),
        ] {
            let ticks: Vec<String> = axis(max)
                .ticks()
                .into_iter()
                .map(|(_, label)| label)
                .collect();
            assert_eq!(ticks, labels);
        }
    }

    #[test]
    fn an_axis_begins_at_its_zero_and_ends_at_its_max() {
        let up = axis(2.0);
        assert_eq!(
            (up.pixel(0.0), up.pixel(2.0), up.pixel(1.0)),
            (900, 100, 500)
        );
        let right = Axis {
            growth: Growth::Right,
            ..up
        };
        assert_eq!(right.point(1.0, 7), (1300, 7));
    }

    #[test]
    fn jitter_stays_in_its_strip_and_fills_it() {
        let places: Vec<i32> = (0..30).map(|index| jitter(index, 40)).collect();
        assert!(places.iter().all(|place| place.abs() <= 40));
        assert!(places.iter().any(|place| *place < -30) && places.iter().any(|place| *place > 30));
    }
}

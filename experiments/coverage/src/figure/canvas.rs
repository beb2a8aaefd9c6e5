//! Marks, lines and texts in pixels, on any backend.

use plotters::coord::Shift;
use plotters::drawing::DrawingAreaErrorKind;
use plotters::prelude::{
    Circle, Color, DrawingArea, DrawingBackend, FontDesc, FontFamily, FontStyle, PathElement,
    Polygon, RGBColor, Rectangle, ShapeStyle, Text, TextStyle, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Found first under its own name; a viewer of the SVG that lacks it takes one of the others.
pub(crate) const FONT: &str = "DejaVu Sans, Verdana, sans-serif";

pub(crate) const INK: RGBColor = RGBColor(20, 20, 20);
pub(crate) const QUIET: RGBColor = RGBColor(90, 90, 90);
pub(crate) const GRID: RGBColor = RGBColor(225, 225, 225);
const CELL: RGBColor = RGBColor(110, 110, 110);

/// Of a mark, in pixels.
const RADIUS: i32 = 6;

/// Of a mark among many.
const SMALL: i32 = 4;

pub(crate) type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;
pub(crate) type Point = (i32, i32);

/// What stands for a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A hollow circle: a cell that passes, or of which nothing is required.
    Cell,
    /// A hollow square: such a cell whose readings have ties.
    Ties,
    /// A cross: a cell below what is required.
    Below,
    /// A filled triangle: a cell of the second case that has to fail.
    Triangle,
}

/// A text's size in pixels, weight, colour and which point of it is placed.
#[derive(Clone, Copy)]
pub(crate) struct Font {
    pub(crate) size: i32,
    pub(crate) bold: bool,
    pub(crate) color: RGBColor,
    pub(crate) anchor: HPos,
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

    pub(crate) const fn anchored(self, anchor: HPos) -> Self {
        Self { anchor, ..self }
    }

    fn style(self) -> TextStyle<'static> {
        let weight = if self.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let font = FontDesc::new(FontFamily::Name(FONT), f64::from(self.size), weight);
        font.color(&self.color)
            .pos(Pos::new(self.anchor, VPos::Center))
    }
}

pub(crate) struct Canvas<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
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

    pub(crate) fn line(&self, from: Point, to: Point, color: RGBColor, width: u32) -> Drawn<B> {
        self.area
            .draw(&PathElement::new(vec![from, to], stroke(color, width)))
    }

    /// A horizontal line of dashes.
    pub(crate) fn dashes(&self, (left, y): Point, right: i32) -> Drawn<B> {
        let (dash, gap) = (14, 9);
        for start in (left..right).step_by(dash + gap) {
            let end = (start + 14).min(right);
            self.line((start, y), (end, y), INK, 2)?;
        }
        Ok(())
    }

    /// A mark; a smaller one where it is among `many`.
    pub(crate) fn mark(&self, mark: Mark, (x, y): Point, many: bool) -> Drawn<B> {
        let radius = if many { SMALL } else { RADIUS };
        match mark {
            Mark::Cell => {
                let style = stroke(CELL, if many { 1 } else { 2 });
                self.area.draw(&Circle::new((x, y), radius, style))
            }
            Mark::Ties => {
                let corners = [(x - radius, y - radius), (x + radius, y + radius)];
                self.area.draw(&Rectangle::new(corners, stroke(INK, 1)))
            }
            Mark::Below => {
                let r = RADIUS + 3;
                self.line((x - r, y - r), (x + r, y + r), INK, 4)?;
                self.line((x - r, y + r), (x + r, y - r), INK, 4)
            }
            Mark::Triangle => {
                let r = RADIUS + 4;
                let corners = vec![(x, y - r), (x + r, y + r), (x - r, y + r)];
                self.area.draw(&Polygon::new(corners, INK.filled()))
            }
        }
    }
}

fn stroke(color: RGBColor, width: u32) -> ShapeStyle {
    ShapeStyle {
        color: color.to_rgba(),
        filled: false,
        stroke_width: width,
    }
}

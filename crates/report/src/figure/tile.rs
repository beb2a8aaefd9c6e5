//! The tiles of a grid of classes: how one is filled. A word stands on each, so that no fill has to be
//! told from another by its colour.

use plotters::prelude::{DrawingBackend, RGBColor, WHITE};

use crate::figure::canvas::{BAND, Canvas, Drawn, Font, Point};

/// Width of the strip at the left of some fills.
const STRIP: i32 = 16;

/// How a kind of tile is filled. No two that mean something else look alike in grey.
pub(crate) enum Look {
    Plain(RGBColor),
    /// Light, with a hatched strip at its left.
    Hatched,
    /// Dark, under light words.
    Dark(RGBColor),
    /// Only a frame of dashes.
    Dashed,
}

impl Look {
    /// The font of words on it.
    pub(crate) fn inked(&self, font: Font) -> Font {
        let color = match self {
            Self::Dark(_) => WHITE,
            _ => font.color,
        };
        Font { color, ..font }
    }

    /// Pixels at the left that no word stands on.
    pub(crate) fn strip(&self) -> i32 {
        match self {
            Self::Hatched => STRIP,
            _ => 0,
        }
    }

    pub(crate) fn paint<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        from: Point,
        to: Point,
    ) -> Drawn<B> {
        let strip = (from.0 + STRIP, to.1);
        match self {
            Self::Plain(color) | Self::Dark(color) => canvas.rectangle(from, to, *color),
            Self::Hatched => {
                canvas.rectangle(from, to, BAND)?;
                canvas.bar(from, strip, BAND, true)
            }
            Self::Dashed => {
                canvas.dashes(from, to.0)?;
                canvas.dashes((from.0, to.1), to.0)
            }
        }
    }
}

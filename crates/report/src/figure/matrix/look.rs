//! How a class looks: its word, its letter, its fill.

use plotters::prelude::{DrawingBackend, RGBColor, WHITE};

use crate::analysis::matrix::Class;
use crate::figure::canvas::{BAND, BAR, Canvas, Drawn, INK, PUBLISHED, Point, QUIET};
use crate::language::Lang;

/// Width of the strip at the left of some fills.
const STRIP: i32 = 16;

/// The classes as the figure tells them apart: why there is no place is for the tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Works,
    Deviates,
    FallsBack,
    Another,
    Late,
    Refused,
    Unfinished,
    NoPlace,
}

/// How a kind is filled. No two kinds that mean something else look alike in grey.
pub(super) enum Look {
    Plain(RGBColor),
    /// Light, with a plain strip at its left.
    Edged,
    /// Light, with a hatched strip at its left.
    Hatched,
    /// Dark, under light words.
    Dark(RGBColor),
    /// Only a frame of dashes.
    Dashed,
    Empty,
}

impl Kind {
    pub(super) const ALL: [Self; 8] = [
        Self::Works,
        Self::Deviates,
        Self::FallsBack,
        Self::Another,
        Self::Late,
        Self::Refused,
        Self::Unfinished,
        Self::NoPlace,
    ];

    pub(super) fn of(class: Class) -> Self {
        match class {
            Class::Works => Self::Works,
            Class::Deviates => Self::Deviates,
            Class::FallsBack => Self::FallsBack,
            Class::Another => Self::Another,
            Class::Late => Self::Late,
            Class::Refused => Self::Refused,
            Class::Unfinished => Self::Unfinished,
            Class::NotOnKernel | Class::NotWithoutRoot | Class::NotMade => Self::NoPlace,
        }
    }

    /// Word, letter, meaning.
    pub(super) fn texts(self, lang: Lang) -> [&'static str; 3] {
        let t = lang.matrix();
        match self {
            Self::Works => [t.short_works, t.letter_works, t.mark_works],
            Self::Deviates => [t.short_deviates, t.letter_deviates, t.mark_deviates],
            Self::FallsBack => [t.short_falls_back, t.letter_falls_back, t.mark_falls_back],
            Self::Another => [t.short_another, t.letter_another, t.mark_another],
            Self::Late => [t.short_late, t.letter_late, t.mark_late],
            Self::Refused => [t.short_refused, t.letter_refused, t.mark_refused],
            Self::Unfinished => [t.short_unfinished, t.letter_unfinished, t.mark_unfinished],
            Self::NoPlace => [t.short_no_place, "–", t.mark_no_place],
        }
    }

    pub(super) fn look(self) -> Look {
        match self {
            Self::Works => Look::Plain(BAR),
            Self::Deviates => Look::Edged,
            Self::FallsBack | Self::Another => Look::Hatched,
            Self::Late => Look::Dark(PUBLISHED),
            Self::Refused => Look::Dark(INK),
            Self::Unfinished => Look::Dashed,
            Self::NoPlace => Look::Empty,
        }
    }

    /// The colour of words on it, where it is not theirs.
    pub(super) fn ink(self) -> Option<RGBColor> {
        match self.look() {
            Look::Dark(_) => Some(WHITE),
            Look::Empty => Some(QUIET),
            _ => None,
        }
    }
}

impl Look {
    /// Pixels at the left that no word stands on.
    pub(super) fn strip(&self) -> i32 {
        match self {
            Self::Edged | Self::Hatched => STRIP,
            _ => 0,
        }
    }

    pub(super) fn paint<B: DrawingBackend>(
        &self,
        canvas: &Canvas<B>,
        from: Point,
        to: Point,
    ) -> Drawn<B> {
        let strip = (from.0 + STRIP, to.1);
        match self {
            Self::Plain(color) | Self::Dark(color) => canvas.rectangle(from, to, *color),
            Self::Edged => {
                canvas.rectangle(from, to, BAND)?;
                canvas.rectangle(from, strip, BAR)
            }
            Self::Hatched => {
                canvas.rectangle(from, to, BAND)?;
                canvas.bar(from, strip, BAND, true)
            }
            Self::Dashed => {
                canvas.dashes(from, to.0)?;
                canvas.dashes((from.0, to.1), to.0)
            }
            Self::Empty => Ok(()),
        }
    }
}

//! How a class looks: its word, its letter, its fill.

use crate::analysis::matrix::Class;
use crate::figure::canvas::{BAR, INK, PUBLISHED};
use crate::figure::tile::Look;
use crate::language::Lang;

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
}

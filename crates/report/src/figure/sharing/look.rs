//! How a class of sharing looks: its sign, its word, its fill.

use crate::analysis::sharing::Class;
use crate::figure::canvas::{BAR, INK, PUBLISHED};
use crate::figure::tile::Look;
use crate::language::{Lang, Texted as _};

/// The classes as the figure tells them apart: why there is no place is for the tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Safe,
    Leaks,
    StaleView,
    JobsFail,
    Refused,
    Lost,
    Corrupt,
    Unfinished,
    NoPlace,
}

impl Kind {
    pub(super) const ALL: [Self; 9] = [
        Self::Safe,
        Self::Leaks,
        Self::StaleView,
        Self::JobsFail,
        Self::Refused,
        Self::Lost,
        Self::Corrupt,
        Self::Unfinished,
        Self::NoPlace,
    ];

    pub(super) fn of(class: Class) -> Self {
        match class {
            Class::Safe => Self::Safe,
            Class::Leaks => Self::Leaks,
            Class::StaleView => Self::StaleView,
            Class::JobsFail => Self::JobsFail,
            Class::Refused => Self::Refused,
            Class::Lost => Self::Lost,
            Class::Corrupt => Self::Corrupt,
            Class::Unfinished => Self::Unfinished,
            Class::NotOnKernel | Class::NotWithoutRoot | Class::NotMade => Self::NoPlace,
        }
    }

    /// Sign, word, meaning. No two signs are of one shape.
    pub(super) fn texts(self, lang: Lang) -> [&'static str; 3] {
        let t = lang.sharing();
        match self {
            Self::Safe => ["●", t.short_safe, t.mark_safe],
            Self::Leaks => ["○", t.short_leaks, t.mark_leaks],
            Self::StaleView => ["◐", t.short_stale_view, t.mark_stale_view],
            Self::JobsFail => ["△", t.short_jobs_fail, t.mark_jobs_fail],
            Self::Refused => ["■", t.short_refused, t.mark_refused],
            Self::Lost => ["◆", t.short_lost, t.mark_lost],
            Self::Corrupt => ["✖", t.short_corrupt, t.mark_corrupt],
            Self::Unfinished => ["…", t.short_unfinished, t.mark_unfinished],
            Self::NoPlace => ["–", t.short_no_place, t.mark_no_place],
        }
    }

    pub(super) fn look(self) -> Look {
        match self {
            Self::Safe => Look::Plain(BAR),
            Self::Leaks | Self::StaleView => Look::Edged,
            Self::JobsFail | Self::Refused => Look::Hatched,
            Self::Lost => Look::Dark(PUBLISHED),
            Self::Corrupt => Look::Dark(INK),
            Self::Unfinished => Look::Dashed,
            Self::NoPlace => Look::Empty,
        }
    }
}

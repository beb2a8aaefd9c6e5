//! What a page says, apart from how it is written down: the same pieces become Markdown and HTML.
//!
//! Texts are plain, but for `code` between backticks.

use std::borrow::Cow;

/// A page.
pub(crate) struct Document {
    pub(crate) title: String,
    /// Below the title, in one line.
    pub(crate) lead: String,
    pub(crate) pieces: Vec<Piece>,
}

pub(crate) enum Piece {
    /// A section's title: level 2 or 3.
    Heading(u8, String),
    Paragraph(String),
    /// What a reader must not miss.
    Note(String),
    List(Vec<String>),
    Table(Table),
    /// Index into the page's figures.
    Figure(usize),
    Code(String),
    /// What only some readers want: a line, and what opens below it.
    Details(String, Vec<Piece>),
}

/// A table whose first column names its rows.
pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
    pub(crate) fit: Fit,
}

/// How a table fits a phone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Each row becomes a card.
    Cards,
    /// It scrolls inside itself, beside the names of its rows.
    Scroll,
    /// It is narrow enough as it is.
    Narrow,
}

pub(crate) struct Column {
    pub(crate) title: Cow<'static, str>,
    /// Aligned to the right, and its digits below one another.
    pub(crate) number: bool,
}

#[derive(Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// In smaller type below it, line by line.
    pub(crate) below: Vec<String>,
    pub(crate) tone: Tone,
    /// Where the text leads: an address relative to the page.
    pub(crate) link: Option<String>,
    /// In a language that is not the page's (what programs and experiments say is English).
    pub(crate) english: bool,
}

/// How a verdict looks. Each has a sign of its own, so that no colour is needed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    /// Decided, one way.
    Yes,
    /// Decided, the other way.
    No,
    /// Decided, one way here and the other way there.
    Mixed,
    /// Not decided.
    Open,
    /// Missing: no reading, no interval.
    Missing,
}

impl Tone {
    /// The sign before the text.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Yes => "● ",
            Tone::No => "■ ",
            Tone::Mixed => "◐ ",
            Tone::Open => "○ ",
            Tone::Missing => "– ",
        }
    }
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    pub(crate) fn below(mut self, text: impl Into<String>) -> Self {
        self.below.push(text.into());
        self
    }

    pub(crate) fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    pub(crate) fn link(self, to: impl Into<String>) -> Self {
        Self {
            link: Some(to.into()),
            ..self
        }
    }

    pub(crate) fn english(self) -> Self {
        Self {
            english: true,
            ..self
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// A column of words.
pub(crate) fn words(title: impl Into<Cow<'static, str>>) -> Column {
    Column {
        title: title.into(),
        number: false,
    }
}

/// A column of numbers.
pub(crate) fn numbers(title: impl Into<Cow<'static, str>>) -> Column {
    Column {
        title: title.into(),
        number: true,
    }
}

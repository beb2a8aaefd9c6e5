//! What a page says, apart from how it is written down: the same pieces become Markdown and HTML.
//!
//! Texts are plain, but for `code` between backticks.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A page.
pub struct Document {
    pub title: String,
    /// Below the title, in one line.
    pub lead: String,
    pub pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
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

impl Piece {
    /// A section's title: level 2 or 3.
    #[must_use]
    pub fn heading(level: u8, title: &str) -> Self {
        Self::Heading(level, title.to_owned())
    }

    /// A text that has no values.
    #[must_use]
    pub fn paragraph(text: &str) -> Self {
        Self::Paragraph(text.to_owned())
    }
}

/// A table whose first column names its rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table {
    pub caption: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    pub fit: Fit,
}

/// How a table fits a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Each row becomes a card.
    Cards,
    /// It scrolls inside itself, beside the names of its rows.
    Scroll,
    /// It is narrow enough as it is.
    Narrow,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Column {
    pub title: Cow<'static, str>,
    /// Aligned to the right, and its digits below one another.
    pub number: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Cell {
    pub text: String,
    /// In smaller type below it, line by line.
    pub below: Vec<String>,
    pub tone: Tone,
    /// Where the text leads: an address relative to the page.
    pub link: Option<String>,
    /// In a language that is not the page's (what programs and experiments say is English).
    pub english: bool,
}

/// How a verdict looks. Each has a sign of its own, so that no colour is needed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
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
    pub fn sign(self) -> &'static str {
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
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    pub fn below(mut self, text: impl Into<String>) -> Self {
        self.below.push(text.into());
        self
    }

    pub fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    pub fn link(self, to: impl Into<String>) -> Self {
        Self {
            link: Some(to.into()),
            ..self
        }
    }

    pub fn english(self) -> Self {
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
pub fn words(title: impl Into<Cow<'static, str>>) -> Column {
    Column {
        title: title.into(),
        number: false,
    }
}

/// A column of numbers.
pub fn numbers(title: impl Into<Cow<'static, str>>) -> Column {
    Column {
        title: title.into(),
        number: true,
    }
}

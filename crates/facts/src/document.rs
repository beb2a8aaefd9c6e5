//! What a page says, apart from how it is written down: the same pieces become Markdown and HTML.
//!
//! Texts are plain, but for `code` between backticks.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A page.
pub struct Document {
    /// Above it.
    pub title: String,
    /// Below the title, in one line.
    pub lead: String,
    /// What stands in it, in order.
    pub pieces: Vec<Piece>,
}

/// One part of a page.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// A section's title: level 2 or 3.
    Heading(u8, String),
    /// Some sentences.
    Paragraph(String),
    /// What a reader must not miss.
    Note(String),
    /// One point a line.
    List(Vec<String>),
    /// Rows and columns.
    Table(Table),
    /// Index into the page's figures.
    Figure(usize),
    /// As it is typed.
    Code(String),
    /// What only some readers want: a line, and what opens below it.
    Details(String, Vec<Piece>),
}

impl Piece {
    /// A section's title: level 2 or 3.
    pub fn heading(level: u8, title: &str) -> Self {
        Self::Heading(level, title.to_owned())
    }

    /// A text that has no values.
    pub fn paragraph(text: &str) -> Self {
        Self::Paragraph(text.to_owned())
    }
}

/// A table whose first column names its rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// From left to right.
    pub columns: Vec<Column>,
    /// From top to bottom.
    pub rows: Vec<Vec<Cell>>,
    /// How it fits a phone.
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

/// How a table's fields below one title look.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Column {
    /// Above it.
    pub title: Cow<'static, str>,
    /// Aligned to the right, and its digits below one another.
    pub number: bool,
}

/// What stands in one field of a table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Cell {
    /// In its place.
    pub text: String,
    /// In smaller type below it, line by line.
    pub below: Vec<String>,
    /// How it looks.
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
    /// Nothing in particular.
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
    /// A plain one.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A plain one; a dash where there is nothing to say.
    pub fn or_dash(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(|| Self::new("–"), Self::new)
    }

    /// With a further line below it.
    pub fn below(mut self, text: impl Into<String>) -> Self {
        self.below.push(text.into());
        self
    }

    /// Looking so.
    pub fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    /// Leading there.
    pub fn link(self, to: impl Into<String>) -> Self {
        Self { link: Some(to.into()), ..self }
    }

    /// In English, whatever the page is in.
    pub fn english(self) -> Self {
        Self { english: true, ..self }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// A column of words.
pub fn words(title: impl Into<Cow<'static, str>>) -> Column {
    Column { title: title.into(), number: false }
}

/// A column of numbers.
pub fn numbers(title: impl Into<Cow<'static, str>>) -> Column {
    Column { title: title.into(), number: true }
}

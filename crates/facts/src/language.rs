//! The languages of a page. A text stands where it is used, once in each language.

use std::borrow::Cow;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// English
    En,
    /// Spanish
    Es,
}

/// A text with its values, English first, as [`format!`] has them: a text that one language lacks,
/// and a value that is not there, do not compile.
///
/// ```
/// use facts::{Lang, text};
/// let (lang, count) = (Lang::Es, 3);
/// assert_eq!(text!(lang; "{count} cells"; "{count} celdas"), "3 celdas");
/// ```
#[macro_export]
macro_rules! text {
    ($lang:expr; $english:literal; $spanish:literal $(, $name:ident = $value:expr)*) => {
        match $lang {
            $crate::Lang::En => format!($english $(, $name = $value)*),
            $crate::Lang::Es => format!($spanish $(, $name = $value)*),
        }
    };
}

/// A text without values.
#[macro_export]
macro_rules! term {
    ($lang:expr; $english:literal; $spanish:literal) => {
        match $lang {
            $crate::Lang::En => $english,
            $crate::Lang::Es => $spanish,
        }
    };
}

/// More than the distance of a decimal from the nearest number that a computer has, and from what a
/// few operations make of it; less than any digit that was measured.
const HALF_IS_HALF: f64 = 1e-12;

/// One text in every language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// English.
    pub en: Cow<'static, str>,
    /// Spanish.
    pub es: Cow<'static, str>,
}

impl Text {
    /// English, Spanish.
    pub const fn new(english: &'static str, spanish: &'static str) -> Self {
        Self { en: Cow::Borrowed(english), es: Cow::Borrowed(spanish) }
    }

    /// Made once for each language.
    pub fn each(of: impl Fn(Lang) -> String) -> Self {
        Self { en: of(Lang::En).into(), es: of(Lang::Es).into() }
    }

    /// As readers of that language see it.
    pub fn of(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Es => &self.es,
        }
    }
}

impl Lang {
    /// Every language, in the order of [`Text`].
    pub const ALL: [Self; 2] = [Self::En, Self::Es];

    /// One of two texts: English, Spanish.
    pub fn pick<T>(self, english: T, spanish: T) -> T {
        match self {
            Lang::En => english,
            Lang::Es => spanish,
        }
    }

    /// One text of those that stand in the order of [`ALL`](Self::ALL).
    pub fn of(self, texts: [&'static str; 2]) -> &'static str {
        texts[self as usize]
    }

    /// As HTML and files' names have it.
    pub fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Es => "es",
        }
    }

    /// The name of a derived file that is made of texts: `report.md`, `report.es.md`.
    pub fn file(self, stem: &str, ending: &str) -> String {
        match self {
            Lang::En => format!("{stem}.{ending}"),
            Lang::Es => format!("{stem}.{}.{ending}", self.code()),
        }
    }

    /// A number with so many decimals. A half goes away from zero, as a reader of its decimals rounds
    /// it: 0.175 is 0.18, though the nearest number that a computer has is a little less.
    pub fn number(self, value: f64, decimals: usize) -> String {
        let nearest = value * (1.0 + HALF_IS_HALF);
        let text = format!("{nearest:.decimals$}");
        // What rounds to nothing has no sign.
        let is_nothing = text.trim_matches(['-', '0', '.']).is_empty();
        self.localise(if is_nothing { text.trim_start_matches('-') } else { &text })
    }

    /// A number with no more decimals than it has.
    pub fn trimmed(self, value: f64) -> String {
        self.localise(&value.to_string())
    }

    /// A number that is text already.
    pub fn localise(self, number: &str) -> String {
        match self {
            Lang::En => number.to_owned(),
            Lang::Es => number.replace('.', ","),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_files_are_those_of_the_language() {
        assert_eq!(Lang::Es.number(1.5, 2), "1,50");
        assert_eq!(Lang::En.number(-0.04, 1), "0.0");
        assert_eq!(Lang::En.number(-0.06, 1), "-0.1");
        // What binary numbers have a little less of, what they have exactly, and what is less.
        for (value, decimals, text) in [
            (0.175, 2, "0.18"),
            (0.365, 2, "0.37"),
            (0.283, 2, "0.28"),
            (-0.175, 2, "-0.18"),
            (1.005, 2, "1.01"),
            (0.125, 2, "0.13"),
            (2.5, 0, "3"),
            (96.875, 1, "96.9"),
            (0.174_999, 2, "0.17"),
            (0.364_999_999, 2, "0.36"),
        ] {
            assert_eq!(Lang::En.number(value, decimals), text, "{value}");
        }
        assert_eq!(Lang::Es.file("report", "md"), "report.es.md");
    }
}

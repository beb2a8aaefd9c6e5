//! Words of a record are those of engines and their containers. Characters that are not seen, but
//! make a terminal do something, turn a line around or break a drawing, are shown as their numbers.

use std::borrow::Cow;

use miette::{IntoDiagnostic, Result};
use serde::Serialize;

/// The text, with `\u{1b}` where it has such a character.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character.escape_unicode().to_string())
}

/// Its beginning, where a text has more characters than that: pages of words are not waited for
/// where there is no room for them.
pub(crate) fn shortened(text: &str, longest: usize) -> Cow<'_, str> {
    let end = text.char_indices().nth(longest).map(|(end, _)| end);
    end.map_or(Cow::Borrowed(text), |end| Cow::Owned(format!("{}…", &text[..end])))
}

/// Prints a result for readers.
pub(crate) fn say(text: &str) -> Result<()> {
    measure::say(visible(text))
}

/// Prints a result for programs. What is left of such characters stands within texts of JSON, which
/// have a way of their own to write them.
pub(crate) fn json(of: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(of).into_diagnostic()?;
    measure::say(escaped(&text, |character| format!("\\u{:04x}", u32::from(character))))
}

fn escaped(text: &str, escape: fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let shown = |character: char| {
        if is_unseen(character) { escape(character) } else { character.to_string() }
    };
    Cow::Owned(text.chars().map(shown).collect())
}

/// Controls, but for the end of a line and the tabulator, and marks of direction. All of these are
/// of four hexadecimal digits at most.
fn is_unseen(character: char) -> bool {
    let is_control = character.is_control() && !matches!(character, '\n' | '\t');
    is_control
        || matches!(character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_shown() {
        assert_eq!(visible("a\n\tb ñ é"), "a\n\tb ñ é");
        assert_eq!(visible("\u{1b}[31m\u{7}\u{9b}"), "\\u{1b}[31m\\u{7}\\u{9b}");
        assert_eq!([shortened("ñandú", 5), shortened("ñandú", 2)], ["ñandú", "ña…"]);
        assert_eq!(visible("\u{202e}abc\r"), "\\u{202e}abc\\u{d}");
    }
}

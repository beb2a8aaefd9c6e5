//! Words of a record are those of engines and their containers. Characters that are not seen, but
//! make a terminal do something, turn a line around or break a drawing, are shown as their numbers.

use std::borrow::Cow;

/// The text, with `\u{1b}` where it has such a character.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character.escape_unicode().to_string())
}

/// The text with such characters written by somebody's own way.
pub fn escaped(text: &str, escape: fn(char) -> String) -> Cow<'_, str> {
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
        assert_eq!(visible("\u{202e}abc\r"), "\\u{202e}abc\\u{d}");
    }
}

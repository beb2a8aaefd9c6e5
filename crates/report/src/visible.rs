//! How words of a record are shown, which are those of engines and their containers.

use std::borrow::Cow;

use measure::escaped;
pub(crate) use measure::visible;
use miette::{IntoDiagnostic, Result};
use serde::Serialize;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_shortened() {
        assert_eq!([shortened("ñandú", 5), shortened("ñandú", 2)], ["ñandú", "ña…"]);
    }
}

//! The two standard streams.

use std::fmt::{Arguments, Display};
use std::io::{ErrorKind, Write};

use miette::Result;

use crate::exit::failure;
use crate::visible::visible;

/// Prints a result on standard output, with one newline at its end.
///
/// A reader that has closed the pipe has seen what it wanted, and is no failure; a full disk is.
pub fn say(text: impl Display) -> Result<()> {
    let text = text.to_string();
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    match written {
        Err(why) if why.kind() != ErrorKind::BrokenPipe => Err(failure(
            "the results can't be printed",
            why.to_string(),
            "free some disk space, or print them elsewhere",
        )),
        _ => Ok(()),
    }
}

/// Columns of the terminal that standard output is; `None` where it is none.
#[must_use]
pub fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    // A terminal that nobody has told its size says 0.
    (size.ws_col > 0).then_some(size.ws_col.into())
}

/// A line of `head` and `text`; broken where the [`columns`] end, and the text's further lines below
/// its first. Where there are no columns it stays one line, for programs that read it.
#[must_use]
pub fn beside(head: &str, text: &str, columns: Option<usize>) -> String {
    let line = format!("{head}{text}");
    let Some(columns) = columns else {
        return line;
    };
    // A head that leaves no room is no margin.
    let margin = " ".repeat(head.chars().count().min(columns / 2));
    textwrap::fill(&line, textwrap::Options::new(columns).subsequent_indent(&margin))
}

/// What [`note!`](crate::note!) calls.
pub fn note(text: Arguments<'_>) {
    // Nobody is left to be told that standard error is closed, and the work goes on without it.
    let _ = writeln!(std::io::stderr().lock(), "{}", visible(&text.to_string()));
}

/// Prints progress or a warning on standard error, with a newline; the arguments are those of
/// `format!`. That nobody reads it ends nothing.
#[macro_export]
macro_rules! note {
    ($($text:tt)+) => {
        $crate::note(format_args!($($text)+))
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_its_terminal() {
        for (columns, lines) in [
            (None, "a name  some words about it"),
            (Some(80), "a name  some words about it"),
            (Some(20), "a name  some words\n        about it"),
            (Some(10), "a name\n     some\n     words\n     about\n     it"),
        ] {
            assert_eq!(beside("a name  ", "some words about it", columns), lines);
        }
    }
}

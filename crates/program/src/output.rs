//! The two standard streams.

use std::fmt::{Arguments, Display};
use std::io::{ErrorKind, Write};

use miette::Result;

use crate::exit::failure;

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

/// What [`note!`](crate::note!) calls.
pub fn note(text: Arguments<'_>) {
    // Nobody is left to be told that standard error is closed, and the work goes on without it.
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints progress or a warning on standard error, with a newline; the arguments are those of
/// `format!`. That nobody reads it ends nothing.
#[macro_export]
macro_rules! note {
    ($($text:tt)+) => {
        $crate::note(format_args!($($text)+))
    };
}

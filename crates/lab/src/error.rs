//! The shape of every error of this crate: what, why, remedy.

use std::fmt::Display;

use miette::{Diagnostic, Report, Result};

/// An error in the project's shape.
pub(crate) fn failure(what: impl Display, why: impl Display, remedy: impl Display) -> Report {
    program::failure(what.to_string(), trimmed(&why), remedy.to_string())
}

/// The same for what this machine lacks.
pub(crate) fn unsupported(what: impl Display, why: impl Display, remedy: impl Display) -> Report {
    program::unsupported(what.to_string(), trimmed(&why), remedy.to_string())
}

/// The same for what was asked for and can't be had.
pub(crate) fn usage(what: impl Display, why: impl Display, remedy: impl Display) -> Report {
    program::usage(what.to_string(), trimmed(&why), remedy.to_string())
}

/// An agent that answered that it could not do it: it is well, and may do the next thing.
#[derive(Debug)]
pub(crate) struct Refused {
    level: usize,
    why: String,
}

impl Refused {
    pub(crate) fn new(level: usize, why: String) -> Self {
        Self { level, why }
    }
}

impl Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the probe at level {} could not do it: {}", self.level, self.why)
    }
}

impl std::error::Error for Refused {}

impl Diagnostic for Refused {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new("check the command"))
    }
}

/// A reason that is many lines long is a log: those lines stay, trimmed.
fn trimmed(why: &impl Display) -> String {
    why.to_string().trim().to_owned()
}

/// Adds what was being done, and what to do about it, to any error.
pub(crate) trait Explain<T> {
    fn explain(self, what: impl Display, remedy: impl Display) -> Result<T>;
}

impl<T, E: Display> Explain<T> for std::result::Result<T, E> {
    fn explain(self, what: impl Display, remedy: impl Display) -> Result<T> {
        self.map_err(|why| failure(what, why, remedy))
    }
}

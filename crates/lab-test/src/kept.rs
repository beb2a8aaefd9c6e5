//! What several tests look at and the first of them makes.

use std::sync::OnceLock;

use miette::{Report, Result, miette};

/// Something that is made when it is first asked for, and then kept, or why it could not be made,
/// which is told to each who asks.
pub struct Kept<T>(OnceLock<Result<T, String>>);

impl<T> Kept<T> {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// What is kept; made now where nobody has asked before.
    pub fn get(&self, build: impl FnOnce() -> Result<T>) -> Result<&T> {
        let kept = self.0.get_or_init(|| build().map_err(|report| words(&report)));
        kept.as_ref().map_err(|why| miette!("{why}"))
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// An error in one line: what, and why.
#[must_use]
pub fn words(report: &Report) -> String {
    let chain: Vec<String> = report.chain().map(ToString::to_string).collect();
    chain.join(": ")
}

//! What an oracle finds, and how bad it is.

use std::fmt;

/// What became of what was shared, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Everything acknowledged is there, for whom it is meant to be.
    Safe,
    /// Files are left that nobody refers to any more.
    Leaks,
    /// One engine does not see what the other was told is done.
    StaleView,
    /// What an engine of its own would have done was refused.
    JobsFail,
    /// The second engine does not start.
    Refused,
    /// An image that an engine said it had is gone, for the one that was told so.
    Lost,
    /// There, and not what it was; or the store's own files contradict each other.
    Corrupt,
}

impl Class {
    /// Whether acknowledged data was damaged.
    pub(crate) fn is_damage(self) -> bool {
        self >= Self::Lost
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safe => "safe",
            Self::Leaks => "leaks",
            Self::StaleView => "stale view",
            Self::JobsFail => "jobs fail",
            Self::Refused => "refused",
            Self::Lost => "lost acknowledged data",
            Self::Corrupt => "corrupt",
        })
    }
}

/// One thing that is not as it was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) class: Class,
    pub(crate) text: String,
}

/// The worst of them.
pub(crate) fn worst(findings: &[Finding]) -> Class {
    let classes = findings.iter().map(|finding| finding.class);
    classes.max().unwrap_or(Class::Safe)
}

/// The texts of all, the worst first.
pub(crate) fn texts(findings: &[Finding]) -> String {
    let mut findings: Vec<&Finding> = findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.class));
    let texts = findings
        .iter()
        .map(|Finding { class, text }| format!("{class}: {text}"));
    texts.collect::<Vec<_>>().join("\n")
}

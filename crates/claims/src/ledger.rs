//! The claims that the suite's checks hold, against what was seen.

use std::fmt;

use serde::Serialize;

use crate::{Claim, Says, Seen, accepts};

/// What becomes of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything that it says was seen.
    Confirmed,
    /// Nothing of what it says was seen, but the contrary.
    Refuted,
    /// Some of it was: what was not.
    Depends(Vec<String>),
    /// Something that it says was not looked at: what.
    Missing(Vec<String>),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Confirmed => f.write_str("confirmed"),
            Self::Refuted => f.write_str("refuted"),
            Self::Depends(on) => write!(f, "depends: {}", on.join("; ")),
            Self::Missing(what) => write!(f, "not yet: {}", what.join("; ")),
        }
    }
}

/// One thing that a claim says, and what was seen of it.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// The property.
    pub property: String,
    /// The pattern.
    pub pattern: String,
    /// What the claim says.
    pub says: String,
    /// What was seen; `None` where nobody has looked, or could.
    pub seen: Option<String>,
    /// The evidence of it, or why nothing could be seen.
    pub detail: String,
    /// The test.
    pub test: String,
}

impl Point {
    /// Whether what was seen is what the claim says.
    #[must_use]
    pub fn holds(&self) -> Option<bool> {
        let seen = self.seen.as_ref()?;
        Some(accepts(&self.says, seen))
    }
}

/// One claim under the engines of one generation.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The claim's number.
    pub id: String,
    /// What it says, point by point.
    pub points: Vec<Point>,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// Holds one claim against the newest rows of one generation.
#[must_use]
pub fn entry(claim: &Claim, says: &[Says], rows: &[Seen]) -> Entry {
    let points: Vec<Point> =
        says.iter().filter(|says| says.claim == claim.id).map(|says| point(says, rows)).collect();
    let verdict = verdict(&points);
    Entry { id: claim.id.clone(), points, verdict }
}

fn point(says: &Says, rows: &[Seen]) -> Point {
    let row = rows.iter().find(|row| row.property == says.property && row.pattern == says.pattern);
    Point {
        property: says.property.clone(),
        pattern: says.pattern.clone(),
        says: says.says.clone(),
        seen: row.and_then(|row| row.outcome().map(str::to_owned)),
        detail: row.map(|row| row.detail.clone()).unwrap_or_default(),
        test: row.map(|row| row.test.clone()).unwrap_or_default(),
    }
}

fn verdict(points: &[Point]) -> Verdict {
    let name = |point: &Point| format!("{} ({})", point.property, point.pattern);
    let missing: Vec<String> = points
        .iter()
        .filter(|point| point.seen.is_none())
        .map(|point| match point.detail.as_str() {
            "" => name(point),
            why => format!("{}: {why}", name(point)),
        })
        .collect();
    let contrary: Vec<String> = points
        .iter()
        .filter(|point| point.holds() == Some(false))
        .map(|point| format!("{}: {}", name(point), point.seen.as_deref().unwrap_or_default()))
        .collect();
    // What was seen to be otherwise is known, whatever was not looked at.
    if !contrary.is_empty() && contrary.len() + missing.len() < points.len() {
        return Verdict::Depends(contrary);
    }
    match (missing.is_empty(), contrary.is_empty()) {
        (false, _) => Verdict::Missing(missing),
        (true, true) if points.is_empty() => Verdict::Missing(vec!["no check".to_owned()]),
        (true, true) => Verdict::Confirmed,
        (true, false) => Verdict::Refuted,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn points(seen: &[Option<&str>]) -> Vec<Point> {
        seen.iter()
            .map(|seen| Point {
                property: "p".to_owned(),
                pattern: "dind".to_owned(),
                says: "yes".to_owned(),
                seen: seen.map(str::to_owned),
                detail: String::new(),
                test: String::new(),
            })
            .collect()
    }

    #[rstest]
    #[case::all(&[Some("yes"), Some("yes")], "confirmed")]
    #[case::none(&[Some("no"), Some("no")], "refuted")]
    #[case::some(&[Some("yes"), Some("no")], "depends: p (dind): no")]
    #[case::not_looked_at(&[Some("yes"), None], "not yet: p (dind)")]
    #[case::contrary_and_missing(&[Some("no"), None], "not yet: p (dind)")]
    #[case::mixed_and_missing(&[Some("yes"), Some("no"), None], "depends: p (dind): no")]
    #[case::nothing(&[], "not yet: no check")]
    fn a_verdict_follows_from_what_was_seen(#[case] seen: &[Option<&str>], #[case] said: &str) {
        assert_eq!(verdict(&points(seen)).to_string(), said);
    }
}

//! What becomes of a claim that several records speak of: of generations, and of a run.

use std::collections::BTreeSet;
use std::fmt;

use facts::document::Tone;
use facts::{Claim, Here, Lang};
use serde::Serialize;

use crate::checks::Checked;

/// A claim's verdict, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Without its reasons.
    #[serde(rename = "word")]
    pub kind: VerdictKind,
    /// What is to be said with it; "" where the kind says all.
    pub why: String,
}

/// A verdict without its reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// Everything that the claim says was seen.
    Confirmed,
    /// Nothing of what it says was seen, but the contrary.
    Refuted,
    /// It is so here and not there.
    Depends,
    /// It is a question, and was answered.
    Answered,
    /// It was measured, and nothing could be decided.
    Inconclusive,
    /// Something that it says was not looked at.
    NotYet,
}

use VerdictKind as Kind;

impl VerdictKind {
    /// In the order in which they are counted.
    pub const ALL: [Self; 6] = [
        Self::Confirmed,
        Self::Refuted,
        Self::Depends,
        Self::Answered,
        Self::Inconclusive,
        Self::NotYet,
    ];

    /// As readers see it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::Depends => "depends",
            Self::Answered => "answered",
            Self::Inconclusive => "inconclusive",
            Self::NotYet => "not yet",
        }
    }

    /// How it looks.
    #[must_use]
    pub fn tone(self) -> Tone {
        match self {
            Self::Confirmed | Self::Answered => Tone::Yes,
            Self::Refuted => Tone::No,
            Self::Depends => Tone::Mixed,
            Self::Inconclusive => Tone::Open,
            Self::NotYet => Tone::Missing,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        if self.why.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.why)
    }
}

impl Verdict {
    fn new(kind: Kind, why: impl Into<String>) -> Self {
        Self { kind, why: why.into() }
    }

    /// Whether it says something of the claim.
    pub(crate) fn is_decided(&self) -> bool {
        !matches!(self.kind, Kind::Inconclusive | Kind::NotYet)
    }

    /// Of one generation's checks.
    pub(crate) fn of_checks(points: &[Checked]) -> Self {
        let seen =
            |point: &Checked| format!("{}: {}", point.name(), point.seen().unwrap_or_default());
        let contrary = points.iter().filter(|point| point.holds() == Some(false));
        let contrary: Vec<String> = contrary.map(seen).collect();
        let missing = points.iter().filter(|point| point.seen().is_none());
        let missing = missing.map(|point| match point.detail() {
            "" => point.name(),
            why => format!("{}: {why}", point.name()),
        });
        let missing: Vec<String> = missing.collect();
        // Whose verdict it is, where not all of it is of the machine that the records are of.
        let elsewhere: BTreeSet<&str> = points.iter().filter_map(|point| point.machine()).collect();
        let elsewhere = elsewhere.into_iter().map(|name| format!("in part on the machine {name}"));
        let elsewhere = elsewhere.collect::<Vec<_>>().join(", ");
        // What was seen to be otherwise is known, whatever was not looked at.
        let is_mixed = !contrary.is_empty() && contrary.len() + missing.len() < points.len();
        match (missing.is_empty(), contrary.is_empty()) {
            _ if points.is_empty() => Self::new(Kind::NotYet, "no check"),
            _ if is_mixed => Self::new(Kind::Depends, contrary.join("; ")),
            (false, _) => Self::new(Kind::NotYet, missing.join("; ")),
            (true, true) => Self::new(Kind::Confirmed, elsewhere),
            (true, false) => Self::new(Kind::Refuted, contrary.join("; ")),
        }
    }

    /// Of a claim's rows in one run. A row that decided nothing speaks neither for the claim nor
    /// against it.
    pub(crate) fn of_run(rows: &[&Claim]) -> Self {
        let count = |here: Here| rows.iter().filter(|row| row.here == here).count();
        let names = |here: Here| {
            let of = rows.iter().filter(|row| row.here == here);
            of.map(|row| name(row)).collect::<Vec<_>>().join(", ")
        };
        if rows.is_empty() {
            return Self::new(Kind::NotYet, "the run has none of its arms");
        }
        if count(Here::Answered) > 0 {
            return Self::of_questions(rows);
        }
        let decided = [Here::Consistent, Here::NotReproduced];
        let undecided = [Here::Inconclusive, Here::NotMeasured];
        let is_all = |here: &Here| count(*here) == rows.len();
        match decided.into_iter().chain(undecided).find(is_all) {
            Some(Here::Consistent) => return Self::new(Kind::Confirmed, ""),
            Some(here @ Here::NotReproduced) => return Self::new(Kind::Refuted, names(here)),
            Some(here @ Here::Inconclusive) => return Self::new(Kind::Inconclusive, names(here)),
            Some(here @ Here::NotMeasured) => return Self::new(Kind::NotYet, names(here)),
            Some(Here::Answered) | None => {}
        }
        let is_there = |here: &Here| count(*here) > 0;
        let kind = if decided.iter().any(is_there) { Kind::Depends } else { Kind::Inconclusive };
        // Those that decided are named; the points have the rest.
        let decided = decided.into_iter().filter(is_there);
        let decided = decided.map(|here| format!("{}: {}", here.name(), names(here)));
        let undecided = undecided.into_iter().filter(is_there);
        let undecided =
            undecided.map(|here| format!("{}: {} of {}", here.name(), count(here), rows.len()));
        Self::new(kind, join(decided.chain(undecided)))
    }

    /// Of questions, of which each has rows of its own: answered where each of them has an answer.
    fn of_questions(rows: &[&Claim]) -> Self {
        let mut questions: Vec<&str> = rows.iter().map(|row| &*row.says).collect();
        questions.dedup();
        let mut all_answered = true;
        let told = questions.iter().map(|question| {
            let of: Vec<&&Claim> = rows.iter().filter(|row| row.says == *question).collect();
            let mut counts: Vec<(&str, usize)> = Vec::new();
            for row in &of {
                let word = match row.here {
                    Here::Answered => &row.answer,
                    _ => "undecided",
                };
                match counts.iter_mut().find(|(known, _)| *known == word) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((word, 1)),
                }
            }
            all_answered &= of.iter().any(|row| row.here == Here::Answered);
            let all = of.len();
            let counts = counts.iter();
            let counts = counts.map(|(word, count)| format!("{word} ({count} of {all})"));
            format!("{question} {}", counts.collect::<Vec<_>>().join(", "))
        });
        let why = join(told.collect::<Vec<_>>().into_iter());
        Self::new(if all_answered { Kind::Answered } else { Kind::Inconclusive }, why)
    }

    /// What several records say together: the same in all is that; else each is named.
    pub(crate) fn together(parts: &[(String, Self)]) -> Self {
        let kinds: Vec<Kind> = parts.iter().map(|(_, part)| part.kind).collect();
        let known = || kinds.iter().filter(|kind| **kind != Kind::NotYet);
        let same_kind = kinds.windows(2).all(|pair| pair[0] == pair[1]);
        let same_why = parts.windows(2).all(|pair| pair[0].1.why == pair[1].1.why);
        let kind = match (known().next(), kinds.first()) {
            (_, None) => return Self::new(Kind::NotYet, "no record"),
            (_, Some(word)) if same_kind => *word,
            // One that nobody has looked at contradicts nothing, and confirms nothing.
            (Some(first), _) if known().all(|kind| kind == first) => Kind::NotYet,
            _ => Kind::Depends,
        };
        let why = match parts {
            [(_, first), ..] if same_kind && same_why => first.why.clone(),
            _ => join(grouped(parts).into_iter().filter_map(|(of, part)| {
                let of = of.join(", ");
                if part.kind != kind {
                    return Some(format!("{of}: {part}"));
                }
                // One that says no more than all together is not named.
                (!part.why.is_empty()).then(|| format!("{of}: {}", part.why))
            })),
        };
        Self::new(kind, why)
    }
}

/// Records that say the same are one.
fn grouped(parts: &[(String, Verdict)]) -> Vec<(Vec<&str>, &Verdict)> {
    let mut groups: Vec<(Vec<&str>, &Verdict)> = Vec::new();
    for (of, part) in parts {
        match groups.iter_mut().find(|(_, known)| *known == part) {
            Some((names, _)) => names.push(of),
            None => groups.push((vec![of], part)),
        }
    }
    groups
}

/// `dind/docker 1.23`.
fn name(row: &Claim) -> String {
    match row.ours {
        Some(ours) => format!("{} {}", row.of, Lang::En.number(ours.value, 2)),
        None => row.of.clone(),
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{Says, Seen};

    fn verdict(said: &str) -> Verdict {
        let (kind, why) = said.split_once(": ").unwrap_or((said, ""));
        let kind = Kind::ALL.into_iter().find(|known| known.name() == kind);
        Verdict::new(kind.expect("a kind"), why)
    }

    #[rstest]
    #[case::all(&[Some("yes"), Some("yes")], "confirmed")]
    #[case::none(&[Some("no"), Some("no")], "refuted: p (dind): no; p (dind): no")]
    #[case::some(&[Some("yes"), Some("no")], "depends: p (dind): no")]
    #[case::not_looked_at(&[Some("yes"), None], "not yet: p (dind)")]
    #[case::contrary_and_missing(&[Some("no"), None], "not yet: p (dind)")]
    #[case::mixed_and_missing(&[Some("yes"), Some("no"), None], "depends: p (dind): no")]
    #[case::nothing(&[], "not yet: no check")]
    fn a_verdict_follows_from_what_was_seen(#[case] seen: &[Option<&str>], #[case] said: &str) {
        let says = ["p", "dind", "yes"].map(str::to_owned);
        let [property, pattern, outcome] = says;
        let says = Says { claim: "X1".to_owned(), property, pattern, says: outcome };
        let rows: Vec<Option<Seen>> = seen
            .iter()
            .map(|seen| seen.map(|seen| Seen { seen: seen.to_owned(), ..Seen::default() }))
            .collect();
        let points = rows.iter().map(|row| Checked { says: &says, row: row.as_ref() });
        assert_eq!(Verdict::of_checks(&points.collect::<Vec<_>>()).to_string(), said);
    }

    #[rstest]
    #[case::the_same(&[("a", "confirmed"), ("b", "confirmed")], "confirmed")]
    #[case::the_same_for_the_same_reason(&[("a", "refuted: x"), ("b", "refuted: x")], "refuted: x")]
    #[case::the_same_otherwise(&[("a", "refuted: x"), ("b", "refuted: y")], "refuted: a: x; b: y")]
    #[case::one_differs(
        &[("a", "confirmed"), ("b", "refuted: x")],
        "depends: a: confirmed; b: refuted: x"
    )]
    #[case::two_of_three(
        &[("a", "confirmed"), ("b", "refuted: x"), ("c", "confirmed")],
        "depends: a, c: confirmed; b: refuted: x"
    )]
    #[case::one_depends(
        &[("checks", "confirmed"), ("exp4", "depends: x")],
        "depends: checks: confirmed; exp4: x"
    )]
    #[case::one_is_not_looked_at(
        &[("a", "confirmed"), ("b", "not yet: p (dind)")],
        "not yet: a: confirmed; b: p (dind)"
    )]
    #[case::one_decides_nothing(
        &[("a", "confirmed"), ("b", "inconclusive: x")],
        "depends: a: confirmed; b: inconclusive: x"
    )]
    #[case::nothing(&[], "not yet: no record")]
    fn records_are_held_together(#[case] parts: &[(&str, &str)], #[case] said: &str) {
        let parts = parts.iter();
        let parts = parts.map(|(of, said)| ((*of).to_owned(), verdict(said)));
        assert_eq!(Verdict::together(&parts.collect::<Vec<_>>()).to_string(), said);
    }
}

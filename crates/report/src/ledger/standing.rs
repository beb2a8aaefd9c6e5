//! What becomes of a claim that several records speak of: of generations, and of a run.

use std::fmt;

use ::claims::ledger::{Entry, Verdict};
use serde::Serialize;

use facts::Claim;
use facts::Here;
use facts::document::Tone;

/// A claim's verdict, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Standing {
    pub(super) word: Word,
    /// What is to be said with it; "" where the word says all.
    pub(super) why: String,
}

/// A verdict without its reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Word {
    Confirmed,
    Refuted,
    Depends,
    /// It is a question, and was answered.
    Answered,
    /// It was measured, and nothing could be decided.
    Inconclusive,
    NotYet,
}

impl Word {
    /// In the order in which they are counted.
    pub(super) const ALL: [Self; 6] = [
        Self::Confirmed,
        Self::Refuted,
        Self::Depends,
        Self::Answered,
        Self::Inconclusive,
        Self::NotYet,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::Depends => "depends",
            Self::Answered => "answered",
            Self::Inconclusive => "inconclusive",
            Self::NotYet => "not yet",
        }
    }

    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Confirmed | Self::Answered => Tone::Yes,
            Self::Refuted => Tone::No,
            Self::Depends => Tone::Mixed,
            Self::Inconclusive => Tone::Open,
            Self::NotYet => Tone::Missing,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word.name())?;
        if self.why.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.why)
    }
}

impl Standing {
    fn new(word: Word, why: impl Into<String>) -> Self {
        Self { word, why: why.into() }
    }

    /// Whether it says something of the claim.
    pub(super) fn is_decided(&self) -> bool {
        !matches!(self.word, Word::Inconclusive | Word::NotYet)
    }

    /// Of one generation's checks.
    pub(super) fn of_checks(entry: &Entry) -> Self {
        match &entry.verdict {
            Verdict::Confirmed => Self::new(Word::Confirmed, ""),
            Verdict::Refuted => {
                let seen = entry.points.iter().map(|point| {
                    let seen = point.seen.as_deref().unwrap_or_default();
                    format!("{} ({}): {seen}", point.property, point.pattern)
                });
                Self::new(Word::Refuted, join(seen))
            }
            Verdict::Depends(on) => Self::new(Word::Depends, on.join("; ")),
            Verdict::Missing(what) => Self::new(Word::NotYet, what.join("; ")),
        }
    }

    /// Of a claim's rows in one run. A row that decided nothing speaks neither for the claim nor
    /// against it.
    pub(super) fn of_run(rows: &[&Claim]) -> Self {
        let count = |here: Here| rows.iter().filter(|row| row.here == here).count();
        let names = |here: Here| {
            let of = rows.iter().filter(|row| row.here == here);
            of.map(|row| name(row)).collect::<Vec<_>>().join(", ")
        };
        if rows.is_empty() {
            return Self::new(Word::NotYet, "the run has none of its arms");
        }
        if count(Here::Answered) > 0 {
            return Self::of_questions(rows);
        }
        let decided = [Here::Consistent, Here::NotReproduced];
        let undecided = [Here::Inconclusive, Here::NotMeasured];
        let is_all = |here: &Here| count(*here) == rows.len();
        match decided.into_iter().chain(undecided).find(is_all) {
            Some(Here::Consistent) => return Self::new(Word::Confirmed, ""),
            Some(here @ Here::NotReproduced) => return Self::new(Word::Refuted, names(here)),
            Some(here @ Here::Inconclusive) => return Self::new(Word::Inconclusive, names(here)),
            Some(here @ Here::NotMeasured) => return Self::new(Word::NotYet, names(here)),
            Some(Here::Answered) | None => {}
        }
        let is_there = |here: &Here| count(*here) > 0;
        let word = if decided.iter().any(is_there) { Word::Depends } else { Word::Inconclusive };
        // Those that decided are named; the points have the rest.
        let decided = decided.into_iter().filter(is_there);
        let decided = decided.map(|here| format!("{}: {}", here.name(), names(here)));
        let undecided = undecided.into_iter().filter(is_there);
        let undecided =
            undecided.map(|here| format!("{}: {} of {}", here.name(), count(here), rows.len()));
        Self::new(word, join(decided.chain(undecided)))
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
        Self::new(if all_answered { Word::Answered } else { Word::Inconclusive }, why)
    }

    /// What several records say together: the same in all is that; else each is named.
    pub(super) fn together(parts: &[(String, Self)]) -> Self {
        let words: Vec<Word> = parts.iter().map(|(_, part)| part.word).collect();
        let known = || words.iter().filter(|word| **word != Word::NotYet);
        let same_word = words.windows(2).all(|pair| pair[0] == pair[1]);
        let same_why = parts.windows(2).all(|pair| pair[0].1.why == pair[1].1.why);
        let word = match (known().next(), words.first()) {
            (_, None) => return Self::new(Word::NotYet, "no record"),
            (_, Some(word)) if same_word => *word,
            // One that nobody has looked at contradicts nothing, and confirms nothing.
            (Some(first), _) if known().all(|word| word == first) => Word::NotYet,
            _ => Word::Depends,
        };
        let why = match parts {
            [(_, first), ..] if same_word && same_why => first.why.clone(),
            _ => join(grouped(parts).into_iter().map(|(of, part)| {
                let of = of.join(", ");
                if part.word == word {
                    format!("{of}: {}", part.why)
                } else {
                    format!("{of}: {part}")
                }
            })),
        };
        Self::new(word, why)
    }
}

/// Records that say the same are one.
fn grouped(parts: &[(String, Standing)]) -> Vec<(Vec<&str>, &Standing)> {
    let mut groups: Vec<(Vec<&str>, &Standing)> = Vec::new();
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
        Some(ours) => format!("{} {:.2}", row.of, ours.value),
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

    fn standing(said: &str) -> Standing {
        let (word, why) = said.split_once(": ").unwrap_or((said, ""));
        let word = Word::ALL.into_iter().find(|known| known.name() == word);
        Standing::new(word.expect("a word"), why)
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
        let parts = parts.map(|(of, said)| ((*of).to_owned(), standing(said)));
        assert_eq!(Standing::together(&parts.collect::<Vec<_>>()).to_string(), said);
    }
}

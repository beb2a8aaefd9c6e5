//! Every claim held against the records.

use std::collections::BTreeMap;

use ::claims::ledger::{self, Entry};
use ::claims::{Seen, says};
use serde::Serialize;

use super::records::{Absent, CHECKS, Checks, Measured, Records, Source};
use super::standing::{Standing, Word};
use crate::page::phrases;
use facts::Claim;
use facts::Here;
use facts::Lang;
use facts::document::Tone;

/// What the ledger says.
#[derive(Serialize)]
pub(crate) struct Ledger<'a> {
    pub(super) sources: Vec<&'a Source>,
    pub(super) absent: &'a [Absent],
    /// The claims that checks or runs can speak of.
    pub(super) claims: Vec<Line>,
    /// The others.
    pub(super) not_covered: Vec<::claims::Claim>,
    /// What was seen of each property under each pattern.
    pub(super) outcomes: Vec<Outcome>,
    /// Looks whose outcome is not the expected one.
    pub(super) not_as_expected: Vec<&'a Seen>,
    /// Looks that this machine could not take.
    pub(super) not_looked_at: Vec<&'a Seen>,
}

/// One claim.
#[derive(Serialize)]
pub(crate) struct Line {
    pub(super) id: String,
    pub(super) document: String,
    pub(super) held_by: String,
    pub(super) statement: String,
    pub(super) verdict: Standing,
    pub(super) points: Vec<Point>,
}

/// One thing that a claim says.
#[derive(Serialize)]
pub(crate) struct Point {
    /// Property and pattern, or a ratio.
    pub(super) of: String,
    pub(super) says: String,
    /// One a record.
    pub(super) looks: Vec<Look>,
}

/// What one record has of it.
#[derive(Serialize)]
pub(crate) struct Look {
    /// The generation, or the experiment.
    pub(super) record: String,
    pub(super) seen: Option<String>,
    pub(super) answer: Answer,
    /// An engine's own words, or why nothing was seen.
    pub(super) detail: String,
    /// The test, or the run's folder.
    pub(super) evidence: String,
}

/// Whether what was seen is what is claimed.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    Holds,
    Contrary,
    Undecided,
    /// Of a question, which nothing can be contrary to.
    Answered,
    NotSeen,
}

/// One property under one pattern, in all records of checks.
#[derive(Serialize)]
pub(crate) struct Outcome {
    pub(super) property: String,
    pub(super) pattern: String,
    /// By generation, oldest first; `None` where nothing could be seen.
    pub(super) seen: Vec<(String, Option<String>)>,
}

impl<'a> Ledger<'a> {
    pub(super) fn of(records: &'a Records) -> Self {
        let says = says();
        let is_covered = |claim: &::claims::Claim| {
            let mut says = says.iter();
            let is_checked = claim.held_by == CHECKS || says.any(|says| says.claim == claim.id);
            let mut named = claim.holders().chain(claim.witnesses());
            is_checked || named.any(|name| records.has_run_of(name))
        };
        let (covered, not_covered) = ::claims::claims().into_iter().partition(is_covered);
        let covered: Vec<::claims::Claim> = covered;
        let rows = || records.checks.iter().flat_map(|checks| &checks.rows);
        Self {
            sources: records.sources().collect(),
            absent: &records.absent,
            claims: covered.into_iter().map(|claim| line(claim, records)).collect(),
            not_covered,
            outcomes: outcomes(&records.checks),
            not_as_expected: rows()
                .filter(|row| !row.seen.is_empty() && !row.as_expected())
                .collect(),
            not_looked_at: rows().filter(|row| row.seen.is_empty()).collect(),
        }
    }

    /// The claims of this verdict.
    pub(super) fn of_word(&self, word: Word) -> Vec<&Line> {
        let lines = self.claims.iter();
        lines.filter(|line| line.verdict.word == word).collect()
    }

    /// The generations that checks have a record of.
    pub(super) fn generations(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().filter_map(|source| source.generation.as_deref())
    }

    /// What differs between the generations.
    pub(super) fn differing(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.differs())
    }
}

impl Answer {
    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Holds | Self::Answered => Tone::Yes,
            Self::Contrary => Tone::No,
            Self::Undecided => Tone::Open,
            Self::NotSeen => Tone::Missing,
        }
    }
}

impl Outcome {
    fn differs(&self) -> bool {
        let mut seen = self.seen.iter().filter_map(|(_, seen)| seen.as_ref());
        let first = seen.next();
        seen.any(|other| Some(other) != first)
    }
}

impl Point {
    /// What was seen and in which records; those that saw the same are one. Names no record where
    /// all of them do.
    pub(super) fn told(&self) -> Vec<(String, &Look)> {
        let mut told: Vec<(Vec<&str>, &Look)> = Vec::new();
        for look in &self.looks {
            match told.iter_mut().find(|(_, known)| known.seen == look.seen) {
                Some((records, _)) => records.push(&look.record),
                None => told.push((vec![&look.record], look)),
            }
        }
        let one = told.len() == 1;
        told.into_iter()
            .map(|(records, look)| {
                let records = if one { String::new() } else { records.join(", ") };
                (records, look)
            })
            .collect()
    }

    /// Tests or folders, each once.
    pub(super) fn evidence(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for look in &self.looks {
            if !look.evidence.is_empty() && !all.contains(&look.evidence.as_str()) {
                all.push(&look.evidence);
            }
        }
        all
    }
}

fn line(claim: ::claims::Claim, records: &Records) -> Line {
    let says = says();
    let entries: Vec<(&Checks, Entry)> = records
        .checks
        .iter()
        .map(|checks| (checks, ledger::entry(&claim, &says, &checks.rows)))
        .collect();
    let is_checked = says.iter().any(|says| says.claim == claim.id);
    let mut points = if records.checks.is_empty() {
        unseen(&ledger::entry(&claim, &says, &[]))
    } else {
        of_entries(&entries)
    };
    let mut parts = Vec::new();
    if is_checked {
        let generations = entries.iter().map(|(checks, entry)| {
            let standing = Standing::of_checks(entry);
            (checks.generation.clone(), standing)
        });
        parts.push(("checks", Standing::together(&generations.collect::<Vec<_>>())));
    }
    let mut of_experiment = |experiment: &str| {
        let mut runs = records.runs.iter();
        let run = runs.find(|run| run.holds(&claim, experiment))?;
        let rows: Vec<&Claim> = run.claims.iter().filter(|row| row.id == claim.id).collect();
        points.extend(of_run(run, &rows));
        Some(Standing::of_run(&rows))
    };
    // A claim of two halves needs a run of each experiment that holds one.
    for holder in claim.holders().filter(|holder| *holder != CHECKS) {
        let standing = of_experiment(holder).unwrap_or_else(|| Standing::together(&[]));
        parts.push((holder, standing));
    }
    // Further evidence counts where it decides something.
    for witness in claim.witnesses() {
        let standing = of_experiment(witness).filter(Standing::is_decided);
        parts.extend(standing.map(|standing| (witness, standing)));
    }
    let verdict = match parts.pop() {
        Some((_, only)) if parts.is_empty() => only,
        last => {
            let parts = parts.into_iter().chain(last);
            let parts = parts.map(|(of, part)| (of.to_owned(), part));
            Standing::together(&parts.collect::<Vec<_>>())
        }
    };
    Line {
        id: claim.id,
        document: claim.document,
        held_by: claim.held_by,
        statement: claim.statement,
        verdict,
        points,
    }
}

/// The same points of every generation, side by side.
fn of_entries(entries: &[(&Checks, Entry)]) -> Vec<Point> {
    let Some((_, first)) = entries.first() else {
        return Vec::new();
    };
    let looks = |index: usize| {
        entries.iter().filter_map(move |(checks, entry)| {
            let point = entry.points.get(index)?;
            Some(Look {
                record: checks.generation.clone(),
                seen: point.seen.clone(),
                answer: match point.holds() {
                    Some(true) => Answer::Holds,
                    Some(false) => Answer::Contrary,
                    None => Answer::NotSeen,
                },
                detail: point.detail.clone(),
                evidence: point.test.clone(),
            })
        })
    };
    let mut points = unseen(first);
    for (index, point) in points.iter_mut().enumerate() {
        point.looks = looks(index).collect();
    }
    points
}

/// What a claim says, before anybody has looked.
fn unseen(entry: &Entry) -> Vec<Point> {
    let point = |point: &ledger::Point| Point {
        of: format!("{} ({})", point.property, point.pattern),
        says: point.says.clone(),
        looks: Vec::new(),
    };
    entry.points.iter().map(point).collect()
}

fn of_run(run: &Measured, rows: &[&Claim]) -> Vec<Point> {
    let point = |row: &&Claim| {
        let range = |range| phrases::range(range, 2, Lang::En);
        let says = row.published.map_or_else(
            || row.says.clone().into_owned(),
            |published| format!("{:.2} ({})", published.value, range(published.range())),
        );
        let ours = row.ours.map(|ours| {
            let interval = ours.interval.map_or("no interval".to_owned(), range);
            format!("{:.2} [{interval}]", ours.value)
        });
        let words = Some(phrases::seen(row)).filter(|words| !words.is_empty());
        let seen: Vec<String> = words.into_iter().chain(ours).collect();
        let mut detail = vec![row.here.name().to_owned()];
        if !row.answer.is_empty() {
            detail.push(row.answer.clone().into_owned());
        }
        if row.is_of_ratio() {
            detail.push(row.verdict.name(row.by_itself));
        }
        Point {
            of: row.of.clone(),
            says,
            looks: vec![Look {
                record: run.source.of.to_owned(),
                seen: (!seen.is_empty()).then(|| seen.join("; ")),
                answer: match row.here {
                    Here::Consistent => Answer::Holds,
                    Here::NotReproduced => Answer::Contrary,
                    Here::Inconclusive => Answer::Undecided,
                    Here::NotMeasured => Answer::NotSeen,
                    Here::Answered => Answer::Answered,
                },
                detail: detail.join("; "),
                evidence: run.source.path.clone(),
            }],
        }
    };
    rows.iter().map(point).collect()
}

fn outcomes(checks: &[Checks]) -> Vec<Outcome> {
    // In the order in which they were first looked at, which is that of the suite.
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut seen: BTreeMap<(&str, &str, &str), Option<&str>> = BTreeMap::new();
    for (generation, row) in
        checks.iter().flat_map(|checks| checks.rows.iter().map(|row| (&checks.generation, row)))
    {
        let of = (row.property.as_str(), row.pattern.as_str());
        if !order.contains(&of) {
            order.push(of);
        }
        seen.insert((of.0, of.1, generation), row.outcome());
    }
    let outcome = |(property, pattern): (&str, &str)| {
        let of = |checks: &Checks| {
            let seen = seen.get(&(property, pattern, checks.generation.as_str()));
            (checks.generation.clone(), seen.copied().flatten().map(str::to_owned))
        };
        Outcome {
            property: property.to_owned(),
            pattern: pattern.to_owned(),
            seen: checks.iter().map(of).collect(),
        }
    };
    order.into_iter().map(outcome).collect()
}

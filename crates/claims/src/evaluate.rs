//! Every claim held against the records.

use std::collections::BTreeMap;

use facts::document::Tone;
use facts::{Here, Lang, phrases};
use serde::Serialize;

use crate::checks::{Checked, Checks};
use crate::records::{Absent, Records, Source};
use crate::runs::MeasuredRun;
use crate::{CHECKS, Claim, Says, Seen, Verdict, VerdictKind, claims, says};

/// What the ledger says.
#[derive(Serialize)]
pub struct Ledger<'a> {
    /// What it is made of.
    pub sources: Vec<&'a Source>,
    /// What was looked for and not found.
    pub absent: &'a [Absent],
    /// The claims that checks or runs can speak of.
    pub claims: Vec<Line>,
    /// The others.
    pub not_covered: Vec<Claim>,
    /// What was seen of each property under each pattern.
    pub outcomes: Vec<Outcome>,
    /// Checks whose outcome is not the expected one.
    pub not_as_expected: Vec<&'a Seen>,
    /// Checks that this machine could not make.
    pub not_looked_at: Vec<&'a Seen>,
}

/// One claim.
#[derive(Serialize)]
pub struct Line {
    /// Its number.
    pub id: String,
    /// Which document makes it.
    pub document: String,
    /// As [`Claim::held_by`].
    pub held_by: String,
    /// What it says.
    pub statement: String,
    /// What became of it.
    pub verdict: Verdict,
    /// What it says, point by point.
    pub points: Vec<Point>,
}

/// One thing that a claim says.
#[derive(Serialize)]
pub struct Point {
    /// Property and pattern, or a ratio.
    pub of: String,
    /// What is claimed of it.
    pub says: String,
    /// One a record.
    #[serde(rename = "looks")]
    pub observations: Vec<Observation>,
}

/// What one record has of it.
#[derive(Serialize)]
pub struct Observation {
    /// The generation, or the kind of run.
    pub record: String,
    /// `None` where nothing was.
    pub seen: Option<String>,
    /// What that says of the point.
    pub answer: Answer,
    /// An engine's own words, or why nothing was seen.
    pub detail: String,
    /// The test, or the run's folder.
    pub evidence: String,
}

/// Whether what was seen is what is claimed.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is.
    Holds,
    /// It is not.
    Contrary,
    /// Too little was seen.
    Undecided,
    /// Of a question, which nothing can be contrary to.
    Answered,
    /// Nothing was seen.
    NotSeen,
}

/// One property under one pattern, in all records of checks.
#[derive(Serialize)]
pub struct Outcome {
    /// The property.
    pub property: String,
    /// The pattern.
    pub pattern: String,
    /// By generation, oldest first; `None` where nothing could be seen.
    pub seen: Vec<(String, Option<String>)>,
}

/// Holds every claim against the records.
#[must_use]
pub fn evaluate(records: &Records) -> Ledger<'_> {
    let says = says();
    let is_covered = |claim: &Claim| {
        let is_checked = claim.held_by == CHECKS || says.iter().any(|says| says.claim == claim.id);
        let mut named = claim.holders().chain(claim.witnesses());
        is_checked || named.any(|name| records.has_run_of(name))
    };
    let (covered, not_covered): (Vec<Claim>, _) = claims().into_iter().partition(is_covered);
    let rows = || records.checks.iter().flat_map(|checks| &checks.rows);
    let is_wrong = |row: &&Seen| !row.seen.is_empty() && !row.as_expected();
    Ledger {
        sources: records.sources().collect(),
        absent: &records.absent,
        claims: covered.into_iter().map(|claim| line(claim, &says, records)).collect(),
        not_covered,
        outcomes: outcomes(&records.checks),
        not_as_expected: rows().filter(is_wrong).collect(),
        not_looked_at: rows().filter(|row| row.seen.is_empty()).collect(),
    }
}

impl Ledger<'_> {
    /// The claims of this verdict.
    #[must_use]
    pub fn of_kind(&self, kind: VerdictKind) -> Vec<&Line> {
        let lines = self.claims.iter();
        lines.filter(|line| line.verdict.kind == kind).collect()
    }

    /// The generations that checks have a record of.
    pub fn generations(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().filter_map(|source| source.generation.as_deref())
    }

    /// What differs between the generations.
    pub fn differing(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.differs())
    }
}

impl Answer {
    /// How it looks.
    #[must_use]
    pub fn tone(self) -> Tone {
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
    #[must_use]
    pub fn distinct(&self) -> Vec<(String, &Observation)> {
        let mut distinct: Vec<(Vec<&str>, &Observation)> = Vec::new();
        for found in &self.observations {
            match distinct.iter_mut().find(|(_, known)| known.seen == found.seen) {
                Some((records, _)) => records.push(&found.record),
                None => distinct.push((vec![&found.record], found)),
            }
        }
        let one = distinct.len() == 1;
        let named = distinct.into_iter().map(|(records, found)| {
            let records = if one { String::new() } else { records.join(", ") };
            (records, found)
        });
        named.collect()
    }

    /// Tests or folders, each once.
    #[must_use]
    pub fn evidence(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for found in &self.observations {
            if !found.evidence.is_empty() && !all.contains(&&*found.evidence) {
                all.push(&found.evidence);
            }
        }
        all
    }
}

fn line(claim: Claim, says: &[Says], records: &Records) -> Line {
    let checked = records.checks.iter();
    let checked = checked.map(|checks| (checks, Checked::of(&claim, says, &checks.rows)));
    let checked: Vec<(&Checks, Vec<Checked>)> = checked.collect();
    let mut points = of_checks(&Checked::of(&claim, says, &[]), &checked);
    let mut parts = Vec::new();
    if !points.is_empty() {
        let verdicts = checked.iter();
        let verdicts = verdicts
            .map(|(checks, points)| (checks.generation.clone(), Verdict::of_checks(points)));
        parts.push((CHECKS, Verdict::together(&verdicts.collect::<Vec<_>>())));
    }
    let mut of_experiment = |experiment: &str| {
        let mut runs = records.runs.iter();
        let run = runs.find(|run| run.holds(&claim, experiment))?;
        let rows: Vec<&facts::Claim> = run.claims.iter().filter(|row| row.id == claim.id).collect();
        points.extend(of_run(run, &rows));
        Some(Verdict::of_run(&rows))
    };
    // A claim of two halves needs a run of each experiment that holds one.
    for holder in claim.holders().filter(|holder| *holder != CHECKS) {
        let verdict = of_experiment(holder).unwrap_or_else(|| Verdict::together(&[]));
        parts.push((holder, verdict));
    }
    // Further evidence counts where it decides something.
    for witness in claim.witnesses() {
        let verdict = of_experiment(witness).filter(Verdict::is_decided);
        parts.extend(verdict.map(|verdict| (witness, verdict)));
    }
    let verdict = match parts.pop() {
        Some((_, only)) if parts.is_empty() => only,
        last => {
            let parts = parts.into_iter().chain(last);
            let parts = parts.map(|(of, part)| (of.to_owned(), part));
            Verdict::together(&parts.collect::<Vec<_>>())
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

/// The points of a claim as nobody has looked at them yet, and what each generation's checks saw.
fn of_checks(points: &[Checked], checked: &[(&Checks, Vec<Checked>)]) -> Vec<Point> {
    let observation = |checks: &Checks, point: Checked| Observation {
        record: checks.generation.clone(),
        seen: point.seen().map(str::to_owned),
        answer: match point.holds() {
            Some(true) => Answer::Holds,
            Some(false) => Answer::Contrary,
            None => Answer::NotSeen,
        },
        detail: match point.machine() {
            Some(name) => format!("on the machine {name}: {}", point.detail()),
            None => point.detail().to_owned(),
        },
        evidence: point.row.map(|row| row.test.clone()).unwrap_or_default(),
    };
    let point = |(index, point): (usize, &Checked)| {
        let of_each = checked.iter();
        let of_each = of_each.map(|(checks, points)| observation(checks, points[index]));
        Point { of: point.name(), says: point.says.says.clone(), observations: of_each.collect() }
    };
    points.iter().enumerate().map(point).collect()
}

fn of_run(run: &MeasuredRun, rows: &[&facts::Claim]) -> Vec<Point> {
    let point = |row: &&facts::Claim| {
        let range = |range| phrases::range(range, 2, Lang::En);
        let number = |value| Lang::En.number(value, 2);
        let says = row.published.map_or_else(
            || row.says.clone().into_owned(),
            |published| format!("{} ({})", number(published.value), range(published.range())),
        );
        let ours = row.ours.map(|ours| {
            let interval = ours.interval.map_or("no interval".to_owned(), range);
            format!("{} [{interval}]", number(ours.value))
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
            observations: vec![Observation {
                record: run.source.of.clone(),
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

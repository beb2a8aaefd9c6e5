//! The ledger in Markdown: a page, and what of it stands in other pages of the project.

use std::collections::BTreeSet;
use std::path::Path;

use claims::{
    GENERATIONS, Ledger, Line, Observation, Outcome, PATTERNS, Point, Property, Seen, Source,
    VerdictKind, accepts, properties,
};
use facts::document::{Cell, Column, Document, Fit, Piece, Table, Tone, words};

use super::LEDGER;
use super::terminal::{abbreviated, count};
use crate::page::markdown;

/// What stands before and after a part of the ledger in another page.
pub(super) const BEGIN: &str = "<!-- claims: begin (cargo xtask claims --readme) -->";
pub(super) const END: &str = "<!-- claims: end -->";

/// The ledger's folder, from that of the page of findings.
const FOLDER: &str = "reference/claims";

/// The page with that part of the ledger between its marks; why not, where they are not there.
pub(super) fn between_marks(text: &str, part: &[Piece]) -> Result<String, String> {
    let between = |mark: &str| match text.matches(mark).count() {
        1 => Ok(()),
        count => Err(format!("it has {count} lines `{mark}`, not one")),
    };
    between(BEGIN)?;
    between(END)?;
    let (before, rest) = text.split_once(BEGIN).unwrap_or_default();
    let Some((_, after)) = rest.split_once(END) else {
        return Err(format!("`{END}` stands before `{BEGIN}`"));
    };
    let part = markdown::fragment(part);
    Ok(format!("{before}{BEGIN}\n{part}\n{END}{after}"))
}

pub(super) fn counts(ledger: &Ledger) -> Vec<Piece> {
    vec![Piece::Paragraph(count(ledger))]
}

/// What is not as the documents say has a line; the rest is named.
pub(super) fn open(ledger: &Ledger) -> Vec<Piece> {
    let mut rows = Vec::new();
    for word in [
        VerdictKind::Refuted,
        VerdictKind::Depends,
        VerdictKind::Answered,
        VerdictKind::Inconclusive,
    ] {
        rows.extend(ledger.of_kind(word).into_iter().map(|line| {
            vec![
                Cell::new(&line.id).link(format!("{FOLDER}/{LEDGER}{}", anchor(line))),
                line.statement.as_str().into(),
                verdict(line),
            ]
        }));
    }
    let mut pieces = counts(ledger);
    if !rows.is_empty() {
        pieces.push(table(
            "Claims not fully confirmed",
            [words("claim"), words("says"), words("verdict")],
            rows,
        ));
    }
    let named = [VerdictKind::Confirmed, VerdictKind::NotYet].map(|word| {
        let ids = ledger.of_kind(word).into_iter().map(|line| line.id.as_str());
        (word.tone(), word.name(), list(ids))
    });
    let uncovered = list(ledger.not_covered.iter().map(|claim| claim.id.as_str()));
    let uncovered = (Tone::Missing, "not covered yet", uncovered);
    let named = named.into_iter().chain([uncovered]);
    let named = named.filter(|(_, _, ids)| !ids.is_empty());
    pieces.push(Piece::List(
        named.map(|(tone, name, ids)| format!("{}{name}: {ids}", tone.sign())).collect(),
    ));
    pieces
}

/// The page.
pub(super) fn full(ledger: &Ledger, mutations: Option<Piece>) -> String {
    let mut pieces = Vec::new();
    let mut section = |title: &str, content: Vec<Piece>| {
        if !content.is_empty() {
            pieces.push(Piece::Heading(2, title.to_owned()));
            pieces.extend(content);
        }
    };
    section("Claims", overview(ledger));
    section("Patterns", patterns(ledger));
    section("What differs between generations", differing(ledger));
    section("Not as expected", failed(ledger));
    section("Not looked at", unseen(ledger));
    section("Do the checks see a fault?", mutations.into_iter().collect());
    section("Claim by claim", ledger.claims.iter().flat_map(claim).collect());
    section("Not covered yet", uncovered(ledger));
    section("Records", sources(ledger));
    let document = Document {
        title: "The ledger of claims".to_owned(),
        lead: format!(
            "What the two documents claim, and what became of it. {} What is measured speaks of that \
             machine and its boot, what is checked of these engines on its kernel. `cargo xtask claims --readme` \
             makes this page of the records that it names.",
            count(ledger)
        ),
        pieces,
    };
    markdown::write(&document, &[])
}

fn overview(ledger: &Ledger) -> Vec<Piece> {
    let row = |line: &Line| {
        vec![Cell::new(&line.id).link(anchor(line)), line.statement.as_str().into(), verdict(line)]
    };
    vec![table(
        "Every claim that checks or runs can speak of",
        [words("claim"), words("says"), words("verdict")],
        ledger.claims.iter().map(row).collect(),
    )]
}

/// Property by pattern. Where generations differ, each is named.
fn patterns(ledger: &Ledger) -> Vec<Piece> {
    let outcomes_of = |property: &str| {
        let outcomes = ledger.outcomes.iter();
        let of: Vec<&Outcome> = outcomes.filter(|o| o.property == property).collect();
        (!of.is_empty()).then_some(of)
    };
    let row = |row: Property| {
        let outcomes = outcomes_of(&row.property)?;
        let cell = |pattern: &str| {
            let mut outcomes = outcomes.iter();
            let found = outcomes.find(|outcome| outcome.pattern == pattern);
            found.map_or_else(Cell::default, |found| outcome(found))
        };
        let cells = PATTERNS.iter().map(|pattern| cell(pattern));
        let of = [row.property.as_str().into(), row.asks.as_str().into()];
        Some(of.into_iter().chain(cells).collect())
    };
    let columns = ["property", "asks"].into_iter().chain(PATTERNS).map(words);
    unless_empty(table(
        "What was seen of each property under each pattern, whatever was claimed",
        columns,
        properties().into_iter().filter_map(row).collect(),
    ))
}

fn outcome(outcome: &Outcome) -> Cell {
    let distinct: BTreeSet<&Option<String>> = outcome.seen.iter().map(|(_, seen)| seen).collect();
    let shown = |seen: &Option<String>| seen.clone().unwrap_or_else(|| "not seen".to_owned());
    if let (1, Some((_, seen))) = (distinct.len(), outcome.seen.first()) {
        return Cell::new(shown(seen));
    }
    let each = outcome.seen.iter();
    let each = each.map(|(generation, seen)| format!("{generation}: {}", shown(seen)));
    Cell::new(each.collect::<Vec<_>>().join("; "))
}

fn differing(ledger: &Ledger) -> Vec<Piece> {
    let row = |outcome: &Outcome| {
        let seen = outcome.seen.iter();
        let seen = seen.map(|(_, seen)| Cell::new(seen.as_deref().unwrap_or("not seen")));
        let names = [outcome.property.as_str(), &outcome.pattern];
        names.into_iter().map(Cell::new).chain(seen).collect()
    };
    let titles = ["property", "pattern"].map(str::to_owned);
    let titles = titles.into_iter().chain(ledger.generations().map(str::to_owned));
    unless_empty(table(
        "Of all that was looked at, not only of what a claim speaks of",
        titles.map(words),
        ledger.differing().map(row).collect(),
    ))
}

fn failed(ledger: &Ledger) -> Vec<Piece> {
    let rows = ledger.not_as_expected.iter().map(|row| {
        vec![
            row.property.as_str().into(),
            row.pattern.as_str().into(),
            row.generation.as_str().into(),
            row.expected.as_str().into(),
            Cell::new(&row.seen).tone(Tone::No),
            row.detail.as_str().into(),
        ]
    });
    unless_empty(table(
        "Checks that failed",
        ["property", "pattern", "generation", "expected", "seen", "detail"].map(words),
        rows.collect(),
    ))
}

fn unseen(ledger: &Ledger) -> Vec<Piece> {
    let rows = ledger.not_looked_at.iter().map(|row| {
        let cells = [&row.property, &row.pattern, &row.generation, &row.detail];
        cells.map(|text| text.as_str().into()).into()
    });
    unless_empty(table(
        "What the machine of the record could not look at",
        ["property", "pattern", "generation", "why"].map(words),
        rows.collect(),
    ))
}

/// What was set up wrong on purpose, and whether the checks rejected it; nothing where no record has
/// any of it.
pub(super) fn mutations(folder: &Path) -> miette::Result<Option<Piece>> {
    let mut rows = Vec::new();
    let mut records = Vec::new();
    for generation in GENERATIONS {
        let record = claims::seen_mutations(folder, generation)?;
        if !record.is_empty() {
            records.push((generation, record));
        }
    }
    for wrong in claims::mutations() {
        let judged = records.iter().map(|(generation, record)| {
            let row = record.iter().find(|row| {
                row.property == wrong.property
                    && row.pattern == wrong.set_up
                    && row.test.contains(&format!("::{}::", wrong.pattern.replace('-', "_")))
            });
            (*generation, row.map_or("not run", |row| judge(&wrong, row)))
        });
        let judged: Vec<(&str, &str)> = judged.collect();
        let distinct: BTreeSet<&str> = judged.iter().map(|(_, judged)| *judged).collect();
        let told = match distinct.first() {
            Some(one) if distinct.len() == 1 => (*one).to_owned(),
            _ => {
                let each = judged.iter().map(|(generation, one)| format!("{generation}: {one}"));
                each.collect::<Vec<_>>().join("; ")
            }
        };
        let tone = match told.as_str() {
            REJECTED => Tone::Yes,
            "not run" => Tone::Missing,
            _ => Tone::No,
        };
        rows.push(vec![
            wrong.property.into(),
            wrong.pattern.into(),
            wrong.set_up.into(),
            wrong.seen.into(),
            Cell::new(told).tone(tone),
        ]);
    }
    let columns = ["property", "held against", "really set up", "to be seen", "check"];
    Ok((!records.is_empty()).then(|| {
        table("Set up wrong on purpose, which the checks have to reject", columns.map(words), rows)
    }))
}

const REJECTED: &str = "rejected";

/// Whether a check has rejected a wrong set-up, for the reason that the table gives.
fn judge(wrong: &claims::Mutation, row: &Seen) -> &'static str {
    match row.outcome() {
        _ if row.as_expected() => "passed",
        Some(seen) if accepts(&wrong.seen, seen) => REJECTED,
        None if row.detail.contains(&wrong.seen) => REJECTED,
        _ => "rejected for another reason",
    }
}

fn claim(line: &Line) -> Vec<Piece> {
    let row = |point: &Point| {
        let told = point.distinct();
        let seen = |(records, found): &(String, &Observation)| {
            let seen = found.seen.as_deref().unwrap_or("not seen");
            let sign = found.answer.tone().sign();
            if records.is_empty() {
                format!("{sign}{seen}")
            } else {
                format!("{sign}{seen} ({records})")
            }
        };
        let details = told.iter().map(|(_, found)| found.detail.as_str());
        let seen: Vec<String> = told.iter().map(seen).collect();
        vec![
            point.of.as_str().into(),
            point.says.as_str().into(),
            if seen.is_empty() {
                Cell::new("no record").tone(Tone::Missing)
            } else {
                seen.join("; ").into()
            },
            list(details.filter(|detail| !detail.is_empty())).into(),
            list(point.evidence().into_iter()).into(),
        ]
    };
    vec![
        Piece::Heading(3, line.id.clone()),
        Piece::Paragraph(format!("{} ({})", line.statement, line.document)),
        Piece::Paragraph(format!("{}{}", line.verdict.kind.tone().sign(), line.verdict)),
        table(
            "Point by point",
            ["of", "says", "seen", "detail", "evidence"].map(words),
            line.points.iter().map(row).collect(),
        ),
    ]
}

fn uncovered(ledger: &Ledger) -> Vec<Piece> {
    let rows = ledger.not_covered.iter().map(|claim| {
        let cells = [&claim.id, &claim.statement, &claim.held_by];
        cells.map(|text| text.as_str().into()).into()
    });
    unless_empty(table(
        "Claims that no check and no run can speak of yet",
        ["claim", "says", "experiment that will"].map(words),
        rows.collect(),
    ))
}

fn sources(ledger: &Ledger) -> Vec<Piece> {
    let row = |source: &&Source| {
        vec![
            source.label().into(),
            Cell::new(format!("`{}`", source.path)),
            source.taken.as_str().into(),
            list(source.kernels.iter().map(String::as_str)).into(),
            list(source.engines.iter().map(String::as_str)).into(),
            list(source.revisions.iter().map(|revision| abbreviated(revision))).into(),
            source
                .rows
                .map_or_else(String::new, |(looked, all)| format!("{looked} of {all}"))
                .into(),
        ]
    };
    let mut pieces = unless_empty(table(
        "What all this was made of",
        ["of", "record", "taken", "kernel", "engines", "revision", "looked at"].map(words),
        ledger.sources.iter().map(row).collect(),
    ));
    pieces.extend(ledger.absent.iter().map(|absent| {
        Piece::Note(format!("Of {} there is no record; `{}` makes one.", absent.of, absent.remedy))
    }));
    pieces
}

fn verdict(line: &Line) -> Cell {
    Cell::new(line.verdict.to_string()).tone(line.verdict.kind.tone())
}

/// Where a claim stands on the page.
fn anchor(line: &Line) -> String {
    format!("#{}", line.id.to_lowercase())
}

fn list(texts: impl Iterator<Item = impl AsRef<str>>) -> String {
    let texts: Vec<String> = texts.map(|text| text.as_ref().to_owned()).collect();
    texts.join(", ")
}

fn unless_empty(piece: Piece) -> Vec<Piece> {
    match &piece {
        Piece::Table(table) if table.rows.is_empty() => Vec::new(),
        _ => vec![piece],
    }
}

fn table(caption: &str, columns: impl IntoIterator<Item = Column>, rows: Vec<Vec<Cell>>) -> Piece {
    Piece::Table(Table {
        caption: caption.to_owned(),
        columns: columns.into_iter().collect(),
        rows,
        fit: Fit::Cards,
    })
}

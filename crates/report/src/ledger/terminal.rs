//! The ledger on a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use claims::{Absent, Ledger, Observation, Point, Source, VerdictKind};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use measure::{beside, columns};

/// In characters, but on a terminal that has fewer.
const WIDTH: u16 = 120;

/// What a line may have.
fn width() -> u16 {
    let columns = columns().and_then(|columns| u16::try_from(columns).ok());
    columns.map_or(WIDTH, |columns| columns.min(WIDTH))
}

fn is_narrow() -> bool {
    width() < WIDTH
}

/// The columns below a claim: what is looked at, what is claimed of it, what was seen, where.
/// The last one is as wide as it must be: a name that is broken can't be copied.
const POINT: [u16; 3] = [46, 28, 30];

pub(super) fn write(ledger: &Ledger) -> String {
    let mut text = String::from("Records:\n");
    for source in &ledger.sources {
        let _ = writeln!(text, "{}", beside("  ", &record(source), columns()));
    }
    for absent in ledger.absent {
        let _ = writeln!(text, "{}", beside("  ", &missing(absent), columns()));
    }
    let head = ["", "says", "seen", "evidence"].map(str::to_owned);
    let _ = write!(text, "\n{}", points(std::iter::once(head)));
    for line in &ledger.claims {
        let verdict = format!("{}{}", line.verdict.kind.tone().sign(), line.verdict);
        let _ = writeln!(
            text,
            "\n{}\n{}",
            beside(&format!("{} ", line.id), &line.statement, columns()),
            wrapped(&verdict)
        );
        text.push_str(&points(line.points.iter().map(point)));
    }
    let _ = writeln!(text, "\n{}", beside("", &count(ledger), columns()));
    let generations: Vec<&str> = ledger.generations().collect();
    let mut differing = table(&[&["property", "pattern"], &generations[..]].concat());
    for outcome in ledger.differing() {
        let seen = outcome.seen.iter().map(|(_, seen)| shown(seen.as_deref()));
        let names = [outcome.property.as_str(), &outcome.pattern];
        differing.add_row(names.into_iter().chain(seen));
    }
    let mut failed = table(&["property", "pattern", "generation", "expected", "seen", "detail"]);
    for row in &ledger.not_as_expected {
        failed.add_row([
            &row.property,
            &row.pattern,
            &row.generation,
            &row.expected,
            &row.seen,
            &row.detail,
        ]);
    }
    let mut unseen = table(&["property", "patterns", "generations", "why"]);
    // One reason holds for whole rows of the suite.
    let mut alike: BTreeMap<(&str, &str), [BTreeSet<&str>; 2]> = BTreeMap::new();
    for row in &ledger.not_looked_at {
        let [patterns, generations] = alike.entry((&row.property, &row.detail)).or_default();
        patterns.insert(&row.pattern);
        generations.insert(&row.generation);
    }
    for ((property, why), [patterns, generations]) in alike {
        let [patterns, generations] =
            [patterns, generations].map(|names| Vec::from_iter(names).join(", "));
        unseen.add_row([property, &patterns, &generations, why]);
    }
    let mut uncovered = table(&["claim", "says", "experiment"]);
    for claim in &ledger.not_covered {
        uncovered.add_row([&claim.id, &claim.statement, &claim.held_by]);
    }
    for (title, table) in [
        ("Differs between generations", differing),
        ("Not as expected", failed),
        ("Not looked at: this machine could not", unseen),
        ("Not covered yet, and the experiment that will", uncovered),
    ] {
        if table.row_count() > 0 {
            let _ = writeln!(text, "\n{title}:\n{table}");
        }
    }
    text
}

/// `checks, trixie: target/claims/trixie.csv (own), 2026-01-01, ...`
fn record(source: &Source) -> String {
    let name = match &source.generation {
        Some(generation) => format!("{}, {generation}", source.of),
        None => source.of.clone(),
    };
    let whose = if source.own { "own" } else { "reference" };
    let mut facts = vec![format!("{} ({whose})", source.path), source.taken.clone()];
    let kernels = source.kernels.iter();
    facts.extend(kernels.map(|kernel| format!("Linux {kernel}")));
    facts.extend(source.engines.iter().cloned());
    let revisions = source.revisions.iter().map(|revision| abbreviated(revision));
    let revisions: Vec<String> = revisions.collect();
    let present = match source.present {
        Some(true) => "the present source",
        Some(false) => "not the present source",
        None => "git can't tell the present one",
    };
    facts.push(format!("revision {} ({present})", revisions.join(", ")));
    if let Some((looked, all)) = source.rows.filter(|(looked, all)| looked < all) {
        facts.push(format!("only {looked} of {all} were run"));
    }
    format!("{name}: {}", facts.join(", "))
}

fn missing(absent: &Absent) -> String {
    let name = match &absent.generation {
        Some(generation) => format!("{}, {generation}", absent.of),
        None => absent.of.clone(),
    };
    format!("{name}: no record (`{}` makes one)", absent.remedy)
}

/// As git shortens it, with the sign of a changed tree.
pub(super) fn abbreviated(revision: &str) -> String {
    let changed = if revision.ends_with('+') { "+" } else { "" };
    let commit = revision.trim_end_matches('+');
    format!("{}{changed}", commit.get(..7).unwrap_or(commit))
}

/// `Of 48 claims, on the machine of the records: 21 confirmed, ...; 15 not covered yet`.
pub(super) fn count(ledger: &Ledger) -> String {
    let counts = VerdictKind::ALL.into_iter().filter_map(|word| {
        let count = ledger.of_kind(word).len();
        (count > 0).then(|| format!("{count} {}", word.name()))
    });
    let counts: Vec<String> = counts.collect();
    let all = ledger.claims.len() + ledger.not_covered.len();
    let (counts, uncovered) = (counts.join(", "), ledger.not_covered.len());
    format!(
        "Of {all} claims, on the machine of the records: {counts}; {uncovered} not covered yet."
    )
}

fn point(point: &Point) -> [String; 4] {
    [point.of.clone(), point.says.clone(), seen(point), point.evidence().join(", ")]
}

/// Rows below a claim, in the same columns under each.
fn points(rows: impl Iterator<Item = [String; 4]>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).add_rows(rows);
    if table.row_count() == 0 {
        return String::new();
    }
    if is_narrow() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width());
        return format!("{}\n", table.trim_fmt());
    }
    let widths = POINT.map(|width| ColumnConstraint::Absolute(Width::Fixed(width)));
    for (column, width) in table.column_iter_mut().zip(widths) {
        column.set_constraint(width).set_padding((2, 0));
    }
    format!("{}\n", table.trim_fmt())
}

/// A verdict in as many lines as it needs, below its claim.
fn wrapped(verdict: &str) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width())
        .add_row([verdict]);
    table.trim_fmt()
}

/// What was seen of one point, in one line.
fn seen(point: &Point) -> String {
    let told = point.distinct().into_iter().map(|(records, found): (_, &Observation)| {
        let seen = format!("{}{}", found.answer.tone().sign(), shown(found.seen.as_deref()));
        if records.is_empty() { seen } else { format!("{seen} ({records})") }
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return "– no record".to_owned();
    }
    told.join("; ")
}

fn shown(seen: Option<&str>) -> &str {
    seen.unwrap_or("not seen")
}

fn table(titles: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width())
        .set_header(titles);
    table
}

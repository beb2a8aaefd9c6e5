//! Runs beside the published figures, as a page.

use facts::document::{Cell, Document, Fit, Piece, Table, words};
use facts::{Lang, Published};

use super::{Confronted, Held, NOTES, Row, ratios};
use crate::compare::Kind;
use crate::figure::{Confrontation, ConfrontedRow, Line, Panel, in_page, panel_title};
use crate::page::{phrases, verdicts_on_published, with_figure};

impl Confronted {
    pub(super) fn page(&self) -> miette::Result<String> {
        let figure = self.figure()?;
        let mut pieces = vec![Piece::List(vec![self.answer.clone()])];
        pieces.extend(figure.is_some().then_some(Piece::Figure(0)));
        pieces.extend(self.notes());
        pieces.extend(self.table(Kind::Ratio, "Ratios", "The published ratios, and each run's"));
        pieces.extend(self.table(
            Kind::Arm,
            "Times",
            "The published times, and each run's medians",
        ));
        pieces.push(Piece::heading(2, "What differs beside the numbers"));
        pieces.push(Piece::Table(self.differences()));
        pieces.push(Piece::heading(2, "How to read it"));
        let notes = NOTES.into_iter().chain(verdicts_on_published(Lang::En));
        pieces.push(Piece::List(notes.map(str::to_owned).collect()));
        // Not the way there: a page is read on other machines, too.
        let names = self.runs.iter().map(|run| format!("`{}`", run.folder));
        let names: Vec<String> = names.collect();
        let document = Document {
            title: "The published figures, held against runs".to_owned(),
            lead: format!(
                "Four repetitions each were published; held against {}",
                names.join(", ")
            ),
            pieces,
        };
        Ok(with_figure(&document, figure))
    }

    /// What a reader of the numbers must know first, each with the runs that say it.
    fn notes(&self) -> Vec<Piece> {
        let mut notes: Vec<(&str, Vec<&str>)> = Vec::new();
        for run in &self.runs {
            for warning in &run.warnings {
                match notes.iter_mut().find(|(known, _)| known == warning) {
                    Some((_, runs)) => runs.push(&run.heading),
                    None => notes.push((warning, vec![&run.heading])),
                }
            }
        }
        let note = |(warning, runs): &(&str, Vec<&str>)| {
            Piece::Note(format!("{}: {warning}", runs.join("; ")))
        };
        notes.iter().map(note).collect()
    }

    fn table(&self, kind: Kind, heading: &str, caption: &str) -> Vec<Piece> {
        let row = |row: &Row| {
            let numbers = |of| {
                let [value, interval] = row.numbers(of);
                Cell::new(value).below(interval)
            };
            let held = |held: &Option<Held>| {
                let Some(held) = held else {
                    return Cell::new("–");
                };
                let cell = held.found.map_or_else(|| Cell::new("–"), numbers);
                match held.here.map(|here| phrases::here_cell(here, Lang::En)) {
                    Some(Cell { text, tone, .. }) => cell.below(text).tone(tone),
                    None => cell,
                }
            };
            let title = Cell::new(row.title()).below(&*row.experiment);
            let cells = [title, numbers(row.published)].into_iter();
            cells.chain(row.runs.iter().map(held)).collect()
        };
        let rows: Vec<Vec<Cell>> =
            self.rows.iter().filter(|row| row.kind == kind).map(row).collect();
        if rows.is_empty() {
            return Vec::new();
        }
        vec![
            Piece::heading(2, heading),
            Piece::Table(Table {
                caption: caption.to_owned(),
                columns: self.columns(if kind == Kind::Ratio { "ratio" } else { "arm" }),
                rows,
                fit: Fit::Cards,
            }),
        ]
    }

    fn columns(&self, first: &str) -> Vec<facts::document::Column> {
        let headings = self.headings().map(str::to_owned);
        [first.to_owned(), "published".to_owned()].into_iter().chain(headings).map(words).collect()
    }

    fn differences(&self) -> Table {
        let rows = self.differences.iter().map(|difference| {
            let first = [Cell::new(&*difference.what), Cell::or_dash(difference.published.clone())];
            let runs = difference.runs.iter().map(|value| Cell::new(&**value));
            first.into_iter().chain(runs).collect()
        });
        Table {
            caption: "What was published of a setting, and what the runs' records say".to_owned(),
            columns: self.columns("what"),
            rows: rows.collect(),
            fit: Fit::Cards,
        }
    }

    /// `None` where no published ratio was measured.
    fn figure(&self) -> miette::Result<Option<([String; 2], [String; 2])>> {
        let mut panels: Vec<(&str, Vec<&Row>)> = Vec::new();
        for row in ratios(&self.rows) {
            facts::trials::entry(&mut panels, &*row.experiment).push(row);
        }
        if panels.is_empty() {
            return Ok(None);
        }
        let panel = |(experiment, rows): (&str, Vec<&Row>)| Panel {
            title: panel_title(rows.iter().map(|row| &row.metric), experiment, Lang::En),
            rows: rows.into_iter().map(|row| self.drawn(row)).collect(),
        };
        let picture = Confrontation { panels: panels.into_iter().map(panel).collect() };
        let alternative = format!(
            "{} published ratios with their ranges on one axis, and below each the interval of every run. \
             The numbers are in the table that follows.",
            ratios(&self.rows).count()
        );
        let caption = "The line is 1. A hollow diamond is a published ratio with the range that four \
                       repetitions span, which is no interval. Below it stand the runs, each with its \
                       estimate and interval.";
        let drawn = in_page("published ratios", &picture)?;
        Ok(Some((drawn, [alternative, caption.to_owned()])))
    }

    fn drawn(&self, row: &Row) -> ConfrontedRow {
        let published = row.published;
        let ends = |of: super::Shown| of.low.zip(of.high);
        let line = |(heading, held): (&str, &Option<Held>)| {
            let found = held.as_ref().and_then(|held| held.found);
            let here = held.as_ref().and_then(|held| held.here);
            Line {
                name: heading.to_owned(),
                estimate: found.map(|of| of.estimate),
                interval: found.and_then(ends),
                numbers: row.line(found),
                // Its name says where.
                verdict: here.map_or_else(String::new, |here| {
                    let sign = phrases::here_cell(here, Lang::En).tone.sign();
                    format!("{sign}{}", here.name().trim_end_matches(" here"))
                }),
            }
        };
        let (low, high) = ends(published).unwrap_or((published.estimate, published.estimate));
        ConfrontedRow {
            name: row.title(),
            published: Published { median: published.estimate, low, high, n: 0 },
            numbers: row.line(Some(published)),
            runs: self.headings().zip(&row.runs).map(line).collect(),
        }
    }
}

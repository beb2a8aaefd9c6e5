//! Facts of a synthetic run, as tests look at them.

use std::sync::OnceLock;

use facts::document::Piece;
use facts::{Facts, Lang};
use measure::Trial;
use synthetic::{Row, derived, table};

use crate::made;

/// What the program derives of a run of these rows.
pub(crate) struct Said {
    pub(crate) facts: Facts,
    /// `sidecar.csv`.
    pub(crate) patterns: Vec<Row>,
    pub(crate) claims: Vec<Claim>,
    /// In English.
    pub(crate) page: String,
    /// Its lines for the terminal.
    pub(crate) told: String,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Claim {
    pub(crate) id: String,
    of: String,
    pub(crate) here: String,
    pub(crate) seen: String,
    pub(crate) answer: String,
}

/// With so many blocks of samples.
pub(crate) fn of_run(rows: &[Trial], blocks: u32) -> Said {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    made::run(&run, rows, blocks);
    let facts = derived(env!("CARGO_BIN_EXE_sidecar"), &run);
    let claims = facts.claims.iter().map(|claim| Claim {
        id: claim.id.to_string(),
        of: claim.of.clone(),
        here: serde_json::to_value(claim.here).expect("a word").as_str().expect("text").to_owned(),
        seen: claim.seen.clone(),
        answer: claim.answer.to_string(),
    });
    let english = &facts.pages[&Lang::En];
    Said {
        patterns: table(&facts, "sidecar.csv"),
        claims: claims.collect(),
        page: english.answer.join("\n") + "\n" + &page(&english.section),
        told: english.lines.join("\n"),
        facts,
    }
}

pub(crate) fn reported(rows: &[Trial]) -> Said {
    of_run(rows, 0)
}

/// A whole run's, which many look at.
pub(crate) fn whole() -> &'static Said {
    static WHOLE: OnceLock<Said> = OnceLock::new();
    WHOLE.get_or_init(|| reported(&made::rows()))
}

impl Said {
    pub(crate) fn pattern(&self, name: &str) -> &Row {
        let mut rows = self.patterns.iter();
        rows.find(|row| row["pattern"] == name).expect("a row")
    }

    /// The verdicts of a claim, row by row; `of: verdict`.
    pub(crate) fn verdicts(&self, id: &str) -> Vec<String> {
        let claims = self.claims.iter().filter(|claim| claim.id == id);
        claims.map(|claim| format!("{}: {}", claim.of, claim.here)).collect()
    }

    pub(crate) fn claim(&self, id: &str, of: &str) -> &Claim {
        let mut claims = self.claims.iter();
        claims
            .find(|claim| claim.id == id && claim.of == of)
            .unwrap_or_else(|| panic!("no {id} of {of}"))
    }
}

/// A section a line each, and of tables a line a row.
pub(crate) fn page(section: &[Piece]) -> String {
    let of = |piece: &Piece| match piece {
        Piece::Heading(level, text) => format!("{} {text}", "#".repeat(usize::from(*level))),
        Piece::Paragraph(text) | Piece::Note(text) | Piece::Code(text) => text.clone(),
        Piece::List(points) => points.join("\n"),
        Piece::Figure(index) => format!("figure {index}"),
        Piece::Details(title, pieces) => format!("{title}\n{}", page(pieces)),
        Piece::Table(table) => {
            let row = |cells: &Vec<facts::document::Cell>| {
                let cells = cells.iter().map(|cell| {
                    let lines = [std::slice::from_ref(&cell.text), &cell.below].concat();
                    format!(" {}{} |", cell.tone.sign(), lines.join("; "))
                });
                format!("|{}", cells.collect::<String>())
            };
            table.rows.iter().map(row).collect::<Vec<_>>().join("\n")
        }
    };
    section.iter().map(of).collect::<Vec<_>>().join("\n")
}

/// The row of the page that begins with this, its columns.
pub(crate) fn line(page: &str, begin: &str) -> Vec<String> {
    let found = page.lines().find(|line| line.starts_with(begin));
    let found = found.unwrap_or_else(|| panic!("no {begin} in {page}"));
    let cells = found.trim_matches('|').split('|').map(str::trim);
    cells.map(str::to_owned).collect()
}

//! The table, as values. It is part of the source: one that can't be read is a bug, which the tests
//! find.

use std::sync::OnceLock;

use serde::Deserialize;

const FILE: &str = include_str!("../fingerprints.csv");

/// Between pieces of a text that must follow each other on one line, with anything between them.
pub(crate) const GAP: &str = " ... ";

/// One known failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Its name.
    pub id: String,
    /// Whose words they are: `docker`, `podman`, or `any`.
    pub engine: String,
    /// Why it fails, in one sentence.
    pub cause: String,
    /// What helps, in one sentence.
    pub remedy: String,
    /// By which words it is known; one of them is enough.
    pub texts: Vec<Text>,
}

/// Words of one failure, and whether they were made to appear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The exact words; ` ... ` stands for anything between pieces that follow each other.
    pub words: String,
    /// The cell or way that makes these words appear, or empty.
    pub reproduced_by: String,
    /// The experiment that it is one of, or empty.
    pub experiment: String,
    /// `produced`, or why not.
    pub standing: String,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    engine: String,
    text: String,
    cause: String,
    remedy: String,
    reproduced_by: String,
    experiment: String,
    standing: String,
}

/// Every fingerprint, in the order of the file.
///
/// # Panics
///
/// Where the table that was built in can't be read.
#[must_use]
pub fn table() -> &'static [Fingerprint] {
    static TABLE: OnceLock<Vec<Fingerprint>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let rows = csv::Reader::from_reader(FILE.as_bytes()).into_deserialize();
        let rows: Result<Vec<Row>, csv::Error> = rows.collect();
        gather(rows.expect("fingerprints.csv is whole"))
    })
}

/// Rows of one name are one fingerprint, whose cause and remedy are those of its first row.
fn gather(rows: Vec<Row>) -> Vec<Fingerprint> {
    let mut found: Vec<Fingerprint> = Vec::new();
    for row in rows {
        let text = Text {
            words: row.text,
            reproduced_by: row.reproduced_by,
            experiment: row.experiment,
            standing: row.standing,
        };
        match found.iter_mut().find(|known| known.id == row.id) {
            Some(known) => known.texts.push(text),
            None => found.push(Fingerprint {
                id: row.id,
                engine: row.engine,
                cause: row.cause,
                remedy: row.remedy,
                texts: vec![text],
            }),
        }
    }
    found
}

impl Fingerprint {
    /// The longest of its texts that a line holds.
    pub(crate) fn longest_in(&self, line: &str) -> Option<&Text> {
        let texts = self.texts.iter().filter(|text| text.is_in(line));
        texts.max_by_key(|text| text.words.len())
    }
}

impl Text {
    /// Whether a line holds these words.
    #[must_use]
    pub fn is_in(&self, line: &str) -> bool {
        let mut rest = line;
        self.words
            .split(GAP)
            .all(|piece| rest.find(piece).map(|at| rest = &rest[at + piece.len()..]).is_some())
    }
}

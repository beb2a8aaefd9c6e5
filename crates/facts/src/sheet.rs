//! What an experiment says that leaves no run, as a simulation does: one page with one figure.

use std::path::Path;

use measure::{MANIFEST_FILE, failure, write_atomically};
use miette::{IntoDiagnostic, Result};
use serde::{Deserialize, Serialize};

use crate::FILE;
use crate::derive::left;
use crate::document::Piece;

/// What only runs have.
const SAMPLES: &str = "samples.csv";

/// A page of its own. It lies as `facts.json` in a folder that has no manifest.
#[derive(Serialize, Deserialize)]
pub struct Sheet {
    /// Whose it is; the name of its files, without their endings.
    pub experiment: String,
    /// Above page and figure.
    pub title: String,
    /// Below the page's title.
    pub lead: String,
    /// The page; its only figure has the index 0.
    pub pieces: Vec<Piece>,
    /// The figure.
    pub figure: Strips,
}

/// Six panels at most, three in a row: values as marks above slots.
#[derive(Serialize, Deserialize)]
pub struct Strips {
    /// Below the title.
    pub subtitle: String,
    /// What the figure shows, for who can't see it.
    pub alternative: String,
    /// In its order.
    pub panels: Vec<StripPanel>,
    /// What each mark means.
    pub legend: Vec<(Mark, String)>,
}

/// One panel.
#[derive(Serialize, Deserialize)]
pub struct StripPanel {
    /// Above it.
    pub title: String,
    /// Below the title, in smaller type.
    pub about: String,
    /// What the values are, above their axis.
    pub y_label: String,
    /// What the slots are, below them.
    pub x_label: String,
    /// Both ends of the axis, in per cent.
    pub range: (f64, f64),
    /// Grid lines, about.
    pub ticks: u32,
    /// A line through all slots, in per cent.
    pub required: Option<f64>,
    /// From left to right.
    pub slots: Vec<Slot>,
    /// What an empty slot says, line by line.
    pub empty: String,
}

/// A place along a panel.
#[derive(Default, Serialize, Deserialize)]
pub struct Slot {
    /// Below it, line by line.
    pub label: String,
    /// What its marks should be, in per cent.
    pub exact: Option<f64>,
    /// In per cent.
    pub marks: Vec<(Mark, f64)>,
}

/// Shapes that are told apart without any hue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// What is usual.
    Ring,
    /// What is usual, of another kind.
    Square,
    /// What stands out; never small.
    Cross,
    /// The same, of another kind.
    Triangle,
    /// Of [`Slot::exact`].
    Rule,
    /// Of [`StripPanel::required`].
    Dashes,
}

impl Sheet {
    /// That of a folder without a manifest; `None` where there is none.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        // A run that has lost its manifest is none of these.
        if [MANIFEST_FILE, SAMPLES].iter().any(|name| folder.join(name).exists()) {
            return Ok(None);
        }
        if !folder.is_dir() {
            // A run's reader says what is wrong with it.
            return Ok(None);
        }
        let path = folder.join(FILE);
        let failed = |what: &str, why: String| {
            let remedy = "derive it again: `cargo xtask report DIR`";
            failure(format!("{} can't be {what}", path.display()), why, remedy)
        };
        let Some(text) = left(&path).map_err(|why| failed("read", why.to_string()))? else {
            return Ok(None);
        };
        let sheet: Self =
            serde_json::from_slice(&text).map_err(|why| failed("read", why.to_string()))?;
        sheet.check().map_err(|why| failed("rendered", why))?;
        Ok(Some(sheet))
    }

    /// Leaves it in a folder.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string(self).into_diagnostic()? + "\n";
        write_atomically(&folder.join(FILE), text.as_bytes())
    }
}

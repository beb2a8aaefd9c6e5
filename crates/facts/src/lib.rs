//! What a run says, as plain data.
//!
//! An experiment turns its raw rows into [`Facts`]: claims, grids of outcomes, tables, sections of the
//! page in each language. They lie beside the rows as `facts.json`, and a report renders them. The
//! rows stay the only truth: facts can be deleted and derived again, byte for byte.
//!
//! ```text
//! samples.csv, trials.csv --[NAME derive RUN]--> facts.json --[report RUN]--> page, figures, tables
//! ```

#![expect(
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "everything here is a value"
)]

mod arms;
mod checked;
mod claim;
mod derive;
pub mod document;
mod estimate;
mod fleet;
mod grid;
mod known;
mod language;
mod levels;
mod metric;
pub mod phrases;
mod published;
mod ratios;
mod record;
mod required;
mod series;
mod sheet;
pub mod trials;
mod verdict;

pub use arms::{ArmSummary, Failure, by_session, failures, summarise};
pub use claim::{Additive, Claim, Is, Predicted, Stated};
pub use derive::{Evidence, FILE, Facts, Lead, Page, csv, found, leads, main, words};
pub use estimate::{
    Estimate, Range, Scope, estimate, narrow_like, p_value, pooled, sessions_needed,
};
pub use fleet::Fleet;
pub use grid::{Ending, Fill, Grid, Group, Outcome, Panel, Plot, Row, Samples, Tile};
pub use known::Failures;
pub use language::{Lang, Text};
pub use levels::{Curve, Curves, Levels};
pub use metric::{CPU, JOB, Metric, STARTUP, SYSCALL, Unit, decimals};
pub use published::{METHODS, Published, PublishedRatio, Table, setup};
pub use ratios::{
    Ratio, RatioSummary, between, differences, logs, of as ratios, pairs, ratio_of_ratios,
};
pub use record::{BlockId, Record, Runs, text};
pub use series::{LevelSummary, SeriesSummary, of as series};
pub use sheet::{Mark, Sheet, Slot, StripPanel, Strips};
pub use verdict::{Here, Source, Verdict};

//! From a list of arms to a record that can be checked: randomised blocks, raw samples, exact
//! intervals.
//!
//! This crate knows nothing of containers. An experiment declares its [`Arm`]s and [`Contrast`]s,
//! flattens [`RunArgs`] into its command line and hands over one closure that takes one sample:
//!
//! ```no_run
//! use clap::Parser;
//! use measure::{Arm, DefaultBlocks, Experiment, Observer, Reading, SampleError};
//!
//! const EXPERIMENT: Experiment = Experiment {
//!     name: "starts",
//!     arms: &[Arm {
//!         name: "bare",
//!         metric: "start",
//!         method: "bare",
//!         observer: Observer::Outside,
//!         level: 0,
//!         operations: 1,
//!         detail: false,
//!         about: "a static program that prints ok, without a container",
//!     }],
//!     contrasts: &[],
//!     parts: &[],
//!     series: &[],
//!     blocks: DefaultBlocks::USUAL,
//!     settled_ms: 0,
//! };
//!
//! #[derive(Parser)]
//! struct Cli {
//!     #[command(flatten)]
//!     run: measure::RunArgs,
//! }
//!
//! fn take(arm: &Arm) -> Result<Reading, SampleError> {
//!     Err(SampleError::Sample(format!("{} is not implemented", arm.name)))
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     measure::main(|| {
//!         Cli::parse().run.conduct(&EXPERIMENT, || Ok(()), |run| {
//!             run.session(serde_json::json!({ "stand_ins": [] }))?;
//!             run.measure(take)
//!         })
//!     })
//! }
//! ```
//!
//! What is kept, and why it is taken in this order, is written down in the workspace's page on
//! method; the rules it numbers are named in the documentation here.

mod args;
mod arm;
mod conduct;
mod declaration;
mod folder;
mod interrupt;
mod machine;
mod manifest;
mod plan;
mod progress;
mod samples;
mod sampling;
mod sign;
pub mod stats;
mod stopping;
mod telemetry;
mod tool;
mod trials;

pub use args::RunArgs;
pub use arm::{
    Arm, Contrast, DefaultBlocks, Experiment, Observer, Part, Reading, SampleError, Series,
};
pub use conduct::Run;
pub use folder::{Folder, MANIFEST_FILE, write_atomically};
pub use interrupt::interrupted;
pub use machine::Machine;
pub use manifest::{
    ALONE, METHOD_VERSION, Manifest, RowCounts, SCHEMA_VERSION, Session, Status, Stopped, Stopping,
    Tool,
};
pub use plan::{Block, Blocks, Plan, WARMUP_BLOCKS};
pub use program::{EXIT_DONE, EXIT_FAILED, EXIT_UNSUPPORTED, EXIT_USAGE};
pub use program::{beside, columns, escaped, failure, leave_report, main, note, one_line};
pub use program::{say, unsupported, usage, visible};
pub use samples::{Sample, Samples};
pub use sign::lock_exclusive;
pub use telemetry::BlockRecord;
pub use tool::REVISION;
pub use trials::Trial;

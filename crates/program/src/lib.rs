//! How every program of this workspace begins, prints and ends: one error shape (what, why,
//! remedy), one set of exit codes, and output that survives its reader.
//!
//! Results go to standard output by [`say`], progress and warnings to standard error by [`note!`].
//! `println!` and its kin panic when the reader has closed the pipe (`… | head -1`), in the middle of
//! a run as well; they are refused by the workspace's `clippy.toml`.

mod caller;
mod exit;
mod limits;
mod output;
mod patience;
mod visible;

pub use caller::{REPORT_VARIABLE, leave_report, left_report};
pub use exit::{
    EXIT_DONE, EXIT_FAILED, EXIT_UNSUPPORTED, EXIT_USAGE, complain, failure, main, one_line,
    unsupported, usage,
};
pub use limits::{RAISE_LIMIT, limits};
pub use output::{beside, columns, say};
pub use patience::{patience, patient};
pub use visible::{escaped, visible};

#[doc(hidden)]
pub use output::note;

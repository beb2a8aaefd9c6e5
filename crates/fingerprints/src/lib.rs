//! The words of known failures, and what is known of them.
//!
//! A failure of nesting is met as a line in somebody's log. The table beside this source holds such
//! lines as engines and kernels write them, with the cause, what helps, and the cell of the
//! experiment `storage-driver` that makes it happen, or why none does. Nothing is concluded of a text
//! that the table does not have.

mod explain;
mod table;

pub use explain::{Match, explain, explanation};
pub use table::{Fingerprint, Text, table};

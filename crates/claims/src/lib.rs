//! What the two documents behind this project claim, what is expected of today's engines, and what
//! a run of the suite has seen.
//!
//! Five tables, in `tables/`, that a reader can hold against the documents:
//!
//! - `claims.csv`: every claim, and what it is held by: the checks of this crate's suite, or a run
//!   of an experiment.
//! - `properties.csv`: what is looked at, each as a question.
//! - `says.csv`: which outcome a claim says that a property has under a pattern.
//! - `expected.csv`: which outcome each property is expected to have under each pattern, whatever
//!   was claimed. This is what the suite fails by. A row with a generation is for that one only.
//! - `mutations.csv`: for each property a set-up that is deliberately wrong, which its test has to
//!   reject.
//!
//! The suite (`tests/suite`) looks at each property under each pattern on real engines and appends
//! one [`Seen`] to the record of its generation. [`ledger`] holds the claims against such records.
//! This crate itself knows no containers.

pub mod ledger;
mod record;
mod tables;

pub use record::{FAILED, Recorder, Seen, newest, read};
pub use tables::{
    Claim, Expected, GENERATIONS, Mutation, PATTERNS, Property, Says, accepts, claims, expected,
    mutations, properties, says,
};

//! What the two documents behind this project claim, what is expected of today's engines, and what
//! a run of the suite has seen.
//!
//! Five tables, in `tables/`, that a reader can hold against the documents:
//!
//! - `claims.csv`: every claim, and what it is held by: the checks of this crate's suite, or a run
//!   of an experiment, with its flags where a plain run does not decide it; and what the claim, and
//!   each part of it that a run speaks of by itself, states in each language. The only table outside
//!   an experiment's folder that names it.
//! - `properties.csv`: what is looked at, each as a question.
//! - `says.csv`: which outcome a claim says that a property has under a pattern.
//! - `expected.csv`: which outcome each property is expected to have under each pattern, whatever
//!   was claimed. This is what the suite fails by. A row with a generation is for that one only.
//! - `mutations.csv`: for each property a set-up that is deliberately wrong, which its test has to
//!   reject.
//!
//! The suite (`tests/suite`) looks at each property under each pattern on real engines and appends
//! one [`Seen`] to the record of its generation. [`Records`] finds these records and the runs of
//! experiments, and [`evaluate`] holds every claim against them: the ledger, which `report` renders.
//! This crate itself knows no containers and draws nothing.

mod checks;
mod evaluate;
mod record;
mod records;
mod runs;
mod tables;
mod verdict;

pub use checks::{reference_checks, seen_mutations};
pub use evaluate::{Answer, Ledger, Line, Observation, Outcome, Point, evaluate};
pub use record::{FAILED, Recorder, Seen, newest, read};
pub use records::{Absent, Records, Source, Wanted};
pub use tables::{
    CHECKS, Claim, Expected, GENERATIONS, Mutation, PATTERNS, Property, Says, accepts, claims,
    expected, mutations, properties, says, stated,
};
pub use verdict::{Verdict, VerdictKind};

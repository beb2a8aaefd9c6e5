//! The program from outside, on synthetic runs.

mod bad_data;
mod compare;
mod coverage;
mod ledger;
mod numbers;
mod page;
mod schema;
mod sessions;
mod support;

//! The program from outside, on synthetic runs.

mod answer;
mod bad_data;
mod bad_facts;
mod compare;
mod facts;
mod golden;
mod hostile;
mod ledger;
mod merge;
mod nesting;
mod nests;
mod numbers;
mod page;
mod pod_claims;
mod published;
mod schema;
mod sessions;
mod splice;
mod support;
mod trials;

//! What the plugin lets through, and what not; alone, and on its socket.

mod bodies;
mod cases;
mod common;
mod daemon;
mod go_json;
mod properties;
mod socket;
mod targets;

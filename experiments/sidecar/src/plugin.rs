//! An authorization plugin between an engine and its clients: what it refuses, what it lets through,
//! what it costs, and what becomes of a request while it is gone.

/// The plugin, static, to be put where a daemon finds it.
pub(crate) const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/authz"));

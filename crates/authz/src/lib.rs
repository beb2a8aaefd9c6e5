//! Decides what a Docker daemon may do for a client: a policy and a request in, nothing or a
//! refusal out. Knows no sockets; `main.rs` serves it.
//!
//! One thought runs through all of it: the daemon and this plugin are two parsers of one request, and
//! every way around a plugin so far (CVE-2018-15514, CVE-2024-41110, CVE-2026-34040) was a request
//! that they read, or got, differently. So only what has one reading is judged, and the rest refused.

mod archive;
mod call;
pub mod cases;
mod host;
mod json;
mod keys;
mod mounts;
mod names;
mod networks;
mod policy;
mod query;
mod route;
mod rule;
mod uri;

use std::path::Path;

pub use call::{Call, HAND_OVER_LIMIT};
pub use policy::{DEFAULT_POLICY, Policy};
pub use rule::{Refusal, Rule};

/// Whether the policy lets a call through.
pub fn decide(policy: &Policy, call: &Call) -> Result<(), Refusal> {
    let target = uri::Target::read(policy, &call.uri)?;
    route::judge(policy, call, &target)
}

/// The same of the daemon's message to `/AuthZPlugin.AuthZReq`.
pub fn decide_message(policy: &Policy, message: &[u8]) -> Result<(), Refusal> {
    decide(policy, &Call::read(message)?)
}

/// Whether this kernel resolves paths as the policy needs it (`openat2`, Linux 5.6); without it every
/// bind mount is refused.
pub fn paths_resolve() -> std::io::Result<()> {
    host::resolved(Path::new("/")).map(drop)
}

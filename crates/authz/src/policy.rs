//! What is let through: a TOML file, whole or not at all.

use std::path::PathBuf;

use serde::Deserialize;

/// The policy that is in force when none is named, with a comment on each key.
pub const DEFAULT_POLICY: &str = include_str!("../policy.toml");

/// Keys as in `policy.toml`, which says what each is for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one key of the file, none excludes another"
)]
pub struct Policy {
    pub(crate) api_min: Version,
    pub(crate) api_max: Version,
    pub(crate) capabilities: Vec<String>,
    pub(crate) bind_roots: Vec<PathBuf>,
    pub(crate) protected_paths: Vec<PathBuf>,
    pub(crate) devices: Vec<String>,
    pub(crate) join_containers: bool,
    pub(crate) volumes_from: bool,
    pub(crate) security_options: Vec<String>,
    pub(crate) cgroup_parents: Vec<String>,
    pub(crate) runtimes: Vec<String>,
    pub(crate) annotations: Vec<String>,
    pub(crate) sysctls: Vec<String>,
    pub(crate) log_drivers: Vec<String>,
    pub(crate) volume_drivers: Vec<String>,
    pub(crate) volume_types: Vec<String>,
    pub(crate) network_drivers: Vec<String>,
    pub(crate) ipam_drivers: Vec<String>,
    pub(crate) network_options: Vec<String>,
    pub(crate) bridges: Vec<String>,
    pub(crate) experimental: bool,
    pub(crate) build: bool,
    pub(crate) buildkit: bool,
    pub(crate) copies: Copies,
}

impl Policy {
    /// Reads a policy. The error is a text of some lines that shows the place.
    pub fn read(text: &str) -> Result<Self, String> {
        let policy: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        let paths = policy.bind_roots.iter().chain(&policy.protected_paths);
        for path in paths {
            if !path.is_absolute() {
                return Err(format!("{} is not an absolute path", path.display()));
            }
        }
        Ok(policy)
    }
}

/// What of copies into and out of containers is let through; each lets through what the one before
/// does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Copies {
    /// No copy.
    None,
    /// Copies out, and copies in of an archive that is seen to be a plain one.
    Plain,
    /// Also of archives that are compressed or not seen.
    Any,
}

/// A version of the API, `1.50`: its second number, for the first has been 1 since 2014.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Version(u16);

impl Version {
    /// None for what is not exactly `1.N`: the daemon also takes `1.050` and `1.50.0`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let minor = text.strip_prefix("1.")?;
        let plain = minor.bytes().all(|b| b.is_ascii_digit()) && !minor.starts_with('0');
        plain.then(|| minor.parse().ok().map(Self)).flatten()
    }
}

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::read(&text).ok_or_else(|| format!("{text} is not a version as 1.50"))
    }
}

//! Which state of the source tree a run was made with.

use std::process::Command;

use crate::manifest::Tool;

impl Tool {
    /// Version, revision and cleanness of the source tree that this program was built from.
    ///
    /// What git can't tell (no git, no repository, tree moved away) is `None`.
    #[must_use]
    pub fn read() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: git(&["rev-parse", "HEAD"]).filter(|revision| !revision.is_empty()),
            dirty: git(&["status", "--porcelain"]).map(|changes| !changes.is_empty()),
        }
    }
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git")
        // The tree may be in use by others: take no lock for a mere question.
        .arg("--no-optional-locks")
        .args(["-C", env!("CARGO_MANIFEST_DIR")])
        .args(args)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

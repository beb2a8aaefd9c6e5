//! Which state of the source tree a run was made with.

use std::path::Path;
use std::process::Command;

use crate::manifest::Tool;

/// What the programs are made of, from the workspace's root: the published figures are built in. Pages
/// and results are not: who edits a README has not changed a program.
const SOURCES: &[&str] = &[
    ":(top)Cargo.toml",
    ":(top)Cargo.lock",
    ":(top).cargo",
    ":(top)crates",
    ":(top)experiments",
    ":(top)xtask",
    ":(top)results/published",
    ":(top,exclude,glob)**/*.md",
];

/// Names the revision where the source tree is on another machine, with `+` where it was changed since.
pub const REVISION: &str = "MATRYOSHKA_REVISION";

impl Tool {
    /// Version, revision and cleanness of the source tree that this program was built from.
    ///
    /// What git can't tell (no git, no repository, tree moved away) is `None`. A change of what no
    /// program is made of, such as a page, is no change of the tree.
    #[must_use]
    pub fn read() -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        let version = env!("CARGO_PKG_VERSION").to_owned();
        if let (false, Ok(said)) = (source.exists(), std::env::var(REVISION)) {
            let revision = said.trim_end_matches('+').to_owned();
            return Self { version, dirty: Some(revision != said), revision: Some(revision) };
        }
        Self {
            version,
            revision: git(source, &["rev-parse", "HEAD"]).filter(|revision| !revision.is_empty()),
            dirty: is_changed(source),
        }
    }

    /// The revision in one word, with `+` where the tree was changed since; "" where nobody can tell.
    #[must_use]
    pub fn word(&self) -> String {
        let mark = if self.dirty == Some(true) { "+" } else { "" };
        self.revision.as_ref().map_or_else(String::new, |revision| format!("{revision}{mark}"))
    }
}

/// Whether programs would be built from something else than what was committed.
fn is_changed(source: &Path) -> Option<bool> {
    let changes = [&["status", "--porcelain", "--"], SOURCES].concat();
    git(source, &changes).map(|changes| !changes.is_empty())
}

fn git(source: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git")
        // The tree may be in use by others: take no lock for a mere question.
        .arg("--no-optional-locks")
        .arg("-C")
        .arg(source)
        .args(args)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_page_and_a_result_are_no_change_of_the_program() {
        let place = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        };
        // From a folder below, as a program asks.
        let source = place.path().join("crates/a");
        write("crates/a/src/lib.rs", "");
        write("README.md", "");
        let commit = ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-m", "a"];
        for args in [&["init", "--quiet"][..], &["add", ":/"], &commit] {
            git(place.path(), args).expect("git works");
        }
        for (path, is_change) in [
            ("README.md", false),
            ("crates/README.md", false),
            ("results/reference/a/samples.csv", false),
            ("results/published/a.csv", true),
            ("crates/a/src/lib.rs", true),
        ] {
            write(path, "changed");
            assert_eq!(is_changed(&source), Some(is_change), "{path}");
            git(place.path(), &["reset", "--hard", "--quiet"]);
            git(place.path(), &["clean", "-dffq"]);
            assert_eq!(is_changed(&source), Some(false), "{path}, taken back");
        }
    }
}

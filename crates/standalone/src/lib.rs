//! For build scripts: programs of this workspace, linked statically, to be embedded in another.
//!
//! They have to run in places that hold no library. Static linking is a setting of a whole build and
//! not of one crate: hence a cargo of their own. Embedded, they are there for every program and test
//! that links who embeds them, with nothing to install or look up.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds each of these packages of `crates/` and leaves its program, of the same name, in `OUT_DIR`.
///
/// # Panics
///
/// Where that can't be done: a build script has no other way to say it.
pub fn build(packages: &[&str]) {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("crates/");
    watch(&crates.join("../Cargo.toml"));
    watch(&crates.join("../Cargo.lock"));
    for package in packages {
        sources(&crates.join(package));
    }
    let target = variable("TARGET");
    let out_dir = PathBuf::from(variable("OUT_DIR"));
    let target_dir = out_dir.join("static");
    let mut cargo = Command::new(variable("CARGO"));
    cargo
        .current_dir(crates)
        .args(["build", "--locked", "--profile", "level", "--bins"])
        .args(["--target", &target])
        .arg("--target-dir")
        .arg(&target_dir)
        // What the outer cargo set for this build script is not meant for another build.
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", "-C target-feature=+crt-static -C relocation-model=static");
    for package in packages {
        cargo.args(["--package", package]);
    }
    let done = cargo.status().expect("cargo runs");
    assert!(done.success(), "the static programs could not be built");
    for package in packages {
        let program = target_dir.join(&target).join("level").join(package);
        fs::copy(&program, out_dir.join(package)).expect("a program was built");
    }
}

/// All of a package but what it is tested by and what is said about it.
fn sources(package: &Path) {
    for entry in fs::read_dir(package).expect("a package") {
        let path = entry.expect("an entry").path();
        if !path.ends_with("tests") && !path.ends_with("README.md") {
            watch(&path);
        }
    }
}

#[expect(clippy::disallowed_macros, reason = "to cargo, which reads all of it")]
fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|e| panic!("{name}: {e}"))
}

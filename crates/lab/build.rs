//! Builds the two static programs that the lab carries inside itself: the sandbox's and the probe.
//!
//! They have to run in places that hold no library, so they are linked statically, which is a
//! setting of a whole build and not of one crate: hence a cargo of their own. Carried inside, they
//! are there for every program and test that links the lab, with nothing to install or look up.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAMS: [&str; 2] = ["probe", "sandbox"];

fn main() {
    let manifest_dir = variable("CARGO_MANIFEST_DIR");
    let crates = Path::new(&manifest_dir).parent().expect("crates/");
    for name in PROGRAMS {
        println!(
            "cargo::rerun-if-changed={}/src",
            crates.join(name).display()
        );
        println!(
            "cargo::rerun-if-changed={}/Cargo.toml",
            crates.join(name).display()
        );
    }
    println!(
        "cargo::rerun-if-changed={}",
        crates.join("../Cargo.lock").display()
    );

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
        .env(
            "RUSTFLAGS",
            "-C target-feature=+crt-static -C relocation-model=static",
        );
    for name in PROGRAMS {
        cargo.args(["--package", name]);
    }
    let done = cargo.status().expect("cargo runs");
    assert!(done.success(), "the static programs could not be built");
    for name in PROGRAMS {
        let program = target_dir.join(&target).join("level").join(name);
        std::fs::copy(&program, out_dir.join(name)).expect("a program was built");
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|e| panic!("{name}: {e}"))
}

//! On a machine's own engines: every arm gives a sample, and nothing is left.

use std::process::ExitCode;

use lab::Kind;
use lab_test::{OwnEngines, Who, ensure};
use miette::Result;
use rstest::rstest;

fn main() -> ExitCode {
    lab_test::run(2, |_, _| {})
}

#[rstest]
#[case::of_root(Who::Root, "docker-1,docker-2,dind-2,dood-1,podman-2,podman-nested-1")]
#[case::of_an_ordinary_user(Who::User, "podman-1,podman-2,podman-nested-2")]
#[lab_test::test]
#[needs(lab(Kind::Root))]
#[needs(patience(20))]
fn every_arm_gives_a_sample(#[case] who: Who, #[case] arms: &str) -> Result<()> {
    let program = env!("CARGO_BIN_EXE_concurrency");
    let machine = OwnEngines::start(env!("CARGO_TARGET_TMPDIR"), &[program])?;
    let engines = if who == Who::User { &["podman"][..] } else { &["docker", "podman"] };
    for engine in engines {
        machine.good(who, &format!("{engine} pull --quiet alpine"))?;
    }
    let manifest = machine.verify(who, program, &format!("--arms={arms}"))?;
    let samples = arms.split(',').count();
    ensure!(manifest["rows"]["samples"] == samples, "{manifest}");
    Ok(())
}

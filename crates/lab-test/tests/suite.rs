//! How tests are told that a machine can't run: by this program itself, run again.

use std::process::{Command, ExitCode};

use lab_test::ensure;
use miette::{IntoDiagnostic, Result};
use rstest::rstest;

fn main() -> ExitCode {
    lab_test::run(1, |_, _| {})
}

/// Where there are no programs there is no lab.
#[lab_test::test]
fn a_lab_starts() -> Result<()> {
    lab::Lab::start(&lab_test::options()?).map(drop)
}

#[lab_test::test]
#[needs(filesystem("nofs"))]
fn no_kernel_has_it() -> Result<()> {
    Err(miette::miette!("it ran"))
}

#[rstest]
#[case::nothing(false)]
#[needs(filesystem("nofs"))]
#[case::a_file_system_too(true)]
#[lab_test::test]
#[needs(nothing())]
fn a_case_has_needs_of_its_own(#[case] is_run: bool) {
    assert!(!is_run);
}

#[rstest]
#[case::no_lab("a_lab_starts", false, true, "test [needs ")]
#[case::no_lab_though_it_is_required("a_lab_starts", true, false, "this machine can't: needs ")]
#[case::no_such_thing("no_kernel_has_it", false, true, "test [needs ")]
#[case::of_cases("needs_of_its_own", true, true, "test [this kernel has no nofs] ")]
#[case::names_only("--list", false, true, "\nno_kernel_has_it: test\n")]
#[lab_test::test]
#[needs(nothing())]
fn what_is_missing_is_said(
    #[case] arguments: &str,
    #[case] is_required: bool,
    #[case] succeeds: bool,
    #[case] words: &str,
) -> Result<()> {
    let said = again(arguments, is_required)?;
    ensure!(said.0 == succeeds, "{}", said.1);
    ensure!(said.1.contains(words), "{}", said.1);
    Ok(())
}

#[lab_test::test]
#[needs(nothing())]
fn what_is_ignored_is_listed_as_such() -> Result<()> {
    let (_, ignored) = again("--list --ignored --exact no_kernel_has_it", false)?;
    ensure!(ignored.contains("no_kernel_has_it: test\n"), "{ignored}");
    Ok(())
}

/// Whether it succeeds and what it says on a machine where no program is found.
fn again(arguments: &str, is_required: bool) -> Result<(bool, String)> {
    let mut program = Command::new(std::env::current_exe().into_diagnostic()?);
    program.args(arguments.split(' ')).env("PATH", "/nowhere");
    if is_required {
        program.env("MATRYOSHKA_REQUIRE_LAB", "1");
    } else {
        program.env_remove("MATRYOSHKA_REQUIRE_LAB");
    }
    let output = program.output().into_diagnostic()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((output.status.success(), said))
}

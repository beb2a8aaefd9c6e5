//! Whole runs with a scripted closure in place of containers.

use std::path::Path;

use clap::Parser;
use measure::{
    Arm, Contrast, Folder, Manifest, Metric, Observer, Reading, RunArgs, Samples, Status, Trouble,
};

const fn arm(name: &'static str) -> Arm {
    Arm {
        name,
        metric: Metric::Startup,
        method: "",
        observer: Observer::Outside,
        level: 1,
        about: "an arm of the tests",
    }
}

const ARMS: &[Arm] = &[arm("a"), arm("b"), arm("c")];
const CONTRASTS: &[Contrast] = &[contrast("b/a", "b"), contrast("c/a", "c")];

const fn contrast(name: &'static str, numerator: &'static str) -> Contrast {
    Contrast {
        name,
        numerator,
        denominator: "a",
        primary: true,
        about: "",
    }
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    run: RunArgs,
}

fn args(out: &Path, more: &[&str]) -> RunArgs {
    let out = out.to_str().expect("a path of text");
    Cli::parse_from(["test", "--out", out].iter().chain(more)).run
}

fn record(out: &Path) -> (Manifest, Samples) {
    let folder = Folder::open(out).expect("a run");
    let manifest = folder.manifest().expect("a manifest");
    let samples = folder.samples(&manifest).expect("valid rows");
    (manifest, samples)
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for a sampler")]
fn take(_: &Arm) -> Result<Reading, Trouble> {
    Ok(Reading {
        wall_ns: 5,
        cpu_ns: None,
    })
}

#[test]
fn a_complete_run_leaves_its_whole_record() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    args(&out, &["--blocks", "4", "--seed", "9", "--arms", "b,a"])
        .conduct("demo", ARMS, CONTRASTS, able, |run| {
            let names: Vec<&str> = run.arms().iter().map(|arm| arm.name).collect();
            assert_eq!(names, ["a", "b"]);
            run.session(serde_json::json!({ "stand_ins": ["x"] }))?;
            assert_eq!(Folder::open(&out)?.manifest()?.status, Status::Running);
            run.measure(take)
        })
        .expect("complete");
    let (manifest, samples) = record(&out);
    assert_eq!(
        (manifest.status, manifest.reason.as_deref()),
        (Status::Complete, None)
    );
    assert_eq!(
        (manifest.seed, manifest.blocks, manifest.warmup_blocks),
        (9, 4, 2)
    );
    assert_eq!(
        manifest.contrasts.len(),
        1,
        "only the one whose arms are both there"
    );
    assert_eq!(manifest.sessions.len(), 1);
    assert!(manifest.ended.is_some() && manifest.inside_share.is_some());
    assert_eq!(samples.rows.len(), 12);
    assert_eq!(samples.rows.iter().filter(|row| row.warmup).count(), 4);
    let blocks = std::fs::read_to_string(out.join("blocks.csv")).expect("read");
    assert_eq!(blocks.lines().count(), 7);

    let again = args(&out, &[]).conduct("demo", ARMS, CONTRASTS, able, |_| Ok(()));
    assert_eq!(
        again.expect_err("never overwritten").severity(),
        Some(miette::Severity::Advice)
    );
}

#[test]
fn a_failure_before_the_first_sample_is_recorded() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let error = args(&out, &[])
        .conduct("demo", ARMS, CONTRASTS, able, |_| {
            Err(measure::failure(
                "the lab can't start",
                "no overlayfs",
                "load the module",
            ))
        })
        .expect_err("failed");
    assert_eq!(error.to_string(), "the lab can't start");
    let (manifest, samples) = record(&out);
    assert_eq!(manifest.status, Status::Failed);
    assert_eq!(
        manifest.reason.as_deref(),
        Some("the lab can't start: no overlayfs")
    );
    assert!(samples.rows.is_empty());
}

#[test]
fn a_panic_is_recorded() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let run = args(&out, &[]);
    let caught = std::panic::catch_unwind(|| {
        run.conduct("demo", ARMS, CONTRASTS, able, |_| panic!("scripted"))
    });
    assert!(caught.is_err());
    assert_eq!(record(&out).0.status, Status::Failed);
}

#[test]
fn a_fatal_sample_fails_the_run_and_keeps_the_rest() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let mut left = 4;
    let result = args(&out, &["--quick"]).conduct("demo", ARMS, CONTRASTS, able, |run| {
        // Even when the body forgets the error, the run has not become complete.
        let _ = run.measure(|arm| {
            left -= 1;
            if left == 0 {
                Err(Trouble::Fatal("dockerd is gone".to_owned()))
            } else {
                take(arm)
            }
        });
        Ok(())
    });
    let error = result.expect_err("fatal");
    assert!(
        error
            .chain()
            .any(|cause| cause.to_string() == "dockerd is gone"),
        "{error:?}"
    );
    assert!(
        error
            .help()
            .expect("a remedy")
            .to_string()
            .contains("4 samples are kept")
    );
    let (manifest, samples) = record(&out);
    assert_eq!(manifest.status, Status::Failed);
    assert_eq!(samples.rows.len(), 4);
}

#[test]
fn failed_samples_fail_a_verification_but_no_run() {
    let place = tempfile::tempdir().expect("a folder");
    let one_fails = |arm: &Arm| match arm.name {
        "c" => Err(Trouble::Sample("exit code 125".to_owned())),
        _ => take(arm),
    };
    let out = place.path().join("run");
    args(&out, &["--blocks", "1"])
        .conduct("demo", ARMS, CONTRASTS, able, |run| run.measure(one_fails))
        .expect("complete");
    assert_eq!(record(&out).0.status, Status::Complete);

    let out = place.path().join("verify");
    let error = args(&out, &["--verify"])
        .conduct("demo", ARMS, CONTRASTS, able, |run| run.measure(one_fails))
        .expect_err("a check failed");
    assert_eq!(error.to_string(), "1 of 3 checks failed");
    let (manifest, samples) = record(&out);
    assert_eq!((manifest.blocks, manifest.warmup_blocks), (1, 0));
    assert_eq!(samples.rows.len(), 3);
    assert!(samples.rows.iter().all(|row| !row.warmup));
}

#[test]
fn nothing_is_made_for_a_list_or_a_wrong_arm() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let never = |_: &mut measure::Run| -> miette::Result<()> { panic!("not called") };
    args(&out, &["--list"])
        .conduct("demo", ARMS, CONTRASTS, able, never)
        .expect("listed");
    args(&out, &["--arms", "d"])
        .conduct("demo", ARMS, CONTRASTS, able, never)
        .expect_err("no such arm");
    assert!(!out.exists());
}

#[test]
fn measuring_nothing_or_twice_is_an_error() {
    let place = tempfile::tempdir().expect("a folder");
    let nothing =
        args(&place.path().join("a"), &[]).conduct("demo", ARMS, CONTRASTS, able, |_| Ok(()));
    assert_eq!(
        nothing.expect_err("nothing").to_string(),
        "nothing was measured"
    );
    let twice = args(&place.path().join("b"), &["--verify"]).conduct(
        "demo",
        ARMS,
        CONTRASTS,
        able,
        |run| {
            run.measure(take)?;
            run.measure(take)
        },
    );
    assert_eq!(
        twice.expect_err("twice").to_string(),
        "a run is measured once"
    );
}

/// A machine that lacks nothing.
#[expect(clippy::unnecessary_wraps, reason = "the form that `conduct` asks for")]
fn able() -> miette::Result<()> {
    Ok(())
}

#[test]
fn a_machine_that_cannot_leaves_no_folder() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("run");
    let unable = || Err::<(), _>(measure::failure("no lab", "no root", "be root"));
    let result = args(&out, &[]).conduct("demo", ARMS, CONTRASTS, unable, |_| panic!("not called"));
    assert!(result.is_err());
    assert!(!out.exists());
}

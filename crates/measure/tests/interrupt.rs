//! A signal in the middle of a run. Alone in its process, because the flag is the process's own.

use clap::Parser;
use measure::{
    Arm, DefaultBlocks, Experiment, Folder, Observer, Reading, RunArgs, SampleError, Status,
};

const ARMS: &[Arm] = &[Arm::new("time", "a", Observer::OwnClock, 0, "")];

const DEMO: Experiment = Experiment {
    name: "demo",
    arms: ARMS,
    contrasts: &[],
    parts: &[],
    series: &[],
    blocks: DefaultBlocks::USUAL,
    settled_ms: 0,
};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    run: RunArgs,
}

#[test]
fn a_signal_ends_the_run_after_the_running_sample() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let args = Cli::parse_from(["test", "--out", out.to_str().expect("a path of text")]).run;
    let mut taken = 0;
    let error = args
        .conduct(&DEMO, able, |run| {
            assert!(!measure::interrupted());
            run.session(serde_json::json!({}))?;
            run.measure(|_| {
                taken += 1;
                match taken {
                    1 | 2 => Ok(Reading { wall_ns: 1, ..Reading::default() }),
                    _ => {
                        signal_hook::low_level::raise(signal_hook::consts::SIGTERM).expect("sent");
                        Err(SampleError::Sample("exit code 130".to_owned()))
                    }
                }
            })
        })
        .expect_err("interrupted");
    assert_eq!(error.to_string(), "the run was interrupted");
    assert!(measure::interrupted());

    let folder = Folder::open(&out).expect("a run");
    let manifest = folder.manifest().expect("a manifest");
    assert_eq!(manifest.status, Status::Interrupted);
    let rows = folder.samples(&manifest).expect("valid rows").rows;
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2].reason, "exit code 130 (an interrupt arrived during this sample)");
}

/// A machine that lacks nothing.
#[expect(clippy::unnecessary_wraps, reason = "the form that `conduct` asks for")]
fn able() -> miette::Result<()> {
    Ok(())
}

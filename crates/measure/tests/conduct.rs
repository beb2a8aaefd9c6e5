//! Whole runs with a scripted closure in place of containers.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Parser;
use measure::{
    Arm, Contrast, DefaultBlocks, Experiment, Folder, Manifest, Observer, Part, Reading, RowCounts,
    Run, RunArgs, SampleError, Samples, Status, Stopped,
};

const fn arm(name: &'static str) -> Arm {
    Arm::new("time", name, Observer::Outside, 1, "an arm of the tests")
}

const ARMS: &[Arm] = &[arm("a"), arm("b"), arm("c")];
const CONTRASTS: &[Contrast] = &[contrast("b/a", "b"), contrast("c/a", "c")];

const PARTS: &[Part] = &[part("b/a", "b"), part("c/a", "c")];
const DEMO: Experiment = Experiment {
    name: "demo",
    arms: ARMS,
    contrasts: CONTRASTS,
    parts: PARTS,
    series: &[],
    blocks: DefaultBlocks::USUAL,
    settled_ms: 0,
};

/// The whole difference as one part.
const fn part(of: &'static str, plus: &'static str) -> Part {
    Part {
        of,
        due: "all of it",
        plus: match plus.as_bytes() {
            b"b" => &["b"],
            _ => &["c"],
        },
        minus: &["a"],
        about: "",
    }
}

const fn contrast(name: &'static str, numerator: &'static str) -> Contrast {
    Contrast { name, numerator, denominator: "a", primary: true, about: "" }
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
fn take(_: &Arm) -> Result<Reading, SampleError> {
    Ok(Reading { wall_ns: 5, ..Reading::default() })
}

/// A session of its own.
fn whole(
    run: &mut Run,
    take: impl FnMut(&Arm) -> Result<Reading, SampleError>,
) -> miette::Result<()> {
    run.session(serde_json::json!({ "stand_ins": [] }))?;
    run.measure(take)
}

#[test]
fn a_complete_run_leaves_its_whole_record() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    args(&out, &["--blocks", "4", "--seed", "9", "--arms", "b,a"])
        .conduct(&DEMO, able, |run| {
            let names: Vec<&str> = run.arms().iter().map(|arm| arm.name).collect();
            assert_eq!(names, ["a", "b"]);
            run.session(serde_json::json!({ "stand_ins": ["x"] }))?;
            assert_eq!(Folder::open(&out)?.manifest()?.status, Status::Running);
            run.measure(take)
        })
        .expect("complete");
    let (manifest, samples) = record(&out);
    assert_eq!((manifest.status, manifest.reason.as_deref()), (Status::Complete, None));
    assert_eq!((manifest.seed, manifest.blocks, manifest.warmup_blocks), (9, 4, 2));
    assert_eq!(manifest.contrasts.len(), 1, "only the one whose arms are both there");
    assert_eq!(manifest.parts.len(), 1, "and its parts");
    assert_eq!(manifest.sessions.len(), 1);
    assert_eq!(manifest.sessions[0].stopped, Some(Stopped::Planned));
    assert_eq!(manifest.sessions[0].blocks_taken, Some(4));
    assert!(manifest.ended.is_some() && manifest.inside_share.is_some());
    assert_eq!(samples.rows.len(), 12);
    assert_eq!(samples.rows.iter().filter(|row| row.warmup).count(), 4);
    let blocks = Folder::open(&out).and_then(|folder| folder.blocks(&manifest));
    assert_eq!(blocks.expect("read").len(), 6);
    assert_eq!(
        manifest.rows,
        Some(RowCounts { samples: 12, blocks: 6, trials: 0, trials_sha256: None })
    );

    let again = args(&out, &[]).conduct(&DEMO, able, |_| Ok(()));
    assert_eq!(again.expect_err("never overwritten").severity(), Some(miette::Severity::Advice));
}

#[test]
fn each_session_is_set_up_anew_and_has_an_order_of_its_own() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let mut set_up = 0;
    args(&out, &["--blocks", "5", "--seed", "9", "--sessions", "3"])
        .conduct(&DEMO, able, |run| {
            set_up += 1;
            whole(run, take)
        })
        .expect("complete");
    assert_eq!(set_up, 3);
    let (manifest, samples) = record(&out);
    assert_eq!(manifest.sessions.len(), 3);
    let order = |session| -> Vec<&str> {
        let rows = samples.rows.iter().filter(|row| row.session == session);
        rows.map(|row| row.arm.as_str()).collect()
    };
    assert_eq!(order(1).len(), 7 * 3);
    assert_ne!(order(1), order(2));
    assert_ne!(order(2), order(3));
    let times: Vec<u64> = samples.rows.iter().map(|row| row.started_ns).collect();
    assert!(times.is_sorted(), "one clock for the whole run");
}

/// The arms of each block of a session, in alphabetical order; with whether it is of warm-up.
fn blocks_of(samples: &Samples, session: u32) -> Vec<(bool, String)> {
    let mut blocks = BTreeMap::new();
    for row in samples.rows.iter().filter(|row| row.session == session) {
        let block: &mut (bool, Vec<&str>) = blocks.entry(row.block).or_default();
        block.0 = row.warmup;
        block.1.push(&row.arm);
        block.1.sort_unstable();
    }
    blocks.into_values().map(|(warmup, arms)| (warmup, arms.join(" "))).collect()
}

#[test]
fn after_the_full_blocks_come_those_of_primary_ratios_only() {
    const ASKED: &[Contrast] =
        &[Contrast { primary: false, ..contrast("b/a", "b") }, contrast("c/a", "c")];
    let demo =
        Experiment { contrasts: ASKED, blocks: DefaultBlocks { full: 3, primary: 4 }, ..DEMO };
    let place = tempfile::tempdir().expect("a folder");
    for (name, more, full, primary) in [
        ("default", &[][..], 3, 4),
        ("said", &["--blocks", "5", "--primary-blocks", "1"], 5, 1),
        ("one kind", &["--blocks", "5"], 5, 0),
        ("quick", &["--quick"], 10, 0),
        ("none is asked", &["--arms", "a,b"], 7, 0),
        ("only those", &["--arms", "a,c"], 3, 4),
    ] {
        let out = place.path().join(name);
        let result = args(&out, more).conduct(&demo, able, |run| whole(run, take));
        result.expect("complete");
        let (manifest, samples) = record(&out);
        assert_eq!((manifest.blocks, manifest.primary_blocks), (full, primary), "{name}");
        let all: Vec<&str> = manifest.arms.iter().map(|arm| arm.name.as_str()).collect();
        let mut blocks = blocks_of(&samples, 1).into_iter();
        let full = manifest.warmup_blocks + full;
        assert!((0..full).all(|_| blocks.next().is_some_and(|(_, arms)| arms == all.join(" "))));
        let rest: Vec<_> = blocks.collect();
        assert_eq!(rest, vec![(false, "a c".to_owned()); primary as usize], "{name}");
        assert_eq!(manifest.sessions[0].blocks_taken, Some(manifest.blocks + primary), "{name}");
    }
}

#[test]
fn a_precise_stop_goes_on_with_primary_ratios_only() {
    let demo = Experiment {
        contrasts: const { &[contrast("b/a", "b")] },
        blocks: DefaultBlocks { full: 3, primary: 0 },
        parts: &[],
        ..DEMO
    };
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let result = args(&out, &["--precision", "5"]).conduct(&demo, able, |run| whole(run, take));
    result.expect("complete");
    let (manifest, samples) = record(&out);
    assert_eq!(manifest.sessions[0].stopped, Some(Stopped::Precise));
    let blocks = blocks_of(&samples, 1);
    assert!(blocks.len() > 8, "{blocks:?}");
    for (index, (_, arms)) in blocks.iter().enumerate() {
        assert_eq!(arms, if index < 5 { "a b c" } else { "a b" }, "block {}", index + 1);
    }
}

#[test]
fn in_company_each_arm_has_a_lab_of_its_own_and_one_with_all() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let mut labs = Vec::new();
    args(&out, &["--company", "--sessions", "2", "--blocks", "3", "--seed", "9"])
        .conduct(&DEMO, able, |run| {
            let arms: Vec<&str> = run.arms().iter().map(|arm| arm.name).collect();
            let arms = arms.join(" ");
            labs.push(arms.clone());
            run.session(serde_json::json!({ "stand_ins": [], "arms": arms }))?;
            run.measure(|arm| {
                assert!(arms.contains(arm.name));
                take(arm)
            })
        })
        .expect("complete");
    let of_session = |session: usize| {
        let mut labs = labs[session * 4..session * 4 + 4].to_vec();
        labs.sort();
        labs
    };
    assert_eq!(labs.len(), 8);
    assert_eq!(
        [of_session(0), of_session(1)],
        [["a", "a b c", "b", "c"], ["a", "a b c", "b", "c"]]
    );
    let (manifest, samples) = record(&out);
    let names: Vec<&str> = manifest.arms.iter().map(|arm| arm.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "a-alone", "b-alone", "c-alone"]);
    let ratios: Vec<&str> = manifest.contrasts.iter().map(|ratio| ratio.name.as_str()).collect();
    assert_eq!(ratios, ["a-alone/a", "b-alone/b", "c-alone/c"]);
    assert!(manifest.parts.is_empty() && manifest.series.is_empty());
    for (session, ran) in (1..).zip(labs.chunks(4)) {
        let recorded = &manifest.sessions[session as usize - 1];
        assert_eq!(recorded.description["arms"], "a b c", "described by the lab that has all");
        assert_eq!(recorded.blocks_taken, Some(12));
        let name = |lab: &String| if lab.len() > 1 { lab.clone() } else { format!("{lab}-alone") };
        let lab = |lab| [true, true, false, false, false].map(|warmup| (warmup, name(lab)));
        assert_eq!(blocks_of(&samples, session), ran.iter().flat_map(lab).collect::<Vec<_>>());
    }
}

#[test]
fn company_and_a_ratio_take_two() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    for flags in [&["--company"][..], &["--primary-blocks", "3"]] {
        let flags = [flags, &["--arms", "a"]].concat();
        let result = args(&out, &flags).conduct(&DEMO, able, |_| Ok(()));
        let error = result.expect_err("refused");
        assert!(error.to_string().contains("has nothing to"), "{error}");
        assert_eq!(error.severity(), Some(miette::Severity::Advice));
        assert!(!out.exists());
    }
}

#[test]
fn a_session_that_fails_is_the_last() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let mut left = 2;
    let result = args(&out, &["--quick", "--sessions", "5"]).conduct(&DEMO, able, |run| {
        left -= 1;
        if left == 0 {
            return Err(measure::failure("no lab", "no space", "free some"));
        }
        whole(run, take)
    });
    assert_eq!(result.expect_err("failed").to_string(), "no lab");
    let (manifest, samples) = record(&out);
    assert_eq!(manifest.status, Status::Failed);
    assert_eq!((manifest.sessions.len(), samples.rows.len()), (1, 11 * 3));
}

#[test]
fn an_adaptive_run_takes_what_it_needs() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    args(&out, &["--precision", "5", "--sessions", "2"])
        .conduct(&DEMO, able, |run| whole(run, take))
        .expect("complete");
    let (manifest, samples) = record(&out);
    // All readings are alike, so the contrasts are known as soon as rule 4 has an interval.
    for session in &manifest.sessions {
        assert_eq!(session.stopped, Some(Stopped::Precise));
        let taken = session.blocks_taken.expect("ended");
        assert!((9..30).contains(&taken), "{taken}");
        let rows = samples.rows.iter().filter(|r| r.session == session.number);
        assert_eq!(rows.count(), (taken as usize + 2) * 3);
    }
}

#[test]
fn a_precision_needs_a_ratio() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let result = args(&out, &["--precision", "5", "--arms", "b"])
        .conduct(&DEMO, able, |_| panic!("not called"));
    let error = result.expect_err("refused");
    assert_eq!(error.severity(), Some(miette::Severity::Advice));
    assert!(!out.exists());
}

#[test]
fn a_failure_before_the_first_sample_is_recorded() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let error = args(&out, &[])
        .conduct(&DEMO, able, |_| {
            Err(measure::failure("the lab can't start", "no overlayfs", "load the module"))
        })
        .expect_err("failed");
    assert_eq!(error.to_string(), "the lab can't start");
    let (manifest, samples) = record(&out);
    assert_eq!(manifest.status, Status::Failed);
    assert_eq!(manifest.reason.as_deref(), Some("the lab can't start: no overlayfs"));
    assert!(samples.rows.is_empty());
}

#[test]
fn a_panic_is_recorded() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let run = args(&out, &[]);
    let caught = std::panic::catch_unwind(|| run.conduct(&DEMO, able, |_| panic!("scripted")));
    assert!(caught.is_err());
    assert_eq!(record(&out).0.status, Status::Failed);
}

#[test]
fn a_fatal_sample_fails_the_run_and_keeps_the_rest() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let mut left = 4;
    let result = args(&out, &["--quick"]).conduct(&DEMO, able, |run| {
        // Even when the body forgets the error, the run has not become complete.
        let _ = whole(run, |arm| {
            left -= 1;
            if left == 0 {
                Err(SampleError::Fatal("dockerd is gone".to_owned()))
            } else {
                take(arm)
            }
        });
        Ok(())
    });
    let error = result.expect_err("fatal");
    assert!(error.chain().any(|cause| cause.to_string() == "dockerd is gone"), "{error:?}");
    assert!(error.help().expect("a remedy").to_string().contains("4 samples are kept"));
    let (manifest, samples) = record(&out);
    assert_eq!(manifest.status, Status::Failed);
    assert_eq!(samples.rows.len(), 4);
}

#[test]
fn failed_samples_fail_a_verification_but_no_run() {
    let place = tempfile::tempdir().expect("a folder");
    let one_fails = |arm: &Arm| match arm.name {
        "c" => Err(SampleError::Sample("exit code 125".to_owned())),
        _ => take(arm),
    };
    let out = place.path().join("run");
    args(&out, &["--blocks", "1"])
        .conduct(&DEMO, able, |run| whole(run, one_fails))
        .expect("complete");
    assert_eq!(record(&out).0.status, Status::Complete);

    let out = place.path().join("verify");
    let error = args(&out, &["--verify"])
        .conduct(&DEMO, able, |run| whole(run, one_fails))
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
    args(&out, &["--list"]).conduct(&DEMO, able, never).expect("listed");
    args(&out, &["--arms", "d"]).conduct(&DEMO, able, never).expect_err("no such arm");
    assert!(!out.exists());
}

#[test]
fn measuring_nothing_or_twice_is_an_error() {
    let place = tempfile::tempdir().expect("a folder");
    let nothing = args(&place.path().join("a"), &[]).conduct(&DEMO, able, |_| Ok(()));
    assert_eq!(nothing.expect_err("nothing").to_string(), "nothing was measured");
    let twice = args(&place.path().join("b"), &["--verify"]).conduct(&DEMO, able, |run| {
        whole(run, take)?;
        run.measure(take)
    });
    let undescribed =
        args(&place.path().join("c"), &["--verify"]).conduct(&DEMO, able, |run| run.measure(take));
    for result in [twice, undescribed] {
        assert_eq!(
            result.expect_err("refused").to_string(),
            "a session is described and measured once"
        );
    }
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
    let result = args(&out, &[]).conduct(&DEMO, unable, |_| panic!("not called"));
    assert!(result.is_err());
    assert!(!out.exists());
}

#[test]
fn arms_that_are_left_out_before_the_first_sample_are_in_no_ratio() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    let mut late = Ok(());
    args(&out, &["--blocks", "2"])
        .conduct(&DEMO, able, |run| {
            run.session(serde_json::json!({ "stand_ins": [] }))?;
            run.retain_arms(|arm| arm.name != "b")?;
            run.measure(take)?;
            late = run.retain_arms(|_| false);
            Ok(())
        })
        .expect("complete");
    late.expect_err("samples were taken");
    let (manifest, samples) = record(&out);
    let names: Vec<&str> = manifest.arms.iter().map(|arm| arm.name.as_str()).collect();
    assert_eq!(names, ["a", "c"]);
    assert_eq!((manifest.contrasts.len(), manifest.parts.len()), (1, 1));
    assert!(samples.rows.iter().all(|sample| sample.arm != "b"));
}

#[test]
fn a_lab_of_one_arm_leaves_no_other_out() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("run");
    args(&out, &["--company", "--blocks", "1", "--sessions", "1"])
        .conduct(&DEMO, able, |run| {
            run.session(serde_json::json!({ "stand_ins": [] }))?;
            let there: Vec<&str> = run.arms().iter().map(|arm| arm.name).collect();
            run.retain_arms(|arm| there.contains(&arm.name))?;
            run.measure(take)
        })
        .expect("complete");
    let (manifest, samples) = record(&out);
    assert_eq!(manifest.arms.len(), 6);
    for arm in manifest.arms {
        assert!(samples.rows.iter().any(|sample| sample.arm == arm.name), "{}", arm.name);
    }
}

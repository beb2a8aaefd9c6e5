//! Runs whose samples and trials a test makes up, taken as real ones are, and what an experiment's
//! program derives of them. For tests only: what does not fit is a panic.

#![expect(clippy::missing_panics_doc, reason = "for tests only: every function says it on top")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use clap::Parser;
use facts::Facts;
use measure::{Arm, Experiment, Reading, RunArgs, SampleError, Trial};
use serde_json::{Value, json};

/// Releases whose engines synthetic runs are of.
pub const GENERATIONS: [&str; 3] = ["bookworm", "trixie", "forky"];

/// A row of a table by the names of its columns.
pub type Row = BTreeMap<String, String>;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    run: RunArgs,
}

/// Takes a run into `out`, from a fixed seed unless one is among the arguments. Each session begins with
/// these trials; `sample` gives a sample's time in ns, of an arm and how often it was taken.
pub fn take(
    out: &Path,
    args: &[&str],
    experiment: &Experiment,
    session: &Value,
    trials: &[Trial],
    mut sample: impl FnMut(&Arm, u64) -> Result<u64, SampleError>,
) {
    let out = out.to_str().expect("a path of text");
    let seed: &[&str] = if args.contains(&"--seed") { &[] } else { &["--seed", "1"] };
    let cli = Cli::parse_from([&["test", "--out", out], args, seed].concat());
    let mut taken = BTreeMap::new();
    let done = cli.run.conduct(
        experiment,
        || Ok(()),
        |run| {
            run.session(session.clone())?;
            trials.iter().cloned().try_for_each(|row| run.record_trial(row, || Ok(())))?;
            if experiment.arms.is_empty() {
                return Ok(());
            }
            run.measure(|arm| {
                let times = taken.entry(arm.name).or_insert(0_u64);
                *times += 1;
                sample(arm, *times).map(|wall_ns| Reading { wall_ns, ..Reading::default() })
            })
        },
    );
    done.expect("complete");
}

/// What a session with a lab of each generation says of itself.
#[must_use]
pub fn session() -> Value {
    let lab = |suite: &str| {
        json!({
            "id": "a", "sandbox": "user", "suite": suite, "bundle": "0123",
            "bundle_pinned": true, "packages": ["docker.io 26.1"],
        })
    };
    let level = json!({
        "level": 1, "engine": "docker", "version": "26.1", "privileged": true,
        "storage_driver": "overlay2", "storage_status": [], "security": [], "configuration": [],
        "oci_runtime": "runc", "cgroup_driver": "cgroupfs", "cgroup_version": "2",
        "containerd": "1.7",
    });
    json!({
        "stand_ins": ["alpine", "docker:dind"],
        "lab": lab("trixie"),
        "labs": GENERATIONS.map(lab),
        "nests": [{ "levels": [level] }],
    })
}

/// A trial without reason, time and bytes.
#[must_use]
pub fn trial(table: &str, subject: &str, step: &str, outcome: &str) -> Trial {
    Trial {
        table: table.to_owned(),
        subject: subject.to_owned(),
        step: step.to_owned(),
        outcome: outcome.to_owned(),
        ..Trial::default()
    }
}

/// What an experiment's program derives of a run.
#[must_use]
pub fn derived(program: &str, run: &Path) -> Facts {
    let output = Command::new(program).arg("derive").arg(run).output().expect("started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Facts::read(run).expect("read").expect("facts")
}

/// The rows of a table for programs.
#[must_use]
pub fn table(facts: &Facts, name: &str) -> Vec<Row> {
    let rows = csv::Reader::from_reader(facts.tables[name].as_bytes()).into_deserialize();
    rows.map(|row| row.expect("a row")).collect()
}

/// Every text of a page or a part of it, a line each.
#[must_use]
pub fn texts(of: &impl serde::Serialize) -> String {
    fn add(of: &Value, into: &mut Vec<String>) {
        match of {
            Value::String(text) => into.push(text.clone()),
            Value::Array(list) => list.iter().for_each(|of| add(of, into)),
            Value::Object(map) => map.values().for_each(|of| add(of, into)),
            _ => {}
        }
    }
    let mut lines = Vec::new();
    add(&serde_json::to_value(of).expect("JSON"), &mut lines);
    lines.join("\n")
}

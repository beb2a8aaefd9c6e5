//! Synthetic runs, which are made through measure's own door, and the program run on them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use claims::stated;
use facts::{CPU as CPU_TIME, Claim, Evidence, Facts, Is, STARTUP as STARTUP_TIME, SYSCALL};
use measure::{Arm, Contrast, Experiment, Observer, Part, SampleError};
use synthetic::take;

pub(crate) const STARTUP: &[Arm] = &[
    arm(STARTUP_TIME.name(), "bare", "bare", 0),
    arm(STARTUP_TIME.name(), "docker", "docker", 1),
    arm(STARTUP_TIME.name(), "dind", "dind", 2),
    arm(STARTUP_TIME.name(), "podman", "podman", 1),
    arm(STARTUP_TIME.name(), "podman-nested", "podman-nested", 2),
    arm(STARTUP_TIME.name(), "docker-again", "", 1),
    arm(STARTUP_TIME.name(), "dind-inside", "", 2),
];
pub(crate) const CPU: &[Arm] = &[
    arm(CPU_TIME.name(), "bare", "bare", 0),
    arm(CPU_TIME.name(), "docker", "docker", 1),
    arm(CPU_TIME.name(), "dind", "dind", 2),
    arm(CPU_TIME.name(), "podman", "podman", 1),
    arm(CPU_TIME.name(), "podman-nested", "podman-nested", 2),
];
pub(crate) static SYSCALLS: [Arm; 54] = [
    operations(arm(SYSCALL.name(), "getppid-0", "", 0)),
    operations(arm(SYSCALL.name(), "getppid-1", "", 1)),
    operations(arm(SYSCALL.name(), "getppid-2", "", 2)),
    operations(arm(SYSCALL.name(), "getppid-3", "", 3)),
    operations(arm(SYSCALL.name(), "getppid-4", "", 0)),
    operations(arm(SYSCALL.name(), "getppid-5", "", 1)),
    operations(arm(SYSCALL.name(), "getppid-6", "", 2)),
    operations(arm(SYSCALL.name(), "getppid-7", "", 3)),
    operations(arm(SYSCALL.name(), "getppid-8", "", 0)),
    operations(arm(SYSCALL.name(), "open-0", "", 0)),
    operations(arm(SYSCALL.name(), "open-1", "", 1)),
    operations(arm(SYSCALL.name(), "open-2", "", 2)),
    operations(arm(SYSCALL.name(), "open-3", "", 3)),
    operations(arm(SYSCALL.name(), "open-4", "", 0)),
    operations(arm(SYSCALL.name(), "open-5", "", 1)),
    operations(arm(SYSCALL.name(), "open-6", "", 2)),
    operations(arm(SYSCALL.name(), "open-7", "", 3)),
    operations(arm(SYSCALL.name(), "open-8", "", 0)),
    operations(arm(SYSCALL.name(), "stat-0", "", 0)),
    operations(arm(SYSCALL.name(), "stat-1", "", 1)),
    operations(arm(SYSCALL.name(), "stat-2", "", 2)),
    operations(arm(SYSCALL.name(), "stat-3", "", 3)),
    operations(arm(SYSCALL.name(), "stat-4", "", 0)),
    operations(arm(SYSCALL.name(), "stat-5", "", 1)),
    operations(arm(SYSCALL.name(), "stat-6", "", 2)),
    operations(arm(SYSCALL.name(), "stat-7", "", 3)),
    operations(arm(SYSCALL.name(), "stat-8", "", 0)),
    operations(arm(SYSCALL.name(), "futex-0", "", 0)),
    operations(arm(SYSCALL.name(), "futex-1", "", 1)),
    operations(arm(SYSCALL.name(), "futex-2", "", 2)),
    operations(arm(SYSCALL.name(), "futex-3", "", 3)),
    operations(arm(SYSCALL.name(), "futex-4", "", 0)),
    operations(arm(SYSCALL.name(), "futex-5", "", 1)),
    operations(arm(SYSCALL.name(), "futex-6", "", 2)),
    operations(arm(SYSCALL.name(), "futex-7", "", 3)),
    operations(arm(SYSCALL.name(), "futex-8", "", 0)),
    operations(arm(SYSCALL.name(), "mmap-0", "", 0)),
    operations(arm(SYSCALL.name(), "mmap-1", "", 1)),
    operations(arm(SYSCALL.name(), "mmap-2", "", 2)),
    operations(arm(SYSCALL.name(), "mmap-3", "", 3)),
    operations(arm(SYSCALL.name(), "mmap-4", "", 0)),
    operations(arm(SYSCALL.name(), "mmap-5", "", 1)),
    operations(arm(SYSCALL.name(), "mmap-6", "", 2)),
    operations(arm(SYSCALL.name(), "mmap-7", "", 3)),
    operations(arm(SYSCALL.name(), "mmap-8", "", 0)),
    operations(arm(SYSCALL.name(), "pipe-0", "", 0)),
    operations(arm(SYSCALL.name(), "pipe-1", "", 1)),
    operations(arm(SYSCALL.name(), "pipe-2", "", 2)),
    operations(arm(SYSCALL.name(), "pipe-3", "", 3)),
    operations(arm(SYSCALL.name(), "pipe-4", "", 0)),
    operations(arm(SYSCALL.name(), "pipe-5", "", 1)),
    operations(arm(SYSCALL.name(), "pipe-6", "", 2)),
    operations(arm(SYSCALL.name(), "pipe-7", "", 3)),
    operations(arm(SYSCALL.name(), "pipe-8", "", 0)),
];
const SYSCALL_CONTRASTS: &[Contrast] = &[
    Contrast::primary("getppid-1/getppid-0", "a container"),
    Contrast::primary("getppid-2/getppid-1", "A18"),
];
const CONTRASTS: &[Contrast] = &[
    Contrast::primary("dind/docker", "the cost of the second level"),
    Contrast::primary("podman-nested/podman", "the same of Podman"),
    Contrast::exploratory("docker-again/docker", "A/A"),
];
const CPU_CONTRASTS: &[Contrast] =
    &[Contrast::primary("docker/bare", "A17"), Contrast::primary("dind/bare", "A17")];
const PARTS: &[Part] = &[
    Part {
        of: "dind/docker",
        due: "hop",
        plus: &["dind"],
        minus: &["dind-inside"],
        about: "through the hop, against without it",
    },
    Part {
        of: "dind/docker",
        due: "nesting",
        plus: &["dind-inside"],
        minus: &["docker"],
        about: "without the hop, against level 1",
    },
];

pub(crate) const fn arm(
    metric: &'static str,
    name: &'static str,
    method: &'static str,
    level: u8,
) -> Arm {
    Arm::new(metric, name, Observer::Outside, level, "").of_method(method)
}

/// The same with a sample of a thousand operations.
const fn operations(mut arm: Arm) -> Arm {
    arm.operations = 1_000;
    arm
}

/// Takes a run into `out`, whose samples the closure makes of the arm and how often it was taken.
pub(crate) fn make(
    out: &Path,
    arms: &'static [Arm],
    blocks: u32,
    sample: impl FnMut(&Arm, u64) -> Result<u64, SampleError>,
) {
    make_with(out, arms, &["--blocks", &blocks.to_string()], sample);
}

/// The same with any arguments of a run.
pub(crate) fn make_with(
    out: &Path,
    arms: &'static [Arm],
    args: &[&str],
    sample: impl FnMut(&Arm, u64) -> Result<u64, SampleError>,
) {
    let has = |name: &str| arms.iter().any(|arm| arm.name == name);
    let experiment = Experiment {
        name: arms[0].metric,
        arms,
        contrasts: match arms[0].metric {
            metric if metric == STARTUP_TIME.name() => CONTRASTS,
            metric if metric == CPU_TIME.name() => CPU_CONTRASTS,
            metric if metric == SYSCALL.name() => SYSCALL_CONTRASTS,
            _ => &[],
        },
        parts: if has("dind-inside") { PARTS } else { &[] },
        series: &[],
        blocks: measure::DefaultBlocks::USUAL,
        settled_ms: 0,
    };
    let session = serde_json::json!({ "stand_ins": ["alpine", "docker:dind"] });
    take(out, args, &experiment, &session, &[], sample);
}

/// Says of the ratios of a synthetic run what is claimed of such ones.
pub(crate) fn say(run: &Path) {
    let evidence = Evidence::open(run, &[]).expect("a run");
    let between = |[above, below]: [&str; 2]| evidence.between(above, below);
    let of = |id, is, pair| Some(Claim::of_ratio(stated(id), is, &between(pair)?));
    let (dind, nested) = (["dind", "docker"], ["podman-nested", "podman"]);
    let larger = between(dind)
        .zip(between(nested))
        .map(|(first, second)| Claim::of_larger(stated("A14"), &evidence.record, &first, &second));
    let claims = [
        larger,
        of("A15", Is::Published, dind),
        of("A15", Is::Published, nested),
        of("A16", Is::Below, ["podman-nested", "docker"]),
        of("A18", Is::Above, ["getppid-2", "getppid-1"]),
    ];
    let facts = Facts { claims: claims.into_iter().flatten().collect(), ..Facts::default() };
    facts.write(run).expect("written");
}

/// A plausible time: `level` steps of 100 ms, and something that differs from sample to sample.
#[expect(clippy::unnecessary_wraps, reason = "it stands for a sampler")]
pub(crate) fn plausible(arm: &Arm, times: u64) -> Result<u64, SampleError> {
    Ok(1_000_000 + u64::from(arm.level) * 100_000_000 + times * times * 7_919 % 20_000_000)
}

pub(crate) fn exp4(place: &Path, blocks: u32) -> std::path::PathBuf {
    let run = place.join("exp4");
    make(&run.join("startup"), STARTUP, blocks, plausible);
    make(&run.join("cpu"), CPU, blocks, plausible);
    say(&run.join("startup"));
    run
}

pub(crate) fn report(args: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_report")).args(args).output().expect("started")
}

pub(crate) fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// What, why and remedy of a refusal, and its exit code.
pub(crate) fn refused(output: &Output, exit: i32) -> String {
    assert_eq!(output.status.code(), Some(exit));
    assert!(output.stdout.is_empty());
    let text = String::from_utf8(output.stderr.clone()).expect("text");
    for mark in ["╰─▶", "help:"] {
        assert!(text.contains(mark), "no {mark} in {text}");
    }
    text
}

pub(crate) fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).expect("a file");
    let row =
        |row: Result<csv::StringRecord, _>| row.expect("a row").iter().map(str::to_owned).collect();
    reader.records().map(row).collect()
}

/// Size and number of different colours of a PNG file.
pub(crate) fn picture(path: &Path) -> (u32, u32, usize) {
    let file = std::io::BufReader::new(fs::File::open(path).expect("a file"));
    let mut reader = png::Decoder::new(file).read_info().expect("a PNG header");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut pixels).expect("decodes");
    let colours: std::collections::BTreeSet<&[u8]> = pixels.chunks(3).collect();
    (info.width, info.height, colours.len())
}

pub(crate) const DERIVED: [&str; 14] = [
    "summary.csv",
    "ratios.csv",
    "parts.csv",
    "claims.csv",
    "figure.svg",
    "figure.png",
    "forest.svg",
    "forest.png",
    "parts.svg",
    "parts.png",
    "order.svg",
    "order.png",
    "report.md",
    "report.html",
];

/// The rows of a table by the names of its columns.
pub(crate) fn table(path: &Path) -> Vec<std::collections::BTreeMap<String, String>> {
    let rows = rows(path);
    let (header, rows) = rows.split_first().expect("a header");
    let named = |row: &Vec<String>| header.iter().cloned().zip(row.iter().cloned()).collect();
    rows.iter().map(named).collect()
}

/// `level` steps of a few per cent around 100 ms, and a spread of 1 %.
pub(crate) fn ratio_of(arm: &Arm, times: u64) -> u64 {
    let noise = (times * 7_919 + u64::from(arm.level) * 31) % 1_000_000;
    let level = match arm.name {
        "dind" => 130,
        "dind-inside" => 110,
        "podman-nested" => 102,
        _ => 100,
    };
    level * 1_000_000 + noise
}

/// Changes a run's manifest.
pub(crate) fn edit_manifest(run: &Path, change: impl Fn(&mut serde_json::Value)) {
    let path = run.join("manifest.json");
    let mut manifest: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&path).expect("read")).expect("JSON");
    change(&mut manifest);
    let text = serde_json::to_string_pretty(&manifest).expect("JSON");
    std::fs::write(&path, text).expect("written");
}

/// A nest of one level of Docker.
pub(crate) fn nest(version: &str, storage: &str) -> serde_json::Value {
    serde_json::json!([{ "levels": [{
        "engine": "docker", "version": version, "privileged": false, "storage_driver": storage,
        "oci_runtime": "runc", "cgroup_driver": "systemd", "cgroup_version": "2",
        "storage_status": [], "security": [], "configuration": [], "containerd": "1.7",
    }] }])
}

/// Makes a run one on the machine's own Docker.
pub(crate) fn of_host(manifest: &mut serde_json::Value, version: &str, storage: &str) {
    let session = &mut manifest["sessions"][0];
    session["engines"] = "host".into();
    session["host"] = serde_json::json!({
        "id": "h0123abcd",
        "engines": [{ "engine": "docker", "version": version, "rootless": false }],
        "images": [{
            "engine": "docker", "name": "alpine", "id": "sha256:b2", "digests": ["alpine@sha256:a1"],
        }],
    });
    session["nests"] = nest(version, storage);
}

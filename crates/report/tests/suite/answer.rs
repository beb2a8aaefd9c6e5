//! Differences in time beside the ratios, and the sentences that a page opens with.

use std::fs;
use std::path::Path;

use facts::{Evidence, Facts, Lang, Page, RatioSummary, Record, Scope, Table, leads, ratios};
use measure::stats::{Looks, median_interval};
use measure::{Arm, Observer, SampleError, Stopping};

use crate::support::*;

const MS: u64 = 1_000_000;

/// Committed records that have arms.
const RUNS: [&str; 9] = [
    "exp4/startup",
    "exp4/cpu",
    "triple",
    "syscalls",
    "concurrency",
    "userns",
    "sidecar",
    "storage-driver",
    "cache-sharing",
];

/// Value, low and high end.
const DIFFERENCE: [&str; 3] = ["difference_ns", "difference_low_ns", "difference_high_ns"];

/// Every block is slower than the one before it, and the second level costs 71 to 82 ms more than the
/// first, one of which without the hop.
#[expect(clippy::unnecessary_wraps, reason = "it stands for a sampler")]
fn drifting(arm: &Arm, times: u64) -> Result<u64, SampleError> {
    let docker = 100 * MS + times * 3 * MS;
    Ok(match arm.name {
        "dind" => docker + (71 + times * 5 % 12) * MS,
        "dind-inside" => docker + MS,
        "podman-nested" => docker - 40 * MS,
        _ => docker,
    })
}

#[test]
fn differences_are_paired_and_come_with_the_interval_of_their_ratio() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, STARTUP, 12, drifting);
    let told = stdout(&report(&[&run]));
    // Two primary ratios: of 12 blocks from the second to the eleventh. The arms drift by 33 ms.
    let ratio = &table(&run.join("ratios.csv"))[0];
    assert_eq!(DIFFERENCE.map(|name| &*ratio[name]), ["76500000.0", "72000000.0", "81000000.0"]);
    let rows = table(&run.join("parts.csv"));
    let part = |due: &str| {
        let row = rows.iter().find(|row| row["due"] == due).expect("a part");
        ["part_ns", "part_low_ns", "part_high_ns"].map(|name| row[name].clone())
    };
    // A part has 5 % for itself: of 12 blocks from the third to the tenth.
    assert_eq!(part("whole"), ["76500000.0", "73000000.0", "80000000.0"]);
    assert_eq!(part("hop"), ["75500000.0", "72000000.0", "79000000.0"]);
    assert_eq!(part("nesting"), ["1000000.0"; 3]);
    assert_eq!(part("remainder"), ["0.0", "", ""]);

    let page = fs::read_to_string(run.join("report.md")).expect("read");
    for (text, sentence) in [
        (
            &page,
            "- Startup: `dind` takes 77 ms \\[72 to 81\\] longer than `docker` (1.62 times): hop is 76 ms \\[72 to 79\\] of it, nesting 1.00 ms \\[1.00 to 1.00\\].",
        ),
        (
            &page,
            "- Startup: `podman-nested` takes 40 ms \\[40 to 40\\] less than `podman` (0.68 times).",
        ),
        (&page, "| +76.5 ms; 72.0 to 81.0 | 1.6"),
        (&page, "| hop | +75.5 ms; 72.0 to 79.0 | +6"),
        (&page, "| remainder | 0.000 ms | "),
        (&told, "Startup: dind takes 77 ms [72 to 81] longer than docker (1.62 times): hop is "),
        (&told, "+76.5 ms (72.0 to 81.0)"),
    ] {
        assert!(text.contains(sentence), "no {sentence} in {text}");
    }
}

/// Ten operations above the line and a thousand below it.
#[test]
fn a_difference_is_one_of_operations() {
    const fn of(name: &'static str, operations: u32) -> Arm {
        let mut arm = Arm::new("syscall", name, Observer::Outside, 0, "");
        arm.operations = operations;
        arm
    }
    static ARMS: [Arm; 3] = [of("getppid-0", 1_000), of("getppid-1", 10), of("getppid-2", 1_000)];
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, &ARMS, 8, |arm, _| {
        let each_ns = if arm.name == "getppid-1" { 500 } else { 200 };
        Ok(u64::from(arm.operations) * each_ns)
    });
    stdout(&report(&[&run]));
    let rows = table(&run.join("ratios.csv"));
    let of = |row: usize| DIFFERENCE.map(|name| rows[row][name].clone());
    assert_eq!([of(0), of(1)], [["300.0"; 3], ["-300.0"; 3]]);
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    let words = "`getppid-1` takes 0.30 µs \\[0.30 to 0.30\\] longer for an operation than `getppid-0` (2.50 times).";
    assert!(page.contains(words), "{page}");
}

/// The same blocks, error rate, scope and coverage as the ratio's. Where a single session decides, both
/// intervals say the same of a sign, because they are the same sign test.
#[test]
fn a_difference_is_as_exact_as_its_ratio_in_every_committed_record() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
    let published = Table::read().expect("the table");
    let mut seen = Vec::new();
    for run in RUNS {
        let mut record = Record::open(&reference.join(run)).expect("a record");
        for stopping in
            [record.manifest.stopping, Stopping::Adaptive { precision_pct: None, budget_s: None }]
        {
            record.manifest.stopping = stopping;
            for ratio in ratios(&record, &published) {
                assert_alike(&ratio, record.looks());
                seen.push(ratio.scope());
            }
        }
    }
    assert!(seen.contains(&Scope::Boot) && seen.contains(&Scope::Machine));
}

fn assert_alike(ratio: &RatioSummary, looks: Looks) {
    let name = &ratio.contrast;
    let (of_ratio, found) = (ratio.decisive.expect("decided"), ratio.difference.expect("found"));
    assert_eq!((of_ratio.scope, of_ratio.n), (found.scope, found.n), "{name}");
    assert!((of_ratio.alpha - found.alpha).abs() < 1e-12, "{name}");
    assert_eq!(of_ratio.interval.is_some(), found.interval.is_some(), "{name}");
    let Some((one, other)) = of_ratio.interval.zip(found.interval) else {
        return;
    };
    assert!((one.coverage - other.coverage).abs() < 1e-12, "{name}");
    if found.scope == Scope::Boot {
        assert_eq!(one.contains(1.0), other.contains(0.0), "{name}");
        let differences: Vec<f64> = ratio.values.values().map(|(y, x)| y - x).collect();
        let by_hand = median_interval(&differences, found.alpha, looks).expect("one");
        assert_eq!((by_hand.low, by_hand.high), (other.low, other.high), "{name}");
    }
}

/// What an experiment leads with, in its own words and in both languages; what it answers itself comes
/// first, and three sentences are enough.
#[test]
fn an_experiment_chooses_what_its_page_opens_with() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    make(&run, STARTUP, 12, drifting);
    let boil = ["to boil", "en hervir"];
    let of =
        |contrast| (contrast, [["the inner", "el interior"], ["the outer", "el exterior"], boil]);
    let page = |own: &str| Page { answer: vec![own.to_owned()], ..Page::default() };
    let facts = Facts {
        leads: leads(&[
            of("none/such"),
            of("docker-again/docker"),
            of("dind/docker"),
            of("podman-nested/podman"),
        ]),
        pages: [(Lang::En, page("One of ours.")), (Lang::Es, page("Una nuestra."))].into(),
        ..Facts::default()
    };
    facts.write(&run).expect("written");
    for (lang, expected) in [
        (
            "en",
            [
                "- One of ours.",
                "- The inner takes the same time to boil as the outer, within 5 %: 0.000 µs \\[0.000 to 0.000\\] of 126 ms (1.00 times).",
                "- The inner takes 77 ms \\[72 to 81\\] longer to boil than the outer (1.62 times): hop is 76 ms \\[72 to 79\\] of it, nesting 1.00 ms \\[1.00 to 1.00\\].",
            ],
        ),
        (
            "es",
            [
                "- Una nuestra.",
                "- El interior tarda lo mismo en hervir que el exterior, dentro del 5 %: 0,000 µs \\[0,000 a 0,000\\] de 126 ms (1,00 veces).",
                "- El interior tarda 77 ms \\[72 a 81\\] más en hervir que el exterior (1,62 veces): hop supone 76 ms \\[72 a 79\\] de ello, nesting 1,00 ms \\[1,00 a 1,00\\].",
            ],
        ),
    ] {
        stdout(&report(&[&run, "--lang".as_ref(), lang.as_ref()]));
        let file = if lang == "en" { "report.md" } else { "report.es.md" };
        let page = fs::read_to_string(run.join(file)).expect("read");
        let opening = page.lines().skip_while(|line| !line.starts_with("- "));
        let opening: Vec<&str> = opening.take(5).collect();
        assert_eq!(opening[..3], expected, "{page}");
        // Then the picture of every sample, before any section.
        assert!(opening[4].starts_with("!["), "{opening:?}");
    }
    let html = fs::read_to_string(run.join("report.html")).expect("read");
    let at = |words: &str| html.find(words).unwrap_or_else(|| panic!("no {words}"));
    assert!(
        at("One of ours.") < at("<figure>")
            && at("<figure>") < at("<nav ")
            && at("<nav ") < at("<main>")
    );
}

/// A name that no contrast has would be passed over in silence: another would lead.
#[test]
fn what_leads_a_committed_record_is_a_contrast_of_it() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/reference");
    let mut seen = 0;
    for run in RUNS {
        let record = Record::open(&reference.join(run)).expect("a record");
        let facts = Facts::read(&record.folder).expect("facts").expect("some");
        for lead in &facts.leads {
            let mut contrasts = record.manifest.contrasts.iter();
            let found = contrasts.find(|contrast| contrast.name == lead.contrast);
            assert!(found.is_some_and(|found| found.primary), "{run}: {}", lead.contrast);
            seen += 1;
        }
        assert!(!facts.leads.is_empty(), "{run}");
    }
    assert!(seen > RUNS.len());
}

/// A whole of two runs has three sentences, the last of which is the second run's, however many the
/// first one has.
#[test]
fn each_half_of_a_whole_has_a_sentence() {
    let place = tempfile::tempdir().expect("a folder");
    let run = exp4(place.path(), 12);
    let ours = |lang: Lang| {
        let answer = ["One.", "Two.", "Three."].map(str::to_owned).into();
        (lang, Page { answer, ..Page::default() })
    };
    let facts = Facts { pages: Lang::ALL.map(ours).into(), ..Facts::default() };
    facts.write(&run.join("startup")).expect("written");
    stdout(&report(&[&run]));
    let page = fs::read_to_string(run.join("report.md")).expect("read");
    let opening = page.lines().skip_while(|line| !line.starts_with("- "));
    let opening: Vec<&str> = opening.take_while(|line| !line.is_empty()).collect();
    assert_eq!(opening[..2], ["- One.", "- Two."]);
    assert!(opening.len() == 3 && opening[2].starts_with("- CPU: `docker` takes "), "{opening:?}");
}

/// Of what can't be decided nothing is said as if it were; without an interval there is none.
#[test]
fn what_is_not_decided_is_told_so() {
    let place = tempfile::tempdir().expect("a folder");
    for (blocks, words) in [
        (12, "- Startup: whether `dind` takes longer than `docker` is not decided: "),
        (4, " (no interval) of 1"),
    ] {
        let run = place.path().join(blocks.to_string());
        make(&run, STARTUP, blocks, |arm, times| {
            let is_slow = (arm.name == "dind") == times.is_multiple_of(2);
            Ok(if is_slow { 150 * MS } else { 100 * MS })
        });
        let evidence = Evidence::open(&run, &[]).expect("a run");
        assert!(evidence.ratios[0].difference.is_some());
        stdout(&report(&[&run]));
        let page = fs::read_to_string(run.join("report.md")).expect("read");
        assert!(page.contains(words), "{page}");
    }
}

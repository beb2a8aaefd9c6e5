//! `measure::stats` against `SciPy` and statsmodels (`tests/reference/README.md` says how).

use std::collections::BTreeMap;
use std::path::Path;

use measure::stats::{
    Interval, Looks, RESAMPLES, bootstrap, holm, median_interval, ratio, sign_test,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Two computations of one number in double precision.
const ROUNDING: f64 = 1e-9;

/// How many standard deviations of Monte-Carlo error a bootstrap may be away.
const DEVIATIONS: f64 = 5.0;

fn table<Row: DeserializeOwned>(name: &str) -> Vec<Row> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let mut reader = csv::Reader::from_path(folder.join(name)).expect("a table");
    let rows: Vec<Row> = reader.deserialize().map(|row| row.expect("a row")).collect();
    assert!(!rows.is_empty(), "{name} is empty");
    rows
}

/// The sets of pairs `(y, x)`.
fn data() -> BTreeMap<String, Vec<(f64, f64)>> {
    let mut sets: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for (set, y, x) in table::<(String, f64, f64)>("data.csv") {
        sets.entry(set).or_default().push((y, x));
    }
    sets
}

fn close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= ROUNDING * theirs.abs()
}

#[derive(Debug, Deserialize)]
struct IntervalRow {
    set: String,
    of: String,
    alpha: f64,
    low: Option<f64>,
    high: Option<f64>,
    coverage: Option<f64>,
}

#[test]
fn intervals_are_those_of_scipy() {
    let data = data();
    for row in table::<IntervalRow>("intervals.csv") {
        let pairs = &data[&row.set];
        let ours = match row.of.as_str() {
            "median" => {
                let y: Vec<f64> = pairs.iter().map(|&(y, _)| y).collect();
                median_interval(&y, row.alpha, Looks::Once)
            }
            "ratio" => ratio(pairs, row.alpha, Looks::Once).and_then(|ratio| ratio.interval),
            other => panic!("interval of {other}"),
        };
        let theirs = row.low.zip(row.high).zip(row.coverage);
        match (ours, theirs) {
            (None, None) => {}
            (Some(ours), Some(((low, high), coverage))) => {
                let same = close(ours.low, low) && close(ours.high, high);
                assert!(same && close(ours.coverage, coverage), "{row:?}: {ours:?}");
            }
            _ => panic!("{row:?}: {ours:?}"),
        }
    }
}

#[test]
fn sign_tests_are_those_of_scipy() {
    let data = data();
    for (set, p) in table::<(String, f64)>("signs.csv") {
        let logs: Vec<f64> = data[&set].iter().map(|(y, x)| (y / x).ln()).collect();
        let ours = sign_test(&logs, Looks::Once).expect("numbers");
        assert!(close(ours, p), "{set}: {ours} {p}");
    }
}

#[test]
fn anytime_ranks_are_those_of_scipy() {
    for (n, alpha, rank) in table::<(u32, f64, u32)>("anytime-ranks.csv") {
        // Of the values 1 to n, the interval's lower end is its rank.
        let values: Vec<f64> = (1..=n).map(f64::from).collect();
        let ours = median_interval(&values, alpha, Looks::Always);
        let ends = ours.map_or((0.0, f64::from(n + 1)), |ours| (ours.low, ours.high));
        let expected = (f64::from(rank), f64::from(n + 1 - rank));
        assert_eq!(ends, expected, "n = {n}, alpha = {alpha}");
    }
}

#[test]
fn anytime_p_values_are_those_of_scipy() {
    for (n, k, p) in table::<(usize, usize, f64)>("anytime-p.csv") {
        let mut values = vec![1.0; n];
        values[..k].fill(-1.0);
        let ours = sign_test(&values, Looks::Always).expect("numbers");
        assert!(close(ours, p), "n = {n}, k = {k}: {ours} {p}");
    }
}

#[test]
fn adjusted_p_values_are_those_of_statsmodels() {
    let mut families: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for (family, p, adjusted) in table::<(String, f64, f64)>("holm.csv") {
        families.entry(family).or_default().push((p, adjusted));
    }
    for (family, rows) in families {
        let (p_values, adjusted): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
        for (ours, theirs) in holm(&p_values).into_iter().zip(adjusted) {
            assert!(close(ours, theirs), "{family}: {ours} {theirs}");
        }
    }
}

#[derive(Debug, Deserialize)]
struct BootstrapRow {
    set: String,
    alpha: f64,
    low: f64,
    low_sd: f64,
    high: f64,
    high_sd: f64,
}

#[test]
fn bootstraps_are_those_of_scipy_within_monte_carlo_error() {
    let data = data();
    for row in table::<BootstrapRow>("bootstrap.csv") {
        let ours = bootstrap(&data[&row.set], row.alpha, RESAMPLES, 1).expect("an interval");
        let Interval { low, high, .. } = ours;
        for (ours, theirs, sd) in [(low, row.low, row.low_sd), (high, row.high, row.high_sd)] {
            let allowed = DEVIATIONS * sd + ROUNDING;
            assert!((ours - theirs).abs() <= allowed, "{row:?}: {ours}");
        }
    }
}

#[derive(Debug, Deserialize)]
struct EnumeratedRow {
    set: String,
    /// `y/x y/x ...`
    pairs: String,
    ratio: f64,
    share_below: f64,
    share_up_to: f64,
}

#[test]
fn small_bootstraps_are_their_enumerations() {
    for row in table::<EnumeratedRow>("bootstrap-enumerated.csv") {
        let number = |text: &str| -> f64 { text.parse().expect("a number") };
        let pair = |pair: &str| pair.split_once('/').map(|(y, x)| (number(y), number(x)));
        let pairs: Vec<(f64, f64)> = row.pairs.split(' ').map(|p| pair(p).expect("y/x")).collect();
        // A tail that ends well inside this ratio's place: so many resamples miss it by at most
        // 0.0016 (one standard deviation), and every place here is wider than 0.02.
        let tail = row.share_below + 0.45 * (row.share_up_to - row.share_below);
        let resamples = 100_000;
        let end = if tail < 0.5 {
            bootstrap(&pairs, 2.0 * tail, resamples, 2).expect("an interval").low
        } else {
            bootstrap(&pairs, 2.0 * (1.0 - tail), resamples, 2).expect("an interval").high
        };
        assert!(close(end, row.ratio), "{}: {row:?}: {end}", row.set);
    }
}

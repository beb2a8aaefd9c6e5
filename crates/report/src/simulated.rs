//! What the committed simulation says of intervals, for the sentences that a page says of its limits.

use measure::failure;
use serde::Deserialize;

use crate::page::phrases::percent;
use facts::Lang;

const CELLS: &str = include_str!("../../../results/coverage/coverage.csv");

/// What the names of environments begin with, and end in; between is what a reader is told.
const MACHINES: [&str; 2] = ["machines differ by ", ""];
const AUTOREGRESSION: [&str; 2] = ["ratio AR(1) 0.9, ", ""];
const FIFTH: [&str; 2] = ["ratio +", " in a fifth"];

/// How many blocks the told cells of rule 2 have: as many as a run by default.
const BLOCKS: usize = 30;

/// A row of the table.
#[derive(Deserialize)]
struct Cell {
    rule: String,
    n: usize,
    environment: String,
    coverage: Option<f64>,
    exact: Option<f64>,
}

/// What intervals cover where something moves the ratio.
pub(crate) struct Simulated(Vec<Cell>);

/// Some cells that differ in how much something moves, in words: how much, and what is covered.
pub(crate) struct Told {
    /// Of what an interval is: sessions, blocks.
    pub(crate) n: usize,
    /// How much each of them is moved, in their order.
    pub(crate) moved: String,
    /// What each covers.
    pub(crate) covered: String,
    /// What each says that it covers.
    pub(crate) said: String,
}

impl Simulated {
    /// Reads the table that is built in.
    pub(crate) fn read() -> miette::Result<Self> {
        let rows = csv::Reader::from_reader(CELLS.as_bytes()).into_deserialize();
        let cells = rows.collect::<Result<_, _>>();
        cells.map(Self).map_err(|error| broken(&error.to_string()))
    }

    /// Sessions of one machine, for what is true of machines.
    pub(crate) fn one_machine(&self, lang: Lang) -> miette::Result<Told> {
        self.told("6 one machine", MACHINES, |_| true, lang)
    }

    /// As many machines, for the same.
    pub(crate) fn machines(&self, n: usize, lang: Lang) -> miette::Result<Told> {
        self.told("6 machines", MACHINES, |cell| cell.n == n, lang)
    }

    /// A ratio that hangs together from block to block.
    pub(crate) fn autoregression(&self, lang: Lang) -> miette::Result<Told> {
        self.told("2 ratio", AUTOREGRESSION, |cell| cell.n == BLOCKS, lang)
    }

    /// A ratio that is larger in a fifth of the blocks.
    pub(crate) fn fifth(&self, lang: Lang) -> miette::Result<Told> {
        self.told("2 ratio", FIFTH, |cell| cell.n == BLOCKS, lang)
    }

    fn told(
        &self,
        rule: &str,
        [before, after]: [&str; 2],
        is_one: impl Fn(&Cell) -> bool,
        lang: Lang,
    ) -> miette::Result<Told> {
        let of = |cell: &Cell| {
            let moved = cell.environment.strip_prefix(before)?.strip_suffix(after)?.to_owned();
            let share = |share: f64| percent(share, 1, lang);
            Some([moved, share(cell.coverage?), share(cell.exact?)])
        };
        let cells = || self.0.iter().filter(|cell| cell.rule == rule && is_one(cell));
        let found: Vec<(usize, [String; 3])> =
            cells().filter_map(|cell| Some((cell.n, of(cell)?))).collect();
        let (n, _) = found.first().ok_or_else(|| broken(&format!("no {rule}, {before}{after}")))?;
        let list = |index: usize| {
            let mut words: Vec<&str> = found.iter().map(|(_, words)| &*words[index]).collect();
            words.dedup();
            words.join(", ")
        };
        Ok(Told { n: *n, moved: list(0), covered: list(1), said: list(2) })
    }
}

fn broken(why: &str) -> miette::Report {
    failure(
        "the built-in coverage.csv is not what a simulation leaves",
        why,
        "report this as a bug",
    )
}

//! What the figure of coverage shows, before anybody thinks of pixels.

use crate::coverage::read::{Cell, Rule, Simulation};

pub(super) struct Scene {
    pub(super) title: &'static str,
    pub(super) subtitle: String,
    pub(super) panels: Vec<Panel>,
}

/// One small plot: coverage over slots.
pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) about: String,
    pub(super) slots: Vec<Slot>,
    pub(super) x_label: &'static str,
    /// Lowest coverage on the axis, in per cent; the highest is 100.
    pub(super) floor: f64,
    /// Grid lines above the floor, about.
    pub(super) ticks: u32,
    /// In per cent.
    pub(super) required: Option<f64>,
}

/// A place along a panel.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) label: String,
    /// In per cent.
    pub(super) exact: Option<f64>,
    /// In per cent.
    pub(super) marks: Vec<(Mark, f64)>,
}

/// What stands for a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It passes, or nothing is required of it.
    Cell,
    /// The same, with ties.
    Ties,
    /// Below what is required.
    Below,
    /// Of the second case that must fail.
    RawMedian,
}

impl Scene {
    pub(super) fn of(simulation: &Simulation) -> Self {
        let cells = &simulation.cells;
        Self {
            title: "Do the intervals cover what they claim?",
            subtitle: format!(
                "Each mark is one simulated condition (law of noise, environment, ratio): the share \
                 of {} runs whose claim was true. Seed {}.",
                simulation.replicates, simulation.seed
            ),
            panels: vec![
                per_size(
                    cells,
                    Rule::Median,
                    "Rule 1: median of an arm",
                    "interval holds it; independent readings",
                ),
                per_size(
                    cells,
                    Rule::Ratio,
                    "Rule 2: ratio within blocks",
                    "interval holds it; any environment",
                ),
                must_fail(cells),
                per_size(
                    cells,
                    Rule::Equivalence,
                    "Rule 3: equivalence",
                    "not claimed of a ratio at the margin",
                ),
                adaptive(cells),
                bootstraps(cells),
            ],
        }
    }
}

impl Slot {
    /// The cells by their usual marks, or by a cross where one does not reach what is required.
    fn of<'a>(label: String, cells: impl Iterator<Item = &'a Cell>) -> Self {
        let mut slot = Self { label, ..Self::default() };
        for cell in cells {
            let mark = match cell.pass {
                Some(false) => Mark::Below,
                _ if cell.has_ties() => Mark::Ties,
                _ => Mark::Cell,
            };
            slot.add(mark, cell);
            slot.exact = slot.exact.or(cell.exact.map(per_cent));
        }
        slot
    }

    fn add(&mut self, mark: Mark, cell: &Cell) {
        let coverage = cell.coverage().map(per_cent);
        self.marks.extend(coverage.map(|coverage| (mark, coverage)));
    }
}

/// The values of a property in the order in which they first appear.
pub(super) fn distinct<'a, T: PartialEq>(
    cells: &[&'a Cell],
    property: impl Fn(&'a Cell) -> T,
) -> Vec<T> {
    let mut values = Vec::new();
    for cell in cells {
        let value = property(cell);
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// The cells of a rule in which its assumptions hold.
pub(super) fn promised(cells: &[Cell], rule: Rule) -> Vec<&Cell> {
    let held = |cell: &&Cell| cell.rule == rule && cell.assumption_holds;
    cells.iter().filter(held).collect()
}

fn per_size(cells: &[Cell], rule: Rule, title: &'static str, about: &str) -> Panel {
    let cells = promised(cells, rule);
    let shown = cells.iter().filter(|cell| cell.coverage().is_some());
    let slot = |n: u32| {
        let same = cells.iter().filter(|cell| cell.n == n);
        Slot::of(n.to_string(), same.copied())
    };
    let required = required(&cells);
    Panel {
        title,
        about: format!("{about} ({} cells)", shown.count()),
        slots: distinct(&cells, |cell| cell.n).into_iter().map(slot).collect(),
        x_label: "blocks",
        floor: floor(required),
        ticks: 7,
        required,
    }
}

/// Both cases, and beside them rule 2 on the same two machines in random order.
fn must_fail(cells: &[Cell]) -> Panel {
    let mark = |cell: &Cell| {
        let marks = [
            (cell.is_a_then_b(), Mark::Below),
            (cell.is_raw_median(), Mark::RawMedian),
            (cell.mends_a_then_b() || cell.mends_raw_median(), Mark::Cell),
        ];
        marks.into_iter().find_map(|(is, mark)| is.then_some(mark))
    };
    let cells: Vec<&Cell> = cells.iter().filter(|cell| mark(cell).is_some()).collect();
    let slot = |n: u32| {
        let mut slot = Slot { label: n.to_string(), ..Slot::default() };
        for cell in cells.iter().filter(|cell| cell.n == n) {
            if let Some(mark) = mark(cell) {
                slot.add(mark, cell);
            }
        }
        slot
    };
    Panel {
        title: "Two cases that must fail",
        about: "circles: rule 2, same machine, random blocks".to_owned(),
        slots: distinct(&cells, |cell| cell.n).into_iter().map(slot).collect(),
        x_label: "blocks",
        floor: 0.0,
        ticks: 5,
        required: required(&cells),
    }
}

fn adaptive(cells: &[Cell]) -> Panel {
    let cells = promised(cells, Rule::Adaptive);
    let slot = |environment: &str| {
        let same = cells.iter().filter(|cell| cell.environment == environment);
        Slot::of(environment.replacen(' ', "\n", 1), same.copied())
    };
    let looks = cells.iter().map(|cell| cell.n).max().unwrap_or(0);
    let environments = distinct(&cells, |cell| cell.environment.as_str());
    let required = required(&cells);
    Panel {
        title: "Rule 4: looking after every block",
        about: format!("no look of {looks} misses ({} cells)", cells.len()),
        slots: environments.into_iter().map(slot).collect(),
        x_label: "environment",
        floor: floor(required),
        ticks: 7,
        required,
    }
}

fn bootstraps(cells: &[Cell]) -> Panel {
    let of_rule = |cell: &&Cell| cell.rule == Rule::Bootstrap;
    let cells: Vec<&Cell> = cells.iter().filter(of_rule).collect();
    let replicates = cells.iter().map(|cell| cell.replicates).max().unwrap_or(0);
    let slot = |(environment, n)| {
        let same = cells.iter().filter(|cell| size_of(cell) == (environment, n));
        Slot::of(format!("{environment}\n{n}"), same.copied())
    };
    Panel {
        title: "Beside rule 2: bootstrap",
        about: format!("of the ratio of medians; {replicates} runs each"),
        slots: distinct(&cells, size_of).into_iter().map(slot).collect(),
        x_label: "environment, blocks",
        floor: 84.0,
        ticks: 8,
        required: None,
    }
}

fn size_of(cell: &Cell) -> (&str, u32) {
    (&cell.environment, cell.n)
}

/// In per cent; the same for all cells of which something is required.
fn required(cells: &[&Cell]) -> Option<f64> {
    cells.iter().find_map(|cell| cell.required).map(per_cent)
}

/// The axis begins at the whole number below what is required, so that the line can be seen.
fn floor(required: Option<f64>) -> f64 {
    required.map_or(93.0, |required| (required - 0.5).floor())
}

fn per_cent(share: f64) -> f64 {
    100.0 * share
}

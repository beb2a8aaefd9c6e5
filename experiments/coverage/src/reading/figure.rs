//! The figure: each cell a mark, a panel a rule.

use facts::trials::entry;
use facts::{Mark, Slot, StripPanel, Strips};

use super::Simulation;
use crate::protocol::{HORIZON, Rule};
use crate::simulate::Outcome;
use crate::verdict::{is_a_then_b, is_raw_median, passes, required};

const LEGEND: [(Mark, &str); 6] = [
    (Mark::Ring, "one condition"),
    (Mark::Square, "one with ties (4 ms ticks)"),
    (Mark::Rule, "exact, 1 - 2F(d-1)"),
    (Mark::Dashes, "required"),
    (Mark::Cross, "below; top right: all A, then all B"),
    (Mark::Triangle, "raw medians, AR(1) 0.9"),
];

pub(super) fn figure(simulation: &Simulation) -> Strips {
    let per_size = |rule, title, about| {
        let cells = simulation.promised(rule);
        let shown = cells.iter().filter(|o| o.given > 0).count();
        let slots = slots(&cells, |o| o.cell.n.to_string(), usual);
        panel(title, format!("{about} ({shown} cells)"), "blocks", &cells, slots)
    };
    Strips {
        subtitle: format!(
            "Each mark is one simulated condition (law of noise, environment, ratio): the share of {} \
             runs whose claim was true. Seed {}.",
            simulation.replicates, simulation.seed
        ),
        alternative: "Coverage of every rule per number of blocks".to_owned(),
        panels: vec![
            per_size(
                Rule::Median,
                "Rule 1: median of an arm",
                "interval holds it; independent readings",
            ),
            per_size(
                Rule::Ratio,
                "Rule 2: ratio within blocks",
                "interval holds it; any environment",
            ),
            must_fail(simulation),
            per_size(
                Rule::Equivalence,
                "Rule 3: equivalence",
                "not claimed of a ratio at the margin",
            ),
            adaptive(simulation),
            bootstraps(simulation),
        ],
        legend: LEGEND.map(|(mark, text)| (mark, text.to_owned())).to_vec(),
    }
}

/// Both cases, and beside them rule 2 on the same two machines in random order.
fn must_fail(simulation: &Simulation) -> StripPanel {
    let mark = |o: &Outcome| match o {
        o if is_a_then_b(o) => Some(Mark::Cross),
        o if is_raw_median(o) => Some(Mark::Triangle),
        o => (o.mends_a_then_b() || o.mends_raw_median()).then_some(Mark::Ring),
    };
    let cells: Vec<&Outcome> = simulation.outcomes.iter().filter(|o| mark(o).is_some()).collect();
    let slots = slots(&cells, |o| o.cell.n.to_string(), |o| mark(o).unwrap_or(Mark::Ring));
    let slots = slots.into_iter().map(|slot| Slot { exact: None, ..slot }).collect();
    let about = "circles: rule 2, same machine, random blocks".to_owned();
    let panel = panel("Two designs that must fail", about, "blocks", &cells, slots);
    StripPanel { range: (0.0, 100.0), ticks: 5, ..panel }
}

fn adaptive(simulation: &Simulation) -> StripPanel {
    let cells = simulation.promised(Rule::Adaptive);
    let slots = slots(&cells, |o| o.cell.environment.name.replacen(' ', "\n", 1), usual);
    let about = format!("no look of {HORIZON} misses ({} cells)", cells.len());
    panel("Rule 4: looking after every block", about, "environment", &cells, slots)
}

fn bootstraps(simulation: &Simulation) -> StripPanel {
    let cells = simulation.of_bootstrap();
    let label = |o: &Outcome| format!("{}\n{}", o.cell.environment.name, o.cell.n);
    let slots = slots(&cells, label, usual);
    let replicates = cells.first().map_or(0, |o| o.cell.replicates);
    let about = format!("of the ratio of medians; {replicates} runs each");
    let panel = panel("Beside rule 2: bootstrap", about, "environment, blocks", &cells, slots);
    StripPanel { range: (84.0, 100.0), ticks: 8, ..panel }
}

/// The usual marks, and a cross where a cell does not reach what is required.
fn usual(outcome: &Outcome) -> Mark {
    let below = passes(outcome) == Some(false);
    let usual = if outcome.cell.law.ticks { Mark::Square } else { Mark::Ring };
    if below { Mark::Cross } else { usual }
}

fn slots(
    cells: &[&Outcome],
    label: impl Fn(&Outcome) -> String,
    mark: impl Fn(&Outcome) -> Mark,
) -> Vec<Slot> {
    let mut slots: Vec<(String, Slot)> = Vec::new();
    for outcome in cells {
        let slot = entry(&mut slots, label(outcome));
        let coverage = outcome.coverage().map(per_cent);
        slot.marks.extend(coverage.map(|coverage| (mark(outcome), coverage)));
        slot.exact = slot.exact.or(outcome.exact.map(per_cent));
    }
    slots.into_iter().map(|(label, slot)| Slot { label, ..slot }).collect()
}

/// The axis begins at the whole number below what is required, so that the line can be seen.
fn panel(
    title: &str,
    about: String,
    x_label: &str,
    cells: &[&Outcome],
    slots: Vec<Slot>,
) -> StripPanel {
    let required = cells.iter().find_map(|o| required(o)).map(per_cent);
    StripPanel {
        title: title.to_owned(),
        about,
        y_label: "share of runs".to_owned(),
        x_label: x_label.to_owned(),
        range: (required.map_or(93.0, |required| (required - 0.5).floor()), 100.0),
        ticks: 7,
        required,
        slots,
        empty: "no\ninterval".to_owned(),
    }
}

fn per_cent(share: f64) -> f64 {
    100.0 * share
}
